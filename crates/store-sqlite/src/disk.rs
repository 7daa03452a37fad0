//! How much room there is.

use crate::fault::disk;
use mail::{Clock, Timestamp};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use store::StoreError;

/// The free space of the data directory's disk, looked at no more than once a second.
#[derive(Debug)]
pub(crate) struct FreeSpace {
    directory: PathBuf,
    floor_bytes: u64,
    clock: Clock,
    last: Mutex<Option<(Timestamp, u64)>>,
}

impl FreeSpace {
    /// How long a look counts, in milliseconds: one system call a second costs nothing, one a message would.
    const LOOK_MS: i64 = 1_000;

    pub(crate) fn new(directory: PathBuf, floor_bytes: u64, clock: Clock) -> Self {
        Self { directory, floor_bytes, clock, last: Mutex::new(None) }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Refuses when less is free than the floor.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let free_bytes = match *last {
            // A clock that went back makes the look old as well.
            Some((at, free)) if now >= at && now.since_ms(at) < Self::LOOK_MS => free,
            _ => {
                let free = self.look()?;
                *last = Some((now, free));
                free
            }
        };
        if free_bytes < self.floor_bytes { Err(StoreError::Full { free_bytes }) } else { Ok(()) }
    }

    fn look(&self) -> Result<u64, StoreError> {
        let facts = rustix::fs::statvfs(&self.directory).map_err(|error| disk(&error.into()))?;
        // What a process without privileges may still take, as `df` shows it.
        Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
    }
}
