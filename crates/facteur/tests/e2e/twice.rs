//! The one moment at which mail may arrive twice: a relay has said yes, and we have not written it down. Then it is said.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use std::collections::HashMap;
use testkit::proof;

/// How many messages each round has.
const MESSAGES: usize = 3;

fn stage() -> (Server, Sink) {
    let sink = Sink::start(Habits::default());
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    (server, sink)
}

/// Gives messages with these subjects, and gives back their queue ids.
fn send(server: &Server, subjects: &[String]) -> Vec<String> {
    let mut client = Client::connect(server.port(Port::Submission));
    let mut give = |subject: &String| {
        let said = client.send("a@first.test", "b@rcpt.test", &letter(subject));
        let id = said.strip_prefix("250 2.0.0 Ok: queued as ");
        id.unwrap_or_else(|| panic!("not accepted: {said}")).to_owned()
    };
    subjects.iter().map(&mut give).collect()
}

/// How often each subject came.
fn times(sink: &Sink) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for taken in sink.taken() {
        *times.entry(taken.subject()).or_default() += 1;
    }
    times
}

/// One crash right behind a relay's yes; how many messages came twice.
fn check_crash(server: &mut Server, sink: &Sink, round: u64) -> usize {
    let subjects: Vec<String> = (0..MESSAGES).map(|number| format!("round {round}, {number}")).collect();
    sink.forget();
    sink.hold();
    let ids = send(server, &subjects);
    sink.until_taken(1, 30);
    let before = server.log().len();
    sink.kill_behind_reply(server.pid());
    sink.release();
    until("the server has died", 30, || server.has_died().then_some(()));
    let in_flight = times(sink);
    server.go();
    server.until_idle(60);
    let (came, log) = (times(sink), server.log());
    let said = |id: &str| {
        let mut lines = log.get(before..).unwrap_or_default().lines();
        lines.any(|line| line.contains("perhaps sent twice") && line.contains(id))
    };
    for (id, subject) in ids.iter().zip(&subjects) {
        let count = came.get(subject).copied().unwrap_or_default();
        assert!(count >= 1, "{subject} was acknowledged and is lost");
        assert!(
            count <= 1 + in_flight.get(subject).copied().unwrap_or_default(),
            "{subject} came {count} times"
        );
        assert!(count == 1 || said(id), "{subject} came {count} times and nothing says so:\n{log}");
    }
    came.values().map(|count| count - 1).sum()
}

#[test]
fn what_a_crash_doubles_was_in_flight_and_is_named() {
    let crashes = proof::count(20, 1_000);
    let (mut server, sink) = stage();
    let doubled: usize = (0..crashes).map(|round| check_crash(&mut server, &sink, round)).sum();
    // Otherwise no crash met the moment that this is about.
    assert!(doubled > 0, "nothing ever came twice");
    let test = "crates/facteur/tests/e2e/twice.rs::what_a_crash_doubles_was_in_flight_and_is_named";
    proof::passed("A4", test, crashes, "crashes behind a relay's yes", None);
}

#[test]
fn without_a_crash_nothing_comes_twice() {
    const AT_ONCE: u64 = 2_000;
    let count = proof::count(AT_ONCE, 1_000_000);
    let (server, sink) = stage();
    for lot in 0..count / AT_ONCE {
        sink.forget();
        let subjects: Vec<String> = (0..AT_ONCE).map(|number| format!("{lot}.{number}")).collect();
        send(&server, &subjects);
        server.until_idle(120);
        let came = times(&sink);
        assert_eq!(came.len(), subjects.len(), "lot {lot}");
        assert!(subjects.iter().all(|subject| came.get(subject) == Some(&1)), "lot {lot}");
    }
    let test = "crates/facteur/tests/e2e/twice.rs::without_a_crash_nothing_comes_twice";
    proof::passed("A4", test, count, "messages without a crash", None);
}
