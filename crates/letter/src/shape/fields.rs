//! The fields of a request, taken one by one: what is left at the end is what nobody here knows.

use crate::wrong::{Kind, Problem, Wrong};
use crate::{Attachment, Party, moment};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mail::{Timestamp, decoded_words, mailboxes};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Base64 as programs write it, with or without its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The fields of an object.
pub(super) struct Fields {
    /// Where the object stands in the request.
    at: String,
    left: Map<String, Value>,
}

impl Fields {
    /// The fields of a value that stands there.
    pub(super) fn of(at: impl Into<String>, value: Value) -> Result<Self, Wrong> {
        let at = at.into();
        match value {
            Value::Object(left) => Ok(Self { at, left }),
            _ => Err(Wrong::new(at, Problem::Kind(Kind::Object))),
        }
    }

    /// A field as it is called in the request.
    pub(super) fn name(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    /// That a field has this problem.
    pub(super) fn wrong(&self, key: &str, problem: Problem) -> Wrong {
        Wrong::new(self.name(key), problem)
    }

    /// A value; null is none.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key).filter(|value| !value.is_null())
    }

    /// A text.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Wrong> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, Problem::Kind(Kind::Text))),
        }
    }

    /// A text that must be there, and not be empty.
    pub(super) fn needed(&mut self, key: &str) -> Result<String, Wrong> {
        self.text(key)?
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.wrong(key, Problem::Missing))
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &str) -> Result<Option<i64>, Wrong> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => {
                value.as_i64().map(Some).ok_or_else(|| self.wrong(key, Problem::Kind(Kind::Number)))
            }
        }
    }

    /// Yes or no; no when it is not there.
    pub(super) fn flag(&mut self, key: &str) -> Result<bool, Wrong> {
        match self.take(key) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(key, Problem::Kind(Kind::Flag))),
        }
    }

    /// The values of a list, with their names; none when it is not there.
    pub(super) fn list(&mut self, key: &str) -> Result<Vec<(String, Value)>, Wrong> {
        let name = self.name(key);
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => {
                let named = |(index, value)| (format!("{name}[{index}]"), value);
                Ok(values.into_iter().enumerate().map(named).collect())
            }
            Some(_) => Err(Wrong::new(name, Problem::Kind(Kind::List))),
        }
    }

    /// The objects of a list.
    pub(super) fn objects(&mut self, key: &str) -> Result<Vec<Self>, Wrong> {
        self.list(key)?.into_iter().map(|(name, value)| Self::of(name, value)).collect()
    }

    /// An object.
    pub(super) fn object(&mut self, key: &str) -> Result<Option<Self>, Wrong> {
        let name = self.name(key);
        self.take(key).map(|value| Self::of(name, value)).transpose()
    }

    /// Names with values that are texts, or print as such.
    pub(super) fn words(&mut self, key: &str) -> Result<BTreeMap<String, String>, Wrong> {
        Ok(self.object(key)?.map(Self::into_words).transpose()?.unwrap_or_default())
    }

    /// All that is left, as it is.
    pub(super) fn into_values(self) -> Map<String, Value> {
        self.left
    }

    fn into_words(self) -> Result<BTreeMap<String, String>, Wrong> {
        let at = self.at;
        let word = |(name, value): (String, Value)| match printed(value) {
            Some(text) => Ok((name, text)),
            None => Err(Wrong::new(format!("{at}.{name}"), Problem::Kind(Kind::Text))),
        };
        self.left.into_iter().map(word).collect()
    }

    /// Names with texts, in the order of the request as far as it has one.
    pub(super) fn header(&mut self, key: &str) -> Result<Vec<(String, String)>, Wrong> {
        Ok(self.words(key)?.into_iter().collect())
    }

    /// Texts of a list, or one text.
    pub(super) fn texts(&mut self, key: &str) -> Result<Vec<String>, Wrong> {
        if let Some(Value::String(_)) = self.left.get(key) {
            return Ok(self.text(key)?.into_iter().collect());
        }
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok(text),
            _ => Err(Wrong::new(name, Problem::Kind(Kind::Text))),
        };
        self.list(key)?.into_iter().map(text).collect()
    }

    /// Base64.
    pub(super) fn bytes(&mut self, key: &str) -> Result<Vec<u8>, Wrong> {
        let name = self.name(key);
        match self.take(key) {
            None => Err(Wrong::new(name, Problem::Missing)),
            Some(Value::String(text)) => decoded(text).ok_or_else(|| Wrong::new(name, Problem::Base64)),
            // A `Buffer` of Node that was written as JSON without being asked how.
            Some(Value::Object(mut buffer)) => {
                let bytes = buffer.remove("data").and_then(|data| serde_json::from_value(data).ok());
                bytes.ok_or_else(|| Wrong::new(name, Problem::Base64))
            }
            Some(_) => Err(Wrong::new(name, Problem::Base64)),
        }
    }

    /// A moment: a text, or the seconds since 1970.
    pub(super) fn moment(&mut self, key: &str, now: Timestamp) -> Result<Option<Timestamp>, Wrong> {
        let read = match self.take(key) {
            None => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => moment::read(&text, now),
            Some(value) => value.as_i64().and_then(|secs| secs.checked_mul(1_000)).map(Timestamp),
        };
        read.map(Some).ok_or_else(|| self.wrong(key, Problem::Moment))
    }

    /// Addresses of a text, with commas between them; none when it is not there.
    pub(super) fn addresses(&mut self, key: &str) -> Result<Vec<Party>, Wrong> {
        let name = self.name(key);
        self.text(key)?.map_or_else(|| Ok(Vec::new()), |text| parties(&name, &text))
    }

    /// Addresses as a text, as an object, or as a list of either.
    pub(super) fn people(&mut self, key: &str, words: (&str, &str)) -> Result<Vec<Party>, Wrong> {
        let name = self.name(key);
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => {
                let mut found = Vec::new();
                for (index, value) in values.into_iter().enumerate() {
                    found.extend(person(format!("{name}[{index}]"), value, words)?);
                }
                Ok(found)
            }
            Some(value) => person(name, value, words),
        }
    }

    /// One address, which must be there.
    pub(super) fn author(&mut self, key: &str, words: (&str, &str)) -> Result<Party, Wrong> {
        let mut found = self.people(key, words)?.into_iter();
        match (found.next(), found.next()) {
            (Some(party), None) => Ok(party),
            (None, _) => Err(self.wrong(key, Problem::Missing)),
            _ => Err(self.wrong(key, Problem::TooMany(1))),
        }
    }

    /// An attachment whose fields have these names: of the file, its type, its content and its id.
    pub(super) fn attachment(
        mut self,
        [filename, media, content, id]: [&str; 4],
    ) -> Result<Attachment, Wrong> {
        let filename = self.text(filename)?.unwrap_or_default();
        let content_type = self.text(media)?.unwrap_or_default();
        let content_id = self.text(id)?.map(|id| bare_id(&id)).filter(|id| !id.is_empty());
        let content = self.bytes(content)?;
        self.end()?;
        Ok(Attachment { filename, content_type, content_id, content })
    }

    /// Takes wishes that are not done and change nothing for the recipient.
    pub(super) fn pass(&mut self, keys: &[&str]) {
        for key in keys {
            self.left.remove(*key);
        }
    }

    /// Takes what is not offered, as long as it asks for nothing.
    pub(super) fn unasked(&mut self, keys: &[&str]) -> Result<(), Wrong> {
        for key in keys {
            let asks = match self.take(key) {
                None | Some(Value::Bool(false)) => false,
                Some(Value::String(text)) => !text.is_empty(),
                Some(Value::Array(values)) => !values.is_empty(),
                Some(Value::Object(fields)) => !fields.is_empty(),
                Some(_) => true,
            };
            if asks {
                return Err(self.wrong(key, Problem::NotOffered));
            }
        }
        Ok(())
    }

    /// Refuses what is left.
    pub(super) fn end(self) -> Result<(), Wrong> {
        match self.left.iter().find(|(_, value)| !value.is_null()) {
            Some((key, _)) => Err(self.wrong(key, Problem::NotOffered)),
            None => Ok(()),
        }
    }
}

/// A text, or what prints as one.
pub(super) fn printed(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

/// An id without the marks in which some programs write it.
pub(super) fn bare_id(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("cid:").unwrap_or(text);
    text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text).to_owned()
}

fn decoded(mut text: String) -> Option<Vec<u8>> {
    text.retain(|c| !c.is_ascii_whitespace());
    BASE64.decode(text).ok()
}

fn person(at: String, value: Value, (address, name): (&str, &str)) -> Result<Vec<Party>, Wrong> {
    if let Value::String(text) = value {
        return parties(&at, &text);
    }
    let mut fields = Fields::of(at, value)?;
    let written = fields.needed(address)?;
    let parsed = written.trim().parse();
    let address = parsed.map_err(|_| fields.wrong(address, Problem::Address(shortened(&written))))?;
    let name = fields.text(name)?.map(|name| decoded_words(name.as_bytes())).unwrap_or_default();
    fields.end()?;
    Ok(vec![Party { name, address }])
}

/// The addresses of a text, each with its name.
pub(super) fn parties(at: &str, text: &str) -> Result<Vec<Party>, Wrong> {
    // A line break is white space to who reads a header; in a field of a request it is none.
    if text.chars().any(char::is_control) {
        return Err(Wrong::new(at, Problem::Control));
    }
    let bad = |piece: &str| Wrong::new(at, Problem::Address(shortened(piece)));
    let found = mailboxes(text.as_bytes()).map_err(|error| bad(&error.0))?;
    let mut parties = Vec::new();
    for mailbox in found {
        let Some(domain) = &mailbox.domain else { return Err(bad(&mailbox.local)) };
        let written = format!("{}@{domain}", mailbox.local);
        let address = written.parse().map_err(|_| bad(&written))?;
        let name = mailbox.name.map(|name| read_name(&String::from_utf8_lossy(&name))).unwrap_or_default();
        parties.push(Party { name, address });
    }
    Ok(parties)
}

/// A name as people read it: some programs send it as it would stand in a header.
fn read_name(name: &str) -> String {
    decoded_words(unquoted(name).as_bytes())
}

/// A name without the quotes in which it was written (RFC 5322 §3.2.4).
fn unquoted(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return name.to_owned();
    };
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

/// The beginning of a text that is shown again.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
