//! What a receiver gets that is down, slow to mend, gone, or meets a crash.

use crate::receiver::{Receiver, Request, status};
use crate::stage::{Stage, all_came, webhook};
use hooks::Rest;
use mail::{EventId, Principal, SiteId};
use ring::hmac;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{
    EventKind, History as _, OwedPost, PauseReason, PostResult, Webhook, WebhookScope, Webhooks as _,
};
use testkit::chance::Chance;

/// Some mail with its ups and downs.
async fn a_busy_day(stage: &Stage) {
    for number in 1..=20 {
        stage.accept(number, 2).await;
        for index in 0..2 {
            stage.happens(EventKind::Deferred, number, index, Some("greylisted")).await;
        }
    }
    for number in 1..=20 {
        stage.happens(EventKind::Delivered, number, 0, None).await;
        stage.happens(EventKind::Failed, number, 1, Some("recipient_unknown")).await;
    }
}

#[tokio::test]
async fn a_receiver_that_is_down_for_an_hour_gets_everything() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    receiver.goes_down();
    a_busy_day(&stage).await;
    stage.lives(1_800).await;
    stage.accept(30, 1).await;
    assert_eq!(receiver.came().len(), 0);
    // For its second half hour it is there, and says that it is not well.
    receiver.answers(|_| status(503));
    stage.lives(1_800).await;
    let in_vain: Vec<String> =
        receiver.came().iter().map(|request| request.field("webhook-id").to_owned()).collect();
    assert!(!in_vain.is_empty(), "it is asked now and then");
    let tried = stage.posts().await.len();
    assert!((5..40).contains(&tried), "it is left in peace while it is down: {tried} posts");
    let up_since = stage.clock.now().secs();
    receiver.answers(|_| status(200));
    stage.happens(EventKind::Delivered, 30, 0, None).await;
    // The longest pause of a receiver that takes nothing.
    stage.lives(1_800).await;
    let is_up =
        |request: &Request| request.field("webhook-timestamp").parse().is_ok_and(|at: i64| at >= up_since);
    all_came(&stage.events().await, &receiver, is_up);
    assert_eq!(stage.owed().await, 0);
    assert_eq!(stage.webhook().await.paused, None);
    // What was told in vain came again, and nothing ever came under another id than its event's.
    let ids: Vec<String> = stage.events().await.iter().map(hooks::event_id).collect();
    let last: Vec<Request> = receiver.came().split_off(in_vain.len());
    assert!(in_vain.iter().all(|id| last.iter().any(|request| request.field("webhook-id") == id)));
    assert!(receiver.came().iter().all(|request| ids.iter().any(|id| request.field("webhook-id") == id)));
}

/// A receiver that fails by chance still gets everything, in order for each message.
#[tokio::test]
async fn a_receiver_that_fails_by_chance_gets_everything() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    let dice = std::sync::Mutex::new(Chance::of_seed(7));
    receiver.answers(move |_| status(if dice.lock().expect("no panic").index(3) == 0 { 503 } else { 204 }));
    let taken = Arc::new(std::sync::Mutex::new(Vec::new()));
    a_busy_day(&stage).await;
    for _ in 0..40 {
        stage.lives(1_800).await;
    }
    let posts = stage.posts().await;
    taken.lock().expect("no panic").extend(posts);
    assert_eq!(stage.owed().await, 0, "{:?}", stage.posts().await);
    // Each came again under its own id, and the last time that it came it was taken: so the last places are in order.
    let events = stage.events().await;
    let came = receiver.came();
    let mut last = std::collections::HashMap::new();
    for event in &events {
        let id = hooks::event_id(event);
        let at = came.iter().rposition(|request| request.field("webhook-id") == id).expect("it came");
        let before = last.insert(event.message, at);
        assert!(before.is_none_or(|before| before < at), "out of order: {event:?}");
    }
}

#[tokio::test]
async fn one_event_that_a_receiver_cannot_bear_holds_only_its_message_up() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    let bad = |request: &Request| request.json()["data"]["message"]["message_id"] == "<2@exemple.test>";
    receiver.answers(move |request| status(if bad(request) { 400 } else { 200 }));
    for number in 1..=3 {
        stage.accept(number, 1).await;
        stage.happens(EventKind::Delivered, number, 0, None).await;
    }
    stage.lives(0).await;
    let events = stage.events().await;
    let others: Vec<_> =
        events.iter().filter(|event| event.message.is_some_and(|id| id.get() != 2)).cloned().collect();
    all_came(&others, &receiver, |request| !bad(request));
    assert_eq!(stage.owed().await, 2, "what comes after it waits with it");
    // Three days later somebody must look at it; nothing was dropped.
    stage.lives(4 * 86_400).await;
    let paused = stage.webhook().await.paused.expect("a pause");
    assert!(matches!(paused.reason, PauseReason::Failing { .. }), "{paused:?}");
    assert!(paused.since.since_ms(stage.webhook().await.created_at) >= 3 * 86_400_000);
    let tries = receiver.came().iter().filter(|request| bad(request)).count();
    assert!((15..30).contains(&tries), "{tries} tries");
    assert_eq!(stage.owed().await, 2);
    // The receiver is mended, and the webhook resumed.
    receiver.answers(|_| status(200));
    let now = stage.webhook().await;
    stage.store.save_webhook(Webhook { paused: None, ..now }, Vec::new()).await.expect("resumed");
    stage.lives(21_600).await;
    all_came(&events, &receiver, |_| true);
    assert_eq!(stage.owed().await, 0);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_not_asked_again() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    receiver.answers(|_| status(410));
    stage.accept(1, 1).await;
    stage.lives(86_400).await;
    assert_eq!(receiver.came().len(), 1);
    assert_eq!(stage.webhook().await.paused.map(|pause| pause.reason), Some(PauseReason::Gone));
    assert_eq!(stage.owed().await, 1, "nothing is dropped");
}

#[tokio::test]
async fn a_crash_in_the_middle_loses_nothing() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    a_busy_day(&stage).await;
    // The process dies while the receiver has some of a round, and none of it is noted.
    let (seen, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Notify::new()));
    let (counted, opened) = (Arc::clone(&seen), Arc::clone(&gate));
    receiver.answers(move |_| {
        if counted.fetch_add(1, Ordering::SeqCst) == 25 {
            opened.notify_one();
        }
        status(200)
    });
    let (hooks, hook) = (Arc::clone(&stage.hooks), Arc::new(stage.webhook().await));
    let round = tokio::spawn(async move { hooks.round(hook).await });
    gate.notified().await;
    round.abort();
    let _ = round.await;
    let before = receiver.came().len();
    assert!(before >= 25);
    stage.lives(60).await;
    let events = stage.events().await;
    all_came(&events, &receiver, |_| true);
    assert!(receiver.came().len() > events.len(), "some came twice");
    let ids: std::collections::HashSet<String> =
        receiver.came().iter().map(|request| request.field("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), events.len(), "under the same ids");
}

#[tokio::test]
async fn what_a_person_changes_meanwhile_is_not_overwritten() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    a_busy_day(&stage).await;
    stage.lives(10).await;
    let all = receiver.came().len();
    // A round that began before a rewind must not undo it.
    stage.accept(40, 1).await;
    let old = Arc::new(stage.webhook().await);
    stage.store.rewind_webhook(stage.id, EventId(0), Vec::new()).await.expect("rewound");
    assert_eq!(stage.hooks.round(old).await.expect("a round"), Rest::Again);
    assert_eq!(stage.webhook().await.told_to, EventId(0));
    stage.lives(10).await;
    assert!(receiver.came().len() >= 2 * all, "everything is told again");
}

#[tokio::test]
async fn one_event_is_told_again() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    stage.accept(1, 1).await;
    stage.happens(EventKind::Delivered, 1, 0, None).await;
    stage.lives(1).await;
    let event = stage.events().await.remove(0);
    let now = stage.clock.now();
    let owed = OwedPost { event: event.id, message: event.message, tries: 0, since: now, next_at: now };
    stage.store.owe_post(stage.id, owed, Vec::new()).await.expect("owed");
    stage.lives(1).await;
    let ids: Vec<String> =
        receiver.came().iter().map(|request| request.field("webhook-id").to_owned()).collect();
    assert_eq!((ids.len(), &ids[2]), (3, &hooks::event_id(&event)));
}

#[tokio::test]
async fn a_webhook_is_told_of_what_it_wants_and_nothing_else() {
    let receiver = Receiver::start().await;
    let wanted = Webhook { events: vec!["bounced".to_owned()], ..webhook(&receiver.url()) };
    let stage = Stage::of(wanted).await;
    a_busy_day(&stage).await;
    stage.lives(10).await;
    let types: Vec<_> = receiver.came().iter().map(|request| request.json()["type"].clone()).collect();
    assert_eq!(types, vec![serde_json::json!("bounced"); 20]);
    // Another principal's mail is nobody's affair.
    let site = WebhookScope::Principal(Principal::Site(SiteId(9)));
    let stage = Stage::of(Webhook { scope: site, ..webhook(&receiver.url()) }).await;
    a_busy_day(&stage).await;
    stage.lives(10).await;
    assert_eq!(receiver.came().len(), 20);
    assert_eq!(stage.webhook().await.told_to, stage.events().await.last().expect("events").id);
}

#[tokio::test]
async fn posts_are_signed_dated_and_named() {
    let receiver = Receiver::start().await;
    let mut one = webhook(&receiver.url());
    one.sign_in = Some(mail::Secret::new("anne:pâssword"));
    let stage = Stage::of(one).await;
    stage.accept(1, 1).await;
    stage.lives(1).await;
    let request = receiver.came().remove(0);
    let secret = stage.webhook().await.secret;
    let text = secret.reveal().strip_prefix("whsec_").expect("the prefix").to_owned();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).expect("base64");
    let signed = [
        format!("{}.{}.", request.field("webhook-id"), request.field("webhook-timestamp")).as_bytes(),
        &request.body,
    ]
    .concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), &signed);
    let tag = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, tag);
    assert_eq!(request.field("webhook-signature"), format!("v1,{tag}"));
    assert_eq!(request.field("svix-signature"), request.field("webhook-signature"));
    let plain = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes()), &request.body);
    let hex: String = plain.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(request.field("x-signature"), hex);
    assert_eq!(request.field("authorization"), "Basic YW5uZTpww6Jzc3dvcmQ=");
    assert_eq!(request.line, "POST /in HTTP/1.1");
    assert_eq!(request.field("host"), receiver.address.to_string());
    let event = stage.events().await.remove(0);
    assert_eq!(request.field("webhook-timestamp"), event.at.secs().to_string());
}

#[tokio::test]
async fn a_test_is_posted_and_leaves_nothing_behind() {
    let receiver = Receiver::start().await;
    let stage = Stage::of(webhook(&receiver.url())).await;
    let from = "facteur.test".parse().expect("a domain");
    let post = stage.hooks.test(&stage.webhook().await, &from).await;
    assert!(post.result.is_taken(), "{post:?}");
    assert_eq!(receiver.came()[0].json()["type"], "test");
    receiver.answers(|_| status(500));
    let post = stage.hooks.test(&stage.webhook().await, &from).await;
    assert_eq!(post.result, PostResult::Answered { status: 500, said: "sorry".to_owned() });
    assert_eq!((stage.owed().await, stage.posts().await.len()), (0, 0));
    assert_eq!(stage.store.events(EventId(0), 10).await.expect("events").len(), 0);
}
