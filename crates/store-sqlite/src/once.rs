//! Keys of requests, each with the message that it means.

use crate::fault::{Fault, Outcome};
use crate::session::Session;
use mail::{QueueId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use store::{Once, Taken};

/// The keys past their time that go when one comes: more than come, so that they never pile up.
const SWEPT: u32 = 4;

/// The message that a key means at that moment.
pub(crate) fn taken(conn: &Connection, slot: [u8; 32], now: Timestamp) -> Outcome<Option<Taken>> {
    let mut read =
        conn.prepare_cached("SELECT content, message_id FROM once WHERE slot = ?1 AND until > ?2")?;
    let row = read.query_row(params![slot, now.0], |row| {
        Ok(Taken { content: row.get(0)?, message: QueueId::from_stored(row.get(1)?) })
    });
    Ok(row.optional()?)
}

impl Session {
    /// Keeps a key with its message; refuses when it means another one still.
    pub(crate) fn keep_once(&self, once: &Once, message: QueueId, now: Timestamp) -> Outcome<()> {
        self.run("DELETE FROM once WHERE slot = ?1 AND until <= ?2", params![once.slot, now.0])?;
        self.run(
            "DELETE FROM once WHERE slot IN (SELECT slot FROM once WHERE until <= ?1 ORDER BY until LIMIT ?2)",
            params![now.0, SWEPT],
        )?;
        let mut insert =
            self.sql("INSERT INTO once (slot, content, message_id, until) VALUES (?1, ?2, ?3, ?4)")?;
        let inserted = insert.execute(params![once.slot, once.content, message.get(), once.until.0]);
        inserted.map_err(Fault::taken(Once::TAKEN))?;
        Ok(())
    }
}
