//! Messages that other projects collected, strange ones above all. They are no part of this tree: without them, the
//! tests say that they were skipped.

use super::{Sample, as_postfix_keeps, check_all, through_postfix, through_sink};
use crate::support::client::Client;
use crate::support::read;
use crate::support::server::{Port, Server};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the corpora are: what FACTEUR_CORPORA says, else beside this tree.
fn place() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    std::env::var_os("FACTEUR_CORPORA").map_or_else(beside, PathBuf::from).join("mime")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("the corpora can be read") {
            let path = entry.expect("the corpora can be read").path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The bytes with CR LF at the end of each line, the last included: what SMTP can carry of them.
fn canonical(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(bytes.len() + bytes.len() / 40);
    let mut rest = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\r' => {
                rest.next_if_eq(&&b'\n');
                content.extend_from_slice(b"\r\n");
            }
            b'\n' => content.extend_from_slice(b"\r\n"),
            other => content.push(*other),
        }
    }
    if !content.is_empty() && !content.ends_with(b"\n") {
        content.extend_from_slice(b"\r\n");
    }
    content
}

/// All messages: those that can be sent, and those that hold NUL. `None` without the corpora.
fn all() -> Option<(Vec<Sample>, Vec<Sample>)> {
    let place = place();
    if !place.is_dir() {
        eprintln!("skipped: no corpora at {} (FACTEUR_CORPORA names another place)", place.display());
        return None;
    }
    let sample = |path: PathBuf| {
        let name = path.strip_prefix(&place).unwrap_or(&path).display().to_string();
        Sample { name, content: canonical(&read(&path)) }
    };
    let samples = files(&place).into_iter().map(sample);
    let (with_nul, without) = samples.partition(|sample| sample.content.contains(&0));
    Some((without, with_nul))
}

#[test]
fn every_collected_message_arrives_as_it_was() {
    let Some((samples, with_nul)) = all() else { return };
    check_all(&samples, &through_sink(&samples, 60));
    eprintln!("{} messages arrived as they were; {} hold NUL", samples.len(), with_nul.len());
}

#[test]
fn postfix_gets_every_collected_message_as_it_was() {
    let Some((samples, _)) = all() else { return };
    let arrived = through_postfix(&samples, 60);
    let kept: Vec<Sample> = samples.iter().map(as_postfix_keeps).collect();
    check_all(&kept, &arrived);
}

/// The message with a NUL in its middle, and never within its last line end: that would take its end away.
fn with_nul(sample: &Sample) -> Sample {
    // One of them is empty.
    let mut content = if sample.content.is_empty() { b"\r\n".to_vec() } else { sample.content.clone() };
    content.insert(content.len().saturating_sub(2) / 2, 0);
    Sample { name: sample.name.clone(), content }
}

#[test]
fn messages_that_hold_nul_are_refused() {
    let Some((samples, mut refused)) = all() else { return };
    refused.iter().for_each(|sample| eprintln!("holds NUL: {}", sample.name));
    refused.extend(samples.iter().map(with_nul));
    let server = Server::start();
    server.open_to_loopback();
    let port = server.port(Port::Submission);
    for sample in &refused {
        // Each on a connection of its own: twenty mistakes on one are its end.
        let reply = Client::connect(port).send("a@first.test", "b@rcpt.test", &sample.content);
        assert!(reply.starts_with("550 5.6.0 "), "{}: {reply}", sample.name);
    }
    assert_eq!(server.waiting().len(), 0, "nothing of them is kept");
}
