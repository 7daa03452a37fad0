//! Signing: a message goes by once, in pieces, and any number of keys sign what was hashed.

use crate::body::BodyHash;
use crate::header::{self, Field};
use crate::record::check_name;
use crate::{AuthenticityError, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::{Domain, Timestamp};

/// Where a line of the signature is folded. RFC 5322 §2.1.1 asks for at most 78.
const LINE_BYTES: usize = 76;

/// A message on its way to be signed: its bytes as they will be sent (the lines that this server adds first, dots not
/// stuffed), in pieces cut anywhere. Only the header is kept; the body is hashed as it goes by.
pub struct Hashing {
    /// The header, as far as it has come.
    header: Vec<u8>,
    /// The body, once it has begun.
    body: Option<BodyHash>,
    too_long: bool,
}

/// A message that went by whole.
pub struct Hashed {
    header: Vec<u8>,
    body_hash: String,
}

/// A key with the name under which its public half is published.
#[derive(Debug)]
pub struct Signer {
    domain: Domain,
    selector: String,
    key: SigningKey,
}

impl Default for Hashing {
    fn default() -> Self {
        Self::new()
    }
}

impl Hashing {
    /// The largest header that is signed.
    pub const MAX_HEADER_BYTES: usize = 1 << 20;

    /// A message of which nothing has come yet.
    pub const fn new() -> Self {
        Self { header: Vec::new(), body: None, too_long: false }
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        if let Some(body) = &mut self.body {
            return body.update(piece);
        }
        // The end may lie across the cut.
        let from = self.header.len().saturating_sub(3);
        self.header.extend_from_slice(piece);
        if let Some(end) = end_of_header(&self.header, from) {
            self.too_long |= end.fields > Self::MAX_HEADER_BYTES;
            let body = self.body.insert(BodyHash::new());
            body.update(self.header.get(end.body..).unwrap_or_default());
            self.header.truncate(end.fields);
        } else if self.header.len() > Self::MAX_HEADER_BYTES {
            self.too_long = true;
            self.header.clear();
        }
    }

    /// The message is whole.
    pub fn finish(self) -> Result<Hashed, AuthenticityError> {
        if self.too_long {
            return Err(AuthenticityError::HeaderTooLong);
        }
        if !header::fields(&self.header).iter().any(|field| field.is("from")) {
            return Err(AuthenticityError::NoFrom);
        }
        // A message without an empty line is all header.
        let body = self.body.unwrap_or_else(BodyHash::new);
        Ok(Hashed { header: self.header, body_hash: STANDARD.encode(body.finish()) })
    }
}

struct End {
    /// Where the fields end, the last line end included.
    fields: usize,
    /// Where the body begins.
    body: usize,
}

fn end_of_header(text: &[u8], from: usize) -> Option<End> {
    // A message may begin with the empty line.
    if from == 0 && text.starts_with(b"\r\n") {
        return Some(End { fields: 0, body: 2 });
    }
    let at = text.get(from..)?.windows(4).position(|window| window == b"\r\n\r\n")? + from;
    Some(End { fields: at + 2, body: at + 4 })
}

impl Hashed {
    /// The domain of the message's author: of the first address of its From, whose domain a signature should be of
    /// (RFC 7489 §3.1.1). `None` when that is no address.
    pub fn author_domain(&self) -> Option<Domain> {
        let fields = header::fields(&self.header);
        let from = fields.iter().find(|field| field.is("from"))?;
        header::first_address(from.value).map(|address| address.domain().clone())
    }
}

impl Signer {
    /// A key under its selector and domain.
    pub fn new(domain: Domain, selector: &str, key: SigningKey) -> Result<Self, AuthenticityError> {
        check_name(&domain, selector)?;
        Ok(Self { domain, selector: selector.to_owned(), key })
    }

    /// The signature of a message, made at `now`: a header field with its line end, to go in front of the message.
    pub fn sign(&self, message: &Hashed, now: Timestamp) -> Result<String, AuthenticityError> {
        let fields = header::fields(&message.header);
        let names = header::covered(&fields);
        let mut signature = Folded::new("DKIM-Signature: v=1;");
        signature.tag("a", self.key.algorithm().as_str());
        signature.tag("c", "relaxed/relaxed");
        signature.tag("d", self.domain.as_ascii());
        signature.tag("s", &self.selector);
        signature.tag("t", &now.secs().to_string());
        signature.list("h", &names);
        signature.tag("bh", &message.body_hash);
        signature.open("b");
        let mut text = Vec::with_capacity(message.header.len());
        header::canonical(&fields, names, &mut text);
        // RFC 6376 §3.7: the signature itself comes last, its b= empty, without a line end.
        let value = signature.text.split_once(':').map_or("", |(_, value)| value);
        header::canonical_field(Field { name: b"dkim-signature", value: value.as_bytes() }, &mut text);
        signature.wrap(&STANDARD.encode(self.key.sign(&text)?));
        Ok(signature.text + "\r\n")
    }
}

/// A header field that grows by tags and is folded between them.
struct Folded {
    text: String,
    column: usize,
}

impl Folded {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), column: text.len() }
    }

    /// Adds a word after a space, or on a new line if it does not fit.
    fn word(&mut self, word: &str) {
        if self.column + 1 + word.len() > LINE_BYTES {
            self.fold();
        } else {
            self.text.push(' ');
            self.column += 1;
        }
        self.text.push_str(word);
        self.column += word.len();
    }

    fn fold(&mut self) {
        self.text.push_str("\r\n\t");
        self.column = 8;
    }

    fn tag(&mut self, name: &str, value: &str) {
        self.word(&format!("{name}={value};"));
    }

    /// A list with colons, folded after them (RFC 6376 §3.5, `h=`).
    fn list(&mut self, name: &str, values: &[&str]) {
        self.fold();
        self.text.push_str(name);
        self.text.push('=');
        self.column += name.len() + 1;
        let last = values.len().saturating_sub(1);
        for (number, value) in values.iter().enumerate() {
            if self.column + value.len() + 1 > LINE_BYTES {
                self.fold();
            }
            self.text.push_str(value);
            self.text.push(if number < last { ':' } else { ';' });
            self.column += value.len() + 1;
        }
    }

    /// Begins the last tag, whose value is not known yet.
    fn open(&mut self, name: &str) {
        self.fold();
        self.text.push_str(name);
        self.text.push('=');
        self.column += name.len() + 1;
    }

    /// Adds a long value, folded wherever a line is full.
    fn wrap(&mut self, value: &str) {
        for character in value.chars() {
            if self.column >= LINE_BYTES {
                self.fold();
            }
            self.text.push(character);
            self.column += 1;
        }
    }
}

#[cfg(test)]
mod tests;
