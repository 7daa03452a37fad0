//! Messages on their way.

use crate::{
    Attempt, Body, BodyReader, BodySink, ComeBack, DueNotice, Extras, Later, NewEvent, NoticeKind, Once,
    Taken, Wishes,
};
use mail::{
    Address, BodyType, ClosureId, Evidence, OwnerId, Principal, PublicId, QueueId, RecipientId, RelayId,
    ReversePath, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The state of one recipient. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RecipientState {
    /// Waits: for its turn, for its next attempt, or for a closure to end.
    Waiting = 0,
    /// A person holds it.
    Held = 1,
    /// The remote server has it.
    Delivered = 10,
    /// It was refused for good.
    Failed = 11,
    /// It waited too long.
    Expired = 12,
    /// A person deleted it.
    Cancelled = 13,
}

impl RecipientState {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Held, Self::Delivered, Self::Failed, Self::Expired, Self::Cancelled];

    /// Its word, as programs write and read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_final(self) -> bool {
        self as u8 >= 10
    }

    /// The state stored under a number.
    pub const fn from_stored(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Waiting,
            1 => Self::Held,
            10 => Self::Delivered,
            11 => Self::Failed,
            12 => Self::Expired,
            13 => Self::Cancelled,
            _ => return None,
        })
    }
}

/// How a recipient begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Goes straight into this node's memory: leased, due now.
    Leased,
    /// Waits in the store until then.
    Due(Timestamp),
    /// Waits in the store for a closure to end.
    Parked(Parking),
}

/// Waiting for a closure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parking {
    /// Which.
    pub closure: ClosureId,
    /// Since when.
    pub since: Timestamp,
    /// When the recipient is looked at even so: the moment at which it expires under the closure.
    pub wake_at: Timestamp,
}

/// A recipient of a new message. Its index is its place in [`NewMessage::recipients`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecipient {
    /// Where to.
    pub address: Address,
    /// The relay that was chosen for it, for lists and filters; it is chosen anew at each attempt.
    pub relay: Option<RelayId>,
    /// How it begins.
    pub start: Start,
    /// The cause for which it waits from the start (that of the closure), as the catalogue of that time had it.
    pub cause: Option<&'static str>,
    /// When it expires.
    pub expires_at: Timestamp,
    /// What its sender wants to hear of it.
    pub wishes: Wishes,
}

/// A message to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
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
    /// How the content was declared.
    pub body_type: BodyType,
    /// The `Message-ID:` text, for lists and for the sender who searches.
    pub message_id: String,
    /// The lines that this server adds in front of the content.
    pub added_headers: Arc<[u8]>,
    /// The content.
    pub body: Body,
    /// To whom: 1 to 65,535.
    pub recipients: Vec<NewRecipient>,
    /// What few messages have.
    pub extras: Extras,
    /// The notices that this message is: they are owed no more, once it is kept.
    pub tells: Vec<DueNotice>,
    /// Where the client was: `host[address]`, for the log.
    pub client: String,
    /// The key of the request that gave it.
    pub once: Option<Once>,
    /// The events to append in the same transaction.
    pub events: Vec<NewEvent>,
}

/// The most that [`Spool::claim`] hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimLimits {
    /// Recipients in all.
    pub total: usize,
    /// Recipients of one owner, so that one owner's backlog never fills the node.
    pub per_owner: usize,
}

/// What a claim gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claimed {
    /// The messages with their claimed recipients: the longest due first.
    pub messages: Vec<ClaimedMessage>,
    /// When the next waiting recipient becomes due; `None` when none waits.
    pub next_due: Option<Timestamp>,
    /// Whether more was due than the limits allowed.
    pub more: bool,
}

/// A message with the recipients that were claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    /// Its queue id.
    pub id: QueueId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Who gave it.
    pub principal: Principal,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The envelope sender.
    pub from: ReversePath,
    /// How the content was declared.
    pub body_type: BodyType,
    /// The lines to put in front of the content.
    pub added_headers: Arc<[u8]>,
    /// The size of the content in bytes.
    pub body_bytes: u64,
    /// What few messages have.
    pub extras: Extras,
    /// The header lines that sign it, once it was signed.
    pub signature: Option<Arc<[u8]>>,
    /// Whether it is a notice about a message of which nothing is open any more.
    pub is_overtaken: bool,
    /// The claimed recipients.
    pub recipients: Vec<ClaimedRecipient>,
}

/// A claimed recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRecipient {
    /// Its place in the envelope.
    pub index: u16,
    /// Where to.
    pub address: Address,
    /// The relay of the last attempt: tried first again when the message was perhaps in flight at a crash.
    pub relay: Option<RelayId>,
    /// The attempts that were made.
    pub attempts: u32,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How long its expiry was already paused under closures, in milliseconds.
    pub paused_ms: i64,
    /// The closure that it waited for, if it was woken while parked.
    pub parked: Option<Parking>,
    /// Whether the wait that a remote asked for was obeyed already.
    pub asked_wait_used: bool,
    /// Whether it was perhaps in flight when the server stopped without warning.
    pub perhaps_sent: bool,
    /// What its sender wants to hear of it.
    pub wishes: Wishes,
}

/// What becomes of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Delivered, failed, expired, cancelled.
    Final(RecipientState),
    /// Goes back to the store: waits until then.
    Due(Timestamp),
    /// Goes back to the store: waits for a closure.
    Parked(Parking),
}

/// The news of one recipient after an attempt, or after a decision without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientUpdate {
    /// Which.
    pub id: RecipientId,
    /// What becomes of it.
    pub change: Change,
    /// The relay that was used; `None` keeps what is stored.
    pub relay: Option<RelayId>,
    /// The evidence to show from now on; `None` keeps what is stored (a delivery keeps its last reply in the attempt).
    pub evidence: Option<Arc<Evidence>>,
    /// The cause that was decided, as the catalogue of that time had it; `None` without new evidence keeps what is stored.
    pub cause: Option<&'static str>,
    /// Whether this counts as an attempt.
    pub attempted: bool,
    /// When it expires from now on.
    pub expires_at: Timestamp,
    /// How long its expiry was paused so far, in milliseconds.
    pub paused_ms: i64,
    /// Whether a wait asked for by the remote is used up.
    pub asked_wait_used: bool,
    /// The notice that is owed from now on.
    pub notice: Option<NoticeKind>,
}

/// One transaction after an attempt: all of it is stored, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settlement {
    /// The attempt, when there was one.
    pub attempt: Option<Attempt>,
    /// The recipients' news. A message whose last recipient becomes final as delivered or cancelled loses its
    /// content; one with failed or expired recipients, or with a notice that is owed, keeps it until it is purged.
    pub updates: Vec<RecipientUpdate>,
    /// The header lines that sign the attempt's message, when it was signed now: every later attempt sends the same.
    pub signature: Option<Arc<[u8]>>,
    /// The events to append.
    pub events: Vec<NewEvent>,
}

impl Settlement {
    /// When it happened: when its attempt ended, else the time of its newest event. Recipients that become final
    /// are final since then; without either they keep the moment at which they entered their last state.
    pub fn at(&self) -> Option<Timestamp> {
        let ended = self.attempt.as_ref().map(|attempt| attempt.ended_at);
        ended.or_else(|| self.events.iter().map(|event| event.at).max())
    }
}

/// How much there is in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Messages with a recipient that is not final.
    pub messages: u64,
    /// Their recipients that are not final.
    pub recipients: u64,
    /// Of these: in this node's memory.
    pub leased: u64,
    /// Of these: held by a person.
    pub held: u64,
    /// Of these: parked on a closure, and neither leased nor held.
    pub parked: u64,
}

/// Messages on their way. One node's view; calls may come from many tasks at once, and calls that wait at the same time
/// share one sync of the disk (group commit).
pub trait Spool: Send + Sync {
    /// Whether a message would be taken at this moment, as far as that is known without trying: the disk has room and has
    /// not failed. Quick, so that a client can be told before it sends its content.
    fn ready(&self) -> Result<(), crate::StoreError>;

    /// Keeps a message: durable when ready. Refuses with [`crate::StoreError::Full`] below the free-space floor. A
    /// [`crate::StoredBody`] belongs to the one message that names it; a refusal removes it. A message whose [`Once`] means
    /// another one at that moment is refused with [`crate::StoreError::Exists`] of [`Once::TAKEN`].
    fn accept(&self, message: NewMessage) -> Later<'_, ()>;

    /// The message that the key of a request means at that moment.
    fn taken(&self, slot: [u8; 32], now: Timestamp) -> Later<'_, Option<Taken>>;

    /// A sink for a body that is too large for memory.
    fn body_sink(&self) -> Later<'_, Box<dyn BodySink>>;

    /// Reads a message's content.
    fn body(&self, id: QueueId) -> Later<'_, Box<dyn BodyReader>>;

    /// Claims due recipients (waiting, not leased, `next_attempt_at <= now`; parked ones when their `wake_at` has
    /// come): leases them and gives them out, the longest due of each owner first. When the limit in all is too small
    /// for what is due, owners get equal shares. A parked recipient keeps its parking until it is settled.
    fn claim(&self, now: Timestamp, limits: ClaimLimits) -> Later<'_, Claimed>;

    /// Stores what an attempt or a decision made of recipients: durable when ready. Releases the lease of each recipient
    /// that goes back to waiting, and ends its parking. Of a recipient that is already final, or unknown, there is no
    /// news: the settlement is refused with [`crate::StoreError::Missing`].
    fn settle(&self, settlement: Settlement) -> Later<'_, ()>;

    /// Gives leases back unchanged: the recipients are due at once, for whoever claims next.
    fn release(&self, recipients: Vec<RecipientId>) -> Later<'_, ()>;

    /// Ends the leases that a crash left: gives the recipients that were leased, marks them as perhaps sent, and
    /// makes them due at once. Gives an empty list after a clean stop.
    fn recover(&self, now: Timestamp) -> Later<'_, Vec<RecipientId>>;

    /// Ends the wait of at most `limit` recipients parked on a closure, the oldest message first: they are due at `now`,
    /// and with `max_pause_ms` the time that they waited is added to `expires_at` and `paused_ms` (to at most that in
    /// all). Those that are leased or held are left as they are. Gives how many there were.
    fn unpark(
        &self,
        closure: ClosureId,
        now: Timestamp,
        limit: usize,
        max_pause_ms: Option<i64>,
    ) -> Later<'_, usize>;

    /// The closures that recipients are parked on, each once: after a crash, some may not exist any more.
    fn parked_closures(&self) -> Later<'_, Vec<ClosureId>>;

    /// What the queue holds.
    fn totals(&self) -> Later<'_, Totals>;

    /// The largest id that was ever stored for a message, an attempt or a closure, those that are gone included.
    fn last_id(&self) -> Later<'_, i64>;

    /// The notices that are owed, the oldest message first.
    fn notices_due(&self, limit: usize) -> Later<'_, Vec<DueNotice>>;

    /// Strikes notices out that nobody is to get.
    fn drop_notices(&self, notices: Vec<DueNotice>) -> Later<'_, ()>;

    /// Messages with a recipient that is not final, whose id is greater than `after`, by id, up to the first that was
    /// accepted at `before` or later: what is late, each message once when the caller goes on after the last.
    fn late(&self, after: Option<QueueId>, before: Timestamp, limit: usize) -> Later<'_, Vec<QueueId>>;

    /// Takes down that a message came back: delivered recipients become failed ones, and a notice is owed for each.
    /// Gives the places of those that were changed; recipients that are not delivered are left as they are.
    fn come_back(&self, back: ComeBack, events: Vec<NewEvent>) -> Later<'_, Vec<u16>>;

    /// Removes messages whose recipients are all final since before `before`, with all that belongs to them, at most `limit`.
    /// Gives how many there were.
    fn purge(&self, before: Timestamp, limit: usize) -> Later<'_, usize>;
}
