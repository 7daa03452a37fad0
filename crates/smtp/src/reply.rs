//! Replies on the wire (RFC 5321 §4.2): written by the server, read by the client.

use crate::Error;
use crate::Input;
use crate::server::Pages;
use mail::{EnhancedCode, Reply, ReplyCode, Seen, Severity};
use std::io::Write as _;

/// The longest text of a reply line that is written; RFC 5321 §4.5.3.1.5 stops the line at 512.
const MAX_WRITTEN_TEXT_BYTES: usize = 480;

/// Writes a reply, its enhanced code on each line (RFC 2034 §4). A refusal without one gets the
/// general one of its class. What the text may not hold becomes a space (controls) or `?` (letters outside
/// ASCII): a line end in it would be a second reply.
pub fn write_reply(reply: &Reply, output: &mut Vec<u8>) {
    let enhanced = reply.enhanced.or_else(|| match reply.severity() {
        Severity::Transient => Some(EnhancedCode::new(4, 0, 0)),
        Severity::Permanent => Some(EnhancedCode::new(5, 0, 0)),
        Severity::Positive | Severity::Intermediate => None,
    });
    let mut lines = reply.lines.iter().map(String::as_str).peekable();
    let mut line = lines.next().unwrap_or_default();
    loop {
        let next = lines.next();
        let separator = if next.is_some() { '-' } else { ' ' };
        let _ = write!(output, "{}{separator}", reply.code);
        if let Some(enhanced) = enhanced {
            let _ = write!(output, "{enhanced} ");
        }
        output.extend(line.chars().take(MAX_WRITTEN_TEXT_BYTES).map(printable));
        output.extend_from_slice(b"\r\n");
        match next {
            Some(text) => line = text,
            None => return,
        }
    }
}

fn printable(c: char) -> u8 {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii_control() => b' ',
        Ok(byte) if byte.is_ascii() => byte,
        _ => b'?',
    }
}

/// Writes a refusal of the server's own, with its short code, and the address of its page where there are pages.
pub(crate) fn write_error(error: Error, pages: Option<&Pages>, output: &mut Vec<u8>) {
    write_paged(&error.reply(), pages, output);
}

/// Writes a reply; behind the short code of its explanation, the address of the page.
pub(crate) fn write_paged(reply: &Reply, pages: Option<&Pages>, output: &mut Vec<u8>) {
    let page = pages.and_then(|pages| pages.of(reply.cause()?));
    let Some(page) = page else { return write_reply(reply, output) };
    let mut reply = reply.clone();
    if let Some(last) = reply.lines.last_mut()
        // An address that is cut leads nowhere.
        && last.len() + page.len() < MAX_WRITTEN_TEXT_BYTES
    {
        last.push(' ');
        last.push_str(&page);
    }
    write_reply(&reply, output);
}

/// Reads replies as servers of the world send them: LF alone may end a line, the text may be empty or
/// in Latin-1, lines of a long reply may lack their code. What does not begin with a reply code is
/// no SMTP, and is said so at once.
#[derive(Debug, Default)]
pub struct ReplyReader {
    code: Option<ReplyCode>,
    lines: Vec<String>,
    bytes: usize,
}

impl ReplyReader {
    /// The longest line that is read, in bytes.
    pub const MAX_LINE_BYTES: usize = 8_192;
    /// The longest reply that is read, in bytes.
    pub const MAX_REPLY_BYTES: usize = 64 * 1_024;
    /// The most lines of a reply.
    pub const MAX_LINES: usize = 256;

    /// Takes the next whole reply from the input; `None` when its end has not come yet.
    pub fn read(&mut self, input: &mut Input) -> Result<Option<Reply>, Seen> {
        loop {
            let bytes = input.bytes();
            self.check_start(bytes)?;
            let Some(end) = memchr::memchr(b'\n', bytes) else {
                return if bytes.len() > Self::MAX_LINE_BYTES { Err(not_smtp(bytes)) } else { Ok(None) };
            };
            let line = bytes.get(..end).unwrap_or_default();
            self.bytes += line.len();
            let too_long = line.len() > Self::MAX_LINE_BYTES
                || self.bytes > Self::MAX_REPLY_BYTES
                || self.lines.len() >= Self::MAX_LINES;
            if too_long {
                return Err(not_smtp(line));
            }
            let is_last = self.line(line.trim_ascii_end())?;
            input.consume(end + 1);
            if is_last && let Some(code) = self.code.take() {
                self.bytes = 0;
                return Ok(Some(Reply::from_lines(code, std::mem::take(&mut self.lines))));
            }
        }
    }

    /// A reply begins with a digit from 2 to 5. Waiting for the end of a line that is none would turn a
    /// plain mistake, such as an IMAP server or a TLS alert, into a timeout.
    fn check_start(&self, bytes: &[u8]) -> Result<(), Seen> {
        match bytes.first() {
            Some(first) if self.code.is_none() && !(b'2'..=b'5').contains(first) => Err(not_smtp(bytes)),
            _ => Ok(()),
        }
    }

    /// Reads a line and says whether it is the reply's last.
    fn line(&mut self, line: &[u8]) -> Result<bool, Seen> {
        match split_line(line) {
            Some((code, is_last, rest)) => {
                // All lines should have the same code. When they do not, the last one counts.
                self.code = Some(code);
                self.lines.push(text(rest));
                Ok(is_last)
            }
            None if self.code.is_some() => {
                self.lines.push(text(line));
                Ok(false)
            }
            None => Err(not_smtp(line)),
        }
    }
}

fn split_line(line: &[u8]) -> Option<(ReplyCode, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let number =
        digits.iter().try_fold(0u16, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u16::from(b - b'0')))?;
    let code = ReplyCode::try_from(number).ok()?;
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ' | b'\t', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

/// The text of a line: UTF-8, else Latin-1, which old servers write. Controls become spaces.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        Ok(text) => text.chars().map(visible).collect(),
        Err(_) => bytes.iter().map(|&byte| visible(char::from(byte))).collect(),
    }
}

fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// How many characters of what is no SMTP are kept, to recognise what it is.
const MAX_STRANGE_CHARS: usize = 200;

/// The evidence that the peer does not speak SMTP.
pub(crate) fn not_smtp(bytes: &[u8]) -> Seen {
    Seen::NotSmtp { text: strange(bytes) }
}

/// The beginning of what has no place here, to be shown.
pub(crate) fn strange(bytes: &[u8]) -> String {
    let start = bytes.get(..bytes.len().min(MAX_STRANGE_CHARS)).unwrap_or_default();
    text(start).trim().to_owned()
}
