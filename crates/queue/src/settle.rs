//! What becomes of a batch: each recipient's news, the relay's closure, the record of the attempt.

use crate::schedule::{Batch, Passenger};
use crate::timetable::{Facts, Verdict};
use crate::{Carried, Queue};
use explain::{Effect, Place};
use mail::{AttemptId, ClosureId, Evidence, OwnerId, RecipientId, Reply, Timestamp};
use std::sync::Arc;
use store::{
    Attempt, AttemptOutcome, Change, Closure, EventKind, NewEvent, RecipientState, RecipientUpdate,
    Settlement, StoreError,
};

/// A batch's outcome, decided and not stored yet. It may be recorded again when the store failed.
#[derive(Debug, Clone)]
pub struct Decided {
    owner: OwnerId,
    recipients: usize,
    closure: Option<(Closure, Vec<NewEvent>)>,
    settlement: Settlement,
    epoch: u64,
}

impl Decided {
    /// What is going to be stored.
    pub const fn settlement(&self) -> &Settlement {
        &self.settlement
    }
}

impl Queue {
    /// Decides what becomes of a batch, from what its courier saw.
    pub fn decide(&self, mut batch: Batch, carried: Carried) -> Decided {
        batch.land();
        let now = carried.ended_at;
        let mut decided = Decided {
            owner: batch.letter.owner,
            recipients: batch.passengers.len(),
            closure: None,
            settlement: Settlement::default(),
            epoch: self.lock().routes_epoch,
        };
        for (passenger, result) in batch.passengers.iter().zip(&carried.results) {
            let update = match result {
                Ok(_) => delivered(&batch, passenger),
                Err(evidence) => self.judge(&batch, passenger, evidence, now, &mut decided.closure),
            };
            decided.settlement.events.push(event_of(&update, &batch, now));
            decided.settlement.updates.push(update);
        }
        // A courier answers for each recipient; one that did not is tried again.
        for passenger in batch.passengers.get(carried.results.len()..).unwrap_or_default() {
            decided
                .settlement
                .updates
                .push(RecipientUpdate { attempted: false, ..again(&batch, passenger, now) });
        }
        decided.settlement.attempt = Some(attempt_of(self.mint.attempt_id(now), &batch, carried));
        decided
    }

    fn judge(
        &self,
        batch: &Batch,
        passenger: &Passenger,
        evidence: &Arc<Evidence>,
        now: Timestamp,
        save: &mut Option<(Closure, Vec<NewEvent>)>,
    ) -> RecipientUpdate {
        let verdict = explain::judge(evidence, Place::Relay);
        let failed = RecipientUpdate {
            evidence: Some(Arc::clone(evidence)),
            cause: Some(verdict.cause.as_str()),
            ..again(batch, passenger, now)
        };
        let before_mail = evidence.stage.is_before_mail();
        // The null sender is no sender that could be stopped: its notice fails like any refused message.
        let stop_sender = verdict.effect == Effect::StopSender && batch.letter.from.address().is_some();
        if before_mail || stop_sender {
            let sender = (!before_mail).then_some(&batch.letter.from);
            let Some(closed) = self.close(&batch.relay, sender, evidence, &verdict, now) else {
                return RecipientUpdate { attempted: false, ..failed };
            };
            if closed.save.is_some() {
                *save = closed.save;
            }
            let parking =
                closed.stop.parking(&self.timetable, now, passenger.expires_at, passenger.paused_ms);
            return RecipientUpdate {
                change: Change::Parked(parking),
                cause: Some(closed.stop.cause),
                ..failed
            };
        }
        if matches!(verdict.effect, Effect::Bounce | Effect::Suppress | Effect::StopSender) {
            return RecipientUpdate { change: Change::Final(RecipientState::Failed), ..failed };
        }
        let facts = Facts {
            id: failed.id,
            attempts: passenger.attempts + 1,
            expires_at: passenger.expires_at,
            asked_secs: verdict.retry_after_secs,
            asked_wait_used: passenger.asked_wait_used,
        };
        match self.timetable.after_failure(now, &facts) {
            Verdict::Expired => RecipientUpdate { change: Change::Final(RecipientState::Expired), ..failed },
            Verdict::Again { at, asked } => {
                let asked_wait_used = passenger.asked_wait_used || asked;
                RecipientUpdate { change: Change::Due(at), asked_wait_used, ..failed }
            }
        }
    }

    /// Stores what was decided: durable when ready. May be called again when it failed.
    pub async fn record(&self, decided: &Decided) -> Result<(), StoreError> {
        // The closure first: mail parked on a closure that is not stored would wait for nothing after a crash.
        if let Some((closure, events)) = &decided.closure {
            self.store.save_closure(closure.clone(), events.clone()).await?;
        }
        self.store.settle(decided.settlement.clone()).await?;
        let mut parked: Vec<ClosureId> = Vec::new();
        {
            let mut state = self.lock();
            state.leave(decided.owner, decided.recipients);
            for update in &decided.settlement.updates {
                match &update.change {
                    Change::Due(at) => state.due_at(*at),
                    Change::Parked(parking) => {
                        state.due_at(parking.wake_at);
                        if !parked.contains(&parking.closure) {
                            parked.push(parking.closure);
                        }
                    }
                    Change::Final(_) => {}
                }
            }
        }
        for closure in parked {
            self.unpark_if_lifted(closure, decided.epoch).await;
        }
        Ok(())
    }
}

/// The update that every failure starts from: due at once, an attempt more.
fn again(batch: &Batch, passenger: &Passenger, now: Timestamp) -> RecipientUpdate {
    RecipientUpdate {
        id: RecipientId { message: batch.letter.id, index: passenger.index },
        change: Change::Due(now),
        relay: Some(batch.relay.id),
        evidence: None,
        cause: None,
        attempted: true,
        expires_at: passenger.expires_at,
        paused_ms: passenger.paused_ms,
        asked_wait_used: passenger.asked_wait_used,
    }
}

fn delivered(batch: &Batch, passenger: &Passenger) -> RecipientUpdate {
    let state = Change::Final(RecipientState::Delivered);
    RecipientUpdate { change: state, ..again(batch, passenger, batch.letter.received_at) }
}

fn event_of(update: &RecipientUpdate, batch: &Batch, now: Timestamp) -> NewEvent {
    let kind = match update.change {
        Change::Final(RecipientState::Delivered) => EventKind::Delivered,
        Change::Final(RecipientState::Expired) => EventKind::Expired,
        Change::Final(_) => EventKind::Failed,
        Change::Due(_) | Change::Parked(_) => EventKind::Deferred,
    };
    NewEvent {
        message: Some(update.id.message),
        recipient: Some(update.id.index),
        relay: Some(batch.relay.id),
        cause: update.cause.map(str::to_owned),
        ..NewEvent::new(now, kind, batch.letter.owner)
    }
}

fn attempt_of(id: AttemptId, batch: &Batch, carried: Carried) -> Attempt {
    let outcome = |(passenger, result): (&Passenger, &Result<Reply, Arc<Evidence>>)| AttemptOutcome {
        index: passenger.index,
        delivered: result.is_ok(),
        said: result.as_ref().map_or_else(|evidence| evidence.to_string(), Reply::to_string),
    };
    Attempt {
        id,
        message: batch.letter.id,
        relay: batch.relay.id,
        began_at: carried.began_at,
        ended_at: carried.ended_at,
        outcomes: batch.passengers.iter().zip(&carried.results).map(outcome).collect(),
        peer: carried.peer,
        tls: carried.tls,
        dialogue: carried.dialogue,
    }
}
