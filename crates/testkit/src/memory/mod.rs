//! The model of the store: what [`store::Store`] means, in plain maps behind one lock.
//!
//! It is the oracle of [`crate::contract`], and the store of tests that need no disk. It never writes anything: what it
//! keeps lives as long as the [`MemoryStore`] does, and [`MemoryStore::crash`] shows what a restart would see.

mod directory;
mod history;
mod keys;
mod notices;
mod protections;
mod spool;
mod statistics;
mod webhooks;

use mail::{
    Address, AttemptId, ClosureId, EventId, Evidence, OwnerId, Principal, QueueId, RecipientId, RelayId,
    Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{
    Account, ApiKey, Attempt, Body, Closure, DueNotice, Event, HostedDomain, Later, NewEvent, NewMessage,
    NewRecipient, Once, Owner, Parking, Protection, RecipientState, Relay, Route, Site, Start, StoreError,
    Totals, Wishes,
};

/// A store in memory. Clones of its `Arc` share it; nothing in it waits.
#[derive(Debug)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

impl MemoryStore {
    /// An empty store with the default owner.
    pub fn new() -> Self {
        let owner = Owner { id: OwnerId::DEFAULT, name: "default".to_owned() };
        let directory = Tables { owners: vec![owner], ..Tables::default() };
        Self { state: Arc::new(Mutex::new(State { directory, ..State::default() })) }
    }

    /// Forgets what a crash and a restart would forget: bodies that no message names. Leases stay, as they
    /// would in a store on disk, until [`store::Spool::recover`].
    pub fn crash(&self) {
        self.lock().unnamed_bodies.clear();
    }

    /// From now on every writing call is refused with this error; `None` lets them through again.
    pub fn refuse_writes(&self, with: Option<StoreError>) {
        self.lock().refusal = with;
    }

    /// From now on [`store::Spool::accept`] is refused as if so many bytes were free; `None` lets it through again.
    pub fn fill_disk(&self, free_bytes: Option<u64>) {
        self.lock().free_bytes = free_bytes;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T: Send + 'static>(&self, ask: impl FnOnce(&State) -> Result<T, StoreError>) -> Later<'_, T> {
        let answer = ask(&self.lock());
        Box::pin(std::future::ready(answer))
    }

    fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Later<'_, T> {
        let mut state = self.lock();
        let answer = match state.refusal.clone() {
            Some(error) => Err(error),
            None => act(&mut state),
        };
        drop(state);
        Box::pin(std::future::ready(answer))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything, as it would stand on disk.
#[derive(Debug, Default)]
struct State {
    messages: BTreeMap<QueueId, Message>,
    attempts: BTreeMap<AttemptId, Attempt>,
    events: BTreeMap<EventId, Event>,
    last_event: i64,
    last_id: i64,
    unnamed_bodies: BTreeMap<String, Arc<Vec<u8>>>,
    bodies_made: u64,
    directory: Tables,
    refusal: Option<StoreError>,
    free_bytes: Option<u64>,
    notices_due: BTreeSet<DueNotice>,
    book: statistics::Book,
    once: BTreeMap<[u8; 32], (Once, QueueId)>,
}

/// The directory's rows.
#[derive(Debug, Default)]
struct Tables {
    owners: Vec<Owner>,
    accounts: Vec<Account>,
    sites: Vec<Site>,
    /// By login in lower case.
    logins: BTreeMap<String, directory::Login>,
    relays: Vec<Relay>,
    domains: Vec<HostedDomain>,
    routes: Vec<Route>,
    closures: Vec<Closure>,
    settings: BTreeMap<String, String>,
    keys: Vec<ApiKey>,
    protections: Vec<(Principal, Protection)>,
    webhooks: Vec<webhooks::Row>,
    /// The last id given to a row of any kind: never given twice.
    last_id: i64,
}

#[derive(Debug)]
struct Message {
    new: NewMessage,
    /// Gone once every recipient is delivered or cancelled.
    content: Option<Arc<Vec<u8>>>,
    signature: Option<Arc<[u8]>>,
    body_bytes: u64,
    recipients: Vec<Recipient>,
}

#[derive(Debug, Clone)]
struct Recipient {
    address: Address,
    state: RecipientState,
    leased: bool,
    next_attempt_at: Timestamp,
    expires_at: Timestamp,
    attempts: u32,
    relay: Option<RelayId>,
    parking: Option<Parking>,
    paused_ms: i64,
    asked_wait_used: bool,
    perhaps_sent: bool,
    evidence: Option<Evidence>,
    cause: Option<String>,
    since: Timestamp,
    wishes: Wishes,
    /// Whether a notice is owed, or was, when it became final.
    told: bool,
}

impl Recipient {
    fn begin(new: NewRecipient, received_at: Timestamp) -> Self {
        let (next_attempt_at, parking) = match new.start {
            Start::Leased => (received_at, None),
            Start::Due(at) => (at, None),
            Start::Parked(parking) => (parking.wake_at, Some(parking)),
        };
        Self {
            address: new.address,
            state: RecipientState::Waiting,
            leased: new.start == Start::Leased,
            next_attempt_at,
            expires_at: new.expires_at,
            attempts: 0,
            relay: new.relay,
            parking,
            paused_ms: 0,
            asked_wait_used: false,
            perhaps_sent: false,
            evidence: None,
            cause: new.cause.map(str::to_owned),
            since: received_at,
            wishes: new.wishes,
            told: false,
        }
    }

    /// Whether it waits in the store.
    fn waits(&self) -> bool {
        self.state == RecipientState::Waiting && !self.leased
    }

    fn waits_for(&self, closure: ClosureId) -> bool {
        self.waits() && self.parking.is_some_and(|parking| parking.closure == closure)
    }

    fn become_final(&mut self, state: RecipientState, since: Option<Timestamp>) {
        self.state = state;
        self.leased = false;
        self.parking = None;
        self.perhaps_sent = false;
        self.since = since.unwrap_or(self.since);
    }
}

impl Message {
    fn is_open(&self) -> bool {
        self.recipients.iter().any(|recipient| !recipient.state.is_final())
    }

    fn finished_at(&self) -> Option<Timestamp> {
        let last = self.recipients.iter().map(|recipient| recipient.since).max();
        if self.is_open() { None } else { last }
    }

    /// Nobody needs the content of a message that arrived everywhere, or was deleted.
    fn drop_unneeded_content(&mut self) {
        let done = |r: &Recipient| {
            matches!(r.state, RecipientState::Delivered | RecipientState::Cancelled) && !r.told
        };
        if self.recipients.iter().all(done) {
            self.content = None;
        }
    }
}

impl State {
    fn recipient(&mut self, id: RecipientId) -> Option<&mut Recipient> {
        self.messages.get_mut(&id.message)?.recipients.get_mut(usize::from(id.index))
    }

    fn every_recipient(&mut self) -> impl Iterator<Item = (RecipientId, &mut Recipient)> {
        self.messages.iter_mut().flat_map(|(&message, row)| {
            row.recipients.iter_mut().enumerate().map(move |(index, recipient)| {
                let index = u16::try_from(index).unwrap_or(u16::MAX);
                (RecipientId { message, index }, recipient)
            })
        })
    }

    fn append(&mut self, events: Vec<NewEvent>) {
        for new in events {
            self.last_event += 1;
            let id = EventId(self.last_event);
            let event = Event {
                id,
                at: new.at,
                kind: new.kind,
                owner: new.owner,
                message: new.message,
                recipient: new.recipient,
                relay: new.relay,
                cause: new.cause,
                detail: new.detail,
            };
            self.events.insert(id, event);
        }
    }

    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for message in self.messages.values().filter(|message| message.is_open()) {
            totals.messages += 1;
            for recipient in message.recipients.iter().filter(|r| !r.state.is_final()) {
                totals.recipients += 1;
                totals.leased += u64::from(recipient.leased);
                totals.held += u64::from(recipient.state == RecipientState::Held);
                totals.parked += u64::from(recipient.waits() && recipient.parking.is_some());
            }
        }
        totals
    }

    /// Takes a message's content: what an unnamed body holds from now on belongs to this message, whatever happens.
    fn take_content(&mut self, body: &Body) -> Result<Arc<Vec<u8>>, StoreError> {
        match body {
            Body::Memory(content) => Ok(Arc::clone(content)),
            Body::Stored(stored) => {
                let missing = || StoreError::Missing { name: stored.name.clone() };
                self.unnamed_bodies.remove(&stored.name).ok_or_else(missing)
            }
        }
    }
}
