//! Why a recipient waits or failed, in the reader's language: the one place where rows become reasons, for `mailq`,
//! `facteur why`, the log, the portal and the API alike.

use crate::reader::{Reader, when};
use crate::{ClosureView, Neighbours};
use explain::{CauseId, Facts, Place, Who, Words};
use mail::{ClosureId, Evidence, Language, RelayId, Timestamp};
use std::collections::BTreeMap;
use store::{Act, EventKind, RecipientRow, RecipientState};

/// Why a recipient is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The cause, as a stable id.
    pub cause: CauseId,
    /// The words in the reader's language.
    pub words: Words,
    /// The raw reason: the remote's reply, or what was seen; empty when nothing was.
    pub raw: String,
}

/// For whom the words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// In which language.
    pub language: Language,
    /// Whether the commands of this server are at hand where it is read.
    pub at_prompt: bool,
}

impl Reading {
    /// At a prompt of the machine, or in its log.
    pub const fn at_prompt(language: Language) -> Self {
        Self { language, at_prompt: true }
    }
}

/// On a page, or through the API.
impl From<Language> for Reading {
    fn from(language: Language) -> Self {
        Self { language, at_prompt: false }
    }
}

/// The words of evidence seen at a relay.
pub fn of_evidence(
    evidence: &Evidence,
    relay: &str,
    preset: Option<&str>,
    reading: impl Into<Reading>,
) -> Reason {
    let relay = Some(relay.to_owned()).filter(|name| !name.is_empty());
    reason(evidence, Place::Relay, relay, preset, reading.into())
}

/// The words of evidence seen on the way to the hosts of a recipient's domain.
pub fn of_direct_evidence(evidence: &Evidence, reading: impl Into<Reading>) -> Reason {
    reason(evidence, Place::Direct, None, None, reading.into())
}

fn reason(
    evidence: &Evidence,
    place: Place,
    relay: Option<String>,
    preset: Option<&str>,
    Reading { language, at_prompt }: Reading,
) -> Reason {
    let verdict = explain::judge(evidence, place);
    let facts = Facts { relay, wait_secs: verdict.retry_after_secs, at_prompt, ..Facts::of(evidence) };
    let provider = verdict.provider.or(preset);
    let words = explain::words(verdict.cause, provider, place, language, &facts);
    Reason { cause: verdict.cause, words, raw: evidence.to_string() }
}

/// The words of a closure.
pub fn of_closure(closure: &ClosureView, reading: impl Into<Reading>) -> Reason {
    let reading = reading.into();
    let Reading { language, at_prompt } = reading;
    let mut reason = of_evidence(&closure.evidence, &closure.relay, closure.preset.as_deref(), reading);
    if let Some(sender) = &closure.sender {
        let facts = Facts {
            relay: Some(closure.relay.clone()),
            sender: Some(sender.clone()),
            at_prompt,
            ..Facts::of(&closure.evidence)
        };
        reason.words =
            explain::words(reason.cause, closure.preset.as_deref(), Place::Relay, language, &facts);
    }
    // A relay of somebody's own is theirs to mend: the administrator cannot know its password.
    if let Some(login) = &closure.account
        && explain::cause(reason.cause).who(Place::Relay) == Who::Administrator
    {
        reason.words.who = match language {
            Language::En => format!("{login}, whose relay it is"),
            Language::Fr => format!("{login}, à qui ce relais appartient"),
        };
    }
    reason
}

/// The words of a cause of our own, for which nothing was seen.
pub fn of_cause(cause: CauseId, reading: impl Into<Reading>) -> Reason {
    let Reading { language, at_prompt } = reading.into();
    let facts = Facts { at_prompt, ..Facts::default() };
    let words = explain::words(cause, None, Place::Relay, language, &facts);
    Reason { cause, words, raw: String::new() }
}

/// Why a recipient waits, or ended as it did; `None` for one that was delivered or deleted.
pub fn of_recipient(
    row: &RecipientRow,
    closures: &BTreeMap<ClosureId, ClosureView>,
    relay: &str,
    reading: impl Into<Reading>,
) -> Option<Reason> {
    let reading = reading.into();
    if matches!(row.state, RecipientState::Delivered | RecipientState::Cancelled) {
        return None;
    }
    let seen = || {
        let evidence = row.evidence.as_ref()?;
        Some(match row.relay {
            Some(RelayId::DIRECT) => of_direct_evidence(evidence, reading),
            _ => of_evidence(evidence, relay, None, reading),
        })
    };
    let own = |cause| Reason {
        raw: seen().map(|reason| reason.raw).unwrap_or_default(),
        ..of_cause(cause, reading)
    };
    Some(match row.state {
        RecipientState::Held => own(CauseId::HELD),
        RecipientState::Expired => own(CauseId::MESSAGE_EXPIRED),
        _ => match row.closure {
            Some(ClosureId::NO_ROUTE) => of_cause(CauseId::NO_ROUTE, reading),
            Some(id) if id.is_block() => own(CauseId::BLOCKED),
            Some(id) => match closures.get(&id) {
                Some(closure) => of_closure(closure, reading),
                // Lifted a moment ago: it is about to leave.
                None => of_cause(CauseId::WAITING_FIRST_ATTEMPT, reading),
            },
            // Nothing was seen yet: it waits for its turn, for the hour that its sender chose, for a destination.
            None => seen().unwrap_or_else(|| {
                let stored = row.cause.as_deref().and_then(|cause| cause.parse().ok());
                of_cause(stored.unwrap_or(CauseId::WAITING_FIRST_ATTEMPT), reading)
            }),
        },
    })
}

/// The key of a state in one word, seen together with what is behind it: « en cours d'envoi », "waits".
pub const fn state_key(row: &RecipientRow) -> &'static str {
    if row.leased && matches!(row.state, RecipientState::Waiting) {
        return "state-leased";
    }
    key_of_state(row.state)
}

/// The key of a state that nothing more is known of.
pub const fn key_of_state(state: RecipientState) -> &'static str {
    match state {
        RecipientState::Waiting => "state-waiting",
        RecipientState::Held => "state-held",
        RecipientState::Delivered => "state-delivered",
        RecipientState::Failed => "state-failed",
        RecipientState::Expired => "state-expired",
        RecipientState::Cancelled => "state-cancelled",
    }
}

/// When a recipient is tried next: under a closure, when that is tried again. `None` when nobody knows (there is no relay,
/// a person holds it, it is over), and when that is happening.
pub fn next_attempt(row: &RecipientRow, closures: &BTreeMap<ClosureId, ClosureView>) -> Option<Timestamp> {
    match row.closure {
        _ if row.state != RecipientState::Waiting || row.leased => None,
        Some(ClosureId::NO_ROUTE) => None,
        Some(id) => closures.get(&id).map(|closure| closure.reopen_at),
        None => Some(row.next_attempt_at),
    }
}

/// The key of what an event tells in a story; `None` for those that an attempt tells, and for the acceptance.
pub const fn event_key(kind: EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::Held => "event-held",
        EventKind::Released => "event-released",
        EventKind::Cancelled => "event-cancelled",
        EventKind::Retried => "event-retried",
        EventKind::PerhapsTwice => "event-perhaps-twice",
        EventKind::Expired => "event-expired",
        EventKind::RelayClosed => "event-relay-closed",
        EventKind::RelayOpened => "event-relay-opened",
        EventKind::SenderStopped => "event-sender-stopped",
        EventKind::SenderResumed => "event-sender-resumed",
        EventKind::CameBack => "event-came-back",
        EventKind::Reported => "event-reported",
        EventKind::Noticed => "event-noticed",
        EventKind::Accepted
        | EventKind::Delivered
        | EventKind::Deferred
        | EventKind::Failed
        | EventKind::Audit => return None,
    })
}

/// The key of what came of an act.
pub const fn acted_key(act: Act) -> &'static str {
    match act {
        Act::Retry => "acted-retry",
        Act::Hold => "acted-hold",
        Act::Release => "acted-release",
        Act::Delete => "acted-delete",
        Act::Fail => "acted-bounce",
        Act::Undo => "acted-undo",
    }
}

/// The key of what an account may do, in one word.
pub const fn role_key(role: store::AccountRole) -> &'static str {
    match role {
        store::AccountRole::Person => "role-person",
        store::AccountRole::Helper => "role-helper",
        store::AccountRole::Administrator => "role-administrator",
    }
}

/// The key of a relay's state in one word.
pub const fn relay_key(state: crate::RelayState) -> &'static str {
    match state {
        crate::RelayState::Open => "relay-open",
        crate::RelayState::OutOfReach => "relay-out-of-reach",
        crate::RelayState::Closed => "relay-closed",
    }
}

/// The key of what a record is for.
pub const fn purpose_key(purpose: crate::RecordPurpose) -> &'static str {
    match purpose {
        crate::RecordPurpose::DkimRsa => "purpose-dkim-rsa",
        crate::RecordPurpose::DkimEd25519 => "purpose-dkim-ed25519",
        crate::RecordPurpose::Spf => "purpose-spf",
        crate::RecordPurpose::Dmarc => "purpose-dmarc",
        crate::RecordPurpose::ReturnPathMx => "purpose-bounces-mx",
        crate::RecordPurpose::ReturnPathSpf => "purpose-bounces-spf",
        crate::RecordPurpose::MailServer => "purpose-mail-server",
        crate::RecordPurpose::MailDocuments => "purpose-mail-documents",
    }
}

/// What the other relays tell about one that is in trouble.
pub fn elsewhere(neighbours: &Neighbours, reader: &Reader) -> String {
    let (key, provider, relays, carried_at) = match neighbours {
        Neighbours::OfProvider { provider, relays } => {
            ("elsewhere-of-provider", provider.as_str(), relays, None)
        }
        Neighbours::OfAccount { provider, relays, carried_at: None } => {
            ("elsewhere-of-account", provider.as_str(), relays, None)
        }
        Neighbours::OfAccount { provider, relays, carried_at } => {
            ("elsewhere-carries", provider.as_str(), relays, *carried_at)
        }
        Neighbours::OfConnection { relays } => ("elsewhere-of-connection", "", relays, None),
    };
    let gaps = [
        ("provider", provider.to_owned().into()),
        ("count", (*relays as u64).into()),
        ("when", carried_at.map(|at| when(at, reader)).unwrap_or_default().into()),
    ];
    reader.phrases.fill(key, gaps)
}
