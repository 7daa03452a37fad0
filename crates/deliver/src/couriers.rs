//! The courier of the queue: signs, then hands on to the courier of the road.

use crate::content;
use crate::direct::{DirectCourier, Parcel};
use crate::{Keyring, LetterSource, RelayCourier, ReturnPaths, Unsigned};
use mail::{Clock, Evidence, Seen, Stage};
use queue::{Batch, BoxFuture, Carried, Courier, Hop};
use std::sync::Arc;
use store::{Relay, Store};

/// All ways out of this server.
pub struct Couriers {
    /// Through relays.
    pub relays: Arc<RelayCourier>,
    /// To the hosts of a domain.
    pub direct: Arc<DirectCourier>,
    /// What signs.
    pub keyring: Arc<Keyring>,
    /// Where bounces of direct mail come back to.
    pub return_paths: Arc<ReturnPaths>,
    /// Where contents are.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Clock,
}

impl Couriers {
    /// Closes connections that have been idle for too long. A worker calls this every few seconds.
    pub async fn sweep(&self) {
        self.relays.sweep().await;
        self.direct.sweep().await;
    }

    async fn carry_batch(&self, batch: &Batch) -> Carried {
        let began_at = self.clock.now();
        let signed = self.keyring.sign(&batch.letter, &*self.store, began_at).await;
        let signature = match signed {
            Ok(signature) => signature,
            Err(Unsigned::Unreadable(seen)) => return self.unreadable(batch, seen),
            Err(Unsigned::Unfit(error)) => {
                tracing::debug!(message = %batch.letter.id, %error, "a message leaves without a signature");
                None
            }
        };
        let carried = match &batch.hop {
            Hop::Relay(_) => self.relays.carry(batch).await,
            Hop::Direct(domain) => {
                let (letter, spool, keyring) = (&*batch.letter, &*self.store, &*self.keyring);
                let source = LetterSource { letter, spool, keyring, login: None, now: began_at };
                let from = self.return_paths.sender(&batch.letter);
                let parcel = Parcel {
                    from: &from,
                    recipients: &content::recipients(batch, &from),
                    envid: batch.letter.extras.envid.as_deref(),
                    ret: batch.letter.extras.ret,
                    source: &source,
                };
                let seed = batch.letter.id.get().cast_unsigned();
                let carried = self.direct.carry(domain, parcel, seed).await.carried;
                // What the host tells, it tells the return path.
                Carried { tells_success: carried.tells_success && from == batch.letter.from, ..carried }
            }
        };
        Carried { signature, ..carried }
    }

    fn unreadable(&self, batch: &Batch, seen: Seen) -> Carried {
        let now = self.clock.now();
        let evidence = Arc::new(Evidence { at: now, stage: Stage::Queue, peer: None, seen });
        Carried::new(now, now, vec![Err(evidence); batch.passengers.len()])
    }
}

impl Courier for Couriers {
    fn carry<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Carried> {
        Box::pin(self.carry_batch(batch))
    }

    fn probe(&self, relay: Arc<Relay>) -> BoxFuture<'_, Result<(), Box<Evidence>>> {
        self.relays.probe(relay)
    }
}
