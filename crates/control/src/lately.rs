//! What this server's own attempts tell of its relays: which of them carried mail lately, which met the trouble of a
//! server, and which refuse whatever they are given.

use explain::{CauseId, Group, Need};
use mail::{QueueId, RelayId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use store::{Event, EventKind};

/// How long an attempt tells something about now.
const LATELY_SECS: i64 = 3_600;

/// How long refusals are remembered: a daily quota is full for a day.
const REFUSALS_SECS: i64 = 24 * 3_600;

/// How many different messages must be refused in a row before it is no matter of what they say.
const REFUSED_IN_A_ROW: usize = 4;

/// What the latest attempts tell of one relay.
#[derive(Debug, Default)]
struct OfRelay {
    /// When it last took a message.
    carried_at: Option<Timestamp>,
    /// The cause of the latest attempt, where that was the trouble of a server.
    trouble: Option<String>,
    is_known: bool,
    /// Whether the run of refusals has ended.
    is_done: bool,
    refused: BTreeSet<QueueId>,
}

/// What the latest attempts tell of each relay.
#[derive(Debug, Default)]
pub(crate) struct Lately(BTreeMap<RelayId, OfRelay>);

impl Lately {
    /// Reads the latest events, newest first.
    pub(crate) fn of(events: &[Event], now: Timestamp) -> Self {
        let mut all: BTreeMap<RelayId, OfRelay> = BTreeMap::new();
        for event in events {
            if let Some(relay) = event.relay {
                all.entry(relay).or_default().add(event, now);
            }
        }
        Self(all)
    }

    /// When the relay took a message lately.
    pub(crate) fn carried_at(&self, relay: RelayId) -> Option<Timestamp> {
        self.0.get(&relay)?.carried_at
    }

    /// The trouble that the latest attempt through the relay met, if it was a server's or the network's.
    pub(crate) fn trouble(&self, relay: RelayId) -> Option<&str> {
        self.0.get(&relay)?.trouble.as_deref()
    }

    /// The relays that refused every one of their latest messages for what it is said to contain, and how many: so much
    /// in a row is a quota that is used up, or an account that is blocked, rather than the content.
    pub(crate) fn refusing_all(&self) -> BTreeMap<RelayId, usize> {
        let many = self.0.iter().filter(|(_, one)| one.refused.len() >= REFUSED_IN_A_ROW);
        many.map(|(relay, one)| (*relay, one.refused.len())).collect()
    }
}

impl OfRelay {
    fn add(&mut self, event: &Event, now: Timestamp) {
        let age_secs = now.0.saturating_sub(event.at.0) / 1_000;
        match event.kind {
            EventKind::Delivered => {
                self.is_done = true;
                if age_secs <= LATELY_SECS && self.carried_at.is_none() {
                    self.carried_at = Some(event.at);
                }
            }
            EventKind::Deferred | EventKind::Failed if age_secs <= REFUSALS_SECS => {
                let cause = event.cause.as_deref().and_then(CauseId::lookup);
                if !self.is_known && age_secs <= LATELY_SECS && self.carried_at.is_none() {
                    self.trouble =
                        cause.filter(|cause| is_of_a_server(*cause)).map(|id| id.as_str().to_owned());
                }
                self.refuse(event.message, cause);
            }
            _ => return,
        }
        self.is_known = true;
    }

    fn refuse(&mut self, message: Option<QueueId>, cause: Option<CauseId>) {
        match cause {
            _ if self.is_done => {}
            Some(cause) if blames_the_content(cause) => self.refused.extend(message),
            // What says nothing of the message, as a silence in between, says nothing against it either.
            Some(cause) if is_of_a_server(cause) => {}
            _ => self.is_done = true,
        }
    }
}

/// Whether the cause is the trouble of a server, or of the way to it, whoever writes.
pub(crate) fn is_of_a_server(cause: CauseId) -> bool {
    matches!(explain::cause(cause).group, Group::Network | Group::Tls | Group::Transport)
}

/// Whether the server says that it refuses what the message is or contains, or does not say why.
pub(crate) fn blames_the_content(cause: CauseId) -> bool {
    let entry = explain::cause(cause);
    let of_the_text = matches!(entry.need, Need::ChangeContent | Need::ContactRecipient);
    entry.group == Group::Content && of_the_text
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{EventId, OwnerId};

    /// Events from words, the newest first: `delivered:1`, `refused:1:cause`, each a minute older, of its own message.
    fn lately(words: &str) -> Lately {
        let now = Timestamp(1_700_000_000_000);
        let event = |(age, word): (i64, &str)| {
            let mut parts = word.split(':');
            let kind = match parts.next() {
                Some("delivered") => EventKind::Delivered,
                Some("waits") => EventKind::Deferred,
                _ => EventKind::Failed,
            };
            let relay = parts.next().and_then(|id| id.parse().ok()).map(RelayId);
            let message = Some(QueueId::from_stored(1_000_000 + age));
            Event {
                id: EventId(1_000 - age),
                at: Timestamp(now.0 - age * 60_000),
                kind,
                owner: OwnerId::DEFAULT,
                message,
                recipient: Some(0),
                relay,
                cause: parts.next().map(str::to_owned),
                detail: String::new(),
            }
        };
        let events: Vec<Event> = (0..).zip(words.split_whitespace()).map(event).collect();
        Lately::of(&events, now)
    }

    #[track_caller]
    fn check_refusing(words: &str, count: Option<usize>) {
        assert_eq!(lately(words).refusing_all().get(&RelayId(1)).copied(), count, "{words}");
    }

    #[test]
    fn a_relay_that_refuses_all_is_told_from_one_that_refuses_some() {
        check_refusing(&"refused:1:spam_content ".repeat(4), Some(4));
        check_refusing(&"refused:1:spam_content ".repeat(3), None);
        check_refusing(
            "refused:1:spam_content refused:1:policy_rejected waits:1:rejected_unspecified waits:1:conversation_timeout refused:1:spam_content",
            Some(4),
        );
        check_refusing(
            "refused:1:spam_content refused:1:spam_content delivered:1 refused:1:spam_content refused:1:spam_content",
            None,
        );
        check_refusing(
            "refused:1:spam_content refused:1:spam_content refused:1:recipient_unknown refused:1:spam_content refused:1:spam_content",
            None,
        );
        check_refusing(&"refused:1:message_too_big ".repeat(9), None);
        check_refusing(&"refused:2:spam_content ".repeat(9), None);
    }

    #[test]
    fn the_latest_attempt_tells_of_trouble() {
        let one = lately(
            "waits:1:connect_timeout delivered:1 delivered:2 waits:2:connect_timeout waits:3:recipient_unknown",
        );
        assert_eq!([1, 2, 3].map(|id| one.trouble(RelayId(id))), [Some("connect_timeout"), None, None]);
        assert!(one.carried_at(RelayId(2)).is_some() && one.carried_at(RelayId(3)).is_none());
    }
}
