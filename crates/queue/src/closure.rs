//! Closures: a relay, or one sender on it, is stopped; its mail waits and leaves when the closure is lifted.

use crate::road::Road;
use crate::{Queue, Timetable};
use explain::{CauseId, Effect};
use mail::{ClosureId, Evidence, RelayId, ReversePath, Timestamp};
use std::collections::HashMap;
use store::{Closure, EventKind, NewEvent, Parking, Relay};

/// The most senders that are stopped on relays at one time. A program that makes up a sender for each message must
/// not raise an alarm for each: past the limit its mail is tried again at the timetable's pace.
const STOPPED_SENDERS_MOST: usize = 1_000;

/// How often something is looked at that is past its end already, in seconds: not in a busy loop.
const PAST_END_SECS: i64 = 3_600;

/// A closure as the queue keeps it in memory.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub closure: Closure,
    pub probing: bool,
    /// The events of news that could not be stored yet.
    pub unsaved: Vec<NewEvent>,
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
        let end = self.end(timetable, expires_at, paused_ms);
        Parking { closure: self.id, since: now, wake_at: end.max(now.plus_secs(PAST_END_SECS)) }
    }

    /// When a recipient that waits behind this stop expires: time that does not count is at most what is left of it.
    pub(crate) fn end(&self, timetable: &Timetable, expires_at: Timestamp, paused_ms: i64) -> Timestamp {
        let grace = if self.pauses { timetable.max_pause_ms().saturating_sub(paused_ms).max(0) } else { 0 };
        expires_at.plus_ms(grace)
    }
}

/// All closures, found by what they stop.
#[derive(Debug, Default)]
pub(crate) struct Closures {
    by_id: HashMap<ClosureId, Standing>,
    by_relay: HashMap<RelayId, ClosureId>,
    by_sender: HashMap<(RelayId, String), ClosureId>,
    /// How often a sender was stopped on a relay in vain: a lifted closure forgets, this does not, until mail of that
    /// sender passes. Never more than [`STOPPED_SENDERS_MOST`].
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

    /// The closure of a relay, or of one sender on it.
    fn of(&mut self, relay: RelayId, sender: Option<&ReversePath>) -> Option<&mut Standing> {
        let id = match sender {
            None => self.by_relay.get(&relay),
            Some(from) => self.by_sender.get(&(relay, from.address()?.key())),
        };
        id.and_then(|id| self.by_id.get_mut(id))
    }

    pub(crate) fn get_mut(&mut self, id: ClosureId) -> Option<&mut Standing> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Standing> {
        self.by_id.values_mut()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Closure> {
        self.by_id.values().map(|standing| &standing.closure)
    }

    pub(crate) fn insert(&mut self, closure: Closure) {
        match &closure.sender {
            Some(sender) => {
                let key = (closure.relay, sender.key());
                if self.sender_tries.len() >= STOPPED_SENDERS_MOST {
                    self.sender_tries.retain(|key, _| self.by_sender.contains_key(key));
                }
                let tries = self.sender_tries.entry(key.clone()).or_default();
                *tries = closure.tries.saturating_add(1);
                self.by_sender.insert(key, closure.id);
            }
            None => {
                self.by_relay.insert(closure.relay, closure.id);
            }
        }
        self.by_id.insert(closure.id, Standing { closure, probing: false, unsaved: Vec::new() });
    }

    /// Forgets how often a sender was stopped on a relay: its mail passed.
    pub(crate) fn forgive(&mut self, relay: RelayId, from: &ReversePath) {
        if let Some(address) = from.address().filter(|_| !self.sender_tries.is_empty()) {
            self.sender_tries.remove(&(relay, address.key()));
        }
    }

    pub(crate) fn remove(&mut self, id: ClosureId) -> Option<Closure> {
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

    pub(crate) fn ids_of(&self, relay: RelayId) -> Vec<ClosureId> {
        self.by_id.values().filter(|s| s.closure.relay == relay).map(|s| s.closure.id).collect()
    }
}

fn stop_of(closure: &Closure) -> Stop {
    let cause = closure.cause.parse::<CauseId>().map_or(CauseId::UNKNOWN.as_str(), |cause| cause.as_str());
    Stop { id: closure.id, cause, pauses: closure.alarm, tries: closure.tries }
}

/// What was decided about a relay's trouble.
pub(crate) struct Closed {
    pub stop: Stop,
    /// The closure to store, with its events, when it is new or has changed.
    pub save: Option<(Closure, Vec<NewEvent>)>,
}

/// What came of the wish to close a relay, or a sender on it.
pub(crate) enum Closing {
    /// It is closed.
    Closed(Box<Closed>),
    /// The evidence is of a configuration that is no more: the mail tries again at once.
    Outdated,
    /// So many senders are stopped that one more is only tried again later.
    TooMany,
}

impl Queue {
    /// Closes a relay, or one sender on it, for what was seen; gives the closure that stands already when there is one.
    /// Nothing is closed when the evidence is of an older configuration of the relay, or the relay is gone.
    pub(crate) fn close(
        &self,
        relay: &Relay,
        sender: Option<&ReversePath>,
        evidence: &Evidence,
        verdict: &explain::Verdict,
        now: Timestamp,
    ) -> Closing {
        let mut state = self.lock();
        if state.routes.relay(relay.id).is_none_or(|current| current.revision != relay.revision) {
            return Closing::Outdated;
        }
        let alarm = sender.is_some() || verdict.effect == Effect::CloseRelay;
        if let Some(standing) = state.closures.of(relay.id, sender) {
            // What was under way when the relay closed tells nothing new, unless someone must act after all.
            let worse = alarm && !standing.closure.alarm;
            let save = if worse { worsen(standing, evidence, verdict, alarm, relay) } else { None };
            if worse {
                standing.closure.reopen_at = self.timetable.reopen_at(now, 0, true);
            }
            let save = save.map(|event| (standing.closure.clone(), vec![event]));
            let stop = stop_of(&standing.closure);
            state.prober.raise();
            return Closing::Closed(Box::new(Closed { stop, save }));
        }
        if sender.is_some() && state.closures.by_sender.len() >= STOPPED_SENDERS_MOST {
            return Closing::TooMany;
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
            reopen_at: match verdict.retry_after_secs.filter(|_| !alarm) {
                Some(asked) => now.plus_secs(self.timetable.obeyed_secs(asked)),
                None => self.timetable.reopen_at(now, tries, alarm),
            },
            tries,
            alarm,
        };
        state.closures.insert(closure.clone());
        let jobs = match &closure.sender {
            Some(sender) => state.drain_sender(relay.id, &ReversePath::Address(sender.clone())),
            None => state.drain_lane(&Road::Relay(relay.id)),
        };
        state.abandon(jobs);
        state.prober.raise();
        let events = if alarm { vec![closed_event(&closure, relay, now)] } else { Vec::new() };
        Closing::Closed(Box::new(Closed { stop: stop_of(&closure), save: Some((closure, events)) }))
    }
}

/// Makes a standing closure say the newest news, and a mere back-off a real closure when the evidence has the right to it.
/// Gives the event of the alarm that this raises.
pub(crate) fn worsen(
    standing: &mut Standing,
    evidence: &Evidence,
    verdict: &explain::Verdict,
    alarm: bool,
    relay: &Relay,
) -> Option<NewEvent> {
    let closure = &mut standing.closure;
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
        closed_event(closure, relay, evidence.at)
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
