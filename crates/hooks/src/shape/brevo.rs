//! Brevo's shape: an object for each recipient.

use super::plain_date;
use super::postmark::{details, number_of};
use crate::scene::{Class, Scene};
use crate::word::Word;
use serde_json::{Value, json};
use store::RecipientRow;

/// What a program wants to hear again, under the name of the header by which it says so.
const CUSTOM: &str = "X-Mailin-custom";

pub(super) fn word(scene: &Scene<'_>) -> Option<&'static str> {
    Some(match scene.word {
        Word::Queued => "request",
        Word::Delivered => "delivered",
        Word::Deferred => "deferred",
        Word::Bounced => match scene.class() {
            Class::Dead => "hard_bounce",
            Class::Blocked => "blocked",
            Class::Soft | Class::Expired => "soft_bounce",
        },
        Word::Failed => "error",
        _ => return None,
    })
}

pub(super) fn body(scene: &Scene<'_>, row: &RecipientRow) -> Option<Value> {
    let event = word(scene)?;
    let mut object = json!({
        "event": event,
        "email": row.address,
        "id": number_of(&scene.id),
        "date": plain_date(scene.at),
        "ts": scene.at.secs(),
        "ts_event": scene.at.secs(),
        "ts_epoch": scene.at.0,
        "message-id": scene.message_id(),
        "subject": scene.subject(),
        "tags": scene.tags(),
        "sender_email": scene.from(),
        "reason": if scene.word == Word::Queued { String::new() } else { details(scene) },
    });
    if let (Value::Object(object), Some(custom)) = (&mut object, scene.payload(CUSTOM, &[])) {
        object.insert(CUSTOM.to_owned(), custom.into());
    }
    Some(object)
}
