//! What every local user reaches of a server whose data is closed to them: its name, its socket, the drop folder.

use crate::drop_folder;
use crate::sendmail::{HOST_NAME, SOCKET};
use mail::Domain;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The directory's rights: everybody may go through it by a name they know, the server alone sees what is in it.
const MODE: u32 = 0o711;
/// The rights of the directory for files that are no messages.
const ASIDE_MODE: u32 = 0o700;

/// The public directory of a server.
#[derive(Debug, Clone)]
pub struct Public {
    path: PathBuf,
}

impl Public {
    /// Makes the directory and what is in it, or mends their rights.
    pub fn open(path: &Path, host_name: &Domain) -> io::Result<Self> {
        let public = Self { path: path.to_owned() };
        make(path, MODE)?;
        make(&public.aside(), ASIDE_MODE)?;
        drop_folder::make(path)?;
        let name = path.join(HOST_NAME);
        fs::write(&name, format!("{}\n", host_name.as_ascii()))?;
        fs::set_permissions(&name, fs::Permissions::from_mode(0o644))?;
        Ok(public)
    }

    /// The socket for local programs.
    pub fn socket(&self) -> PathBuf {
        self.path.join(SOCKET)
    }

    /// The folder where their mail waits while the server cannot take it.
    pub fn drop_folder(&self) -> PathBuf {
        drop_folder::folder(&self.path)
    }

    /// Where files of the drop folder go that are no messages.
    pub fn aside(&self) -> PathBuf {
        self.path.join("aside")
    }
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}
