//! Lines: the one place that says where a line ends, for commands, replies and contents.
//!
//! CR LF ends a line. What is done with a CR or LF alone is each reader's affair: a server's session ends, a client
//! bears with it in a reply, a content is refused or, where its site asks for it, repaired by [`Repair`].

use memchr::{memchr, memchr2};

/// A line at the front of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line without its end.
    pub text: &'a [u8],
    /// How many bytes it takes, with its end.
    pub length: usize,
    /// Whether it ends with LF alone.
    pub is_bare: bool,
}

/// The first line, once its LF has come.
pub fn first(bytes: &[u8]) -> Option<Line<'_>> {
    let end = memchr(b'\n', bytes)?;
    let text = bytes.get(..end)?;
    let whole = text.strip_suffix(b"\r");
    Some(Line { text: whole.unwrap_or(text), length: end + 1, is_bare: whole.is_none() })
}

/// Makes CR LF of each CR or LF that stands alone. Fed in pieces of any size.
#[derive(Debug, Clone, Default)]
pub struct Repair {
    after_cr: bool,
}

impl Repair {
    /// Repairs what was appended to `content` at `from` or behind it. What comes before was repaired by earlier calls.
    pub fn repair(&mut self, content: &mut Vec<u8>, from: usize) {
        if self.is_sound(content.get(from..).unwrap_or_default()) {
            self.after_cr = content.len() > from && content.ends_with(b"\r");
            return;
        }
        let piece = content.split_off(from);
        content.reserve(piece.len() + piece.len() / 32);
        for &byte in &piece {
            if self.after_cr && byte != b'\n' {
                content.push(b'\n');
            } else if !self.after_cr && byte == b'\n' {
                content.push(b'\r');
            }
            content.push(byte);
            self.after_cr = byte == b'\r';
        }
    }

    /// Ends a line that ended with CR alone, when nothing follows.
    pub fn finish(&mut self, content: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            content.push(b'\n');
        }
    }

    /// Whether the piece needs no repair. Said without looking far: a CR at the end decides nothing yet.
    fn is_sound(&self, piece: &[u8]) -> bool {
        if self.after_cr && !piece.is_empty() {
            return false;
        }
        let mut rest = piece;
        while let Some(at) = memchr2(b'\r', b'\n', rest) {
            match rest.get(at..) {
                Some([b'\r', b'\n', after @ ..]) => rest = after,
                Some([b'\r']) => return true,
                _ => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn repaired(text: &[u8], step: usize) -> Vec<u8> {
        let (mut repair, mut content) = (Repair::default(), Vec::new());
        for piece in text.chunks(step) {
            let from = content.len();
            content.extend_from_slice(piece);
            repair.repair(&mut content, from);
        }
        repair.finish(&mut content);
        content
    }

    #[test]
    fn lines_end_with_lf_and_say_whether_a_cr_came_before_it() {
        let line = |text, length, is_bare| Some(Line { text, length, is_bare });
        assert_eq!(first(b"one\r\ntwo"), line(b"one", 5, false));
        assert_eq!(first(b"one\ntwo"), line(b"one", 4, true));
        assert_eq!(first(b"\n"), line(b"", 1, true));
        assert_eq!(first(b"one\r"), None);
    }

    #[test]
    fn each_line_end_that_stands_alone_becomes_a_whole_one() {
        for (text, expected) in [
            (&b"a\nb\n"[..], &b"a\r\nb\r\n"[..]),
            (b"a\rb\r", b"a\r\nb\r\n"),
            (b"a\r\nb\r\n", b"a\r\nb\r\n"),
            (b"a\r\r\nb", b"a\r\n\r\nb"),
            (b"\n\r", b"\r\n\r\n"),
            (b"\n.\n", b"\r\n.\r\n"),
            (b"", b""),
        ] {
            for step in 1..=6 {
                assert_eq!(repaired(text, step), expected, "{}, {step} at a time", text.escape_ascii());
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_repaired_needs_no_repair(text in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a')], 0..40), step in 1usize..8) {
            let once = repaired(&text, step);
            let plain: String = once.iter().map(|&byte| char::from(byte)).collect();
            prop_assert!(!plain.replace("\r\n", "").contains(['\r', '\n']));
            prop_assert_eq!(repaired(&once, step), once);
        }
    }
}
