//! How many connections there are, in all and from each address or local user.

use crate::door::Origin;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The count. A connection is counted as long as its [`Seat`] lives, so that no way of ending, a
/// panic included, leaves it counted for ever.
#[derive(Debug, Default)]
pub(crate) struct Census {
    // Changed only under the lock; read without it, at every step of every connection.
    all: AtomicUsize,
    by_guest: Mutex<HashMap<Guest, usize>>,
}

/// Whose connections are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Guest {
    Address(IpAddr),
    User(u32),
}

/// A connection's place in the count.
#[derive(Debug)]
pub(crate) struct Seat {
    census: Arc<Census>,
    guest: Guest,
}

impl Census {
    /// A place, unless one of the limits is reached.
    pub(crate) fn seat(self: &Arc<Self>, origin: &Origin, max_all: usize, max_each: usize) -> Option<Seat> {
        let guest = counted(origin);
        let mut by_guest = self.by_guest.lock().unwrap_or_else(PoisonError::into_inner);
        if self.all() >= max_all {
            return None;
        }
        let each = by_guest.entry(guest).or_insert(0);
        // A guest who is refused is already there: no entry of zero is left behind, since a
        // limit of zero would refuse the first and is raised to one here.
        if *each >= max_each.max(1) {
            return None;
        }
        *each += 1;
        self.all.fetch_add(1, Ordering::Relaxed);
        Some(Seat { census: Arc::clone(self), guest })
    }

    pub(crate) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_guest = self.census.by_guest.lock().unwrap_or_else(PoisonError::into_inner);
        self.census.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(each) = by_guest.get_mut(&self.guest) {
            *each = each.saturating_sub(1);
            if *each == 0 {
                by_guest.remove(&self.guest);
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

    #[test]
    fn both_limits_hold_and_seats_come_back() {
        let census = Arc::new(Census::default());
        let ip = |text: &str| {
            let address = SocketAddr::new(text.parse().unwrap(), 1);
            Origin::Tcp { address, local: address }
        };
        let first = census.seat(&ip("2001:db8::1"), 4, 2);
        let second = census.seat(&ip("2001:db8::ffff:1"), 4, 2);
        assert!(first.is_some() && second.is_some());
        assert!(census.seat(&ip("2001:db8::2"), 4, 2).is_none(), "the third of one network");
        let user = census.seat(&Origin::Local { uid: 7 }, 4, 1);
        assert!(
            user.is_some() && census.seat(&Origin::Local { uid: 7 }, 4, 1).is_none(),
            "the second of one user"
        );
        let other = census.seat(&ip("192.0.2.1"), 4, 2);
        assert!(other.is_some() && census.seat(&ip("192.0.2.2"), 4, 2).is_none(), "the fifth of all");
        drop((first, second, user, other));
        assert_eq!(census.all(), 0);
        assert!(census.by_guest.lock().unwrap().is_empty());
    }
}
