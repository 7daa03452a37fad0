//! What real servers keep in files, read back.

use std::fs;
use std::path::{Path, PathBuf};

/// The lines that mail servers put in front when they deliver, and which of them name the recipient.
const OWN: [&str; 5] = ["Return-Path:", "X-Original-To:", "Delivered-To:", "Envelope-To:", "Delivery-Date:"];
const RECIPIENT: [&str; 3] = ["X-Original-To:", "Envelope-To:", "Delivered-To:"];

/// What a server took: the recipient, its own lines, and the content after them, with CR LF.
#[derive(Debug)]
pub struct Kept {
    pub to: String,
    pub trace: String,
    pub content: Vec<u8>,
}

/// A directory with a file for each message.
#[derive(Debug, Clone)]
pub struct Keep(pub PathBuf);

impl Keep {
    /// How many there are.
    pub fn count(&self) -> usize {
        fs::read_dir(&self.0).map_or(0, Iterator::count)
    }

    /// All that are there.
    pub fn read(&self) -> Vec<Kept> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        entries.map(|entry| kept(&entry.expect("a message").path())).collect()
    }
}

fn kept(path: &Path) -> Kept {
    let text = super::read(path);
    let end = own_lines(&text);
    let trace = String::from_utf8_lossy(&text[..end]).into_owned();
    let value = |name: &&str| trace.lines().find_map(|line| after(line, name));
    let to = RECIPIENT.iter().find_map(value).unwrap_or_default().to_owned();
    let mut content = Vec::with_capacity(text.len());
    for line in text[end..].split_inclusive(|byte| *byte == b'\n') {
        content.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
        content.extend_from_slice(b"\r\n");
    }
    Kept { to, trace: trace.clone(), content }
}

fn after<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (own, value) = line.split_at_checked(name.len())?;
    own.eq_ignore_ascii_case(name).then(|| value.trim())
}

/// Where the lines end that the server put in front: those of its delivery, and one `Received`.
fn own_lines(text: &[u8]) -> usize {
    let mut at = 0;
    let mut received = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let folded = line.starts_with(b"\t") || line.starts_with(b" ");
        let own = OWN.iter().any(|name| after(&String::from_utf8_lossy(line), name).is_some());
        let first_received = !received && line.starts_with(b"Received:");
        if !(folded || (own && !received) || first_received) {
            break;
        }
        received |= first_received;
        at += line.len();
    }
    at
}
