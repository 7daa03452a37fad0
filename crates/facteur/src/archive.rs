//! Backups of this server: its data, and its configuration beside it.

use crate::place::Place;
use control::{Archive, BackupReport};
use mail::Clock;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Later, StoreError};
use store_sqlite::SqliteStore;

/// The configuration in a backup.
pub const CONFIG: &str = "facteur.toml";
/// The certificate that this server made for itself, and its key: with them, the programs of people go on trusting it.
pub const CERTIFICATE: [&str; 2] = ["cert.pem", "key.pem"];
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
        copy_if_there(&self.place.config, &into.join(CONFIG))?;
        for name in CERTIFICATE.iter().filter(|_| with_key) {
            copy_if_there(&self.place.data.join(name), &into.join(name))?;
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

/// Copies a file with its rights, if there is one.
fn copy_if_there(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::copy(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::Disk { detail: error.to_string() })
        }
        _ => Ok(()),
    }
}

impl Archive for PlaceArchive {
    fn back_up(&self, into: PathBuf, with_key: bool) -> Later<'_, BackupReport> {
        Box::pin(self.copy(into, with_key))
    }
}
