//! A copy of everything as it was at one moment, taken while mail goes on; and the way back.
//!
//! A backup is a directory: the database, the bodies that it names, `backup.json` (written last: without it a backup is not
//! whole), and the key only when it was asked for. What is on its way is copied too. By the time of a restore it may
//! have left: such mail is marked as perhaps sent, and said.

use crate::bodies::path_of;
use crate::disk::FreeSpace;
use crate::fault::{Fault, Outcome};
use crate::key::Sealer;
use crate::session::Session;
use crate::{Options, relays, schema};
use mail::{OwnerId, QueueId, Timestamp};
use rusqlite::{Connection, OpenFlags, params};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{EventKind, NewEvent, StoreError};

/// How often the database is copied anew because a body that it names went meanwhile.
const TRIES: u32 = 5;
const DATABASE: &str = "facteur.db";
const BODIES: &str = "bodies";
const KEY: &str = "key";
const MANIFEST: &str = "backup.json";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The version of the data.
    pub schema: u32,
    /// When it was taken.
    pub made_at: Timestamp,
    /// How many messages it holds, those that are over included.
    pub messages: u64,
    /// How many recipients were not over.
    pub open_recipients: u64,
    /// Whether the key is in it, without which the passwords of relays cannot be read.
    pub has_key: bool,
}

/// What a restore is to do.
#[derive(Debug, Clone, Default)]
pub struct Restoring {
    /// The key, when it is not in the backup.
    pub key: Option<PathBuf>,
    /// Whether what waits is held until somebody releases it.
    pub hold: bool,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The backup.
    pub backup: Backup,
    /// The recipients that may have been sent since the backup was taken.
    pub perhaps_sent: u64,
    /// Whether these are held.
    pub held: bool,
}

/// Copies a data directory into another one, which must be new or empty. Waits for the disk.
pub(crate) fn back_up(data: &Path, into: &Path, with_key: bool, now: Timestamp) -> Outcome<Backup> {
    empty_directory(into)?;
    copy_bodies(data, into)?;
    let conn = snapshot(data, into)?;
    let count = |sql| -> Outcome<u64> {
        let count: i64 = conn.query_row(sql, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    if with_key {
        copy(&data.join(KEY), &into.join(KEY))?;
    }
    let backup = Backup {
        schema: conn.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        made_at: now,
        messages: count("SELECT count(*) FROM messages")?,
        open_recipients: count("SELECT ifnull(sum(open_recipients), 0) FROM open_messages")?,
        has_key: with_key,
    };
    drop(conn);
    sync(&into.join(DATABASE))?;
    let text = serde_json::to_string_pretty(&backup)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(into.join(MANIFEST))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync(into)?;
    Ok(backup)
}

/// The database as it is at one moment, with all the bodies that it names. A body may go between the two copies: then the
/// database is copied anew.
fn snapshot(data: &Path, into: &Path) -> Outcome<Connection> {
    let path = into.join(DATABASE);
    for _ in 0..TRIES {
        // SQLite takes a file that is there if it is empty, and keeps its rights.
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let source = schema::open_reader(&data.join(DATABASE))?;
        source.execute_batch("PRAGMA query_only = OFF")?;
        source.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        drop(source);
        let conn = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if complete_bodies(&conn, data, into)? {
            return Ok(conn);
        }
        drop(conn);
        fs::remove_file(&path)?;
    }
    let detail = "large messages come and go too fast to be copied: try again in a quieter moment";
    Err(StoreError::Disk { detail: detail.to_owned() }.into())
}

/// Sees to it that exactly the named bodies are there. `false`: one is gone.
fn complete_bodies(conn: &Connection, data: &Path, into: &Path) -> Outcome<bool> {
    let mut named = HashSet::new();
    let mut statement = conn.prepare("SELECT name FROM body_files")?;
    for name in statement.query_map([], |row| row.get::<_, String>(0))? {
        let name = name?;
        let (from, to) = (path_of(&data.join(BODIES), &name), path_of(&into.join(BODIES), &name));
        if !to.exists() && !copy(&from, &to)? {
            return Ok(false);
        }
        named.insert(name);
    }
    for file in bodies(into)? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !named.contains(&name) {
            fs::remove_file(file)?;
        }
    }
    Ok(true)
}

/// The body files of a data directory or a backup.
fn bodies(directory: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let parts = match fs::read_dir(directory.join(BODIES)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        parts => parts?,
    };
    for part in parts {
        let part = part?;
        if part.file_type()?.is_dir() {
            for file in fs::read_dir(part.path())? {
                found.push(file?.path());
            }
        }
    }
    Ok(found)
}

fn copy_bodies(from: &Path, into: &Path) -> Outcome<()> {
    directory(&into.join(BODIES))?;
    for file in bodies(from)? {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // One that goes meanwhile belonged to a message that is over.
        copy(&file, &path_of(&into.join(BODIES), &name))?;
    }
    Ok(())
}

/// Copies a file for its owner only, durably, with the directory that it needs; `false` when it is gone.
fn copy(from: &Path, to: &Path) -> Outcome<bool> {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        source => source?,
    };
    if let Some(parent) = to.parent() {
        directory(parent)?;
    }
    let mut target = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    std::io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    to.parent().map_or(Ok(()), sync)?;
    Ok(true)
}

fn directory(path: &Path) -> Outcome<()> {
    Ok(DirBuilder::new().recursive(true).mode(0o700).create(path)?)
}

/// A directory that is new, or at least empty: nothing is ever mixed with something else.
fn empty_directory(path: &Path) -> Outcome<()> {
    directory(path)?;
    match fs::read_dir(path)?.next() {
        None => Ok(()),
        Some(_) => Err(Fault::exists(path.display())),
    }
}

fn sync(path: &Path) -> Outcome<()> {
    Ok(File::open(path)?.sync_all()?)
}

/// Puts a backup into a data directory where there is none yet, and marks what may have been sent since. Waits for the disk.
pub fn restore(from: &Path, data: &Path, how: &Restoring, now: Timestamp) -> Result<Restored, StoreError> {
    try_restore(from, data, how, now).map_err(Fault::into_store)
}

fn try_restore(from: &Path, data: &Path, how: &Restoring, now: Timestamp) -> Outcome<Restored> {
    let text = match fs::read_to_string(from.join(MANIFEST)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Fault::missing(from.join(MANIFEST).display()));
        }
        text => text?,
    };
    let backup: Backup = serde_json::from_str(&text)?;
    let known = schema::known();
    if backup.schema > known {
        return Err(StoreError::Newer { found: backup.schema, known }.into());
    }
    for name in [DATABASE, KEY, BODIES] {
        if data.join(name).exists() {
            return Err(Fault::exists(data.join(name).display()));
        }
    }
    directory(data)?;
    let restored = fill(from, data, how, backup, now);
    if restored.is_err() {
        // A half of it would be taken for the whole at the next start.
        for name in [DATABASE, "facteur.db-wal", "facteur.db-shm", KEY] {
            let _ = fs::remove_file(data.join(name));
        }
        let _ = fs::remove_dir_all(data.join(BODIES));
    }
    restored
}

fn fill(from: &Path, data: &Path, how: &Restoring, backup: Backup, now: Timestamp) -> Outcome<Restored> {
    copy_bodies(from, data)?;
    let key = how.key.clone().unwrap_or_else(|| from.join(KEY));
    let has_key = copy(&key, &data.join(KEY))?;
    if !has_key && how.key.is_some() {
        return Err(Fault::missing(key.display()));
    }
    if !copy(&from.join(DATABASE), &data.join(DATABASE))? {
        return Err(Fault::missing(from.join(DATABASE).display()));
    }
    let conn = schema::open_writer(&data.join(DATABASE))?;
    let sound: String = conn.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(Fault::damaged(sound));
    }
    if !complete_bodies(&conn, from, data)? {
        return Err(Fault::damaged("a body of the backup is gone"));
    }
    if !has_key && relays::has_secrets(&conn)? {
        return Err(Fault::missing(KEY));
    }
    let sealer = Sealer::open(data)?;
    // A wrong key is found now, and not at the first relay whose password cannot be read.
    relays::relays(&conn, &sealer)?;
    let options = Options::new(data);
    let space = Arc::new(FreeSpace::new(options.directory, options.floor_bytes, options.clock));
    let mut session = Session::new(conn, space, Arc::new(sealer))?;
    session.begin()?;
    let perhaps_sent = mark(&mut session, how.hold, now)?;
    session.commit()?;
    session.checkpoint()?;
    sync(data)?;
    Ok(Restored { backup, perhaps_sent, held: how.hold })
}

/// Marks what was waiting or leased: it may have left after the backup was taken. What was leased stays so, and is told of
/// at the next start like what a crash leaves.
fn mark(session: &mut Session, hold: bool, now: Timestamp) -> Outcome<u64> {
    let mut open = Vec::new();
    {
        let mut find = session.sql(
            "SELECT r.message_id, r.idx, r.owner, r.place FROM open_messages AS o
             CROSS JOIN recipients AS r ON r.message_id = o.message_id
             WHERE r.place = 0 OR r.place = 2 ORDER BY r.message_id, r.idx",
        )?;
        let rows = find.query_map([], |row| {
            let owner: i64 = row.get(2)?;
            Ok((row.get::<_, i64>(0)?, row.get::<_, u16>(1)?, OwnerId(owner), row.get::<_, i64>(3)? == 2))
        })?;
        for row in rows {
            open.push(row?);
        }
    }
    let mut events = Vec::new();
    for (message, index, owner, leased) in &open {
        let place = match (hold, leased) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        };
        session.run(
            "UPDATE recipients SET flags = flags | 2, place = ?3, since = iif(?3 = 1, ?4, since)
             WHERE message_id = ?1 AND idx = ?2",
            params![message, index, place, now.0],
        )?;
        let of = |kind| NewEvent {
            message: Some(QueueId::from_stored(*message)),
            recipient: Some(*index),
            ..NewEvent::new(now, kind, *owner)
        };
        // The next start tells of what is leased.
        if hold || !leased {
            events.push(of(EventKind::PerhapsTwice));
        }
        if hold {
            events.push(of(EventKind::Held));
        }
    }
    session.append(&events)?;
    Ok(open.len() as u64)
}
