//! `facteur backup` and `facteur restore`: a copy of everything, and the way back.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::archive::{CERTIFICATE, CONFIG};
use crate::config::Config;
use crate::privileges::Identity;
use crate::server::StartError;
use crate::show;
use clap::Args;
use control::{Answer, BackupReport, Operation};
use mail::Clock;
use std::fs;
use std::path::{PathBuf, absolute};
use store::StoreError;
use store_sqlite::{Restored, Restoring};

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
    let operation = Operation::Backup { directory, with_key: arguments.with_key };
    match console.perform(operation).await? {
        Answer::BackedUp { report } => console.show(&report, |reader| backed_up(&report, reader)),
        _ => Err(Failure::Unexpected),
    }
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
