//! A message comes in.

use crate::fault::{Fault, Outcome};
use crate::rows::{LEASED, WAITS, body_type_to, principal_to};
use crate::session::Session;
use crate::sums::{self, Envelope};
use mail::Timestamp;
use rusqlite::params;
use store::{Body, Extras, NewMessage, NewRecipient, Start};

impl Session {
    /// Keeps a message. Its body, if it has a file, is durable already.
    pub(crate) fn accept(&mut self, message: &NewMessage, content_sum: u32) -> Outcome<()> {
        self.space.check()?;
        let id = message.id.get();
        let count = u16::try_from(message.recipients.len()).ok().filter(|&count| count > 0);
        let count = count.ok_or_else(|| Fault::missing(format!("{}.0", message.id)))?;
        self.insert_message(message, content_sum)?;
        self.run(
            "INSERT INTO open_messages (message_id, open_recipients, failed_recipients, finished_at)
             VALUES (?1, ?2, 0, 0)",
            params![id, count],
        )?;
        match &message.body {
            Body::Memory(content) => self.run(
                "INSERT INTO bodies (message_id, content) VALUES (?1, ?2)",
                params![id, content.as_slice()],
            )?,
            Body::Stored(stored) => self
                .run("INSERT INTO body_files (message_id, name) VALUES (?1, ?2)", params![id, stored.name])?,
        };
        for (index, recipient) in (0..count).zip(&message.recipients) {
            self.insert_recipient(message, index, recipient)?;
        }
        if id <= self.public_through() {
            // It came late: the index has passed its place.
            self.run(
                "INSERT OR IGNORE INTO public_ids (public_id, message_id) VALUES (?1, ?2)",
                params![message.public_id.0, id],
            )?;
        }
        self.saw_id(id);
        if let Some(once) = &message.once {
            self.keep_once(once, message.id, message.received_at)?;
        }
        self.drop_notices(&message.tells)?;
        self.append(&message.events)
    }

    fn insert_message(&self, message: &NewMessage, content_sum: u32) -> Outcome<()> {
        let (principal_kind, principal_id) = principal_to(message.principal);
        let body_bytes = i64::try_from(message.body.bytes()).unwrap_or(i64::MAX);
        let extras = &message.extras;
        let extras = (*extras != Extras::default()).then(|| serde_json::to_string(extras)).transpose()?;
        let sender = message.from.to_string();
        let envelope = Envelope {
            id: message.id.get(),
            owner: message.owner.0,
            principal: (principal_kind, principal_id),
            received_at: message.received_at.0,
            sender: &sender,
            body_type: body_type_to(message.body_type),
            added_headers: &message.added_headers,
            body_bytes,
            extras: extras.as_deref(),
        };
        let mut insert = self.sql(
            "INSERT INTO messages (id, public_id, owner, principal_kind, principal_id, received_at, sender,
                 body_type, message_id, added_headers, body_bytes, client, extras, content_sum, envelope_sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?;
        let inserted = insert.execute(params![
            message.id.get(),
            message.public_id.0,
            message.owner.0,
            principal_kind,
            principal_id,
            message.received_at.0,
            sender,
            body_type_to(message.body_type),
            message.message_id,
            &*message.added_headers,
            body_bytes,
            message.client,
            extras,
            content_sum,
            envelope.sum(),
        ]);
        inserted.map_err(Fault::taken(message.id))?;
        Ok(())
    }

    fn insert_recipient(&self, message: &NewMessage, index: u16, recipient: &NewRecipient) -> Outcome<()> {
        let (place, next_attempt_at, parking) = match recipient.start {
            Start::Leased => (LEASED, message.received_at, None),
            Start::Due(at) => (WAITS, at, None),
            Start::Parked(parking) => (WAITS, parking.wake_at, Some(parking)),
        };
        let wishes = &recipient.wishes;
        let wishes = (!wishes.is_empty()).then(|| serde_json::to_string(wishes)).transpose()?;
        let address = recipient.address.to_string();
        let sum = sums::of_recipient(message.id.get(), index, &address, wishes.as_deref());
        self.run(
            "INSERT INTO recipients (message_id, idx, place, owner, next_attempt_at, address, expires_at, since,
                 attempts, paused_ms, flags, relay, cause, evidence, parked_on, parked_since, wake_at, wishes, address_sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, ?9, ?10, NULL, ?11, ?12, ?13, ?14, ?15)",
            params![
                message.id.get(),
                index,
                place,
                message.owner.0,
                next_attempt_at.0,
                address,
                recipient.expires_at.0,
                message.received_at.0,
                recipient.relay.map(|relay| relay.0),
                recipient.cause,
                parking.map(|parking| parking.closure.0),
                parking.map(|parking| parking.since).map(number),
                parking.map(|parking| parking.wake_at).map(number),
                wishes,
                sum,
            ],
        )?;
        Ok(())
    }
}

const fn number(at: Timestamp) -> i64 {
    at.0
}
