//! A verdict as programs read it: one flat object, with the words of both languages.

use crate::catalogue::cause;
use crate::cause::{CauseId, Confidence, Export, Need, Place, Who};
use crate::effect::Effect;
use crate::facts::Facts;
use crate::judge::Verdict;
use crate::words::words;
use mail::Language;
use serde::Serialize;

/// What a person reads, without who must act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wording {
    /// What happened.
    pub cause: String,
    /// What to do.
    pub fix: String,
    /// A page that helps, if there is one.
    pub link: Option<String>,
}

/// A verdict with everything that is said about it, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The cause.
    pub cause: CauseId,
    /// Who must act.
    pub who: Who,
    /// Whether the same message may pass later without any change.
    pub retry: bool,
    /// What is needed.
    pub needs: Need,
    /// What the queue would do next.
    pub effect: Effect,
    /// The provider, if known.
    pub provider: Option<&'static str>,
    /// How sure the answer is.
    pub confidence: Confidence,
    /// The wait that the server asked for, in seconds.
    pub retry_after_secs: Option<u32>,
    /// The words of the text that decided.
    pub decided_by: String,
    /// The cause in the words of other schemes.
    pub export: Export,
    /// In English.
    pub en: Wording,
    /// In French.
    pub fr: Wording,
}

impl Answer {
    /// The answer for a verdict that was seen at `place`.
    pub fn new(verdict: &Verdict, place: Place, facts: &Facts) -> Self {
        let say = |language| {
            let words = words(verdict.cause, verdict.provider, place, language, facts);
            Wording { cause: words.cause, fix: words.fix, link: words.link }
        };
        Self {
            cause: verdict.cause,
            who: verdict.who,
            retry: verdict.may_pass_later,
            needs: verdict.need,
            effect: verdict.effect,
            provider: verdict.provider,
            confidence: verdict.confidence,
            retry_after_secs: verdict.retry_after_secs,
            decided_by: verdict.words_that_decided.clone(),
            export: cause(verdict.cause).export.clone(),
            en: say(Language::En),
            fr: say(Language::Fr),
        }
    }

    /// The answer for a text that a person pasted, with what is known apart from it.
    pub fn of_text(text: &str, hint: &crate::scene::Hint<'_>) -> Self {
        let verdict = crate::judge::judge_with(text, hint);
        let facts = Facts {
            host: hint.host.map(str::to_owned),
            wait_secs: verdict.retry_after_secs,
            ..Facts::default()
        };
        Self::new(&verdict, Place::Pasted, &facts)
    }
}
