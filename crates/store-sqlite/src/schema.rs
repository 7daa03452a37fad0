//! Connections and the schema.

use crate::fault::{Fault, Outcome};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;
use store::StoreError;

/// The migrations, oldest first. Number n brings the schema from version n-1 to n; none is ever changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
    include_str!("../migrations/0004.sql"),
    include_str!("../migrations/0005.sql"),
    include_str!("../migrations/0006.sql"),
    include_str!("../migrations/0007.sql"),
    include_str!("../migrations/0008.sql"),
    include_str!("../migrations/0009.sql"),
    include_str!("../migrations/0010.sql"),
    include_str!("../migrations/0011.sql"),
    include_str!("../migrations/0012.sql"),
    include_str!("../migrations/0013.sql"),
];

/// The longest wait for a lock of SQLite's own. Nobody but us has the file, and a checkpoint is done in less.
const BUSY: Duration = Duration::from_secs(10);

/// The prepared statements that a connection keeps: more than there are in this crate.
const STATEMENTS: usize = 128;

/// The newest version that this program knows.
pub(crate) fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The writer's connection, with the schema brought up to date.
pub(crate) fn open_writer(path: &Path) -> Outcome<Connection> {
    // SQLite gives its log and its shared memory the rights of the database file.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    let version: u32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = known();
    if version > known {
        return Err(StoreError::Newer { found: version, known }.into());
    }
    if version == 0 {
        // These two take effect only before the first table.
        conn.execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;")?;
    }
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::damaged(format!("the database keeps its journal as '{mode}'")));
    }
    // FULL: with NORMAL a power cut loses messages that were acknowledged (10 % of them in our measurement).
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 134217728;
         PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF;",
    )?;
    for (done, migration) in MIGRATIONS.iter().enumerate().skip(usize::try_from(version).unwrap_or(0)) {
        conn.execute_batch(&format!(
            "BEGIN IMMEDIATE; {migration} PRAGMA user_version = {}; COMMIT;",
            done + 1
        ))?;
    }
    Ok(conn)
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Outcome<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;")?;
    Ok(conn)
}
