//! The store itself: each method of the contract as an operation of the writer, or a question to a reader.

use crate::backup::{self, Backup};
use crate::bodies::{BodyFiles, ROW_BYTES};
use crate::check::{self, Checked};
use crate::disk::FreeSpace;
use crate::fault::{Fault, Outcome};
use crate::health::Health;
use crate::key::Sealer;
use crate::lock::DirectoryLock;
use crate::readers::Readers;
use crate::session::Session;
use crate::writer::{Writer, is_the_disk};
use crate::{
    Options, claim, directory, domains, history, list, notices, once, protections, public, relays, schema,
    sums, webhooks,
};
use mail::{
    AccountId, ClosureId, DomainId, EventId, Principal, PublicId, QueueId, RecipientId, RelayId, SiteId,
    Timestamp, WebhookId,
};
use rusqlite::Connection;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use store::{
    Account, Act, Body, BodyReader, BodySink, ClaimLimits, Claimed, Closure, ComeBack, Directory, DueNotice,
    Event, Filter, History, HostedDomain, Later, LoginRecord, MessageRow, NewEvent, NewLogin, NewMessage,
    OwedPost, Owner, Page, Post, Protection, Protections, Relay, Route, RouteScope, Settlement, Site, Spool,
    StoreError, Story, Taken, Totals, Webhook, WebhookStep, Webhooks,
};

/// The store of one machine. Dropped without [`SqliteStore::close`], it finishes what was begun and lets go of the
/// directory; what it had told its callers is durable either way.
pub struct SqliteStore {
    writer: Option<Writer>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<Readers>,
    files: Arc<BodyFiles>,
    sealer: Arc<Sealer>,
    /// Held while the key is copied or changed: a backup has the key that its secrets are sealed with.
    key_in_use: tokio::sync::Mutex<()>,
    space: Arc<FreeSpace>,
    health: Arc<Health>,
}

/// What a change of the key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The name of the new key: a digest of it.
    pub key: String,
    /// How many secrets are sealed with it.
    pub secrets: u64,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("bodies", &self.files.directory()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens a data directory: locks it, brings the schema up to date, removes what a crash left. Waits for the disk, so
    /// that it belongs before the runtime or on a thread that may wait. Reading and large bodies need a tokio runtime later.
    pub fn open(options: Options) -> Result<Arc<Self>, StoreError> {
        Self::try_open(options).map(Arc::new).map_err(Fault::into_store)
    }

    fn try_open(options: Options) -> Outcome<Self> {
        let directory = options.directory;
        if !directory.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        }
        let lock = DirectoryLock::take(&directory)?;
        let path = directory.join("facteur.db");
        let conn = schema::open_writer(&path)?;
        if !Sealer::exists(&directory) && relays::has_secrets(&conn)? {
            return Err(Fault::damaged(
                "the key file is gone, and the passwords of relays are sealed with it",
            ));
        }
        let sealer = Arc::new(Sealer::open(&directory)?);
        let space = Arc::new(FreeSpace::new(directory.clone(), options.floor_bytes, options.clock.clone()));
        let health = Arc::new(Health::default());
        let bodies = directory.join("bodies");
        let files = Arc::new(BodyFiles::open(bodies, Arc::clone(&space), Arc::clone(&health), &conn)?);
        let mut session = Session::new(conn, Arc::clone(&space), Arc::clone(&sealer))?;
        session.end_interrupted_change()?;
        // What a failed sync left in the log may be in the system's cache and not on the disk: a message behind it would
        // be lost with it. So the log is written back before anything is added to it.
        session.checkpoint()?;
        session.prove(&directory)?;
        session.watch(Arc::clone(&health))?;
        let again = {
            let (path, sealer, space) = (path.clone(), Arc::clone(&sealer), Arc::clone(&space));
            let health = Arc::clone(&health);
            move || {
                // The writer's thread holds the lock for as long as it may write.
                let _held = &lock;
                let mut session = reopen(&path, &space, &sealer)?;
                session.watch(Arc::clone(&health))?;
                Ok(session)
            }
        };
        let (writer, thread) =
            Writer::start(session, files.directory().to_owned(), Arc::clone(&health), again)?;
        let readers = Arc::new(Readers::new(path, options.clock));
        let (writer, thread) = (Some(writer), Mutex::new(Some(thread)));
        let key_in_use = tokio::sync::Mutex::default();
        Ok(Self { writer, thread, readers, files, sealer, key_in_use, space, health })
    }

    /// Finishes what is under way, writes the log back into the database and lets go of the directory. Whoever calls later
    /// gets [`StoreError::Closed`]. Leases that are to be released must be released before.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let Some(writer) = &self.writer else { return Ok(()) };
        let closed = writer.close().await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It ends as soon as it has answered; the directory is free after that.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        closed
    }

    /// Copies everything as it is at one moment into a directory that is new or empty, while mail goes on. Without the
    /// key, the passwords in the copy cannot be read.
    pub async fn back_up(&self, into: PathBuf, with_key: bool, now: Timestamp) -> Result<Backup, StoreError> {
        let _key = self.key_in_use.lock().await;
        let data = self.files.directory().parent().map(Path::to_owned).unwrap_or_default();
        let work = move || backup::back_up(&data, &into, with_key, now).map_err(Fault::into_store);
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?
    }

    /// Seals every secret with a new key, and forgets the old one. A crash at any moment leaves data that opens, and the
    /// next open ends what was begun.
    pub async fn change_key(&self) -> Result<KeyChange, StoreError> {
        let _key = self.key_in_use.lock().await;
        let blocking = |step: fn(&Sealer) -> Result<(), StoreError>| {
            let sealer = Arc::clone(&self.sealer);
            async move {
                tokio::task::spawn_blocking(move || step(&sealer)).await.map_err(|_| StoreError::Closed)?
            }
        };
        blocking(Sealer::begin_change).await?;
        let secrets = self.write(Session::seal_all_again).await?;
        blocking(Sealer::end_change).await?;
        Ok(KeyChange { key: self.sealer.key_name(), secrets })
    }

    /// Looks through everything that is stored, while mail goes on, and says what is not as it was written.
    pub async fn check(&self) -> Result<Checked, StoreError> {
        let bodies = self.files.directory().to_owned();
        Arc::clone(&self.readers).read(move |conn| check::check(conn, &bodies)).await
    }

    pub(crate) fn write<T, F>(&self, act: F) -> Later<'_, T>
    where
        T: Send + 'static,
        F: FnMut(&mut Session) -> Outcome<T> + Send + 'static,
    {
        Box::pin(self.write_bytes(0, act))
    }

    async fn write_bytes<T, F>(&self, bytes: usize, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Session) -> Outcome<T> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.write(bytes, act).await,
            None => Err(StoreError::Closed),
        }
    }

    pub(crate) fn read<T, F>(&self, ask: F) -> Later<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        Box::pin(Arc::clone(&self.readers).read(ask))
    }

    async fn accept_message(&self, mut message: NewMessage) -> Result<(), StoreError> {
        if let Body::Memory(content) = &message.body
            && content.len() > ROW_BYTES
        {
            let stored = Arc::clone(&self.files).keep(Arc::clone(content)).await?;
            message.body = Body::Stored(stored);
        }
        let (name, bytes, sum) = match &message.body {
            Body::Memory(content) => (None, content.len(), sums::of_content(content)),
            Body::Stored(stored) => match self.files.take(&stored.name) {
                Some(sum) => (Some(stored.name.clone()), 0, sum),
                None => return Err(StoreError::Missing { name: stored.name.clone() }),
            },
        };
        let writing = move |session: &mut Session| session.accept(&message, sum);
        let Some(name) = name else { return self.write_bytes(bytes, writing).await };
        let Some(writer) = self.writer.clone() else { return Err(StoreError::Closed) };
        let files = Arc::clone(&self.files);
        // By itself, so that the file goes when the message is refused, even if the caller does not wait for that.
        let keep = async move {
            let accepted = writer.write(bytes, writing).await;
            // What a failed disk has of the message may be all of it, which the next start finds out; only a message that
            // was refused needs its content no more.
            let refused =
                accepted.as_ref().is_err_and(|error| !is_the_disk(error) && *error != StoreError::Closed);
            if refused {
                files.discard(name).await;
            }
            accepted
        };
        tokio::spawn(keep).await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The thread ends when its last caller is gone; whoever opens the directory next must find it free.
        self.writer = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Opens the database anew after the disk failed. What the failed sync left in the log may be in the system's cache and
/// not on the disk, and would never be written again: so the log is written back and emptied before anything is accepted.
fn reopen(path: &Path, space: &Arc<FreeSpace>, sealer: &Arc<Sealer>) -> Outcome<Session> {
    let session = Session::new(schema::open_writer(path)?, Arc::clone(space), Arc::clone(sealer))?;
    session.checkpoint()?;
    Ok(session)
}

impl Spool for SqliteStore {
    fn ready(&self) -> Result<(), StoreError> {
        self.health.check()?;
        self.space.check()
    }

    fn accept(&self, message: NewMessage) -> Later<'_, ()> {
        Box::pin(self.accept_message(message))
    }

    fn taken(&self, slot: [u8; 32], now: Timestamp) -> Later<'_, Option<Taken>> {
        self.read(move |conn| once::taken(conn, slot, now))
    }

    fn body_sink(&self) -> Later<'_, Box<dyn BodySink>> {
        Box::pin(Arc::clone(&self.files).sink())
    }

    fn body(&self, id: QueueId) -> Later<'_, Box<dyn BodyReader>> {
        let files = Arc::clone(&self.files);
        self.read(move |conn| history::body(conn, &files, id))
    }

    fn claim(&self, now: Timestamp, limits: ClaimLimits) -> Later<'_, Claimed> {
        self.write(move |session| session.claim(now, limits))
    }

    fn settle(&self, settlement: Settlement) -> Later<'_, ()> {
        self.write(move |session| session.settle(&settlement))
    }

    fn release(&self, recipients: Vec<RecipientId>) -> Later<'_, ()> {
        self.write(move |session| session.release(&recipients))
    }

    fn recover(&self, now: Timestamp) -> Later<'_, Vec<RecipientId>> {
        self.write(move |session| session.recover(now))
    }

    fn unpark(
        &self,
        closure: ClosureId,
        now: Timestamp,
        limit: usize,
        max_pause_ms: Option<i64>,
    ) -> Later<'_, usize> {
        self.write(move |session| session.unpark(closure, now, limit, max_pause_ms))
    }

    fn parked_closures(&self) -> Later<'_, Vec<ClosureId>> {
        self.read(claim::parked_closures)
    }

    fn totals(&self) -> Later<'_, Totals> {
        self.read(history::totals)
    }

    fn last_id(&self) -> Later<'_, i64> {
        self.write(|session| Ok(session.last_id()))
    }

    fn notices_due(&self, limit: usize) -> Later<'_, Vec<DueNotice>> {
        self.read(move |conn| notices::due(conn, limit))
    }

    fn drop_notices(&self, notices: Vec<DueNotice>) -> Later<'_, ()> {
        self.write(move |session| session.drop_notices(&notices))
    }

    fn late(&self, after: Option<QueueId>, before: Timestamp, limit: usize) -> Later<'_, Vec<QueueId>> {
        self.read(move |conn| notices::late(conn, after, before, limit))
    }

    fn come_back(&self, back: ComeBack, events: Vec<NewEvent>) -> Later<'_, Vec<u16>> {
        self.write(move |session| session.come_back(&back, &events))
    }

    fn purge(&self, before: Timestamp, limit: usize) -> Later<'_, usize> {
        self.write(move |session| session.purge(before, limit))
    }
}

impl Directory for SqliteStore {
    fn owners(&self) -> Later<'_, Vec<Owner>> {
        self.read(directory::owners)
    }

    fn add_owner(&self, name: String, events: Vec<NewEvent>) -> Later<'_, Owner> {
        self.write(move |session| session.add_owner(&name, &events))
    }

    fn accounts(&self) -> Later<'_, Vec<Account>> {
        self.read(directory::accounts)
    }

    fn save_account(
        &self,
        account: Account,
        login: Option<NewLogin>,
        events: Vec<NewEvent>,
    ) -> Later<'_, AccountId> {
        self.write(move |session| session.save_account(&account, login.as_ref(), &events))
    }

    fn remove_account(&self, id: AccountId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.remove_principal(Principal::Account(id), &events))
    }

    fn sites(&self) -> Later<'_, Vec<Site>> {
        self.read(directory::sites)
    }

    fn save_site(&self, site: Site, login: Option<NewLogin>, events: Vec<NewEvent>) -> Later<'_, SiteId> {
        self.write(move |session| session.save_site(&site, login.as_ref(), &events))
    }

    fn remove_site(&self, id: SiteId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.remove_principal(Principal::Site(id), &events))
    }

    fn login(&self, name: &str) -> Later<'_, Option<LoginRecord>> {
        let name = name.to_owned();
        self.read(move |conn| directory::login(conn, &name))
    }

    fn relays(&self) -> Later<'_, Vec<Relay>> {
        let sealer = Arc::clone(&self.sealer);
        self.read(move |conn| relays::relays(conn, &sealer))
    }

    fn save_relay(&self, relay: Relay, events: Vec<NewEvent>) -> Later<'_, RelayId> {
        self.write(move |session| session.save_relay(&relay, &events))
    }

    fn remove_relay(&self, id: RelayId, now: Timestamp, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.remove_relay(id, now, &events))
    }

    fn domains(&self) -> Later<'_, Vec<HostedDomain>> {
        let sealer = Arc::clone(&self.sealer);
        self.read(move |conn| domains::domains(conn, &sealer))
    }

    fn save_domain(&self, domain: HostedDomain, events: Vec<NewEvent>) -> Later<'_, DomainId> {
        self.write(move |session| session.save_domain(&domain, &events))
    }

    fn remove_domain(&self, id: DomainId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.remove_domain(id, &events))
    }

    fn routes(&self) -> Later<'_, Vec<Route>> {
        self.read(directory::routes)
    }

    fn set_route(&self, scope: RouteScope, relay: Option<RelayId>, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.set_route(&scope, relay, &events))
    }

    fn closures(&self) -> Later<'_, Vec<Closure>> {
        self.read(relays::closures)
    }

    fn save_closure(&self, closure: Closure, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.save_closure(&closure, &events))
    }

    fn remove_closure(&self, id: ClosureId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.remove_closure(id, &events))
    }

    fn setting(&self, name: &str) -> Later<'_, Option<String>> {
        let name = name.to_owned();
        let sealer = Arc::clone(&self.sealer);
        self.read(move |conn| directory::setting(conn, &sealer, &name))
    }

    fn set_setting(&self, name: String, value: Option<String>) -> Later<'_, ()> {
        self.write(move |session| session.set_setting(&name, value.as_deref()))
    }
}

impl Protections for SqliteStore {
    fn protections(&self) -> Later<'_, Vec<(Principal, Protection)>> {
        let sealer = Arc::clone(&self.sealer);
        self.read(move |conn| protections::all(conn, &sealer))
    }

    fn protection(&self, of: Principal) -> Later<'_, Protection> {
        let sealer = Arc::clone(&self.sealer);
        self.read(move |conn| protections::of(conn, &sealer, of))
    }

    fn save_protection(&self, of: Principal, protection: Protection, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.save_protection(of, &protection, &events))
    }
}

impl History for SqliteStore {
    fn list(&self, filter: Filter, page: Page) -> Later<'_, Vec<MessageRow>> {
        self.read(move |conn| list::list(conn, &filter, page))
    }

    fn story(&self, id: QueueId) -> Later<'_, Option<Story>> {
        self.read(move |conn| history::story(conn, id))
    }

    fn by_public_id(&self, id: PublicId) -> Later<'_, Option<QueueId>> {
        Box::pin(async move {
            loop {
                match self.read(move |conn| public::find(conn, id)).await? {
                    public::Found::Answer(found) => return Ok(found),
                    public::Found::Behind => self.write(Session::index_public_ids).await?,
                }
            }
        })
    }

    fn events(&self, after: EventId, limit: usize) -> Later<'_, Vec<Event>> {
        self.read(move |conn| history::events(conn, after, limit))
    }

    fn latest_events(&self, limit: usize) -> Later<'_, Vec<Event>> {
        self.read(move |conn| history::latest_events(conn, limit))
    }

    fn audits(&self, before: Option<EventId>, limit: usize) -> Later<'_, Vec<Event>> {
        self.read(move |conn| history::audits(conn, before, limit))
    }

    fn append(&self, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.append(&events))
    }

    fn act(&self, act: Act, recipients: Vec<RecipientId>, now: Timestamp) -> Later<'_, Vec<RecipientId>> {
        self.write(move |session| session.act(act, &recipients, now))
    }
}

impl Webhooks for SqliteStore {
    fn webhooks(&self) -> Later<'_, Vec<Webhook>> {
        let sealer = Arc::clone(&self.sealer);
        self.read(move |conn| webhooks::webhooks(conn, &sealer))
    }

    fn save_webhook(&self, webhook: Webhook, events: Vec<NewEvent>) -> Later<'_, WebhookId> {
        self.write(move |session| session.save_webhook(&webhook, &events))
    }

    fn remove_webhook(&self, id: WebhookId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.remove_webhook(id, &events))
    }

    fn owed_posts(&self, id: WebhookId, limit: usize) -> Later<'_, Vec<OwedPost>> {
        self.read(move |conn| webhooks::owed(conn, id, limit))
    }

    fn step_webhook(&self, id: WebhookId, step: WebhookStep) -> Later<'_, bool> {
        self.write(move |session| session.step_webhook(id, &step))
    }

    fn rewind_webhook(&self, id: WebhookId, to: EventId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.rewind_webhook(id, to, &events))
    }

    fn owe_post(&self, id: WebhookId, owed: OwedPost, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.owe_post(id, &owed, &events))
    }

    fn posts(&self, id: WebhookId, limit: usize) -> Later<'_, Vec<Post>> {
        self.read(move |conn| webhooks::posts(conn, id, limit))
    }

    fn first_event_since(&self, at: Timestamp) -> Later<'_, Option<EventId>> {
        self.read(move |conn| webhooks::first_event_since(conn, at))
    }
}
