//! What letters become. What Python's parser reads in them is in `tests/python`.

use crate::{Attachment, Letter, Party, Problem};
use mail::{BodyType, Timestamp};
use proptest::prelude::*;

fn letter() -> Letter {
    let mut letter = Letter::of(Party { name: "Anne".into(), address: "a@first.test".parse().unwrap() });
    letter.to.push("b@second.test".parse::<mail::Address>().unwrap().into());
    letter.subject = "Hello".into();
    letter.text = Some("one\ntwo".into());
    letter
}

fn text_of(letter: &Letter) -> String {
    String::from_utf8(letter.content(Timestamp(0)).unwrap()).unwrap()
}

#[test]
fn a_plain_letter_is_plain() {
    assert_eq!(
        text_of(&letter()),
        "From: Anne <a@first.test>\r\nTo: b@second.test\r\nSubject: Hello\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
         one\r\ntwo\r\n"
    );
}

#[test]
fn nobody_sees_who_gets_a_hidden_copy() {
    let mut letter = letter();
    letter.bcc.push(Party { name: "Secret".into(), address: "hidden@third.test".parse().unwrap() });
    letter.cc = letter.to.clone();
    let text = text_of(&letter);
    assert!(!text.contains("hidden") && !text.contains("Secret"), "{text}");
    let recipients: Vec<String> = letter.recipients().iter().map(ToString::to_string).collect();
    assert_eq!(recipients, ["b@second.test", "hidden@third.test"]);
    letter.to.clear();
    letter.cc.clear();
    assert!(text_of(&letter).contains("\r\nTo: undisclosed-recipients:;\r\n"));
}

#[test]
fn what_would_become_a_header_is_refused() {
    type Change = fn(&mut Letter);
    let cases: &[(Change, &str, Problem)] = &[
        (|letter| letter.subject = "a\r\nBcc: x@y.test".into(), "subject", Problem::Control),
        (|letter| letter.subject = "a\u{2028}b".into(), "subject", Problem::Control),
        (|letter| letter.from.name = "a\nb".into(), "from", Problem::Control),
        (|letter| letter.to[0].name = "a\rb".into(), "to[0]", Problem::Control),
        (|letter| letter.headers.push(("X-A".into(), "a\r\n b".into())), "headers.X-A", Problem::Control),
        (|letter| letter.headers.push(("X-A: b\r\nX".into(), "a".into())), "headers[0]", Problem::HeaderName),
        (|letter| letter.headers.push(("X A".into(), "a".into())), "headers[0]", Problem::HeaderName),
        (|letter| letter.headers.push(("X:".into(), "a".into())), "headers.X:", Problem::HeaderName),
        (|letter| letter.headers.push((String::new(), "a".into())), "headers[0]", Problem::HeaderName),
        (|letter| letter.headers.push(("bCC".into(), "x@y.test".into())), "headers.bCC", Problem::Reserved),
        (
            |letter| letter.headers.push(("Content-Type".into(), "text/html".into())),
            "headers.Content-Type",
            Problem::Reserved,
        ),
        (|letter| letter.text = None, "", Problem::Empty),
        (|letter| letter.to.clear(), "to", Problem::Missing),
        (|letter| letter.tags = vec![String::new(); 51], "tags", Problem::TooMany(50)),
        (|letter| letter.subject = "x".repeat(5_000), "subject", Problem::TooLong(4_096)),
        (
            |letter| letter.attachments.push(file("a\r\nb", "", None)),
            "attachments[0].filename",
            Problem::Control,
        ),
        (
            |letter| letter.attachments.push(file("a", "a/b\r\nX: y", None)),
            "attachments[0].content_type",
            Problem::MediaType,
        ),
        (
            |letter| letter.attachments.push(file("a", "", Some("a>\r\nX: y"))),
            "attachments[0].content_id",
            Problem::ContentId,
        ),
    ];
    for (change, field, problem) in cases {
        let mut letter = letter();
        change(&mut letter);
        let wrong = letter.content(Timestamp(0)).unwrap_err();
        assert_eq!((wrong.field.as_str(), &wrong.problem), (*field, problem));
    }
}

fn file(filename: &str, content_type: &str, content_id: Option<&str>) -> Attachment {
    Attachment {
        filename: filename.into(),
        content_type: content_type.into(),
        content_id: content_id.map(Into::into),
        content: vec![0, 1, 2],
    }
}

#[test]
fn parts_stand_in_their_order() {
    let mut letter = letter();
    letter.html = Some("<img src=\"cid:logo\">".into());
    letter.attachments = vec![file("a.pdf", "", None), file("logo.png", "image/png", Some("logo"))];
    let text = text_of(&letter);
    let mut at = 0;
    for part in [
        "multipart/mixed;\r\n boundary=\"=_facteur_0_=\"",
        "--=_facteur_0_=\r\nContent-Type: multipart/alternative;",
        "--=_facteur_1_=\r\nContent-Type: text/plain",
        "--=_facteur_1_=\r\nContent-Type: multipart/related; type=\"text/html\";",
        "--=_facteur_2_=\r\nContent-Type: text/html",
        "--=_facteur_2_=\r\nContent-Type: image/png",
        "Content-Disposition: inline;\r\n filename=\"logo.png\"\r\nContent-ID: <logo>\r\n\r\nAAEC\r\n",
        "--=_facteur_2_=--\r\n--=_facteur_1_=--\r\n",
        "--=_facteur_0_=\r\nContent-Type: application/pdf",
        "--=_facteur_0_=--\r\n",
    ] {
        at += text[at..].find(part).unwrap_or_else(|| panic!("{part}\n{text}"));
    }
}

#[test]
fn an_address_that_needs_more_says_so() {
    let mut letter = letter();
    assert_eq!(letter.body_type(), BodyType::SevenBit);
    letter.bcc.push("é@second.test".parse::<mail::Address>().unwrap().into());
    assert_eq!(letter.body_type(), BodyType::SevenBit);
    letter.cc.push("é@münchen.test".parse::<mail::Address>().unwrap().into());
    assert_eq!(letter.body_type(), BodyType::Utf8);
    assert!(text_of(&letter).contains("\r\nCc: é@xn--mnchen-3ya.test\r\n"));
}

#[test]
fn a_letter_for_later_is_dated_then() {
    let mut letter = letter();
    letter.send_at = Some(Timestamp(86_400_000));
    assert!(text_of(&letter).contains("\r\nDate: Fri, 2 Jan 1970"));
}

proptest! {
    /// Whatever is given: lines of seven bits, none too long, and not one field more than was meant.
    #[test]
    fn no_text_breaks_out(
        subject in "\\PC{0,200}", name in "\\PC{0,80}", text in any::<String>(), html in any::<String>(),
        filename in "\\PC{1,80}", value in "\\PC{0,200}",
    ) {
        let mut letter = letter();
        letter.subject = subject;
        letter.from.name = name.clone();
        letter.to[0].name = name;
        letter.text = Some(text);
        letter.html = Some(html);
        letter.headers.push(("X-Test".into(), value));
        letter.attachments.push(file(&filename, "", None));
        let content = match letter.content(Timestamp(0)) {
            Ok(content) => content,
            Err(wrong) => {
                prop_assert_eq!(wrong.problem, Problem::Control);
                return Ok(());
            }
        };
        let text = String::from_utf8(content).unwrap();
        prop_assert!(text.is_ascii());
        prop_assert!(text.ends_with("\r\n"));
        for line in text.split_inclusive("\r\n") {
            prop_assert!(line.len() <= 998, "{line}");
            let line = line.strip_suffix("\r\n").unwrap();
            prop_assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        }
        let header = text.split("\r\n\r\n").next().unwrap();
        let fields: Vec<&str> = header
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        prop_assert_eq!(fields, ["From", "To", "Subject", "Date", "X-Test", "MIME-Version", "Content-Type"]);
    }
}
