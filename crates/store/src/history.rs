//! What happened: attempts, events, the story of a message, lists of the queue.

use crate::{Extras, Later, RecipientState, Wishes};
use mail::{
    AttemptId, ClosureId, Dialogue, EventId, Evidence, OwnerId, Peer, Principal, PublicId, QueueId,
    RecipientId, RelayId, ReversePath, Timestamp, TlsFacts,
};
use serde::{Deserialize, Serialize};

/// What one attempt meant for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptOutcome {
    /// The recipient's place in the envelope.
    pub index: u16,
    /// Whether the remote server took it.
    pub delivered: bool,
    /// The last reply, or the raw reason on one line.
    pub said: String,
}

/// One try to deliver a message through one relay. Never holds a password or a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The message.
    pub message: QueueId,
    /// Through which relay; [`RelayId::DIRECT`] for none.
    pub relay: RelayId,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Which server answered.
    pub peer: Option<Peer>,
    /// The TLS session.
    pub tls: Option<TlsFacts>,
    /// What it meant for each recipient.
    pub outcomes: Vec<AttemptOutcome>,
    /// The whole dialogue: kept for failures.
    pub dialogue: Option<Dialogue>,
}

/// What happened, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EventKind {
    /// A message was accepted.
    Accepted = 0,
    /// A recipient was delivered.
    Delivered = 1,
    /// A recipient waits for its next attempt.
    Deferred = 2,
    /// A recipient was refused for good.
    Failed = 3,
    /// A recipient waited too long.
    Expired = 4,
    /// A person holds a recipient.
    Held = 5,
    /// A person released a recipient.
    Released = 6,
    /// A person deleted a recipient.
    Cancelled = 7,
    /// A person asked for an attempt at once.
    Retried = 8,
    /// A recipient was perhaps in flight when the server stopped without warning, and may arrive twice.
    PerhapsTwice = 9,
    /// A relay was closed: an alarm.
    RelayClosed = 10,
    /// A relay was opened again.
    RelayOpened = 11,
    /// A sender was stopped on a relay: an alarm.
    SenderStopped = 12,
    /// A sender may use a relay again.
    SenderResumed = 13,
    /// Somebody changed something: see the detail.
    Audit = 14,
    /// The server that had taken a message sent it back: the detail is its evidence.
    CameBack = 15,
    /// A report about a message came, which changes nothing: a delay, an automatic answer. The detail says what.
    Reported = 16,
    /// A notice was made about a recipient: the detail is its queue id.
    Noticed = 17,
}

impl EventKind {
    /// The kind stored under a number.
    pub const fn from_stored(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Accepted,
            1 => Self::Delivered,
            2 => Self::Deferred,
            3 => Self::Failed,
            4 => Self::Expired,
            5 => Self::Held,
            6 => Self::Released,
            7 => Self::Cancelled,
            8 => Self::Retried,
            9 => Self::PerhapsTwice,
            10 => Self::RelayClosed,
            11 => Self::RelayOpened,
            12 => Self::SenderStopped,
            13 => Self::SenderResumed,
            14 => Self::Audit,
            15 => Self::CameBack,
            16 => Self::Reported,
            17 => Self::Noticed,
            _ => return None,
        })
    }
}

/// An event to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Whose.
    pub owner: OwnerId,
    /// The message, when it is about one.
    pub message: Option<QueueId>,
    /// The recipient's place, when it is about one.
    pub recipient: Option<u16>,
    /// The relay, when it is about one.
    pub relay: Option<RelayId>,
    /// The cause, when there is one.
    pub cause: Option<String>,
    /// More, as JSON of the kind's own shape; empty for nothing. For audit: who, through what, what.
    pub detail: String,
}

impl NewEvent {
    /// An event about nothing in particular yet.
    pub const fn new(at: Timestamp, kind: EventKind, owner: OwnerId) -> Self {
        Self {
            at,
            kind,
            owner,
            message: None,
            recipient: None,
            relay: None,
            cause: None,
            detail: String::new(),
        }
    }
}

/// An event that was appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id: growing, stable.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Whose.
    pub owner: OwnerId,
    /// The message, when it is about one.
    pub message: Option<QueueId>,
    /// The recipient's place, when it is about one.
    pub recipient: Option<u16>,
    /// The relay, when it is about one.
    pub relay: Option<RelayId>,
    /// The cause, when there is one.
    pub cause: Option<String>,
    /// More, as JSON of the kind's own shape; empty for nothing.
    pub detail: String,
}

/// Who changed what, for [`EventKind::Audit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Who asked: `uid 0`, an account's login.
    pub caller: String,
    /// The operation's name.
    pub operation: String,
    /// On what, in words without secrets.
    pub on: String,
}

/// Which recipients of the queue are meant. Every field that is set narrows; an empty filter means all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// These messages.
    pub ids: Vec<QueueId>,
    /// This envelope sender, compared as [`mail::Address::key`].
    pub sender: Option<String>,
    /// This recipient, compared as [`mail::Address::key`].
    pub recipient: Option<String>,
    /// This domain of recipients, as A-label.
    pub recipient_domain: Option<String>,
    /// The relay of the last attempt, or of the closure that they wait for.
    pub relay: Option<RelayId>,
    /// The decided cause.
    pub cause: Option<String>,
    /// One of the words by which its sender finds it again ([`Extras::tags`]).
    pub tag: Option<String>,
    /// Accepted before.
    pub before: Option<Timestamp>,
    /// This state; `None` means every state that is not final.
    pub state: Option<RecipientState>,
    /// Without a state: what is over as well.
    pub every: bool,
    /// This owner.
    pub owner: Option<OwnerId>,
    /// Given by this principal.
    pub principal: Option<Principal>,
}

/// A part of a list: what comes after, and how many at most (1,000 is the limit of a page).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Messages after this one; `None` begins.
    pub after: Option<QueueId>,
    /// How many messages.
    pub limit: usize,
}

impl Page {
    /// The most rows of a page: no read transaction stays open for longer.
    pub const MAX: usize = 1_000;
}

/// A recipient in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecipientRow {
    /// Its place in the envelope.
    pub index: u16,
    /// Where to.
    pub address: String,
    /// Its state.
    pub state: RecipientState,
    /// Whether it is in this node's memory: about to be sent, or being sent.
    pub leased: bool,
    /// The next attempt (or the end of the wait under a closure).
    pub next_attempt_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The attempts that were made.
    pub attempts: u32,
    /// The relay of the last attempt.
    pub relay: Option<RelayId>,
    /// The closure that it waits for.
    pub closure: Option<ClosureId>,
    /// What was seen last.
    pub evidence: Option<Evidence>,
    /// The cause decided at that time.
    pub cause: Option<String>,
    /// Since when it has been in this state: since it was accepted, unless a person or an attempt put it there.
    pub since: Timestamp,
    /// What its sender wants to hear of it.
    #[serde(default, skip_serializing_if = "Wishes::is_empty")]
    pub wishes: Wishes,
}

/// A message in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its queue id.
    pub id: QueueId,
    /// Its unguessable id.
    pub public_id: PublicId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Who gave it.
    pub principal: Principal,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The envelope sender.
    pub from: ReversePath,
    /// Its `Message-ID:`.
    pub message_id: String,
    /// Its size in bytes, added lines included.
    pub bytes: u64,
    /// Where it came from.
    pub client: String,
    /// What few messages have.
    #[serde(default)]
    pub extras: Extras,
    /// The recipients that the filter meant, by place.
    pub recipients: Vec<RecipientRow>,
}

/// All that is known of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// The message with all its recipients.
    pub message: MessageRow,
    /// The attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// The events, oldest first.
    pub events: Vec<Event>,
}

/// What happened, and what there is. Reads beside the writer; no call keeps a read transaction open for more than a page.
pub trait History: Send + Sync {
    /// A page of the queue: messages with a recipient that the filter means, by age.
    fn list(&self, filter: Filter, page: Page) -> Later<'_, Vec<MessageRow>>;

    /// The story of a message.
    fn story(&self, id: QueueId) -> Later<'_, Option<Story>>;

    /// The queue id behind a public id.
    fn by_public_id(&self, id: PublicId) -> Later<'_, Option<QueueId>>;

    /// Events after `after`, oldest first, at most `limit`.
    fn events(&self, after: EventId, limit: usize) -> Later<'_, Vec<Event>>;

    /// The latest events, newest first, at most `limit`.
    fn latest_events(&self, limit: usize) -> Later<'_, Vec<Event>>;

    /// Who changed what: the latest [`EventKind::Audit`] events before one, newest first, at most `limit`.
    fn audits(&self, before: Option<EventId>, limit: usize) -> Later<'_, Vec<Event>>;

    /// Appends events that belong to no other change.
    fn append(&self, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// Puts recipients that are not leased and not final into another place, as a person asked: those that are leased or final
    /// are left as they are, and so is what the act does not mean (only what waits is retried or held, only what is held is
    /// released, only what was never tried is taken back). Gives the ones that were changed, in the order given.
    fn act(&self, act: Act, recipients: Vec<RecipientId>, now: Timestamp) -> Later<'_, Vec<RecipientId>>;
}

/// What a person asks of waiting mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Try at once: also what is parked (it is parked again if its closure still stands).
    Retry,
    /// Hold until released.
    Hold,
    /// Release what is held: it is due at once.
    Release,
    /// Delete.
    Delete,
    /// Take back: delete what was never tried and is not about to be sent.
    Undo,
    /// Give up: it fails now, and its sender is told.
    Fail,
}
