//! What makes a message the same one when the program that gives it tries again.

use mail::{QueueId, Timestamp};

/// The key of a request. It is kept with the message, in one transaction: whatever ends the server in between, the same request
/// finds either both or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// A digest of whose key it is, of the key, and of the message's place in the request.
    pub slot: [u8; 32],
    /// A digest of the request.
    pub content: [u8; 32],
    /// Until when the key means this message.
    pub until: Timestamp,
}

impl Once {
    /// The name in [`crate::StoreError::Exists`] when a message of that slot is there already.
    pub const TAKEN: &'static str = "once";
}

/// A message that a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The digest of the request that gave it.
    pub content: [u8; 32],
    /// The message; it may be gone since.
    pub message: QueueId,
}
