//! What the queue tells the mail log.

use super::MailLog;
use super::lines::{Taken, accepted, acted, expired, removed};
use crate::privileges;
use control::Registry;
use mail::{Clock, RecipientId, ReversePath};
use queue::{Letter, Trace, Witness};
use std::sync::Arc;
use store::Act;

/// How a local user is named in the place of a client.
const UID: &str = "uid ";

/// Writes down what the queue tells.
pub struct LogWitness {
    mail_log: Arc<MailLog>,
    registry: Arc<Registry>,
    clock: Clock,
    own_uid: u32,
}

impl LogWitness {
    /// A witness that writes into this log.
    pub fn new(mail_log: Arc<MailLog>, registry: Arc<Registry>, clock: Clock) -> Self {
        Self { mail_log, registry, clock, own_uid: privileges::own_uid() }
    }
}

impl LogWitness {
    /// The local user behind a message: who called, or whose site it is.
    fn uid(&self, letter: &Letter, trace: &Trace) -> u32 {
        let called = trace.helo.strip_prefix(UID).and_then(|uid| uid.parse().ok());
        called.or_else(|| self.registry.uid(letter.principal)).unwrap_or(self.own_uid)
    }
}

impl Witness for LogWitness {
    fn accepted(&self, letter: &Letter, message_id: &str, trace: &Trace, recipients: usize) {
        let name = self.registry.name(letter.principal);
        let taken = Taken {
            id: letter.id,
            client: trace.client,
            // RFC 3848: the A says that somebody signed in.
            login: name.as_deref().filter(|_| trace.protocol.ends_with('A')),
            uid: self.uid(letter, trace),
            about: letter.extras.about,
            from: &letter.from,
            message_id,
            bytes: letter.body_bytes + letter.added_headers.len() as u64,
            recipients,
        };
        self.mail_log.begin(letter.id, recipients);
        for line in accepted(&taken) {
            self.mail_log.write(letter.received_at, line);
        }
    }

    fn expired(&self, recipient: RecipientId, from: &ReversePath) {
        let now = self.clock.now();
        self.mail_log.write(now, expired(recipient.message, from));
        // Of a message from before this start it is not known here whether others wait: then nothing is claimed.
        if self.mail_log.end(recipient.message, 1) == Some(false) {
            self.mail_log.write(now, removed(recipient.message));
        }
    }

    fn acted(&self, act: Act, recipients: &[RecipientId]) {
        let now = self.clock.now();
        for of_one in recipients.chunk_by(|one, other| one.message == other.message) {
            let Some(first) = of_one.first() else { continue };
            if matches!(act, Act::Delete | Act::Undo | Act::Fail) {
                self.mail_log.end(first.message, of_one.len());
            }
            self.mail_log.write(now, acted(act, first.message));
        }
    }
}
