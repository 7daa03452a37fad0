//! The body in its relaxed canonical form (RFC 6376 §3.4.4), hashed as it goes by.

use ring::digest::{Context, Digest, SHA256};

/// How much canonical text is gathered for the hash at a time.
const GATHERED_BYTES: usize = 8 * 1024;

/// Takes a body in pieces cut anywhere.
pub(crate) struct BodyHash {
    context: Context,
    gathered: Vec<u8>,
    /// Line ends that count only if something follows: empty lines at the end are ignored, and so are lines of white
    /// space, which are empty once their white space at the line's end is gone.
    line_ends: u64,
    /// White space that counts, as one space, only if something follows on its line.
    space: bool,
    /// A CR whose LF may be in the next piece.
    cr: bool,
    empty: bool,
}

impl BodyHash {
    pub(crate) fn new() -> Self {
        Self {
            context: Context::new(&SHA256),
            gathered: Vec::with_capacity(GATHERED_BYTES),
            line_ends: 0,
            space: false,
            cr: false,
            empty: true,
        }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        for &byte in piece {
            if std::mem::take(&mut self.cr) {
                if byte == b'\n' {
                    self.space = false;
                    self.line_ends += 1;
                    continue;
                }
                self.text(b'\r');
            }
            match byte {
                b'\r' => self.cr = true,
                b' ' | b'\t' => self.space = true,
                byte => self.text(byte),
            }
        }
    }

    fn text(&mut self, byte: u8) {
        if self.line_ends > 0 {
            for _ in 0..std::mem::take(&mut self.line_ends) {
                self.push(b'\r');
                self.push(b'\n');
            }
        }
        if std::mem::take(&mut self.space) {
            self.push(b' ');
        }
        self.empty = false;
        self.push(byte);
    }

    fn push(&mut self, byte: u8) {
        if self.gathered.len() == GATHERED_BYTES {
            self.context.update(&self.gathered);
            self.gathered.clear();
        }
        self.gathered.push(byte);
    }

    pub(crate) fn finish(mut self) -> Digest {
        if std::mem::take(&mut self.cr) {
            self.text(b'\r');
        }
        // A body that is not empty ends with a line end, whether it was there or not.
        if !self.empty {
            self.push(b'\r');
            self.push(b'\n');
        }
        self.context.update(&self.gathered);
        self.context.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(pieces: &[&[u8]]) -> Vec<u8> {
        let mut body = BodyHash::new();
        for piece in pieces {
            body.update(piece);
        }
        body.finish().as_ref().to_vec()
    }

    fn sha256(text: &str) -> Vec<u8> {
        ring::digest::digest(&SHA256, text.as_bytes()).as_ref().to_vec()
    }

    #[test]
    fn bodies_and_their_canonical_form() {
        for (body, canonical) in [
            // RFC 6376 §3.4.5.
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("", ""),
            ("\r\n", ""),
            ("\r\n\r\n\r\n", ""),
            ("Hello", "Hello\r\n"),
            ("Hello\r\n", "Hello\r\n"),
            // Lines of white space at the end are empty lines, which some libraries forget.
            ("Hello\r\n \r\n\t\r\n", "Hello\r\n"),
            ("Hello\r\n \r\n\t", "Hello\r\n"),
            (" \r\n\t\r\n", ""),
            ("   ", ""),
            ("Hello\r\n \r\nBye", "Hello\r\n\r\nBye\r\n"),
            ("\r\n\r\nHello", "\r\n\r\nHello\r\n"),
            (".\r\n..\r\n", ".\r\n..\r\n"),
            ("a\t\t b  \t\r\n", "a b\r\n"),
            ("\u{e9}t\u{e9} \r\n", "\u{e9}t\u{e9}\r\n"),
            // No CR or LF stands alone in a message that this server takes; if one did, it would be text.
            ("a\rb\n\r\n", "a\rb\n\r\n"),
            ("a\r", "a\r\r\n"),
            ("a\r\r\n", "a\r\r\n"),
        ] {
            assert_eq!(hash(&[body.as_bytes()]), sha256(canonical), "{body:?}");
        }
    }

    #[test]
    fn long_runs_stay_small() {
        let body = format!("a{}b\r\n", "\r\n".repeat(100_000));
        assert_eq!(hash(&[body.as_bytes()]), sha256(&body));
    }

    proptest! {
        #[test]
        fn the_cuts_do_not_matter(body in "[ab \t\r\n]{0,60}", cut in 0_usize..60) {
            let (left, right) = body.as_bytes().split_at(cut.min(body.len()));
            prop_assert_eq!(hash(&[left, right]), hash(&[body.as_bytes()]));
            let single: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
            prop_assert_eq!(hash(&single), hash(&[body.as_bytes()]));
        }
    }
}
