//! One letter in every shape, what is refused in each, and what each answers.

use super::{Answer, Blame, Call, Failure, Order, Outcome, Receipt, Shape};
use crate::{Letter, Problem, Wrong};
use mail::{Language, PublicId, Timestamp};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_000_000);

fn read(shape: Shape, call: Call, value: &Value) -> Result<Order, Wrong> {
    shape.read(call, value.to_string().as_bytes(), NOW)
}

fn letters(order: Order) -> Vec<Letter> {
    order.items.into_iter().map(|item| item.letter.unwrap()).collect()
}

/// The same letter in each shape.
fn samples() -> Vec<(Shape, Value)> {
    let file = "AAEC";
    vec![
        (
            Shape::Own,
            json!({ "from": "Anne É <a@first.test>", "to": ["b@second.test", { "email": "c@second.test", "name": "C" }],
                "cc": "\"D, d\" <d@second.test>", "bcc": ["e@second.test"], "reply_to": "r@first.test",
                "subject": "Été", "html": "<p>x</p>", "text": "x", "headers": { "X-A": "1" },
                "attachments": [{ "filename": "a.bin", "content": file, "content_type": "image/png", "content_id": "logo" }],
                "tags": ["t"], "metadata": { "k": "v" } }),
        ),
        (
            Shape::Postmark,
            json!({ "From": "Anne É <a@first.test>", "To": "b@second.test, C <c@second.test>",
                "Cc": "\"D, d\" <d@second.test>", "Bcc": "e@second.test", "ReplyTo": "r@first.test",
                "Subject": "Été", "HtmlBody": "<p>x</p>", "TextBody": "x", "Headers": [{ "Name": "X-A", "Value": "1" }],
                "Attachments": [{ "Name": "a.bin", "Content": file, "ContentType": "image/png", "ContentID": "cid:logo" }],
                "Tag": "t", "Metadata": { "k": "v" }, "TrackOpens": true, "TrackLinks": "None", "MessageStream": "outbound" }),
        ),
        (
            Shape::SendGrid,
            json!({ "personalizations": [{ "to": [{ "email": "b@second.test" }, { "email": "c@second.test", "name": "C" }],
                    "cc": [{ "email": "d@second.test", "name": "D, d" }], "bcc": [{ "email": "e@second.test" }],
                    "custom_args": { "k": "v" }, "substitutions": { "-w-": "x" } }],
                "from": { "email": "a@first.test", "name": "Anne É" }, "reply_to": { "email": "r@first.test" },
                "subject": "Été", "content": [{ "type": "text/plain", "value": "-w-" }, { "type": "text/html", "value": "<p>-w-</p>" }],
                "headers": { "X-A": "1" }, "categories": ["t"], "tracking_settings": { "open_tracking": { "enable": true } },
                "attachments": [{ "filename": "a.bin", "content": file, "type": "image/png", "content_id": "logo", "disposition": "inline" }] }),
        ),
        (
            Shape::Resend,
            json!({ "from": "Anne É <a@first.test>", "to": ["b@second.test", "C <c@second.test>"],
                "cc": "\"D, d\" <d@second.test>", "bcc": ["e@second.test"], "reply_to": "r@first.test",
                "subject": "Été", "html": "<p>x</p>", "text": "x", "headers": { "X-A": "1" },
                "attachments": [{ "filename": "a.bin", "content": { "type": "Buffer", "data": [0, 1, 2] },
                    "content_type": "image/png", "content_id": "logo" }],
                "tags": [{ "name": "k", "value": "v" }] }),
        ),
        (
            Shape::Brevo,
            json!({ "sender": { "email": "a@first.test", "name": "Anne É" },
                "to": [{ "email": "b@second.test" }, { "email": "c@second.test", "name": "C" }],
                "cc": [{ "email": "d@second.test", "name": "D, d" }], "bcc": [{ "email": "e@second.test" }],
                "replyTo": { "email": "r@first.test" }, "subject": "{{params.s}}", "htmlContent": "<p>{{ params.a.b }}</p>",
                "textContent": "x", "headers": { "X-A": 1, "idempotencyKey": "once" }, "tags": ["t"],
                "params": { "s": "Été", "a": { "b": "x" } }, "attachment": [{ "name": "a.bin", "content": file }] }),
        ),
        (
            Shape::Mailjet,
            json!({ "Globals": { "From": { "Email": "a@first.test", "Name": "Anne É" } }, "Messages": [{
                "To": [{ "Email": "b@second.test" }, { "Email": "c@second.test", "Name": "C" }],
                "Cc": [{ "Email": "d@second.test", "Name": "D, d" }], "Bcc": [{ "Email": "e@second.test" }],
                "ReplyTo": { "Email": "r@first.test" }, "Subject": "Été", "HTMLPart": "<p>x</p>", "TextPart": "x",
                "Headers": { "X-A": "1" }, "CustomID": "v", "CustomCampaign": "t", "TrackOpens": "disabled",
                "TemplateLanguage": true, "Variables": {},
                "InlinedAttachments": [{ "Filename": "a.bin", "ContentType": "image/png", "ContentID": "logo", "Base64Content": file }] }] }),
        ),
    ]
}

#[test]
fn a_letter_is_the_same_in_every_shape() {
    for (shape, value) in samples() {
        let letter = letters(read(shape, Call::One, &value).unwrap()).remove(0);
        let shown = |parties: &[crate::Party]| {
            parties
                .iter()
                .map(|party| format!("{}<{}>", party.name, party.address))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(shown(std::slice::from_ref(&letter.from)), "Anne É<a@first.test>", "{shape:?}");
        assert_eq!(shown(&letter.to), "<b@second.test> C<c@second.test>", "{shape:?}");
        assert_eq!(shown(&letter.cc), "D, d<d@second.test>", "{shape:?}");
        assert_eq!(shown(&letter.bcc), "<e@second.test>", "{shape:?}");
        assert_eq!(shown(&letter.reply_to), "<r@first.test>", "{shape:?}");
        assert_eq!(letter.subject, "Été", "{shape:?}");
        assert_eq!(
            (letter.text.as_deref(), letter.html.as_deref()),
            (Some("x"), Some("<p>x</p>")),
            "{shape:?}"
        );
        assert_eq!(letter.headers, [("X-A".to_owned(), "1".to_owned())], "{shape:?}");
        let [file] = letter.attachments.as_slice() else { panic!("{shape:?}") };
        assert_eq!(
            (file.filename.as_str(), file.content.as_slice()),
            ("a.bin", [0, 1, 2].as_slice()),
            "{shape:?}"
        );
        // Brevo's has neither types nor ids.
        let id = (shape != Shape::Brevo).then_some("logo");
        assert_eq!(file.content_id.as_deref(), id, "{shape:?}");
        assert_eq!(letter.tags.is_empty(), shape == Shape::Resend, "{shape:?}");
        assert_eq!(letter.metadata.values().next().map(String::as_str).unwrap_or("v"), "v", "{shape:?}");
        letter.content(NOW).unwrap();
    }
}

#[test]
fn what_is_not_done_is_refused_by_name() {
    use Shape::{Brevo, Mailjet, Own, Postmark, Resend, SendGrid};
    type Case = (Shape, &'static str, Value, &'static str, Problem);
    let cases: Vec<Case> = vec![
        (Own, "/later", json!(1), "later", Problem::NotOffered),
        (Own, "/to", json!("not an address"), "to", Problem::Address("not an address".into())),
        (Own, "/to", json!([{ "email": "x", "name": "y" }]), "to[0].email", Problem::Address("x".into())),
        (Own, "/from", json!(""), "from", Problem::Missing),
        (Own, "/from", json!("a@b.test, c@d.test"), "from", Problem::TooMany(1)),
        (Own, "/from", json!("a@b.test\r\nBcc: c@d.test"), "from", Problem::Control),
        (Own, "/send_at", json!("soon"), "send_at", Problem::Moment),
        (Own, "/attachments/0/content", json!("*"), "attachments[0].content", Problem::Base64),
        (Own, "/attachments/0/path", json!("x"), "attachments[0].path", Problem::NotOffered),
        (Own, "/undo_seconds", json!(-1), "undo_seconds", Problem::Kind(crate::wrong::Kind::Number)),
        (Postmark, "/MessageStream", json!("broadcast"), "MessageStream", Problem::NotOffered),
        (Postmark, "/TemplateId", json!(3), "TemplateId", Problem::NotOffered),
        (SendGrid, "/template_id", json!("d-1"), "template_id", Problem::NotOffered),
        (SendGrid, "/asm", json!({ "group_id": 1 }), "asm", Problem::NotOffered),
        (SendGrid, "/content/0/type", json!("text/x-amp-html"), "content[0].type", Problem::NotOffered),
        (
            SendGrid,
            "/mail_settings",
            json!({ "footer": { "enable": true } }),
            "mail_settings.footer.enable",
            Problem::NotOffered,
        ),
        (SendGrid, "/personalizations", json!([]), "personalizations", Problem::Missing),
        (Resend, "/template", json!({ "id": "x" }), "template", Problem::NotOffered),
        (Resend, "/attachments/0/path", json!("https://x.test"), "attachments[0].path", Problem::NotOffered),
        (Brevo, "/templateId", json!(1), "templateId", Problem::NotOffered),
        (Brevo, "/subject", json!("{{params.other}}"), "params", Problem::Gap("params.other".into())),
        (Brevo, "/htmlContent", json!("{% if x %}"), "params", Problem::NotOffered),
        (Brevo, "/sender", json!(null), "sender", Problem::Missing),
    ];
    for (shape, path, value, field, problem) in cases {
        let mut sample = samples().into_iter().find(|(known, _)| *known == shape).unwrap().1;
        let (parent, key) = path.rsplit_once('/').unwrap();
        sample.pointer_mut(parent).unwrap()[key.to_owned()] = value;
        let wrong = read(shape, Call::One, &sample).unwrap_err();
        assert_eq!((wrong.field.as_str(), &wrong.problem), (field, &problem), "{shape:?} {path}");
        for language in Language::ALL {
            assert!(wrong.words(language).starts_with(field), "{wrong}");
        }
    }
    // Mailjet's has its errors message by message.
    for (key, value, field) in [
        ("TemplateID", json!(1), "Messages[0].TemplateID"),
        ("TextPart", json!("{{var:x}}"), "Messages[0].TemplateLanguage"),
        ("Variables", json!({ "x": 1 }), "Messages[0].Variables"),
        ("DeduplicateCampaign", json!(true), "Messages[0].DeduplicateCampaign"),
    ] {
        let mut sample = samples().pop().unwrap().1;
        sample["Messages"][0][key] = value;
        let mut order = read(Mailjet, Call::One, &sample).unwrap();
        assert_eq!(order.items.remove(0).letter.unwrap_err(), Wrong::new(field, Problem::NotOffered));
    }
}

#[test]
fn a_request_that_is_none_is_refused_in_every_shape() {
    for shape in Shape::ALL {
        for call in [Call::One, Call::Many] {
            for body in ["", "{", "[]", "null", "3", "{}", "[[]]", "[1]", "\"x\"", "{\"from\":[{}]}"] {
                match shape.read(call, body.as_bytes(), NOW) {
                    Err(_) => {}
                    Ok(order) => {
                        assert!(order.items.iter().all(|item| item.letter.is_err()), "{shape:?} {body}")
                    }
                }
            }
        }
    }
}

#[test]
fn versions_and_lists_are_letters_of_their_own() {
    let brevo = json!({ "sender": { "email": "a@first.test" }, "subject": "S", "textContent": "{{params.x}}",
        "messageVersions": [
            { "to": [{ "email": "b@second.test" }], "params": { "x": "1" } },
            { "to": [{ "email": "c@second.test" }], "subject": "T", "params": { "x": "2" } }] });
    let found = letters(read(Shape::Brevo, Call::One, &brevo).unwrap());
    let said: Vec<_> =
        found.iter().map(|letter| (letter.subject.as_str(), letter.text.as_deref().unwrap())).collect();
    assert_eq!(said, [("S", "1"), ("T", "2")]);
    for shape in [Shape::Own, Shape::Postmark, Shape::Resend] {
        let one = samples().into_iter().find(|(known, _)| *known == shape).unwrap().1;
        let order = read(shape, Call::Many, &json!([one, {}, one])).unwrap();
        let good: Vec<bool> = order.items.iter().map(|item| item.letter.is_ok()).collect();
        assert_eq!(good, [true, false, true]);
        let many = vec![one; 501];
        assert_eq!(read(shape, Call::Many, &json!(many)).unwrap_err().problem, Problem::TooMany(500));
    }
}

#[test]
fn each_shape_answers_as_its_programs_expect() {
    let receipt = Receipt {
        id: Some(PublicId([0xab; 16])),
        number: 7,
        message_id: "<1@mx.test>".into(),
        at: Timestamp(0),
        release_at: None,
    };
    let refused =
        Failure { field: "to".into(), is_missing: true, ..Failure::new(Blame::Field, "to: is missing") };
    let uuid = "abababab-abab-abab-abab-abababababab";
    let answered = |shape: Shape, outcome: Outcome| {
        let sample = samples().into_iter().find(|(known, _)| *known == shape).unwrap().1;
        shape.answer(&read(shape, Call::One, &sample).unwrap(), &[outcome])
    };
    for (shape, status, pointer, value, bad, bad_pointer, bad_value) in [
        (Shape::Own, 202, "/id", json!("ab".repeat(16)), 422, "/code", json!("missing")),
        (Shape::Postmark, 200, "/MessageID", json!(uuid), 422, "/ErrorCode", json!(300)),
        (Shape::SendGrid, 202, "", Value::Null, 400, "/errors/0/field", json!("to")),
        (Shape::Resend, 200, "/id", json!(uuid), 422, "/name", json!("missing_required_field")),
        (Shape::Brevo, 201, "/messageId", json!("<1@mx.test>"), 400, "/code", json!("missing_parameter")),
        (
            Shape::Mailjet,
            200,
            "/Messages/0/To/1/MessageID",
            json!(7),
            400,
            "/Messages/0/Errors/0/ErrorMessage",
            json!("to: is missing"),
        ),
    ] {
        let Answer { status: given, body, id } = answered(shape, Ok(receipt.clone()));
        assert_eq!((given, body.pointer(pointer)), (status, Some(&value)), "{shape:?} {body}");
        assert_eq!(id.is_some(), shape == Shape::SendGrid);
        let Answer { status: given, body, .. } = answered(shape, Err(refused.clone()));
        assert_eq!((given, body.pointer(bad_pointer)), (bad, Some(&bad_value)), "{shape:?} {body}");
        let key = shape.failure(&Failure::new(Blame::Key, "no key"));
        assert_eq!(key.status, 401, "{shape:?}");
    }
}
