//! A copy of the server's data while it runs.

use crate::{Answer, Audit, Blame, Control, Fault};
use mail::{QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use store::Later;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// Where it is.
    pub directory: PathBuf,
    /// When it was taken.
    pub made_at: Timestamp,
    /// How many messages it holds, those that are over included.
    pub messages: u64,
    /// How many recipients were not over.
    pub open_recipients: u64,
    /// The key that is not in it and without which passwords cannot be read; `None` when it is.
    pub key_left: Option<PathBuf>,
}

/// What a change of the key did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// The file of the key.
    pub path: PathBuf,
    /// The name of the new key: a digest, which opens nothing.
    pub key: String,
    /// How many secrets are sealed with it.
    pub secrets: u64,
}

/// What a look through the data found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// How many messages were looked at, those that are over included.
    pub messages: u64,
    /// What is not as it was written.
    pub damages: Vec<Damage>,
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The message, when it is one.
    pub message: Option<QueueId>,
    /// What is wrong with it, in the store's words.
    pub detail: String,
}

/// Copies and checks the data of a server. How depends on where the data is.
pub trait Archive: Send + Sync {
    /// Looks through everything that is stored.
    fn check(&self) -> Later<'_, CheckReport>;

    /// Copies everything as it is at one moment into a directory that is new or empty.
    ///
    /// Where the server may not write, the copy is made beside the data, and the report says where: whoever asked may
    /// move it.
    fn back_up(&self, into: PathBuf, with_key: bool) -> Later<'_, BackupReport>;

    /// Seals every secret with a new key.
    fn change_key(&self) -> Later<'_, KeyReport>;
}

impl Control {
    /// Names who copies the data: there is one at most.
    pub fn archive_by(&self, archive: Arc<dyn Archive>) {
        let _ = self.archive.set(archive);
    }

    pub(crate) async fn check(&self) -> Result<Answer, Fault> {
        let archive = self.archive.get().ok_or_else(|| Fault::about(Blame::Missing, "check"))?;
        Ok(Answer::Checked { report: archive.check().await? })
    }

    pub(crate) async fn backup(
        &self,
        audit: &Audit<'_>,
        directory: PathBuf,
        with_key: bool,
    ) -> Result<Answer, Fault> {
        if !directory.is_absolute() {
            return Err(Fault::invalid("directory", directory.display()));
        }
        let archive = self.archive.get().ok_or_else(|| Fault::about(Blame::Missing, "backup"))?;
        self.store.append(audit.of(&self.clock, &directory.display().to_string())).await?;
        Ok(Answer::BackedUp { report: archive.back_up(directory, with_key).await? })
    }

    pub(crate) async fn change_key(&self, audit: &Audit<'_>) -> Result<Answer, Fault> {
        let archive = self.archive.get().ok_or_else(|| Fault::about(Blame::Missing, "key"))?;
        let report = archive.change_key().await?;
        self.store.append(audit.of(&self.clock, &report.key)).await?;
        Ok(Answer::KeyChanged { report })
    }
}
