//! The index of public ids, which is filled when somebody asks.

use crate::fault::Outcome;
use crate::session::Session;
use mail::{PublicId, QueueId};
use rusqlite::{Connection, OptionalExtension, params};

/// The newest messages that are searched one by one, about a millisecond's worth, before the index is filled.
const TAIL: i64 = 2_000;
/// The messages that go into the index in one step: enough for neighbours in the index to share pages.
const STEP: i64 = 20_000;

/// What a search came to.
pub(crate) enum Found {
    /// The message, or that there is none.
    Answer(Option<QueueId>),
    /// The index is too far behind to say.
    Behind,
}

/// Searches the newest messages, then the index: in this order, because messages move from there to here.
pub(crate) fn find(conn: &Connection, id: PublicId) -> Outcome<Found> {
    let mut tail = conn.prepare_cached(
        "SELECT id, public_id = ?1 FROM messages WHERE id > (SELECT public_through FROM counters) ORDER BY id LIMIT ?2",
    )?;
    let mut rows = tail.query(params![id.0, TAIL])?;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        if row.get(1)? {
            return Ok(Found::Answer(Some(QueueId::from_stored(row.get(0)?))));
        }
        seen += 1;
    }
    drop(rows);
    let mut read = conn.prepare_cached("SELECT message_id FROM public_ids WHERE public_id = ?1")?;
    let found: Option<i64> = read.query_row([id.0], |row| row.get(0)).optional()?;
    match found {
        None if seen >= TAIL => Ok(Found::Behind),
        found => Ok(Found::Answer(found.map(QueueId::from_stored))),
    }
}

impl Session {
    /// Brings the index of public ids a step further.
    pub(crate) fn index_public_ids(&mut self) -> Outcome<()> {
        let mut end = self.sql(
            "SELECT ifnull(max(id), ?1) FROM (SELECT id FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2)",
        )?;
        let through: i64 = end.query_row(params![self.public_through(), STEP], |row| row.get(0))?;
        drop(end);
        self.run(
            "INSERT OR IGNORE INTO public_ids (public_id, message_id)
             SELECT public_id, id FROM messages WHERE id > ?1 AND id <= ?2 ORDER BY public_id",
            params![self.public_through(), through],
        )?;
        self.set_public_through(through);
        Ok(())
    }
}
