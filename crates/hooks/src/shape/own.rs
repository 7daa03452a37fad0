//! Our own shape: nothing is abbreviated, and the cause comes with its explanation in both languages.

use crate::scene::Scene;
use mail::Language;
use serde_json::{Value, json};
use store::RecipientRow;

/// The most recipients that are listed of a message for which an event stands as a whole.
const MOST_LISTED: usize = 1_000;

pub(super) fn body(scene: &Scene<'_>) -> Value {
    let one = |row: &RecipientRow| json!({ "email": row.address, "index": row.index });
    let message = scene.message.map(|message| {
        json!({
            "id": message.public_id,
            "queue_id": message.id,
            "message_id": message.message_id,
            "from": scene.from(),
            "subject": message.extras.subject,
            "tags": message.extras.tags,
            "metadata": message.extras.metadata,
            "received_at": message.received_at.rfc3339(),
            "recipient_count": message.recipients.len(),
        })
    });
    let recipients = match (scene.recipient, scene.message) {
        (None, Some(_)) => Some(scene.recipients().take(MOST_LISTED).map(one).collect::<Vec<_>>()),
        _ => None,
    };
    let explained = scene
        .cause
        .map(|_| json!({ "fr": scene.explained(Language::Fr), "en": scene.explained(Language::En) }));
    json!({
        "id": scene.id,
        "type": scene.word.as_str(),
        "created_at": scene.at.rfc3339(),
        "data": {
            "message": message,
            "recipient": scene.recipient.map(one),
            "recipients": recipients,
            "relay": scene.relay,
            "attempts": scene.attempts,
            "reply": Some(&scene.said).filter(|said| !said.is_empty()),
            "status": scene.status(),
            "cause": scene.cause.map(|cause| cause.to_string()),
            "explain": explained,
        },
    })
}
