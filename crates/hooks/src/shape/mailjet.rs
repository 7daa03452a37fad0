//! Mailjet's shape. It has no word for a message that was accepted, and one for a message that waits only when a greylist
//! is the cause.

use super::postmark::details;
use crate::scene::{Class, Scene};
use crate::word::Word;
use explain::CauseId;
use serde_json::{Value, json};

/// What a program calls the message.
const CUSTOM_ID: &str = "CustomID";

pub(super) fn word(scene: &Scene<'_>) -> Option<&'static str> {
    Some(match (scene.word, scene.recipient?) {
        (Word::Delivered, _) => "sent",
        (Word::Bounced, _) if scene.class() == Class::Blocked => "blocked",
        (Word::Bounced | Word::Failed, _) => "bounce",
        (Word::Deferred, _) if scene.cause == Some(CauseId::GREYLISTED) => "bounce",
        _ => return None,
    })
}

pub(super) fn body(scene: &Scene<'_>) -> Option<Value> {
    let (event, row) = (word(scene)?, scene.recipient?);
    let mut object = json!({
        "event": event,
        "time": scene.at.secs(),
        "MessageID": scene.number(),
        "Message_GUID": scene.uuid(),
        "email": row.address,
        "mj_campaign_id": 0,
        "mj_contact_id": 0,
        "customcampaign": scene.tags().first().map_or("", String::as_str),
        "CustomID": scene.metadatum(CUSTOM_ID).unwrap_or_default(),
        "Payload": scene.payload("EventPayload", &[CUSTOM_ID]).unwrap_or_default(),
    });
    let more = if event == "sent" {
        json!({ "mj_message_id": scene.number().to_string(), "smtp_reply": scene.said })
    } else {
        let (related, error) = match scene.class() {
            _ if scene.word == Word::Deferred => ("domain", "greylisted"),
            Class::Dead => ("recipient", "user unknown"),
            Class::Blocked => ("spam", "sender blocked"),
            Class::Expired => ("mailjet", "relay/access denied"),
            Class::Soft => ("recipient", "mailbox inactive"),
        };
        json!({
            "blocked": event == "blocked",
            "hard_bounce": scene.class() == Class::Dead && scene.word != Word::Deferred,
            "error_related_to": related,
            "error": error,
            "comment": details(scene),
        })
    };
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    Some(object)
}
