//! The official libraries of five services, and django-anymail, with only the address changed.

use crate::support::api::key;
use crate::support::program::{find, run};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink, Taken};
use crate::support::web;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the libraries are, as `scripts/setup.sh tests` puts them.
pub(super) fn place(of: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sending-libraries").join(of);
    assert!(place.exists(), "{of} is not here: run scripts/setup.sh tests");
    place
}

pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/sending").join(name)
}

/// A server that hands all mail to a sink, and the key of a shop.
fn shop() -> (Server, Sink, String) {
    let server = web::server("en");
    server.add_person("shop@facteur.test", &[]);
    let sink = Sink::start(Habits::default());
    server.add_sink("sink", &sink, None);
    let key = key(&server, Some("shop@facteur.test"), &["send"]);
    (server, sink, key)
}

/// What a strict parser reads in messages.
#[track_caller]
pub(super) fn read(taken: &[Taken]) -> Vec<Value> {
    let contents: Vec<String> = taken.iter().map(|one| STANDARD.encode(&one.content)).collect();
    let done = run(
        Command::new(find("python3", "python3")).arg(script("read.py")),
        json!(contents).to_string().as_bytes(),
    );
    assert_eq!(done.code, 0, "{}", done.err);
    serde_json::from_str(&done.out).expect("JSON")
}

/// Runs a library to its end, and gives what it told.
#[track_caller]
pub(super) fn told(command: &mut Command, certificate: &Path) -> Value {
    command.env("NODE_EXTRA_CA_CERTS", certificate).env("REQUESTS_CA_BUNDLE", certificate);
    let done = run(command, b"");
    assert_eq!(done.code, 0, "{command:?}: {}", done.err);
    serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out))
}

/// The one message with that subject, and to whom it went.
#[track_caller]
fn find_whole(taken: &[Taken], library: &str) -> (Value, Vec<String>) {
    let read = read(taken);
    let found: Vec<_> =
        read.into_iter().zip(taken).filter(|(one, _)| one["subject"] == "Été à la plage ☀").collect();
    let [(one, raw)] = found.as_slice() else { panic!("{library}: {} messages", found.len()) };
    let mut to = raw.to.clone();
    to.sort();
    (one.clone(), to)
}

/// The message that every library sends arrives as it was meant.
#[track_caller]
fn check_whole(taken: &[Taken], library: &str) {
    let (read, to) = find_whole(taken, library);
    assert_eq!(read["defects"], json!([]), "{library}: {read:#}");
    assert_eq!(to, ["a@dest.test", "b@dest.test", "c@dest.test", "d@dest.test"], "{library}");
    for (field, people) in [
        ("from", json!([["Été & Fils", "shop@facteur.test"]])),
        ("to", json!([["Zoë Müller", "a@dest.test"], ["", "b@dest.test"]])),
        ("cc", json!([["", "c@dest.test"]])),
        ("bcc", json!([])),
        ("reply-to", json!([["Réponses", "r@facteur.test"]])),
    ] {
        assert_eq!(read[field], people, "{library}: {field}");
    }
    assert_eq!(read["x-order"], "42", "{library}");
    let message_id = read["message-id"].as_str().expect("a text");
    assert!(message_id.ends_with("@mail.facteur.test>"), "{library}: {message_id}");
    let names: Vec<&str> =
        read["names"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    assert!(!names.contains(&"Bcc"), "{library}: {names:?}");
    let image = if library == "brevo" { "" } else { "<img src=\"cid:logo\">" };
    let mut parts = vec![
        json!(["text/csv", "relevé.csv", "", "é;1"]),
        json!(["text/plain", "", "", "Bonjour,\nà bientôt"]),
    ];
    if library != "brevo" {
        parts.insert(0, json!(["image/png", "logo.png", "<logo>", "89504e4700ff"]));
    }
    let found = read["parts"].as_array().expect("parts");
    let (html, rest): (Vec<_>, Vec<_>) = found.iter().cloned().partition(|part| part[0] == "text/html");
    assert_eq!(rest, parts, "{library}");
    let html = html.first().and_then(|part| part[3].as_str()).unwrap_or_default().to_owned();
    assert!(html.contains("<p>Été") && html.contains(image), "{library}: {html}");
}

#[test]
fn the_official_libraries_send_with_only_the_address_changed() {
    let (server, sink, key) = shop();
    let address = format!("https://127.0.0.1:{}", server.port(Port::Https));
    for library in ["postmark", "sendgrid", "resend", "brevo", "mailjet"] {
        sink.forget();
        let mut node = Command::new(find("node", "nodejs"));
        node.arg(script("libraries.cjs")).args([library, &address, &key]);
        let told = told(node.env("NODE_PATH", place("node_modules")), &server.data().join("cert.pem"));
        // Resend's are two the same and one more.
        let taken = sink.until_taken(3, 60);
        server.until_idle(60);
        check_whole(&taken, library);
        let mut small: Vec<String> =
            taken.iter().map(Taken::subject).filter(|subject| subject.starts_with("Lot")).collect();
        small.sort();
        assert_eq!(small, ["Lot 1", "Lot 2"], "{library}: {told:#}");
        assert_eq!(sink.taken().len(), 3, "{library}: {told:#}");
        check_answers(library, &told);
    }
}

/// What each library made of our answers.
#[track_caller]
fn check_answers(library: &str, told: &Value) {
    let refused = told["refused"].to_string();
    assert!(refused.contains("foreign@elsewhere.test"), "{library}: {told:#}");
    let uuid = |value: &Value| value.as_str().is_some_and(|text| text.len() == 36);
    match library {
        "postmark" => {
            assert_eq!((&told["whole"]["ErrorCode"], &told["whole"]["Message"]), (&json!(0), &json!("OK")));
            assert_eq!(told["whole"]["To"], "a@dest.test, b@dest.test");
            assert!(uuid(&told["whole"]["MessageID"]), "{told:#}");
            let codes: Vec<_> = (0..3).map(|at| told["batch"][at]["ErrorCode"].clone()).collect();
            assert_eq!(codes, [0, 0, 400], "{told:#}");
            assert_eq!((&told["refused"][0], &told["refused"][1]), (&json!(422), &json!(400)));
        }
        "sendgrid" => {
            assert_eq!((&told["whole"][0], &told["batch"]), (&json!(202), &json!([202, 202])));
            assert_eq!(told["whole"][1].as_str().map(str::len), Some(32), "{told:#}");
            assert_eq!(told["refused"][0], 403);
        }
        "resend" => {
            assert!(uuid(&told["whole"]["id"]), "{told:#}");
            assert_eq!(told["whole"], told["same"], "the same key is the same message");
            assert_eq!(told["other"]["name"], "invalid_idempotent_request", "{told:#}");
            assert_eq!(told["shown"]["last_event"], "scheduled", "{told:#}");
            assert_eq!(told["cancelled"]["object"], "email", "{told:#}");
            assert_eq!(told["after"]["last_event"], "canceled", "{told:#}");
            assert_eq!(told["none"]["name"], "not_found", "{told:#}");
            assert_eq!(told["batch"]["data"].as_array().map(Vec::len), Some(2), "{told:#}");
            assert_eq!(told["refused"]["name"], "validation_error", "{told:#}");
        }
        "brevo" => {
            let is_ours =
                |value: &Value| value.as_str().is_some_and(|id| id.ends_with("@mail.facteur.test>"));
            assert!(is_ours(&told["whole"]["messageId"]), "{told:#}");
            assert_eq!(told["batch"]["messageIds"].as_array().map(Vec::len), Some(2), "{told:#}");
            assert_eq!(
                (&told["refused"][0], &told["refused"][1]),
                (&json!(403), &json!("permission_denied"))
            );
        }
        _ => {
            assert_eq!(told["whole"]["Messages"][0]["Status"], "success", "{told:#}");
            assert_eq!(told["whole"]["Messages"][0]["CustomID"], "42", "{told:#}");
            assert!(uuid(&told["whole"]["Messages"][0]["To"][1]["MessageUUID"]), "{told:#}");
            assert_eq!(told["batch"]["Messages"].as_array().map(Vec::len), Some(2), "{told:#}");
            assert_eq!(told["refused"][0], 400);
        }
    }
}

#[test]
fn anymail_sends_through_each_of_its_backends() {
    let (server, sink, key) = shop();
    let address = format!("https://127.0.0.1:{}", server.port(Port::Https));
    for backend in ["postmark", "sendgrid", "resend", "brevo", "mailjet"] {
        sink.forget();
        let mut python = Command::new(place("python/bin/python3"));
        python.arg(script("anymail_sends.py")).args([backend, &address, &key]);
        let told = told(&mut python, &server.data().join("cert.pem"));
        let taken = sink.until_taken(3, 60);
        server.until_idle(60);
        assert_eq!(sink.taken().len(), 3, "{backend}: {told:#}");
        check_whole(&taken, backend);
        let status = &told["status"][0];
        assert!(status == "queued" || status == "sent", "{backend}: {told:#}");
        let ids = told["recipients"].as_object().expect("recipients");
        assert!(
            ids.values().all(|one| one[1].as_str().is_some_and(|id| id.len() > 10)),
            "{backend}: {told:#}"
        );
        assert_eq!(told["many"].as_object().map(serde_json::Map::len), Some(2), "{backend}: {told:#}");
        let refused = told["refused"].to_string();
        assert!(refused.contains("<foreign@elsewhere.test>"), "{backend}: {told:#}");
        assert!(backend != "mailjet" || refused.contains("failed"), "{told:#}");
    }
}
