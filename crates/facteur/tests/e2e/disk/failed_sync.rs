//! A sync that fails: nothing is acknowledged after it, everybody is told, and what was acknowledged before is there.

use super::{Brave, Faults, assert_whole, marked, start};
use crate::support::server::Server;
use crate::support::sink::{Habits, Sink};
use std::collections::BTreeSet;
use std::fs;
use testkit::chance::Chance;
use testkit::fault::{Fault, calls};
use testkit::proof;

/// Messages that are tried: every third is large, and has a file of its own.
const MESSAGES: usize = 36;

fn size_of(number: usize) -> usize {
    if number % 3 == 2 { 140_000 } else { 500 }
}

/// A server without a relay, so that its syncs are those of what comes in.
fn waiting_server() -> Server {
    let mut server = Server::fresh("en", "");
    server.go();
    server.open_to_loopback();
    server.stop();
    server
}

/// Sends until the end. Gives the subjects that were taken; fails when one is taken after a refusal.
fn send_all(server: &Server, port: u16, tag: &str) -> (BTreeSet<String>, Option<String>) {
    let (mut taken, mut refusal) = (BTreeSet::new(), None);
    let mut client = Brave::connect(port).expect("it listens");
    for number in 0..MESSAGES {
        let name = format!("{tag} n{number}");
        let size = size_of(number);
        let said = client.send("b@rcpt.test", &marked(&name, size)).expect("an answer");
        if said.starts_with("250 ") {
            assert_eq!(refusal, None, "{name} was taken after a refusal:\n{}", server.log());
            taken.insert(format!("{name} {size}"));
        } else {
            refusal.get_or_insert(said);
        }
    }
    (taken, refusal)
}

/// How many syncs the messages take.
fn count_syncs(faults: &Faults) -> u64 {
    let mut server = waiting_server();
    let armed = server.directory().join("armed");
    let plan = faults.plan(&server, calls::SYNCS).armed_by(&armed);
    let port = start(&mut server, &plan).expect("it starts");
    fs::write(&armed, "").expect("armed");
    let (taken, refusal) = send_all(&server, port, "count");
    assert_eq!((taken.len(), refusal), (MESSAGES, None));
    plan.counted()
}

/// Whether a sync of that number failed: messages that wait share one, so that there are fewer when the machine is busy.
fn check(faults: &Faults, point: u64) -> bool {
    let mut server = waiting_server();
    let armed = server.directory().join("armed");
    // This one fails, and whoever asks again is told that all is well: that answer must not be believed.
    let plan = faults.plan(&server, calls::SYNCS).armed_by(&armed).at(point, 1, Fault::Broken);
    let port = start(&mut server, &plan).expect("it starts");
    fs::write(&armed, "").expect("armed");
    let (taken, refusal) = send_all(&server, port, &format!("k{point}"));
    let Some(refusal) = refusal else {
        assert!(plan.counted() < point, "sync {point} failed and nobody was told");
        return false;
    };
    assert!(refusal.starts_with("451 4.3.0 "), "{refusal}");
    if point % 5 == 1 {
        check_words(&server, port);
    }
    server.kill();
    let sink = Sink::start(Habits::default());
    server.go_under(&[]).expect("it starts again");
    server.add_sink("sink", &sink, None);
    server.until_idle(30);
    let mut arrived = BTreeSet::new();
    // What the drop folder took meanwhile comes too.
    for letter in sink.taken().into_iter().filter(|letter| !letter.subject().starts_with("by hand")) {
        assert_whole(&letter.content, &letter.subject());
        assert!(arrived.insert(letter.subject()), "{} came twice", letter.subject());
    }
    let lost: Vec<_> = taken.difference(&arrived).collect();
    assert_eq!(lost, Vec::<&String>::new(), "acknowledged before sync {point} failed, and lost");
    // What was refused may have got there all the same: one message at most, whose commit was under way.
    assert!(arrived.len() <= taken.len() + 1, "{arrived:?} and not {taken:?}");
    true
}

/// Every place where somebody looks says what is the matter.
fn check_words(server: &Server, port: u16) {
    let mut client = Brave::connect(port).expect("it still listens");
    let said = client.send("b@rcpt.test", &marked("late", 500)).expect("an answer");
    assert!(said.contains("disk of this server has failed"), "{said}");
    assert_eq!(
        server.json(&["status"])["trouble"]["read_only"]["detail"].as_str().map(str::is_empty),
        Some(false)
    );
    for (locale, words) in [("en", "The disk has failed"), ("fr", "Le disque a failli")] {
        let status = server.ok(locale, &["status"]);
        assert!(status.contains(words), "{status}");
        let changed = server.ask(locale, &["account", "add", "late@first.test"], b"");
        assert_ne!(changed.code, 0, "nothing is written any more: {changed:?}");
    }
    let by_hand = super::sendmail(server, "b@rcpt.test", &marked("by hand", 500));
    assert_eq!(by_hand.code, 0, "the drop folder takes it, and syncs it itself: {by_hand:?}");
    let log = server.log();
    assert_eq!(
        log.matches("the store only reads until the server starts again").count(),
        1,
        "the log says it once:\n{log}"
    );
}

#[test]
fn nothing_is_acknowledged_after_a_failed_sync() {
    let seed = proof::seed();
    let faults = Faults::new();
    let most = count_syncs(&faults);
    assert!(most >= 60, "{MESSAGES} messages take {most} syncs");
    let points = Chance::of_seed(seed).spread(proof::count(10, most), most);
    eprintln!("seed {seed}, {} of {most} syncs", points.len());
    let failed = points.iter().filter(|point| check(&faults, **point)).count();
    // The last ones may not come; the others must.
    assert!(failed * 10 >= points.len() * 9, "{failed} of {} syncs failed", points.len());
    proof::passed(
        "A6",
        "crates/facteur/tests/e2e/disk/failed_sync.rs::nothing_is_acknowledged_after_a_failed_sync",
        failed as u64,
        "failed syncs",
        Some(seed),
    );
}
