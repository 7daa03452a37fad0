//! What a program writes to `sendmail` becomes a message: line ends, fields that are missing, recipients of the header.

use mail::{Address, BodyType, Domain, Mailbox, MailboxError, Timestamp, mailboxes, phrase};
use std::collections::HashSet;
use std::io::{self, BufRead};

/// The most bytes that are read. The server's own limit is lower, and says so; this one keeps a program that writes without
/// end from filling the memory.
pub const INPUT_BYTES: usize = 256 << 20;

/// The most recipients that a header names. Aliases and lists are for more.
pub const RECIPIENTS: usize = 10_000;

/// Why an input becomes no message.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is larger than [`INPUT_BYTES`].
    #[error("the message is larger than {INPUT_BYTES} bytes")]
    TooBig,
}

/// Reads a content to its end, or to a lone dot unless these are kept, in canonical form: every line ends with CR LF, a CR
/// alone is a line end, and there is no NUL (RFC 5321 §2.3.8, §4.5.2).
pub fn read(input: &mut dyn BufRead, keeps_dots: bool) -> Result<Vec<u8>, LetterError> {
    let mut content = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(content);
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text == b"." && !keeps_dots {
            return Ok(content);
        }
        for part in text.split(|b| *b == b'\r') {
            content.extend(part.iter().filter(|b| **b != 0));
            content.extend_from_slice(b"\r\n");
        }
        if content.len() > INPUT_BYTES {
            return Err(LetterError::TooBig);
        }
    }
}

/// The domain of a recipient who has none: whoever they are, they are of this machine. The host's own name would not say so:
/// a machine may be called as a domain whose mailboxes are elsewhere.
const LOCALHOST: &str = "localhost";

/// What is known of a message besides its text.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The name that addresses without a domain get.
    pub host: Domain,
    /// Who writes, for a message that does not say.
    pub author: Address,
    /// The author's full name; empty when nothing is known.
    pub full_name: String,
    /// Now.
    pub now: Timestamp,
    /// What a message without a `Message-ID` gets; without it, the server gives one.
    pub message_id: Option<String>,
}

/// A message as it is given to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Header and body.
    pub content: Vec<u8>,
    /// The recipients that its header names, each once.
    pub recipients: Vec<Address>,
    /// What the header has in a recipient's place that is no address.
    pub unreadable: Option<String>,
}

impl Letter {
    /// How the content is to be declared: 8-bit when it is, whatever the caller said.
    pub fn body_type(&self, declared: Option<BodyType>) -> BodyType {
        if self.content.is_ascii() { declared.unwrap_or_default() } else { BodyType::EightBitMime }
    }
}

/// Fields whose addresses get a domain when they have none.
const ADDRESS_FIELDS: &[&str] = &["from", "sender", "reply-to", "to", "cc", "bcc"];
/// Fields that name recipients.
const RECIPIENT_FIELDS: &[&str] = &["to", "cc", "bcc"];
/// Fields that nobody else is to see, or that only a delivered message may have (RFC 5321 §4.4).
const DROPPED_FIELDS: &[&str] = &["bcc", "resent-bcc", "return-path", "content-length"];

struct Field<'a> {
    /// In lower case.
    name: String,
    /// With its folds and its line end.
    text: &'a [u8],
    /// Where the value begins.
    value: usize,
}

impl Field<'_> {
    fn value(&self) -> &[u8] {
        self.text.get(self.value..).unwrap_or_default()
    }

    /// Whether the value is a list of addresses, in either of its two forms.
    fn is_list(&self) -> bool {
        ADDRESS_FIELDS.contains(&self.name.strip_prefix("resent-").unwrap_or(&self.name))
    }
}

/// Reads a list of recipients. An error is the piece that is no address.
pub fn addresses(list: &[u8]) -> Result<Vec<Address>, String> {
    resolved(&mailboxes(list).map_err(|MailboxError(text)| text)?)
}

fn resolved(found: &[Mailbox]) -> Result<Vec<Address>, String> {
    let whole = |one: &Mailbox| {
        let shown = || one.domain.iter().fold(one.local.clone(), |local, domain| format!("{local}@{domain}"));
        one.address(LOCALHOST).map(|address| address.map_err(|_| shown()))
    };
    found.iter().filter_map(whole).collect()
}

/// The addresses, each once: a person who is named twice gets one copy.
pub fn once(addresses: Vec<Address>) -> Vec<Address> {
    let mut seen = HashSet::new();
    addresses.into_iter().filter(|address| seen.insert(address.key())).collect()
}

/// Makes a message of a canonical content.
pub fn prepare(content: &[u8], facts: &Facts) -> Letter {
    let (fields, body) = split(content);
    // RFC 5322 §3.6.6: the newest block of `Resent-` fields says where the message goes now.
    let prefix = if fields.iter().any(|field| field.name.starts_with("resent-")) { "resent-" } else { "" };
    let mut made = missing(&fields, prefix, facts);
    let (mut recipients, mut unreadable) = (Vec::new(), None);
    for field in &fields {
        let found = field.is_list().then(|| mailboxes(field.value()));
        if field.name.strip_prefix(prefix).is_some_and(|name| RECIPIENT_FIELDS.contains(&name)) {
            let read = found.clone().transpose().map_err(|MailboxError(text)| text);
            match read.and_then(|found| resolved(&found.unwrap_or_default())) {
                Ok(read) => recipients.extend(read),
                Err(text) => unreadable = Some(text),
            }
        }
        if !DROPPED_FIELDS.contains(&field.name.as_str()) {
            let found = found.and_then(Result::ok).unwrap_or_default();
            push_qualified(&mut made, field, &found, &facts.host);
        }
    }
    // A content without a header, or without a body, has no line between the two.
    if !body.starts_with(b"\r\n") {
        made.extend_from_slice(b"\r\n");
    }
    made.extend_from_slice(body);
    Letter { content: made, recipients: once(recipients), unreadable }
}

/// The header's fields, and the rest from the empty line on.
fn split(content: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let mut fields: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    for line in content.split_inclusive(|b| *b == b'\n') {
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        // The line that mbox files have in front of a message (RFC 4155); mailers have passed it on for ever.
        let mailbox_line = at == 0 && (line.starts_with(b"From ") || line.starts_with(b">From "));
        match (fields.last_mut(), name_length(line)) {
            (Some((_, end, _)), _) if folded => *end = at + line.len(),
            (_, Some(name)) if !folded => fields.push((at, at + line.len(), name)),
            _ if mailbox_line => {}
            _ => break,
        }
        at += line.len();
    }
    let field = |&(start, end, name): &(usize, usize, usize)| {
        let text = content.get(start..end)?;
        let written = text.get(..name)?.trim_ascii_end();
        Some(Field { name: String::from_utf8_lossy(written).to_ascii_lowercase(), text, value: name + 1 })
    };
    (fields.iter().filter_map(field).collect(), content.get(at..).unwrap_or_default())
}

/// Where the colon of a field stands; `None` for a line that is no field (RFC 5322 §2.2).
fn name_length(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}

/// The fields that a message must have and this one lacks (RFC 5322 §3.6), ready to stand in front.
fn missing(fields: &[Field<'_>], prefix: &str, facts: &Facts) -> Vec<u8> {
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    let resent = if prefix.is_empty() { "" } else { "Resent-" };
    let mut made = String::new();
    let blocks = if prefix.is_empty() { vec![("", "")] } else { vec![(prefix, resent), ("", "")] };
    for (prefix, written) in blocks {
        if !has(&format!("{prefix}from")) {
            let address = &facts.author;
            made += &match facts.full_name.trim() {
                "" => format!("{written}From: {address}\r\n"),
                name => format!("{written}From: {} <{address}>\r\n", phrase(name)),
            };
        }
        if !has(&format!("{prefix}date")) {
            made += &format!("{written}Date: {}\r\n", mail::date(facts.now));
        }
        if let Some(id) = facts.message_id.as_ref().filter(|_| !has(&format!("{prefix}message-id"))) {
            made += &format!("{written}Message-ID: {id}\r\n");
        }
    }
    made.into_bytes()
}

/// A field with the domains that its addresses lack. What cannot be read stays as it is.
fn push_qualified(made: &mut Vec<u8>, field: &Field<'_>, found: &[Mailbox], host: &Domain) {
    let mut from = 0;
    for mailbox in found.iter().filter(|one| one.domain.is_none() && !one.local.is_empty()) {
        let end = field.value + mailbox.end;
        made.extend_from_slice(field.text.get(from..end).unwrap_or_default());
        made.extend_from_slice(format!("@{}", host.as_ascii()).as_bytes());
        from = end;
    }
    made.extend_from_slice(field.text.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests;
