//! The content of a letter: seven-bit lines that every server takes, and in which nothing that was given can become a header.

use crate::wrong::{Problem, Wrong};
use crate::{ATTACHMENTS, Attachment, HEADERS, Letter, Party, TAGS, VALUE_BYTES, WORD_CHARS, media};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::{Timestamp, encoded_words, phrase};
use memchr::{memchr, memchr2};

/// The longest line that is written where it can be folded (RFC 5322 §2.1.1).
const LINE: usize = 76;
/// The longest line of a text that goes as it is; a longer one is encoded.
const PLAIN_LINE: usize = 900;
/// The characters of an encoded line (RFC 2045 §6.7, §6.8).
const ENCODED_LINE: usize = 76;

/// The fields that the letter has fields of its own for, and those that only servers write.
const RESERVED: &[&str] = &[
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "delivered-to",
    "dkim-signature",
    "authentication-results",
];
/// How the names of such fields begin.
const RESERVED_STARTS: &[&str] = &["content-", "resent-", "arc-", "x-facteur-"];

/// Header and body of a letter.
pub(crate) fn content(letter: &Letter, now: Timestamp) -> Result<Vec<u8>, Wrong> {
    check(letter)?;
    let mut header = Header::default();
    let written_at = letter.send_at.filter(|at| *at > now).unwrap_or(now);
    header.parties("From", "from", std::slice::from_ref(&letter.from))?;
    header.parties("Reply-To", "reply_to", &letter.reply_to)?;
    header.parties("To", "to", &letter.to)?;
    header.parties("Cc", "cc", &letter.cc)?;
    if letter.to.is_empty() && letter.cc.is_empty() {
        // RFC 5322 §3.4: a group without members names nobody. Some servers refuse what has no recipient in its header.
        header.line("To", "undisclosed-recipients:;");
    }
    header.text("Subject", "subject", &letter.subject)?;
    header.line("Date", &mail::date(written_at));
    for (index, (name, value)) in letter.headers.iter().enumerate() {
        header.custom(index, name, value)?;
    }
    header.line("MIME-Version", "1.0");
    let body = body(letter)?;
    let mut content = header.0.into_bytes();
    content.reserve_exact(body.size());
    body.write(&mut content, &mut 0);
    Ok(content)
}

fn check(letter: &Letter) -> Result<(), Wrong> {
    if letter.to.is_empty() && letter.cc.is_empty() && letter.bcc.is_empty() {
        return Err(Wrong::new("to", Problem::Missing));
    }
    if letter.text.is_none() && letter.html.is_none() && letter.attachments.is_empty() {
        return Err(Wrong::new("", Problem::Empty));
    }
    for (field, count, most) in [
        ("attachments", letter.attachments.len(), ATTACHMENTS),
        ("headers", letter.headers.len(), HEADERS),
        ("tags", letter.tags.len(), TAGS),
        ("metadata", letter.metadata.len(), TAGS),
    ] {
        if count > most {
            return Err(Wrong::new(field, Problem::TooMany(most)));
        }
    }
    for (index, tag) in letter.tags.iter().enumerate() {
        short(&format!("tags[{index}]"), tag, WORD_CHARS)?;
    }
    for (name, value) in &letter.metadata {
        short("metadata", name, WORD_CHARS)?;
        short(&format!("metadata.{name}"), value, VALUE_BYTES)?;
    }
    Ok(())
}

fn short(field: &str, text: &str, most: usize) -> Result<(), Wrong> {
    if text.chars().count() > most { Err(Wrong::new(field, Problem::TooLong(most))) } else { Ok(()) }
}

/// Refuses what a line of a header cannot hold.
fn one_line(field: &str, text: &str, most: usize) -> Result<(), Wrong> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Wrong::new(field, Problem::Control));
    }
    short(field, text, most)
}

/// A header that grows line by line.
#[derive(Default)]
struct Header(String);

impl Header {
    /// A field whose value is known to be one line of ASCII.
    fn line(&mut self, name: &str, value: &str) {
        self.0 += &format!("{name}: {value}\r\n");
    }

    fn parties(&mut self, name: &str, field: &str, parties: &[Party]) -> Result<(), Wrong> {
        if parties.is_empty() {
            return Ok(());
        }
        let mut written = Vec::new();
        for (index, party) in parties.iter().enumerate() {
            let field = if field == "from" { field.to_owned() } else { format!("{field}[{index}]") };
            one_line(&field, &party.name, WORD_CHARS)?;
            let address = party.address.to_ascii_domain();
            written.push(match party.name.trim() {
                "" => address,
                // Between two encoded words a fold is no space (RFC 2047 §6.2).
                name => format!("{}\r\n <{address}>", phrase(name).replace("?= =?", "?=\r\n =?")),
            });
        }
        let is_short = written.len() == 1
            && written.iter().all(|text| text.len() + name.len() < LINE && text.is_ascii());
        let joined = written.join(",\r\n ");
        let joined = if is_short { joined.replace("\r\n <", " <") } else { joined };
        self.line(name, &joined);
        Ok(())
    }

    /// A field that people read.
    fn text(&mut self, name: &str, field: &str, text: &str) -> Result<(), Wrong> {
        one_line(field, text, VALUE_BYTES)?;
        let fits = name.len() + 2 + text.len() <= LINE;
        let is_plain = text.is_ascii() && !text.contains("=?");
        // A first line that holds nothing but the name is taken for an empty field by some readers.
        self.line(name, &if fits && is_plain { text.to_owned() } else { encoded_words(text) });
        Ok(())
    }

    /// A field that the letter adds.
    fn custom(&mut self, index: usize, name: &str, value: &str) -> Result<(), Wrong> {
        let field = if name.chars().all(|c| c.is_ascii_graphic()) && !name.is_empty() {
            format!("headers.{name}")
        } else {
            format!("headers[{index}]")
        };
        let is_name =
            (1..=LINE).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        if !is_name {
            return Err(Wrong::new(field, Problem::HeaderName));
        }
        let lower = name.to_ascii_lowercase();
        if RESERVED.contains(&lower.as_str()) || RESERVED_STARTS.iter().any(|start| lower.starts_with(start))
        {
            return Err(Wrong::new(field, Problem::Reserved));
        }
        one_line(&field, value, VALUE_BYTES)?;
        let value = value.trim();
        match folded(name, value) {
            Some(lines) if value.is_ascii() && !value.contains("=?") => self.0 += &lines,
            _ => self.line(name, &encoded_words(value)),
        }
        Ok(())
    }
}

/// A field in lines that end before a space; `None` when there are too few spaces (RFC 5322 §2.1.1 allows 998 characters).
fn folded(name: &str, value: &str) -> Option<String> {
    let mut lines = format!("{name}:");
    let mut length = lines.len();
    for (index, word) in value.split(' ').enumerate() {
        if length + 1 + word.len() > LINE && index > 0 && !word.is_empty() {
            lines += "\r\n";
            length = 0;
        }
        lines += " ";
        lines += word;
        length += 1 + word.len();
        if length > PLAIN_LINE {
            return None;
        }
    }
    lines += "\r\n";
    Some(lines)
}

/// A part of a message (RFC 2046).
enum Part {
    /// Something encoded: the lines of its header, then its lines.
    Leaf { header: String, lines: Vec<u8> },
    /// Parts in a row: of which kind, and what else its type says.
    Multi { kind: &'static str, more: &'static str, parts: Vec<Part> },
}

impl Part {
    /// Its bytes, or a few more.
    fn size(&self) -> usize {
        match self {
            Self::Leaf { header, lines } => header.len() + 2 + lines.len(),
            Self::Multi { parts, .. } => {
                MULTI_BYTES + parts.iter().map(|part| SEPARATOR_BYTES + part.size()).sum::<usize>()
            }
        }
    }

    /// Writes the part with its header behind what is there. `count` numbers the boundaries.
    fn write(self, content: &mut Vec<u8>, count: &mut usize) {
        match self {
            Self::Leaf { header, lines } => {
                content.extend_from_slice(header.as_bytes());
                content.extend_from_slice(b"\r\n");
                content.extend_from_slice(&lines);
            }
            Self::Multi { kind, more, parts } => {
                // What is encoded never holds this, and a text that does is encoded: see `is_plain`.
                let boundary = format!("{BOUNDARY}{count}_=");
                *count += 1;
                let header =
                    format!("Content-Type: multipart/{kind};{more}\r\n boundary=\"{boundary}\"\r\n\r\n");
                content.extend_from_slice(header.as_bytes());
                let separator = format!("--{boundary}");
                for part in parts {
                    content.extend_from_slice(separator.as_bytes());
                    content.extend_from_slice(b"\r\n");
                    part.write(content, count);
                }
                content.extend_from_slice(separator.as_bytes());
                content.extend_from_slice(b"--\r\n");
            }
        }
    }
}

/// What the header and the last separator of several parts take.
const MULTI_BYTES: usize = 150;
/// What a separator takes.
const SEPARATOR_BYTES: usize = 24;
/// How boundaries begin.
const BOUNDARY: &str = "=_facteur_";

/// RFC 2046 §5.1.4, RFC 2387: the texts from the plainest to the richest, HTML with the images that it shows, then files.
fn body(letter: &Letter) -> Result<Part, Wrong> {
    let shows = |attachment: &Attachment| letter.html.is_some() && attachment.content_id.is_some();
    let (mut shown, mut files) = (Vec::new(), Vec::new());
    for (index, attachment) in letter.attachments.iter().enumerate() {
        let is_shown = shows(attachment);
        let part = attached(&format!("attachments[{index}]"), attachment, is_shown)?;
        if is_shown { shown.push(part) } else { files.push(part) }
    }
    let html = letter.html.as_deref().map(|html| text_part("html", html));
    let html = html.map(|html| {
        if shown.is_empty() {
            return html;
        }
        let parts = std::iter::once(html).chain(shown).collect();
        Part::Multi { kind: "related", more: " type=\"text/html\";", parts }
    });
    let text = letter.text.as_deref().map(|text| text_part("plain", text));
    let written = match (text, html) {
        (Some(text), Some(html)) => {
            Some(Part::Multi { kind: "alternative", more: "", parts: vec![text, html] })
        }
        (text, html) => text.or(html),
    };
    if files.is_empty() {
        return written.ok_or_else(|| Wrong::new("", Problem::Empty));
    }
    Ok(Part::Multi { kind: "mixed", more: "", parts: written.into_iter().chain(files).collect() })
}

fn text_part(subtype: &str, text: &str) -> Part {
    let (mut lines, is_ended) = network_lines(text);
    if !is_ended {
        lines.extend_from_slice(b"\r\n");
    }
    let (charset, encoding, lines) = if is_plain(&lines) {
        ("us-ascii", "7bit", lines)
    } else if lines.iter().filter(|b| !b.is_ascii()).count() * 6 > lines.len() {
        let end = if is_ended { lines.len() } else { lines.len() - 2 };
        ("utf-8", "base64", base64_lines(lines.get(..end).unwrap_or_default()))
    } else {
        ("utf-8", "quoted-printable", quoted_printable(&lines))
    };
    let header = format!(
        "Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    );
    Part::Leaf { header, lines }
}

/// A text whose lines all end with CR LF, whichever ends they were given, and whether the last one has an end.
fn network_lines(text: &str) -> (Vec<u8>, bool) {
    let text = text.as_bytes();
    // A text of short lines grows by one byte in thirty or so; one that grows more is moved once.
    let mut lines = Vec::with_capacity(text.len() + text.len() / 32 + 2);
    let mut rest = text;
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        let (line, end) = rest.split_at(at);
        lines.extend_from_slice(line);
        lines.extend_from_slice(b"\r\n");
        rest = end.strip_prefix(b"\r\n").or_else(|| end.get(1..)).unwrap_or_default();
    }
    lines.extend_from_slice(rest);
    (lines, rest.is_empty() && !text.is_empty())
}

/// Whether a text can go as it is: no byte that a server could alter, no line too long, nothing that begins as a separator of a
/// mailbox file (RFC 4155) or of parts. Its lines end with CR LF.
fn is_plain(lines: &[u8]) -> bool {
    // In numbers and without an early end, so that many bytes are looked at together.
    let odd = |b: u8| u8::from(b.wrapping_sub(b' ') > b'~' - b' ');
    let is_end = |b: u8| u8::from(b == b'\t') | u8::from(b == b'\r') | u8::from(b == b'\n');
    if lines.iter().fold(0, |found, b| found | (odd(*b) & !is_end(*b))) & 1 == 1 {
        return false;
    }
    let is_fine = |line: &[u8]| {
        line.len() <= PLAIN_LINE
            && !line.starts_with(b"From ")
            && !line.starts_with(b"--")
            && !line.ends_with(b" ")
    };
    let mut rest = lines;
    while let Some(at) = memchr(b'\n', rest) {
        let (line, end) = rest.split_at(at);
        if !is_fine(line.strip_suffix(b"\r").unwrap_or(line)) {
            return false;
        }
        rest = end.get(1..).unwrap_or_default();
    }
    is_fine(rest)
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(bytes);
    let mut lines = Vec::with_capacity(encoded.len() + encoded.len() / 38 + 2);
    for line in encoded.as_bytes().chunks(ENCODED_LINE) {
        lines.extend_from_slice(line);
        lines.extend_from_slice(b"\r\n");
    }
    lines
}

/// RFC 2045 §6.7, of lines that end with CR LF.
fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len() + text.len() / 8);
    for line in text.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let mut length = 0;
        for (at, &byte) in line.iter().enumerate() {
            let is_last = at + 1 == line.len();
            let is_space = matches!(byte, b' ' | b'\t');
            // What begins a line can be read as a separator, or as the end of the message.
            let is_risky = length == 0 && matches!(byte, b'F' | b'.' | b'-');
            let is_itself =
                (is_space && !is_last) || ((b'!'..=b'~').contains(&byte) && byte != b'=' && !is_risky);
            let needs = if is_itself { 1 } else { 3 };
            if length + needs >= ENCODED_LINE {
                encoded.extend_from_slice(b"=\r\n");
                length = 0;
            }
            if is_itself {
                encoded.push(byte);
            } else {
                encoded.extend_from_slice(format!("={byte:02X}").as_bytes());
            }
            length += needs;
        }
        encoded.extend_from_slice(b"\r\n");
    }
    encoded
}

fn attached(field: &str, file: &Attachment, is_shown: bool) -> Result<Part, Wrong> {
    one_line(&format!("{field}.filename"), &file.filename, WORD_CHARS)?;
    let wanted = match file.content_type.trim() {
        "" => media::of_name(&file.filename),
        given => given,
    };
    let media = media::checked(wanted)
        .ok_or_else(|| Wrong::new(format!("{field}.content_type"), Problem::MediaType))?;
    let media = if says_too_little(&media, &file.content) {
        format!("{media};\r\n charset=\"utf-8\"")
    } else {
        media
    };
    let disposition = if is_shown { "inline" } else { "attachment" };
    let mut header = format!("Content-Type: {media}\r\nContent-Transfer-Encoding: base64\r\n");
    header += &format!("Content-Disposition: {disposition}{}\r\n", filename(&file.filename));
    if let Some(id) = &file.content_id {
        let is_id = (1..=200).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.@".contains(&b));
        if !is_id {
            return Err(Wrong::new(format!("{field}.content_id"), Problem::ContentId));
        }
        header += &format!("Content-ID: <{id}>\r\n");
    }
    Ok(Part::Leaf { header, lines: base64_lines(&file.content) })
}

/// Whether a file is a text whose characters nobody could read: without a word about them it would be taken for ASCII.
fn says_too_little(media: &str, content: &[u8]) -> bool {
    let is_text = media.starts_with("text/") && !media.contains("charset=");
    is_text && !content.is_ascii() && std::str::from_utf8(content).is_ok()
}

/// The name of a file as a parameter (RFC 2183 §2.3): quoted, or in pieces of UTF-8 (RFC 2231 §3, §4).
fn filename(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    if name.is_ascii() && name.len() <= 60 {
        return format!(";\r\n filename=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut pieces = vec![String::from("UTF-8''")];
    for c in name.chars() {
        let mut piece = String::new();
        let mut bytes = [0; 4];
        for byte in c.encode_utf8(&mut bytes).bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                piece.push(char::from(byte));
            } else {
                piece += &format!("%{byte:02X}");
            }
        }
        match pieces.last_mut() {
            Some(last) if last.len() + piece.len() <= 54 => *last += &piece,
            _ => pieces.push(piece),
        }
    }
    if let [whole] = pieces.as_slice() {
        return format!(";\r\n filename*={whole}");
    }
    pieces.iter().enumerate().map(|(index, piece)| format!(";\r\n filename*{index}*={piece}")).collect()
}

#[cfg(test)]
mod tests;
