//! Resend's shape.

use super::postmark::details;
use crate::scene::{Class, Scene};
use crate::word::Word;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TAGS: &str = "X-Tags";
const METADATA: &str = "X-Metadata";

pub(super) const fn word(word: Word) -> Option<&'static str> {
    Some(match word {
        Word::Queued => "email.sent",
        Word::Delivered => "email.delivered",
        Word::Deferred => "email.delivery_delayed",
        Word::Bounced => "email.bounced",
        Word::Failed => "email.failed",
        _ => return None,
    })
}

pub(super) fn body(scene: &Scene<'_>) -> Option<Value> {
    let kind = word(scene.word)?;
    let to: Vec<&str> = scene.recipients().map(|row| row.address.as_str()).collect();
    let mut data = json!({
        "email_id": scene.uuid(),
        "created_at": scene.message.map(|message| message.received_at.rfc3339()),
        "from": scene.from(),
        "to": to,
        "subject": scene.subject(),
        "message_id": scene.message_id(),
        "headers": headers(scene),
        "tags": tags(scene),
    });
    let more = match scene.word {
        Word::Bounced => json!({ "bounce": {
            "message": bounce_message(scene),
            "type": bounce(scene.class()),
            "subType": match scene.class() {
                Class::Dead => "NoEmail",
                Class::Blocked => "ContentRejected",
                Class::Soft | Class::Expired => "General",
            },
        }}),
        Word::Failed => json!({ "failed": { "reason": details(scene) } }),
        _ => json!({}),
    };
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    Some(json!({ "type": kind, "created_at": scene.at.rfc3339(), "data": data }))
}

/// The header fields by which libraries carry tags and metadata that have more letters than Resend's tags.
fn headers(scene: &Scene<'_>) -> Vec<Value> {
    let tags = (!scene.tags().is_empty()).then(|| json!(scene.tags()).to_string());
    let fields = [(TAGS, tags), (METADATA, scene.payload(METADATA, &[]))];
    let one = |(name, value): (&str, Option<String>)| Some(json!({ "name": name, "value": value? }));
    fields.into_iter().filter_map(one).collect()
}

fn tags<'a>(scene: &Scene<'a>) -> BTreeMap<&'a str, &'a str> {
    scene.metadata().filter(|(name, _)| !name.eq_ignore_ascii_case(METADATA)).collect()
}

/// What came back, in the words that receivers look for, with what the server said.
fn bounce_message(scene: &Scene<'_>) -> String {
    match scene.class() {
        Class::Expired => details(scene),
        Class::Dead | Class::Blocked | Class::Soft => {
            format!("The recipient's email provider sent a bounce message: {}", details(scene))
        }
    }
}

const fn bounce(class: Class) -> &'static str {
    match class {
        Class::Dead | Class::Blocked => "Permanent",
        Class::Soft => "Undetermined",
        Class::Expired => "Transient",
    }
}
