//! Texts that belong to several causes: a list of things to do, in order.

use crate::catalogue::{Catalogue, Pair};
use crate::cause::CauseId;
use mail::Language;
use serde::{Deserialize, Serialize};

/// A list of things to do, as the catalogue keeps it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopicEntry {
    /// The causes that it belongs to.
    pub(crate) causes: Vec<String>,
    pub(crate) title: Pair,
    pub(crate) about: Pair,
    pub(crate) steps: Vec<Pair>,
}

/// A list of things to do, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Its id: `after_abuse`.
    pub id: &'static str,
    /// What it is about, in one line.
    pub title: &'static str,
    /// Why, in one sentence.
    pub about: &'static str,
    /// What to do, in order.
    pub steps: Vec<&'static str>,
}

impl Topic {
    fn new(id: &'static str, entry: &'static TopicEntry, language: Language) -> Self {
        let steps = entry.steps.iter().map(|step| step.of(language)).collect();
        Self { id, title: entry.title.of(language), about: entry.about.of(language), steps }
    }
}

/// The topic of this name, a hyphen for an underscore.
pub fn topic(name: &str, language: Language) -> Option<Topic> {
    let name = name.replace('-', "_");
    topics(language).find(|topic| topic.id == name)
}

/// All topics.
pub fn topics(language: Language) -> impl Iterator<Item = Topic> {
    let entries = Catalogue::built_in().topics.iter();
    entries.map(move |(id, entry)| Topic::new(id.as_str(), entry, language))
}

/// The topic that belongs to a cause.
pub fn topic_of(cause: CauseId, language: Language) -> Option<Topic> {
    let topics = &Catalogue::built_in().topics;
    let belongs = |entry: &TopicEntry| entry.causes.iter().any(|id| id == cause.as_str());
    let (id, entry) = topics.iter().find(|(_, entry)| belongs(entry))?;
    Some(Topic::new(id.as_str(), entry, language))
}
