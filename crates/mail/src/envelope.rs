//! Who sends, to whom, and who gave the message to us.

use crate::{AccountId, Address, AddressError, ReversePath, SiteId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the content was declared (RFC 6152, RFC 6531).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyType {
    /// 7-bit text, or nothing was declared.
    #[default]
    SevenBit,
    /// 8-bit text.
    EightBitMime,
    /// Internationalised: 8-bit text, and the header may hold UTF-8 (the SMTPUTF8 of RFC 6531 §3.4).
    Utf8,
}

/// When the sender wants to hear of a recipient (RFC 3461 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Notify {
    /// When it was delivered.
    pub success: bool,
    /// When it was given up.
    pub failure: bool,
    /// When it is late.
    pub delay: bool,
}

impl Notify {
    /// Never, whatever happens.
    pub const NEVER: Self = Self { success: false, failure: false, delay: false };
    /// What holds when nothing was asked for: failures, and delays.
    pub const DEFAULT: Self = Self { success: false, failure: true, delay: true };
}

impl Default for Notify {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Notify {
    /// The value of the NOTIFY parameter: `NEVER`, `SUCCESS,FAILURE,DELAY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let words: Vec<&str> = words.into_iter().filter_map(|(asked, word)| asked.then_some(word)).collect();
        f.write_str(if words.is_empty() { "NEVER" } else { "" })?;
        f.write_str(&words.join(","))
    }
}

/// How much of the message goes back with a failure (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Returned {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

/// Until when a message is kept before its first attempt (RFC 4865).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// So many seconds from its acceptance on.
    ForSecs(u32),
    /// Until then.
    Until(Timestamp),
}

/// A recipient of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Where to.
    pub address: Address,
    /// When the sender wants to hear of it; `None` when nothing was said.
    pub notify: Option<Notify>,
    /// The address that the sender first wrote, as `type;xtext` in the words of the ORCPT parameter (RFC 3461 §4.2).
    pub orcpt: Option<String>,
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self { address, notify: None, orcpt: None }
    }
}

impl FromStr for Recipient {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Address>().map(Self::from)
    }
}

/// The SMTP envelope of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// Who is told when it fails.
    pub from: ReversePath,
    /// Who gets it, in the order given.
    pub recipients: Vec<Recipient>,
    /// How the content was declared.
    pub body: BodyType,
    /// The sender's own name for the envelope, as the xtext of the ENVID parameter (RFC 3461 §4.4).
    pub envid: Option<String>,
    /// How much of the message goes back with a failure; `None` when nothing was said.
    pub ret: Option<Returned>,
    /// Until when it is kept before its first attempt.
    pub hold: Option<Hold>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notify_prints_as_its_parameter() {
        for (notify, text) in [
            (Notify::NEVER, "NEVER"),
            (Notify::DEFAULT, "FAILURE,DELAY"),
            (Notify { success: true, failure: false, delay: false }, "SUCCESS"),
        ] {
            assert_eq!(notify.to_string(), text);
        }
    }
}
