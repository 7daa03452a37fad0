//! Every known client, at every port, with every mechanism: the message is accepted, and a real Postfix takes it.

use crate::support::postfix::{DOMAIN, LOGIN, Postfix};
use crate::support::server::{Port, Server};
use crate::support::tongue::{Entrance, Tongue, Way};
use std::collections::BTreeMap;

/// Who signs in, and the domains of their addresses: the first is carried over STARTTLS, the second over TLS at once.
const PERSON: &str = "anna";
const DOMAINS: [&str; 2] = ["starttls.test", "once.test"];

/// One submission of the matrix, and how its first `Received:` line must call it (RFC 3848).
struct Case {
    tongue: Tongue,
    port: Port,
    entrance: Entrance,
    protocol: &'static str,
}

impl Case {
    fn name(&self) -> String {
        let Self { tongue, port, entrance, .. } = self;
        let how = match entrance {
            Entrance::SignIn(mechanism) => mechanism,
            Entrance::Network => "network",
        };
        format!("{tongue:?}-{}-{how}", port.word()).to_lowercase()
    }
}

fn signed_in() -> Vec<Case> {
    let mut cases = Vec::new();
    for tongue in Tongue::ALL {
        for port in Port::ALL {
            for mechanism in ["PLAIN", "LOGIN"] {
                let entrance = Entrance::SignIn(mechanism);
                cases.push(Case { tongue, port, entrance, protocol: "ESMTPSA" });
            }
        }
    }
    cases
}

fn from_a_network() -> Vec<Case> {
    let case =
        |tongue| Case { tongue, port: Port::Submission, entrance: Entrance::Network, protocol: "ESMTP" };
    Tongue::ALL.map(case).into()
}

/// Submits a case, from one domain or the other in turn.
#[track_caller]
fn check(server: &Server, ports: &BTreeMap<&str, u16>, turn: usize, case: &Case) {
    let name = case.name();
    let from = format!("{PERSON}@{}", DOMAINS[turn % DOMAINS.len()]);
    let to = format!("{name}@{DOMAIN}");
    let way = Way {
        port: (case.port, ports[case.port.word()]),
        entrance: case.entrance,
        login: PERSON,
        from: &from,
        to: &to,
    };
    let message = format!("From: {from}\nTo: {to}\nSubject: {name}\n\nBonjour, ça va ?\n.\nOui.\n");
    let done = case.tongue.send(way, &message);
    assert_eq!(done.code, 0, "{name}: {}{}\n{}", done.out, done.err, server.log());
}

fn add_relays(server: &Server, postfix: &Postfix) {
    let ca = postfix.path("ca.pem");
    let ca = ca.to_str().expect("a plain path");
    let relays = [("starttls", postfix.port), ("implicit", postfix.tls_port)];
    for ((tls, port), domain) in relays.iter().zip(DOMAINS) {
        let port = port.to_string();
        let arguments =
            ["relay", "add", tls, "--host", "localhost", "--port", &port, "--tls", tls, "--ca", ca];
        server.give("en", &[&arguments[..], &["--login", LOGIN.0, "--password-stdin"]].concat(), LOGIN.1);
        server.ok("en", &["route", "set", tls, "--domain", domain]);
        let tested = server.ok("fr", &["relay", "test", tls]);
        assert!(tested.contains("fonctionne"), "{tested}");
    }
}

#[test]
fn every_client_submits_and_postfix_takes_it() {
    let postfix = Postfix::relay();
    let server = Server::start();
    add_relays(&server, &postfix);
    server.add_person(PERSON, &DOMAINS.map(|domain| format!("@{domain}")).each_ref().map(String::as_str));
    let ports: BTreeMap<&str, u16> = Port::ALL.iter().map(|port| (port.word(), server.port(*port))).collect();
    let mut cases = signed_in();
    for (turn, case) in cases.iter().enumerate() {
        check(&server, &ports, turn, case);
    }
    // The site comes later: with its network open, nobody on this machine would need to sign in.
    let senders = DOMAINS.map(|domain| format!("@{domain}"));
    let add = [
        "site",
        "add",
        "printers",
        "--network",
        "127.0.0.0/8",
        "--sender",
        &senders[0],
        "--sender",
        &senders[1],
    ];
    server.ok("en", &add);
    for case in from_a_network() {
        check(&server, &ports, cases.len(), &case);
        cases.push(case);
    }
    let kept = postfix.until_kept(cases.len(), 60);
    server.until_idle(20);
    assert_eq!(kept.len(), cases.len(), "each message once");
    for case in &cases {
        let name = case.name();
        let mail = kept.iter().find(|mail| mail.to == format!("{name}@{DOMAIN}"));
        let mail = mail.unwrap_or_else(|| panic!("{name} did not arrive"));
        let content = String::from_utf8_lossy(&mail.content);
        assert!(content.contains(&format!(" with {} id ", case.protocol)), "{name}: {content}");
        // swaks ends a message by an empty line of its own.
        let body = content.trim_end();
        assert!(body.ends_with("\r\n\r\nBonjour, ça va ?\r\n.\r\nOui."), "{name}: {content}");
        assert!(mail.trace.contains(" with ESMTPSA id "), "{name}: we sign in under TLS: {}", mail.trace);
    }
}
