//! Time: milliseconds UTC that can be stored, and the one place that reads the system's clock.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment: milliseconds since 1970-01-01 UTC. The form in which every time is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Later than every moment that can happen.
    pub const NEVER: Self = Self(i64::MAX);

    /// This moment moved by a number of milliseconds, without overflow.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This moment moved by a number of seconds, without overflow.
    pub const fn plus_secs(self, secs: i64) -> Self {
        self.plus_ms(secs.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to this moment; zero when `earlier` is later, as after a clock jump.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// The moment in the words of RFC 3339 §5.6, in UTC and whole seconds: `2026-11-22T10:00:00Z`. What lies beyond the
    /// year 9999 is shown as its end.
    pub fn rfc3339(self) -> String {
        let at = jiff::Timestamp::from_second(self.secs()).unwrap_or(jiff::Timestamp::MAX);
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Reads a moment in the words of RFC 3339 §5.6 (`date-time`), with any offset.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok().filter(|_| is_rfc3339(text))?;
        Some(Self(at.as_millisecond()))
    }

    /// Whole seconds since 1970.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// Whether a text has the shape of a `date-time`. What the numbers mean is judged elsewhere, more kindly: without
/// seconds, with a named zone, with a space in the middle.
fn is_rfc3339(text: &str) -> bool {
    let fits = |part: &str, shape: &str| {
        let same = |(b, s): (u8, u8)| if s == b'0' { b.is_ascii_digit() } else { b.eq_ignore_ascii_case(&s) };
        part.len() == shape.len() && part.bytes().zip(shape.bytes()).all(same)
    };
    let Some((moment, rest)) = text.split_at_checked(19) else { return false };
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let zone = if rest.starts_with('.') { fraction.get(digits..) } else { Some(rest) };
    fits(moment, "0000-00-00T00:00:00")
        && rest.starts_with('.') == (digits > 0)
        && zone.is_some_and(|zone| ["Z", "+00:00", "-00:00"].iter().any(|shape| fits(zone, shape)))
}

/// The clock that a program is given: the system's, or one that a test moves by hand.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that only moves when it is told to; shared by all its clones.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A manual clock that shows `start`.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.0)))
    }

    /// What the clock shows now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Manual(ms) => Timestamp(ms.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock; the system's clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(ms) = self {
            ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(Timestamp(1_000));
        let twin = clock.clone();
        clock.advance(Duration::from_secs(2));
        assert_eq!(twin.now(), Timestamp(3_000));
        assert_eq!(Timestamp(5).since_ms(Timestamp(9)), 0);
        assert_eq!(Timestamp::NEVER.plus_secs(1), Timestamp::NEVER);
    }

    #[test]
    fn moments_in_the_words_of_rfc_3339() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-22T10:00:00Z", Some(1_795_341_600_000)),
            ("2026-11-22t10:00:00z", Some(1_795_341_600_000)),
            ("2026-11-22T11:30:00+01:30", Some(1_795_341_600_000)),
            ("2026-11-22T10:00:00.25-00:00", Some(1_795_341_600_250)),
            ("2026-02-30T10:00:00Z", None),
            ("2026-11-22T25:00:00Z", None),
            ("2026-11-22T10:00:00", None),
            ("2026-11-22T10:00Z", None),
            ("2026-11-22 10:00:00Z", None),
            ("2026-11-22T10:00:00.Z", None),
            ("2026-11-22T10:00:00+0100", None),
            ("2026-11-22T10:00:00+01:00[Europe/Paris]", None),
            ("20261122T100000Z", None),
            ("+002026-11-22T10:00:00Z", None),
            ("é026-11-22T10:00:00Z", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::from_rfc3339(text), ms.map(Timestamp), "{text}");
        }
        assert_eq!(Timestamp(1_795_341_600_999).rfc3339(), "2026-11-22T10:00:00Z");
        assert_eq!(Timestamp::NEVER.rfc3339(), "9999-12-30T22:00:00Z");
    }
}
