//! Relays of people: what they may do with their own, and that there are no others for them.

use crate::desk::{CANARY, Desk};
use control::{Answer, Blame, Caller, Fault, Operation, Role};
use mail::AccountId;
use serde_json::{Value, json};
use store::Directory as _;

const ANNE: &str = "anne@a.test";
const BOB: &str = "bob@b.test";

async fn desk() -> Desk {
    let desk = Desk::new().await;
    for login in [ANNE, BOB] {
        let account = json!({"login": login, "password": format!("{CANARY} long enough")});
        desk.does(json!({"operation": "account_add", "account": account})).await;
    }
    desk
}

async fn ask(desk: &Desk, login: &str, operation: Value) -> Result<Answer, Fault> {
    let operation: Operation = serde_json::from_value(operation).unwrap();
    let caller = Caller { name: login.to_owned(), role: Role::Person };
    let answer = desk.control.perform(&caller, operation).await;
    let text = format!("{answer:?} {}", serde_json::to_string(&answer.as_ref().ok()).unwrap());
    assert!(!text.contains(CANARY), "{text}");
    answer
}

async fn does(desk: &Desk, login: &str, operation: Value) -> Value {
    let what = operation.to_string();
    let answer = ask(desk, login, operation).await.unwrap_or_else(|fault| panic!("{what}: {fault}"));
    serde_json::to_value(answer).unwrap()
}

async fn refused(desk: &Desk, login: &str, operation: Value, blame: Blame, about: &str) {
    let what = operation.to_string();
    let (relays, routes) = (desk.store.relays().await.unwrap(), desk.store.routes().await.unwrap());
    let fault = ask(desk, login, operation).await.expect_err(&what);
    assert_eq!((fault.blame, fault.what.as_str()), (blame, about), "{what}: {fault}");
    assert_eq!(
        (desk.store.relays().await.unwrap(), desk.store.routes().await.unwrap()),
        (relays, routes),
        "{what}"
    );
}

fn add(name: &str, more: Value) -> Value {
    let mut relay = json!({"name": name, "host": "smtp.example.org", "login": "us", "password": CANARY});
    relay.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"operation": "relay_add", "relay": relay})
}

fn change(name: &str, relay: Value) -> Value {
    json!({"operation": "relay_change", "name": name, "relay": relay})
}

fn named(operation: &str, name: &str) -> Value {
    json!({"operation": operation, "name": name, "password": CANARY, "relay": {"port": 465}})
}

async fn names(desk: &Desk, login: &str) -> Vec<String> {
    let answer = does(desk, login, json!({"operation": "relay_list"})).await;
    let relays = answer["relays"].as_array().unwrap().clone();
    relays.iter().map(|relay| relay["name"].as_str().unwrap().to_owned()).collect()
}

/// The routes, as an administrator reads them.
async fn routes(desk: &Desk) -> Vec<String> {
    let answer = desk.does(json!({"operation": "route_list"})).await;
    let text = |route: &Value, field: &str| route[field].as_str().unwrap().to_owned();
    answer["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|route| format!("{} {}", text(route, "scope"), text(route, "relay")))
        .collect()
}

#[tokio::test]
async fn what_is_another_s_is_not_there() {
    let desk = desk().await;
    desk.relay("office").await;
    does(&desk, ANNE, add("mine", json!({}))).await;
    for name in ["mine", "anne@a.test/mine", "office", "direct", ""] {
        for operation in ["relay_change", "relay_password", "relay_test", "relay_remove"] {
            refused(&desk, BOB, named(operation, name), Blame::Missing, name).await;
        }
    }
    assert_eq!(names(&desk, BOB).await, Vec::<String>::new());
    // Nor by its mail.
    let filter = |relay: &str| json!({"operation": "queue_list", "filter": {"relay": relay}, "limit": 10});
    refused(&desk, BOB, filter("anne@a.test/mine"), Blame::Missing, "anne@a.test/mine").await;
    refused(&desk, BOB, filter("mine"), Blame::Missing, "mine").await;
    does(&desk, ANNE, filter("mine")).await;
    // Routes, settings and everything else stay an administrator's.
    let route =
        json!({"operation": "route_set", "scope": {"for": "account", "name": BOB}, "relay": "office"});
    refused(&desk, BOB, route, Blame::NotAllowed, "").await;
}

#[tokio::test]
async fn no_route_leads_anybody_else_to_it() {
    let desk = desk().await;
    does(&desk, ANNE, add("mine", json!({}))).await;
    desk.does(json!({"operation": "site_add", "site": {"name": "shop", "senders": ["*"]}})).await;
    let full = "anne@a.test/mine";
    for scope in [
        json!({"for": "default"}),
        json!({"for": "account", "name": BOB}),
        json!({"for": "site", "name": "shop"}),
        json!({"for": "sender_domain", "name": "a.test"}),
        json!({"for": "owner", "name": "default"}),
    ] {
        let set = json!({"operation": "route_set", "scope": scope, "relay": full});
        desk.refuses(set, Blame::Invalid, "relay").await;
    }
    let own = json!({"operation": "route_set", "scope": {"for": "account", "name": ANNE}, "relay": full});
    desk.does(own).await;
    // Anne's alone is no way out for anybody else, and the overview says so.
    assert_eq!(desk.does(json!({"operation": "status"})).await["report"]["has_route"], false);
}

#[tokio::test]
async fn an_administrator_may_add_one_for_somebody_and_may_forbid_it() {
    let desk = desk().await;
    let bare = json!({"account": ANNE, "host": "10.0.0.1", "tls": "never", "port": 2526});
    desk.does(add("office", bare)).await;
    assert_eq!(names(&desk, ANNE).await, ["office"]);
    assert_eq!(routes(&desk).await, ["account:anne@a.test anne@a.test/office"]);
    // What an administrator set stays, and is not moved elsewhere.
    does(&desk, ANNE, change("office", json!({"name": "work", "max_connections": 3}))).await;
    refused(&desk, ANNE, change("work", json!({"host": "10.0.0.2"})), Blame::NotAllowed, "host").await;
    let renamed = desk.does(change("anne@a.test/work", json!({"name": "office"}))).await;
    assert_eq!(renamed["relay"]["name"], "anne@a.test/office");
    desk.refuses(add("x", json!({"account": "nobody@a.test"})), Blame::Missing, "nobody@a.test").await;
    desk.refuses(add("x", json!({"account": ANNE, "owner": "acme"})), Blame::Invalid, "owner").await;
    let set = |value: &str| json!({"operation": "setting_set", "name": "own_relays", "value": value});
    desk.refuses(set("maybe"), Blame::Invalid, "own_relays").await;
    desk.does(set("off")).await;
    refused(&desk, ANNE, add("more", json!({})), Blame::NotAllowed, "own_relays").await;
    refused(&desk, ANNE, change("office", json!({"port": 587})), Blame::NotAllowed, "own_relays").await;
    does(&desk, ANNE, named("relay_password", "office")).await;
    does(&desk, ANNE, named("relay_test", "office")).await;
    let way = desk.control.own_way(&Caller { name: ANNE.to_owned(), role: Role::Person }).await.unwrap();
    assert!(!way.may_change);
    desk.does(set("on")).await;
    does(&desk, ANNE, add("more", json!({}))).await;
}

#[tokio::test]
async fn what_is_exported_is_applied_again() {
    let desk = desk().await;
    desk.relay("office").await;
    does(&desk, ANNE, add("mine", json!({}))).await;
    let Answer::Exported { declaration } =
        desk.control.perform(&administrator(), Operation::Export { secrets: true }).await.unwrap()
    else {
        panic!("an export");
    };
    let other = Desk::new().await;
    for dry_run in [true, false] {
        let apply = Operation::Apply { declaration: declaration.clone(), dry_run };
        other.control.perform(&administrator(), apply).await.unwrap();
    }
    let relays = other.store.relays().await.unwrap();
    let kept: Vec<(&str, Option<AccountId>)> =
        relays.iter().map(|relay| (relay.name.as_str(), relay.account)).collect();
    let anne =
        other.store.accounts().await.unwrap().into_iter().find(|account| account.login == ANNE).unwrap().id;
    assert_eq!(kept, [("anne@a.test/mine", Some(anne)), ("office", None)]);
    assert_eq!(routes(&other).await, ["account:anne@a.test anne@a.test/mine", "default office"]);
    // Once more there is nothing to do, and nothing makes it everybody's.
    let again = Operation::Apply { declaration: declaration.clone(), dry_run: false };
    let Answer::Applied { differences, .. } = other.control.perform(&administrator(), again).await.unwrap()
    else {
        panic!("an answer");
    };
    assert_eq!(differences, []);
    let mut crossed = declaration.clone();
    crossed.routes.iter_mut().for_each(|route| route.relay = "anne@a.test/mine".to_owned());
    let mut shared = declaration;
    shared.relays.iter_mut().for_each(|relay| relay.account = None);
    for (wrong, blame) in [(crossed, Blame::Invalid), (shared, Blame::Needed)] {
        let apply = Operation::Apply { declaration: wrong, dry_run: false };
        assert_eq!(other.control.perform(&administrator(), apply).await.unwrap_err().blame, blame);
    }
}

fn administrator() -> Caller {
    Caller { name: "uid 0".to_owned(), role: Role::Administrator }
}
