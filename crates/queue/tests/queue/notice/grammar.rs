//! The form of a notice, read as RFC 2046, RFC 3464 and RFC 6522 write it, by a reader that forgives nothing.

use super::samples::Sample;

/// The fields of a header, unfolded; panics where RFC 5322 §2.2 is broken.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.split_terminator("\r\n") {
        assert!(line.len() <= 998, "{line}");
        if let Some(rest) = line.strip_prefix([' ', '\t']) {
            assert!(!rest.trim().is_empty(), "a folded line of nothing: {text}");
            let (_, value) = fields.last_mut().expect("a header begins with a field");
            value.push(' ');
            value.push_str(rest.trim());
        } else {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}"));
            assert!(
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                "{line}"
            );
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    fields
}

fn one<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = fields.iter().filter(|(known, _)| known == name);
    let first = found.next().map(|(_, value)| value.as_str());
    assert!(found.next().is_none(), "{name} stands twice");
    first
}

fn typed(value: &str) -> (&str, &str) {
    let (kind, rest) = value.split_once(';').unwrap_or_else(|| panic!("no type: {value}"));
    assert!(kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{value}");
    assert!(!rest.trim().is_empty(), "{value}");
    (kind, rest.trim())
}

fn date(value: &str) {
    assert!(jiff::fmt::rfc2822::parse(value).is_ok(), "{value}");
}

fn content_of(message: &[u8]) -> (Vec<(String, String)>, String) {
    for line in message.split_inclusive(|&b| b == b'\n') {
        let text = line.strip_suffix(b"\r\n").expect("lines end with CR LF");
        assert!(text.len() <= 998 && !text.contains(&b'\r') && !text.contains(&0));
    }
    // Latin-1 keeps every byte of what came back.
    let text: String = message.iter().map(|&b| char::from(b)).collect();
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    let fields = fields(header);
    // Only an internationalised notice has letters beyond ASCII in its header, and only in To (RFC 6532).
    let is_global = header.contains("report-type=global-delivery-status");
    assert!(fields.iter().all(|(name, value)| value.is_ascii() || is_global && name == "To"), "{header}");
    (fields, body.to_owned())
}

/// Checks a notice against what it was made from.
#[track_caller]
pub fn check(message: &[u8], sample: &Sample) {
    let (header, body) = content_of(message);
    assert_eq!(one(&header, "Auto-Submitted"), Some("auto-replied"));
    assert_eq!(one(&header, "MIME-Version"), Some("1.0"));
    assert_eq!(one(&header, "From"), Some("Mail Delivery System <MAILER-DAEMON@mail.exemple.test>"));
    let is_global = !sample.to.local().is_ascii();
    let to: String = sample.to.to_ascii_domain().bytes().map(char::from).collect();
    assert_eq!(one(&header, "To"), Some(to.as_str()));
    assert!(one(&header, "Subject").is_some() && one(&header, "Bcc").is_none());
    date(one(&header, "Date").unwrap());
    let kind = one(&header, "Content-Type").unwrap();
    let status = if is_global { "global-delivery-status" } else { "delivery-status" };
    let start = format!("multipart/report; report-type={status}; boundary=\"");
    let boundary = kind.strip_prefix(&start).unwrap();
    let boundary = boundary.strip_suffix('"').unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 5, "a preamble, three parts and the end");
    assert_eq!(parts[4], "--\r\n");
    let encoding = one(&header, "Content-Transfer-Encoding").unwrap();
    assert_eq!(encoding == "8bit", !message.is_ascii());
    let part = |at: usize| parts[at].strip_prefix("\r\n").unwrap().split_once("\r\n\r\n").unwrap();
    assert!(part(1).0.contains("text/plain; charset=utf-8") && part(1).1.is_ascii());
    assert!(part(2).0.contains(&format!("message/{status}")));
    assert!(is_global || part(2).1.is_ascii());
    report(part(2).1, sample);
    let third = fields(part(3).0);
    match one(&third, "Content-Type") {
        Some("message/rfc822" | "message/global") => assert!(part(3).1.len() >= sample.content.len()),
        Some("text/rfc822-headers") => assert!(part(3).1.is_ascii()),
        Some("message/global-headers") => assert!(is_global || part(3).1.is_ascii()),
        other => panic!("{other:?}"),
    }
}

/// RFC 3464 §2.1.
fn report(text: &str, sample: &Sample) {
    let mut groups = text.split("\r\n\r\n").map(|group| format!("{}\r\n", group.trim_end_matches("\r\n")));
    let message = fields(&groups.next().unwrap());
    assert_eq!(typed(one(&message, "Reporting-MTA").unwrap()), ("dns", "mail.exemple.test"));
    date(one(&message, "Arrival-Date").unwrap());
    let groups: Vec<_> = groups.filter(|group| group != "\r\n").map(|group| fields(&group)).collect();
    assert_eq!(groups.len(), sample.told.len());
    assert_eq!(one(&groups[0], "Status"), Some(sample.status), "{}", sample.name);
    for group in &groups {
        recipient(group);
    }
}

/// RFC 3464 §2.3.
fn recipient(group: &[(String, String)]) {
    let (kind, address) = typed(one(group, "Final-Recipient").unwrap());
    assert!(["rfc822", "utf-8"].contains(&kind) && address.contains('@'));
    let action = one(group, "Action").unwrap();
    let status = one(group, "Status").unwrap();
    let classes: &[&str] = match action {
        "failed" => &["5.", "4."],
        "delayed" => &["4."],
        "delivered" | "relayed" => &["2."],
        other => panic!("{other}"),
    };
    assert!(classes.iter().any(|class| status.starts_with(class)), "{action} {status}");
    assert!(status.parse::<mail::EnhancedCode>().is_ok());
    for name in ["Original-Recipient", "Remote-MTA", "Diagnostic-Code"] {
        if let Some(value) = one(group, name) {
            typed(value);
        }
    }
    for name in ["Last-Attempt-Date", "Will-Retry-Until"] {
        if let Some(value) = one(group, name) {
            date(value);
        }
    }
    assert!(action == "delayed" || one(group, "Will-Retry-Until").is_none());
}
