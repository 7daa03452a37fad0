//! The story of a message in plain words: where it came from, each attempt, where it stands and what to do.

use super::lists::refusing;
use super::queue::message_json;
use super::reason::{Names, because, standing};
use super::tested::dialogue;
use super::{Reader, clock, coming, moment, when};
use control::wording::{self, Reason};
use control::{ClosureView, Neighbours};
use mail::{ClosureId, Principal, RelayId, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use store::{Attempt, Event, MessageRow, RecipientRow, RecipientState, Story};

/// How many recipients that share a fate are named.
const NAMED: usize = 10;

/// A story with what it refers to.
#[derive(Clone, Copy)]
pub struct StoryOf<'a> {
    /// The story.
    pub story: &'a Story,
    /// The closures that it waits for.
    pub closures: &'a BTreeMap<ClosureId, ClosureView>,
    /// The names of the relays.
    pub relays: &'a BTreeMap<RelayId, String>,
    /// The relays that refuse whatever they are given, and how many messages they refused.
    pub refusing_all: &'a BTreeMap<RelayId, usize>,
}

impl<'a> StoryOf<'a> {
    const fn names(self) -> Names<'a> {
        Names { closures: self.closures, relays: self.relays }
    }

    fn relay(self, id: Option<RelayId>) -> &'a str {
        id.and_then(|id| self.relays.get(&id)).map_or("?", String::as_str)
    }
}

/// The story: what it is, what happened, how it stands. `whole` adds what each side said.
pub fn story(of: StoryOf<'_>, whole: bool, reader: &Reader) -> String {
    let mut text = head(&of.story.message, reader);
    let _ = write!(text, "\n{}\n", reader.phrases.say("story-happened"));
    let mut steps: Vec<(Timestamp, String)> = Vec::new();
    let row = &of.story.message;
    steps.push((row.received_at, received(row, reader)));
    steps.extend(of.story.attempts.iter().map(|one| (one.began_at, attempt(of, one, whole, reader))));
    steps.extend(of.story.events.iter().filter_map(|one| Some((one.at, event(of, one, reader)?))));
    // What is equally old stays in this order: first it came, then it was tried, then what that meant.
    steps.sort_by_key(|(at, _)| *at);
    for (at, step) in steps {
        let _ = write!(text, "  {}  {step}", stamp(at, reader));
    }
    let _ = write!(text, "\n{}\n", reader.phrases.say("story-now"));
    text + &outcome(of, reader)
}

/// How the recipients stand, those of the same fate together.
pub fn outcome(of: StoryOf<'_>, reader: &Reader) -> String {
    let mut text = String::new();
    for (recipients, fate) in fates(of, reader) {
        let _ = write!(text, "  {}\n{}", named(&recipients, reader), fate.text(reader));
    }
    text
}

/// The attempts after the first `known`, for one who looks on.
pub fn progress(of: StoryOf<'_>, known: usize, reader: &Reader) -> String {
    let fresh = of.story.attempts.iter().skip(known);
    fresh
        .map(|one| format!("  {}  {}", stamp(one.began_at, reader), attempt(of, one, false, reader)))
        .collect()
}

/// Where a message is on its way, as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Something is about to happen.
    Moving,
    /// All that could happen now has happened, and some of it waits.
    Waits,
    /// It is over, and not everybody has it.
    Failed,
    /// Everybody has it.
    Delivered,
}

impl Progress {
    /// Where the message is.
    pub fn of(row: &MessageRow) -> Self {
        let moves = |one: &RecipientRow| {
            let fresh = one.attempts == 0 && one.closure.is_none() && one.state == RecipientState::Waiting;
            one.leased || fresh
        };
        if row.recipients.iter().any(moves) {
            Self::Moving
        } else if row.recipients.iter().any(|one| !one.state.is_final()) {
            Self::Waits
        } else if row.recipients.iter().all(|one| one.state == RecipientState::Delivered) {
            Self::Delivered
        } else {
            Self::Failed
        }
    }
}

/// The time of a step; with its date when that is not today's.
fn stamp(at: Timestamp, reader: &Reader) -> String {
    let day = |at: Timestamp| {
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        moment.to_zoned(reader.zone.clone()).date()
    };
    if day(at) == day(reader.now) { clock(at, reader) } else { format!("{} {}", day(at), clock(at, reader)) }
}

fn head(row: &MessageRow, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let sender = row.from.address().map_or_else(|| phrases.say("story-nobody"), ToString::to_string);
    let mut text = format!("{}\n", phrases.fill("story-title", [("id", row.id.to_string().into())]));
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "  {}", phrases.fill(key, [("text", value.into())]));
    };
    line("story-from", sender);
    let addresses: Vec<&RecipientRow> = row.recipients.iter().collect();
    line("story-to", named(&addresses, reader));
    line("story-size", size(row.bytes, reader));
    if !row.message_id.is_empty() {
        line("story-message-id", row.message_id.clone());
    }
    text
}

fn received(row: &MessageRow, reader: &Reader) -> String {
    let key = if row.principal == Principal::System { "story-received-here" } else { "story-received" };
    format!("{}\n", reader.phrases.fill(key, [("client", row.client.clone().into())]))
}

/// Addresses in one line: all of a few, the first of many.
fn named(recipients: &[&RecipientRow], reader: &Reader) -> String {
    let shown: Vec<&str> = recipients.iter().take(NAMED).map(|row| row.address.as_str()).collect();
    let mut text = shown.join(", ");
    let hidden = recipients.len().saturating_sub(NAMED);
    if hidden > 0 {
        text += &format!(" {}", reader.phrases.fill("story-others", [("count", hidden.into())]));
    }
    text
}

fn attempt(of: StoryOf<'_>, attempt: &Attempt, whole: bool, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let mut server = attempt.peer.as_ref().map(ToString::to_string).unwrap_or_else(|| "?".to_owned());
    if let Some(tls) = &attempt.tls {
        server += &format!(", {}", tls.version);
    }
    let relay = of.relay(Some(attempt.relay)).to_owned();
    let gaps = [("relay", relay.into()), ("server", server.into())];
    let key = if attempt.relay == RelayId::DIRECT { "story-attempt-direct" } else { "story-attempt" };
    let mut text = format!("{}\n", phrases.fill(key, gaps));
    let mut said: Vec<(bool, &str, Vec<&str>)> = Vec::new();
    for outcome in &attempt.outcomes {
        let to = of.story.message.recipients.iter().find(|row| row.index == outcome.index);
        let address = to.map_or("?", |row| row.address.as_str());
        let same = said.iter_mut().find(|(ok, what, _)| *ok == outcome.delivered && *what == outcome.said);
        match same {
            Some((_, _, addresses)) => addresses.push(address),
            None => said.push((outcome.delivered, &outcome.said, vec![address])),
        }
    }
    for (delivered, what, addresses) in said {
        let key = if delivered { "story-took" } else { "story-refused" };
        let mut to = addresses.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        if addresses.len() > NAMED {
            to.push('…');
        }
        let gaps = [("to", to.into()), ("said", what.to_owned().into())];
        let _ = writeln!(text, "      {}", phrases.fill(key, gaps));
    }
    if let Some(spoken) = attempt.dialogue.as_ref().filter(|_| whole) {
        text += &dialogue(spoken, "      ", reader);
    }
    text
}

/// A step that no attempt tells; `None` for those that one does, and for the acceptance, which is told apart.
fn event(of: StoryOf<'_>, event: &Event, reader: &Reader) -> Option<String> {
    let key = wording::event_key(event.kind)?;
    // A detail of one word is JSON all the same.
    let detail = event.detail.trim_matches('"').to_owned();
    let gaps = [("relay", of.relay(event.relay).to_owned().into()), ("detail", detail.into())];
    let mut text = reader.phrases.fill(key, gaps);
    let of_one = of.story.message.recipients.iter().find(|row| Some(row.index) == event.recipient);
    if let Some(row) = of_one.filter(|_| of.story.message.recipients.len() > 1) {
        let _ = write!(text, " ({})", row.address);
    }
    text.push('\n');
    Some(text)
}

/// How a recipient stands.
#[derive(PartialEq)]
struct Fate {
    standing: String,
    since: Timestamp,
    is_final: bool,
    reason: Option<Reason>,
    next: Option<Timestamp>,
    /// What the other relays tell about the one that it waits for.
    neighbours: Option<Neighbours>,
    /// Which relay refused it, that refuses every other message as well, and how many.
    refusing_all: Option<(String, usize)>,
    expires_at: Option<Timestamp>,
}

impl Fate {
    fn text(&self, reader: &Reader) -> String {
        let mut text = format!("    {}", self.standing);
        if self.is_final {
            let _ = write!(text, ", {}", when(self.since, reader));
        }
        text.push('\n');
        if let Some(reason) = &self.reason {
            text += &because(reason, "    ", reader);
        }
        if let Some(neighbours) = &self.neighbours {
            let _ = writeln!(text, "    {}", wording::elsewhere(neighbours, reader));
        }
        if let Some((relay, count)) = &self.refusing_all {
            let _ = writeln!(text, "    {}", refusing(relay, *count, reader));
        }
        if let Some(next) = self.next {
            let gaps = [("when", coming(next, reader).into())];
            let _ = writeln!(text, "    {}", reader.phrases.fill("story-next", gaps));
        }
        if let Some(at) = self.expires_at {
            let gaps = [("moment", moment(at, reader).into())];
            let _ = writeln!(text, "    {}", reader.phrases.fill("story-expires", gaps));
        }
        text
    }
}

/// Recipients by fate, so that a thousand of one fate are one paragraph.
fn fates<'a>(of: StoryOf<'a>, reader: &Reader) -> Vec<(Vec<&'a RecipientRow>, Fate)> {
    let mut fates: Vec<(Vec<&RecipientRow>, Fate)> = Vec::new();
    for row in &of.story.message.recipients {
        let reason = of.names().reason(row, reader);
        let waits = row.state == RecipientState::Waiting;
        // Under a closure the clock of expiry stands still, so there is no moment to name.
        let expires_at = Some(row.expires_at).filter(|_| waits && row.closure.is_none());
        let fate = Fate {
            standing: standing(row, reader),
            since: if row.state.is_final() { row.since } else { Timestamp(0) },
            is_final: row.state.is_final(),
            reason,
            refusing_all: refusing_all(of, row),
            neighbours: row.closure.and_then(|id| of.closures.get(&id)?.neighbours.clone()),
            next: of.names().next_attempt(row),
            expires_at,
        };
        match fates.iter_mut().find(|(_, known)| *known == fate) {
            Some((rows, _)) => rows.push(row),
            None => fates.push((vec![row], fate)),
        }
    }
    fates
}

/// The relay that refused the recipient's message, if it refuses every other one as well.
fn refusing_all(of: StoryOf<'_>, row: &RecipientRow) -> Option<(String, usize)> {
    let relay = row.relay.filter(|_| row.state != RecipientState::Delivered)?;
    let count = of.refusing_all.get(&relay)?;
    Some((of.relay(Some(relay)).to_owned(), *count))
}

/// A size in the units of the reader's language.
fn size(bytes: u64, reader: &Reader) -> String {
    let (key, count) = match bytes {
        0..10_000 => ("size-bytes", bytes),
        10_000..10_000_000 => ("size-kilobytes", bytes / 1_000),
        _ => ("size-megabytes", bytes / 1_000_000),
    };
    reader.phrases.fill(key, [("count", count.into())])
}

/// The story for programs.
pub fn story_json(of: StoryOf<'_>, reader: &Reader) -> serde_json::Value {
    json!({
        "message": message_json(&of.story.message, of.names(), reader),
        "attempts": of.story.attempts,
        "events": of.story.events,
        "closures": of.closures.values().collect::<Vec<_>>(),
        "relays": of.relays,
        "refusing_all": of.refusing_all,
    })
}
