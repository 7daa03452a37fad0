//! How long is waited between tries.

use mail::Timestamp;

/// The seconds before each next try; the last repeats.
const WAITS_SECS: [i64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600];

/// For how long an event is tried before its webhook pauses: three days.
pub(crate) const TRIED_FOR_SECS: i64 = 3 * 86_400;

/// When the next try is, after so many in vain.
pub(crate) fn next_try(now: Timestamp, tries: u32) -> Timestamp {
    let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let secs = WAITS_SECS.get(place).or(WAITS_SECS.last()).copied().unwrap_or_default();
    now.plus_secs(secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_and_an_event_is_tried_at_least_fifteen_times() {
        let mut at = Timestamp(0);
        let mut tries = 0;
        while at.secs() < TRIED_FOR_SECS {
            tries += 1;
            let next = next_try(at, tries);
            assert!(next > at);
            at = next;
        }
        assert!((15..30).contains(&tries), "{tries}");
        assert_eq!(next_try(Timestamp(0), u32::MAX), Timestamp(21_600_000));
    }
}
