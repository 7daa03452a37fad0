//! Webhooks of the whole program: what happens to mail is told, through kills and receivers that are down.

use crate::support::client::{Client, letter};
use crate::support::receiver::{Posted, Receiver};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web::{self, Curl};
use std::collections::{BTreeMap, HashSet};

const OPEN: &str = "[webhooks]\nnetworks = [\"127.0.0.0/8\"]\n";

fn server(more: &str) -> (Server, Sink) {
    let sink = Sink::start(Habits { unknown: Some("nobody"), ..Habits::default() });
    let mut server = Server::fresh("en", more);
    server.go();
    server.open_to_loopback();
    server.add_sink("office", &sink, None);
    (server, sink)
}

/// The kinds of the events of each message, in the order in which each came first.
fn stories(taken: &[Posted]) -> BTreeMap<String, Vec<String>> {
    let mut seen = HashSet::new();
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for posted in taken.iter().filter(|posted| seen.insert(posted.id().to_owned())) {
        let message = posted.body["data"]["message"]["id"].as_str().unwrap_or_default().to_owned();
        stories.entry(message).or_default().push(posted.kind().to_owned());
    }
    stories
}

#[test]
fn what_happens_to_mail_is_told() {
    let (server, _sink) = server(OPEN);
    let receiver = Receiver::start();
    let added = server.ok("fr", &["webhook", "add", "shop", &receiver.url(), "--description", "la boutique"]);
    assert!(added.contains("whsec_") && added.contains("montré cette seule fois"), "{added}");
    let tested = server.ok("en", &["webhook", "test", "shop"]);
    assert!(tested.contains("taken (200)"), "{tested}");
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@rcpt.test", &letter("one"));
    client.send("a@first.test", "nobody@rcpt.test", &letter("two"));
    let taken = receiver.until_taken(5, 60);
    let stories = stories(&taken);
    let mut told: Vec<&[String]> = stories.values().map(Vec::as_slice).collect();
    told.sort_unstable();
    let relevant: Vec<_> = told.iter().filter(|kinds| kinds[0] == "queued").collect();
    assert_eq!(
        relevant,
        [&["queued", "bounced"][..], &["queued", "delivered"]]
            .iter()
            .map(|k| k.to_vec())
            .collect::<Vec<_>>()
            .iter()
            .collect::<Vec<_>>(),
        "{told:?}"
    );
    let bounced = taken.iter().find(|posted| posted.kind() == "bounced").expect("a bounce");
    assert_eq!(bounced.body["data"]["recipient"]["email"], "nobody@rcpt.test");
    assert_eq!(bounced.body["data"]["relay"], "office");
    for language in ["fr", "en"] {
        let words = bounced.body["data"]["explain"][language].as_str().expect("words");
        assert!(words.len() > 30, "{words}");
    }
    let shown = server.ok("fr", &["webhook", "show", "shop"]);
    assert!(shown.contains("delivered") && shown.contains("reçu (200)"), "{shown}");
    assert!(!shown.contains("whsec_"), "{shown}");
    // What a receiver has lost comes again, under its own id.
    let id = bounced.id().to_owned();
    server.ok("en", &["webhook", "replay", "shop", "--event", &id]);
    until("it comes again", 60, || {
        (receiver.taken().iter().filter(|posted| posted.id() == id).count() == 2).then_some(())
    });
    let before = receiver.taken().len();
    server.ok("en", &["webhook", "replay", "shop", "--since", "1h"]);
    until("all comes again", 60, || (receiver.taken().len() >= before + 5).then_some(()));
    // Who changes what is written down; the address's password and the secret are nowhere.
    server.ok(
        "en",
        &["webhook", "change", "shop", "--url", &receiver.url().replace("http://", "http://me:hush-hush@")],
    );
    let listed = server.ok("en", &["webhook", "list", "--json"]);
    assert!(!listed.contains("hush-hush") && listed.contains("\"signs_in\": true"), "{listed}");
    server.ok("en", &["webhook", "remove", "shop"]);
    assert!(server.ok("en", &["webhook", "list"]).contains("There is no webhook"));
}

#[test]
fn a_receiver_that_is_down_and_a_server_that_is_killed_lose_nothing() {
    let (mut server, sink) = server(OPEN);
    let receiver = Receiver::start();
    server
        .ok("en", &["webhook", "add", "shop", &receiver.url(), "--event", "queued", "--event", "delivered"]);
    receiver.answers(0);
    let mut client = Client::connect(server.port(Port::Submission));
    for number in 0..10 {
        client.send("a@first.test", &format!("r{number}@rcpt.test"), &letter(&number.to_string()));
    }
    sink.until_taken(10, 60);
    server.until_idle(60);
    until("it was tried in vain", 60, || {
        (server.json(&["webhook", "show", "shop"])["webhook"]["owed"].as_u64()? > 0).then_some(())
    });
    let shown = server.ok("en", &["webhook", "show", "shop"]);
    assert!(shown.contains("cut the connection") && shown.contains("in trouble"), "{shown}");
    server.kill();
    server.go();
    receiver.answers(200);
    // Resuming asks at once, and the server dies again while the receiver has some of it.
    server.ok("en", &["webhook", "resume", "shop"]);
    receiver.until_taken(1, 60);
    server.kill();
    server.go();
    server.ok("en", &["webhook", "resume", "shop"]);
    let taken = receiver.until_taken(20, 120);
    for kinds in stories(&taken).values() {
        assert_eq!(kinds, &["queued", "delivered"]);
    }
    until("nothing is owed", 60, || {
        (server.json(&["webhook", "show", "shop"])["webhook"]["owed"] == 0).then_some(())
    });
}

#[test]
fn nothing_inside_is_called_unless_it_is_allowed() {
    let (server, _sink) = server("");
    let receiver = Receiver::start();
    server.ok("en", &["webhook", "add", "inside", &receiver.url()]);
    let done = server.ask("en", &["webhook", "test", "inside"], b"");
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!(done.out.contains("leads into a private network"), "{}", done.out);
    let done = server.ask("fr", &["webhook", "test", "inside"], b"");
    assert!(done.out.contains("mène dans un réseau privé"), "{}", done.out);
    assert_eq!(receiver.taken().len(), 0);
    let done = server.ask("en", &["webhook", "add", "mail", "http://127.0.0.1:25/"], b"");
    assert_ne!(done.code, 0, "{}", done.out);
    let done = server.ask("en", &["webhook", "add", "file", "file:///etc/passwd"], b"");
    assert_ne!(done.code, 0, "{}", done.out);
}

#[test]
fn the_portal_shows_and_a_person_sees_their_own() {
    let mut server = Server::fresh("en", &format!("{}\n{OPEN}", web::LISTENER));
    server.go();
    let receiver = Receiver::start();
    server.add_person("claire@facteur.test", &[]);
    server.ok("en", &["webhook", "add", "all", &receiver.url()]);
    let curl = Curl::new(&server);
    curl.sign_in("claire@facteur.test", crate::support::server::PASSWORD);
    assert_eq!(curl.ask("/webhooks/all", &[]).status, 404, "another's webhook is not there for a person");
    let sent = curl.send(
        "/webhooks",
        "/webhooks",
        &[("name", "mine"), ("url", &receiver.url()), ("scope", "server")],
    );
    assert_eq!((sent.status, sent.header("Location").as_str()), (303, "/webhooks/mine"), "{}", sent.body);
    let page = curl.ask("/webhooks/mine", &[]);
    assert!(page.body.contains("whsec_"), "the secret is shown: {}", page.body);
    assert!(!curl.ask("/webhooks/mine", &[]).body.contains("whsec_"), "once");
    let webhooks = server.json(&["webhook", "list"]);
    assert_eq!(
        webhooks[1]["scope"], "account:claire@facteur.test",
        "a person cannot have everybody's events"
    );
    curl.send("/webhooks/mine", "/webhooks/mine/test", &[]);
    let page = curl.ask("/webhooks/mine?lang=fr", &[]);
    assert!(
        page.body.contains("Le destinataire a reçu l") || page.body.contains("took the test"),
        "{}",
        page.body
    );
    receiver.answers(500);
    curl.send("/webhooks/mine", "/webhooks/mine/test", &[]);
    let page = curl.ask("/webhooks/mine?lang=en", &[]);
    // In the language of whoever pressed the button.
    assert!(page.body.contains("Le destinataire est en panne ou hors service (500)."), "{}", page.body);
    curl.send("/webhooks/mine", "/webhooks/mine/pause", &[]);
    let page = curl.ask("/webhooks/mine?lang=fr", &[]);
    assert!(page.body.contains("en pause"), "{}", page.body);
    curl.send("/webhooks/mine", "/webhooks/mine/remove", &[("sure", "1")]);
    assert_eq!(curl.ask("/webhooks/mine", &[]).status, 404);
    // With the account goes what it was told by.
    curl.send("/webhooks", "/webhooks", &[("name", "again"), ("url", &receiver.url())]);
    server.ok("en", &["account", "remove", "claire@facteur.test"]);
    assert_eq!(server.json(&["webhook", "list"]).as_array().map(Vec::len), Some(1));
}
