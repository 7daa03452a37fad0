//! Connections that are kept for the next message.

use crate::courier::Port;
use mail::{RelayId, Timestamp};
use net::Connection;
use smtp::client::Client;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::Relay;

/// A connection to a relay, greeted, with TLS, signed in.
pub(crate) struct Open {
    pub connection: Connection,
    pub client: Client,
    pub revision: u32,
    /// Messages that it carried.
    pub carried: u32,
    /// Whether it was used before: then its failure at the first command may only mean that it was kept too long.
    pub kept: bool,
}

/// How long an idle connection is kept, in milliseconds. Servers hang up after 5 minutes (RFC 5321 §4.5.3.2.7), large
/// providers much sooner; a new connection costs less than a message that fails.
const KEPT_MS: i64 = 20_000;

/// How many messages one connection carries before it is closed. Providers count them: Orange takes 100.
const MESSAGES_A_CONNECTION: u32 = 100;

#[derive(Default)]
struct Idle {
    /// The port that answered last time, when the relay names none.
    port: Option<Port>,
    kept: Vec<(Timestamp, Open)>,
}

/// The idle connections of every relay. No more are kept than were open at once, which the queue limits.
#[derive(Default)]
pub(crate) struct Pool {
    relays: Mutex<HashMap<RelayId, Idle>>,
}

impl Pool {
    /// The connection that was used last, if it can still be used under the relay's present configuration.
    pub(crate) fn take(&self, relay: &Relay, now: Timestamp) -> Option<Open> {
        self.with(relay.id, |idle| {
            while let Some((since, mut open)) = idle.kept.pop() {
                let fresh = now.since_ms(since) < KEPT_MS && open.revision == relay.revision;
                if fresh && open.connection.is_idle_alive() {
                    open.kept = true;
                    return Some(open);
                }
            }
            None
        })
    }

    /// Keeps a connection; gives it back when it has carried enough.
    pub(crate) fn keep(&self, relay: RelayId, open: Open, now: Timestamp) -> Option<Open> {
        if open.carried >= MESSAGES_A_CONNECTION || open.client.is_spent() {
            return Some(open);
        }
        self.with(relay, |idle| idle.kept.push((now, open)));
        None
    }

    /// Takes out what has been idle for too long, to be closed politely.
    pub(crate) fn expired(&self, now: Timestamp) -> Vec<Open> {
        let mut relays = self.relays.lock().unwrap_or_else(PoisonError::into_inner);
        let old = |(since, _): &mut (Timestamp, Open)| now.since_ms(*since) >= KEPT_MS;
        relays.values_mut().flat_map(|idle| idle.kept.extract_if(.., old)).map(|(_, open)| open).collect()
    }

    pub(crate) fn port(&self, relay: RelayId) -> Option<Port> {
        self.with(relay, |idle| idle.port)
    }

    pub(crate) fn remember_port(&self, relay: RelayId, port: Port) {
        self.with(relay, |idle| idle.port = Some(port));
    }

    fn with<T>(&self, relay: RelayId, f: impl FnOnce(&mut Idle) -> T) -> T {
        f(self.relays.lock().unwrap_or_else(PoisonError::into_inner).entry(relay).or_default())
    }
}
