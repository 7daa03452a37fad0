//! Types of files (RFC 2045 §5.1).

/// The types of names that people attach; everything else is a file of bytes.
const BY_NAME: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("ics", "text/calendar"),
    ("vcf", "text/vcard"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
];

/// What is known of no name.
pub(crate) const BYTES: &str = "application/octet-stream";

/// The type that a file's name tells.
pub(crate) fn of_name(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    BY_NAME.iter().find(|(known, _)| *known == end).map_or(BYTES, |(_, media)| media)
}

/// A type that an attachment can have, in lower case and with its parameters; `None` for anything else. What is itself made of parts
/// (`multipart`, `message`) must not be encoded (RFC 2045 §6.4), so it is attached as bytes or not at all.
pub(crate) fn checked(text: &str) -> Option<String> {
    let (media, parameters) = text.split_once(';').unwrap_or((text, ""));
    let media = media.trim().to_ascii_lowercase();
    let (kind, subtype) = media.split_once('/')?;
    let is_token = |text: &str| {
        !text.is_empty()
            && text.len() <= 127
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    if !is_token(kind) || !is_token(subtype) || matches!(kind, "multipart" | "message") {
        return None;
    }
    let mut whole = media.clone();
    for parameter in parameters.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        let value = value.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(value);
        // The file's name and its boundary are ours to say; a value that needs escaping is no value that a file's type has.
        let is_plain = value.bytes().all(|b| (b' '..=b'~').contains(&b) && !b"\"\\".contains(&b));
        if !is_token(name) || !is_plain || value.len() > 200 {
            return None;
        }
        if !name.eq_ignore_ascii_case("name") && !name.eq_ignore_ascii_case("boundary") {
            whole += &format!(";\r\n {}=\"{value}\"", name.to_ascii_lowercase());
        }
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_checked() {
        for (text, checked_text) in [
            ("Application/PDF", Some("application/pdf")),
            ("text/csv; charset=utf-8; name=\"a.csv\"", Some("text/csv;\r\n charset=\"utf-8\"")),
            ("image/svg+xml", Some("image/svg+xml")),
            ("pdf", None),
            ("a/b\r\nBcc: x@y.test", None),
            ("text/plain; charset=\"a\\\"b\"", None),
            ("text/plain; charset", None),
            ("multipart/mixed", None),
            ("message/rfc822", None),
            ("", None),
        ] {
            assert_eq!(checked(text).as_deref(), checked_text, "{text}");
        }
        assert_eq!(
            (of_name("A.PDF"), of_name("a.tar.gz"), of_name("a")),
            ("application/pdf", "application/gzip", BYTES)
        );
    }
}
