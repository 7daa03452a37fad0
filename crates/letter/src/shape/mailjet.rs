//! Mailjet's shape: `POST /v3.1/send`.

use super::fields::Fields;
use super::{Answer, Blame, Failure, Item, LETTERS, Order, Outcome, Receipt};
use crate::wrong::{Problem, Wrong};
use crate::{Letter, Party};
use serde_json::{Map, Value, json};

const PERSON: (&str, &str) = ("Email", "Name");
/// The names under which what a program wants to hear again is kept.
const CUSTOM_ID: &str = "CustomID";
const PAYLOAD: &str = "EventPayload";

pub(super) fn read(value: Value) -> Result<Order, Wrong> {
    let mut fields = Fields::of("", value)?;
    let is_tried = fields.flag("SandboxMode")?;
    fields.pass(&["AdvanceErrorHandling"]);
    let common = fields.object("Globals")?.map(Fields::into_values).unwrap_or_default();
    let messages = fields.list("Messages")?;
    fields.end()?;
    if messages.is_empty() {
        return Err(Wrong::new("Messages", Problem::Missing));
    }
    if messages.len() > LETTERS {
        return Err(Wrong::new("Messages", Problem::TooMany(LETTERS)));
    }
    let item = |(at, value)| {
        let mut letter = letter(at, with(&common, value));
        if let Ok(letter) = &mut letter {
            letter.dry_run = is_tried;
        }
        let label = letter.as_ref().ok().and_then(|letter| letter.metadata.get(CUSTOM_ID).cloned());
        Item { letter, label }
    };
    Ok(Order { items: messages.into_iter().map(item).collect(), is_whole: false, once: None, is_list: true })
}

/// A message over what all share.
fn with(common: &Map<String, Value>, value: Value) -> Value {
    match value {
        Value::Object(own) => {
            let mut whole = common.clone();
            whole.extend(own);
            Value::Object(whole)
        }
        other => other,
    }
}

fn letter(at: String, value: Value) -> Result<Letter, Wrong> {
    let mut fields = Fields::of(at, value)?;
    let mut letter = Letter::of(fields.author("From", PERSON)?);
    letter.to = fields.people("To", PERSON)?;
    letter.cc = fields.people("Cc", PERSON)?;
    letter.bcc = fields.people("Bcc", PERSON)?;
    letter.reply_to = fields.people("ReplyTo", PERSON)?;
    letter.subject = fields.text("Subject")?.unwrap_or_default();
    letter.text = fields.text("TextPart")?.filter(|text| !text.is_empty());
    letter.html = fields.text("HTMLPart")?.filter(|text| !text.is_empty());
    letter.headers = fields.header("Headers")?;
    for key in ["Attachments", "InlinedAttachments"] {
        for attachment in fields.objects(key)? {
            let names = ["Filename", "ContentType", "Base64Content", "ContentID"];
            letter.attachments.push(attachment.attachment(names)?);
        }
    }
    for key in [CUSTOM_ID, PAYLOAD] {
        if let Some(text) = fields.text(key)?.filter(|text| !text.is_empty()) {
            letter.metadata.insert(key.to_owned(), text);
        }
    }
    letter.tags = fields.text("CustomCampaign")?.filter(|text| !text.is_empty()).into_iter().collect();
    template(&mut fields, &letter)?;
    fields.pass(&["TrackOpens", "TrackClicks", "Priority"]);
    fields.unasked(&["Sender", "TemplateID", "DeduplicateCampaign", "URLTags", "MonitoringCategory"])?;
    fields.end()?;
    Ok(letter)
}

/// The language of templates is taken where the text uses none of it: libraries switch it on without being asked.
fn template(fields: &mut Fields, letter: &Letter) -> Result<(), Wrong> {
    fields.pass(&["TemplateErrorReporting", "TemplateErrorDeliver"]);
    let is_template = fields.flag("TemplateLanguage")?;
    let texts = [Some(&letter.subject), letter.text.as_ref(), letter.html.as_ref()];
    let has_gaps = texts.into_iter().flatten().any(|text| text.contains("{{") || text.contains("{%"));
    if is_template && has_gaps {
        return Err(fields.wrong("TemplateLanguage", Problem::NotOffered));
    }
    fields.unasked(&["Variables"])
}

/// `200`, or `400` when a message was not taken: the others were, and each has its own status.
pub(super) fn answer(order: &Order, outcomes: &[Outcome]) -> Answer {
    let messages = order.items.iter().zip(outcomes).map(|(item, outcome)| match outcome {
        Ok(receipt) => taken(item, receipt),
        Err(failure) => json!({ "Status": "error", "CustomID": item.label, "Errors": [error(failure)] }),
    });
    let messages: Vec<Value> = messages.collect();
    let status = if outcomes.iter().all(Result::is_ok) { 200 } else { 400 };
    Answer::new(status, json!({ "Messages": messages }))
}

fn taken(item: &Item, receipt: &Receipt) -> Value {
    let one = |party: &Party| {
        json!({
            "Email": party.address.to_string(),
            "MessageUUID": receipt.uuid(),
            "MessageID": receipt.number,
            "MessageHref": format!("/api/v1/messages/{}", receipt.id.map(|id| id.to_string()).unwrap_or_default()),
        })
    };
    let all = |parties: &[Party]| parties.iter().map(one).collect::<Vec<_>>();
    let letter = item.letter.as_ref().ok();
    json!({
        "Status": "success",
        "CustomID": item.label.clone().unwrap_or_default(),
        "To": letter.map(|letter| all(&letter.to)).unwrap_or_default(),
        "Cc": letter.map(|letter| all(&letter.cc)).unwrap_or_default(),
        "Bcc": letter.map(|letter| all(&letter.bcc)).unwrap_or_default(),
    })
}

pub(super) fn failure(failure: &Failure) -> Answer {
    Answer::new(status(failure), error(failure))
}

const fn status(failure: &Failure) -> u16 {
    match failure.blame {
        Blame::Field => 400,
        other => other.status(),
    }
}

fn error(failure: &Failure) -> Value {
    let code = match failure.blame {
        Blame::Field if failure.is_missing => "mj-0003",
        Blame::Field => "mj-0004",
        Blame::Form => "mj-0002",
        Blame::Key | Blame::Rights => "mj-0001",
        Blame::Sender => "send-0008",
        _ => "mj-0015",
    };
    json!({
        "ErrorIdentifier": "",
        "ErrorCode": code,
        "StatusCode": status(failure),
        "ErrorMessage": failure.message,
        "ErrorRelatedTo": [failure.field],
    })
}
