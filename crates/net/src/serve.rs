//! The loop of a port: accept, count, talk, stop.
//!
//! | ending | what the client sees | what is kept |
//! |---|---|---|
//! | the client goes away within a content | nothing | nothing: the intake is dropped |
//! | time over | 421 4.4.2 | nothing of an unfinished content |
//! | this server stops | 421 4.3.2 after the current command; a content may end within [`Limits::stop_grace`] | what was answered with 250 |
//! | a panic in a conversation | the connection is cut | as if the client had gone |

use crate::census::{Census, Seat};
use crate::conversation::Conversation;
use crate::door::{Client, Door};
use crate::listen::{Bound, ListenerKind};
use crate::stream::Stream;
use crate::tls::ServerTls;
use smtp::server::SessionConfig;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// How long accepting pauses after the system refused a connection, usually for want of file
/// descriptors: trying at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The limits of all ports together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most connections at once, all ports together. Beyond: 421 4.3.2.
    pub max_connections: usize,
    /// The most connections from one address (IPv6: one /64) at once. Beyond: 421 4.3.2.
    pub max_per_address: usize,
    /// The same for loopback and for the networks of sites: programs that open many at once.
    pub max_per_trusted_address: usize,
    /// How long a TLS handshake may take.
    pub handshake_time_limit: Duration,
    /// How long signing in may take, password hash and its queue included. Beyond: 454 4.7.0.
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
            max_per_address: 50,
            max_per_trusted_address: 1_000,
            handshake_time_limit: Duration::from_secs(30),
            sign_in_time_limit: Duration::from_secs(30),
            crowded_time_limit: Duration::from_secs(20),
            content_grace: Duration::from_secs(60),
            min_content_bytes_per_sec: 512,
            stop_grace: Duration::from_secs(5),
        }
    }
}

/// What all ports share.
pub struct Serve {
    pub(crate) door: Arc<dyn Door>,
    pub(crate) tls: Arc<ServerTls>,
    pub(crate) limits: Limits,
    with_starttls: Arc<SessionConfig>,
    without_starttls: Arc<SessionConfig>,
    census: Arc<Census>,
}

impl Serve {
    /// `session` is the configuration of all ports but for STARTTLS, which each kind of port sets.
    pub fn new(
        door: Arc<dyn Door>,
        tls: Arc<ServerTls>,
        limits: Limits,
        session: SessionConfig,
    ) -> Arc<Self> {
        let with_starttls = SessionConfig { offer_starttls: true, ..session.clone() };
        let without_starttls = SessionConfig { offer_starttls: false, ..session };
        Arc::new(Self {
            door,
            tls,
            limits,
            with_starttls: Arc::new(with_starttls),
            without_starttls: Arc::new(without_starttls),
            census: Arc::default(),
        })
    }

    /// How many connections there are now, all ports together.
    pub fn connections(&self) -> usize {
        self.census.all()
    }

    pub(crate) fn session_config(&self, kind: ListenerKind) -> Arc<SessionConfig> {
        Arc::clone(match kind {
            ListenerKind::StartTls | ListenerKind::Plain => &self.with_starttls,
            ListenerKind::ImplicitTls => &self.without_starttls,
        })
    }

    /// Whether places are getting rare.
    pub(crate) fn is_crowded(&self) -> bool {
        self.census.all() >= self.limits.max_connections.saturating_mul(4) / 5
    }

    fn seat(&self, client: SocketAddr) -> Option<Seat> {
        let ip = client.ip();
        let trusted = ip.is_loopback() || self.door.network_site(ip).is_some();
        let each = if trusted { self.limits.max_per_trusted_address } else { self.limits.max_per_address };
        self.census.seat(ip, self.limits.max_connections, each)
    }
}

/// Serves a port until `stop` becomes true, then lets conversations end, and returns when the last
/// has or [`Limits::stop_grace`] is over.
pub async fn serve(port: Bound, shared: Arc<Serve>, stop: watch::Receiver<bool>) {
    let mut conversations = JoinSet::new();
    let mut stopped = stop.clone();
    loop {
        tokio::select! {
            () = stop_asked(&mut stopped) => break,
            Some(ended) = conversations.join_next() => report_panic(&ended),
            accepted = port.listener.accept() => match accepted {
                Ok((tcp, from)) => {
                    if let Some((conversation, seat)) = admit(tcp, from, port.spec.kind, &shared) {
                        conversations.spawn(hold(conversation, seat, stop.clone()));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, address = %port.address, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    // New connections are refused by the system from here on, while the old ones end.
    drop(port);
    let ending = async {
        while let Some(ended) = conversations.join_next().await {
            report_panic(&ended);
        }
    };
    // What has not ended in time is cut: dropping the set ends its tasks.
    let _ = tokio::time::timeout(shared.limits.stop_grace, ending).await;
}

async fn stop_asked(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could stop us: then it is time as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn hold(conversation: Conversation, seat: Seat, mut stop: watch::Receiver<bool>) {
    let stopping = std::pin::pin!(stop_asked(&mut stop));
    conversation.hold(stopping).await;
    drop(seat);
}

fn report_panic(ended: &Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a mistake in this program ended a connection");
    }
}

fn admit(
    tcp: TcpStream,
    from: SocketAddr,
    kind: ListenerKind,
    shared: &Arc<Serve>,
) -> Option<(Conversation, Seat)> {
    let address = SocketAddr::new(from.ip().to_canonical(), from.port());
    let Some(seat) = shared.seat(address) else {
        tracing::debug!("connection refused: too many");
        turn_away(tcp, kind, shared);
        return None;
    };
    // Replies are short and the client waits for each: Nagle's delay would be paid at every step.
    // Failing to set it costs time and nothing else.
    let _ = tcp.set_nodelay(true);
    let local =
        tcp.local_addr().map_or(address, |local| SocketAddr::new(local.ip().to_canonical(), local.port()));
    let client = Client { address, local, helo: String::new(), protocol: "SMTP", tls: false };
    Some((Conversation::new(Arc::clone(shared), kind, Stream::Plain(tcp), client), seat))
}

/// Tells a client that there is no room (RFC 5321 §3.1). One write into an empty socket never waits;
/// where TLS begins at once there is nothing to say it in.
fn turn_away(tcp: TcpStream, kind: ListenerKind, shared: &Serve) {
    if kind == ListenerKind::ImplicitTls {
        return;
    }
    if let Ok(mut tcp) = tcp.into_std() {
        let host = shared.with_starttls.host_name.as_ascii();
        let line = format!("421 4.3.2 {host} Too many connections, try again later\r\n");
        let _ = tcp.write_all(line.as_bytes());
    }
}
