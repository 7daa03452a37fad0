//! Read-only connections beside the writer.

use crate::fault::{Fault, Outcome};
use crate::schema::open_reader;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use store::StoreError;
use tokio::sync::Semaphore;

/// The readers at once: on a small machine more would only take the processor from the writer.
const READERS: usize = 4;

/// A small pool of connections, opened when they are first needed.
pub(crate) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, permits: Arc::new(Semaphore::new(READERS)), idle: Mutex::new(Vec::new()) }
    }

    /// Asks on a thread that may wait for the disk.
    pub(crate) async fn read<T: Send + 'static>(
        self: Arc<Self>,
        ask: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let work = move || -> Outcome<T> {
            let idle = self.lock().pop();
            let conn = idle.map_or_else(|| open_reader(&self.path), Ok)?;
            let answer = ask(&conn);
            // A connection that failed may fail again for a reason of its own: it is not kept.
            if answer.is_ok() && !self.permits.is_closed() {
                self.lock().push(conn);
            }
            drop(permit);
            answer
        };
        let stopped = |_| StoreError::Closed;
        tokio::task::spawn_blocking(work).await.map_err(stopped)?.map_err(Fault::into_store)
    }

    /// Lets nobody in any more and closes what is idle, so that the writer closes last.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(READERS).unwrap_or(u32::MAX);
        if let Ok(permits) = self.permits.acquire_many(all).await {
            self.permits.close();
            drop(permits);
        }
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
