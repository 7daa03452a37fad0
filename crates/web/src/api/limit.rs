//! How many requests one key may make: so many at once, and then so many a minute.

use mail::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The most requests of one key within a minute, and at once: a page that asks for everything at once is fine, a loop
/// without a pause is not.
pub(crate) const PER_MINUTE: i64 = 600;
const COST_MS: i64 = 60_000 / PER_MINUTE;
/// How many keys are counted; when there are more, those that have all their requests again are forgotten.
const COUNTED_MOST: usize = 10_000;

/// Up to when the time of each key is spent.
#[derive(Default)]
pub(crate) struct Limits(Mutex<HashMap<String, Timestamp>>);

impl Limits {
    /// Counts a request; how long to wait first, when there were too many.
    pub(crate) fn wait_ms(&self, key: &str, now: Timestamp) -> Option<i64> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= COUNTED_MOST {
            spent.retain(|_, until| *until > now);
        }
        // A clock that was set back must not make anybody wait longer than a whole minute.
        let until = spent.get(key).copied().unwrap_or(now).max(now).min(now.plus_ms(60_000));
        let next = until.plus_ms(COST_MS);
        let over = next.since_ms(now.plus_ms(60_000));
        if over > 0 {
            return Some(over);
        }
        spent.insert(key.to_owned(), next);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_so_many_at_once_and_then_one_after_the_other() {
        let (limits, now) = (Limits::default(), Timestamp(1_000_000));
        for _ in 0..PER_MINUTE {
            assert_eq!(limits.wait_ms("a", now), None);
        }
        assert_eq!(limits.wait_ms("a", now), Some(COST_MS));
        assert_eq!(limits.wait_ms("b", now), None, "each key for itself");
        assert_eq!(limits.wait_ms("a", now.plus_ms(COST_MS)), None);
        assert_eq!(limits.wait_ms("a", now.plus_ms(COST_MS)), Some(COST_MS));
        assert!(limits.wait_ms("a", now.plus_ms(-3_600_000)).is_some_and(|wait| wait <= 60_000), "set back");
    }
}
