//! How fast each destination is sent to: connections at once, and pauses while it is out of reach or asks for patience.
//!
//! In memory only: after a start every destination is tried anew, carefully.

use crate::Timetable;
use mail::{Domain, Timestamp};
use std::collections::HashMap;

/// The connections to a destination about which nothing is known, and the most that it grows to with successes. It begins
/// low: a hundred hosts that say nothing must not take every place there is.
const CONNECTIONS: (u16, u16) = (2, 20);

/// Destinations that refuse more connections than these at once (read in the providers' postmaster pages and refusals:
/// Orange answers "too many connections" from the third on).
const KNOWN: &[(&str, u16)] = &[("orange.fr", 2), ("wanadoo.fr", 2)];

/// For how long a success proves that a destination takes mail, in seconds: as long as a server may be silent before it
/// is given up (RFC 5321 §4.5.3.2).
const PROVEN_SECS: i64 = 600;

/// The most destinations that are remembered; past it the ones that nothing is held against are forgotten.
const REMEMBERED: usize = 10_000;

/// A destination that is left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub until: Timestamp,
    /// How often it was tried in vain, one after the other.
    pub tries: u32,
}

#[derive(Debug, Clone, Copy)]
struct Destination {
    connections: u16,
    pause: Option<Pause>,
    took_at: Option<Timestamp>,
}

impl Destination {
    fn new(domain: &Domain) -> Self {
        Self { connections: first_connections(domain), pause: None, took_at: None }
    }
}

/// What is known of destinations.
#[derive(Debug, Default)]
pub(crate) struct Destinations {
    by_domain: HashMap<Domain, Destination>,
}

impl Destinations {
    /// The connections that a destination may have now: one while it is tried anew after a pause.
    pub(crate) fn connections(&self, domain: &Domain) -> usize {
        let known = self.by_domain.get(domain);
        usize::from(match known {
            Some(destination) if destination.pause.is_some() => 1,
            Some(destination) => destination.connections,
            None => first_connections(domain),
        })
    }

    /// The pause of a destination, when it has not ended yet.
    pub(crate) fn pause(&self, domain: &Domain, now: Timestamp) -> Option<Pause> {
        self.by_domain.get(domain)?.pause.filter(|pause| pause.until > now)
    }

    /// The pause of a destination that has ended, and after which nothing has succeeded yet: it is being tried anew.
    pub(crate) fn trial(&self, domain: &Domain, now: Timestamp) -> Option<Pause> {
        self.by_domain.get(domain)?.pause.filter(|pause| pause.until <= now)
    }

    /// Whether a destination took mail not long ago: what it is given is soon done with.
    pub(crate) fn is_proven(&self, domain: &Domain, now: Timestamp) -> bool {
        let took_at = self.by_domain.get(domain).and_then(|destination| destination.took_at);
        took_at.is_some_and(|at| now.since_ms(at) < PROVEN_SECS * 1_000)
    }

    /// A destination took mail.
    pub(crate) fn succeeded(&mut self, domain: &Domain, now: Timestamp) {
        self.make_room();
        let most = known(domain).unwrap_or(CONNECTIONS.1);
        let destination = self.by_domain.entry(domain.clone());
        let destination = destination.or_insert_with(|| Destination::new(domain));
        destination.connections = destination.connections.saturating_add(1).min(most);
        destination.pause = None;
        destination.took_at = Some(now);
    }

    /// A destination could not be spoken to, or asked for patience: it is left alone for a while, longer each time.
    pub(crate) fn failed(
        &mut self,
        domain: &Domain,
        asked_secs: Option<u32>,
        timetable: &Timetable,
        now: Timestamp,
    ) -> Pause {
        self.make_room();
        let destination = self.by_domain.entry(domain.clone());
        let destination = destination.or_insert_with(|| Destination::new(domain));
        destination.took_at = None;
        destination.connections = (destination.connections / 2).max(1);
        // Connections that were under way when the first one failed tell nothing new.
        if let Some(pause) = destination.pause.filter(|pause| pause.until > now) {
            return pause;
        }
        let tries = destination.pause.map_or(0, |pause| pause.tries);
        let until = match asked_secs {
            Some(asked) => now.plus_secs(timetable.obeyed_secs(asked)),
            None => timetable.reopen_at(now, tries, false),
        };
        let pause = Pause { until, tries: tries.saturating_add(1) };
        destination.pause = Some(pause);
        pause
    }

    /// Ends every pause: a person asked for an attempt at once.
    pub(crate) fn hasten(&mut self, domain: &Domain, now: Timestamp) {
        if let Some(pause) = self.by_domain.get_mut(domain).and_then(|d| d.pause.as_mut()) {
            pause.until = pause.until.min(now);
        }
    }

    fn make_room(&mut self) {
        if self.by_domain.len() >= REMEMBERED {
            self.by_domain.retain(|_, destination| destination.pause.is_some());
        }
        if self.by_domain.len() >= REMEMBERED {
            self.by_domain.clear();
        }
    }
}

fn known(domain: &Domain) -> Option<u16> {
    KNOWN.iter().find(|(name, _)| *name == domain.as_ascii()).map(|(_, connections)| *connections)
}

fn first_connections(domain: &Domain) -> u16 {
    known(domain).unwrap_or(CONNECTIONS.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    #[test]
    fn a_destination_grows_with_success_and_shrinks_with_failure() {
        let (mut all, table) = (Destinations::default(), Timetable::default());
        let [unknown, orange]: [Domain; 2] = ["x.test", "orange.fr"].map(|name| name.parse().unwrap());
        assert_eq!((all.connections(&unknown), all.connections(&orange)), (2, 2));
        for _ in 0..30 {
            all.succeeded(&unknown, NOW);
            all.succeeded(&orange, NOW);
        }
        assert_eq!((all.connections(&unknown), all.connections(&orange)), (20, 2));
        let pause = all.failed(&unknown, None, &table, NOW);
        assert_eq!((pause.until, all.connections(&unknown)), (NOW.plus_secs(30), 1));
        let same = all.failed(&unknown, None, &table, NOW.plus_secs(1));
        assert_eq!(same, pause, "what was under way says nothing new");
        let longer = all.failed(&unknown, None, &table, pause.until);
        assert_eq!(longer.until, pause.until.plus_secs(60));
        assert_eq!(all.pause(&unknown, longer.until), None, "over");
        all.succeeded(&unknown, NOW);
        assert_eq!(all.connections(&unknown), 3, "half of the half of the half of twenty, and one more");
        let asked = all.failed(&unknown, Some(300), &table, longer.until);
        assert_eq!(asked.until, longer.until.plus_secs(301));
        all.hasten(&unknown, longer.until);
        assert_eq!(all.pause(&unknown, longer.until), None);
    }

    #[test]
    fn a_success_proves_for_a_while() {
        let (mut all, table) = (Destinations::default(), Timetable::default());
        let domain: Domain = "x.test".parse().unwrap();
        assert!(!all.is_proven(&domain, NOW));
        all.succeeded(&domain, NOW);
        assert!(all.is_proven(&domain, NOW.plus_secs(599)) && !all.is_proven(&domain, NOW.plus_secs(600)));
        all.succeeded(&domain, NOW.plus_secs(700));
        all.failed(&domain, None, &table, NOW.plus_secs(701));
        assert!(!all.is_proven(&domain, NOW.plus_secs(702)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut all, table) = (Destinations::default(), Timetable::default());
        let domain = |number: usize| format!("d{number}.test").parse::<Domain>().unwrap();
        for number in 0..3 * REMEMBERED {
            match number % 3 {
                0 => all.succeeded(&domain(number), NOW),
                _ => drop(all.failed(&domain(number), None, &table, NOW)),
            }
        }
        assert!(all.by_domain.len() <= REMEMBERED);
    }
}
