//! Backups of this server: its data, and its configuration beside it.

use crate::place::Place;
use control::{Archive, BackupReport, CheckReport, Damage, KeyReport};
use mail::{Clock, Timestamp};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Later, StoreError};
use store_sqlite::{Checked, SqliteStore};

/// The configuration in a backup.
pub const CONFIG: &str = "facteur.toml";
/// The certificate that this server made for itself, and its key: with them, the programs of people go on trusting it.
pub const CERTIFICATE: [&str; 2] = ["cert.pem", "key.pem"];
/// The key in a data directory.
const KEY: &str = "key";
/// What copies beside the data are called, before the time at which they were made.
const STAGED: &str = "backup.";
/// How long such a copy is kept for whoever asked for it.
const STAGED_KEPT_MS: i64 = 24 * 3_600 * 1_000;

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

    async fn change(&self) -> Result<KeyReport, StoreError> {
        let change = self.store.change_key().await?;
        Ok(KeyReport { path: self.place.data.join(KEY), key: change.key, secrets: change.secrets })
    }

    /// Where the copy is made: where it is wanted, or beside the data when this process may not write there (it is kept to
    /// its own files, or the directory is another user's).
    fn target(&self, into: PathBuf) -> Result<PathBuf, StoreError> {
        match may_write(&into) {
            Ok(()) => Ok(into),
            Err(error) if is_closed(&error) => {
                remove_stale(&self.place.data, &self.clock);
                Ok(self.place.data.join(format!("{STAGED}{}", self.clock.now().0)))
            }
            Err(error) => Err(StoreError::Disk { detail: error.to_string() }),
        }
    }

    async fn copy(&self, into: PathBuf, with_key: bool) -> Result<BackupReport, StoreError> {
        let into = self.target(into)?;
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

/// Tries to write into a directory, which is made when it is not there.
fn may_write(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    if fs::read_dir(directory)?.next().is_some() {
        // The copy itself says that it is not empty.
        return Ok(());
    }
    let probe = directory.join("probe");
    fs::File::create_new(&probe)?;
    fs::remove_file(probe)
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Removes copies that were made beside the data and that nobody fetched for a day.
fn remove_stale(data: &Path, clock: &Clock) {
    let now = clock.now();
    for entry in fs::read_dir(data).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let made = name.strip_prefix(STAGED).and_then(|at| at.parse().ok()).map(Timestamp);
        if made.is_some_and(|made| now.since_ms(made) > STAGED_KEPT_MS) {
            let _ = fs::remove_dir_all(entry.path());
        }
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
    fn check(&self) -> Later<'_, CheckReport> {
        Box::pin(async {
            let Checked { messages, damages } = self.store.check().await?;
            let damage =
                |found: store_sqlite::Damage| Damage { message: found.message, detail: found.detail };
            Ok(CheckReport { messages, damages: damages.into_iter().map(damage).collect() })
        })
    }

    fn back_up(&self, into: PathBuf, with_key: bool) -> Later<'_, BackupReport> {
        Box::pin(self.copy(into, with_key))
    }

    fn change_key(&self) -> Later<'_, KeyReport> {
        Box::pin(self.change())
    }
}
