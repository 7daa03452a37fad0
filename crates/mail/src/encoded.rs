//! Encoded words (RFC 2047), as they come: from the bytes of a header to its text.

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

/// The text of a header, its encoded words decoded (RFC 2047). Space between two of them is no text (§6.2). Words that follow each
/// other in one charset and encoding are decoded together: many programs cut characters in half.
pub fn decoded_words(raw: &[u8]) -> String {
    let text = text_of(raw);
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(&str, Vec<u8>)> = None;
    let mut rest = text.as_str();
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
