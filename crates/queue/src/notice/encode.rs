//! From text to the bytes of a mail: folded fields, encoded words, quoted-printable.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// The columns that a line of a header or a text keeps to (RFC 5322 §2.1.1 asks for 78).
const COLUMNS: usize = 76;
/// The most characters of a field's value: no line can pass the 998 of RFC 5322 §2.1.1, even without a space to fold at.
const VALUE_CHARS: usize = 900;
/// The most bytes of text in one encoded word, which has 75 characters at most (RFC 2047 §2).
const WORD_BYTES: usize = 45;

/// A value that stands in a header as it is: printable ASCII, single spaces, bounded. Whatever else a stranger wrote becomes a
/// space or a question mark, so that no value ends its field.
pub(super) fn printable(value: &str) -> String {
    cleaned(value, |_| '?')
}

/// The same for a header that may hold UTF-8 (RFC 6532): letters stay as they are.
fn printable_utf8(value: &str) -> String {
    let mut text = cleaned(value, |c| c);
    // RFC 6532 §3.4 counts bytes where RFC 5322 §2.1.1 counts characters.
    text.truncate(text.floor_char_boundary(VALUE_CHARS));
    text
}

fn cleaned(value: &str, beyond_ascii: impl Fn(char) -> char) -> String {
    let mut text = String::with_capacity(value.len().min(VALUE_CHARS));
    let mut count = 0;
    for c in value.chars() {
        let c = match c {
            ' '..='~' => c,
            c if c.is_whitespace() || c.is_control() => ' ',
            c => beyond_ascii(c),
        };
        if c == ' ' && (text.is_empty() || text.ends_with(' ')) {
            continue;
        }
        if count == VALUE_CHARS {
            break;
        }
        text.push(c);
        count += 1;
    }
    text.truncate(text.trim_end().len());
    text
}

/// A field with its line ends, folded at its spaces. The value is made printable first.
pub(super) fn field(name: &str, value: &str) -> String {
    folded(name, &printable(value))
}

/// The same for a header that may hold UTF-8 (RFC 6532).
pub(super) fn utf8_field(name: &str, value: &str) -> String {
    folded(name, &printable_utf8(value))
}

fn folded(name: &str, value: &str) -> String {
    let mut text = format!("{name}:");
    let mut column = text.len();
    for word in value.split(' ') {
        // A line of nothing but space would end the header for some readers: the first word stays with the name.
        if column + 1 + word.len() > COLUMNS && column > name.len() + 1 {
            text.push_str("\r\n");
            column = 0;
        }
        text.push(' ');
        text.push_str(word);
        column += 1 + word.len();
    }
    text.push_str("\r\n");
    text
}

/// A field of free text: as it is when it is ASCII, else in encoded words (RFC 2047).
pub(super) fn text_field(name: &str, value: &str) -> String {
    let plain = value.bytes().all(|b| (b' '..=b'~').contains(&b)) && !value.contains("=?");
    if plain {
        return field(name, value);
    }
    let mut text = format!("{name}:");
    let mut rest = value;
    while !rest.is_empty() {
        // The name takes room on the first line.
        let room = if rest.len() == value.len() { WORD_BYTES.saturating_sub(name.len()) } else { WORD_BYTES };
        let (word, after) = rest.split_at(rest.floor_char_boundary(room.max(4).min(rest.len())));
        let line_end = if after.len() + word.len() == value.len() { "" } else { "\r\n" };
        let _ = write!(text, "{line_end} =?utf-8?B?{}?=", STANDARD.encode(word));
        rest = after;
    }
    text.push_str("\r\n");
    text
}

/// Quoted-printable (RFC 2045 §6.7): lines of at most 76 columns, seven bits. CR LF and a bare LF end a line; every other
/// byte that is not printable is encoded.
pub(super) fn quoted_printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut lines = bytes.split(|&b| b == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_last = lines.peek().is_none();
        if is_last && line.is_empty() {
            break;
        }
        quoted_line(line.strip_suffix(b"\r").filter(|_| !is_last).unwrap_or(line), &mut text);
        text.push_str("\r\n");
    }
    text
}

fn quoted_line(line: &[u8], text: &mut String) {
    let mut column = 0;
    for (at, &byte) in line.iter().enumerate() {
        let is_end = at + 1 == line.len();
        let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || matches!(byte, b' ' | b'\t') && !is_end;
        let width = if plain { 1 } else { 3 };
        // One column stays for the mark of a soft line break.
        if column + width >= COLUMNS {
            text.push_str("=\r\n");
            column = 0;
        }
        if plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "={byte:02X}");
        }
        column += width;
    }
}

/// Text broken at its spaces into lines that fit a mail; a no-break space holds. Lines after the first begin with `margin`.
pub(super) fn wrapped(text: &str, margin: &str) -> String {
    let mut lines = String::with_capacity(text.len() + 16);
    let mut column = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            lines.push('\n');
            lines.push_str(margin);
            column = margin.len();
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::decode::header_text;
    use proptest::prelude::*;

    #[test]
    fn a_value_never_ends_its_field() {
        assert_eq!(field("X", "a\r\nBcc: b\0\u{2028}c\u{e9}"), "X: a Bcc: b c?\r\n");
        assert_eq!(field("X", ""), "X: \r\n");
    }

    #[test]
    fn long_values_fold_at_spaces() {
        let value = "word ".repeat(30);
        let text = field("Diagnostic-Code", &value);
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.len() <= COLUMNS));
        assert!(text.lines().skip(1).all(|line| line.starts_with(' ')));
    }

    #[test]
    fn quoted_printable_is_what_rfc_2045_says() {
        for (plain, encoded) in [
            ("a\r\n", "a\r\n"),
            ("\u{e9}=\r\n", "=C3=A9=3D\r\n"),
            ("end \r\nnext\t\r\n", "end=20\r\nnext=09\r\n"),
            ("no end", "no end\r\n"),
            ("bare\rcr\r\n", "bare=0Dcr\r\n"),
            ("", ""),
        ] {
            assert_eq!(quoted_printable(plain.as_bytes()), encoded, "{plain:?}");
        }
        assert!(quoted_printable("\u{e9}".repeat(200).as_bytes()).lines().all(|line| line.len() <= COLUMNS));
    }

    #[test]
    fn text_wraps_and_no_break_spaces_hold() {
        let text = wrapped(&"voil\u{e0}\u{a0}! ".repeat(20), "  ");
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS));
        assert!(text.lines().all(|line| line.ends_with('!')));
    }

    proptest! {
        #[test]
        fn encoded_words_come_back(subject in "[ -~\u{e0}-\u{ff}\u{4e00}-\u{4e20}\u{1f600}-\u{1f610}]{0,80}") {
            let wanted = subject.split_whitespace().collect::<Vec<_>>().join(" ");
            let text = text_field("Subject", &wanted);
            prop_assert!(text.is_ascii() && text.ends_with("\r\n"));
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 78 || !line.contains("=?")));
            let value = text.strip_prefix("Subject:").unwrap_or_default();
            prop_assert_eq!(header_text(value.as_bytes(), 500), wanted);
        }
    }
}
