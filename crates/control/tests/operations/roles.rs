//! Roles: what a helper may, what no key may, and the last administrator.

use crate::desk::{CANARY, Desk};
use control::{Blame, Role};
use mail::Secret;
use serde_json::{Value, json};

fn account(login: &str, role: &str) -> Value {
    json!({"operation": "account_add", "account": {"login": login, "role": role, "password": CANARY.repeat(2)}})
}

async fn scene() -> Desk {
    let desk = Desk::new().await;
    for (login, role) in
        [("anne@here.test", "person"), ("hugo@here.test", "helper"), ("root@here.test", "administrator")]
    {
        desk.does(account(login, role)).await;
    }
    desk
}

fn protect(login: &str, act: Value) -> Value {
    json!({"operation": "protect", "of": {"kind": "account", "name": login}, "act": act})
}

#[tokio::test]
async fn a_helper_helps_and_sets_nothing() {
    let desk = scene().await;
    let block = json!({"act": "block", "why": "w", "note_en": "", "note_fr": ""});
    let cases = [
        (json!({"operation": "status"}), true),
        (json!({"operation": "account_list"}), true),
        (json!({"operation": "relay_list"}), true),
        (json!({"operation": "queue_list", "filter": {}, "after": null, "limit": 10}), true),
        (json!({"operation": "queue_act", "act": "retry", "filter": {}}), true),
        (json!({"operation": "protection_list"}), true),
        (json!({"operation": "slowed_lift", "what": null}), true),
        (json!({"operation": "audit_list", "before": null, "limit": 10}), true),
        (protect("anne@here.test", block.clone()), true),
        (protect("anne@here.test", json!({"act": "unblock"})), true),
        (protect("root@here.test", block.clone()), false),
        (protect("hugo@here.test", block), false),
        (protect("anne@here.test", json!({"act": "add_app_password", "label": "x"})), false),
        (json!({"operation": "account_password", "login": "anne@here.test", "password": null}), true),
        (json!({"operation": "account_password", "login": "root@here.test", "password": null}), false),
        (json!({"operation": "account_password", "login": "hugo@here.test", "password": null}), false),
        (json!({"operation": "account_remove", "login": "anne@here.test"}), false),
        (account("new@here.test", "person"), false),
        (json!({"operation": "relay_remove", "name": "x"}), false),
        (json!({"operation": "setting_list"}), false),
        (json!({"operation": "export", "secrets": false}), false),
        (json!({"operation": "portal_link"}), false),
        (json!({"operation": "check"}), false),
    ];
    for (operation, may) in cases {
        let what = operation.to_string();
        let answer = desk.ask_as(Role::Helper, operation).await;
        let refused = answer.is_err_and(|fault| fault.blame == Blame::NotAllowed);
        assert_eq!(refused, !may, "{what}");
    }
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let desk = scene().await;
    let change =
        |login: &str, role: &str| json!({"operation": "account_change", "login": login, "role": role});
    let remove = json!({"operation": "account_remove", "login": "root@here.test"});
    for role in ["person", "helper"] {
        desk.refuses(change("root@here.test", role), Blame::LastAdministrator, "root@here.test").await;
    }
    desk.refuses(remove.clone(), Blame::LastAdministrator, "root@here.test").await;
    desk.does(change("anne@here.test", "administrator")).await;
    desk.does(remove).await;
    desk.refuses(change("anne@here.test", "person"), Blame::LastAdministrator, "anne@here.test").await;
}

fn declared(accounts: &[(&str, Option<&str>)]) -> Value {
    let accounts: Vec<Value> = accounts
        .iter()
        .map(|(login, role)| match role {
            Some(role) => json!({"login": login, "role": role}),
            None => json!({"login": login}),
        })
        .collect();
    json!({"operation": "apply", "declaration": {"account": accounts}, "dry_run": false})
}

async fn role_of(desk: &Desk, login: &str) -> Value {
    let listed = desk.does(json!({"operation": "account_list"})).await;
    let accounts = listed["accounts"].as_array().unwrap();
    accounts.iter().find(|account| account["login"] == login).unwrap()["role"].clone()
}

#[tokio::test]
async fn a_declaration_leaves_roles_that_it_does_not_name_and_the_last_administrator() {
    let desk = scene().await;
    let (root, hugo, anne) = ("root@here.test", "hugo@here.test", "anne@here.test");
    // A file of before there were roles.
    desk.does(declared(&[(root, None), (hugo, None), ("new@here.test", None)])).await;
    for (login, role) in [(root, "administrator"), (hugo, "helper"), ("new@here.test", "person")] {
        assert_eq!(role_of(&desk, login).await, role, "{login}");
    }
    for role in ["person", "helper"] {
        desk.refuses(declared(&[(anne, None), (root, Some(role))]), Blame::LastAdministrator, root).await;
        assert_eq!(role_of(&desk, root).await, "administrator");
    }
    // What is declared counts as a whole: another takes over.
    desk.does(declared(&[(root, Some("person")), (anne, Some("administrator"))])).await;
    assert_eq!(
        (role_of(&desk, root).await, role_of(&desk, anne).await),
        (json!("person"), json!("administrator"))
    );
}

#[tokio::test]
async fn what_is_exported_carries_each_role() {
    let desk = scene().await;
    let exported = desk.does(json!({"operation": "export", "secrets": false})).await;
    let declaration = exported["declaration"].clone();
    let roles: Vec<_> =
        declaration["account"].as_array().unwrap().iter().map(|account| account["role"].clone()).collect();
    assert_eq!(roles, ["person", "helper", "administrator"]);
    desk.does(json!({"operation": "account_change", "login": "anne@here.test", "role": "helper"})).await;
    desk.does(json!({"operation": "apply", "declaration": declaration, "dry_run": false})).await;
    assert_eq!(role_of(&desk, "anne@here.test").await, "person");
}

#[tokio::test]
async fn no_key_makes_or_takes_more_than_a_person() {
    let desk = scene().await;
    let spec = json!({"label": "Panel", "scopes": ["admin"]});
    let made = desk.does(json!({"operation": "api_key", "act": {"do": "add", "key": spec}})).await;
    let key = Secret::new(made["made"]["key"].as_str().unwrap());
    let keyed = desk.control.by_key("192.0.2.1".parse().unwrap(), &key).await.unwrap();
    for (operation, may) in [
        (account("new@here.test", "person"), true),
        (account("chief@here.test", "administrator"), false),
        (account("aide@here.test", "helper"), false),
        (json!({"operation": "account_change", "login": "anne@here.test", "role": "helper"}), false),
        (json!({"operation": "account_password", "login": "anne@here.test", "password": null}), true),
        (json!({"operation": "account_password", "login": "root@here.test", "password": null}), false),
        (json!({"operation": "account_remove", "login": "hugo@here.test"}), false),
        (declared(&[("new@here.test", Some("administrator"))]), false),
    ] {
        let what = operation.to_string();
        let operation = serde_json::from_value(operation).unwrap();
        let answer = desk.control.perform_keyed(&keyed, operation).await;
        assert_eq!(answer.is_err_and(|fault| fault.blame == Blame::NotAllowed), !may, "{what}");
    }
}
