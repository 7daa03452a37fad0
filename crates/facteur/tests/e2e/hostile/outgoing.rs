//! Smuggling out, through sockets and the whole program: what is taken leaves as one message with the same bytes.

use crate::support::client::Client;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use testkit::bodies;
use testkit::chance::Chance;
use testkit::proof;

/// Messages that are sent before the next ones wait for them.
const BATCH: u64 = 200;

/// Sends a body; whether it was taken. A refused one must be one that no receiver may see.
fn give(server: &Server, client: &mut Client, content: &[u8], what: &str) -> bool {
    let reply = client.send("a@first.test", "b@rcpt.test", content);
    if bodies::has_whole_line_ends(content) {
        assert!(reply.starts_with("250 2.0.0"), "{what}: {reply}");
        return true;
    }
    assert!(reply.starts_with("550 5.6.0"), "{what}: {reply}");
    // Too many refusals end a conversation, and so does an end that cannot be told from a false one.
    *client = Client::connect(server.port(Port::Submission));
    false
}

#[test]
fn every_body_leaves_the_program_as_one_message() {
    let (count, seed) = (proof::count(300, 20_000), proof::seed());
    let mut chance = Chance::of_seed(seed);
    let sink = Sink::start(Habits::default());
    let mut server = Server::fresh("en", "");
    server.go();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    let mut given = Vec::new();
    for number in 0..count {
        let mut body = bodies::at_random(&mut chance);
        // Of the bodies as they come, hardly one has no bare CR or LF.
        if chance.below(4) > 0 {
            body = bodies::with_whole_line_ends(&body);
        }
        let head = format!("From: a@first.test\r\nTo: b@rcpt.test\r\nSubject: {number}\r\n\r\n");
        let content = [head.as_bytes(), &body, b"\r\n"].concat();
        if give(&server, &mut client, &content, &format!("FACTEUR_SEED={seed}, body {number}")) {
            given.push((number.to_string(), content));
        }
        if number % BATCH == BATCH - 1 || number + 1 == count {
            // The receiver goes by the letter: a bare CR or LF on the wire, or a word too many, is a breach.
            let taken = sink.until_taken(given.len(), 240);
            assert_eq!(taken.len(), given.len(), "FACTEUR_SEED={seed}: one message each");
            for (subject, content) in given.drain(..) {
                let one = taken.iter().find(|one| one.subject() == subject).expect("it is there");
                assert!(one.content.ends_with(&content), "FACTEUR_SEED={seed}, body {subject}: {one:?}");
            }
            sink.forget();
        }
    }
    server.until_idle(60);
    assert_eq!(sink.count(), 0, "nothing comes twice, and nothing else comes");
    let test = "crates/facteur/tests/e2e/hostile/outgoing.rs::every_body_leaves_the_program_as_one_message";
    proof::passed("B5", test, count, "random bodies through the program", Some(seed));
}
