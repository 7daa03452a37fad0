//! The store of one machine: SQLite in one file, one writer with group commit, readers beside it.
//!
//! Owns the data directory: its lock, `facteur.db`, the files of large bodies and the key that seals secrets. It never
//! decides anything about mail, and is never opened by two processes at once. Start at [`SqliteStore::open`].
//!
//! What a crash can leave, who sees it first, and what is done:
//!
//! | state | seen by | done |
//! | --- | --- | --- |
//! | a body file half written, or whole and named by no message | [`SqliteStore::open`] | removed |
//! | a body file of a message that needs it no more | [`SqliteStore::open`] | removed |
//! | a transaction in the log without its end | SQLite at open | forgotten: nobody was told that it was done |
//! | a transaction whose callers were not told | the next reader | kept: mail may arrive twice, never get lost |
//! | leased recipients | [`store::Spool::recover`] | given out again, marked as perhaps sent |
//! | a lock file with the number of a dead process | [`SqliteStore::open`] | taken: the lock died with the process |
//! | a key file half written under its temporary name | [`SqliteStore::open`] | replaced: no secret was sealed with it |
//! | a key file with two keys: a change of the key | [`SqliteStore::open`] | ended: everything is sealed with the first |

mod accept;
mod backup;
mod bodies;
mod check;
mod claim;
mod directory;
mod disk;
mod domains;
mod fault;
mod health;
mod history;
mod key;
mod keys;
mod list;
mod lock;
mod notices;
mod once;
mod options;
mod protections;
mod public;
mod readers;
mod relays;
mod rotate;
mod rows;
mod schema;
mod session;
mod settle;
mod sqlite;
mod statistics;
mod sums;
mod webhooks;
mod writer;

pub use backup::{Backup, Restored, Restoring, restore};
pub use check::{Checked, Damage};
pub use options::Options;
pub use sqlite::{KeyChange, SqliteStore};
