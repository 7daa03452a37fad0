//! Hosts that fall silent in the middle: how long each silence is borne, what it counts as, and who gets the letter then.

use crate::direct::carrying::until;
use crate::direct::host::{Unlike, World};
use deliver::direct::Delivery;
use explain::Place;
use mail::Seen;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What the host does, the stage and the cause that come of it, and how many seconds it may be silent
/// (RFC 5321 §4.5.3.2).
const STALLS: &[(&str, &str, &str, u64)] = &[
    ("greeting mute", "greeting", "greeting_timeout", 300),
    ("ehlo mute", "ehlo", "conversation_timeout", 300),
    ("starttls ok; ehlo-tls mute", "ehlo", "conversation_timeout", 300),
    ("mail mute", "mail", "conversation_timeout", 300),
    ("rcpt mute", "rcpt", "conversation_timeout", 300),
    ("data mute", "data", "conversation_timeout", 120),
    ("end mute", "end_of_data", "conversation_timeout", 600),
];

const ONE: &str = "x.example MX 10 a.example/a.example A 127.0.0.1";
const TWO: &str =
    "x.example MX 10 a.example/a.example A 127.0.0.1/x.example MX 20 b.example/b.example A 127.0.0.2";

/// Carries the letter to a world with a host that falls silent, and lets the time pass that it may; that is a moment for
/// the test, whose clock stands still but for these steps. Sockets are real, so that it runs while they are at work.
async fn carry(zone: &str, hosts: &str, secs: u64) -> (World, Delivery) {
    let world = Arc::new(World::new(zone, hosts, Unlike::default()).await);
    let carried = Arc::clone(&world);
    let letter = tokio::spawn(async move { carried.carry("x.example", "a").await });
    until(|| world.log.muted.load(Ordering::SeqCst) > 0).await;
    tokio::time::pause();
    let mut passed = 0;
    // Second by second, since the letter's own clock may begin a moment later.
    while !letter.is_finished() && passed < secs + 2 {
        tokio::time::advance(Duration::from_secs(1)).await;
        passed += 1;
    }
    assert!(passed >= secs - 1, "{hosts}: given up after {passed} s");
    tokio::time::resume();
    let delivery = tokio::time::timeout(Duration::from_secs(10), letter).await;
    let delivery = delivery.unwrap_or_else(|_| panic!("{hosts}: not given up after {passed} s")).unwrap();
    (Arc::into_inner(world).unwrap(), delivery)
}

#[tokio::test]
async fn silence_ends_in_its_time_with_its_cause() {
    let mut wrong = Vec::new();
    for (script, stage, cause, secs) in STALLS {
        let (_, delivery) = carry(ONE, &format!("127.0.0.1: {script}"), *secs).await;
        let evidence = delivery.carried.results[0].as_ref().unwrap_err();
        let at = serde_json::to_value(evidence.stage).unwrap();
        let verdict = explain::judge(evidence, Place::Direct);
        let is = format!("{} {}", at.as_str().unwrap(), verdict.cause.as_str());
        let waits = matches!(evidence.seen, Seen::Timeout { .. }) && !verdict.effect.is_final();
        if is != format!("{stage} {cause}") || !waits || delivery.carried.dialogue.is_none() {
            wrong.push(format!("{script}: {is}, {:?}", evidence.seen));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_next_host_gets_what_a_silent_one_did_not_take() {
    for (script, stage, _, secs) in STALLS {
        let (world, delivery) = carry(TWO, &format!("127.0.0.1: {script}|127.0.0.2"), *secs).await;
        let hosts: Vec<String> =
            world.log.taken.lock().unwrap().iter().map(|taken| taken.host.to_string()).collect();
        // RFC 5321 §4.5.3.2.6: after the end of data the silent host may have the letter.
        let expected: &[&str] = if *stage == "end_of_data" { &[] } else { &["127.0.0.2"] };
        assert_eq!(hosts, expected, "{script}");
        assert_eq!(delivery.carried.results[0].is_ok(), !expected.is_empty(), "{script}");
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_done_without() {
    let (world, delivery) = carry(ONE, "127.0.0.1: starttls mute", 300).await;
    assert!(delivery.carried.results[0].is_ok(), "{delivery:?}");
    let [first, second] = delivery.tries.as_slice() else { panic!("{:?}", delivery.tries) };
    assert!(matches!(first.evidence.as_ref().unwrap().seen, Seen::Timeout { .. }), "{first:?}");
    assert!(second.evidence.is_none() && !world.log.taken.lock().unwrap()[0].tls);
}
