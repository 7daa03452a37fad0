//! The two languages that every word for people exists in.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A language that facteur speaks. Every text for people exists in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Language {
    /// All languages, for tests and for answers that carry every wording.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// The two-letter tag (ISO 639-1).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// The language of a POSIX locale name (`fr_FR.UTF-8`, `fr`, `C`). Anything that is not French
    /// is English, because the program has nothing better to offer.
    pub fn of_locale(locale: &str) -> Self {
        let name = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("fr") || name.eq_ignore_ascii_case("french") {
            Self::Fr
        } else {
            Self::En
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::En),
            "fr" => Ok(Self::Fr),
            other => Err(format!("'{other}' is not a language of facteur: use fr or en")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_are_read_by_their_language_part() {
        for (locale, language) in [
            ("fr_FR.UTF-8", Language::Fr),
            ("fr-CH", Language::Fr),
            ("fr", Language::Fr),
            ("en_GB.UTF-8", Language::En),
            ("C", Language::En),
            ("", Language::En),
            ("frr_DE", Language::En),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }

    #[test]
    fn a_tag_is_written_as_it_is_read() {
        for language in Language::ALL {
            assert_eq!(language.to_string().parse(), Ok(language));
        }
        for wrong in ["", "FR", "de", "fr_FR"] {
            let error = wrong.parse::<Language>().unwrap_err();
            assert!(error.contains(&format!("'{wrong}'")) && error.contains("use fr or en"), "{error}");
        }
    }
}
