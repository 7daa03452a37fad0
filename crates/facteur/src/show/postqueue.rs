//! The queue as `postqueue -j` prints it: a JSON object a line, Postfix's members and ours.
//!
//! Programs that read it ignore members that they do not know (postqueue(1)), so ours stand beside Postfix's.

use super::Reader;
use super::mailq::{queue_name, sender};
use super::reason::Names;
use control::QueuePage;
use mail::Timestamp;
use serde::Serialize;
use store::{MessageRow, RecipientRow};

#[derive(Serialize)]
struct Message<'a> {
    queue_name: &'static str,
    queue_id: String,
    arrival_time: i64,
    message_size: u64,
    forced_expire: bool,
    sender: String,
    recipients: Vec<Recipient<'a>>,
    public_id: String,
    message_id: &'a str,
}

#[derive(Serialize)]
struct Recipient<'a> {
    address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<explain::Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relay: Option<&'a str>,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<i64>,
    expires: i64,
}

/// The lines of a page.
pub fn json_lines(page: &QueuePage, reader: &Reader) -> String {
    let mut text = String::new();
    for row in &page.rows {
        text += &serde_json::to_string(&message(row, Names::of(page), reader)).unwrap_or_default();
        text.push('\n');
    }
    text
}

fn message<'a>(row: &'a MessageRow, names: Names<'a>, reader: &Reader) -> Message<'a> {
    let open = row.recipients.iter().filter(|recipient| !recipient.state.is_final());
    Message {
        queue_name: queue_name(row),
        queue_id: row.id.to_string(),
        arrival_time: row.received_at.secs(),
        message_size: row.bytes,
        forced_expire: false,
        sender: sender(row),
        recipients: open.map(|recipient| self::recipient(recipient, names, reader)).collect(),
        public_id: row.public_id.to_string(),
        message_id: &row.message_id,
    }
}

fn recipient<'a>(row: &'a RecipientRow, names: Names<'a>, reader: &Reader) -> Recipient<'a> {
    let reason = names.reason(row, reader);
    Recipient {
        address: &row.address,
        delay_reason: reason.as_ref().map(|reason| reason.raw.clone()).filter(|raw| !raw.is_empty()),
        cause: reason.as_ref().map(|reason| reason.cause.to_string()),
        explanation: reason.map(|reason| reason.words),
        relay: Some(names.relay(row)).filter(|name| !name.is_empty()),
        attempts: row.attempts,
        next_attempt: names.next_attempt(row).map(Timestamp::secs),
        expires: row.expires_at.secs(),
    }
}
