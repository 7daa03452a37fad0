//! SendGrid's shape: an array with an object for each recipient.

use super::postmark::details;
use crate::scene::{Class, Scene};
use crate::word::Word;
use serde_json::{Value, json};
use store::RecipientRow;

pub(super) const fn word(word: Word) -> Option<&'static str> {
    Some(match word {
        Word::Queued => "processed",
        Word::Delivered => "delivered",
        Word::Deferred => "deferred",
        Word::Bounced => "bounce",
        Word::Failed | Word::Cancelled => "dropped",
        _ => return None,
    })
}

pub(super) fn body(scene: &Scene<'_>) -> Option<Value> {
    let event = word(scene.word)?;
    let one = |row: &RecipientRow| {
        let mut object = json!({
            "email": row.address,
            "timestamp": scene.at.secs(),
            "smtp-id": scene.message_id(),
            "event": event,
            "category": scene.tags(),
            "sg_event_id": format!("{}.{}", scene.id, row.index),
            "sg_message_id": format!("{}.facteur", scene.public_id()),
        });
        let more = match event {
            "delivered" => json!({ "response": scene.said }),
            "deferred" => json!({ "response": details(scene), "attempt": scene.attempts.to_string() }),
            "bounce" => json!({
                "reason": details(scene),
                "status": scene.status().unwrap_or_default(),
                "type": if scene.class() == Class::Blocked { "blocked" } else { "bounce" },
                "bounce_classification": classification(scene.class()),
            }),
            "dropped" => json!({ "reason": details(scene), "status": scene.status().unwrap_or_default() }),
            _ => json!({}),
        };
        if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
            object.extend(more);
            // What a program wants to hear again stands among the fields, and takes the place of none.
            for (name, value) in scene.metadata() {
                object.entry(name).or_insert_with(|| value.into());
            }
        }
        object
    };
    Some(Value::Array(scene.recipients().map(one).collect()))
}

const fn classification(class: Class) -> &'static str {
    match class {
        Class::Dead => "Invalid Address",
        Class::Blocked => "Reputation",
        Class::Soft => "Mailbox Unavailable",
        Class::Expired => "Unclassified",
    }
}
