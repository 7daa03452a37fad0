//! Passwords are guessed: from one address, from a thousand, at a thousand logins. The owner goes on.

use crate::support::program::{find, run_within};
use crate::support::server::{PASSWORD, Port, Server};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use testkit::proof;

const LOGIN: &str = "anne@own.test";
/// Refusals that are timed at first, of each kind.
const SAMPLES: u64 = 40;
/// Logins that exist, for the timing: each is guessed at forty times and no more.
const PEOPLE: u64 = 4;
/// What the scheduler of a busy machine does to a reply of a millisecond, whoever asks.
const NOISE_MS: f64 = 25.0;

/// The most moments within any stretch of that many seconds.
fn most_within(secs: f64, moments: &Value) -> usize {
    let moments: Vec<f64> = moments.as_array().expect("moments").iter().filter_map(Value::as_f64).collect();
    let within = |from: f64| moments.iter().filter(|at| **at >= from && **at < from + secs).count();
    moments.iter().map(|from| within(*from)).max().unwrap_or(0)
}

fn guess(server: &Server, tries: u64) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/hostile/guess.py");
    let mut command = Command::new(find("python3", "python3"));
    command.arg(script).arg(server.port(Port::Tls).to_string()).args([LOGIN, PASSWORD]);
    command.args([tries, SAMPLES].map(|number| number.to_string()));
    command.arg(server.port(Port::Submission).to_string());
    let limit_secs = if proof::at_the_bar() { 1_800 } else { 300 };
    let done = run_within(&mut command, b"", limit_secs);
    assert_eq!(done.code, 0, "{}\n{}", done.err, server.log());
    serde_json::from_str(&done.out).expect("a report")
}

#[test]
fn guesses_are_slowed_and_the_owner_is_not_locked_out() {
    let server = Server::start();
    server.ok("en", &["site", "add", "printer", "--network", "127.0.0.1/32", "--sender", "@site.test"]);
    server.add_person(LOGIN, &["@own.test"]);
    for number in 0..PEOPLE {
        server.add_person(&format!("person{number}@own.test"), &["@own.test"]);
    }
    let tries = proof::count(500, 30_000);
    let report = guess(&server, tries);
    eprintln!("timing {} other {} owner {}", report["timing"], report["other"], report["owner"]);
    let timing = &report["timing"];
    assert_eq!(timing["replies"].as_array().expect("replies").len(), 1, "the same bytes: {timing}");
    let [known, unknown] = ["known_ms", "unknown_ms"].map(|key| timing[key].as_f64().expect("a median"));
    assert!((known - unknown).abs() <= 0.05 * known.max(unknown), "the time tells who exists: {timing}");
    for (name, secs, most) in [
        ("one_address_one_login", 600.0, 10),
        ("many_addresses_one_login", 3_600.0, 100),
        ("one_address_many_logins", 600.0, 10),
    ] {
        let attack = &report["attacks"][name];
        let looked_at = most_within(secs, &attack["looked_at"]);
        eprintln!("{name}: {looked_at} looked at, said {}", attack["said"]);
        assert!((1..=most).contains(&looked_at), "{name}: {looked_at}");
        let said = attack["said"].as_object().expect("codes");
        assert!(said.keys().all(|code| code == "535" || code == "454"), "{name}: {said:?}");
        for text in attack["put_off"].as_array().expect("texts") {
            let text = text.as_str().expect("a text");
            assert!(text.starts_with("454 4.7.0 Too many wrong passwords"), "{name}: {text}");
        }
    }
    let [good, all] = ["good", "all"].map(|key| report["owner"][key].as_f64().expect("a count"));
    assert!(all >= 10.0 && good >= 0.99 * all, "the owner: {good} of {all}");
    let [calm, attacked] =
        ["calm_p99_ms", "p99_ms"].map(|key| report["other"][key].as_f64().expect("a time"));
    assert!(attacked < 2.0 * calm.max(NOISE_MS), "another client: {attacked} ms, {calm} ms before");
    check_shown(&server);
    proof::passed(
        "B10",
        "crates/facteur/tests/e2e/hostile/guesses.rs::guesses_are_slowed_and_the_owner_is_not_locked_out",
        tries,
        "guesses",
        None,
    );
}

/// The administrator sees who waits, and lets them go.
fn check_shown(server: &Server) {
    let status = server.ok("en", &["status"]);
    assert!(status.contains("Sign-in is slowed after wrong passwords in"), "{status}");
    let shown = server.ok("fr", &["sign-in", "list"]);
    assert!(
        shown.contains("127.200.1.0/24") && shown.contains("facteur sign-in lift 127.200.1.0/24"),
        "{shown}"
    );
    assert!(server.log().contains("too many wrong passwords from a network: it waits"), "{}", server.log());
    assert!(!server.log().contains(LOGIN), "what is typed as a login stays out of the log");
    assert!(server.ok("en", &["sign-in", "lift", "127.200.1.1"]).contains("one wait is over"));
    let lifted = server.ok("fr", &["sign-in", "lift", "--all"]);
    assert!(lifted.contains("C'est fait"), "{lifted}");
    assert!(server.ok("en", &["sign-in", "list"]).contains("Nobody has to wait"));
}
