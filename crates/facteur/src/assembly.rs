//! The parts of a server put together: for the running server, and for a command while it is stopped.

use crate::archive::PlaceArchive;
use crate::config::{Config, ConfigError};
use crate::mail_log::{self, LogWitness, MailLog};
use crate::place::Place;
use crate::socket;
use control::{Control, Listener, LocalNames, Registry, ServerFacts};
use deliver::direct::{DirectCourier, DirectSettings};
use deliver::{Couriers, Keyring, RelayCourier, Settings};
use hooks::{Caller, Hooks};
use mail::{Clock, Domain, Language, RecipientId};
use net::{AddressPolicy, ClientTls, Dialer, Dns, NetError, Resolver};
use queue::{Limits, Parts, Queue, Timetable};
use std::sync::Arc;
use std::time::Duration;
use store::{Directory as _, Store, StoreError};
use store_sqlite::{Options, SqliteStore};

/// How often a start, or a command, looks whether a command that has the data has given it back.
pub const PATIENCE_LOOKS: u32 = 100;
/// The pause between two looks.
pub const PATIENCE_PAUSE: Duration = Duration::from_millis(50);

/// Why a server cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys cannot be read.
    #[error(transparent)]
    Control(#[from] control::Fault),
    /// The network's side cannot be set up.
    #[error(transparent)]
    Net(#[from] NetError),
}

/// A server's parts.
pub struct Assembly {
    /// Its store.
    pub store: Arc<SqliteStore>,
    /// Its queue.
    pub queue: Arc<Queue>,
    /// Who carries its mail.
    pub couriers: Arc<Couriers>,
    /// Its operations.
    pub control: Arc<Control>,
    /// The mail log: who gives mail to a stopped server is in it too.
    pub mail_log: Arc<MailLog>,
    /// Its name: the one that was chosen while it ran, else that of the configuration.
    pub host_name: Domain,
    /// What was perhaps in flight when it stopped without warning.
    pub perhaps: Vec<RecipientId>,
}

impl Assembly {
    /// Opens the data, and waits a little when a command has it: while no server runs, commands open it for moments.
    /// A server that runs, which is one whose socket answers, is not waited for.
    pub async fn open_soon(
        place: &Place,
        language: Language,
        listeners: Vec<Listener>,
        pid: Option<u32>,
    ) -> Result<Self, AssemblyError> {
        let mut looks = 0;
        loop {
            match Self::open(place, language, listeners.clone(), pid).await {
                Err(AssemblyError::Store(StoreError::InUse { .. }))
                    if looks < PATIENCE_LOOKS && !socket::answers(place).await =>
                {
                    looks += 1;
                    tokio::time::sleep(PATIENCE_PAUSE).await;
                }
                opened => return opened,
            }
        }
    }

    /// Opens the data and puts the parts together; fails when another process has the data.
    pub async fn open(
        place: &Place,
        language: Language,
        listeners: Vec<Listener>,
        pid: Option<u32>,
    ) -> Result<Self, AssemblyError> {
        let config = Config::read(&place.config)?;
        let clock = Clock::System;
        let store = SqliteStore::open(Options::new(&place.data))?;
        let chosen = store.setting(control::HOST_NAME).await?.and_then(|name| name.parse().ok());
        let host_name: Domain = chosen.unwrap_or_else(|| config.host_name());
        let registry =
            Registry::with_local(LocalNames::new(host_name.clone(), config.aliases(), clock.clone()));
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        registry.reload(&*shared).await?;
        let parts = Parts {
            store: Arc::clone(&shared),
            clock: clock.clone(),
            host_name: host_name.clone(),
            policy: Arc::clone(&registry) as Arc<dyn queue::Policy>,
            limits: Limits::default(),
            timetable: Timetable::default(),
            node: 0,
        };
        let (queue, perhaps) = Queue::start(parts).await?;
        let couriers = Arc::new(couriers(&config, &host_name, &clock, Arc::clone(&shared))?);
        let language = config.language.unwrap_or(language);
        let facts =
            ServerFacts { host_name: host_name.clone(), listeners, pid, started_at: clock.now(), language };
        let control = Control::new(Arc::clone(&queue), Arc::clone(&couriers), registry, facts);
        control.reload_keys().await?;
        let mail_log = open_mail_log(&config, &host_name, place);
        if mail_log.is_on() {
            let registry = Arc::clone(control.registry());
            queue.tell(Arc::new(LogWitness::new(Arc::clone(&mail_log), registry, clock.clone())));
        }
        let archive = PlaceArchive::new(Arc::clone(&store), place.clone(), clock);
        control.archive_by(Arc::new(archive));
        control.webhooks_by(Arc::new(webhooks(&config, shared)?));
        Ok(Self { store, queue, couriers, control: Arc::new(control), mail_log, host_name, perhaps })
    }

    /// Whether there is no route at all: every message waits.
    pub async fn has_no_route(&self) -> Result<bool, StoreError> {
        Ok(self.store.routes().await?.is_empty())
    }

    /// Gives everything back to the store and closes it.
    pub async fn close(self) -> Result<(), StoreError> {
        self.queue.stop().await?;
        let closed = self.store.close().await;
        // It waits for its thread, and that for the disk.
        let _ = tokio::task::spawn_blocking(move || self.mail_log.close()).await;
        closed
    }
}

/// The mail log as it is configured. One that cannot be opened stops no mail.
fn open_mail_log(config: &Config, host_name: &Domain, place: &Place) -> Arc<MailLog> {
    let log = &config.mail_log;
    if !log.enabled {
        return Arc::default();
    }
    let path = place.data.join(&log.path);
    let settings = mail_log::Settings {
        path: path.clone(),
        keep_days: log.keep_days,
        syslog_name: log.syslog_name.clone(),
        host_name: host_name.to_string(),
    };
    Arc::new(MailLog::open(settings).unwrap_or_else(|error| {
        tracing::error!(path = %path.display(), %error, "there is no mail log: its file cannot be opened");
        MailLog::default()
    }))
}

/// Whom this server asks for names: the name servers of the configuration, else the system's.
pub fn names(config: &Config) -> (Dns, Resolver) {
    let servers = &config.dns.servers;
    if servers.is_empty() {
        return (Dns::system(), Resolver::System);
    }
    let dns = Dns::servers(servers.clone());
    (dns.clone(), Resolver::Named { dns, hosts: "/etc/hosts".into() })
}

/// Who posts to webhooks: to the public Internet, and where the configuration says.
fn webhooks(config: &Config, store: Arc<dyn Store>) -> Result<Hooks, NetError> {
    let networks = &config.webhooks.networks;
    let policy = if networks.is_empty() {
        AddressPolicy::PublicOnly
    } else {
        AddressPolicy::PublicAnd(networks.clone().into())
    };
    let (_, resolver) = names(config);
    let tls = ClientTls::new(None, net::Verify::Full)?;
    let caller = Caller::new(Dialer::new(Clock::System, resolver), tls, policy, Clock::System);
    Ok(Hooks::new(store, caller))
}

/// The ways out of this server.
fn couriers(
    config: &Config,
    host_name: &Domain,
    clock: &Clock,
    store: Arc<dyn Store>,
) -> Result<Couriers, NetError> {
    let (dns, resolver) = names(config);
    let dialer = Dialer::new(clock.clone(), resolver);
    let mut settings = Settings::new(host_name.as_ascii());
    settings.own_networks = config.own_relays.networks.clone().into();
    let keyring = Arc::new(Keyring::default());
    let relays = RelayCourier::new(dialer, clock.clone(), settings, Arc::clone(&store))?;
    let relays = relays.signing_with(Arc::clone(&keyring));
    let mut settings = DirectSettings::new(host_name.as_ascii());
    settings.port = config.direct.port;
    settings.policy = AddressPolicy::PublicAnd(config.direct.networks.clone().into());
    settings.ours.addresses.extend(net::own_addresses());
    settings.ours.addresses.extend(&config.direct.public_addresses);
    let direct = DirectCourier::new(dns, clock.clone(), settings)?;
    let (relays, direct) = (Arc::new(relays), Arc::new(direct));
    Ok(Couriers { relays, direct, keyring, return_paths: Arc::default(), store, clock: clock.clone() })
}
