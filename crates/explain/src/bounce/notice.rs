//! Notices without a report: what the programs of thirty years have in common.

use super::mime::Message;
use super::{Action, Described, addresses};

/// Lines behind which the message that comes back stands, in lower case.
const ORIGINAL_MARKS: &[&str] = &[
    "below this line is a copy of the message",
    "this is a copy of",
    "original message follows",
    "original message header",
    "- original message -",
    "original message:",
    "-original message",
    "the header of the original message",
    "returned message -",
    "unsent message follows",
    "your original message",
    "text of message follows",
    "message header follows",
    "message headers follow",
    "header of the original",
    "headers of the original",
    "message text follows",
    "copy of your message",
    "a copy of the message follows",
    "end of message",
    "undelivered message follows",
    "below is a copy of the original",
    "below is the original message",
    "original headers:",
    "the following is a copy",
    "the first part of your message",
    "cuted header",
];

/// The notice itself: the text before the message that comes back.
pub(super) fn before_original(text: &str) -> &str {
    let end = mark_in(text).map_or(text.len(), |(start, _)| start);
    text.get(..end).unwrap_or(text)
}

/// The message that comes back, where it stands in the text itself.
pub(super) fn original_in(text: &str) -> Option<&str> {
    let (_, end) = mark_in(text)?;
    text.get(end..).map(|text| text.trim_start_matches(['\r', '\n', '-', ' ']))
}

/// The line that parts the notice from the message: where it begins and ends.
fn mark_in(text: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    let mut seen_words = false;
    let mut after_empty = false;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let lower = line.trim().to_ascii_lowercase();
        // A message that comes back without any mark begins with its trace.
        let is_trace = seen_words
            && after_empty
            && (lower.starts_with("received: from") || lower.starts_with("return-path:"));
        if is_trace {
            return Some((at, at));
        }
        if seen_words && ORIGINAL_MARKS.iter().any(|mark| lower.contains(mark)) {
            return Some((at, end));
        }
        seen_words |= lower.chars().any(char::is_alphanumeric);
        after_empty = lower.is_empty() || lower.starts_with("---");
        at = end;
    }
    None
}

/// Whether the message is a bounce: by who sends it, what it is called, or what it says.
pub(super) fn is_bounce(message: &Message) -> bool {
    const SENDERS: [&str; 7] = [
        "mailer-daemon",
        "mail delivery",
        "postmaster",
        "mail administrator",
        "maildeliver",
        "mail.delivery",
        "system administrator",
    ];
    const SUBJECTS: [&str; 22] = [
        "undeliver",
        "delivery status notification",
        "delivery failure",
        "delivery failed",
        "failure notice",
        "returned mail",
        "mail delivery",
        "delivery has failed",
        "message delivery",
        "delivery error",
        "returned to sender",
        "undelivered",
        "nondeliverable",
        "non remis",
        "non-delivery",
        "unzustellbar",
        "failed delivery",
        "could not send",
        "delivery problem",
        "delivery report",
        "mail failure",
        "delivery notification",
    ];
    let lower = |name| message.field(name).unwrap_or_default().to_ascii_lowercase();
    let (from, subject) = (lower("from"), lower("subject"));
    let is_sent_by_none = message
        .field("return-path")
        .is_some_and(|path| path.trim() == "<>" || path.to_ascii_lowercase().contains("mailer-daemon"));
    let says = || {
        let text = message.notice_text().to_ascii_lowercase();
        [
            "could not be delivered",
            "unable to deliver",
            "couldn't be delivered",
            "delivery failed",
            "failed to deliver",
            "undeliverable",
        ]
        .iter()
        .any(|words| text.contains(words))
    };
    message.field("x-failed-recipients").is_some()
        || message.is_report("delivery-status")
        || SENDERS.iter().any(|sender| from.contains(sender)) && !is_away(&subject)
        || SUBJECTS.iter().any(|words| subject.contains(words))
        || is_sent_by_none && says()
}

fn is_away(subject: &str) -> bool {
    [
        "out of office",
        "out of the office",
        "automatic reply",
        "auto reply",
        "autoreply",
        "auto-reply",
        "vacation",
        "absence",
        "away from",
        "réponse automatique",
        "abwesenheit",
    ]
    .iter()
    .any(|words| subject.contains(words))
}

/// Whether a program answered in a person's stead (RFC 3834 §5).
pub(super) fn is_automatic_reply(message: &Message) -> bool {
    let lower = |name| message.field(name).unwrap_or_default().to_ascii_lowercase();
    lower("auto-submitted").starts_with("auto-replied")
        || ["x-autoreply", "x-autorespond", "x-auto-response-suppress-reply"]
            .iter()
            .any(|name| message.field(name).is_some())
        || ["auto_reply", "autoreply"].contains(&lower("precedence").as_str())
        || is_away(&lower("subject"))
}

/// The recipients of a notice.
pub(super) fn recipients(message: &Message) -> Vec<Described> {
    let notice = message.notice_text();
    let mut named: Vec<String> = message
        .field("x-failed-recipients")
        .map(|list| addresses::in_line(list).into_iter().map(|(_, address)| address).collect())
        .unwrap_or_default();
    if named.is_empty() {
        named = failed_in(&notice, message);
    }
    if named.is_empty() {
        let original = message.original();
        let to = original.as_ref().and_then(|original| original.field("to"));
        named.extend(to.and_then(addresses::in_field));
    }
    let action = is_delay(&notice, message).then_some(Action::Delayed);
    let subject = message.field("subject").unwrap_or_default().to_owned();
    let several = named.len() > 1;
    named
        .into_iter()
        .map(|address| {
            let mut texts = reasons(&notice, &address, several);
            texts.extend(Some(subject.clone()).filter(|subject| !is_frame(subject)));
            texts.extend(giving_up(&notice).map(str::to_owned));
            let after_data = is_after_data(&notice);
            Described { address, action, texts, after_data, ..Described::default() }
        })
        .collect()
}

fn is_delay(notice: &str, message: &Message) -> bool {
    let text = notice.to_ascii_lowercase();
    let subject = message.field("subject").unwrap_or_default().to_ascii_lowercase();
    let is_final = ["failed permanently", "permanent error", "permanent failure"]
        .iter()
        .any(|words| text.contains(words));
    let is_late = [
        "warning message only",
        "has been delayed",
        "will be retried",
        "will keep trying",
        "will continue to be",
        "temporary problem delivering",
    ]
    .iter()
    .any(|words| text.contains(words));
    !is_final && (is_late || subject.contains("(delay)") || subject.contains("delayed"))
}

/// The addresses of the notice that most look like failed recipients.
fn failed_in(notice: &str, message: &Message) -> Vec<String> {
    let own: Vec<String> = ["to", "from", "return-path", "reply-to"]
        .iter()
        .filter_map(|name| message.field(name))
        .flat_map(addresses::in_line)
        .map(|(_, address)| address.to_ascii_lowercase())
        .collect();
    let mut found: Vec<(u8, String)> = Vec::new();
    for line in notice.lines() {
        for (at, address) in addresses::in_line(line) {
            let Some(weight) = weight(line, at) else { continue };
            let lower = address.to_ascii_lowercase();
            let is_service =
                ["postmaster@", "mailer-daemon@", "abuse@", "support@"].iter().any(|s| lower.starts_with(s));
            let weight = if own.contains(&lower) {
                0
            } else if is_service {
                weight.min(1)
            } else {
                weight
            };
            match found.iter_mut().find(|(_, known)| known.eq_ignore_ascii_case(&address)) {
                Some((known, _)) => *known = weight.max(*known),
                None => found.push((weight, address)),
            }
        }
    }
    let best = found.iter().map(|(weight, _)| *weight).max().unwrap_or(0);
    found.into_iter().filter(|(weight, _)| *weight == best).map(|(_, address)| address).collect()
}

/// How much an address in a line looks like a failed recipient; `None` when it is the sender's.
fn weight(line: &str, at: usize) -> Option<u8> {
    let before = line.get(..at).unwrap_or_default().to_ascii_lowercase();
    let before = before.trim_end_matches(['<', '"', '\'', ' ', '\t', '*', '-', '(', '[']);
    let is_sender = [
        "mail from:",
        "from:",
        "from",
        "sender:",
        "envelope-from",
        "message-id:",
        "mailto:",
        "by",
        "contact",
        "to",
    ]
    .iter()
    .any(|mark| before.ends_with(mark));
    let is_recipient = [
        "rcpt to:",
        "addressed to:",
        "recipient:",
        "final-recipient: rfc822;",
        "user:",
        "mailbox:",
        "address:",
        "message to:",
        "message to",
        "deliver to",
        "recipients:",
        "to:",
        "sent to",
        "delivered to",
        "delivering to",
        "account:",
        "size:",
        "userid:",
    ]
    .iter()
    .any(|mark| before.ends_with(mark));
    match () {
        () if before.is_empty() => Some(3),
        () if is_recipient => Some(3),
        () if is_sender => None,
        () => Some(2),
    }
}

/// The frames of notices: they speak of notices, not of reasons.
const FRAMES: &[&str] = &[
    "this is a permanent error",
    "i've given up",
    "sorry it didn't work out",
    "i'm not going to try again",
    "created automatically",
    "a message that you sent",
    "could not be delivered to one or more",
    "i wasn't able to deliver your message",
    "unable to deliver your message to the following",
    "was not delivered to",
    "the following address",
    "the following recipient",
    "did not reach the following",
    "did not reach some or all",
    "this is an automatically generated",
    "for further assistance",
    "please include this problem report",
    "delete your own text",
    "i'm sorry to have to inform you",
    "this is the mail system",
    "this is the mail delivery agent",
    "the mail system",
    "technical details of",
    "tried to deliver your message",
    "we recommend contacting",
    "no further delivery attempts",
    "has been a permanent failure",
    "further information about the cause of this",
    "delivery failed for the following reason",
    "for the following reason",
    "this message was sent",
    "message-id:",
    "date:",
    "subject:",
    "from:",
    "reporting-mta:",
    "arrival-date:",
    "addressed to",
    "the number of attempts",
    "a transcript of the attempts",
    "transcript of session follows",
    "the original message was received",
    "received-from-mta",
    "while talking to",
    "multi-part message",
    "mime-encapsulated",
    "this is a mime",
    "do not reply",
    "your message to the following",
    "message from example",
    "mail delivery failed",
    "returning message",
    "mail system error",
    "be delivered to one or more",
    "only a temporary failure report",
    "the message is kept in the queue",
    "you do not need to re",
    "please verify recipient",
    "no action is required",
    "an error has occurred while",
    "list of recipients",
    "rejected by a remote mail server",
    "non-delivered information",
    "interscan messaging security suite",
    "learn more here",
    "delivery status notification",
    "final-recipient:",
    "original-recipient:",
    "x-postfix",
    "dsn-gateway",
    "with a mime-capable",
    "mime-capable mail program",
    "mail delivery system",
    "immediately below you will find",
    "technical description",
    "i am sending you this message",
    "this nondelivery report",
    "original-envelope",
    "hi. this is the",
    "hello, this is the mail server",
];

/// The texts of a notice that may hold the reason for one recipient, the best first.
pub(super) fn reasons(notice: &str, address: &str, several: bool) -> Vec<String> {
    let about = if several { paragraph(notice, address) } else { from_address(notice, address) };
    let replies = |text: &str| -> String {
        text.lines()
            .filter(|line| is_reply(line))
            .map(|line| line.trim().trim_start_matches(['<', '>', '"', ' ']))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let plain = |text: &str| -> String {
        let has_words = |line: &&str| !line.trim_start().starts_with(">>>") && !is_frame(line);
        text.lines().filter(has_words).map(str::trim).collect::<Vec<_>>().join("\n")
    };
    let refusals = |text: &str| -> String {
        replies(text)
            .lines()
            .filter(|line| line.contains(" 5") || line.starts_with('5'))
            .collect::<Vec<_>>()
            .join("\n")
    };
    // A transcript marks what the other server said; the lines around it are this program's own.
    let said: Vec<&str> = about
        .lines()
        .chain(if several { "" } else { notice }.lines())
        .filter(|line| line.starts_with("<<<"))
        .collect();
    let mut texts = vec![refusals(&said.join("\n")), refusals(&about), replies(&about), plain(&about)];
    if !several {
        texts.extend([refusals(notice), replies(notice), plain(notice)]);
    }
    texts.retain(|text| text.trim().chars().any(char::is_alphabetic));
    texts
}

/// The line by which qmail gives up. It stands behind the reason, and says most where that says little.
fn giving_up(notice: &str) -> Option<&str> {
    notice.lines().find(|line| line.contains("not going to try again"))
}

fn is_frame(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    FRAMES.iter().any(|frame| lower.contains(frame))
}

/// Whether a transcript shows the refusal behind DATA: `>>> DATA`, then `<<< 550 …`.
pub(super) fn is_after_data(notice: &str) -> bool {
    let mut last = String::new();
    for line in notice.lines() {
        let line = line.trim();
        if let Some(command) = line.strip_prefix(">>>") {
            last = command.trim().to_ascii_lowercase();
        } else if line.starts_with("<<<") && is_reply(line) {
            return last.starts_with("data");
        }
    }
    notice.contains("SMTP command\nDATA") || notice.contains("SMTP command\r\nDATA")
}

/// Whether a line is, or holds, a server's refusal.
fn is_reply(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['<', '>', '"', '(', ' ']);
    let starts = |text: &str| {
        let mut bytes = text.bytes();
        let digits = [bytes.next(), bytes.next(), bytes.next()];
        matches!(digits, [Some(b'4' | b'5'), Some(b'0'..=b'9'), Some(b'0'..=b'9')])
            && matches!(bytes.next(), Some(b' ' | b'-') | None)
    };
    starts(line)
        || [": ", "said: ", ", ", "- ", ": ["].iter().any(|mark| line.split(mark).skip(1).any(starts))
}

/// What stands from the first line that names the address on.
fn from_address(notice: &str, address: &str) -> String {
    let lower = notice.to_ascii_lowercase();
    let at = if address.is_empty() { None } else { lower.find(&address.to_ascii_lowercase()) };
    let start =
        at.map_or(0, |at| lower.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line| line + 1));
    notice.get(start..).unwrap_or(notice).to_owned()
}

/// What stands between the line that names the address and the line that names the next one.
fn paragraph(notice: &str, address: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for line in notice.lines() {
        let first = addresses::in_line(line).into_iter().find(|(at, _)| weight(line, *at) == Some(3));
        if let Some((_, named)) = first {
            inside = named.eq_ignore_ascii_case(address);
        }
        if inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
