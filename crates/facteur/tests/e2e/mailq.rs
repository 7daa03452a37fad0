//! What scripts read: `check_mailq` of monitoring-plugins, Postfix's own `mailq` and `postqueue -j` for the same state.

use crate::support::client::{Client, letter};
use crate::support::postfix::Postfix;
use crate::support::program::{FACTEUR, find, need_root, run};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// What the relay of these tests tells every recipient.
const GREYLISTED: &str = "450 4.2.0 Greylisted, please come back in 300 seconds";

/// Runs `check_mailq` in a file system of its own, where `/usr/bin/mailq` is ours. Its path is fixed in the plugin.
fn check_mailq(server: &Server, options: &[&str]) -> (i32, String) {
    need_root("check_mailq calls /usr/bin/mailq, and only root can put another program there for it");
    let plugin = find("check_mailq", "monitoring-plugins-standard");
    let script = "mount --bind \"$0\" /usr/bin/mailq && exec \"$@\"";
    let mut command = Command::new(find("unshare", "util-linux"));
    command.args(["--mount", "/bin/sh", "-c", script, FACTEUR]).arg(plugin).args(options);
    command.env("FACTEUR_DATA", server.data()).env("LC_ALL", "fr");
    let done = run(&mut command, b"");
    (done.code, format!("{}{}", done.out, done.err))
}

#[test]
fn check_mailq_reads_our_queue() {
    let server = Server::start();
    server.open_to_loopback();
    let options = ["-M", "postfix", "-w", "2", "-c", "4"];
    let (ok, warning, critical) = (0, 1, 2);
    let (code, said) = check_mailq(&server, &options);
    assert_eq!(code, ok, "{said}");
    assert!(said.contains("queue is empty"), "{said}");
    let mut client = Client::connect(server.port(Port::Submission));
    for (waiting, expected) in [(1, ok), (2, warning), (3, warning), (4, critical), (5, critical)] {
        assert!(client.send("a@first.test", "b@rcpt.test", &letter("waits")).starts_with("250 "));
        let (code, said) = check_mailq(&server, &options);
        assert_eq!(code, expected, "{waiting} waiting: {said}");
        assert!(said.contains(&waiting.to_string()), "{said}");
    }
}

/// Both queues hold the same: one message to two recipients that a relay asked to come back.
fn same_state() -> (Sink, Server, Postfix) {
    let sink = Sink::start(Habits { recipients_told: Some(GREYLISTED), ..Habits::default() });
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let postfix = Postfix::sender(sink.port);
    for port in [server.port(Port::Submission), postfix.port] {
        let mut client = Client::connect(port);
        client.expect("MAIL FROM:<a@first.test>", "250");
        client.expect("RCPT TO:<b@rcpt.test>", "250");
        client.expect("RCPT TO:<c@rcpt.test>", "250");
        assert!(client.content(&letter("waits")).starts_with("250 "));
    }
    until("facteur has tried", 20, || server.ok("C", &["mailq"]).contains("Greylisted").then_some(()));
    until("postfix has tried", 20, || {
        postfix.program("postqueue", &["-p"]).contains("Greylisted").then_some(())
    });
    (sink, server, postfix)
}

/// A listing with what differs between two queues of the same state made the same: the id, the size, the time. Each
/// column keeps its place, or the listings differ.
fn normal(listing: &str) -> String {
    let normal = |line: &str| {
        if !line.ends_with(" a@first.test") {
            return line.to_owned();
        }
        let (id, rest) = line.split_at(17);
        let (size, rest) = rest.split_at(9);
        let (time, sender) = rest.split_at(20);
        let id = if id.trim_end().chars().all(|c| c.is_ascii_alphanumeric()) { "id" } else { id };
        let size = size.replace(|c: char| c.is_ascii_digit(), "9");
        // `Sun Nov 22 05:30:28` behind a space.
        let shape: String = time.chars().map(|c| if c.is_ascii_alphanumeric() { 'x' } else { c }).collect();
        format!("{id}|{size}|{shape}|{sender}")
    };
    listing.lines().map(normal).collect::<Vec<_>>().join("\n")
}

#[test]
fn mailq_is_postfixs_for_the_same_state() {
    let (_sink, server, postfix) = same_state();
    let theirs = postfix.program("postqueue", &["-p"]);
    for ours in [server.ok("C", &["mailq"]), server.ok("C", &["postqueue", "-p"])] {
        assert_eq!(normal(&ours), normal(&theirs), "ours:\n{ours}\ntheirs:\n{theirs}");
    }
    // With a language, the cause stands in front of the raw words, and the last line stays.
    let french = server.ok("fr", &["mailq"]);
    assert!(french.contains(GREYLISTED), "{french}");
    assert_eq!(french.lines().last(), theirs.lines().last());
    assert_ne!(french, server.ok("en", &["mailq"]));
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn postqueue_j_has_postfixs_members() {
    let (_sink, server, postfix) = same_state();
    let read = |lines: String| -> Vec<Value> {
        lines.lines().map(|line| serde_json::from_str(line).expect("a line is an object")).collect()
    };
    let ours = read(server.ok("C", &["postqueue", "-j"]));
    let theirs = read(postfix.program("postqueue", &["-j"]));
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    let (ours, theirs) = (&ours[0], &theirs[0]);
    assert!(members(ours).is_superset(&members(theirs)), "{ours}\n{theirs}");
    for member in ["queue_name", "sender", "forced_expire"] {
        assert_eq!(ours[member], theirs[member], "{member}");
    }
    let between = ours["arrival_time"].as_i64().zip(theirs["arrival_time"].as_i64());
    assert!(between.is_some_and(|(ours, theirs)| (ours - theirs).abs() < 60), "{ours}\n{theirs}");
    for index in [0, 1] {
        let (ours, theirs) = (&ours["recipients"][index], &theirs["recipients"][index]);
        assert!(members(ours).is_superset(&members(theirs)), "{ours}\n{theirs}");
        assert_eq!(ours["address"], theirs["address"]);
        assert_eq!(ours["delay_reason"], theirs["delay_reason"]);
    }
    server.ok("C", &["postqueue", "-f"]);
    until("all is deleted", 10, || {
        // What is being sent at that moment is not deleted.
        server.ok("C", &["queue", "delete", "--all"]);
        server.waiting().is_empty().then_some(())
    });
    assert_eq!(server.ok("C", &["postqueue", "-j"]), "", "an empty queue prints nothing");
}
