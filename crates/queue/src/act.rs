//! What a person may do with waiting mail: retry now, hold, release, delete; one by one or in bulk.

use crate::Queue;
use explain::CauseId;
use mail::{Address, ClosureId, Domain, OwnerId, QueueId, RecipientId, RelayId};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use store::{Act, EventKind, Filter, MessageRow, NewEvent, Page, RecipientRow, RecipientState, StoreError};

/// How often an act is repeated for what the feeder brought into memory meanwhile.
const ROUNDS: usize = 3;

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
        self.act_noting(act, filter, &|_| true, &mut |_| {}).await
    }

    /// Does something to these recipients, as far as the act means the state that they are in by now: takes back what was
    /// done to them, and to no other.
    pub async fn act_on_these(
        &self,
        act: Act,
        these: &HashSet<RecipientId>,
        noted: &mut (dyn FnMut(RecipientId) + Send),
    ) -> Result<Acted, StoreError> {
        let mut messages: Vec<QueueId> = these.iter().map(|id| id.message).collect();
        messages.sort_unstable();
        messages.dedup();
        let mut acted = Acted::default();
        for part in messages.chunks(Page::MAX) {
            let filter = Filter { ids: part.to_vec(), ..Filter::default() };
            let done = self.act_noting(act, filter, &|id| these.contains(&id), noted).await?;
            acted.messages += done.messages;
            acted.recipients += done.recipients;
            acted.in_flight += done.in_flight;
        }
        Ok(acted)
    }

    /// The same as [`Queue::act`] for those recipients of the filter that are meant; says which were changed.
    pub async fn act_noting(
        &self,
        act: Act,
        filter: Filter,
        is_one: &(dyn Fn(RecipientId) -> bool + Sync),
        noted: &mut (dyn FnMut(RecipientId) + Send),
    ) -> Result<Acted, StoreError> {
        let mut acted = Acted::default();
        let mut waits: HashSet<ClosureId> = HashSet::new();
        let mut domains: HashSet<Domain> = HashSet::new();
        let mut messages: HashSet<QueueId> = HashSet::new();
        let mut page = Page { after: None, limit: Page::MAX };
        loop {
            let rows = self.store.list(filter.clone(), page).await?;
            let Some(last) = rows.last() else { break };
            page.after = Some(last.id);
            let recipients = rows.iter().flat_map(|row| row.recipients.iter().map(move |r| (row, r)));
            let named = |row: &MessageRow, r: &RecipientRow| RecipientId { message: row.id, index: r.index };
            let meant: Vec<_> =
                recipients.filter(|(row, r)| is_meant(act, r.state) && is_one(named(row, r))).collect();
            waits.extend(meant.iter().filter_map(|(_, r)| r.closure));
            let direct = meant.iter().filter(|(_, r)| r.relay == Some(RelayId::DIRECT));
            domains.extend(
                direct.filter_map(|(_, r)| Some(r.address.parse::<Address>().ok()?.domain().clone())),
            );
            let owners: HashMap<QueueId, OwnerId> = rows.iter().map(|row| (row.id, row.owner)).collect();
            // A page of messages may have a thousand times as many recipients.
            for part in meant.chunks(Page::MAX) {
                let ids = part.iter().map(|(row, r)| named(row, r));
                let (asked, changed) = (part.len(), self.act_on(act, ids.collect(), &owners).await?);
                messages.extend(changed.iter().map(|id| id.message));
                changed.iter().copied().for_each(&mut *noted);
                acted.recipients += changed.len() as u64;
                if matches!(act, Act::Hold | Act::Delete | Act::Undo | Act::Fail) {
                    acted.in_flight += asked.saturating_sub(changed.len()) as u64;
                }
            }
            acted.messages += messages.len() as u64;
            messages.clear();
        }
        if act == Act::Retry {
            self.hasten(&waits, &domains);
        }
        Ok(acted)
    }

    /// Does it to a page of recipients. Gives those that were changed.
    async fn act_on(
        &self,
        act: Act,
        ids: Vec<RecipientId>,
        owners: &HashMap<QueueId, OwnerId>,
    ) -> Result<Vec<RecipientId>, StoreError> {
        let now = self.clock.now();
        let mut left: HashSet<RecipientId> = ids.iter().copied().collect();
        let mut changed = Vec::new();
        for _ in 0..ROUNDS {
            self.take_back(&left).await?;
            let done = self.store.act(act, ids.iter().filter(|id| left.contains(id)).copied().collect(), now);
            let done = done.await?;
            let acted: HashSet<RecipientId> = done.iter().copied().collect();
            left.retain(|id| !acted.contains(id));
            changed.extend(done);
            // The feeder may have claimed some between the two steps.
            if left.is_empty() || !self.lock().holds(&left) {
                break;
            }
        }
        let kind = match act {
            Act::Retry => EventKind::Retried,
            Act::Hold => EventKind::Held,
            Act::Release => EventKind::Released,
            Act::Delete | Act::Undo => EventKind::Cancelled,
            Act::Fail => EventKind::Failed,
        };
        let event = |id: &RecipientId| {
            let owner = owners.get(&id.message).copied().unwrap_or(OwnerId::DEFAULT);
            let (message, recipient) = (Some(id.message), Some(id.index));
            let cause = (act == Act::Fail).then(|| CauseId::GIVEN_UP.to_string());
            NewEvent { message, recipient, cause, ..NewEvent::new(now, kind, owner) }
        };
        self.store.append(changed.iter().map(event).collect()).await?;
        if let Some(witness) = self.witness.get().filter(|_| !changed.is_empty()) {
            witness.acted(act, &changed);
        }
        self.lock().want_feed();
        Ok(changed)
    }

    /// Takes recipients out of memory, and gives them back to the store together with those that the feeder was about to
    /// give back: they wait, and are not in flight.
    async fn take_back(&self, ids: &HashSet<RecipientId>) -> Result<(), StoreError> {
        let ours: Vec<RecipientId> = {
            let mut state = self.lock();
            let withdrawn = state.withdraw(ids);
            state.abandoned.extend(withdrawn);
            state.abandoned.iter().filter(|id| ids.contains(id)).copied().collect()
        };
        for page in ours.chunks(Page::MAX) {
            self.store.release(page.to_vec()).await?;
            self.lock().forget_abandoned(&page.iter().copied().collect());
        }
        Ok(())
    }

    /// "Retry now" behind a closure: the relay is probed now, and a stopped sender tries now. So does a destination that is
    /// left alone for a while.
    fn hasten(&self, closures: &HashSet<ClosureId>, domains: &HashSet<Domain>) {
        let now = self.clock.now();
        let mut state = self.lock();
        closures.iter().for_each(|id| state.closures.hasten(*id, now));
        domains.iter().for_each(|domain| state.destinations.hasten(domain, now));
        state.prober.raise();
    }
}

/// Whether an act means recipients of that state: only what waits is retried or held, only what is held is released.
const fn is_meant(act: Act, state: RecipientState) -> bool {
    match act {
        Act::Retry | Act::Hold => matches!(state, RecipientState::Waiting),
        Act::Release => matches!(state, RecipientState::Held),
        Act::Delete | Act::Undo | Act::Fail => !state.is_final(),
    }
}
