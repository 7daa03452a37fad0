//! The mail log: what became of each message, in the form in which Postfix writes it, so that pflogsumm, fail2ban and people
//! who know that form can read it. It names addresses; the program's own log never does.
//!
//! Lines are made where things happen and written by one thread of its own: a slow disk never holds mail up. What no longer
//! fits in the queue towards it is counted and the count is written. After a kill the last lines may be missing;
//! the event log of the store is what never forgets.

mod lines;
mod witness;
mod writer;

use mail::{QueueId, Timestamp};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

pub use lines::{Line, outcome, refused_sign_in, removed};
pub use witness::LogWitness;
use writer::Writer;

/// The most messages whose open recipients are counted in memory; the store is asked about the others.
const TALLIED: usize = 50_000;

/// Where and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file of today.
    pub path: PathBuf,
    /// For how many days older files are kept; 0 leaves the files to another program, such as logrotate.
    pub keep_days: u32,
    /// What stands in front of a program's name, as Postfix's `syslog_name`.
    pub syslog_name: String,
    /// This server's name.
    pub host_name: String,
}

/// The mail log, or none.
#[derive(Debug, Default)]
pub struct MailLog {
    writer: Option<Writer>,
    open: Mutex<HashMap<QueueId, usize>>,
}

impl MailLog {
    /// Opens the file, so that a path that cannot be written is known at the start.
    pub fn open(settings: Settings) -> io::Result<Self> {
        Ok(Self { writer: Some(Writer::start(settings)?), open: Mutex::default() })
    }

    /// Whether there is one: nothing is to be formatted otherwise.
    pub const fn is_on(&self) -> bool {
        self.writer.is_some()
    }

    /// Writes a line, soon.
    pub fn write(&self, at: Timestamp, line: Line) {
        if let Some(writer) = &self.writer {
            writer.write(at, line);
        }
    }

    /// Opens the file anew: another program has moved it away.
    pub fn reopen(&self) {
        if let Some(writer) = &self.writer {
            writer.reopen();
        }
    }

    /// A message with so many recipients was accepted.
    pub fn begin(&self, id: QueueId, recipients: usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() < TALLIED {
            open.insert(id, recipients);
        }
    }

    /// So many recipients of a message came to their end. Whether it has any left; `None` when this is not known here.
    pub fn end(&self, id: QueueId, recipients: usize) -> Option<bool> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let left = open.get_mut(&id)?;
        *left = left.saturating_sub(recipients);
        let over = *left == 0;
        if over {
            open.remove(&id);
        }
        Some(!over)
    }

    /// Writes what is left and closes the file. May wait for the disk.
    pub fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close();
        }
    }
}
