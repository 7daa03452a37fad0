//! From the bytes of a header to text that a person can read: encoded words, odd bytes, nothing that could harm.

use mail::decoded_words;

/// The text of a field, decoded and on one line, of at most so many characters: an ellipsis shows that it was cut.
pub(super) fn header_text(raw: &[u8], max_chars: usize) -> String {
    // A character takes at most 36 bytes of an encoded word of one character; what is behind is not worth reading.
    let raw = raw.get(..raw.len().min(max_chars.saturating_mul(36))).unwrap_or(raw);
    shown(&decoded_words(raw), max_chars)
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
