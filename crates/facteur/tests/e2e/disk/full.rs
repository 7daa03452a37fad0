//! A full disk: mail is refused for the time being, nothing is lost, and all goes on by itself once there is room.

use super::{Brave, Faults, assert_whole, marked, start};
use crate::support::program::need_root;
use crate::support::server::Server;
use crate::support::sink::{Habits, Sink};
use crate::support::{millis_since, until};
use mail::Clock;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::chance::Chance;
use testkit::fault::{Fault, calls};
use testkit::proof;

/// Messages of one run: every fourth is large.
const MESSAGES: usize = 24;
/// How soon mail is taken again once there is room.
const AGAIN_MS: i64 = 5_000;

fn size_of(number: usize) -> usize {
    if number % 4 == 3 { 140_000 } else { 500 }
}

/// Sends all; gives what was taken, and what was said to the rest.
fn send_all(port: u16, tag: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut taken, mut refused) = (BTreeSet::new(), Vec::new());
    let mut client = Brave::connect(port).expect("it listens");
    for number in 0..MESSAGES {
        let (name, size) = (format!("{tag} n{number}"), size_of(number));
        let said = client.send("b@rcpt.test", &marked(&name, size)).expect("an answer");
        if said.starts_with("250 ") {
            taken.insert(format!("{name} {size}"));
        } else {
            refused.push(said);
        }
    }
    (taken, refused)
}

/// Whether all that was taken arrives, whole and once.
fn check_arrived(server: &Server, sink: &Sink, taken: &BTreeSet<String>, what: &str) {
    server.until_idle(60);
    let mut arrived = BTreeSet::new();
    for letter in sink.taken() {
        assert_whole(&letter.content, &letter.subject());
        assert!(arrived.insert(letter.subject()), "{what}: {} came twice", letter.subject());
    }
    let lost: Vec<_> = taken.difference(&arrived).collect();
    assert_eq!(lost, Vec::<&String>::new(), "{what}: acknowledged and lost");
    assert_eq!(arrived.len(), taken.len(), "{what}: refused, and sent all the same");
}

fn waiting_server() -> Server {
    let mut server = Server::fresh("en", "");
    server.go();
    server.open_to_loopback();
    server.stop();
    server
}

fn check_point(faults: &Faults, point: u64) {
    let mut server = waiting_server();
    let armed = server.directory().join("armed");
    let plan = faults.plan(&server, calls::GROWTH).armed_by(&armed).at(point, 1, Fault::Full);
    let port = start(&mut server, &plan).expect("it starts");
    fs::write(&armed, "").expect("armed");
    let (taken, refused) = send_all(port, &format!("k{point}"));
    assert!(refused.len() <= 1, "one write failed, and it is one message that is refused: {refused:?}");
    for said in &refused {
        assert!(said.starts_with("452 4.3.1 "), "write {point}: {said}\n{}", server.log());
    }
    assert_eq!(taken.len() + refused.len(), MESSAGES);
    let sink = Sink::start(Habits::default());
    server.add_sink("sink", &sink, None);
    check_arrived(&server, &sink, &taken, &format!("write {point}"));
}

#[test]
fn a_write_that_finds_no_room_refuses_one_message() {
    let seed = proof::seed();
    let faults = Faults::new();
    let most = {
        let mut server = waiting_server();
        let armed = server.directory().join("armed");
        let plan = faults.plan(&server, calls::GROWTH).armed_by(&armed);
        let port = start(&mut server, &plan).expect("it starts");
        fs::write(&armed, "").expect("armed");
        assert_eq!(send_all(port, "count").1, Vec::<String>::new());
        plan.counted()
    };
    assert!(most >= 300, "{MESSAGES} messages take {most} writes");
    let points = Chance::of_seed(seed).spread(proof::count(10, most), most);
    eprintln!("seed {seed}, {} of {most} writes", points.len());
    for &point in &points {
        check_point(&faults, point);
    }
    let test = "crates/facteur/tests/e2e/disk/full.rs::a_write_that_finds_no_room_refuses_one_message";
    proof::passed("A7", test, points.len() as u64, "writes without room", Some(seed));
}

/// A file system of its own in memory, taken away in the end.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(at: &'a Path, mebibytes: u32) -> Self {
        let size = format!("size={mebibytes}m,mode=0700");
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "facteur-test"]).arg(at).status();
        assert!(status.is_ok_and(|status| status.success()), "a small file system");
        Self(at)
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Fills the disk to its last byte.
fn fill(data: &Path) {
    let ballast = fs::File::create(data.join("ballast")).expect("a file");
    let mut piece = 1 << 20;
    while piece > 0 {
        use std::io::Write as _;
        if (&ballast).write_all(&vec![1; piece]).is_err() {
            piece /= 16;
        }
    }
}

/// Sends from several clients until told to end. Gives what was taken and how often mail was refused.
fn load(port: u16, tag: &str, stop: &AtomicBool) -> (BTreeSet<String>, usize) {
    let (mut taken, mut refused, mut number) = (BTreeSet::new(), 0, 0);
    while !stop.load(Ordering::SeqCst) {
        let Some(mut client) = Brave::connect(port) else { continue };
        while !stop.load(Ordering::SeqCst) {
            number += 1;
            let (name, size) = (format!("{tag}-{number}"), size_of(number));
            match client.send("b@rcpt.test", &marked(&name, size)) {
                Some(said) if said.starts_with("250 ") => {
                    taken.insert(format!("{name} {size}"));
                }
                // Whoever is refused so often is asked to come again.
                Some(said) if said.starts_with("421 4.7.0 ") => break,
                Some(said) => {
                    assert!(said.starts_with("452 4.3.1 "), "{name}: {said}");
                    refused += 1;
                }
                None => break,
            }
        }
    }
    (taken, refused)
}

#[test]
fn a_full_disk_under_load_loses_nothing_and_recovers_by_itself() {
    need_root("a small file system is mounted");
    let fills = proof::count(2, 20);
    let sink = Sink::start(Habits::default());
    let mut server = Server::fresh("en", "");
    let data = server.data();
    let config = fs::read(data.join("facteur.toml")).expect("a configuration");
    let _small = Small::mount(&data, 160);
    fs::write(data.join("facteur.toml"), config).expect("a configuration");
    server.go();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let port = server.port(crate::support::server::Port::Submission);
    for round in 0..fills {
        sink.forget();
        // One long minute at the bar, the others short: what can go wrong goes wrong at the edges.
        let full_ms = if proof::at_the_bar() && round == 0 { 60_000 } else { 3_000 };
        let stop = AtomicBool::new(false);
        let (taken, refused) = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..3)
                .map(|client| {
                    let stop = &stop;
                    scope.spawn(move || load(port, &format!("r{round}c{client}"), stop))
                })
                .collect();
            until("mail leaves", 20, || (sink.count() > 5).then_some(()));
            fill(&data);
            // The room is looked at once a second.
            until("the status says so", 5, || {
                server.json(&["status"])["trouble"]["full"]["free_bytes"].as_u64()
            });
            let since = Clock::System.now();
            until("it was full for long enough", 120, || (millis_since(since) >= full_ms).then_some(()));
            fs::remove_file(data.join("ballast")).expect("room again");
            let freed = Clock::System.now();
            until("mail is taken again", 10, || {
                let mut client = Brave::connect(port).expect("it still listens");
                let said = client.send("b@rcpt.test", &marked(&format!("r{round}again"), 500))?;
                said.starts_with("250 ").then_some(())
            });
            let again_ms = millis_since(freed);
            assert!(again_ms < AGAIN_MS, "taken again only after {again_ms} ms");
            stop.store(true, Ordering::SeqCst);
            let results = clients.into_iter().map(|client| client.join().expect("a client"));
            results.fold((BTreeSet::new(), 0), |(mut all, refused), (taken, times)| {
                all.extend(taken);
                (all, refused + times)
            })
        });
        assert!(refused > 0, "nobody met the full disk");
        let mut taken = taken;
        taken.insert(format!("r{round}again 500"));
        check_arrived(&server, &sink, &taken, &format!("fill {round}"));
    }
    server.stop();
    let test =
        "crates/facteur/tests/e2e/disk/full.rs::a_full_disk_under_load_loses_nothing_and_recovers_by_itself";
    proof::passed("A7", test, fills, "full disks", None);
}
