//! The data folder that each release left is opened by this program: everything is found again, and the mail leaves.
//!
//! `data-folders/make` says how a folder came to be. None is ever changed; a release adds one.

use crate::support::server::Server;
use crate::support::sink::{Habits, Sink};
use crate::support::tongue::replies;
use crate::support::until;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::Clock;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use testkit::proof;

const LOGIN: &str = "boutique";
const RIGHT: &str = "le bon mot de passe";
/// The folders, each with its body that is too large for a row, and the notices that it owes.
const FOLDERS: &[(&str, &str, usize)] = &[
    ("0.1.0", "bodies/8d/8dce76c1ee92bfc9df3bbed234d27730", 0),
    // As the program left it before contents had sums, and when it had learnt to tell senders.
    ("schema-2", "bodies/0d/0d38f4c5bd2eedbb2182b1a09f253a16", 1),
];
const ANNE: (&str, &str) = ("anne@first.test", "mot de passe d'Anne");

fn folder(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data-folders").join(release)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Mail expires within days: the times of the queue are moved to where they would be if the server had been killed just
/// now. The log that SQLite had to recover after the kill stays as it is.
fn bring_to_today(data: &Path) {
    let conn = Connection::open(data.join("facteur.db")).expect("the database");
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).expect("the log is kept");
    let newest: i64 =
        conn.query_row("SELECT max(received_at) FROM messages", [], |row| row.get(0)).expect("a message");
    let passed = Clock::System.now().0 - newest;
    let moved = format!(
        "UPDATE messages SET received_at = received_at + {passed};
         UPDATE recipients SET next_attempt_at = next_attempt_at + {passed}, expires_at = expires_at + {passed},
             since = since + {passed}, parked_since = parked_since + {passed}, wake_at = wake_at + {passed};
         UPDATE closures SET since = since + {passed}, reopen_at = reopen_at + {passed};
         UPDATE open_messages SET finished_at = finished_at + {passed} WHERE finished_at > 0;"
    );
    conn.execute_batch(&moved).expect("the times are moved");
}

/// The messages that are not over, by their subject, which is also what their sender or recipient is called.
fn waiting(server: &Server) -> BTreeMap<String, Value> {
    let name = |message: &Value| {
        let part = |text: &Value| text.as_str().and_then(|text| text.split('@').next()).map(str::to_owned);
        match part(&message["recipients"][0]["address"]).expect("a recipient") {
            to if to == "b" => part(&message["from"]).expect("a sender"),
            to => to,
        }
    };
    server.waiting().into_iter().map(|message| (name(&message), message)).collect()
}

#[test]
fn folders_of_former_programs_open_and_their_mail_leaves() {
    for &(release, large, notices) in FOLDERS {
        check_folder(release, large, notices);
    }
    let test =
        "crates/facteur/tests/e2e/data_folders.rs::folders_of_former_programs_open_and_their_mail_leaves";
    proof::passed("A13", test, FOLDERS.len() as u64, "folders", None);
}

#[track_caller]
fn check_folder(release: &str, large: &str, notices: usize) {
    let mut server = Server::fresh("fr", "");
    copy(&folder(release), &server.data());
    assert!(server.data().join("facteur.db-wal").exists(), "what was not tidied up is part of the test");
    assert!(server.data().join(large).exists(), "a body in a file of its own");
    bring_to_today(&server.data());
    server.go();
    until("the start says what was in flight", 5, || {
        Some(server.log()).filter(|log| log.contains("il peut arriver deux fois"))
    });
    let found = waiting(&server);
    assert_eq!(
        found.keys().map(String::as_str).collect::<Vec<_>>(),
        ["defer", "held", "large", "parked", "silent"],
    );
    let of = |name: &str, what: &str| found[name]["recipients"][0][what].clone();
    assert_eq!(of("held", "state"), "held");
    assert_eq!(of("parked", "reason")["cause"], "auth_bad_credentials");
    assert_eq!(of("defer", "reason")["cause"], "greylisted");
    check_directory(&server);
    // The relays moved: the one keeps its sealed password, the other gets the right one.
    let sink = Sink::start(Habits { sign_in: Some((LOGIN, RIGHT)), ..Habits::default() });
    let port = sink.port.to_string();
    for relay in ["good", "broken"] {
        server.ok("fr", &["relay", "change", relay, "--port", &port]);
    }
    server.give("fr", &["relay", "password", "broken", "--password-stdin"], RIGHT);
    server.ok("fr", &["queue", "release", "--all"]);
    server.ok("fr", &["queue", "retry", "--all"]);
    let taken = sink.until_taken(5 + notices, 30);
    server.until_idle(20);
    let mut subjects: Vec<String> = taken.iter().map(|taken| taken.subject()).collect();
    subjects.sort();
    assert!(subjects.drain(..notices).all(|subject| subject.starts_with("=?utf-8?")), "notices come first");
    assert_eq!(subjects, ["deferred", "held", "in flight", "large", "parked"], "each once, and nothing else");
    let large = taken.iter().find(|taken| taken.subject() == "large").expect("it came");
    let line = b"Une ligne de plus.\r\n";
    assert_eq!(large.content.windows(line.len()).filter(|part| part == line).count(), 7_500);
    assert_eq!(server.json(&["check"])["damages"], serde_json::json!([]), "{release}");
}

#[track_caller]
fn check_directory(server: &Server) {
    let names = |list: &[&str], field: &str| -> Vec<String> {
        let list = server.json(list);
        let name = |row: &Value| row[field].as_str().expect("a name").to_owned();
        list.as_array().expect("a list").iter().map(name).collect()
    };
    assert_eq!(names(&["relay", "list"], "name"), ["broken", "good"]);
    assert_eq!(names(&["site", "list"], "name"), ["boutique", "here"]);
    assert_eq!(names(&["account", "list"], "login"), ["admin", "anne@first.test"]);
    assert_eq!(server.json(&["status"])["relays"][0]["state"], "closed");
    let listeners = server.json(&["status"])["listeners"].clone();
    let port = listeners[0]["address"].as_str().and_then(|text| text.rsplit(':').next()?.parse().ok());
    let auth = STANDARD.encode(format!("\0{}\0{}", ANNE.0, ANNE.1));
    let auth = format!("AUTH PLAIN {auth}");
    let said = replies(port.expect("a port"), "starttls", &[&auth]);
    assert!(said[0].starts_with("235 "), "a password of then: {said:?}");
}
