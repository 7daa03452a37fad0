//! Who sends, to whom, and who gave the message to us.

use crate::{AccountId, Address, ReversePath, SiteId};
use serde::{Deserialize, Serialize};

/// How the content was declared (RFC 6152).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyType {
    /// 7-bit text, or nothing was declared.
    #[default]
    SevenBit,
    /// 8-bit text.
    EightBitMime,
}

/// The SMTP envelope of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// Who is told when it fails.
    pub from: ReversePath,
    /// Who gets it, in the order given.
    pub recipients: Vec<Address>,
    /// How the content was declared.
    pub body: BodyType,
}

/// Who gives a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Principal {
    /// A person who signed in.
    Account(AccountId),
    /// A program: by login, or by its network address.
    Site(SiteId),
    /// This server itself, for its notices and tests.
    System,
}
