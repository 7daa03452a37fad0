//! Who is due: claims, leases, parking.

use crate::fault::{Fault, Outcome};
use crate::rows::{
    ASKED_WAIT_USED, PERHAPS_SENT, body_type_of, parking, parse, principal_of, rare, time, unsigned,
};
use crate::session::Session;
use crate::sums::{self, Envelope};
use mail::{ClosureId, OwnerId, QueueId, RecipientId, RelayId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use store::{About, ClaimLimits, Claimed, ClaimedMessage, ClaimedRecipient, Extras, NoticeKind, StoreError};

/// A recipient that is due, where it stands in its owner's row of due ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: i64,
    message: i64,
    index: u16,
}

/// An owner with due recipients, and those of them that were looked at.
struct Backlog {
    owner: i64,
    due: Vec<Due>,
    exhausted: bool,
}

impl Session {
    /// Leases what is due and gives it out.
    pub(crate) fn claim(&mut self, now: Timestamp, limits: ClaimLimits) -> Outcome<Claimed> {
        self.mending(|session| session.lease_due(now, limits))
    }

    /// Does it, and when what it reads is damaged does it once more with the indexes made anew: they hold nothing that the
    /// tables do not, and one bit in one of them must not keep all mail from leaving.
    fn mending<T>(&mut self, act: impl Fn(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let fault = match act(self) {
            Err(fault) if !self.was_mended => fault,
            done => return done,
        };
        match fault.into_store() {
            StoreError::Damaged { detail } if self.in_transaction() => {
                self.was_mended = true;
                tracing::error!(detail, "the database is damaged: its indexes are made anew");
                self.run("REINDEX recipients", [])?;
                act(self)
            }
            other => Err(other.into()),
        }
    }

    fn lease_due(&mut self, now: Timestamp, limits: ClaimLimits) -> Outcome<Claimed> {
        let mut taken = self.choose(now, limits)?;
        taken.sort_unstable();
        let mut claimed = Claimed::default();
        let mut places: HashMap<i64, usize> = HashMap::new();
        for due in taken {
            let known = places.get(&due.message).copied();
            let taken = self.lease(due).and_then(|recipient| match known {
                Some(place) => Ok((Some(place), None, recipient)),
                None => Ok((None, Some(self.claimed_message(due.message)?), recipient)),
            });
            let (place, message, recipient) = match self.unless_damaged(taken, due, now)? {
                Some(taken) => taken,
                None => continue,
            };
            if let Some(message) = message {
                places.insert(due.message, claimed.messages.len());
                claimed.messages.push(message);
            }
            let place = place.unwrap_or(claimed.messages.len().saturating_sub(1));
            if let Some(message) = claimed.messages.get_mut(place) {
                message.recipients.push(recipient);
            }
        }
        for message in &mut claimed.messages {
            message.recipients.sort_unstable_by_key(|recipient| recipient.index);
        }
        claimed.next_due = self.owners_due()?.into_iter().map(|(_, at)| Timestamp(at)).min();
        claimed.more = claimed.next_due.is_some_and(|next| next <= now);
        Ok(claimed)
    }

    /// What is not as it was written is never sent: it is held, with its reason, and holds nobody else up.
    fn unless_damaged<T>(&self, taken: Outcome<T>, due: Due, now: Timestamp) -> Outcome<Option<T>> {
        let fault = match taken {
            Ok(taken) => return Ok(Some(taken)),
            Err(fault) => fault,
        };
        let detail = match fault.into_store() {
            StoreError::Damaged { detail } => detail,
            other => return Err(other.into()),
        };
        let message = QueueId::from_stored(due.message);
        tracing::error!(%message, recipient = due.index, detail, "what is stored of a message is damaged: it is held and not sent");
        self.run(
            "UPDATE recipients SET place = 1, since = ?3, parked_on = NULL, parked_since = NULL, wake_at = NULL,
                 cause = 'body_unreadable', evidence = json_object('at', ?3, 'stage', 'queue', 'seen', 'body_unreadable')
             WHERE message_id = ?1 AND idx = ?2 AND place IN (0, 2)",
            params![due.message, due.index, now.0],
        )?;
        Ok(None)
    }

    /// Chooses by rank: each owner's longest due first, then each owner's next. It looks at about as many rows as it may
    /// give out, however long the backlogs are.
    fn choose(&self, now: Timestamp, limits: ClaimLimits) -> Outcome<Vec<Due>> {
        let owners = self.owners_due()?.into_iter().filter(|&(_, at)| at <= now.0);
        let mut backlogs: Vec<Backlog> =
            owners.map(|(owner, _)| Backlog { owner, due: Vec::new(), exhausted: false }).collect();
        loop {
            let found: usize = backlogs.iter().map(|backlog| backlog.due.len()).sum();
            let live = backlogs.iter().filter(|backlog| !backlog.exhausted).count();
            let wanted = limits.total.saturating_sub(found);
            if live == 0 || wanted == 0 {
                break;
            }
            let share = wanted.div_ceil(live);
            for backlog in backlogs.iter_mut().filter(|backlog| !backlog.exhausted) {
                let most = share.min(limits.per_owner.saturating_sub(backlog.due.len()));
                self.look(backlog, now, most)?;
                backlog.exhausted |= backlog.due.len() >= limits.per_owner;
            }
        }
        let ranked = backlogs.iter().flat_map(|backlog| backlog.due.iter().copied().enumerate());
        let mut ranked: Vec<(usize, Due)> = ranked.collect();
        ranked.sort_unstable();
        ranked.truncate(limits.total);
        Ok(ranked.into_iter().map(|(_, due)| due).collect())
    }

    /// Every owner with a waiting recipient, and when its first one is due: one step in the index each.
    fn owners_due(&self) -> Outcome<Vec<(i64, i64)>> {
        let mut next = self.sql(
            "SELECT owner, next_attempt_at FROM recipients INDEXED BY recipients_due
             WHERE place = 0 AND owner > ?1 ORDER BY owner, next_attempt_at LIMIT 1",
        )?;
        let mut owners = Vec::new();
        let mut after = i64::MIN;
        while let Some(found) = next.query_row([after], |row| Ok((row.get(0)?, row.get(1)?))).optional()? {
            owners.push(found);
            (after, _) = found;
        }
        Ok(owners)
    }

    fn look(&self, backlog: &mut Backlog, now: Timestamp, most: usize) -> Outcome<()> {
        let mut next = self.sql(
            "SELECT next_attempt_at, message_id, idx FROM recipients INDEXED BY recipients_due
             WHERE place = 0 AND owner = ?1 AND next_attempt_at <= ?2
                 AND (next_attempt_at, message_id, idx) > (?3, ?4, ?5)
             ORDER BY next_attempt_at, message_id, idx LIMIT ?6",
        )?;
        let last = backlog.due.last().map_or((i64::MIN, 0, 0), |due| (due.at, due.message, due.index));
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let params = params![backlog.owner, now.0, last.0, last.1, last.2, limit];
        let before = backlog.due.len();
        let rows = next
            .query_map(params, |row| Ok(Due { at: row.get(0)?, message: row.get(1)?, index: row.get(2)? }))?;
        for due in rows {
            backlog.due.push(due?);
        }
        backlog.exhausted = backlog.due.len() - before < most;
        Ok(())
    }

    fn lease(&self, due: Due) -> Outcome<ClaimedRecipient> {
        let mut lease = self.sql(
            "UPDATE recipients SET place = 2 WHERE message_id = ?1 AND idx = ?2 AND place = 0
             RETURNING address, relay, attempts, expires_at, paused_ms, flags, parked_on, parked_since, wake_at, wishes, address_sum",
        )?;
        let mut rows = lease.query(params![due.message, due.index])?;
        let row =
            rows.next()?.ok_or_else(|| Fault::damaged("a recipient is in the index and not in its table"))?;
        let (address, wishes) = (text(row, 0)?, row.get_ref(9)?.as_str_or_null().map_err(Fault::damaged)?);
        let sum = sums::of_recipient(due.message, due.index, address, wishes);
        sums::check(row.get(10)?, sum, "recipient", due.message)?;
        let flags: u8 = row.get(5)?;
        Ok(ClaimedRecipient {
            index: due.index,
            address: parse(row, 0)?,
            relay: row.get::<_, Option<i64>>(1)?.map(RelayId),
            attempts: unsigned(row, 2)?,
            expires_at: time(row, 3)?,
            paused_ms: row.get(4)?,
            parked: parking(row, 6)?,
            asked_wait_used: flags & ASKED_WAIT_USED != 0,
            perhaps_sent: flags & PERHAPS_SENT != 0,
            wishes: rare(row, 9)?,
        })
    }

    fn claimed_message(&self, id: i64) -> Outcome<ClaimedMessage> {
        let mut read = self.sql(
            "SELECT owner, principal_kind, principal_id, received_at, sender, body_type, added_headers, body_bytes, extras,
                 lines, envelope_sum, lines_sum
             FROM messages LEFT JOIN signatures ON signatures.message_id = messages.id WHERE id = ?1",
        )?;
        let mut rows = read.query([id])?;
        let row = rows.next()?.ok_or_else(|| Fault::damaged("a recipient has no message"))?;
        let envelope = Envelope {
            id,
            owner: row.get(0)?,
            principal: (row.get(1)?, row.get(2)?),
            received_at: row.get(3)?,
            sender: text(row, 4)?,
            body_type: row.get(5)?,
            added_headers: row.get_ref(6)?.as_blob().map_err(Fault::damaged)?,
            body_bytes: row.get(7)?,
            extras: row.get_ref(8)?.as_str_or_null().map_err(Fault::damaged)?,
        };
        sums::check(row.get(10)?, envelope.sum(), "envelope", id)?;
        let lines = row.get_ref(9)?.as_blob_or_null().map_err(Fault::damaged)?;
        sums::check(row.get(11)?, lines.map_or(0, sums::of_content), "signature", id)?;
        let extras: Extras = rare(row, 8)?;
        let is_overtaken = extras.about.map_or(Ok(false), |about| self.is_overtaken(about))?;
        Ok(ClaimedMessage {
            id: QueueId::from_stored(id),
            owner: OwnerId(row.get(0)?),
            principal: principal_of(row.get(1)?, row.get(2)?)?,
            received_at: time(row, 3)?,
            from: parse(row, 4)?,
            body_type: body_type_of(row.get(5)?)?,
            added_headers: envelope.added_headers.into(),
            body_bytes: unsigned(row, 7)?,
            signature: lines.map(Into::into),
            extras,
            is_overtaken,
            recipients: Vec::with_capacity(1),
        })
    }

    /// Gives leases back.
    pub(crate) fn release(&self, recipients: &[RecipientId]) -> Outcome<()> {
        for id in recipients {
            self.run(
                "UPDATE recipients SET place = 0 WHERE message_id = ?1 AND idx = ?2 AND place = 2",
                params![id.message.get(), id.index],
            )?;
        }
        Ok(())
    }

    /// Ends the leases that a crash left. Leased recipients are in no index, which would cost every message; after a clean
    /// stop the counts say that there is none, and after a crash the open messages are read once.
    pub(crate) fn recover(&mut self, now: Timestamp) -> Outcome<Vec<RecipientId>> {
        self.mending(|session| session.end_leases(now))
    }

    fn end_leases(&self, now: Timestamp) -> Outcome<Vec<RecipientId>> {
        let mut count = self.sql(
            "SELECT (SELECT ifnull(sum(open_recipients), 0) FROM open_messages)
                 - (SELECT count(*) FROM recipients INDEXED BY recipients_due WHERE place = 0)
                 - (SELECT count(*) FROM recipients INDEXED BY recipients_marked
                    WHERE (place = 1 OR place > 10) AND place = 1)",
        )?;
        if count.query_row([], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Vec::new());
        }
        let mut find = self.sql(
            "SELECT r.message_id, r.idx FROM open_messages AS o CROSS JOIN recipients AS r ON r.message_id = o.message_id
             WHERE r.place = 2 ORDER BY r.message_id, r.idx",
        )?;
        let rows = find.query_map([], |row| recipient_id(row, 0))?;
        let leased = rows.collect::<Result<Vec<_>, _>>()?;
        drop(find);
        for id in &leased {
            self.run(
                "UPDATE recipients SET place = 0, next_attempt_at = ?3, flags = flags | 2
                 WHERE message_id = ?1 AND idx = ?2",
                params![id.message.get(), id.index, now.0],
            )?;
        }
        Ok(leased)
    }

    /// Whether a notice of a delay is about a message that has come to its end since.
    fn is_overtaken(&self, about: About) -> Outcome<bool> {
        let open = "SELECT 1 FROM open_messages WHERE message_id = ?1";
        Ok(about.kind == NoticeKind::Delay && !self.sql(open)?.exists([about.message.get()])?)
    }

    /// Ends the wait for a closure.
    pub(crate) fn unpark(
        &self,
        closure: ClosureId,
        now: Timestamp,
        limit: usize,
        max_pause_ms: Option<i64>,
    ) -> Outcome<usize> {
        let mut find = self.sql(
            "SELECT message_id, idx, parked_since, expires_at, paused_ms FROM recipients INDEXED BY recipients_parked
             WHERE place = 0 AND parked_on IS NOT NULL AND parked_on = ?1 ORDER BY message_id, idx LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = find.query_map(params![closure.0, limit], |row| {
            let since = Timestamp(row.get::<_, Option<i64>>(2)?.unwrap_or(now.0));
            Ok((recipient_id(row, 0)?, since, Timestamp(row.get(3)?), row.get::<_, i64>(4)?))
        })?;
        let parked = rows.collect::<Result<Vec<_>, _>>()?;
        drop(find);
        for &(id, since, expires_at, paused_ms) in &parked {
            let most = max_pause_ms.map_or(0, |max| max.saturating_sub(paused_ms));
            let pause = now.since_ms(since).min(most).max(0);
            self.run(
                "UPDATE recipients SET parked_on = NULL, parked_since = NULL, wake_at = NULL, next_attempt_at = ?3,
                     expires_at = ?4, paused_ms = ?5
                 WHERE message_id = ?1 AND idx = ?2",
                params![
                    id.message.get(),
                    id.index,
                    now.0,
                    expires_at.plus_ms(pause).0,
                    paused_ms.saturating_add(pause)
                ],
            )?;
        }
        Ok(parked.len())
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Outcome<&'a str> {
    row.get_ref(column)?.as_str().map_err(Fault::damaged)
}

/// The closures that somebody waits for: one step in the index each.
pub(crate) fn parked_closures(conn: &Connection) -> Outcome<Vec<ClosureId>> {
    let mut next = conn.prepare_cached(
        "SELECT parked_on FROM recipients INDEXED BY recipients_parked
         WHERE place = 0 AND parked_on IS NOT NULL AND parked_on > ?1 ORDER BY parked_on LIMIT 1",
    )?;
    let mut closures = Vec::new();
    let mut after = i64::MIN;
    while let Some(found) = next.query_row([after], |row| row.get(0)).optional()? {
        closures.push(ClosureId(found));
        after = found;
    }
    Ok(closures)
}

fn recipient_id(row: &Row<'_>, first: usize) -> rusqlite::Result<RecipientId> {
    Ok(RecipientId { message: QueueId::from_stored(row.get(first)?), index: row.get(first + 1)? })
}
