//! The contract's story on SQLite, and what can go wrong on a disk.

use mail::{Clock, Timestamp};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use store::{Body, Directory, Filter, History, Later, Page, RecipientState, Spool, Start, Store, StoreError};
use store_sqlite::{Options, SqliteStore};
use testkit::contract::sample::{NOON, ended, message, of, parked, relay};
use testkit::contract::{Failure, Subject, random, story};

/// SQLite in directories of its own. A crash is a copy of the files as they stand, made while the store is running.
struct Sqlite {
    parent: tempfile::TempDir,
    count: AtomicU32,
    open: Mutex<Vec<(usize, PathBuf, Arc<SqliteStore>)>>,
}

impl Sqlite {
    fn new() -> Arc<Self> {
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

fn options(directory: &Path) -> Options {
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

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

#[test]
fn sqlite_passes_the_story() {
    if let Err(Failure(text)) = block_on(story(Sqlite::new())) {
        panic!("{text}");
    }
}

#[test]
fn sqlite_walks_as_the_model_does() {
    let subject: Arc<dyn Subject> = Sqlite::new();
    for seed in 1..=8 {
        if let Err(Failure(text)) = block_on(random::walk(&subject, seed, 250)) {
            panic!("{text}");
        }
    }
}

#[test]
fn a_second_process_is_told_who_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(options(directory.path())).unwrap();
    let in_use = StoreError::InUse { pid: std::process::id() };
    assert_eq!(SqliteStore::open(options(directory.path())).err(), Some(in_use));
    drop(first);
    SqliteStore::open(options(directory.path())).unwrap();
}

#[test]
fn newer_data_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(options(directory.path())).unwrap());
    let path = directory.path().join("facteur.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = fs::read(&path).unwrap();
    let newer = StoreError::Newer { found: 99, known: 1 };
    assert_eq!(SqliteStore::open(options(directory.path())).err(), Some(newer));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_database_is_called_damaged() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("facteur.db"), vec![7; 20_000]).unwrap();
    let refused = SqliteStore::open(options(directory.path())).err();
    assert!(matches!(refused, Some(StoreError::Damaged { .. })), "{refused:?}");
}

#[test]
fn secrets_need_their_key() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    block_on(async {
        let store = SqliteStore::open(options(directory.path())).unwrap();
        store.save_relay(relay("one"), Vec::new()).await.unwrap();
        store.close().await.unwrap();
    });
    let database = fs::read(directory.path().join("facteur.db")).unwrap();
    assert!(
        !database.windows(8).any(|window| window == "ssword".as_bytes() || window == "pässwor".as_bytes())
    );
    let good = fs::read(&key).unwrap();
    fs::write(&key, b"00000000 00\n").unwrap();
    let refused = SqliteStore::open(options(directory.path())).err();
    assert!(matches!(refused, Some(StoreError::Damaged { .. })), "a damaged key: {refused:?}");
    fs::remove_file(&key).unwrap();
    let refused = SqliteStore::open(options(directory.path())).err();
    assert!(matches!(refused, Some(StoreError::Damaged { .. })), "no key: {refused:?}");
    assert!(!key.exists(), "no new key in its place");
    fs::write(&key, good).unwrap();
    let store = SqliteStore::open(options(directory.path())).unwrap();
    assert_eq!(block_on(store.relays()).unwrap().len(), 1);
}

#[test]
fn a_full_disk_refuses_mail_and_lets_it_be_settled() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(NOON);
    let floor = |floor_bytes| Options { floor_bytes, clock: clock.clone(), ..Options::new(directory.path()) };
    block_on(async {
        let store = SqliteStore::open(floor(0)).unwrap();
        store.accept(message(1, &[Start::Leased, parked(7)])).await.unwrap();
        store.close().await.unwrap();
        let store = SqliteStore::open(floor(u64::MAX)).unwrap();
        let mut large = message(3, &[Start::Leased]);
        large.body = Body::Memory(Arc::new(vec![b'x'; 1_000_000]));
        for message in [message(2, &[Start::Leased]), large] {
            let refused = store.accept(message).await;
            assert!(matches!(refused, Err(StoreError::Full { free_bytes }) if free_bytes > 0), "{refused:?}");
        }
        assert!(matches!(store.body_sink().await.err(), Some(StoreError::Full { .. })));
        assert_eq!(store.recover(NOON).await.unwrap(), vec![of(1, 0)]);
        store.settle(ended(NOON, RecipientState::Delivered, &[of(1, 0)])).await.unwrap();
        store.act(store::Act::Delete, vec![of(1, 1)], NOON).await.unwrap();
        assert_eq!(store.purge(NOON.plus_secs(1), 10).await.unwrap(), 1);
        assert_eq!(store.totals().await.unwrap().messages, 0);
        assert_eq!(files_under(&directory.path().join("bodies")), 0, "no body was left behind");
    });
}

#[test]
fn the_files_are_for_their_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("deep/data");
    block_on(async {
        let store = SqliteStore::open(options(&directory)).unwrap();
        let mut large = message(1, &[Start::Leased]);
        large.body = Body::Memory(Arc::new(vec![b'x'; 200_000]));
        store.accept(large).await.unwrap();
        assert_eq!(files_under(&directory.join("bodies")), 1);
        check_modes(&directory);
        store.close().await.unwrap();
    });
}

fn check_modes(directory: &Path) {
    assert_eq!(
        fs::metadata(directory).unwrap().permissions().mode() & 0o777,
        0o700,
        "{}",
        directory.display()
    );
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            check_modes(&entry.path());
        } else {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", entry.path().display());
        }
    }
}

fn files_under(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| if entry.file_type().unwrap().is_dir() { files_under(&entry.path()) } else { 1 })
        .sum()
}

#[test]
fn large_bodies_leave_their_files_when_they_are_done() {
    let directory = tempfile::tempdir().unwrap();
    let bodies = directory.path().join("bodies");
    block_on(async {
        let store = SqliteStore::open(options(directory.path())).unwrap();
        let mut sink = store.body_sink().await.unwrap();
        sink.append(vec![b'x'; 400_000]).await.unwrap();
        assert_eq!(files_under(&bodies), 1);
        drop(sink);
        assert_eq!(files_under(&bodies), 0, "an unfinished sink leaves nothing");
        let mut large = message(1, &[Start::Leased]);
        large.body = Body::Memory(Arc::new(vec![b'x'; 131_073]));
        store.accept(large).await.unwrap();
        assert_eq!(files_under(&bodies), 1);
        store.settle(ended(NOON, RecipientState::Delivered, &[of(1, 0)])).await.unwrap();
        store.close().await.unwrap();
        assert_eq!(files_under(&bodies), 0, "a delivered message needs no body");
    });
}

#[test]
fn an_open_queue_of_thousands_is_listed_to_its_end() {
    // More rows than one step of a list passes over, so that the steps must meet without a gap.
    let directory = tempfile::tempdir().unwrap();
    block_on(async {
        let store = SqliteStore::open(options(directory.path())).unwrap();
        let starts = vec![Start::Due(NOON); 700];
        for number in 1..=40 {
            store.accept(message(number, &starts)).await.unwrap();
        }
        let rare = Filter { recipient: Some("r699@example.net".to_owned()), ..Filter::default() };
        let rows = store.list(rare, Page { after: None, limit: 1_000 }).await.unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.id.get(), row.recipients.len())).collect();
        assert_eq!(found, (1..=40).map(|number| (number, 1)).collect::<Vec<_>>());
        let all = store.list(Filter::default(), Page { after: None, limit: 1_000 }).await.unwrap();
        assert_eq!(all.iter().map(|row| row.recipients.len()).sum::<usize>(), 40 * 700);
        assert_eq!(store.totals().await.unwrap().recipients, 40 * 700);
        assert_eq!(store.purge(Timestamp::NEVER, 10).await.unwrap(), 0, "nothing is finished");
    });
}
