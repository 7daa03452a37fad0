//! Read-only connections beside the writer.

use crate::fault::{Fault, Outcome};
use crate::schema::open_reader;
use mail::{Clock, Timestamp};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use store::StoreError;
use tokio::sync::Semaphore;

/// The readers at once: on a small machine more would only take the processor from the writer.
const READERS: usize = 4;
/// A connection that nobody needed for so long is closed, with its memory.
const IDLE_MS: i64 = 30_000;

/// A small pool of connections, opened when they are needed. The one that was used last is used next, so that what a crowd
/// needed for a moment grows old at the bottom.
pub(crate) struct Readers {
    path: PathBuf,
    clock: Clock,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Connection, Timestamp)>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, clock: Clock) -> Self {
        Self { path, clock, permits: Arc::new(Semaphore::new(READERS)), idle: Mutex::new(Vec::new()) }
    }

    /// Asks on a thread that may wait for the disk.
    pub(crate) async fn read<T: Send + 'static>(
        self: Arc<Self>,
        ask: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let work = move || -> Outcome<T> {
            let idle = self.lock().pop().map(|(conn, _)| conn);
            let conn = idle.map_or_else(|| open_reader(&self.path), Ok)?;
            let answer = ask(&conn);
            // A connection that failed may fail again for a reason of its own: it is not kept.
            if answer.is_ok() && !self.permits.is_closed() {
                self.keep(conn);
            }
            drop(permit);
            answer
        };
        let stopped = |_| StoreError::Closed;
        tokio::task::spawn_blocking(work).await.map_err(stopped)?.map_err(Fault::into_store)
    }

    fn keep(&self, conn: Connection) {
        let now = self.clock.now();
        let mut idle = self.lock();
        let young = idle.iter().position(|(_, since)| now.since_ms(*since) < IDLE_MS).unwrap_or(idle.len());
        let old: Vec<_> = idle.drain(..young).collect();
        idle.push((conn, now));
        drop(idle);
        // Closing takes a while: nobody waits for it.
        drop(old);
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Timestamp)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_crowd_needed_is_closed_when_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facteur.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let clock = Clock::manual(Timestamp(1_000_000));
        let readers = Arc::new(Readers::new(path, clock.clone()));
        let (barrier, count) = (Arc::new(std::sync::Barrier::new(READERS)), |conn: &Connection| {
            Ok(conn.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))?)
        });
        let crowd = (0..READERS).map(|_| {
            let (readers, barrier) = (Arc::clone(&readers), Arc::clone(&barrier));
            tokio::spawn(readers.read(move |conn| {
                barrier.wait();
                count(conn)
            }))
        });
        for one in crowd.collect::<Vec<_>>() {
            assert_eq!(one.await.unwrap().unwrap(), 0);
        }
        assert_eq!(readers.lock().len(), READERS);
        clock.advance(std::time::Duration::from_secs(31));
        Arc::clone(&readers).read(count).await.unwrap();
        assert_eq!(readers.lock().len(), 1, "the one that was used");
        readers.close().await;
        assert!(readers.read(count).await.is_err());
    }
}
