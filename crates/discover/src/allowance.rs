//! How often discovery may be asked for: a server asks strangers on behalf of whoever signs in, and must not become a
//! tool to knock at other doors, or to try passwords.

use mail::{Address, Timestamp};
use std::collections::HashMap;

/// The time over which searches are counted.
pub const WINDOW_MS: i64 = 60 * 60 * 1_000;
/// The most searches that one caller begins within [`WINDOW_MS`].
pub const PER_CALLER: usize = 30;
/// The most searches about one domain within [`WINDOW_MS`], whoever asks.
pub const PER_DOMAIN: usize = 20;
/// The most passwords that are tried for one address within [`WINDOW_MS`], whoever asks: each is tried with several forms of
/// the user name, and many providers lock an account after ten wrong ones.
pub const PASSWORDS_PER_ADDRESS: usize = 3;
/// The most searches at once: each may hold some dozens of connections.
pub const AT_ONCE: usize = 8;
/// The most names that are counted. When there are more, the half that was counted longest ago is forgotten.
const MAX_NAMES: usize = 10_000;

/// Why a search is not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// The caller asked for too many.
    /// Usual cause: a program that goes through a list.
    #[error("the caller asked for {PER_CALLER} within an hour")]
    OfCaller {
        /// When the next one may begin.
        again_at: Timestamp,
    },
    /// The domain was asked about too often.
    /// Usual cause: several people who look for the same fault.
    #[error("the domain was asked about {PER_DOMAIN} times within an hour")]
    OfDomain {
        /// When the next one may begin.
        again_at: Timestamp,
    },
    /// Too many passwords were tried for the address.
    /// Usual cause: somebody does not know theirs, or wants to find out another's.
    #[error("{PASSWORDS_PER_ADDRESS} passwords were tried for the address within an hour")]
    OfPasswords {
        /// When the next one may be tried.
        again_at: Timestamp,
    },
    /// Too many are under way.
    #[error("{AT_ONCE} are under way")]
    AtOnce,
}

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    Caller(String),
    Domain(String),
    Password(String),
}

/// The searches of the last hour. Whoever holds it says when one ended.
#[derive(Debug, Default)]
pub struct Allowance {
    begun: HashMap<Counted, Vec<Timestamp>>,
    under_way: usize,
}

impl Allowance {
    /// Counts a search that is about to begin, or says why it must not.
    pub fn begin(
        &mut self,
        caller: &str,
        address: &Address,
        with_password: bool,
        now: Timestamp,
    ) -> Result<(), TooMany> {
        if self.under_way >= AT_ONCE {
            return Err(TooMany::AtOnce);
        }
        let domain = address.domain().as_ascii().to_ascii_lowercase();
        let caller = Counted::Caller(caller.to_lowercase());
        let mailbox = format!("{}@{domain}", address.local().to_lowercase());
        let (domain, password) = (Counted::Domain(domain), Counted::Password(mailbox));
        if let Some(again_at) = self.full(&caller, PER_CALLER, now) {
            return Err(TooMany::OfCaller { again_at });
        }
        if let Some(again_at) = self.full(&domain, PER_DOMAIN, now) {
            return Err(TooMany::OfDomain { again_at });
        }
        if let Some(again_at) =
            with_password.then(|| self.full(&password, PASSWORDS_PER_ADDRESS, now)).flatten()
        {
            return Err(TooMany::OfPasswords { again_at });
        }
        for name in [Some(caller), Some(domain), with_password.then_some(password)].into_iter().flatten() {
            self.count(name, now);
        }
        self.under_way += 1;
        Ok(())
    }

    /// A search that was begun has ended.
    pub const fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// When the next one may begin, if there were too many.
    fn full(&mut self, name: &Counted, limit: usize, now: Timestamp) -> Option<Timestamp> {
        let begun = self.begun.get_mut(name)?;
        // A clock that was set back counts nothing for longer than the window.
        begun.retain(|at| at.0 <= now.0 && now.0 - at.0 < WINDOW_MS);
        let first = *begun.first()?;
        (begun.len() >= limit).then_some(Timestamp(first.0.saturating_add(WINDOW_MS)))
    }

    fn count(&mut self, name: Counted, now: Timestamp) {
        if self.begun.len() >= MAX_NAMES && !self.begun.contains_key(&name) {
            self.forget(now);
        }
        self.begun.entry(name).or_default().push(now);
    }

    /// Makes room: what is older than the window goes, and if that is nothing, the older half of all.
    fn forget(&mut self, now: Timestamp) {
        self.begun.retain(|_, begun| begun.last().is_some_and(|at| now.0 - at.0 < WINDOW_MS));
        if self.begun.len() < MAX_NAMES {
            return;
        }
        let mut all: Vec<_> = self.begun.drain().collect();
        all.sort_by_key(|(_, begun)| std::cmp::Reverse(begun.last().copied()));
        all.truncate(MAX_NAMES / 2);
        self.begun.extend(all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[track_caller]
    fn begin(
        allowance: &mut Allowance,
        caller: &str,
        to: &str,
        password: bool,
        after_ms: i64,
    ) -> Result<(), TooMany> {
        let begun = allowance.begin(caller, &address(to), password, Timestamp(NOW.0 + after_ms));
        if begun.is_ok() {
            allowance.end();
        }
        begun
    }

    #[test]
    fn each_caller_has_an_allowance_that_comes_back() {
        let mut allowance = Allowance::default();
        for index in 0..PER_CALLER {
            let to = format!("a@d{index}.example");
            begin(&mut allowance, "Anne", &to, false, index as i64).unwrap();
        }
        let again_at = Timestamp(NOW.0 + WINDOW_MS);
        let refused = begin(&mut allowance, "anne", "a@other.example", false, 1_000);
        assert_eq!(refused, Err(TooMany::OfCaller { again_at }));
        begin(&mut allowance, "bob", "a@other.example", false, 1_000).unwrap();
        begin(&mut allowance, "anne", "a@other.example", false, WINDOW_MS).unwrap();
        assert!(begin(&mut allowance, "anne", "a@other.example", false, WINDOW_MS).is_err());
    }

    #[test]
    fn a_domain_is_not_asked_about_by_everybody_at_once() {
        let mut allowance = Allowance::default();
        for index in 0..PER_DOMAIN {
            begin(&mut allowance, &format!("p{index}"), &format!("a{index}@D.example"), false, 0).unwrap();
        }
        let refused = begin(&mut allowance, "new", "x@d.example", false, 0);
        assert!(matches!(refused, Err(TooMany::OfDomain { .. })), "{refused:?}");
        begin(&mut allowance, "new", "x@e.example", false, 0).unwrap();
    }

    #[test]
    fn passwords_of_an_address_are_not_guessed_here() {
        let mut allowance = Allowance::default();
        for index in 0..PASSWORDS_PER_ADDRESS {
            begin(&mut allowance, &format!("p{index}"), "Anne@d.example", true, 0).unwrap();
        }
        let refused = begin(&mut allowance, "new", "anne@D.example", true, 0);
        assert!(matches!(refused, Err(TooMany::OfPasswords { .. })), "{refused:?}");
        begin(&mut allowance, "new", "anne@d.example", false, 0).unwrap();
        begin(&mut allowance, "new", "bob@d.example", true, 0).unwrap();
    }

    #[test]
    fn what_is_under_way_is_bounded_and_ends() {
        let mut allowance = Allowance::default();
        let to = |index: usize| address(&format!("a@d{index}.example"));
        for index in 0..AT_ONCE {
            allowance.begin("anne", &to(index), false, NOW).unwrap();
        }
        assert_eq!(allowance.begin("bob", &to(99), false, NOW), Err(TooMany::AtOnce));
        allowance.end();
        allowance.begin("bob", &to(99), false, NOW).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_a_clock_that_jumps_locks_nobody_out() {
        let mut allowance = Allowance::default();
        for index in 0..MAX_NAMES {
            begin(&mut allowance, &format!("p{index}"), &format!("a@d{index}.example"), true, 0).unwrap();
        }
        assert!(allowance.begun.len() <= MAX_NAMES);
        for _ in 0..PER_CALLER {
            let _ = begin(&mut allowance, "anne", "a@z.example", false, WINDOW_MS * 50);
        }
        begin(&mut allowance, "anne", "a@y.example", false, 0).unwrap();
    }
}
