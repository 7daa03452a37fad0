//! As much of MIME (RFC 2045, 2046, 2047) as a bounce needs: header fields, parts, and their texts.

/// The deepest that parts are nested; deeper ones are read as text.
const MAX_DEPTH: usize = 8;

/// The most parts that are read.
const MAX_PARTS: usize = 64;

/// A header: its fields, unfolded.
#[derive(Debug, Default, Clone)]
pub(super) struct Header {
    fields: Vec<(String, String)>,
}

impl Header {
    /// Reads header fields until an empty line; what stands behind it is returned too.
    pub(super) fn read(bytes: &[u8]) -> (Self, &[u8]) {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut rest = bytes;
        while let Some((line, after)) = next_line(rest) {
            rest = after;
            if line.is_empty() {
                break;
            }
            let line = text_of(line);
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        (Self { fields }, rest)
    }

    /// The first field with this name, given in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is any field.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// The line at the front, without its end, and what follows; `None` at the end.
fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = bytes.get(..end)?;
    let rest = bytes.get(end + 1..).unwrap_or_default();
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// Bytes as text: UTF-8, else Latin-1, in which old notices are mostly written.
pub(super) fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// One part without parts of its own.
#[derive(Debug)]
struct Part {
    media_type: String,
    text: String,
}

/// A message, its parts in the order in which they stand.
#[derive(Debug)]
pub(super) struct Message {
    header: Header,
    parts: Vec<Part>,
}

/// What the walk over the parts found.
struct Walk {
    parts: Vec<Part>,
}

impl Message {
    pub(super) fn read(bytes: &[u8]) -> Self {
        // Mailboxes of Unix begin a message with a "From " line, which is no field.
        let bytes = match next_line(bytes) {
            Some((line, rest)) if line.starts_with(b"From ") => rest,
            _ => bytes,
        };
        let (header, body) = Header::read(bytes);
        let mut walk = Walk { parts: Vec::new() };
        walk.part(&header, body, 0);
        Self { header, parts: walk.parts }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.header.field(name)
    }

    /// The texts of all parts of a media type, by the end of its name.
    pub(super) fn texts_of<'m>(&'m self, ending: &'m str) -> impl Iterator<Item = &'m str> {
        self.parts.iter().filter(move |part| part.media_type.ends_with(ending)).map(|part| part.text.as_str())
    }

    /// Whether it is in the form of a report, of a type or of any.
    pub(super) fn is_report(&self, kind: &str) -> bool {
        let media_type = self.field("content-type").unwrap_or_default().to_ascii_lowercase();
        media_type.contains("multipart/report") && (kind.is_empty() || media_type.contains(kind))
    }

    /// What the program says in its own words: the first text, up to the message that comes back.
    pub(super) fn notice_text(&self) -> String {
        let is_text = |part: &&Part| part.media_type.starts_with("text/") && !part.text.trim().is_empty();
        let plain = self.parts.iter().filter(is_text).find(|part| part.media_type == "text/plain");
        let part = plain.or_else(|| self.parts.iter().find(is_text));
        part.map_or_else(String::new, |part| {
            let text =
                if part.media_type == "text/html" { without_tags(&part.text) } else { part.text.clone() };
            super::notice::before_original(&text).to_owned()
        })
    }

    /// The header of the message that comes back.
    pub(super) fn original(&self) -> Option<Header> {
        let attached = self.parts.iter().find(|part| {
            ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"]
                .contains(&part.media_type.as_str())
        });
        let text = match attached {
            Some(part) => part.text.trim_start().to_owned(),
            None => {
                let text = &self.parts.iter().find(|part| part.media_type.starts_with("text/"))?.text;
                super::notice::original_in(text)?.to_owned()
            }
        };
        let (header, _) = Header::read(text.as_bytes());
        (!header.is_empty()).then_some(header)
    }
}

impl Walk {
    fn part(&mut self, header: &Header, body: &[u8], depth: usize) {
        if self.parts.len() >= MAX_PARTS {
            return;
        }
        let content_type = header.field("content-type").unwrap_or("text/plain");
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if media_type.starts_with("multipart/")
            && depth < MAX_DEPTH
            && let Some(boundary) = parameter(content_type, "boundary")
        {
            let known = self.parts.len();
            self.parts_of(body, &boundary, depth);
            if self.parts.len() > known {
                return;
            }
            // The boundary that is announced never comes: then it is all one text.
            return self.parts.push(Part { media_type: "text/plain".to_owned(), text: text_of(body) });
        }
        let encoding = header.field("content-transfer-encoding").unwrap_or_default().trim();
        let decoded = decoded(body, encoding);
        // Some gateways wrap a whole bounce in another message; its report is what matters.
        if media_type == "message/rfc822" && depth < MAX_DEPTH {
            let (inner, inner_body) = Header::read(&decoded);
            let is_report =
                inner.field("content-type").is_some_and(|t| t.to_ascii_lowercase().contains("report"));
            if is_report {
                self.part(&inner, inner_body, depth + 1);
            }
        }
        self.parts.push(Part { media_type, text: text_of(&decoded) });
    }

    fn parts_of(&mut self, body: &[u8], boundary: &str, depth: usize) {
        let marker = format!("--{boundary}");
        let (mut rest, mut from, mut open) = (body, 0, false);
        let mut at = 0;
        while let Some((line, after)) = next_line(rest) {
            let next = at + (rest.len() - after.len());
            if line.starts_with(marker.as_bytes()) {
                if open {
                    self.one(body.get(from..at).unwrap_or_default(), depth);
                }
                open = !line.get(marker.len()..).unwrap_or_default().starts_with(b"--");
                from = next;
            }
            (rest, at) = (after, next);
        }
        if open {
            self.one(body.get(from..).unwrap_or_default(), depth);
        }
    }

    fn one(&mut self, bytes: &[u8], depth: usize) {
        let (header, body) = Header::read(bytes);
        self.part(&header, body, depth + 1);
    }
}

/// A parameter of a structured field: `boundary="x"`.
fn parameter(value: &str, name: &str) -> Option<String> {
    let at = value.to_ascii_lowercase().find(&format!("{name}="))?;
    let rest = value.get(at + name.len() + 1..)?.trim_start();
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().map(str::to_owned),
        None => rest.split([';', ' ', '\t']).next().map(str::to_owned),
    }
}

fn decoded(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => base64(body),
        "quoted-printable" => quoted_printable(body),
        _ => body.to_vec(),
    }
}

/// Base64 as it comes: line ends and strange bytes are passed over.
fn base64(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for &byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.extend(u8::try_from(bits >> count & 0xff));
        }
    }
    out
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some((&byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => after,
            (b'=', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high * 16 + low);
                    tail
                }
                _ => {
                    out.push(byte);
                    after
                }
            },
            _ => {
                out.push(byte);
                after
            }
        };
    }
    out
}

/// The text of HTML: tags become line ends, the commonest entities their characters.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => {
                inside = true;
                text.push('\n');
            }
            '>' if inside => inside = false,
            _ if inside => {}
            c => text.push(c),
        }
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
        .replace("&#39;", "'")
}
