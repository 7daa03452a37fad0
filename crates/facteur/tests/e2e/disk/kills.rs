//! Killed at every call by which something gets to the disk or to the network: nothing that was acknowledged is lost.

use super::{Brave, Faults, assert_whole, marked, sendmail, start};
use crate::support::server::Server;
use crate::support::sink::{Habits, Sink};
use crate::support::{millis_since, until};
use mail::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::chance::Chance;
use testkit::fault::{Fault, calls};
use testkit::proof;

/// Messages of one scenario: by SMTP on two connections, the rest by `sendmail`.
const BY_SMTP: usize = 16;
const BY_SENDMAIL: usize = 4;
/// Servers that are killed side by side.
const SIDE_BY_SIDE: usize = 4;
/// How soon a killed server serves again, at most.
const AGAIN_MS: i64 = 2_000;
/// How long after the last delivery its record is certainly written.
const RECORDED_MS: i64 = 500;

/// A server with its relay, ready to be killed again and again.
struct Bench {
    faults: Faults,
    server: Server,
    sink: Sink,
}

/// What a scenario heard.
#[derive(Default)]
struct Heard {
    /// By subject: the queue id, when the server said one.
    acknowledged: BTreeMap<String, Option<String>>,
    /// By subject: what may have been taken although nobody was told, and was perhaps given again.
    unsure: BTreeSet<String>,
}

impl Bench {
    fn new() -> Self {
        let sink = Sink::start(Habits::default());
        let mut server = Server::fresh("en", "");
        server.go();
        server.open_to_loopback();
        server.add_sink("sink", &sink, None);
        server.stop();
        Self { faults: Faults::new(), server, sink }
    }

    /// The scenario: twenty messages, some of them large, while mail leaves.
    fn scenario(&mut self, port: u16, tag: &str) -> Heard {
        let server = &self.server;
        let mut heard = Heard::default();
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..2).map(|half| scope.spawn(move || by_smtp(port, tag, half))).collect();
            for number in 0..BY_SENDMAIL {
                let size = if number == 0 { 140_000 } else { 600 };
                let name = format!("{tag} sendmail{number}");
                if sendmail(server, "b@rcpt.test", &marked(&name, size)).code == 0 {
                    heard.acknowledged.insert(format!("{name} {size}"), None);
                    heard.unsure.insert(format!("{name} {size}"));
                }
            }
            for client in clients {
                heard.acknowledged.extend(client.join().expect("a client"));
            }
        });
        heard
    }

    /// One run that is killed at a call. Gives whether the kill came before the scenario was over.
    fn run(&mut self, point: u64, lives: u64) -> bool {
        let tag = format!("p{point}-{lives}");
        self.sink.forget();
        let plan = self.faults.plan(&self.server, calls::PERSISTENCE).at(point, 1, Fault::Kill);
        let heard = match start(&mut self.server, &plan) {
            Some(port) => self.scenario(port, &tag),
            None => Heard::default(),
        };
        let died = self.killed_before_the_end(&heard);
        self.server.kill();
        self.check(&heard, &tag);
        died
    }

    /// Waits for the kill, or for the last delivery and what the server writes down of it: the late calls are theirs.
    fn killed_before_the_end(&mut self, heard: &Heard) -> bool {
        let end = Clock::System.now().plus_secs(10);
        let mut arrived_at = None;
        until("the kill, or the end", 20, || {
            let now = Clock::System.now();
            let arrived: BTreeSet<String> = self.sink.taken().iter().map(|taken| taken.subject()).collect();
            if heard.acknowledged.keys().all(|subject| arrived.contains(subject)) {
                arrived_at.get_or_insert(now);
            }
            let is_over =
                now > end || arrived_at.is_some_and(|at: mail::Timestamp| now.since_ms(at) > RECORDED_MS);
            let died = self.server.has_died();
            (died || is_over).then_some(died)
        })
    }

    fn check(&mut self, heard: &Heard, tag: &str) {
        let began = Clock::System.now();
        self.server.go_under(&[]).expect("it starts again");
        let took_ms = millis_since(began);
        assert!(took_ms < AGAIN_MS, "{tag}: it served again after {took_ms} ms");
        // What sendmail left in the drop folder is taken at the server's next look, so an empty queue is not the end.
        let end = Clock::System.now().plus_secs(20);
        until("all that was acknowledged, or time to say what is lost", 60, || {
            let arrived: BTreeSet<String> = self.sink.taken().iter().map(|taken| taken.subject()).collect();
            let all = heard.acknowledged.keys().all(|subject| arrived.contains(subject));
            (all || Clock::System.now() > end).then_some(())
        });
        self.server.until_idle(30);
        let log = self.server.log();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for taken in self.sink.taken() {
            let subject = taken.subject();
            assert_whole(&taken.content, &subject);
            *times.entry(subject).or_default() += 1;
        }
        for (subject, id) in &heard.acknowledged {
            let count = times.get(subject).copied().unwrap_or_default();
            assert!(count > 0, "{tag}: {subject} was acknowledged and is lost:\n{log}");
            let named = id.as_ref().is_some_and(|id| {
                log.lines().any(|line| line.contains("perhaps sent twice") && line.contains(id.as_str()))
            });
            let allowed = count == 1 || named || heard.unsure.contains(subject);
            assert!(allowed, "{tag}: {subject} came {count} times and nothing says so:\n{log}");
        }
        let checked = self.server.json(&["check"]);
        assert_eq!(checked["damages"].as_array().map(Vec::len), Some(0), "{tag}: {checked}");
        self.server.stop();
    }
}

fn by_smtp(port: u16, tag: &str, half: usize) -> BTreeMap<String, Option<String>> {
    let mut acknowledged = BTreeMap::new();
    let Some(mut client) = Brave::connect(port) else { return acknowledged };
    for number in 0..BY_SMTP / 2 {
        let size = if number == 3 { 140_000 } else { 400 + number * 100 };
        let name = format!("{tag} smtp{half}-{number}");
        match client.send("b@rcpt.test", &marked(&name, size)) {
            Some(said) => {
                let id = said.strip_prefix("250 2.0.0 Ok: queued as ");
                let id = id.unwrap_or_else(|| panic!("{name}: {said}")).to_owned();
                acknowledged.insert(format!("{name} {size}"), Some(id));
            }
            None => break,
        }
    }
    acknowledged
}

/// How many calls the scenario makes, from the start of the server to the end of its last delivery.
fn count_calls() -> u64 {
    let mut bench = Bench::new();
    let plan = bench.faults.plan(&bench.server, calls::PERSISTENCE);
    let port = start(&mut bench.server, &plan).expect("it starts");
    let heard = bench.scenario(port, "count");
    assert_eq!(heard.acknowledged.len(), BY_SMTP + BY_SENDMAIL, "without a kill all are taken");
    bench.server.until_idle(30);
    let counted = plan.counted();
    let subjects: BTreeSet<String> = bench.sink.taken().iter().map(|taken| taken.subject()).collect();
    assert_eq!(subjects.len(), bench.sink.count(), "without a kill nothing comes twice");
    bench.server.kill();
    counted
}

#[test]
fn killed_at_any_call_it_loses_nothing() {
    let seed = proof::seed();
    let most = count_calls();
    assert!(most > 600, "the scenario makes {most} calls");
    let points = Chance::of_seed(seed).spread(proof::count(60, 600), most);
    let (next, died) = (AtomicUsize::new(0), AtomicUsize::new(0));
    eprintln!("seed {seed}, {} points of {most} calls", points.len());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                let mut bench = Bench::new();
                while let Some(&point) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    died.fetch_add(usize::from(bench.run(point, seed)), Ordering::SeqCst);
                }
            });
        }
    });
    // The order of the calls is not the same in every run, so a late point may lie behind the end; most must not.
    let died = died.load(Ordering::SeqCst);
    assert!(died * 10 > points.len() * 8, "only {died} of {} were killed before the end", points.len());
    proof::passed(
        "A1",
        "crates/facteur/tests/e2e/disk/kills.rs::killed_at_any_call_it_loses_nothing",
        points.len() as u64,
        "kill points",
        Some(seed),
    );
}
