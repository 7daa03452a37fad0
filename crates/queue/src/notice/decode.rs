//! From the bytes of a header to text that a person can read: encoded words, odd bytes, nothing that could harm.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 as it comes in headers: with or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The text of a field, decoded and on one line, of at most so many characters: an ellipsis shows that it was cut.
pub(super) fn header_text(raw: &[u8], max_chars: usize) -> String {
    // A character takes at most 36 bytes of an encoded word of one character; what is behind is not worth reading.
    let raw = raw.get(..raw.len().min(max_chars.saturating_mul(36))).unwrap_or(raw);
    shown(&decoded_words(&text_of(raw)), max_chars)
}

/// A stranger's text on one line, without what could harm, of at most so many characters.
pub(super) fn shown(text: &str, max_chars: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max_chars));
    let mut count = 0;
    for c in text.chars() {
        let c = if c.is_whitespace() || c.is_control() { ' ' } else { c };
        if is_invisible(c) || c == ' ' && (shown.is_empty() || shown.ends_with(' ')) {
            continue;
        }
        if count + 1 >= max_chars {
            shown.push('…');
            return shown;
        }
        shown.push(c);
        count += 1;
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// Marks that turn the direction of text or join it unseen: they would let a stranger's subject rewrite our sentence.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Bytes as text: UTF-8, else Windows-1252, in which old programs mostly write.
fn text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| windows_1252(bytes), str::to_owned)
}

fn windows_1252(bytes: &[u8]) -> String {
    /// 0x80 to 0x9f; holes stay what they are.
    const HIGH: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    let one = |&byte: &u8| match byte {
        0x80..=0x9f => HIGH.chars().nth(usize::from(byte - 0x80)).unwrap_or('?'),
        byte => char::from(byte),
    };
    bytes.iter().map(one).collect()
}

/// The text with its encoded words decoded (RFC 2047). Space between two of them is no text (§6.2). Words that follow each
/// other in one charset and encoding are decoded together: many programs cut characters in half.
fn decoded_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(&str, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        let Some((charset, bytes, after)) = encoded_word(word) else {
            flush(&mut pending, &mut out);
            let (mark, after) = word.split_at(2);
            out.push_str(before);
            out.push_str(mark);
            rest = after;
            continue;
        };
        let joins = pending.is_some() && before.trim().is_empty();
        match &mut pending {
            Some((known, kept)) if joins && known.eq_ignore_ascii_case(charset) => kept.extend(bytes),
            _ => {
                flush(&mut pending, &mut out);
                out.push_str(if joins { "" } else { before });
                pending = Some((charset, bytes));
            }
        }
        rest = after;
    }
    flush(&mut pending, &mut out);
    out.push_str(rest);
    out
}

fn flush(pending: &mut Option<(&str, Vec<u8>)>, out: &mut String) {
    if let Some((charset, bytes)) = pending.take() {
        let utf8 = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
        let text = if utf8 { String::from_utf8_lossy(&bytes).into_owned() } else { text_of(&bytes) };
        out.push_str(&text);
    }
}

/// `=?charset?Q?text?=` at the front: the charset, the bytes, and what follows. A charset that we cannot read is no
/// encoded word: it is shown as it stands.
fn encoded_word(text: &str) -> Option<(&str, Vec<u8>, &str)> {
    const KNOWN: [&str; 6] = ["utf-8", "utf8", "us-ascii", "iso-8859-1", "windows-1252", "iso-8859-15"];
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (content, after) = rest.split_once("?=")?;
    // RFC 2231 §5: a language may follow the charset.
    let charset = charset.split('*').next().unwrap_or_default();
    if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(charset)) || content.contains([' ', '\t']) {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => LENIENT.decode(content).ok()?,
        "Q" | "q" => q_bytes(content.as_bytes()),
        _ => return None,
    };
    Some((charset, bytes, after))
}

fn q_bytes(mut rest: &[u8]) -> Vec<u8> {
    let hex = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(rest.len());
    loop {
        rest = match rest {
            [] => return bytes,
            [b'_', after @ ..] => {
                bytes.push(b' ');
                after
            }
            [b'=', high, low, after @ ..] if hex(high).is_some() && hex(low).is_some() => {
                bytes.push(hex(high).unwrap_or(0) * 16 + hex(low).unwrap_or(0));
                after
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_become_text() {
        for (raw, text) in [
            (&b"Hello"[..], "Hello"),
            (b" folded\r\n\tline ", "folded line"),
            (b"=?utf-8?Q?Caf=C3=A9_noir?=", "Caf\u{e9} noir"),
            (b"=?UTF-8?B?w4k=?= =?utf-8?q?t=C3=A9?=", "\u{c9}t\u{e9}"),
            (b"=?utf-8?B?w4k?=", "\u{c9}"),
            // A character cut in half between two words.
            (b"=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "\u{e9}"),
            (b"=?iso-8859-1?Q?=E9t=E9?= b", "\u{e9}t\u{e9} b"),
            (b"=?windows-1252?Q?=80_10?=", "\u{20ac} 10"),
            (b"=?utf-8*fr?Q?=C3=A9?=", "\u{e9}"),
            (b"=?koi8-r?B?8NLJ18XU?=", "=?koi8-r?B?8NLJ18XU?="),
            (b"=?utf-8?X?a?= =?", "=?utf-8?X?a?= =?"),
            (b"=?utf-8?Q?a=0D=0ABcc:_b?=", "a Bcc: b"),
            (b"\xe9t\xe9", "\u{e9}t\u{e9}"),
            ("\u{e9}t\u{e9}".as_bytes(), "\u{e9}t\u{e9}"),
            ("a\u{202e}b\u{0}c".as_bytes(), "ab c"),
            (b"", ""),
        ] {
            assert_eq!(header_text(raw, 100), text, "{}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn a_long_subject_is_cut() {
        let long = header_text(&b"x".repeat(100_000), 20);
        assert_eq!((long.chars().count(), long.ends_with('…')), (20, true));
    }

    proptest! {
        #[test]
        fn any_bytes_become_one_line(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = header_text(&raw, 100);
            prop_assert!(text.chars().count() <= 100);
            prop_assert!(!text.chars().any(|c| c.is_control()));
        }
    }
}
