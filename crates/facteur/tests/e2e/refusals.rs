//! What a real Postfix refuses: a certificate that nobody vouches for on our side, a password on its own. Mail waits for
//! each, and leaves by itself when it is put right.

use crate::support::client::{Client, letter};
use crate::support::postfix::{LOGIN, Postfix};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use std::fs;
use std::net::TcpListener;

/// Sends a message, and waits until the relay is closed for a cause; the words in each language, and the raw ones.
#[track_caller]
fn check_waits(server: &Server, cause: &str, words: [&str; 2], raw: &str) {
    let mut client = Client::connect(server.port(Port::Submission));
    let reply = client.send("a@first.test", "b@rcpt.test", &letter(cause));
    assert!(reply.starts_with("250 "), "{reply}");
    until("the relay is closed", 30, || {
        let relays = server.json(&["relay", "list"]);
        (relays[0]["state"] == "closed").then_some(())
    });
    let waiting = server.waiting();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["recipients"][0]["reason"]["cause"], cause, "{waiting:?}");
    for (locale, words) in ["en", "fr"].into_iter().zip(words) {
        let mailq = server.ok(locale, &["mailq"]);
        assert!(mailq.contains(words) && mailq.contains(raw), "{mailq}");
        let tested = server.ask(locale, &["relay", "test", "postfix"], b"");
        assert_eq!(tested.code, 69, "{tested:?}");
        assert!(tested.out.contains(words) && tested.out.contains(raw), "{tested:?}");
    }
    let bare = server.ok("C", &["mailq"]);
    assert!(bare.contains(raw) && !bare.contains(words[0]), "{bare}");
}

#[test]
fn mail_waits_for_an_unknown_authority_and_for_the_right_password() {
    let postfix = Postfix::relay();
    let server = Server::start();
    server.open_to_loopback();
    let port = postfix.port.to_string();
    let relay = ["relay", "add", "postfix", "--host", "localhost", "--port", &port, "--tls", "starttls"];
    server.give("en", &[&relay[..], &["--login", LOGIN.0, "--password-stdin"]].concat(), LOGIN.1);
    let words = [
        "The certificate of the server localhost is not signed by an authority that this machine knows.",
        "Le certificat du serveur localhost n'est pas signé par une autorité que cette machine connaît.",
    ];
    check_waits(&server, "tls_cert_untrusted", words, "certificate is not signed by a known authority");
    let ca = postfix.path("ca.pem");
    server.ok("fr", &["relay", "change", "postfix", "--ca", ca.to_str().expect("a plain path")]);
    postfix.until_kept(1, 10);
    server.until_idle(10);
    server.give("fr", &["relay", "password", "postfix", "--password-stdin"], "not the password");
    let words = [
        "The relay postfix does not accept the user name and password",
        "Le relais postfix n'accepte pas le nom d'utilisateur et le mot de passe",
    ];
    check_waits(&server, "auth_bad_credentials", words, "said: 535 5.7.8 Error: authentication failed");
    server.give("en", &["relay", "password", "postfix", "--password-stdin"], LOGIN.1);
    assert_eq!(postfix.until_kept(2, 10).len(), 2);
    server.until_idle(10);
}

/// The words of two relays of one provider, in each language: the other one is well, or both are in trouble.
const OTHER: [&str; 2] =
    ["The other relay at 127.0.0.1 is in no trouble", "L'autre relais chez 127.0.0.1 n'a aucune"];
const BOTH: [&str; 2] = ["All 2 relays at 127.0.0.1 are in trouble", "Les 2 relais chez 127.0.0.1 sont tous"];

#[test]
fn the_other_relays_tell_whether_the_provider_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    drop(listener);
    let server = Server::start();
    server.open_to_loopback();
    for name in ["one", "two"] {
        let relay =
            ["relay", "add", name, "--host", "127.0.0.1", "--port", &port, "--tls", "never", "--no-auth"];
        server.ok("en", &relay);
    }
    let tested = |words: [&str; 2]| {
        for (locale, words) in ["en", "fr"].into_iter().zip(words) {
            let tested = server.ask(locale, &["relay", "test", "two"], b"");
            assert!(tested.code == 69 && tested.out.contains(words), "{tested:?}");
        }
    };
    tested(OTHER);
    let reply =
        Client::connect(server.port(Port::Submission)).send("a@first.test", "b@rcpt.test", &letter("down"));
    assert!(reply.starts_with("250 "), "{reply}");
    until("the first relay is out of reach", 30, || {
        let relays = server.json(&["relay", "list"]);
        let closures =
            relays.as_array()?.iter().find(|relay| relay["name"] == "one")?["closures"].as_array()?;
        (closures.first()?["neighbours"]["trouble"] == "of_account").then_some(())
    });
    tested(BOTH);
    let waiting = server.waiting();
    let id = waiting[0]["id"].as_str().expect("an id");
    for (locale, words) in ["en", "fr"].into_iter().zip(OTHER) {
        for question in [&["why", id][..], &["relay", "list"], &["status"]] {
            let told = server.ask(locale, question, b"");
            assert!(told.out.contains(words), "{question:?}: {told:?}");
        }
    }
}

#[test]
fn what_the_other_account_carried_tells_that_the_provider_is_well() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let dead = listener.local_addr().expect("an address").port().to_string();
    drop(listener);
    let sink = Sink::start(Habits::default());
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("one", &sink, None);
    let relay =
        ["relay", "add", "two", "--host", "127.0.0.1", "--port", &dead, "--tls", "never", "--no-auth"];
    server.ok("en", &relay);
    let reply =
        Client::connect(server.port(Port::Submission)).send("a@first.test", "b@rcpt.test", &letter("well"));
    assert!(reply.starts_with("250 "), "{reply}");
    sink.until_taken(1, 60);
    server.until_idle(60);
    for (locale, words) in [
        ("en", "The other relay at 127.0.0.1 took mail"),
        ("fr", "L'autre relais chez 127.0.0.1 a accepté du courrier"),
    ] {
        let tested = server.ask(locale, &["relay", "test", "two"], b"");
        assert!(tested.code == 69 && tested.out.contains(words), "{tested:?}");
    }
}

#[test]
fn a_relay_that_refuses_everything_is_no_matter_of_the_content() {
    let told = Some("554 5.7.1 Rejected: this message looks like spam");
    let sink = Sink::start(Habits { recipients_told: told, ..Habits::default() });
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("strict", &sink, None);
    let send = |subject: &str| {
        let mut client = Client::connect(server.port(Port::Submission));
        let reply = client.send("a@first.test", "b@rcpt.test", &letter(subject));
        server.until_idle(60);
        reply.split_whitespace().rfind(|word| word.len() == 12).expect("a queue id").to_owned()
    };
    let words = ["whatever they contained", "quel que soit leur contenu"];
    let first = send("one");
    for (locale, words) in ["en", "fr"].into_iter().zip(words) {
        let why = server.ok(locale, &["why", &first]);
        assert!(!why.contains(words) && why.contains("looks like spam"), "{why}");
    }
    for subject in ["two", "three", "four"] {
        send(subject);
    }
    let last = send("five");
    for (locale, words) in ["en", "fr"].into_iter().zip(words) {
        for question in [&["why", &last][..], &["relay", "list"]] {
            let told = server.ok(locale, question);
            assert!(told.contains(words) && told.contains("strict"), "{question:?}: {told}");
        }
    }
}

#[test]
fn a_refusal_of_our_own_names_its_page() {
    let mut server = Server::fresh("en", "");
    let file = server.data().join("facteur.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    fs::write(&file, format!("pages = \"https://docs.test/causes/en\"\n{text}")).expect("a configuration");
    server.go();
    let mut client = Client::connect(server.port(Port::Submission));
    let page = |reply: String, cause: &str| {
        let end = format!(" [F:{cause}] https://docs.test/causes/en/{cause}");
        assert!(reply.trim_end().ends_with(&end), "{reply}");
    };
    page(client.say("WIBBLE"), "protocol_error");
    client.expect("EHLO a.test", "250");
    page(client.say("AUTH PLAIN AGEAYg=="), "auth_plaintext_needs_tls");
    let told = server.ok("fr", &["explain", "F:auth_plaintext_needs_tls"]);
    assert!(told.contains("sans chiffrement") || told.contains("non chiffré"), "{told}");
}

#[test]
fn what_to_do_after_an_abuse_is_told_in_order() {
    let server = Server::start();
    for (locale, words) in [("en", "After an abuse"), ("fr", "Après un abus")] {
        let told = server.ok(locale, &["explain", "--topic", "after-abuse"]);
        assert!(told.contains(words) && told.contains("  1. "), "{told}");
    }
    let unknown = server.ask("fr", &["explain", "--topic", "no-such"], b"");
    assert!(unknown.code == 64 && unknown.err.contains("after-abuse"), "{unknown:?}");
    let explained = server
        .ok("fr", &["explain", "554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org"]);
    assert!(explained.contains("facteur explain --topic after-abuse"), "{explained}");
}
