//! What happened, in the word that receivers are told: those that every mail service has, and a few of our own.

use store::{Event, EventKind};

/// The word of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    /// A message was accepted.
    Queued,
    /// A recipient's server, or a relay, has taken it.
    Delivered,
    /// It waits for its next try.
    Deferred,
    /// It was refused for good, waited too long, or came back.
    Bounced,
    /// It was given up here.
    Failed,
    /// A person holds it.
    Held,
    /// A person released it.
    Released,
    /// A person took it back or deleted it.
    Cancelled,
    /// A person asked for a try at once.
    Retried,
    /// It may arrive twice, after a crash.
    PerhapsTwice,
    /// Somebody's machine answered it, or told of a delay.
    Reported,
    /// A relay was closed.
    RelayClosed,
    /// A relay was opened again.
    RelayOpened,
    /// A sender was stopped on a relay.
    SenderStopped,
    /// A sender may use a relay again.
    SenderResumed,
    /// A person tries the webhook.
    Test,
}

impl Word {
    /// All that a webhook can be told of; a test is nothing that happens.
    pub const ALL: [Self; 15] = [
        Self::Queued,
        Self::Delivered,
        Self::Deferred,
        Self::Bounced,
        Self::Failed,
        Self::Held,
        Self::Released,
        Self::Cancelled,
        Self::Retried,
        Self::PerhapsTwice,
        Self::Reported,
        Self::RelayClosed,
        Self::RelayOpened,
        Self::SenderStopped,
        Self::SenderResumed,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Released => "released",
            Self::Cancelled => "cancelled",
            Self::Retried => "retried",
            Self::PerhapsTwice => "perhaps_twice",
            Self::Reported => "reported",
            Self::RelayClosed => "relay_closed",
            Self::RelayOpened => "relay_opened",
            Self::SenderStopped => "sender_stopped",
            Self::SenderResumed => "sender_resumed",
            Self::Test => "test",
        }
    }

    /// The word of that text.
    pub fn of_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.as_str() == text)
    }

    /// The word of an event; `None` for what is nobody's affair outside.
    pub fn of(event: &Event) -> Option<Self> {
        Some(match event.kind {
            EventKind::Accepted => Self::Queued,
            EventKind::Delivered => Self::Delivered,
            EventKind::Deferred => Self::Deferred,
            // What a person gave up here never met a server's refusal.
            EventKind::Failed if event.relay.is_none() => Self::Failed,
            EventKind::Failed | EventKind::Expired | EventKind::CameBack => Self::Bounced,
            EventKind::Held => Self::Held,
            EventKind::Released => Self::Released,
            EventKind::Cancelled => Self::Cancelled,
            EventKind::Retried => Self::Retried,
            EventKind::PerhapsTwice => Self::PerhapsTwice,
            EventKind::Reported => Self::Reported,
            EventKind::RelayClosed => Self::RelayClosed,
            EventKind::RelayOpened => Self::RelayOpened,
            EventKind::SenderStopped => Self::SenderStopped,
            EventKind::SenderResumed => Self::SenderResumed,
            EventKind::Audit | EventKind::Noticed => return None,
        })
    }
}
