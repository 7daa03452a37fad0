//! What becomes of recipients: after an attempt, by a person's act, by age.

use crate::fault::{Fault, Outcome};
use crate::rows::{ASKED_WAIT_USED, FINAL, HELD, PERHAPS_SENT, WAITS};
use crate::session::Session;
use crate::sums;
use mail::{Dialogue, Peer, QueueId, RecipientId, Timestamp, TlsFacts};
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;
use store::{Act, Attempt, AttemptOutcome, Change, NoticeKind, RecipientState, RecipientUpdate, Settlement};

/// The part of an attempt that nothing searches, as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct AttemptDetail<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<Cow<'a, Peer>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<Cow<'a, TlsFacts>>,
    pub(crate) outcomes: Cow<'a, [AttemptOutcome]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dialogue: Option<Cow<'a, Dialogue>>,
}

/// The pages that one purge gives back to the file system at most: 16 MiB.
const VACUUM_PAGES: u32 = 2_048;

impl Session {
    /// Stores a settlement. The updates of one message stand together, as the attempt made them.
    pub(crate) fn settle(&mut self, settlement: &Settlement) -> Outcome<()> {
        let at = settlement.at();
        for updates in settlement.updates.chunk_by(|one, two| one.id.message == two.id.message) {
            let mut end = End::default();
            for update in updates {
                self.update(update, at)?;
                self.owe(update.id, update.notice)?;
                if let Change::Final(state) = update.change {
                    let since = at.map_or_else(|| self.since_of(update.id), Ok)?;
                    end.add(state, since);
                    end.kept += u32::from(update.notice.is_some());
                }
            }
            if let Some(first) = updates.first() {
                self.finish(first.id.message, end)?;
            }
        }
        if let Some(attempt) = &settlement.attempt {
            // A recipient that was changed is one of a message that is there.
            if !settlement.updates.iter().any(|update| update.id.message == attempt.message) {
                self.must_have(attempt.message)?;
            }
            self.insert_attempt(attempt)?;
            if let Some(lines) = &settlement.signature {
                let keep =
                    "INSERT OR REPLACE INTO signatures (message_id, lines, lines_sum) VALUES (?1, ?2, ?3)";
                self.run(keep, params![attempt.message.get(), &**lines, sums::of_content(lines)])?;
            }
        }
        self.append(&settlement.events)
    }

    fn update(&self, update: &RecipientUpdate, at: Option<Timestamp>) -> Outcome<()> {
        let (place, next_attempt_at, parking) = match update.change {
            Change::Final(state) => (state as u8, None, None),
            Change::Due(next) => (WAITS, Some(next), None),
            Change::Parked(parking) => (WAITS, Some(parking.wake_at), Some(parking)),
        };
        let evidence = update.evidence.as_deref().map(serde_json::to_string).transpose()?;
        let new_cause = evidence.is_some() || update.cause.is_some();
        let forget_flags = update.attempted || place >= FINAL;
        let changed = self.run(
            "UPDATE recipients SET place = ?3, next_attempt_at = ifnull(?4, next_attempt_at), relay = ifnull(?5, relay),
                 evidence = ifnull(?6, evidence), cause = iif(?7, ?8, cause), attempts = attempts + ?9,
                 expires_at = ?10, paused_ms = ?11, flags = (flags & ?12) | ?13,
                 since = iif(?3 > 0 OR place = 1, ifnull(?14, since), since),
                 parked_on = ?15, parked_since = ?16, wake_at = ?17
             WHERE message_id = ?1 AND idx = ?2 AND place < 10",
            params![
                update.id.message.get(),
                update.id.index,
                place,
                next_attempt_at.map(|at| at.0),
                update.relay.map(|relay| relay.0),
                evidence,
                new_cause,
                update.cause,
                update.attempted,
                update.expires_at.0,
                update.paused_ms,
                if forget_flags { 0 } else { PERHAPS_SENT },
                if update.asked_wait_used { ASKED_WAIT_USED } else { 0 },
                at.map(|at| at.0),
                parking.map(|parking| parking.closure.0),
                parking.map(|parking| parking.since.0),
                parking.map(|parking| parking.wake_at.0),
            ],
        )?;
        if changed == 0 { Err(Fault::missing(update.id)) } else { Ok(()) }
    }

    fn since_of(&self, id: RecipientId) -> Outcome<Timestamp> {
        let mut read = self.sql("SELECT since FROM recipients WHERE message_id = ?1 AND idx = ?2")?;
        Ok(Timestamp(read.query_row(params![id.message.get(), id.index], |row| row.get(0))?))
    }

    fn must_have(&self, message: QueueId) -> Outcome<()> {
        let is_there = self.sql("SELECT 1 FROM messages WHERE id = ?1")?.exists([message.get()])?;
        if is_there { Ok(()) } else { Err(Fault::missing(message)) }
    }

    fn insert_attempt(&mut self, attempt: &Attempt) -> Outcome<()> {
        let detail = AttemptDetail {
            peer: attempt.peer.as_ref().map(Cow::Borrowed),
            tls: attempt.tls.as_ref().map(Cow::Borrowed),
            outcomes: Cow::Borrowed(&attempt.outcomes),
            dialogue: attempt.dialogue.as_ref().map(Cow::Borrowed),
        };
        let detail = serde_json::to_string(&detail)?;
        let mut insert = self.sql(
            "INSERT INTO attempts (message_id, id, relay, began_at, ended_at, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let inserted = insert.execute(params![
            attempt.message.get(),
            attempt.id.0,
            attempt.relay.0,
            attempt.began_at.0,
            attempt.ended_at.0,
            detail,
        ]);
        inserted.map_err(Fault::taken(attempt.id))?;
        drop(insert);
        self.saw_id(attempt.id.0);
        Ok(())
    }

    /// Counts the recipients of a message that became final; with the last one the message is finished, and its
    /// content goes unless somebody may want to see what failed.
    fn finish(&mut self, message: QueueId, end: End) -> Outcome<()> {
        if end.recipients == 0 {
            return Ok(());
        }
        let id = message.get();
        // The usual message has one recipient, or all end at once: then this is all.
        let usual = "DELETE FROM open_messages
             WHERE message_id = ?1 AND open_recipients = ?2 AND failed_recipients = 0 AND finished_at = 0";
        let closed = if self.run(usual, params![id, end.recipients])? > 0 {
            Some((0, 0))
        } else {
            self.close(id, end)?
        };
        let Some((kept_before, finished_before)) = closed else {
            let changed = self.run(
                "UPDATE open_messages SET open_recipients = open_recipients - ?2,
                     failed_recipients = failed_recipients + ?3, finished_at = max(finished_at, ?4)
                 WHERE message_id = ?1 AND open_recipients > ?2",
                params![id, end.recipients, end.kept, end.at.0],
            )?;
            let damaged =
                || Fault::damaged(format!("message {message} has fewer recipients than became final"));
            return if changed == 0 { Err(damaged()) } else { Ok(()) };
        };
        self.run(
            "INSERT INTO finished_messages (finished_at, message_id) VALUES (?1, ?2)",
            params![finished_before.max(end.at.0), id],
        )?;
        if kept_before + end.kept == 0 { self.drop_body(id) } else { Ok(()) }
    }

    /// Closes a message of which other recipients ended before, if these are the last: how many of them want its content
    /// kept, and when they ended. Two statements: RETURNING would keep its row in a table of its own meanwhile.
    fn close(&self, id: i64, end: End) -> Outcome<Option<(u32, i64)>> {
        let text = "SELECT failed_recipients, finished_at FROM open_messages WHERE message_id = ?1 AND open_recipients = ?2";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let before = self.sql(text)?.query_row(params![id, end.recipients], read).optional()?;
        if before.is_some() {
            self.run("DELETE FROM open_messages WHERE message_id = ?1", [id])?;
        }
        Ok(before)
    }

    fn drop_body(&mut self, id: i64) -> Outcome<()> {
        if self.run("DELETE FROM bodies WHERE message_id = ?1", [id])? > 0 {
            return Ok(());
        }
        let mut delete = self.sql("DELETE FROM body_files WHERE message_id = ?1 RETURNING name")?;
        let name = delete.query_row([id], |row| row.get(0)).optional()?;
        drop(delete);
        if let Some(name) = name {
            self.drop_file(name);
        }
        Ok(())
    }

    /// Does what a person asked, and gives the recipients that it changed.
    pub(crate) fn act(
        &mut self,
        act: Act,
        recipients: &[RecipientId],
        now: Timestamp,
    ) -> Outcome<Vec<RecipientId>> {
        let text = match act {
            Act::Retry => {
                "UPDATE recipients SET next_attempt_at = min(next_attempt_at, ?3)
                 WHERE message_id = ?1 AND idx = ?2 AND place = 0"
            }
            Act::Hold => {
                "UPDATE recipients SET place = 1, since = ?3 WHERE message_id = ?1 AND idx = ?2 AND place = 0"
            }
            Act::Release => {
                "UPDATE recipients SET place = 0, since = ?3, next_attempt_at = ?3
                 WHERE message_id = ?1 AND idx = ?2 AND place = 1"
            }
            Act::Undo => {
                "UPDATE recipients SET place = 13, since = ?3, flags = flags & 1, parked_on = NULL,
                     parked_since = NULL, wake_at = NULL
                 WHERE message_id = ?1 AND idx = ?2 AND place < 2 AND attempts = 0 AND flags & 2 = 0"
            }
            Act::Fail => {
                "UPDATE recipients SET place = 11, since = ?3, flags = flags & 1, parked_on = NULL,
                     parked_since = NULL, wake_at = NULL, cause = 'given_up',
                     evidence = json_object('at', ?3, 'stage', 'queue', 'seen', 'given_up')
                 WHERE message_id = ?1 AND idx = ?2 AND place < 2"
            }
            Act::Delete => {
                "UPDATE recipients SET place = 13, since = ?3, flags = flags & 1, parked_on = NULL,
                     parked_since = NULL, wake_at = NULL
                 WHERE message_id = ?1 AND idx = ?2 AND place < 2"
            }
        };
        const { assert!(WAITS == 0 && HELD == 1 && RecipientState::Cancelled as u8 == 13) };
        let mut changed = Vec::new();
        let mut seen = HashSet::new();
        for &id in recipients.iter().filter(|&&id| seen.insert(id)) {
            if self.run(text, params![id.message.get(), id.index, now.0])? == 0 {
                continue;
            }
            changed.push(id);
            let state = match act {
                Act::Delete | Act::Undo => RecipientState::Cancelled,
                Act::Fail => {
                    self.owe(id, Some(NoticeKind::Failure))?;
                    RecipientState::Failed
                }
                Act::Retry | Act::Hold | Act::Release => continue,
            };
            let mut end = End::default();
            end.add(state, now);
            self.finish(id.message, end)?;
        }
        Ok(changed)
    }

    /// Removes what has been finished since before `before`.
    pub(crate) fn purge(&mut self, before: Timestamp, limit: usize) -> Outcome<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut find = self.sql(
            "SELECT finished_at, message_id FROM finished_messages WHERE finished_at < ?1
             ORDER BY finished_at, message_id LIMIT ?2",
        )?;
        let rows = find.query_map(params![before.0, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let old = rows.collect::<Result<Vec<(i64, i64)>, _>>()?;
        drop(find);
        for &(finished_at, id) in &old {
            self.drop_body(id)?;
            for text in [
                "DELETE FROM public_ids WHERE public_id = (SELECT public_id FROM messages WHERE id = ?1)",
                "DELETE FROM recipients WHERE message_id = ?1",
                "DELETE FROM attempts WHERE message_id = ?1",
                "DELETE FROM events WHERE message_id = ?1",
                "DELETE FROM signatures WHERE message_id = ?1",
                "DELETE FROM notices_due WHERE message_id = ?1",
                "DELETE FROM messages WHERE id = ?1",
            ] {
                self.run(text, [id])?;
            }
            let finished = "DELETE FROM finished_messages WHERE finished_at = ?1 AND message_id = ?2";
            self.run(finished, params![finished_at, id])?;
        }
        if !old.is_empty() {
            self.shrink()?;
        }
        Ok(old.len())
    }

    /// Gives free pages back to the file system when they are more than a quarter of the file: a few are soon used again.
    fn shrink(&self) -> Outcome<()> {
        let number = |text: &str| -> Outcome<u32> { Ok(self.sql(text)?.query_row([], |row| row.get(0))?) };
        if number("PRAGMA freelist_count")? > number("PRAGMA page_count")? / 4 {
            let mut vacuum = self.sql(&format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"))?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(())
    }
}

/// The recipients of one message that became final together.
#[derive(Debug, Clone, Copy)]
struct End {
    recipients: u32,
    /// Those for which somebody may want to see the content.
    kept: u32,
    at: Timestamp,
}

impl Default for End {
    fn default() -> Self {
        Self { recipients: 0, kept: 0, at: Timestamp(0) }
    }
}

impl End {
    fn add(&mut self, state: RecipientState, at: Timestamp) {
        self.recipients += 1;
        self.kept += u32::from(matches!(state, RecipientState::Failed | RecipientState::Expired));
        self.at = self.at.max(at);
    }
}
