//! `facteur backup` and `facteur restore`: a copy of everything, and the way back.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::archive::{CERTIFICATE, CONFIG};
use crate::config::Config;
use crate::privileges::Identity;
use crate::server::StartError;
use crate::show;
use clap::Args;
use control::{Answer, BackupReport, Blame, Fault, Operation};
use mail::Clock;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf, absolute};
use store::StoreError;
use store_sqlite::{Restored, Restoring};

/// What says that a backup is whole.
const MANIFEST: &str = "backup.json";

/// Where a backup goes.
#[derive(Debug, Args)]
pub struct BackupArguments {
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[arg(long)]
    with_key: bool,
}

/// Where a backup is, and what is to become of its mail.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[arg(long)]
    hold: bool,
}

/// Copies everything while the server runs, or while it is stopped.
pub async fn backup(arguments: BackupArguments, console: &mut Console) -> Result<Exit, Failure> {
    let directory = absolute(arguments.directory).map_err(Failure::System)?;
    if fs::read_dir(&directory).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Fault::about(Blame::Exists, directory.display().to_string()).into());
    }
    let operation = Operation::Backup { directory: directory.clone(), with_key: arguments.with_key };
    match console.perform(operation).await? {
        Answer::BackedUp { mut report } => {
            if report.directory != directory {
                let moved = move_into(&report.directory, &directory);
                moved.map_err(|error| Failure::File(directory.display().to_string(), error))?;
                report.directory = directory;
            }
            console.show(&report, |reader| backed_up(&report, reader))
        }
        _ => Err(Failure::Unexpected),
    }
}

/// Moves a backup that the server could only make beside its data to where it is wanted. The manifest goes last: without
/// it a backup is not whole.
fn move_into(made: &Path, wanted: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(wanted)?;
    let entries = fs::read_dir(made)?.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<OsString> = entries.iter().map(fs::DirEntry::file_name).collect();
    names.sort_by_key(|name| name == MANIFEST);
    for name in names {
        let (from, to) = (made.join(&name), wanted.join(&name));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_all(&from, &to)?,
            moved => moved?,
        }
    }
    fs::File::open(wanted)?.sync_all()?;
    fs::remove_dir_all(made)
}

/// Copies a file, or a directory with all that is in it, durably.
fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    if from.symlink_metadata()?.is_dir() {
        fs::DirBuilder::new().mode(0o700).create(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_all(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        fs::copy(from, to)?;
    }
    fs::File::open(to)?.sync_all()
}

fn backed_up(report: &BackupReport, reader: &show::Reader) -> String {
    let phrases = &reader.phrases;
    let gaps = [
        ("path", report.directory.display().to_string().into()),
        ("messages", report.messages.into()),
        ("open", report.open_recipients.into()),
    ];
    let key = match &report.key_left {
        Some(key) => phrases.fill("backup-key-left", [("path", key.display().to_string().into())]),
        None => phrases.say("backup-key-in"),
    };
    format!("{}\n{key}\n", phrases.fill("backup-done", gaps))
}

/// Puts a backup where there is no server yet.
pub fn restore(arguments: &RestoreArguments, console: &Console) -> Result<Exit, Failure> {
    let (from, place) = (&arguments.directory, &console.place);
    let how = Restoring { key: arguments.key.clone(), hold: arguments.hold };
    // Whose server it will be is known before anything is written: the owner of the place, or the user of the configuration.
    let owner = owner(arguments, console)?;
    let restored =
        store_sqlite::restore(from, &place.data, &how, Clock::System.now()).map_err(Failure::Restore)?;
    let beside = CERTIFICATE.iter().map(|name| (from.join(name), place.data.join(name)));
    for (kept, target) in beside.chain([(from.join(CONFIG), place.config.clone())]) {
        if kept.exists() && !target.exists() {
            fs::copy(&kept, &target).map_err(|error| Failure::File(target.display().to_string(), error))?;
        }
    }
    if let Some(owner) = owner {
        owner.give(&place.data).map_err(Failure::System)?;
    }
    console.show(&restored, |reader| told(&restored, console, reader))
}

fn owner(arguments: &RestoreArguments, console: &Console) -> Result<Option<Identity>, Failure> {
    if !crate::privileges::is_root() {
        return Ok(None);
    }
    let configured = [console.place.config.clone(), arguments.directory.join(CONFIG)];
    let path = configured.iter().find(|path| path.exists());
    let user = match path {
        Some(path) => Config::read(path).map_err(StartError::from)?.user,
        None => None,
    };
    match user {
        Some(name) => Ok(Some(Identity::of_user(&name).map_err(StartError::from)?)),
        None => Ok(Identity::of_owner(&console.place.data)),
    }
}

fn told(restored: &Restored, console: &Console, reader: &show::Reader) -> String {
    let phrases = &reader.phrases;
    let gaps = [
        ("path", console.place.data.display().to_string().into()),
        ("when", show::moment(restored.backup.made_at, reader).into()),
        ("messages", restored.backup.messages.into()),
    ];
    let mut text = format!("{}\n", phrases.fill("restore-done", gaps));
    if restored.perhaps_sent > 0 {
        let key = if restored.held { "restore-held" } else { "restore-perhaps" };
        text += &format!("{}\n", phrases.fill(key, [("count", restored.perhaps_sent.into())]));
    }
    text += &format!("{}\n", phrases.say("setup-next-start"));
    text
}

/// The words for what stands against a restore.
pub fn trouble(error: &StoreError, reader: &show::Reader) -> Option<show::Trouble> {
    let of = |key: &str, what: &str| show::Trouble::of(key, &[("what", what.to_owned().into())], reader);
    match error {
        StoreError::Exists { name } => Some(of("restore-taken", name)),
        StoreError::Missing { name } if name == "key" => Some(of("restore-no-key", name)),
        StoreError::Missing { name } => Some(of("restore-not-whole", name)),
        _ => None,
    }
}
