//! Texts as people paste them: quoted-printable, cut at a column, quoted with `>`.

use std::borrow::Cow;

/// Takes quoted-printable out of a text that has it (RFC 2045 §6.7), and the `> ` of quoted mail.
pub(crate) fn unquoted(text: &str) -> Cow<'_, str> {
    let is_encoded = text.contains("=\n") || text.contains("=\r\n") || text.contains("=3D");
    let is_quote = |line: &str| line.starts_with('>') || line.trim().is_empty();
    let is_quoted = text.contains("\n>") && text.lines().all(is_quote);
    if !is_encoded && !is_quoted {
        return Cow::Borrowed(text);
    }
    let unmarked = if is_quoted {
        let strip = |line: &str| line.trim_start_matches(['>', ' ']).to_owned() + "\n";
        Cow::Owned(text.lines().map(strip).collect::<String>())
    } else {
        Cow::Borrowed(text)
    };
    if is_encoded { Cow::Owned(decoded(&unmarked)) } else { unmarked }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => after,
            (b'=', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                // A control character is never meant: `?id=14` of an address is not encoded.
                (Some(high), Some(low)) if high >= 2 => {
                    bytes.push(high * 16 + low);
                    after
                }
                _ => {
                    bytes.push(b'=');
                    rest.get(1..).unwrap_or_default()
                }
            },
            _ => {
                bytes.push(byte);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A digit of quoted-printable, which writes capitals.
const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The text with its lines put together again, if they were cut at a column: all but the last have the same
/// length. `None` when they were not.
pub(crate) fn joined(text: &str) -> Option<String> {
    /// No terminal or form is narrower; shorter lines are lines.
    const NARROWEST: usize = 30;
    let mut lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches('\r')).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let (last, full) = lines.split_last()?;
    let width = full.first()?.chars().count();
    let is_cut = width >= NARROWEST
        && last.chars().count() <= width
        && full.iter().all(|line| line.chars().count() == width);
    is_cut.then(|| lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_is_read_and_other_equal_signs_are_not() {
        for (text, plain) in [
            ("Bo=C3=AEte plei=\nne, =3D", "Boîte pleine, ="),
            ("see ?p=BadCredentials&answer=14257", "see ?p=BadCredentials&answer=14257"),
            ("wrapped=\r\n here =14 =", "wrapped here =14 ="),
            ("> a\n> b\n", "a\nb\n"),
        ] {
            assert_eq!(unquoted(text), plain);
        }
    }

    #[test]
    fn lines_that_were_cut_at_a_column_are_joined() {
        let text = "550 5.1.1 <someone@example.org>: Recipient address rejected: User unknown in local table";
        for width in 30..60 {
            let cut: Vec<String> =
                text.as_bytes().chunks(width).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
            assert_eq!(joined(&cut.join("\n")).as_deref(), Some(text), "{width}");
        }
        assert_eq!(joined("550 no such user here, I am\nsorry to say so"), None);
        assert_eq!(joined("one line"), None);
    }
}
