//! Reasons in both languages: where rows become sentences.

use crate::desk::Desk;
use control::{Answer, wording};
use mail::{Language, Stage};
use serde_json::json;
use std::collections::BTreeMap;

/// The reason of the only recipient of the only message, in a language: cause, sentence, fix, raw reply.
async fn reason(desk: &Desk, language: Language) -> Option<(String, String, String, String)> {
    let list = json!({"operation": "queue_list", "filter": {}, "after": null, "limit": 10});
    let Ok(Answer::Queue { page }) = desk.ask(list).await else { panic!("a list") };
    let row = &page.rows[0].recipients[0];
    let relay = row.relay.and_then(|id| page.relays.get(&id)).map_or("", String::as_str);
    let reason = wording::of_recipient(row, &page.closures, relay, language)?;
    Some((reason.cause.to_string(), reason.words.cause, reason.words.fix, reason.raw))
}

async fn check(desk: &Desk, cause: &str, english: &str, french: &str, raw: &str) {
    for (language, sentence) in [(Language::En, english), (Language::Fr, french)] {
        let (seen, words, fix, reply) = reason(desk, language).await.unwrap();
        assert_eq!(seen, cause);
        assert!(words.contains(sentence), "{language:?}: {words}");
        assert!(!fix.is_empty() && !words.contains(['{', '[']), "{language:?}: {words} {fix}");
        assert!(reply.contains(raw) && (raw.is_empty() == reply.is_empty()), "{reply}");
    }
}

#[tokio::test]
async fn mail_without_a_relay_says_so() {
    let desk = Desk::new().await;
    desk.send("anne@here.test", &["bob@x.test"]).await;
    check(&desk, "no_route", "relay", "relais", "").await;
}

#[tokio::test]
async fn mail_behind_a_closed_relay_has_the_relays_reason_also_when_it_was_never_tried() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    let id = desk.send("anne@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::Auth, "535 5.7.8 Username and Password not accepted").await;
    check(&desk, "auth_bad_credentials", "password", "mot de passe", "535 5.7.8").await;
    desk.does(json!({"operation": "queue_act", "act": "delete", "filter": {"ids": [id.to_string()]}})).await;
    desk.send("paul@here.test", &["bob@x.test"]).await;
    check(&desk, "auth_bad_credentials", "password", "mot de passe", "535 5.7.8").await;
}

#[tokio::test]
async fn a_stopped_sender_is_named() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    desk.send("anne@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::Mail, "553 5.7.1 Sender address rejected: not owned by user us").await;
    check(&desk, "sender_not_owned", "anne@here.test", "anne@here.test", "553 5.7.1").await;
}

#[tokio::test]
async fn each_state_has_its_words() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    desk.send("anne@here.test", &["bob@x.test"]).await;
    check(&desk, "waiting_first_attempt", "", "", "").await;
    desk.carry(Stage::Rcpt, "450 4.2.0 Greylisted, try again later").await;
    check(&desk, "greylisted", "", "", "450 4.2.0 Greylisted").await;
    desk.does(json!({"operation": "queue_act", "act": "hold", "filter": {}})).await;
    check(&desk, "held", "holds", "retient", "450 4.2.0").await;
}

#[tokio::test]
async fn what_is_delivered_or_deleted_needs_no_reason() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    let id = desk.send("anne@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::EndOfData, "250 2.0.0 Ok").await;
    let Ok(Answer::Story { story, .. }) = desk.ask(json!({"operation": "why", "id": id.to_string()})).await
    else {
        panic!("a story")
    };
    let row = &story.message.recipients[0];
    for language in [Language::En, Language::Fr] {
        assert_eq!(wording::of_recipient(row, &BTreeMap::new(), "one", language), None);
    }
}
