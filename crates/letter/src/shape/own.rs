//! Our own shape: small words, addresses as one likes to write them.

use super::fields::Fields;
use super::{Answer, Call, Failure, Order, Outcome, Receipt, listed};
use crate::Letter;
use crate::wrong::{Kind, Problem, Wrong};
use mail::Timestamp;
use serde_json::{Value, json};

/// The fields of an address that is written as an object.
const PERSON: (&str, &str) = ("email", "name");

pub(super) fn read(call: Call, value: Value, now: Timestamp) -> Result<Order, Wrong> {
    match call {
        Call::One => Ok(Order::one(letter(String::new(), value, now)?)),
        Call::Many => Ok(Order::many(listed(value, |at, value| letter(at, value, now))?, false)),
    }
}

fn letter(at: String, value: Value, now: Timestamp) -> Result<Letter, Wrong> {
    let mut fields = Fields::of(at, value)?;
    let mut letter = Letter::of(fields.author("from", PERSON)?);
    letter.to = fields.people("to", PERSON)?;
    letter.cc = fields.people("cc", PERSON)?;
    letter.bcc = fields.people("bcc", PERSON)?;
    letter.reply_to = fields.people("reply_to", PERSON)?;
    letter.subject = fields.text("subject")?.unwrap_or_default();
    letter.html = fields.text("html")?;
    letter.text = fields.text("text")?;
    letter.headers = fields.header("headers")?;
    for attachment in fields.objects("attachments")? {
        let names = ["filename", "content_type", "content", "content_id"];
        letter.attachments.push(attachment.attachment(names)?);
    }
    letter.tags = fields.texts("tags")?;
    letter.metadata = fields.words("metadata")?;
    letter.send_at = fields.moment("send_at", now)?;
    letter.undo_seconds = match fields.number("undo_seconds")? {
        None => None,
        Some(secs) => {
            let bad = |_| fields.wrong("undo_seconds", Problem::Kind(Kind::Number));
            Some(u32::try_from(secs).map_err(bad)?)
        }
    };
    letter.relay = fields.text("relay")?.filter(|name| !name.is_empty());
    letter.dry_run = fields.flag("dry_run")?;
    fields.end()?;
    Ok(letter)
}

/// `200` for what was only checked, `202` for what is on disk and will leave.
pub(super) fn answer(order: &Order, outcomes: &[Outcome]) -> Answer {
    let letters = order.items.iter().map(|item| item.letter.as_ref().ok());
    let mut parts = letters.zip(outcomes).map(|(letter, outcome)| match outcome {
        Ok(receipt) => taken(letter, receipt),
        Err(failure) => json!({ "error": self::failure(failure) }),
    });
    if order.is_list {
        return Answer::new(if outcomes.iter().all(Result::is_ok) { 202 } else { 207 }, parts.collect());
    }
    let is_checked = outcomes.iter().flatten().all(|receipt| receipt.id.is_none());
    match super::first_failure(outcomes) {
        Some(failure) => Answer::new(failure.blame.status(), self::failure(failure)),
        None => Answer::new(if is_checked { 200 } else { 202 }, parts.next().unwrap_or_default()),
    }
}

fn taken(letter: Option<&Letter>, receipt: &Receipt) -> Value {
    let status = match (receipt.id, receipt.release_at) {
        (None, _) => "checked",
        (Some(_), Some(_)) => "scheduled",
        (Some(_), None) => "queued",
    };
    let addresses = letter.map(Letter::recipients).unwrap_or_default();
    let recipients: Vec<Value> =
        addresses.iter().map(|address| json!({ "email": address.to_string(), "status": status })).collect();
    let moment = receipt.release_at.map(Timestamp::rfc3339);
    json!({
        "id": receipt.id,
        "message_id": receipt.message_id,
        "status": status,
        "recipients": recipients,
        "release_at": moment,
        "undo_until": moment,
    })
}

/// The words alone: whoever answers over HTTP adds the explanation.
pub(super) fn failure(failure: &Failure) -> Value {
    json!({ "code": code(failure), "message": failure.message, "field": failure.field })
}

fn code(failure: &Failure) -> &'static str {
    use super::Blame;
    match failure.blame {
        Blame::Field if failure.is_missing => "missing",
        Blame::Field => "invalid",
        Blame::Form => "malformed",
        Blame::Key => "unauthorized",
        Blame::Rights => "forbidden",
        Blame::Sender => "sender_not_owned",
        Blame::Nothing => "not_found",
        Blame::Method => "method",
        Blame::Size => "too_large",
        Blame::Pace => "too_many_requests",
        Blame::Twice => "idempotency_conflict",
        Blame::Late => "too_late",
        Blame::Server => "unavailable",
    }
}
