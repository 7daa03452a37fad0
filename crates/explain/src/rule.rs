//! One rule: words that mean a cause, and when they do.

use crate::cause::Confidence;
use crate::norm::Reading;
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
    /// The texts that made the rule; a test judges each of them to the cause.
    #[cfg_attr(not(test), expect(dead_code, reason = "kept beside its rule for readers and for the tests"))]
    pub(crate) seen: Vec<String>,
}

const fn high() -> Confidence {
    Confidence::High
}

/// Words to find: whole words, in order; `*` stands for a few others between them.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
struct Phrase {
    pieces: Vec<String>,
    open_start: bool,
    open_end: bool,
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        let pieces = text.split('*').filter(|piece| !piece.is_empty()).map(str::to_owned).collect();
        Self { pieces, open_start: text.starts_with('*'), open_end: text.ends_with('*') }
    }
}

impl Phrase {
    /// The most bytes that a `*` passes over.
    const GAP: usize = 80;

    /// Where the phrase stands in the text, as its first and last byte.
    fn find(&self, text: &str) -> Option<(usize, usize)> {
        let (first, rest) = self.pieces.split_first()?;
        let mut from = 0;
        while let Some(at) = text.get(from..)?.find(first.as_str()).map(|found| from + found) {
            let end = at + first.len();
            if (self.open_start || boundary(text, at))
                && let Some(end) = self.follow(text, end, rest)
            {
                return Some((at, end));
            }
            from = end;
        }
        None
    }

    fn follow(&self, text: &str, mut end: usize, rest: &[String]) -> Option<usize> {
        for piece in rest {
            let limit = text.floor_char_boundary((end + Self::GAP + piece.len()).min(text.len()));
            end += text.get(end..limit)?.find(piece.as_str())? + piece.len();
        }
        (self.open_end || boundary(text, end)).then_some(end)
    }
}

/// Whether a word begins or ends at `at`.
fn boundary(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let is_word = |c: char| c.is_alphanumeric();
    !(before.ends_with(is_word) && after.starts_with(is_word))
}

impl Rule {
    /// The rule ready for matching: its phrases in the form of the normalised text.
    pub(crate) fn prepared(mut self) -> Self {
        for phrase in self.all.iter_mut().chain(&mut self.any).chain(&mut self.none) {
            for piece in &mut phrase.pieces {
                *piece = crate::norm::fold(piece);
            }
        }
        self
    }

    /// The words that decided, if the rule fits.
    pub(crate) fn fits(&self, reading: &Reading, provider: Option<&str>) -> Option<String> {
        let at =
            self.at.is_empty() || provider.is_some_and(|provider| self.at.iter().any(|at| at == provider));
        // Where the step is not known, words may still speak for it; bare codes may not.
        let has_words = !(self.all.is_empty() && self.any.is_empty());
        let stage =
            self.stage.is_empty() || reading.stage.map_or(has_words, |stage| self.stage.contains(&stage));
        if !(at && stage && self.fits_codes(reading)) {
            return None;
        }
        let text = reading.text.as_str();
        if self.none.iter().any(|phrase| phrase.find(text).is_some()) {
            return None;
        }
        let mut spans = Vec::new();
        for phrase in &self.all {
            spans.push(phrase.find(text)?);
        }
        if !self.any.is_empty() {
            spans.push(self.any.iter().find_map(|phrase| phrase.find(text))?);
        }
        Some(self.words(reading, &spans))
    }

    fn fits_codes(&self, reading: &Reading) -> bool {
        // Most rules ask for no code: then nothing is written out to compare.
        let begins = |code: u16| self.code.iter().any(|front| code.to_string().starts_with(front.as_str()));
        let is_wanted = |seen: EnhancedCode| self.enhanced.iter().any(|wanted| is_code(wanted, seen));
        (self.code.is_empty() || reading.code.is_some_and(begins))
            && (self.enhanced.is_empty() || reading.enhanced.is_some_and(is_wanted))
    }

    fn words(&self, reading: &Reading, spans: &[(usize, usize)]) -> String {
        let phrases: Vec<&str> =
            spans.iter().filter_map(|&(from, to)| reading.text.get(from..to)).map(str::trim).collect();
        if !phrases.is_empty() {
            return phrases.join(" … ");
        }
        let enhanced = reading.enhanced.map(|code| code.to_string());
        let code = reading.code.map(|code| code.to_string());
        [code, enhanced].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Whether the rule belongs to one provider, and so may overrule the reply code.
    pub(crate) fn is_of_provider(&self) -> bool {
        self.provider.is_some() || !self.at.is_empty()
    }
}

/// Whether an enhanced code is the wanted one, `x` standing for 4 or 5.
fn is_code(wanted: &str, seen: EnhancedCode) -> bool {
    match wanted.strip_prefix("x.") {
        Some(rest) => format!("{}.{}", seen.subject(), seen.detail()) == rest,
        None => seen.to_string() == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_whole_words_with_gaps() {
        for (phrase, text, found) in [
            ("spam", "554 - spam. see", true),
            ("spam", "antispam gateway", false),
            ("*spam", "antispam gateway", true),
            ("authenticat*", "authentication failed", true),
            ("user*unknown", "user bob unknown", true),
            ("user*unknown", "user bob was not unknowner", false),
            ("over quota", "over the quota", false),
        ] {
            assert_eq!(Phrase::from(phrase.to_owned()).find(text).is_some(), found, "{phrase} in {text}");
        }
    }
}
