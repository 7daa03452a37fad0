//! The store under a disk that is simulated down to the sector: a journal, synced record by record, and a file for each
//! large content, synced with its name before the record that names it. That is what the store of one machine does; here
//! the disk may lose, tear and reorder whatever was not synced, fail, and be full.

use crate::faulty::wait_once;
use crate::world::run;
use mail::WebhookId;
use mail::{
    AccountId, ClosureId, DomainId, EventId, Principal, PublicId, QueueId, RecipientId, RelayId, SiteId,
    Timestamp,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use store::{
    Account, Act, ApiKey, Body, BodyReader, BodySink, ClaimLimits, Claimed, Closure, ComeBack, Directory,
    DueNotice, Event, Filter, History, HostedDomain, Keys, Later, LoginRecord, MessageRow, NewEvent,
    NewLogin, NewMessage, Owner, Page, Protection, Protections, Relay, Route, RouteScope, Settlement, Site,
    Spool, StoreError, StoredBody, Story, Totals,
};
use store::{CountQuery, CountRow, OwedPost, Post, Statistics, Tally, Webhook, WebhookStep, Webhooks};
use testkit::chance::Chance;
use testkit::disk::SimDisk;
use testkit::memory::MemoryStore;

/// The bytes of a record: they do not end where a sector does, so that one can be torn.
const RECORD_BYTES: usize = 300;

/// What was done, to be done again from the journal.
type Redo = Arc<dyn Fn(&MemoryStore, &SimDisk) + Send + Sync>;

/// Faults that are still to come.
#[derive(Debug, Default)]
pub struct Faults {
    /// After so many more syncs, one fails.
    pub sync_fails_in: Option<u64>,
    /// After so many more writes, one finds no room.
    pub no_room_in: Option<u64>,
}

struct Device {
    disk: SimDisk,
    /// Where the next record begins.
    end: usize,
    faults: Faults,
    lost: bool,
    bodies: u64,
}

/// A store over a simulated disk.
pub struct PowerStore {
    live: MemoryStore,
    device: Arc<Mutex<Device>>,
    /// All that was ever asked, by the number in its record.
    done: Mutex<Vec<Redo>>,
}

fn journal() -> PathBuf {
    PathBuf::from("data/journal")
}

fn count_down(left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => {
            *left = None;
            true
        }
        Some(more) => {
            *more -= 1;
            false
        }
        None => false,
    }
}

impl Device {
    fn write(&mut self, path: &Path, offset: usize, bytes: &[u8]) -> Result<(), StoreError> {
        if count_down(&mut self.faults.no_room_in) {
            // What a full disk took of it is on the disk.
            self.disk.write(path, offset, &bytes[..bytes.len() / 2]);
            return Err(StoreError::Full { free_bytes: 0 });
        }
        self.disk.write(path, offset, bytes);
        Ok(())
    }

    fn sync(&mut self, path: &Path) -> Result<(), StoreError> {
        if self.lost || count_down(&mut self.faults.sync_fails_in) {
            self.lost = true;
            return Err(StoreError::ReadOnly { detail: "as planned".to_owned() });
        }
        self.disk.sync(path);
        Ok(())
    }

    fn ready(&self) -> Result<(), StoreError> {
        if self.lost { Err(StoreError::ReadOnly { detail: "as planned".to_owned() }) } else { Ok(()) }
    }
}

/// A record: its number all over, so that a torn one is known by its sectors.
fn record(number: usize) -> Vec<u8> {
    let word = (number as u64 + 1).to_le_bytes();
    word.iter().copied().cycle().take(RECORD_BYTES).collect()
}

impl PowerStore {
    /// A store on a new disk.
    pub fn new() -> Arc<Self> {
        let mut disk = SimDisk::default();
        disk.create(&journal());
        disk.sync(&journal());
        disk.sync(Path::new("data"));
        Self::over(disk, Vec::new(), &[])
    }

    fn over(disk: SimDisk, done: Vec<Redo>, found: &[usize]) -> Arc<Self> {
        let live = MemoryStore::new();
        for redo in found.iter().filter_map(|&number| done.get(number)) {
            redo(&live, &disk);
        }
        // No name is given twice: there were never more contents than there was asked of the store.
        let (end, bodies) = (found.len() * RECORD_BYTES, 1_000 * (done.len() as u64 + 1));
        let device = Device { disk, end, faults: Faults::default(), lost: false, bodies };
        Arc::new(Self { live, device: Arc::new(Mutex::new(device)), done: Mutex::new(done) })
    }

    /// The power goes, and comes back: the store as it is found.
    pub fn cut(&self, chance: &mut Chance) -> Arc<Self> {
        let device = self.device();
        let disk = device.disk.cut(chance);
        let found = disk.read(&journal()).expect("the journal's name is safe").to_vec();
        let done = self.done.lock().unwrap().clone();
        let mut numbers = Vec::new();
        for bytes in found.chunks(RECORD_BYTES) {
            // The first record that is not whole ends the journal.
            let number = bytes.first_chunk().map(|word| u64::from_le_bytes(*word));
            let number = number.and_then(|number| usize::try_from(number.checked_sub(1)?).ok());
            match number {
                Some(number) if number < done.len() && bytes == record(number) => numbers.push(number),
                _ => break,
            }
        }
        drop(device);
        Self::over(disk, done, &numbers)
    }

    /// The faults that are still to come.
    pub fn plan(&self, faults: Faults) {
        self.device().faults = faults;
    }

    pub fn is_lost(&self) -> bool {
        self.device().lost
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap()
    }

    /// Writes a record down, syncs it, and only then does what it says.
    fn log<'a, T: Send + 'a>(
        &'a self,
        redo: Redo,
        act: impl FnOnce(&'a MemoryStore) -> Later<'a, T> + Send + 'a,
    ) -> Later<'a, T> {
        Box::pin(async move {
            wait_once().await;
            self.device().ready()?;
            let number = {
                let mut done = self.done.lock().unwrap();
                done.push(redo);
                done.len() - 1
            };
            let end = self.device().end;
            self.device().write(&journal(), end, &record(number))?;
            wait_once().await;
            self.device().sync(&journal())?;
            self.device().end = end + RECORD_BYTES;
            let answer = act(&self.live).await;
            wait_once().await;
            answer
        })
    }

    async fn accept_message(&self, message: NewMessage) -> Result<(), StoreError> {
        let mut kept = message;
        let mut file = None;
        if let Body::Stored(stored) = &kept.body {
            let path = PathBuf::from(&stored.name);
            let content = self.device().disk.read(&path).unwrap_or_default().to_vec();
            kept.body = Body::Memory(Arc::new(content));
            file = Some(path);
        }
        // After a power cut the content is what is found under its name.
        let again = kept.clone();
        let redo: Redo = Arc::new(move |live, disk| {
            if let (Some(path), Body::Memory(meant)) = (&file, &again.body) {
                assert_eq!(
                    disk.read(path),
                    Some(meant.as_slice()),
                    "a record names a content that is not there"
                );
            }
            drop(run(live.accept(again.clone())));
        });
        self.log(redo, move |live| live.accept(kept)).await
    }
}

/// A content on its way into a file.
struct Sink {
    device: Arc<Mutex<Device>>,
    path: PathBuf,
    len: usize,
}

impl BodySink for Sink {
    fn append(&mut self, piece: Vec<u8>) -> Later<'_, ()> {
        Box::pin(async move {
            wait_once().await;
            let (path, at) = (self.path.clone(), self.len);
            self.device.lock().unwrap().write(&path, at, &piece)?;
            self.len += piece.len();
            Ok(())
        })
    }

    fn finish(self: Box<Self>) -> Later<'static, StoredBody> {
        Box::pin(async move {
            wait_once().await;
            self.device.lock().unwrap().sync(&self.path)?;
            wait_once().await;
            self.device.lock().unwrap().sync(Path::new("data/bodies"))?;
            Ok(StoredBody { name: self.path.display().to_string(), bytes: self.len as u64 })
        })
    }
}

macro_rules! journaled {
    ($($name:ident($($arg:ident: $of:ty),*) -> $out:ty;)+) => {$(
        fn $name(&self, $($arg: $of),*) -> Later<'_, $out> {
            let redo: Redo = {
                $(let $arg = $arg.clone();)*
                Arc::new(move |live, _| drop(run(live.$name($($arg.clone()),*))))
            };
            self.log(redo, move |live| live.$name($($arg),*))
        }
    )+};
}

macro_rules! asked {
    ($($name:ident($($arg:ident: $of:ty),*) -> $out:ty;)+) => {$(
        fn $name(&self, $($arg: $of),*) -> Later<'_, $out> {
            self.live.$name($($arg),*)
        }
    )+};
}

impl Spool for PowerStore {
    fn ready(&self) -> Result<(), StoreError> {
        self.device().ready()
    }

    fn accept(&self, message: NewMessage) -> Later<'_, ()> {
        Box::pin(self.accept_message(message))
    }

    fn body_sink(&self) -> Later<'_, Box<dyn BodySink>> {
        let mut device = self.device();
        device.bodies += 1;
        let path = PathBuf::from(format!("data/bodies/{}", device.bodies));
        let ready = device.ready();
        drop(device);
        let sink = Sink { device: Arc::clone(&self.device), path, len: 0 };
        Box::pin(std::future::ready(ready.map(|()| Box::new(sink) as Box<dyn BodySink>)))
    }

    journaled! {
        claim(now: Timestamp, limits: ClaimLimits) -> Claimed;
        settle(settlement: Settlement) -> ();
        release(recipients: Vec<RecipientId>) -> ();
        recover(now: Timestamp) -> Vec<RecipientId>;
        unpark(closure: ClosureId, now: Timestamp, limit: usize, max_pause_ms: Option<i64>) -> usize;
        purge(before: Timestamp, limit: usize) -> usize;
        drop_notices(notices: Vec<DueNotice>) -> ();
        come_back(back: ComeBack, events: Vec<NewEvent>) -> Vec<u16>;
    }

    asked! {
        body(id: QueueId) -> Box<dyn BodyReader>;
        parked_closures() -> Vec<ClosureId>;
        totals() -> Totals;
        taken(slot: [u8; 32], now: Timestamp) -> Option<store::Taken>;
        last_id() -> i64;
        notices_due(limit: usize) -> Vec<DueNotice>;
        late(after: Option<QueueId>, before: Timestamp, limit: usize) -> Vec<QueueId>;
    }
}

impl Directory for PowerStore {
    journaled! {
        add_owner(name: String, events: Vec<NewEvent>) -> Owner;
        save_account(account: Account, login: Option<NewLogin>, events: Vec<NewEvent>) -> AccountId;
        remove_account(id: AccountId, events: Vec<NewEvent>) -> ();
        save_site(site: Site, login: Option<NewLogin>, events: Vec<NewEvent>) -> SiteId;
        remove_site(id: SiteId, events: Vec<NewEvent>) -> ();
        save_domain(domain: HostedDomain, events: Vec<NewEvent>) -> DomainId;
        remove_domain(id: DomainId, events: Vec<NewEvent>) -> ();
        save_relay(relay: Relay, events: Vec<NewEvent>) -> RelayId;
        remove_relay(id: RelayId, now: Timestamp, events: Vec<NewEvent>) -> ();
        set_route(scope: RouteScope, relay: Option<RelayId>, events: Vec<NewEvent>) -> ();
        save_closure(closure: Closure, events: Vec<NewEvent>) -> ();
        remove_closure(id: ClosureId, events: Vec<NewEvent>) -> ();
        set_setting(name: String, value: Option<String>) -> ();
    }

    asked! {
        owners() -> Vec<Owner>;
        accounts() -> Vec<Account>;
        sites() -> Vec<Site>;
        domains() -> Vec<HostedDomain>;
        relays() -> Vec<Relay>;
        routes() -> Vec<Route>;
        closures() -> Vec<Closure>;
    }

    fn login(&self, name: &str) -> Later<'_, Option<LoginRecord>> {
        self.live.login(name)
    }

    fn setting(&self, name: &str) -> Later<'_, Option<String>> {
        self.live.setting(name)
    }
}

impl Keys for PowerStore {
    journaled! {
        add_key(key: ApiKey, events: Vec<NewEvent>) -> ();
        revoke_key(name: String, now: Timestamp, events: Vec<NewEvent>) -> ();
        key_used(name: String, at: Timestamp) -> ();
    }

    asked! {
        keys() -> Vec<ApiKey>;
    }
}

impl Protections for PowerStore {
    journaled! {
        save_protection(of: Principal, protection: Protection, events: Vec<NewEvent>) -> ();
    }

    asked! {
        protections() -> Vec<(Principal, Protection)>;
        protection(of: Principal) -> Protection;
    }
}

impl History for PowerStore {
    journaled! {
        append(events: Vec<NewEvent>) -> ();
        act(act: Act, recipients: Vec<RecipientId>, now: Timestamp) -> Vec<RecipientId>;
    }

    asked! {
        list(filter: Filter, page: Page) -> Vec<MessageRow>;
        story(id: QueueId) -> Option<Story>;
        by_public_id(id: PublicId) -> Option<QueueId>;
        events(after: EventId, limit: usize) -> Vec<Event>;
        latest_events(limit: usize) -> Vec<Event>;
        audits(before: Option<EventId>, limit: usize) -> Vec<Event>;
    }
}

impl Webhooks for PowerStore {
    journaled! {
        save_webhook(webhook: Webhook, events: Vec<NewEvent>) -> WebhookId;
        remove_webhook(id: WebhookId, events: Vec<NewEvent>) -> ();
        step_webhook(id: WebhookId, step: WebhookStep) -> bool;
        rewind_webhook(id: WebhookId, to: EventId, events: Vec<NewEvent>) -> ();
        owe_post(id: WebhookId, owed: OwedPost, events: Vec<NewEvent>) -> ();
    }

    asked! {
        webhooks() -> Vec<Webhook>;
        owed_posts(id: WebhookId, limit: usize) -> Vec<OwedPost>;
        posts(id: WebhookId, limit: usize) -> Vec<Post>;
        first_event_since(at: Timestamp) -> Option<EventId>;
    }
}

impl Statistics for PowerStore {
    journaled! {
        count_events(limit: usize) -> bool;
        add_counts(tally: Tally) -> ();
        forget_counts(hours: Timestamp, days: Timestamp) -> ();
    }

    asked! {
        counts(query: CountQuery) -> Vec<CountRow>;
    }
}
