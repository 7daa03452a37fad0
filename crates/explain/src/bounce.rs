//! Reads bounces: which recipients, why, and whether their addresses are dead.
//!
//! Reports in the form of RFC 3464 are read field by field; the notices of older and odd programs (qmail, Exim,
//! Courier, Exchange, Notes, gateways of all kinds) by what they have in common: words of their own, the
//! failed addresses, the reply that was given, and then the message that comes back. Complaints (RFC 5965)
//! and automatic replies are told apart, and a warning that a message is late is never taken for a failure.
//! Of any input at most [`MAX_BYTES`] are read.

mod addresses;
mod mime;
mod notice;
mod report;

use crate::CauseId;
use crate::answer::Answer;
use crate::cause::{Confidence, Place};
use crate::facts::Facts;
use crate::judge::{Verdict, judge_with, known};
use crate::scene::Hint;
use mail::EnhancedCode;
use mime::Message;
use serde::Serialize;

/// The most bytes of a message that are read: the report stands at its front, the message that comes back
/// behind it.
pub const MAX_BYTES: usize = 512 * 1024;

/// The most recipients of one report.
pub const MAX_RECIPIENTS: usize = 1_000;

/// What a message is that came back, or seems to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A message was not delivered.
    Failure,
    /// A warning: the message is late, and is still tried.
    Delay,
    /// A report of success: the message was delivered or passed on.
    Success,
    /// A recipient complained about a message (RFC 5965).
    Complaint,
    /// An automatic reply, such as an absence notice.
    AutoReply,
    /// None of these.
    NotABounce,
}

/// One recipient of a report.
#[derive(Debug, Clone, Serialize)]
pub struct Recipient {
    /// The address; empty when the report does not say.
    pub address: String,
    /// Whether the address itself is dead for good: nothing should be sent to it again.
    pub permanent: bool,
    /// Whether the report says "no such user" in words, and something else by its codes or its timing.
    pub doubted: bool,
    /// What it means.
    pub verdict: Verdict,
    /// The words that were judged, as the report has them.
    pub raw: String,
}

impl Recipient {
    /// The answer as programs read it.
    pub fn answer(&self) -> Answer {
        let facts = Facts { wait_secs: self.verdict.retry_after_secs, ..Facts::default() };
        let mut answer = Answer::new(&self.verdict, Place::Pasted, &facts);
        if let Some(reason) = self.nearer_reason() {
            answer.export.sisimai = Some(reason.to_owned());
        }
        answer
    }

    /// Sisimai's reason, where it looks at more than the cause.
    fn nearer_reason(&self) -> Option<&'static str> {
        // What Sisimai calls "filtered": refused by what the message holds, in words that blame the address.
        if self.doubted {
            return Some("filtered");
        }
        let code = crate::norm::Reading::of_text(&self.raw, &Hint::default()).enhanced?;
        match (self.verdict.cause, code.subject(), code.detail()) {
            // X.2.3 is the limit of this recipient, X.3.4 that of the server (RFC 3463 §3.3, §3.4).
            (CauseId::MESSAGE_TOO_BIG, 2, 3) => Some("exceedlimit"),
            // X.6 is what the message holds, X.5 and X.7 how it is built (RFC 3463 §3.7).
            (CauseId::MESSAGE_MALFORMED, 6, _) => Some("contenterror"),
            // A refusal that says only "security" does so by its code (RFC 3463 §3.8).
            (CauseId::REJECTED_UNSPECIFIED, 7, _) => Some("securityerror"),
            _ => None,
        }
    }
}

/// What a message says about other messages.
#[derive(Debug, Clone, Serialize)]
pub struct BounceReport {
    /// What it is.
    pub kind: Kind,
    /// The recipients that it speaks of.
    pub recipients: Vec<Recipient>,
    /// The identifier of the message that it speaks of, without its angle brackets.
    pub message_id: Option<String>,
}

/// One recipient as a report describes it, before anything is judged.
#[derive(Debug, Default, Clone)]
struct Described {
    address: String,
    action: Option<Action>,
    status: Option<EnhancedCode>,
    host: Option<String>,
    /// The texts that may hold the reason, the best first.
    texts: Vec<String>,
    /// Whether the notice shows that the recipient was refused only after DATA.
    after_data: bool,
}

/// What was done with a recipient (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Failed,
    Delayed,
    /// Delivered, relayed or expanded.
    Succeeded,
}

/// Reads a message that may be a bounce.
pub fn read(message: &[u8]) -> BounceReport {
    let message = message.get(..message.len().min(MAX_BYTES)).unwrap_or(message);
    let message = Message::read(message);
    let message_id = message.original().and_then(|original| original.field("message-id").map(bare_id));
    let none = |kind| BounceReport { kind, recipients: Vec::new(), message_id: message_id.clone() };
    if let Some(complaint) = report::complaint(&message) {
        let recipients = complaint.into_iter().map(|address| complained(address, &message)).collect();
        return BounceReport { kind: Kind::Complaint, recipients, message_id };
    }
    let reported = report::recipients(&message);
    if reported.is_empty() && !notice::is_bounce(&message) {
        let is_reply = notice::is_automatic_reply(&message);
        return none(if is_reply { Kind::AutoReply } else { Kind::NotABounce });
    }
    let mut described = if reported.is_empty() { notice::recipients(&message) } else { reported };
    if described.iter().any(|one| one.action == Some(Action::Failed)) {
        described.retain(|one| one.action != Some(Action::Succeeded));
    }
    if described.is_empty() {
        return none(Kind::NotABounce);
    }
    let action = |wanted| described.iter().all(|one| one.action == Some(wanted));
    let kind = match () {
        () if action(Action::Delayed) => Kind::Delay,
        () if action(Action::Succeeded) => Kind::Success,
        () => Kind::Failure,
    };
    let recipients = described.into_iter().take(MAX_RECIPIENTS).map(judged).collect();
    BounceReport { kind, recipients, message_id }
}

fn bare_id(id: &str) -> String {
    id.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}

fn complained(address: String, message: &Message) -> Recipient {
    let raw = message.notice_text();
    let verdict = known(CauseId::COMPLAINT, Confidence::High);
    Recipient { address, permanent: false, doubted: false, verdict, raw }
}

fn judged(described: Described) -> Recipient {
    let host = described.host.as_deref();
    let mut best: Option<(Verdict, &str)> = None;
    for text in &described.texts {
        let verdict = judge_with(text, &Hint { host, ..Hint::default() });
        let is_better = match &best {
            None => true,
            Some((known, _)) => rank(verdict.confidence) > rank(known.confidence),
        };
        if is_better {
            best = Some((verdict, text));
        }
        if best.as_ref().is_some_and(|(verdict, _)| verdict.confidence == Confidence::High) {
            break;
        }
    }
    let by_status = described.status.and_then(report::cause_of_status);
    let (mut verdict, raw) = match best {
        Some((verdict, text)) if verdict.cause != CauseId::UNKNOWN => (verdict, text.to_owned()),
        best => {
            let raw = best.map_or_else(String::new, |(_, text)| text.to_owned());
            (by_status.map_or_else(|| judge_with("", &Hint::default()), |id| known(id, Confidence::Low)), raw)
        }
    };
    match described.action {
        Some(Action::Delayed) if verdict.confidence != Confidence::High => {
            verdict = known(CauseId::DELIVERY_DELAYED, Confidence::High);
        }
        Some(Action::Succeeded) => verdict = known(CauseId::DELIVERED, Confidence::High),
        _ => {}
    }
    // A service's own sentence about its users needs no code to be believed.
    let is_its_own = verdict.provider.is_some() && verdict.confidence == Confidence::High;
    let doubted = verdict.cause == CauseId::RECIPIENT_UNKNOWN && !is_its_own && is_doubted(&described, &raw);
    let permanent = !doubted && is_permanent(&described, &verdict);
    Recipient { address: described.address, permanent, doubted, verdict, raw }
}

const fn rank(confidence: Confidence) -> u8 {
    match confidence {
        Confidence::High => 2,
        Confidence::Low => 1,
        Confidence::None => 0,
    }
}

/// Whether the words "no such user" are not to be believed for ever: the server had taken the recipient and
/// refused only behind DATA, or a code speaks of a mailbox or a policy. A code that speaks of the address
/// (RFC 3463 §3.2) settles it.
fn is_doubted(described: &Described, raw: &str) -> bool {
    const MARKS: [&str; 5] =
        ["end of data", "i sent the message", "in reply to data", "[data]", "for text command"];
    const AT_RCPT: [&str; 3] = ["in reply to rcpt to", "after rcpt to", ">>> rcpt to"];
    let reply = crate::norm::Reading::of_text(raw, &Hint::default()).enhanced;
    let subjects: Vec<u16> = reply.into_iter().chain(described.status).map(EnhancedCode::subject).collect();
    let texts = || described.texts.iter().map(|text| text.to_ascii_lowercase());
    let is_at_rcpt = |text: &str| AT_RCPT.iter().any(|mark| text.contains(mark));
    let at_rcpt = texts().any(|text| is_at_rcpt(&text));
    if subjects.contains(&1) || at_rcpt {
        return false;
    }
    let behind_data =
        described.after_data || texts().any(|text| MARKS.iter().any(|mark| text.contains(mark)));
    let by_code = subjects.iter().any(|subject| matches!(subject, 2 | 7));
    by_code || behind_data && described.status.is_none_or(|status| status.subject() != 5)
}

/// Whether the address is dead: its cause says so, and the report does not say that it is still tried.
fn is_permanent(described: &Described, verdict: &Verdict) -> bool {
    const DEAD: [&str; 5] = [
        "recipient_unknown",
        "recipient_domain_unknown",
        "recipient_domain_no_mx",
        "null_mx",
        "recipient_moved",
    ];
    let is_waiting = matches!(described.action, Some(Action::Delayed | Action::Succeeded))
        || described.status.is_some_and(|status| status.class() == 4);
    DEAD.contains(&verdict.cause.as_str()) && !is_waiting
}
