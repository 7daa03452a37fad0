//! With nothing configured: a server that runs, an administrator, the next step; a message waits, and leaves.

use crate::support::server::{HOST, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::tongue::replies;
use crate::support::until;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What the first start says, and what a message without a route is told, in one language.
struct Words {
    locale: &'static str,
    login: &'static str,
    password: &'static str,
    next: &'static str,
    no_route: &'static str,
    fix: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        locale: "en",
        login: "login:",
        password: "password:",
        next: "facteur setup",
        no_route: "No way out is set up for this message",
        fix: "Choose one with: facteur setup; the message then leaves by itself.",
    },
    Words {
        locale: "fr",
        login: "identifiant :",
        password: "mot de passe :",
        next: "facteur setup",
        no_route: "Aucune voie de sortie n'est prévue pour ce message",
        fix: "Choisissez-en une avec : facteur setup ; le message partira alors tout seul.",
    },
];

fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

/// What stands behind a word, on its line.
#[track_caller]
fn behind(text: &str, word: &str) -> String {
    let text = plain(text);
    let found = text.lines().find_map(|line| line.trim_start().strip_prefix(word));
    found.unwrap_or_else(|| panic!("no “{word}” in:\n{text}")).trim().to_owned()
}

fn check(words: &Words) {
    let server = Server::start_in(words.locale);
    let log = server.log();
    let (login, password) = (behind(&log, words.login), behind(&log, words.password));
    assert!(plain(&log).contains(words.next), "the next step:\n{log}");
    // The administrator can sign in, and send as this server's domain.
    let auth = STANDARD.encode(format!("\0{login}\0{password}"));
    let from = format!("MAIL FROM:<me@{HOST}>");
    let auth = format!("AUTH PLAIN {auth}");
    let said =
        replies(server.port(Port::StartTls), "starttls", &[&auth, &from, "RCPT TO:<b@rcpt.test>", "DATA"]);
    assert!(said[0].starts_with("235 ") && said[3].starts_with("354 "), "{said:?}");
    let sent = server.ask(words.locale, &["send", "b@rcpt.test", "--subject", "first"], b"");
    assert_eq!(sent.code, 75, "it waits: {}{}", sent.out, sent.err);
    let waiting = server.waiting();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["recipients"][0]["reason"]["cause"], "no_route");
    let id = waiting[0]["id"].as_str().expect("an id").to_owned();
    for words in &WORDS {
        let mailq = server.ok(words.locale, &["mailq"]);
        assert!(plain(&mailq).contains(words.no_route), "{mailq}");
        let why = server.ok(words.locale, &["why", &id]);
        assert!(plain(&why).contains(words.no_route) && plain(&why).contains(words.fix), "{why}");
    }
    let raw = server.ok("C", &["mailq"]);
    assert!(raw.contains("(no relay is configured for this message)"), "{raw}");
    let sink = Sink::start(Habits::default());
    server.add_sink("sink", &sink, None);
    let taken = sink.until_taken(1, 10);
    assert_eq!(taken[0].subject(), "first");
    server.until_idle(10);
    let why = until("it is over", 5, || Some(server.json(&["why", &id])));
    assert_eq!(why["message"]["recipients"][0]["state"], "delivered");
}

#[test]
fn without_a_relay_mail_waits_and_then_leaves_in_english() {
    check(&WORDS[0]);
}

#[test]
fn without_a_relay_mail_waits_and_then_leaves_in_french() {
    check(&WORDS[1]);
}
