//! Finding words: all phrases of all rules in one pass over the text.
//!
//! A phrase is words in order. `{name}` stands for one of a group of words that mean the same
//! (`catalogue/words.toml`), ` * ` for a few words between two others, ` ~ ` for at most two or three short
//! ones, and `*` at a word's edge for the rest of that word. All words of all phrases go into one automaton,
//! so a text is read once, whatever the number of rules.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// The groups of words that mean the same.
pub(crate) type Groups = BTreeMap<String, Vec<String>>;

/// Words to find, as a rule writes them.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Phrase {
    /// As it stands in the file, in the form of the normalised text.
    text: String,
    /// Its place among the compiled phrases; known once all are compiled.
    id: usize,
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Self { text: crate::norm::fold(&text), id: usize::MAX }
    }
}

/// A word, or words that stand together, and whether it may be part of a longer one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Literal {
    text: String,
    open_start: bool,
    open_end: bool,
}

/// One place of a phrase: the words that may stand there, and how far behind the last place.
#[derive(Debug)]
struct Place {
    literals: Vec<u32>,
    gap: Gap,
}

/// What may stand between two places of a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// One space.
    Space,
    /// At most so many bytes.
    Bytes(usize),
}

/// The bytes that ` * ` passes over: a few words.
const FEW_WORDS: usize = 80;

/// The bytes that ` ~ ` passes over: "has been", "of the".
const SHORT_WORDS: usize = 18;

#[derive(Debug)]
struct Compiled {
    places: Vec<Place>,
    /// Whether the phrase has marks, and so is sought in the text with its marks.
    with_marks: bool,
}

/// All phrases of all rules, ready for matching.
#[derive(Debug)]
pub(crate) struct Matcher {
    phrases: Vec<Compiled>,
    plain: Automaton,
    marked: Automaton,
}

#[derive(Debug)]
struct Automaton {
    finder: AhoCorasick,
    /// Of each pattern: its literal, and the phrases that begin with it.
    literals: Vec<Literal>,
    begins: Vec<Vec<usize>>,
}

/// A group that a phrase names and nobody defines, or an automaton that cannot be built.
/// Usual cause: a typing mistake in `catalogue/`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the phrase '{0}' cannot be read")]
pub(crate) struct BadPhrase(pub(crate) String);

/// Whether the phrase must be sought in the text with its marks.
fn has_marks(text: &str) -> bool {
    text.chars().any(crate::norm::is_mark)
}

/// Collects literals and gives each a number.
#[derive(Default)]
struct Builder {
    literals: Vec<Literal>,
    numbers: HashMap<Literal, u32>,
    begins: Vec<Vec<usize>>,
}

impl Builder {
    fn number(&mut self, literal: Literal) -> Option<u32> {
        if let Some(number) = self.numbers.get(&literal) {
            return Some(*number);
        }
        let number = u32::try_from(self.literals.len()).ok()?;
        self.literals.push(literal.clone());
        self.begins.push(Vec::new());
        self.numbers.insert(literal, number);
        Some(number)
    }

    fn build(self) -> Option<Automaton> {
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            // A DFA of these thousands of words costs megabytes and tens of milliseconds to build; the
            // contiguous automaton is built at once and is fast enough.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(self.literals.iter().map(|literal| literal.text.as_str()))
            .ok()?;
        Some(Automaton { finder, literals: self.literals, begins: self.begins })
    }
}

/// A word as a phrase or a group writes it, `*` at its edges; for the plain words, in their form.
fn literal(text: &str, with_marks: bool) -> Literal {
    let core = text.trim_matches('*').trim();
    let (open_start, open_end) = (text.starts_with('*'), text.ends_with('*'));
    let text = if with_marks { core.to_owned() } else { crate::norm::plain(core) };
    Literal { text, open_start, open_end }
}

/// One piece of a written phrase.
enum Token<'a> {
    Words(&'a str),
    Group(&'a str),
    Gap(usize),
}

/// Cuts a phrase into words, groups and gaps. A star between two words that touches one leaves its edge open.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(" * ").into_iter().chain(rest.find(" ~ ")).chain(rest.find('{')).min();
        match end {
            Some(0) if rest.starts_with('{') => {
                let (name, after) = rest.get(1..).and_then(|r| r.split_once('}')).unwrap_or((rest, ""));
                tokens.push(Token::Group(name));
                rest = after;
            }
            Some(0) => {
                tokens.push(Token::Gap(if rest.starts_with(" * ") { FEW_WORDS } else { SHORT_WORDS }));
                rest = rest.get(3..).unwrap_or_default();
            }
            end => {
                let (words, after) = rest.split_at(end.unwrap_or(rest.len()));
                tokens.extend(stars(words));
                rest = after;
            }
        }
    }
    tokens
}

/// Words with stars inside: `a*b` is `a*`, a gap, `*b`.
fn stars(words: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, _) in words.match_indices('*').filter(|(at, _)| *at > 0 && at + 1 < words.len()) {
        found.extend(words.get(from..=at).map(Token::Words));
        found.push(Token::Gap(FEW_WORDS));
        from = at;
    }
    found.extend(words.get(from..).filter(|words| !words.trim().is_empty()).map(Token::Words));
    found
}

/// The words of a group, with those of the groups that it names.
fn members<'a>(name: &str, groups: &'a Groups, depth: usize) -> Option<Vec<&'a str>> {
    const DEEPEST: usize = 4;
    let mut found = Vec::new();
    for member in groups.get(name).filter(|_| depth < DEEPEST)? {
        match member.strip_prefix('{').and_then(|member| member.strip_suffix('}')) {
            Some(inner) => found.extend(members(inner, groups, depth + 1)?),
            None => found.push(member.as_str()),
        }
    }
    Some(found)
}

impl Matcher {
    /// Makes ready all phrases, and tells each its place.
    pub(crate) fn compile<'p>(
        phrases: impl Iterator<Item = &'p mut Phrase>,
        groups: &Groups,
    ) -> Result<Self, BadPhrase> {
        let folded: Groups = groups
            .iter()
            .map(|(name, words)| (name.clone(), words.iter().map(|word| crate::norm::fold(word)).collect()))
            .collect();
        let (mut plain, mut marked) = (Builder::default(), Builder::default());
        let mut compiled = Vec::new();
        for phrase in phrases {
            phrase.id = compiled.len();
            let with_marks = has_marks(&phrase.text);
            let builder = if with_marks { &mut marked } else { &mut plain };
            let bad = || BadPhrase(phrase.text.clone());
            let places = places(&phrase.text, with_marks, &folded, builder).ok_or_else(bad)?;
            for number in &places.first().ok_or_else(bad)?.literals {
                if let Some(begins) = usize::try_from(*number).ok().and_then(|n| builder.begins.get_mut(n)) {
                    begins.push(phrase.id);
                }
            }
            compiled.push(Compiled { places, with_marks });
        }
        let bad = || BadPhrase("the automaton".to_owned());
        Ok(Self {
            phrases: compiled,
            plain: plain.build().ok_or_else(bad)?,
            marked: marked.build().ok_or_else(bad)?,
        })
    }

    /// Reads a text once, in both its forms.
    pub(crate) fn scan<'t>(&self, marked: &'t str, plain: &'t str) -> Hits<'t> {
        let mut hits = Hits {
            candidates: vec![0; self.phrases.len() / 64 + 1],
            plain: Side { text: plain, found: Vec::new() },
            marked: Side { text: marked, found: Vec::new() },
        };
        self.plain.scan(&mut hits.plain, &mut hits.candidates);
        self.marked.scan(&mut hits.marked, &mut hits.candidates);
        hits
    }
}

fn places(text: &str, with_marks: bool, groups: &Groups, builder: &mut Builder) -> Option<Vec<Place>> {
    let mut places: Vec<Place> = Vec::new();
    let mut gap = Gap::Space;
    for token in tokens(text) {
        let words: Vec<&str> = match token {
            Token::Gap(bytes) => {
                gap = Gap::Bytes(bytes);
                continue;
            }
            Token::Words(words) => vec![words],
            Token::Group(name) => members(name, groups, 0)?,
        };
        let literals: Vec<u32> = words
            .into_iter()
            .map(|word| literal(word, with_marks))
            .filter(|literal| !literal.text.is_empty())
            .map(|literal| builder.number(literal))
            .collect::<Option<_>>()?;
        if !literals.is_empty() {
            places.push(Place { literals, gap: std::mem::replace(&mut gap, Gap::Space) });
        }
    }
    (!places.is_empty()).then_some(places)
}

impl Automaton {
    /// The most finds of one text that are kept: a text of 32 KiB that repeats one word stays cheap.
    const MAX_FOUND: usize = 20_000;

    fn scan(&self, side: &mut Side<'_>, candidates: &mut [u64]) {
        for hit in self.finder.find_overlapping_iter(side.text) {
            let number = hit.pattern().as_usize();
            let Some(literal) = self.literals.get(number) else { continue };
            let stands = (literal.open_start || boundary(side.text, hit.start()))
                && (literal.open_end || boundary(side.text, hit.end()));
            if !stands {
                continue;
            }
            for phrase in self.begins.get(number).into_iter().flatten() {
                if let Some(word) = candidates.get_mut(phrase / 64) {
                    *word |= 1 << (phrase % 64);
                }
            }
            side.found.push((hit.pattern().as_u32(), hit.start(), hit.end()));
            if side.found.len() >= Self::MAX_FOUND {
                break;
            }
        }
        side.found.sort_unstable();
    }
}

/// Whether a word begins or ends at `at`.
fn boundary(text: &str, at: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(is_word);
    !(before && bytes.get(at).is_some_and(is_word))
}

/// One form of the text and the words that stand in it, sorted by word and then by place.
#[derive(Debug)]
struct Side<'t> {
    text: &'t str,
    found: Vec<(u32, usize, usize)>,
}

impl Side<'_> {
    /// The finds of one word that begin at `from` or behind it.
    fn of(&self, literal: u32, from: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let at = self.found.partition_point(|&(number, start, _)| (number, start) < (literal, from));
        let rest = self.found.get(at..).unwrap_or_default();
        rest.iter().take_while(move |(number, ..)| *number == literal).map(|&(_, start, end)| (start, end))
    }
}

/// What stands in a text.
#[derive(Debug)]
pub(crate) struct Hits<'t> {
    candidates: Vec<u64>,
    plain: Side<'t>,
    marked: Side<'t>,
}

impl Hits<'_> {
    /// The phrases of which a first word stands in the text.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = usize> + '_ {
        self.candidates.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(at, word)| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| at * 64 + bit)
        })
    }

    /// The words of the text that are the phrase, if it stands there.
    pub(crate) fn find(&self, matcher: &Matcher, phrase: &Phrase) -> Option<&str> {
        let word = self.candidates.get(phrase.id / 64)?;
        if word & (1 << (phrase.id % 64)) == 0 {
            return None;
        }
        let compiled = matcher.phrases.get(phrase.id)?;
        let side = if compiled.with_marks { &self.marked } else { &self.plain };
        let (first, rest) = compiled.places.split_first()?;
        let mut tries = MAX_TRIES;
        let starts = first.literals.iter().flat_map(|&literal| side.of(literal, 0));
        for (start, end) in starts.take(MAX_STARTS) {
            if let Some(end) = follow(side, end, rest, &mut tries) {
                return side.text.get(start..end);
            }
        }
        None
    }
}

/// The most places at which one phrase is tried in one text: rules stay linear on hostile input.
const MAX_STARTS: usize = 64;

/// The most steps that one phrase may take in one text.
const MAX_TRIES: usize = 2_000;

/// The end of the rest of a phrase, if it follows.
fn follow(side: &Side<'_>, end: usize, rest: &[Place], tries: &mut usize) -> Option<usize> {
    let Some((place, rest)) = rest.split_first() else { return Some(end) };
    let (from, to) = match place.gap {
        Gap::Space => (end + 1, end + 1),
        Gap::Bytes(bytes) => (end, end + bytes),
    };
    for &literal in &place.literals {
        for (_, end) in side.of(literal, from).take_while(|(start, _)| *start <= to) {
            *tries = tries.checked_sub(1)?;
            if let Some(end) = follow(side, end, rest, tries) {
                return Some(end);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(phrase: &str, text: &str) -> Option<String> {
        let groups = Groups::from([
            ("mailbox".to_owned(), vec!["mailbox".to_owned(), "user account".to_owned(), "user".to_owned()]),
            ("full".to_owned(), vec!["full".to_owned(), "over quota".to_owned()]),
        ]);
        let mut phrases = [Phrase::from(phrase.to_owned())];
        let matcher = Matcher::compile(phrases.iter_mut(), &groups).expect("a phrase");
        matcher.scan(text, text).find(&matcher, &phrases[0]).map(str::to_owned)
    }

    #[test]
    fn a_phrase_is_whole_words_with_gaps_and_groups() {
        for (phrase, text, is_found) in [
            ("spam", "554 spam see", true),
            ("spam", "antispam gateway", false),
            ("*spam", "antispam gateway", true),
            ("authenticat*", "authentication failed", true),
            ("user*unknown", "user bob unknown", true),
            ("user*known", "user bob unknown", true),
            ("user * known", "user bob unknown", false),
            ("over quota", "over the quota", false),
            ("{mailbox} {full}", "mailbox full", true),
            ("{mailbox} {full}", "mailbox is full", false),
            ("{mailbox} ~ {full}", "mailbox is full", true),
            ("{mailbox} ~ {full}", "mailbox full", true),
            ("{mailbox} ~ {full}", "mailbox that was a friend of mine is full", false),
            ("{mailbox} * {full}", "mailbox that was a friend of mine is full", true),
            ("{mailbox} is {full}", "the user account is over quota", true),
            ("no {mailbox} here", "no user here", true),
            ("no {mailbox} here", "no user of mine here", false),
            ("[tss04]", "421 [tss04] later", true),
        ] {
            assert_eq!(found(phrase, text).is_some(), is_found, "{phrase} in {text}");
        }
    }

    #[test]
    fn a_text_of_one_word_costs_no_more_than_a_text() {
        let text = "user ".repeat(6_000);
        assert_eq!(found("{mailbox} * {full}", &text), None);
    }
}
