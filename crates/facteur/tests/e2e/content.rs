//! The content is never altered: after the lines that this server adds in front, the SHA-256 of what arrives is that of
//! what was sent.

mod corpora;
mod made;

use crate::support::client::Client;
use crate::support::postfix::{DOMAIN, LOGIN, Postfix};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use ring::digest::{SHA256, digest};
use std::collections::HashMap;

/// Something that is sent.
pub struct Sample {
    pub name: String,
    /// Lines with CR LF.
    pub content: Vec<u8>,
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// The names of the fields of a header, read as RFC 5322 §2.2 says and by other code than the server's: from the first
/// line on, each line is a field or folded onto one.
fn fields(content: &[u8]) -> Vec<String> {
    header(content).0
}

/// The names of the fields, and where the header ends.
fn header(content: &[u8]) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    let mut end = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line.first(), Some(b' ' | b'\t')) && !names.is_empty() {
            end += line.len();
            continue;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let name = line[..colon].trim_ascii_end();
        if name.is_empty() || name.iter().any(|byte| !(33..=126).contains(byte)) {
            break;
        }
        names.push(String::from_utf8_lossy(name).to_lowercase());
        end += line.len();
    }
    (names, end)
}

/// The one change that Postfix itself makes: a header that runs into a body without an empty line is given one.
fn as_postfix_keeps(sample: &Sample) -> Sample {
    let (fields, end) = header(&sample.content);
    let (header, body) = sample.content.split_at(end);
    let lacks = !fields.is_empty() && !body.is_empty() && !body.starts_with(b"\r\n");
    let gap: &[u8] = if lacks { b"\r\n" } else { b"" };
    Sample { name: sample.name.clone(), content: [header, gap, body].concat() }
}

/// The names of the fields that stand in front of the content, and what follows them.
#[track_caller]
fn added<'a>(name: &str, arrived: &'a [u8], sent: &[u8]) -> (Vec<String>, &'a [u8]) {
    let start = arrived.len().checked_sub(sent.len()).unwrap_or_else(|| panic!("{name}: shorter than sent"));
    let (front, content) = arrived.split_at(start);
    let mut names = fields(front);
    // Between the fields and a content without a header stands the empty line that ends the header.
    if front.ends_with(b"\r\n\r\n") {
        names.push(String::new());
    }
    (names, content)
}

/// Holds that what arrived is what was sent, behind the listed fields and nothing else.
#[track_caller]
fn check(sample: &Sample, arrived: &[u8]) {
    let name = &sample.name;
    let (added, content) = added(name, arrived, &sample.content);
    assert_eq!(sha256(content), sha256(&sample.content), "{name}: the content was altered");
    let own = fields(&sample.content);
    let lacks = |field: &str| !own.iter().any(|own| own == field);
    let mut expected = vec!["received"];
    expected.extend(lacks("date").then_some("date"));
    expected.extend(lacks("message-id").then_some("message-id"));
    // A content that begins with an empty line brings the end of its header along.
    expected.extend((own.is_empty() && !sample.content.starts_with(b"\r\n")).then_some(""));
    assert_eq!(added, expected, "{name}: the lines in front");
}

/// Sends all, and gives the reply to each.
fn send(server: &Server, domain: &str, samples: &[Sample]) -> Vec<String> {
    let mut client = Client::connect(server.port(Port::Submission));
    let send = |(index, sample): (usize, &Sample)| {
        let to = format!("m{index}@{DOMAIN}");
        client.send(&format!("a@{domain}"), &to, &sample.content)
    };
    samples.iter().enumerate().map(send).collect()
}

/// What each of the samples became at the sink, by its number.
fn through_sink(samples: &[Sample], secs: i64) -> HashMap<String, Vec<u8>> {
    let sink = Sink::start(Habits::default());
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    for (sample, reply) in samples.iter().zip(send(&server, "first.test", samples)) {
        assert!(reply.starts_with("250 "), "{}: {reply}", sample.name);
    }
    let taken = sink.until_taken(samples.len(), secs);
    assert_eq!(taken.len(), samples.len(), "each once");
    taken.into_iter().map(|taken| (taken.to.concat(), taken.content)).collect()
}

/// The same through a real Postfix, over TLS.
fn through_postfix(samples: &[Sample], secs: i64) -> HashMap<String, Vec<u8>> {
    let postfix = Postfix::relay();
    let server = Server::start();
    server.open_to_loopback();
    let (port, ca) = (postfix.port.to_string(), postfix.path("ca.pem"));
    let relay = ["relay", "add", "postfix", "--host", "localhost", "--port", &port, "--tls", "starttls"];
    let rest = ["--ca", ca.to_str().expect("a plain path"), "--login", LOGIN.0, "--password-stdin"];
    server.give("en", &[&relay[..], &rest].concat(), LOGIN.1);
    for (sample, reply) in samples.iter().zip(send(&server, "first.test", samples)) {
        assert!(reply.starts_with("250 "), "{}: {reply}", sample.name);
    }
    let kept = postfix.until_kept(samples.len(), secs);
    assert_eq!(kept.len(), samples.len(), "each once");
    kept.into_iter().map(|kept| (kept.to, kept.content)).collect()
}

/// Holds for each that it arrived as it was sent.
#[track_caller]
fn check_all(samples: &[Sample], arrived: &HashMap<String, Vec<u8>>) {
    for (index, sample) in samples.iter().enumerate() {
        check(sample, &arrived[&format!("m{index}@{DOMAIN}")]);
    }
}
