//! What monitors read: how the queue stands, and what happened since this server started.
//!
//! What happened is counted from the log of events, from where the last look ended: nothing is counted on the road of a
//! message, so that monitors cost the mail nothing.

use crate::{Answer, Control, Fault, RelayState};
use mail::{EventId, QueueId, RelayId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Event, EventKind, Filter, Page, RecipientState, Totals};

/// The most events that one look reads; the rest waits for the next one.
const EVENTS_MOST: usize = 100_000;
/// The most messages whose age and size are looked at, the oldest first.
const MESSAGES_MOST: usize = 20_000;
/// Upper bounds of the time from acceptance to delivery, in seconds.
const DELIVERY_SECS: [i64; 11] = [1, 2, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 432_000];
/// Upper bounds of ages in the queue, in seconds.
const AGE_SECS: [i64; 8] = [10, 60, 300, 900, 3_600, 14_400, 86_400, 432_000];
/// Upper bounds of sizes, in bytes.
const SIZES: [i64; 8] = [1_000, 10_000, 100_000, 1_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000];

/// How often a value was at most each bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// The bounds, growing.
    pub bounds: Vec<i64>,
    /// For each bound, how many values are no larger.
    pub at_most: Vec<u64>,
    /// How many values there are.
    pub count: u64,
    /// Their sum.
    pub sum: i64,
}

impl Histogram {
    fn new(bounds: &[i64]) -> Self {
        Self { bounds: bounds.to_vec(), at_most: vec![0; bounds.len()], count: 0, sum: 0 }
    }

    fn add(&mut self, value: i64) {
        for (bound, count) in self.bounds.iter().zip(&mut self.at_most) {
            *count += u64::from(value <= *bound);
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
    }
}

/// What was counted since the first look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How often each thing happened.
    pub events: BTreeMap<String, u64>,
    /// What came of attempts for a recipient: by relay, then by cause, which is `delivered` for a success.
    pub attempts: BTreeMap<String, BTreeMap<String, u64>>,
    /// The seconds from acceptance to delivery.
    pub delivery: Histogram,
}

/// What monitors read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The program's version.
    pub version: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// What the queue holds.
    pub totals: Totals,
    /// The age of the oldest message that is not over, in seconds.
    pub oldest_secs: i64,
    /// Whether mail is taken.
    pub takes_mail: bool,
    /// Each relay, and whether it carries mail.
    pub relays: BTreeMap<String, bool>,
    /// How many places are slowed after wrong passwords and keys.
    pub slowed: usize,
    /// In how many seconds the certificate ends.
    pub certificate_secs: Option<i64>,
    /// What was counted.
    pub counted: Counted,
    /// The ages in seconds and the sizes in bytes of the oldest messages, by how they wait: only when they are asked for.
    pub waiting: Option<BTreeMap<String, (Histogram, Histogram)>>,
}

/// Up to which event it is counted, and what was.
pub(crate) struct Tally {
    after: Option<EventId>,
    counted: Counted,
}

impl Default for Tally {
    fn default() -> Self {
        let (events, attempts) = (BTreeMap::new(), BTreeMap::new());
        Self { after: None, counted: Counted { events, attempts, delivery: Histogram::new(&DELIVERY_SECS) } }
    }
}

impl Tally {
    fn count(&mut self, event: &Event, relays: &BTreeMap<RelayId, String>) {
        let Some(kind) = word_of(event.kind) else { return };
        *self.counted.events.entry(kind.to_owned()).or_default() += 1;
        let tried = matches!(event.kind, EventKind::Delivered | EventKind::Deferred | EventKind::Failed);
        if let Some(relay) = event.relay.filter(|_| tried).and_then(|id| relays.get(&id)) {
            let cause = event.cause.clone().unwrap_or_else(|| kind.to_owned());
            *self.counted.attempts.entry(relay.clone()).or_default().entry(cause).or_default() += 1;
        }
        if let Some(message) = event.message.filter(|_| event.kind == EventKind::Delivered) {
            self.counted.delivery.add(event.at.since_ms(message.minted_at()).max(0) / 1_000);
        }
    }
}

/// The word of what is counted.
const fn word_of(kind: EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::Accepted => "accepted",
        EventKind::Delivered => "delivered",
        EventKind::Deferred => "deferred",
        EventKind::Failed => "failed",
        EventKind::Expired => "expired",
        EventKind::Cancelled => "cancelled",
        EventKind::CameBack => "came_back",
        EventKind::Noticed => "noticed",
        EventKind::PerhapsTwice => "perhaps_twice",
        EventKind::RelayClosed => "relay_closed",
        _ => return None,
    })
}

impl Control {
    /// Begins to count: what happened before is not of this start.
    pub(crate) async fn metrics(&self, waiting: bool) -> Result<Answer, Fault> {
        let now = self.clock.now();
        let relays = self.relay_views().await?;
        let mut names: BTreeMap<RelayId, String> =
            relays.iter().map(|relay| (relay.id, relay.name.clone())).collect();
        names.insert(RelayId::DIRECT, crate::relays::DIRECT.to_owned());
        let oldest = self.store.list(Filter::default(), Page { after: None, limit: 1 }).await?;
        let certificate = self.certificate.get().and_then(|ends| ends());
        let metrics = Metrics {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.facts.started_at,
            totals: self.store.totals().await?,
            oldest_secs: oldest.first().map_or(0, |row| now.since_ms(row.received_at).max(0) / 1_000),
            takes_mail: self.trouble().is_none(),
            relays: relays.into_iter().map(|relay| (relay.name, relay.state == RelayState::Open)).collect(),
            slowed: self.sign_in.patience.slowed(now).len(),
            certificate_secs: certificate.map(|ends| ends.since_ms(now) / 1_000),
            counted: self.counted(&names).await?,
            waiting: if waiting { Some(self.waiting(now).await?) } else { None },
        };
        Ok(Answer::Metrics { metrics: Box::new(metrics) })
    }

    /// Counts what happened since the last look.
    async fn counted(&self, relays: &BTreeMap<RelayId, String>) -> Result<Counted, Fault> {
        // One look at a time: two would count the same events twice.
        let mut tally = self.tally.lock().await;
        let mut read = 0;
        while read < EVENTS_MOST {
            let Some(after) = tally.after else {
                // Everything that happened since the start of this server, and nothing older.
                tally.after = Some(self.begin_of_count().await?);
                continue;
            };
            let events = self.store.events(after, Page::MAX).await?;
            for event in &events {
                tally.count(event, relays);
                tally.after = Some(event.id);
            }
            read += events.len();
            if events.len() < Page::MAX {
                break;
            }
        }
        Ok(tally.counted.clone())
    }

    /// The last event before this server started, among the latest ones.
    async fn begin_of_count(&self) -> Result<EventId, Fault> {
        let latest = self.store.latest_events(Page::MAX).await?;
        let older = latest.iter().find(|event| event.at < self.facts.started_at);
        Ok(older.or(latest.last()).map_or(EventId(0), |event| event.id))
    }

    async fn waiting(&self, now: Timestamp) -> Result<BTreeMap<String, (Histogram, Histogram)>, Fault> {
        let fresh = || (Histogram::new(&AGE_SECS), Histogram::new(&SIZES));
        let mut by: BTreeMap<String, _> =
            ["active", "deferred", "hold"].into_iter().map(|name| (name.to_owned(), fresh())).collect();
        let (mut after, mut seen): (Option<QueueId>, usize) = (None, 0);
        while seen < MESSAGES_MOST {
            let page = Page { after, limit: Page::MAX };
            let rows = self.store.list(Filter::default(), page).await?;
            for row in &rows {
                let any = |is: fn(&store::RecipientRow) -> bool| row.recipients.iter().any(is);
                let name = if any(|one| one.leased) {
                    "active"
                } else if any(|one| one.state == RecipientState::Waiting) {
                    "deferred"
                } else {
                    "hold"
                };
                if let Some((ages, sizes)) = by.get_mut(name) {
                    ages.add(now.since_ms(row.received_at).max(0) / 1_000);
                    sizes.add(i64::try_from(row.bytes).unwrap_or(i64::MAX));
                }
            }
            (after, seen) = (rows.last().map(|row| row.id), seen + rows.len());
            if rows.len() < Page::MAX {
                break;
            }
        }
        Ok(by)
    }
}
