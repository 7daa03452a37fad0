//! What programs write, and what becomes of it.

use super::*;
use proptest::prelude::*;

fn facts() -> Facts {
    Facts {
        host: "h.test".parse().unwrap(),
        author: "root@h.test".parse().unwrap(),
        full_name: String::new(),
        now: Timestamp(1_795_325_428_000),
        message_id: Some("<1@h.test>".into()),
    }
}

const DATE: &str = "Date: Sun, 22 Nov 2026 05:30:28 +0000\r\n";

/// A text (with LF line ends) that lacks nothing but what `added` gives, what it becomes, and whom it names.
#[track_caller]
fn check(text: &str, content: &str, recipients: &[&str]) {
    let letter = made(text);
    assert_eq!(String::from_utf8(letter.content).unwrap(), content.replace('\n', "\r\n"), "{text}");
    let read: Vec<String> = letter.recipients.iter().map(ToString::to_string).collect();
    assert_eq!(read, recipients, "{text}");
    assert_eq!(letter.unreadable, None, "{text}");
}

fn made(text: &str) -> Letter {
    let content = read(&mut text.as_bytes(), true).unwrap();
    prepare(&content, &facts())
}

/// Only whom a header names.
#[track_caller]
fn names(header: &str, recipients: &[&str]) {
    let read: Vec<String> =
        made(&format!("{header}\n\nhi\n")).recipients.iter().map(ToString::to_string).collect();
    assert_eq!(read, recipients, "{header}");
}

#[test]
fn line_ends_are_repaired() {
    for (text, keeps_dots, content) in [
        ("a\nb\n", false, "a\r\nb\r\n"),
        ("a\r\nb", false, "a\r\nb\r\n"),
        ("a\rb\r\n", false, "a\r\nb\r\n"),
        ("a\r\rb\n", false, "a\r\n\r\nb\r\n"),
        ("a\0b\n", false, "ab\r\n"),
        ("a\n.\nb\n", false, "a\r\n"),
        ("a\r\n.\r\nb\n", false, "a\r\n"),
        ("a\n.\nb\n", true, "a\r\n.\r\nb\r\n"),
        ("a\n..\n. \nb\n", false, "a\r\n..\r\n. \r\nb\r\n"),
        ("", false, ""),
    ] {
        let made = read(&mut text.as_bytes(), keeps_dots).unwrap();
        assert_eq!(String::from_utf8(made).unwrap(), content, "{text:?}");
    }
}

#[test]
fn what_is_read_behind_a_dot_stays_unread() {
    let mut input: &[u8] = b"a\n.\nthe next message\n";
    read(&mut input, false).unwrap();
    assert_eq!(input, b"the next message\n");
}

#[test]
fn crons_mail_is_whole() {
    check(
        "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@h> true\nContent-Type: text/plain\n\nout\n",
        &format!(
            "{DATE}Message-ID: <1@h.test>\nFrom: root@h.test (Cron Daemon)\nTo: root@h.test\n\
             Subject: Cron <root@h> true\nContent-Type: text/plain\n\nout\n"
        )
        .replace("\r\n", "\n"),
        &["root@localhost"],
    );
}

#[test]
fn what_is_missing_stands_in_front() {
    let added = format!("From: root@h.test\n{DATE}Message-ID: <1@h.test>\n").replace("\r\n", "\n");
    check("hello\n", &format!("{added}\nhello\n"), &[]);
    check("\nhello\n", &format!("{added}\nhello\n"), &[]);
    check("", &format!("{added}\n"), &[]);
    check("Subject: x\n", &format!("{added}Subject: x\n\n"), &[]);
    check("not a header: at all\n", &format!("{added}\nnot a header: at all\n"), &[]);
    let whole = "From: a@b.test\nDate: now\nMessage-Id: <x@y>\n\nhi\n";
    check(whole, whole, &[]);
    check(&format!("From root Sun Nov 22 05:30:28 2026\n{whole}"), whole, &[]);
    let named = Facts { full_name: "Dupont, Élise".into(), ..facts() };
    let text = String::from_utf8(prepare(b"", &named).content).unwrap();
    assert!(text.starts_with("From: =?utf-8?Q?Dupont=2C_=C3=89lise?= <root@h.test>\r\n"), "{text}");
    let without = Facts { message_id: None, ..facts() };
    assert!(!String::from_utf8(prepare(b"", &without).content).unwrap().contains("Message-ID"));
}

#[test]
fn recipients_are_found_wherever_a_header_may_hide_them() {
    names("To: a@b.test", &["a@b.test"]);
    names("to:a@b.test", &["a@b.test"]);
    names("To : a@b.test", &["a@b.test"]);
    names("To: A <a@b.test>, \"B, C\" <c@d.test>\nCc: e@f.test", &["a@b.test", "c@d.test", "e@f.test"]);
    names("To: a@b.test,\n c@d.test,\n\te@f.test", &["a@b.test", "c@d.test", "e@f.test"]);
    names("To:\n a@b.test", &["a@b.test"]);
    names("To: team: a@b.test, c@d.test;", &["a@b.test", "c@d.test"]);
    names("To: undisclosed-recipients:;\nBcc: a@b.test", &["a@b.test"]);
    names("To: a@b.test (not, c@d.test)", &["a@b.test"]);
    names("To: =?utf-8?Q?Dupont,_Anne?= <a@b.test>", &["a@b.test"]);
    names("To: a@b.test, A@B.test\nCc: a@b.test", &["a@b.test"]);
    names("To: root, bob (Bob)", &["root@localhost", "bob@localhost"]);
    names("To: a@b.test\nTo: c@d.test", &["a@b.test", "c@d.test"]);
    names("Subject: x\nX-To: a@b.test", &[]);
    names(
        "To: a@b.test\nResent-To: c@d.test\nResent-Bcc: e@f.test\nBcc: g@h.test",
        &["c@d.test", "e@f.test"],
    );
    names("To: a@b.test\nResent-From: me@x.test", &[]);
}

#[test]
fn the_hidden_stay_hidden() {
    let text = "To: a@b.test\nBcc: secret@x.test,\n folded@x.test\nBCC: more@x.test\nResent-Bcc: s@y.test\n\
                Return-Path: <r@z.test>\nContent-Length: 5\nSubject: x\n\nBcc: stays\n";
    let text = String::from_utf8(made(text).content).unwrap();
    for gone in ["secret", "folded", "more@", "s@y", "Return-Path", "Content-Length"] {
        assert!(!text.contains(gone), "{gone} is in {text}");
    }
    assert!(text.contains("Subject: x\r\n\r\nBcc: stays\r\n"), "{text}");
}

#[test]
fn a_message_that_is_sent_again_keeps_its_own_fields() {
    let text = "From: a@b.test\nDate: then\nMessage-Id: <x@y>\nTo: c@d.test\nResent-To: e@f.test\n\nhi\n";
    let letter = made(text);
    let content = String::from_utf8(letter.content).unwrap();
    let added = format!("Resent-From: root@h.test\r\nResent-{DATE}Resent-Message-ID: <1@h.test>\r\n");
    assert_eq!(content, format!("{added}{}", text.replace('\n', "\r\n")));
}

#[test]
fn addresses_get_the_domain_that_they_lack() {
    check(
        "From: Bob <bob>\nDate: d\nMessage-ID: <i>\nReply-To: bob\nTo: x (X),\n  \"y z\"\nSubject: bob\n\n",
        "From: Bob <bob@h.test>\nDate: d\nMessage-ID: <i>\nReply-To: bob@h.test\nTo: x@h.test (X),\n  \"y z\"@h.test\n\
         Subject: bob\n\n",
        &["x@localhost", "\"y z\"@localhost"],
    );
}

#[test]
fn what_cannot_be_read_is_named_and_stays() {
    for (header, named) in [("To: a b c", "a b c"), ("Cc: x@y..z", "x@y..z"), ("Bcc: <a@b.test", "a@b.test")]
    {
        let letter = made(&format!("{header}\n\n"));
        assert_eq!(letter.unreadable.as_deref(), Some(named), "{header}");
    }
    let letter = made("From: a b c\n\n");
    assert_eq!(letter.unreadable, None);
    assert!(String::from_utf8(letter.content).unwrap().contains("From: a b c\r\n"));
}

#[test]
fn content_says_how_it_is_to_be_declared() {
    let eight = BodyType::EightBitMime;
    assert_eq!(made("Subject: é\n\n").body_type(Some(BodyType::SevenBit)), eight);
    assert_eq!(made("Subject: e\n\n").body_type(Some(eight)), eight);
    assert_eq!(made("Subject: e\n\n").body_type(None), BodyType::SevenBit);
}

proptest! {
    #[test]
    fn nothing_panics_and_lines_stay_whole(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        let content = read(&mut input.as_slice(), true).unwrap();
        let letter = prepare(&content, &facts());
        let text = letter.content;
        prop_assert!(text.ends_with(b"\r\n"));
        prop_assert!(!text.contains(&0));
        let ends = text.windows(2).filter(|two| two == b"\r\n").count();
        prop_assert_eq!(text.iter().filter(|b| **b == b'\n').count(), ends);
        prop_assert_eq!(text.iter().filter(|b| **b == b'\r').count(), ends);
    }

    #[test]
    fn a_body_is_never_touched(body in "[ -~\n]{0,80}") {
        let content = read(&mut format!("Subject: x\n\n{body}").as_bytes(), true).unwrap();
        let made = prepare(&content, &facts()).content;
        let wanted = read(&mut format!("\n{body}").as_bytes(), true).unwrap();
        prop_assert!(made.ends_with(&wanted));
    }
}
