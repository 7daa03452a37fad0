//! Relays of people: whose they are, what they may be, and that they carry nobody else's mail.

use crate::desk::{CANARY, Desk};
use control::{Answer, Blame, Caller, Fault, MOST_OWN_RELAYS, OWN_TRIES, Operation, Role};
use serde_json::{Value, json};
use store::{Directory as _, RouteScope};

const ANNE: &str = "anne@there.test";
const BOB: &str = "bob@there.test";

async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.relay("office").await;
    for login in [ANNE, BOB] {
        desk.does(json!({"operation": "account_add", "account": {"login": login, "password": CANARY}})).await;
    }
    desk
}

async fn ask(desk: &Desk, login: &str, operation: Value) -> Result<Answer, Fault> {
    let caller = Caller { name: login.to_owned(), role: Role::Person };
    let operation: Operation = serde_json::from_value(operation).unwrap();
    desk.control.perform(&caller, operation).await
}

fn add(name: &str, more: &Value) -> Value {
    let mut relay = json!({"name": name, "host": "smtp.test", "login": "us", "password": CANARY});
    for (key, value) in more.as_object().unwrap() {
        relay[key] = value.clone();
    }
    json!({"operation": "relay_add", "relay": relay})
}

/// What somebody sees of their relays: their names, and which is used.
async fn seen(desk: &Desk, login: &str) -> Vec<(String, bool)> {
    let Ok(Answer::Relays { relays }) = ask(desk, login, json!({"operation": "relay_list"})).await else {
        panic!("a list")
    };
    relays.into_iter().map(|relay| (relay.name, relay.is_used)).collect()
}

#[tokio::test]
async fn each_has_relays_of_the_same_name_and_sees_none_of_anothers() {
    let desk = desk().await;
    for login in [ANNE, BOB] {
        ask(&desk, login, add("gmail", &json!({}))).await.unwrap();
        assert_eq!(seen(&desk, login).await, [("gmail".to_owned(), true)]);
        let fault = ask(&desk, login, add("GMAIL", &json!({}))).await.unwrap_err();
        assert_eq!((fault.blame, fault.what.as_str()), (Blame::Exists, "GMAIL"));
    }
    ask(&desk, ANNE, add("brevo", &json!({}))).await.unwrap();
    for name in ["office", "brevo", "anne@there.test/gmail", "anne@there.test/brevo"] {
        for operation in [
            json!({"operation": "relay_change", "name": name, "relay": {}}),
            json!({"operation": "relay_password", "name": name, "password": "x"}),
            json!({"operation": "relay_test", "name": name}),
            json!({"operation": "relay_remove", "name": name}),
        ] {
            let fault = ask(&desk, BOB, operation.clone()).await.unwrap_err();
            assert_eq!((fault.blame, fault.what.as_str()), (Blame::Missing, name), "{operation}");
        }
    }
    let all: Vec<String> = desk.store.relays().await.unwrap().into_iter().map(|relay| relay.name).collect();
    assert_eq!(all, ["anne@there.test/brevo", "anne@there.test/gmail", "bob@there.test/gmail", "office"]);
    assert!(desk.audits().await.contains(&"anne@there.test relay add anne@there.test/brevo".to_owned()));
}

#[tokio::test]
async fn what_a_person_may_not_wish_for_is_refused() {
    let desk = desk().await;
    for (more, blame, about) in [
        (json!({"owner": "acme"}), Blame::NotAllowed, "owner"),
        (json!({"account": BOB}), Blame::NotAllowed, "account"),
        (json!({"insecure": true}), Blame::NotAllowed, "insecure"),
        (json!({"extra_ca": "x"}), Blame::NotAllowed, "extra_ca"),
        (json!({"tls": "never"}), Blame::NotAllowed, "tls"),
        (json!({"no_auth": true}), Blame::NotAllowed, "no_auth"),
        (json!({"max_connections": 1_000}), Blame::Invalid, "max_connections"),
        (json!({"host": "127.0.0.1"}), Blame::NotPublic, "127.0.0.1"),
        (json!({"host": "[::ffff:10.0.0.1]"}), Blame::NotPublic, "[::ffff:10.0.0.1]"),
        (json!({"host": "192.168.1.1"}), Blame::NotPublic, "192.168.1.1"),
        (json!({"host": "localhost"}), Blame::NotPublic, "localhost"),
        (json!({"port": 22}), Blame::Invalid, "port"),
        (json!({"name": "a/b"}), Blame::Invalid, "name"),
    ] {
        let fault = ask(&desk, ANNE, add("mine", &more)).await.unwrap_err();
        assert_eq!((fault.blame, fault.what.as_str()), (blame, about), "{more}");
    }
    assert_eq!(desk.store.relays().await.unwrap().len(), 1, "nothing was added");
    ask(&desk, ANNE, add("mine", &json!({}))).await.unwrap();
    for (relay, blame) in [
        (json!({"host": "10.0.0.1"}), Blame::NotPublic),
        (json!({"port": 6379}), Blame::Invalid),
        (json!({"insecure": true}), Blame::NotAllowed),
    ] {
        let change = json!({"operation": "relay_change", "name": "mine", "relay": relay});
        assert_eq!(ask(&desk, ANNE, change).await.unwrap_err().blame, blame, "{relay}");
    }
}

#[tokio::test]
async fn there_are_only_so_many_relays_and_tries() {
    let desk = desk().await;
    for index in 0..MOST_OWN_RELAYS {
        ask(&desk, ANNE, add(&format!("r{index}"), &json!({}))).await.unwrap();
    }
    let fault = ask(&desk, ANNE, add("more", &json!({}))).await.unwrap_err();
    assert_eq!((fault.blame, fault.what.as_str()), (Blame::Invalid, "relay"));
    let password = json!({"operation": "relay_password", "name": "r0", "password": "x"});
    let mut told = None;
    for _ in 0..=OWN_TRIES {
        told = ask(&desk, ANNE, password.clone()).await.err();
    }
    assert_eq!(told.unwrap().blame, Blame::TooOften);
}

#[tokio::test]
async fn a_persons_route_goes_with_their_relays() {
    let desk = desk().await;
    ask(&desk, ANNE, add("one", &json!({}))).await.unwrap();
    ask(&desk, ANNE, add("two", &json!({}))).await.unwrap();
    let of = |pairs: &[(&str, bool)]| -> Vec<(String, bool)> {
        pairs.iter().map(|(name, used)| ((*name).to_owned(), *used)).collect()
    };
    assert_eq!(seen(&desk, ANNE).await, of(&[("one", true), ("two", false)]));
    let used = json!({"operation": "relay_change", "name": "two", "relay": {"default": true}});
    ask(&desk, ANNE, used).await.unwrap();
    assert_eq!(seen(&desk, ANNE).await, of(&[("one", false), ("two", true)]));
    ask(&desk, ANNE, json!({"operation": "relay_remove", "name": "two"})).await.unwrap();
    assert_eq!(seen(&desk, ANNE).await, of(&[("one", true)]), "the next one takes over");
    let default = desk.store.routes().await.unwrap().into_iter().find(|r| r.scope == RouteScope::Default);
    let office = desk.store.relays().await.unwrap().into_iter().find(|relay| relay.name == "office");
    assert_eq!(default.unwrap().relay, office.unwrap().id, "everybody else's way stays");
    // Nobody else's mail is led there.
    for scope in [json!({"for": "default"}), json!({"for": "account", "name": BOB})] {
        let set = json!({"operation": "route_set", "scope": scope, "relay": "anne@there.test/one"});
        desk.refuses(set, Blame::Invalid, "relay").await;
    }
    desk.does(json!({"operation": "account_remove", "login": ANNE})).await;
    let left: Vec<String> = desk.store.relays().await.unwrap().into_iter().map(|relay| relay.name).collect();
    assert_eq!(left, ["office"]);
    assert_eq!(desk.store.routes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_administrator_can_close_the_door_and_what_is_there_stays() {
    let desk = desk().await;
    desk.does(json!({"operation": "relay_add", "relay":
        {"name": "mine", "host": "smtp.test", "login": "us", "password": CANARY, "account": ANNE}}))
        .await;
    assert_eq!(seen(&desk, ANNE).await, [("mine".to_owned(), true)]);
    desk.does(json!({"operation": "setting_set", "name": "own_relays", "value": "off"})).await;
    let fault = ask(&desk, ANNE, add("more", &json!({}))).await.unwrap_err();
    assert_eq!((fault.blame, fault.what.as_str()), (Blame::NotAllowed, "own_relays"));
    assert_eq!(seen(&desk, ANNE).await, [("mine".to_owned(), true)]);
    // Secrets are in it, so it is not asked as the others are.
    let boss = Caller { name: "uid 0".to_owned(), role: Role::Administrator };
    let Ok(Answer::Exported { declaration }) =
        desk.control.perform(&boss, Operation::Export { secrets: true }).await
    else {
        panic!("an export")
    };
    let exported = serde_json::to_value(declaration).unwrap();
    let relay =
        exported["relay"].as_array().unwrap().iter().find(|r| !r["account"].is_null()).unwrap().clone();
    assert_eq!(relay["account"], ANNE, "{relay}");
    // What was exported is what is, here and on another server.
    let apply = json!({"operation": "apply", "declaration": exported, "dry_run": false});
    assert_eq!(desk.does(apply.clone()).await["differences"], json!([]));
    let other = Desk::new().await;
    other.does(apply).await;
    let relays = other.store.relays().await.unwrap();
    let account = other.store.accounts().await.unwrap().into_iter().find(|a| a.login == ANNE).unwrap();
    let own = relays.iter().find(|relay| relay.account == Some(account.id)).unwrap();
    assert_eq!(own.name, "anne@there.test/mine");
    assert!(other.store.routes().await.unwrap().iter().any(|route| route.relay == own.id));
}
