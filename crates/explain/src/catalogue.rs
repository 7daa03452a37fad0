//! The catalogue as data: files compiled in, read once, checked by tests.

use crate::cause::{Cause, CauseId, Export, Group, Need, Place, Who};
use crate::code::Codes;
use crate::effect::Effect;
use crate::label::Labels;
use crate::phrase::{Groups, Hits, Matcher};
use crate::provider::{Provider, ProviderMarks};
use crate::rule::Rule;
use crate::topic::TopicEntry;
use mail::Language;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The version of the catalogue: it grows by one with every change that can change a verdict or its words,
/// and is stored beside each verdict.
pub const CATALOGUE_VERSION: u32 = 6;

const CAUSE_FILES: &[(&str, &str)] = &[
    ("network", include_str!("../catalogue/causes/network.toml")),
    ("tls", include_str!("../catalogue/causes/tls.toml")),
    ("auth", include_str!("../catalogue/causes/auth.toml")),
    ("mailbox", include_str!("../catalogue/causes/mailbox.toml")),
    ("sender", include_str!("../catalogue/causes/sender.toml")),
    ("recipient", include_str!("../catalogue/causes/recipient.toml")),
    ("rate", include_str!("../catalogue/causes/rate.toml")),
    ("reputation", include_str!("../catalogue/causes/reputation.toml")),
    ("identity", include_str!("../catalogue/causes/identity.toml")),
    ("content", include_str!("../catalogue/causes/content.toml")),
    ("transport", include_str!("../catalogue/causes/transport.toml")),
    ("queue", include_str!("../catalogue/causes/queue.toml")),
];

/// The files of rules, in the order in which they are tried.
const RULE_FILES: &[(&str, &str)] = &[
    ("sentences", include_str!("../catalogue/rules/1-sentences.toml")),
    ("providers", include_str!("../catalogue/rules/1-providers.toml")),
    ("mailbox", include_str!("../catalogue/rules/0-mailbox.toml")),
    ("programs", include_str!("../catalogue/rules/2-programs.toml")),
    ("sign-in", include_str!("../catalogue/rules/3-sign-in.toml")),
    ("translated", include_str!("../catalogue/rules/4-translated.toml")),
    ("general", include_str!("../catalogue/rules/4-general.toml")),
    ("language", include_str!("../catalogue/rules/4-language.toml")),
    ("concepts", include_str!("../catalogue/rules/5-concepts.toml")),
    ("families", include_str!("../catalogue/rules/5-families.toml")),
    ("broad", include_str!("../catalogue/rules/6-broad.toml")),
];

static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(built_in);

#[expect(clippy::expect_used, reason = "the files are compiled in, and a test of this crate reads them")]
fn built_in() -> Catalogue {
    Catalogue::read().expect("the built-in catalogue is well formed")
}

/// Why the catalogue's files are not a catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file is not TOML of the expected form. Usual cause: a misspelt key or word in it.
    #[error("{file}: {source}")]
    Form {
        /// The file's name.
        file: &'static str,
        /// What the reader found.
        source: Box<toml::de::Error>,
    },
    /// A cause stands in two files. Usual cause: it was moved to another group and left in the first.
    #[error("the cause {0} is there twice")]
    Twice(String),
    /// A rule names a cause or a provider that does not exist. Usual cause: a typing mistake.
    #[error("a rule names '{0}', which does not exist")]
    Dangling(String),
}

/// Everything that the files say.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) causes: Vec<Cause>,
    by_id: BTreeMap<&'static str, usize>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) matcher: Matcher,
    /// Of each phrase: its rule, where finding it speaks for the rule.
    owners: Vec<Option<usize>>,
    pub(crate) provider_marks: ProviderMarks,
    pub(crate) providers: Vec<Provider>,
    pub(crate) labels: Labels,
    pub(crate) codes: Codes,
    pub(crate) topics: BTreeMap<String, TopicEntry>,
}

/// The same text in both languages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    en: String,
    fr: String,
}

impl Pair {
    pub(crate) fn of(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Fr => &self.fr,
        }
    }
}

/// What a person reads, in general, at a place, or for a provider. See `catalogue/README.md`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wording {
    pub(crate) cause: Pair,
    pub(crate) fix: Pair,
    pub(crate) link: Option<Pair>,
    #[serde(default)]
    pub(crate) at: BTreeMap<Place, Special>,
    #[serde(default)]
    pub(crate) provider: BTreeMap<String, Special>,
}

/// What differs at a place or for a provider; what is absent stays as in general.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Special {
    pub(crate) cause: Option<Pair>,
    pub(crate) fix: Option<Pair>,
    /// A further sentence of the fix: what to do on this server once the rest is done.
    pub(crate) then: Option<Pair>,
    pub(crate) link: Option<Pair>,
    pub(crate) need: Option<Need>,
}

#[derive(Deserialize)]
struct CauseEntry {
    group: Group,
    who: Who,
    #[serde(default)]
    who_at: BTreeMap<Place, Who>,
    may_pass_later: bool,
    need: Need,
    effects: Vec<Effect>,
    #[serde(default)]
    export: Export,
    #[serde(flatten)]
    wording: Wording,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    provider: Vec<Provider>,
}

impl Catalogue {
    /// The catalogue that is compiled in.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads the files that are compiled in.
    pub fn read() -> Result<Self, CatalogueError> {
        Self::read_with(|_| {})
    }

    /// Reads the files that are compiled in, with the rules as `edit` leaves them.
    pub(crate) fn read_with(edit: impl FnOnce(&mut Vec<Rule>)) -> Result<Self, CatalogueError> {
        let mut causes = Vec::new();
        let mut by_id = BTreeMap::new();
        for &(file, text) in CAUSE_FILES {
            for (id, entry) in from_toml::<BTreeMap<String, CauseEntry>>(file, text)? {
                // Once for the life of the program: the catalogue is read once and never dropped.
                let id: &'static str = Box::leak(id.into_boxed_str());
                if by_id.insert(id, causes.len()).is_some() {
                    return Err(CatalogueError::Twice(id.to_owned()));
                }
                causes.push(entry.into_cause(CauseId::interned(id)));
            }
        }
        let mut rules = Vec::new();
        for (file, text) in RULE_FILES {
            let of_file = from_toml::<RuleFile>(file, text)?.rule;
            rules.extend(of_file.into_iter().map(|rule| rule.of_file(file)));
        }
        edit(&mut rules);
        let words: Groups = from_toml("words", include_str!("../catalogue/words.toml"))?;
        let matcher = Matcher::compile(rules.iter_mut().flat_map(Rule::phrases_mut), &words)
            .map_err(|bad| CatalogueError::Dangling(bad.0))?;
        let owners = rules.iter_mut().enumerate().flat_map(|(at, rule)| rule.owned_phrases(at)).collect();
        let providers: ProviderFile = from_toml("providers", include_str!("../catalogue/providers.toml"))?;
        let labels = from_toml("labels", include_str!("../catalogue/labels.toml"))?;
        let topics = from_toml("topics", include_str!("../catalogue/topics.toml"))?;
        let codes: Codes = from_toml("codes", include_str!("../catalogue/codes.toml"))?;
        let provider_marks = ProviderMarks::new(&providers.provider);
        let providers = providers.provider;
        let catalogue =
            Self { causes, by_id, rules, matcher, owners, provider_marks, providers, labels, codes, topics };
        for rule in &catalogue.rules {
            catalogue.check(rule)?;
        }
        let of_topics = catalogue.topics.values().flat_map(|topic| &topic.causes).map(String::as_str);
        let missing = catalogue.codes.causes().chain(of_topics).find(|cause| catalogue.find(cause).is_none());
        if let Some(cause) = missing {
            return Err(CatalogueError::Dangling(cause.to_owned()));
        }
        Ok(catalogue)
    }

    /// The rules of which a phrase may stand in the text, and those without phrases, in their order.
    pub(crate) fn rules_for<'c>(&'c self, hits: &Hits<'_>) -> impl Iterator<Item = &'c Rule> {
        let mut speaks = vec![false; self.rules.len()];
        for rule in hits.candidates().filter_map(|phrase| *self.owners.get(phrase)?) {
            if let Some(speaks) = speaks.get_mut(rule) {
                *speaks = true;
            }
        }
        self.rules
            .iter()
            .zip(speaks)
            .filter(|(rule, speaks)| *speaks || !rule.has_words())
            .map(|(rule, _)| rule)
    }

    /// The cause with this id.
    pub fn find(&self, id: &str) -> Option<&Cause> {
        self.causes.get(*self.by_id.get(id)?)
    }

    fn check(&self, rule: &Rule) -> Result<(), CatalogueError> {
        if self.find(&rule.cause).is_none() {
            return Err(CatalogueError::Dangling(rule.cause.clone()));
        }
        let named = rule.provider.iter().chain(&rule.at);
        match named.into_iter().find(|name| self.provider(name).is_none()) {
            Some(name) => Err(CatalogueError::Dangling(name.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id == id)
    }
}

impl CauseEntry {
    fn into_cause(self, id: CauseId) -> Cause {
        Cause {
            id,
            group: self.group,
            may_pass_later: self.may_pass_later,
            need: self.need,
            proposals: self.effects,
            export: self.export,
            who: self.who,
            who_at: self.who_at.into_iter().collect(),
            wording: self.wording,
        }
    }
}

fn from_toml<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, CatalogueError> {
    toml::from_str(text).map_err(|source| CatalogueError::Form { file, source: Box::new(source) })
}

/// All causes, by group and then by name: for lists, documentation and lints.
pub fn causes() -> impl Iterator<Item = &'static Cause> {
    Catalogue::built_in().causes.iter()
}

/// The catalogue's entry of a cause.
pub fn cause(id: CauseId) -> &'static Cause {
    let catalogue = Catalogue::built_in();
    let unknown = || catalogue.find(CauseId::UNKNOWN.as_str());
    #[expect(clippy::expect_used, reason = "a test of this crate holds every named cause to the catalogue")]
    catalogue.find(id.as_str()).or_else(unknown).expect("the catalogue has the cause 'unknown'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_reads() {
        if let Err(error) = Catalogue::read() {
            panic!("{error}");
        }
    }

    #[test]
    fn every_cause_that_the_program_names_exists() {
        for id in CauseId::NAMED {
            assert_eq!(cause(*id).id, *id);
        }
    }
}
