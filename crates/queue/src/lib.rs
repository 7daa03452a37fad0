//! The queue: the one door for a message, its timetable, and what becomes of it.
//!
//! Owns [`Queue::accept`] (the only way in), the choice of the relay, the order in which mail leaves, the
//! decisions after an attempt, closures of relays, and what a person may do with waiting mail. It never opens
//! a socket, reads no clock but the one it is given, and knows no database: it speaks to a [`store::Store`] and to
//! a [`Courier`].
//!
//! The road: [`Queue::accept`] → [`Queue::next`] → [`Courier::carry`] → [`Queue::decide`] → [`Queue::record`].
//!
//! # What a crash can leave
//!
//! Each row names the test that holds it; all of them are also drawn, in any order, by `simulation` and `replay`.
//!
//! | the server stopped | what is on disk | who sees it first | what is done | held by |
//! |---|---|---|---|---|
//! | before the commit of `accept` | nothing | the client, which has no `250` | it sends again | `killed_at_any_call_it_loses_nothing` |
//! | between the commit and the `250` | the message, leased | [`Queue::start`] | it is sent; the client may send again | `killed_at_any_call_it_loses_nothing` |
//! | while the message waits in memory | the message, leased | [`Queue::start`] | marked "perhaps sent", sent on the same relay while that is open | `what_was_acknowledged_is_there_after_a_kill` |
//! | after the remote's `250`, before `record` | the message, leased | [`Queue::start`] | the same: this is the one way to a duplicate | `what_was_acknowledged_is_there_after_a_kill` |
//! | between a closure's commit and the parking | the closure; the message leased | [`Queue::start`] | parked by the first claim | `no_life_of_the_queue_breaks_its_promises` |
//! | while a lifted closure empties | some of its mail parked, the closure's row | [`Queue::start`] | the closure stands again, and is probed | `no_life_of_the_queue_breaks_its_promises` |
//! | after the closure's row went, mail still parked | mail parked on nothing | [`Queue::start`] | due at once | `no_life_of_the_queue_breaks_its_promises` |
//! | while a body file was written | a file that no message names | the store, when it opens | removed | `a_power_cut_at_any_moment_loses_nothing_that_was_confirmed` |
//! | while a claim was stored, its answer lost by a failed sync | the message, leased | [`Queue::start`]: the store only reads until then | as what waits in memory | `nothing_is_acknowledged_after_a_failed_sync` |
//! | while a sync failed | what was confirmed before, perhaps what was refused after | [`Queue::start`] | sent; the client may send again | `nothing_is_acknowledged_after_a_failed_sync` |

mod accept;
mod act;
mod blocks;
mod budget;
mod came_back;
mod closure;
mod courier;
mod destination;
mod feed;
mod lift;
pub mod notice;
mod places;
mod probe;
mod return_path;
mod road;
mod routes;
mod schedule;
mod settle;
mod tell;
mod timetable;
mod witness;

pub use accept::{Accepted, Bond, Draft, Particulars, Policy, Refusal, Submission, Trace};
pub use act::Acted;
pub use budget::{Budget, Reserved};
pub use came_back::Joined;
pub use courier::{BoxFuture, Carried, Courier};
pub use probe::{Probe, ProbeDue};
pub use return_path::{NotReturned, ReturnPathKey};
pub use road::Hop;
pub use routes::Routes;
pub use schedule::{Batch, Letter, Passenger};
pub use settle::Decided;
pub use tell::{Languages, Round};
pub use timetable::Timetable;
pub use witness::Witness;

use mail::{Clock, IdMint, RecipientId, RelayId};
use schedule::State;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use store::{Relay, Store, StoreError};

/// The limits of the queue, each with its default.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Recipients in memory, about to be sent; all others wait in the store. Default 10,000.
    pub active: usize,
    /// Of these, recipients of one owner while others wait too. Default 5,000.
    pub active_per_owner: usize,
    /// Recipients of one message. Default 1,000.
    pub recipients: usize,
    /// Bytes of one message. Default 50 MB.
    pub message_bytes: u64,
    /// Bytes of content in memory, all messages together: past it content goes to disk and is read back. Default 16 MiB.
    pub body_bytes: usize,
    /// A content larger than this goes to a file of its own as it arrives. Default 128 KiB.
    pub spill_bytes: usize,
    /// Batches in flight that go straight to the hosts of a domain, all domains together; domains that took no mail
    /// lately may have half of them. Default 500.
    pub direct: usize,
    /// Recipients of one such batch. Default 100 (RFC 5321 §4.5.3.1.8).
    pub direct_recipients: usize,
    /// The longest time in seconds for which a message is kept before its first attempt. Default 30 days.
    pub hold_secs: u32,
    /// Hops of a message before it counts as a loop (RFC 5321 §6.3). Default 50.
    pub hops: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            active: 10_000,
            active_per_owner: 5_000,
            recipients: 1_000,
            message_bytes: 50_000_000,
            body_bytes: 16 << 20,
            spill_bytes: 128 << 10,
            direct: 500,
            direct_recipients: 100,
            hold_secs: 30 * 86_400,
            hops: 50,
        }
    }
}

/// What a queue is made of.
pub struct Parts {
    /// Where messages are kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Clock,
    /// This server's name, for the lines that it adds.
    pub host_name: mail::Domain,
    /// What a submission must pass.
    pub policy: Arc<dyn Policy>,
    /// The limits.
    pub limits: Limits,
    /// When to try again.
    pub timetable: Timetable,
    /// This node's number, 0 when it is alone.
    pub node: u8,
}

/// The queue of one node. Shared by all that give messages and by the workers that carry them.
pub struct Queue {
    store: Arc<dyn Store>,
    clock: Clock,
    host_name: mail::Domain,
    policy: Arc<dyn Policy>,
    limits: Limits,
    timetable: Arc<Timetable>,
    mint: IdMint,
    budget: Budget,
    state: Arc<Mutex<State>>,
    claiming: feed::Claiming,
    witness: OnceLock<Arc<dyn Witness>>,
}

impl Queue {
    /// Opens the queue over a store: reads relays, routes and closures, and takes up what a crash left.
    /// Gives the queue and the recipients that were perhaps in flight at a crash, to be logged.
    pub async fn start(parts: Parts) -> Result<(Arc<Self>, Vec<RecipientId>), StoreError> {
        let Parts { store, clock, host_name, policy, limits, timetable, node } = parts;
        let mint = IdMint::new(node, store.last_id().await?);
        let state = Arc::new(Mutex::new(State::new(&limits)));
        let budget = Budget::new(limits.body_bytes);
        let (claiming, timetable) = (feed::Claiming::default(), Arc::new(timetable));
        let witness = OnceLock::new();
        let parts = Self {
            store,
            clock,
            host_name,
            policy,
            limits,
            timetable,
            mint,
            budget,
            state,
            claiming,
            witness,
        };
        let queue = Arc::new(parts);
        let perhaps = queue.recover().await?;
        Ok((queue, perhaps))
    }

    /// Names who is told what the queue does from now on. There is one at most: a second is not heard.
    pub fn tell(&self, witness: Arc<dyn Witness>) {
        let _ = self.witness.set(witness);
    }

    /// The store, for those who read.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The clock.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// This server's name.
    pub const fn host_name(&self) -> &mail::Domain {
        &self.host_name
    }

    /// The limits.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The relay of that id as the queue knows it now.
    pub fn relay(&self, id: RelayId) -> Option<Arc<Relay>> {
        self.lock().routes.relay(id)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in one worker must not stop the queue: the state is consistent between statements that can panic,
        // and there are none (no indexing, no unwrap) under the lock.
        schedule::lock(&self.state)
    }
}
