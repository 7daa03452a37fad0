//! The xtext of SMTP parameters (RFC 3461 §4): how ENVID and ORCPT carry what a parameter's value may not hold.

use crate::Address;
use std::fmt::Write as _;

/// The xtext of a text: what is not graphic ASCII, and `+` and `=`, as `+` and two capital hexadecimal digits.
pub fn encode(text: &str) -> String {
    let mut xtext = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_xchar(byte) {
            xtext.push(char::from(byte));
        } else {
            let _ = write!(xtext, "+{byte:02X}");
        }
    }
    xtext
}

/// What an xtext stands for. `None` when it is none, or when it hides what no header field may hold: RFC 3461 §4.4 allows
/// graphic ASCII and space, and a line end in disguise would become a field of a notice.
pub fn decode(xtext: &str) -> Option<String> {
    let mut text = String::with_capacity(xtext.len());
    let mut rest = xtext.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if is_xchar(byte) {
            text.push(char::from(byte));
            continue;
        }
        let (digits, after) = rest.split_first_chunk::<2>().filter(|_| byte == b'+')?;
        let [high, low] = digits.map(hex_digit);
        let hidden = high? << 4 | low?;
        if !(b' '..=b'~').contains(&hidden) {
            return None;
        }
        text.push(char::from(hidden));
        rest = after;
    }
    Some(text)
}

/// Reads `type;xtext`, the value of the ORCPT parameter (RFC 3461 §4.2), into the type and the address as it was
/// written; `None` when it is none.
pub fn decode_typed(value: &str) -> Option<(&str, String)> {
    let (kind, xtext) = value.split_once(';')?;
    let is_atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~".contains(&b);
    let fine = !kind.is_empty() && kind.bytes().all(is_atom) && !xtext.is_empty();
    if fine { Some((kind, decode(xtext)?)) } else { None }
}

/// The form in seven bits of `utf-8;address` (RFC 6533 §3): what is beyond ASCII as `\x{…}`. `None` when it is no such
/// address, or has a character that must be written so itself.
pub fn ascii_form(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';')?;
    let fine = |c: char| matches!(c, '!'..='~') && c != '+' && c != '=' || !c.is_ascii() && !c.is_control();
    if !kind.eq_ignore_ascii_case("utf-8") || address.is_empty() || !address.chars().all(fine) {
        return None;
    }
    Some(format!("{kind};{}", escaped(address, |c| c.is_ascii())))
}

/// An address as it stands behind `utf-8;` where seven bits carry it (RFC 6533 §3): what is beyond graphic ASCII, and `+`,
/// `=` and `\`, as `\x{…}`.
pub fn utf8_xtext(address: &str) -> String {
    escaped(address, |c| matches!(c, '!'..='~') && !matches!(c, '+' | '=' | '\\'))
}

fn escaped(text: &str, is_plain: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if is_plain(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "\\x{{{:02X}}}", u32::from(c));
        }
    }
    escaped
}

/// An address with its type, as the ORCPT parameter has it: `rfc822;xtext`, or `utf-8;` and its form in seven bits.
pub fn typed(address: &Address) -> String {
    if address.needs_utf8() {
        format!("utf-8;{}", utf8_xtext(&address.to_ascii_domain()))
    } else {
        format!("rfc822;{}", encode(&address.to_ascii_domain()))
    }
}

/// The address behind [`utf8_xtext`], its letters as they are; `None` when it is none (RFC 6533 §3).
pub fn utf8_text(xtext: &str) -> Option<String> {
    let mut text = String::with_capacity(xtext.len());
    let mut rest = xtext;
    while let Some((before, after)) = rest.split_once("\\x{") {
        let (digits, after) = after.split_once('}')?;
        let is_hex = (2..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let c = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32)?;
        if c.is_control() {
            return None;
        }
        text.push_str(before);
        text.push(c);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

const fn is_xchar(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && byte != b'+' && byte != b'='
}

/// RFC 3461 §4 has capital letters only.
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn xtexts() {
        for (xtext, text) in [
            ("", Some("")),
            ("QQ314159", Some("QQ314159")),
            ("a+2Bb+3Dc+20d", Some("a+b=c d")),
            ("+7E", Some("~")),
            ("a b", None),
            ("a=b", None),
            ("+2b", None),
            ("+2", None),
            ("+", None),
            ("+GG", None),
            ("+0D+0A", None),
            ("+00", None),
            ("+7F", None),
            ("+C3+A9", None),
            ("é", None),
        ] {
            assert_eq!(decode(xtext).as_deref(), text, "{xtext}");
        }
        assert_eq!(encode("a+b=c d\r\né"), "a+2Bb+3Dc+20d+0D+0A+C3+A9");
    }

    #[test]
    fn typed_addresses() {
        for (value, read) in [
            ("rfc822;Bob+2Btag@b.test", Some(("rfc822", "Bob+tag@b.test"))),
            ("utf-8;\\x{E9}@b.test", Some(("utf-8", "\\x{E9}@b.test"))),
            ("rfc822;a;b@c.test", Some(("rfc822", "a;b@c.test"))),
            ("rfc822;", None),
            (";a@b.test", None),
            ("rfc 822;a@b.test", None),
            ("a@b.test", None),
            ("rfc822;a@b.test+0AX-Evil:", None),
        ] {
            assert_eq!(decode_typed(value), read.map(|(kind, text)| (kind, text.to_owned())), "{value}");
        }
    }

    #[test]
    fn addresses_in_utf_8_have_a_form_in_seven_bits() {
        assert_eq!(ascii_form("utf-8;é@x.test").as_deref(), Some("utf-8;\\x{E9}@x.test"));
        assert_eq!(ascii_form("UTF-8;a@x.test").as_deref(), Some("UTF-8;a@x.test"));
        for none in ["rfc822;é@x.test", "utf-8;", "utf-8;a+b@x", "utf-8;é =", "utf-8;\u{85}"] {
            assert_eq!(ascii_form(none), None, "{none}");
        }
        for (xtext, text) in [
            ("\\x{E9}@x.test", Some("é@x.test")),
            ("a\\x{2B}b@x.test", Some("a+b@x.test")),
            ("a@x.test", Some("a@x.test")),
            ("\\x{0D}\\x{0A}", None),
            ("\\x{D800}", None),
            ("\\x{E9", None),
            ("\\x{}", None),
        ] {
            assert_eq!(utf8_text(xtext).as_deref(), text, "{xtext}");
        }
        assert_eq!(utf8_xtext("é\u{1f4e8}@x"), "\\x{E9}\\x{1F4E8}@x");
    }

    proptest! {
        #[test]
        fn encode_and_decode_are_inverse(text in "[ -~]{0,80}") {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }

        #[test]
        fn nothing_hides_in_an_xtext(xtext in "(\\+[0-9A-Fa-f]{2}|[ -~é\r\n]){0,40}") {
            if let Some(text) = decode(&xtext) {
                prop_assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)));
                prop_assert_eq!(decode(&encode(&text)), Some(text));
            }
        }
    }
}
