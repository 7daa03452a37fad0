//! Reads mail logs of Postfix and Exim: each line that tells of a failure, with its host and step.

use crate::scene::{Hint, Protocol, host_in, stage_in};

/// The longest line that is read; the rest of a longer one is passed over.
const MAX_LINE: usize = 16 * 1024;

/// A failure that a line of a log tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure<'l> {
    /// The queue id, where the line has one.
    pub id: Option<&'l str>,
    /// The recipient, where the line names one.
    pub recipient: Option<&'l str>,
    /// What was said: the reply, or the program's own words.
    pub text: &'l str,
    /// The server that said it.
    pub host: Option<String>,
    /// The step.
    pub stage: Option<mail::Stage>,
}

impl Failure<'_> {
    /// What is known of the text apart from its words.
    pub fn hint(&self) -> Hint<'_> {
        Hint { host: self.host.as_deref(), stage: self.stage, protocol: Some(Protocol::Smtp) }
    }
}

/// The failures of a log, line by line.
pub fn failures(log: &str) -> impl Iterator<Item = Failure<'_>> {
    log.lines().filter_map(failure)
}

/// Whether a text is a log rather than one failure: one of its first lines has the form of a log line.
pub fn is_log(text: &str) -> bool {
    /// The lines that are looked at.
    const FIRST: usize = 50;
    text.lines().take(FIRST).any(|line| failure(line).is_some() || is_postfix(line))
}

fn is_postfix(line: &str) -> bool {
    line.contains(" postfix/") && line.contains("]: ")
}

/// The failure that one line tells of, if it tells of any.
pub fn failure(line: &str) -> Option<Failure<'_>> {
    let line = line.get(..line.floor_char_boundary(line.len().min(MAX_LINE)))?.trim_end();
    postfix(line).or_else(|| exim(line))
}

/// `… postfix/smtp[1]: ID: to=<a@b>, relay=mx[1.2.3.4]:25, …, status=bounced (host mx said: 550 …)`,
/// `… postfix/smtpd[1]: NOQUEUE: reject: RCPT from host[1.2.3.4]: 554 …; from=<…> to=<…>`, and warnings.
fn postfix(line: &str) -> Option<Failure<'_>> {
    if !is_postfix(line) && !line.contains(" status=") {
        return None;
    }
    let body = line.split_once("]: ").map_or(line, |(_, body)| body);
    let (id, rest) = match body.split_once(": ") {
        Some((id, rest)) if is_postfix_id(id) => (Some(id), rest),
        _ => (None, body),
    };
    let text = match rest.split_once(" status=") {
        Some((_, status)) if status.starts_with("sent") => return None,
        Some((_, status)) => within_parentheses(status)?,
        None => {
            let told = rest.strip_prefix("NOQUEUE: ").unwrap_or(rest);
            let is_failure = [
                "reject:",
                "warning: ",
                "host ",
                "connect to ",
                "lost connection",
                "timeout ",
                "SASL authentication failed",
                "SSL_connect error",
                "conversation with",
            ];
            if !is_failure.iter().any(|mark| told.starts_with(mark) || told.contains("refused to talk to me"))
            {
                return None;
            }
            told
        }
    };
    // In a rejection the host is the client that was refused, and no server that answered.
    let host = if rest.contains("reject: ") { None } else { host_in(line) };
    Some(Failure {
        id,
        recipient: between(rest, "to=<", ">"),
        text,
        host,
        stage: stage_in(&text.to_lowercase()),
    })
}

fn is_postfix_id(word: &str) -> bool {
    word.len() >= 6
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && word != "NOQUEUE"
        && word != "warning"
}

fn within_parentheses(status: &str) -> Option<&str> {
    let (_, text) = status.split_once('(')?;
    Some(text.strip_suffix(')').unwrap_or(text))
}

/// `2023-03-24 10:02:24 1pfdJV-004eVE-9X ** a@b R=x T=y H=mx.example [1.2.3.4]: SMTP error … 550 …` (given up),
/// `== a@b … defer (110): Connection timed out` (later), and rejected clients.
fn exim(line: &str) -> Option<Failure<'_>> {
    let marks = [" ** ", " == "];
    let told = marks.iter().find_map(|mark| line.split_once(mark)).filter(|(front, _)| is_exim_front(front));
    if let Some((front, told)) = told {
        let id = front.split_whitespace().next_back();
        let recipient = told.split_whitespace().next().map(|word| word.trim_end_matches(':'));
        let text = told
            .split_once("]: ")
            .map_or_else(|| after_defer(told), |(_, text)| after_defer_in(told).unwrap_or(text));
        return Some(Failure {
            id,
            recipient,
            text,
            host: host_of_exim(told),
            stage: stage_in(&told.to_lowercase()),
        });
    }
    let (front, text) = line.split_once(" rejected ")?;
    let is_rejection = front.contains(" H=") || front.contains(" F=<");
    is_rejection.then(|| Failure {
        id: None,
        recipient: None,
        text,
        host: None,
        stage: stage_in(&line.to_lowercase()),
    })
}

/// Whether it is what stands before the mark of an Exim line: a date, a time and an id.
fn is_exim_front(front: &str) -> bool {
    let last = front.split_whitespace().next_back().unwrap_or_default();
    let parts: Vec<&str> = last.split('-').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn after_defer(told: &str) -> &str {
    after_defer_in(told).or_else(|| told.split_once(": ").map(|(_, text)| text)).unwrap_or(told)
}

/// What follows `defer (110):`.
fn after_defer_in(told: &str) -> Option<&str> {
    let (_, after) = told.split_once("defer (")?;
    after.split_once("): ").map(|(_, text)| text)
}

fn host_of_exim(told: &str) -> Option<String> {
    let name = told.split_once(" H=").and_then(|(_, after)| after.split([' ', '[', ':']).next())?;
    name.contains('.').then(|| name.to_owned())
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, recipient: Option<&str>, host: Option<&str>, text: &str) {
        let failure = failure(line).expect("a failure");
        assert_eq!(failure.recipient, recipient, "{line}");
        assert_eq!(failure.host.as_deref(), host, "{line}");
        assert_eq!(failure.text, text);
    }

    #[test]
    fn lines_of_postfix_and_exim_tell_their_failures() {
        check(
            "Sep  7 13:35:41 mail postfix/smtp[1]: 81EE0980F16: to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=0.72, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))",
            Some("a@example.com"),
            Some("mx.example.com"),
            "host mx.example.com[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)",
        );
        check(
            "Jan 31 19:14:58 mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from a.example[192.0.2.1]: 554 5.7.1 <b@example.org>: Relay access denied; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<a.example>",
            Some("b@example.org"),
            None,
            "reject: RCPT from a.example[192.0.2.1]: 554 5.7.1 <b@example.org>: Relay access denied; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<a.example>",
        );
        check(
            "2023-03-24 10:02:24 1pfdJV-004eVE-9X == a@example.dev R=dnslookup T=remote_smtp defer (113): No route to host H=mail.example.dev [192.0.2.1]: mail.example.dev [192.0.2.1]",
            Some("a@example.dev"),
            Some("mail.example.dev"),
            "No route to host H=mail.example.dev [192.0.2.1]: mail.example.dev [192.0.2.1]",
        );
        check(
            "2023-03-24 10:02:24 1pfdJV-004eVE-9X ** a@example.org R=dnslookup T=remote_smtp H=mx.example.org [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@example.org>: 550 No such user",
            Some("a@example.org"),
            Some("mx.example.org"),
            "SMTP error from remote mail server after RCPT TO:<a@example.org>: 550 No such user",
        );
    }

    #[test]
    fn other_lines_tell_nothing() {
        for line in [
            "",
            "Sep  7 13:35:41 mail postfix/smtp[1]: 81EE0980F16: to=<a@example.com>, relay=mx[192.0.2.1]:25, status=sent (250 ok)",
            "Sep  7 13:35:41 mail postfix/qmgr[1]: 81EE0980F16: removed",
            "2023-03-24 10:02:24 1pfdJV-004eVE-9X => a@example.dev R=dnslookup",
            "550 No such user",
        ] {
            assert_eq!(failure(line), None, "{line}");
        }
    }
}
