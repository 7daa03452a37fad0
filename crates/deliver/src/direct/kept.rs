//! Connections to domains that are kept for the next letter.

use crate::direct::session::Open;
use mail::{Domain, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long an idle connection is kept, in milliseconds: long enough for the next letter of a batch, short enough
/// for a stranger's server, which counts its connections.
const KEPT_MS: i64 = 5_000;
/// How many letters one connection carries before it is closed; large domains count them.
const LETTERS_A_CONNECTION: u32 = 50;

/// The idle connections of every domain. No more are kept than were open at once.
#[derive(Default)]
pub(crate) struct Kept {
    domains: Mutex<HashMap<String, Vec<(Timestamp, Open)>>>,
}

impl Kept {
    /// The connection that was used last, if it can still be used.
    pub(crate) fn take(&self, domain: &Domain, now: Timestamp) -> Option<Open> {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = domains.get_mut(domain.as_ascii())?;
        while let Some((since, open)) = kept.pop() {
            if now.since_ms(since) < KEPT_MS && open.connection.is_idle_alive() {
                return Some(open);
            }
        }
        None
    }

    /// Keeps a connection; gives it back when it has carried enough.
    pub(crate) fn keep(&self, domain: &Domain, open: Open, now: Timestamp) -> Option<Open> {
        if open.carried >= LETTERS_A_CONNECTION || open.client.is_spent() {
            return Some(open);
        }
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        domains.entry(domain.as_ascii().to_owned()).or_default().push((now, open));
        None
    }

    /// Takes out what has been idle for too long, to be closed politely.
    pub(crate) fn expired(&self, now: Timestamp) -> Vec<Open> {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        let old = |(since, _): &mut (Timestamp, Open)| now.since_ms(*since) >= KEPT_MS;
        let expired =
            domains.values_mut().flat_map(|kept| kept.extract_if(.., old)).map(|(_, open)| open).collect();
        domains.retain(|_, kept| !kept.is_empty());
        expired
    }
}
