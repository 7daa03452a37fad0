//! Every operation that a person or a program can ask for: typed, with its caller, its role and its audit entry.
//!
//! Owns the operations and their answers, sign-in, and who may send with which address. The command line, the portal
//! and the API are three faces of it: they translate, and add nothing. It never opens a listener, and words
//! nothing but what every face says alike ([`wording`], [`phrases`], [`reader`]): its answers are data. Start at [`Operation`] and [`Control::perform`].

pub mod aliases;
mod answer;
mod apply;
mod archive;
mod declaration;
mod discovery;
mod domains;
mod export;
mod fault;
pub mod found;
mod keys;
mod lately;
mod letters;
mod local;
mod mail_ops;
mod metrics;
pub mod needs;
mod neighbours;
mod operation;
mod own_relays;
pub mod parsers;
mod passkey_entry;
mod passkeys;
mod patience;
mod percent;
pub mod phrases;
mod principals;
mod protection;
mod publication;
pub mod reader;
mod registry;
mod relays;
mod roles;
mod routes;
mod second_factor;
mod sessions;
mod settings;
mod sign_in;
mod slowed;
mod statistics;
pub mod system_users;
mod undo;
pub mod webhook_words;
mod webhooks;
pub mod wording;

pub use answer::{
    AccountView, Answer, AuditLine, ClosureView, DomainView, Listener, NewPassword, Published, QueuePage,
    RecordPurpose, RecordView, RelayState, RelayView, RouteView, SiteView, StatusReport, StoreTrouble,
};
pub use apply::Difference;
pub use archive::{Archive, BackupReport, CheckReport, Damage, KeyReport};
pub use declaration::{
    AccountEntry, Declaration, DomainEntry, KeyEntry, OwnerEntry, RelayEntry, RouteEntry, SiteEntry,
};
pub use discovery::{Finder, relay_of};
pub use fault::{Blame, Fault};
pub use keys::{KeyAct, KeyError, KeySpec, KeyState, KeyView, Keyed, NewKey};
pub use letters::{NotTaken, Ready, RequestKey};
pub use local::{LocalNames, Standing, read_aliases};
pub use metrics::{Counted, Histogram, Metrics};
pub use neighbours::Neighbours;
pub use operation::{
    AccountSpec, Operation, QueueFilter, RelaySpec, RouteFor, SiteChanges, SiteSpec, TestMail, Wish,
};
pub use own_relays::{MOST_OWN_CONNECTIONS, MOST_OWN_RELAYS, OWN_TRIES, OwnLimits, OwnWay};
pub use passkey_entry::AskedSecond;
pub use patience::{Slowed, SlowedBy, SlowedView};
pub use percent::percent_encoded;
pub use protection::{AppPasswordView, Guarded, NewSecondFactor, PasskeyView, Protect, ProtectionView};
pub use publication::{Publications, model as published_model};
pub use registry::{Known, Registry};
pub use sessions::{CodeError, FIRST_ADMINISTRATOR, Guest, Opened, Opening, Session, SessionView};
pub use settings::{ADMINISTRATOR, HOST_NAME};
pub use sign_in::{SignInError, SignedIn};
pub use statistics::{
    DAYS_KEPT_DAYS, HOURS_KEPT_DAYS, StatisticsBy, StatisticsReport, StatisticsRow, StatisticsWish,
};
pub use webhooks::{WebhookAct, WebhookSpec, WebhookView};

use deliver::{Couriers, ReturnPaths};
use discover::allowance::Allowance;
use mail::{Clock, Language, OwnerId};
use queue::Queue;
use sign_in::Entrance;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};
use store::{EventKind, NewEvent, Store};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything on this server.
    Administrator,
    /// Nothing but to read the state of the server.
    Reader,
    /// What answers a host's customers: to see what happens, to block and to unblock, to act on messages; no settings and
    /// no secrets.
    Helper,
    /// Their own account, which is the caller's name: its mail, its password, its language.
    Person,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name that the audit record keeps: `uid 0`, a login. Who asks with a key has it behind their login:
    /// `anne@example.org (key fct_…)`.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Caller {
    /// The login of a person; no login has a space in it.
    pub fn login(&self) -> &str {
        self.name.split(' ').next().unwrap_or_default()
    }
}

/// What the server says of itself.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// Its host name.
    pub host_name: mail::Domain,
    /// The ports that it listens on; empty when the server is stopped and the operation runs in process.
    pub listeners: Vec<Listener>,
    /// Its process id; `None` when it is stopped.
    pub pid: Option<u32>,
    /// Since when it runs.
    pub started_at: mail::Timestamp,
    /// The language of what it logs.
    pub language: Language,
}

/// Says when the certificate that this server shows ends.
pub type CertificateEnds = Box<dyn Fn() -> Option<mail::Timestamp> + Send + Sync>;

/// The operations, over what they work on.
pub struct Control {
    store: Arc<dyn Store>,
    queue: Arc<Queue>,
    couriers: Arc<Couriers>,
    registry: Arc<Registry>,
    sign_in: sign_in::SignInDesk,
    sessions: sessions::Sessions,
    /// Questions to devices whose answers are waited for.
    ceremonies: passkeys::Ceremonies,
    keyring: keys::Keyring,
    tally: tokio::sync::Mutex<metrics::Tally>,
    clock: Clock,
    facts: ServerFacts,
    archive: OnceLock<Arc<dyn Archive>>,
    certificate: OnceLock<CertificateEnds>,
    publications: Publications,
    finder: OnceLock<Box<dyn Finder>>,
    allowance: Mutex<Allowance>,
    own_tries: Mutex<own_relays::Tries>,
    undo_book: Mutex<undo::UndoBook>,
    hooks: OnceLock<Arc<hooks::Hooks>>,
    hooks_changed: tokio::sync::Notify,
    /// Held while the site of a local user is made: their first two messages may come at once.
    making_user_sites: tokio::sync::Mutex<()>,
    /// Held while what guards somebody is changed: a code is good once.
    protecting: tokio::sync::Mutex<()>,
}

impl Control {
    /// The operations of a server.
    pub fn new(
        queue: Arc<Queue>,
        couriers: Arc<Couriers>,
        registry: Arc<Registry>,
        facts: ServerFacts,
    ) -> Self {
        let store = Arc::clone(queue.store());
        let clock = queue.clock().clone();
        let sign_in = sign_in::SignInDesk::new(Arc::clone(&store), clock.clone());
        let (archive, certificate) = (OnceLock::new(), OnceLock::new());
        let making_user_sites = tokio::sync::Mutex::default();
        Self {
            store,
            queue,
            couriers,
            registry,
            sign_in,
            sessions: sessions::Sessions::default(),
            ceremonies: passkeys::Ceremonies::default(),
            keyring: keys::Keyring::default(),
            tally: tokio::sync::Mutex::default(),
            clock,
            facts,
            archive,
            certificate,
            publications: Publications::default(),
            finder: OnceLock::new(),
            allowance: Mutex::default(),
            own_tries: Mutex::default(),
            undo_book: Mutex::default(),
            hooks: OnceLock::new(),
            hooks_changed: tokio::sync::Notify::new(),
            making_user_sites,
            protecting: tokio::sync::Mutex::default(),
        }
    }

    /// Does what is asked, if the caller may.
    pub async fn perform(&self, caller: &Caller, operation: Operation) -> Result<Answer, Fault> {
        let operation = self.allowed(caller, operation)?;
        own_relays::as_seen_by(caller, self.done(caller, operation).await)
    }

    async fn done(&self, caller: &Caller, operation: Operation) -> Result<Answer, Fault> {
        let audit = Audit { caller, operation: operation.name() };
        match operation {
            Operation::Status => self.status().await,
            Operation::AccountList => self.account_list().await,
            Operation::OwnAccount => self.own_account(caller).await,
            Operation::AccountAdd { account } => self.account_add(&audit, account).await,
            Operation::AccountChange { login, senders, language, undo_secs, role } => {
                let changes = principals::AccountChanges { senders, language, undo_secs, role };
                self.account_change(&audit, &login, changes).await
            }
            Operation::AccountPassword { login, password } => {
                self.account_password(&audit, login, password).await
            }
            Operation::AccountRemove { login } => self.account_remove(&audit, &login).await,
            Operation::SiteList => self.site_list().await,
            Operation::SiteAdd { site } => self.site_add(&audit, site).await,
            Operation::SiteChange { name, changes } => self.site_change(&audit, &name, changes).await,
            Operation::SitePassword { name, password } => self.site_password(&audit, name, password).await,
            Operation::SiteRemove { name } => self.site_remove(&audit, &name).await,
            Operation::RelayList => self.relay_list(caller).await,
            Operation::RelayAdd { relay } => self.relay_add(&audit, relay).await,
            Operation::RelayChange { name, relay } => self.relay_change(&audit, &name, relay).await,
            Operation::RelayPassword { name, login, password } => {
                self.relay_password(&audit, &name, login, password).await
            }
            Operation::RelayTest { name } => self.relay_test(&audit, &name, &mut |_, _| {}).await,
            Operation::RelayRemove { name } => self.relay_remove(&audit, &name).await,
            Operation::DomainList => self.domain_list().await,
            Operation::DomainAdd { name, selector, owner } => {
                self.domain_add(&audit, name, selector, owner).await
            }
            Operation::DomainCheck { name } => self.domain_check(&name).await,
            Operation::DomainReturnPath { name, return_path } => {
                self.domain_return_path(&audit, &name, return_path).await
            }
            Operation::DomainPublish { name, settings } => self.domain_publish(&audit, &name, settings).await,
            Operation::DomainRemove { name } => self.domain_remove(&audit, &name).await,
            Operation::RouteList => self.route_list().await,
            Operation::RouteSet { scope, relay } => self.route_set(&audit, scope, relay).await,
            Operation::Export { secrets } => self.export(&audit, secrets).await,
            Operation::Apply { declaration, dry_run } => self.apply(&audit, *declaration, dry_run).await,
            Operation::Backup { directory, with_key } => self.backup(&audit, directory, with_key).await,
            Operation::SlowedList => Ok(self.slowed_list()),
            Operation::SlowedLift { what } => self.slowed_lift(&audit, what).await,
            Operation::KeyChange => self.change_key(&audit).await,
            Operation::Check => self.check().await,
            Operation::Metrics { waiting } => self.metrics(waiting).await,
            Operation::AuditList { before, limit } => self.audit_list(before, limit).await,
            Operation::SettingList => self.setting_list().await,
            Operation::SettingSet { name, value } => self.setting_set(&audit, name, value).await,
            Operation::QueueList { filter, after, limit } => self.queue_list(filter, after, limit).await,
            Operation::QueueAct { act, filter } => self.queue_act(&audit, act, filter).await,
            Operation::QueueTakeBack { number } => self.queue_take_back(&audit, number).await,
            Operation::Why { id } => self.why(caller, &id).await,
            Operation::Discover { wish } => self.discovered(caller, wish).await,
            Operation::ProtectionList => self.protection_list().await,
            Operation::Protect { of, act } => self.protect(&audit, &of, act).await,
            Operation::PortalLink => self.portal_link(&audit).await,
            Operation::ApiKey { act } => self.key_act(&audit, act).await,
            Operation::Send { mail } => self.send(caller, mail).await,
            Operation::Webhook { act } => self.webhook(caller, &audit, act).await,
            Operation::Statistics { wish } => self.statistics(caller, wish).await,
        }
    }

    /// The operation as this caller may have it done.
    fn allowed(&self, caller: &Caller, operation: Operation) -> Result<Operation, Fault> {
        roles::allowed(caller, operation, |login| self.registry.role(login))
    }

    /// Why no mail is taken at this moment, as far as that is known without trying; `None` when it is.
    pub fn trouble(&self) -> Option<StoreTrouble> {
        self.store.ready().err().and_then(StoreTrouble::of)
    }

    /// Names who knows when the certificate ends; the first one stays.
    pub fn certificate_by(&self, ends: CertificateEnds) {
        let _ = self.certificate.set(ends);
    }

    /// Checks a login and a password that came from an address, or from this machine.
    pub async fn sign_in(
        &self,
        from: Option<IpAddr>,
        login: &str,
        password: &mail::Secret,
    ) -> Result<SignedIn, SignInError> {
        let admitted = self.sign_in.check(from, (login, password), Entrance::Program).await?;
        if let Some((id, used_at)) = admitted.app
            && used_at.is_none_or(|at| self.clock.now().since_ms(at) >= protection::USED_MS)
        {
            self.note_app_use(admitted.who.principal, id).await;
        }
        Ok(admitted.who)
    }

    /// Checks the password of a person who looks at the portal: what programs are given opens nothing here.
    pub async fn check_password(
        &self,
        from: IpAddr,
        login: &str,
        password: &mail::Secret,
    ) -> Result<(), SignInError> {
        self.sign_in.check(Some(from), (login, password), Entrance::Portal).await.map(drop)
    }

    /// Who may send with which address.
    pub const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Where bounces of direct mail come back to.
    pub fn return_paths(&self) -> &ReturnPaths {
        &self.couriers.return_paths
    }

    /// What its domains tell mail programs.
    pub const fn publications(&self) -> &Publications {
        &self.publications
    }

    /// This server's name.
    pub const fn host_name(&self) -> &mail::Domain {
        &self.facts.host_name
    }

    /// The language of what this server logs.
    pub const fn language(&self) -> Language {
        self.facts.language
    }

    /// The queue.
    pub const fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    async fn reload_registry(&self) -> Result<(), Fault> {
        self.sign_in.forget();
        self.keyring.forget();
        Ok(self.registry.reload(&*self.store).await?)
    }
}

/// Who asked for what: becomes an audit event.
struct Audit<'a> {
    caller: &'a Caller,
    operation: &'static str,
}

impl Audit<'_> {
    /// The event, said of something named in words without secrets.
    fn of(&self, clock: &Clock, on: &str) -> Vec<NewEvent> {
        let entry = store::AuditEntry {
            caller: self.caller.name.clone(),
            operation: self.operation.to_owned(),
            on: on.to_owned(),
        };
        let detail = serde_json::to_string(&entry).unwrap_or_default();
        vec![NewEvent { detail, ..NewEvent::new(clock.now(), EventKind::Audit, OwnerId::DEFAULT) }]
    }
}
