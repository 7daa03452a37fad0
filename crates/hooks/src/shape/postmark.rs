//! Postmark's shape: `Delivery` and `Bounce`; a message that waits is a bounce of its type `Transient`.

use crate::scene::{Class, Scene};
use crate::word::Word;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const fn has(scene: &Scene<'_>) -> bool {
    matches!(scene.word, Word::Delivered | Word::Deferred | Word::Bounced | Word::Failed)
        && scene.recipient.is_some()
}

pub(super) fn body(scene: &Scene<'_>) -> Option<Value> {
    let row = scene.recipient.filter(|_| has(scene))?;
    if scene.word == Word::Delivered {
        return Some(json!({
            "RecordType": "Delivery",
            "MessageID": scene.uuid(),
            "Recipient": row.address,
            "DeliveredAt": scene.at.rfc3339(),
            "Details": scene.said,
            "Tag": scene.tags().first().map_or("", String::as_str),
            "ServerID": 0,
            "Metadata": scene.metadata().collect::<BTreeMap<_, _>>(),
            "MessageStream": "outbound",
        }));
    }
    let (kind, code, name, description) = match (scene.word, scene.class()) {
        (Word::Deferred, _) => (
            "Transient",
            2,
            "Message delayed",
            "The server could not deliver the message yet, and tries again.",
        ),
        (_, Class::Dead) => (
            "HardBounce",
            1,
            "Hard bounce",
            "The server was unable to deliver your message (ex: unknown user).",
        ),
        (_, Class::Blocked) => {
            ("Blocked", 100_006, "ISP block", "Blocked from this ISP due to content or blacklisting.")
        }
        (_, Class::Soft | Class::Expired) => {
            ("SoftBounce", 4_096, "Soft bounce", "Unable to temporarily deliver message (i.e. mailbox full).")
        }
    };
    Some(json!({
        "RecordType": "Bounce",
        "ID": number_of(&scene.id),
        "Type": kind,
        "TypeCode": code,
        "Name": name,
        "Description": description,
        "Details": details(scene),
        "MessageID": scene.uuid(),
        "Email": row.address,
        "From": scene.from(),
        "BouncedAt": scene.at.rfc3339(),
        "Inactive": false,
        "DumpAvailable": false,
        "CanActivate": false,
        "Subject": scene.subject(),
        "Tag": scene.tags().first().map_or("", String::as_str),
        "ServerID": 0,
        "Metadata": scene.metadata().collect::<BTreeMap<_, _>>(),
        "MessageStream": "outbound",
    }))
}

/// What the other server said; where none said anything, our own explanation.
pub(super) fn details(scene: &Scene<'_>) -> String {
    let own = || scene.explained(mail::Language::En).unwrap_or_default();
    if scene.said.is_empty() { own() } else { scene.said.clone() }
}

/// A number for shapes whose events have one: of the event's own number.
pub(super) fn number_of(id: &str) -> i64 {
    let digits =
        id.strip_prefix("evt_").and_then(|hex| hex.len().checked_sub(12).and_then(|end| hex.get(..end)));
    digits.and_then(|hex| i64::from_str_radix(hex, 16).ok()).unwrap_or_default()
}
