//! Mail that goes round in a circle ends, and nobody is told more than once.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use std::fs;
use testkit::proof;

/// A server of that name, whose name `round` stands for something else.
fn server(name: &str, round: &str) -> Server {
    let mut server = Server::fresh("en", "");
    let aliases = server.directory().join("aliases");
    fs::write(&aliases, format!("round: {round}\ninner: outer\nouter: inner\n")).expect("room for aliases");
    let config = server.data().join("facteur.toml");
    let text = fs::read_to_string(&config).expect("a configuration");
    let text = text.replace("host_name = \"mail.facteur.test\"", &format!("host_name = \"{name}\""));
    fs::write(&config, format!("aliases = {aliases:?}\n{text}")).expect("room for a configuration");
    server.go();
    server.open_to_loopback();
    server
}

/// Mail of senders of `site.test` goes on to the other server; everything else, notices above all, to the sink.
fn join(server: &Server, other: &Server, sink: &Sink) {
    let port = other.port(Port::Submission).to_string();
    let relay =
        ["relay", "add", "other", "--host", "127.0.0.1", "--port", &port, "--tls", "never", "--no-auth"];
    server.ok("en", &relay);
    server.ok("en", &["route", "set", "other", "--domain", "site.test"]);
    server.add_sink("sink", sink, None);
    server.ok("en", &["route", "set", "sink", "--default"]);
}

fn received(content: &[u8]) -> usize {
    String::from_utf8_lossy(content).lines().filter(|line| line.starts_with("Received:")).count()
}

#[test]
fn two_servers_that_forward_to_each_other_end_with_one_notice() {
    let sink = Sink::start(Habits { unknown: Some("gone"), ..Habits::default() });
    let here = server("here.test", "round@there.test");
    let there = server("there.test", "round@here.test");
    join(&here, &there, &sink);
    join(&there, &here, &sink);

    // Round and round, until the hops are counted.
    let mut client = Client::connect(here.port(Port::Submission));
    let reply = client.send("anna@site.test", "round@here.test", &letter("round"));
    assert!(reply.starts_with("250 "), "{reply}");
    let notice = sink.until_taken(1, 60).remove(0);
    assert_eq!((notice.from.as_str(), notice.to.concat().as_str()), ("", "anna@site.test"));
    let text = String::from_utf8_lossy(&notice.content).into_owned();
    assert!(text.contains("Action: failed") && text.contains("5.4.6"), "{text}");
    let hops = received(&notice.content);
    assert!((45..=55).contains(&hops), "{hops} hops");

    // Nobody is told of what nobody sent: not by a loop, not by a bounce of a bounce, not by a program that answers.
    let auto =
        b"From: robot@site.test\r\nAuto-Submitted: auto-replied\r\nSubject: away\r\n\r\nI am away.\r\n";
    for (from, to) in [("", "round@there.test"), ("", "gone@far.test"), ("", "anna@site.test")] {
        let reply = client.send(from, to, auto);
        assert!(reply.starts_with("250 ") || reply.starts_with("5"), "{to}: {reply}");
    }
    for server in [&here, &there] {
        server.until_idle(60);
    }
    // The third is no failure: it arrives, and is answered by nobody.
    let null: Vec<String> = sink
        .taken()
        .into_iter()
        .filter(|taken| taken.from.is_empty())
        .map(|taken| taken.to.concat())
        .collect();
    let notices =
        sink.taken().iter().filter(|taken| taken.from.is_empty() && received(&taken.content) > 10).count();
    assert_eq!(notices, 1, "one notice and no more: {null:?}");
    for server in [&here, &there] {
        assert_eq!(server.json(&["status"])["totals"]["messages"], 0);
    }

    // Aliases that mean each other mean nobody: said at once.
    client = Client::connect(here.port(Port::Submission));
    client.expect("MAIL FROM:<anna@site.test>", "250");
    let said = client.say("RCPT TO:<inner@here.test>");
    assert!(said.starts_with("550 ") || said.starts_with("250 "), "{said}");
    until("nothing is left to go round", 10, || {
        (here.json(&["status"])["totals"]["messages"] == 0).then_some(())
    });
    proof::passed(
        "C5",
        "crates/facteur/tests/e2e/loops.rs::two_servers_that_forward_to_each_other_end_with_one_notice",
        4,
        "loops",
        None,
    );
}
