//! The queue, stories, and the test message.

use crate::desk::Desk;
use control::Blame;
use mail::Stage;
use serde_json::{Value, json};
use std::time::Duration;
use store::{Act, Spool as _};

fn list(filter: &Value) -> Value {
    json!({"operation": "queue_list", "filter": filter, "after": null, "limit": 100})
}

#[tokio::test]
async fn each_filter_narrows() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    let first = desk.send("anne@here.test", &["bob@x.test", "carl@y.test"]).await;
    desk.clock.advance(Duration::from_secs(7_200));
    desk.send("paul@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::Rcpt, "450 4.2.0 Greylisted").await;
    for (filter, messages, recipients) in [
        (json!({}), 2, 3),
        (json!({"ids": [first.to_string()]}), 1, 2),
        (json!({"sender": "Anne@HERE.test"}), 1, 2),
        (json!({"recipient": "BOB@x.test"}), 2, 2),
        (json!({"domain": "Y.test"}), 1, 1),
        (json!({"relay": "ONE"}), 2, 3),
        (json!({"cause": "greylisted"}), 2, 3),
        (json!({"cause": "spam_content"}), 0, 0),
        (json!({"older_than_secs": 3_600}), 1, 2),
        (json!({"older_than_secs": u64::MAX}), 0, 0),
        (json!({"state": "held"}), 0, 0),
        (json!({"sender": "anne@here.test", "domain": "y.test"}), 1, 1),
    ] {
        let page = desk.does(list(&filter)).await["page"].clone();
        let rows = page["rows"].as_array().unwrap();
        let seen: usize = rows.iter().map(|row| row["recipients"].as_array().unwrap().len()).sum();
        assert_eq!((rows.len(), seen), (messages, recipients), "{filter}");
    }
    for (filter, blame, about) in [
        (json!({"relay": "no"}), Blame::Missing, "no"),
        (json!({"sender": "no address"}), Blame::Invalid, "sender"),
        (json!({"recipient": "@"}), Blame::Invalid, "recipient"),
        (json!({"domain": "no domain"}), Blame::Invalid, "domain"),
        (json!({"cause": "no_cause"}), Blame::Invalid, "cause"),
    ] {
        desk.refuses(list(&filter), blame, about).await;
        desk.refuses(json!({"operation": "queue_act", "act": "delete", "filter": filter}), blame, about)
            .await;
    }
}

#[tokio::test]
async fn acts_change_what_the_filter_means_and_are_recorded() {
    let desk = Desk::new().await;
    for number in 0..5 {
        desk.send("anne@here.test", &["bob@x.test", &format!("b{number}@y.test")]).await;
    }
    for (act, filter, changed) in [
        (Act::Hold, json!({"domain": "y.test"}), 5),
        (Act::Release, json!({}), 5),
        (Act::Retry, json!({"recipient": "b1@y.test"}), 1),
        (Act::Delete, json!({"domain": "x.test"}), 5),
    ] {
        let acted = desk.does(json!({"operation": "queue_act", "act": act, "filter": filter})).await;
        assert_eq!(acted["acted"]["recipients"], changed, "{act:?}");
    }
    assert_eq!(desk.store.totals().await.unwrap().recipients, 5);
    let audits = desk.audits().await;
    assert_eq!(
        audits.iter().map(|entry| entry.split(' ').nth(3).unwrap()).collect::<Vec<_>>(),
        ["hold", "release", "retry", "delete"]
    );
    assert!(audits[0].contains("\"domain\":\"y.test\""), "{audits:?}");
}

#[tokio::test]
async fn pages_go_through_the_whole_queue() {
    let desk = Desk::new().await;
    for _ in 0..7 {
        desk.send("anne@here.test", &["bob@x.test"]).await;
    }
    let (mut after, mut seen) = (Value::Null, Vec::new());
    loop {
        let page = desk
            .does(json!({"operation": "queue_list", "filter": {}, "after": after, "limit": 3}))
            .await["page"]
            .clone();
        seen.extend(
            page["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn a_story_is_found_by_both_of_its_ids() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    let id = desk.send("anne@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::Auth, "535 5.7.8 Username and Password not accepted").await;
    let by_queue_id = desk.does(json!({"operation": "why", "id": id.to_string()})).await;
    let public = by_queue_id["story"]["message"]["public_id"].as_str().unwrap();
    assert_eq!(desk.does(json!({"operation": "why", "id": public})).await, by_queue_id);
    assert_eq!(by_queue_id["story"]["attempts"].as_array().unwrap().len(), 1);
    let closure = by_queue_id["story"]["message"]["recipients"][0]["closure"].to_string();
    assert_eq!(by_queue_id["closures"][&closure]["cause"], "auth_bad_credentials", "{by_queue_id}");
    for unknown in ["", "x", "000000000001", &"0".repeat(32), "not/an/id"] {
        desk.refuses(json!({"operation": "why", "id": unknown}), Blame::Missing, unknown).await;
    }
}

#[tokio::test]
async fn a_test_message_goes_the_whole_road() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    let mail = json!({"from": "anne@here.test", "to": ["bob@x.test", "carl@y.test"], "subject": "Été", "text": "Bonjour\nà tous"});
    let sent = desk.does(json!({"operation": "send", "mail": mail})).await;
    let id = sent["id"].as_str().unwrap();
    let batch = desk.queue.next().await;
    assert_eq!((batch.letter.id.to_string().as_str(), batch.passengers.len()), (id, 2));
    let content = String::from_utf8(batch.letter.body.as_ref().unwrap().to_vec()).unwrap();
    assert!(content.contains("Subject: =?utf-8?B?w4l0w6k=?=\r\n"), "{content}");
    let nobody = json!({"from": "anne@here.test", "to": [], "subject": "x", "text": "y"});
    desk.refuses(json!({"operation": "send", "mail": nobody}), Blame::Refused, "").await;
}
