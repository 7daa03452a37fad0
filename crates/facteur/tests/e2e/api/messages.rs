//! Messages through the API: listed, told, acted upon; and nobody sees what is somebody else's.

use crate::support::api::{Api, check_problem};
use crate::support::server::{Port, Server};
use crate::support::tongue::{Entrance, Tongue, Way};
use crate::support::web;
use serde_json::{Value, json};

const MESSAGES: &str = "/api/v1/messages";

/// A server that has no way out yet, with messages of two people: three of Claire's, one of Paul's.
fn scene() -> Server {
    let server = web::server("en");
    for login in ["claire@facteur.test", "paul@facteur.test"] {
        server.add_person(login, &[]);
    }
    let port = (Port::Tls, server.port(Port::Tls));
    for (login, to) in [
        ("claire@facteur.test", "a@one.test"),
        ("claire@facteur.test", "b@two.test"),
        ("claire@facteur.test", "c@two.test"),
        ("paul@facteur.test", "d@two.test"),
    ] {
        let way = Way { entrance: Entrance::SignIn("PLAIN"), port, login, from: login, to };
        let done = Tongue::Swaks.send(way, "Subject: hello\n\nHello.\n");
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    }
    server
}

/// The addresses of all recipients in a page.
fn to(page: &Value) -> Vec<&str> {
    let messages = page["messages"].as_array().expect("a list");
    messages.iter().map(|message| message["recipients"][0]["email"].as_str().expect("an address")).collect()
}

#[test]
fn messages_are_listed_page_by_page_and_told_with_their_reason() {
    let server = scene();
    let api = Api::new(&server, None, &["messages:read"]);
    let all = api.done("GET", MESSAGES, None);
    assert_eq!(to(&all), ["a@one.test", "b@two.test", "c@two.test", "d@two.test"]);
    let first = &all["messages"][0];
    assert_eq!(
        (&first["by"], &first["from"]),
        (&json!("claire@facteur.test"), &json!("claire@facteur.test"))
    );
    let recipient = &first["recipients"][0];
    assert_eq!((&recipient["status"], &recipient["cause"]), (&json!("waiting"), &json!("no_route")));
    for member in ["explain", "action", "who"] {
        assert!(recipient[member]["fr"].is_string() && recipient[member]["en"].is_string(), "{recipient}");
    }
    let at = first["received_at"].as_str().expect("a moment");
    for (query, expected) in [
        ("to=two.test", vec!["b@two.test", "c@two.test", "d@two.test"]),
        ("to=B@two.test", vec!["b@two.test"]),
        ("from=paul@facteur.test", vec!["d@two.test"]),
        ("by=paul@facteur.test", vec!["d@two.test"]),
        ("status=delivered", vec![]),
        ("status=open&to=one.test", vec!["a@one.test"]),
        ("cause=no_route&to=one.test", vec!["a@one.test"]),
        (&format!("before={at}"), vec![]),
        (&format!("after={at}&limit=1"), vec!["a@one.test"]),
        ("after=2100-01-01T00:00:00Z", vec![]),
    ] {
        assert_eq!(to(&api.done("GET", &format!("{MESSAGES}?{query}"), None)), expected, "{query}");
    }
    let page = api.done("GET", &format!("{MESSAGES}?limit=3"), None);
    let next = page["next"].as_str().expect("there is more");
    let rest = api.done("GET", &format!("{MESSAGES}?limit=3&cursor={next}"), None);
    assert_eq!((to(&rest), &rest["next"]), (vec!["d@two.test"], &Value::Null));
    for query in
        ["limit=0", "limit=501", "limit=x", "status=asleep", "before=yesterday", "cursor=%00", "wrong=1"]
    {
        check_problem(&api.page("GET", &format!("{MESSAGES}?{query}"), None), 400, "invalid_parameter");
    }
    for (query, status, code) in
        [("relay=none", 404, "missing"), ("by=nobody", 404, "missing"), ("cause=bad%20luck", 422, "invalid")]
    {
        check_problem(&api.page("GET", &format!("{MESSAGES}?{query}"), None), status, code);
    }
    let story = api.done("GET", &format!("{MESSAGES}/{}", first["id"].as_str().expect("an id")), None);
    assert_eq!((&story["queue_id"], &story["events"][0]["kind"]), (&first["queue_id"], &json!("accepted")));
    assert_eq!(story["attempts"], json!([]));
}

#[test]
fn messages_are_acted_upon_one_by_one_and_in_bulk() {
    let server = scene();
    let api = Api::new(&server, None, &["messages:read", "messages:write"]);
    let ids: Vec<String> = api.done("GET", MESSAGES, None)["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|message| message["id"].as_str().expect("an id").to_owned())
        .collect();
    let one = format!("{MESSAGES}/{}", ids[0]);
    let status = || api.done("GET", &one, None)["recipients"][0]["status"].clone();
    check_problem(&api.page("POST", &format!("{one}/release"), None), 409, "nothing_to_do");
    assert_eq!(api.done("POST", &format!("{one}/hold"), None)["recipients"], 1);
    assert_eq!(status(), "held");
    api.done("POST", &format!("{one}/release"), None);
    api.done("POST", &format!("{one}/retry"), None);
    assert_eq!(status(), "waiting");
    api.done("POST", &format!("{one}/cancel"), None);
    assert_eq!(status(), "cancelled");
    check_problem(&api.page("POST", &format!("{one}/cancel"), None), 409, "nothing_to_do");
    let none = "0".repeat(32);
    check_problem(&api.page("POST", &format!("{MESSAGES}/{none}/cancel"), None), 404, "missing");
    let act = |body: Value| api.ask("POST", &format!("{MESSAGES}/act"), Some(&body));
    let held = act(json!({ "act": "hold", "ids": [ids[1], ids[2]] }));
    assert_eq!(held, (200, json!({ "messages": 2, "recipients": 2, "in_flight": 0 })));
    assert_eq!(act(json!({ "act": "release", "filter": { "to": "two.test" } })).1["messages"], 2);
    assert_eq!(act(json!({ "act": "cancel", "filter": { "all": true } })).1["messages"], 3);
    for (body, status, code) in [
        (json!({ "act": "hold" }), 400, "invalid_parameter"),
        (json!({ "act": "hold", "filter": {} }), 400, "invalid_parameter"),
        (json!({ "act": "hold", "ids": [ids[1]], "filter": { "all": true } }), 400, "invalid_parameter"),
        (json!({ "act": "forget", "filter": { "all": true } }), 422, "wrong_shape"),
        (json!({ "act": "hold", "filter": { "al": true } }), 422, "wrong_shape"),
        (json!([]), 422, "wrong_shape"),
        (json!({ "act": "hold", "ids": ["none"] }), 404, "missing"),
    ] {
        check_problem(&api.page("POST", &format!("{MESSAGES}/act"), Some(&body)), status, code);
    }
    let bearer = format!("Authorization: Bearer {}", api.key);
    let raw = |kind: &str, text: &str| {
        let kind = format!("Content-Type: {kind}");
        let address = api.curl.address(&format!("{MESSAGES}/act"));
        api.curl.fetch(
            &address,
            &["--header", &bearer, "--header", &kind, "--data-binary", "@-"],
            text.as_bytes(),
        )
    };
    check_problem(&raw("application/json", "{\"act\":"), 400, "malformed_json");
    check_problem(&raw("application/json", ""), 400, "malformed_json");
    check_problem(&raw("text/plain", "{}"), 415, "not_json");
    let audits = Api::new(&server, None, &["audit"]).done("GET", "/api/v1/audit?limit=500", None);
    let by_key = format!("key {}", api.key.rsplit_once('_').expect("a name").0);
    let lines = audits["entries"].as_array().expect("a list");
    assert!(
        lines.iter().any(|line| line["by"] == by_key.as_str() && line["operation"] == "queue delete"),
        "{audits}"
    );
}

#[test]
fn a_persons_key_sees_and_takes_back_their_own_only() {
    let server = scene();
    let all = Api::new(&server, None, &["messages:read"]).done("GET", MESSAGES, None);
    let id = |index: usize| all["messages"][index]["id"].as_str().expect("an id").to_owned();
    let api = Api::new(&server, Some("paul@facteur.test"), &["messages:read", "messages:write"]);
    assert_eq!(to(&api.done("GET", MESSAGES, None)), ["d@two.test"]);
    assert_eq!(to(&api.done("GET", &format!("{MESSAGES}?by=claire@facteur.test"), None)), ["d@two.test"]);
    for path in [
        format!("{MESSAGES}/{}", id(0)),
        format!("{MESSAGES}/{}", all["messages"][0]["queue_id"].as_str().expect("an id")),
    ] {
        check_problem(&api.page("GET", &path, None), 404, "missing");
    }
    check_problem(&api.page("POST", &format!("{MESSAGES}/{}/cancel", id(0)), None), 404, "missing");
    let own = format!("{MESSAGES}/{}", id(3));
    for act in ["hold", "release", "retry", "fail"] {
        check_problem(&api.page("POST", &format!("{own}/{act}"), None), 403, "not_allowed_for_person");
    }
    assert_eq!(
        api.done(
            "POST",
            &format!("{MESSAGES}/act"),
            Some(&json!({ "act": "cancel", "filter": { "all": true } }))
        )["messages"],
        1
    );
    assert_eq!(api.done("GET", &own, None)["recipients"][0]["status"], "cancelled");
    let others =
        Api::new(&server, None, &["messages:read"]).done("GET", &format!("{MESSAGES}?status=open"), None);
    assert_eq!(to(&others).len(), 3, "Claire's are untouched");
}

#[test]
fn messages_are_found_by_their_tag() {
    let server = web::server("en");
    server.add_person("claire@facteur.test", &[]);
    let api = Api::new(&server, Some("claire@facteur.test"), &["send", "messages:read", "messages:write"]);
    for (to, tags) in
        [("a@one.test", json!(["été", "one"])), ("b@one.test", json!(["one"])), ("c@one.test", json!([]))]
    {
        let letter = json!({ "from": "claire@facteur.test", "to": to, "subject": "Hello", "text": "Hello.",
            "tags": tags, "metadata": { "order": to } });
        api.done("POST", MESSAGES, Some(&letter));
    }
    let tagged = |query: &str| api.done("GET", &format!("{MESSAGES}?{query}"), None);
    assert_eq!(to(&tagged("tag=one")), ["a@one.test", "b@one.test"]);
    assert_eq!(to(&tagged("tag=on")), Vec::<&str>::new());
    let found = tagged("tag=%C3%A9t%C3%A9&status=open");
    assert_eq!(to(&found), ["a@one.test"]);
    let one = &found["messages"][0];
    assert_eq!(
        (&one["subject"], &one["tags"], &one["metadata"]),
        (&json!("Hello"), &json!(["été", "one"]), &json!({ "order": "a@one.test" }))
    );
    let curl = web::Curl::new(&server);
    curl.sign_in("claire@facteur.test", crate::support::server::PASSWORD);
    let page = curl.ask("/messages?tag=%C3%A9t%C3%A9", &[]).body;
    assert!(page.contains("a@one.test") && !page.contains("b@one.test"), "{page}");
    assert!(page.contains("value=\"été\""), "the search shows what was searched: {page}");
    let listed = server.ok("en", &["queue", "list", "--tag", "été"]);
    assert!(listed.contains("a@one.test") && !listed.contains("b@one.test"), "{listed}");
    let act = json!({ "act": "cancel", "filter": { "tag": "one" } });
    assert_eq!(api.done("POST", &format!("{MESSAGES}/act"), Some(&act))["messages"], 2);
    assert_eq!(to(&tagged("status=open")), ["c@one.test"]);
}
