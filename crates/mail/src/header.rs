//! Header text: what is missing from a message, and the lines that this server adds in front.

use crate::{Domain, QueueId, Timestamp};
use jiff::tz::TimeZone;

/// Which of the fields that a submission server adds (RFC 6409 §8) a message lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// No `Date:`.
    pub date: bool,
    /// No `Message-ID:`.
    pub message_id: bool,
    /// No `From:`.
    pub from: bool,
}

/// Reads a header as it streams past, in pieces of any size, and remembers what a submission server must
/// know: which fields are there, and how often the message was already received. Bounded: it keeps the
/// first bytes of one line and nothing else.
#[derive(Debug, Clone)]
pub struct HeaderScan {
    line: Vec<u8>,
    in_header: bool,
    missing: Missing,
    received: u32,
    bytes: usize,
    fields: u32,
    message_id: Option<String>,
    /// The last field is a `Message-ID:` whose value begins on the next line, as Exchange folds it.
    id_follows: bool,
}

impl Default for HeaderScan {
    fn default() -> Self {
        let missing = Missing { date: true, message_id: true, from: true };
        Self {
            line: Vec::new(),
            in_header: true,
            missing,
            received: 0,
            bytes: 0,
            fields: 0,
            message_id: None,
            id_follows: false,
        }
    }
}

impl HeaderScan {
    /// The most bytes of a header line that are looked at; the rest of the line is passed over.
    const LINE_KEPT: usize = 1_000;

    /// Reads the next piece of the message.
    pub fn feed(&mut self, mut piece: &[u8]) {
        while self.in_header && !piece.is_empty() {
            let end = memchr::memchr(b'\n', piece);
            let (part, rest) = piece.split_at(end.map_or(piece.len(), |at| at + 1));
            self.bytes += part.len();
            let room = Self::LINE_KEPT.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
            if end.is_some() {
                self.end_of_line();
            }
            piece = rest;
        }
    }

    fn end_of_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        self.read_line(&line);
        line.clear();
        self.line = line;
    }

    fn read_line(&mut self, line: &[u8]) {
        // Looked at before the end is trimmed: a line of nothing but space goes on with the field (RFC 5322 §4.2).
        let id_follows = std::mem::take(&mut self.id_follows);
        if self.fields > 0 && matches!(line.first(), Some(b' ' | b'\t')) {
            if id_follows {
                self.message_id = Some(String::from_utf8_lossy(line).trim().to_owned());
            }
            return;
        }
        let line = line.trim_ascii_end();
        // The header ends at the empty line, or at a line that is no field: a field name has no space and no
        // control character (RFC 5322 §2.2), so "Hello you: look" is a body.
        let colon = line.iter().position(|&b| b == b':').unwrap_or(0);
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii_end();
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            self.in_header = false;
            return;
        }
        self.fields += 1;
        if name.eq_ignore_ascii_case(b"date") {
            self.missing.date = false;
        } else if name.eq_ignore_ascii_case(b"message-id") {
            self.missing.message_id = false;
            let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default()).trim().to_owned();
            self.id_follows = self.message_id.is_none() && value.is_empty();
            self.message_id.get_or_insert(value);
        } else if name.eq_ignore_ascii_case(b"from") {
            self.missing.from = false;
        } else if name.eq_ignore_ascii_case(b"received") {
            self.received += 1;
        }
    }

    /// What the message lacks, once its header has been read.
    pub const fn missing(&self) -> Missing {
        self.missing
    }

    /// How many `Received:` fields there are: the hops so far (RFC 5321 §6.3).
    pub const fn received(&self) -> u32 {
        self.received
    }

    /// Whether the content begins with something that is no header, so that an empty line must go in front of it when
    /// fields are added there. An empty content has none; one that begins with an empty line brings its own.
    pub fn has_no_header(&self) -> bool {
        self.fields == 0 && self.bytes != 2
    }

    /// The size of the header in bytes, as far as it has been read.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the header goes on.
    pub const fn in_header(&self) -> bool {
        self.in_header
    }

    /// The text of the first `Message-ID:`.
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// What a `Received:` line says (RFC 5321 §4.4).
#[derive(Debug, Clone)]
pub struct ReceivedFields<'a> {
    /// What the client called itself.
    pub helo: &'a str,
    /// The client's address; `None` leaves it out, as people who write from home ask for.
    pub client: Option<std::net::IpAddr>,
    /// This server's name.
    pub by: &'a str,
    /// `ESMTP`, `ESMTPS`, `ESMTPSA` (RFC 3848).
    pub protocol: &'a str,
    /// The queue id.
    pub id: QueueId,
    /// Now.
    pub now: Timestamp,
}

/// The `Received:` line, with its line ends. The recipient is never named in it: with several
/// recipients it would show each the others.
pub fn received(fields: &ReceivedFields<'_>) -> String {
    // What a client says of itself is untrusted: only what a host name can hold enters the header.
    let helo: String =
        fields.helo.chars().filter(|c| c.is_ascii_graphic() && !"()<>;\\".contains(*c)).collect();
    let client = match fields.client {
        Some(std::net::IpAddr::V4(ip)) => format!(" ([{ip}])"),
        Some(std::net::IpAddr::V6(ip)) => format!(" ([IPv6:{ip}])"),
        None => String::new(),
    };
    let from = if helo.is_empty() { "unknown" } else { &helo };
    let (id, date) = (fields.id.to_string(), date(fields.now));
    // Joined rather than formatted: every message has one, and this costs a third.
    [
        "Received: from ",
        from,
        &client,
        "\r\n\tby ",
        fields.by,
        " with ",
        fields.protocol,
        " id ",
        &id,
        ";\r\n\t",
        &date,
        "\r\n",
    ]
    .concat()
}

/// Stands for a moment that no date can name.
const FIRST_DAY: &str = "Thu, 1 Jan 1970 00:00:00 +0000";

/// The date of RFC 5322 §3.3, in UTC so that it says nothing about where the server is.
pub fn date(now: Timestamp) -> String {
    let Ok(at) = jiff::Timestamp::from_millisecond(now.0) else {
        return FIRST_DAY.to_owned();
    };
    let printed = jiff::fmt::rfc2822::DateTimePrinter::new().zoned_to_string(&at.to_zoned(TimeZone::UTC));
    // What it cannot print are years before 0.
    printed.unwrap_or_else(|_| FIRST_DAY.to_owned())
}

/// A message id (RFC 5322 §3.6.4): unique because the queue id and the time are.
pub fn message_id(id: QueueId, now: Timestamp, host: &Domain) -> String {
    format!("<{}.{id}@{}>", now.secs(), host.as_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str, step: usize) -> HeaderScan {
        let mut scan = HeaderScan::default();
        text.as_bytes().chunks(step).for_each(|piece| scan.feed(piece));
        scan
    }

    #[test]
    fn fields_are_found_whatever_the_pieces() {
        let text = "Received: a\r\nreceived: b\r\nDATE : x\r\nSubject: y\r\n From: folded\r\nMessage-Id: <1@x>\r\n\r\nFrom: body\r\n";
        for step in 1..text.len() {
            let scan = scan(text, step);
            assert_eq!(scan.missing(), Missing { date: false, message_id: false, from: true });
            assert_eq!((scan.received(), scan.message_id(), scan.in_header()), (2, Some("<1@x>"), false));
        }
    }

    #[test]
    fn a_line_of_spaces_does_not_end_the_header() {
        let scan = scan("To: a@b.test,\r\n\t \r\n\tc@d.test\r\nDate: x\r\n\r\n", 5);
        assert_eq!(scan.missing(), Missing { date: false, message_id: true, from: true });
    }

    #[test]
    fn a_message_id_may_stand_on_the_next_line() {
        for (text, id) in [
            ("Message-ID:\r\n <1@x>\r\nDate: x\r\n\r\n", Some("<1@x>")),
            ("Message-ID: \r\n\t<1@x>\r\n\t(folded)\r\n\r\n", Some("<1@x>")),
            ("Message-ID: <1@x>\r\n (a comment)\r\n\r\n", Some("<1@x>")),
            ("Message-ID:\r\nSubject: x\r\n <2@x>\r\n\r\n", None),
        ] {
            assert_eq!(scan(text, 5).message_id(), id, "{text:?}");
        }
    }

    #[test]
    fn a_body_without_header_lacks_everything() {
        assert_eq!(
            scan("hello\r\nFrom: me\r\n", 3).missing(),
            Missing { date: true, message_id: true, from: true }
        );
    }

    #[test]
    fn a_body_without_header_is_told_apart_from_an_empty_header() {
        for (text, without) in [
            ("hello\r\n", true),
            ("hello you: look\r\n", true),
            ("", true),
            ("\r\nhello\r\n", false),
            ("Subject: x\r\n\r\n", false),
            (" folded: x\r\n", true),
        ] {
            assert_eq!(scan(text, 1).has_no_header(), without, "{text:?}");
        }
    }

    #[test]
    fn a_client_cannot_write_header_lines_by_its_name() {
        let id = QueueId::from_stored(1);
        let now = Timestamp(1_795_325_428_000);
        let fields = ReceivedFields {
            helo: "x\r\nBcc: (you)",
            client: None,
            by: "mx.test",
            protocol: "ESMTPS",
            id,
            now,
        };
        assert_eq!(
            received(&fields),
            "Received: from xBcc:you\r\n\tby mx.test with ESMTPS id 000000000001;\r\n\tSun, 22 Nov 2026 05:30:28 +0000\r\n"
        );
    }
}
