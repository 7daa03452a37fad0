//! The wait that a server asks for: "come back in 300 seconds".

/// The longest wait that is believed: a week.
const MAX_SECS: u32 = 7 * 24 * 3_600;

/// How far before the number the request may stand, in bytes.
const REACH: usize = 60;

/// Words that make a duration a request, in English and French, in normalised form.
const REQUESTS: &[&str] = &[
    "try again",
    "retry",
    "come back",
    "back in",
    "wait",
    "return in",
    "greylist",
    "greylisted",
    "graylist",
    "postponed",
    "deferred",
    "resend",
    "reconnect",
    "backoff",
    "try in",
    "try after",
    "later in",
    "reessay",
    "revenez",
    "revenir",
    "patient",
    "attend",
    "dans",
    "reprenez",
];

/// Units, in English and French, and what a unit is in milliseconds.
const UNITS: &[(&[&str], u64)] = &[
    (&["ms", "millisecond", "milliseconds", "millisecondes", "milliseconde"], 1),
    (&["s", "sec", "secs", "second", "seconds", "seconde", "secondes"], 1_000),
    (&["m", "mn", "min", "mins", "minute", "minutes"], 60_000),
    (&["h", "hr", "hrs", "hour", "hours", "heure", "heures"], 3_600_000),
    (&["d", "day", "days", "jour", "jours"], 86_400_000),
];

/// The wait in seconds that a normalised text asks for.
pub(crate) fn asked_for(text: &str) -> Option<u32> {
    let mut from = 0;
    while let Some(start) = text.get(from..)?.find(|c: char| c.is_ascii_digit()).map(|at| from + at) {
        let (before, number) = text.split_at(start);
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let stands_free = !before.ends_with(|c: char| c.is_alphanumeric() || ".-_/=?".contains(c));
        if stands_free
            && is_request(before)
            && let Some(secs) = duration(number)
        {
            return Some(secs);
        }
        from = start + digits;
    }
    None
}

fn is_request(before: &str) -> bool {
    let near =
        before.get(before.ceil_char_boundary(before.len().saturating_sub(REACH))..).unwrap_or_default();
    REQUESTS.iter().any(|word| near.contains(word))
}

/// `300 seconds`, `5min`, `1 h`, `00:05:00` at the start of a text.
fn duration(text: &str) -> Option<u32> {
    clock(text).or_else(|| {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = text.split_at(digits);
        let unit: String = rest.trim_start().chars().take_while(|c| c.is_alphabetic()).collect();
        let (_, ms) = UNITS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
        let ms = number.parse::<u64>().ok()?.checked_mul(*ms)?;
        believed(ms.div_ceil(1_000))
    })
}

/// `00:05:00` or `05:00`, as some greylists count down.
fn clock(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(text.len());
    let parts: Vec<u64> = text.get(..end)?.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match *parts.as_slice() {
        [minutes, seconds] if seconds < 60 => believed(minutes.checked_mul(60)?.checked_add(seconds)?),
        [hours, minutes, seconds] if minutes < 60 && seconds < 60 => {
            believed(hours.checked_mul(3_600)?.checked_add(minutes * 60 + seconds)?)
        }
        _ => None,
    }
}

fn believed(secs: u64) -> Option<u32> {
    u32::try_from(secs).ok().filter(|secs| (1..=MAX_SECS).contains(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_both_languages_and_nothing_else_is_a_wait() {
        for (text, secs) in [
            ("please come back in 300 seconds", Some(300)),
            ("try again in 5 minutes.", Some(300)),
            ("greylisted, retry after 00:05:00", Some(300)),
            ("greylisting in action, please come back in 04:59", Some(299)),
            ("liste grise, merci de reessayer dans 10 min", Some(600)),
            ("veuillez patienter 2 heures", Some(7_200)),
            ("revenez dans 1 h", Some(3_600)),
            ("request is throttled. suggested backoff time: 178755 milliseconds", Some(179)),
            ("retry in 90s", Some(90)),
            ("unable to deliver in 840 minutes", None),
            ("try again later", None),
            ("try again later, see https://example.org/answer/22839", None),
            ("retry in 9999999999999999999999 hours", None),
            ("wait 30 days", None),
            ("max emails per hour (200) allowed", None),
            ("try again: 192.0.2.1 is busy", None),
        ] {
            assert_eq!(asked_for(text), secs, "{text}");
        }
    }
}
