//! The shapes in which programs describe letters, and those of the answers that they expect.
//!
//! Whatever a request holds that changes what is sent is honoured or refused by name; only wishes to follow readers about are
//! taken and not done. A shape never decides whether a letter is taken: it reads, and words what the door said.

mod brevo;
mod fields;
mod mailjet;
mod own;
mod postmark;
mod resend;
mod sendgrid;

use crate::{Letter, Problem, Wrong};
use mail::{Language, PublicId, Timestamp};
use serde_json::Value;

/// The most letters of one request.
pub const LETTERS: usize = 500;

/// Whose words a request speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Our own.
    Own,
    /// Postmark's.
    Postmark,
    /// SendGrid's, version 3.
    SendGrid,
    /// Resend's.
    Resend,
    /// Brevo's, version 3.
    Brevo,
    /// Mailjet's, version 3.1.
    Mailjet,
}

/// What a request may hold at the address to which it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// One letter.
    One,
    /// A list of letters.
    Many,
}

/// A request that was read.
#[derive(Debug)]
pub struct Order {
    /// Its letters, each as it is or with what is wrong in it.
    pub items: Vec<Item>,
    /// Whether nothing is sent when one of them cannot be.
    pub is_whole: bool,
    /// What makes the request the same one when it comes again, where the shape has a field for it.
    pub once: Option<String>,
    /// Whether the answer is that of a list.
    is_list: bool,
}

/// A letter of a request.
#[derive(Debug)]
pub struct Item {
    /// The letter, or why there is none.
    pub letter: Result<Letter, Wrong>,
    /// What the program calls it, to be said again in the answer.
    pub label: Option<String>,
}

impl Order {
    fn one(letter: Letter) -> Self {
        Self {
            items: vec![Item { letter: Ok(letter), label: None }],
            is_whole: true,
            once: None,
            is_list: false,
        }
    }

    fn many(letters: Vec<Result<Letter, Wrong>>, is_whole: bool) -> Self {
        let items = letters.into_iter().map(|letter| Item { letter, label: None }).collect();
        Self { items, is_whole, once: None, is_list: true }
    }
}

/// A letter that was taken, or that would have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its unguessable id; `None` when it was only checked.
    pub id: Option<PublicId>,
    /// Its number in the queue, 0 when it was only checked.
    pub number: i64,
    /// Its `Message-ID`.
    pub message_id: String,
    /// When it was taken.
    pub at: Timestamp,
    /// When it leaves, if not at once: until then it can be taken back.
    pub release_at: Option<Timestamp>,
}

impl Receipt {
    /// The id in the form of a UUID, as the services give theirs.
    pub fn uuid(&self) -> String {
        let hex = self.id.map_or_else(|| "0".repeat(32), |id| id.to_string());
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }
}

/// Who is to blame for what is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// A field of the request.
    Field,
    /// The request: it is no JSON, or of another form.
    Form,
    /// Nobody is known by that key.
    Key,
    /// The key is known, and may not do this.
    Rights,
    /// The author is not one of the sender's own.
    Sender,
    /// There is nothing of that id or at that address.
    Nothing,
    /// The address does not take that method.
    Method,
    /// The request is too large.
    Size,
    /// Too many requests.
    Pace,
    /// The same key of a request came with another content.
    Twice,
    /// It is too late: the message has left.
    Late,
    /// This server cannot take anything at the moment.
    Server,
}

impl Blame {
    /// The status of HTTP that says it.
    pub const fn status(self) -> u16 {
        match self {
            Self::Field => 422,
            Self::Form => 400,
            Self::Key => 401,
            Self::Rights | Self::Sender => 403,
            Self::Nothing => 404,
            Self::Method => 405,
            Self::Twice | Self::Late => 409,
            Self::Size => 413,
            Self::Pace => 429,
            Self::Server => 503,
        }
    }
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Who is to blame.
    pub blame: Blame,
    /// The field, when it is one's.
    pub field: String,
    /// The words: what is wrong, and what to do.
    pub message: String,
    /// Whether the field is missing, rather than wrong.
    pub is_missing: bool,
}

impl Failure {
    /// A failure of the request as a whole.
    pub fn new(blame: Blame, message: impl Into<String>) -> Self {
        Self { blame, field: String::new(), message: message.into(), is_missing: false }
    }

    /// What is wrong with a field, in the words of a language.
    pub fn of(wrong: &Wrong, language: Language) -> Self {
        Self {
            blame: if matches!(wrong.problem, Problem::Json(_)) { Blame::Form } else { Blame::Field },
            field: wrong.field.clone(),
            message: wrong.words(language),
            is_missing: wrong.problem == Problem::Missing,
        }
    }
}

/// What became of each letter of an order, in its order.
pub type Outcome = Result<Receipt, Failure>;

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The JSON; `Null` is an empty body.
    pub body: Value,
    /// The id for the header `X-Message-Id`.
    pub id: Option<String>,
}

impl Answer {
    const fn new(status: u16, body: Value) -> Self {
        Self { status, body, id: None }
    }
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Own, Self::Postmark, Self::SendGrid, Self::Resend, Self::Brevo, Self::Mailjet];

    /// Reads a request.
    pub fn read(self, call: Call, body: &[u8], now: Timestamp) -> Result<Order, Wrong> {
        let value: Value =
            serde_json::from_slice(body).map_err(|error| Wrong::new("", Problem::Json(error.to_string())))?;
        match self {
            Self::Own => own::read(call, value, now),
            Self::Postmark => postmark::read(call, value),
            Self::SendGrid => sendgrid::read(value),
            Self::Resend => resend::read(call, value, now),
            Self::Brevo => brevo::read(value, now),
            Self::Mailjet => mailjet::read(value),
        }
    }

    /// What is answered once every letter was tried. `order` and `outcomes` are of one length.
    pub fn answer(self, order: &Order, outcomes: &[Outcome]) -> Answer {
        match self {
            Self::Own => own::answer(order, outcomes),
            Self::Postmark => postmark::answer(order, outcomes),
            Self::SendGrid => sendgrid::answer(outcomes),
            Self::Resend => resend::answer(order, outcomes),
            Self::Brevo => brevo::answer(order, outcomes),
            Self::Mailjet => mailjet::answer(order, outcomes),
        }
    }

    /// What is answered when nothing was done.
    pub fn failure(self, failure: &Failure) -> Answer {
        match self {
            Self::Own => Answer::new(failure.blame.status(), own::failure(failure)),
            Self::Postmark => postmark::failure(failure),
            Self::SendGrid => sendgrid::failure(failure),
            Self::Resend => resend::failure(failure),
            Self::Brevo => brevo::failure(failure),
            Self::Mailjet => mailjet::failure(failure),
        }
    }
}

/// The first failure, when there is one.
fn first_failure(outcomes: &[Outcome]) -> Option<&Failure> {
    outcomes.iter().find_map(|outcome| outcome.as_ref().err())
}

/// The letters of a list, at most [`LETTERS`].
fn listed(
    value: Value,
    read: impl Fn(String, Value) -> Result<Letter, Wrong>,
) -> Result<Vec<Result<Letter, Wrong>>, Wrong> {
    let Value::Array(values) = value else {
        return Err(Wrong::new("", Problem::Kind(crate::wrong::Kind::List)));
    };
    if values.len() > LETTERS {
        return Err(Wrong::new("", Problem::TooMany(LETTERS)));
    }
    if values.is_empty() {
        return Err(Wrong::new("", Problem::Missing));
    }
    Ok(values.into_iter().enumerate().map(|(index, value)| read(format!("[{index}]"), value)).collect())
}

#[cfg(test)]
mod tests;
