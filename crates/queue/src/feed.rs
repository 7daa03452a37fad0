//! The feeder: what is due in the store comes into memory, as far as there is room.

use crate::closure::Stop;
use crate::destination::Pause;
use crate::road::{Road, by_road};
use crate::schedule::{Job, Letter, Passenger, State, lock};
use crate::settle::owed;
use crate::{BoxFuture, Limits, Queue};
use explain::CauseId;
use mail::{ClosureId, QueueId, RecipientId, RelayId, ReversePath, Timestamp};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use store::{
    Change, ClaimLimits, Claimed, ClaimedMessage, ClaimedRecipient, EventKind, NewEvent, Page, Parking,
    RecipientState, RecipientUpdate, Settlement, StoreError,
};

/// The most recipients of one claim: a claim is one transaction, and others wait for it.
const CLAIM_MOST: usize = 500;

impl Queue {
    /// Brings what is due into memory. Gives when the next recipient will be due; the feeder sleeps until then, or until
    /// [`Queue::feed_wanted`].
    pub async fn feed(&self) -> Result<Option<Timestamp>, StoreError> {
        // Whatever becomes due from here on raises the signal, until the answer is known.
        self.lock().feeder_wakes_at = Timestamp::NEVER;
        loop {
            self.record_left().await?;
            self.release_abandoned().await?;
            self.free_left().await?;
            if !self.claiming.is_under_way() && !self.begin_claim() {
                return Ok(None);
            }
            let claimed = self.claiming.end().await?;
            let nothing = claimed.messages.is_empty();
            self.park(self.take_in(claimed.messages, self.clock.now())).await?;
            let mut state = self.lock();
            state.backlog = claimed.more;
            if !claimed.more || nothing {
                state.feeder_wakes_at = claimed.next_due.unwrap_or(Timestamp::NEVER);
                return Ok(claimed.next_due);
            }
        }
    }

    /// Waits until feeding makes sense again.
    pub async fn feed_wanted(&self) {
        poll_fn(|context| self.lock().feeder.poll(context)).await;
    }

    /// Gives back what is in nobody's hands. It stays noted until the store has confirmed.
    pub(crate) async fn release_abandoned(&self) -> Result<(), StoreError> {
        loop {
            let page: Vec<RecipientId> = self.lock().abandoned.iter().take(Page::MAX).copied().collect();
            if page.is_empty() {
                return Ok(());
            }
            self.store.release(page.clone()).await?;
            self.lock().forget_abandoned(&page.into_iter().collect());
        }
    }

    /// Begins a claim, if there is room.
    fn begin_claim(&self) -> bool {
        let Some(limits) = self.claim_limits() else { return false };
        let (store, now) = (Arc::clone(&self.store), self.clock.now());
        self.claiming.begin(Box::pin(async move { store.claim(now, limits).await }));
        true
    }

    /// Gives back what a claim brings that was under way when the feeder was stopped.
    pub(crate) async fn end_claim(&self) -> Result<(), StoreError> {
        if !self.claiming.is_under_way() {
            return Ok(());
        }
        let claimed = self.claiming.end().await?;
        let now = self.clock.now();
        self.park(self.take_in(claimed.messages, now)).await
    }

    /// How much may be claimed; `None` when there is no room, or the queue stops.
    fn claim_limits(&self) -> Option<ClaimLimits> {
        let mut state = self.lock();
        let Limits { active, active_per_owner, .. } = self.limits;
        let room = active.saturating_sub(state.active());
        // In smaller bites the feeder would spend more on transactions than on mail; in larger ones an owner with a single
        // message would wait for as many of the one whose mail fills the memory.
        if state.stopping || room < (active / 64).max(1) {
            state.backlog = !state.stopping;
            return None;
        }
        if state.endings.hold_claims() {
            return None;
        }
        Some(ClaimLimits { total: room.min(CLAIM_MOST), per_owner: active_per_owner.min(CLAIM_MOST) })
    }

    /// Finds each claimed recipient its place: a lane, or behind a closure. Gives what is to be parked or ended.
    fn take_in(&self, messages: Vec<ClaimedMessage>, now: Timestamp) -> ToPark {
        let mut settlement = Settlement::default();
        let sender = |message: &ClaimedMessage| (message.id, message.from.clone());
        let senders = self.witness.get().map(|_| messages.iter().map(sender).collect()).unwrap_or_default();
        let mut state = self.lock();
        let epoch = state.routes_epoch;
        for message in messages {
            let relay = relay_for(&state, &message);
            let stop = state.stopping(message.principal, relay, &message.from);
            if message.is_overtaken {
                overtaken(&message, now, &mut settlement);
                continue;
            }
            match (stop, relay) {
                (Some(stop), _) => {
                    // Nothing is tried behind a block, so that no relay's tries count.
                    let relay = relay.filter(|_| !stop.id.is_block());
                    for recipient in &message.recipients {
                        let update = self.stopped(&message, recipient, &stop, relay, now);
                        settlement.events.extend(expired_event(&update, &message, now));
                        settlement.updates.push(update);
                    }
                }
                (None, Some(relay)) => {
                    log_perhaps(&message);
                    self.take_in_open(&mut state, message, relay, now, &mut settlement);
                }
                // `stopping` answers for the missing relay.
                (None, None) => {}
            }
        }
        drop(state);
        ToPark { settlement, senders, epoch, state: Arc::clone(&self.state), done: false }
    }

    /// Puts what nothing stops into its lanes; what goes to a destination that is left alone for a while waits for that.
    fn take_in_open(
        &self,
        state: &mut State,
        mut message: ClaimedMessage,
        relay: RelayId,
        now: Timestamp,
        settlement: &mut Settlement,
    ) {
        let recipients = std::mem::take(&mut message.recipients);
        let mut lanes = Vec::new();
        for (road, row) in by_road(relay, recipients.iter(), |recipient| &recipient.address) {
            let pause = match &road {
                Road::Relay(_) => None,
                Road::Direct(domain) => state.held_back(domain, now),
            };
            match pause {
                None => {
                    state.enter_claimed(message.owner, row.len());
                    lanes.push((road, row.into_iter().cloned().map(passenger).collect()));
                }
                Some(pause) => {
                    for recipient in row {
                        let update = self.paused(&message, recipient, pause, now);
                        settlement.events.extend(expired_event(&update, &message, now));
                        settlement.updates.push(update);
                    }
                }
            }
        }
        let letter = Arc::new(letter_of(message));
        for (road, passengers) in lanes {
            // The queue may have been stopped while the claim was under way.
            state.enqueue_or_abandon(&road, Job { letter: Arc::clone(&letter), passengers }, now);
        }
    }

    /// A recipient whose destination is left alone for a while. The vain tries of others count as its own.
    fn paused(
        &self,
        message: &ClaimedMessage,
        recipient: &ClaimedRecipient,
        pause: Pause,
        now: Timestamp,
    ) -> RecipientUpdate {
        let tried = recipient.attempts.saturating_add(pause.tries) >= self.timetable.min_attempts;
        let expired = now >= recipient.expires_at && tried;
        let change = if expired { Change::Final(RecipientState::Expired) } else { Change::Due(pause.until) };
        let cause = Some(CauseId::DESTINATION_SLOWED.as_str());
        let update = waiting(message, recipient, change, cause);
        RecipientUpdate { relay: Some(RelayId::DIRECT), ..update }
    }

    /// Stores what was claimed and has to wait.
    async fn park(&self, mut parking: ToPark) -> Result<(), StoreError> {
        if !parking.settlement.updates.is_empty() {
            self.store.settle(parking.settlement.clone()).await?;
        }
        parking.done = true;
        self.tell_expired(&parking);
        let closures: BTreeSet<ClosureId> =
            parking.settlement.updates.iter().filter_map(closure_of).collect();
        let mut state = self.lock();
        closures.into_iter().for_each(|closure| state.parked_on(closure, parking.epoch));
        Ok(())
    }

    fn tell_expired(&self, parking: &ToPark) {
        let Some(witness) = self.witness.get() else { return };
        let expired = |update: &&RecipientUpdate| update.change == Change::Final(RecipientState::Expired);
        for update in parking.settlement.updates.iter().filter(expired) {
            if let Some((_, from)) = parking.senders.iter().find(|(id, _)| *id == update.id.message) {
                witness.expired(update.id, from);
            }
        }
    }

    fn stopped(
        &self,
        message: &ClaimedMessage,
        recipient: &ClaimedRecipient,
        stop: &Stop,
        relay: Option<RelayId>,
        now: Timestamp,
    ) -> RecipientUpdate {
        let since = recipient.parked.map_or(now, |parked| parked.since);
        let fresh = stop.parking(&self.timetable, now, recipient.expires_at, recipient.paused_ms);
        let parking = Parking { since, ..fresh };
        // Woken behind the closure, at the end of its life as the closure counts it now: it may have become an alarm, under
        // which time does not count, since the recipient was parked.
        let end = stop.end(&self.timetable, recipient.expires_at, recipient.paused_ms);
        let parked = recipient.parked.filter(|parked| parked.closure == stop.id && parked.wake_at <= now);
        let waited_out = parked.filter(|_| end <= now);
        // The relay's vain probes count as attempts. Without any route there is nothing to try; but a clock that jumps
        // makes everything old at once, so one that is found old is looked at a second time before it ends.
        let tried = match relay {
            Some(_) => recipient.attempts.saturating_add(stop.tries) >= self.timetable.min_attempts,
            None => parked.is_some_and(|parked| parked.wake_at > end),
        };
        let expired = waited_out.is_some() && tried;
        let change = if expired { Change::Final(RecipientState::Expired) } else { Change::Parked(parking) };
        RecipientUpdate { relay, ..waiting(message, recipient, change, Some(stop.cause)) }
    }
}

/// The claim that is under way. It outlives the feeder that began it: what the store has leased by then is in the answer,
/// and would be in nobody's hands without it.
#[derive(Default)]
pub(crate) struct Claiming {
    future: Mutex<Option<BoxFuture<'static, Result<Claimed, StoreError>>>>,
}

impl Claiming {
    fn slot(&self) -> MutexGuard<'_, Option<BoxFuture<'static, Result<Claimed, StoreError>>>> {
        self.future.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_under_way(&self) -> bool {
        self.slot().is_some()
    }

    fn begin(&self, claim: BoxFuture<'static, Result<Claimed, StoreError>>) {
        *self.slot() = Some(claim);
    }

    async fn end(&self) -> Result<Claimed, StoreError> {
        poll_fn(|context| {
            // Out of the slot while it is polled: one that panics must not be polled again.
            let Some(mut claim) = self.slot().take() else { return Poll::Ready(Ok(Claimed::default())) };
            let polled = claim.as_mut().poll(context);
            if polled.is_pending() {
                self.begin(claim);
            }
            polled
        })
        .await
    }
}

/// What was claimed and has to wait, until the store has it. Dropped before that, it is given back.
struct ToPark {
    settlement: Settlement,
    /// Who sent what was claimed, when somebody is told of what expires.
    senders: Vec<(QueueId, ReversePath)>,
    epoch: u64,
    state: Arc<Mutex<State>>,
    done: bool,
}

impl Drop for ToPark {
    fn drop(&mut self) {
        if !self.done {
            let mut state = lock(&self.state);
            state.abandoned.extend(self.settlement.updates.iter().map(|update| update.id));
            state.want_feed();
        }
    }
}

fn closure_of(update: &RecipientUpdate) -> Option<ClosureId> {
    match update.change {
        Change::Parked(parking) => Some(parking.closure),
        Change::Due(_) | Change::Final(_) => None,
    }
}

/// Says in the log what is about to leave although it perhaps left before. Here, and not where a crash is taken up: a
/// command may have done that while the server was stopped, and nobody reads its log.
fn log_perhaps(message: &ClaimedMessage) {
    for recipient in message.recipients.iter().filter(|recipient| recipient.perhaps_sent) {
        tracing::warn!(message = %message.id, recipient = recipient.index, "perhaps sent twice: it was about to leave when the server stopped without warning");
    }
}

/// The relay for a message. What was perhaps sent goes to the same relay again while that is open: the other end may know
/// the message by its id, and another relay never would.
fn relay_for(state: &State, message: &ClaimedMessage) -> Option<RelayId> {
    let before = message.recipients.iter().find(|recipient| recipient.perhaps_sent).and_then(|r| r.relay);
    let open = |id: &RelayId| {
        state.routes.may_carry(*id, message.principal)
            && state.closures.stopping(Some(*id), &message.from).is_none()
    };
    let wanted = message.extras.relay;
    let choice = || state.routes.choose_for(wanted, message.principal, message.owner, &message.from);
    before.filter(open).or_else(choice)
}

fn expired_event(update: &RecipientUpdate, message: &ClaimedMessage, now: Timestamp) -> Option<NewEvent> {
    matches!(update.change, Change::Final(_)).then(|| NewEvent {
        message: Some(message.id),
        recipient: Some(update.id.index),
        relay: update.relay,
        cause: update.cause.map(str::to_owned),
        ..NewEvent::new(now, EventKind::Expired, message.owner)
    })
}

/// A notice of a delay whose message has come to its end since tells nothing new: it is dropped.
fn overtaken(message: &ClaimedMessage, now: Timestamp, settlement: &mut Settlement) {
    for recipient in &message.recipients {
        let change = Change::Final(RecipientState::Cancelled);
        settlement.updates.push(waiting(message, recipient, change, None));
        let kind = EventKind::Cancelled;
        let (id, index) = (Some(message.id), Some(recipient.index));
        let event = NewEvent { message: id, recipient: index, ..NewEvent::new(now, kind, message.owner) };
        settlement.events.push(event);
    }
}

/// The update of a recipient that was claimed and is not tried now.
fn waiting(
    message: &ClaimedMessage,
    recipient: &ClaimedRecipient,
    change: Change,
    cause: Option<&'static str>,
) -> RecipientUpdate {
    let state = if let Change::Final(state) = change { Some(state) } else { None };
    RecipientUpdate {
        id: RecipientId { message: message.id, index: recipient.index },
        change,
        relay: None,
        evidence: None,
        cause,
        attempted: false,
        expires_at: recipient.expires_at,
        paused_ms: recipient.paused_ms,
        asked_wait_used: recipient.asked_wait_used,
        notice: state.and_then(|state| owed(&message.from, &recipient.wishes, state, false)),
    }
}

fn passenger(recipient: ClaimedRecipient) -> Passenger {
    Passenger {
        index: recipient.index,
        address: recipient.address,
        attempts: recipient.attempts,
        expires_at: recipient.expires_at,
        paused_ms: recipient.paused_ms,
        asked_wait_used: recipient.asked_wait_used,
        wishes: recipient.wishes,
    }
}

fn letter_of(message: ClaimedMessage) -> Letter {
    Letter {
        id: message.id,
        owner: message.owner,
        principal: message.principal,
        received_at: message.received_at,
        from: message.from,
        body_type: message.body_type,
        added_headers: message.added_headers,
        body_bytes: message.body_bytes,
        extras: message.extras,
        signature: message.signature.map(OnceLock::from).unwrap_or_default(),
        body: None,
        reserved: Vec::new(),
    }
}
