//! Questions to a store that holds thousands.

use crate::subject::{block_on, options};
use mail::Timestamp;
use std::sync::Arc;
use store::{Filter, History, Page, RecipientState, Spool, Start};
use store_sqlite::SqliteStore;
use testkit::contract::sample::{NOON, ended, message, of};

#[test]
fn public_ids_are_found_among_thousands() {
    let directory = tempfile::tempdir().unwrap();
    block_on(async {
        let store = SqliteStore::open(options(directory.path())).unwrap();
        let accept = async |numbers: &mut dyn Iterator<Item = i64>| {
            let calls: Vec<_> = numbers
                .map(|number| {
                    let store = Arc::clone(&store);
                    tokio::spawn(async move { store.accept(message(number, &[Start::Leased])).await })
                })
                .collect();
            for call in calls {
                call.await.unwrap().unwrap();
            }
        };
        accept(&mut (2..=5_000).step_by(2)).await;
        let find = async |number| store.by_public_id(message(number, &[]).public_id).await.unwrap();
        // Found in the tail, found by filling the index, and of those that came late, found beside it.
        for number in [2, 4_000, 5_000, 4_998] {
            assert_eq!(find(number).await, Some(of(number, 0).message), "{number}");
        }
        assert_eq!(find(3).await, None);
        accept(&mut [3, 4_999, 5_001, 5_002].into_iter()).await;
        for number in [3, 4_999, 5_001, 5_002, 2] {
            assert_eq!(
                find(number).await,
                Some(of(number, 0).message),
                "{number} after the index was filled"
            );
        }
        store.settle(ended(NOON, RecipientState::Delivered, &[of(3, 0), of(5_001, 0)])).await.unwrap();
        assert_eq!(store.purge(NOON.plus_secs(1), 10).await.unwrap(), 2);
        assert_eq!((find(3).await, find(5_001).await), (None, None));
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
