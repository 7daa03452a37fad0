//! What becomes of a batch: each recipient's news, the relay's closure, the record of the attempt.

use crate::closure::Closing;
use crate::road::{Hop, Road};
use crate::schedule::{Batch, Passenger, State, lock};
use crate::timetable::{Facts, Verdict};
use crate::{Carried, Queue, Timetable};
use explain::{Effect, Place};
use mail::{AttemptId, ClosureId, Domain, Evidence, OwnerId, RecipientId, Reply, ReversePath, Timestamp};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use store::{
    Attempt, AttemptOutcome, Change, Closure, EventKind, NewEvent, NoticeKind, RecipientState,
    RecipientUpdate, Settlement, StoreError, Wishes,
};

/// Seconds before a recipient for which a courier gave no answer is tried again.
const UNANSWERED_SECS: i64 = 60;

/// What became of a batch.
#[derive(Debug)]
pub(crate) struct Outcome {
    owner: OwnerId,
    recipients: usize,
    closure: Option<(Closure, Vec<NewEvent>)>,
    settlement: Settlement,
    epoch: u64,
    /// Whether the closure was given to the store before, with whatever success.
    tried: AtomicBool,
}

impl Outcome {
    /// What becomes of a batch whose courier was lost: it was tried, nobody knows how it went, and it is tried again.
    pub(crate) fn of_lost(batch: &Batch, timetable: &Timetable, now: Timestamp) -> Self {
        let mut settlement = Settlement::default();
        for passenger in &batch.passengers {
            let mut update = later(timetable, passenger, None, now, again(batch, passenger, now));
            if let Change::Final(state) = update.change {
                update.notice = owed(&batch.letter.from, &passenger.wishes, state, false);
            }
            settlement.events.push(event_of(&update, batch, now));
            settlement.updates.push(update);
        }
        let (owner, recipients) = (batch.letter.owner, batch.passengers.len());
        Self { owner, recipients, closure: None, settlement, epoch: 0, tried: AtomicBool::new(false) }
    }
}

/// A batch's outcome, decided and not stored yet. It may be recorded again when the store failed. Dropped before it was
/// recorded (its worker failed), it is recorded by the feeder.
#[derive(Debug)]
pub struct Decided {
    outcome: Arc<Outcome>,
    recorded: AtomicBool,
    state: Arc<Mutex<State>>,
}

impl Decided {
    /// What is going to be stored.
    pub fn settlement(&self) -> &Settlement {
        &self.outcome.settlement
    }

    /// The closure that this outcome raised an alarm with, to be logged: someone must act.
    pub fn alarm(&self) -> Option<&Closure> {
        self.outcome.closure.as_ref().filter(|(_, events)| !events.is_empty()).map(|(closure, _)| closure)
    }
}

impl Drop for Decided {
    fn drop(&mut self) {
        if !self.recorded.load(Ordering::Acquire) {
            let mut state = lock(&self.state);
            state.unrecorded.push(Arc::clone(&self.outcome));
            state.want_feed();
        }
    }
}

impl Queue {
    /// Decides what becomes of a batch, from what its courier saw.
    pub fn decide(&self, mut batch: Batch, carried: Carried) -> Decided {
        batch.land();
        let now = carried.ended_at;
        let epoch = self.lock().routes_epoch;
        let (mut settlement, mut closure) = (Settlement::default(), None);
        for (passenger, result) in batch.passengers.iter().zip(&carried.results) {
            let mut update = match result {
                Ok(_) => delivered(&batch, passenger),
                Err(evidence) => self.judge(&batch, passenger, evidence, now, &mut closure),
            };
            if let Change::Final(state) = update.change {
                update.notice = owed(&batch.letter.from, &passenger.wishes, state, carried.tells_success);
            }
            settlement.events.push(event_of(&update, &batch, now));
            settlement.updates.push(update);
        }
        // A courier answers for each recipient; one that did not is tried again, in a while.
        for passenger in batch.passengers.get(carried.results.len()..).unwrap_or_default() {
            let change = Change::Due(now.plus_secs(UNANSWERED_SECS));
            let update = RecipientUpdate { change, attempted: false, ..again(&batch, passenger, now) };
            settlement.updates.push(update);
        }
        if carried.results.iter().any(Result::is_ok) {
            let mut state = self.lock();
            match &batch.hop {
                Hop::Relay(relay) => state.closures.forgive(relay.id, &batch.letter.from),
                Hop::Direct(domain) => state.took(domain, now),
            }
        }
        settlement.signature.clone_from(&carried.signature);
        settlement.attempt = Some(attempt_of(self.mint.attempt_id(now), &batch, carried));
        let (owner, recipients) = (batch.letter.owner, batch.passengers.len());
        let tried = AtomicBool::new(false);
        let outcome = Arc::new(Outcome { owner, recipients, closure, settlement, epoch, tried });
        Decided { outcome, recorded: AtomicBool::new(false), state: batch.hand_over() }
    }

    fn judge(
        &self,
        batch: &Batch,
        passenger: &Passenger,
        evidence: &Arc<Evidence>,
        now: Timestamp,
        save: &mut Option<(Closure, Vec<NewEvent>)>,
    ) -> RecipientUpdate {
        let place = if batch.relay().is_some() { Place::Relay } else { Place::Direct };
        let verdict = explain::judge(evidence, place);
        let failed = RecipientUpdate {
            evidence: Some(Arc::clone(evidence)),
            cause: Some(verdict.cause.as_str()),
            ..again(batch, passenger, now)
        };
        let relay = match &batch.hop {
            Hop::Relay(relay) => relay,
            Hop::Direct(domain) => {
                return self.judge_direct(domain, passenger, &verdict, now, failed);
            }
        };
        let sender = match verdict.effect {
            // The policy allows these only before the mail; what closes a relay is worth a second lock.
            Effect::CloseRelay | Effect::BackOffRelay if evidence.stage.is_before_mail() => Some(None),
            // The null sender is no sender that could be stopped: its notice fails like any refused message.
            Effect::StopSender if batch.letter.from.address().is_some() => Some(Some(&batch.letter.from)),
            Effect::Bounce | Effect::Suppress | Effect::StopSender => {
                return RecipientUpdate { change: Change::Final(RecipientState::Failed), ..failed };
            }
            _ => None,
        };
        match sender.map(|sender| self.close(relay, sender, evidence, &verdict, now)) {
            Some(Closing::Closed(closed)) => {
                if closed.save.is_some() {
                    *save = closed.save;
                }
                let (stop, expires_at, paused_ms) = (closed.stop, passenger.expires_at, passenger.paused_ms);
                let parking = stop.parking(&self.timetable, now, expires_at, paused_ms);
                RecipientUpdate { change: Change::Parked(parking), cause: Some(stop.cause), ..failed }
            }
            Some(Closing::Outdated) => RecipientUpdate { attempted: false, ..failed },
            Some(Closing::TooMany) | None => {
                later(&self.timetable, passenger, verdict.retry_after_secs, now, failed)
            }
        }
    }

    /// What becomes of a recipient that a domain's hosts did not take. What was seen before any mail, and what asks for
    /// patience, speaks of the destination: all its mail waits a while.
    fn judge_direct(
        &self,
        domain: &Domain,
        passenger: &Passenger,
        verdict: &explain::Verdict,
        now: Timestamp,
        failed: RecipientUpdate,
    ) -> RecipientUpdate {
        if verdict.effect.is_final() || verdict.effect == Effect::StopSender {
            return RecipientUpdate { change: Change::Final(RecipientState::Failed), ..failed };
        }
        let before_mail = failed.evidence.as_ref().is_some_and(|seen| seen.stage.is_before_mail());
        let update = later(&self.timetable, passenger, verdict.retry_after_secs, now, failed);
        if !before_mail && verdict.effect != Effect::SlowDestination {
            return update;
        }
        let mut state = self.lock();
        let pause = state.destinations.failed(domain, verdict.retry_after_secs, &self.timetable, now);
        let jobs = state.drain_lane(&Road::Direct(domain.clone()));
        state.abandon(jobs);
        match update.change {
            Change::Due(at) => RecipientUpdate { change: Change::Due(at.max(pause.until)), ..update },
            Change::Final(_) | Change::Parked(_) => update,
        }
    }

    /// Stores what was decided: durable when ready. May be called again when it failed.
    pub async fn record(&self, decided: &Decided) -> Result<(), StoreError> {
        if decided.recorded.load(Ordering::Acquire) {
            return Ok(());
        }
        self.record_outcome(&decided.outcome).await?;
        decided.recorded.store(true, Ordering::Release);
        Ok(())
    }

    /// Stores the outcomes whose workers failed before they did.
    pub(crate) async fn record_left(&self) -> Result<(), StoreError> {
        loop {
            let Some(outcome) = self.lock().unrecorded.first().map(Arc::clone) else { return Ok(()) };
            self.record_outcome(&outcome).await?;
            self.lock().unrecorded.retain(|left| !Arc::ptr_eq(left, &outcome));
        }
    }

    async fn record_outcome(&self, outcome: &Outcome) -> Result<(), StoreError> {
        // The closure first: mail parked on a closure that is not stored would wait for nothing after a crash.
        if let Some((closure, events)) = &outcome.closure {
            let again = outcome.tried.swap(true, Ordering::AcqRel);
            // A store that failed may have stored it all the same: one alarm is enough.
            let stored = again && self.is_stored(closure).await?;
            self.keep(closure, if stored { Vec::new() } else { events.clone() }).await?;
        }
        self.settle(&outcome.settlement).await?;
        let mut parked: Vec<ClosureId> = Vec::new();
        let mut state = self.lock();
        state.leave(outcome.owner, outcome.recipients);
        for update in &outcome.settlement.updates {
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
        // The closure may have ended while the news was on its way to the disk.
        parked.into_iter().for_each(|closure| state.parked_on(closure, outcome.epoch));
        Ok(())
    }

    async fn is_stored(&self, closure: &Closure) -> Result<bool, StoreError> {
        let same = |row: &Closure| row.id == closure.id && row.alarm == closure.alarm;
        Ok(self.store.closures().await?.iter().any(same))
    }

    /// Settles, also what the store has in part or in whole from an earlier try that it reported as failed.
    async fn settle(&self, settlement: &Settlement) -> Result<(), StoreError> {
        match self.store.settle(settlement.clone()).await {
            Err(StoreError::Missing { .. } | StoreError::Exists { .. }) => {}
            settled => return settled,
        }
        let Some(first) = settlement.updates.first() else { return Ok(()) };
        let Some(story) = self.store.story(first.id.message).await? else { return Ok(()) };
        let is_ours = |attempt: &Attempt| settlement.attempt.as_ref().is_some_and(|own| own.id == attempt.id);
        if story.attempts.iter().any(is_ours) {
            return Ok(());
        }
        // Somebody else ended some of them, by a mistake of this program: the others must not wait for that.
        tracing::error!(message = %first.id.message, "recipients in flight were ended by somebody else");
        let row = |index: u16| story.message.recipients.iter().find(|row| row.index == index);
        let is_open = |index: u16| row(index).is_some_and(|row| !row.state.is_final());
        let mut rest = settlement.clone();
        rest.updates.retain(|update| is_open(update.id.index));
        rest.events.retain(|event| event.recipient.is_some_and(is_open));
        self.store.settle(rest).await
    }
}

/// The notice that a sender is owed of a recipient that came to its end (RFC 3461 §5.2); never in answer to a notice.
pub(crate) fn owed(
    from: &ReversePath,
    wishes: &Wishes,
    state: RecipientState,
    told_by_remote: bool,
) -> Option<NoticeKind> {
    from.address()?;
    let notify = wishes.notify.unwrap_or_default();
    match state {
        RecipientState::Failed | RecipientState::Expired if notify.failure => Some(NoticeKind::Failure),
        RecipientState::Delivered if notify.success && !told_by_remote => Some(NoticeKind::Relayed),
        _ => None,
    }
}

/// The update that every failure starts from: due at once, an attempt more.
fn again(batch: &Batch, passenger: &Passenger, now: Timestamp) -> RecipientUpdate {
    RecipientUpdate {
        id: RecipientId { message: batch.letter.id, index: passenger.index },
        change: Change::Due(now),
        relay: Some(batch.hop.relay_id()),
        evidence: None,
        cause: None,
        attempted: true,
        expires_at: passenger.expires_at,
        paused_ms: passenger.paused_ms,
        asked_wait_used: passenger.asked_wait_used,
        notice: None,
    }
}

/// A failure after which the recipient is tried again at its time, or given up.
fn later(
    timetable: &Timetable,
    passenger: &Passenger,
    asked_secs: Option<u32>,
    now: Timestamp,
    failed: RecipientUpdate,
) -> RecipientUpdate {
    let facts = Facts {
        id: failed.id,
        attempts: passenger.attempts.saturating_add(1),
        expires_at: passenger.expires_at,
        asked_secs,
        asked_wait_used: passenger.asked_wait_used,
    };
    match timetable.after_failure(now, &facts) {
        Verdict::Expired => RecipientUpdate { change: Change::Final(RecipientState::Expired), ..failed },
        Verdict::Again { at, asked } => {
            let asked_wait_used = passenger.asked_wait_used || asked;
            RecipientUpdate { change: Change::Due(at), asked_wait_used, ..failed }
        }
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
        relay: Some(batch.hop.relay_id()),
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
        relay: batch.hop.relay_id(),
        began_at: carried.began_at,
        ended_at: carried.ended_at,
        outcomes: batch.passengers.iter().zip(&carried.results).map(outcome).collect(),
        peer: carried.peer,
        tls: carried.tls,
        dialogue: carried.dialogue,
    }
}
