//! Calling another server: the one way out of this program.
//!
//! A name is resolved once, each of its addresses is judged, and the connection goes to the address
//! that was judged. Whatever fails comes back as [`Evidence`] with its stage and its peer.

use crate::address::AddressPolicy;
use crate::connection::{Connection, FIRST_TIME_LIMIT};
use crate::tls::ClientTls;
use crate::{HostName, NetError, Purpose};
use mail::{Clock, Evidence, Peer, Seen, Stage};
use smtp::transport::Transport as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

pub use crate::resolve::Resolver;

/// The longest wait for one address to answer, when there are others to try.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// At once, before the first byte (port 465; RFC 8314).
    Implicit,
    /// By the dialogue's STARTTLS command, when it asks for it.
    StartTls,
    /// Not at all.
    Never,
}

/// Whom to call, and how. Made only of a host and a port that may be called.
#[derive(Clone)]
pub struct Target {
    pub(crate) host: HostName,
    port: u16,
    tls: TlsMode,
    pub(crate) client_tls: Arc<ClientTls>,
    policy: AddressPolicy,
}

impl Target {
    /// A host, by its name or its address, at a port that suits the purpose. Without more it is called in clear, at any
    /// address.
    pub fn new(
        purpose: Purpose,
        host: &str,
        port: u16,
        client_tls: Arc<ClientTls>,
    ) -> Result<Self, NetError> {
        let host: HostName = host.parse().map_err(|error| NetError::Host { host: host.to_owned(), error })?;
        if !purpose.allows(port) {
            return Err(NetError::PortForbidden { port, purpose });
        }
        Ok(Self { host, port, tls: TlsMode::Never, client_tls, policy: AddressPolicy::Any })
    }

    /// With TLS that begins so. The certificate must be for the host as it was given.
    #[must_use]
    pub fn with_tls(self, tls: TlsMode) -> Self {
        Self { tls, ..self }
    }

    /// At addresses that a policy allows.
    #[must_use]
    pub fn with_policy(self, policy: AddressPolicy) -> Self {
        Self { policy, ..self }
    }

    pub(crate) fn peer(&self, address: Option<IpAddr>) -> Peer {
        Peer { host: self.host.as_written().to_owned(), address, port: self.port }
    }
}

/// The way out. One for the whole process.
#[derive(Debug, Clone, Default)]
pub struct Dialer {
    clock: Clock,
    resolver: Resolver,
}

impl Dialer {
    /// A dialer with its clock, for the evidence, and its source of addresses.
    pub const fn new(clock: Clock, resolver: Resolver) -> Self {
        Self { clock, resolver }
    }

    /// Opens a connection, with TLS when the target says at once, within `limit` in all. The name is resolved once;
    /// its addresses are tried in order until one answers; when none does, the most telling failure is given.
    pub async fn dial(&self, target: &Target, limit: Duration) -> Result<Connection, Evidence> {
        let deadline = Instant::now() + limit;
        let unresolved = |seen| self.evidence(target, None, Stage::Resolve, seen);
        if !target.policy.may_ask_for(&target.host) {
            return Err(unresolved(Seen::NameUnknown));
        }
        let addresses = match timeout_at(deadline, self.resolver.addresses(&target.host)).await {
            Ok(found) => found.map_err(unresolved)?,
            Err(_) => return Err(unresolved(Seen::NameUnanswered)),
        };
        self.open(target, &addresses, deadline).await
    }

    /// Opens a connection to one address of the target, which was looked up elsewhere. It is judged all the same.
    pub async fn dial_at(
        &self,
        target: &Target,
        address: IpAddr,
        limit: Duration,
    ) -> Result<Connection, Evidence> {
        self.open(target, &[address], Instant::now() + limit).await
    }

    async fn open(
        &self,
        target: &Target,
        addresses: &[IpAddr],
        deadline: Instant,
    ) -> Result<Connection, Evidence> {
        let (address, tcp) = self.connect_any(target, addresses, deadline).await?;
        // Replies and commands are short and each waits for the other: Nagle's delay would be
        // paid at every step. Failing to set it costs time and nothing else.
        let _ = tcp.set_nodelay(true);
        let mut connection = Connection::new(tcp, target, address, self.clock.clone());
        if target.tls == TlsMode::Implicit {
            connection.set_time_limit(deadline.saturating_duration_since(Instant::now()));
            connection
                .start_tls()
                .await
                .map_err(|seen| self.evidence(target, Some(address), Stage::Tls, seen))?;
            connection.set_time_limit(FIRST_TIME_LIMIT);
        }
        Ok(connection)
    }

    async fn connect_any(
        &self,
        target: &Target,
        addresses: &[IpAddr],
        deadline: Instant,
    ) -> Result<(IpAddr, TcpStream), Evidence> {
        let mut worst: Option<(IpAddr, Seen)> = None;
        for (index, &address) in addresses.iter().enumerate() {
            let left = addresses.len().saturating_sub(index);
            let seen = match connect_one(target, address, share_of(deadline, left)).await {
                Ok(tcp) => return Ok((address, tcp)),
                Err(seen) => seen,
            };
            if worst.as_ref().is_none_or(|(_, kept)| tells(&seen) >= tells(kept)) {
                worst = Some((address, seen));
            }
        }
        let (address, seen) = worst.map_or((None, Seen::NameUnknown), |(ip, seen)| (Some(ip), seen));
        Err(self.evidence(target, address, Stage::Connect, seen))
    }

    fn evidence(&self, target: &Target, address: Option<IpAddr>, stage: Stage, seen: Seen) -> Evidence {
        Evidence { at: self.clock.now(), stage, peer: Some(target.peer(address)), seen }
    }
}

/// What is left of the time, shared by the addresses that are left to try.
fn share_of(deadline: Instant, left: usize) -> Duration {
    let rest = deadline.saturating_duration_since(Instant::now());
    if left <= 1 { rest } else { (rest / u32::try_from(left).unwrap_or(u32::MAX)).min(CONNECT_LIMIT) }
}

async fn connect_one(target: &Target, address: IpAddr, limit: Duration) -> Result<TcpStream, Seen> {
    if !target.policy.allows(address) {
        return Err(Seen::AddressForbidden { address });
    }
    match timeout(limit, TcpStream::connect(SocketAddr::new(address, target.port))).await {
        Ok(connected) => connected.map_err(|error| crate::connection::seen(error, limit)),
        Err(_) => Err(Seen::Timeout { after_ms: millis(limit) }),
    }
}

/// Which failure says most about the server: a refusal says that it is there, an unreachable
/// network (often IPv6 where there is none) says nothing about it.
const fn tells(seen: &Seen) -> u8 {
    match seen {
        Seen::Refused => 4,
        Seen::Timeout { .. } => 3,
        Seen::AddressForbidden { .. } => 2,
        Seen::Unreachable => 0,
        _ => 1,
    }
}

pub(crate) fn millis(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
}
