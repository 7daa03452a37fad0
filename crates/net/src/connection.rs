//! An open connection to another server, as the client dialogue uses it.

use crate::HostName;
use crate::dial::{Target, millis};
use crate::stream::Stream;
use crate::time_limit::TimeLimit;
use crate::tls::{self, ClientTls};
use mail::{Clock, Peer, Seen, Timestamp, TlsFacts, TlsFault};
use rustls_pki_types::ServerName;
use smtp::transport::{BoxFuture, Transport};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Room for one read: replies are short.
const READ_ROOM: usize = 2 * 1024;

/// The time limit until the dialogue sets its own.
pub(crate) const FIRST_TIME_LIMIT: Duration = Duration::from_secs(300);

/// The most parts that one system call takes.
const MAX_PARTS: usize = 64;

/// A connection over plain TCP or TLS, made by [`Dialer::dial`](crate::dial::Dialer::dial).
pub struct Connection {
    stream: Stream,
    host: HostName,
    peer: Peer,
    client_tls: Arc<ClientTls>,
    facts: Option<TlsFacts>,
    clock: Clock,
    limit: Duration,
    timer: TimeLimit,
}

impl Connection {
    /// A connection that was opened to an address of the target.
    pub(crate) fn new(tcp: TcpStream, target: &Target, address: IpAddr, clock: Clock) -> Self {
        let timer = TimeLimit::new(FIRST_TIME_LIMIT);
        Self {
            stream: Stream::Plain(tcp),
            host: target.host.clone(),
            peer: target.peer(Some(address)),
            client_tls: Arc::clone(&target.client_tls),
            facts: None,
            clock,
            limit: FIRST_TIME_LIMIT,
            timer,
        }
    }

    /// Whether a kept connection can be used again: open, and nothing came unasked, such as a 421
    /// before the server closes. Never waits.
    pub fn is_idle_alive(&self) -> bool {
        self.stream.is_quiet()
    }

    async fn read_more(&mut self, into: &mut Vec<u8>) -> Result<usize, Seen> {
        if into.len() == into.capacity() {
            into.reserve(READ_ROOM);
        }
        self.timer.restart(self.limit);
        let read = self.timer.bound(self.stream.read_buf(into)).await;
        read.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())).map_err(|error| seen(error, self.limit))
    }

    async fn write_all(&mut self, parts: &[&[u8]]) -> Result<(), Seen> {
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut left = slices.as_mut_slice();
        // Also drops empty parts at the front, which would look like a peer that takes nothing.
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            // The limit is for progress, not for the whole: RFC 5321 §4.5.3.2.5 gives each block
            // of content its time, and a large message may take many.
            self.timer.restart(self.limit);
            let some = left.get(..left.len().min(MAX_PARTS)).unwrap_or_default();
            let write = poll_fn(|cx| self.stream.poll_write_parts(cx, some));
            let wrote = self.timer.bound(write).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()));
            match wrote.map_err(|error| seen(error, self.limit))? {
                0 => return Err(Seen::Dropped),
                count => IoSlice::advance_slices(&mut left, count),
            }
        }
        self.timer.restart(self.limit);
        let flushed = self.timer.bound(self.stream.flush()).await;
        flushed
            .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| seen(error, self.limit))
    }

    async fn shake_hands(&mut self) -> Result<TlsFacts, Seen> {
        let name = server_name(&self.host).ok_or_else(|| Seen::Tls {
            fault: TlsFault::Other { detail: format!("{} is not a name for a certificate", self.peer.host) },
        })?;
        let tcp = self.stream.take_plain().map_err(|error| seen(error, self.limit))?;
        let connector = TlsConnector::from(Arc::clone(&self.client_tls.config));
        self.timer.restart(self.limit);
        let shaken = self.timer.bound(connector.connect(name, tcp)).await;
        let tls = shaken
            .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| seen(error, self.limit))?;
        let facts = tls::facts(tls.get_ref().1);
        self.stream = Stream::Tls(Box::new(tls.into()));
        self.facts = Some(facts.clone());
        Ok(facts)
    }
}

impl Drop for Connection {
    /// However a dialogue ends, the server is told that nothing follows.
    fn drop(&mut self) {
        self.stream.end();
    }
}

impl Transport for Connection {
    fn read<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, Seen>> {
        Box::pin(self.read_more(into))
    }

    fn write<'a>(&'a mut self, parts: &'a [&'a [u8]]) -> BoxFuture<'a, Result<(), Seen>> {
        Box::pin(self.write_all(parts))
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<TlsFacts, Seen>> {
        Box::pin(self.shake_hands())
    }

    fn set_time_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn peer(&self) -> Peer {
        self.peer.clone()
    }

    fn tls(&self) -> Option<&TlsFacts> {
        self.facts.as_ref()
    }
}

/// The name that the certificate must be for: the one that was asked for, never one that the DNS
/// answered with.
fn server_name(host: &HostName) -> Option<ServerName<'static>> {
    match host.address() {
        Some(ip) => Some(ServerName::from(ip)),
        None => ServerName::try_from(host.name()?.as_ascii().to_owned()).ok(),
    }
}

/// What an error of the system or of TLS means, in the words of evidence.
pub(crate) fn seen(error: io::Error, limit: Duration) -> Seen {
    if let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Seen::Tls { fault: tls::tls_fault(fault) };
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Seen::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Seen::Unreachable,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => Seen::Dropped,
        io::ErrorKind::TimedOut => Seen::Timeout { after_ms: millis(limit) },
        _ => Seen::Io { detail: error.to_string() },
    }
}
