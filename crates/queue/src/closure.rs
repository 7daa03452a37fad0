//! Closures: a relay, or one sender on it, is stopped; its mail waits and leaves when the closure is lifted.

use crate::{Queue, Routes, Timetable};
use explain::{CauseId, Effect, Place};
use mail::{ClosureId, Evidence, RelayId, ReversePath, Timestamp};
use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use store::{Closure, EventKind, NewEvent, Page, Parking, Relay, StoreError};

/// A closure as the queue keeps it in memory.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub closure: Closure,
    pub probing: bool,
}

/// What stops a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    pub id: ClosureId,
    pub cause: &'static str,
    /// Whether the time under it does not count towards expiry.
    pub pauses: bool,
    pub tries: u32,
}

impl Stop {
    /// The wait behind this stop: it ends by itself at the moment at which the recipient expires under it.
    pub(crate) fn parking(
        &self,
        timetable: &Timetable,
        now: Timestamp,
        expires_at: Timestamp,
        paused_ms: i64,
    ) -> Parking {
        let grace = if self.pauses { timetable.max_pause_ms().saturating_sub(paused_ms).max(0) } else { 0 };
        // A recipient that is past its end already is looked at again in an hour, not in a busy loop.
        let wake_at = expires_at.plus_ms(grace).max(now.plus_secs(3_600));
        Parking { closure: self.id, since: now, wake_at }
    }
}

/// All closures, found by what they stop.
#[derive(Debug, Default)]
pub(crate) struct Closures {
    by_id: HashMap<ClosureId, Standing>,
    by_relay: HashMap<RelayId, ClosureId>,
    by_sender: HashMap<(RelayId, String), ClosureId>,
    /// How often a sender was stopped on a relay in vain: a lifted closure forgets, this does not.
    sender_tries: HashMap<(RelayId, String), u32>,
}

impl Closures {
    /// What stops mail of that sender through that relay; no relay at all stops it too.
    pub(crate) fn stopping(&self, relay: Option<RelayId>, from: &ReversePath) -> Option<Stop> {
        let Some(relay) = relay else {
            let cause = CauseId::NO_ROUTE.as_str();
            return Some(Stop { id: ClosureId::NO_ROUTE, cause, pauses: true, tries: 0 });
        };
        if self.by_id.is_empty() {
            return None;
        }
        let of_sender = || from.address().and_then(|address| self.by_sender.get(&(relay, address.key())));
        let id = self.by_relay.get(&relay).or_else(of_sender)?;
        self.by_id.get(id).map(|standing| stop_of(&standing.closure))
    }

    pub(crate) fn contains(&self, id: ClosureId) -> bool {
        self.by_id.contains_key(&id)
    }

    fn of_relay(&mut self, relay: RelayId) -> Option<&mut Standing> {
        self.by_relay.get(&relay).and_then(|id| self.by_id.get_mut(id))
    }

    fn insert(&mut self, closure: Closure) {
        match &closure.sender {
            Some(sender) => {
                let key = (closure.relay, sender.key());
                *self.sender_tries.entry(key.clone()).or_default() += 1;
                self.by_sender.insert(key, closure.id);
            }
            None => {
                self.by_relay.insert(closure.relay, closure.id);
            }
        }
        self.by_id.insert(closure.id, Standing { closure, probing: false });
    }

    fn remove(&mut self, id: ClosureId) -> Option<Closure> {
        let closure = self.by_id.remove(&id)?.closure;
        match &closure.sender {
            Some(sender) => self.by_sender.remove(&(closure.relay, sender.key())),
            None => self.by_relay.remove(&closure.relay),
        };
        Some(closure)
    }

    /// Makes a closure's probe due now.
    pub(crate) fn hasten(&mut self, id: ClosureId, now: Timestamp) {
        if let Some(standing) = self.by_id.get_mut(&id) {
            standing.closure.reopen_at = now;
        }
    }

    fn ids_of(&self, relay: RelayId) -> Vec<ClosureId> {
        self.by_id.values().filter(|s| s.closure.relay == relay).map(|s| s.closure.id).collect()
    }
}

fn stop_of(closure: &Closure) -> Stop {
    let cause = closure.cause.parse::<CauseId>().map_or(CauseId::UNKNOWN.as_str(), |cause| cause.as_str());
    Stop { id: closure.id, cause, pauses: closure.alarm, tries: closure.tries }
}

/// A closure whose time to be tried has come.
#[derive(Debug, Clone)]
pub struct ProbeDue {
    /// The closure.
    pub closure: ClosureId,
    /// The relay to go to.
    pub relay: Arc<Relay>,
}

/// What the prober has to do now, and when it wakes by itself.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    /// The relays to go to now.
    pub due: Vec<ProbeDue>,
    /// Closures of senders whose time is over: they end, and their mail tries.
    pub over: Vec<ClosureId>,
    /// When the next one is due.
    pub next: Option<Timestamp>,
}

/// What was decided about a relay's trouble.
pub(crate) struct Closed {
    pub stop: Stop,
    /// The closure to store, with its events, when it is new or has changed.
    pub save: Option<(Closure, Vec<NewEvent>)>,
}

impl Queue {
    /// Closes a relay, or one sender on it, for what was seen; gives the closure that stands already when there is one.
    /// `None` when the evidence is of an older configuration of the relay, or the relay is gone: then the mail tries again.
    pub(crate) fn close(
        &self,
        relay: &Relay,
        sender: Option<&ReversePath>,
        evidence: &Evidence,
        verdict: &explain::Verdict,
        now: Timestamp,
    ) -> Option<Closed> {
        let mut state = self.lock();
        if state.routes.relay(relay.id).is_none_or(|current| current.revision != relay.revision) {
            return None;
        }
        let alarm = sender.is_some() || verdict.effect == Effect::CloseRelay;
        if sender.is_none()
            && let Some(standing) = state.closures.of_relay(relay.id)
        {
            let save = worsen(&mut standing.closure, evidence, verdict, alarm, relay);
            return Some(Closed { stop: stop_of(&standing.closure), save });
        }
        let sender = sender.and_then(ReversePath::address).cloned();
        let tries = sender.as_ref().and_then(|s| state.closures.sender_tries.get(&(relay.id, s.key())));
        let tries = tries.copied().unwrap_or_default();
        let closure = Closure {
            id: ClosureId(self.mint.attempt_id(now).0),
            relay: relay.id,
            sender,
            cause: verdict.cause.as_str().to_owned(),
            evidence: evidence.clone(),
            since: now,
            reopen_at: self.timetable.reopen_at(now, tries, alarm),
            tries,
            alarm,
        };
        state.closures.insert(closure.clone());
        let jobs = match &closure.sender {
            Some(sender) => state.drain_sender(relay.id, &ReversePath::Address(sender.clone())),
            None => state.drain_lane(relay.id),
        };
        state.abandon(jobs);
        state.prober.raise();
        let events = if alarm { vec![closed_event(&closure, relay, now)] } else { Vec::new() };
        Some(Closed { stop: stop_of(&closure), save: Some((closure, events)) })
    }

    /// What the prober has to do.
    pub fn probes(&self, now: Timestamp) -> Probe {
        let mut state = self.lock();
        let state = &mut *state;
        let mut probe = Probe::default();
        for standing in state.closures.by_id.values_mut().filter(|s| !s.probing) {
            let closure = &standing.closure;
            if closure.reopen_at > now {
                probe.next = Some(probe.next.map_or(closure.reopen_at, |next| next.min(closure.reopen_at)));
            } else if closure.sender.is_some() {
                probe.over.push(closure.id);
            } else if let Some(relay) = state.routes.relay(closure.relay) {
                standing.probing = true;
                probe.due.push(ProbeDue { closure: closure.id, relay });
            }
        }
        probe
    }

    /// Waits until there is a new closure, or one is to be tried sooner.
    pub async fn probe_wanted(&self) {
        poll_fn(|context| self.lock().prober.poll(context)).await;
    }

    /// Takes what a probe saw: opens the relay, or waits longer.
    pub async fn probed(
        &self,
        due: &ProbeDue,
        result: Result<(), Box<Evidence>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Err(evidence) = result else { return self.lift(due.closure).await };
        let verdict = explain::judge(&evidence, Place::Relay);
        let save = {
            let mut state = self.lock();
            state.prober.raise();
            let Some(standing) = state.closures.by_id.get_mut(&due.closure) else { return Ok(()) };
            standing.probing = false;
            let closure = &mut standing.closure;
            closure.tries += 1;
            let alarm = verdict.effect == Effect::CloseRelay;
            let save = worsen(closure, &evidence, &verdict, alarm, &due.relay);
            closure.reopen_at = self.timetable.reopen_at(now, closure.tries, closure.alarm);
            (closure.clone(), save.map(|(_, events)| events).unwrap_or_default())
        };
        self.store.save_closure(save.0, save.1).await
    }

    /// Opens a relay and every sender on it: its credentials changed, or a test succeeded.
    pub async fn open_relay(&self, relay: RelayId) -> Result<(), StoreError> {
        let ids = self.lock().closures.ids_of(relay);
        for id in ids {
            self.lift(id).await?;
        }
        Ok(())
    }

    /// Ends a closure: what was parked on it is due, the oldest first.
    pub async fn lift(&self, id: ClosureId) -> Result<(), StoreError> {
        let Some(closure) = self.lock().closures.remove(id) else { return Ok(()) };
        self.unpark_all(id, closure.alarm).await?;
        let events = self.opened_event(&closure).into_iter().collect();
        self.store.remove_closure(id, events).await
    }

    fn opened_event(&self, closure: &Closure) -> Option<NewEvent> {
        let relay = self.relay(closure.relay).filter(|_| closure.alarm)?;
        tracing::info!(relay = %relay.name, cause = %closure.cause, "relay opened: its mail leaves, oldest first");
        let kind = if closure.sender.is_some() { EventKind::SenderResumed } else { EventKind::RelayOpened };
        let cause = Some(closure.cause.clone());
        Some(NewEvent {
            relay: Some(closure.relay),
            cause,
            ..NewEvent::new(self.clock.now(), kind, relay.owner)
        })
    }

    pub(crate) async fn unpark_all(&self, id: ClosureId, pauses: bool) -> Result<(), StoreError> {
        let max_pause_ms = pauses.then(|| self.timetable.max_pause_ms());
        loop {
            let count = self.store.unpark(id, self.clock.now(), Page::MAX, max_pause_ms).await?;
            // The first page leaves while the others are still being freed.
            self.lock().want_feed();
            if count < Page::MAX {
                return Ok(());
            }
        }
    }

    /// Frees mail that was parked on a closure which was lifted in the meantime.
    pub(crate) async fn unpark_if_lifted(&self, id: ClosureId, epoch: u64) {
        let lifted = {
            let state = self.lock();
            if id == ClosureId::NO_ROUTE { state.routes_epoch != epoch } else { !state.closures.contains(id) }
        };
        if lifted && let Err(error) = self.unpark_all(id, true).await {
            tracing::error!(%error, "mail of an ended closure could not be freed: the next start frees it");
        }
    }

    /// Reads relays, routes and closures anew: call it after each change of them. A relay whose configuration changed is
    /// opened at once, and mail that had no route looks for one.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let relays = self.store.relays().await?;
        let routes = Routes::new(relays, self.store.routes().await?);
        let changed: Vec<RelayId> = {
            let mut state = self.lock();
            let newer = |relay: &&Arc<Relay>| {
                state.routes.relay(relay.id).is_none_or(|known| known.revision != relay.revision)
            };
            let mut changed: Vec<RelayId> = routes.relays().filter(newer).map(|relay| relay.id).collect();
            let gone = state.routes.relays().filter(|known| routes.relay(known.id).is_none());
            changed.extend(gone.map(|relay| relay.id));
            state.routes = routes;
            state.routes_epoch += 1;
            // What was bound for a relay may have another one now.
            let jobs = state.drain_all();
            state.abandon(jobs);
            changed
        };
        for relay in changed {
            self.open_relay(relay).await?;
        }
        self.unpark_all(ClosureId::NO_ROUTE, true).await
    }

    pub(crate) async fn recover(&self) -> Result<usize, StoreError> {
        let routes = Routes::new(self.store.relays().await?, self.store.routes().await?);
        let closures = self.store.closures().await?;
        let parked = self.store.parked_closures().await?;
        let orphans: Vec<ClosureId> = {
            let mut state = self.lock();
            state.routes = routes;
            closures.into_iter().for_each(|closure| state.closures.insert(closure));
            parked.into_iter().filter(|id| !state.closures.contains(*id)).collect()
        };
        for id in orphans {
            self.unpark_all(id, true).await?;
        }
        let now = self.clock.now();
        let perhaps = self.store.recover(now).await?;
        for page in perhaps.chunks(Page::MAX) {
            let event = |id: &mail::RecipientId| NewEvent {
                message: Some(id.message),
                recipient: Some(id.index),
                ..NewEvent::new(now, EventKind::PerhapsTwice, mail::OwnerId::DEFAULT)
            };
            self.store.append(page.iter().map(event).collect()).await?;
        }
        Ok(perhaps.len())
    }
}

/// Makes a standing closure say the newest news, and a mere back-off a real closure when the evidence has the right to it.
/// Gives what is to be stored, if that changed something that others see.
fn worsen(
    closure: &mut Closure,
    evidence: &Evidence,
    verdict: &explain::Verdict,
    alarm: bool,
    relay: &Relay,
) -> Option<(Closure, Vec<NewEvent>)> {
    // A closed relay that is out of reach as well stays closed for its first reason, which is the one to act on.
    if closure.alarm && !alarm {
        return None;
    }
    let raised = alarm && !closure.alarm;
    closure.cause = verdict.cause.as_str().to_owned();
    closure.evidence = evidence.clone();
    closure.alarm = alarm;
    raised.then(|| {
        closure.tries = 0;
        (closure.clone(), vec![closed_event(closure, relay, evidence.at)])
    })
}

fn closed_event(closure: &Closure, relay: &Relay, now: Timestamp) -> NewEvent {
    let kind = if closure.sender.is_some() { EventKind::SenderStopped } else { EventKind::RelayClosed };
    // The evidence goes with the event, so that whoever reads the log can word it without looking anything up.
    let detail = serde_json::to_string(&closure.evidence).unwrap_or_default();
    NewEvent {
        relay: Some(relay.id),
        cause: Some(closure.cause.clone()),
        detail,
        ..NewEvent::new(now, kind, relay.owner)
    }
}
