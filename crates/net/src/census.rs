//! How many connections there are, in all and from each address.

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
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place in the count.
#[derive(Debug)]
pub(crate) struct Seat {
    census: Arc<Census>,
    address: IpAddr,
}

impl Census {
    /// A place, unless one of the limits is reached.
    pub(crate) fn seat(self: &Arc<Self>, client: IpAddr, max_all: usize, max_each: usize) -> Option<Seat> {
        let address = counted(client);
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if self.all() >= max_all {
            return None;
        }
        let each = by_address.entry(address).or_insert(0);
        // An address that is refused is already there: no entry of zero is left behind, since a
        // limit of zero would refuse the first and is raised to one here.
        if *each >= max_each.max(1) {
            return None;
        }
        *each += 1;
        self.all.fetch_add(1, Ordering::Relaxed);
        Some(Seat { census: Arc::clone(self), address })
    }

    pub(crate) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_address = self.census.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        self.census.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(each) = by_address.get_mut(&self.address) {
            *each = each.saturating_sub(1);
            if *each == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

/// Whoever has one IPv6 address has 2^64 of them: its network counts as one.
fn counted(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold_and_seats_come_back() {
        let census = Arc::new(Census::default());
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = census.seat(ip("2001:db8::1"), 3, 2);
        let second = census.seat(ip("2001:db8::ffff:1"), 3, 2);
        assert!(first.is_some() && second.is_some());
        assert!(census.seat(ip("2001:db8::2"), 3, 2).is_none(), "the third of one network");
        let other = census.seat(ip("192.0.2.1"), 3, 2);
        assert!(other.is_some() && census.seat(ip("192.0.2.2"), 3, 2).is_none(), "the fourth of all");
        drop((first, second, other));
        assert_eq!(census.all(), 0);
        assert!(census.by_address.lock().unwrap().is_empty());
    }
}
