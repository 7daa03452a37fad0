//! Short labels for people: who must act.

use crate::catalogue::{Catalogue, Pair};
use crate::cause::{Place, Who};
use mail::Language;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The labels of the closed lists.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labels {
    who: BTreeMap<Who, WhoLabel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WhoLabel {
    label: Pair,
    #[serde(default)]
    at: BTreeMap<Place, Pair>,
}

impl Who {
    /// Who must act, in words: "the administrator of this server", « le destinataire ».
    pub fn label(self, place: Place, language: Language) -> &'static str {
        let Some(label) = Catalogue::built_in().labels.who.get(&self) else { return self.as_str() };
        label.at.get(&place).unwrap_or(&label.label).of(language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_label_at_every_place() {
        for who in Who::ALL {
            for (place, language) in
                Place::ALL.iter().flat_map(|place| Language::ALL.map(|language| (*place, language)))
            {
                assert_ne!(who.label(place, language), who.as_str(), "{who} {place} {language}");
            }
        }
    }
}
