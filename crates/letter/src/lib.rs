//! Messages that programs describe instead of writing: a [`Letter`] becomes a content, or a [`Wrong`] says which field stands
//! in the way.
//!
//! Owns the neutral letter, the content that is made of it (RFC 5322, RFC 2045), and the shapes in which programs describe one:
//! our own and those of the services that they were written for. It never sends anything, opens no socket, and does
//! not know who may send what: that is the door's. Start at [`Letter`] and [`Letter::content`], then at [`mod@shape`].

mod compose;
mod media;
mod moment;
pub mod shape;
mod words;
mod wrong;

pub use wrong::{Problem, Wrong};

use mail::{Address, BodyType, Timestamp};
use std::collections::{BTreeMap, HashSet};

/// The most attachments of a letter.
pub const ATTACHMENTS: usize = 100;
/// The most header fields that a letter may add.
pub const HEADERS: usize = 100;
/// The most tags of a letter, and the most entries of its metadata.
pub const TAGS: usize = 50;
/// The most characters of a tag, of a name of metadata, and of a person's name.
pub const WORD_CHARS: usize = 256;
/// The most bytes of a value of metadata, of a subject and of a header field.
pub const VALUE_BYTES: usize = 4_096;

/// Somebody with an address, and perhaps a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The name as people read it; empty for none.
    pub name: String,
    /// The address.
    pub address: Address,
}

impl From<Address> for Party {
    fn from(address: Address) -> Self {
        Self { name: String::new(), address }
    }
}

/// A file that goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name as people read it; empty for none.
    pub filename: String,
    /// Its type, `application/pdf`; empty takes it from the name.
    pub content_type: String,
    /// The name by which the HTML shows it (`cid:…`); a file without one is only attached.
    pub content_id: Option<String>,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// A message as a program describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The author.
    pub from: Party,
    /// The recipients whom everybody sees.
    pub to: Vec<Party>,
    /// Those who get a copy, whom everybody sees.
    pub cc: Vec<Party>,
    /// Those who get a copy, whom nobody sees.
    pub bcc: Vec<Party>,
    /// Where answers go, if not to the author.
    pub reply_to: Vec<Party>,
    /// The subject.
    pub subject: String,
    /// The text as HTML.
    pub html: Option<String>,
    /// The text without marks.
    pub text: Option<String>,
    /// Further header fields, in their order.
    pub headers: Vec<(String, String)>,
    /// The files.
    pub attachments: Vec<Attachment>,
    /// Words by which the message is found again. They stay here.
    pub tags: Vec<String>,
    /// What the program wants to be told along with news of the message. It stays here.
    pub metadata: BTreeMap<String, String>,
    /// When it may leave, if not at once.
    pub send_at: Option<Timestamp>,
    /// For how many seconds it can be taken back; `None` is what holds for whoever sends it.
    pub undo_seconds: Option<u32>,
    /// The relay that carries it, by name; `None` is the route.
    pub relay: Option<String>,
    /// Whether it is only checked.
    pub dry_run: bool,
}

impl Letter {
    /// A letter of that author, of which nothing else is known.
    pub fn of(from: Party) -> Self {
        Self {
            from,
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: Vec::new(),
            subject: String::new(),
            html: None,
            text: None,
            headers: Vec::new(),
            attachments: Vec::new(),
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            send_at: None,
            undo_seconds: None,
            relay: None,
            dry_run: false,
        }
    }

    /// Everybody who gets it, each address once, in the order in which they were named.
    pub fn recipients(&self) -> Vec<Address> {
        let mut seen = HashSet::new();
        let all = self.to.iter().chain(&self.cc).chain(&self.bcc).map(|party| &party.address);
        all.filter(|address| seen.insert(address.key())).cloned().collect()
    }

    /// How its content is declared: it has seven bits, unless an address in its header needs more (RFC 6531).
    pub fn body_type(&self) -> BodyType {
        let mut shown = self.to.iter().chain(&self.cc).chain(&self.reply_to).chain([&self.from]);
        if shown.any(|party| party.address.needs_utf8()) { BodyType::Utf8 } else { BodyType::SevenBit }
    }

    /// Its content, header and body, with the line ends of RFC 5322. The door adds the `Message-ID`; whoever is in `bcc` is
    /// not in it.
    pub fn content(&self, now: Timestamp) -> Result<Vec<u8>, Wrong> {
        compose::content(self, now)
    }
}
