//! The shapes, field by field where receivers look.

use crate::receiver::Receiver;
use crate::stage::{Stage, webhook};
use serde_json::{Value, json};
use store::{EventKind, Webhook, WebhookShape};

/// What comes in a shape of one event about the second of two recipients (or, when it was accepted, about the message).
async fn told(shape: WebhookShape, kind: EventKind, cause: Option<&str>) -> Vec<Value> {
    let receiver = Receiver::start().await;
    let words = ["delivered", "deferred", "bounced", "failed", "held", "cancelled", "reported"];
    let events = match kind {
        EventKind::Accepted => vec!["queued".to_owned()],
        _ => words.map(str::to_owned).to_vec(),
    };
    let stage = Stage::of(Webhook { shape, events, ..webhook(&receiver.url()) }).await;
    stage.accept(1, 2).await;
    if kind != EventKind::Accepted {
        stage.happens(kind, 1, 1, cause).await;
    }
    stage.lives(1).await;
    receiver.came().iter().map(super::receiver::Request::json).collect()
}

/// Whether every field of `expected` is in `found`.
fn has(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| found.get(name).is_some_and(|there| has(there, value)))
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(one, two)| has(one, two))
        }
        _ => found == expected,
    }
}

#[track_caller]
fn check(found: &[Value], expected: &[Value]) {
    let fits = found.len() == expected.len() && found.iter().zip(expected).all(|(one, two)| has(one, two));
    assert!(fits, "found {found:#?}\nexpected {expected:#?}");
}

#[tokio::test]
async fn our_own_shape_explains() {
    let found = told(WebhookShape::Own, EventKind::Failed, Some("recipient_unknown")).await;
    let data = json!({
        "type": "bounced",
        "data": {
            "message": { "message_id": "<1@exemple.test>", "from": "anne@exemple.test", "recipient_count": 2 },
            "recipient": { "email": "r1@example.net", "index": 1 },
            "cause": "recipient_unknown",
        },
    });
    check(&found, &[data]);
    let explain = &found[0]["data"]["explain"];
    assert!(explain["fr"].as_str().expect("French").contains('à'), "{explain}");
    assert!(explain["en"].as_str().expect("English").len() > 20, "{explain}");
    let found = told(WebhookShape::Own, EventKind::Accepted, None).await;
    let all = json!([{ "email": "r0@example.net" }, { "email": "r1@example.net" }]);
    check(&found, &[json!({ "type": "queued", "data": { "recipients": all, "recipient": null } })]);
}

#[tokio::test]
async fn postmark() {
    let shape = WebhookShape::Postmark;
    let who = json!({ "RecordType": "Delivery", "Recipient": "r1@example.net" });
    check(&told(shape, EventKind::Delivered, None).await, &[who]);
    for (kind, cause, expected) in [
        (EventKind::Failed, Some("recipient_unknown"), ("HardBounce", 1)),
        (EventKind::Failed, Some("spam_content"), ("Blocked", 100_006)),
        (EventKind::Deferred, Some("greylisted"), ("Transient", 2)),
        (EventKind::Expired, Some("greylisted"), ("SoftBounce", 4_096)),
    ] {
        let (name, code) = expected;
        let expected =
            json!({ "RecordType": "Bounce", "Type": name, "TypeCode": code, "Email": "r1@example.net" });
        check(&told(shape, kind, cause).await, &[expected]);
    }
    check(&told(shape, EventKind::Accepted, None).await, &[]);
    check(&told(shape, EventKind::Held, None).await, &[]);
}

#[tokio::test]
async fn sendgrid() {
    let shape = WebhookShape::Sendgrid;
    let one =
        |event: &str| json!([{ "event": event, "email": "r1@example.net", "smtp-id": "<1@exemple.test>" }]);
    check(&told(shape, EventKind::Delivered, None).await, &[one("delivered")]);
    check(&told(shape, EventKind::Deferred, Some("greylisted")).await, &[one("deferred")]);
    check(&told(shape, EventKind::Failed, Some("recipient_unknown")).await, &[one("bounce")]);
    let both = json!([{ "event": "processed", "email": "r0@example.net" }, { "email": "r1@example.net" }]);
    check(&told(shape, EventKind::Accepted, None).await, &[both]);
}

#[tokio::test]
async fn resend() {
    let shape = WebhookShape::Resend;
    let one = |kind: &str| json!({ "type": kind, "data": { "to": ["r1@example.net"] } });
    check(&told(shape, EventKind::Delivered, None).await, &[one("email.delivered")]);
    check(&told(shape, EventKind::Deferred, Some("greylisted")).await, &[one("email.delivery_delayed")]);
    let bounced = json!({ "type": "email.bounced", "data": { "bounce": { "type": "Permanent", "subType": "NoEmail" } } });
    check(&told(shape, EventKind::Failed, Some("recipient_unknown")).await, &[bounced]);
    let sent = json!({ "type": "email.sent", "data": { "to": ["r0@example.net", "r1@example.net"] } });
    check(&told(shape, EventKind::Accepted, None).await, &[sent]);
}

#[tokio::test]
async fn brevo() {
    let shape = WebhookShape::Brevo;
    let one =
        |event: &str| json!({ "event": event, "email": "r1@example.net", "message-id": "<1@exemple.test>" });
    check(&told(shape, EventKind::Delivered, None).await, &[one("delivered")]);
    check(&told(shape, EventKind::Deferred, Some("greylisted")).await, &[one("deferred")]);
    check(&told(shape, EventKind::Failed, Some("recipient_unknown")).await, &[one("hard_bounce")]);
    check(&told(shape, EventKind::Failed, Some("spam_content")).await, &[one("blocked")]);
    let first = json!({ "event": "request", "email": "r0@example.net" });
    check(&told(shape, EventKind::Accepted, None).await, &[first, one("request")]);
}

#[tokio::test]
async fn mailjet() {
    let shape = WebhookShape::Mailjet;
    let one = |event: &str| json!({ "event": event, "email": "r1@example.net", "MessageID": 1 });
    check(&told(shape, EventKind::Delivered, None).await, &[one("sent")]);
    check(&told(shape, EventKind::Failed, Some("recipient_unknown")).await, &[one("bounce")]);
    check(&told(shape, EventKind::Failed, Some("spam_content")).await, &[one("blocked")]);
    let greylisted = json!({ "event": "bounce", "error": "greylisted", "hard_bounce": false });
    check(&told(shape, EventKind::Deferred, Some("greylisted")).await, &[greylisted]);
    check(&told(shape, EventKind::Deferred, Some("server_unavailable")).await, &[]);
    check(&told(shape, EventKind::Accepted, None).await, &[]);
}

/// What a program wanted to hear again comes with the news, where receivers of each service look for it.
#[tokio::test]
async fn tags_metadata_and_subject_come_along() {
    let tags = json!(["summer", "beach"]);
    let payload = json!({ "order": "42" });
    let data = json!({
        "subject": "Été",
        "tags": payload,
        "headers": [{ "name": "X-Tags", "value": tags.to_string() }, { "name": "X-Metadata", "value": payload.to_string() }],
    });
    for (shape, expected) in [
        (
            WebhookShape::Own,
            json!({ "data": { "message": { "subject": "Été", "tags": tags, "metadata": payload } } }),
        ),
        (WebhookShape::Postmark, json!({ "Tag": "summer", "Metadata": payload, "Subject": "Été" })),
        (WebhookShape::Sendgrid, json!([{ "category": tags, "order": "42", "event": "bounce" }])),
        (WebhookShape::Resend, json!({ "data": data })),
        (
            WebhookShape::Brevo,
            json!({ "subject": "Été", "tags": tags, "X-Mailin-custom": payload.to_string() }),
        ),
        (
            WebhookShape::Mailjet,
            json!({ "customcampaign": "summer", "CustomID": "", "Payload": payload.to_string() }),
        ),
    ] {
        for kind in [EventKind::Failed, EventKind::CameBack] {
            check(&told(shape, kind, Some("recipient_unknown")).await, std::slice::from_ref(&expected));
        }
    }
}

/// What comes back later is told as what was refused at once.
#[tokio::test]
async fn what_comes_back_is_a_bounce() {
    for (shape, expected) in [
        (WebhookShape::Own, json!({ "type": "bounced" })),
        (WebhookShape::Postmark, json!({ "RecordType": "Bounce", "Type": "HardBounce" })),
        (WebhookShape::Sendgrid, json!([{ "event": "bounce", "type": "bounce" }])),
        (
            WebhookShape::Resend,
            json!({ "type": "email.bounced", "data": { "bounce": { "type": "Permanent" } } }),
        ),
        (WebhookShape::Brevo, json!({ "event": "hard_bounce" })),
        (WebhookShape::Mailjet, json!({ "event": "bounce", "hard_bounce": true })),
    ] {
        check(&told(shape, EventKind::CameBack, Some("recipient_unknown")).await, &[expected]);
    }
}
