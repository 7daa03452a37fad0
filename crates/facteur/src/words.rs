//! The words of the command line, beside those that every face shares.

pub use control::phrases::{Gap, Phrases};
use mail::Language;

/// The files of a language; the same ones for each.
const EN: &[&str] = &[
    include_str!("../locales/en/help.ftl"),
    include_str!("../locales/en/show.ftl"),
    include_str!("../locales/en/trouble.ftl"),
    include_str!("../locales/en/server.ftl"),
    include_str!("../locales/en/sendmail.ftl"),
    include_str!("../locales/en/demo.ftl"),
    include_str!("../locales/en/setup.ftl"),
    include_str!("../locales/en/upkeep.ftl"),
    include_str!("../locales/en/sign-in.ftl"),
    include_str!("../locales/en/discover.ftl"),
    include_str!("../locales/en/portal.ftl"),
    include_str!("../locales/en/keys.ftl"),
    include_str!("../locales/en/guard.ftl"),
    include_str!("../locales/en/webhook.ftl"),
    include_str!("../locales/en/stats.ftl"),
];
const FR: &[&str] = &[
    include_str!("../locales/fr/help.ftl"),
    include_str!("../locales/fr/show.ftl"),
    include_str!("../locales/fr/trouble.ftl"),
    include_str!("../locales/fr/server.ftl"),
    include_str!("../locales/fr/sendmail.ftl"),
    include_str!("../locales/fr/demo.ftl"),
    include_str!("../locales/fr/setup.ftl"),
    include_str!("../locales/fr/upkeep.ftl"),
    include_str!("../locales/fr/sign-in.ftl"),
    include_str!("../locales/fr/discover.ftl"),
    include_str!("../locales/fr/portal.ftl"),
    include_str!("../locales/fr/keys.ftl"),
    include_str!("../locales/fr/guard.ftl"),
    include_str!("../locales/fr/webhook.ftl"),
    include_str!("../locales/fr/stats.ftl"),
];

/// All sentences of one language.
pub fn phrases(language: Language) -> Phrases {
    let own = match language {
        Language::En => EN,
        Language::Fr => FR,
    };
    Phrases::of(language, own)
}

#[cfg(test)]
mod tests;
