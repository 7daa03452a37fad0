//! Looks through everything that is stored, and says what is not as it was written.

use crate::bodies::path_of;
use crate::fault::{Fault, Outcome};
use crate::sums::{self, Envelope};
use crc32fast::Hasher;
use mail::QueueId;
use rusqlite::{Connection, OptionalExtension as _};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use store::StoreError;

/// The most faults of the database's own structure that are told.
const STRUCTURE_MOST: u32 = 100;

/// What a look through the store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// How many messages were looked at.
    pub messages: u64,
    /// What is damaged.
    pub damages: Vec<Damage>,
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The message, when it is one.
    pub message: Option<QueueId>,
    /// What is wrong with it.
    pub detail: String,
}

/// Looks through a database and the files of its contents. Waits for the disk, and reads all of it once.
pub(crate) fn check(conn: &Connection, bodies: &Path) -> Outcome<Checked> {
    let mut checked = Checked::default();
    if let Err(fault) = structure(conn, &mut checked) {
        checked.damages.push(Damage { message: None, detail: of_damage(fault)? });
    }
    let mut after = i64::MIN;
    loop {
        let next = "SELECT id FROM messages WHERE id > ?1 ORDER BY id LIMIT 1";
        let next = conn
            .prepare_cached(next)
            .and_then(|mut next| next.query_row([after], |row| row.get(0)).optional());
        match next.map_err(Fault::from) {
            Ok(None) => return Ok(checked),
            // A damaged page may lead back to where the look has been, again and again.
            Ok(Some(id)) if id <= after => {
                let detail =
                    "the messages are not in their order: those behind were not looked at".to_owned();
                checked.damages.push(Damage { message: None, detail });
                return Ok(checked);
            }
            Ok(Some(id)) => {
                after = id;
                checked.messages += 1;
                if let Err(fault) = message(conn, bodies, id) {
                    let message = Some(QueueId::from_stored(id));
                    checked.damages.push(Damage { message, detail: of_damage(fault)? });
                }
            }
            Err(fault) => {
                checked.damages.push(Damage { message: None, detail: of_damage(fault)? });
                return Ok(checked);
            }
        }
    }
}

/// The words of damage; any other fault is one of the look itself.
fn of_damage(fault: Fault) -> Outcome<String> {
    match fault.into_store() {
        StoreError::Damaged { detail } => Ok(detail),
        other => Err(other.into()),
    }
}

fn structure(conn: &Connection, checked: &mut Checked) -> Outcome<()> {
    let mut look = conn.prepare(&format!("PRAGMA integrity_check({STRUCTURE_MOST})"))?;
    let mut rows = look.query([])?;
    while let Some(row) = rows.next()? {
        let detail: String = row.get(0)?;
        if detail != "ok" {
            checked.damages.push(Damage { message: None, detail });
        }
    }
    Ok(())
}

fn message(conn: &Connection, bodies: &Path, id: i64) -> Outcome<()> {
    let mut read = conn.prepare_cached(
        "SELECT owner, principal_kind, principal_id, received_at, sender, body_type, added_headers, body_bytes, extras,
             envelope_sum, content_sum FROM messages WHERE id = ?1",
    )?;
    let mut rows = read.query([id])?;
    let row = rows.next()?.ok_or_else(|| Fault::damaged("a message is in no table"))?;
    let body_bytes: i64 = row.get(7)?;
    let envelope = Envelope {
        id,
        owner: row.get(0)?,
        principal: (row.get(1)?, row.get(2)?),
        received_at: row.get(3)?,
        sender: row.get_ref(4)?.as_str().map_err(Fault::damaged)?,
        body_type: row.get(5)?,
        added_headers: row.get_ref(6)?.as_blob().map_err(Fault::damaged)?,
        body_bytes,
        extras: row.get_ref(8)?.as_str_or_null().map_err(Fault::damaged)?,
    };
    sums::check(row.get(9)?, envelope.sum(), "envelope", id)?;
    recipients(conn, id)?;
    content(conn, bodies, id, (body_bytes, row.get(10)?))
}

fn recipients(conn: &Connection, id: i64) -> Outcome<()> {
    let mut read = conn
        .prepare_cached("SELECT idx, address, wishes, address_sum FROM recipients WHERE message_id = ?1")?;
    let mut rows = read.query([id])?;
    let mut found = false;
    while let Some(row) = rows.next()? {
        let address = row.get_ref(1)?.as_str().map_err(Fault::damaged)?;
        let wishes = row.get_ref(2)?.as_str_or_null().map_err(Fault::damaged)?;
        sums::check(row.get(3)?, sums::of_recipient(id, row.get(0)?, address, wishes), "recipient", id)?;
        found = true;
    }
    drop(rows);
    let mut signed = conn.prepare_cached("SELECT lines, lines_sum FROM signatures WHERE message_id = ?1")?;
    let mut rows = signed.query([id])?;
    if let Some(row) = rows.next()? {
        let lines = row.get_ref(0)?.as_blob().map_err(Fault::damaged)?;
        sums::check(row.get(1)?, sums::of_content(lines), "signature", id)?;
    }
    if found { Ok(()) } else { Err(Fault::damaged("the message has no recipient")) }
}

fn content(conn: &Connection, bodies: &Path, id: i64, (bytes, sum): (i64, Option<u32>)) -> Outcome<()> {
    let mut read = conn.prepare_cached("SELECT content FROM bodies WHERE message_id = ?1")?;
    let mut rows = read.query([id])?;
    if let Some(row) = rows.next()? {
        let content = row.get_ref(0)?.as_blob().map_err(Fault::damaged)?;
        return whole(id, (content.len() as u64, sums::of_content(content)), (bytes, sum));
    }
    let mut read = conn.prepare_cached("SELECT name FROM body_files WHERE message_id = ?1")?;
    let name = read.query_row([id], |row| row.get::<_, String>(0)).optional()?;
    match name {
        Some(name) => match sum_of_file(&path_of(bodies, &name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Fault::damaged(format!("the body file {name} is gone")))
            }
            found => whole(id, found?, (bytes, sum)),
        },
        None => has_ended(conn, id),
    }
}

/// Only what has ended may be without its content.
fn has_ended(conn: &Connection, id: i64) -> Outcome<()> {
    let open = conn.prepare_cached("SELECT 1 FROM open_messages WHERE message_id = ?1")?.exists([id])?;
    if open { Err(Fault::damaged("the content is gone")) } else { Ok(()) }
}

fn whole(id: i64, (found, found_sum): (u64, u32), (bytes, sum): (i64, Option<u32>)) -> Outcome<()> {
    if u64::try_from(bytes).ok() != Some(found) {
        return Err(Fault::damaged("the content is not as long as it was"));
    }
    sums::check(sum, found_sum, "content", id)
}

fn sum_of_file(path: &Path) -> io::Result<(u64, u32)> {
    let (mut file, mut sum, mut bytes) = (File::open(path)?, Hasher::new(), 0);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        let Some(got) = piece.get(..read).filter(|got| !got.is_empty()) else {
            return Ok((bytes, sum.finalize()));
        };
        sum.update(got);
        bytes += got.len() as u64;
    }
}
