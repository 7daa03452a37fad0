//! Who reads, told by the arguments and the environment before anything else is looked at.

use crate::show::Reader;
use crate::words::phrases;
use jiff::tz::TimeZone;
use mail::{Clock, Language};
use std::ffi::OsString;
use std::sync::Arc;

/// The variables that name a locale, the strongest first (POSIX.1-2024 §8.2).
const LOCALES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The reader: `--lang`, else the locale.
pub fn of(arguments: &[OsString], variable: impl Fn(&str) -> Option<String>) -> Reader {
    let locale = LOCALES.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty());
    let (language, raw) = match (asked(arguments), locale) {
        (Some(language), _) => (language, false),
        (None, None) => (Language::En, false),
        (None, Some(locale)) => (Language::of_locale(&locale), is_posix(&locale)),
    };
    Reader { phrases: Arc::new(phrases(language)), raw, zone: TimeZone::system(), now: Clock::System.now() }
}

/// The locale in which programs read what programs write.
fn is_posix(locale: &str) -> bool {
    matches!(locale, "C" | "POSIX")
}

/// The language of `--lang`, looked for by hand: the words of a complaint about the arguments depend on it.
fn asked(arguments: &[OsString]) -> Option<Language> {
    let texts = arguments.iter().map(|argument| argument.to_str().unwrap_or_default());
    let mut texts = texts.take_while(|text| *text != "--");
    while let Some(text) = texts.next() {
        let value = match text.strip_prefix("--lang") {
            Some("") => texts.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(language) = value.and_then(|value| value.parse().ok()) {
            return Some(language);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &str, environment: &[(&str, &str)], language: Language, raw: bool) {
        let arguments: Vec<OsString> = arguments.split_whitespace().map(OsString::from).collect();
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let reader = of(&arguments, variable);
        assert_eq!((reader.language(), reader.raw), (language, raw));
    }

    #[test]
    fn the_language_is_asked_for_or_that_of_the_locale() {
        let (en, fr) = (Language::En, Language::Fr);
        check("facteur status", &[], en, false);
        check("facteur status", &[("LANG", "fr_FR.UTF-8")], fr, false);
        check("facteur status", &[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")], en, true);
        check("facteur status", &[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "")], fr, false);
        check("facteur status", &[("LANG", "C.UTF-8")], en, false);
        check("facteur --lang fr status", &[("LC_ALL", "C")], fr, false);
        check("facteur status --lang=en", &[("LANG", "fr")], en, false);
        check("facteur explain -- --lang fr", &[], en, false);
        check("facteur status --lang de", &[("LANG", "fr")], fr, false);
    }
}
