//! A test of a relay, and dialogues line by line.

use super::Reader;
use super::reason::because;
use control::wording::Reading;
use control::{Neighbours, wording};
use mail::{Dialogue, Evidence, Speaker};
use std::fmt::Write as _;

/// What came of the test of a relay.
pub fn tested(
    relay: &str,
    preset: Option<&str>,
    evidence: Option<&Evidence>,
    spoken: &Dialogue,
    neighbours: Option<&Neighbours>,
    reader: &Reader,
) -> String {
    let mut text = dialogue(spoken, "  ", reader);
    if !text.is_empty() {
        text.push('\n');
    }
    let name = || [("relay", relay.to_owned().into())];
    match evidence {
        None => text += &format!("{}\n", reader.phrases.fill("tested-works", name())),
        Some(evidence) => {
            let reason = wording::of_evidence(evidence, relay, preset, Reading::at_prompt(reader.language()));
            text += &format!("{}\n", reader.phrases.fill("tested-fails", name()));
            text += &because(&reason, "  ", reader);
            if let Some(neighbours) = neighbours {
                let _ = writeln!(text, "  {}", wording::elsewhere(neighbours, reader));
            }
        }
    }
    text
}

/// A dialogue: seconds, who, what.
pub fn dialogue(spoken: &Dialogue, margin: &str, reader: &Reader) -> String {
    let mut text = String::new();
    for line in &spoken.lines {
        let by = match line.by {
            Speaker::Us => "C:",
            Speaker::Them => "S:",
            Speaker::Note => "--",
        };
        let (secs, ms) = (line.at_ms / 1_000, line.at_ms % 1_000);
        let _ = writeln!(text, "{margin}{secs:3}.{ms:03}  {by} {}", line.text);
    }
    if spoken.cut {
        let _ = writeln!(text, "{margin}{}", reader.phrases.say("dialogue-cut"));
    }
    text
}
