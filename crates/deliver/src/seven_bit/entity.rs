//! The header of a part: what the part is, and how it is encoded.

use super::Action;

/// What a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Parts, with this between them.
    Multipart { boundary: Vec<u8>, is_signed: bool, is_digest: bool },
    /// A message (RFC 2046 §5.2.1), whose header follows.
    Message,
    /// Neither. What is done with it when it has eight bits, if anything may be, and whether it says its type.
    Leaf { action: Option<Action>, has_type: bool },
}

/// A part, as its header says.
pub(super) struct Entity<'a> {
    /// The fields with their line ends.
    pub fields: Vec<&'a [u8]>,
    /// The empty line behind them; empty when there is none.
    pub empty_line: &'a [u8],
    /// Whether the header is a message's own.
    pub is_message: bool,
    pub kind: Kind,
}

impl<'a> Entity<'a> {
    pub(super) fn read(header: &'a [u8], empty_line: &'a [u8], is_message: bool, in_digest: bool) -> Self {
        let fields = fields(header);
        let value = |name: &[u8]| fields.iter().find_map(|field| value_of(field, name));
        let written = value(b"content-type");
        let content_type = match &written {
            Some(written) => ContentType::read(written),
            None if in_digest => ContentType::read(b"message/rfc822"),
            None => ContentType::read(b"text/plain"),
        };
        let encoding = value(b"content-transfer-encoding").unwrap_or_default();
        let encoding = word(&encoding);
        let kind = content_type.kind(&encoding, written.is_some());
        Self { fields, empty_line, is_message, kind }
    }

    /// Whether the message says that it is MIME.
    pub(super) fn is_mime(&self) -> bool {
        self.fields.iter().any(|field| is(field, b"mime-version"))
    }
}

/// The value of a field of that name, unfolded.
fn value_of(field: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    if !is(field, name) {
        return None;
    }
    let colon = field.iter().position(|&b| b == b':')?;
    Some(field.get(colon + 1..)?.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect())
}

/// Whether a field has that name.
pub(super) fn is(field: &[u8], name: &[u8]) -> bool {
    let written = field.iter().position(|&b| b == b':').and_then(|colon| field.get(..colon));
    written.is_some_and(|written| written.trim_ascii_end().eq_ignore_ascii_case(name))
}

/// The fields with their folds and line ends.
fn fields(header: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in header.split_inclusive(|&b| b == b'\n') {
        if at > start && !matches!(line.first(), Some(b' ' | b'\t')) {
            fields.extend(header.get(start..at));
            start = at;
        }
        at += line.len();
    }
    fields.extend(header.get(start..at).filter(|last| !last.is_empty()));
    fields
}

/// The first word of a value in lower case, comments left out.
fn word(value: &[u8]) -> Vec<u8> {
    let mut text = value.trim_ascii();
    while text.starts_with(b"(") {
        let end = text.iter().position(|&b| b == b')').map_or(text.len(), |at| at + 1);
        text = text.get(end..).unwrap_or_default().trim_ascii_start();
    }
    let end = text.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b';' | b'('));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_ascii_lowercase()
}

struct ContentType {
    /// `text/plain`, in lower case.
    name: Vec<u8>,
    boundary: Option<Vec<u8>>,
}

impl ContentType {
    fn read(value: &[u8]) -> Self {
        Self { name: word(value), boundary: parameter(value, b"boundary").filter(|text| !text.is_empty()) }
    }

    fn kind(self, encoding: &[u8], has_type: bool) -> Kind {
        let plain = matches!(encoding, b"" | b"7bit" | b"8bit" | b"binary");
        let leaf = |action| Kind::Leaf { action: if plain { action } else { None }, has_type };
        let (main, sub) = match self.name.iter().position(|&b| b == b'/') {
            Some(at) => {
                (self.name.get(..at).unwrap_or_default(), self.name.get(at + 1..).unwrap_or_default())
            }
            None => (self.name.as_slice(), &b""[..]),
        };
        match (main, sub) {
            (b"multipart", _) => match self.boundary {
                Some(boundary) if plain => {
                    Kind::Multipart { boundary, is_signed: sub == b"signed", is_digest: sub == b"digest" }
                }
                _ => leaf(None),
            },
            (b"message", b"rfc822") if plain => Kind::Message,
            // RFC 6532 §3.7 allows every encoding; RFC 2046 §5.2 none for the others.
            (b"message", b"global") => leaf(Some(Action::Base64)),
            (b"message", _) => leaf(None),
            // RFC 2045 §5.2: what has no type that can be read is text.
            (b"text", _) | (_, b"") => leaf(Some(Action::Quote)),
            _ => leaf(Some(Action::Base64)),
        }
    }
}

/// A parameter of a value, its quotes taken away (RFC 2045 §5.1).
fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = value;
    loop {
        rest = rest.get(unquoted(rest, b';')? + 1..)?.trim_ascii_start();
        let equals = rest.iter().position(|&b| b == b'=');
        let end = unquoted(rest, b';').unwrap_or(rest.len());
        let Some(equals) = equals.filter(|&at| at < end) else { continue };
        let (key, text) = (rest.get(..equals)?, rest.get(equals + 1..end)?.trim_ascii());
        if key.trim_ascii().eq_ignore_ascii_case(name) {
            return Some(unquote(text));
        }
    }
}

/// Where a byte stands outside of quotes.
fn unquoted(text: &[u8], wanted: u8) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.iter().position(|&byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => return byte == wanted && !quoted,
        }
        false
    })
}

fn unquote(text: &[u8]) -> Vec<u8> {
    let Some(inner) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|b| b.is_ascii_whitespace() || *b == b'(').unwrap_or(text.len());
        return text.get(..end).unwrap_or_default().to_vec();
    };
    let mut plain = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for &byte in inner {
        match byte {
            b'\\' if !escaped => escaped = true,
            b'"' if !escaped => break,
            _ => {
                escaped = false;
                plain.push(byte);
            }
        }
    }
    plain.truncate(plain.trim_ascii_end().len());
    plain
}
