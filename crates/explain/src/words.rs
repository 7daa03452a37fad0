//! The words for people: the wording of a cause with its gaps filled.

use crate::catalogue::{Pair, Special, cause};
use crate::cause::{CauseId, Place};
use crate::facts::Facts;
use mail::{Language, Timestamp};
use serde::Serialize;

/// What a person reads about a failure, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// What happened, in one sentence.
    pub cause: String,
    /// Who must act: "the administrator of this server".
    pub who: String,
    /// What to do, in one or two sentences.
    pub fix: String,
    /// A page that helps, if there is one.
    pub link: Option<String>,
}

/// The words for a cause: of the provider where it has its own, else of the place, else the general ones.
pub fn words(id: CauseId, provider: Option<&str>, place: Place, language: Language, facts: &Facts) -> Words {
    let entry = cause(id);
    let wording = &entry.wording;
    let by_provider = provider.and_then(|provider| wording.provider.get(provider));
    let by_place = wording.at.get(&place);
    let pick = |field: fn(&Special) -> Option<&Pair>| {
        by_provider.and_then(field).or_else(|| by_place.and_then(field))
    };
    let fill = |pair: &Pair| fill(pair.of(language), facts, language);
    let mut fix = fill(pick(|special| special.fix.as_ref()).unwrap_or(&wording.fix));
    if let Some(then) = by_place.and_then(|special| special.then.as_ref()).map(fill)
        && !then.is_empty()
    {
        fix.push(' ');
        fix.push_str(&then);
    }
    Words {
        cause: fill(pick(|special| special.cause.as_ref()).unwrap_or(&wording.cause)),
        who: entry.who(place).label(place, language).to_owned(),
        fix,
        link: pick(|special| special.link.as_ref()).or(wording.link.as_ref()).map(fill),
    }
}

/// Fills a template: `[ of {host}]` is left out when the fact is absent, `[{host}|the server]` then says
/// the other thing.
pub(crate) fn fill(template: &str, facts: &Facts, language: Language) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        filled.push_str(before);
        let (group, after) = after.split_once(']').unwrap_or((after, ""));
        let (with, without) = group.split_once('|').unwrap_or((group, ""));
        filled.push_str(&substitute(with, facts, language).unwrap_or_else(|| without.to_owned()));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The text with its facts, or nothing when one of them is absent.
fn substitute(text: &str, facts: &Facts, language: Language) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&fact(name, facts, language)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// The facts that a wording may name: the lint of the catalogue holds every gap to this list.
#[cfg(test)]
pub(crate) const FACT_NAMES: &[&str] = &[
    "host", "port", "relay", "sender", "limit", "names", "ended", "wait", "missing", "address", "when",
    "facteur",
];

fn fact(name: &str, facts: &Facts, language: Language) -> Option<String> {
    match name {
        "host" => facts.host.clone(),
        "port" => facts.port.map(|port| port.to_string()),
        "relay" => facts.relay.clone(),
        "sender" => facts.sender.clone(),
        "limit" => facts.limit_bytes.map(|bytes| size(bytes, language)),
        "names" => names(&facts.names, language),
        "ended" => facts.ended.map(|ended| day(ended, language)),
        "wait" => facts.wait_secs.map(|secs| duration(secs, language)),
        "missing" => facts.missing.clone(),
        "address" => facts.address.clone(),
        "when" => facts.when.clone(),
        // The first word of a command: without a prompt the whole command is left out.
        "facteur" => facts.at_prompt.then(|| "facteur".to_owned()),
        _ => None,
    }
}

/// The first names of a certificate; some have hundreds.
fn names(names: &[String], language: Language) -> Option<String> {
    const SHOWN: usize = 3;
    let shown = names.get(..SHOWN.min(names.len()))?.join(", ");
    match (names.len(), language) {
        (0, _) => None,
        (1..=SHOWN, _) => Some(shown),
        (_, Language::En) => Some(format!("{shown} and others")),
        (_, Language::Fr) => Some(format!("{shown} et d'autres")),
    }
}

/// A size as people say it: decimal units, as providers count them.
fn size(bytes: u64, language: Language) -> String {
    let (units, comma) = match language {
        Language::En => (["B", "kB", "MB", "GB"], '.'),
        Language::Fr => (["o", "ko", "Mo", "Go"], ','),
    };
    let (unit, scale) = match bytes {
        0..1_000 => (units[0], 1),
        1_000..1_000_000 => (units[1], 1_000),
        1_000_000..1_000_000_000 => (units[2], 1_000_000),
        _ => (units[3], 1_000_000_000),
    };
    let (whole, tenth) = (bytes / scale, bytes % scale * 10 / scale);
    if tenth == 0 { format!("{whole}\u{a0}{unit}") } else { format!("{whole}{comma}{tenth}\u{a0}{unit}") }
}

/// A duration in its largest whole unit.
fn duration(secs: u32, language: Language) -> String {
    let (number, unit) = match secs {
        0..90 => (secs, 0),
        90..5_400 => (secs.div_ceil(60), 1),
        5_400..129_600 => (secs.div_ceil(3_600), 2),
        _ => (secs.div_ceil(86_400), 3),
    };
    let name = match (language, unit) {
        (_, 0) => "second",
        (_, 1) => "minute",
        (Language::En, 2) => "hour",
        (Language::Fr, 2) => "heure",
        (Language::En, _) => "day",
        (Language::Fr, _) => "jour",
    };
    let name = if unit == 0 && language == Language::Fr { "seconde" } else { name };
    // French counts zero and one in the singular, English only one.
    let plural = if language == Language::Fr { number > 1 } else { number != 1 };
    format!("{number}\u{a0}{name}{}", if plural { "s" } else { "" })
}

/// A day (of UTC) as people write it: "12 March 2026", « 12 mars 2026 ».
pub fn day(at: Timestamp, language: Language) -> String {
    const EN: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const FR: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let (year, month, day) = civil(at.secs().div_euclid(86_400));
    let months = if language == Language::Fr { FR } else { EN };
    let month = usize::try_from(month - 1).ok().and_then(|index| months.get(index)).copied().unwrap_or("?");
    if language == Language::Fr && day == 1 {
        return format!("1er\u{a0}{month} {year}");
    }
    format!("{day}\u{a0}{month} {year}")
}

/// Year, month and day of a number of days since 1970-01-01, in the proleptic Gregorian calendar
/// (Howard Hinnant's `civil_from_days`).
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, facts: &Facts, filled: &str) {
        assert_eq!(fill(template, facts, Language::En), filled);
    }

    #[test]
    fn a_gap_without_its_fact_leaves_the_sentence_whole() {
        let none = Facts::default();
        let some = Facts { host: Some("mx.example".into()), port: Some(25), ..Facts::default() };
        check("The server[ {host}] is down.", &none, "The server is down.");
        check("The server[ {host}] is down.", &some, "The server mx.example is down.");
        check("[{host}|The server] is down[ on port {port}].", &some, "mx.example is down on port 25.");
        check("[{host}|The server] is down[ on port {port}].", &none, "The server is down.");
        check("Down[ ({host}, {wait})].", &some, "Down.");
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let (en, fr) = (Language::En, Language::Fr);
        assert_eq!(size(26_214_400, en), "26.2\u{a0}MB");
        assert_eq!(size(26_214_400, fr), "26,2\u{a0}Mo");
        assert_eq!(size(50_000_000, fr), "50\u{a0}Mo");
        assert_eq!(duration(1, fr), "1\u{a0}seconde");
        assert_eq!(duration(300, en), "5\u{a0}minutes");
        assert_eq!(duration(7_200, fr), "2\u{a0}heures");
        assert_eq!(duration(432_000, fr), "5\u{a0}jours");
        assert_eq!(day(Timestamp(0), en), "1\u{a0}January 1970");
        assert_eq!(day(Timestamp(1_772_323_200_000), fr), "1er\u{a0}mars 2026");
        assert_eq!(day(Timestamp(1_709_164_800_000), fr), "29\u{a0}février 2024");
        assert_eq!(day(Timestamp(-1), en), "31\u{a0}December 1969");
    }

    #[test]
    fn a_certificate_of_many_names_shows_a_few() {
        let many: Vec<String> = (0..9).map(|n| format!("n{n}.example")).collect();
        assert_eq!(names(&many, Language::Fr).unwrap(), "n0.example, n1.example, n2.example et d'autres");
        assert_eq!(names(&[], Language::En), None);
    }
}
