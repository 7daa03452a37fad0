//! The one door: a submission becomes a message that is on disk.

use crate::road::{Road, by_road};
use crate::schedule::{Job, Letter, Passenger, State, lock};
use crate::{Budget, Limits, Queue, Reserved};
use explain::CauseId;
use mail::{
    Address, AuthorError, AuthorScan, Domain, Envelope, HeaderScan, Hold, OwnerId, Principal, PublicId,
    QueueId, Recipient, RecipientId, RelayId, Timestamp, xtext,
};
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};
use store::{
    About, Body, BodySink, DueNotice, EventKind, Extras, NewEvent, NewMessage, NewRecipient, Once, Parking,
    Start, Store, StoreError, Wishes,
};

/// Why a message is not taken. Each has its SMTP reply and its explanation; none says more than the client may know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The sender address is not one of the principal's own.
    #[error("{0} is not an address that this login may send with")]
    SenderNotOwned(String),
    /// The principal may not send for the time being.
    #[error("this account or site is blocked")]
    Blocked,
    /// An address in the `From` field is not one of the principal's own.
    #[error("From holds {0}, which is not an address that this login may send with")]
    AuthorNotOwned(String),
    /// There are several `From` fields, or one that cannot be read: readers would show different authors.
    #[error("{0}")]
    AuthorUnclear(#[from] AuthorError),
    /// There is no recipient.
    #[error("the message has no recipient")]
    NoRecipient,
    /// There are more recipients than one message may have.
    #[error("the message has more than {0} recipients")]
    TooManyRecipients(usize),
    /// The message is larger than the limit in bytes.
    #[error("the message is larger than {0} bytes")]
    TooBig(u64),
    /// The message has been received too often: it goes round in a loop.
    #[error("the message has been through more than {0} servers")]
    Loop(u32),
    /// The store could not keep it: the client is told to try again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system had no randomness to give.
    #[error("the system gives no randomness")]
    NoRandomness,
}

impl Refusal {
    /// The id of the page that explains it.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::SenderNotOwned(_) | Self::AuthorNotOwned(_) => "sender_not_owned",
            Self::AuthorUnclear(_) => "message_malformed",
            Self::Blocked => "blocked",
            Self::NoRecipient => "protocol_error",
            Self::TooManyRecipients(_) => "too_many_recipients",
            Self::TooBig(_) => "message_too_big",
            Self::Loop(_) => "mail_loop",
            Self::Store(StoreError::Full { .. }) => "server_storage_full",
            Self::Store(_) | Self::NoRandomness => "server_local_error",
        }
    }
}

/// What a submission must pass besides the limits. Called for every way in.
pub trait Policy: Send + Sync {
    /// Whether the principal may send this envelope.
    fn judge(&self, principal: Principal, owner: OwnerId, envelope: &Envelope) -> Result<(), Refusal>;

    /// Whether the principal may send a message with this header; an author without a domain belongs to `host`.
    fn judge_authors(
        &self,
        _principal: Principal,
        _scan: &AuthorScan,
        _host: &Domain,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    /// The addresses that stand for a local name (an alias), each of them final; `None` for every other address.
    fn expand(&self, address: &Address) -> Option<Vec<Address>>;

    /// The seconds for which the principal's mail can be taken back before it leaves.
    fn undo_secs(&self, principal: Principal) -> u32;
}

/// What binds a notice to the message that it tells of.
#[derive(Debug, Clone, Default)]
pub struct Bond {
    /// The message, and what is told of it.
    pub about: Option<About>,
    /// The notices that are owed no more once this one is on disk.
    pub tells: Vec<DueNotice>,
    /// Events to append with it.
    pub events: Vec<NewEvent>,
}

/// What a program asks for besides the envelope.
#[derive(Debug, Clone, Default)]
pub struct Particulars {
    /// The key of its request: the same key gives no second message.
    pub once: Option<Once>,
    /// The words by which it finds the message again.
    pub tags: Vec<String>,
    /// The subject, for news of the message.
    pub subject: Option<String>,
    /// What it wants to be told along with news of the message.
    pub metadata: BTreeMap<String, String>,
    /// The relay that is to carry the message, as long as that is there.
    pub relay: Option<RelayId>,
    /// For how long in seconds it can be taken back, instead of what holds for the principal.
    pub undo_secs: Option<u32>,
}

/// A message that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its queue id.
    pub id: QueueId,
    /// Its unguessable id.
    pub public_id: PublicId,
    /// Its `Message-ID`.
    pub message_id: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// When it leaves, if not at once.
    pub release_at: Option<Timestamp>,
}

/// How a message came to us: what its `Received:` line says.
#[derive(Debug, Clone)]
pub struct Trace {
    /// What the client called itself.
    pub helo: String,
    /// Its address, when it came over a network.
    pub client: Option<IpAddr>,
    /// `ESMTPSA`, `HTTP`, `local` (RFC 3848).
    pub protocol: &'static str,
}

/// A message that asks to be taken.
#[derive(Debug)]
pub struct Submission {
    /// Who gives it.
    pub principal: Principal,
    /// Whose it is.
    pub owner: OwnerId,
    /// From whom, to whom.
    pub envelope: Envelope,
    /// How it came.
    pub trace: Trace,
    /// The content, finished.
    pub draft: Draft,
}

/// A content as it arrives: in memory while small, in a file of the store past that. Dropped, it leaves nothing.
pub struct Draft {
    store: Arc<dyn Store>,
    budget: Budget,
    limits: Limits,
    scan: HeaderScan,
    authors: AuthorScan,
    memory: Vec<u8>,
    reserved: Vec<Reserved>,
    sink: Option<Box<dyn BodySink>>,
    bytes: u64,
    /// Why a piece was lost: it was refused, or its writing failed or was abandoned halfway.
    torn: Option<Refusal>,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Draft {
    /// Adds a piece of the content: canonical bytes (CR LF line ends, dots not stuffed).
    pub async fn append(&mut self, piece: Vec<u8>) -> Result<(), Refusal> {
        if piece.is_empty() {
            return Ok(());
        }
        self.whole()?;
        // Whatever ends this call early leaves a content with a hole, which must never become a message.
        self.torn = Some(Refusal::Store(StoreError::Closed));
        let added = self.add(piece).await;
        self.torn = added.as_ref().err().cloned();
        added
    }

    fn whole(&self) -> Result<(), Refusal> {
        self.torn.clone().map_or(Ok(()), Err)
    }

    async fn add(&mut self, piece: Vec<u8>) -> Result<(), Refusal> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.limits.message_bytes {
            return Err(Refusal::TooBig(self.limits.message_bytes));
        }
        self.scan.feed(&piece);
        self.authors.feed(&piece);
        if let Some(sink) = &mut self.sink {
            return Ok(sink.append(piece).await?);
        }
        let fits = self.memory.len() + piece.len() <= self.limits.spill_bytes;
        match self.budget.reserve(piece.len()).filter(|_| fits) {
            Some(reserved) => {
                self.reserved.push(reserved);
                if self.memory.is_empty() {
                    self.memory = piece;
                } else {
                    self.memory.extend_from_slice(&piece);
                }
                Ok(())
            }
            None => self.spill(piece).await,
        }
    }

    async fn spill(&mut self, piece: Vec<u8>) -> Result<(), Refusal> {
        let mut sink = self.store.body_sink().await?;
        if !self.memory.is_empty() {
            sink.append(std::mem::take(&mut self.memory)).await?;
            self.reserved.clear();
        }
        sink.append(piece).await?;
        self.sink = Some(sink);
        Ok(())
    }

    async fn finish(&mut self) -> Result<Body, Refusal> {
        self.whole()?;
        match self.sink.take() {
            Some(sink) => Ok(Body::Stored(sink.finish().await?)),
            None => {
                let mut bytes = std::mem::take(&mut self.memory);
                bytes.shrink_to_fit();
                Ok(Body::Memory(Arc::new(bytes)))
            }
        }
    }
}

/// Where recipients go from the door.
enum Placement {
    /// Into memory, to be sent on that road.
    Lane(Road),
    /// To the store: memory is full.
    Overflow(Option<RelayId>),
    /// To the store, until a moment.
    Later { at: Timestamp, cause: &'static str, relay: Option<RelayId> },
    /// To the store, behind a closure.
    Parked { parking: Parking, cause: &'static str, relay: Option<RelayId> },
}

/// Recipients of a message that go to one place, by their index.
struct Part {
    indices: Vec<u16>,
    placement: Placement,
}

/// The moments of a message's life.
#[derive(Clone, Copy)]
struct Times {
    now: Timestamp,
    /// When it may leave, if not at once.
    release_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl Queue {
    /// An empty content, to be filled and submitted.
    pub fn draft(&self) -> Draft {
        Draft {
            store: Arc::clone(&self.store),
            budget: self.budget.clone(),
            limits: self.limits,
            scan: HeaderScan::default(),
            authors: AuthorScan::default(),
            memory: Vec::new(),
            reserved: Vec::new(),
            sink: None,
            bytes: 0,
            torn: None,
        }
    }

    /// Takes a message: when this gives an id, the message is on disk.
    pub async fn accept(&self, submission: Submission) -> Result<QueueId, Refusal> {
        self.accept_notice(submission, Bond::default()).await
    }

    /// Takes a message that is a notice: as [`Queue::accept`], and with it what it tells is owed no more.
    pub async fn accept_notice(&self, submission: Submission, bond: Bond) -> Result<QueueId, Refusal> {
        Ok(self.take(submission, bond, Particulars::default()).await?.id)
    }

    /// Takes a message of a program that asks for more than an envelope can say: as [`Queue::accept`].
    pub async fn accept_with(
        &self,
        submission: Submission,
        particulars: Particulars,
    ) -> Result<Accepted, Refusal> {
        self.take(submission, Bond::default(), particulars).await
    }

    /// Whether a message would be taken, which is not kept.
    pub fn examine(&self, submission: &Submission) -> Result<(), Refusal> {
        let Submission { principal, owner, envelope, draft, .. } = submission;
        draft.whole()?;
        self.check(*principal, *owner, envelope, draft)?;
        self.expand(envelope.recipients.clone())?;
        Ok(self.store.ready()?)
    }

    async fn take(
        &self,
        submission: Submission,
        bond: Bond,
        asked: Particulars,
    ) -> Result<Accepted, Refusal> {
        let Submission { principal, owner, envelope, trace, mut draft } = submission;
        self.check(principal, owner, &envelope, &draft)?;
        let recipients = self.expand(envelope.recipients)?;
        let public_id = self.mint.public_id().ok_or(Refusal::NoRandomness)?;
        let body = draft.finish().await?;
        let now = self.clock.now();
        let id = self.mint.queue_id(now);
        let (added_headers, message_id) = self.added_headers(id, now, &trace, &draft.scan);
        let letter = Arc::new(Letter {
            id,
            owner,
            principal,
            received_at: now,
            from: envelope.from,
            body_type: envelope.body,
            added_headers: added_headers.into(),
            body_bytes: body.bytes(),
            extras: Extras {
                envid: envelope.envid,
                ret: envelope.ret,
                hold: envelope.hold,
                about: bond.about,
                relay: asked.relay,
                tags: asked.tags,
                subject: asked.subject,
                metadata: asked.metadata,
            },
            signature: OnceLock::new(),
            body: match &body {
                Body::Memory(bytes) => Some(Arc::clone(bytes)),
                Body::Stored(_) => None,
            },
            reserved: std::mem::take(&mut draft.reserved),
        });
        let undo_secs = asked.undo_secs.unwrap_or_else(|| self.policy.undo_secs(principal));
        let times = self.times(undo_secs, envelope.hold, now);
        let entry = self.place(letter, &recipients, times);
        let events = accepted_events(id, owner, now, &bond.tells).chain(bond.events).collect();
        let message = NewMessage {
            id,
            public_id,
            owner,
            principal,
            received_at: now,
            from: entry.letter.from.clone(),
            body_type: entry.letter.body_type,
            message_id,
            added_headers: Arc::clone(&entry.letter.added_headers),
            body,
            recipients: new_recipients(&recipients, &entry.parts, times),
            client: client_text(&trace),
            extras: entry.letter.extras.clone(),
            tells: bond.tells,
            once: asked.once,
            events,
        };
        let message_id = message.message_id.clone();
        let told = self.witness.get().map(|witness| {
            let letter = Arc::clone(&entry.letter);
            (witness, letter, message.recipients.len())
        });
        self.store.accept(message).await?;
        if let Some((witness, letter, recipients)) = told {
            witness.accepted(&letter, &message_id, &trace, recipients);
        }
        self.placed(entry, recipients, times);
        Ok(Accepted { id, public_id, message_id, at: now, release_at: times.release_at })
    }

    /// Local names become the addresses that stand for them; an address that is met twice then gets one message.
    fn expand(&self, recipients: Vec<Recipient>) -> Result<Vec<Recipient>, Refusal> {
        let aliases: Vec<_> = recipients.iter().map(|to| self.policy.expand(&to.address)).collect();
        if aliases.iter().all(Option::is_none) {
            return Ok(recipients);
        }
        let (mut seen, mut expanded) = (HashSet::new(), Vec::new());
        for (to, aliases) in recipients.into_iter().zip(aliases) {
            let orcpt = to.orcpt.clone().or_else(|| Some(xtext::typed(&to.address)));
            let made = match aliases {
                None => vec![to],
                Some(addresses) => addresses
                    .into_iter()
                    .map(|address| Recipient { address, notify: to.notify, orcpt: orcpt.clone() })
                    .collect(),
            };
            expanded.extend(made.into_iter().filter(|to| seen.insert(to.address.key())));
        }
        match expanded.len() {
            0 => Err(Refusal::NoRecipient),
            count if count > usize::from(u16::MAX) => Err(Refusal::TooManyRecipients(self.limits.recipients)),
            _ => Ok(expanded),
        }
    }

    fn times(&self, undo_secs: u32, hold: Option<Hold>, now: Timestamp) -> Times {
        let undo = now.plus_secs(undo_secs.into());
        let most = now.plus_secs(self.limits.hold_secs.into());
        let held = match hold {
            None => now,
            Some(Hold::ForSecs(secs)) => now.plus_secs(secs.into()).min(most),
            Some(Hold::Until(moment)) => moment.min(most),
        };
        let release_at = Some(held.max(undo)).filter(|&moment| moment > now);
        Times { now, release_at, expires_at: self.timetable.expiry(release_at.unwrap_or(now)) }
    }

    fn check(
        &self,
        principal: Principal,
        owner: OwnerId,
        envelope: &Envelope,
        draft: &Draft,
    ) -> Result<(), Refusal> {
        if envelope.recipients.is_empty() {
            return Err(Refusal::NoRecipient);
        }
        if envelope.recipients.len() > self.limits.recipients {
            return Err(Refusal::TooManyRecipients(self.limits.recipients));
        }
        if draft.scan.received() > self.limits.hops {
            return Err(Refusal::Loop(self.limits.hops));
        }
        self.policy.judge(principal, owner, envelope)?;
        // What has no header gets an empty line in front: nothing in it is read as a field.
        if draft.scan.has_no_header() {
            return Ok(());
        }
        self.policy.judge_authors(principal, &draft.authors, &self.host_name)
    }

    /// The lines in front of the content (RFC 6409 §8, RFC 5321 §4.4), and the message id.
    fn added_headers(
        &self,
        id: QueueId,
        now: Timestamp,
        trace: &Trace,
        scan: &HeaderScan,
    ) -> (Vec<u8>, String) {
        let by = self.host_name.as_ascii();
        let fields = mail::ReceivedFields {
            helo: &trace.helo,
            client: trace.client,
            by,
            protocol: trace.protocol,
            id,
            now,
        };
        let mut lines = mail::received(&fields);
        let missing = scan.missing();
        if missing.date {
            lines += &format!("Date: {}\r\n", mail::date(now));
        }
        let message_id = scan.message_id().map(str::to_owned);
        let message_id = message_id.unwrap_or_else(|| mail::message_id(id, now, &self.host_name));
        if missing.message_id {
            lines += &format!("Message-ID: {message_id}\r\n");
        }
        // A content without a header begins with its body: the empty line between is ours to add.
        if scan.has_no_header() {
            lines += "\r\n";
        }
        (lines.into_bytes(), message_id)
    }

    fn place(&self, letter: Arc<Letter>, recipients: &[Recipient], times: Times) -> Entry {
        let mut state = self.lock();
        let epoch = state.routes_epoch;
        let wanted = letter.extras.relay;
        let relay = state.routes.choose_for(wanted, letter.principal, letter.owner, &letter.from);
        let all = || (0..).zip(recipients).map(|(index, _)| index).collect::<Vec<u16>>();
        let stop = state.stopping(letter.principal, relay, &letter.from);
        let parts = match (times.release_at, stop, relay) {
            (Some(at), _, _) => {
                let cause = CauseId::SCHEDULED.as_str();
                vec![Part { indices: all(), placement: Placement::Later { at, cause, relay } }]
            }
            (None, Some(stop), _) => {
                let parking = stop.parking(&self.timetable, times.now, times.expires_at, 0);
                let placement = Placement::Parked { parking, cause: stop.cause, relay };
                vec![Part { indices: all(), placement }]
            }
            (None, None, Some(relay)) => by_road(relay, (0..).zip(recipients), |(_, to)| &to.address)
                .into_iter()
                .map(|(road, row)| {
                    let indices: Vec<u16> = row.into_iter().map(|(index, _)| index).collect();
                    let placement = state.place(&self.limits, letter.owner, road, indices.len(), times.now);
                    Part { indices, placement }
                })
                .collect(),
            // `stopping` answers for the missing relay.
            (None, None, None) => vec![Part { indices: all(), placement: Placement::Overflow(None) }],
        };
        Entry { letter, parts, epoch, state: Arc::clone(&self.state), done: false }
    }

    /// The message is on disk: its recipients go where their places are.
    fn placed(&self, mut entry: Entry, recipients: Vec<Recipient>, times: Times) {
        entry.done = true;
        let mut recipients: Vec<Option<Recipient>> = recipients.into_iter().map(Some).collect();
        let mut state = self.lock();
        for part in &entry.parts {
            match &part.placement {
                Placement::Lane(road) => {
                    let passenger = |&index: &u16| {
                        let to = recipients.get_mut(usize::from(index))?.take()?;
                        Some(Passenger {
                            index,
                            address: to.address,
                            attempts: 0,
                            expires_at: times.expires_at,
                            paused_ms: 0,
                            asked_wait_used: false,
                            wishes: Wishes { notify: to.notify, orcpt: to.orcpt },
                        })
                    };
                    let passengers = part.indices.iter().filter_map(passenger).collect();
                    let letter = Arc::clone(&entry.letter);
                    state.enqueue_or_abandon(road, Job { letter, passengers }, times.now);
                }
                Placement::Overflow(_) => state.want_feed(),
                Placement::Later { at, .. } => state.due_at(*at),
                // The closure may have ended while the message was on its way to the disk.
                Placement::Parked { parking, .. } => {
                    state.due_at(parking.wake_at);
                    state.parked_on(parking.closure, entry.epoch);
                }
            }
        }
    }
}

impl State {
    /// The place of recipients that nothing stops.
    fn place(
        &mut self,
        limits: &Limits,
        owner: OwnerId,
        road: Road,
        recipients: usize,
        now: Timestamp,
    ) -> Placement {
        let relay = match &road {
            Road::Relay(relay) => *relay,
            Road::Direct(domain) => {
                if let Some(pause) = self.held_back(domain, now) {
                    let (cause, relay) = (CauseId::DESTINATION_SLOWED.as_str(), Some(RelayId::DIRECT));
                    return Placement::Later { at: pause.until, cause, relay };
                }
                RelayId::DIRECT
            }
        };
        if self.enter(limits, owner, recipients) {
            Placement::Lane(road)
        } else {
            Placement::Overflow(Some(relay))
        }
    }
}

/// A message on its way to the disk, and the place that is kept for it. Dropped before the store has answered well (the
/// client went away, the store failed, perhaps after it stored), the place is given back, and so is the message, if there
/// is one by then.
struct Entry {
    letter: Arc<Letter>,
    parts: Vec<Part>,
    epoch: u64,
    state: Arc<Mutex<State>>,
    done: bool,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut state = lock(&self.state);
        for part in &self.parts {
            match &part.placement {
                Placement::Lane(_) => {
                    let message = self.letter.id;
                    let ids = part.indices.iter().map(|&index| RecipientId { message, index });
                    state.abandoned.extend(ids);
                    state.leave(self.letter.owner, part.indices.len());
                }
                Placement::Overflow(_) | Placement::Later { .. } => {}
                Placement::Parked { parking, .. } => state.parked_on(parking.closure, self.epoch),
            }
        }
        state.want_feed();
    }
}

/// That a message was accepted, and what it tells of others.
fn accepted_events(
    id: QueueId,
    owner: OwnerId,
    now: Timestamp,
    tells: &[DueNotice],
) -> impl Iterator<Item = NewEvent> {
    let accepted = NewEvent { message: Some(id), ..NewEvent::new(now, EventKind::Accepted, owner) };
    let noticed = tells.iter().map(move |told| NewEvent {
        message: Some(told.recipient.message),
        recipient: Some(told.recipient.index),
        detail: id.to_string(),
        ..NewEvent::new(now, EventKind::Noticed, owner)
    });
    std::iter::once(accepted).chain(noticed)
}

fn new_recipients(recipients: &[Recipient], parts: &[Part], times: Times) -> Vec<NewRecipient> {
    let mut starts = vec![(None, Start::Due(times.now), None); recipients.len()];
    for part in parts {
        let start = match &part.placement {
            Placement::Lane(Road::Relay(relay)) => (Some(*relay), Start::Leased, None),
            Placement::Lane(Road::Direct(_)) => (Some(RelayId::DIRECT), Start::Leased, None),
            Placement::Overflow(relay) => (*relay, Start::Due(times.now), None),
            Placement::Later { at, cause, relay } => (*relay, Start::Due(*at), Some(*cause)),
            Placement::Parked { parking, cause, relay } => (*relay, Start::Parked(*parking), Some(*cause)),
        };
        for &index in &part.indices {
            if let Some(slot) = starts.get_mut(usize::from(index)) {
                *slot = start;
            }
        }
    }
    let new = |(to, (relay, start, cause)): (&Recipient, (Option<RelayId>, Start, Option<&'static str>))| {
        let wishes = Wishes { notify: to.notify, orcpt: to.orcpt.clone() };
        let (address, expires_at) = (to.address.clone(), times.expires_at);
        NewRecipient { address, relay, start, cause, expires_at, wishes }
    };
    recipients.iter().zip(starts).map(new).collect()
}

fn client_text(trace: &Trace) -> String {
    trace.client.map_or_else(|| trace.helo.clone(), |client| format!("{}[{client}]", trace.helo))
}
