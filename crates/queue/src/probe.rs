//! Probes: closed relays are gone to without mail, until they open.

use crate::Queue;
use crate::closure::worsen;
use crate::schedule::{State, lock};
use explain::{Effect, Place};
use mail::{ClosureId, Evidence, Timestamp};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use store::{Closure, Relay, StoreError};

/// A closure whose time to be tried has come. Dropped without an answer (its worker panicked or was stopped), it counts
/// as a try that failed, and the next one comes in its time.
#[derive(Debug)]
pub struct ProbeDue {
    /// The closure.
    pub closure: ClosureId,
    /// The relay to go to.
    pub relay: Arc<Relay>,
    /// When it is tried again if nobody answers.
    again_at: Timestamp,
    state: Arc<Mutex<State>>,
}

impl Drop for ProbeDue {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        let Some(standing) = state.closures.get_mut(self.closure).filter(|standing| standing.probing) else {
            return;
        };
        standing.probing = false;
        // A probe that was asked for in the meantime is not put off.
        if standing.closure.reopen_at <= self.again_at {
            standing.closure.reopen_at = self.again_at;
        }
        state.prober.raise();
    }
}

/// What the prober has to do now, and when it wakes by itself.
#[derive(Debug, Default)]
pub struct Probe {
    /// The relays to go to now.
    pub due: Vec<ProbeDue>,
    /// Closures of senders whose time is over: they end, and their mail tries.
    pub over: Vec<ClosureId>,
    /// When the next one is due.
    pub next: Option<Timestamp>,
}

impl Queue {
    /// What the prober has to do.
    pub fn probes(&self, now: Timestamp) -> Probe {
        let mut state = self.lock();
        let state = &mut *state;
        let mut probe = Probe::default();
        for standing in state.closures.all_mut().filter(|standing| !standing.probing) {
            let closure = &standing.closure;
            if closure.reopen_at > now {
                probe.next = Some(probe.next.map_or(closure.reopen_at, |next| next.min(closure.reopen_at)));
            } else if closure.sender.is_some() {
                probe.over.push(closure.id);
            } else if let Some(relay) = state.routes.relay(closure.relay) {
                let again_at = self.timetable.reopen_at(now, closure.tries.saturating_add(1), closure.alarm);
                standing.probing = true;
                let shared = Arc::clone(&self.state);
                probe.due.push(ProbeDue { closure: standing.closure.id, relay, again_at, state: shared });
            }
        }
        probe
    }

    /// Waits until there is a new closure, or one is to be tried sooner.
    pub async fn probe_wanted(&self) {
        poll_fn(|context| self.lock().prober.poll(context)).await;
    }

    /// Takes what a probe saw: opens the relay, or waits longer. Gives the closure when the probe raised an alarm.
    pub async fn probed(
        &self,
        due: &ProbeDue,
        result: Result<(), Box<Evidence>>,
        now: Timestamp,
    ) -> Result<Option<Closure>, StoreError> {
        let Err(evidence) = result else { return self.lift(due.closure).await.map(|()| None) };
        let verdict = explain::judge(&evidence, Place::Relay);
        let (closure, events) = {
            let mut state = self.lock();
            state.prober.raise();
            let Some(standing) = state.closures.get_mut(due.closure) else { return Ok(None) };
            standing.probing = false;
            standing.closure.tries = standing.closure.tries.saturating_add(1);
            let alarm = verdict.effect == Effect::CloseRelay;
            let raised = worsen(standing, &evidence, &verdict, alarm, &due.relay);
            standing.unsaved.extend(raised);
            let closure = &mut standing.closure;
            closure.reopen_at = self.timetable.reopen_at(now, closure.tries, closure.alarm);
            (closure.clone(), std::mem::take(&mut standing.unsaved))
        };
        let raised = (!events.is_empty()).then(|| closure.clone());
        match self.keep(&closure, events.clone()).await {
            Ok(()) => Ok(raised),
            Err(error) => {
                // The next probe stores it, and raises the alarm then.
                if let Some(standing) = self.lock().closures.get_mut(due.closure) {
                    standing.unsaved.splice(0..0, events);
                }
                Err(error)
            }
        }
    }
}
