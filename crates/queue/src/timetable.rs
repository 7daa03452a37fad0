//! When a recipient is tried again, and when it is given up. Pure: facts and `now` in, a decision out.

use mail::{RecipientId, Timestamp};

/// The timetable of attempts. One for the whole server.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// Seconds before the second, third, … attempt; the last one repeats.
    pub intervals_secs: Vec<i64>,
    /// Seconds after which a message that was never delivered is given up.
    pub lifetime_secs: i64,
    /// The most seconds by which closures may lengthen that life.
    pub max_pause_secs: i64,
    /// The least real attempts (a closed relay's probes count) before a message is given up: a clock that jumps forward
    /// makes every message old at once, and must not expire the queue.
    pub min_attempts: u32,
    /// The least and the most seconds of a wait asked for by a remote that are obeyed.
    pub asked_wait_secs: (i64, i64),
    /// Seconds before a relay closed with an alarm is probed; the last one repeats.
    pub reopen_secs: Vec<i64>,
    /// Seconds before a relay out of reach is probed; the last one repeats.
    pub back_off_secs: Vec<i64>,
}

impl Default for Timetable {
    fn default() -> Self {
        Self {
            // First attempts close together, because greylists are of 3 to 15 minutes.
            intervals_secs: vec![120, 300, 600, 1_200, 2_400, 3_600, 7_200, 14_400],
            lifetime_secs: 5 * 86_400,
            max_pause_secs: 14 * 86_400,
            min_attempts: 12,
            asked_wait_secs: (10, 14_400),
            reopen_secs: vec![900, 3_600, 21_600, 86_400],
            back_off_secs: vec![30, 60, 120, 300, 600],
        }
    }
}

/// What the timetable says after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again at that time.
    Again {
        /// When.
        at: Timestamp,
        /// Whether that is a wait that the remote asked for, which is obeyed once.
        asked: bool,
    },
    /// Give up.
    Expired,
}

/// What is known of a recipient when an attempt has failed.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Which.
    pub id: RecipientId,
    /// The attempts, this one included.
    pub attempts: u32,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The wait in seconds that the remote asked for.
    pub asked_secs: Option<u32>,
    /// Whether such a wait was obeyed before.
    pub asked_wait_used: bool,
}

impl Timetable {
    /// When a message accepted at `now` expires.
    pub const fn expiry(&self, now: Timestamp) -> Timestamp {
        now.plus_secs(self.lifetime_secs)
    }

    /// The most milliseconds by which closures may lengthen a life.
    pub const fn max_pause_ms(&self) -> i64 {
        self.max_pause_secs.saturating_mul(1_000)
    }

    /// What follows a failed attempt that may be repeated.
    pub fn after_failure(&self, now: Timestamp, facts: &Facts) -> Verdict {
        if now >= facts.expires_at && facts.attempts >= self.min_attempts {
            return Verdict::Expired;
        }
        if let Some(asked) = facts.asked_secs.filter(|_| !facts.asked_wait_used) {
            return Verdict::Again { at: now.plus_secs(self.obeyed_secs(asked)), asked: true };
        }
        let at = now.plus_ms(jittered_ms(self.interval_secs(facts.attempts), facts));
        // The last try is at the end of the life, not up to four hours before it.
        let at = if at > facts.expires_at && now < facts.expires_at { facts.expires_at } else { at };
        Verdict::Again { at, asked: false }
    }

    /// The seconds of a wait asked for, within the bounds. One more than asked: the remote's clock and ours tick apart,
    /// and early is refused again.
    pub(crate) fn obeyed_secs(&self, asked: u32) -> i64 {
        let (least, most) = self.asked_wait_secs;
        i64::from(asked).clamp(least, most.max(least)) + 1
    }

    fn interval_secs(&self, attempts: u32) -> i64 {
        step(&self.intervals_secs, attempts.saturating_sub(1))
    }

    /// When a closed relay is probed next, after `tries` vain probes.
    pub fn reopen_at(&self, now: Timestamp, tries: u32, alarm: bool) -> Timestamp {
        now.plus_secs(step(if alarm { &self.reopen_secs } else { &self.back_off_secs }, tries))
    }
}

fn step(steps: &[i64], index: u32) -> i64 {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    steps.get(index).or_else(|| steps.last()).copied().unwrap_or(600)
}

/// The interval ±10 %, so that a thousand messages deferred together do not come back together. The
/// deviation is drawn from the recipient's id and attempt: no source of randomness, the same in every test.
fn jittered_ms(secs: i64, facts: &Facts) -> i64 {
    let seed = facts.id.message.get() ^ (i64::from(facts.id.index) << 20) ^ i64::from(facts.attempts);
    // SplitMix64's finaliser (Steele, Lea, Flood 2014): spreads neighbouring seeds.
    let mut x = seed.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let per_mille = i64::try_from((x ^ (x >> 31)) % 201).unwrap_or(100) - 100;
    secs.saturating_mul(1_000 + per_mille)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::QueueId;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn facts(attempts: u32) -> Facts {
        Facts {
            id: RecipientId { message: QueueId::from_stored(77), index: 0 },
            attempts,
            expires_at: NOW.plus_secs(5 * 86_400),
            asked_secs: None,
            asked_wait_used: false,
        }
    }

    #[test]
    fn intervals_are_the_promised_ones_within_a_tenth() {
        let table = Timetable::default();
        let minutes = [2, 5, 10, 20, 40, 60, 120, 240, 240, 240];
        for (attempts, minutes) in (1..).zip(minutes) {
            for id in 0..200 {
                let id = RecipientId { message: QueueId::from_stored(id), index: 1 };
                let Verdict::Again { at, asked: false } =
                    table.after_failure(NOW, &Facts { id, ..facts(attempts) })
                else {
                    panic!("attempt {attempts} must be followed by another");
                };
                let ms = at.since_ms(NOW);
                assert!((minutes * 54_000..=minutes * 66_000).contains(&ms), "attempt {attempts}: {ms} ms");
            }
        }
    }

    #[test]
    fn a_wait_asked_for_is_obeyed_once_and_within_bounds() {
        let table = Timetable::default();
        for (asked, secs) in [(300, 301), (1, 11), (1_000_000, 14_401)] {
            let facts = Facts { asked_secs: Some(asked), ..facts(1) };
            let expected = Verdict::Again { at: NOW.plus_secs(secs), asked: true };
            assert_eq!(table.after_failure(NOW, &facts), expected);
            let again = Facts { asked_wait_used: true, ..facts };
            assert!(matches!(table.after_failure(NOW, &again), Verdict::Again { asked: false, .. }));
        }
    }

    #[test]
    fn expiry_needs_age_and_attempts() {
        let table = Timetable::default();
        let old = NOW.plus_secs(6 * 86_400);
        assert!(matches!(table.after_failure(old, &facts(3)), Verdict::Again { .. }), "a clock that jumped");
        assert_eq!(table.after_failure(old, &facts(12)), Verdict::Expired);
        let nearly = NOW.plus_secs(5 * 86_400 - 60);
        assert_eq!(
            table.after_failure(nearly, &facts(30)),
            Verdict::Again { at: facts(0).expires_at, asked: false },
            "the last try is at the end"
        );
    }
}
