//! How much of what happened: by time, relay, destination, cause and account.

use crate::{Answer, Blame, Caller, Control, Fault, Role};
use mail::{AccountId, Principal, RelayId, SiteId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use store::{CountQuery, CountRow, Counts, Dimension, PrincipalKey, Span};

/// The events that are counted in one step, and the most steps that somebody who asks waits for.
const STEP: usize = 1_000;
/// The steps that a question may make, so that its answer is of now.
const MOST_STEPS: usize = 20;
/// The rows of an answer, but for times; what is left is one row more.
const ROWS: usize = 20;
/// The longest time that hours are told of.
pub const HOURS_KEPT_DAYS: i64 = 45;
/// The longest time that days are told of.
pub const DAYS_KEPT_DAYS: i64 = 731;
const DAY_SECS: i64 = 86_400;

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatisticsBy {
    /// Hours.
    Hour,
    /// Days, in UTC.
    #[default]
    Day,
    /// Relays.
    Relay,
    /// The domains of recipients.
    Destination,
    /// The causes of what was not taken.
    Cause,
    /// Accounts and sites.
    Account,
}

impl StatisticsBy {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Day, Self::Hour, Self::Relay, Self::Destination, Self::Cause, Self::Account];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Relay => "relay",
            Self::Destination => "destination",
            Self::Cause => "cause",
            Self::Account => "account",
        }
    }

    const fn dimension(self) -> Dimension {
        match self {
            Self::Hour | Self::Day | Self::Account => Dimension::All,
            Self::Relay => Dimension::Relay,
            Self::Destination => Dimension::Destination,
            Self::Cause => Dimension::Cause,
        }
    }

    /// Whether its rows are times.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Hour | Self::Day)
    }
}

impl std::str::FromStr for StatisticsBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|by| by.as_str() == text);
        found.ok_or_else(|| Self::ALL.map(Self::as_str).join(", "))
    }
}

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatisticsWish {
    /// What is told apart.
    pub by: StatisticsBy,
    /// Since when; a day for hours, 30 days for all else when it is absent.
    pub from: Option<Timestamp>,
    /// Until when; until now when it is absent.
    pub to: Option<Timestamp>,
    /// Of this account or site only.
    pub of: Option<String>,
}

/// A row of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticsRow {
    /// The hour or the day, when rows are times.
    pub at: Option<Timestamp>,
    /// The name of the relay, the domain, the cause, the login; empty for all that has no row of its own.
    pub name: String,
    /// How much.
    #[serde(flatten)]
    pub counts: Counts,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticsReport {
    /// What is told apart.
    pub by: StatisticsBy,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// The rows: times in their order, all else by how much there is.
    pub rows: Vec<StatisticsRow>,
    /// Everything together.
    pub total: Counts,
}

impl Control {
    /// Whose numbers a caller may see: a person's are their own.
    pub(crate) fn statistics_of(caller: &Caller, mut wish: StatisticsWish) -> StatisticsWish {
        if caller.role == Role::Person {
            wish.of = Some(caller.login().to_owned());
        }
        wish
    }

    pub(crate) async fn statistics(&self, caller: &Caller, wish: StatisticsWish) -> Result<Answer, Fault> {
        let wish = Self::statistics_of(caller, wish);
        for _ in 0..MOST_STEPS {
            if !self.store.count_events(STEP).await? {
                break;
            }
        }
        let now = self.clock.now();
        let to = wish.to.unwrap_or(now).min(now);
        let days = if wish.by == StatisticsBy::Hour { 1 } else { 30 };
        let from = wish.from.unwrap_or_else(|| to.plus_secs(-days * DAY_SECS));
        let span = match wish.by {
            StatisticsBy::Hour => Span::Hour,
            StatisticsBy::Day => Span::Day,
            _ if to.since_ms(from) <= 2 * Span::Day.ms() => Span::Hour,
            _ => Span::Day,
        };
        let kept = if span == Span::Hour { HOURS_KEPT_DAYS } else { DAYS_KEPT_DAYS };
        let from = span.begin(from.max(now.plus_secs(-kept * DAY_SECS)));
        let to = span.begin(to).plus_ms(span.ms());
        let principal = match &wish.of {
            None => None,
            Some(name) => {
                let known = self.store.login(name).await?;
                Some(known.ok_or_else(|| Fault::about(Blame::Missing, name))?.principal)
            }
        };
        let query = |dimension| CountQuery { span, from, to, dimension, principal };
        let all = self.store.counts(query(Dimension::All)).await?;
        let total = sum(all.iter());
        let rows = match wish.by {
            StatisticsBy::Hour | StatisticsBy::Day => times(span, from, to, &all),
            StatisticsBy::Account => self.accounts_of(&all),
            StatisticsBy::Relay => self.relays_of(self.store.counts(query(Dimension::Relay)).await?).await?,
            by => by_key(self.store.counts(query(by.dimension())).await?),
        };
        let report = StatisticsReport { by: wish.by, from, to, rows, total };
        Ok(Answer::Statistics { report: Box::new(report) })
    }

    fn accounts_of(&self, rows: &[CountRow]) -> Vec<StatisticsRow> {
        let mut named: BTreeMap<String, Counts> = BTreeMap::new();
        for row in rows {
            let name = row.key.principal.map_or_else(String::new, |key| self.name_of(key));
            named.entry(name).or_default().add(&row.counts);
        }
        greatest(named)
    }

    fn name_of(&self, key: PrincipalKey) -> String {
        let principal = match key {
            (0, id) => Principal::Account(AccountId(id)),
            (1, id) => Principal::Site(SiteId(id)),
            _ => Principal::System,
        };
        let known = self.registry.name(principal).map(|name| name.to_string());
        known.unwrap_or_else(|| match principal {
            Principal::System => "facteur".to_owned(),
            Principal::Account(id) => format!("account #{id}"),
            Principal::Site(id) => format!("site #{id}"),
        })
    }

    async fn relays_of(&self, rows: Vec<CountRow>) -> Result<Vec<StatisticsRow>, Fault> {
        let relays = self.store.relays().await?;
        let names: HashMap<String, String> =
            relays.into_iter().map(|relay| (relay.id.to_string(), relay.name)).collect();
        let mut named: BTreeMap<String, Counts> = BTreeMap::new();
        for row in rows {
            let name = match names.get(&row.key.key) {
                Some(name) => name.clone(),
                None if row.key.key == RelayId::DIRECT.to_string() => crate::relays::DIRECT.to_owned(),
                None if row.key.key.is_empty() => String::new(),
                None => format!("relay #{}", row.key.key),
            };
            named.entry(name).or_default().add(&row.counts);
        }
        Ok(greatest(named))
    }
}

fn sum<'a>(rows: impl Iterator<Item = &'a CountRow>) -> Counts {
    let mut total = Counts::default();
    rows.for_each(|row| total.add(&row.counts));
    total
}

/// Every hour or day, those without anything too.
fn times(span: Span, from: Timestamp, to: Timestamp, rows: &[CountRow]) -> Vec<StatisticsRow> {
    let mut told = Vec::new();
    let mut at = from;
    while at < to {
        let counts = sum(rows.iter().filter(|row| row.key.at == at));
        told.push(StatisticsRow { at: Some(at), name: String::new(), counts });
        at = at.plus_ms(span.ms());
    }
    told
}

fn by_key(rows: Vec<CountRow>) -> Vec<StatisticsRow> {
    let mut named: BTreeMap<String, Counts> = BTreeMap::new();
    for row in rows {
        named.entry(row.key.key).or_default().add(&row.counts);
    }
    greatest(named)
}

/// The names with the most, then all others together.
fn greatest(mut named: BTreeMap<String, Counts>) -> Vec<StatisticsRow> {
    let mut rest = named.remove("").unwrap_or_default();
    let mut rows: Vec<StatisticsRow> =
        named.into_iter().map(|(name, counts)| StatisticsRow { at: None, name, counts }).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.counts.weight()));
    rows.iter().skip(ROWS).for_each(|row| rest.add(&row.counts));
    rows.truncate(ROWS);
    if rest != Counts::default() {
        rows.push(StatisticsRow { at: None, name: String::new(), counts: rest });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_come_first_and_nothing_is_lost() {
        let one = |delivered| Counts { delivered, ..Counts::default() };
        let mut named: BTreeMap<String, Counts> =
            (0..30_u64).map(|number| (format!("d{number:02}"), one(number))).collect();
        named.insert(String::new(), one(100));
        let all: u64 = named.values().map(|counts| counts.delivered).sum();
        let rows = greatest(named);
        assert_eq!((rows.len(), rows[0].name.as_str(), rows[20].name.as_str()), (21, "d29", ""));
        assert_eq!(rows.iter().map(|row| row.counts.delivered).sum::<u64>(), all);
        assert_eq!(greatest(BTreeMap::new()), Vec::new());
    }

    #[test]
    fn times_have_no_gaps() {
        let rows = times(Span::Day, Timestamp(0), Timestamp(3 * Span::Day.ms()), &[]);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[2].at, Some(Timestamp(2 * Span::Day.ms())));
    }
}
