//! Statistics, webhooks and the settings of addresses through the API.

use crate::support::api::{Api, check_problem};
use crate::support::client::{Client, letter};
use crate::support::server::Port;
use crate::support::web;
use serde_json::{Value, json};

#[test]
fn what_happened_is_counted() {
    let server = web::server("en");
    server.open_to_loopback();
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@rcpt.test", &letter("One"));
    client.send("a@first.test", "b@rcpt.test", &letter("Two"));
    let api = Api::new(&server, None, &["statistics"]);
    for by in ["day", "hour", "account"] {
        let told = api.done("GET", &format!("/api/v1/statistics?by={by}"), None);
        assert_eq!((&told["by"], &told["total"]["accepted"]), (&json!(by), &json!(2)), "{told}");
        let rows = told["rows"].as_array().expect("rows");
        assert_eq!(rows.iter().filter_map(|row| row["accepted"].as_u64()).sum::<u64>(), 2, "{told}");
    }
    for query in ["by=week", "from=yesterday", "since=1"] {
        check_problem(
            &api.page("GET", &format!("/api/v1/statistics?{query}"), None),
            400,
            "invalid_parameter",
        );
    }
    check_problem(&api.page("GET", "/api/v1/statistics?of=nobody", None), 404, "missing");
    check_problem(&api.page("GET", "/api/v1/webhooks", None), 403, "scope_missing");
}

#[test]
fn webhooks_come_and_go() {
    let server = web::server("en");
    server.add_person("claire@facteur.test", &[]);
    let api = Api::new(&server, None, &["webhooks"]);
    let body =
        json!({ "name": "shop", "url": "https://anne:canary-3@hooks.test/in", "events": ["delivered"] });
    let made = api.done("POST", "/api/v1/webhooks", Some(&body));
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");
    let hook = api.done("GET", "/api/v1/webhooks/shop", None);
    assert_eq!(
        (&hook["url"], &hook["scope"], &hook["shape"]),
        (&json!("https://hooks.test/in"), &json!("server"), &json!("own"))
    );
    assert!(!hook.to_string().contains("canary-3"), "{hook}");
    assert_eq!(api.done("GET", "/api/v1/webhooks", None)["webhooks"][0]["name"], "shop");
    check_problem(&api.page("POST", "/api/v1/webhooks", Some(&body)), 409, "exists");
    let changed = api.done(
        "PATCH",
        "/api/v1/webhooks/shop",
        Some(&json!({ "shape": "brevo", "description": "The shop" })),
    );
    assert_eq!(
        (&changed["shape"], &changed["description"], &changed["events"]),
        (&json!("brevo"), &json!("The shop"), &json!(["delivered"]))
    );
    let paused = api.done("POST", "/api/v1/webhooks/shop/pause", None);
    assert!(paused["paused_since"].is_string(), "{paused}");
    let resumed = api.done("POST", "/api/v1/webhooks/shop/resume", Some(&json!({})));
    assert_eq!(resumed["paused_since"], Value::Null);
    let again = api.done("POST", "/api/v1/webhooks/shop/secret", None);
    assert_ne!(again["secret"], made["secret"]);
    check_problem(
        &api.page("PATCH", "/api/v1/webhooks/shop", Some(&json!({ "shape": "pigeon" }))),
        422,
        "invalid",
    );
    // Somebody else's is not there.
    let of_person = Api::new(&server, Some("claire@facteur.test"), &["webhooks"]);
    check_problem(&of_person.page("GET", "/api/v1/webhooks/shop", None), 404, "missing");
    assert_eq!(of_person.done("GET", "/api/v1/webhooks", None), json!({ "webhooks": [] }));
    assert_eq!(api.ask("DELETE", "/api/v1/webhooks/shop", None), (204, Value::Null));
    check_problem(&api.page("DELETE", "/api/v1/webhooks/shop", None), 404, "missing");
}

#[test]
fn an_address_that_is_none_is_not_looked_for() {
    let server = web::server("en");
    server.add_person("claire@facteur.test", &[]);
    let api = Api::new(&server, Some("claire@facteur.test"), &["discover"]);
    for (body, status, code) in [
        (json!({ "address": "anne" }), 422, "invalid"),
        (json!({ "address": "anne@nas.local" }), 422, "not_public"),
        (json!({ "address": "anne@nas.local", "private": true }), 403, "not_allowed"),
        (json!({ "address": "anne@example.org", "trusted": "a b" }), 422, "invalid"),
        (json!({ "addres": "anne@example.org" }), 422, "wrong_shape"),
    ] {
        check_problem(&api.page("POST", "/api/v1/discover", Some(&body)), status, code);
    }
}
