//! What must be known before the store opens.

use mail::Clock;
use std::path::PathBuf;

/// Where the store is, and its limits.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory; made, for its owner only, when it is missing.
    pub directory: PathBuf,
    /// Below so many free bytes on its disk no message is accepted; what is there can still be settled and deleted.
    pub floor_bytes: u64,
    /// The clock that says when the free space is looked at again.
    pub clock: Clock,
}

impl Options {
    /// The free space that is left for settling and deleting: 64 MiB, about 100,000 settlements.
    pub const FLOOR_BYTES: u64 = 64 * 1024 * 1024;

    /// The defaults for a data directory.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), floor_bytes: Self::FLOOR_BYTES, clock: Clock::System }
    }
}
