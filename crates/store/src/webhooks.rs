//! Addresses on the web that are told of events, and how far each has been told.

use crate::{Later, NewEvent};
use mail::{EventId, Evidence, OwnerId, Principal, QueueId, Secret, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};

/// The most webhooks of a server: each is asked about for each event.
pub const MAX_WEBHOOKS: usize = 100;
/// The attempts that are kept of each webhook, to be looked at.
pub const KEPT_POSTS: usize = 100;

/// Of whose events a webhook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", content = "of", rename_all = "snake_case")]
pub enum WebhookScope {
    /// Everybody's, and of what happens to the server's relays.
    Server,
    /// Those of one tenant.
    Owner(OwnerId),
    /// Those of one account or site.
    Principal(Principal),
}

/// In whose words a webhook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookShape {
    /// Our own.
    #[default]
    Own,
    /// Postmark's.
    Postmark,
    /// SendGrid's.
    Sendgrid,
    /// Resend's.
    Resend,
    /// Brevo's.
    Brevo,
    /// Mailjet's.
    Mailjet,
}

impl WebhookShape {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Own, Self::Postmark, Self::Sendgrid, Self::Resend, Self::Brevo, Self::Mailjet];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Postmark => "postmark",
            Self::Sendgrid => "sendgrid",
            Self::Resend => "resend",
            Self::Brevo => "brevo",
            Self::Mailjet => "mailjet",
        }
    }
}

impl std::fmt::Display for WebhookShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for WebhookShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|shape| shape.as_str() == text);
        found.ok_or_else(|| Self::ALL.map(Self::as_str).join(", "))
    }
}

/// Why nothing is posted to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookPause {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: PauseReason,
}

/// Why a webhook pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum PauseReason {
    /// A person wanted it.
    Person,
    /// For days nothing that was tried was taken.
    Failing {
        /// Since when the event that waits longest was tried.
        tried_since: Timestamp,
    },
    /// The receiver said that it is gone for good (410).
    Gone,
}

/// An address on the web that is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id; 0 in a row that is to be added.
    pub id: WebhookId,
    /// Its name, unique.
    pub name: String,
    /// Of whose events it is told.
    pub scope: WebhookScope,
    /// Where: an address without a user name or a password.
    pub url: String,
    /// The user name and password of the address, `name:password`. The store seals it.
    pub sign_in: Option<Secret>,
    /// What its posts are signed with. The store seals it.
    pub secret: Secret,
    /// The words of the events that it wants; empty for all.
    pub events: Vec<String>,
    /// In whose words.
    pub shape: WebhookShape,
    /// What people wrote about it.
    pub description: String,
    /// Why nothing is posted at the moment.
    pub paused: Option<WebhookPause>,
    /// Up to which event it has been dealt with: told, or kept aside as owed. The store sets it for a new one: the last
    /// event of that moment.
    pub told_to: EventId,
    /// Grows with each change that a person makes, so that news from before it is not mistaken for news of now.
    pub revision: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An event that a webhook still has to be told of, because it was not taken, or comes after one that was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedPost {
    /// The event.
    pub event: EventId,
    /// The message that it is about: what comes later about it waits.
    pub message: Option<QueueId>,
    /// How often it was tried.
    pub tries: u32,
    /// When it was first tried, or put aside.
    pub since: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
}

/// What came of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum PostResult {
    /// The receiver answered.
    Answered {
        /// The status of HTTP.
        status: u16,
        /// The first characters of what it said.
        said: String,
    },
    /// It was not reached, or did not answer.
    Unanswered {
        /// What was seen.
        evidence: Evidence,
    },
    /// The address is not one that may be called.
    Forbidden,
}

impl PostResult {
    /// Whether the receiver has it.
    pub const fn is_taken(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }
}

/// One post, as it is kept to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Which event; `None` for a test.
    pub event: Option<EventId>,
    /// Its stable id, as the receiver saw it.
    pub id: String,
    /// Its word.
    pub word: String,
    /// When it was sent.
    pub at: Timestamp,
    /// How long it took.
    pub millis: u32,
    /// What came of it.
    pub result: PostResult,
}

/// What a round of posts made of a webhook: all of it is stored, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookStep {
    /// The revision that the round worked for.
    pub revision: u32,
    /// Up to which event it has now been dealt with; `None` keeps it.
    pub told_to: Option<EventId>,
    /// The owed events that are owed no more.
    pub settled: Vec<EventId>,
    /// The events that are owed from now on, or owed as these now say.
    pub owed: Vec<OwedPost>,
    /// The posts that were made.
    pub posts: Vec<Post>,
    /// A pause that begins.
    pub pause: Option<WebhookPause>,
}

/// Who is told of events, and how far. What is owed survives a crash: an event is either behind `told_to`, or owed, or told.
pub trait Webhooks: Send + Sync {
    /// All webhooks, by name, their secrets unsealed.
    fn webhooks(&self) -> Later<'_, Vec<Webhook>>;

    /// Adds or changes a webhook (by id; 0 adds). The store sets the revision; `told_to` of a known one stays as stored.
    fn save_webhook(&self, webhook: Webhook, events: Vec<NewEvent>) -> Later<'_, WebhookId>;

    /// Removes a webhook with all that it is owed.
    fn remove_webhook(&self, id: WebhookId, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// What a webhook is owed, the oldest event first.
    fn owed_posts(&self, id: WebhookId, limit: usize) -> Later<'_, Vec<OwedPost>>;

    /// Stores what a round made of it. `false` when a person has changed the webhook since: then nothing is stored, and the
    /// round's events come again.
    fn step_webhook(&self, id: WebhookId, step: WebhookStep) -> Later<'_, bool>;

    /// Has it told again of every event after this one, and forgets what it is owed of these.
    fn rewind_webhook(&self, id: WebhookId, to: EventId, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// Has it told of one event at once; an event that is owed already is tried now.
    fn owe_post(&self, id: WebhookId, owed: OwedPost, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// Its latest posts, newest first; at most [`KEPT_POSTS`] are kept.
    fn posts(&self, id: WebhookId, limit: usize) -> Later<'_, Vec<Post>>;

    /// The first event of a moment or later; `None` when there is none.
    fn first_event_since(&self, at: Timestamp) -> Later<'_, Option<EventId>>;
}
