//! What a pasted refusal means: the same words that the queue gives, for a text from anywhere.

use super::{Reader, because, span};
use control::wording::Reason;
use explain::bounce::{BounceReport, Recipient};
use explain::log::Failure;
use explain::{Answer, Confidence, Facts, Place, Topic, Verdict, Words, provider_name, words};
use serde::Serialize;

fn words_of(verdict: &Verdict, host: Option<&str>, reader: &Reader) -> Words {
    let facts = Facts {
        host: host.map(str::to_owned),
        wait_secs: verdict.retry_after_secs,
        at_prompt: true,
        ..Facts::default()
    };
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
    if let Some(topic) = explain::topic_of(verdict.cause, reader.language()) {
        line(phrases.fill("explain-topic", [("name", topic.id.replace('_', "-").into())]));
    }
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

/// A list of things to do, in order.
pub fn topic(topic: &Topic) -> String {
    let mut text = format!("{}\n{}\n\n", topic.title, topic.about);
    for (at, step) in topic.steps.iter().enumerate() {
        text += &format!("{:>3}. {step}\n", at + 1);
    }
    text
}

/// One recipient of a bounce, for programs.
#[derive(Serialize)]
pub struct Bounced {
    recipient: String,
    permanent: bool,
    #[serde(flatten)]
    answer: Answer,
}

impl Bounced {
    /// What a recipient of a report is shown as.
    pub fn of(recipient: &Recipient) -> Self {
        let (address, permanent) = (recipient.address.clone(), recipient.permanent);
        Self { recipient: address, permanent, answer: recipient.answer() }
    }
}

/// A bounce in words: each recipient, and what became of it.
pub fn bounced(report: &BounceReport, reader: &Reader) -> String {
    let mut text = String::new();
    for recipient in &report.recipients {
        text += &format!("{}\n{}", recipient.address, explained(&recipient.verdict, None, reader));
        if recipient.permanent {
            text += &format!("{}\n", reader.phrases.say("explain-address-dead"));
        }
        text.push('\n');
    }
    text
}

/// One failed line of a log, for programs: an object a line.
pub fn logged_json(failure: &Failure<'_>) -> String {
    #[derive(Serialize)]
    struct Logged<'l> {
        id: Option<&'l str>,
        recipient: Option<&'l str>,
        #[serde(flatten)]
        answer: Answer,
    }
    let answer = Answer::of_text(failure.text, &failure.hint());
    json_line(&Logged { id: failure.id, recipient: failure.recipient, answer })
}

/// Data as JSON in one line, ending with a line end.
pub fn json_line<T: Serialize + ?Sized>(data: &T) -> String {
    let mut line = serde_json::to_string(data).unwrap_or_default();
    line.push('\n');
    line
}
