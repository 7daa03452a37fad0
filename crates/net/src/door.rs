//! Whom a server asks before it takes anything: the questions, and the words in them.

use mail::{Address, EnhancedCode, Envelope, LineEndings, OwnerId, Principal, Reply, ReversePath};
use smtp::server::SignIn;
pub use smtp::transport::BoxFuture;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Who is on the other side, once known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The account or site that sends.
    pub principal: Principal,
    /// The tenant that it belongs to.
    pub owner: OwnerId,
    /// The name to show: a login, or a site's name.
    pub name: String,
    /// What is done with its line ends that are none.
    pub line_endings: LineEndings,
}

/// Where a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// On the network.
    Tcp {
        /// The client's address. An IPv4 address is never in its IPv6-mapped form.
        address: SocketAddr,
        /// Our address that it connected to.
        local: SocketAddr,
    },
    /// On this machine, behind the local socket.
    Local {
        /// The user that its process belongs to; the system says it, so that no proof is asked for.
        uid: u32,
    },
}

impl Origin {
    /// The client's address, when it came over a network.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp { address, .. } => Some(address.ip()),
            Self::Local { .. } => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { address, .. } => write!(f, "{address}"),
            Self::Local { uid } => write!(f, "local uid {uid}"),
        }
    }
}

/// The connection that somebody came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Where from.
    pub origin: Origin,
    /// What it called itself in EHLO or HELO; empty before.
    pub helo: String,
    /// `SMTP`, `ESMTP`, `ESMTPS`, `ESMTPA`, `ESMTPSA` (RFC 3848); `local` behind the local socket.
    pub protocol: &'static str,
    /// Whether TLS is on.
    pub tls: bool,
}

/// What decides over a submission. Implemented over the directory and the queue; a refusal is the
/// reply that the client gets, word for word.
///
/// The questions that come with every message are plain functions: they are answered from memory.
/// Those that wait bound their own waits, except for signing in and for naming a local user, which
/// [`Limits::sign_in_time_limit`](crate::Limits::sign_in_time_limit) ends.
///
/// Other servers, which come by a port of the kind [`Mx`](crate::ListenerKind::Mx), have questions of their own: no
/// visitor stands for them, so that nothing they send can be taken for a submission. A door that does
/// not answer these takes nothing from them.
pub trait Door: Send + Sync + 'static {
    /// The site whose network this address belongs to: it may send without signing in.
    fn network_site(&self, client: IpAddr) -> Option<Visitor>;

    /// Whether login and password are right. May take as long as a password hash does.
    fn sign_in<'a>(&'a self, client: &'a Client, attempt: SignIn) -> BoxFuture<'a, Result<Visitor, Reply>>;

    /// Whether the visitor may send with that sender, and a message of that declared size.
    fn sender(&self, visitor: &Visitor, path: &ReversePath, size: Option<u64>) -> Result<(), Reply>;

    /// Whether the visitor may send to that recipient.
    fn recipient(&self, visitor: &Visitor, address: &Address) -> Result<(), Reply>;

    /// Asked at DATA: a place for the content, or why there is none now (disk full).
    fn intake(&self, visitor: &Visitor, client: &Client) -> Result<Box<dyn Intake>, Reply>;

    /// Asked at the first MAIL on the local socket: whom the mail of that user of this machine is from. May write
    /// to the store: a user who sends for the first time becomes known here.
    fn local(&self, _uid: u32) -> BoxFuture<'_, Result<Visitor, Reply>> {
        Box::pin(async {
            Err(refusal(550, (5, 7, 1), "This server takes no mail from users of this machine"))
        })
    }

    /// Whether another server may begin a message with that sender, of that declared size.
    fn peer_sender(&self, _client: &Client, _path: &ReversePath, _size: Option<u64>) -> Result<(), Reply> {
        Ok(())
    }

    /// Whether mail to that address is taken from other servers.
    fn peer_recipient(&self, _client: &Client, address: &Address) -> Result<(), Reply> {
        Err(no_mail_for(address))
    }

    /// Asked at DATA: a place for the content that another server sends.
    fn peer_intake(&self, _client: &Client) -> Result<Box<dyn Intake>, Reply> {
        Err(refusal(550, (5, 7, 1), "This server takes no mail from other servers"))
    }
}

/// What another server is told about an address that no mail is taken for.
pub fn no_mail_for(address: &Address) -> Reply {
    refusal(550, (5, 7, 1), &format!("This server takes no mail for <{address}>: check the address"))
}

pub(crate) fn refusal(code: u16, (class, subject, detail): (u8, u16, u16), text: &str) -> Reply {
    Reply::new(code, Some(EnhancedCode::new(class, subject, detail)), text)
}

/// A message on its way in. Dropped before [`Intake::finish`], it leaves nothing behind.
pub trait Intake: Send {
    /// Takes a chunk of the content: canonical bytes, dots removed. After a refusal nothing more is
    /// given, the rest of the content is read and thrown away, and the client gets the refusal.
    fn append<'a>(&'a mut self, chunk: Vec<u8>) -> BoxFuture<'a, Result<(), Reply>>;

    /// Takes the last chunk and answers for the message: a positive reply means that it is stored.
    fn finish(self: Box<Self>, envelope: Envelope, last: Vec<u8>)
    -> BoxFuture<'static, Result<Reply, Reply>>;
}
