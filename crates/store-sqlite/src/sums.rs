//! Sums over what must not change between the door and the way out.
//!
//! A disk may give back other bytes than it took. What was accepted is summed up once, at the door, and every reader looks:
//! a message that is not the one that was accepted is never sent. CRC-32 finds every flipped bit and every burst of up to
//! 32; it is no seal against people, who could write a new sum beside a new content.

use crate::fault::{Fault, Outcome};
use crc32fast::Hasher;
use mail::QueueId;

/// The sum of a content.
pub(crate) fn of_content(content: &[u8]) -> u32 {
    crc32fast::hash(content)
}

/// What is summed up of a message besides its content, as it is stored.
pub(crate) struct Envelope<'a> {
    pub(crate) id: i64,
    pub(crate) owner: i64,
    pub(crate) principal: (u8, i64),
    pub(crate) received_at: i64,
    pub(crate) sender: &'a str,
    pub(crate) body_type: u8,
    pub(crate) added_headers: &'a [u8],
    pub(crate) body_bytes: i64,
    pub(crate) extras: Option<&'a str>,
}

impl Envelope<'_> {
    pub(crate) fn sum(&self) -> u32 {
        let mut sum = Hasher::new();
        for number in [self.id, self.owner, self.principal.1, self.received_at, self.body_bytes] {
            sum.update(&number.to_le_bytes());
        }
        sum.update(&[self.principal.0, self.body_type]);
        // The lengths keep one field from reading as the end of the one before it.
        for part in [self.sender.as_bytes(), self.added_headers, self.extras.unwrap_or_default().as_bytes()] {
            sum.update(&part.len().to_le_bytes());
            sum.update(part);
        }
        sum.finalize()
    }
}

/// The sum of a recipient: who it is.
pub(crate) fn of_recipient(message: i64, index: u16, address: &str, wishes: Option<&str>) -> u32 {
    let mut sum = Hasher::new();
    sum.update(&message.to_le_bytes());
    sum.update(&index.to_le_bytes());
    sum.update(&address.len().to_le_bytes());
    sum.update(address.as_bytes());
    sum.update(wishes.unwrap_or_default().as_bytes());
    sum.finalize()
}

/// Compares what was stored with what is there. Rows of an older program have no sum, and pass.
pub(crate) fn check(stored: Option<u32>, found: u32, what: &str, id: i64) -> Outcome<()> {
    match stored {
        Some(stored) if stored != found => Err(Fault::damaged(format!(
            "the {what} of {} is not what was accepted",
            QueueId::from_stored(id)
        ))),
        _ => Ok(()),
    }
}
