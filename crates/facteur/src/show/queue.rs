//! The queue for people: a few words a message, and as JSON.

use super::reason::{Names, standing};
use super::{Reader, coming, moment};
use control::QueuePage;
use explain::Words;
use queue::Acted;
use serde::Serialize;
use store::{Act, MessageRow, RecipientRow};

/// How many recipients of a message are shown.
const RECIPIENTS_SHOWN: usize = 3;

/// A page of the queue: a line of facts a message, then why it waits.
pub fn queue(page: &QueuePage, reader: &Reader) -> String {
    if page.rows.is_empty() {
        return format!("{}\n", reader.phrases.say("queue-none"));
    }
    let names = Names::of(page);
    page.rows.iter().map(|row| message(row, names, reader)).collect::<Vec<_>>().join("\n")
}

/// That there is more behind what was shown.
pub fn queue_more(shown: usize, reader: &Reader) -> String {
    format!("\n{}\n", reader.phrases.fill("queue-more", [("count", shown.into())]))
}

fn message(row: &MessageRow, names: Names<'_>, reader: &Reader) -> String {
    let sender = row.from.address().map_or_else(|| "<>".to_owned(), ToString::to_string);
    let mut text = format!("{}  {}  {sender}\n", row.id, moment(row.received_at, reader));
    let mut shown: Option<(String, String)> = None;
    for recipient in row.recipients.iter().take(RECIPIENTS_SHOWN) {
        text += &format!("    → {}  {}", recipient.address, standing(recipient, reader));
        if let Some(at) = names.next_attempt(recipient) {
            text +=
                &format!(", {}", reader.phrases.fill("queue-next", [("when", coming(at, reader).into())]));
        }
        text.push('\n');
        let because = names.reason(recipient, reader).map(|reason| (reason.words.cause, reason.words.fix));
        // The same reason for each recipient is said once.
        if because.is_some() && because != shown {
            let (cause, fix) = because.clone().unwrap_or_default();
            text += &format!("      {cause}\n      {fix}\n");
            shown = because;
        }
    }
    let hidden = row.recipients.len().saturating_sub(RECIPIENTS_SHOWN);
    if hidden > 0 {
        text += &format!("    → {}\n", reader.phrases.fill("queue-others", [("count", hidden.into())]));
    }
    text
}

/// A message with the words that explain it.
#[derive(Serialize)]
struct MessageJson<'a> {
    #[serde(flatten)]
    row: &'a MessageRow,
    /// The recipients with their words, in the place of the bare ones.
    recipients: Vec<RecipientJson<'a>>,
}

/// A recipient with the words that explain it.
#[derive(Serialize)]
pub(super) struct RecipientJson<'a> {
    #[serde(flatten)]
    row: &'a RecipientRow,
    relay_name: &'a str,
    next_try_at: Option<i64>,
    reason: Option<ReasonJson>,
}

#[derive(Serialize)]
struct ReasonJson {
    cause: String,
    words: Words,
    raw: String,
}

impl<'a> RecipientJson<'a> {
    pub(super) fn of(row: &'a RecipientRow, names: Names<'a>, reader: &Reader) -> Self {
        let json = |reason: control::wording::Reason| ReasonJson {
            cause: reason.cause.to_string(),
            words: reason.words,
            raw: reason.raw,
        };
        Self {
            row,
            relay_name: names.relay(row),
            next_try_at: names.next_attempt(row).map(|at| at.0),
            reason: names.reason(row, reader).map(json),
        }
    }
}

/// A page of the queue for programs: the rows, each recipient with its reason.
pub fn queue_json(page: &QueuePage, reader: &Reader) -> Vec<serde_json::Value> {
    let names = Names::of(page);
    page.rows.iter().map(|row| message_json(row, names, reader)).collect()
}

pub(super) fn message_json(row: &MessageRow, names: Names<'_>, reader: &Reader) -> serde_json::Value {
    let recipients = row.recipients.iter().map(|one| RecipientJson::of(one, names, reader)).collect();
    serde_json::to_value(MessageJson { row, recipients }).unwrap_or_default()
}

/// What came of an act.
pub fn acted(act: Act, acted: &Acted, reader: &Reader) -> String {
    let key = control::wording::acted_key(act);
    let recipients = reader.phrases.fill("count-recipients", [("count", acted.recipients.into())]);
    let gaps = [("messages", acted.messages.into()), ("recipients", recipients.into())];
    let mut text = format!("{}\n", reader.phrases.fill(key, gaps));
    if acted.in_flight > 0 {
        let gaps = [("count", acted.in_flight.into())];
        text += &format!("{}\n", reader.phrases.fill("acted-in-flight", gaps));
    }
    text
}
