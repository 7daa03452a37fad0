//! One process per data directory.

use crate::fault::disk;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use store::StoreError;

/// The lock on a data directory: held as long as this lives, and released by the system when the process dies.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock, and writes the process id into it for whoever comes second.
    pub(crate) fn take(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("lock");
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let mut file = open.map_err(|error| disk(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Whoever holds the lock may not have written its number yet: then nobody knows it.
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                let path = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
                return Err(StoreError::InUse { pid: pid.unwrap_or(0), path: path.display().to_string() });
            }
            Err(TryLockError::Error(error)) => return Err(disk(&error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(|error| disk(&error))?;
        Ok(Self { _file: file })
    }
}
