//! Relays, accounts, sites and domains through the API, as the command line has them.

use crate::support::api::{Api, check_problem};
use crate::support::sink::{Habits, Sink};
use crate::support::web;
use serde_json::{Value, json};

#[test]
fn relays_come_and_go_and_are_tested() {
    let server = web::server("en");
    let sink = Sink::start(Habits::default());
    let api = Api::new(&server, None, &["relays:read", "relays:write"]);
    let body = json!({ "name": "near", "host": "127.0.0.1", "port": sink.port, "tls": "never", "no_auth": true, "insecure": true });
    let relay = api.done("POST", "/api/v1/relays", Some(&body));
    assert_eq!((&relay["name"], &relay["state"]), (&json!("near"), &json!("open")));
    check_problem(&api.page("POST", "/api/v1/relays", Some(&body)), 409, "exists");
    let tested = api.done("POST", "/api/v1/relays/near/test", None);
    assert_eq!((&tested["works"], &tested["cause"]), (&json!(true), &Value::Null), "{tested}");
    assert!(tested["dialogue"].as_array().is_some_and(|lines| !lines.is_empty()));
    let changed = api.done(
        "PATCH",
        "/api/v1/relays/NEAR",
        Some(&json!({ "max_connections": 3, "password": "canary-7", "login": "us" })),
    );
    assert_eq!((&changed["max_connections"], &changed["login"]), (&json!(3), &json!("us")));
    assert!(!changed.to_string().contains("canary-7"));
    assert_eq!(api.done("GET", "/api/v1/relays/near", None), changed);
    assert_eq!(
        api.done("GET", "/api/v1/routes", None)["routes"],
        json!([{ "scope": "default", "relay": "near" }])
    );
    api.done("PUT", "/api/v1/routes", Some(&json!({ "for": "default", "relay": "direct" })));
    assert_eq!(api.done("GET", "/api/v1/routes", None)["routes"][0]["relay"], "direct");
    check_problem(
        &api.page("PUT", "/api/v1/routes", Some(&json!({ "for": "account", "name": "x", "relay": "near" }))),
        404,
        "missing",
    );
    assert_eq!(api.ask("DELETE", "/api/v1/relays/near", None), (204, Value::Null));
    check_problem(&api.page("DELETE", "/api/v1/relays/near", None), 404, "missing");
    assert_eq!(api.done("GET", "/api/v1/relays", None), json!({ "relays": [] }));
    for (body, status, code) in [
        (json!({}), 422, "needed"),
        (json!({ "name": "x", "port": 70_000 }), 422, "wrong_shape"),
        (json!({ "nome": "x" }), 422, "wrong_shape"),
    ] {
        check_problem(&api.page("POST", "/api/v1/relays", Some(&body)), status, code);
    }
}

#[test]
fn who_is_blocked_is_refused_and_what_bounds_is_told() {
    let server = web::server("en");
    let sink = Sink::start(Habits::default());
    let api = Api::new(&server, None, &["accounts:read", "accounts:write", "relays:write", "messages:read"]);
    let relay = json!({ "name": "near", "host": "127.0.0.1", "port": sink.port, "tls": "never", "no_auth": true, "insecure": true });
    api.done("POST", "/api/v1/relays", Some(&relay));
    let login = "eve@facteur.test";
    api.done("POST", "/api/v1/accounts", Some(&json!({ "login": login })));
    let path = "/api/v1/accounts/eve%40facteur.test/block";
    check_problem(&api.page("DELETE", path, None), 404, "missing");
    check_problem(&api.page("PUT", path, Some(&json!({}))), 422, "wrong_shape");
    check_problem(&api.page("PUT", path, Some(&json!({ "why": " " }))), 422, "needed");
    let block = json!({ "why": "spam", "note_en": "Write to us.", "note_fr": "Écrivez-nous." });
    assert_eq!(api.ask("PUT", path, Some(&block)).0, 204);
    let blocks = api.done("GET", "/api/v1/blocks", None);
    let stands = &blocks["blocks"][0];
    assert_eq!(
        (&stands["kind"], &stands["name"], &stands["why"]),
        (&json!("account"), &json!(login), &json!("spam"))
    );
    assert_eq!(stands["note"], json!({ "en": "Write to us.", "fr": "Écrivez-nous." }));
    assert!(stands["by"].as_str().is_some_and(|by| by.starts_with("key ")), "{stands}");
    let eve = Api::new(&server, Some(login), &["send", "messages:read"]);
    let letter = json!({ "from": login, "to": "b@second.test", "subject": "s", "text": "t" });
    check_problem(&eve.page("POST", "/api/v1/messages", Some(&letter)), 403, "blocked");
    check_problem(&eve.page("GET", "/api/v1/blocks", None), 403, "scope_missing");
    check_problem(&eve.page("DELETE", path, None), 403, "scope_missing");
    assert_eq!(api.ask("DELETE", path, None), (204, Value::Null));
    eve.done("POST", "/api/v1/messages", Some(&letter));
    sink.until_taken(1, 60);
    assert_eq!(api.done("GET", "/api/v1/blocks", None), json!({ "blocks": [] }));
    api.done("POST", "/api/v1/sites", Some(&json!({ "name": "shop", "senders": ["@facteur.test"] })));
    assert_eq!(api.ask("PUT", "/api/v1/sites/shop/block", Some(&block)).0, 204);
    assert_eq!(api.done("GET", "/api/v1/blocks", None)["blocks"][0]["kind"], "site");
    assert_eq!(api.ask("DELETE", "/api/v1/sites/SHOP/block", None).0, 204);
    // What bounds is told to any key.
    let limits = eve.done("GET", "/api/v1/limits", None);
    assert_eq!(
        (&limits["requests_per_minute"], &limits["own_relays"]),
        (&json!(600), &json!(10)),
        "{limits}"
    );
    assert!(limits["message_bytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000), "{limits}");
}

#[test]
fn accounts_and_sites_come_and_go() {
    let server = web::server("en");
    let api = Api::new(&server, None, &["accounts:read", "accounts:write"]);
    let made =
        api.done("POST", "/api/v1/accounts", Some(&json!({ "login": "eve@facteur.test", "language": "fr" })));
    assert!(made["password"].as_str().is_some_and(|password| password.len() > 20), "{made}");
    let path = "/api/v1/accounts/eve%40facteur.test";
    let account = api.done("GET", path, None);
    assert_eq!((&account["senders"], &account["language"]), (&json!(["eve@facteur.test"]), &json!("fr")));
    api.done("PATCH", path, Some(&json!({ "senders": ["@facteur.test"], "undo_seconds": 10 })));
    let account = api.done("GET", path, None);
    assert_eq!((&account["senders"], &account["undo_seconds"]), (&json!(["@facteur.test"]), &json!(10)));
    check_problem(
        &api.page("POST", &format!("{path}/password"), Some(&json!({ "password": "short" }))),
        422,
        "invalid",
    );
    assert!(api.done("POST", &format!("{path}/password"), Some(&json!({})))["password"].is_string());
    check_problem(&api.page("PATCH", path, Some(&json!({ "senders": ["no address"] }))), 422, "invalid");
    assert_eq!(api.ask("DELETE", path, None).0, 204);
    check_problem(&api.page("GET", path, None), 404, "missing");
    let body = json!({ "name": "shop", "senders": ["@facteur.test"], "networks": ["192.0.2.0/24"] });
    assert_eq!(
        api.done("POST", "/api/v1/sites", Some(&body))["password"],
        Value::Null,
        "its network is enough"
    );
    api.done("PATCH", "/api/v1/sites/shop", Some(&json!({ "line_endings": "repair" })));
    let site = api.done("GET", "/api/v1/sites/shop", None);
    assert_eq!((&site["networks"], &site["line_endings"]), (&json!(["192.0.2.0/24"]), &json!("repair")));
    let reads = Api::new(&server, None, &["accounts:read"]);
    check_problem(&reads.page("DELETE", "/api/v1/sites/shop", None), 403, "scope_missing");
    assert_eq!(api.ask("DELETE", "/api/v1/sites/shop", None).0, 204);
}

#[test]
fn domains_come_and_go_with_their_records() {
    let server = web::server("en");
    let api = Api::new(&server, None, &["domains:read", "domains:write"]);
    let domain = api.done("POST", "/api/v1/domains", Some(&json!({ "name": "Exämple.test" })));
    let purposes: Vec<&str> = domain["records"]
        .as_array()
        .expect("records")
        .iter()
        .filter_map(|record| record["purpose"].as_str())
        .collect();
    assert!(purposes.contains(&"dkim_rsa") && purposes.contains(&"spf"), "{domain}");
    assert_eq!(api.done("GET", "/api/v1/domains", None)["domains"][0]["name"], domain["name"]);
    check_problem(&api.page("POST", "/api/v1/domains", Some(&json!({ "name": "a b" }))), 422, "invalid");
    check_problem(&api.page("GET", "/api/v1/domains/not%20one", None), 404, "missing");
    assert_eq!(api.ask("DELETE", "/api/v1/domains/xn--exmple-cua.test", None).0, 204);
}

#[test]
fn texts_are_explained_in_both_languages() {
    let server = web::server("en");
    server.add_person("claire@facteur.test", &[]);
    let api = Api::new(&server, Some("claire@facteur.test"), &["explain"]);
    let told = api.done("POST", "/api/v1/explain", Some(&json!({ "text": "552 5.2.2 mailbox full" })));
    assert_eq!(told["answers"][0]["cause"], "recipient_mailbox_full", "{told}");
    assert_ne!(told["answers"][0]["explain"]["fr"], told["answers"][0]["explain"]["en"]);
    assert_eq!(api.done("POST", "/api/v1/explain", Some(&json!({ "text": " " })))["answers"], json!([]));
}
