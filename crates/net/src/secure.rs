//! The loop of a port that is TLS from the first byte and speaks a protocol that is not ours to know: accept, count, shake
//! hands, hand over, stop. It shares the certificate and its reload with the ports of mail, and has limits of its own,
//! so that neither crowd takes the other's places.

use crate::census::{Census, Places, Seat};
use crate::door::Origin;
use crate::listen::Bound;
use crate::serve::{ACCEPT_PAUSE, canonical, report_panic, stop_asked};
use crate::tls::ServerTls;
use smtp::transport::BoxFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The limits of such a port.
#[derive(Debug, Clone)]
pub struct SecureLimits {
    /// The most connections at once. Beyond, the stranger who has been there for longest makes room.
    pub max_connections: usize,
    /// The most connections from one address (IPv6: one /64) at once. Beyond, the connection is closed.
    pub max_per_address: usize,
    /// How long a stranger keeps a place when others want it.
    pub stranger_grace: Duration,
    /// How long the TLS handshake may take.
    pub handshake_time_limit: Duration,
    /// How long connections may go on after the stop.
    pub stop_grace: Duration,
}

impl Default for SecureLimits {
    fn default() -> Self {
        Self {
            max_connections: 500,
            max_per_address: 100,
            stranger_grace: Duration::from_secs(5),
            handshake_time_limit: Duration::from_secs(20),
            stop_grace: Duration::from_secs(5),
        }
    }
}

/// What a connection begins with.
pub enum Opening {
    /// The handshake is done.
    Tls(Box<TlsStream<TcpStream>>),
    /// The client speaks in clear: it may be told the right way, and nothing else.
    Clear(TcpStream),
}

/// Somebody who is connected.
pub struct Guest {
    /// What they speak over.
    pub opening: Opening,
    /// Where they are. An IPv4 address is never in its IPv6-mapped form.
    pub from: SocketAddr,
    /// Becomes true when the server stops: what is under way may end.
    pub stop: watch::Receiver<bool>,
    seat: Arc<Mutex<Seat>>,
}

/// A place that its owner may ask to keep.
#[derive(Clone)]
pub struct Place(Arc<Mutex<Seat>>);

impl Place {
    /// Whoever sits here has proved to be somebody: they are not asked to make room any more.
    pub fn keep(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep();
    }
}

impl Guest {
    /// Their place.
    pub fn place(&self) -> Place {
        Place(Arc::clone(&self.seat))
    }
}

/// Who speaks with a guest.
pub trait Host: Send + Sync + 'static {
    /// Speaks until either side has had enough.
    fn receive(&self, guest: Guest) -> BoxFuture<'static, ()>;
}

/// What the ports of one host share.
pub struct Secure {
    host: Box<dyn Host>,
    tls: Arc<ServerTls>,
    limits: SecureLimits,
    census: Arc<Census>,
}

impl Secure {
    /// Ports of a host, with the certificate of all ports.
    pub fn new(host: Box<dyn Host>, tls: Arc<ServerTls>, limits: SecureLimits) -> Arc<Self> {
        Arc::new(Self { host, tls, limits, census: Arc::default() })
    }
}

/// Serves a port until `stop` becomes true, then lets connections end, and returns when the last has or
/// [`SecureLimits::stop_grace`] is over.
pub async fn serve_secure(port: Bound, shared: Arc<Secure>, mut stop: watch::Receiver<bool>) {
    let listener = match TcpListener::from_std(port.listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(address = %port.address, %error, "a port that was taken cannot be served");
            return;
        }
    };
    let mut guests = JoinSet::new();
    let given = stop.clone();
    loop {
        tokio::select! {
            () = stop_asked(&mut stop) => break,
            Some(ended) = guests.join_next() => report_panic(&ended),
            accepted = listener.accept() => match accepted {
                Ok((tcp, from)) => {
                    if let Some(seat) = seat(&shared, &tcp, canonical(from)) {
                        guests.spawn(hold(tcp, canonical(from), seat, (Arc::clone(&shared), given.clone())));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, address = %port.address, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let ending = async {
        while let Some(ended) = guests.join_next().await {
            report_panic(&ended);
        }
    };
    let _ = tokio::time::timeout(shared.limits.stop_grace, ending).await;
}

fn seat(shared: &Secure, tcp: &TcpStream, address: SocketAddr) -> Option<Seat> {
    let limits = &shared.limits;
    // A proxy on this machine brings everybody's connections from one address.
    let each = if address.ip().is_loopback() { limits.max_connections } else { limits.max_per_address };
    let places = Places { all: limits.max_connections, each, stranger_grace: limits.stranger_grace };
    let local = tcp.local_addr().map_or(address, canonical);
    let seated = shared.census.seat(&Origin::Tcp { address, local }, places);
    seated.inspect_err(|full| tracing::debug!(?full, "connection refused: too many")).ok()
}

async fn hold(
    tcp: TcpStream,
    from: SocketAddr,
    seat: Seat,
    (shared, stop): (Arc<Secure>, watch::Receiver<bool>),
) {
    let wanted = seat.wanted();
    let seat = Arc::new(Mutex::new(seat));
    let speak = async {
        let _ = tcp.set_nodelay(true);
        let opened = tokio::time::timeout(shared.limits.handshake_time_limit, open(tcp, &shared.tls)).await;
        match opened {
            Ok(Ok(opening)) => shared.host.receive(Guest { opening, from, stop, seat }).await,
            Ok(Err(error)) => tracing::debug!(%error, "no handshake"),
            Err(_) => tracing::debug!("no handshake in time"),
        }
    };
    tokio::select! {
        () = speak => {}
        () = wanted.notified() => {}
    }
}

/// Tells a handshake (RFC 8446 §5.1: its first byte is 22) from the letters of a request in clear.
async fn open(tcp: TcpStream, tls: &ServerTls) -> io::Result<Opening> {
    let mut first = [0_u8; 1];
    if tcp.peek(&mut first).await? == 1 && first.first().is_some_and(u8::is_ascii_uppercase) {
        return Ok(Opening::Clear(tcp));
    }
    let shaken = TlsAcceptor::from(Arc::clone(&tls.config)).accept(tcp).await?;
    Ok(Opening::Tls(Box::new(shaken)))
}
