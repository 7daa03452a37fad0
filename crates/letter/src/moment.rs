//! Moments as programs write them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use mail::Timestamp;

/// Reads a moment: RFC 3339, without a zone UTC, or from now on as `in 2 hours`.
pub(crate) fn read(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    let ms = |at: jiff::Timestamp| Timestamp(at.as_millisecond());
    let absolute = text.parse::<jiff::Timestamp>().ok().map(ms);
    let in_utc = || {
        // A date alone is no moment: whoever means midnight writes it.
        let is_moment = text.contains(':');
        let civil = is_moment.then(|| text.parse::<DateTime>().ok()).flatten()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| ms(zoned.timestamp()))
    };
    absolute.or_else(in_utc).or_else(|| relative(text, now))
}

/// `in 1 min`, `in 2 hours`: the forms that Resend's documentation shows.
fn relative(text: &str, now: Timestamp) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace();
    if !words.next()?.eq_ignore_ascii_case("in") {
        return None;
    }
    let count: u32 = words.next()?.parse().ok()?;
    let unit = words.next()?.to_ascii_lowercase();
    let secs = match unit.strip_suffix('s').unwrap_or(&unit) {
        "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hr" | "hour" => 3_600,
        "d" | "day" => 86_400,
        "w" | "week" => 604_800,
        _ => return None,
    };
    words.next().is_none().then(|| now.plus_secs(i64::from(count) * secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_programs_write_them() {
        let now = Timestamp(1_000_000);
        for (text, ms) in [
            ("1970-01-01T01:00:00Z", Some(3_600_000)),
            ("1970-01-01T01:00:00.250+01:00", Some(250)),
            ("1970-01-01 01:00:00+00", Some(3_600_000)),
            ("1970-01-01T01:00:00", Some(3_600_000)),
            ("in 1 min", Some(1_060_000)),
            ("In 2 hours", Some(8_200_000)),
            ("in 3 fortnights", None),
            ("in -1 min", None),
            ("tomorrow", None),
            ("1970-01-01", None),
            ("", None),
        ] {
            assert_eq!(read(text, now).map(|at| at.0), ms, "{text}");
        }
    }
}
