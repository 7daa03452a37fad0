//! SendGrid's shape: `POST /v3/mail/send`. Each personalization is a message of its own.

use super::fields::{Fields, bare_id};
use super::{Answer, Blame, Failure, Item, LETTERS, Order, Outcome, first_failure};
use crate::wrong::{Problem, Wrong};
use crate::{Attachment, Letter};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PERSON: (&str, &str) = ("email", "name");

pub(super) fn read(value: Value) -> Result<Order, Wrong> {
    let mut fields = Fields::of("", value)?;
    let personalizations = fields.objects("personalizations")?;
    if personalizations.is_empty() {
        return Err(fields.wrong("personalizations", Problem::Missing));
    }
    if personalizations.len() > LETTERS {
        return Err(fields.wrong("personalizations", Problem::TooMany(LETTERS)));
    }
    let common = common(&mut fields)?;
    fields.end()?;
    let mut items = Vec::new();
    for personalization in personalizations {
        items.push(Item { letter: Ok(personal(common.clone(), personalization)?), label: None });
    }
    Ok(Order { items, is_whole: true, once: None, is_list: false })
}

/// What all messages of the request share.
fn common(fields: &mut Fields) -> Result<Letter, Wrong> {
    let mut letter = Letter::of(fields.author("from", PERSON)?);
    letter.reply_to = fields.people("reply_to", PERSON)?;
    letter.reply_to.extend(fields.people("reply_to_list", PERSON)?);
    letter.subject = fields.text("subject")?.unwrap_or_default();
    for mut content in fields.objects("content")? {
        let (media, value) = (content.needed("type")?, content.text("value")?.unwrap_or_default());
        let place = match media.split(';').next().unwrap_or_default().trim() {
            "text/plain" => &mut letter.text,
            "text/html" => &mut letter.html,
            _ => return Err(content.wrong("type", Problem::NotOffered)),
        };
        *place = Some(value);
        content.end()?;
    }
    for attachment in fields.objects("attachments")? {
        letter.attachments.push(attached(attachment)?);
    }
    letter.headers = fields.header("headers")?;
    letter.tags = fields.texts("categories")?;
    letter.metadata = fields.words("custom_args")?;
    letter.send_at = fields.moment("send_at", mail::Timestamp(0))?;
    settings(fields, &mut letter)?;
    fields.unasked(&["template_id", "batch_id", "asm", "ip_pool_name", "sections"])?;
    Ok(letter)
}

fn attached(mut fields: Fields) -> Result<Attachment, Wrong> {
    let disposition = fields.text("disposition")?.unwrap_or_default();
    let id = fields.text("content_id")?.map(|id| bare_id(&id)).filter(|id| !id.is_empty());
    let mut file = fields.attachment(["filename", "type", "content", ""])?;
    // SendGrid shows a file in the text only when it is said to be inline.
    file.content_id = id.filter(|_| disposition == "inline");
    Ok(file)
}

fn settings(fields: &mut Fields, letter: &mut Letter) -> Result<(), Wrong> {
    fields.pass(&["tracking_settings"]);
    let Some(mut settings) = fields.object("mail_settings")? else { return Ok(()) };
    if let Some(mut sandbox) = settings.object("sandbox_mode")? {
        letter.dry_run = sandbox.flag("enable")?;
        sandbox.end()?;
    }
    // Nobody is kept from writing to an address here, so there is nothing to go round.
    settings.pass(&[
        "bypass_list_management",
        "bypass_spam_management",
        "bypass_bounce_management",
        "bypass_unsubscribe_management",
    ]);
    for key in ["footer", "spam_check", "bcc", "forward_spam"] {
        if let Some(mut setting) = settings.object(key)? {
            setting.unasked(&["enable"])?;
        }
    }
    settings.end()
}

/// The message of one personalization: what it says itself comes before what all share.
fn personal(mut letter: Letter, mut fields: Fields) -> Result<Letter, Wrong> {
    letter.to = fields.people("to", PERSON)?;
    letter.cc = fields.people("cc", PERSON)?;
    letter.bcc = fields.people("bcc", PERSON)?;
    if let Some(from) = fields.people("from", PERSON)?.into_iter().next() {
        letter.from = from;
    }
    if let Some(subject) = fields.text("subject")?.filter(|subject| !subject.is_empty()) {
        letter.subject = subject;
    }
    for (name, value) in fields.header("headers")? {
        letter.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        letter.headers.push((name, value));
    }
    letter.metadata.extend(fields.words("custom_args")?);
    letter.send_at = fields.moment("send_at", mail::Timestamp(0))?.or(letter.send_at);
    fields.unasked(&["dynamic_template_data"])?;
    substitute(&mut letter, &fields.words("substitutions")?);
    fields.end()?;
    Ok(letter)
}

fn substitute(letter: &mut Letter, words: &BTreeMap<String, String>) {
    let texts = [Some(&mut letter.subject), letter.text.as_mut(), letter.html.as_mut()];
    for text in texts.into_iter().flatten() {
        for (gap, word) in words.iter().filter(|(gap, _)| !gap.is_empty()) {
            *text = text.replace(gap, word);
        }
    }
}

/// `202` with an empty body, and the id in a header; `200` for the sandbox.
pub(super) fn answer(outcomes: &[Outcome]) -> Answer {
    if let Some(failure) = first_failure(outcomes) {
        return self::failure(failure);
    }
    let first = outcomes.iter().flatten().next();
    let is_checked = first.is_some_and(|receipt| receipt.id.is_none());
    Answer {
        status: if is_checked { 200 } else { 202 },
        body: Value::Null,
        id: first.and_then(|receipt| receipt.id).map(|id| id.to_string()),
    }
}

pub(super) fn failure(failure: &Failure) -> Answer {
    let status = if failure.blame == Blame::Field { 400 } else { failure.blame.status() };
    let field = (!failure.field.is_empty()).then_some(&failure.field);
    Answer::new(status, json!({ "errors": [{ "message": failure.message, "field": field, "help": null }] }))
}
