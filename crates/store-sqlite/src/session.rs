//! What an operation of the writer works on: the connection inside a transaction, and the numbers that go with it.

use crate::disk::FreeSpace;
use crate::fault::{Fault, Outcome};
use crate::health::Health;
use crate::key::Sealer;
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{CachedStatement, Connection, Params, params};
use std::ffi::c_int;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use store::{NewEvent, StoreError};

/// The pages of the log at which it is written back: 64 MiB.
const CHECKPOINT_PAGES: c_int = 8_000;

/// The writer's side of the store. Whatever an operation changes here is put back when its transaction is.
pub(crate) struct Session {
    pub(crate) conn: Connection,
    pub(crate) space: Arc<FreeSpace>,
    pub(crate) sealer: Arc<Sealer>,
    state: State,
    stored: Counters,
    /// Whether damaged indexes were made anew: what is damaged after that is not theirs.
    pub(crate) was_mended: bool,
}

/// What is undone together with a transaction, or a part of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    counters: Counters,
    /// The body files that nobody needs once the transaction is durable.
    dropped_files: Vec<String>,
}

/// The largest numbers ever given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counters {
    last_id: i64,
    last_event: i64,
    last_row: i64,
    /// The messages up to this id are in the index of public ids.
    public_through: i64,
}

impl Session {
    /// A session on an open connection.
    pub(crate) fn new(conn: Connection, space: Arc<FreeSpace>, sealer: Arc<Sealer>) -> Outcome<Self> {
        let read = "SELECT last_id, last_event, last_row, public_through FROM counters";
        let stored = conn.query_row(read, [], |row| {
            Ok(Counters {
                last_id: row.get(0)?,
                last_event: row.get(1)?,
                last_row: row.get(2)?,
                public_through: row.get(3)?,
            })
        })?;
        let state = State { counters: stored, dropped_files: Vec::new() };
        Ok(Self { conn, space, sealer, state, stored, was_mended: false })
    }

    /// A statement, prepared once.
    pub(crate) fn sql(&self, text: &str) -> Outcome<CachedStatement<'_>> {
        Ok(self.conn.prepare_cached(text)?)
    }

    /// Runs a statement and says how many rows it changed.
    pub(crate) fn run(&self, text: &str, params: impl Params) -> Outcome<usize> {
        Ok(self.conn.prepare_cached(text)?.execute(params)?)
    }

    /// Remembers an id that was minted elsewhere.
    pub(crate) const fn saw_id(&mut self, id: i64) {
        if id > self.state.counters.last_id {
            self.state.counters.last_id = id;
        }
    }

    /// The largest id ever seen.
    pub(crate) const fn last_id(&self) -> i64 {
        self.state.counters.last_id
    }

    /// Up to which message public ids are in their index.
    pub(crate) const fn public_through(&self) -> i64 {
        self.state.counters.public_through
    }

    /// The index of public ids was filled up to this message.
    pub(crate) const fn set_public_through(&mut self, id: i64) {
        self.state.counters.public_through = id;
    }

    /// The event that was appended last.
    pub(crate) const fn last_event(&self) -> i64 {
        self.state.counters.last_event
    }

    /// A number for a row of the directory: never given before.
    pub(crate) const fn next_row(&mut self) -> i64 {
        self.state.counters.last_row += 1;
        self.state.counters.last_row
    }

    /// A body file goes once the transaction is durable.
    pub(crate) fn drop_file(&mut self, name: String) {
        self.state.dropped_files.push(name);
    }

    /// Appends events.
    pub(crate) fn append(&mut self, events: &[NewEvent]) -> Outcome<()> {
        for event in events {
            self.state.counters.last_event += 1;
            self.run(
                "INSERT INTO events (id, at, kind, owner, message_id, recipient, relay, cause, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    self.state.counters.last_event,
                    event.at.0,
                    event.kind as u8,
                    event.owner.0,
                    event.message.map(mail::QueueId::get),
                    event.recipient,
                    event.relay.map(|relay| relay.0),
                    event.cause,
                    event.detail,
                ],
            )?;
        }
        Ok(())
    }

    pub(crate) fn begin(&mut self) -> Outcome<()> {
        self.run("BEGIN IMMEDIATE", [])?;
        Ok(())
    }

    /// Ends the transaction: durable when this gives `Ok`. Gives the files that nobody needs any more.
    pub(crate) fn commit(&mut self) -> Outcome<Vec<String>> {
        let counters = self.state.counters;
        if counters != self.stored {
            self.run(
                "UPDATE counters SET last_id = ?1, last_event = ?2, last_row = ?3, public_through = ?4 WHERE one = 1",
                params![counters.last_id, counters.last_event, counters.last_row, counters.public_through],
            )?;
        }
        self.run("COMMIT", [])?;
        self.stored = counters;
        Ok(std::mem::take(&mut self.state.dropped_files))
    }

    /// Undoes the transaction; SQLite may have done so by itself.
    pub(crate) fn roll_back(&mut self) -> Outcome<()> {
        self.state = State { counters: self.stored, dropped_files: Vec::new() };
        if self.in_transaction() {
            self.run("ROLLBACK", [])?;
        }
        Ok(())
    }

    /// Whether there is a transaction: after some errors SQLite ends it by itself.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.conn.is_autocommit()
    }

    /// Begins a part of the transaction that can be undone by itself.
    pub(crate) fn begin_part(&mut self) -> Outcome<State> {
        self.run("SAVEPOINT part", [])?;
        Ok(self.state.clone())
    }

    /// Ends a part: keeps it, or puts everything back as it was.
    pub(crate) fn end_part(&mut self, undo_to: Option<State>) -> Outcome<()> {
        if let Some(state) = undo_to {
            self.run("ROLLBACK TO part", [])?;
            self.state = state;
        }
        self.run("RELEASE part", [])?;
        Ok(())
    }

    /// Writes the log back as SQLite does by itself, and hears of a sync that fails meanwhile: SQLite tells nobody.
    pub(crate) fn watch(&mut self, health: Arc<Health>) -> Outcome<()> {
        self.conn.wal_hook(Some(move |wal: &mut Wal, pages: c_int| {
            if pages < CHECKPOINT_PAGES {
                return Ok(());
            }
            if let Err(error) = wal.checkpoint()
                && let StoreError::ReadOnly { detail } = Fault::Sql(error).into_store()
            {
                health.lose(&detail);
            }
            Ok(())
        }))?;
        Ok(())
    }

    /// Lets go of the database as it is. SQLite would write the log back when its last connection ends, and take a second
    /// sync at its word.
    pub(crate) fn abandon(self) {
        let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    /// Makes sure that the disk can sync, and that the log's name is on it: SQLite asks for that with the first sync, and
    /// does not look at the answer.
    pub(crate) fn prove(&mut self, directory: &Path) -> Outcome<()> {
        self.begin()?;
        self.run("UPDATE counters SET last_id = last_id WHERE one = 1", [])?;
        self.run("COMMIT", [])?;
        File::open(directory)?.sync_all()?;
        Ok(())
    }

    /// Writes the log back into the database file and empties it.
    pub(crate) fn checkpoint(&self) -> Outcome<()> {
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}
