//! What a client says beside the addresses: when the message shall leave, and what its sender wants to hear.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink, Taken};
use crate::support::until;
use mail::Clock;

fn subjects(taken: &[Taken]) -> Vec<String> {
    taken.iter().map(Taken::subject).collect()
}

#[test]
fn a_message_leaves_when_it_was_told_to() {
    let sink = Sink::start(Habits::default());
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    let offers = client.say("EHLO client.test");
    assert!(offers.contains("|250-DSN|250-FUTURERELEASE 2592000 "), "{offers}");
    // Beyond what is offered, and what cannot be read, is refused before anybody waits for it.
    client.expect(
        "MAIL FROM:<a@first.test> HOLDFOR=2592001",
        "501 5.5.4 Messages are kept for 2592000 seconds",
    );
    client.expect(
        "MAIL FROM:<a@first.test> HOLDUNTIL=2001-01-01T00:00:00Z",
        "501 5.5.4 The time of HOLDUNTIL is past",
    );
    client.expect("MAIL FROM:<a@first.test> HOLDFOR=tomorrow", "501 5.5.4 Bad HOLDFOR");

    let began = Clock::System.now();
    let soon = began.plus_secs(8).rfc3339();
    let held = [
        ("HOLDFOR=3600".to_owned(), "in an hour"),
        (format!("HOLDUNTIL={soon}"), "soon"),
        (String::new(), "now"),
    ];
    for (wish, subject) in &held {
        client.expect(&format!("MAIL FROM:<a@first.test> RET=HDRS ENVID=E+2B1 {wish}"), "250");
        client.expect("RCPT TO:<b@rcpt.test> NOTIFY=NEVER ORCPT=rfc822;b@rcpt.test", "250");
        assert!(client.content(&letter(subject)).starts_with("250 2.0.0 "), "{wish}");
    }
    assert_eq!(subjects(&sink.until_taken(1, 20)), ["now"]);
    assert_eq!(subjects(&sink.until_taken(2, 40)), ["now", "soon"]);
    // RFC 4865 has whole seconds: the message may leave once the second named has begun, and not before.
    assert!(Clock::System.now().secs() >= began.secs() + 8);
    // What the relay took a moment ago may not be recorded yet.
    until("only the third is kept", 20, || (server.waiting().len() == 1).then_some(()));
    assert_eq!(sink.count(), 2);
}
