//! The dots at the beginning of lines (RFC 5321 §4.5.2), and the only end that a message has.
//!
//! CR LF `.` CR LF ends a message and nothing else does. Servers that also took LF `.` LF, or CR alone,
//! let a second message be smuggled inside the first (CVE-2023-51764 and its kin).

use memchr::{memchr, memchr_iter, memchr3, memmem};
use std::borrow::Cow;

/// Where in a line the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// A line begins.
    #[default]
    LineStart,
    /// The line began with a dot, which is not content.
    Dot,
    /// The line began with a dot and CR.
    DotCr,
    /// Within a line.
    Within,
    /// Behind a CR.
    Cr,
}

/// Whole lines that were looked at together.
struct Lines {
    bytes: usize,
    /// Whether they are there, and hold nothing but text between their ends.
    are_plain: bool,
}

/// Takes the dots away and finds the end. Fed in pieces of any size.
#[derive(Debug, Clone, Default)]
pub struct Unstuffer {
    place: Place,
    /// Dots are content, and nothing in the bytes is an end: a chunk of BDAT.
    is_plain: bool,
    line_bytes: usize,
    longest_line: usize,
    bare_line_end: bool,
    nul: bool,
    /// The CR before this byte came behind another.
    doubled_cr: bool,
    /// The line before this one ended with CR CR LF.
    doubtful_start: bool,
}

impl Unstuffer {
    /// A reader of chunks (RFC 3030 §2), in which dots mean nothing: the same watch over line ends, and no end.
    pub fn plain() -> Self {
        Self { is_plain: true, ..Self::default() }
    }

    /// Reads a piece and appends the content in it to `content`. Says how many bytes were read, and
    /// whether the end was among them; what follows the end is not touched.
    pub fn read(&mut self, piece: &[u8], content: &mut Vec<u8>) -> (usize, bool) {
        // Everything from `run` to `at` is content and is copied at once: a message without dots
        // at the beginning of lines is one copy.
        let (mut run, mut at) = (0, 0);
        // Up to here it is known that lines must be read byte by byte.
        let mut doubtful_until = 0;
        while let Some(&byte) = piece.get(at) {
            match self.place {
                Place::LineStart if byte == b'.' && !self.is_plain => {
                    content.extend_from_slice(piece.get(run..at).unwrap_or_default());
                    at += 1;
                    run = at;
                    self.place = Place::Dot;
                }
                Place::Dot if byte == b'\r' => {
                    at += 1;
                    run = at;
                    self.place = Place::DotCr;
                }
                Place::DotCr if byte == b'\n' => return (at + 1, true),
                Place::Cr if byte == b'\n' => {
                    at += 1;
                    self.end_line();
                }
                Place::DotCr | Place::Cr if byte == b'\r' => {
                    self.give_back_cr(content);
                    at += 1;
                    self.bare_line_end = true;
                    self.doubled_cr = true;
                    self.place = Place::Cr;
                }
                Place::DotCr | Place::Cr => {
                    self.give_back_cr(content);
                    self.bare_line_end = true;
                    self.doubled_cr = false;
                    self.line_bytes = 0;
                    self.place = Place::Within;
                }
                Place::LineStart if at >= doubtful_until => {
                    let lines = self.plain_lines(piece.get(at..).unwrap_or_default());
                    if lines.are_plain {
                        at += lines.bytes;
                    } else {
                        doubtful_until = at + lines.bytes.max(1);
                        self.place = Place::Within;
                    }
                }
                Place::LineStart | Place::Dot => self.place = Place::Within,
                Place::Within => at += self.within(piece.get(at..).unwrap_or_default()),
            }
        }
        content.extend_from_slice(piece.get(run..).unwrap_or_default());
        (piece.len(), false)
    }

    /// Passes over the whole lines at the beginning of `rest` that begin with no dot: nearly all that mail is made of. Three
    /// searches over many lines cost a fraction of one search a line; lines that are not plain are left to the reader by
    /// bytes, together with those before them, and are not searched again.
    fn plain_lines(&mut self, rest: &[u8]) -> Lines {
        let (mut end, mut lines, mut longest) = (0, 0, 0);
        for line_feed in memchr_iter(b'\n', rest) {
            let begins_with_dot = !self.is_plain && rest.get(end) == Some(&b'.');
            let before = line_feed.checked_sub(1).and_then(|at| rest.get(at));
            if begins_with_dot || line_feed == end || before != Some(&b'\r') {
                break;
            }
            longest = longest.max(line_feed - end);
            lines += 1;
            end = line_feed + 1;
        }
        let taken = rest.get(..end).unwrap_or_default();
        let are_plain = lines > 0 && memchr(0, taken).is_none() && memchr_iter(b'\r', taken).count() == lines;
        if are_plain {
            self.longest_line = self.longest_line.max(longest);
            self.doubtful_start = false;
        }
        Lines { bytes: end, are_plain }
    }

    /// A CR behind a dot was kept back as the beginning of the end, and is none.
    fn give_back_cr(&self, content: &mut Vec<u8>) {
        if self.place == Place::DotCr {
            content.push(b'\r');
        }
    }

    /// Goes to the byte behind the next one that matters.
    fn within(&mut self, rest: &[u8]) -> usize {
        let found = memchr3(b'\r', b'\n', 0, rest);
        let count = found.map_or(rest.len(), |at| at + 1);
        self.line_bytes += count;
        self.longest_line = self.longest_line.max(self.line_bytes);
        match found.and_then(|at| rest.get(at)) {
            None => {}
            Some(b'\r') => self.place = Place::Cr,
            Some(b'\n') => {
                self.bare_line_end = true;
                self.line_bytes = 0;
            }
            Some(_) => self.nul = true,
        }
        count
    }

    fn end_line(&mut self) {
        self.line_bytes = 0;
        self.doubtful_start = std::mem::take(&mut self.doubled_cr);
        self.place = Place::LineStart;
    }

    /// Whether the end that was found is one that the sender may not have meant: CR CR LF `.` CR LF.
    /// The last five bytes are the end by the letter; a sender that takes the doubled CR for a part of the
    /// line does not stuff the dot, and what follows would be smuggled.
    pub const fn is_end_doubtful(&self) -> bool {
        self.doubtful_start && !self.is_plain
    }

    /// Whether a CR or LF alone was among what was read.
    pub const fn has_bare_line_end(&self) -> bool {
        self.bare_line_end
    }

    /// Whether a NUL was among what was read.
    pub const fn has_nul(&self) -> bool {
        self.nul
    }

    /// Whether the last byte is a CR whose LF has not come.
    pub fn is_after_cr(&self) -> bool {
        self.place == Place::Cr
    }

    /// The length of the longest line so far, in bytes.
    pub const fn longest_line(&self) -> usize {
        self.longest_line
    }
}

/// Adds the dots. Fed in pieces of any size.
#[derive(Debug, Clone, Default)]
pub struct Stuffer {
    place: Place,
}

impl Stuffer {
    /// The piece with a dot before each line that begins with one: the piece itself when none does.
    pub fn stuff<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        let first = match self.place {
            Place::LineStart if piece.starts_with(b".") => Some(0),
            Place::Cr if piece.starts_with(b"\n.") => Some(1),
            _ => None,
        };
        self.place = self.place_after(piece);
        let mut dots =
            first.into_iter().chain(memmem::find_iter(piece, b"\r\n.").map(|at| at + 2)).peekable();
        if dots.peek().is_none() {
            return Cow::Borrowed(piece);
        }
        let mut stuffed = Vec::with_capacity(piece.len() + piece.len() / 64 + 16);
        let mut run = 0;
        for dot in dots {
            stuffed.extend_from_slice(piece.get(run..dot).unwrap_or_default());
            stuffed.push(b'.');
            run = dot;
        }
        stuffed.extend_from_slice(piece.get(run..).unwrap_or_default());
        Cow::Owned(stuffed)
    }

    fn place_after(&self, piece: &[u8]) -> Place {
        match piece {
            [] => self.place,
            [b'\n'] if self.place == Place::Cr => Place::LineStart,
            [.., b'\r', b'\n'] => Place::LineStart,
            [.., b'\r'] => Place::Cr,
            _ => Place::Within,
        }
    }

    /// What ends the message after the last piece. A content that does not end its last line has it
    /// ended here, for nothing else can be said in SMTP.
    pub const fn end(&self) -> &'static [u8] {
        match self.place {
            Place::LineStart => b".\r\n",
            _ => b"\r\n.\r\n",
        }
    }
}
