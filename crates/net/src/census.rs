//! How many connections there are, in all and from each address or local user, and who gives way when there is no room.
//!
//! Whoever has not yet proved to be anybody, by signing in, by coming from a site's network or by naming a recipient that
//! is taken, is a stranger. When all places are taken, the stranger who has been there for longest makes room for the next: an
//! attack that only holds connections open holds nobody else out.

use crate::door::Origin;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The count. A connection is counted as long as its [`Seat`] lives, so that no way of ending, a
/// panic included, leaves it counted for ever.
#[derive(Debug, Default)]
pub(crate) struct Census {
    // Changed only under the lock; read without it, at every step of every connection.
    all: AtomicUsize,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    by_guest: HashMap<Guest, usize>,
    /// By their number, which grows: the first has been there for longest.
    strangers: BTreeMap<u64, Stranger>,
    last: u64,
    /// Who signed in lately, and when: they find a way in while a crowd of strangers is at the door.
    lately: HashMap<Guest, Instant>,
}

/// How long somebody who signed in is remembered, and how many are.
const LATELY: Duration = Duration::from_secs(24 * 60 * 60);
const LATELY_MOST: usize = 10_000;

#[derive(Debug)]
struct Stranger {
    since: Instant,
    leave: Arc<Notify>,
}

/// Whose connections are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Guest {
    Address(IpAddr),
    User(u32),
}

/// How many places there are for a newcomer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// In all.
    pub all: usize,
    /// For this address or user.
    pub each: usize,
    /// How long a stranger keeps a place when others want it.
    pub stranger_grace: Duration,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken, by people who are known or have only just come.
    All,
    /// This address or user has its share.
    Each,
}

/// A connection's place in the count.
#[derive(Debug)]
pub(crate) struct Seat {
    census: Arc<Census>,
    guest: Guest,
    number: u64,
    since: Instant,
    leave: Arc<Notify>,
    is_stranger: bool,
}

impl Census {
    /// A place as a stranger, unless one of the limits is reached.
    pub(crate) fn seat(self: &Arc<Self>, origin: &Origin, places: Places) -> Result<Seat, Full> {
        let (guest, since) = (counted(origin), Instant::now());
        let mut book = self.book();
        // A limit of zero would refuse the first and leave an entry of zero behind: it is raised to one.
        if book.by_guest.get(&guest).is_some_and(|each| *each >= places.each.max(1)) {
            return Err(Full::Each);
        }
        if self.all() >= places.all {
            let oldest = book.strangers.first_entry();
            let gives_way = oldest.filter(|of| since.duration_since(of.get().since) >= places.stranger_grace);
            // It is counted no more from here on: it is only still saying so.
            gives_way.ok_or(Full::All)?.remove().leave.notify_one();
            self.all.fetch_sub(1, Ordering::Relaxed);
        }
        *book.by_guest.entry(guest).or_insert(0) += 1;
        book.last += 1;
        let (number, leave) = (book.last, Arc::new(Notify::new()));
        book.strangers.insert(number, Stranger { since, leave: Arc::clone(&leave) });
        self.all.fetch_add(1, Ordering::Relaxed);
        Ok(Seat { census: Arc::clone(self), guest, number, since, leave, is_stranger: true })
    }

    /// Whether somebody signed in from there lately.
    pub(crate) fn knows(&self, origin: &Origin) -> bool {
        let signed_in = self.book().lately.get(&counted(origin)).copied();
        signed_in.is_some_and(|at| at.elapsed() < LATELY)
    }

    pub(crate) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Whoever sits here is not asked to make room any more.
    pub(crate) fn keep(&mut self) {
        if self.is_stranger && self.census.book().strangers.remove(&self.number).is_some() {
            self.is_stranger = false;
        }
    }

    /// Remembers that somebody signed in from there.
    pub(crate) fn remember(&self) {
        let mut book = self.census.book();
        if book.lately.len() >= LATELY_MOST {
            book.lately.retain(|_, at| at.elapsed() < LATELY);
        }
        if book.lately.len() < LATELY_MOST {
            book.lately.insert(self.guest, Instant::now());
        }
    }

    /// What spoke for them does so no more, such as a password that turned out wrong.
    pub(crate) fn doubt(&mut self) {
        if !self.is_stranger {
            let stranger = Stranger { since: self.since, leave: Arc::clone(&self.leave) };
            self.census.book().strangers.insert(self.number, stranger);
            self.is_stranger = true;
        }
    }

    /// Whether they are still strangers, and since when: `None` for whoever is not.
    pub(crate) fn stranger_since(&self) -> Option<Instant> {
        self.is_stranger.then_some(self.since)
    }

    /// What is ready once this place is wanted for somebody else.
    pub(crate) fn wanted(&self) -> Arc<Notify> {
        Arc::clone(&self.leave)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut book = self.census.book();
        // A stranger who is in the book no more was asked to leave, and is not counted since.
        if !self.is_stranger || book.strangers.remove(&self.number).is_some() {
            self.census.all.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(each) = book.by_guest.get_mut(&self.guest) {
            *each = each.saturating_sub(1);
            if *each == 0 {
                book.by_guest.remove(&self.guest);
            }
        }
    }
}

/// Whoever has one IPv6 address has 2^64 of them: its network counts as one.
fn counted(origin: &Origin) -> Guest {
    match origin {
        Origin::Local { uid } => Guest::User(*uid),
        Origin::Tcp { address, .. } => Guest::Address(match address.ip() {
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
            ip @ IpAddr::V4(_) => ip,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn ip(text: &str) -> Origin {
        let address = SocketAddr::new(text.parse().unwrap(), 1);
        Origin::Tcp { address, local: address }
    }

    fn places(all: usize, each: usize) -> Places {
        Places { all, each, stranger_grace: Duration::from_secs(5) }
    }

    #[tokio::test(start_paused = true)]
    async fn both_limits_hold_and_seats_come_back() {
        let census = Arc::new(Census::default());
        let first = census.seat(&ip("2001:db8::1"), places(4, 2)).unwrap();
        let second = census.seat(&ip("2001:db8::ffff:1"), places(4, 2)).unwrap();
        assert_eq!(census.seat(&ip("2001:db8::2"), places(4, 2)).err(), Some(Full::Each), "one network");
        let user = census.seat(&Origin::Local { uid: 7 }, places(4, 1)).unwrap();
        assert_eq!(census.seat(&Origin::Local { uid: 7 }, places(4, 1)).err(), Some(Full::Each), "one user");
        let other = census.seat(&ip("192.0.2.1"), places(4, 2)).unwrap();
        assert_eq!(census.seat(&ip("192.0.2.2"), places(4, 2)).err(), Some(Full::All), "the fifth of all");
        drop((first, second, user, other));
        assert_eq!(census.all(), 0);
        let book = census.book();
        assert!(book.by_guest.is_empty() && book.strangers.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_stranger_makes_room() {
        let census = Arc::new(Census::default());
        let mut known = census.seat(&ip("192.0.2.1"), places(3, 9)).unwrap();
        known.keep();
        let oldest = census.seat(&ip("192.0.2.2"), places(3, 9)).unwrap();
        let mut younger = census.seat(&ip("192.0.2.3"), places(3, 9)).unwrap();
        assert_eq!(census.seat(&ip("192.0.2.4"), places(3, 9)).err(), Some(Full::All), "all have just come");
        tokio::time::advance(Duration::from_secs(5)).await;
        let newcomer = census.seat(&ip("192.0.2.4"), places(3, 9)).unwrap();
        oldest.wanted().notified().await;
        assert_eq!(census.all(), 3);
        younger.keep();
        assert_eq!(census.seat(&ip("192.0.2.5"), places(3, 9)).err(), Some(Full::All), "no stranger is left");
        younger.doubt();
        let last = census.seat(&ip("192.0.2.5"), places(3, 9)).unwrap();
        younger.wanted().notified().await;
        drop((oldest, younger));
        assert_eq!(census.all(), 3, "who was asked to leave is not counted twice");
        drop((known, newcomer, last));
        assert_eq!(census.all(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_signed_in_is_remembered_for_a_day() {
        let census = Arc::new(Census::default());
        assert!(!census.knows(&ip("192.0.2.1")));
        census.seat(&ip("192.0.2.1"), places(4, 2)).unwrap().remember();
        census.seat(&ip("2001:db8::1"), places(4, 2)).unwrap().remember();
        assert!(census.knows(&ip("192.0.2.1")) && !census.knows(&ip("192.0.2.2")));
        assert!(census.knows(&ip("2001:db8::2")), "its network");
        tokio::time::advance(LATELY).await;
        assert!(!census.knows(&ip("192.0.2.1")));
    }
}
