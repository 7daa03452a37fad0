//! The shapes of messages that programs give. They are read by `letter`; here they are only described.

use super::shape::Spec;
use schemars::JsonSchema;
use std::collections::BTreeMap;

/// What an address for programs that send does, when it is one of this API's own.
pub(crate) fn spec(path: &str) -> Option<Spec> {
    match path {
        "/api/v1/messages" => {
            Some(Spec::new("messages", "send_message").takes_letters::<LetterBody>().accepts::<Taken>(&[200]))
        }
        "/api/v1/messages/batch" => Some(
            Spec::new("messages", "send_messages")
                .takes_letters::<Vec<LetterBody>>()
                .accepts::<Vec<Taken>>(&[207]),
        ),
        _ => None,
    }
}

/// A file that goes along.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes what another crate reads")]
struct Attachment {
    /// Its name.
    filename: Option<String>,
    /// Its content, in base64.
    content: String,
    /// Its type, such as `application/pdf`.
    content_type: Option<String>,
    /// The id by which the HTML shows it: `cid:ID`.
    content_id: Option<String>,
}

/// One address or several, as `anne@example.org`, `Anne <anne@example.org>`, or `{email, name}`.
#[derive(JsonSchema)]
#[schemars(transparent)]
#[expect(dead_code, reason = "it describes what another crate reads")]
struct Addresses(serde_json::Value);

/// A message to be sent.
#[derive(JsonSchema)]
#[schemars(rename = "NewMessage")]
#[expect(dead_code, reason = "it describes what another crate reads")]
struct LetterBody {
    /// From whom.
    from: Addresses,
    /// To whom.
    to: Option<Addresses>,
    /// To whom else.
    cc: Option<Addresses>,
    /// To whom else, seen by nobody.
    bcc: Option<Addresses>,
    /// Where answers go.
    reply_to: Option<Addresses>,
    /// The subject.
    subject: Option<String>,
    /// The text as HTML.
    html: Option<String>,
    /// The text.
    text: Option<String>,
    /// Further headers.
    headers: Option<BTreeMap<String, String>>,
    /// Files that go along.
    attachments: Option<Vec<Attachment>>,
    /// Words by which the message is found again.
    tags: Option<Vec<String>>,
    /// What the program wants to have kept with the message.
    metadata: Option<BTreeMap<String, String>>,
    /// When it leaves (RFC 3339).
    send_at: Option<String>,
    /// The seconds in which it can be taken back.
    undo_seconds: Option<u32>,
    /// Through which relay.
    relay: Option<String>,
    /// Whether everything is checked and nothing is kept.
    dry_run: Option<bool>,
}

/// A recipient of a message that was taken.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes what another crate writes")]
struct TakenRecipient {
    /// The address.
    email: String,
    /// `queued`, `scheduled` or `checked`.
    status: String,
}

/// A message that was taken; of several, one that was not has `error` alone.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes what another crate writes")]
struct Taken {
    /// Its id; absent when it was only checked.
    id: Option<String>,
    /// Its `Message-ID:`.
    message_id: Option<String>,
    /// `queued`, `scheduled` or `checked`.
    status: Option<String>,
    /// The recipients.
    recipients: Option<Vec<TakenRecipient>>,
    /// When it leaves (RFC 3339), when that is later.
    release_at: Option<String>,
    /// Until when it can be taken back (RFC 3339).
    undo_until: Option<String>,
}
