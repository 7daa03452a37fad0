//! The feeder: what is due in the store comes into memory, as far as there is room.

use crate::closure::Stop;
use crate::schedule::{Job, Letter, Passenger};
use crate::{Limits, Queue};
use mail::{RecipientId, RelayId, Timestamp};
use std::future::poll_fn;
use std::sync::Arc;
use store::{
    Change, ClaimLimits, ClaimedMessage, ClaimedRecipient, EventKind, NewEvent, Page, Parking,
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
            self.release_abandoned().await?;
            let Some(limits) = self.claim_limits() else { return Ok(None) };
            let now = self.clock.now();
            let claimed = self.store.claim(now, limits).await?;
            let nothing = claimed.messages.is_empty();
            let parked = self.take_in(claimed.messages, now);
            if !parked.updates.is_empty() {
                self.store.settle(parked).await?;
            }
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

    async fn release_abandoned(&self) -> Result<(), StoreError> {
        let abandoned = std::mem::take(&mut self.lock().abandoned);
        for page in abandoned.chunks(Page::MAX) {
            if let Err(error) = self.store.release(page.to_vec()).await {
                self.lock().abandoned.extend_from_slice(page);
                return Err(error);
            }
        }
        Ok(())
    }

    /// How much may be claimed; `None` when there is no room, or the queue stops.
    fn claim_limits(&self) -> Option<ClaimLimits> {
        let mut state = self.lock();
        let Limits { active, active_per_owner, .. } = self.limits;
        let room = active.saturating_sub(state.active());
        // In small bites the feeder would spend more on transactions than on mail.
        if state.stopping || room < (active / 8).max(1) {
            state.backlog = !state.stopping;
            return None;
        }
        Some(ClaimLimits { total: room.min(CLAIM_MOST), per_owner: active_per_owner.min(CLAIM_MOST) })
    }

    /// Finds each claimed recipient its place: a lane, or behind a closure. Gives what is to be parked or ended.
    fn take_in(&self, messages: Vec<ClaimedMessage>, now: Timestamp) -> Settlement {
        let mut settlement = Settlement::default();
        let mut state = self.lock();
        for message in messages {
            let relay = state.routes.choose(message.principal, message.owner, &message.from);
            let stop = state.closures.stopping(relay, &message.from);
            match (stop, relay) {
                (Some(stop), _) => {
                    for recipient in &message.recipients {
                        let update = self.stopped(&message, recipient, &stop, relay, now);
                        settlement.events.extend(expired_event(&update, &message, now));
                        settlement.updates.push(update);
                    }
                }
                (None, Some(relay)) => {
                    state.enter_claimed(message.owner, message.recipients.len());
                    state.enqueue(relay, job_of(message));
                }
                // `stopping` answers for the missing relay.
                (None, None) => {}
            }
        }
        settlement
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
        // Woken behind the closure, at the end of its life: the relay's vain probes count as attempts.
        let waited_out =
            recipient.parked.is_some_and(|parked| parked.closure == stop.id && parked.wake_at <= now);
        let tried = recipient.attempts.saturating_add(stop.tries) >= self.timetable.min_attempts;
        // Without any route there is nothing to try, so age alone ends the wait.
        let expired = waited_out && (tried || relay.is_none());
        let change = if expired { Change::Final(RecipientState::Expired) } else { Change::Parked(parking) };
        RecipientUpdate {
            id: RecipientId { message: message.id, index: recipient.index },
            change,
            relay,
            evidence: None,
            cause: Some(stop.cause),
            attempted: false,
            expires_at: recipient.expires_at,
            paused_ms: recipient.paused_ms,
            asked_wait_used: recipient.asked_wait_used,
        }
    }
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

fn job_of(message: ClaimedMessage) -> Job {
    let passenger = |recipient: ClaimedRecipient| Passenger {
        index: recipient.index,
        address: recipient.address,
        attempts: recipient.attempts,
        expires_at: recipient.expires_at,
        paused_ms: recipient.paused_ms,
        asked_wait_used: recipient.asked_wait_used,
    };
    let letter = Letter {
        id: message.id,
        owner: message.owner,
        principal: message.principal,
        received_at: message.received_at,
        from: message.from,
        body_type: message.body_type,
        added_headers: message.added_headers,
        body_bytes: message.body_bytes,
        body: None,
        reserved: Vec::new(),
    };
    Job { letter: Arc::new(letter), passengers: message.recipients.into_iter().map(passenger).collect() }
}
