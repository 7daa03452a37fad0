//! Backups of this server: its data, and its configuration beside it.

use crate::place::Place;
use control::{Archive, BackupReport};
use mail::Clock;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use store::{Later, StoreError};
use store_sqlite::SqliteStore;

/// The configuration in a backup.
pub const CONFIG: &str = "facteur.toml";
/// The key in a data directory.
const KEY: &str = "key";

/// Copies the data of one place.
pub struct PlaceArchive {
    store: Arc<SqliteStore>,
    place: Place,
    clock: Clock,
}

impl PlaceArchive {
    /// An archive of that place.
    pub const fn new(store: Arc<SqliteStore>, place: Place, clock: Clock) -> Self {
        Self { store, place, clock }
    }

    async fn copy(&self, into: PathBuf, with_key: bool) -> Result<BackupReport, StoreError> {
        let backup = self.store.back_up(into.clone(), with_key, self.clock.now()).await?;
        match fs::copy(&self.place.config, into.join(CONFIG)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Disk { detail: error.to_string() });
            }
            _ => {}
        }
        Ok(BackupReport {
            directory: into,
            made_at: backup.made_at,
            messages: backup.messages,
            open_recipients: backup.open_recipients,
            key_left: (!backup.has_key).then(|| self.place.data.join(KEY)),
        })
    }
}

impl Archive for PlaceArchive {
    fn back_up(&self, into: PathBuf, with_key: bool) -> Later<'_, BackupReport> {
        Box::pin(self.copy(into, with_key))
    }
}
