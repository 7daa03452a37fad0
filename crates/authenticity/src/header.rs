//! The header: its fields, which of them a signature covers, and their relaxed canonical form (RFC 6376 §3.4.2).

use mail::Address;

/// Covered, and once more than they are there: nobody can add another one behind our back and keep the signature
/// (RFC 6376 §8.15). What mailing lists add by right is not here.
const GUARDED: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// Covered as often as they are there. RFC 8058 §4 wants both List-Unsubscribe fields covered, or one click does nothing.
const COVERED: &[&str] = &[
    "sender",
    "in-reply-to",
    "references",
    "resent-date",
    "resent-from",
    "resent-sender",
    "resent-to",
    "resent-cc",
    "resent-message-id",
    "list-id",
    "list-help",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-subscribe",
    "list-post",
    "list-owner",
    "list-archive",
    "feedback-id",
    "auto-submitted",
    "content-language",
    "autocrypt",
];

/// The most fields of one name that are covered: more is a mistake, and would fill the signature.
const MAX_OF_ONE_NAME: usize = 20;

/// One field of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Its name as written, without white space before the colon.
    pub name: &'a [u8],
    /// What follows the colon, folds and all, without the final line end.
    pub value: &'a [u8],
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header, first to last. A line that is no field is passed over, as verifiers do.
pub(crate) fn fields(header: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    let mut rest = header;
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(field_length(rest)).unwrap_or((rest, &[]));
        rest = after;
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        if let Some(colon) = line.iter().position(|&byte| byte == b':')
            && let Some((name, value)) = line.split_at_checked(colon)
            && !name.is_empty()
        {
            fields.push(Field { name: name.trim_ascii_end(), value: value.get(1..).unwrap_or_default() });
        }
    }
    fields
}

/// How far the field at the beginning goes: to a line end that is not followed by white space.
fn field_length(text: &[u8]) -> usize {
    let ends = text.windows(2).enumerate().filter(|(_, pair)| *pair == b"\r\n");
    let mut ends = ends.map(|(at, _)| at + 2);
    ends.find(|end| !matches!(text.get(*end), Some(b' ' | b'\t'))).unwrap_or(text.len())
}

/// The names that a signature of this header lists, in its order.
pub(crate) fn covered(fields: &[Field<'_>]) -> Vec<&'static str> {
    let count = |name: &str| fields.iter().filter(|field| field.is(name)).count().min(MAX_OF_ONE_NAME);
    let guarded = GUARDED.iter().map(|name| (*name, count(name) + 1));
    let present = COVERED.iter().map(|name| (*name, count(name)));
    guarded.chain(present).flat_map(|(name, times)| std::iter::repeat_n(name, times)).collect()
}

/// What the listed names stand for, in canonical form: of fields with one name the last comes first, and a name that
/// is listed more often than it is there stands for nothing (RFC 6376 §5.4.2).
pub(crate) fn canonical<'n>(
    fields: &[Field<'_>],
    names: impl IntoIterator<Item = &'n str>,
    into: &mut Vec<u8>,
) {
    let mut used: Vec<usize> = Vec::new();
    for name in names {
        let unused = |at: &usize| !used.contains(at);
        let found =
            (0..fields.len()).rev().filter(unused).find(|at| fields.get(*at).is_some_and(|f| f.is(name)));
        if let Some(at) = found
            && let Some(field) = fields.get(at)
        {
            used.push(at);
            canonical_field(*field, into);
            into.extend_from_slice(b"\r\n");
        }
    }
}

/// One field in canonical form, without a line end.
/// The first address of a list of mailboxes (RFC 5322 §3.4): in angle brackets, or bare; quoted names and comments aside.
pub(crate) fn first_address(value: &[u8]) -> Option<Address> {
    let text = String::from_utf8_lossy(value);
    let (mut bare, mut bracketed) = (String::new(), None::<String>);
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_u32);
    for c in text.chars() {
        let skip = escaped || quoted || depth > 0;
        match c {
            _ if escaped => escaped = false,
            '\\' if skip => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => continue,
            '<' if !quoted => {
                bracketed = Some(String::new());
                continue;
            }
            '>' | ',' | ';' if !quoted => break,
            ':' if !quoted && bracketed.is_none() => {
                // The name of a group.
                bare.clear();
                continue;
            }
            '\r' | '\n' => continue,
            _ => {}
        }
        if depth == 0 && c != ')' {
            bracketed.as_mut().unwrap_or(&mut bare).push(c);
        }
    }
    bracketed.as_deref().unwrap_or(&bare).trim().parse().ok()
}

pub(crate) fn canonical_field(field: Field<'_>, into: &mut Vec<u8>) {
    into.extend(field.name.iter().map(u8::to_ascii_lowercase));
    into.push(b':');
    let mut words = field
        .value
        .split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .filter(|word| !word.is_empty());
    if let Some(first) = words.next() {
        into.extend_from_slice(first);
    }
    for word in words {
        into.push(b' ');
        into.extend_from_slice(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, names: &[&str], expected: &str) {
        let mut text = Vec::new();
        canonical(&fields(header.as_bytes()), names.iter().copied(), &mut text);
        assert_eq!(String::from_utf8(text).unwrap(), expected, "{header:?}");
    }

    #[test]
    fn fields_and_their_canonical_form() {
        // RFC 6376 §3.4.5.
        check("A: X\r\nB : Y\t\r\n\tZ  \r\n", &["a", "b"], "a:X\r\nb:Y Z\r\n");
        check("Subject:\r\n", &["subject"], "subject:\r\n");
        check("Subject: \r\n \r\n", &["subject"], "subject:\r\n");
        check("SUBJECT:a\r\n  b\r\n\tc\r\n", &["subject"], "subject:a b c\r\n");
        check("X: 1\r\nx: 2\r\nX: 3", &["x", "x", "x", "x"], "x:3\r\nx:2\r\nx:1\r\n");
        check("To: a\r\n", &["from", "to", "to"], "to:a\r\n");
        check("no field\r\nTo: a: b\r\n", &["to"], "to:a: b\r\n");
        check(": empty name\r\nTo: \u{e9}\r\n", &["to", ""], "to:\u{e9}\r\n");
    }

    #[test]
    fn the_author_is_the_first_address() {
        for (value, expected) in [
            (" anne@x.test", Some("anne@x.test")),
            (" Anne <anne@x.test>", Some("anne@x.test")),
            (" \"Anne, (of) <a@wrong.test>\" <anne@x.test>, bob@y.test", Some("anne@x.test")),
            (" (a@wrong.test (nested \\) ) ) anne@x.test", Some("anne@x.test")),
            (" Friends: anne@x.test, bob@y.test;", Some("anne@x.test")),
            (" =?utf-8?Q?Ren=C3=A9e?=\r\n <anne@x.test>", Some("anne@x.test")),
            (" \"a b\"@x.test", Some("\"a b\"@x.test")),
            (" anne@x.test (Anne)", Some("anne@x.test")),
            (" Anne <>", None),
            (" undisclosed-recipients:;", None),
            ("", None),
        ] {
            let found = first_address(value.as_bytes()).map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn what_is_covered() {
        let header = "From: a\r\nTo: b\r\nList-Unsubscribe: <c>\r\nList-Unsubscribe-Post: d\r\n\
                      X-Other: e\r\nReceived: f\r\nReferences: g\r\nReferences: h\r\n";
        let names = covered(&fields(header.as_bytes()));
        let times = |name: &str| names.iter().filter(|covered| **covered == name).count();
        for (name, expected) in [
            ("from", 2),
            ("to", 2),
            ("subject", 1),
            ("date", 1),
            ("message-id", 1),
            ("mime-version", 1),
            ("list-unsubscribe", 1),
            ("list-unsubscribe-post", 1),
            ("references", 2),
            ("list-id", 0),
            ("x-other", 0),
            ("received", 0),
        ] {
            assert_eq!(times(name), expected, "{name}");
        }
        let crowd = "Cc: x\r\n".repeat(1_000);
        assert!(covered(&fields(crowd.as_bytes())).len() < 40);
    }
}
