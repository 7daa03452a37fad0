//! `facteur setup`: from an empty folder to a confirmation mail that arrived, or to its reason and what to do.

use crate::support::program::{Done, FACTEUR, find, run};
use crate::support::server::{HOST, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use std::process::Command;

const LOGIN: &str = "boutique@first.test";
const RIGHT: &str = "le bon mot de passe";
const ADMIN: &str = "admin@rcpt.test";

/// What each language says.
struct Words {
    locale: &'static str,
    subject: &'static str,
    confirmed: &'static str,
    cause: &'static str,
    fix: &'static str,
    waits: &'static str,
    refused: &'static str,
    missing: &'static str,
    doubt: &'static str,
    way: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        locale: "en",
        subject: "mail.facteur.test can send mail",
        confirmed: "The set-up is done.",
        cause: "does not accept the user name and password",
        fix: "facteur relay password",
        waits: "It has not arrived yet",
        refused: "It was refused",
        missing: "Something is missing",
        doubt: "does not exist on the Internet",
        way: "Your choice",
    },
    Words {
        locale: "fr",
        subject: "mail.facteur.test sait envoyer du courrier",
        confirmed: "La mise en service est terminée.",
        cause: "n'accepte pas le nom d'utilisateur et le mot de passe",
        fix: "facteur relay password",
        waits: "Il n'est pas encore arrivé",
        refused: "Il a été refusé",
        missing: "Il manque quelque chose",
        doubt: "n'existe pas sur Internet",
        way: "Votre choix",
    },
];

fn sink() -> Sink {
    Sink::start(Habits { sign_in: Some((LOGIN, RIGHT)), ..Habits::default() })
}

fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

#[track_caller]
fn says(done: &Done, code: i32, sentences: &[&str]) {
    let text = plain(&format!("{}{}", done.out, done.err));
    assert_eq!(done.code, code, "{text}");
    for sentence in sentences {
        assert!(text.contains(sentence), "no “{sentence}” in:\n{text}");
    }
}

fn setup(server: &Server, locale: &str, sink: &Sink, password: &str, more: &[&str]) -> Done {
    let port = sink.port.to_string();
    let relay = ["setup", "--host-name", HOST, "--admin", ADMIN, "--relay", "127.0.0.1", "--port", &port];
    let sign_in = ["--tls", "never", "--login", LOGIN, "--password-stdin"];
    server.ask(locale, &[&relay[..], &sign_in, more].concat(), format!("{password}\n").as_bytes())
}

/// A folder in which nothing was ever done, nor written.
fn empty() -> Server {
    let server = Server::fresh("en", "");
    std::fs::remove_dir_all(server.data()).expect("the folder goes");
    server
}

fn check(words: &Words) {
    let (sink, mut server) = (sink(), empty());
    let done = setup(&server, words.locale, &sink, "faux", &[]);
    says(&done, 75, &[words.doubt, words.cause, words.fix, words.waits]);
    assert_eq!(sink.count(), 0);
    // Done again with the right password: the same relay, and the mail that waited leaves too.
    let done = setup(&server, words.locale, &sink, RIGHT, &[]);
    says(&done, 0, &[ADMIN, words.confirmed, "facteur start"]);
    let taken = sink.until_taken(2, 10);
    for mail in &taken {
        assert_eq!((mail.subject().as_str(), mail.from.as_str()), (words.subject, LOGIN));
        assert_eq!(mail.to, [ADMIN]);
    }
    assert_eq!(server.json(&["relay", "list"]).as_array().map(Vec::len), Some(1));
    // And once more while the server runs.
    let listener = "\n[[listener]]\naddress = \"127.0.0.1:0\"\n";
    let config = server.data().join("facteur.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration was made");
    std::fs::write(&config, text + listener).expect("a listener");
    server.go();
    let done = setup(&server, words.locale, &sink, RIGHT, &[]);
    says(&done, 0, &[words.confirmed]);
    sink.until_taken(3, 10);
    let done = setup(&server, words.locale, &sink, RIGHT, &["--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let story: serde_json::Value = serde_json::from_str(&done.out).expect("nothing but JSON");
    assert_eq!(story["message"]["recipients"][0]["state"], "delivered");
    assert_eq!(server.json(&["status"])["host_name"], HOST);
}

#[test]
fn a_set_up_ends_with_its_mail_delivered_in_english() {
    check(&WORDS[0]);
}

#[test]
fn a_set_up_ends_with_its_mail_delivered_in_french() {
    check(&WORDS[1]);
}

#[test]
fn a_refused_confirmation_is_told_with_its_reason() {
    for words in &WORDS {
        let told = Some("550 5.1.1 User unknown");
        let sink =
            Sink::start(Habits { recipients_told: told, sign_in: Some((LOGIN, RIGHT)), ..Habits::default() });
        let done = setup(&empty(), words.locale, &sink, RIGHT, &[]);
        says(&done, 1, &["User unknown", words.refused]);
    }
}

#[test]
fn without_a_terminal_what_is_missing_is_named_and_nothing_is_done() {
    for words in &WORDS {
        let server = empty();
        let done = server.ask(words.locale, &["setup", "--host-name", HOST], b"");
        says(&done, 64, &[words.missing, "--relay | --direct", "--admin", "facteur setup --help"]);
        let done = server.ask(words.locale, &["setup", "--direct", "--relay", "gmail"], b"");
        assert_eq!(done.code, 64, "{done:?}");
        assert!(!server.data().exists(), "nothing was made");
    }
}

#[test]
fn what_was_set_up_is_kept_without_a_test_mail() {
    let (sink, server) = (sink(), empty());
    let done = setup(&server, "en", &sink, RIGHT, &["--no-test"]);
    says(&done, 0, &["facteur start"]);
    assert_eq!(sink.count(), 0);
    assert_eq!(server.json(&["route", "list"])[0]["relay"], "127.0.0.1");
    let renamed = ["setup", "--host-name", "autre.facteur.test", "--admin", ADMIN, "--direct", "--no-test"];
    says(&server.ask("fr", &renamed, b""), 0, &["s'appelle désormais autre.facteur.test", "directement"]);
    assert_eq!(server.json(&["status"])["host_name"], "autre.facteur.test");
    assert_eq!(server.json(&["route", "list"])[0]["relay"], "direct");
}

/// What is asked on a terminal, and typed; the last question is about the password, which is not shown.
fn check_questions(words: &Words) {
    let (sink, server) = (sink(), empty());
    let port = sink.port.to_string();
    let (host, login, password, admin) = match words.locale {
        "fr" => ("Le nom de ce serveur", "Nom d'utilisateur", "ot de passe", "Votre propre adresse"),
        _ => ("The name of this server", "User name", "assword", "Your own address"),
    };
    let answers = serde_json::json!([
        [host, "pas un nom"],
        [host, HOST],
        [words.way, "127.0.0.1"],
        [login, LOGIN],
        [password, RIGHT],
        [admin, ADMIN],
    ]);
    let mut command = Command::new(find("python3", "python3"));
    command.args(["-c", include_str!("terminal.py"), &answers.to_string(), FACTEUR]);
    command.args(["--lang", words.locale, "setup", "--port", &port, "--tls", "never"]);
    command.env("FACTEUR_DATA", server.data());
    let done = run(&mut command, b"");
    says(&done, 0, &[words.confirmed, words.doubt]);
    assert!(!done.out.contains(RIGHT), "a password is not shown:\n{}", done.out);
    let taken = until("the confirmation", 10, || Some(sink.taken()).filter(|taken| !taken.is_empty()));
    assert_eq!(taken[0].to, [ADMIN]);
}

#[test]
fn the_questions_are_asked_on_a_terminal_in_both_languages() {
    WORDS.iter().for_each(check_questions);
}
