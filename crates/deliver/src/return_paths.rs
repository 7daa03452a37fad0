//! The envelope senders of direct mail: where a domain has a return path, bounces come back to this server.

use mail::{Domain, QueueId, ReversePath, Timestamp};
use queue::{Letter, NotReturned, ReturnPathKey};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

#[derive(Debug, Default)]
struct Snapshot {
    key: Option<ReturnPathKey>,
    by_sender: HashMap<Domain, Domain>,
}

/// Which domains have a return path, and the key that signs them.
#[derive(Debug, Default)]
pub struct ReturnPaths {
    snapshot: RwLock<Arc<Snapshot>>,
}

impl ReturnPaths {
    /// Puts this key and these domains (of a sender, of its return path) in the place of all others.
    pub fn replace(&self, key: ReturnPathKey, domains: impl IntoIterator<Item = (Domain, Domain)>) {
        let fresh = Snapshot { key: Some(key), by_sender: domains.into_iter().collect() };
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The envelope sender that a letter leaves with.
    pub fn sender(&self, letter: &Letter) -> ReversePath {
        let snapshot = self.snapshot();
        let signed = || {
            let domain = snapshot.by_sender.get(letter.from.address()?.domain())?;
            snapshot.key.as_ref()?.address(letter.id, letter.received_at, domain)
        };
        signed().map_or_else(|| letter.from.clone(), ReversePath::Address)
    }

    /// The message that an address brings back.
    pub fn message(&self, address: &mail::Address, now: Timestamp) -> Result<QueueId, NotReturned> {
        self.snapshot().key.as_ref().ok_or(NotReturned::Form)?.message(address, now)
    }
}
