//! The mail log: lines that a real Postfix could have written, read by the programs that read such logs.

use crate::support::client::{Client, letter};
use crate::support::program::{Done, find, run};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::tongue::replies;
use crate::support::until;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn log_of(server: &Server) -> PathBuf {
    server.data().join("mail.log")
}

#[track_caller]
fn until_logged(server: &Server, text: &str, count: usize) -> String {
    until(&format!("{count} times “{text}” in the mail log"), 10, || {
        let log = fs::read_to_string(log_of(server)).unwrap_or_default();
        (log.matches(text).count() >= count).then_some(log)
    })
}

/// A line without what differs from message to message: its time, numbers, ids, addresses and what a server said.
fn shape(line: &str) -> String {
    let mut rest = line.splitn(5, ' ').nth(4).unwrap_or_default().to_owned();
    for (open, close) in [('[', ']'), ('<', '>'), ('(', ')')] {
        // What a server said holds parentheses of its own: its end is the last one.
        while let Some(start) = rest.find(open)
            && !rest.get(start..).unwrap_or_default().starts_with(&format!("{open}{close}"))
        {
            let tail = rest.get(start..).unwrap_or_default();
            let end = if open == '(' { tail.rfind(close) } else { tail.find(close) };
            let Some(end) = end else { break };
            let marker = if open == '[' { "#" } else { "~" };
            rest.replace_range(start..=start + end, marker);
        }
    }
    let words = rest.split_inclusive([' ', ',', '=']);
    let plain = words.map(|word| {
        let known = word.trim_end_matches([' ', ',', '=', ':']);
        let is_id = known.len() >= 10 && known.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_number = known.bytes().all(|b| b.is_ascii_digit() || b"./".contains(&b)) && !known.is_empty();
        let is_relay = known.ends_with('#') || known.contains("#:");
        match (is_id && known.bytes().any(|b| b.is_ascii_digit()), is_number, is_relay) {
            (true, _, _) => word.replace(known, "ID"),
            (_, true, _) => word.replace(known, "N"),
            (_, _, true) if word.contains('.') => word.replace(known, "RELAY"),
            _ => word.to_owned(),
        }
    });
    plain.collect()
}

/// What the log of a real Postfix says, as shapes.
fn golden() -> BTreeSet<String> {
    include_str!("golden/postfix-maillog.txt").lines().map(shape).collect()
}

/// Mail that is delivered, deferred, refused and held, and people who cannot sign in.
fn busy_server(more: &str) -> (Server, Sink) {
    let good = Sink::start(Habits::default());
    let told = |reply| Sink::start(Habits { recipients_told: Some(reply), ..Habits::default() });
    let (later, never) = (told("450 4.2.0 Greylisted, come back later"), told("550 5.1.1 User unknown"));
    let mut server = Server::fresh("en", more);
    server.go();
    server.open_to_loopback();
    for (name, sink) in [("good", &good), ("later", &later), ("never", &never)] {
        server.add_sink(name, sink, None);
        server.ok("en", &["route", "set", name, "--domain", &format!("{name}.test")]);
    }
    let mut client = Client::connect(server.port(Port::Submission));
    for (count, domain) in [(3, "good.test"), (2, "later.test"), (1, "never.test")] {
        for number in 0..count {
            let reply =
                client.send(&format!("a@{domain}"), "b@rcpt.test", &letter(&format!("number {number}")));
            assert!(reply.starts_with("250 "), "{reply}");
        }
    }
    let wrong = STANDARD.encode("\0nobody\0nothing at all");
    let said = replies(server.port(Port::StartTls), "starttls", &[&format!("AUTH PLAIN {wrong}")]);
    assert!(said[0].starts_with("535 "), "{said:?}");
    (server, good)
}

#[track_caller]
fn read_by(program: &str, package: &str, arguments: &[&str], log: &Path) -> Done {
    let done = run(Command::new(find(program, package)).args(arguments).arg(log).env("LC_ALL", "C"), b"");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    done
}

#[test]
fn the_lines_are_those_of_postfix_and_its_readers_count_right() {
    let (server, _good) = busy_server("");
    until_logged(&server, "status=", 6);
    server.ok("en", &["queue", "hold", "--sender", "a@later.test"]);
    server.ok("en", &["send", "b@rcpt.test", "--from", "a@good.test", "--no-follow"]);
    // Three, the test mail, and the notice of what was refused.
    until_logged(&server, "status=sent", 5);
    let log = until_logged(&server, "placed on hold", 2);
    let known = golden();
    for line in log.lines() {
        let ours = shape(line);
        // The real one was given its mail by sendmail alone, and nobody signed in there.
        let over_smtp = ours.starts_with("postfix/smtpd#: ");
        assert!(over_smtp || known.contains(&ours), "Postfix has no line like\n{line}\n{ours}\n{known:#?}");
    }
    assert_eq!(log.matches(": client=unknown[127.0.0.1]").count(), 6, "{log}");
    assert_eq!(log.matches(": removed").count(), 6, "delivered five times, bounced once:\n{log}");
    assert_eq!(log.matches(": sender non-delivery notification: ").count(), 1, "{log}");
    let summary = read_by("pflogsumm", "pflogsumm", &[], &log_of(&server)).out;
    let counted = |what: &str| {
        let line = summary.lines().find(|line| line.split_whitespace().nth(1) == Some(what));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u32>().ok())
    };
    for (what, count) in [("received", 7), ("delivered", 5), ("deferred", 2), ("bounced", 1)] {
        assert_eq!(counted(what), Some(count), "{what}:\n{summary}");
    }
    let log = log_of(&server);
    let arguments = [log.to_str().expect("a plain path"), "postfix[mode=auth]"];
    let done = run(Command::new(find("fail2ban-regex", "fail2ban")).args(arguments), b"");
    assert!(done.out.contains(" 1 matched"), "{}{}", done.out, done.err);
}

#[test]
fn the_log_is_opened_anew_on_sighup_and_has_its_switch() {
    let (server, _good) = busy_server("[mail_log]\nkeep_days = 0\nsyslog_name = \"facteur\"\n");
    let log = until_logged(&server, "status=", 6);
    assert!(log.lines().all(|line| line.contains(" facteur/")), "{log}");
    let moved = server.data().join("mail.log.1");
    fs::rename(log_of(&server), &moved).expect("moved");
    let hangup = format!("kill -HUP {}", server.pid());
    Command::new("/bin/sh").args(["-c", &hangup]).status().expect("a shell");
    until("a new file", 5, || log_of(&server).exists().then_some(()));
    server.ok("en", &["send", "b@rcpt.test", "--from", "a@good.test", "--no-follow"]);
    let log = until_logged(&server, ": removed", 1);
    assert_eq!(log.matches("status=sent").count(), 1, "{log}");
    let mut stopped = server;
    stopped.stop();
    stopped.ok("en", &["send", "b@rcpt.test", "--from", "a@good.test"]);
    until_logged(&stopped, "(queue active)", 2);
    let mut quiet = Server::fresh("en", "[mail_log]\nenabled = false\n");
    quiet.go();
    quiet.ok("en", &["send", "b@rcpt.test", "--from", "a@good.test", "--no-follow"]);
    quiet.stop();
    assert!(!log_of(&quiet).exists());
}
