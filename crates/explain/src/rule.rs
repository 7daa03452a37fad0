//! One rule: words that mean a cause, and when they do.

use crate::cause::Confidence;
use crate::norm::Reading;
use crate::phrase::{Hits, Matcher, Phrase};
use crate::scene::Protocol;
use mail::{EnhancedCode, Stage};
use serde::Deserialize;

/// A rule of `catalogue/rules.toml`. The first rule that fits decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// The cause that the words mean.
    pub(crate) cause: String,
    /// How sure that is.
    #[serde(default = "high")]
    pub(crate) confidence: Confidence,
    /// The provider that these words prove: nobody else writes them.
    #[serde(default)]
    pub(crate) provider: Option<String>,
    /// The providers at which the rule holds; empty: everywhere.
    #[serde(default)]
    pub(crate) at: Vec<String>,
    /// The steps at which it holds; empty: all. A step that is not known fits, if the rule has words.
    #[serde(default)]
    pub(crate) stage: Vec<Stage>,
    /// The protocols at which it holds, when it is known; empty: all.
    #[serde(default)]
    pub(crate) protocol: Vec<Protocol>,
    /// The beginnings of the reply codes at which it holds; empty: all.
    #[serde(default)]
    code: Vec<String>,
    /// The enhanced codes at which it holds, `x` standing for 4 or 5; empty: all.
    #[serde(default)]
    enhanced: Vec<String>,
    /// Phrases of which all must be there.
    #[serde(default)]
    all: Vec<Phrase>,
    /// Phrases of which one must be there.
    #[serde(default)]
    any: Vec<Phrase>,
    /// Phrases of which none may be there.
    #[serde(default)]
    none: Vec<Phrase>,
    /// Real texts that made the rule: `catalogue/known` has them with their sources. A test judges each to the cause.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "kept beside its rule for readers and for the tests"))]
    pub(crate) seen: Vec<String>,
    /// Texts that we wrote, of the kind that the rule is for; they are judged like the real ones.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "kept beside its rule for readers and for the tests"))]
    pub(crate) typical: Vec<String>,
    /// What kind of words it has; its file says so.
    #[serde(skip)]
    pub(crate) kind: Kind,
}

/// What kind of words a rule has, and so what may be said against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// A fixed sentence or a code, which means one thing wherever it stands.
    Fixed,
    /// Words that mean something as long as no others in the text mean something else.
    #[default]
    Language,
    /// A code or a bare word, which says little and so speaks against nothing.
    Broad,
}

const fn high() -> Confidence {
    Confidence::High
}

impl Rule {
    /// The rule as one of its file.
    pub(crate) fn of_file(self, file: &str) -> Self {
        let kind = match file {
            "sentences" | "providers" => Kind::Fixed,
            "broad" => Kind::Broad,
            _ => Kind::Language,
        };
        Self { kind, ..self }
    }

    /// All phrases of the rule, for making them ready.
    pub(crate) fn phrases_mut(&mut self) -> impl Iterator<Item = &mut Phrase> {
        self.all.iter_mut().chain(&mut self.any).chain(&mut self.none)
    }

    /// Leaves only the phrases that `keep` wants, by their place in the order of [`Self::phrases_mut`]; says whether
    /// the rule still is one. A rule cannot do without any of the words that must all be there.
    #[cfg(test)]
    pub(crate) fn retain(&mut self, keep: impl Fn(usize) -> bool) -> bool {
        let had_words = self.has_words();
        let (all, any) = (self.all.len(), self.any.len());
        let is_whole = (0..all).all(&keep);
        let mut place = all;
        self.any.retain(|_| {
            place += 1;
            keep(place - 1)
        });
        is_whole && (any == 0 || !self.any.is_empty()) && (had_words == self.has_words())
    }

    /// The phrases that speak for the rule, in the order of [`Self::phrases_mut`].
    #[cfg(test)]
    pub(crate) fn speaking(&self) -> impl Iterator<Item = &Phrase> {
        self.all.iter().chain(&self.any)
    }

    /// For each phrase, in the order of [`Self::phrases_mut`]: the rule's place, if finding the phrase speaks
    /// for the rule.
    pub(crate) fn owned_phrases(&self, place: usize) -> Vec<Option<usize>> {
        let speaking = self.all.len() + self.any.len();
        (0..speaking + self.none.len()).map(|at| (at < speaking).then_some(place)).collect()
    }

    /// Whether the rule asks for words.
    pub(crate) fn has_words(&self) -> bool {
        !(self.all.is_empty() && self.any.is_empty())
    }

    /// The words that decided, if the rule fits.
    pub(crate) fn fits(
        &self,
        reading: &Reading,
        matcher: &Matcher,
        hits: &Hits<'_>,
        provider: Option<&str>,
    ) -> Option<String> {
        let has_words = self.has_words();
        if !self.fits_scene(reading, provider, has_words) {
            return None;
        }
        let found = |phrase: &Phrase| hits.find(matcher, phrase).map(str::to_owned);
        let mut words = Vec::new();
        if !self.any.is_empty() {
            words.push(self.any.iter().find_map(found)?);
        }
        for phrase in &self.all {
            words.push(found(phrase)?);
        }
        if self.none.iter().any(|phrase| hits.find(matcher, phrase).is_some()) {
            return None;
        }
        Some(if has_words { words.join(" … ") } else { codes(reading) })
    }

    fn fits_scene(&self, reading: &Reading, provider: Option<&str>, has_words: bool) -> bool {
        let at =
            self.at.is_empty() || provider.is_some_and(|provider| self.at.iter().any(|at| at == provider));
        // Where the step is not known, words may still speak for it; bare codes may not.
        let stage =
            self.stage.is_empty() || reading.stage.map_or(has_words, |stage| self.stage.contains(&stage));
        let protocol =
            self.protocol.is_empty() || reading.protocol.is_some_and(|p| self.protocol.contains(&p));
        at && stage && protocol && self.fits_codes(reading)
    }

    fn fits_codes(&self, reading: &Reading) -> bool {
        // Most rules ask for no code: then nothing is written out to compare.
        let begins = |code: u16| self.code.iter().any(|front| code.to_string().starts_with(front.as_str()));
        let is_wanted = |seen: EnhancedCode| self.enhanced.iter().any(|wanted| is_code(wanted, seen));
        (self.code.is_empty() || reading.code.is_some_and(begins))
            && (self.enhanced.is_empty() || reading.enhanced.is_some_and(is_wanted))
    }

    /// Whether the rule belongs to one provider, and so may overrule the reply code.
    pub(crate) fn is_of_provider(&self) -> bool {
        self.provider.is_some() || !self.at.is_empty()
    }
}

/// The codes that decided, where no words did.
fn codes(reading: &Reading) -> String {
    let enhanced = reading.enhanced.map(|code| code.to_string());
    let code = reading.code.map(|code| code.to_string());
    [code, enhanced].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Whether an enhanced code is the wanted one, `x` standing for 4 or 5.
fn is_code(wanted: &str, seen: EnhancedCode) -> bool {
    match wanted.strip_prefix("x.") {
        Some(rest) => format!("{}.{}", seen.subject(), seen.detail()) == rest,
        None => seen.to_string() == wanted,
    }
}
