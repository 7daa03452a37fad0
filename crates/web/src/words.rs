//! The words of the pages, beside those that every face shares.

use control::phrases::Phrases;
use mail::Language;

/// Each language under its own name.
pub(crate) const LANGUAGES: [(Language, &str); 2] = [(Language::En, "English"), (Language::Fr, "Français")];

/// The files of a language; the same ones for each.
const EN: &[&str] = &[
    include_str!("../locales/en/portal.ftl"),
    include_str!("../locales/en/protection.ftl"),
    include_str!("../locales/en/passkeys.ftl"),
    include_str!("../locales/en/setup.ftl"),
    include_str!("../locales/en/settings.ftl"),
    include_str!("../locales/en/keys.ftl"),
    include_str!("../locales/en/api.ftl"),
    include_str!("../locales/en/webhooks.ftl"),
    include_str!("../locales/en/doors.ftl"),
    include_str!("../locales/en/statistics.ftl"),
    include_str!("../locales/en/own-relays.ftl"),
    include_str!("../locales/en/record.ftl"),
];
const FR: &[&str] = &[
    include_str!("../locales/fr/portal.ftl"),
    include_str!("../locales/fr/protection.ftl"),
    include_str!("../locales/fr/passkeys.ftl"),
    include_str!("../locales/fr/setup.ftl"),
    include_str!("../locales/fr/settings.ftl"),
    include_str!("../locales/fr/keys.ftl"),
    include_str!("../locales/fr/api.ftl"),
    include_str!("../locales/fr/webhooks.ftl"),
    include_str!("../locales/fr/doors.ftl"),
    include_str!("../locales/fr/statistics.ftl"),
    include_str!("../locales/fr/own-relays.ftl"),
    include_str!("../locales/fr/record.ftl"),
];

/// All sentences of one language.
pub(crate) fn phrases(language: Language) -> Phrases {
    let own = match language {
        Language::En => EN,
        Language::Fr => FR,
    };
    Phrases::of(language, own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::phrases::{same, used};

    #[test]
    fn both_languages_have_the_same_keys_and_gaps() {
        same(EN, FR);
    }

    #[test]
    fn every_key_is_used_and_every_used_key_exists() {
        used(EN, &["web"], &["web-problem-", "web-api-", "web-do-", "web-op-"]);
    }
}
