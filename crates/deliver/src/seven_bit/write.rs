//! The second pass: the message with seven bits.

use super::entity::{Entity, Kind, is};
use super::{Action, Visitor, Walker};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;

/// The columns of an encoded line, without its end (RFC 2045 §6.7 and §6.8).
const COLUMNS: usize = 76;
/// The bytes that fill a line of Base64.
const BASE64_BYTES: usize = 57;

/// Writes a message as it was planned.
pub(crate) struct Encoder {
    walker: Walker,
    page: Page,
}

struct Page {
    plan: std::vec::IntoIter<Action>,
    present: Action,
    /// Bytes of a part in Base64 that fill no line yet.
    pending: Vec<u8>,
    /// The end of the last line of such a part: it belongs to the boundary, if one follows.
    line_end: Vec<u8>,
    out: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new(plan: Vec<Action>) -> Self {
        let page = Page {
            plan: plan.into_iter(),
            present: Action::Keep,
            pending: Vec::new(),
            line_end: Vec::new(),
            out: Vec::new(),
        };
        Self { walker: Walker::new(), page }
    }

    /// What the next piece becomes.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Vec<u8> {
        self.walker.feed(piece, &mut self.page);
        std::mem::take(&mut self.page.out)
    }

    /// What is left.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.walker.finish(&mut self.page);
        // Without a boundary behind it the last line end is content.
        let end = std::mem::take(&mut self.page.line_end);
        self.page.pending.extend_from_slice(&end);
        self.page.end_part();
        self.page.out
    }
}

impl Visitor for Page {
    fn header(&mut self, entity: &Entity<'_>, _is_signed: bool) {
        self.present = match entity.kind {
            Kind::Leaf { .. } => self.plan.next().unwrap_or(Action::Keep),
            Kind::Multipart { .. } | Kind::Message => Action::Keep,
        };
        let is_container = !matches!(entity.kind, Kind::Leaf { .. });
        for field in &entity.fields {
            let is_encoding = is(field, b"content-transfer-encoding");
            match self.present {
                // Everything within has seven bits now (RFC 2045 §6.4).
                Action::Keep if is_encoding && is_container => {
                    self.out.extend_from_slice(b"Content-Transfer-Encoding: 7bit\r\n");
                }
                Action::Quote | Action::QuoteUnknown | Action::Base64 if is_encoding => {}
                _ => self.out.extend_from_slice(field),
            }
        }
        if self.present != Action::Keep {
            self.say_encoding(entity);
        }
        self.out.extend_from_slice(entity.empty_line);
    }

    fn body(&mut self, line: &[u8]) {
        match self.present {
            Action::Keep => self.out.extend_from_slice(line),
            Action::Quote | Action::QuoteUnknown => self.quote(line),
            Action::Base64 => {
                let end = std::mem::take(&mut self.line_end);
                self.pending.extend_from_slice(&end);
                let text = line.strip_suffix(b"\r\n").unwrap_or(line);
                self.pending.extend_from_slice(text);
                self.line_end.extend_from_slice(line.get(text.len()..).unwrap_or_default());
                let whole = self.pending.len() / BASE64_BYTES * BASE64_BYTES;
                let rest = self.pending.split_off(whole);
                self.base64();
                self.pending = rest;
            }
        }
    }

    fn around(&mut self, line: &[u8]) {
        self.out.extend(line.iter().map(|&byte| if byte.is_ascii() { byte } else { b'?' }));
    }

    fn boundary(&mut self, line: &[u8]) {
        self.end_part();
        self.around(line);
    }

    fn give_up(&mut self) {}
}

impl Page {
    fn end_part(&mut self) {
        self.base64();
        self.line_end.clear();
        self.present = Action::Keep;
    }

    fn say_encoding(&mut self, entity: &Entity<'_>) {
        if entity.is_message && !entity.is_mime() {
            self.out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        }
        if matches!(entity.kind, Kind::Leaf { has_type: false, .. }) {
            let charset = if self.present == Action::QuoteUnknown { "unknown-8bit" } else { "utf-8" };
            let _ = write!(self.out, "Content-Type: text/plain; charset={charset}\r\n");
        }
        let encoding = if self.present == Action::Base64 { "base64" } else { "quoted-printable" };
        let _ = write!(self.out, "Content-Transfer-Encoding: {encoding}\r\n");
    }

    /// RFC 2045 §6.7.
    fn quote(&mut self, line: &[u8]) {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        let mut column = 0;
        for (at, &byte) in text.iter().enumerate() {
            let is_end = at + 1 == text.len();
            let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || matches!(byte, b' ' | b'\t') && !is_end;
            let width = if plain { 1 } else { 3 };
            if column + width >= COLUMNS {
                self.out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            // A line that a soft break begins must not look like a boundary.
            let parts = byte == b'-' && column == 0 && at > 0;
            if plain && !parts {
                self.out.push(byte);
                column += 1;
            } else {
                let _ = write!(self.out, "={byte:02X}");
                column += 3;
            }
        }
        self.out.extend_from_slice(line.get(text.len()..).unwrap_or_default());
    }

    /// Writes what is pending, in whole lines and one shorter.
    fn base64(&mut self) {
        for bytes in self.pending.chunks(BASE64_BYTES) {
            self.out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
        self.pending.clear();
    }
}
