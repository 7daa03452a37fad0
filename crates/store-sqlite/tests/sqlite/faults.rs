//! What is on the disk, and what may be wrong with it.

use crate::subject::{block_on, options};
use mail::Clock;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use store::{Body, Directory, History, RecipientState, Spool, Start, StoreError};
use store_sqlite::{Options, SqliteStore};
use testkit::contract::sample::{NOON, ended, message, of, parked, relay};

#[test]
fn a_second_process_is_told_who_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(options(directory.path())).unwrap();
    let path = directory.path().canonicalize().unwrap().display().to_string();
    let in_use = StoreError::InUse { pid: std::process::id(), path };
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
    let refused = SqliteStore::open(options(directory.path())).err();
    assert!(matches!(refused, Some(StoreError::Newer { found: 99, known: 1..99 })), "{refused:?}");
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
        store.set_setting("secret.one".to_owned(), Some("passport".to_owned())).await.unwrap();
        store.close().await.unwrap();
    });
    let database = fs::read(directory.path().join("facteur.db")).unwrap();
    assert!(!database.windows(8).any(|window| window == "passport".as_bytes()));
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
fn a_body_whose_writer_went_away_is_removed_while_the_store_runs() {
    let directory = tempfile::tempdir().unwrap();
    let bodies = directory.path().join("bodies");
    let clock = Clock::manual(NOON);
    block_on(async {
        let open = Options { floor_bytes: 0, clock: clock.clone(), ..Options::new(directory.path()) };
        let store = SqliteStore::open(open).unwrap();
        let finished = async || {
            let mut sink = store.body_sink().await.unwrap();
            sink.append(vec![b'x'; 400_000]).await.unwrap();
            sink.finish().await.unwrap()
        };
        let left = finished().await;
        clock.advance(std::time::Duration::from_secs(3_500));
        let fresh = finished().await;
        assert_eq!(files_under(&bodies), 2, "its message may still come");
        clock.advance(std::time::Duration::from_secs(200));
        drop(store.body_sink().await.unwrap());
        assert_eq!(files_under(&bodies), 1, "nobody names it any more");
        let naming = |number, stored| {
            let mut late = message(number, &[Start::Leased]);
            late.body = Body::Stored(stored);
            late
        };
        let refused = store.accept(naming(1, left)).await;
        assert!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
        store.accept(naming(2, fresh)).await.unwrap();
        // The writer goes away in the middle, and its message is refused: an id is taken once.
        let again = finished().await;
        drop(tokio::time::timeout(std::time::Duration::ZERO, store.accept(naming(2, again))).await);
        store.set_setting("after".to_owned(), None).await.unwrap();
        let deadline = Clock::System.now().plus_secs(10);
        while files_under(&bodies) > 1 && Clock::System.now() < deadline {
            tokio::task::yield_now().await;
        }
        assert_eq!(files_under(&bodies), 1, "the refused one is removed");
        store.close().await.unwrap();
    });
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
