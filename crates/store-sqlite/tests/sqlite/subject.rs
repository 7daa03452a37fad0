//! SQLite as a subject of the contract.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use store::{Later, Store, StoreError};
use store_sqlite::{Options, SqliteStore};
use testkit::contract::Subject;
use testkit::contract::sample::NOON;

/// SQLite in directories of its own. A crash is a copy of the files as they stand, made while the store is running.
pub struct Sqlite {
    parent: tempfile::TempDir,
    count: AtomicU32,
    open: Mutex<Vec<(usize, PathBuf, Arc<SqliteStore>)>>,
}

impl Sqlite {
    pub fn new() -> Arc<Self> {
        let parent = tempfile::tempdir().unwrap();
        Arc::new(Self { parent, count: AtomicU32::new(0), open: Mutex::new(Vec::new()) })
    }

    fn next_directory(&self) -> PathBuf {
        self.parent.path().join(self.count.fetch_add(1, Ordering::SeqCst).to_string())
    }

    fn open(&self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        let store = SqliteStore::open(options(directory))?;
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        self.open.lock().unwrap().push((address(&shared), directory.to_owned(), store));
        Ok(shared)
    }

    fn take(&self, store: &Arc<dyn Store>) -> (PathBuf, Arc<SqliteStore>) {
        let mut open = self.open.lock().unwrap();
        let place = open.iter().position(|(at, _, _)| *at == address(store)).unwrap();
        let (_, directory, store) = open.swap_remove(place);
        (directory, store)
    }
}

fn address(store: &Arc<dyn Store>) -> usize {
    Arc::as_ptr(store).cast::<()>().addr()
}

pub fn options(directory: &Path) -> Options {
    Options { floor_bytes: 0, ..Options::new(directory) }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        // The shared memory of SQLite dies with its processes.
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false if entry.file_name() == "facteur.db-shm" => {}
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

impl Subject for Sqlite {
    fn fresh(&self) -> Later<'_, Arc<dyn Store>> {
        Box::pin(async { self.open(&self.next_directory()) })
    }

    fn crash(&self, store: Arc<dyn Store>) -> Later<'_, Arc<dyn Store>> {
        Box::pin(async move {
            let (directory, running) = self.take(&store);
            let found = self.next_directory();
            copy(&directory, &found);
            drop((store, running));
            fs::remove_dir_all(directory).unwrap();
            self.open(&found)
        })
    }

    fn restart(&self, store: Arc<dyn Store>) -> Later<'_, Arc<dyn Store>> {
        Box::pin(async move {
            let (directory, running) = self.take(&store);
            running.close().await?;
            // Closed, it lets go of its directory even while somebody still has a handle.
            let again = self.open(&directory)?;
            assert_eq!(store.totals().await, Err(StoreError::Closed));
            assert_eq!(store.recover(NOON).await, Err(StoreError::Closed));
            Ok(again)
        })
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
