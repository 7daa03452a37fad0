//! Killed in the middle, and stopped in the middle. The large rounds are in `bench/crash`.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use std::collections::{BTreeMap, BTreeSet};

/// The queue id in the reply to an accepted message.
#[track_caller]
fn id_of(reply: &str) -> String {
    let id = reply.strip_prefix("250 2.0.0 Ok: queued as ");
    id.unwrap_or_else(|| panic!("not accepted: {reply}")).to_owned()
}

/// Kills the server while mail leaves, and starts it again; with `looked`, somebody looks at the stopped server first.
fn check_kill(looked: bool) {
    let sink = Sink::start(Habits { holds: true, ..Habits::default() });
    let mut server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    let mut sent = BTreeMap::new();
    for number in 0..60 {
        let subject = format!("number {number}");
        sent.insert(id_of(&client.send("a@first.test", "b@rcpt.test", &letter(&subject))), subject);
    }
    // One more is in the middle of its content, and was never acknowledged.
    client.expect("MAIL FROM:<a@first.test>", "250");
    client.expect("RCPT TO:<b@rcpt.test>", "250");
    client.expect("DATA", "354");
    client.write(b"Subject: never acknowledged\r\n\r\nhalf of");
    sink.until_taken(1, 10);
    server.kill();
    let in_flight: BTreeSet<String> = sink.taken().iter().map(|taken| taken.subject()).collect();
    assert!(!in_flight.is_empty());
    sink.release();
    if looked {
        assert_eq!(server.waiting().len(), sent.len(), "the command reads what the crash left");
    }
    server.go();
    server.until_idle(30);
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for taken in sink.taken() {
        *times.entry(taken.subject()).or_default() += 1;
    }
    let log = server.log();
    let logged = |id: &str| log.lines().any(|line| line.contains("perhaps sent twice") && line.contains(id));
    for (id, subject) in &sent {
        let count = times.remove(subject).unwrap_or_default();
        assert!(count >= 1, "{subject} was acknowledged and is lost");
        assert!(count == 1 || in_flight.contains(subject), "{subject} came {count} times");
        assert!(count == 1 || logged(id), "{subject} came twice and nothing says so:\n{log}");
    }
    assert_eq!(times, BTreeMap::new(), "what was never acknowledged, or never sent");
    assert_eq!(log.contains("may arrive twice"), !looked, "the start says what it took up itself:\n{log}");
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    check_kill(false);
}

#[test]
fn a_command_after_a_kill_hides_nothing() {
    check_kill(true);
}

#[test]
fn a_stop_waits_for_mail_in_flight_and_not_for_ever() {
    let sink = Sink::start(Habits { holds: true, ..Habits::default() });
    let mut server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    id_of(&client.send("a@first.test", "b@rcpt.test", &letter("held")));
    sink.until_taken(1, 10);
    // A client that is connected and silent is told, and does not hold the server up.
    let took_ms = server.stop();
    assert!(client.reply().starts_with("421 4.3.2 "), "the client is told");
    eprintln!("stopped within {took_ms} ms while a relay kept silent");
    assert!(took_ms < 20_000, "{took_ms} ms");
    sink.release();
    server.go();
    server.until_idle(20);
    assert_eq!(sink.count(), 2, "what was cut is sent again");
    assert!(server.log().contains("perhaps sent twice"), "and named:\n{}", server.log());
}

#[test]
fn a_stop_without_mail_in_flight_is_quick() {
    let sink = Sink::start(Habits::default());
    let mut server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    id_of(&client.send("a@first.test", "b@rcpt.test", &letter("gone")));
    server.until_idle(10);
    let took_ms = server.stop();
    assert!(took_ms < 5_000, "{took_ms} ms");
    assert!(client.reply().starts_with("421 4.3.2 "), "the client is told");
    server.go();
    let log = until("the log of both", 5, || Some(server.log()));
    assert!(!log.contains("perhaps sent twice"), "an orderly stop leaves no doubt:\n{log}");
    assert_eq!(sink.count(), 1);
}
