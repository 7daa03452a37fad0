//! Where a text was spoken: the step, the protocol and the server, as far as its words tell.

use crate::word_enum::word_enum;
use aho_corasick::AhoCorasick;
use mail::Stage;
use std::sync::LazyLock;

word_enum! {
    /// The protocol in which a server answered.
    Protocol {
        /// Sending mail.
        Smtp = "smtp",
        /// Reading a mailbox by IMAP.
        Imap = "imap",
        /// Fetching a mailbox by POP3.
        Pop3 = "pop3",
        /// The web interface of a service.
        Http = "http",
    }
}

/// What is known of a text apart from its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hint<'h> {
    /// The server that answered.
    pub host: Option<&'h str>,
    /// The step of sending.
    pub stage: Option<Stage>,
    /// The protocol.
    pub protocol: Option<Protocol>,
}

impl<'h> Hint<'h> {
    /// The hint that a word of a log or a file gives: a step of sending (`connect`, `rcpt`, `data`…), or a
    /// protocol (`imap`, `pop3`, `http`). Any other word tells nothing.
    pub fn of_word(host: Option<&'h str>, word: &str) -> Self {
        let stage = match word.trim().to_ascii_lowercase().as_str() {
            "dns" | "resolve" => Some(Stage::Resolve),
            "connect" => Some(Stage::Connect),
            "tls" => Some(Stage::Tls),
            "greeting" | "banner" => Some(Stage::Greeting),
            "ehlo" | "helo" => Some(Stage::Ehlo),
            "starttls" | "start_tls" => Some(Stage::StartTls),
            "auth" => Some(Stage::Auth),
            "mail" => Some(Stage::Mail),
            "rcpt" => Some(Stage::Rcpt),
            // People mean the message itself by "data", and servers judge it when it has ended.
            "data" | "end_of_data" | "eod" => Some(Stage::EndOfData),
            "queue" => Some(Stage::Queue),
            _ => None,
        };
        let protocol = word.trim().to_ascii_lowercase().parse().ok();
        Self { host, stage, protocol: protocol.or_else(|| stage.map(|_| Protocol::Smtp)) }
    }
}

/// Marks that are sought all at once: dozens of searches in each text would cost more than its rules.
pub(crate) struct Marks(Option<AhoCorasick>);

impl Marks {
    pub(crate) fn new<'m>(marks: impl Iterator<Item = &'m str>) -> Self {
        Self(AhoCorasick::new(marks).ok())
    }

    /// The first mark of the list that stands anywhere in the text, as its place in the list.
    pub(crate) fn first_in(&self, text: &str) -> Option<usize> {
        self.0.as_ref()?.find_overlapping_iter(text).map(|hit| hit.pattern().as_usize()).min()
    }
}

const STAGE_MARKS: &[(&str, Stage)] = &[
    ("in reply to mail from", Stage::Mail),
    ("in reply to rcpt to", Stage::Rcpt),
    ("in reply to end of data", Stage::EndOfData),
    ("in reply to data", Stage::Data),
    ("in reply to ehlo", Stage::Ehlo),
    ("in reply to helo", Stage::Ehlo),
    ("in reply to auth", Stage::Auth),
    ("in reply to starttls", Stage::StartTls),
    ("after mail from", Stage::Mail),
    ("after rcpt to", Stage::Rcpt),
    ("after pipelined mail from", Stage::Mail),
    ("after pipelined rcpt to", Stage::Rcpt),
    ("after end of data", Stage::EndOfData),
    ("after pipelined end of data", Stage::EndOfData),
    ("after starttls", Stage::StartTls),
    ("after initial connection", Stage::Greeting),
    ("sasl authentication failed", Stage::Auth),
    ("authenticationfailedexception", Stage::Auth),
    ("smtpauthenticationerror", Stage::Auth),
    ("password command failed", Stage::Auth),
    ("authentication unsuccessful", Stage::Auth),
    ("failed to authenticate on smtp server", Stage::Auth),
    ("refused to talk to me", Stage::Greeting),
    ("greeting never received", Stage::Greeting),
    ("sender was rejected", Stage::Mail),
    ("smtpsenderrefused", Stage::Mail),
    ("does not like recipient", Stage::Rcpt),
    ("did not like our rcpt to", Stage::Rcpt),
    ("smtprecipientsrefused", Stage::Rcpt),
    ("during mail from", Stage::Mail),
    ("failed after i sent the message", Stage::EndOfData),
    ("smtpdataerror", Stage::EndOfData),
    ("my name was rejected", Stage::Ehlo),
    ("smtpheloerror", Stage::Ehlo),
    ("after ehlo", Stage::Ehlo),
    ("after helo", Stage::Ehlo),
    ("code: 'eauth'", Stage::Auth),
];

const PROTOCOL_MARKS: &[(&str, Protocol)] = &[
    ("-err ", Protocol::Pop3),
    ("pop3", Protocol::Pop3),
    ("[sys/", Protocol::Pop3),
    ("[in-use]", Protocol::Pop3),
    ("smtp", Protocol::Smtp),
    ("imap", Protocol::Imap),
    ("textcode:", Protocol::Imap),
    ("* bye", Protocol::Imap),
    ("[authenticationfailed]", Protocol::Imap),
    ("{\"error", Protocol::Http),
    ("\"errors\":", Protocol::Http),
    ("http error", Protocol::Http),
    ("http 4", Protocol::Http),
    ("http 5", Protocol::Http),
    ("status code", Protocol::Http),
];

static STAGES: LazyLock<Marks> = LazyLock::new(|| Marks::new(STAGE_MARKS.iter().map(|(mark, _)| *mark)));
static PROTOCOLS: LazyLock<Marks> =
    LazyLock::new(|| Marks::new(PROTOCOL_MARKS.iter().map(|(mark, _)| *mark)));
static QUOTING: LazyLock<Marks> = LazyLock::new(|| {
    let marks = [" said:", "remote server", "remote host", "other server", "last transfail", "response was"];
    Marks::new(marks.into_iter())
});

/// Whether the words are another server's, passed on.
pub(crate) fn is_quoting(text: &str) -> bool {
    QUOTING.first_in(text).is_some()
}

/// The step that a log line or a program's message names.
pub(crate) fn stage_in(text: &str) -> Option<Stage> {
    STAGES.first_in(text).and_then(|at| STAGE_MARKS.get(at)).map(|(_, stage)| *stage)
}

/// The protocol that a text names, where it is not SMTP.
pub(crate) fn protocol_in(text: &str) -> Option<Protocol> {
    // The answers of IMAP begin with a tag, and may carry a code in brackets (RFC 3501 §7.1).
    let answers =
        ["no [", "bad [", "bye [", "no login", "no authenticate", "bad command", "bad user", "bad request"];
    let untagged = text.split_once(' ').map_or("", |(tag, rest)| if tag.len() <= 10 { rest } else { "" });
    let is_imap = |line: &str| answers.iter().any(|answer| line.starts_with(answer));
    if is_imap(text) || is_imap(untagged) {
        return Some(Protocol::Imap);
    }
    PROTOCOLS.first_in(text).and_then(|at| PROTOCOL_MARKS.get(at)).map(|(_, protocol)| *protocol)
}

/// The server that a log line names: `host mx.example[192.0.2.1] said:`.
pub(crate) fn host_in(text: &str) -> Option<String> {
    ["relay=", "host: ", "host ", "server ", "connect to ", "h="].iter().find_map(|mark| {
        let (before, after) = text.split_once(mark)?;
        // The mark is a word of its own: "h=" ends many others.
        if before.ends_with(|c: char| c.is_alphanumeric()) {
            return None;
        }
        let name = after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).next()?;
        let is_name = name.contains('.') && name.contains(|c: char| c.is_ascii_alphabetic());
        is_name.then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_step_or_a_protocol_or_nothing() {
        for (word, stage, protocol) in [
            ("rcpt", Some(Stage::Rcpt), Some(Protocol::Smtp)),
            ("DATA", Some(Stage::EndOfData), Some(Protocol::Smtp)),
            ("imap", None, Some(Protocol::Imap)),
            ("bounce", None, None),
            ("", None, None),
        ] {
            let hint = Hint::of_word(None, word);
            assert_eq!((hint.stage, hint.protocol), (stage, protocol), "{word}");
        }
    }

    #[test]
    fn a_line_names_its_server() {
        for (line, host) in [
            ("to=<@>, relay=mx.example.org[192.0.2.1]:25, status=bounced", Some("mx.example.org")),
            ("host mx.example.org[192.0.2.1] said: no", Some("mx.example.org")),
            ("** @ r=dnslookup h=mx.example.org [192.0.2.1]: no", Some("mx.example.org")),
            ("relay=none, status=deferred", None),
            ("the server is down", None),
        ] {
            assert_eq!(host_in(line).as_deref(), host, "{line}");
        }
    }
}
