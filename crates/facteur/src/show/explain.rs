//! What a pasted refusal means: the same words that the queue gives, for a text from anywhere.

use super::{Reader, because, span};
use control::wording::Reason;
use explain::{Confidence, Facts, Place, Verdict, Words, provider_name, words};
use serde::Serialize;

fn words_of(verdict: &Verdict, host: Option<&str>, reader: &Reader) -> Words {
    let facts =
        Facts { host: host.map(str::to_owned), wait_secs: verdict.retry_after_secs, ..Facts::default() };
    words(verdict.cause, verdict.provider, Place::Pasted, reader.language(), &facts)
}

/// The explanation in words.
pub fn explained(verdict: &Verdict, host: Option<&str>, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let words = words_of(verdict, host, reader);
    // The reader has the raw words before their eyes.
    let reason = Reason { cause: verdict.cause, words, raw: String::new() };
    let mut text = because(&reason, "", reader);
    let mut line = |sentence: String| text += &format!("{sentence}\n");
    if let Some(name) = verdict.provider.and_then(provider_name) {
        line(phrases.fill("explain-provider", [("name", name.into())]));
    }
    line(match (verdict.may_pass_later, verdict.retry_after_secs) {
        (true, Some(secs)) => {
            phrases.fill("explain-wait", [("span", span(i64::from(secs) * 1_000, reader).into())])
        }
        (true, None) => phrases.say("explain-may-pass"),
        (false, _) => phrases.say("explain-will-not-pass"),
    });
    if verdict.confidence == Confidence::Low {
        line(phrases.say("explain-unsure"));
    }
    let cause = verdict.cause.as_str();
    if verdict.words_that_decided.is_empty() {
        line(phrases.fill("explain-cause", [("cause", cause.into())]));
    } else {
        let gaps = [("cause", cause.into()), ("words", verdict.words_that_decided.clone().into())];
        line(phrases.fill("explain-cause-by", gaps));
    }
    text
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    words: Words,
}

/// The explanation for programs.
pub fn explained_json(verdict: &Verdict, host: Option<&str>, reader: &Reader) -> String {
    super::json(&Json { verdict, words: words_of(verdict, host, reader) })
}
