//! What the queue asks of those who carry mail.

use crate::Batch;
use mail::{Dialogue, Evidence, Peer, Reply, Timestamp, TlsFacts};
use std::pin::Pin;
use std::sync::Arc;
use store::Relay;

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What came of carrying a batch.
#[derive(Debug, Clone)]
pub struct Carried {
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Which server answered.
    pub peer: Option<Peer>,
    /// The TLS session.
    pub tls: Option<TlsFacts>,
    /// For each recipient of the batch, in its order: the remote's last reply, or what was seen instead.
    pub results: Vec<Result<Reply, Arc<Evidence>>>,
    /// The whole dialogue, when something failed.
    pub dialogue: Option<Dialogue>,
    /// The header lines that sign the message, when it was signed now.
    pub signature: Option<Arc<[u8]>>,
    /// Whether the server that took it tells the sender of its success itself (RFC 3461 §5.2.1).
    pub tells_success: bool,
}

impl Carried {
    /// A carrying that said this for each recipient, and nothing more.
    pub const fn new(
        began_at: Timestamp,
        ended_at: Timestamp,
        results: Vec<Result<Reply, Arc<Evidence>>>,
    ) -> Self {
        let (peer, tls, dialogue, signature) = (None, None, None, None);
        Self { began_at, ended_at, peer, tls, results, dialogue, signature, tells_success: false }
    }
}

/// Carries batches to where they go.
pub trait Courier: Send + Sync {
    /// Carries a batch to its next hop.
    fn carry<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Carried>;

    /// Goes to a relay without mail, as far as being signed in.
    fn probe(&self, relay: Arc<Relay>) -> BoxFuture<'_, Result<(), Box<Evidence>>>;
}
