//! Taking back: whoever is told "taken back" is never contradicted by a delivery, and nobody is told so in vain.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use mail::{Clock, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use testkit::proof;

/// Messages that are sent and taken back: in every run, and at the bar.
const ROUNDS: u64 = 1_000;
const BAR_ROUNDS: u64 = 10_000;
/// Senders at once.
const SENDERS: u64 = 8;
/// How long each message is held.
const HOLD_MS: i64 = 1_000;

/// What a sender remembers of a message until it takes it back.
struct Sent {
    subject: String,
    id: String,
    cancel_at: Timestamp,
}

/// A line to the control socket, which every command speaks.
struct Desk(BufReader<UnixStream>);

impl Desk {
    fn open(server: &Server) -> Self {
        let stream = UnixStream::connect(server.data().join("control.sock")).expect("the control socket");
        Self(BufReader::new(stream))
    }

    /// Takes a message back. Whether that was done.
    fn undo(&mut self, id: &str) -> bool {
        let operation = json!({"operation": "queue_act", "act": "undo", "filter": {"ids": [id]}});
        self.0.get_mut().write_all(format!("{operation}\n").as_bytes()).expect("the server reads");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the server answers");
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        match answer["ok"]["acted"]["recipients"].as_u64() {
            Some(1) => true,
            Some(0) => false,
            _ => panic!("{answer}"),
        }
    }
}

/// Sends messages that leave in a second, and takes each back around that moment. Gives by subject what it was told.
fn sender(server: &Server, number: u64, rounds: u64) -> BTreeMap<String, bool> {
    let (mut client, mut desk) = (Client::connect(server.port(Port::Submission)), Desk::open(server));
    // The moments are drawn from the number of the message: no source of randomness, and the same in every run.
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number + 1);
    let mut draw = |below: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        i64::try_from(dice % below).unwrap_or(0)
    };
    let (mut waiting, mut told): (VecDeque<Sent>, _) = (VecDeque::new(), BTreeMap::new());
    let mut left = 0..rounds;
    loop {
        if let Some(round) = left.next() {
            let subject = format!("undo {number}-{round}");
            client.expect("MAIL FROM:<a@first.test> HOLDFOR=1", "250");
            client.expect("RCPT TO:<b@rcpt.test>", "250");
            let said = client.content(&letter(&subject));
            let id = said.rsplit(' ').next().expect("the id").to_owned();
            // Around the release, where the two can meet: from 150 ms before it to 150 ms after.
            let cancel_at = Clock::System.now().plus_ms(HOLD_MS - 150 + draw(300));
            waiting.push_back(Sent { subject, id, cancel_at });
        } else if waiting.is_empty() {
            return told;
        }
        let now = Clock::System.now();
        let (due, later): (VecDeque<_>, _) = waiting.drain(..).partition(|sent| sent.cancel_at <= now);
        waiting = later;
        for sent in due {
            let undone = desk.undo(&sent.id);
            told.insert(sent.subject, undone);
        }
        if left.is_empty() {
            std::thread::yield_now();
        }
    }
}

#[test]
fn taken_back_is_never_seen_and_too_late_is_seen_once() {
    let rounds = proof::count(ROUNDS, BAR_ROUNDS);
    let each = rounds.div_ceil(SENDERS);
    let sink = Sink::start(Habits::default());
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let told: BTreeMap<String, bool> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|number| {
                scope.spawn({
                    let server = &server;
                    move || sender(server, number, each)
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect()
    });
    server.until_idle(60);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for taken in sink.taken() {
        *seen.entry(taken.subject()).or_default() += 1;
    }
    let sent = each * SENDERS;
    assert_eq!(told.len() as u64, sent);
    for (subject, undone) in &told {
        let expected = usize::from(!undone);
        assert_eq!(
            seen.get(subject).copied().unwrap_or_default(),
            expected,
            "{subject}, taken back: {undone}"
        );
    }
    let undone = told.values().filter(|undone| **undone).count() as u64;
    // Both must have happened, or nothing was tried.
    assert!(undone > each && sent - undone > each, "{undone} of {sent} were taken back");
    let test = "crates/facteur/tests/e2e/undo.rs::taken_back_is_never_seen_and_too_late_is_seen_once";
    proof::passed("A11", test, sent, "messages taken back", None);
}
