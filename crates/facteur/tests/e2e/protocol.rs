//! The protocol by the letter: a table of what comes in, what is answered, and what the next hop gets.

use crate::support::client::Client;
use crate::support::program::run;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink, Taken};
use crate::support::until;
use std::process::Command;
use testkit::proof;

/// The next hops: name and offers. The mail of `a@NAME.test` goes there.
const HOPS: [(&str, &[&str]); 4] = [
    ("full", &["PIPELINING", "SIZE 60000000", "8BITMIME", "SMTPUTF8", "DSN"]),
    ("ascii", &["PIPELINING", "8BITMIME", "DSN"]),
    ("seven", &[]),
    ("few", &["PIPELINING", "LIMITS RCPTMAX=2 MAILMAX=2"]),
];
/// The sender domain of a site whose line ends are repaired; its mail goes to `full`.
const REPAIR: &str = "repair";

struct Case {
    name: String,
    lines: Vec<(String, String)>,
}

impl Case {
    fn all(&self, key: &str) -> Vec<&str> {
        self.lines.iter().filter(|(known, _)| known == key).map(|(_, text)| text.as_str()).collect()
    }

    fn has(&self, key: &str) -> bool {
        !self.all(key).is_empty()
    }

    fn to(&self) -> &str {
        self.all("to")[0]
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for line in include_str!("protocol/cases.txt").lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            cases.push(Case { name: name.to_owned(), lines: Vec::new() });
        } else if !line.is_empty() && !line.starts_with('#') {
            let (key, text) = line.split_once(':').unwrap_or((line, ""));
            let text = text.strip_prefix(' ').unwrap_or(text);
            cases.last_mut().expect("a case").lines.push((key.to_owned(), text.to_owned()));
        }
    }
    cases
}

/// The bytes that a text stands for: `\r`, `\n`, `\\`, `\xHH`, `\C` for CR LF, `{a*300}` for 300 times `a`.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let repeat = rest.split_once('}').and_then(|(inner, after)| Some((inner.rsplit_once('*')?, after)));
        match (c, repeat) {
            ('\\', _) => {
                let (made, length): (&[u8], usize) = match rest.as_bytes()[0] {
                    b'r' => (b"\r", 1),
                    b'n' => (b"\n", 1),
                    b'C' => (b"\r\n", 1),
                    b'\\' => (b"\\", 1),
                    _ => (&[u8::from_str_radix(&rest[1..3], 16).expect("hexadecimal")], 3),
                };
                out.extend_from_slice(made);
                rest = &rest[length..];
            }
            ('{', Some(((what, count), after))) => {
                out.extend(bytes(what).repeat(count.parse().expect("a number")));
                rest = after;
            }
            _ => out.extend(c.to_string().as_bytes()),
        }
    }
    out
}

/// The content as it goes over the wire: a dot more behind each CR LF that one follows, then the end. What is no line end is
/// none here either.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(content.len() + 64);
    for &byte in content {
        if byte == b'.' && wire.ends_with(b"\r\n") {
            wire.push(b'.');
        }
        wire.push(byte);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// One connection of a case. Gives the ids of the messages that were taken.
#[track_caller]
fn talk(server_port: u16, case: &Case) -> Vec<String> {
    let mut client = Client::connect(server_port);
    let mut ids = Vec::new();
    for (key, text) in &case.lines {
        match key.as_str() {
            "mail" => client.expect(format!("MAIL FROM:<a@{}.test> {text}", case.to()).trim_end(), "250"),
            "rcpt" => {
                let (address, parameters) = text.split_once(' ').unwrap_or((text, ""));
                let line = [&b"RCPT TO:<"[..], &bytes(address), b"> ", &bytes(parameters), b"\r\n"].concat();
                client.write(&line);
                let reply = client.reply();
                assert!(reply.starts_with("250"), "{}: {text}: {reply}", case.name);
            }
            "say" => client.write(&[bytes(text), b"\r\n".to_vec()].concat()),
            "raw" => client.write(&bytes(text)),
            "data" => {
                client.expect("DATA", "354");
                client.write(&stuffed(&bytes(text)));
            }
            "bdat" | "chunk" => {
                let (content, last) = (bytes(text), if key == "bdat" { " LAST" } else { "" });
                client.write(&[format!("BDAT {}{last}\r\n", content.len()).as_bytes(), &content].concat());
            }
            "reply" => {
                let reply = client.reply();
                assert!(reply.starts_with(text.as_str()), "{}: {reply}, and not {text}", case.name);
                ids.extend(reply.split_once("queued as ").map(|(_, id)| id.to_owned()));
            }
            _ => {}
        }
    }
    ids
}

/// A MAIL line with its size taken out.
fn without_size(line: &str) -> String {
    let words = line.split(' ').map(|word| if word.starts_with("SIZE=") { "SIZE=*" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// What the next hop got, against what it must have got.
#[track_caller]
fn compare(case: &Case, taken: &[Taken]) {
    let name = &case.name;
    let expected = |key: &str| case.all(key).into_iter().map(bytes).collect::<Vec<_>>();
    for line in case.all("hop") {
        let seen = without_size(&taken[0].mail);
        assert_eq!(seen, String::from_utf8_lossy(&bytes(line)).trim_end(), "{name}");
    }
    if case.has("asks") {
        let asked: Vec<&str> = taken.iter().flat_map(|taken| &taken.rcpts).map(String::as_str).collect();
        let expected = expected("asks");
        let expected: Vec<_> = expected.iter().map(|line| String::from_utf8_lossy(line)).collect();
        assert_eq!(asked, expected, "{name}");
    }
    for (taken, content) in taken.iter().zip(expected("gets")) {
        let shown = String::from_utf8_lossy(&taken.content).chars().take(2_000).collect::<String>();
        let front =
            taken.content.strip_suffix(content.as_slice()).unwrap_or_else(|| panic!("{name}: {shown}"));
        assert!(front.starts_with(b"Received: "), "{name}: {shown}");
        let is_ours = |line: &str| {
            ["Received:", "Date:", "Message-ID:", "\t"].iter().any(|start| line.starts_with(start))
        };
        let ours = String::from_utf8_lossy(front).into_owned();
        assert!(ours.lines().all(|line| line.is_empty() || is_ours(line)), "{name}: {ours}");
    }
}

#[track_caller]
fn check(server: &Server, port: u16, sinks: &[(&str, Sink)], case: &Case) {
    let is_repair = case.to() == REPAIR;
    let hop = if is_repair { "full" } else { case.to() };
    let (_, sink) = sinks.iter().find(|(name, _)| *name == hop).expect("a next hop");
    let before = sink.count();
    if is_repair {
        server.ok("en", &["site", "change", "here", "--line-endings", "repair"]);
    }
    let ids = talk(port, case);
    if is_repair {
        let exported = server.ok("en", &["export"]);
        assert!(exported.contains("line_endings = \"repair\""), "{exported}");
        server.ok("en", &["site", "change", "here", "--line-endings", "strict"]);
    }
    for cause in case.all("fails") {
        let id = ids.first().unwrap_or_else(|| panic!("{}: nothing was taken", case.name));
        let story = until(&format!("{}: it is given up", case.name), 20, || {
            let story = server.json(&["why", id]);
            (story["message"]["recipients"][0]["state"] == "failed").then_some(story)
        });
        assert_eq!(story["message"]["recipients"][0]["cause"], cause, "{}: {story:#}", case.name);
    }
    let count = if case.has("none") || case.has("fails") { 0 } else { case.all("gets").len().max(1) };
    assert_eq!(ids.is_empty(), case.has("none"), "{}: {ids:?}", case.name);
    let taken = sink.until_taken(before + count, 20);
    assert_eq!(taken.len(), before + count, "{}", case.name);
    compare(case, &taken[before..]);
}

/// Python's own client says SMTPUTF8 when an address asks for it.
const PYTHON: &str = "
import smtplib, sys
from email.message import EmailMessage
from email.policy import SMTPUTF8
letter = EmailMessage(policy=SMTPUTF8)
letter['From'], letter['To'], letter['Subject'] = 'a@full.test', 'h\u{e9}l\u{e8}ne@rcpt.test', '\u{c9}t\u{e9}'
letter.set_content('\u{e9}t\u{e9}', cte='8bit')
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as client:
    assert client.send_message(letter) == {}
";

#[test]
fn python_sends_to_an_address_beyond_ascii() {
    let server = Server::start();
    server.open_to_loopback();
    let sink = Sink::start(Habits { offers: Some(HOPS[0].1), ..Habits::default() });
    server.add_sink("full", &sink, None);
    server.ok("en", &["route", "set", "full", "--default"]);
    let port = server.port(Port::Submission).to_string();
    let done = run(Command::new("/usr/bin/python3").args(["-c", PYTHON, &port]), b"");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let taken = sink.until_taken(1, 20).remove(0);
    assert_eq!(without_size(&taken.mail), "MAIL FROM:<a@full.test> SIZE=* BODY=8BITMIME SMTPUTF8");
    assert_eq!(taken.to, ["h\u{e9}l\u{e8}ne@rcpt.test"]);
    assert_eq!(taken.subject(), "\u{c9}t\u{e9}");
    assert!(String::from_utf8_lossy(&taken.content).contains(" with UTF8SMTP id "));
}

#[test]
fn each_case_is_answered_and_passed_on_as_written() {
    let cases = cases();
    assert!(cases.len() >= 120, "only {} cases", cases.len());
    let server = Server::start();
    server.open_to_loopback();
    let start = |(name, offers): (&'static str, &'static [&'static str])| {
        let sink = Sink::start(Habits { offers: Some(offers), ..Habits::default() });
        server.add_sink(name, &sink, None);
        server.ok("en", &["route", "set", name, "--domain", &format!("{name}.test")]);
        (name, sink)
    };
    let sinks: Vec<_> = HOPS.into_iter().map(start).collect();
    server.ok("en", &["route", "set", "full", "--domain", "repair.test"]);
    let port = server.port(Port::Submission);
    for case in &cases {
        check(&server, port, &sinks, case);
    }
    server.until_idle(20);
    let test = "crates/facteur/tests/e2e/protocol.rs::each_case_is_answered_and_passed_on_as_written";
    proof::passed("B13", test, cases.len() as u64, "cases", None);
}
