//! The model of [`store::Statistics`].

use super::{MemoryStore, State};
use mail::{EventId, Timestamp};
use std::collections::BTreeMap;
use store::{
    CountKey, CountQuery, CountRow, Countable, Counts, Dimension, Event, EventKind, Later, MOST_KEYS,
    MOST_PRINCIPALS, Page, Span, Statistics, Tally, principal_key,
};

/// What was counted, and how far.
#[derive(Debug, Default)]
pub(super) struct Book {
    through: i64,
    rows: BTreeMap<CountKey, Counts>,
}

impl State {
    fn countable(&self, event: &Event) -> Tally {
        let message = event.message.and_then(|id| self.messages.get(&id));
        let recipients = message.map(|message| message.recipients.as_slice()).unwrap_or_default();
        let domain = |index: usize| Some(recipients.get(index)?.address.domain().as_ascii().to_owned());
        let domains = match (event.kind, event.recipient) {
            (EventKind::Accepted, _) => (0..recipients.len()).filter_map(domain).collect(),
            (_, Some(index)) => domain(usize::from(index)).into_iter().collect(),
            (_, None) => Vec::new(),
        };
        let mut tally = Tally::default();
        tally.count(&Countable {
            kind: event.kind,
            at: event.at,
            principal: message.map(|message| principal_key(message.new.principal)),
            relay: event.relay,
            cause: event.cause.as_deref(),
            domains,
        });
        tally
    }

    fn add_counts(&mut self, tally: Tally) {
        let rows = &mut self.book.rows;
        for (key, counts) in tally.0 {
            let of = |known: &&CountKey| {
                (known.span, known.at, known.dimension) == (key.span, key.at, key.dimension)
            };
            let most = if key.dimension == Dimension::All { MOST_PRINCIPALS } else { MOST_KEYS };
            let is_full = !rows.contains_key(&key) && rows.keys().filter(of).count() >= most;
            let key = if is_full { CountKey { principal: None, key: String::new(), ..key } } else { key };
            rows.entry(key).or_default().add(&counts);
        }
    }
}

impl Statistics for MemoryStore {
    fn count_events(&self, limit: usize) -> Later<'_, bool> {
        self.write(|state| {
            let after = EventId(state.book.through);
            let new: Vec<Event> = state
                .events
                .values()
                .filter(|event| event.id > after)
                .take(limit.min(Page::MAX))
                .cloned()
                .collect();
            for event in &new {
                let tally = state.countable(event);
                state.add_counts(tally);
                state.book.through = event.id.0;
            }
            Ok(!new.is_empty())
        })
    }

    fn counts(&self, query: CountQuery) -> Later<'_, Vec<CountRow>> {
        self.read(|state| {
            let own = query.principal.map(principal_key);
            let meant = state.book.rows.iter().filter(|(key, _)| {
                key.span == query.span
                    && key.at >= query.from
                    && key.at < query.to
                    && key.dimension == query.dimension
                    && own.is_none_or(|own| key.principal == Some(own))
            });
            let mut rows: Vec<CountRow> =
                meant.map(|(key, counts)| CountRow { key: key.clone(), counts: *counts }).collect();
            // Those that are counted together are stored as a kind of their own, behind all others.
            rows.sort_by_key(|row| (row.key.at, row.key.principal.unwrap_or((3, 0)), row.key.key.clone()));
            Ok(rows)
        })
    }

    fn add_counts(&self, tally: Tally) -> Later<'_, ()> {
        self.write(|state| {
            state.add_counts(tally);
            Ok(())
        })
    }

    fn forget_counts(&self, hours: Timestamp, days: Timestamp) -> Later<'_, ()> {
        self.write(|state| {
            state.book.rows.retain(|key, _| key.at >= if key.span == Span::Hour { hours } else { days });
            Ok(())
        })
    }
}
