//! How much of what happened: counted from the events, by hours and by days.

use crate::{EventKind, Later};
use mail::{Principal, RelayId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The rows of one hour or day that tell of one dimension; what comes after is counted together.
pub const MOST_KEYS: usize = 500;
/// The rows of one hour or day that tell principals apart.
pub const MOST_PRINCIPALS: usize = 2_000;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * HOUR_MS;

/// The length of time that one row tells of. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Span {
    /// An hour.
    Hour = 0,
    /// A day, in UTC.
    Day = 1,
}

impl Span {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// Its length.
    pub const fn ms(self) -> i64 {
        match self {
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
        }
    }

    /// When the one that holds a moment begins.
    pub const fn begin(self, at: Timestamp) -> Timestamp {
        Timestamp(at.0 - at.0.rem_euclid(self.ms()))
    }
}

/// What is told apart. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Dimension {
    /// Nothing but who gave the message.
    All = 0,
    /// The relay; `0` for the way without one.
    Relay = 1,
    /// The domain of the recipient, as A-label.
    Destination = 2,
    /// The cause of what was not taken.
    Cause = 3,
}

/// How much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Messages that were accepted.
    pub messages: u64,
    /// Their recipients.
    pub accepted: u64,
    /// Recipients that were delivered.
    pub delivered: u64,
    /// Attempts after which a recipient went on waiting.
    pub deferred: u64,
    /// Recipients that were refused for good.
    pub failed: u64,
    /// Recipients that waited too long.
    pub expired: u64,
    /// Recipients whose message came back after it was delivered.
    pub bounced: u64,
    /// Recipients that a person deleted.
    pub cancelled: u64,
}

impl Counts {
    /// Adds others.
    pub const fn add(&mut self, more: &Self) {
        self.messages += more.messages;
        self.accepted += more.accepted;
        self.delivered += more.delivered;
        self.deferred += more.deferred;
        self.failed += more.failed;
        self.expired += more.expired;
        self.bounced += more.bounced;
        self.cancelled += more.cancelled;
    }

    /// Recipients for which it is over and that were not delivered.
    pub const fn lost(&self) -> u64 {
        self.failed + self.expired + self.bounced
    }

    /// How much was done, for the order of lists.
    pub const fn weight(&self) -> u64 {
        self.accepted + self.delivered + self.deferred + self.lost() + self.cancelled
    }

    /// One of what an event is; `None` for what is not counted.
    const fn of(kind: EventKind) -> Option<Self> {
        let none = Self {
            messages: 0,
            accepted: 0,
            delivered: 0,
            deferred: 0,
            failed: 0,
            expired: 0,
            bounced: 0,
            cancelled: 0,
        };
        Some(match kind {
            EventKind::Delivered => Self { delivered: 1, ..none },
            EventKind::Deferred => Self { deferred: 1, ..none },
            EventKind::Failed => Self { failed: 1, ..none },
            EventKind::Expired => Self { expired: 1, ..none },
            EventKind::CameBack => Self { bounced: 1, ..none },
            EventKind::Cancelled => Self { cancelled: 1, ..none },
            _ => return None,
        })
    }
}

/// What a row tells of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountKey {
    /// Hours or days.
    pub span: Span,
    /// Which: its begin.
    pub at: Timestamp,
    /// What is told apart.
    pub dimension: Dimension,
    /// Who gave the messages; `None` for those that are counted together.
    pub principal: Option<PrincipalKey>,
    /// Which relay, domain or cause; empty for [`Dimension::All`], and for those that are counted together.
    pub key: String,
}

/// A principal as a part of a key: its kind and its number, as stored.
pub type PrincipalKey = (u8, i64);

/// A principal as a part of a key.
pub const fn principal_key(principal: Principal) -> PrincipalKey {
    match principal {
        Principal::Account(id) => (0, id.0),
        Principal::Site(id) => (1, id.0),
        Principal::System => (2, 0),
    }
}

/// An event, with what is counted of its message.
#[derive(Debug, Clone)]
pub struct Countable<'a> {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Who gave the message; `None` when it is known no more.
    pub principal: Option<PrincipalKey>,
    /// Through which relay.
    pub relay: Option<RelayId>,
    /// For which cause.
    pub cause: Option<&'a str>,
    /// The domain of the recipient that it is about; of all recipients when the message was accepted.
    pub domains: Vec<String>,
}

/// Counts of some events, to be added to what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally(pub BTreeMap<CountKey, Counts>);

impl Tally {
    /// Counts an event.
    pub fn count(&mut self, event: &Countable<'_>) {
        if event.kind == EventKind::Accepted {
            let accepted = u64::try_from(event.domains.len()).unwrap_or(u64::MAX);
            self.add(event, Dimension::All, "", Counts { messages: 1, accepted, ..Counts::default() });
            for domain in &event.domains {
                self.add(event, Dimension::Destination, domain, Counts { accepted: 1, ..Counts::default() });
            }
            return;
        }
        let Some(one) = Counts::of(event.kind) else { return };
        self.add(event, Dimension::All, "", one);
        if let Some(relay) = event.relay {
            self.add(event, Dimension::Relay, &relay.to_string(), one);
        }
        for domain in &event.domains {
            self.add(event, Dimension::Destination, domain, one);
        }
        let is_trouble = !matches!(event.kind, EventKind::Delivered | EventKind::Cancelled);
        if let Some(cause) = event.cause.filter(|_| is_trouble) {
            self.add(event, Dimension::Cause, cause, one);
        }
    }

    fn add(&mut self, event: &Countable<'_>, dimension: Dimension, key: &str, counts: Counts) {
        for span in Span::ALL {
            let at = span.begin(event.at);
            let row = CountKey { span, at, dimension, principal: event.principal, key: key.to_owned() };
            self.0.entry(row).or_default().add(&counts);
        }
    }
}

/// What is asked of the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountQuery {
    /// Hours or days.
    pub span: Span,
    /// From this one on.
    pub from: Timestamp,
    /// Up to this one, which is left out.
    pub to: Timestamp,
    /// What is told apart.
    pub dimension: Dimension,
    /// Of one principal only.
    pub principal: Option<Principal>,
}

/// A row of the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    /// What it tells of.
    pub key: CountKey,
    /// How much.
    pub counts: Counts,
}

/// How much of what happened. Counting goes beside everything else, and is never waited for.
pub trait Statistics: Send + Sync {
    /// Counts up to `limit` events that were not counted yet, each once; `false` when there is none left.
    fn count_events(&self, limit: usize) -> Later<'_, bool>;

    /// What was counted, by time, then by principal and key.
    fn counts(&self, query: CountQuery) -> Later<'_, Vec<CountRow>>;

    /// Adds counts of a time for which there are no events.
    fn add_counts(&self, tally: Tally) -> Later<'_, ()>;

    /// Forgets the counts of hours, and of days, that began before these.
    fn forget_counts(&self, hours: Timestamp, days: Timestamp) -> Later<'_, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_counted_in_its_hour_and_its_day() {
        let mut tally = Tally::default();
        let at = Timestamp(1_700_000_000_123);
        let event = Countable {
            kind: EventKind::Failed,
            at,
            principal: Some((0, 7)),
            relay: Some(RelayId(3)),
            cause: Some("recipient_unknown"),
            domains: vec!["example.net".to_owned()],
        };
        tally.count(&event);
        tally.count(&Countable { kind: EventKind::Audit, ..event.clone() });
        let one = Counts { failed: 1, ..Counts::default() };
        assert!(tally.0.values().all(|counts| *counts == one));
        let told = |span, dimension, key: &str| {
            let at = Span::begin(span, at);
            tally.0.contains_key(&CountKey {
                span,
                at,
                dimension,
                principal: Some((0, 7)),
                key: key.to_owned(),
            })
        };
        for span in Span::ALL {
            assert!(told(span, Dimension::All, ""));
            assert!(told(span, Dimension::Relay, "3"));
            assert!(told(span, Dimension::Destination, "example.net"));
            assert!(told(span, Dimension::Cause, "recipient_unknown"));
        }
        assert_eq!(tally.0.len(), 8);
        assert_eq!(Span::Day.begin(Timestamp(-1)), Timestamp(-DAY_MS));
    }
}
