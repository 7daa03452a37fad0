//! Resend's shape: `POST /emails`, `POST /emails/batch`.

use super::fields::{Fields, bare_id};
use super::{Answer, Blame, Call, Failure, Order, Outcome, first_failure, listed};
use crate::Letter;
use crate::wrong::Wrong;
use mail::Timestamp;
use serde_json::{Value, json};

const TAGS: &str = "X-Tags";
const METADATA: &str = "X-Metadata";
const PERSON: (&str, &str) = ("email", "name");

pub(super) fn read(call: Call, value: Value, now: Timestamp) -> Result<Order, Wrong> {
    match call {
        Call::One => Ok(Order::one(letter(String::new(), value, now)?)),
        Call::Many => Ok(Order::many(listed(value, |at, value| letter(at, value, now))?, true)),
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
    remembered(&mut letter);
    for mut attachment in fields.objects("attachments")? {
        // A file that is to be fetched from elsewhere.
        attachment.unasked(&["path"])?;
        let older = attachment.text("inline_content_id")?;
        let mut file = attachment.attachment(["filename", "content_type", "content", "content_id"])?;
        file.content_id = file.content_id.or(older.map(|id| bare_id(&id)).filter(|id| !id.is_empty()));
        letter.attachments.push(file);
    }
    for mut tag in fields.objects("tags")? {
        let (name, value) = (tag.needed("name")?, tag.text("value")?.unwrap_or_default());
        tag.end()?;
        letter.metadata.insert(name, value);
    }
    letter.send_at = fields.moment("scheduled_at", now)?;
    fields.unasked(&["template", "topic_id"])?;
    fields.end()?;
    Ok(letter)
}

/// Libraries put tags and metadata that Resend's tags have no letters for into header fields. They stay there, and are
/// remembered for news of the message.
fn remembered(letter: &mut Letter) {
    for (name, value) in &letter.headers {
        if name.eq_ignore_ascii_case(TAGS) {
            letter.tags = serde_json::from_str(value).unwrap_or_default();
        } else if name.eq_ignore_ascii_case(METADATA) {
            letter.metadata.insert(METADATA.to_owned(), value.clone());
        }
    }
}

pub(super) fn answer(order: &Order, outcomes: &[Outcome]) -> Answer {
    let id = |receipt: &super::Receipt| json!({ "id": receipt.uuid() });
    if !order.is_list {
        return match outcomes.first() {
            Some(Ok(receipt)) => Answer::new(200, id(receipt)),
            Some(Err(failure)) => self::failure(failure),
            None => Answer::new(200, Value::Null),
        };
    }
    if let Some(failure) = first_failure(outcomes).filter(|_| order.is_whole) {
        return self::failure(failure);
    }
    let data: Vec<Value> = outcomes.iter().flatten().map(id).collect();
    let failed = outcomes.iter().enumerate().filter_map(|(index, outcome)| {
        Some(json!({ "index": index, "message": outcome.as_ref().err()?.message }))
    });
    let errors: Vec<Value> = failed.collect();
    let body =
        if order.is_whole { json!({ "data": data }) } else { json!({ "data": data, "errors": errors }) };
    Answer::new(200, body)
}

pub(super) fn failure(failure: &Failure) -> Answer {
    let name = match failure.blame {
        Blame::Field if failure.is_missing => "missing_required_field",
        Blame::Field if failure.field.contains("attachments") => "invalid_attachment",
        Blame::Field | Blame::Form | Blame::Sender => "validation_error",
        Blame::Key => "missing_api_key",
        Blame::Rights => "invalid_access",
        Blame::Nothing => "not_found",
        Blame::Method => "method_not_allowed",
        Blame::Size => "validation_error",
        Blame::Pace => "rate_limit_exceeded",
        Blame::Twice => "invalid_idempotent_request",
        Blame::Late => "validation_error",
        Blame::Server => "application_error",
    };
    let status = failure.blame.status();
    Answer::new(status, json!({ "statusCode": status, "name": name, "message": failure.message }))
}
