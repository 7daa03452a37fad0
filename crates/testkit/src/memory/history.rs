//! The model of [`store::History`].

use super::{MemoryStore, Message, Recipient, State};
use mail::{Address, EventId, Evidence, PublicId, QueueId, RecipientId, Seen, Stage, Timestamp};
use std::collections::HashSet;
use store::{
    Act, Event, EventKind, Filter, History, Later, MessageRow, NewEvent, NoticeKind, Page, RecipientRow,
    RecipientState, Story,
};

impl History for MemoryStore {
    fn list(&self, filter: Filter, page: Page) -> Later<'_, Vec<MessageRow>> {
        self.read(|state| {
            let rows = state.messages.iter().filter(|&(&id, _)| page.after.is_none_or(|after| id > after));
            let meant = rows.filter_map(|(_, message)| state.meant(message, &filter));
            Ok(meant.take(page.limit.min(Page::MAX)).collect())
        })
    }

    fn story(&self, id: QueueId) -> Later<'_, Option<Story>> {
        self.read(|state| {
            let Some(message) = state.messages.get(&id) else { return Ok(None) };
            let attempts = state.attempts.values().filter(|attempt| attempt.message == id).cloned();
            let events = state.events.values().filter(|event| event.message == Some(id)).cloned();
            let message = message_row(message, message.recipients.iter().enumerate());
            Ok(Some(Story { message, attempts: attempts.collect(), events: events.collect() }))
        })
    }

    fn by_public_id(&self, id: PublicId) -> Later<'_, Option<QueueId>> {
        self.read(|state| {
            let found = state.messages.values().find(|message| message.new.public_id == id);
            Ok(found.map(|message| message.new.id))
        })
    }

    fn events(&self, after: EventId, limit: usize) -> Later<'_, Vec<Event>> {
        self.read(|state| {
            let later = state.events.values().filter(|event| event.id > after);
            Ok(later.take(limit.min(Page::MAX)).cloned().collect())
        })
    }

    fn latest_events(&self, limit: usize) -> Later<'_, Vec<Event>> {
        self.read(|state| Ok(state.events.values().rev().take(limit.min(Page::MAX)).cloned().collect()))
    }

    fn audits(&self, before: Option<EventId>, limit: usize) -> Later<'_, Vec<Event>> {
        self.read(|state| {
            let earlier = |event: &&Event| before.is_none_or(|before| event.id < before);
            let audits = state.events.values().rev().filter(|event| event.kind == EventKind::Audit);
            Ok(audits.filter(earlier).take(limit.min(Page::MAX)).cloned().collect())
        })
    }

    fn append(&self, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            state.append(events);
            Ok(())
        })
    }

    fn act(&self, act: Act, recipients: Vec<RecipientId>, now: Timestamp) -> Later<'_, Vec<RecipientId>> {
        self.write(|state| {
            let mut changed = Vec::new();
            let mut seen = HashSet::new();
            for id in recipients.into_iter().filter(|&id| seen.insert(id)) {
                let done = state.recipient(id).is_some_and(|recipient| recipient.act(act, now));
                if done && act == Act::Fail {
                    state.owe(id, NoticeKind::Failure);
                }
                if let Some(message) = state.messages.get_mut(&id.message).filter(|_| done) {
                    message.drop_unneeded_content();
                    changed.push(id);
                }
            }
            Ok(changed)
        })
    }
}

impl Recipient {
    fn act(&mut self, act: Act, now: Timestamp) -> bool {
        let held = self.state == RecipientState::Held;
        let meant = match act {
            Act::Retry | Act::Hold => self.waits(),
            Act::Release => held,
            Act::Delete | Act::Fail => held || self.waits(),
            Act::Undo => (held || self.waits()) && self.attempts == 0 && !self.perhaps_sent,
        };
        if !meant {
            return false;
        }
        match act {
            Act::Retry => self.next_attempt_at = self.next_attempt_at.min(now),
            Act::Hold => (self.state, self.since) = (RecipientState::Held, now),
            Act::Release => {
                (self.state, self.since, self.next_attempt_at) = (RecipientState::Waiting, now, now);
            }
            Act::Delete | Act::Undo => self.become_final(RecipientState::Cancelled, Some(now)),
            Act::Fail => {
                let seen = Seen::GivenUp;
                self.evidence = Some(Evidence { at: now, stage: Stage::Queue, peer: None, seen });
                self.cause = Some("given_up".to_owned());
                self.become_final(RecipientState::Failed, Some(now));
            }
        }
        true
    }
}

impl State {
    fn meant(&self, message: &Message, filter: &Filter) -> Option<MessageRow> {
        let new = &message.new;
        let same_key = |address: &Address, key: &str| address.key() == key;
        let fits = (filter.ids.is_empty() || filter.ids.contains(&new.id))
            && filter.owner.is_none_or(|owner| owner == new.owner)
            && filter.principal.is_none_or(|principal| principal == new.principal)
            && filter.tag.as_ref().is_none_or(|tag| new.extras.tags.contains(tag))
            && filter.before.is_none_or(|before| new.received_at < before)
            && filter
                .sender
                .as_deref()
                .is_none_or(|key| new.from.address().is_some_and(|from| same_key(from, key)));
        let recipients = message.recipients.iter().enumerate().filter(|(_, recipient)| {
            filter.state.map_or(filter.every || !recipient.state.is_final(), |state| state == recipient.state)
                && filter.recipient.as_deref().is_none_or(|key| same_key(&recipient.address, key))
                && filter
                    .recipient_domain
                    .as_deref()
                    .is_none_or(|domain| recipient.address.domain().as_ascii() == domain)
                && filter.relay.is_none_or(|relay| {
                    let closure = recipient.parking.map(|parking| parking.closure);
                    let mut closures = self.directory.closures.iter();
                    recipient.relay == Some(relay)
                        || closures.any(|row| Some(row.id) == closure && row.relay == relay)
                })
                && filter.cause.as_deref().is_none_or(|cause| recipient.cause.as_deref() == Some(cause))
        });
        let row = fits.then(|| message_row(message, recipients))?;
        (!row.recipients.is_empty()).then_some(row)
    }
}

fn message_row<'a>(
    message: &Message,
    recipients: impl Iterator<Item = (usize, &'a Recipient)>,
) -> MessageRow {
    let new = &message.new;
    MessageRow {
        id: new.id,
        public_id: new.public_id,
        owner: new.owner,
        principal: new.principal,
        received_at: new.received_at,
        from: new.from.clone(),
        message_id: new.message_id.clone(),
        bytes: message.body_bytes + new.added_headers.len() as u64,
        client: new.client.clone(),
        extras: new.extras.clone(),
        recipients: recipients.map(|(index, recipient)| recipient_row(index, recipient)).collect(),
    }
}

fn recipient_row(index: usize, recipient: &Recipient) -> RecipientRow {
    RecipientRow {
        index: u16::try_from(index).unwrap_or(u16::MAX),
        address: recipient.address.to_string(),
        state: recipient.state,
        leased: recipient.leased,
        next_attempt_at: recipient.next_attempt_at,
        expires_at: recipient.expires_at,
        attempts: recipient.attempts,
        relay: recipient.relay,
        closure: recipient.parking.map(|parking| parking.closure),
        evidence: recipient.evidence.clone(),
        cause: recipient.cause.clone(),
        since: recipient.since,
        wishes: recipient.wishes.clone(),
    }
}
