//! The known texts that a text resembles most: a second witness, for where the rules have little to say.
//!
//! A rule knows what words mean; a likeness only knows that people who had much the same words before them had
//! this cause. So it never speaks first: it answers where no rule fits, with a low confidence, and it may
//! confirm what a rule of the language found.

use crate::cause::CauseId;
use crate::norm::Reading;
use crate::scene::Hint;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The real texts with the causes that were found by hand; each line says where it is from.
const KNOWN: &[&str] = &[
    include_str!("../catalogue/known/cases.jsonl"),
    include_str!("../catalogue/known/more.jsonl"),
    include_str!("../catalogue/known/collected.jsonl"),
    include_str!("../catalogue/known/lot-d.jsonl"),
    include_str!("../catalogue/known/lot-e.jsonl"),
    include_str!("../catalogue/known/lot-f.jsonl"),
    include_str!("../catalogue/known/lot-g.jsonl"),
    include_str!("../catalogue/known/lot-h.jsonl"),
    include_str!("../catalogue/known/lot-i.jsonl"),
    include_str!("../catalogue/known/lot-j.jsonl"),
    include_str!("../catalogue/known/lot-k.jsonl"),
    include_str!("../catalogue/known/lot-l.jsonl"),
];

static BUILT_IN: LazyLock<Known> = LazyLock::new(|| Known::read(KNOWN.iter().flat_map(|file| file.lines())));

/// The nearest texts that have a say.
const NEAREST: usize = 8;

/// The fewest features that two texts share when they are compared at all: one word is a chance.
const LEAST_SHARED: usize = 3;

/// The most different words of a text that are compared: a long text costs no more than a long reply.
const MAX_FEATURES: usize = 240;

/// What a text resembles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Likeness {
    /// The cause of most of the nearest texts.
    pub(crate) cause: CauseId,
    /// How like the nearest text is, from 0 to 1.
    near: f32,
    /// The part of the nearest texts' say that is for this cause.
    share: f32,
}

impl Likeness {
    /// Whether it is worth an answer by itself. Measured on known texts that were left out: what passes is right
    /// two times of three, what does not is right one time of three.
    pub(crate) fn is_worth_saying(self) -> bool {
        self.near >= 0.15 && (self.share >= 0.5 || self.near >= 0.4)
    }

    /// Whether it confirms what a rule found.
    pub(crate) fn confirms(self, cause: CauseId) -> bool {
        self.cause == cause && self.near >= 0.2 && self.share >= 0.6
    }
}

#[derive(Deserialize)]
struct Line {
    text: String,
    #[serde(default)]
    stage: String,
    cause_id: String,
}

/// The lines of the files of known texts.
#[cfg(test)]
pub(crate) fn known_lines() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().flat_map(|file| file.lines())
}

/// The texts that are known, as they stand in the files.
#[cfg(test)]
pub(crate) fn known_texts() -> impl Iterator<Item = String> {
    known_lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()).map(|line| line.text)
}

struct Text {
    cause: CauseId,
    /// The length of its vector.
    length: f32,
}

/// A feature of the known texts: the square of its weight, and the texts that have it.
#[derive(Default)]
struct Posting {
    weight: f32,
    texts: Vec<usize>,
}

/// All known texts, to be found by their words.
pub(crate) struct Known {
    texts: Vec<Text>,
    /// By feature: a search in a sorted list costs less than a hash that defends itself against nobody.
    features: Vec<u64>,
    postings: Vec<Posting>,
    /// The square of the weight of a feature that no known text has.
    unseen: f32,
}

impl Known {
    /// The texts that are compiled in.
    pub(crate) fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// What the reading resembles; `None` when it shares next to nothing with any known text.
    pub(crate) fn likeness_of(&self, reading: &Reading) -> Option<Likeness> {
        self.nearest(&features(reading))
    }

    pub(crate) fn read<'l>(lines: impl Iterator<Item = &'l str>) -> Self {
        let read: Vec<(CauseId, Vec<u64>)> = lines
            .filter_map(|line| serde_json::from_str::<Line>(line).ok())
            .filter_map(|line| {
                let hint = Hint::of_word(None, &line.stage);
                Some((CauseId::lookup(&line.cause_id)?, features(&Reading::of_text(&line.text, &hint))))
            })
            .collect();
        let mut by_feature: BTreeMap<u64, Posting> = BTreeMap::new();
        for (number, (_, features)) in read.iter().enumerate() {
            for feature in features {
                by_feature.entry(*feature).or_default().texts.push(number);
            }
        }
        let all = count(read.len());
        for posting in by_feature.values_mut() {
            posting.weight = (1.0 + all / count(posting.texts.len())).ln().powi(2);
        }
        let weight = |feature: &u64| by_feature.get(feature).map_or(0.0, |posting| posting.weight);
        let length = |features: &[u64]| features.iter().map(weight).sum::<f32>().sqrt();
        let texts = read.iter().map(|(cause, seen)| Text { cause: *cause, length: length(seen) }).collect();
        let (features, postings) = by_feature.into_iter().unzip();
        Self { texts, features, postings, unseen: (1.0 + all).ln().powi(2) }
    }

    fn posting(&self, feature: u64) -> Option<&Posting> {
        self.postings.get(self.features.binary_search(&feature).ok()?)
    }

    fn nearest(&self, features: &[u64]) -> Option<Likeness> {
        // Of each known text: the weights that it shares, and how many.
        let mut common = vec![(0.0_f32, 0_usize); self.texts.len()];
        let mut length = 0.0;
        for feature in features {
            let Some(posting) = self.posting(*feature) else {
                length += self.unseen;
                continue;
            };
            length += posting.weight;
            for text in &posting.texts {
                if let Some((weights, number)) = common.get_mut(*text) {
                    *weights += posting.weight;
                    *number += 1;
                }
            }
        }
        let length = length.sqrt();
        let mut near: Vec<(f32, usize, CauseId)> = common
            .iter()
            .zip(&self.texts)
            .enumerate()
            .filter(|(_, ((_, shared), _))| *shared >= LEAST_SHARED)
            .map(|(number, ((weights, _), text))| (weights / (length * text.length), number, text.cause))
            .collect();
        let nearer =
            |a: &(f32, usize, CauseId), b: &(f32, usize, CauseId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if near.len() > NEAREST {
            near.select_nth_unstable_by(NEAREST, nearer);
            near.truncate(NEAREST);
        }
        near.sort_unstable_by(nearer);
        verdict(&near)
    }
}

/// Each of the nearest speaks with the square of its likeness, so that a near one counts for many far ones.
fn verdict(near: &[(f32, usize, CauseId)]) -> Option<Likeness> {
    let say = |cause: CauseId| {
        near.iter().filter(|(.., of)| *of == cause).map(|(like, ..)| like * like).sum::<f32>()
    };
    let all: f32 = near.iter().map(|(like, ..)| like * like).sum();
    let (nearest, ..) = near.first()?;
    let cause = near.iter().map(|(.., cause)| *cause).max_by(|a, b| say(*a).total_cmp(&say(*b)))?;
    Some(Likeness { cause, near: *nearest, share: say(cause) / all })
}

#[expect(clippy::cast_precision_loss, reason = "there are a few thousand texts")]
fn count(number: usize) -> f32 {
    number as f32
}

/// The words of a text, its pairs of words, its codes and its step; each once, in order.
fn features(reading: &Reading) -> Vec<u64> {
    let mut features = Vec::new();
    let mut before = "";
    for word in reading.plain.split(' ').filter(|word| is_word(word)) {
        if features.len() >= MAX_FEATURES {
            break;
        }
        features.push(hash(&[word]));
        if !before.is_empty() {
            features.push(hash(&[before, " ", word]));
        }
        before = word;
    }
    if let Some(enhanced) = reading.enhanced {
        features.push(hash(&["code ", &format!("{}.{}", enhanced.subject(), enhanced.detail())]));
    }
    if let Some(code) = reading.code {
        features.push(hash(&["reply ", &code.to_string()]));
    }
    if let Some(stage) = reading.stage {
        features.push(hash(&["step ", &format!("{stage:?}")]));
    }
    features.sort_unstable();
    features.dedup();
    features
}

/// Numbers and single letters are a text's own, and say nothing of its cause.
fn is_word(word: &str) -> bool {
    word.len() > 1 && !word.bytes().any(|byte| byte.is_ascii_digit())
}

/// FNV-1a: two words that meet by chance only make two texts look a little more alike.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, cause: Option<&str>) {
        let likeness = Known::built_in().likeness_of(&Reading::of_text(text, &Hint::default()));
        let said =
            likeness.filter(|likeness| likeness.is_worth_saying()).map(|likeness| likeness.cause.as_str());
        assert_eq!(said, cause, "{text}: {likeness:?}");
    }

    #[test]
    fn a_text_is_like_those_that_share_its_rare_words() {
        check("The recipient's mailbox, alas, is full of letters", Some("recipient_mailbox_full"));
        check("connect to mx.example.net[192.0.2.9]:25: Connection refused", Some("connect_refused"));
        check("The quick brown fox jumps over the lazy dog", None);
        check("", None);
    }

    #[test]
    fn a_known_text_is_most_like_itself() {
        let likeness = Known::built_in()
            .likeness_of(&Reading::of_text("554 5.2.2 mailbox full", &Hint::default()))
            .expect("a likeness");
        assert!(
            likeness.confirms(CauseId::lookup("recipient_mailbox_full").expect("a cause")),
            "{likeness:?}"
        );
    }
}
