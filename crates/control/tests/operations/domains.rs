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

#[tokio::test]
async fn a_domain_tells_mail_programs_where_its_mail_is() {
    let desk = Desk::new().await;
    desk.does(json!({"operation": "domain_add", "name": "there.test"})).await;
    let server = |protocol: &str, host: &str, port: u16, tls: &str| json!({"protocol": protocol, "host": host, "port": port, "tls": tls});
    let publish = |servers: Value| json!({"operation": "domain_publish", "name": "there.test", "settings": {"login": "local", "server": servers}});
    let imap = server("imap", "imap.there.test", 993, "implicit");
    let told = desk.does(publish(json!([imap, server("smtp", "mx.test", 587, "starttls")]))).await;
    let records: Vec<String> = told["domain"]["records"].as_array().unwrap()[4..]
        .iter()
        .map(|record| record["zone"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(records[0], "_imaps._tcp.there.test. IN SRV 0 1 993 imap.there.test.");
    assert!(records.contains(&"autoconfig.there.test. IN CNAME mx.test.".to_owned()), "{records:?}");
    let hosted = desk.control.publications().of("there.test").unwrap();
    assert!(hosted.autoconfig(None).contains("%EMAILLOCALPART%"), "the user name is as was said");
    assert!(desk.control.publications().of("else.test").is_none());
    for (bad, why) in [
        (json!([]), "none"),
        (json!([server("imap", "[192.0.2.1]", 993, "implicit")]), "no name"),
        (json!([server("imap", "a.test", 0, "implicit")]), "no port"),
        (Value::Array(vec![imap; 13]), "too many"),
    ] {
        desk.refuses(publish(bad), Blame::Invalid, "settings").await;
        assert!(desk.control.publications().of("there.test").is_some(), "{why}");
    }
    let exported = desk.does(json!({"operation": "export", "secrets": false})).await;
    assert_eq!(exported["declaration"]["domain"][0]["settings"]["login"], "local");
    let off = json!({"operation": "domain_publish", "name": "there.test", "settings": null});
    assert_eq!(desk.does(off).await["domain"]["records"].as_array().unwrap().len(), 4);
    assert!(desk.control.publications().of("there.test").is_none());
    let audits = desk.audits().await;
    assert_eq!(
        audits.iter().filter(|entry| *entry == "uid 0 domain publish there.test").count(),
        2,
        "{audits:?}"
    );
}

#[tokio::test]
async fn what_leads_mail_programs_to_a_domain_is_looked_up() {
    let desk = Desk::new().await;
    desk.does(json!({"operation": "domain_add", "name": "there.test"})).await;
    let server = |protocol: &str, port: u16| json!({"protocol": protocol, "host": "mx.test", "port": port, "tls": "implicit"});
    let settings = json!({"server": [server("imap", 993), server("smtp", 465)]});
    desk.does(json!({"operation": "domain_publish", "name": "there.test", "settings": settings})).await;
    let checked = desk.does(json!({"operation": "domain_check", "name": "there.test"})).await;
    // IMAP is there, POP3 is said not to be there in one of its two ways, another server is named for sending.
    let expected = ["no", "no", "yes", "yes", "yes", "yes", "no", "otherwise", "no", "yes", "no"];
    assert_eq!(states(&checked), expected, "{checked:#}");
}
