//! `POST /api/v1/messages`: what is taken, what is not, and what comes of the same request twice.

use super::libraries::read;
use crate::support::api::{Api, check_problem, json as json_of, key};
use crate::support::program::run;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::web;
use serde_json::{Value, json};
use std::process::Command;

const MESSAGES: &str = "/api/v1/messages";

fn shop() -> (Server, Sink) {
    let server = web::server("en");
    server.add_person("shop@facteur.test", &[]);
    let sink = Sink::start(Habits::default());
    server.add_sink("sink", &sink, None);
    (server, sink)
}

fn letter(subject: &str) -> Value {
    json!({ "from": "Shop <shop@facteur.test>", "to": "a@dest.test", "subject": subject, "text": "Hello" })
}

fn with(mut value: Value, key: &str, more: Value) -> Value {
    value[key] = more;
    value
}

#[test]
fn a_message_is_on_disk_before_it_is_acknowledged() {
    let (mut server, sink) = shop();
    // Nothing can leave until the server has died and come again.
    sink.hold();
    let api = Api::new(&server, Some("shop@facteur.test"), &["send"]);
    let told = api.done("POST", MESSAGES, Some(&with(letter("kept"), "tags", json!(["a", "b"]))));
    assert_eq!((&told["status"], &told["recipients"][0]["email"]), (&json!("queued"), &json!("a@dest.test")));
    let id = told["id"].as_str().expect("an id").to_owned();
    drop(api);
    server.kill();
    sink.release();
    server.go();
    let story = server.json(&["why", &id]);
    assert_eq!(story["message"]["extras"]["tags"], json!(["a", "b"]), "{story:#}");
    let taken = sink.until_taken(1, 60);
    assert_eq!(taken[0].subject(), "kept");
    assert_eq!(read(&taken)[0]["message-id"], told["message_id"]);
    assert!(String::from_utf8_lossy(&taken[0].content).contains(" with HTTP id "));
}

#[test]
fn the_same_request_is_the_same_message() {
    let (mut server, sink) = shop();
    let api = Api::new(&server, Some("shop@facteur.test"), &["send"]);
    let other = key(&server, Some("shop@facteur.test"), &["send"]);
    let administrator = key(&server, None, &["send"]);
    let (first, second) = (letter("once"), letter("twice"));
    let ask = |api: &Api<'_>, key: &str, header: &str, body: &Value| {
        let bearer = format!("Authorization: Bearer {key}");
        let more = ["--header", &bearer, "--header", header, "--header", "Content-Type: application/json"];
        let more = [&more[..], &["--header", "Accept-Language: en", "--data-binary", "@-"]].concat();
        api.curl.fetch(&api.curl.address(MESSAGES), &more, body.to_string().as_bytes())
    };
    let own = api.key.clone();
    let given = ask(&api, &own, "Idempotency-Key: order 1", &first);
    assert_eq!(given.status, 202, "{}", given.body);
    let id = json_of(&given)["id"].clone();
    sink.until_taken(1, 60);
    for (key, header) in [(&own, "idempotency-key: order 1"), (&other, "X-Idempotency-Key: order 1")] {
        let again = ask(&api, key, header, &first);
        assert_eq!((again.status, &json_of(&again)["id"]), (202, &id), "{header}: {}", again.body);
    }
    check_problem(&ask(&api, &own, "Idempotency-Key: order 1", &second), 409, "idempotency_conflict");
    // Somebody else's key is another one.
    let theirs = ask(&api, &administrator, "Idempotency-Key: order 1", &second);
    assert_ne!(json_of(&theirs)["id"], id, "{}", theirs.body);
    let long = format!("Idempotency-Key: {}", "x".repeat(257));
    check_problem(&ask(&api, &own, &long, &first), 422, "invalid_field");
    drop(api);
    server.kill();
    server.go();
    let mut api = Api::new(&server, Some("shop@facteur.test"), &["send"]);
    own.clone_into(&mut api.key);
    let after = ask(&api, &own, "Idempotency-Key: order 1", &first);
    assert_eq!((after.status, &json_of(&after)["id"]), (202, &id), "after a crash: {}", after.body);
    server.until_idle(60);
    let once = sink.taken().iter().filter(|taken| taken.subject() == "once").count();
    assert_eq!(once, 1);
}

#[test]
fn later_is_later_and_can_be_taken_back() {
    let (server, sink) = shop();
    let api = Api::new(&server, Some("shop@facteur.test"), &["send"]);
    let later = with(letter("later"), "send_at", json!("in 2 hours"));
    for body in [later, with(letter("back"), "undo_seconds", json!(3_600))] {
        let told = api.done("POST", MESSAGES, Some(&body));
        assert_eq!(told["status"], "scheduled", "{told}");
        assert_eq!(told["undo_until"], told["release_at"]);
        assert!(told["release_at"].as_str().is_some_and(|text| text.ends_with('Z')), "{told}");
        let waiting = server.waiting();
        let id = waiting[0]["id"].as_str().expect("an id");
        server.ok("en", &["undo", id]);
        assert!(server.waiting().is_empty());
    }
    check_problem(
        &api.page("POST", MESSAGES, Some(&with(letter("x"), "send_at", json!("in 31 days")))),
        422,
        "invalid_field",
    );
    assert_eq!(sink.count(), 0);
}

#[test]
fn a_dry_run_checks_everything_and_keeps_nothing() {
    let (server, sink) = shop();
    let api = Api::new(&server, Some("shop@facteur.test"), &["send"]);
    let dry = |value: Value| with(value, "dry_run", json!(true));
    let (status, told) = api.ask("POST", MESSAGES, Some(&dry(letter("dry"))));
    assert_eq!((status, &told["status"], &told["id"]), (200, &json!("checked"), &Value::Null), "{told}");
    let foreign = dry(with(letter("x"), "from", json!("other@elsewhere.test")));
    check_problem(&api.page("POST", MESSAGES, Some(&foreign)), 403, "sender_not_owned");
    assert!(server.waiting().is_empty() && sink.count() == 0);
}

#[test]
fn a_list_has_an_answer_for_each() {
    let (server, sink) = shop();
    let api = Api::new(&server, Some("shop@facteur.test"), &["send"]);
    let mut list: Vec<Value> = (0..100).map(|number| letter(&format!("number {number}"))).collect();
    list[7] = with(letter("x"), "from", json!("other@elsewhere.test"));
    list[8] = with(letter("x"), "to", json!("nobody"));
    let (status, told) = api.ask("POST", "/api/v1/messages/batch", Some(&json!(list)));
    assert_eq!(status, 207, "{told}");
    let told = told.as_array().expect("a list");
    assert_eq!(told.len(), 100);
    for (index, one) in told.iter().enumerate() {
        match index {
            7 => assert_eq!(one["error"]["code"], "sender_not_owned", "{one}"),
            8 => assert_eq!(one["error"]["about"], "[8].to", "{one}"),
            _ => assert_eq!(one["id"].as_str().map(str::len), Some(32), "{one}"),
        }
    }
    assert!(told[7]["error"]["explain"]["fr"].as_str().is_some_and(|text| !text.is_empty()));
    let mut subjects: Vec<String> = sink.until_taken(98, 60).iter().map(|one| one.subject()).collect();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 98);
}

#[test]
fn what_is_wrong_is_told_with_its_field_and_its_explanation() {
    let (server, sink) = shop();
    let api = Api::new(&server, Some("shop@facteur.test"), &["send"]);
    let many: Vec<String> = (0..1_001).map(|number| format!("a{number}@b.test")).collect();
    for (change, status, code, about) in [
        (json!({ "from": "other@elsewhere.test" }), 403, "sender_not_owned", Value::Null),
        (json!({ "to": [] }), 422, "field_missing", json!("to")),
        (json!({ "subject": "a\r\nBcc: x@y.test" }), 422, "invalid_field", json!("subject")),
        (json!({ "headers": { "Bcc": "x@y.test" } }), 422, "invalid_field", json!("headers.Bcc")),
        (json!({ "tracking": true }), 422, "invalid_field", json!("tracking")),
        (json!({ "relay": "sink" }), 422, "invalid_field", json!("relay")),
        (json!({ "to": many }), 422, "invalid_field", Value::Null),
    ] {
        let mut body = letter("x");
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let page = api.page("POST", MESSAGES, Some(&body));
        check_problem(&page, status, code);
        assert_eq!(json_of(&page).get("about").cloned().unwrap_or_default(), about, "{}", page.body);
    }
    let bearer = format!("Authorization: Bearer {}", api.key);
    let text = ["--header", bearer.as_str(), "--header", "Content-Type: text/plain", "--data-binary", "@-"];
    check_problem(&api.curl.fetch(&api.curl.address(MESSAGES), &text, b"{}"), 415, "not_json");
    let broken =
        ["--header", bearer.as_str(), "--header", "Content-Type: application/json", "--data-binary", "@-"];
    check_problem(
        &api.curl.fetch(&api.curl.address(MESSAGES), &broken, b"{\"from\":"),
        400,
        "malformed_json",
    );
    let huge = with(letter("x"), "text", json!("x".repeat(33 << 20)));
    check_problem(&api.page("POST", MESSAGES, Some(&huge)), 413, "too_large");
    assert!(server.waiting().is_empty() && sink.count() == 0);
}

#[test]
fn large_files_go_and_a_site_may_choose_its_relay() {
    let (server, sink) = shop();
    let other = Sink::start(Habits::default());
    server.add_sink("other", &other, None);
    server.ok("en", &["site", "add", "press", "--allow-any-sender"]);
    let api = Api::new(&server, Some("press"), &["send"]);
    // About 12 MB of base64.
    let file = "AAEC".repeat(3 << 20);
    let attachments = json!([{ "filename": "a.bin", "content": file }]);
    let body = with(with(letter("large"), "relay", json!("other")), "attachments", attachments);
    let told = api.done("POST", MESSAGES, Some(&body));
    assert_eq!(told["status"], "queued", "{told}");
    let taken = other.until_taken(1, 60);
    assert!(taken[0].content.len() > 12 << 20);
    assert_eq!(sink.count(), 0);
    let unknown = with(letter("x"), "relay", json!("nowhere"));
    check_problem(&api.page("POST", MESSAGES, Some(&unknown)), 422, "invalid_field");
}

/// The commands that a page shows, as they stand there.
fn commands(page: &str) -> Vec<String> {
    page.split("```sh\n").skip(1).filter_map(|part| part.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn the_commands_of_the_pages_do_what_the_pages_say() {
    let (server, _sink) = shop();
    server.add_person("owner@example.org", &["shop@example.org"]);
    let key = key(&server, Some("owner@example.org"), &["send"]);
    for page in [
        include_str!("../../../../../docs/api/sending.md"),
        include_str!("../../../../../docs/api/sending.fr.md"),
    ] {
        let commands = commands(page);
        assert_eq!(commands.len(), 4);
        for command in commands {
            let mut shell = Command::new("sh");
            shell.args(["-ec", &command.replace("curl ", "curl --silent --show-error --fail-with-body ")]);
            shell.env("SERVER", format!("https://127.0.0.1:{}", server.port(Port::Https))).env("KEY", &key);
            shell.env("CURL_CA_BUNDLE", server.data().join("cert.pem")).env("no_proxy", "*");
            let done = run(&mut shell, b"");
            assert_eq!(done.code, 0, "{command}: {} {}", done.out, done.err);
            let told: Value = serde_json::from_str(&done.out).expect("JSON");
            let one = told.get(0).unwrap_or(&told);
            assert_eq!(one["id"].as_str().map(str::len), Some(32), "{command}: {told}");
        }
    }
}
