//! What comes back from other servers: a report about a message that they had taken joins the story of that message.
//!
//! A failure that names its recipients makes them failed ones, and their sender is told in our own words. A delay, an
//! automatic answer or a complaint is only noted. What nobody can read is noted and handed on to the sender as it is.

use crate::accept::{Refusal, Submission, Trace};
use crate::tell::fill;
use crate::{Bond, Queue};
use explain::CauseId;
use explain::bounce::{self, Kind};
use mail::{
    BodyType, Envelope, Evidence, Principal, QueueId, Recipient, Reply, ReplyCode, ReversePath, Seen, Stage,
    Timestamp,
};
use std::sync::Arc;
use store::{ComeBack, EventKind, MessageRow, NewEvent, RecipientRow, RecipientState, StoreError, Story};

/// The most reports that one message takes down: whoever learnt its return path must not fill the disk.
const MOST_REPORTS: usize = 50;
/// The most bytes of a server's words that are kept.
const MOST_SAID: usize = 1_000;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// So many recipients failed after all.
    Failed(usize),
    /// It changes nothing, and is noted.
    Noted,
    /// It could not be read: it is noted, and its sender gets it as it is.
    HandedOn,
    /// The message is not known any more, or has had too many reports.
    Ignored,
    /// The message is still on its way: what was reported may be true in a moment, and the other server must say it again.
    TooSoon,
}

impl Queue {
    /// Joins a report to the story of the message that its return path names. At most [`bounce::MAX_BYTES`] of it are read.
    pub async fn came_back(&self, id: QueueId, raw: &[u8]) -> Result<Joined, StoreError> {
        let Some(story) = self.store().story(id).await? else { return Ok(Joined::Ignored) };
        let is_report = |kind| matches!(kind, EventKind::CameBack | EventKind::Reported);
        if story.events.iter().filter(|event| is_report(event.kind)).count() >= MOST_REPORTS {
            return Ok(Joined::Ignored);
        }
        let report = bounce::read(raw);
        match report.kind {
            Kind::Failure => {
                let failed = failures(&story.message, &report);
                if failed.is_empty() {
                    return self.hand_on(&story, raw).await;
                }
                self.fail_after_all(&story, failed).await
            }
            Kind::NotABounce => self.hand_on(&story, raw).await,
            kind => {
                let detail = serde_json::to_string(&kind).unwrap_or_default();
                self.store().append(vec![self.event(&story, EventKind::Reported, detail)]).await?;
                Ok(Joined::Noted)
            }
        }
    }

    async fn fail_after_all(
        &self,
        story: &Story,
        failed: Vec<(u16, &bounce::Recipient)>,
    ) -> Result<Joined, StoreError> {
        let now = self.clock().now();
        let row = |index: u16| story.message.recipients.iter().find(|row| row.index == index);
        // The report may be faster than our own record of the delivery.
        let is_open = |index: u16| row(index).is_some_and(|row| !row.state.is_final());
        if failed.iter().any(|(index, _)| is_open(*index)) {
            return Ok(Joined::TooSoon);
        }
        let mut count = 0;
        for (index, recipient) in failed {
            if row(index).is_none_or(|row| row.state != RecipientState::Delivered) {
                continue;
            }
            let evidence = evidence_of(recipient, story, index, now);
            let cause = recipient.verdict.cause;
            let detail = serde_json::to_string(&evidence).unwrap_or_default();
            let event = NewEvent {
                recipient: Some(index),
                cause: Some(cause.as_str().to_owned()),
                ..self.event(story, EventKind::CameBack, detail)
            };
            let back = ComeBack {
                message: story.message.id,
                recipients: vec![index],
                evidence: Arc::new(evidence),
                cause: cause.as_str(),
            };
            count += self.store().come_back(back, vec![event]).await?.len();
        }
        Ok(if count > 0 { Joined::Failed(count) } else { Joined::Ignored })
    }

    /// Notes what nobody can read, and gives it to the sender as it is.
    async fn hand_on(&self, story: &Story, raw: &[u8]) -> Result<Joined, StoreError> {
        let event = self.event(story, EventKind::Reported, "\"unreadable\"".to_owned());
        let Some(to) = story.message.from.address().cloned() else {
            self.store().append(vec![event]).await?;
            return Ok(Joined::Noted);
        };
        let body = if raw.is_ascii() { BodyType::SevenBit } else { BodyType::EightBitMime };
        let envelope = Envelope {
            from: ReversePath::Null,
            recipients: vec![Recipient::from(to)],
            body,
            ..Envelope::default()
        };
        let mut draft = self.draft();
        let bond = Bond { events: vec![event], ..Bond::default() };
        let accepted = match fill(&mut draft, raw).await {
            Ok(()) => {
                let trace = Trace { helo: "localhost".to_owned(), client: None, protocol: "local" };
                let (principal, owner) = (Principal::System, story.message.owner);
                self.accept_notice(Submission { principal, owner, envelope, trace, draft }, bond).await
            }
            Err(refusal) => Err(refusal),
        };
        match accepted {
            Ok(_) => Ok(Joined::HandedOn),
            Err(Refusal::Store(error)) => Err(error),
            Err(refusal) => {
                tracing::warn!(message = %story.message.id, %refusal, "what came back cannot be handed on");
                Ok(Joined::Ignored)
            }
        }
    }

    fn event(&self, story: &Story, kind: EventKind, detail: String) -> NewEvent {
        let message = Some(story.message.id);
        NewEvent { message, detail, ..NewEvent::new(self.clock().now(), kind, story.message.owner) }
    }
}

/// The recipients of the message that a report says have failed, by their places.
fn failures<'r>(row: &MessageRow, report: &'r bounce::BounceReport) -> Vec<(u16, &'r bounce::Recipient)> {
    let has_failed = |recipient: &&bounce::Recipient| {
        let cause = recipient.verdict.cause;
        cause != CauseId::DELIVERY_DELAYED && cause != CauseId::DELIVERED
    };
    let mut found: Vec<(u16, &bounce::Recipient)> = Vec::new();
    for recipient in report.recipients.iter().filter(has_failed) {
        // A server that forwards reports an address that we never heard of; of a single recipient it is clear who is meant.
        let named = row.recipients.iter().find(|row| is_same(row, &recipient.address));
        let only = row.recipients.first().filter(|_| row.recipients.len() == 1);
        if let Some(row) = named.or(only)
            && !found.iter().any(|(index, _)| *index == row.index)
        {
            found.push((row.index, recipient));
        }
    }
    found
}

fn is_same(row: &RecipientRow, address: &str) -> bool {
    let key = |text: &str| text.parse::<mail::Address>().map(|address| address.key()).ok();
    let wanted = key(address);
    wanted.is_some() && key(&row.address) == wanted
}

/// What the other server reported, as if it had said it to us.
fn evidence_of(recipient: &bounce::Recipient, story: &Story, index: u16, now: Timestamp) -> Evidence {
    let said: String = recipient.raw.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = said.floor_char_boundary(MOST_SAID.min(said.len()));
    let said = said.get(..end).unwrap_or_default();
    let taken = |outcome: &store::AttemptOutcome| outcome.index == index && outcome.delivered;
    let attempt = story.attempts.iter().rev().find(|attempt| attempt.outcomes.iter().any(taken));
    let peer = attempt.and_then(|attempt| attempt.peer.clone());
    Evidence { at: now, stage: Stage::EndOfData, peer, seen: Seen::Reply { reply: reply_in(said) } }
}

/// The reply that stands in a report's words, from its code on. Words without any code are those of 554, with which a server
/// says that it failed and no more (RFC 5321 §4.2.3).
fn reply_in(said: &str) -> Reply {
    let code_at = |start: usize| -> Option<(ReplyCode, &str)> {
        let text = said.get(start..)?;
        let (digits, rest) = text.split_at_checked(3)?;
        let is_code = digits.starts_with(['4', '5']) && digits.bytes().all(|b| b.is_ascii_digit());
        let ends = rest.is_empty() || rest.starts_with([' ', '-']);
        let code = ReplyCode::try_from(digits.parse::<u16>().ok().filter(|_| is_code && ends)?).ok()?;
        Some((code, rest.trim_start_matches([' ', '-'])))
    };
    let starts = std::iter::once(0).chain(said.match_indices(' ').map(|(at, _)| at + 1));
    match starts.into_iter().find_map(code_at) {
        Some((code, text)) => Reply::from_lines(code, vec![text.to_owned()]),
        None => Reply::new(554, None, said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_found_in_the_words_of_a_report() {
        for (said, reply) in [
            ("550 5.1.1 No such user", "550 5.1.1 No such user"),
            ("host mx.test said: 552-5.2.2 The mailbox is full", "552 5.2.2 The mailbox is full"),
            ("said 1550 no 55 times 550", "550"),
            ("no code at all", "554 no code at all"),
            ("", "554"),
        ] {
            assert_eq!(reply_in(said).to_string(), reply, "{said}");
        }
    }
}
