//! The loop of a way in, port or local socket: accept, count, talk, stop.
//!
//! | ending | what the client sees | what is kept |
//! |---|---|---|
//! | the client goes away within a content | nothing | nothing: the intake is dropped |
//! | time over | 421 4.4.2 | nothing of an unfinished content |
//! | this server stops | 421 4.3.2 after the current command; a content may end within [`Limits::stop_grace`] | what was answered with 250 |
//! | the place is wanted, and the client has proved nothing | 421 4.3.2 | nothing: it has named no recipient that is taken |
//! | a panic in a conversation | the connection is cut | as if the client had gone |

use crate::census::{Census, Full, Places, Seat};
use crate::conversation::Conversation;
use crate::door::{Client, Door, Origin};
use crate::listen::{Bound, ListenerKind};
use crate::local::LocalSocket;
use crate::stream::Stream;
use crate::tls::ServerTls;
use smtp::server::{AuthOffer, SessionConfig};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// How long accepting pauses after the system refused a connection, usually for want of file
/// descriptors: trying at once would only burn the processor.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The limits of all ports together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most connections at once, all ports together. Beyond, the stranger who has been there for longest makes room;
    /// when there is none: 421 4.3.2.
    pub max_connections: usize,
    /// So many more connections are for whoever comes from the network of a site, or from where somebody signed in within a
    /// day: those who hold places by the thousand, a few seconds each, keep no customer out.
    pub kept_for_known: usize,
    /// So many more connections again are for local programs alone, so that no crowd on the network keeps cron's mail out.
    pub kept_for_users: usize,
    /// How long a stranger keeps a place when others want it.
    pub stranger_grace: Duration,
    /// How long a client may take, in all, to prove that it is somebody: to sign in, or to name a recipient that is
    /// taken. RFC 5321 §4.5.3.2 gives five minutes to each command; a stranger has them once. Beyond: 421 4.4.2.
    pub stranger_time_limit: Duration,
    /// The most connections from one address (IPv6: one /64) at once. Beyond: 421 4.7.0.
    pub max_per_address: usize,
    /// The same for loopback and for the networks of sites: programs that open many at once.
    pub max_per_trusted_address: usize,
    /// The most connections of one user of this machine at once, by the local socket. Beyond: 421 4.7.0.
    pub max_per_user: usize,
    /// How long a TLS handshake may take.
    pub handshake_time_limit: Duration,
    /// How long signing in may take, password hash and its queue included. Beyond: 454 4.7.0. The same for finding out
    /// who a local user is; beyond: 451 4.3.0.
    pub sign_in_time_limit: Duration,
    /// How long the next command or piece of content may take while four fifths of
    /// [`Limits::max_connections`] are in use. RFC 5321 §4.5.3.2 asks for minutes, which stand
    /// as long as there is room.
    pub crowded_time_limit: Duration,
    /// How long a content may take at any speed.
    pub content_grace: Duration,
    /// The least speed of a content after that, over the whole of it: a client that sends a byte now
    /// and then would otherwise hold its place for years.
    pub min_content_bytes_per_sec: u64,
    /// How long conversations may go on after the stop, to end the message that is coming in.
    pub stop_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1_000,
            kept_for_known: 50,
            kept_for_users: 20,
            stranger_grace: Duration::from_secs(5),
            stranger_time_limit: Duration::from_secs(300),
            max_per_address: 50,
            max_per_trusted_address: 1_000,
            max_per_user: 200,
            handshake_time_limit: Duration::from_secs(30),
            sign_in_time_limit: Duration::from_secs(30),
            crowded_time_limit: Duration::from_secs(20),
            content_grace: Duration::from_secs(60),
            min_content_bytes_per_sec: 512,
            stop_grace: Duration::from_secs(5),
        }
    }
}

/// The way that a client came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// A port of that kind.
    Port(ListenerKind),
    /// The local socket.
    Local,
}

impl Entrance {
    pub(crate) const fn begins_with_tls(self) -> bool {
        matches!(self, Self::Port(ListenerKind::ImplicitTls | ListenerKind::Https))
    }
}

/// What all ports share.
pub struct Serve {
    pub(crate) door: Arc<dyn Door>,
    pub(crate) tls: Arc<ServerTls>,
    pub(crate) limits: Limits,
    with_starttls: Arc<SessionConfig>,
    without_starttls: Arc<SessionConfig>,
    for_peers: Arc<SessionConfig>,
    for_users: Arc<SessionConfig>,
    census: Arc<Census>,
}

impl Serve {
    /// `session` is the configuration of all ports but for what the kind of each port sets: STARTTLS, and whether
    /// signing in, notices and keeping are offered at all.
    pub fn new(
        door: Arc<dyn Door>,
        tls: Arc<ServerTls>,
        limits: Limits,
        session: SessionConfig,
    ) -> Arc<Self> {
        let with_starttls = SessionConfig { offer_starttls: true, ..session.clone() };
        let without_starttls = SessionConfig { offer_starttls: false, ..session.clone() };
        // What other servers may send us is for ourselves: nothing is delivered, so nobody is owed a notice of it, and
        // nobody may have it kept.
        let for_peers = SessionConfig {
            auth: AuthOffer::Never,
            offer_dsn: false,
            max_hold_secs: None,
            ..with_starttls.clone()
        };
        let for_users = SessionConfig { offer_starttls: false, auth: AuthOffer::Never, ..session };
        Arc::new(Self {
            door,
            tls,
            limits,
            with_starttls: Arc::new(with_starttls),
            without_starttls: Arc::new(without_starttls),
            for_peers: Arc::new(for_peers),
            for_users: Arc::new(for_users),
            census: Arc::default(),
        })
    }

    /// How many connections there are now, all ports together.
    pub fn connections(&self) -> usize {
        self.census.all()
    }

    pub(crate) fn session_config(&self, entrance: Entrance) -> Arc<SessionConfig> {
        Arc::clone(match entrance {
            Entrance::Port(ListenerKind::StartTls | ListenerKind::Plain) => &self.with_starttls,
            Entrance::Port(ListenerKind::ImplicitTls | ListenerKind::Http | ListenerKind::Https) => {
                &self.without_starttls
            }
            Entrance::Port(ListenerKind::Mx) => &self.for_peers,
            Entrance::Local => &self.for_users,
        })
    }

    /// This server's name, as it says it.
    pub(crate) fn host_name(&self) -> &str {
        self.with_starttls.host_name.as_ascii()
    }

    /// Whether places are getting rare.
    pub(crate) fn is_crowded(&self) -> bool {
        self.census.all() >= self.limits.max_connections.saturating_mul(4) / 5
    }

    fn seat(&self, origin: &Origin) -> Result<Seat, Full> {
        let limits = &self.limits;
        let (all, stranger_grace) = (limits.max_connections, limits.stranger_grace);
        let Some(ip) = origin.ip() else {
            let all = all.saturating_add(limits.kept_for_known).saturating_add(limits.kept_for_users);
            let mut seat =
                self.census.seat(origin, Places { all, each: limits.max_per_user, stranger_grace })?;
            seat.keep();
            return Ok(seat);
        };
        let is_of_a_site = self.door.network_site(ip).is_some();
        let is_trusted = ip.is_loopback() || is_of_a_site;
        let each = if is_trusted { limits.max_per_trusted_address } else { limits.max_per_address };
        let kept = if is_of_a_site || self.census.knows(origin) { limits.kept_for_known } else { 0 };
        let all = all.saturating_add(kept);
        let mut seat = self.census.seat(origin, Places { all, each, stranger_grace })?;
        if is_of_a_site {
            seat.keep();
        }
        Ok(seat)
    }
}

/// A way in that is open.
enum Gate {
    Port(ListenerKind, TcpListener),
    Local(LocalSocket),
}

impl Gate {
    const fn entrance(&self) -> Entrance {
        match self {
            Self::Port(kind, _) => Entrance::Port(*kind),
            Self::Local(_) => Entrance::Local,
        }
    }

    async fn accept(&self) -> io::Result<(Stream, Origin)> {
        match self {
            Self::Port(_, listener) => {
                let (tcp, from) = listener.accept().await?;
                // Replies are short and the client waits for each: Nagle's delay would be paid at every step.
                // Failing to set it costs time and nothing else.
                let _ = tcp.set_nodelay(true);
                let address = canonical(from);
                let local = tcp.local_addr().map_or(address, canonical);
                Ok((Stream::Plain(tcp), Origin::Tcp { address, local }))
            }
            Self::Local(socket) => {
                let (stream, _) = socket.listener.accept().await?;
                let uid = stream.peer_cred()?.uid();
                Ok((Stream::Local(stream), Origin::Local { uid }))
            }
        }
    }
}

pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Serves a port until `stop` becomes true, then lets conversations end, and returns when the last
/// has or [`Limits::stop_grace`] is over.
pub async fn serve(port: Bound, shared: Arc<Serve>, stop: watch::Receiver<bool>) {
    match TcpListener::from_std(port.listener) {
        Ok(listener) => hold_open(Gate::Port(port.spec.kind, listener), shared, stop).await,
        Err(error) => {
            tracing::error!(address = %port.address, %error, "a port that was taken cannot be served")
        }
    }
}

/// Serves the local socket in the same way: programs of this machine, known by their user, with the same conversation
/// but for TLS and signing in, which prove nothing here that the system has not said.
pub async fn serve_local(socket: LocalSocket, shared: Arc<Serve>, stop: watch::Receiver<bool>) {
    hold_open(Gate::Local(socket), shared, stop).await;
}

async fn hold_open(gate: Gate, shared: Arc<Serve>, stop: watch::Receiver<bool>) {
    let entrance = gate.entrance();
    let mut conversations = JoinSet::new();
    let mut stopped = stop.clone();
    loop {
        tokio::select! {
            () = stop_asked(&mut stopped) => break,
            Some(ended) = conversations.join_next() => report_panic(&ended),
            accepted = gate.accept() => match accepted {
                Ok((stream, origin)) => {
                    if let Some(conversation) = admit(stream, origin, entrance, &shared) {
                        conversations.spawn(hold(conversation, stop.clone()));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, ?entrance, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    // New connections are refused by the system from here on, while the old ones end.
    drop(gate);
    let ending = async {
        while let Some(ended) = conversations.join_next().await {
            report_panic(&ended);
        }
    };
    // What has not ended in time is cut: dropping the set ends its tasks.
    let _ = tokio::time::timeout(shared.limits.stop_grace, ending).await;
}

/// Waits until the stop, or until nobody is left who could ask for it.
pub async fn stop_asked(stop: &mut watch::Receiver<bool>) {
    // What `wait_for` gives back borrows the channel, and must not live across what follows.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn hold(mut conversation: Conversation, mut stop: watch::Receiver<bool>) {
    let stopping = std::pin::pin!(stop_asked(&mut stop));
    let wanted = conversation.place_wanted();
    tokio::select! {
        () = conversation.hold(stopping) => {}
        () = wanted.notified() => conversation.give_way(),
    }
}

/// How a task ended that did not end by itself, without the words of its panic, which may quote a secret: where it
/// happened is said as it happens, with the number of the task.
pub fn ended(error: &JoinError) -> String {
    let how = if error.is_panic() { "panicked" } else { "was stopped" };
    format!("task {} {how}", error.id())
}

pub(crate) fn report_panic(result: &Result<(), JoinError>) {
    if let Err(error) = result
        && error.is_panic()
    {
        tracing::error!(ended = ended(error), "a mistake in this program ended a connection");
    }
}

fn admit(stream: Stream, origin: Origin, entrance: Entrance, shared: &Arc<Serve>) -> Option<Conversation> {
    let seat = match shared.seat(&origin) {
        Ok(seat) => seat,
        Err(full) => {
            tracing::debug!(?full, "connection refused: too many");
            turn_away(stream, entrance, shared, full);
            return None;
        }
    };
    let protocol = if entrance == Entrance::Local { "local" } else { "SMTP" };
    let client = Client { origin, helo: String::new(), protocol, tls: false };
    Some(Conversation::new(Arc::clone(shared), entrance, stream, client, seat))
}

/// Tells a client that there is no room (RFC 5321 §3.1). One write into an empty socket never waits;
/// where TLS begins at once there is nothing to say it in.
fn turn_away(stream: Stream, entrance: Entrance, shared: &Serve, full: Full) {
    if entrance.begins_with_tls() {
        return;
    }
    let host = shared.host_name();
    let line = match full {
        Full::All => format!("421 4.3.2 {host} Too many connections, try again later\r\n"),
        Full::Each => {
            format!(
                "421 4.7.0 {host} Too many connections from you at once, close some or try again later\r\n"
            )
        }
    };
    let _ = match stream {
        Stream::Plain(tcp) => tcp.into_std().and_then(|mut tcp| tcp.write_all(line.as_bytes())),
        Stream::Local(local) => local.into_std().and_then(|mut local| local.write_all(line.as_bytes())),
        Stream::Tls(_) | Stream::Gone => Ok(()),
    };
}
