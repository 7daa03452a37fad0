//! What a person may do with waiting mail: retry now, hold, release, delete; one by one or in bulk.

use crate::Queue;
use mail::{ClosureId, RecipientId};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use store::{Act, EventKind, Filter, NewEvent, Page, StoreError};

/// What came of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Acted {
    /// Messages of which at least one recipient was changed.
    pub messages: u64,
    /// Recipients that were changed.
    pub recipients: u64,
    /// Recipients that were being sent at that moment, and were left alone.
    pub in_flight: u64,
}

impl Queue {
    /// Does something to all recipients that a filter means and that are not final. Pages through the queue, so that
    /// a hundred thousand messages neither fill memory nor stop the mail.
    pub async fn act(&self, act: Act, filter: Filter) -> Result<Acted, StoreError> {
        let mut acted = Acted::default();
        let mut waits: HashSet<ClosureId> = HashSet::new();
        let mut page = Page { after: None, limit: Page::MAX };
        loop {
            let rows = self.store.list(filter.clone(), page).await?;
            let Some(last) = rows.last() else { break };
            page.after = Some(last.id);
            let recipients = rows.iter().flat_map(|row| row.recipients.iter().map(move |r| (row, r)));
            let open: Vec<_> = recipients.filter(|(_, r)| !r.state.is_final()).collect();
            waits.extend(open.iter().filter_map(|(_, r)| r.closure));
            let ids = open.iter().map(|(row, r)| RecipientId { message: row.id, index: r.index }).collect();
            self.act_on(act, ids, &mut acted).await?;
        }
        if act == Act::Retry {
            self.hasten(&waits);
        }
        Ok(acted)
    }

    async fn act_on(&self, act: Act, ids: Vec<RecipientId>, acted: &mut Acted) -> Result<(), StoreError> {
        let set: HashSet<RecipientId> = ids.iter().copied().collect();
        let withdrawn = self.lock().withdraw(&set);
        if !withdrawn.is_empty() {
            self.store.release(withdrawn).await?;
        }
        // What the feeder was about to give back counts as waiting, not as in flight.
        self.release_now(&set).await?;
        let now = self.clock.now();
        let asked = ids.len();
        let changed = self.store.act(act, ids, now).await?;
        let kind = match act {
            Act::Retry => EventKind::Retried,
            Act::Hold => EventKind::Held,
            Act::Release => EventKind::Released,
            Act::Delete => EventKind::Cancelled,
        };
        let event = |id: &RecipientId| NewEvent {
            message: Some(id.message),
            recipient: Some(id.index),
            ..NewEvent::new(now, kind, mail::OwnerId::DEFAULT)
        };
        self.store.append(changed.iter().map(event).collect()).await?;
        let messages: HashSet<_> = changed.iter().map(|id| id.message).collect();
        acted.messages += messages.len() as u64;
        acted.recipients += changed.len() as u64;
        if matches!(act, Act::Hold | Act::Delete) {
            acted.in_flight += (asked - changed.len()) as u64;
        }
        self.lock().want_feed();
        Ok(())
    }

    async fn release_now(&self, ids: &HashSet<RecipientId>) -> Result<(), StoreError> {
        let ours: Vec<RecipientId> = {
            let mut state = self.lock();
            let (ours, rest) =
                std::mem::take(&mut state.abandoned).into_iter().partition(|id| ids.contains(id));
            state.abandoned = rest;
            ours
        };
        if ours.is_empty() { Ok(()) } else { self.store.release(ours).await }
    }

    /// "Retry now" behind a closure: the relay is probed now, and a stopped sender tries now.
    fn hasten(&self, closures: &HashSet<ClosureId>) {
        let now = self.clock.now();
        for id in closures {
            self.lock().closures.hasten(*id, now);
        }
        self.lock().prober.raise();
    }
}
