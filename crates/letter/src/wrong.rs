//! What is wrong with a described message: which field, and why.

/// A field that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {}", problem.words(mail::Language::En))]
pub struct Wrong {
    /// Its name, as the program wrote it: `to[2].email`. Empty for the request as a whole.
    pub field: String,
    /// Why.
    pub problem: Problem,
}

/// Why a field stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is needed and was not given.
    Missing,
    /// It is of another kind than what is read there.
    Kind(Kind),
    /// It holds something that is no address.
    Address(String),
    /// It holds a line break, or another control character, where a line of the header would begin.
    Control,
    /// Its name is no name of a header field (RFC 5322 §2.2).
    HeaderName,
    /// The header field is this server's to write, or has a field of its own in the request.
    Reserved,
    /// It is longer than this.
    TooLong(usize),
    /// There are more of it than this.
    TooMany(usize),
    /// It is not base64 (RFC 4648 §4).
    Base64,
    /// It is no type of a file, or one that an attachment cannot have.
    MediaType,
    /// It cannot name a part of a message.
    ContentId,
    /// It is no moment.
    Moment,
    /// It is later than so many days from now.
    TooLate(u32),
    /// Neither text nor HTML nor a file was given: there is nothing to send.
    Empty,
    /// A gap of a template was left without a value.
    Gap(String),
    /// What it asks for is not done here.
    NotOffered,
    /// There is none of that name that this sender may use.
    Unknown,
    /// The request is not JSON; the parser's words.
    Json(String),
}

/// What kind of value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Characters.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// Several values.
    List,
    /// Names with values.
    Object,
}

impl Wrong {
    /// That a field has this problem.
    pub fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), problem }
    }
}
