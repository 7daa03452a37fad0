//! Why something is as it is: the cause, who must act, what to do, the page that helps, the raw words.

use super::Reader;
use control::wording::{self, Reading, Reason};
use control::{ClosureView, QueuePage};
use mail::{ClosureId, Evidence, RelayId, Seen, Stage, Timestamp};
use std::collections::BTreeMap;
use store::RecipientRow;

/// A state in one word, seen together with what is behind it: « en cours d'envoi », "waits".
pub fn standing(row: &RecipientRow, reader: &Reader) -> String {
    reader.phrases.say(wording::state_key(row))
}

/// What rows refer to.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) closures: &'a BTreeMap<ClosureId, ClosureView>,
    pub(super) relays: &'a BTreeMap<RelayId, String>,
}

impl<'a> Names<'a> {
    pub(super) const fn of(page: &'a QueuePage) -> Self {
        Self { closures: &page.closures, relays: &page.relays }
    }

    /// The name of the relay of the last attempt; empty when there was none.
    pub(super) fn relay(self, row: &RecipientRow) -> &'a str {
        row.relay.and_then(|id| self.relays.get(&id)).map_or("", String::as_str)
    }

    /// When it is tried next: under a closure, when that is tried again. `None` when nobody knows (there is no relay, a
    /// person holds it, it is over), and when that is happening.
    pub(super) fn next_attempt(self, row: &RecipientRow) -> Option<Timestamp> {
        wording::next_attempt(row, self.closures)
    }

    /// Why a recipient is where it is.
    pub(super) fn reason(self, row: &RecipientRow, reader: &Reader) -> Option<Reason> {
        let mut reason = wording::of_recipient(
            row,
            self.closures,
            self.relay(row),
            Reading::at_prompt(reader.language()),
        )?;
        if reason.raw.is_empty() && row.closure == Some(ClosureId::NO_ROUTE) {
            reason.raw = no_route();
        }
        Some(reason)
    }
}

/// The raw words of the one wait for which nothing was ever seen: there is no relay.
fn no_route() -> String {
    Evidence { at: Timestamp(0), stage: Stage::Queue, peer: None, seen: Seen::NoRoute }.to_string()
}

/// The reason, over several lines, each begun with `margin`.
pub fn because(reason: &Reason, margin: &str, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let words = &reason.words;
    let mut text = format!("{margin}{}\n", words.cause);
    let line = |key: &str, value: &str| {
        format!("{margin}{}\n", phrases.fill(key, [("text", value.to_owned().into())]))
    };
    text += &line("reason-who", &words.who);
    text += &line("reason-fix", &words.fix);
    if let Some(link) = &words.link {
        text += &line("reason-link", link);
    }
    if !reason.raw.is_empty() {
        text += &line("reason-raw", &reason.raw);
    }
    text
}
