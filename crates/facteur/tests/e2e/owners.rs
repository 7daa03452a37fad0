//! Who may send: nobody with another's address, nobody without the right password, and no stranger learns who exists.

use crate::support::server::{PASSWORD, Port, Server};
use crate::support::tongue::{Entrance, Tongue, Way, replies};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn plain(login: &str, password: &str) -> String {
    format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{login}\0{password}")))
}

fn server() -> Server {
    let server = Server::start();
    server.add_person("anna@first.test", &["anna@first.test"]);
    server
}

#[test]
fn nobody_sends_with_anothers_address() {
    let server = server();
    let way = Way {
        port: (Port::Tls, server.port(Port::Tls)),
        entrance: Entrance::SignIn("PLAIN"),
        login: "anna@first.test",
        from: "boss@first.test",
        to: "b@rcpt.test",
    };
    let done = Tongue::Swaks.send(way, "Subject: give me a raise\n\nNow.\n");
    assert_ne!(done.code, 0, "{}", done.out);
    let refusal = done.out.lines().find_map(|line| line.split_once("553 5.7.1 "));
    let refusal = refusal.map(|(_, text)| format!("553 5.7.1 {text}"));
    let refusal = refusal.unwrap_or_else(|| panic!("no 553 5.7.1 in {}", done.out));
    assert!(refusal.contains("<boss@first.test>"), "it names the address: {refusal}");
    assert_eq!(server.waiting().len(), 0);
    // Pasted by whoever got it, the refusal is explained in both languages.
    let explained = ["en", "fr"].map(|locale| server.ok(locale, &["explain", &refusal]));
    for (text, words) in explained.iter().zip(["Cause: sender_not_owned", "Cause : sender_not_owned"]) {
        assert!(text.replace('\u{a0}', " ").contains(words), "{text}");
    }
    assert_ne!(explained[0].lines().next(), explained[1].lines().next());
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let server = server();
    let port = server.port(Port::StartTls);
    let wrong =
        [plain("anna@first.test", "not it"), plain("nobody@first.test", PASSWORD), plain("admin", "not it")];
    let said: Vec<String> =
        wrong.iter().map(|command| replies(port, "starttls", &[command]).remove(0)).collect();
    assert!(said[0].starts_with("535 5.7.8 "), "{said:?}");
    assert!(said.iter().all(|reply| *reply == said[0]), "{said:?}");
    let right = replies(port, "starttls", &[&plain("anna@first.test", PASSWORD)]);
    assert!(right[0].starts_with("235 "), "{right:?}");
}

#[test]
fn nobody_sends_without_a_login_or_shows_a_password_in_clear() {
    let server = server();
    let mail = "MAIL FROM:<anna@first.test>";
    for (port, tls) in [(Port::StartTls, "plain"), (Port::StartTls, "starttls"), (Port::Tls, "tls")] {
        let said = replies(server.port(port), tls, &[mail]);
        assert!(said[0].starts_with("530 5.7.0 "), "{port:?}: {said:?}");
    }
    let said = replies(server.port(Port::Submission), "plain", &[&plain("anna@first.test", PASSWORD), mail]);
    assert!(said[0].starts_with("538 5.7.11 ") && said[1].starts_with("530 5.7.0 "), "{said:?}");
}
