//! The lines, as Postfix writes them (compared with what a real one wrote): pure text.

use mail::{Address, Evidence, QueueId, ReversePath, Seen, Stage, Timestamp};
use std::net::IpAddr;
use store::{About, Act, Attempt, Change, NoticeKind, RecipientState, RecipientUpdate};

/// The most bytes of a server's text on a line: what pflogsumm and people read begins it.
const SAID_BYTES: usize = 1_000;

/// Which of Postfix's programs would have said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Takes mail over the network.
    Smtpd,
    /// Takes mail from programs of this machine.
    Pickup,
    /// Makes the notices to senders.
    Bounce,
    /// Puts messages in order.
    Cleanup,
    /// Keeps the queue.
    Qmgr,
    /// Delivers.
    Smtp,
    /// Does what a person asks of the queue.
    Postsuper,
}

impl Program {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smtpd => "smtpd",
            Self::Pickup => "pickup",
            Self::Bounce => "bounce",
            Self::Cleanup => "cleanup",
            Self::Qmgr => "qmgr",
            Self::Smtp => "smtp",
            Self::Postsuper => "postsuper",
        }
    }
}

/// A line without its beginning (time, host, program): one line, whatever strangers put in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who says it.
    pub program: Program,
    /// What.
    pub text: String,
}

impl Line {
    fn new(program: Program, text: String) -> Self {
        // What strangers sent can neither end the line nor begin another.
        let is_hostile = if text.is_ascii() {
            // Not `any`: looked at to its end, the text is looked at many bytes at a time.
            text.bytes().fold(false, |found, byte| found | byte.is_ascii_control())
        } else {
            text.contains(char::is_control)
        };
        let text = if is_hostile { text.replace(char::is_control, "?") } else { text };
        Self { program, text }
    }
}

/// A message that was taken, for its lines.
#[derive(Debug, Clone)]
pub struct Taken<'a> {
    /// Its queue id.
    pub id: QueueId,
    /// The client, when it came over a network.
    pub client: Option<IpAddr>,
    /// Who signed in.
    pub login: Option<&'a str>,
    /// The local user who gave it, when it came from this machine; the server's own, when nobody else is known.
    pub uid: u32,
    /// What it is about, when it is a notice.
    pub about: Option<About>,
    /// The envelope sender.
    pub from: &'a ReversePath,
    /// The text of its `Message-ID:`.
    pub message_id: &'a str,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many recipients it has.
    pub recipients: usize,
}

fn path(from: &ReversePath) -> String {
    from.address().map(ToString::to_string).unwrap_or_default()
}

/// A message was taken: where from, its id, its size.
pub fn accepted(taken: &Taken<'_>) -> Vec<Line> {
    let id = &*taken.id.to_string();
    let from = &*path(taken.from);
    let mut lines = Vec::with_capacity(3);
    // Joined rather than formatted: a busy server writes five lines a message.
    match (taken.client, taken.about) {
        (Some(client), _) => {
            // fail2ban and others look for the name; the mechanism is not kept with a message.
            let (named, login) = taken.login.map_or(("", ""), |login| (", sasl_username=", login));
            let text = [id, ": client=unknown[", &client.to_string(), "]", named, login].concat();
            lines.push(Line::new(Program::Smtpd, text));
        }
        (None, None) => {
            lines.push(Line::new(Program::Pickup, format!("{id}: uid={} from=<{from}>", taken.uid)));
        }
        // A notice is made by this server, and given to nobody.
        (None, Some(_)) => {}
    }
    lines.push(Line::new(Program::Cleanup, [id, ": message-id=", taken.message_id].concat()));
    let (bytes, recipients) = (taken.bytes.to_string(), taken.recipients.to_string());
    let size = [id, ": from=<", from, ">, size=", &bytes, ", nrcpt=", &recipients, " (queue active)"];
    lines.push(Line::new(Program::Qmgr, size.concat()));
    if let Some(About { message, kind }) = taken.about {
        let what = match kind {
            NoticeKind::Failure => "sender non-delivery notification",
            NoticeKind::Delay => "sender delay notification",
            NoticeKind::Success | NoticeKind::Relayed => "sender delivery status notification",
        };
        lines.push(Line::new(Program::Bounce, format!("{message}: {what}: {id}")));
    }
    lines
}

/// What an attempt, or a decision without one, made of a recipient.
pub fn outcome(
    to: &Address,
    from: &ReversePath,
    received_at: Timestamp,
    attempt: Option<&Attempt>,
    update: &RecipientUpdate,
) -> Vec<Line> {
    let id = update.id.message;
    let status = match update.change {
        Change::Final(RecipientState::Delivered) => "sent",
        Change::Final(RecipientState::Failed) => "bounced",
        _ => "deferred",
    };
    let own = attempt.and_then(|attempt| {
        let outcome = attempt.outcomes.iter().find(|outcome| outcome.index == update.id.index)?;
        Some((attempt, outcome.said.as_str()))
    });
    let mut lines = Vec::new();
    if let Some((attempt, said)) = own {
        let relay = attempt.peer.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        let (waited, took) =
            (attempt.began_at.since_ms(received_at), attempt.ended_at.since_ms(attempt.began_at));
        let delay = seconds(waited.saturating_add(took));
        let (waited, took) = (seconds(waited), seconds(took));
        let dsn = dsn(update.evidence.as_deref(), said, status);
        let (id, to) = (id.to_string(), to.to_string());
        let begin = [&id, ": to=<", &to, ">, relay=", &relay, ", delay=", &delay];
        let end =
            [", delays=", &waited, "/0/0/", &took, ", dsn=", &dsn, ", status=", status, " (", cut(said), ")"];
        lines.push(Line::new(Program::Smtp, [begin.concat(), end.concat()].concat()));
    }
    if matches!(update.change, Change::Final(RecipientState::Expired)) {
        lines.push(expired(id, from));
    }
    lines
}

/// A message, or one recipient of it, waited too long.
pub fn expired(id: QueueId, from: &ReversePath) -> Line {
    let text = format!("{id}: from=<{}>, status=expired, returned to sender", path(from));
    Line::new(Program::Qmgr, text)
}

/// Everything is over for a message.
pub fn removed(id: QueueId) -> Line {
    Line::new(Program::Qmgr, [&id.to_string(), ": removed"].concat())
}

/// A person did something to a waiting message.
pub fn acted(act: Act, id: QueueId) -> Line {
    let what = match act {
        Act::Hold => "placed on hold",
        Act::Release => "released from hold",
        Act::Retry => "requeued",
        Act::Delete | Act::Undo => "removed",
        Act::Fail => "force-expired",
    };
    Line::new(Program::Postsuper, format!("{id}: {what}"))
}

/// Somebody could not sign in: the line that fail2ban counts.
pub fn refused_sign_in(client: IpAddr, mechanism: &str, login: &str) -> Line {
    let text = format!(
        "warning: unknown[{client}]: SASL {mechanism} authentication failed: authentication failure, sasl_username={login}"
    );
    Line::new(Program::Smtpd, text)
}

/// Seconds as Postfix prints them: two digits that mean something.
fn seconds(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        0..10 => "0".to_owned(),
        10..10_000 => {
            let hundredths = ms % 1_000 / 10;
            let mut text = (ms / 1_000).to_string();
            text.push_str(if hundredths < 10 { ".0" } else { "." });
            text.push_str(&hundredths.to_string());
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
            text
        }
        _ => (ms / 1_000).to_string(),
    }
}

/// The status code (RFC 3463): the server's own, else the one that fits what was seen.
fn dsn(evidence: Option<&Evidence>, said: &str, status: &str) -> String {
    let class = match status {
        "sent" => "2",
        "bounced" => "5",
        _ => "4",
    };
    let told =
        evidence.and_then(Evidence::reply).and_then(|reply| reply.enhanced).map(|code| code.to_string());
    // Of a delivery nothing but its reply is kept: `250 2.0.0 Ok`.
    let second = || said.split(' ').nth(1).filter(|code| is_code(code));
    let rest = told.as_deref().or_else(second).and_then(|code| code.get(1..));
    let seen = || match evidence.map(|evidence| (&evidence.seen, evidence.stage)) {
        Some((Seen::NameUnknown, _)) => ".1.2",
        Some((Seen::NameUnanswered, _) | (_, Stage::Resolve)) => ".4.3",
        Some((Seen::Timeout { .. } | Seen::Dropped, stage)) if stage != Stage::Connect => ".4.2",
        Some((Seen::Refused | Seen::Unreachable | Seen::Timeout { .. }, _)) => ".4.1",
        Some((Seen::Tls { .. }, _)) => ".7.5",
        _ => ".0.0",
    };
    [class, rest.unwrap_or_else(seen)].concat()
}

fn is_code(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.').count() == 3 && text.split('.').all(is_number)
}

fn cut(said: &str) -> &str {
    let mut end = said.len().min(SAID_BYTES);
    while !said.is_char_boundary(end) {
        end -= 1;
    }
    said.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
