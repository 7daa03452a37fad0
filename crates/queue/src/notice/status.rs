//! The part of a notice that programs read: `message/delivery-status` (RFC 3464 §2).

use super::encode::{field, utf8_field};
use super::{Notice, NoticeKind, Told};
use explain::CauseId;
use mail::{Address, EnhancedCode, Evidence, Hold, Seen, Stage, xtext};

/// The text of the part: the fields of the message, then a group for each recipient.
pub(super) fn report(notice: &Notice<'_>) -> String {
    let message = &notice.message;
    let field = if notice.is_global() { utf8_field } else { field };
    let mut text = field("Reporting-MTA", &format!("dns; {}", notice.host_name.as_ascii()));
    if let Some(envid) = message.envid.and_then(from_xtext) {
        text += &field("Original-Envelope-Id", &envid);
    }
    text += &field("Arrival-Date", &mail::date(message.received_at));
    if let Some(hold) = message.hold {
        // RFC 4865 §7: what was asked for, so that its sender knows why it is late.
        text += &field("Future-Release-Request", &future_release(hold));
    }
    text += &field("X-Facteur-Queue-ID", &message.id.to_string());
    text += &field("X-Facteur-Sender", &typed_address(notice.to, notice.is_global()));
    for told in notice.recipients {
        text += "\r\n";
        text += &group(notice, told);
    }
    text
}

fn future_release(hold: Hold) -> String {
    match hold {
        Hold::ForSecs(secs) => format!("for;{secs}"),
        Hold::Until(moment) => format!("until;{}", moment.rfc3339()),
    }
}

fn group(notice: &Notice<'_>, told: &Told<'_>) -> String {
    let is_global = notice.is_global();
    let field = if is_global { utf8_field } else { field };
    let mut text = String::new();
    // RFC 3464 §2.3.1: it comes first when it is there.
    if let Some(original) = told.orcpt.and_then(|orcpt| original_recipient(orcpt, is_global)) {
        text += &field("Original-Recipient", &original);
    }
    text += &field("Final-Recipient", &typed_address(told.address, is_global));
    text += &field("Action", action(notice.kind));
    text += &field("Status", &status(notice.kind, told).to_string());
    let answered = told.evidence.filter(|evidence| evidence.reply().is_some());
    let peer = answered.and_then(|evidence| evidence.peer.as_ref());
    if let Some(host) = peer.map(|peer| peer.host.as_str()).or(told.answered_by) {
        text += &field("Remote-MTA", &format!("dns; {host}"));
    }
    if let Some(diagnostic) = diagnostic(told) {
        text += &field("Diagnostic-Code", &diagnostic);
    }
    if let Some(at) = told.last_attempt_at {
        text += &field("Last-Attempt-Date", &mail::date(at));
    }
    if let (NoticeKind::Delay, Some(until)) = (notice.kind, told.tried_until) {
        text += &field("Will-Retry-Until", &mail::date(until));
    }
    if let Some(cause) = told.cause() {
        text += &field("X-Facteur-Cause", cause.as_str());
    }
    text
}

/// RFC 3464 §2.3.3.
const fn action(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Failure => "failed",
        NoticeKind::Delay => "delayed",
        NoticeKind::Success => "delivered",
        NoticeKind::Relayed => "relayed",
    }
}

/// The code of RFC 3463 that says most: the server's own, else that of what was seen, else that of the cause.
fn status(kind: NoticeKind, told: &Told<'_>) -> EnhancedCode {
    if told.has_expired && kind == NoticeKind::Failure {
        return EnhancedCode::new(4, 4, 7);
    }
    let class = match kind {
        NoticeKind::Failure => 5,
        NoticeKind::Delay => 4,
        NoticeKind::Success | NoticeKind::Relayed => {
            let said = told.reply.and_then(enhanced).filter(|code| code.class() == 2);
            return said.unwrap_or(EnhancedCode::new(2, 0, 0));
        }
    };
    let (subject, detail) = told
        .evidence
        .and_then(subject_of)
        .or_else(|| told.cause().and_then(subject_of_cause))
        .unwrap_or((0, 0));
    EnhancedCode::new(class, subject, detail)
}

/// The enhanced code of a reply on one line: `250 2.1.5 Ok`.
fn enhanced(reply: &str) -> Option<EnhancedCode> {
    reply.split(' ').nth(1)?.parse().ok()
}

/// Subject and detail of what was seen; `None` for a reply without an enhanced code, which the cause explains better.
fn subject_of(evidence: &Evidence) -> Option<(u16, u16)> {
    Some(match &evidence.seen {
        Seen::Reply { reply } => {
            let code = reply.enhanced?;
            (code.subject(), code.detail())
        }
        Seen::Timeout { .. } if evidence.stage == Stage::Resolve => (4, 3),
        Seen::Timeout { .. } if evidence.stage.is_before_mail() => (4, 1),
        Seen::Refused | Seen::Unreachable => (4, 1),
        Seen::Timeout { .. } | Seen::Dropped | Seen::Io { .. } => (4, 2),
        Seen::NameUnknown | Seen::NoMailHost => (1, 2),
        Seen::NameUnanswered => (4, 3),
        Seen::AddressForbidden { .. } | Seen::NoRoute => (4, 4),
        Seen::Tls { .. } | Seen::Injected { .. } => (7, 5),
        Seen::NotOffered { what } if what.contains("SMTPUTF8") => (6, 7),
        Seen::NotOffered { what } if what.contains("8BITMIME") => (6, 3),
        Seen::NotOffered { .. } => (7, 4),
        Seen::NotSmtp { .. } => (5, 0),
        Seen::RelayClosed => (3, 2),
        Seen::Expired => (4, 7),
        Seen::TooBig { .. } => (3, 4),
        // RFC 7505 §4.
        Seen::NullMx => (1, 10),
        Seen::PointsToSelf => (4, 6),
        // What is left is this server's own: content that cannot be read, an administrator's decision.
        _ => (3, 0),
    })
}

fn subject_of_cause(cause: CauseId) -> Option<(u16, u16)> {
    let code: EnhancedCode = explain::cause(cause).export.iana.as_deref()?.parse().ok()?;
    Some((code.subject(), code.detail()))
}

/// What the server answered, its lines joined; or what was seen in our own words, under our own type (RFC 3464 §2.3.6).
fn diagnostic(told: &Told<'_>) -> Option<String> {
    match (told.evidence, told.reply) {
        (Some(evidence), _) => Some(match evidence.reply() {
            Some(reply) => format!("smtp; {reply}"),
            None => format!("X-Facteur; {evidence}"),
        }),
        (None, Some(reply)) => Some(format!("smtp; {reply}")),
        (None, None) => None,
    }
}

/// An address with its type. One beyond ASCII has the type of RFC 6533 §3, in UTF-8 where the notice is internationalised,
/// else in the form that seven bits carry.
fn typed_address(address: &Address, is_global: bool) -> String {
    let written = address.to_ascii_domain();
    match (address.needs_utf8(), is_global) {
        (false, _) => format!("rfc822; {written}"),
        (true, true) => format!("utf-8; {written}"),
        (true, false) => format!("utf-8; {}", xtext::utf8_xtext(&written)),
    }
}

/// The address that the sender first wrote: `type;xtext` becomes `type; text` (RFC 3461 §6.3). What could not have been
/// written by a client that keeps the rules is left out.
fn original_recipient(orcpt: &str, is_global: bool) -> Option<String> {
    let (kind, address) = orcpt.split_once(';')?;
    let is_atom = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let text = from_xtext(address).filter(|_| is_atom)?;
    let is_utf8 = is_global && kind.eq_ignore_ascii_case("utf-8");
    let text = if is_utf8 { xtext::utf8_text(&text)? } else { text };
    Some(format!("{kind}; {text}"))
}

/// The text behind xtext (RFC 3461 §4): printable ASCII, or nothing.
fn from_xtext(xtext: &str) -> Option<String> {
    let mut text = String::with_capacity(xtext.len());
    let mut rest = xtext.chars();
    while let Some(c) = rest.next() {
        let decoded = if c == '+' {
            let digits: String = rest.by_ref().take(2).collect();
            let digit = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
            let is_hex = digits.len() == 2 && digits.bytes().all(digit);
            u8::from_str_radix(&digits, 16).ok().filter(|_| is_hex).map(char::from)?
        } else {
            c
        };
        if !(' '..='~').contains(&decoded) {
            return None;
        }
        text.push(decoded);
    }
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xtext_is_decoded_and_carries_no_line() {
        for (xtext, text) in [
            ("QQ314159", Some("QQ314159")),
            ("a+2Bb+3Dc", Some("a+b=c")),
            ("a+0D+0AAction:+20delivered", None),
            ("a+2", None),
            ("a+2b", None),
            ("a+", None),
            ("\u{e9}", None),
            ("", None),
        ] {
            assert_eq!(from_xtext(xtext).as_deref(), text, "{xtext}");
        }
        let original = |orcpt| original_recipient(orcpt, false);
        assert_eq!(original("rfc822;Bob+40x.test").as_deref(), Some("rfc822; Bob@x.test"));
        assert_eq!(original("rf c;a"), None);
        assert_eq!(original("a@b"), None);
        assert_eq!(original("utf-8;\\x{E9}@x.test").as_deref(), Some("utf-8; \\x{E9}@x.test"));
        let global = |orcpt| original_recipient(orcpt, true);
        assert_eq!(global("utf-8;\\x{E9}@x.test").as_deref(), Some("utf-8; \u{e9}@x.test"));
        assert_eq!(global("utf-8;\\x{0A}@x.test"), None);
    }

    #[test]
    fn addresses_beyond_ascii_have_their_type() {
        let typed = |text: &str| typed_address(&text.parse().unwrap(), false);
        assert_eq!(typed("a+b@x.test"), "rfc822; a+b@x.test");
        assert_eq!(typed("a@caf\u{e9}.test"), "rfc822; a@xn--caf-dma.test");
        assert_eq!(typed("\u{e9}+1@x.test"), "utf-8; \\x{E9}\\x{2B}1@x.test");
        assert_eq!(typed_address(&"\u{e9}+1@x.test".parse().unwrap(), true), "utf-8; \u{e9}+1@x.test");
        assert_eq!(future_release(Hold::ForSecs(60)), "for;60");
        assert_eq!(future_release(Hold::Until(mail::Timestamp(0))), "until;1970-01-01T00:00:00Z");
    }
}
