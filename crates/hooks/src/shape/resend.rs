//! Resend's shape.

use super::postmark::details;
use crate::scene::{Class, Scene};
use crate::word::Word;
use serde_json::{Value, json};

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
        "subject": "",
        "message_id": scene.message_id(),
        "headers": [],
        "tags": {},
    });
    let more = match scene.word {
        Word::Bounced => json!({ "bounce": {
            "message": details(scene),
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

const fn bounce(class: Class) -> &'static str {
    match class {
        Class::Dead | Class::Blocked => "Permanent",
        Class::Soft => "Undetermined",
        Class::Expired => "Transient",
    }
}
