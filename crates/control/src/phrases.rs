//! The words that every face shares, and the means to have more: one Fluent bundle a language, compiled in.
//!
//! A key that is missing shows as itself, so that a mistake here never hides an answer; the tests of each face see to it
//! that none is missing.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use mail::Language;
use unic_langid::LanguageIdentifier;

/// The words that every face shares, file by file; the same files for each language.
pub const fn shared(language: Language) -> [&'static str; 2] {
    match language {
        Language::En => {
            [include_str!("../locales/en/shared.ftl"), include_str!("../locales/en/discover.ftl")]
        }
        Language::Fr => {
            [include_str!("../locales/fr/shared.ftl"), include_str!("../locales/fr/discover.ftl")]
        }
    }
}

/// What fills a gap of a sentence.
pub type Gap<'a> = (&'a str, FluentValue<'a>);

/// All sentences of one language.
pub struct Phrases {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Phrases {
    /// The sentences of a language: those that every face shares, and a face's own.
    pub fn of(language: Language, own: &[&str]) -> Self {
        let number: fn(&FluentValue<'_>, &_) -> Option<String> = match language {
            Language::En => |value, _| number(value, ','),
            Language::Fr => |value, _| number(value, '\u{202f}'),
        };
        let locale: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // The marks around what fills a gap are for text of two directions; terminals print them as rubbish.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(number));
        for file in shared(language).iter().chain(own) {
            // What could be read of a file with a mistake is kept; the tests accept no mistake.
            let resource = FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(part, _)| part);
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// Which language it is.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// A sentence without gaps.
    pub fn say(&self, key: &str) -> String {
        self.fill(key, [])
    }

    /// A sentence with its gaps filled.
    pub fn fill<'a>(&self, key: &str, gaps: impl IntoIterator<Item = Gap<'a>>) -> String {
        self.find(key, None, gaps).unwrap_or_else(|| key.to_owned())
    }

    /// The second sentence kept with a key, such as its `.fix`; `None` when it has none.
    pub fn beside<'a>(
        &self,
        key: &str,
        attribute: &str,
        gaps: impl IntoIterator<Item = Gap<'a>>,
    ) -> Option<String> {
        self.find(key, Some(attribute), gaps)
    }

    fn find<'a>(
        &self,
        key: &str,
        attribute: Option<&str>,
        gaps: impl IntoIterator<Item = Gap<'a>>,
    ) -> Option<String> {
        let message = self.bundle.get_message(key)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let gaps: FluentArgs<'_> = gaps.into_iter().collect();
        let mut errors = Vec::new();
        Some(self.bundle.format_pattern(pattern, Some(&gaps), &mut errors).into_owned())
    }
}

/// A whole number with its thousands apart: `1,234`, « 1 234 ».
fn number(value: &FluentValue<'_>, apart: char) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let digits = format!("{:.0}", number.value);
    let mut text = String::with_capacity(digits.len() + 4);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(apart);
        }
        text.push(digit);
    }
    Some(text)
}
