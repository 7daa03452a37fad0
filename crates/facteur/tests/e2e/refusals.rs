//! What a real Postfix refuses: a certificate that nobody vouches for on our side, a password on its own. Mail waits for
//! each, and leaves by itself when it is put right.

use crate::support::client::{Client, letter};
use crate::support::postfix::{LOGIN, Postfix};
use crate::support::server::{Port, Server};
use crate::support::until;

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
