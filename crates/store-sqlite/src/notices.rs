//! Notices that are owed to senders, and what came back.

use crate::fault::{Fault, Outcome};
use crate::rows::{queue_id, unsigned};
use crate::session::Session;
use mail::{QueueId, RecipientId, Timestamp};
use rusqlite::{Connection, params};
use store::{ComeBack, DueNotice, NewEvent, NoticeKind, Page};

/// The notices that are owed, the oldest message first.
pub(crate) fn due(conn: &Connection, limit: usize) -> Outcome<Vec<DueNotice>> {
    let limit = i64::try_from(limit.min(Page::MAX)).unwrap_or(0);
    let mut read = conn.prepare_cached(
        "SELECT message_id, idx, kind FROM notices_due ORDER BY message_id, idx, kind LIMIT ?1",
    )?;
    let mut rows = read.query([limit])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let recipient = RecipientId { message: queue_id(row, 0)?, index: unsigned(row, 1)? };
        let kind: i64 = row.get(2)?;
        let unknown = || Fault::damaged(format!("a notice is of kind {kind}"));
        due.push(DueNotice { recipient, kind: NoticeKind::from_stored(kind).ok_or_else(unknown)? });
    }
    Ok(due)
}

/// Open messages that were accepted before a moment: up to the first that was not.
pub(crate) fn late(
    conn: &Connection,
    after: Option<QueueId>,
    before: Timestamp,
    limit: usize,
) -> Outcome<Vec<QueueId>> {
    let limit = i64::try_from(limit.min(Page::MAX)).unwrap_or(0);
    let mut read = conn.prepare_cached(
        "SELECT o.message_id, m.received_at FROM open_messages AS o CROSS JOIN messages AS m ON m.id = o.message_id
         WHERE o.message_id > ?1 ORDER BY o.message_id LIMIT ?2",
    )?;
    let mut rows = read.query(params![after.map_or(-1, QueueId::get), limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? >= before.0 {
            break;
        }
        found.push(queue_id(row, 0)?);
    }
    Ok(found)
}

impl Session {
    /// Takes down a notice that is owed.
    pub(crate) fn owe(&self, id: RecipientId, kind: Option<NoticeKind>) -> Outcome<()> {
        let Some(kind) = kind else { return Ok(()) };
        self.run(
            "INSERT OR IGNORE INTO notices_due (message_id, idx, kind) VALUES (?1, ?2, ?3)",
            params![id.message.get(), id.index, kind as u8],
        )?;
        Ok(())
    }

    /// Strikes notices out.
    pub(crate) fn drop_notices(&self, notices: &[DueNotice]) -> Outcome<()> {
        for notice in notices {
            let DueNotice { recipient, kind } = *notice;
            self.run(
                "DELETE FROM notices_due WHERE message_id = ?1 AND idx = ?2 AND kind = ?3",
                params![recipient.message.get(), recipient.index, kind as u8],
            )?;
        }
        Ok(())
    }

    /// Turns delivered recipients into failed ones.
    pub(crate) fn come_back(&mut self, back: &ComeBack, events: &[NewEvent]) -> Outcome<Vec<u16>> {
        let evidence = serde_json::to_string(&*back.evidence)?;
        let mut changed = Vec::new();
        for &index in &back.recipients {
            let rows = self.run(
                "UPDATE recipients SET place = 11, evidence = ?3, cause = ?4
                 WHERE message_id = ?1 AND idx = ?2 AND place = 10",
                params![back.message.get(), index, evidence, back.cause],
            )?;
            if rows > 0 {
                changed.push(index);
                self.owe(RecipientId { message: back.message, index }, Some(NoticeKind::Failure))?;
            }
        }
        self.append(events)?;
        Ok(changed)
    }
}
