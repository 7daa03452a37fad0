//! The record of a conversation with another server, as people ask to see it.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// This program.
    Us,
    /// The other server.
    Them,
    /// Nobody: a step that is no line, such as "connected" or "TLS 1.3 established".
    Note,
}

/// One line of a dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since the dialogue began.
    pub at_ms: u32,
    /// Who said it.
    pub by: Speaker,
    /// What was said, without its line end. Secrets never enter: the writer passes `AUTH PLAIN …`.
    pub text: String,
}

/// A dialogue: bounded in lines and in bytes a line, so that a talkative peer costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Dialogue {
    /// When it began.
    pub began: Timestamp,
    /// The lines, oldest first.
    pub lines: Vec<Line>,
    /// Whether lines were left out because the dialogue was too long.
    #[serde(default)]
    pub cut: bool,
}

impl Dialogue {
    /// The most lines that are kept; the rest is left out and `cut` is set.
    pub const MAX_LINES: usize = 200;
    /// The most bytes of a line that are kept.
    pub const MAX_LINE_BYTES: usize = 1_000;

    /// An empty dialogue that begins at `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self { began: now, lines: Vec::new(), cut: false }
    }

    /// Adds a line.
    pub fn push(&mut self, now: Timestamp, by: Speaker, text: &str) {
        if self.lines.len() >= Self::MAX_LINES {
            self.cut = true;
            return;
        }
        let end = text.floor_char_boundary(text.len().min(Self::MAX_LINE_BYTES));
        let text = text.get(..end).unwrap_or_default().to_owned();
        let at_ms = u32::try_from(now.since_ms(self.began)).unwrap_or(u32::MAX);
        self.lines.push(Line { at_ms, by, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialogue_is_bounded() {
        let mut dialogue = Dialogue::new(Timestamp(10));
        for _ in 0..=Dialogue::MAX_LINES {
            dialogue.push(Timestamp(15), Speaker::Them, &"é".repeat(2_000));
        }
        assert_eq!(dialogue.lines.len(), Dialogue::MAX_LINES);
        assert!(dialogue.cut);
        assert_eq!((dialogue.lines[0].at_ms, dialogue.lines[0].text.len()), (5, 1_000));
    }
}
