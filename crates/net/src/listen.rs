//! Ports: which are taken, and what is done when they cannot be.

use crate::NetError;
use std::io;
use std::net::{SocketAddr, TcpListener};
use tokio::net::TcpSocket;

/// How many connections the system holds for us before we accept them: a crowd of a few thousand that comes at one moment.
/// Where there is no room the system is silent, and a client hears for seconds nothing at all instead of "later".
const BACKLOG: u32 = 4096;

/// How a port treats TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// STARTTLS, and nothing is taken without it (587). Network sites too must start TLS.
    StartTls,
    /// TLS from the first byte (465).
    ImplicitTls,
    /// STARTTLS is offered; network sites may also send in clear (2525, printers).
    Plain,
    /// For mail from other servers (25): STARTTLS is offered, signing in is not, and the door's answers for
    /// peers decide.
    Mx,
    /// HTTP in clear (80): served by [`serve_secure`](crate::serve_secure) too, whose host sends everybody to TLS.
    Http,
    /// HTTP over TLS from the first byte, for the portal: served by [`serve_secure`](crate::serve_secure).
    Https,
}

/// A port to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerSpec {
    /// The address and port. Port 0 lets the system choose.
    pub address: SocketAddr,
    /// How it treats TLS.
    pub kind: ListenerKind,
    /// The port to take when the process may not have that one, or another program has it: 2587 for
    /// 587, so that a first start without root works and says so.
    pub fallback_port: Option<u16>,
}

/// A port that was taken.
#[derive(Debug)]
pub struct Bound {
    /// The address as it is: with the port that the system chose, or the fallback.
    pub address: SocketAddr,
    /// What was asked for.
    pub spec: ListenerSpec,
    /// Of no runtime yet: ports are taken before the one that serves them starts.
    pub(crate) listener: TcpListener,
}

impl Bound {
    /// A port that was taken by somebody else for us.
    pub(crate) fn of_socket(
        address: SocketAddr,
        spec: ListenerSpec,
        socket: std::net::TcpListener,
    ) -> Result<Self, NetError> {
        socket.set_nonblocking(true).map_err(|source| NetError::Listen { address, source })?;
        Ok(Self { address, spec, listener: socket })
    }

    /// Whether the port asked for could not be had and the fallback was taken.
    pub const fn fell_back(&self) -> bool {
        self.spec.address.port() != 0 && self.spec.address.port() != self.address.port()
    }
}

impl ListenerSpec {
    /// Takes the port, or the fallback. Must be called within the runtime.
    pub fn bind(&self) -> Result<Bound, NetError> {
        let failed = |source| NetError::Listen { address: self.address, source };
        let listener = match (listen(self.address), self.fallback_port) {
            (Ok(listener), _) => listener,
            (Err(error), Some(port)) if is_not_ours(&error) => {
                listen(SocketAddr::new(self.address.ip(), port)).map_err(failed)?
            }
            (Err(error), _) => return Err(failed(error)),
        };
        let address = listener.local_addr().map_err(failed)?;
        Ok(Bound { address, spec: *self, listener })
    }
}

fn is_not_ours(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::AddrInUse)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Without it a restart would have to wait for the last connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
