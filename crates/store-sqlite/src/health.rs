//! Whether the disk still keeps what it was told to keep.

use std::io;
use std::sync::OnceLock;
use store::StoreError;

/// The word of the disk. Once a sync has failed it is worth nothing: what the system holds in its cache may be called
/// written and never reach the disk, and a second sync would say so without its being true. So nothing is written any
/// more until the process starts again, and opens what the disk really has.
#[derive(Debug, Default)]
pub(crate) struct Health {
    lost: OnceLock<String>,
}

impl Health {
    /// Refuses once the disk has failed.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.lost.get() {
            Some(detail) => Err(StoreError::ReadOnly { detail: detail.clone() }),
            None => Ok(()),
        }
    }

    /// Takes down that the disk failed; the first failure is the one that is told.
    pub(crate) fn lose(&self, detail: &str) {
        if self.lost.set(detail.to_owned()).is_ok() {
            tracing::error!(
                error = detail,
                "the disk failed to sync: the store only reads until the server starts again"
            );
        }
    }

    /// The outcome of a sync that is ours to ask for.
    pub(crate) fn synced(&self, outcome: io::Result<()>) -> Result<(), StoreError> {
        // A disk that finds itself full only at the sync has lost the pages all the same.
        if let Err(error) = outcome {
            self.lose(&error.to_string());
        }
        self.check()
    }
}
