//! What to use, of all that was found. The words for it are the reader's affair.

use crate::finding::Findings;
use crate::server::Protocol;
use serde::Serialize;

/// How to read one's mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// By IMAP: mail stays on the server, and is the same on each device.
    Imap,
    /// By POP3, because nothing else is there: mail is moved to one device, unless copies are left.
    Pop3Only,
    /// With Outlook, or on the web: Exchange is there, and nothing that other programs speak was found.
    ExchangeOnly,
    /// Not with a mail program: the provider has no IMAP, and says why.
    Without,
    /// Nothing was found.
    Unknown,
}

impl Reading {
    /// The name that programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop3Only => "pop3_only",
            Self::ExchangeOnly => "exchange_only",
            Self::Without => "without",
            Self::Unknown => "unknown",
        }
    }
}

/// What a person should use, and what stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// How to read.
    pub reading: Reading,
    /// Whether a server for sending was found.
    pub sending: bool,
    /// Whether all that was found are guesses, which may be anything until one of them is proved.
    pub guessed: bool,
}

impl Advice {
    pub(crate) fn of(findings: &Findings) -> Self {
        let has = |protocol| findings.best(protocol).is_some();
        let without = findings.provider.as_ref().is_some_and(|provider| provider.without.is_some());
        let guessed = findings.candidates.iter().all(|candidate| candidate.source == crate::Source::Guess);
        let reading = match () {
            () if without => Reading::Without,
            // Names that are merely usual say nothing where Exchange is known to be.
            () if findings.exchange && guessed => Reading::ExchangeOnly,
            () if has(Protocol::Imap) => Reading::Imap,
            () if has(Protocol::Pop3) => Reading::Pop3Only,
            () if findings.exchange => Reading::ExchangeOnly,
            () => Reading::Unknown,
        };
        Self { reading, sending: has(Protocol::Smtp), guessed: guessed && !findings.candidates.is_empty() }
    }
}
