//! The message that a notice is about: what its header says, and how much of it goes back.

use super::NoticeKind;
use super::decode::header_text;
use super::encode::quoted_printable;
use mail::Returned;

/// The most bytes of a header that are read and sent back.
const MAX_HEADER: usize = 64 * 1024;
/// A message up to this size goes back whole when its sender did not say: whoever wrote it without keeping a copy has it
/// again, and Postfix's limit of the same size shows that nobody minds.
const SMALL: u64 = 50_000;
/// A message up to this size goes back whole when its sender asked for it. Past it the header goes back, as RFC 3461 §6.2
/// allows: a notice lives in memory while it is written, and a list of a thousand dead addresses must not fill the disk.
const LARGEST: u64 = 1 << 20;
/// The longest line that SMTP carries, without its end (RFC 5321 §4.5.3.1.6).
const MAX_LINE: usize = 998;
/// The most message ids in References.
const MAX_REFERENCES: usize = 10;
/// The most characters of a message id that is worth repeating.
const MAX_ID: usize = 250;

/// Whether the whole message goes back. Only with a failure: a message that is late or has arrived is not lost.
fn goes_back_whole(kind: NoticeKind, ret: Option<Returned>, bytes: u64) -> bool {
    kind == NoticeKind::Failure
        && match ret {
            Some(Returned::Headers) => false,
            Some(Returned::Full) => bytes <= LARGEST,
            None => bytes <= SMALL,
        }
}

/// How many bytes of the message, from its beginning, a notice needs.
pub fn bytes_needed(kind: NoticeKind, ret: Option<Returned>, bytes: u64) -> usize {
    let wanted = if goes_back_whole(kind, ret, bytes) { bytes } else { bytes.min(MAX_HEADER as u64) };
    usize::try_from(wanted).unwrap_or(MAX_HEADER)
}

/// What the header of the message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Headline {
    /// The subject as text, empty when there is none.
    pub(super) subject: String,
    /// The message id with its brackets, when it is one.
    pub(super) message_id: Option<String>,
    /// The ids of the conversation, the message's own at the end.
    pub(super) references: Vec<String>,
    /// What its writer's clock is ahead of UTC.
    pub(super) offset: Option<jiff::tz::Offset>,
}

impl Headline {
    /// Reads the header at the front of a message.
    pub(super) fn read(front: &[u8]) -> Self {
        let mut headline = Self::default();
        let mut references = Vec::new();
        for (name, value) in fields(header_of(front)) {
            match name.to_ascii_lowercase().as_slice() {
                b"subject" if headline.subject.is_empty() => headline.subject = header_text(&value, 120),
                b"message-id" if headline.message_id.is_none() => {
                    headline.message_id = ids(&value).into_iter().next();
                }
                b"references" => references = ids(&value),
                b"date" if headline.offset.is_none() => headline.offset = offset_of(&value),
                _ => {}
            }
        }
        references.extend(headline.message_id.clone());
        let surplus = references.len().saturating_sub(MAX_REFERENCES);
        headline.references = references.split_off(surplus);
        headline
    }
}

/// The header at the front of a message, cut at a line when it is too long.
fn header_of(front: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in front.split_inclusive(|&b| b == b'\n') {
        let is_over = line.trim_ascii_end().is_empty() && !line.starts_with(b" ") && !line.starts_with(b"\t");
        if is_over || end + line.len() > MAX_HEADER {
            break;
        }
        end += line.len();
    }
    front.get(..end).unwrap_or_default()
}

/// The fields of a header, unfolded.
fn fields(header: &[u8]) -> Vec<(&[u8], Vec<u8>)> {
    let mut fields: Vec<(&[u8], Vec<u8>)> = Vec::new();
    for line in header.split(|&b| b == b'\n') {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((_, value)) = fields.last_mut() {
                value.extend_from_slice(line);
            }
        } else if let Some(colon) = line.iter().position(|&b| b == b':') {
            let (name, value) = line.split_at(colon);
            fields.push((name.trim_ascii(), value.get(1..).unwrap_or_default().to_vec()));
        }
    }
    fields
}

/// The message ids of a field that can be repeated without harm.
fn ids(value: &[u8]) -> Vec<String> {
    let is_id = |text: &str| {
        text.len() <= MAX_ID
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'<')
            && text.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
    };
    String::from_utf8_lossy(value)
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .filter(|(id, _)| is_id(id))
        .map(|(id, _)| format!("<{id}>"))
        .collect()
}

/// What a `Date:` field's clock is ahead of UTC.
fn offset_of(value: &[u8]) -> Option<jiff::tz::Offset> {
    let text = String::from_utf8_lossy(value);
    let zoned = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(zoned.offset())
}

/// The third part of a notice: the message, or its header.
pub(super) struct Attachment {
    /// The fields of the part and the empty line behind them.
    pub(super) header: String,
    /// What stands in it; ends with CR LF.
    pub(super) content: Vec<u8>,
    /// Whether it has bytes beyond ASCII.
    pub(super) is_eight_bit: bool,
    /// Whether it is the whole message.
    pub(super) is_whole: bool,
}

impl Attachment {
    /// The part for a message of that size, of which `front` was read.
    pub(super) fn of(
        kind: NoticeKind,
        ret: Option<Returned>,
        bytes: u64,
        front: &[u8],
        is_global: bool,
    ) -> Self {
        let is_read = u64::try_from(front.len()).is_ok_and(|read| read == bytes);
        if goes_back_whole(kind, ret, bytes) && is_read && can_be_carried(front) {
            return Self::whole(front, is_global);
        }
        Self::header(front, is_global)
    }

    fn whole(front: &[u8], is_global: bool) -> Self {
        let is_eight_bit = !front.is_ascii();
        // RFC 2046 §5.2.1: a message/rfc822 has no encoding but 7bit, 8bit and binary. With UTF-8 in its header it is a
        // message/global (RFC 6532 §3.7), which only those can read to whom such mail is sent.
        let encoding = if is_eight_bit { "8bit" } else { "7bit" };
        let kind = if is_global && is_utf8(header_of(front)) { "global" } else { "rfc822" };
        let header = format!(
            "Content-Description: Undelivered message\r\nContent-Type: message/{kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        let mut content = front.to_vec();
        if !content.ends_with(b"\r\n") {
            content.extend_from_slice(b"\r\n");
        }
        Self { header, content, is_eight_bit, is_whole: true }
    }

    fn header(front: &[u8], is_global: bool) -> Self {
        let text = header_of(front);
        let is_utf8 = is_utf8(text);
        let as_is = (text.is_ascii() || is_utf8 && is_global) && can_be_carried(text);
        let encoding = match (as_is, is_utf8) {
            (true, true) => "8bit",
            (true, false) => "7bit",
            (false, _) => "quoted-printable",
        };
        // RFC 6533 §6.3.
        let kind = if is_utf8 { "message/global-headers" } else { "text/rfc822-headers" };
        let header = format!(
            "Content-Description: Message header\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        let content = if as_is { text.to_vec() } else { quoted_printable(text).into_bytes() };
        Self { header, content, is_eight_bit: as_is && is_utf8, is_whole: false }
    }
}

/// Whether a header has letters beyond ASCII, in UTF-8.
fn is_utf8(header: &[u8]) -> bool {
    !header.is_ascii() && std::str::from_utf8(header).is_ok()
}

/// Whether SMTP carries the bytes as they are: lines end with CR LF and are no longer than allowed, and there is no NUL.
fn can_be_carried(bytes: &[u8]) -> bool {
    bytes.split_inclusive(|&b| b == b'\n').all(|line| {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        text.len() <= MAX_LINE && !text.iter().any(|&b| matches!(b, b'\r' | b'\n' | 0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_is_read_and_nothing_injected() {
        let front = b"Received: x\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n =?utf-8?Q?_noir?=\r\nDate: Sun, 22 Nov 2026 06:31:08 +0100\r\nMessage-ID:\r\n <m1@x.test>\r\nReferences: <a@b> junk <c d@e> <f@g>\r\n\t<bad>\r\n\r\nSubject: body\r\n";
        let read = Headline::read(front);
        assert_eq!(read.subject, "Caf\u{e9} noir");
        assert_eq!(read.message_id.as_deref(), Some("<m1@x.test>"));
        assert_eq!(read.references, ["<a@b>", "<f@g>", "<m1@x.test>"]);
        assert_eq!(read.offset.map(|offset| offset.seconds()), Some(3_600));
        assert_eq!(Headline::read(b""), Headline::default());
        assert_eq!(Headline::read(b"Date: when it rains\r\nMessage-ID: none\r\n"), Headline::default());
    }

    #[test]
    fn long_conversations_keep_their_end() {
        let many: String = (0..50).map(|n| format!(" <{n}@x>")).collect();
        let read = Headline::read(format!("References:{many}\r\nMessage-ID: <m@x>\r\n").as_bytes());
        assert_eq!((read.references.len(), read.references[9].as_str()), (10, "<m@x>"));
    }

    #[track_caller]
    fn check(kind: NoticeKind, ret: Option<Returned>, message: &[u8], whole: bool) {
        let bytes = message.len() as u64;
        let front = &message[..bytes_needed(kind, ret, bytes)];
        let part = Attachment::of(kind, ret, bytes, front, false);
        assert_eq!(part.is_whole, whole);
        assert!(part.content.ends_with(b"\r\n"));
        assert!(can_be_carried(&part.content));
        assert!(part.is_eight_bit || part.content.is_ascii());
    }

    #[test]
    fn what_goes_back_is_what_was_asked_for_within_reason() {
        let small = b"Subject: a\r\n\r\nbody\r\n".to_vec();
        let large = [&small[..], &b"0123456789\r\n".repeat(5_000)].concat();
        let huge = [&small[..], &b"0123456789\r\n".repeat(100_000)].concat();
        let long_line = [&small[..], &b"x".repeat(2_000), b"\r\n"].concat();
        let long_header = [&b"X: "[..], &b"y".repeat(200_000), b"\r\n\r\nbody\r\n"].concat();
        let odd = "Subject: \u{e9}\0\rx\r\n\r\nbody".as_bytes();
        let (failure, full, headers) = (NoticeKind::Failure, Some(Returned::Full), Some(Returned::Headers));
        check(failure, None, &small, true);
        check(failure, headers, &small, false);
        check(failure, None, &large, false);
        check(failure, full, &large, true);
        check(failure, full, &huge, false);
        check(failure, full, &long_line, false);
        check(failure, full, "Subject: \u{e9}\r\n\r\nbody".as_bytes(), true);
        check(failure, full, odd, false);
        check(NoticeKind::Delay, full, &small, false);
        check(NoticeKind::Success, None, &small, false);
        check(NoticeKind::Relayed, full, b"Subject: x\r\n\r\n", false);
        let part = Attachment::of(failure, None, long_header.len() as u64, &long_header[..65_536], false);
        assert!(!part.is_whole && part.content.len() < 2 * MAX_HEADER && can_be_carried(&part.content));
    }
}
