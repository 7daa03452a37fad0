//! What is too much: a thousand and one recipients, a byte over fifty million.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The most recipients of a message.
const RECIPIENTS: usize = 1_000;
/// The most bytes of a message.
const BYTES: usize = 50_000_000;

fn server() -> Server {
    let server = Server::start();
    server.open_to_loopback();
    server
}

/// Files below a directory that hold more than a small message does.
fn large_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the data can be read") {
        let path = entry.expect("the data can be read").path();
        if path.is_dir() {
            found.extend(large_files(&path));
        } else if fs::metadata(&path).is_ok_and(|facts| facts.len() > 10_000_000) {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_thousand_and_first_recipient_is_for_another_message() {
    let sink = Sink::start(Habits::default());
    let server = server();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    client.expect("MAIL FROM:<a@first.test>", "250");
    for number in 0..RECIPIENTS {
        client.expect(&format!("RCPT TO:<r{number}@rcpt.test>"), "250 2.1.5 ");
    }
    client.expect("RCPT TO:<one.more@rcpt.test>", "452 4.5.3 ");
    assert!(client.content(&letter("to all")).starts_with("250 "), "the others still get it");
    server.until_idle(20);
    let taken = sink.taken();
    let reached: Vec<String> = taken.iter().flat_map(|taken| taken.to.clone()).collect();
    assert_eq!(reached.len(), RECIPIENTS, "each once");
    assert_eq!(reached.iter().collect::<BTreeSet<_>>().len(), RECIPIENTS);
    // A relay that nothing is known of is given a hundred recipients at a time (RFC 5321 §4.5.3.1.8).
    assert!(taken.iter().all(|taken| taken.to.len() <= 100));
    assert!(taken.iter().all(|taken| taken.from == "a@first.test" && taken.subject() == "to all"));
}

#[test]
fn what_is_too_large_is_refused_when_announced_and_when_counted() {
    let server = server();
    let mut client = Client::connect(server.port(Port::Submission));
    let greeted = client.say("EHLO client.test");
    assert!(greeted.contains(&format!("SIZE {BYTES}")), "{greeted}");
    client.expect(&format!("MAIL FROM:<a@first.test> SIZE={}", BYTES + 1), "552 5.3.4 ");
    // Whoever announces nothing, or too little, is counted.
    client.expect("MAIL FROM:<a@first.test> SIZE=100", "250");
    client.expect("RCPT TO:<b@rcpt.test>", "250");
    let line = [b'x'; 998].into_iter().chain(*b"\r\n").collect::<Vec<u8>>();
    let reply = client.content(&line.repeat(BYTES / line.len() + 1));
    assert!(reply.starts_with("552 5.3.4 "), "{reply}");
    assert_eq!(server.waiting().len(), 0);
    assert!(client.send("a@first.test", "b@rcpt.test", &letter("small")).starts_with("250 "), "it goes on");
    assert_eq!(large_files(&server.data()), Vec::<PathBuf>::new(), "nothing of the large one is kept");
}
