//! Clocks that jump while mail waits: nothing is given up for it, nothing is tried in a hurry, and nothing spins.

use crate::support::program::find;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::proof;

/// The jumps, one after another, as libfaketime is told of them: against the real time, or to a moment.
const JUMPS: &[(&str, &str)] = &[
    ("an hour on", "+3600"),
    ("an hour back", "+0"),
    ("an hour back again", "-3600"),
    ("six days on", "+518400"),
    ("a year back", "-31536000"),
    ("into a leap day", "@2028-02-28 23:59:58"),
    ("out of a leap day", "@2028-02-29 23:59:58"),
    ("into summer time", "@2028-03-26 00:59:58"),
    ("out of summer time", "@2028-10-29 00:59:58"),
    ("into a new year", "@2028-12-31 23:59:58"),
    ("past 2038", "@2038-01-19 03:14:06"),
    ("back to now", "+0"),
];
/// What a server that has nothing to do may use of one processor, in hundredths.
const IDLE_PERCENT: u64 = 5;

fn library() -> PathBuf {
    find("faketime", "faketime");
    let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
    let of = |place: &&str| Path::new(place).join("faketime/libfaketimeMT.so.1");
    places.iter().map(of).find(|path| path.exists()).expect("the library of the package faketime")
}

/// The least and the most attempts of the mail that waits, and how many recipients wait.
fn attempts(server: &Server) -> (u32, u32, i64) {
    let conn = Connection::open_with_flags(
        server.data().join("facteur.db"),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    );
    let conn = conn.expect("the database");
    conn.busy_timeout(Duration::from_secs(10)).expect("patience");
    // The notices that tell its sender of the delay are mail of their own.
    let ask = "SELECT ifnull(min(attempts), 0), ifnull(max(attempts), 0), count(*) FROM recipients
               JOIN messages ON messages.id = recipients.message_id WHERE place IN (0, 2) AND sender LIKE '%a@first.test%'";
    conn.query_row(ask, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("counts")
}

/// The time on a processor that a process has used, in hundredths of a second.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].iter().filter_map(|&field| fields.get(field)?.parse::<u64>().ok()).sum()
}

/// Looks until the server does next to nothing for two seconds, and tries nothing. Fails when it never does.
#[track_caller]
fn until_at_rest(server: &Server, when: &str) {
    until(&format!("{when}: a server at rest"), 240, || {
        let (tried, used) = (attempts(server), ticks(server.pid()));
        std::thread::sleep(Duration::from_secs(2));
        let used = ticks(server.pid()) - used;
        (attempts(server) == tried && used <= 2 * IDLE_PERCENT).then_some(())
    });
}

/// Sends mail, which the relay puts off for as long as the test goes on.
fn fill(server: &Server, messages: u64) {
    let port = server.port(Port::Submission);
    let mut client = crate::support::client::Client::connect(port);
    for number in 0..messages {
        let content = crate::support::client::letter(&format!("waits {number}"));
        assert!(client.send("a@first.test", "b@rcpt.test", &content).starts_with("250 "));
    }
    until("every first attempt", 240, || (attempts(server).0 >= 1).then_some(()));
}

#[test]
fn a_clock_that_jumps_bounces_nothing() {
    let messages = proof::count(150, 1_000);
    let sink = Sink::start(Habits { recipients_told: Some("451 4.3.0 Not now"), ..Habits::default() });
    let mut server = Server::fresh("en", "");
    // Where a confined server may read.
    let clock = server.data().join("clock");
    fs::write(&clock, "+0\n").expect("a clock");
    let (library, file) = (library(), clock.display().to_string());
    let variables = [
        ("LD_PRELOAD", library.to_str().expect("a plain path")),
        ("FAKETIME_TIMESTAMP_FILE", &file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("TZ", "Europe/Paris"),
    ];
    server.go_under(&variables).expect("it starts");
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    fill(&server, messages);
    let waiting = i64::try_from(messages).expect("a few");
    for (number, (what, jump)) in JUMPS.iter().enumerate() {
        let (_, before, count) = attempts(&server);
        assert_eq!(count, waiting, "before {what}");
        fs::write(&clock, format!("{jump}\n")).expect("a clock");
        // A person who looks at one message wakes the queue at once; by itself it looks within half a minute.
        let one = server.waiting()[number]["id"].as_str().expect("an id").to_owned();
        server.ok("en", &["queue", "retry", &one]);
        until_at_rest(&server, what);
        let (_, after, count) = attempts(&server);
        assert_eq!(count, waiting, "{what}: mail was given up");
        assert!(after <= before + 1, "{what}: {before} attempts, then {after}");
    }
    assert_eq!(attempts(&server).2, waiting);
    let test = "crates/facteur/tests/e2e/disk/clocks.rs::a_clock_that_jumps_bounces_nothing";
    proof::passed("C3", test, JUMPS.len() as u64, "jumps", None);
}
