//! Who a message says that it is from, in its header: the addresses that the reader is shown.
//!
//! Reads as the most lenient reader would. What one program takes for a field and another does not must not let anybody
//! write in another's name.

use crate::mailbox::mailboxes;
use crate::{Address, Domain};

/// Why a message does not say whom it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorError {
    /// There is more than one `From:` field (RFC 5322 §3.6 allows one): each reader shows another.
    #[error("there is more than one From field")]
    Several,
    /// The field holds something that is no address, or has no end.
    #[error("the From field cannot be read")]
    Unreadable,
}

/// Reads a header as it streams past, in pieces of any size, and keeps its `From:` field.
#[derive(Debug, Clone, Default)]
pub struct AuthorScan {
    line: Vec<u8>,
    has_field: bool,
    is_over: bool,
    in_from: bool,
    from_fields: u32,
    text: Vec<u8>,
    is_unreadable: bool,
}

impl AuthorScan {
    /// The most bytes of the field, and of a line: thousands of addresses.
    const KEPT_BYTES: usize = 64 * 1024;

    /// Reads the next piece of the message.
    pub fn feed(&mut self, mut piece: &[u8]) {
        while !self.is_over && !piece.is_empty() {
            let end = memchr::memchr(b'\n', piece);
            let (part, rest) = piece.split_at(end.map_or(piece.len(), |at| at + 1));
            piece = rest;
            let room = Self::KEPT_BYTES.saturating_sub(self.line.len());
            let part = part.get(..room).unwrap_or(part);
            if end.is_some() && self.line.is_empty() {
                self.end_of_line(part);
                continue;
            }
            self.line.extend_from_slice(part);
            if end.is_some() {
                let mut line = std::mem::take(&mut self.line);
                self.end_of_line(&line);
                line.clear();
                self.line = line;
            }
        }
    }

    /// RFC 5322 §2.1: an empty line ends the header. A line that is no field does not, because there are readers who pass
    /// over it.
    fn end_of_line(&mut self, whole: &[u8]) {
        let line = whole.trim_ascii_end();
        if whole.len() <= 2 && line.is_empty() {
            self.is_over = true;
            return;
        }
        if self.has_field && matches!(whole.first(), Some(b' ' | b'\t')) {
            if self.in_from {
                self.keep(whole);
            }
            return;
        }
        self.has_field = true;
        self.in_from = false;
        // White space in front of the first field, or before the colon: some readers see the field, others do not.
        let line = line.trim_ascii_start();
        let Some((name, rest)) = line.split_at_checked(4) else { return };
        if !name.eq_ignore_ascii_case(b"from") {
            return;
        }
        match rest.trim_ascii_start().split_first() {
            Some((b':', value)) => {
                self.from_fields += 1;
                self.in_from = true;
                self.keep(value);
            }
            // The colon may stand on the next line.
            None => self.is_unreadable = true,
            Some(_) => {}
        }
    }

    fn keep(&mut self, more: &[u8]) {
        if self.text.len() + more.len() >= Self::KEPT_BYTES {
            self.is_unreadable = true;
        } else {
            self.text.extend_from_slice(more);
        }
    }

    /// Whether there is more than one field.
    pub const fn is_several(&self) -> bool {
        self.from_fields > 1
    }

    /// The addresses of the field; none when there is no field. One without a domain belongs to `host`.
    pub fn authors(&self, host: &Domain) -> Result<Vec<Address>, AuthorError> {
        if self.is_several() {
            return Err(AuthorError::Several);
        }
        if self.is_unreadable {
            return Err(AuthorError::Unreadable);
        }
        let found = mailboxes(&self.text).map_err(|_| AuthorError::Unreadable)?;
        let addresses = found.iter().filter_map(|mailbox| mailbox.address(host.as_ascii()));
        let addresses: Vec<Address> =
            addresses.collect::<Result<_, _>>().map_err(|_| AuthorError::Unreadable)?;
        // A field that names nobody lets every reader guess.
        if addresses.is_empty() && self.from_fields > 0 {
            return Err(AuthorError::Unreadable);
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: Result<&[&str], AuthorError>) {
        let expected =
            expected.map(|addresses| addresses.iter().map(ToString::to_string).collect::<Vec<_>>());
        for step in [1, 7, 100_000] {
            let mut scan = AuthorScan::default();
            header.as_bytes().chunks(step).for_each(|piece| scan.feed(piece));
            let authors = scan.authors(&"h.test".parse().unwrap());
            let authors = authors.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(authors, expected, "{:?}", &header[..header.len().min(80)]);
        }
    }

    #[test]
    fn authors_are_read_as_the_most_lenient_reader_does() {
        let several = Err(AuthorError::Several);
        let unreadable = Err(AuthorError::Unreadable);
        for (header, expected) in [
            ("To: b@x.test\r\n\r\nFrom: c@x.test\r\n", Ok(&[][..])),
            ("FROM : \"A, B\" <a@x.test>\r\n\r\n", Ok(&["a@x.test"][..])),
            ("From:\r\n\ta@x.test,\r\n b@x.test (B)\r\n\r\n", Ok(&["a@x.test", "b@x.test"][..])),
            ("From: cron <root>\r\n\r\n", Ok(&["root@h.test"][..])),
            ("From a@x.test Sun Nov 22 10:00:00 2026\r\nFrom: b@x.test\r\n\r\n", Ok(&["b@x.test"][..])),
            ("From: a@x.test\r\nFrom: b@x.test\r\n\r\n", several),
            (" From: a@x.test\r\nFrom: b@x.test\r\n\r\n", several),
            ("From: a@x.test\r\nfRoM\t : b@x.test\r\n\r\n", several),
            ("To: x\r\nno field\r\nFrom: a@x.test\r\nFrom: b@x.test\r\n\r\n", several),
            ("From\r\n : a@x.test\r\n\r\n", unreadable),
            ("From: \r\n\r\n", unreadable),
            ("From: <>\r\n\r\n", unreadable),
            ("From: a b@x.test\r\n\r\n", unreadable),
        ] {
            check(header, expected);
        }
        let long = format!("From: {}b@x.test\r\n\r\n", "a@x.test,\r\n ".repeat(10_000));
        check(&long, unreadable);
    }
}
