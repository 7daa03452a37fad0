//! The scene: a relay's password is wrong. Nothing bounces, the reason and the fix are shown, the healthy relay goes on,
//! and after the correction everything leaves, once.

use crate::support::client::{Client, letter};
use crate::support::millis_since;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, REFUSED, Sink, Taken};
use crate::support::until;
use mail::Clock;
use std::collections::BTreeSet;

/// How many messages there are, one of them through the healthy relay.
const MESSAGES: usize = 50;
const LOGIN: &str = "boutique";
const RIGHT: &str = "le bon mot de passe";
const WRONG: &str = "le mauvais";

/// What each language says of a relay that refuses the password.
struct Words {
    locale: &'static str,
    cause: &'static str,
    fix: &'static str,
    closed: &'static str,
    logged: &'static str,
    waits: &'static str,
}

const EN: Words = Words {
    locale: "en",
    cause: "The relay broken does not accept the user name and password that this server gives it.",
    fix: "Enter the new password with: facteur relay password broken",
    closed: "The relay broken was closed",
    logged: "relay closed: its mail waits",
    waits: "49 messages wait or are being sent",
};
const FR: Words = Words {
    locale: "fr",
    cause: "Le relais broken n'accepte pas le nom d'utilisateur et le mot de passe que ce serveur lui donne.",
    fix: "Saisissez le nouveau mot de passe avec : facteur relay password broken",
    closed: "Le relais broken a été fermé",
    logged: "relais fermé : son courrier attend",
    waits: "49 messages attendent ou sont en cours d'envoi",
};

/// Text whose spaces that do not break are plain ones: which of them French sets is not what is tested here.
fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

#[track_caller]
fn says(text: &str, sentence: &str) {
    assert!(plain(text).contains(&plain(sentence)), "no “{sentence}” in:\n{text}");
}

fn submit(server: &Server) {
    let mut client = Client::connect(server.port(Port::Submission));
    for number in 0..MESSAGES {
        let domain = if number == 20 { "second.test" } else { "first.test" };
        let reply = client.send(&format!("a@{domain}"), "b@rcpt.test", &letter(&format!("number {number}")));
        assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
    }
}

/// Holds that all commands say what is wrong, in one language.
#[track_caller]
fn check_words(server: &Server, words: &Words) {
    let raw = format!("host 127.0.0.1[127.0.0.1] said: {REFUSED} (in reply to AUTH command)");
    let mailq = server.ok(words.locale, &["mailq"]);
    assert_eq!(mailq.matches(&format!("({} {raw})", words.cause)).count(), MESSAGES - 1, "{mailq}");
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    let why = server.ok(words.locale, &["why", &id]);
    for sentence in [words.cause, words.fix, &raw] {
        says(&why, sentence);
    }
    let status = server.ok(words.locale, &["status"]);
    for sentence in [words.closed, words.cause, words.fix, &raw, words.waits] {
        says(&status, sentence);
    }
    let relays = server.ok(words.locale, &["relay", "list"]);
    says(&relays, words.cause);
    says(&relays, words.fix);
}

/// What the commands say, whatever the language.
#[track_caller]
fn check_state(server: &Server) {
    let raw = server.ok("C", &["mailq"]);
    let bare = format!("(host 127.0.0.1[127.0.0.1] said: {REFUSED} (in reply to AUTH command))");
    assert_eq!(raw.lines().filter(|line| line.trim() == bare).count(), MESSAGES - 1, "{raw}");
    for message in server.waiting() {
        let recipient = &message["recipients"][0];
        assert_eq!(recipient["state"], "waiting", "nothing bounces: {message}");
        assert_eq!(recipient["reason"]["cause"], "auth_bad_credentials", "{message}");
    }
    let relays = server.json(&["relay", "list"]);
    let state = |name: &str| {
        let relays = relays.as_array().expect("a list");
        relays.iter().find(|relay| relay["name"] == name).expect("the relay")["state"].clone()
    };
    assert_eq!((state("broken"), state("healthy")), ("closed".into(), "open".into()));
}

fn subjects(taken: &[Taken]) -> BTreeSet<String> {
    taken.iter().map(Taken::subject).collect()
}

/// Plays the scene on a server that logs in a language.
fn check(words: &Words) {
    let habits = || Habits { sign_in: Some((LOGIN, RIGHT)), ..Habits::default() };
    let (broken, healthy) = (Sink::start(habits()), Sink::start(habits()));
    let server = Server::start_in(words.locale);
    server.open_to_loopback();
    server.add_sink("broken", &broken, Some((LOGIN, WRONG)));
    server.add_sink("healthy", &healthy, Some((LOGIN, RIGHT)));
    server.ok("en", &["route", "set", "healthy", "--domain", "second.test"]);
    submit(&server);
    assert_eq!(subjects(&healthy.until_taken(1, 20)), BTreeSet::from(["number 20".to_owned()]));
    until("all others wait for the relay", 20, || {
        let totals = &server.json(&["status"])["totals"];
        (totals["parked"] == MESSAGES - 1 && totals["messages"] == MESSAGES - 1).then_some(())
    });
    check_state(&server);
    check_words(&server, &EN);
    check_words(&server, &FR);
    let log = until("the log tells", 5, || Some(server.log()).filter(|log| log.contains("auth_bad")));
    for sentence in [words.logged, words.cause, words.fix] {
        says(&log, sentence);
    }
    assert!(!log.contains(WRONG) && !log.contains(RIGHT), "passwords are not logged:\n{log}");
    assert_eq!(broken.count(), 0);
    let corrected = Clock::System.now();
    server.give(words.locale, &["relay", "password", "broken", "--password-stdin"], RIGHT);
    let taken = broken.until_taken(MESSAGES - 1, 30);
    let took_ms = millis_since(corrected);
    eprintln!("{}: {} messages left within {took_ms} ms of the correction", words.locale, MESSAGES - 1);
    assert!(took_ms <= 5_000, "{took_ms} ms");
    server.until_idle(10);
    assert_eq!(subjects(&taken).len(), MESSAGES - 1, "each once");
    assert_eq!((broken.count(), healthy.count()), (MESSAGES - 1, 1), "none twice");
    assert_eq!(server.ok("fr", &["mailq"]), "Mail queue is empty\n");
    assert_eq!(server.json(&["status"])["totals"]["messages"], 0);
}

#[test]
fn a_wrong_password_holds_mail_and_says_why_in_english() {
    check(&EN);
}

#[test]
fn a_wrong_password_holds_mail_and_says_why_in_french() {
    check(&FR);
}
