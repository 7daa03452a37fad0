//! What the program signs, as it arrives at real servers: verified by dkimpy and OpenDKIM, with the bodies on which signers
//! and verifiers are known to differ. And the one signature that all attempts of a message send.

use super::stage::{Scripted, Stage};
use crate::support::postfix::Postfix;
use crate::support::program::run;
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use mail::Clock;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Bodies on which programs differ; SMTP ends each with a line end.
const BODIES: [&str; 12] = [
    "",
    "\r\n",
    " \r\n\t\r\n",
    "Hello\r\n",
    "Hello\r\n\r\n\r\n",
    // Some libraries forget that these lines are empty (RFC 6376 §3.4.4).
    "Hello\r\n \r\n\t\r\n",
    "Hello\r\n\r\n \t \r\n\r\n",
    "\r\n\r\nHello\r\n",
    " Hello  you \t\r\n",
    ".\r\n..\r\n...\r\n",
    "From me\r\n>From you\r\n",
    "\u{e9}t\u{e9} \u{2014} \u{1f4e8}\r\n",
];

/// A header with its own traps: folds, spaces, a signature of somebody else, a field twice.
const HEADER: &str = "\
    DKIM-Signature: v=1; a=rsa-sha256; d=elsewhere.test; s=x;\r\n h=from; bh=AAAA; b=BBBB\r\n\
    SUBJECT:  A   lot \t of   space  \r\n\
    X-Folded:\r\n at once\r\n\
    To: a@example.net\r\nTo: b@example.net\r\n\
    Message-ID: <kept@here.test>\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\n";

const ZONE: &str = "
    postfix.test MX 1 postfix.mx.test
    postfix.mx.test A 127.0.0.11
    exim.test MX 1 exim.mx.test
    exim.mx.test A 127.0.0.12
    sink.test MX 1 sink.mx.test
    sink.mx.test A 127.0.0.31
    off.test MX 1 off.mx.test
    off.mx.test A 127.0.0.32
";

/// Fields and bodies of eight bits.
const EIGHT_BITS: [(&str, &str); 4] = [
    ("", "\u{e9}t\u{e9}\r\n"),
    ("MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n", "\u{1f4e8} \r\n.\r\n\r\n\r\n"),
    (
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n",
        "\u{e9}\r\n--b\r\n\r\n\u{e9}\r\n--b\r\nContent-Type: application/x\r\n\r\n\u{e9}\r\n\r\n--b--\r\n",
    ),
    ("Content-Type: message/rfc822\r\n", "Subject: x\r\n\r\n\u{e9}\r\n"),
];

fn stage(real: bool) -> Stage {
    let off = Habits { puts_off: 2, ..Habits::default() };
    let scripted: Vec<Scripted> = vec![("sink", "127.0.0.31", Habits::default()), ("off", "127.0.0.32", off)];
    Stage::set(ZONE, scripted, real)
}

/// Makes keys for a domain, and gives the records of the keys: name and text.
fn sign_for(stage: &Stage, domain: &str) -> String {
    let made = stage.server.json(&["domain", "add", domain]);
    let records = made["records"].as_array().expect("records");
    let is_key = |name: &str| name.contains("._domainkey.");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").trim_end_matches('.').to_owned();
    let keys = records.iter().map(|record| (text(&record["name"]), text(&record["value"])));
    let keys: Vec<_> = keys.filter(|(name, _)| is_key(name)).collect();
    assert_eq!(keys.len(), 2, "a key of each kind: {made:#}");
    keys.into_iter().map(|(name, value)| format!("{name}\t{value}\n")).collect()
}

fn content(from: &str, body: &str) -> Vec<u8> {
    format!("From: {from}\r\n{HEADER}\r\n{body}").into_bytes()
}

/// The lines in front of what was sent, and nothing else was changed.
#[track_caller]
fn front(arrived: &[u8], sent: &[u8]) -> String {
    let front = arrived.strip_suffix(sent);
    let front = front.unwrap_or_else(|| panic!("altered: {}", String::from_utf8_lossy(arrived)));
    String::from_utf8(front.to_vec()).expect("our own lines are plain")
}

/// Fails unless both verifiers find both signatures of every mail in a directory good.
#[track_caller]
fn verify(directory: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/direct/verify.py");
    // The system's own interpreter: the verifiers are packages of the system.
    let done = run(Command::new("/usr/bin/python3").arg(script).arg(directory), b"");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
}

#[test]
fn what_leaves_signed_verifies_where_it_arrives() {
    let stage = stage(true);
    // A second road: the mail of one domain goes through a relay.
    let relay = Sink::start(Habits::default());
    stage.server.add_sink("far", &relay, None);
    stage.server.ok("en", &["route", "set", "far", "--domain", "relayed.test"]);
    let records = sign_for(&stage, "sender.test") + &sign_for(&stage, "relayed.test");
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("records"), records).expect("room for the records");
    let check = |name: &str, arrived: &[u8], sent: &[u8]| {
        let front = front(arrived, sent);
        assert_eq!(front.matches("DKIM-Signature:").count(), 2, "{name}: {front}");
        assert!(front.starts_with("DKIM-Signature:"), "{name}: {front}");
        fs::write(directory.path().join(format!("{name}.eml")), arrived).expect("room for a mail");
    };
    for (number, body) in BODIES.iter().enumerate() {
        let (own, relayed) = (content("a@sender.test", body), content("a@relayed.test", body));
        for host in ["postfix", "exim", "sink"] {
            stage.send("a@sender.test", &format!("b{number}@{host}.test"), &own);
        }
        stage.send("a@relayed.test", &format!("b{number}@postfix.test"), &relayed);
    }
    for (name, sink, sent) in
        [("sink", stage.sink("sink"), "a@sender.test"), ("relay", &relay, "a@relayed.test")]
    {
        for taken in sink.until_taken(BODIES.len(), 60) {
            let to = taken.to.concat();
            let number = to.trim_start_matches('b').split('@').next().and_then(|n| n.parse::<usize>().ok());
            let sent = content(sent, BODIES[number.expect("the number of a body")]);
            check(&format!("{name}-{to}"), &taken.content, &sent);
        }
    }
    for (number, body) in BODIES.iter().enumerate() {
        for host in ["postfix", "exim"] {
            let to = format!("b{number}@{host}.test");
            let (_, kept) = stage.until_kept(&to);
            check(&format!("{host}-{to}"), &kept.content, &content("a@sender.test", body));
        }
    }
    verify(directory.path());
}

#[test]
fn what_leaves_with_seven_bits_verifies_where_it_arrives() {
    let stage = stage(false);
    let old = Postfix::old();
    let seven = Sink::start(Habits { offers: Some(&[]), ..Habits::default() });
    let port = old.port.to_string();
    let relay =
        ["relay", "add", "old", "--host", "127.0.0.1", "--port", &port, "--tls", "never", "--no-auth"];
    stage.server.ok("en", &relay);
    stage.server.add_sink("seven", &seven, None);
    stage.server.ok("en", &["route", "set", "old", "--domain", "sender.test"]);
    stage.server.ok("en", &["route", "set", "seven", "--domain", "relayed.test"]);
    let records = sign_for(&stage, "sender.test") + &sign_for(&stage, "relayed.test");
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("records"), records).expect("room for the records");
    for from in ["a@sender.test", "a@relayed.test"] {
        for (number, (fields, body)) in EIGHT_BITS.iter().enumerate() {
            let sent = format!("From: {from}\r\n{fields}{HEADER}\r\n{body}");
            stage.send(from, &format!("b{number}@postfix.test"), sent.as_bytes());
        }
    }
    let at_sink = seven.until_taken(EIGHT_BITS.len(), 30).into_iter().map(|taken| taken.content);
    let at_postfix = old.until_kept(EIGHT_BITS.len(), 30).into_iter().map(|kept| kept.content);
    for (number, arrived) in at_sink.chain(at_postfix).enumerate() {
        let text = String::from_utf8(arrived).expect("text");
        assert!(text.is_ascii(), "{text}");
        assert!(text.starts_with("DKIM-Signature:"), "{text}");
        assert_eq!(text.matches("DKIM-Signature:").count(), 3, "two of ours, and the one that came: {text}");
        fs::write(directory.path().join(format!("{number}.eml")), text).expect("room for a mail");
    }
    verify(directory.path());
}

#[test]
fn every_attempt_sends_the_same_signature() {
    let mut stage = stage(false);
    sign_for(&stage, "sender.test");
    let sent = content("a@sender.test", "Hello\r\n");
    let id = stage.send("a@sender.test", "b@off.test", &sent);
    for attempt in 1..=3 {
        let taken = stage.sink("off").until_taken(attempt, 20);
        assert_eq!(taken.len(), attempt);
        if attempt == 3 {
            break;
        }
        until("the attempt is recorded", 10, || {
            let recipient = &stage.server.waiting()[0]["recipients"][0];
            (recipient["attempts"] == attempt && recipient["leased"] == false).then_some(())
        });
        // A signature names the second in which it was made.
        let began = Clock::System.now();
        until("a second passes", 5, || (Clock::System.now().since_ms(began) > 1_100).then_some(()));
        if attempt == 2 {
            stage.server.stop();
            stage.server.go();
        }
        stage.server.ok("en", &["queue", "retry", &id]);
    }
    stage.server.until_idle(10);
    let taken = stage.sink("off").taken();
    assert_eq!(front(&taken[0].content, &sent).matches("DKIM-Signature:").count(), 2);
    for again in &taken[1..] {
        assert_eq!(String::from_utf8_lossy(&again.content), String::from_utf8_lossy(&taken[0].content));
    }
}
