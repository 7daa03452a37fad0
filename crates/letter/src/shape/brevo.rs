//! Brevo's shape: `POST /v3/smtp/email`.

use super::fields::{Fields, printed};
use super::{Answer, Blame, Failure, Item, LETTERS, Order, Outcome, first_failure};
use crate::wrong::{Problem, Wrong};
use crate::{Letter, Party};
use mail::{Timestamp, decoded_words};
use serde_json::{Map, Value, json};

const PERSON: (&str, &str) = ("email", "name");
/// The header by which a program says that it only tries.
const SANDBOX: &str = "x-sib-sandbox";
/// The header that holds what a program wants to hear again.
const CUSTOM: &str = "x-mailin-custom";
/// The header, among those of the message, that makes a request the same one.
const ONCE: &str = "idempotencykey";

pub(super) fn read(value: Value, now: Timestamp) -> Result<Order, Wrong> {
    let mut fields = Fields::of("", value)?;
    let sender = fields.object("sender")?.ok_or_else(|| Wrong::new("sender", Problem::Missing))?;
    let mut letter = Letter::of(author(sender)?);
    people(&mut fields, &mut letter)?;
    written(&mut fields, &mut letter)?;
    let mut once = None;
    header(&mut fields, &mut letter, &mut once)?;
    for mut attachment in fields.objects("attachment")? {
        // A file that is to be fetched from elsewhere.
        attachment.unasked(&["url"])?;
        letter.attachments.push(attachment.attachment(["name", "", "content", ""])?);
    }
    letter.tags = fields.texts("tags")?;
    letter.send_at = fields.moment("scheduledAt", now)?;
    let params = fields.object("params")?.map(Fields::into_values).unwrap_or_default();
    let versions = fields.objects("messageVersions")?;
    fields.unasked(&["templateId", "batchId", "preheader"])?;
    fields.end()?;
    if versions.len() > LETTERS {
        return Err(Wrong::new("messageVersions", Problem::TooMany(LETTERS)));
    }
    let is_list = !versions.is_empty();
    let mut items = Vec::new();
    for version in versions {
        items.push(Item { letter: Ok(self::version(letter.clone(), version, &params)?), label: None });
    }
    if !is_list {
        fill(&mut letter, &params)?;
        items.push(Item { letter: Ok(letter), label: None });
    }
    Ok(Order { items, is_whole: true, once, is_list })
}

fn author(mut sender: Fields) -> Result<Party, Wrong> {
    sender.unasked(&["id"])?;
    let written = sender.needed("email")?;
    let parsed = written.trim().parse();
    let address = parsed.map_err(|_| sender.wrong("email", Problem::Address(written)))?;
    let name = sender.text("name")?.map(|name| decoded_words(name.as_bytes())).unwrap_or_default();
    sender.end()?;
    Ok(Party { name, address })
}

fn people(fields: &mut Fields, letter: &mut Letter) -> Result<(), Wrong> {
    for (key, place) in [
        ("to", &mut letter.to),
        ("cc", &mut letter.cc),
        ("bcc", &mut letter.bcc),
        ("replyTo", &mut letter.reply_to),
    ] {
        let found = fields.people(key, PERSON)?;
        if !found.is_empty() {
            *place = found;
        }
    }
    Ok(())
}

fn written(fields: &mut Fields, letter: &mut Letter) -> Result<(), Wrong> {
    if let Some(subject) = fields.text("subject")? {
        letter.subject = subject;
    }
    letter.html = fields.text("htmlContent")?.filter(|text| !text.is_empty()).or(letter.html.take());
    letter.text = fields.text("textContent")?.filter(|text| !text.is_empty()).or(letter.text.take());
    Ok(())
}

/// The fields of the header, and what programs put among them that is none.
fn header(fields: &mut Fields, letter: &mut Letter, once: &mut Option<String>) -> Result<(), Wrong> {
    for (name, value) in fields.header("headers")? {
        match name.to_ascii_lowercase().as_str() {
            ONCE => *once = Some(value),
            SANDBOX => letter.dry_run = value.eq_ignore_ascii_case("drop"),
            CUSTOM => {
                letter.metadata.insert(name, value);
            }
            lower => {
                letter.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(lower));
                letter.headers.push((name, value));
            }
        }
    }
    Ok(())
}

/// One version: what it says itself comes before what all share.
fn version(mut letter: Letter, mut fields: Fields, params: &Map<String, Value>) -> Result<Letter, Wrong> {
    people(&mut fields, &mut letter)?;
    written(&mut fields, &mut letter)?;
    header(&mut fields, &mut letter, &mut None)?;
    let mut params = params.clone();
    params.extend(fields.object("params")?.map(Fields::into_values).unwrap_or_default());
    fields.end()?;
    fill(&mut letter, &params)?;
    Ok(letter)
}

/// Puts the parameters into their gaps, `{{params.name}}`. Without parameters a text is no template, and stays as it is.
fn fill(letter: &mut Letter, params: &Map<String, Value>) -> Result<(), Wrong> {
    if params.is_empty() {
        return Ok(());
    }
    letter.subject = filled(&letter.subject, params)?;
    for text in [&mut letter.text, &mut letter.html].into_iter().flatten() {
        *text = filled(text, params)?;
    }
    Ok(())
}

fn filled(text: &str, params: &Map<String, Value>) -> Result<String, Wrong> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((gap, behind)) = after.split_once("}}") else { break };
        filled += before;
        let path = gap.trim().strip_prefix("params.").unwrap_or_default();
        let found = path.split('.').try_fold(None, |at: Option<&Value>, name| match at {
            None => params.get(name).map(Some),
            Some(value) => value.get(name).map(Some),
        });
        let word = found.flatten().cloned().and_then(printed);
        let problem = || Wrong::new("params", Problem::Gap(gap.trim().chars().take(80).collect()));
        filled += &word.ok_or_else(problem)?;
        rest = behind;
    }
    if rest.contains("{%") || filled.contains("{%") {
        return Err(Wrong::new("params", Problem::NotOffered));
    }
    Ok(filled + rest)
}

/// `201`, or `202` for what leaves later.
pub(super) fn answer(order: &Order, outcomes: &[Outcome]) -> Answer {
    if let Some(failure) = first_failure(outcomes) {
        return self::failure(failure);
    }
    let ids: Vec<&str> = outcomes.iter().flatten().map(|receipt| receipt.message_id.as_str()).collect();
    let is_later = order.items.iter().flat_map(|item| &item.letter).any(|letter| letter.send_at.is_some());
    let body = if order.is_list { json!({ "messageIds": ids }) } else { json!({ "messageId": ids.first() }) };
    Answer::new(if is_later { 202 } else { 201 }, body)
}

pub(super) fn failure(failure: &Failure) -> Answer {
    let code = match failure.blame {
        Blame::Field if failure.is_missing => "missing_parameter",
        Blame::Key => "unauthorized",
        Blame::Rights | Blame::Sender => "permission_denied",
        Blame::Nothing => "document_not_found",
        Blame::Method => "method_not_allowed",
        Blame::Twice => "duplicate_request",
        Blame::Pace => "too_many_requests",
        Blame::Server => "internal_error",
        Blame::Field | Blame::Form | Blame::Size | Blame::Late => "invalid_parameter",
    };
    let status = if failure.blame == Blame::Field { 400 } else { failure.blame.status() };
    Answer::new(status, json!({ "code": code, "message": failure.message }))
}
