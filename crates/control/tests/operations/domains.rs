//! Domains: keys, records, and what is published of them.

use crate::desk::Desk;
use control::Blame;
use serde_json::{Value, json};

/// What the DNS says of each record of a domain, in order.
fn states(answer: &Value) -> Vec<String> {
    let records = answer["domain"]["records"].as_array().unwrap();
    let state = |record: &Value| record["published"]["state"].as_str().unwrap_or("unasked").to_owned();
    records.iter().map(state).collect()
}

#[tokio::test]
async fn a_domain_is_added_with_its_keys_and_records() {
    let desk = Desk::new().await;
    let added = desk.does(json!({"operation": "domain_add", "name": "there.test"})).await;
    let records = added["domain"]["records"].as_array().unwrap();
    let names: Vec<&str> = records.iter().map(|record| record["name"].as_str().unwrap()).collect();
    let expected = [
        "facteur._domainkey.there.test",
        "facteur-ed25519._domainkey.there.test",
        "there.test",
        "_dmarc.there.test",
    ];
    assert_eq!(names, expected);
    assert!(records[0]["value"].as_str().unwrap().starts_with("v=DKIM1; k=rsa; p=MII"));
    assert_eq!(records[2]["value"], "v=spf1 a:mx.test ~all");
    assert_eq!(states(&added), ["unasked"; 4]);
    desk.refuses(json!({"operation": "domain_add", "name": "THERE.test"}), Blame::Exists, "THERE.test").await;
    let bad = json!({"operation": "domain_add", "name": "x.test", "selector": "no spaces"});
    desk.refuses(bad, Blame::Invalid, "selector").await;
    let list = desk.does(json!({"operation": "domain_list"})).await;
    assert_eq!(list["domains"].as_array().unwrap().len(), 1, "what was refused is not kept");
    assert!(!list.to_string().contains("PRIVATE"), "no private key is shown");
    assert_eq!(
        desk.does(json!({"operation": "domain_remove", "name": "there.test"})).await["answer"],
        "done"
    );
    desk.refuses(json!({"operation": "domain_check", "name": "there.test"}), Blame::Missing, "there.test")
        .await;
    assert_eq!(desk.audits().await, ["uid 0 domain add there.test", "uid 0 domain remove there.test"]);
}

#[tokio::test]
async fn what_is_published_is_told_from_what_is_not() {
    let desk = Desk::new().await;
    for name in ["there.test", "else.test"] {
        desk.does(json!({"operation": "domain_add", "name": name})).await;
    }
    let there = desk.does(json!({"operation": "domain_check", "name": "there.test"})).await;
    assert_eq!(states(&there), ["no", "no", "yes", "yes"]);
    let other = desk.does(json!({"operation": "domain_check", "name": "else.test"})).await;
    assert_eq!(states(&other), ["otherwise", "no", "otherwise", "no"]);
    // One domain has one SPF record: what is there stays, and this server joins it.
    assert_eq!(other["domain"]["records"][2]["value"], "v=spf1 include:_spf.google.com a:mx.test -all");
}

#[tokio::test]
async fn bounces_come_back_only_where_the_mx_points_here() {
    let desk = Desk::new().await;
    for name in ["there.test", "else.test"] {
        desk.does(json!({"operation": "domain_add", "name": name})).await;
    }
    let back = |name: &str| json!({"operation": "domain_return_path", "name": name, "return_path": format!("bounce.{name}")});
    let set = desk.does(back("there.test")).await;
    assert_eq!(set["domain"]["return_path"], "bounce.there.test");
    let checked = desk.does(json!({"operation": "domain_check", "name": "there.test"})).await;
    assert_eq!(states(&checked), ["no", "no", "yes", "yes", "yes", "yes"]);
    desk.refuses(back("else.test"), Blame::NotPublished, "bounce.else.test").await;
    let off = json!({"operation": "domain_return_path", "name": "there.test", "return_path": null});
    assert_eq!(desk.does(off).await["domain"]["return_path"], Value::Null);
}
