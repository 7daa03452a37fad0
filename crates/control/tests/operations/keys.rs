//! Keys of programs: made, recognised, taken back; who may have which.

use crate::desk::Desk;
use control::{Answer, Blame, Caller, KeyError, KeyState, Keyed, Operation, Role};
use mail::{EventId, Secret};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;
use store::{EventKind, History as _, Keys as _, Scope};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));
const DAY_MS: u64 = 86_400_000;

fn add(label: &str, of: Option<&str>, scopes: &[&str], days: Option<u32>) -> Value {
    json!({"operation": "api_key", "act": {"do": "add", "key": {"label": label, "of": of, "scopes": scopes, "days": days}}})
}

async fn made(desk: &Desk, operation: Value) -> String {
    match desk.ask(operation).await.unwrap() {
        Answer::KeyMade { made } => {
            assert!(!format!("{made:?}").contains(&made.key), "a key is shown by nobody's accident");
            made.key
        }
        other => panic!("{other:?}"),
    }
}

async fn with(desk: &Desk, key: &str) -> Result<Keyed, KeyError> {
    desk.control.by_key(HOME, &Secret::new(key)).await
}

async fn people(desk: &Desk) {
    for login in ["anne@there.test", "bob@there.test"] {
        desk.does(json!({"operation": "account_add", "account": {"login": login}})).await;
    }
    desk.does(json!({"operation": "site_add", "site": {"name": "shop", "senders": ["@there.test"]}})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_known_until_it_ends_or_is_taken_back() {
    let desk = Desk::new().await;
    people(&desk).await;
    let key =
        made(&desk, add("Shop", Some("Anne@there.test"), &["send", "messages:read", "send"], Some(2))).await;
    let keyed = with(&desk, &key).await.unwrap();
    assert_eq!((&*keyed.login, keyed.caller.role), ("anne@there.test", Role::Person));
    assert_eq!((keyed.caller.login(), keyed.scopes.len()), ("anne@there.test", 2));
    assert!(keyed.may(Scope::Send) && !keyed.may(Scope::MessagesWrite) && key.starts_with(&keyed.key));
    let rows = format!("{:?}", desk.store.keys().await.unwrap());
    let secret = key.rsplit('_').next().unwrap();
    assert!(!rows.contains(secret), "only a digest is kept");
    for wrong in [&key[1..], &key.to_uppercase(), "", &keyed.key, secret] {
        assert_eq!(with(&desk, wrong).await, Err(KeyError::Wrong), "{wrong}");
    }
    desk.clock.advance(Duration::from_millis(2 * DAY_MS));
    assert_eq!(with(&desk, &key).await, Err(KeyError::Expired));
    let other = made(&desk, add("Shop", None, &["admin"], None)).await;
    let keyed = with(&desk, &other).await.unwrap();
    assert_eq!((keyed.caller.role, keyed.may(Scope::RelaysWrite)), (Role::Administrator, true));
    desk.does(json!({"operation": "api_key", "act": {"do": "remove", "name": keyed.key}})).await;
    assert_eq!(with(&desk, &other).await, Err(KeyError::Revoked));
    desk.refuses(
        json!({"operation": "api_key", "act": {"do": "remove", "name": keyed.key}}),
        Blame::Missing,
        &keyed.key,
    )
    .await;
    let audits = desk.audits().await.join("\n");
    assert!(
        audits.contains(&format!("uid 0 key remove {}", keyed.key)) && !audits.contains(secret),
        "{audits}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_removes_an_account_removes_its_keys() {
    let desk = Desk::new().await;
    people(&desk).await;
    let key = made(&desk, add("x", Some("bob@there.test"), &["send"], None)).await;
    assert!(with(&desk, &key).await.is_ok());
    desk.does(json!({"operation": "account_remove", "login": "bob@there.test"})).await;
    assert_eq!(with(&desk, &key).await, Err(KeyError::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_says_what_it_is_for_and_may_no_more_than_its_holder() {
    let desk = Desk::new().await;
    people(&desk).await;
    for (operation, blame, about) in [
        (add(" ", None, &["send"], None), Blame::Needed, "label"),
        (add(&"x".repeat(101), None, &["send"], None), Blame::Invalid, "label"),
        (add("x", None, &[], None), Blame::Needed, "scopes"),
        (add("x", Some("anne@there.test"), &["send", "accounts:read"], None), Blame::Invalid, "scopes"),
        (add("x", Some("shop"), &["admin"], None), Blame::Invalid, "scopes"),
        (add("x", None, &["send"], Some(0)), Blame::Invalid, "days"),
        (add("x", None, &["send"], Some(1_000_000)), Blame::Invalid, "days"),
        (add("x", Some("nobody"), &["send"], None), Blame::Missing, "nobody"),
    ] {
        desk.refuses(operation, blame, about).await;
    }
    for _ in 0..100 {
        made(&desk, add("x", Some("shop"), &["send"], None)).await;
    }
    desk.refuses(add("x", Some("shop"), &["send"], None), Blame::Invalid, "keys").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_keys_of_their_own_only() {
    let desk = Desk::new().await;
    people(&desk).await;
    let anne = Caller { name: "anne@there.test".to_owned(), role: Role::Person };
    let ask = |operation: Value| {
        let operation: Operation = serde_json::from_value(operation).unwrap();
        desk.control.perform(&anne, operation)
    };
    let bobs = made(&desk, add("bob's", Some("bob@there.test"), &["send"], None)).await;
    let bobs = with(&desk, &bobs).await.unwrap().key;
    // Whatever they ask, it becomes about themselves.
    for of in [None, Some("bob@there.test"), Some("anne@there.test")] {
        let Answer::KeyMade { made } = ask(add("mine", of, &["send"], None)).await.unwrap() else { panic!() };
        assert_eq!(made.view.of.as_deref(), Some("anne@there.test"));
    }
    assert_eq!(ask(add("mine", None, &["admin"], None)).await.unwrap_err().blame, Blame::Invalid);
    let Answer::Keys { keys } =
        ask(json!({"operation": "api_key", "act": {"do": "list", "of": "bob@there.test"}})).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(keys.len(), 3);
    assert!(
        keys.iter().all(|key| key.of.as_deref() == Some("anne@there.test") && key.state == KeyState::Good)
    );
    let remove = |name: &str| json!({"operation": "api_key", "act": {"do": "remove", "name": name}});
    assert_eq!(ask(remove(&bobs)).await.unwrap_err().blame, Blame::Missing);
    assert_eq!(ask(remove(&keys[0].name)).await.unwrap(), Answer::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_may_not_is_not_done() {
    let desk = Desk::new().await;
    people(&desk).await;
    let all = made(&desk, add("all", None, &["admin"], None)).await;
    let all = with(&desk, &all).await.unwrap();
    let reads = made(&desk, add("reads", None, &["relays:read"], None)).await;
    let reads = with(&desk, &reads).await.unwrap();
    let is_refused = async |keyed: &Keyed, operation: Value| {
        let operation: Operation = serde_json::from_value(operation).unwrap();
        desk.control
            .perform_keyed(keyed, operation)
            .await
            .is_err_and(|fault| fault.blame == Blame::NotAllowed)
    };
    let (list, status) = (json!({"operation": "relay_list"}), json!({"operation": "status"}));
    assert!(!is_refused(&reads, list.clone()).await && is_refused(&reads, status.clone()).await);
    assert!(is_refused(&reads, json!({"operation": "relay_remove", "name": "x"})).await);
    assert!(!is_refused(&all, list).await && !is_refused(&all, status).await);
    // What would outlive the key, or tell secrets, is for no key.
    for operation in [
        add("more", None, &["admin"], None),
        json!({"operation": "portal_link"}),
        json!({"operation": "export", "secrets": true}),
        json!({"operation": "backup", "directory": "/x", "with_key": true}),
    ] {
        assert!(is_refused(&all, operation.clone()).await, "{operation}");
    }
    desk.control
        .perform_keyed(
            &all,
            serde_json::from_value(json!({"operation": "account_remove", "login": "bob@there.test"}))
                .unwrap(),
        )
        .await
        .unwrap();
    assert!(
        desk.audits()
            .await
            .iter()
            .any(|line| *line == format!("key {} account remove bob@there.test", all.key))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_wait_and_right_ones_do_not() {
    let desk = Desk::new().await;
    let key = made(&desk, add("x", None, &["status"], None)).await;
    let guess = |number: usize| format!("{key}{number}");
    let mut slowed = 0;
    for number in 0..40 {
        slowed += usize::from(matches!(with(&desk, &guess(number)).await, Err(KeyError::Slowed(_))));
    }
    assert_eq!(slowed, 35, "five at once");
    assert!(with(&desk, &key).await.is_ok(), "whoever has the key is not kept out by others");
    assert_eq!(with(&desk, &guess(1)).await, Err(KeyError::Wrong), "the same wrong one again is no guess");
    let elsewhere = "203.0.113.9".parse().unwrap();
    assert_eq!(desk.control.by_key(elsewhere, &Secret::new("fct_x")).await, Err(KeyError::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_written_down_every_few_minutes() {
    let desk = Desk::new().await;
    let key = made(&desk, add("x", None, &["status"], None)).await;
    let used = async || desk.store.keys().await.unwrap()[0].used_at;
    assert_eq!(used().await, None);
    with(&desk, &key).await.unwrap();
    let first = used().await;
    assert_eq!(first, Some(desk.clock.now()));
    desk.clock.advance(Duration::from_millis(60_000));
    with(&desk, &key).await.unwrap();
    assert_eq!(used().await, first, "not at each request");
    desk.clock.advance(Duration::from_millis(5 * 60_000));
    with(&desk, &key).await.unwrap();
    assert_eq!(used().await, Some(desk.clock.now()));
    desk.store.refuse_writes(Some(store::StoreError::Full { free_bytes: 0 }));
    desk.clock.advance(Duration::from_millis(5 * 60_000));
    assert!(with(&desk, &key).await.is_ok(), "a full disk keeps nobody out");
    let audits = desk.store.events(EventId(0), 100).await.unwrap();
    assert_eq!(audits.iter().filter(|event| event.kind == EventKind::Audit).count(), 1);
}
