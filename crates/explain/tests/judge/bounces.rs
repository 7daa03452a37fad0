//! Real bounces, read and held to what Sisimai's own tests expect. They are found through `FACTEUR_CORPORA`
//! (else beside the project), and named as skipped where they are not.

use explain::bounce::{self, Kind};
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Bounce {
    file: String,
    stem: String,
    expected: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    recipient: Option<String>,
    reason: String,
    hardbounce: bool,
}

fn corpora() -> PathBuf {
    std::env::var_os("FACTEUR_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
}

#[test]
fn real_bounces_are_read() {
    let directory = corpora().join("bounces");
    let Ok(list) = std::fs::read_to_string(directory.join("dev.jsonl")) else {
        println!("skipped: the corpus of bounces is not there (FACTEUR_CORPORA)");
        return;
    };
    let (mut all, mut addresses, mut permanence, mut reasons) = (0, 0, 0, 0);
    for line in list.lines() {
        let bounce: Bounce = serde_json::from_str(line).expect("a line of the corpus");
        let report = bounce::read(&std::fs::read(directory.join(&bounce.file)).expect("a bounce"));
        for expected in &bounce.expected {
            all += 1;
            let wanted = expected.recipient.as_deref().unwrap_or_default();
            let named = report.recipients.iter().find(|one| one.address.eq_ignore_ascii_case(wanted));
            addresses += usize::from(named.is_some());
            let only = if let [only] = report.recipients.as_slice() { Some(only) } else { None };
            let Some(found) = named.or(only) else { continue };
            permanence += usize::from(found.permanent == expected.hardbounce);
            let reason = found.answer().export.sisimai.unwrap_or_default();
            reasons += usize::from(reason == expected.reason);
            if reason != expected.reason {
                println!("{}: {} where {reason} was found", bounce.stem, expected.reason);
            }
        }
    }
    let per_mille = |number: usize| number * 1_000 / all;
    println!(
        "of {all}: recipients {}, permanence {}, reasons {}",
        per_mille(addresses),
        per_mille(permanence),
        per_mille(reasons)
    );
    assert!(per_mille(addresses) >= 970 && per_mille(permanence) >= 930 && per_mille(reasons) >= 850);
}

#[test]
fn automatic_replies_and_letters_are_no_bounces() {
    for (message, kind) in [
        (
            "From: a@example.org\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n",
            Kind::AutoReply,
        ),
        ("From: a@example.org\r\nSubject: Hello\r\n\r\nHow are you, b@example.org?\r\n", Kind::NotABounce),
        ("", Kind::NotABounce),
        (
            "From: MAILER-DAEMON@example.org\r\nSubject: Warning: message delayed 24 hours\r\n\r\n<b@example.org>:\r\nThis is a warning message only.\r\n",
            Kind::Delay,
        ),
    ] {
        assert_eq!(bounce::read(message.as_bytes()).kind, kind, "{message}");
    }
}
