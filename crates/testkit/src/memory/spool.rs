//! The model of [`store::Spool`].

use super::{MemoryStore, Message, Recipient, State};
use mail::{ClosureId, OwnerId, QueueId, RecipientId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use store::{
    BodyReader, BodySink, Change, ClaimLimits, Claimed, ClaimedMessage, ClaimedRecipient, ComeBack,
    DueNotice, Later, NewEvent, NewMessage, NoticeKind, Once, RecipientState, RecipientUpdate, Settlement,
    Spool, StoreError, StoredBody, Taken, Totals,
};

impl Spool for MemoryStore {
    fn ready(&self) -> Result<(), StoreError> {
        let state = self.lock();
        match (&state.refusal, state.free_bytes) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(free_bytes)) => Err(StoreError::Full { free_bytes }),
            (None, None) => Ok(()),
        }
    }

    fn accept(&self, message: NewMessage) -> Later<'_, ()> {
        let mut state = self.lock();
        // As on disk: a refusal removes the body.
        let content = state.take_content(&message.body);
        drop(state);
        self.write(move |state| {
            if let Some(free_bytes) = state.free_bytes {
                return Err(StoreError::Full { free_bytes });
            }
            state.accept(message, content?)
        })
    }

    fn taken(&self, slot: [u8; 32], now: Timestamp) -> Later<'_, Option<Taken>> {
        self.read(move |state| Ok(state.taken(slot, now)))
    }

    fn body_sink(&self) -> Later<'_, Box<dyn BodySink>> {
        let shared = Arc::clone(&self.state);
        self.write(move |state| match state.free_bytes {
            Some(free_bytes) => Err(StoreError::Full { free_bytes }),
            None => Ok(Box::new(MemorySink { shared, content: Vec::new() }) as Box<dyn BodySink>),
        })
    }

    fn body(&self, id: QueueId) -> Later<'_, Box<dyn BodyReader>> {
        self.read(|state| {
            let content = state.messages.get(&id).and_then(|message| message.content.clone());
            let content = content.ok_or_else(|| StoreError::Missing { name: id.to_string() })?;
            Ok(Box::new(MemoryReader { content, at: 0 }) as Box<dyn BodyReader>)
        })
    }

    fn claim(&self, now: Timestamp, limits: ClaimLimits) -> Later<'_, Claimed> {
        self.write(|state| Ok(state.claim(now, limits)))
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, ()> {
        self.write(|state| state.settle(settlement))
    }

    fn release(&self, recipients: Vec<RecipientId>) -> Later<'_, ()> {
        self.write(|state| {
            for id in recipients {
                if let Some(recipient) = state.recipient(id) {
                    recipient.leased = false;
                }
            }
            Ok(())
        })
    }

    fn recover(&self, now: Timestamp) -> Later<'_, Vec<RecipientId>> {
        self.write(|state| {
            let mut found = Vec::new();
            for (id, recipient) in state.every_recipient().filter(|(_, recipient)| recipient.leased) {
                recipient.leased = false;
                recipient.perhaps_sent = true;
                recipient.next_attempt_at = now;
                found.push(id);
            }
            Ok(found)
        })
    }

    fn unpark(
        &self,
        closure: ClosureId,
        now: Timestamp,
        limit: usize,
        max_pause_ms: Option<i64>,
    ) -> Later<'_, usize> {
        self.write(|state| Ok(state.unpark(closure, now, limit, max_pause_ms)))
    }

    fn parked_closures(&self) -> Later<'_, Vec<ClosureId>> {
        self.write(|state| {
            let waiting = state.every_recipient().filter(|(_, recipient)| recipient.waits());
            let closures = waiting.filter_map(|(_, recipient)| Some(recipient.parking?.closure));
            Ok(closures.collect::<BTreeSet<_>>().into_iter().collect())
        })
    }

    fn totals(&self) -> Later<'_, Totals> {
        self.read(|state| Ok(state.totals()))
    }

    fn last_id(&self) -> Later<'_, i64> {
        self.read(|state| Ok(state.last_id))
    }

    fn notices_due(&self, limit: usize) -> Later<'_, Vec<DueNotice>> {
        self.read(|state| Ok(state.notices_due(limit)))
    }

    fn drop_notices(&self, notices: Vec<DueNotice>) -> Later<'_, ()> {
        self.write(|state| {
            state.drop_notices(&notices);
            Ok(())
        })
    }

    fn late(&self, after: Option<QueueId>, before: Timestamp, limit: usize) -> Later<'_, Vec<QueueId>> {
        self.read(|state| Ok(state.late(after, before, limit)))
    }

    fn come_back(&self, back: ComeBack, events: Vec<NewEvent>) -> Later<'_, Vec<u16>> {
        self.write(|state| Ok(state.come_back(&back, events)))
    }

    fn purge(&self, before: Timestamp, limit: usize) -> Later<'_, usize> {
        self.write(|state| {
            let finished = |(&id, message): (&QueueId, &Message)| Some((message.finished_at()?, id));
            let mut old: Vec<_> = state.messages.iter().filter_map(finished).collect();
            old.retain(|&(finished_at, _)| finished_at < before);
            old.sort_unstable();
            old.truncate(limit);
            for (_, id) in &old {
                state.messages.remove(id);
                state.attempts.retain(|_, attempt| attempt.message != *id);
                state.events.retain(|_, event| event.message != Some(*id));
                state.notices_due.retain(|notice| notice.recipient.message != *id);
            }
            Ok(old.len())
        })
    }
}

impl State {
    fn accept(&mut self, mut new: NewMessage, content: Arc<Vec<u8>>) -> Result<(), StoreError> {
        if self.messages.contains_key(&new.id) {
            return Err(StoreError::Exists { name: new.id.to_string() });
        }
        if new.recipients.is_empty() {
            return Err(StoreError::Missing { name: format!("{}.0", new.id) });
        }
        if let Some(once) = new.once {
            if self.taken(once.slot, new.received_at).is_some() {
                return Err(StoreError::Exists { name: Once::TAKEN.to_owned() });
            }
            self.once.insert(once.slot, (once, new.id));
        }
        self.last_id = self.last_id.max(new.id.get());
        self.append(std::mem::take(&mut new.events));
        self.drop_notices(&new.tells);
        let received_at = new.received_at;
        let recipients = std::mem::take(&mut new.recipients);
        let recipients = recipients.into_iter().map(|r| Recipient::begin(r, received_at)).collect();
        let body_bytes = content.len() as u64;
        self.messages
            .insert(new.id, Message { new, content: Some(content), signature: None, body_bytes, recipients });
        Ok(())
    }

    fn taken(&self, slot: [u8; 32], now: Timestamp) -> Option<Taken> {
        let (once, message) = self.once.get(&slot).filter(|(once, _)| once.until > now)?;
        Some(Taken { content: once.content, message: *message })
    }

    fn claim(&mut self, now: Timestamp, limits: ClaimLimits) -> Claimed {
        let mut due: BTreeMap<OwnerId, Vec<(Timestamp, RecipientId)>> = BTreeMap::new();
        for (&message, row) in &self.messages {
            for (index, recipient) in row.recipients.iter().enumerate() {
                let id = RecipientId { message, index: u16::try_from(index).unwrap_or(u16::MAX) };
                if recipient.waits() && recipient.next_attempt_at <= now {
                    due.entry(row.new.owner).or_default().push((recipient.next_attempt_at, id));
                }
            }
        }
        // Each owner's longest due has rank 0, the next rank 1: taking rank after rank gives equal shares.
        let mut ranked = Vec::new();
        for owned in due.values_mut() {
            owned.sort_unstable();
            let best = owned.iter().take(limits.per_owner);
            ranked.extend(best.enumerate().map(|(rank, &(at, id))| (rank, at, id)));
        }
        ranked.sort_unstable();
        ranked.truncate(limits.total);
        let taken: Vec<_> = ranked.into_iter().map(|(_, at, id)| (at, id)).collect();
        let messages = self.lease(taken);
        let waiting = self.every_recipient().filter(|(_, recipient)| recipient.waits());
        let next_due = waiting.map(|(_, recipient)| recipient.next_attempt_at).min();
        Claimed { messages, next_due, more: next_due.is_some_and(|next| next <= now) }
    }

    fn lease(&mut self, mut taken: Vec<(Timestamp, RecipientId)>) -> Vec<ClaimedMessage> {
        taken.sort_unstable();
        let open: BTreeSet<QueueId> =
            self.messages.iter().filter(|(_, row)| row.is_open()).map(|(&id, _)| id).collect();
        let mut messages: Vec<ClaimedMessage> = Vec::new();
        for (_, id) in taken {
            let Some(row) = self.messages.get_mut(&id.message) else { continue };
            let Some(recipient) = row.recipients.get_mut(usize::from(id.index)) else { continue };
            recipient.leased = true;
            let claimed = claimed_recipient(id.index, recipient);
            match messages.iter_mut().find(|message| message.id == id.message) {
                Some(message) => message.recipients.push(claimed),
                None => messages.push(claimed_message(row, claimed, &open)),
            }
        }
        for message in &mut messages {
            message.recipients.sort_unstable_by_key(|recipient| recipient.index);
        }
        messages
    }

    fn settle(&mut self, settlement: Settlement) -> Result<(), StoreError> {
        self.check_settlement(&settlement)?;
        let at = settlement.at();
        for update in settlement.updates {
            let message = update.id.message;
            if let Some(kind) = update.notice {
                self.owe(update.id, kind);
            }
            if let Some(recipient) = self.recipient(update.id) {
                recipient.told |= update.notice.is_some() && matches!(update.change, Change::Final(_));
                recipient.settle(update, at);
            }
            if let Some(row) = self.messages.get_mut(&message) {
                row.drop_unneeded_content();
            }
        }
        if let Some(attempt) = settlement.attempt {
            self.last_id = self.last_id.max(attempt.id.0);
            if let Some(row) = self.messages.get_mut(&attempt.message) {
                row.signature = settlement.signature.or(row.signature.take());
            }
            self.attempts.insert(attempt.id, attempt);
        }
        self.append(settlement.events);
        Ok(())
    }

    /// All or nothing: whatever would be refused halfway is refused before anything changes.
    fn check_settlement(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let mut ended = BTreeSet::new();
        for update in &settlement.updates {
            let row = self.messages.get(&update.id.message);
            let recipient = row.and_then(|row| row.recipients.get(usize::from(update.id.index)));
            let open = recipient.is_some_and(|r| !r.state.is_final()) && !ended.contains(&update.id);
            if !open {
                return Err(StoreError::Missing { name: update.id.to_string() });
            }
            if let Change::Final(_) = update.change {
                ended.insert(update.id);
            }
        }
        let Some(attempt) = &settlement.attempt else { return Ok(()) };
        if !self.messages.contains_key(&attempt.message) {
            return Err(StoreError::Missing { name: attempt.message.to_string() });
        }
        match self.attempts.contains_key(&attempt.id) {
            true => Err(StoreError::Exists { name: attempt.id.to_string() }),
            false => Ok(()),
        }
    }

    fn unpark(
        &mut self,
        closure: ClosureId,
        now: Timestamp,
        limit: usize,
        max_pause_ms: Option<i64>,
    ) -> usize {
        let parked = self.every_recipient().filter(|(_, recipient)| recipient.waits_for(closure));
        let mut count = 0;
        for (_, recipient) in parked.take(limit) {
            recipient.wake(now, max_pause_ms);
            count += 1;
        }
        count
    }
}

impl Recipient {
    fn settle(&mut self, update: RecipientUpdate, at: Option<Timestamp>) {
        self.leased = false;
        self.relay = update.relay.or(self.relay);
        if update.evidence.is_some() || update.cause.is_some() {
            self.cause = update.cause.map(str::to_owned);
        }
        if let Some(evidence) = update.evidence {
            self.evidence = Some(Arc::unwrap_or_clone(evidence));
        }
        self.attempts += u32::from(update.attempted);
        self.perhaps_sent &= !update.attempted;
        self.expires_at = update.expires_at;
        self.paused_ms = update.paused_ms;
        self.asked_wait_used = update.asked_wait_used;
        let was = self.state;
        match update.change {
            Change::Final(state) => self.become_final(state, at),
            Change::Due(when) => {
                (self.state, self.parking, self.next_attempt_at) = (RecipientState::Waiting, None, when);
            }
            Change::Parked(parking) => {
                (self.state, self.next_attempt_at) = (RecipientState::Waiting, parking.wake_at);
                self.parking = Some(parking);
            }
        }
        if self.state != was {
            self.since = at.unwrap_or(self.since);
        }
    }

    /// Ends the wait for a closure.
    pub(super) fn wake(&mut self, now: Timestamp, max_pause_ms: Option<i64>) {
        let Some(parking) = self.parking.take() else { return };
        if let Some(max) = max_pause_ms {
            let pause = now.since_ms(parking.since).min(max.saturating_sub(self.paused_ms)).max(0);
            self.expires_at = self.expires_at.plus_ms(pause);
            self.paused_ms = self.paused_ms.saturating_add(pause);
        }
        self.next_attempt_at = now;
    }
}

fn claimed_message(row: &Message, first: ClaimedRecipient, open: &BTreeSet<QueueId>) -> ClaimedMessage {
    let delay = row.new.extras.about.filter(|about| about.kind == NoticeKind::Delay);
    ClaimedMessage {
        id: row.new.id,
        owner: row.new.owner,
        principal: row.new.principal,
        received_at: row.new.received_at,
        from: row.new.from.clone(),
        body_type: row.new.body_type,
        added_headers: Arc::clone(&row.new.added_headers),
        body_bytes: row.body_bytes,
        extras: row.new.extras.clone(),
        signature: row.signature.clone(),
        is_overtaken: delay.is_some_and(|about| !open.contains(&about.message)),
        recipients: vec![first],
    }
}

fn claimed_recipient(index: u16, recipient: &Recipient) -> ClaimedRecipient {
    ClaimedRecipient {
        index,
        address: recipient.address.clone(),
        relay: recipient.relay,
        attempts: recipient.attempts,
        expires_at: recipient.expires_at,
        paused_ms: recipient.paused_ms,
        parked: recipient.parking,
        asked_wait_used: recipient.asked_wait_used,
        perhaps_sent: recipient.perhaps_sent,
        wishes: recipient.wishes.clone(),
    }
}

struct MemorySink {
    shared: Arc<Mutex<State>>,
    content: Vec<u8>,
}

impl BodySink for MemorySink {
    fn append(&mut self, piece: Vec<u8>) -> Later<'_, ()> {
        self.content.extend_from_slice(&piece);
        Box::pin(std::future::ready(Ok(())))
    }

    fn finish(self: Box<Self>) -> Later<'static, StoredBody> {
        let Self { shared, content } = *self;
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        state.bodies_made += 1;
        let stored = StoredBody { name: format!("body-{}", state.bodies_made), bytes: content.len() as u64 };
        state.unnamed_bodies.insert(stored.name.clone(), Arc::new(content));
        drop(state);
        Box::pin(std::future::ready(Ok(stored)))
    }
}

struct MemoryReader {
    content: Arc<Vec<u8>>,
    at: usize,
}

impl BodyReader for MemoryReader {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        let end = self.content.len().min(self.at.saturating_add(<dyn BodyReader>::PIECE_BYTES));
        let piece = self.content.get(self.at..end).filter(|piece| !piece.is_empty()).map(<[u8]>::to_vec);
        self.at = end;
        Box::pin(std::future::ready(Ok(piece)))
    }
}
