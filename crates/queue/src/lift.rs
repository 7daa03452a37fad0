//! Closures end: their mail is freed, oldest first, and whatever stops on the way is taken up again by the feeder.

use crate::schedule::{State, lock};
use crate::{Queue, Routes};
use mail::{ClosureId, OwnerId, QueueId, RecipientId, RelayId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use store::{Closure, EventKind, Filter, NewEvent, Page, StoreError};

/// Closures whose mail is to be freed: in memory until all of it is, and the row is gone from the store.
#[derive(Debug, Default)]
pub(crate) struct Endings {
    by_id: BTreeMap<ClosureId, Ending>,
}

/// One closure that has ended, or whose mail is to look for its relay again.
#[derive(Debug, Default)]
struct Ending {
    /// The row to be removed, when the closure has ended.
    row: Option<Closure>,
    /// Whether the time under it does not count towards expiry.
    pauses: bool,
    /// Whether mail may still be parked on it anew: then nothing is claimed until all of it has been freed, or what was
    /// freed would be parked and freed again, for ever.
    stands: bool,
    /// Whether somebody is freeing its mail.
    busy: bool,
    /// Grows with each mark: mail was parked on it after it was looked at.
    marks: u64,
}

impl Endings {
    fn mark(&mut self, id: ClosureId, pauses: bool, stands: bool) -> &mut Ending {
        let ending = self.by_id.entry(id).or_default();
        ending.marks += 1;
        ending.pauses |= pauses;
        ending.stands = stands;
        ending
    }

    /// Whether claims must wait: see [`Ending::stands`].
    pub(crate) fn hold_claims(&self) -> bool {
        self.by_id.values().any(|ending| ending.stands)
    }
}

impl State {
    /// Ends a closure: from now on it stops nothing. Its mail is still to be freed.
    pub(crate) fn end(&mut self, id: ClosureId) -> bool {
        let Some(closure) = self.closures.remove(id) else { return false };
        let ending = self.endings.mark(id, closure.alarm, false);
        ending.row = Some(closure);
        self.want_feed();
        true
    }

    /// A row was stored for a closure that had ended by then: it has to go again.
    fn end_row(&mut self, closure: &Closure) {
        let ending = self.endings.mark(closure.id, closure.alarm, false);
        ending.row = Some(closure.clone());
        self.want_feed();
    }

    /// Ends a block: its mail is still to be freed.
    pub(crate) fn end_block(&mut self, id: ClosureId) {
        self.endings.mark(id, true, false);
        self.want_feed();
    }

    /// Lets the mail behind a closure that stands, or that has no relay, look for its relay again.
    fn look_again(&mut self, id: ClosureId, pauses: bool) {
        self.endings.mark(id, pauses, true);
        self.want_feed();
    }

    /// Mail was parked on a closure in a commit that took its time: when the closure ended meanwhile, or the routes
    /// changed, the mail must not wait for it.
    pub(crate) fn parked_on(&mut self, id: ClosureId, epoch: u64) {
        let alarm = self.closures.get_mut(id).map(|standing| standing.closure.alarm);
        if self.blocks.stands(id) {
            return;
        }
        let stands = id == ClosureId::NO_ROUTE || alarm.is_some();
        if !stands || self.routes_epoch != epoch {
            self.endings.mark(id, alarm.unwrap_or(true), stands);
            self.want_feed();
        }
    }
}

/// Frees the mail of one ending; dropped halfway, it leaves the rest to the feeder.
struct Freeing {
    id: ClosureId,
    state: Arc<Mutex<State>>,
}

impl Drop for Freeing {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if let Some(ending) = state.endings.by_id.get_mut(&self.id) {
            ending.busy = false;
            state.want_feed();
        }
    }
}

impl Queue {
    /// Opens a relay and every sender on it: its credentials changed, or a test succeeded.
    pub async fn open_relay(&self, relay: RelayId) -> Result<(), StoreError> {
        let ids = {
            let mut state = self.lock();
            let mut ids = state.closures.ids_of(relay);
            ids.retain(|id| state.end(*id));
            ids
        };
        self.free(ids).await
    }

    /// Ends a closure: what was parked on it is due, the oldest first. When the store fails, the feeder goes on with it.
    pub async fn lift(&self, id: ClosureId) -> Result<(), StoreError> {
        self.lock().end(id);
        self.free([id]).await
    }

    /// Frees the mail of these endings, as far as nobody else is at it.
    pub(crate) async fn free(&self, ids: impl IntoIterator<Item = ClosureId>) -> Result<(), StoreError> {
        for id in ids {
            self.free_one(id).await?;
        }
        Ok(())
    }

    /// Frees the mail of every ending that nobody is at: the feeder's part.
    pub(crate) async fn free_left(&self) -> Result<(), StoreError> {
        let ids: Vec<ClosureId> = self.lock().endings.by_id.keys().copied().collect();
        self.free(ids).await
    }

    async fn free_one(&self, id: ClosureId) -> Result<(), StoreError> {
        if !self.begin(id) {
            return Ok(());
        }
        let freeing = Freeing { id, state: Arc::clone(&self.state) };
        loop {
            let (pauses, marks, row) = {
                let state = self.lock();
                let Some(ending) = state.endings.by_id.get(&id) else { return Ok(()) };
                (ending.pauses, ending.marks, ending.row.clone())
            };
            self.unpark_all(id, pauses).await?;
            if let Some(closure) = row {
                let events = self.opened_event(&closure).into_iter().collect();
                match self.store.remove_closure(id, events).await {
                    // It was never stored, or went with its relay.
                    Err(StoreError::Missing { .. }) => {}
                    Err(error) => return Err(error),
                    Ok(()) => self.log_opened(&closure),
                }
            }
            // What was marked again meanwhile has more mail, or a row again.
            if self.freed(id, marks) {
                drop(freeing);
                return Ok(());
            }
        }
    }

    fn freed(&self, id: ClosureId, marks: u64) -> bool {
        let mut state = self.lock();
        let done = state.endings.by_id.get(&id).is_none_or(|ending| ending.marks == marks);
        if done {
            state.endings.by_id.remove(&id);
            state.want_feed();
        }
        done
    }

    fn begin(&self, id: ClosureId) -> bool {
        let mut state = self.lock();
        let free = state.endings.by_id.get_mut(&id).filter(|ending| !ending.busy);
        free.map(|ending| ending.busy = true).is_some()
    }

    fn opened_event(&self, closure: &Closure) -> Option<NewEvent> {
        let relay = self.relay(closure.relay).filter(|_| closure.alarm)?;
        let kind = if closure.sender.is_some() { EventKind::SenderResumed } else { EventKind::RelayOpened };
        let cause = Some(closure.cause.clone());
        Some(NewEvent {
            relay: Some(closure.relay),
            cause,
            ..NewEvent::new(self.clock.now(), kind, relay.owner)
        })
    }

    fn log_opened(&self, closure: &Closure) {
        let Some(relay) = self.relay(closure.relay).filter(|_| closure.alarm) else { return };
        let (name, cause) = (&relay.name, &closure.cause);
        if closure.sender.is_some() {
            tracing::info!(relay = %name, cause = %cause, "sender resumed on a relay: their mail tries again");
        } else {
            tracing::info!(relay = %name, cause = %cause, "relay opened: its mail leaves, oldest first");
        }
    }

    async fn unpark_all(&self, id: ClosureId, pauses: bool) -> Result<(), StoreError> {
        let max_pause_ms = pauses.then(|| self.timetable.max_pause_ms());
        // One moment for all, so that the oldest message is the longest due whatever page it was freed with.
        let now = self.clock.now();
        loop {
            let count = self.store.unpark(id, now, Page::MAX, max_pause_ms).await?;
            // The first page leaves while the others are still being freed.
            self.lock().want_feed();
            if count < Page::MAX {
                return Ok(());
            }
        }
    }

    /// Stores a closure. When it was lifted while it was on its way to the disk, or its relay removed, it goes again.
    pub(crate) async fn keep(&self, closure: &Closure, events: Vec<NewEvent>) -> Result<(), StoreError> {
        match self.store.save_closure(closure.clone(), events).await {
            Ok(()) => {
                let mut state = self.lock();
                if !state.closures.contains(closure.id) {
                    state.end_row(closure);
                }
                Ok(())
            }
            Err(StoreError::Missing { .. }) => {
                let mut state = self.lock();
                if !state.end(closure.id) {
                    state.parked_on(closure.id, 0);
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Reads relays, routes and closures anew: call it after each change of them. A relay whose configuration changed is
    /// opened at once, and mail that waits looks for its relay again when there is another choice.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let turn = {
            let mut state = self.lock();
            state.reloads_begun += 1;
            state.reloads_begun
        };
        let relays = self.store.relays().await?;
        let routes = Routes::new(relays, self.store.routes().await?);
        let ids = {
            let mut state = self.lock();
            // A reading that began later has seen all that this one has.
            if state.reload_applied > turn {
                return Ok(());
            }
            state.reload_applied = turn;
            apply(&mut state, routes)
        };
        self.free(ids).await
    }

    pub(crate) async fn recover(&self) -> Result<Vec<RecipientId>, StoreError> {
        let routes = Routes::new(self.store.relays().await?, self.store.routes().await?);
        let closures = self.store.closures().await?;
        let parked = self.store.parked_closures().await?;
        self.begin_with_blocks(&self.read_blocks().await?);
        let orphans: Vec<ClosureId> = {
            let mut state = self.lock();
            state.routes = routes;
            closures.into_iter().for_each(|closure| state.closures.insert(closure));
            // Without any route, what waits for one goes on waiting for it.
            let stands = |id: ClosureId| match id {
                ClosureId::NO_ROUTE => state.routes.is_empty(),
                id if id.is_block() => state.blocks.stands(id),
                id => state.closures.contains(id),
            };
            parked.into_iter().filter(|id| !stands(*id)).collect()
        };
        for id in orphans {
            self.unpark_all(id, true).await?;
        }
        let now = self.clock.now();
        let perhaps = self.store.recover(now).await?;
        for page in perhaps.chunks(Page::MAX) {
            let owners = self.owners_of(page).await?;
            let event = |id: &RecipientId| {
                let owner = owners.get(&id.message).copied().unwrap_or(OwnerId::DEFAULT);
                let (message, recipient) = (Some(id.message), Some(id.index));
                NewEvent { message, recipient, ..NewEvent::new(now, EventKind::PerhapsTwice, owner) }
            };
            self.store.append(page.iter().map(event).collect()).await?;
        }
        Ok(perhaps)
    }

    async fn owners_of(&self, page: &[RecipientId]) -> Result<HashMap<QueueId, OwnerId>, StoreError> {
        let mut ids: Vec<QueueId> = page.iter().map(|id| id.message).collect();
        ids.dedup();
        let filter = Filter { ids, ..Filter::default() };
        let rows = self.store.list(filter, Page { after: None, limit: Page::MAX }).await?;
        Ok(rows.into_iter().map(|row| (row.id, row.owner)).collect())
    }
}

/// Puts new routes in place. Gives the endings that this made.
fn apply(state: &mut State, routes: Routes) -> Vec<ClosureId> {
    let is_changed = |id: &RelayId| {
        let revision = |of: &Routes| of.relay(*id).map(|relay| relay.revision);
        revision(&routes) != revision(&state.routes)
    };
    let known = state.routes.relays().chain(routes.relays()).map(|relay| relay.id);
    let changed: Vec<RelayId> = known.filter(is_changed).collect();
    let other_choice = !routes.choose_alike(&state.routes);
    state.routes = routes;
    state.routes_epoch += 1;
    // What was bound for a relay may have another one now.
    let jobs = state.drain_all();
    state.abandon(jobs);
    let mut ids: Vec<ClosureId> =
        changed.into_iter().flat_map(|relay| state.closures.ids_of(relay)).collect();
    ids.retain(|id| state.end(*id));
    if other_choice {
        let standing: Vec<_> = state.closures.all().map(|closure| (closure.id, closure.alarm)).collect();
        for (id, pauses) in standing {
            state.look_again(id, pauses);
            ids.push(id);
        }
    }
    state.look_again(ClosureId::NO_ROUTE, true);
    ids.push(ClosureId::NO_ROUTE);
    ids
}
