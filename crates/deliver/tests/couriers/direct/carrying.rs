//! What a table of single letters does not show: connections kept and counted, the story told, the real policy.

use crate::direct::host::{LETTER, Unlike, World};
use mail::{Seen, Speaker};
use resolve::Fault;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const ZONE: &str =
    "x.example MX 10 a.example/a.example A 127.0.0.1/x.example MX 20 b.example/b.example A 127.0.0.2";

/// Waits for something that happens elsewhere.
#[expect(clippy::disallowed_methods, reason = "a test waits for real sockets")]
pub async fn until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "it never happened");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn the_letter_arrives_as_it_is() {
    let world = World::new(ZONE, "127.0.0.1: starttls ok", Unlike::default()).await;
    let delivery = world.carry("x.example", "a").await;
    assert!(delivery.carried.results.iter().all(Result::is_ok), "{delivery:?}");
    assert_eq!(world.log.taken.lock().unwrap()[0].content, LETTER);
    let peer = delivery.carried.peer.unwrap();
    assert_eq!((peer.host.as_str(), peer.address), ("a.example", "127.0.0.1".parse().ok()));
    assert_eq!(delivery.carried.tls.unwrap().version, "TLSv1.3");
    // Nothing failed, so nothing is told.
    assert!(delivery.carried.dialogue.is_none() && delivery.fault.is_none());
}

#[tokio::test]
async fn a_host_that_offers_it_tells_the_sender_and_another_leaves_it_to_us() {
    let offers = "127.0.0.1: ehlo 250-host\n250-PIPELINING\n250 DSN";
    let world = World::new(ZONE, offers, Unlike::default()).await;
    let delivery = world.carry("x.example", "a").await;
    assert!(delivery.carried.results[0].is_ok() && delivery.carried.tells_success, "{delivery:?}");
    let said = world.log.envelopes.lock().unwrap().clone();
    let expected = [
        "MAIL FROM:<anna@sender.example> RET=HDRS ENVID=E1",
        "RCPT TO:<a@x.example> NOTIFY=SUCCESS ORCPT=rfc822;x",
    ];
    assert_eq!(said, expected);

    let world = World::new(ZONE, "127.0.0.1", Unlike::default()).await;
    let delivery = world.carry("x.example", "a").await;
    assert!(delivery.carried.results[0].is_ok() && !delivery.carried.tells_success, "{delivery:?}");
    let said = world.log.envelopes.lock().unwrap().clone();
    assert_eq!(said, ["MAIL FROM:<anna@sender.example>", "RCPT TO:<a@x.example>"]);

    // Two hosts of two kinds: what one of them leaves to us is told, rather twice than never.
    let both = format!("{offers};rcpt:b 450 4.2.0 no|127.0.0.2");
    let world = World::new(ZONE, &both, Unlike::default()).await;
    let delivery = world.carry("x.example", "a b").await;
    assert!(delivery.carried.results.iter().all(Result::is_ok) && !delivery.carried.tells_success);

    let world = World::new(ZONE, &format!("{offers};rcpt 550 5.1.1 no"), Unlike::default()).await;
    assert!(!world.carry("x.example", "a").await.carried.tells_success, "nobody has it");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let world = World::new(ZONE, "127.0.0.1: starttls ok", Unlike::default()).await;
    for _ in 0..4 {
        let delivery = world.carry("x.example", "a b").await;
        assert!(delivery.carried.results.iter().all(Result::is_ok), "{delivery:?}");
    }
    assert_eq!((world.log.connections(), world.log.taken.lock().unwrap().len()), (1, 4));
    let refused = world.carry("y.example", "a").await;
    assert_eq!(refused.fault, Some(Fault::DomainUnknown));
}

#[tokio::test]
async fn a_kept_connection_that_refuses_one_letter_takes_the_next() {
    let world = World::new(ZONE, "127.0.0.1: rcpt:b 550 5.1.1 no", Unlike::default()).await;
    for (local, taken) in [("b", false), ("a", true), ("b", false), ("a", true)] {
        let delivery = world.carry("x.example", local).await;
        assert_eq!(delivery.carried.results[0].is_ok(), taken);
        let told = delivery.carried.dialogue.is_some();
        assert_eq!(told, !taken);
    }
    assert_eq!(world.log.connections(), 1);
}

#[tokio::test]
async fn who_is_declined_on_a_kept_connection_goes_to_the_next_host() {
    let world = World::new(ZONE, "127.0.0.1: rcpt:b 450 4.2.0 no|127.0.0.2", Unlike::default()).await;
    assert!(world.carry("x.example", "a").await.carried.results[0].is_ok());
    let delivery = world.carry("x.example", "a b").await;
    assert!(delivery.carried.results.iter().all(Result::is_ok), "{delivery:?}");
    let hosts: Vec<_> = world.log.taken.lock().unwrap().iter().map(|taken| taken.host.to_string()).collect();
    assert_eq!(
        (hosts, delivery.tries.len()),
        (["127.0.0.1", "127.0.0.1", "127.0.0.2"].map(str::to_owned).to_vec(), 2)
    );
}

#[tokio::test]
async fn a_connection_that_was_kept_too_long_is_replaced() {
    let world = World::new(ZONE, "127.0.0.1: then close", Unlike::default()).await;
    for letters in 1..4 {
        assert!(world.carry("x.example", "a").await.carried.results[0].is_ok());
        assert_eq!(world.log.connections(), letters);
        until(|| world.log.open.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn hosts_that_decline_are_bounded() {
    let zone: String =
        (1..9).map(|n| format!("x.example MX {n} h{n}.example/h{n}.example A 127.0.0.{n}/")).collect();
    let hosts: Vec<String> = (1..9).map(|n| format!("127.0.0.{n}: rcpt 450 4.2.0 no")).collect();
    let unlike = Unlike { declines: Some(2), ..Unlike::default() };
    let world = World::new(&zone, &hosts.join("|"), unlike).await;
    let delivery = world.carry("x.example", "a").await;
    assert_eq!((delivery.tries.len(), world.log.connections()), (2, 2));
}

#[tokio::test]
async fn both_connections_of_a_failed_handshake_are_told() {
    let world = World::new(ZONE, "127.0.0.1: starttls broken", Unlike::default()).await;
    let delivery = world.carry("x.example", "a").await;
    assert!(delivery.carried.results[0].is_ok() && delivery.carried.tls.is_none());
    let [first, second] = delivery.tries.as_slice() else { panic!("{:?}", delivery.tries) };
    assert!(matches!(first.evidence.as_ref().unwrap().seen, Seen::Tls { .. }), "{first:?}");
    assert!(second.evidence.is_none());
    let told = delivery.carried.dialogue.unwrap();
    let said: Vec<&str> = told.lines.iter().map(|line| line.text.as_str()).collect();
    for text in ["STARTTLS", "without TLS", "250 2.0.0 taken"] {
        assert!(said.iter().any(|line| line.contains(text)), "{text}: {said:#?}");
    }
    assert_eq!(said.iter().filter(|line| line.starts_with("connecting to a.example[127.0.0.1]")).count(), 2);
    assert!(told.lines.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
}

#[tokio::test]
async fn the_dns_is_told_too() {
    let zone = "x.example MX 0 .";
    let world = World::new(zone, "", Unlike::default()).await;
    let delivery = world.carry("x.example", "a b").await;
    assert_eq!((delivery.fault, delivery.carried.results.len()), (Some(Fault::NullMx), 2));
    let told = delivery.carried.dialogue.unwrap();
    assert!(told.lines.iter().any(|line| line.by == Speaker::Note && line.text.contains("null MX")));
    let zone = "x.example MX 1 10.0.0.1/x.example MX 2 a.example/a.example A 127.0.0.1";
    let world = World::new(zone, "127.0.0.1: rcpt 450 4.2.0 no", Unlike::default()).await;
    let told = world.carry("x.example", "a").await.carried.dialogue.unwrap();
    assert!(told.lines[0].text.contains("10.0.0.1 is not the name of a host"), "{told:?}");
}

#[tokio::test]
async fn loopback_is_never_dialled_for_a_stranger() {
    let unlike = Unlike { public_only: true, ..Unlike::default() };
    let world = World::new(ZONE, "127.0.0.1|127.0.0.2", unlike).await;
    for domain in ["x.example", "[127.0.0.1]"] {
        let delivery = world.carry(domain, "a").await;
        assert!(matches!(delivery.fault, Some(Fault::Forbidden { .. })), "{delivery:?}");
    }
    assert_eq!(world.log.connections(), 0);
}
