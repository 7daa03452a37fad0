//! The running server: ports, workers, the control socket, and an orderly end.

use crate::assembly::{Assembly, AssemblyError, names};
use crate::collector::Collector;
use crate::config::{self, Config, ConfigError};
use crate::confine::{Lack, Reach};
use crate::discover::LiveFinder;
use crate::door::ControlDoor;
use crate::mail_log::MailLog;
use crate::notify::Manager;
use crate::place::Place;
use crate::privileges::{self, Identity, PrivilegeError};
use crate::public::Public;
use crate::socket;
use crate::workers::Workers;
use control::{
    ADMINISTRATOR, AccountSpec, Answer, Caller, Control, FIRST_ADMINISTRATOR, Listener, Operation, Role,
};
use mail::{Clock, Domain, Language, Secret};
use net::stop_asked;
use net::{
    Bound, Inherited, ListenerKind, LocalSocket, NetError, Secure, SecureLimits, Serve, ServerTls, serve,
    serve_local, serve_secure,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use smtp::server::SessionConfig;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{AccountRole, SenderRule, StoreError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use web::{Web, WebHost};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A port or a certificate cannot be had.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A file or a directory cannot be made.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Root was to become somebody else, and could not.
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
    /// The administrator could not be made.
    #[error(transparent)]
    Control(#[from] control::Fault),
}

impl From<AssemblyError> for StartError {
    fn from(error: AssemblyError) -> Self {
        match error {
            AssemblyError::Config(error) => Self::Config(error),
            AssemblyError::Store(error) => Self::Store(error),
            AssemblyError::Control(fault) => Self::Control(fault),
            AssemblyError::Net(error) => Self::Net(error),
        }
    }
}

/// What a starting server has to say, to be worded by whoever started it.
#[derive(Debug, Clone)]
pub enum Announcement {
    /// The data directory was made.
    Initialised {
        /// Where.
        data: PathBuf,
        /// The server's name.
        host_name: String,
    },
    /// The administrator was made: the one time that the password is shown.
    AdministratorMade {
        /// The login.
        login: String,
        /// The password.
        password: Secret,
    },
    /// A certificate was made.
    CertificateMade {
        /// Where.
        path: PathBuf,
    },
    /// A port was taken.
    Listening {
        /// Which.
        listener: Listener,
    },
    /// A port of the list could not be had, nor its stand-in; the server works without it.
    NotListening {
        /// Which.
        address: SocketAddr,
        /// The system's words.
        detail: String,
    },
    /// Messages were perhaps in flight when the server stopped without warning.
    PerhapsTwice {
        /// How many recipients.
        count: usize,
    },
    /// It runs as root, and could do without.
    AsRoot,
    /// The kernel does not confine it as it should.
    Unconfined {
        /// What could not be done.
        lack: Lack,
    },
    /// There is no relay yet: mail waits.
    NoRelay,
    /// Nobody has set the server up yet: links that sign an administrator in to the portal, once.
    PortalLink {
        /// The links, one a port.
        links: Vec<String>,
        /// For how many minutes they are good.
        minutes: i64,
    },
    /// Everything runs.
    Ready {
        /// The server's name.
        host_name: String,
    },
}

/// What a start needs to know.
#[derive(Debug)]
pub struct StartOptions {
    /// Where.
    pub place: Place,
    /// The language of the log, when the configuration names none.
    pub language: Language,
    /// The sockets that it was started with, which stand for ports of its list. `None` when it is to take no port at all,
    /// and only carries what waits: for the test of a set-up.
    pub ports: Option<Inherited>,
}

/// Makes the data directory, its configuration and the administrator. Does nothing where a server was made before.
pub async fn init(
    place: &Place,
    host_name: Option<Domain>,
    language: Language,
    announce: &mut (dyn FnMut(Announcement) + Send),
) -> Result<(), StartError> {
    if place.is_initialised() {
        return Ok(());
    }
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| StartError::File { path, source }
    };
    let mut config = Config::read(&place.config)?;
    // Whoever runs the server must be able to read what is made here.
    become_user(&config, place)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&place.data).map_err(file(&place.data))?;
    if host_name.is_some() {
        config.host_name = host_name;
    }
    let host_name = config.host_name();
    if !place.config.exists() {
        write_durably(&place.config, &config::fresh(&host_name, language)).map_err(file(&place.config))?;
    }
    let assembly = Assembly::open_soon(place, language, Vec::new(), None).await?;
    announce(Announcement::Initialised { data: place.data.clone(), host_name: host_name.to_string() });
    let made = administrator(&assembly, &host_name, language).await;
    assembly.close().await?;
    if let Some(password) = made? {
        announce(Announcement::AdministratorMade { login: FIRST_ADMINISTRATOR.to_owned(), password });
    }
    Ok(())
}

/// Becomes the user of the configuration, if root started the server: from here on, nothing is root's.
fn leave_root(
    config: &Config,
    place: &Place,
    announce: &mut (dyn FnMut(Announcement) + Send),
) -> Result<(), StartError> {
    if !become_user(config, place)? && privileges::is_root() {
        announce(Announcement::AsRoot);
    }
    Ok(())
}

/// Becomes the user of the configuration, else the one whose data it is, and makes their data directory. `false` when
/// there is nobody to become.
fn become_user(config: &Config, place: &Place) -> Result<bool, StartError> {
    let identity = match &config.user {
        _ if !privileges::is_root() => return Ok(false),
        Some(name) => Some(Identity::of_user(name)?),
        None => Identity::of_owner(&place.data),
    };
    let Some(identity) = identity else { return Ok(false) };
    let made = identity.make_directory(&place.data);
    made.map_err(|source| StartError::File { path: place.data.clone(), source })?;
    // Beside the data, where they could not make it; without it the server carries mail all the same.
    let public = place.public(config);
    if let Err(error) = identity.make_directory(&public) {
        tracing::error!(path = %public.display(), %error, "the directory for local programs cannot be made");
    }
    identity.assume()?;
    Ok(true)
}

/// Gives a server its name, from its next start on.
pub fn rename(place: &Place, host_name: &Domain) -> Result<(), StartError> {
    let file = |source| StartError::File { path: place.config.clone(), source };
    let text = match fs::read_to_string(&place.config) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(file)?,
    };
    write_durably(&place.config, &config::with_host_name(&text, host_name)).map_err(file)
}

/// Writes a file that is there whole after a power cut, or not at all: a configuration cut in half would let the next
/// start listen elsewhere.
fn write_durably(path: &Path, text: &str) -> io::Result<()> {
    let half = path.with_extension("toml.new");
    let mut file = fs::File::create(&half)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&half, path)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::File::open(directory)?.sync_all()?;
    // The data directory's own name, when it was made a moment ago.
    directory
        .parent()
        .map_or(Ok(()), |above| fs::File::open(above).and_then(|above| above.sync_all()).or(Ok(())))
}

async fn administrator(
    assembly: &Assembly,
    host_name: &Domain,
    language: Language,
) -> Result<Option<Secret>, control::Fault> {
    let caller = Caller { name: "init".to_owned(), role: Role::Administrator };
    let account = AccountSpec {
        login: FIRST_ADMINISTRATOR.to_owned(),
        senders: vec![SenderRule::Domain(host_name.clone())],
        language,
        undo_secs: 0,
        role: AccountRole::Administrator,
        password: None,
        owner: None,
    };
    match assembly.control.perform(&caller, Operation::AccountAdd { account }).await? {
        Answer::Password { made } => Ok(made.password.map(Secret::new)),
        _ => Ok(None),
    }
}

/// Runs a prepared server until it is told to stop (SIGTERM, SIGINT).
pub async fn start(
    prepared: Prepared,
    announce: &mut (dyn FnMut(Announcement) + Send),
) -> Result<(), StartError> {
    let (stopper, stop) = watch::channel(false);
    let signals = tokio::spawn(async move {
        wait_for_signal().await;
        let _ = stopper.send(true);
    });
    let ran = serve_until(prepared, stop, announce).await;
    signals.abort();
    ran
}

/// Runs a server within another program until `stop` becomes true.
pub async fn run(
    options: StartOptions,
    stop: watch::Receiver<bool>,
    announce: &mut (dyn FnMut(Announcement) + Send),
) -> Result<(), StartError> {
    let prepared = prepare(options, announce).await?;
    serve_until(prepared, stop, announce).await
}

/// A server that has its ports and its key, is nobody in particular any more, and does not run yet.
pub struct Prepared {
    place: Place,
    config: Config,
    language: Language,
    inherited: Option<Inherited>,
    ports: Vec<Bound>,
    own: Option<Arc<ServerTls>>,
}

impl Prepared {
    /// What it is to be kept to; `None` when the configuration says that it is not.
    pub fn reach(&self) -> Option<Reach> {
        self.config.confine.0.then(|| Reach::of(&self.place, &self.config))
    }
}

/// Takes what only root may have, gives root up, and makes the data directory where there is none. What follows can
/// be done in another runtime, on threads that may do less.
pub async fn prepare(
    options: StartOptions,
    announce: &mut (dyn FnMut(Announcement) + Send),
) -> Result<Prepared, StartError> {
    let StartOptions { place, language, ports: mut inherited } = options;
    raise_file_limit();
    let config = Config::read(&place.config)?;
    let ports = take_ports(&config, inherited.as_mut(), announce)?;
    // A key of one's own is often readable by root alone, as the ports are root's to take.
    let own = config.tls.as_ref().map(|tls| ServerTls::load(&tls.cert, &tls.key)).transpose()?;
    leave_root(&config, &place, announce)?;
    init(&place, None, language, announce).await?;
    let config = Config::read(&place.config)?;
    if config.confine.0 {
        // A confined server may change only what is there by now. What is wrong with the place is said when it is used.
        let _ = Public::open(&place.public(&config), &config.host_name());
    }
    Ok(Prepared { place, config, language, inherited, ports, own })
}

/// What HTTP shows of the operations.
fn faces(assembly: &Assembly, tls: &Arc<ServerTls>, place: &Place, config: &Config) -> Arc<Web> {
    let control = Arc::clone(&assembly.control);
    Web::new(control, Arc::clone(tls), place.challenges(), Clock::System, config.metrics.access())
}

async fn serve_until(
    prepared: Prepared,
    stop: watch::Receiver<bool>,
    announce: &mut (dyn FnMut(Announcement) + Send),
) -> Result<(), StartError> {
    let Prepared { place, mut config, language, inherited, ports, own } = prepared;
    let listeners = ports.iter().map(listener_view).collect();
    let assembly = Assembly::open_soon(&place, language, listeners, Some(std::process::id())).await?;
    config.host_name = Some(assembly.host_name.clone());
    let language = config.language.unwrap_or(language);
    let (tls, made) = own.map_or_else(|| self_signed(&config, &place), |tls| Ok((tls, false)))?;
    if made {
        announce(Announcement::CertificateMade { path: place.data.join("cert.pem") });
    }
    ports.iter().for_each(|port| announce(Announcement::Listening { listener: listener_view(port) }));
    report_perhaps(&assembly, announce);
    let mut set = JoinSet::new();
    let mail_log = Arc::clone(&assembly.mail_log);
    let workers = Workers {
        queue: Arc::clone(&assembly.queue),
        couriers: Arc::clone(&assembly.couriers),
        control: Arc::clone(&assembly.control),
        mail_log: Arc::clone(&mail_log),
        language,
    };
    workers.start(&mut set, &stop);
    let door = Arc::new(ControlDoor::new(Arc::clone(&assembly.control), Arc::clone(&mail_log)));
    let mut session = SessionConfig::new(config.host_name());
    session.pages = config.pages.clone();
    session.max_message_bytes = assembly.queue.limits().message_bytes;
    session.max_recipients = assembly.queue.limits().recipients;
    session.max_hold_secs = Some(assembly.queue.limits().hold_secs);
    let shared = Serve::new(door, Arc::clone(&tls), net::Limits::default(), session);
    if ports.iter().any(|port| port.spec.kind == ListenerKind::Http)
        && let Err(error) = fs::create_dir_all(place.challenges())
    {
        tracing::warn!(%error, "the directory for the answers to ACME cannot be made");
    }
    let web = faces(&assembly, &tls, &place, &config);
    let portal = Secure::new(WebHost::new(&web), Arc::clone(&tls), SecureLimits::default());
    for port in ports {
        match port.spec.kind {
            ListenerKind::Http | ListenerKind::Https => {
                set.spawn(serve_secure(port, Arc::clone(&portal), stop.clone()))
            }
            _ => set.spawn(serve(port, Arc::clone(&shared), stop.clone())),
        };
    }
    assembly.control.find_by(Box::new(LiveFinder::new(names(&config))?));
    let of_status = Arc::clone(&tls);
    assembly.control.certificate_by(Box::new(move || of_status.ends()));
    set.spawn(tls.watch(Clock::System, stop.clone()));
    set.spawn(reopen_on_hangup(Arc::clone(&mail_log), stop.clone()));
    let socket =
        socket::listen(&place).map_err(|source| StartError::File { path: place.socket(), source })?;
    set.spawn(socket::serve(socket, Arc::clone(&assembly.control), stop.clone()));
    open_to_all(&assembly, (&config, &place), &shared, inherited, &stop, &mut set);
    if assembly.has_no_route().await? {
        announce(Announcement::NoRelay);
        if let Some(link) = first_link(&assembly.control).await {
            announce(link);
        }
    }
    let manager = Manager::of_environment();
    set.spawn(manager.clone().keep_alive(stop.clone()));
    manager.ready();
    announce(Announcement::Ready { host_name: config.host_name().to_string() });
    let mut stop = stop;
    stop_asked(&mut stop).await;
    manager.stopping();
    while set.join_next().await.is_some() {}
    let _ = fs::remove_file(place.socket());
    Ok(assembly.close().await?)
}

/// The way into the portal of a server that nobody has set up yet.
async fn first_link(control: &Control) -> Option<Announcement> {
    let caller = Caller { name: "start".to_owned(), role: Role::Administrator };
    let Ok(Answer::Settings { settings }) = control.perform(&caller, Operation::SettingList).await else {
        return None;
    };
    if settings.contains_key(ADMINISTRATOR) {
        return None;
    }
    let made = control.perform(&caller, Operation::PortalLink).await;
    let Ok(Answer::PortalLink { code, host_name, ports, minutes }) = made else { return None };
    let links: Vec<String> =
        ports.iter().map(|port| format!("https://{host_name}:{port}/sign-in/link/{code}")).collect();
    (!links.is_empty()).then_some(Announcement::PortalLink { links, minutes })
}

/// Each connection is a file to the system, and many systems begin with 1,024 of them: the limit is raised to what the
/// administrator allows. Where that cannot be done, accepting connections says so when it comes to it.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Opens the doors of local programs. That they cannot be opened stops no other mail.
fn open_to_all(
    assembly: &Assembly,
    (config, place): (&Config, &Place),
    shared: &Arc<Serve>,
    inherited: Option<Inherited>,
    stop: &watch::Receiver<bool>,
    set: &mut JoinSet<()>,
) {
    let mut inherited = inherited.unwrap_or_default();
    let path = place.public(config);
    let failed = |error: &dyn std::error::Error| {
        tracing::error!(path = %path.display(), %error, "sendmail cannot hand over mail: its place cannot be made");
    };
    let public = match Public::open(&path, &config.host_name()) {
        Ok(public) => public,
        Err(error) => return failed(&error),
    };
    let handed_over = inherited.take_local(&public.socket()).transpose();
    for unused in inherited.unused() {
        tracing::warn!(socket = %unused, "a socket was handed over that nothing in the configuration is for");
    }
    match handed_over.unwrap_or_else(|| LocalSocket::bind(&public.socket())) {
        Ok(socket) => {
            set.spawn(serve_local(socket, Arc::clone(shared), stop.clone()));
        }
        // What sendmail puts into the folder is taken all the same.
        Err(error) => failed(&error),
    }
    set.spawn(Collector::new(Arc::clone(&assembly.control), public).run(stop.clone()));
}

/// SIGHUP says that another program has moved the log away.
async fn reopen_on_hangup(mail_log: Arc<MailLog>, mut stop: watch::Receiver<bool>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    loop {
        tokio::select! {
            () = stop_asked(&mut stop) => return,
            _ = hangup.recv() => mail_log.reopen(),
        }
    }
}

/// Takes the ports that can be had. None at all is an error: a server that nobody can reach has not started.
fn take_ports(
    config: &Config,
    inherited: Option<&mut Inherited>,
    announce: &mut (dyn FnMut(Announcement) + Send),
) -> Result<Vec<Bound>, StartError> {
    let Some(inherited) = inherited else { return Ok(Vec::new()) };
    let (mut ports, missing) = inherited.divide(&config.listeners())?;
    let mut last = None;
    for spec in missing {
        match spec.bind() {
            Ok(port) => ports.push(port),
            Err(error) => {
                announce(Announcement::NotListening { address: spec.address, detail: error.to_string() });
                last = Some(error);
            }
        }
    }
    match last {
        // A port that was asked for by name must be had; one of the defaults may be missing.
        Some(error) if ports.is_empty() || !config.listeners.is_empty() => Err(error.into()),
        _ => Ok(ports),
    }
}

fn listener_view(port: &Bound) -> Listener {
    let kind = match port.spec.kind {
        ListenerKind::StartTls => "starttls",
        ListenerKind::ImplicitTls => "tls",
        ListenerKind::Plain => "submission",
        ListenerKind::Mx => "mx",
        ListenerKind::Http => "http",
        ListenerKind::Https => "https",
    };
    Listener {
        address: port.address.to_string(),
        kind: kind.to_owned(),
        instead_of: port.fell_back().then(|| port.spec.address.port()),
    }
}

fn self_signed(config: &Config, place: &Place) -> Result<(Arc<ServerTls>, bool), StartError> {
    let name = config.host_name();
    Ok(ServerTls::self_signed(&place.data, name.as_ascii(), Clock::System.now())?)
}

fn report_perhaps(assembly: &Assembly, announce: &mut (dyn FnMut(Announcement) + Send)) {
    if !assembly.perhaps.is_empty() {
        announce(Announcement::PerhapsTwice { count: assembly.perhaps.len() });
    }
}

async fn wait_for_signal() {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the signals end the process at once, which the store survives.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
