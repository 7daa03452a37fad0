//! Whom a submission server asks before it takes anything: the questions, and the words in them.

use mail::{Address, Envelope, OwnerId, Principal, Reply, ReversePath};
use smtp::server::SignIn;
pub use smtp::transport::BoxFuture;
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
}

/// The connection that somebody came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The client's address. An IPv4 address is never in its IPv6-mapped form.
    pub address: SocketAddr,
    /// Our address that it connected to.
    pub local: SocketAddr,
    /// What it called itself in EHLO or HELO; empty before.
    pub helo: String,
    /// `SMTP`, `ESMTP`, `ESMTPS`, `ESMTPA`, `ESMTPSA` (RFC 3848).
    pub protocol: &'static str,
    /// Whether TLS is on.
    pub tls: bool,
}

/// What decides over a submission. Implemented over the directory and the queue; a refusal is the
/// reply that the client gets, word for word.
///
/// The questions that come with every message are plain functions: they are answered from memory.
/// Those that wait bound their own waits, except for signing in, which
/// [`Limits::sign_in_time_limit`](crate::Limits::sign_in_time_limit) ends.
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
