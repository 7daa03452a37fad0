//! The client half of input and output, as the dialogue sees it. No runtime, no socket: `net`
//! implements it over TCP and TLS, tests over a script.

use mail::{Peer, Seen, Timestamp, TlsFacts};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A future on the heap: what a trait that is used as `dyn` can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection to another server. Every error is what was [`Seen`]; the dialogue adds at which
/// step. It is `Sync` because a dialogue lends it, and the content, while it waits.
pub trait Transport: Send + Sync {
    /// Appends what has arrived to `into` and says how many bytes; 0 when the peer closed.
    fn read<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, Seen>>;

    /// Writes all parts in their order, in as few writes as it can, and flushes.
    fn write<'a>(&'a mut self, parts: &'a [&'a [u8]]) -> BoxFuture<'a, Result<(), Seen>>;

    /// Starts TLS and verifies the name that the transport was dialled for.
    fn start_tls(&mut self) -> BoxFuture<'_, Result<TlsFacts, Seen>>;

    /// How long each following read or write may take before it is [`Seen::Timeout`].
    fn set_time_limit(&mut self, limit: Duration);

    /// The time, for the dialogue.
    fn now(&self) -> Timestamp;

    /// The server at the other end.
    fn peer(&self) -> Peer;

    /// What TLS agreed on, when it is on.
    fn tls(&self) -> Option<&TlsFacts>;
}

/// A piece of a message's content: owned, or shared with whoever else holds it. Both are handed
/// over without a copy.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Bytes that came from the store for this one use.
    Owned(Vec<u8>),
    /// Bytes that several deliveries share.
    Shared(Arc<[u8]>),
    /// A whole content in memory, as it was received, that several deliveries share.
    Whole(Arc<Vec<u8>>),
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
            Self::Whole(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Piece {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
}

impl From<Arc<[u8]>> for Piece {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::Shared(bytes)
    }
}

/// A message's bytes, piece after piece: canonical (every line ends with CR LF, no other CR or LF,
/// no NUL) and not dot-stuffed. The pieces may be cut anywhere.
pub trait Content: Send + Sync {
    /// The next piece; `None` after the last. An error is [`Seen::BodyUnreadable`] as a rule, and
    /// ends the connection: a message that was begun cannot be taken back otherwise.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>>;
}
