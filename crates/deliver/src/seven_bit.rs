//! Content for a server that takes seven bits only (RFC 6152 §3): the parts that have more are encoded, everything
//! else stays as it is.
//!
//! A first pass looks ([`Look`]), a second one writes ([`Encoder`]): whether a part needs an encoding is said in its
//! header, before its first byte. Both are fed pieces of any size and keep a line, not a message. What may not be encoded
//! (what a `multipart/signed` covers, a `message/partial`, what is encoded already and has eight bits all the same) is
//! [`Found::Unfit`]. Raw letters in headers pass as they came: RFC 6152 knows no way to encode them.

mod entity;
mod write;

pub(crate) use write::Encoder;

use entity::{Entity, Kind};

/// The most levels of parts within parts; what is deeper is no mail.
const MAX_DEPTH: usize = 50;
/// The most parts of a message.
const MAX_PARTS: usize = 10_000;
/// The most bytes of a part's header.
const MAX_HEADER_BYTES: usize = (1 << 20) + (64 << 10);

/// What is to be done with a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It has seven bits.
    Keep,
    /// Text: quoted-printable.
    Quote,
    /// Text in nobody knows which charset: quoted-printable, and said so where nothing is said (RFC 1428 §3).
    QuoteUnknown,
    /// Anything else: Base64.
    Base64,
}

/// What a look at a message found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Its bodies have seven bits.
    SevenBit,
    /// What is to be done with each part, in their order.
    Plan(Vec<Action>),
    /// It has eight bits where no encoding is allowed.
    Unfit,
}

/// What happens while a message goes by. Lines have their ends.
trait Visitor {
    /// The header of a part is whole: its fields, and the empty line behind them if there is one.
    fn header(&mut self, entity: &Entity<'_>, is_signed: bool);
    /// A line of a part that has no parts.
    fn body(&mut self, line: &[u8]);
    /// A line between parts, which means nothing (RFC 2046 §5.1.1).
    fn around(&mut self, line: &[u8]);
    /// A line that parts.
    fn boundary(&mut self, line: &[u8]);
    /// Something is beyond every measure.
    fn give_up(&mut self);
}

/// An enclosing multipart.
struct Frame {
    boundary: Vec<u8>,
    is_signed: bool,
    is_digest: bool,
}

enum Place {
    /// In a header; whether it is a message's own.
    Header {
        is_message: bool,
    },
    Body,
    Around,
}

/// Follows the structure of a message.
struct Walker {
    line: Vec<u8>,
    header: Vec<u8>,
    frames: Vec<Frame>,
    place: Place,
}

impl Walker {
    const fn new() -> Self {
        Self {
            line: Vec::new(),
            header: Vec::new(),
            frames: Vec::new(),
            place: Place::Header { is_message: true },
        }
    }

    fn feed(&mut self, mut piece: &[u8], visitor: &mut dyn Visitor) {
        while let Some(end) = memchr::memchr(b'\n', piece) {
            let (line, rest) = piece.split_at(end + 1);
            if self.line.is_empty() {
                self.line(line, visitor);
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.line(&whole, visitor);
                whole.clear();
                self.line = whole;
            }
            piece = rest;
        }
        self.line.extend_from_slice(piece);
    }

    fn finish(&mut self, visitor: &mut dyn Visitor) {
        let last = std::mem::take(&mut self.line);
        if !last.is_empty() {
            self.line(&last, visitor);
        }
        if matches!(self.place, Place::Header { .. }) {
            self.end_header(b"", visitor);
        }
    }

    fn line(&mut self, line: &[u8], visitor: &mut dyn Visitor) {
        if let Some((depth, is_close)) = self.boundary(line) {
            if matches!(self.place, Place::Header { .. }) {
                self.end_header(b"", visitor);
            }
            self.frames.truncate(if is_close { depth } else { depth + 1 });
            self.place = if is_close { Place::Around } else { Place::Header { is_message: false } };
            visitor.boundary(line);
            return;
        }
        match self.place {
            Place::Body => visitor.body(line),
            Place::Around => visitor.around(line),
            Place::Header { .. } if line.trim_ascii_end().is_empty() => self.end_header(line, visitor),
            Place::Header { .. } => {
                self.header.extend_from_slice(line);
                if self.header.len() > MAX_HEADER_BYTES {
                    visitor.give_up();
                    self.header.clear();
                }
            }
        }
    }

    /// The frame that a line is the boundary of, and whether it closes it (RFC 2046 §5.1.1).
    fn boundary(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.strip_prefix(b"--")?.trim_ascii_end();
        let fits = |frame: &Frame| match text.strip_prefix(frame.boundary.as_slice())? {
            b"" => Some(false),
            b"--" => Some(true),
            _ => None,
        };
        let mut frames = self.frames.iter().enumerate().rev();
        frames.find_map(|(depth, frame)| fits(frame).map(|is_close| (depth, is_close)))
    }

    fn end_header(&mut self, empty_line: &[u8], visitor: &mut dyn Visitor) {
        let header = std::mem::take(&mut self.header);
        let Place::Header { is_message } = self.place else { return };
        let is_digest = !is_message && self.frames.last().is_some_and(|frame| frame.is_digest);
        let entity = Entity::read(&header, empty_line, is_message, is_digest);
        let is_signed = self.frames.iter().any(|frame| frame.is_signed);
        visitor.header(&entity, is_signed);
        if self.frames.len() > MAX_DEPTH {
            visitor.give_up();
        }
        self.place = match entity.kind {
            Kind::Multipart { boundary, is_signed, is_digest } => {
                self.frames.push(Frame { boundary, is_signed, is_digest });
                Place::Around
            }
            Kind::Message => Place::Header { is_message: true },
            Kind::Leaf { .. } => Place::Body,
        };
    }
}

/// The first pass.
pub(crate) struct Look {
    walker: Walker,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    actions: Vec<Action>,
    /// What becomes of the present part when it has eight bits; `None` when that is not allowed.
    if_eight_bit: Option<Action>,
    /// Something between parts has eight bits.
    is_marred: bool,
    is_unfit: bool,
}

impl Look {
    pub(crate) fn new() -> Self {
        Self { walker: Walker::new(), seen: Seen::default() }
    }

    pub(crate) fn feed(&mut self, piece: &[u8]) {
        self.walker.feed(piece, &mut self.seen);
    }

    pub(crate) fn finish(mut self) -> Found {
        self.walker.finish(&mut self.seen);
        if self.seen.is_unfit {
            Found::Unfit
        } else if !self.seen.is_marred && self.seen.actions.iter().all(|action| *action == Action::Keep) {
            Found::SevenBit
        } else {
            Found::Plan(self.seen.actions)
        }
    }
}

impl Visitor for Seen {
    fn header(&mut self, entity: &Entity<'_>, is_signed: bool) {
        if let Kind::Leaf { action, .. } = &entity.kind {
            self.actions.push(Action::Keep);
            self.if_eight_bit = action.filter(|_| !is_signed);
        }
        self.is_unfit |= self.actions.len() > MAX_PARTS;
    }

    fn body(&mut self, line: &[u8]) {
        if line.is_ascii() {
            return;
        }
        let Some(action) = self.if_eight_bit else {
            self.is_unfit = true;
            return;
        };
        if let Some(present) = self.actions.last_mut() {
            let unknown = action == Action::Quote && std::str::from_utf8(line).is_err();
            if *present != Action::QuoteUnknown {
                *present = if unknown { Action::QuoteUnknown } else { action };
            }
        }
    }

    fn around(&mut self, line: &[u8]) {
        // It is no part, and yet a reason to write the message anew.
        self.is_marred |= !line.is_ascii();
    }

    fn boundary(&mut self, _line: &[u8]) {}

    fn give_up(&mut self) {
        self.is_unfit = true;
    }
}

#[cfg(test)]
mod tests;
