//! Accounts, sites, sign-in and who may send with which address.

use crate::desk::{CANARY, Desk, secret};
use control::{Blame, Role, SignInError};
use mail::{AccountId, Principal};
use serde_json::{Value, json};

fn account(login: &str, rest: Value) -> Value {
    let mut account = json!({"login": login, "password": format!("{CANARY} {CANARY}")});
    for (key, value) in rest.as_object().unwrap() {
        account[key] = value.clone();
    }
    json!({"operation": "account_add", "account": account})
}

fn site(name: &str, rest: Value) -> Value {
    let mut site = json!({"name": name, "senders": ["@here.test"]});
    for (key, value) in rest.as_object().unwrap() {
        site[key] = value.clone();
    }
    json!({"operation": "site_add", "site": site})
}

async fn signs_in(desk: &Desk, login: &str, password: &str) -> Result<Principal, SignInError> {
    desk.control.sign_in(None, login, &secret(password)).await.map(|who| who.principal)
}

#[tokio::test]
async fn an_account_sends_with_its_own_addresses_only() {
    let desk = Desk::new().await;
    desk.does(account("anne@here.test", json!({}))).await;
    desk.does(account(
        "boss",
        json!({"senders": ["boss@here.test", "@there.test"], "owner": "acme", "language": "fr"}),
    ))
    .await;
    let anne = signs_in(&desk, "anne@here.test", &format!("{CANARY} {CANARY}")).await.unwrap();
    let boss = signs_in(&desk, "BOSS", &format!("{CANARY} {CANARY}")).await.unwrap();
    for (who, from, allowed) in [
        (anne, "anne@here.test", true),
        (anne, "Anne@HERE.test", true),
        (anne, "boss@here.test", false),
        (anne, "anne@there.test", false),
        (boss, "boss@here.test", true),
        (boss, "anyone@there.test", true),
        (boss, "anyone@sub.there.test", false),
        (boss, "boss", false),
        (Principal::Account(AccountId(99)), "anne@here.test", false),
        (Principal::System, "anyone@else.test", true),
    ] {
        if from.contains('@') {
            assert_eq!(desk.judge(who, from).is_ok(), allowed, "{who:?} as {from}");
        }
    }
    assert!(desk.judge(anne, "").is_ok(), "a notice has no sender");
    let list = desk.does(json!({"operation": "account_list"})).await;
    let rows = list["accounts"].as_array().unwrap();
    assert_eq!(
        rows.iter()
            .map(|row| (row["login"].as_str().unwrap(), row["owner"].as_str().unwrap()))
            .collect::<Vec<_>>(),
        [("anne@here.test", "default"), ("boss", "acme")]
    );
    assert_eq!(rows[1]["language"], "fr");
}

#[tokio::test]
async fn wrong_and_unknown_look_the_same() {
    let desk = Desk::new().await;
    desk.does(account("anne@here.test", json!({}))).await;
    desk.does(site("shop", json!({}))).await;
    desk.does(site("printer", json!({"networks": ["192.168.0.0/16"]}))).await;
    for (login, password) in [
        ("anne@here.test", "wrong"),
        ("anne@here.test", ""),
        ("nobody@here.test", "wrong"),
        ("shop", "wrong"),
        ("printer", ""),
        ("printer", "wrong"),
        ("", ""),
    ] {
        assert_eq!(signs_in(&desk, login, password).await, Err(SignInError::Wrong), "{login} {password}");
    }
}

#[tokio::test]
async fn passwords_that_are_made_work_and_are_shown_once() {
    let desk = Desk::new().await;
    let made = |answer: &Value| answer["made"]["password"].as_str().map(str::to_owned);
    let anne = made(&desk.does(account("anne@here.test", json!({"password": null}))).await).unwrap();
    let shop = made(&desk.does(site("shop", json!({}))).await).unwrap();
    assert_ne!(anne, shop);
    assert!(signs_in(&desk, "anne@here.test", &anne).await.is_ok());
    assert!(signs_in(&desk, "Shop", &shop).await.is_ok());
    assert!(signs_in(&desk, "Shop", &anne).await.is_err());
    let events = format!("{:?}", desk.audits().await);
    assert!(!events.contains(&anne) && !events.contains(&shop), "{events}");
    // A site that comes from its own network needs no key, and given ones are not shown.
    assert_eq!(made(&desk.does(site("printer", json!({"networks": ["10.0.0.0/8"]}))).await), None);
    assert_eq!(made(&desk.does(account("b@here.test", json!({}))).await), None);

    // A new one ends the old one, also where it was remembered.
    let newer = made(
        &desk
            .does(json!({"operation": "account_password", "login": "ANNE@here.test", "password": null}))
            .await,
    )
    .unwrap();
    assert!(signs_in(&desk, "anne@here.test", &anne).await.is_err());
    assert!(signs_in(&desk, "anne@here.test", &newer).await.is_ok());
    let newer =
        made(&desk.does(json!({"operation": "site_password", "name": "shop", "password": null})).await)
            .unwrap();
    assert!(signs_in(&desk, "shop", &shop).await.is_err());
    assert!(signs_in(&desk, "shop", &newer).await.is_ok());
    desk.does(json!({"operation": "account_remove", "login": "anne@here.test"})).await;
    desk.does(json!({"operation": "site_remove", "name": "shop"})).await;
    assert!(signs_in(&desk, "shop", &newer).await.is_err());
    assert_eq!(
        desk.audits().await.split_off(4),
        [
            "uid 0 account password ANNE@here.test",
            "uid 0 site password shop",
            "uid 0 account remove anne@here.test",
            "uid 0 site remove shop",
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_reason() {
    let desk = Desk::new().await;
    desk.does(account("anne@here.test", json!({}))).await;
    desk.does(site("shop", json!({}))).await;
    for (operation, blame, about) in [
        (account("Anne@here.test", json!({})), Blame::Exists, "Anne@here.test"),
        (account("shop", json!({"senders": ["*"]})), Blame::Exists, "shop"),
        (site("anne@here.test", json!({})), Blame::Exists, "anne@here.test"),
        (account("no address", json!({})), Blame::Invalid, "login"),
        (account("a\u{7}b", json!({})), Blame::Invalid, "login"),
        (account("", json!({})), Blame::Invalid, "login"),
        (account("boss", json!({})), Blame::Needed, "senders"),
        (account("c@here.test", json!({"password": "short"})), Blame::Invalid, "password"),
        (site("bad name", json!({})), Blame::Invalid, "name"),
        (site("other", json!({"senders": []})), Blame::Needed, "senders"),
        (json!({"operation": "account_password", "login": "no", "password": null}), Blame::Missing, "no"),
        (json!({"operation": "account_remove", "login": "shop"}), Blame::Missing, "shop"),
        (json!({"operation": "site_remove", "name": "anne@here.test"}), Blame::Missing, "anne@here.test"),
        (json!({"operation": "site_password", "name": "no", "password": null}), Blame::Missing, "no"),
    ] {
        desk.refuses(operation, blame, about).await;
    }
}

#[tokio::test]
async fn the_site_of_a_network_is_the_one_that_was_made_first() {
    let desk = Desk::new().await;
    desk.does(site("zulu", json!({"networks": ["192.168.1.0/24"]}))).await;
    desk.does(site("alpha", json!({"networks": ["192.168.0.0/16", "fd00::/8"]}))).await;
    for (client, name) in [
        ("192.168.1.7", Some("zulu")),
        ("::ffff:192.168.1.7", Some("zulu")),
        ("192.168.2.7", Some("alpha")),
        ("fd12::1", Some("alpha")),
        ("10.0.0.1", None),
    ] {
        let found = desk.control.registry().network_site(client.parse().unwrap());
        assert_eq!(found.map(|(_, _, name)| name.to_string()).as_deref(), name, "{client}");
    }
}

#[tokio::test]
async fn a_reader_reads_and_changes_nothing() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    for reading in ["status", "account_list", "site_list", "relay_list", "route_list"] {
        assert!(desk.ask_as(Role::Reader, json!({"operation": reading})).await.is_ok(), "{reading}");
    }
    let list = json!({"operation": "queue_list", "filter": {}, "after": null, "limit": 10});
    assert!(desk.ask_as(Role::Reader, list).await.is_ok());
    let before = desk.audits().await;
    for changing in [
        account("x@here.test", json!({})),
        site("x", json!({})),
        json!({"operation": "account_password", "login": "x", "password": null}),
        json!({"operation": "account_remove", "login": "x"}),
        json!({"operation": "site_password", "name": "x", "password": null}),
        json!({"operation": "site_remove", "name": "x"}),
        json!({"operation": "relay_add", "relay": {"name": "x"}}),
        json!({"operation": "relay_change", "name": "one", "relay": {}}),
        json!({"operation": "relay_password", "name": "one", "password": "x"}),
        json!({"operation": "relay_test", "name": "one"}),
        json!({"operation": "relay_remove", "name": "one"}),
        json!({"operation": "route_set", "scope": {"for": "default"}, "relay": null}),
        json!({"operation": "queue_act", "act": "delete", "filter": {}}),
        json!({"operation": "send", "mail": {"from": "a@b.test", "to": ["c@d.test"], "subject": "x", "text": "y"}}),
    ] {
        let what = changing.to_string();
        let fault = desk.ask_as(Role::Reader, changing).await.expect_err(&what);
        assert_eq!(fault.blame, Blame::NotAllowed, "{what}");
    }
    assert_eq!(desk.audits().await, before);
}

#[tokio::test]
async fn a_local_user_gets_a_site_with_the_first_mail_and_only_one() {
    let desk = Desk::new().await;
    desk.does(site("web", json!({"uids": [4_000_000_001_u32], "networks": ["127.0.0.1/32"]}))).await;
    let known = desk.control.user_site(4_000_000_001).await.unwrap();
    assert_eq!(&*known.2, "web", "the administrator has said whose mail it is");
    assert!(matches!(desk.judge(known.0, "a@else.test"), Err(queue::Refusal::SenderNotOwned(_))));
    // Nobody here has these numbers, so the numbers are the names; and one name is taken.
    desk.does(site("local-uid-4000000003", json!({"networks": ["127.0.0.2/32"]}))).await;
    let before = desk.audits().await.len();
    let asked = |uid| desk.control.user_site(uid);
    let (one, again, other) = tokio::join!(asked(4_000_000_002), asked(4_000_000_002), asked(4_000_000_003));
    let (one, again, other) = (one.unwrap(), again.unwrap(), other.unwrap());
    assert_eq!((&*one.2, &*other.2), ("local-uid-4000000002", "local-uid-4000000003-4000000003"));
    assert_eq!(one, again);
    assert!(desk.judge(one.0, "whoever@else.test").is_ok());
    assert!(desk.control.registry().is_of_a_user(one.0));
    assert_eq!(desk.control.user_site(4_000_000_002).await.unwrap(), one);
    assert_eq!(
        desk.audits().await[before..],
        [
            "uid 4000000002 first mail of a local user local-uid-4000000002",
            "uid 4000000003 first mail of a local user local-uid-4000000003-4000000003",
        ]
    );
}

#[tokio::test]
async fn a_changed_account_keeps_what_was_not_named() {
    let desk = Desk::new().await;
    desk.does(account("anne@here.test", json!({"language": "fr"}))).await;
    let change = |rest: Value| {
        let mut change = json!({"operation": "account_change", "login": "Anne@here.test"});
        for (key, value) in rest.as_object().unwrap() {
            change[key] = value.clone();
        }
        change
    };
    for (rest, expected) in [
        (json!({"undo_secs": 10}), json!([["anne@here.test"], "fr", 10])),
        (json!({"senders": ["@there.test"]}), json!([["@there.test"], "fr", 10])),
        (json!({"language": "en", "undo_secs": 0}), json!([["@there.test"], "en", 0])),
    ] {
        assert_eq!(desk.does(change(rest)).await["answer"], "done");
        let list = desk.does(json!({"operation": "account_list"})).await;
        let row = &list["accounts"][0];
        assert_eq!(json!([row["senders"], row["language"], row["undo_secs"]]), expected);
    }
    let anne = signs_in(&desk, "anne@here.test", &format!("{CANARY} {CANARY}")).await.unwrap();
    assert!(desk.judge(anne, "bob@there.test").is_ok() && desk.judge(anne, "anne@here.test").is_err());
    let unknown = json!({"operation": "account_change", "login": "nobody", "undo_secs": 1});
    desk.refuses(unknown, Blame::Missing, "nobody").await;
}
