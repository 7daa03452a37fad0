//! What is known around an event, gathered for whoever words it.

use crate::word::Word;
use explain::{CauseId, Effect, Facts, Group, Place, cause, words};
use mail::{Evidence, Language, QueueId, RelayId, Timestamp};
use serde_json::{Map, Value};
use store::{Attempt, Event, EventKind, MessageRow, RecipientRow, Relay, Story};

/// The stable id of an event: the same at every try, and another one after a restored backup gives its number again.
pub fn event_id(event: &Event) -> String {
    format!("evt_{:x}{:012x}", event.id.0, event.at.0)
}

/// An event with all that its receiver may want to know.
#[derive(Debug, Clone)]
pub(crate) struct Scene<'a> {
    pub(crate) id: String,
    pub(crate) word: Word,
    pub(crate) at: Timestamp,
    pub(crate) kind: EventKind,
    pub(crate) cause: Option<CauseId>,
    pub(crate) message: Option<&'a MessageRow>,
    /// The one that it is about; `None` when it is about all.
    pub(crate) recipient: Option<&'a RecipientRow>,
    /// The relay, by name; `None` for the way without one.
    pub(crate) relay: Option<&'a str>,
    preset: Option<&'a str>,
    place: Place,
    /// What the other server said, or the raw reason, on one line; empty for nothing.
    pub(crate) said: String,
    /// How many attempts there were by then.
    pub(crate) attempts: usize,
}

/// What a failure was, as far as the shapes of others tell failures apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The address is dead.
    Dead,
    /// It may work another time, or another way.
    Soft,
    /// The sender, or what was sent, is not wanted there.
    Blocked,
    /// It was tried until its time was over.
    Expired,
}

impl<'a> Scene<'a> {
    /// The scene of an event; `None` for an event that nobody is told of.
    pub(crate) fn of(event: &Event, story: Option<&'a Story>, relays: &'a [Relay]) -> Option<Self> {
        let word = Word::of(event)?;
        let message = story.map(|story| &story.message);
        let recipients = message.map(|message| message.recipients.as_slice()).unwrap_or_default();
        let recipient = event.recipient.and_then(|index| recipients.iter().find(|row| row.index == index));
        let relay = event.relay.and_then(|id| relays.iter().find(|relay| relay.id == id));
        let before = |attempt: &&Attempt| attempt.ended_at <= event.at && is_about(attempt, event);
        let attempts = story.map(|story| story.attempts.as_slice()).unwrap_or_default();
        let place = if event.relay == Some(RelayId::DIRECT) { Place::Direct } else { Place::Relay };
        Some(Self {
            id: event_id(event),
            word,
            at: event.at,
            kind: event.kind,
            cause: event.cause.as_deref().and_then(CauseId::lookup),
            message,
            recipient,
            // Of a relay of somebody's own its owner is told, who knows it by this name.
            relay: relay.map(Relay::name_for_owner),
            preset: relay.and_then(|relay| relay.preset.as_deref()),
            place,
            said: said(event, attempts),
            attempts: attempts.iter().filter(before).count(),
        })
    }

    /// A scene that is only for a try: a message that never was has been delivered.
    pub(crate) fn of_test(message: &'a MessageRow, now: Timestamp) -> Self {
        Self {
            id: format!("evt_test_{:x}", now.0),
            word: Word::Delivered,
            at: now,
            kind: EventKind::Delivered,
            cause: None,
            message: Some(message),
            recipient: message.recipients.first(),
            relay: None,
            preset: None,
            place: Place::Direct,
            said: "250 2.0.0 Ok".to_owned(),
            attempts: 1,
        }
    }

    /// The recipients that it is about.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = &'a RecipientRow> {
        let all = self.message.map(|message| message.recipients.as_slice()).unwrap_or_default();
        let (one, all) = match self.recipient {
            Some(one) => (Some(one), [].as_slice()),
            None => (None, all),
        };
        one.into_iter().chain(all)
    }

    /// What happened and what to do, for a reader of this language; `None` when there is no cause.
    pub(crate) fn explained(&self, language: Language) -> Option<String> {
        let facts = Facts { relay: self.relay.map(str::to_owned), ..Facts::default() };
        let words = words(self.cause?, self.preset, self.place, language, &facts);
        Some(format!("{} {}", words.cause, words.fix).trim().to_owned())
    }

    /// The class of the failure.
    pub(crate) fn class(&self) -> Class {
        if self.kind == EventKind::Expired {
            return Class::Expired;
        }
        let Some(entry) = self.cause.map(cause) else { return Class::Soft };
        if entry.proposals.contains(&Effect::Suppress) {
            return Class::Dead;
        }
        match entry.group {
            Group::Reputation | Group::Identity | Group::Content | Group::Sender => Class::Blocked,
            _ => Class::Soft,
        }
    }

    /// The reply's code and enhanced code, when a server said them.
    pub(crate) fn status(&self) -> Option<&str> {
        let enhanced = self.said.split([' ', '-']).nth(1)?;
        let mut parts = enhanced.split('.');
        let fits = parts.by_ref().take(3).filter(|part| part.parse::<u16>().is_ok()).count() == 3;
        (fits && parts.next().is_none()).then_some(enhanced)
    }

    /// The public id of the message, as text.
    pub(crate) fn public_id(&self) -> String {
        self.message.map(|message| message.public_id.to_string()).unwrap_or_default()
    }

    /// The public id in the form of a UUID (RFC 9562 §4).
    pub(crate) fn uuid(&self) -> String {
        let id = self.public_id();
        let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    /// The envelope sender; empty for the null one.
    pub(crate) fn from(&self) -> String {
        let from = self.message.and_then(|message| message.from.address());
        from.map(ToString::to_string).unwrap_or_default()
    }

    /// The `Message-ID:` of the message.
    pub(crate) fn message_id(&self) -> &'a str {
        self.message.map_or("", |message| message.message_id.as_str())
    }

    /// Its subject, when a program gave it apart from the content.
    pub(crate) fn subject(&self) -> &'a str {
        self.message.and_then(|message| message.extras.subject.as_deref()).unwrap_or_default()
    }

    /// The words by which its sender finds it again.
    pub(crate) fn tags(&self) -> &'a [String] {
        self.message.map(|message| message.extras.tags.as_slice()).unwrap_or_default()
    }

    /// What its sender wants to be told along.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let all = self.message.into_iter().flat_map(|message| &message.extras.metadata);
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One entry of it, by its name in whichever case.
    pub(crate) fn metadatum(&self, wanted: &str) -> Option<&'a str> {
        self.metadata().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    }

    /// It as one text, for shapes that have one: the entry of that name, as it was given, else all entries but `apart`
    /// as JSON; nothing when there is none.
    pub(crate) fn payload(&self, named: &str, apart: &[&str]) -> Option<String> {
        let all = || {
            let is_apart = |name: &str| apart.iter().any(|other| name.eq_ignore_ascii_case(other));
            let entries: Map<String, Value> = self
                .metadata()
                .filter(|(name, _)| !is_apart(name))
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            (!entries.is_empty()).then(|| Value::Object(entries).to_string())
        };
        self.metadatum(named).map(str::to_owned).or_else(all)
    }

    /// The number of the message, for shapes that have numbers.
    pub(crate) fn number(&self) -> i64 {
        self.message.map_or(0, |message| QueueId::get(message.id))
    }
}

fn is_about(attempt: &Attempt, event: &Event) -> bool {
    attempt.outcomes.iter().any(|outcome| Some(outcome.index) == event.recipient)
}

/// What the other server said: of the attempt that made the event, or of the report that came back.
fn said(event: &Event, attempts: &[Attempt]) -> String {
    if event.kind == EventKind::CameBack {
        let evidence: Option<Evidence> = serde_json::from_str(&event.detail).ok();
        return evidence.map(|evidence| evidence.to_string()).unwrap_or_default();
    }
    let made = |attempt: &&Attempt| attempt.ended_at == event.at && is_about(attempt, event);
    let attempt = attempts.iter().rev().find(made);
    let outcomes = attempt.into_iter().flat_map(|attempt| &attempt.outcomes);
    let mut of_it = outcomes.filter(|outcome| Some(outcome.index) == event.recipient);
    of_it.next().map(|outcome| outcome.said.clone()).unwrap_or_default()
}
