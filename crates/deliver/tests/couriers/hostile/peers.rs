//! A peer that goes wrong at each point of the dialogue, in each way, and the state of the queue behind it.

use crate::hostile::ways::{by_relay, post, serve, while_silent};
use crate::relay::post::Post;
use explain::Place;
use mail::{Evidence, QueueId};
use std::sync::Arc;
use std::time::Duration;
use store::{History as _, RecipientState};
use testkit::hostile::smtp::{Capability, Mechanism, Script};
use testkit::hostile::{At, Fault, Paper};
use testkit::proof;

/// The ways of going wrong, in the order of the columns below.
const FAULTS: [Fault; 8] = [
    Fault::Drop,
    Fault::Reset,
    Fault::Stall,
    Fault::Say("450 4.3.0 Not now\r\n"),
    Fault::Say("550 5.3.0 Never\r\n"),
    Fault::SayAndDrop("421 4.3.2 Closing\r\n"),
    Fault::SayAndDrop("\u{1}\u{2} this is no SMTP at all\r\n"),
    Fault::Dribble,
];

/// A point of the dialogue, and what becomes of the first and of the second recipient for each fault:
/// `d`elivered, `w`aiting for the next attempt, `p`arked until the relay is well, `f`ailed.
const POINTS: &[(&str, &str)] = &[
    ("greeting", "pp pp pp pp pp pp pp dd"),
    ("ehlo", "pp pp pp pp pp pp pp dd"),
    ("starttls", "pp pp pp pp pp pp pp dd"),
    ("handshake", "pp pp pp pp pp pp pp dd"),
    ("ehlo-tls", "pp pp pp pp pp pp pp dd"),
    ("auth", "pp pp pp pp pp pp pp dd"),
    ("auth-end", "pp pp pp pp pp pp pp dd"),
    ("mail", "ww ww ww ww ff ww ww dd"),
    ("rcpt", "ww ww ww wd fd ww ww dd"),
    ("rcpt-2", "ww ww ww dw df ww ww dd"),
    ("data", "ww ww ww ww ff ww ww dd"),
    ("content", "ww ww ww ww ff ww ww dd"),
    ("end", "ww ww ww ww ff ww ww dd"),
    ("quit", "dd dd dd dd dd dd dd dd"),
];

/// How long silence is borne at a point, in seconds (RFC 5321 §4.5.3.2), as far as the RFC says.
fn patience(step: &str) -> std::ops::RangeInclusive<u64> {
    match step {
        "data" => 118..=122,
        // The content is small and written at once: what is waited for is the reply to its end.
        "content" | "end" => 597..=603,
        "quit" => 0..=8,
        // A farewell may come on top.
        _ => 296..=307,
    }
}

async fn state(post: &Post, id: QueueId) -> String {
    let message = post.store.story(id).await.unwrap().unwrap().message;
    let letter = |row: &store::RecipientRow| match row.state {
        RecipientState::Delivered => 'd',
        RecipientState::Failed => 'f',
        RecipientState::Waiting if row.closure.is_some() => 'p',
        RecipientState::Waiting if row.next_attempt_at > post.clock.now() && !row.leased => 'w',
        _ => '!',
    };
    message.recipients.iter().map(letter).collect()
}

/// Plays one cell; gives the state of both recipients, and what is wrong besides.
async fn cell(step: &'static str, fault: Fault) -> (String, Option<String>) {
    let mechanism = if step == "auth" { Mechanism::Login } else { Mechanism::Plain };
    let script = Script { capabilities_tls: vec![Capability::Auth(vec![mechanism])], ..Script::default() };
    let server = serve(script, Paper::Good, Some(At { step, fault }));
    let post = post(&server).await;
    let whole = async {
        let (batch, carried) = by_relay(&post).await;
        let id = batch.letter.id;
        let causes: Vec<_> =
            carried.results.iter().filter_map(|result| result.as_ref().err()).cloned().collect();
        let decided = post.queue.decide(batch, carried);
        post.queue.record(&decided).await.unwrap();
        let state = state(&post, id).await;
        // The connection is given up after a while: that is where QUIT is said.
        post.clock.advance(Duration::from_secs(60));
        post.courier.sweep().await;
        (state, causes)
    };
    let ((state, evidence), passed) = while_silent(&server, whole).await;
    let mut wrong = None;
    if fault == Fault::Stall && !patience(step).contains(&passed) {
        wrong = Some(format!("{step}: given up after {passed} s"));
    }
    // What a reply says in no known words is shown as it is, and called nothing.
    let mut unworded = evidence.iter().filter(|seen| seen.reply().is_none());
    let is_nameless =
        |seen: &&Arc<Evidence>| explain::judge(seen, Place::Relay).cause == explain::CauseId::UNKNOWN;
    let unknown = unworded.find(is_nameless);
    if let Some(unknown) = unknown {
        wrong = Some(format!("{step}: no cause for {unknown}"));
    }
    (state, wrong)
}

#[tokio::test]
async fn the_queue_is_right_wherever_and_however_a_peer_goes_wrong() {
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for (step, expected) in POINTS {
        let mut row = Vec::new();
        for fault in FAULTS {
            let (state, complaint) = cell(step, fault).await;
            wrong.extend(complaint);
            row.push(state);
            cells += 1;
        }
        let row = row.join(" ");
        if row != *expected {
            wrong.push(format!("    (\"{step}\", \"{row}\"),"));
        }
    }
    assert!(wrong.is_empty(), "of {cells} cells:\n{}", wrong.join("\n"));
    let test = "crates/deliver/tests/couriers/hostile/peers.rs::the_queue_is_right_wherever_and_however_a_peer_goes_wrong";
    proof::passed("C2", test, cells, "cells", None);
}
