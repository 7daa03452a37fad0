//! A trouble told to a person: one sentence of cause, one of what to do.

use super::Reader;
use crate::words::Gap;
use control::{Blame, Fault};

/// A cause and a fix, in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub fix: String,
}

impl Trouble {
    /// The trouble kept under a key.
    pub fn of<'a>(key: &str, gaps: &[Gap<'a>], reader: &Reader) -> Self {
        let gaps = || gaps.iter().cloned();
        Self {
            cause: reader.phrases.fill(key, gaps()),
            fix: reader.phrases.beside(key, "fix", gaps()).unwrap_or_default(),
        }
    }

    /// A fault of an operation.
    pub fn of_fault(fault: &Fault, reader: &Reader) -> Self {
        let key = match (fault.blame, fault.what.as_str()) {
            (Blame::Invalid, "password") => "fault-invalid-password".to_owned(),
            (Blame::Invalid, "preset") => "fault-invalid-preset".to_owned(),
            (Blame::Invalid, _) if fault.detail.is_empty() => "fault-invalid-bare".to_owned(),
            (blame, _) => format!("fault-{}", blame.as_str()),
        };
        let what = match fault.blame {
            Blame::Needed | Blame::Invalid if fault.what == "name" => reader.phrases.say("value-name"),
            Blame::Needed | Blame::Invalid => option(&fault.what).to_owned(),
            _ => fault.what.clone(),
        };
        let gaps = [("what", what.into()), ("detail", fault.detail.clone().into())];
        Self::of(&key, &gaps, reader)
    }

    /// Both sentences, a line each.
    pub fn text(&self, reader: &Reader) -> String {
        let mut text = format!("facteur{} {}\n", reader.phrases.say("colon"), self.cause);
        if !self.fix.is_empty() {
            text += &format!("{}\n", self.fix);
        }
        text
    }
}

/// A field as it is typed on the command line; a name stays a name.
fn option(what: &str) -> &str {
    match what {
        "senders" => "--sender",
        "login" => "--login",
        "password" => "--password-stdin",
        "host" => "--host",
        "region" => "--region",
        "preset" => "--preset",
        "ca" => "--ca",
        "cause" => "--cause",
        "domain" => "--domain",
        "sender" => "--sender",
        "recipient" => "--recipient",
        other => other,
    }
}
