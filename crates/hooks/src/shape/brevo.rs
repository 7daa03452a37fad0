//! Brevo's shape: an object for each recipient.

use super::plain_date;
use super::postmark::{details, number_of};
use crate::scene::{Class, Scene};
use crate::word::Word;
use serde_json::{Value, json};
use store::RecipientRow;

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
    Some(json!({
        "event": event,
        "email": row.address,
        "id": number_of(&scene.id),
        "date": plain_date(scene.at),
        "ts": scene.at.secs(),
        "ts_event": scene.at.secs(),
        "ts_epoch": scene.at.0,
        "message-id": scene.message_id(),
        "subject": "",
        "tags": [],
        "sender_email": scene.from(),
        "reason": if scene.word == Word::Queued { String::new() } else { details(scene) },
    }))
}
