//! Everything that can be wrong with TLS, where it is required and where it is only used if it can.

use crate::hostile::ways::{by_relay, direct, gives_away, is_secret, post, serve, told, while_silent};
use explain::Place;
use testkit::hostile::smtp::{Capability, Mechanism, Script};
use testkit::hostile::{Paper, Server, Turn};
use testkit::proof;

/// A fault, and the cause that is told where TLS is required. Where it is not, the mail goes through all the same: without
/// TLS, or with a certificate that proves nothing.
const FAULTS: &[(&str, &str)] = &[
    ("not offered", "starttls_unavailable"),
    ("refused for now", "starttls_unavailable"),
    ("refused", "starttls_unavailable"),
    ("cut", "connection_dropped"),
    ("text in place of it", "tls_mode_mismatch"),
    ("words put in front of it", "tls_response_injected"),
    ("a version that nobody should use", "tls_version_unsupported"),
    ("silence", "greeting_timeout"),
    ("expired", "tls_cert_expired"),
    ("not yet valid", "tls_cert_not_yet_valid"),
    ("signed by itself", "tls_cert_untrusted"),
    ("signed by nobody known", "tls_cert_untrusted"),
    ("for another name", "tls_cert_name_mismatch"),
];

fn play(fault: &str) -> Server {
    let auth = Capability::Auth(vec![Mechanism::Plain]);
    // It would take the password in clear as well.
    let script = Script { capabilities: vec![Capability::StartTls, auth.clone()], ..Script::default() };
    let refuses = |reply: &str| Script {
        stls_response: reply.to_owned(),
        stls_make_transition: false,
        ..script.clone()
    };
    let turns = |turn| Script { turn: Some(turn), ..script.clone() };
    let (script, paper) = match fault {
        "not offered" => (Script { capabilities: vec![auth], ..script }, Paper::Good),
        "refused for now" => (refuses("454 4.7.0 TLS not available\r\n"), Paper::Good),
        "refused" => (refuses("502 5.5.1 Not implemented\r\n"), Paper::Good),
        "cut" => (turns(Turn::Cut), Paper::Good),
        "text in place of it" => (turns(Turn::Text), Paper::Good),
        "words put in front of it" => {
            let reply = "220 Go ahead\r\n250-example.org\r\n250 AUTH PLAIN\r\n".to_owned();
            (Script { stls_response: reply, ..script }, Paper::Good)
        }
        "a version that nobody should use" => (turns(Turn::OldVersion), Paper::Good),
        "silence" => (turns(Turn::Mute), Paper::Good),
        "expired" => (script, Paper::Expired),
        "not yet valid" => (script, Paper::NotYetValid),
        "signed by itself" => (script, Paper::SelfSigned),
        "signed by nobody known" => (script, Paper::UnknownRoot),
        "for another name" => (script, Paper::WrongName),
        other => panic!("no fault: {other}"),
    };
    serve(script, paper, None)
}

#[tokio::test]
async fn every_fault_of_tls_has_its_cause_and_shows_nothing_in_clear() {
    let mut wrong = Vec::new();
    for (fault, cause) in FAULTS {
        let server = play(fault);
        let post = post(&server).await;
        let ((_, carried), _) = while_silent(&server, by_relay(&post)).await;
        let required = told(&carried.results[0], Place::Relay);
        let clear: Vec<String> = server.in_clear().into_iter().filter(|line| gives_away(line)).collect();
        let server = play(fault);
        let (carried, _) = while_silent(&server, direct(&server)).await;
        let used = told(&carried.results[0], Place::Direct);
        let secrets = server.in_clear().iter().filter(|line| is_secret(line)).count();
        if (required.as_str(), used.as_str(), clear.len(), secrets) != (*cause, "delivered", 0, 0) {
            wrong.push(format!("{fault}: {required} and {used}, in clear: {clear:?} {secrets}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let test = "crates/deliver/tests/couriers/hostile/tls.rs::every_fault_of_tls_has_its_cause_and_shows_nothing_in_clear";
    proof::passed("B7", test, FAULTS.len() as u64 * 2, "faults of TLS by policy", None);
}

/// The control: a server that is well takes the mail, with the password under TLS.
#[tokio::test]
async fn a_server_without_fault_gets_mail_and_password_under_tls() {
    let server = serve(Script::default(), Paper::Good, None);
    let post = post(&server).await;
    let (_, carried) = by_relay(&post).await;
    assert_eq!(told(&carried.results[1], Place::Relay), "delivered");
    let heard = server.heard();
    assert!(heard.iter().any(|heard| heard.tls && is_secret(&heard.line)), "{heard:?}");
    assert!(heard.iter().any(|heard| heard.tls && heard.line == "Subject: Hello"), "{heard:?}");
    assert_eq!(server.in_clear().iter().filter(|line| gives_away(line)).count(), 0);
}
