//! Scenes about how much of what happened.

use super::sample::{NOON, event, message, of};
use super::{Proof, Scene, Stage, same};
use mail::{AccountId, OwnerId, Principal, RelayId, SiteId, Timestamp};
use std::collections::BTreeMap;
use store::{
    CountKey, CountQuery, CountRow, Counts, Dimension, EventKind, MOST_KEYS, NewEvent, NewMessage, Span,
    Start, Tally,
};

pub(super) const SCENES: &[Scene] = &[
    ("events are counted once", |stage| Box::pin(counted(stage))),
    ("what is too much is counted together", |stage| Box::pin(bounded(stage))),
    ("old counts are forgotten", |stage| Box::pin(forgotten(stage))),
];

const OWN: (u8, i64) = (0, 1);

fn query(span: Span, dimension: Dimension) -> CountQuery {
    let principal = None;
    CountQuery { span, from: Timestamp(0), to: Timestamp::NEVER, dimension, principal }
}

/// Whose, of what, how much.
type Told = (Option<(u8, i64)>, String, Counts);

fn told(rows: Vec<CountRow>) -> Vec<Told> {
    rows.into_iter().map(|row| (row.key.principal, row.key.key, row.counts)).collect()
}

fn accepted(number: i64, principal: Principal, starts: &[Start]) -> NewMessage {
    let mut new = NewEvent::new(NOON, EventKind::Accepted, OwnerId::DEFAULT);
    let one = message(number, starts);
    new.message = Some(one.id);
    NewMessage { principal, events: vec![new], ..one }
}

async fn counted(mut stage: Stage) -> Proof {
    let account = Principal::Account(AccountId(1));
    stage.store.accept(accepted(1, account, &[Start::Leased, Start::Leased])).await?;
    stage.store.accept(accepted(2, Principal::Site(SiteId(9)), &[Start::Leased])).await?;
    let later = NOON.plus_secs(3_600);
    let through = |kind, at, index, cause: Option<&str>| NewEvent {
        relay: Some(RelayId(3)),
        cause: cause.map(str::to_owned),
        ..event(kind, at, of(1, index))
    };
    let events = vec![
        through(EventKind::Deferred, NOON, 0, Some("greylisted")),
        through(EventKind::Delivered, later, 0, None),
        through(EventKind::Failed, later, 1, Some("recipient_unknown")),
        NewEvent::new(later, EventKind::Audit, OwnerId::DEFAULT),
    ];
    stage.store.append(events).await?;
    // In small steps, with a crash between: each event is counted once.
    same("a step", stage.store.count_events(2).await?, true)?;
    stage.crash().await?;
    while stage.store.count_events(2).await? {
        stage.crash().await?;
    }
    same("no more", stage.store.count_events(1_000).await?, false)?;
    let own = Counts { messages: 1, accepted: 2, delivered: 1, deferred: 1, failed: 1, ..Counts::default() };
    let other = Counts { messages: 1, accepted: 1, ..Counts::default() };
    let days = stage.store.counts(query(Span::Day, Dimension::All)).await?;
    same("by day", told(days), vec![(Some(OWN), String::new(), own), (Some((1, 9)), String::new(), other)])?;
    let hours = stage.store.counts(query(Span::Hour, Dimension::All)).await?;
    let first = Counts { messages: 1, accepted: 2, deferred: 1, ..Counts::default() };
    let second = Counts { delivered: 1, failed: 1, ..Counts::default() };
    let begins: Vec<Timestamp> = hours.iter().map(|row| row.key.at).collect();
    same("the hours", begins, vec![Span::Hour.begin(NOON), Span::Hour.begin(NOON), Span::Hour.begin(later)])?;
    let expected = vec![
        (Some(OWN), String::new(), first),
        (Some((1, 9)), String::new(), other),
        (Some(OWN), String::new(), second),
    ];
    same("by hour", told(hours), expected)?;
    let relays = stage.store.counts(query(Span::Day, Dimension::Relay)).await?;
    let of_relay = Counts { delivered: 1, deferred: 1, failed: 1, ..Counts::default() };
    same("by relay", told(relays), vec![(Some(OWN), "3".to_owned(), of_relay)])?;
    let causes = stage.store.counts(query(Span::Day, Dimension::Cause)).await?;
    let expected = vec![
        (Some(OWN), "greylisted".to_owned(), Counts { deferred: 1, ..Counts::default() }),
        (Some(OWN), "recipient_unknown".to_owned(), Counts { failed: 1, ..Counts::default() }),
    ];
    same("by cause", told(causes), expected)?;
    let domains = CountQuery { principal: Some(account), ..query(Span::Day, Dimension::Destination) };
    let all = Counts { messages: 0, ..own };
    let domains = stage.store.counts(domains).await?;
    same("by destination, one principal", told(domains), vec![(Some(OWN), "example.net".to_owned(), all)])?;
    let none = CountQuery { to: Span::Day.begin(NOON), ..query(Span::Day, Dimension::All) };
    same("before", stage.store.counts(none).await?, Vec::new())
}

fn many(span: Span, count: usize, from: usize) -> Tally {
    let key = |number: usize| CountKey {
        span,
        at: span.begin(NOON),
        dimension: Dimension::Destination,
        principal: Some(OWN),
        key: format!("d{number:05}.test"),
    };
    let one = Counts { delivered: 1, ..Counts::default() };
    Tally((from..from + count).map(|number| (key(number), one)).collect::<BTreeMap<_, _>>())
}

async fn bounded(mut stage: Stage) -> Proof {
    stage.store.add_counts(many(Span::Hour, MOST_KEYS, 0)).await?;
    stage.store.add_counts(many(Span::Hour, 30, MOST_KEYS - 10)).await?;
    stage.crash().await?;
    let rows = stage.store.counts(query(Span::Hour, Dimension::Destination)).await?;
    same("the rows", rows.len(), MOST_KEYS + 1)?;
    let together = rows.last().map(|row| (row.key.principal, row.key.key.clone(), row.counts.delivered));
    same("those together", together, Some((None, String::new(), 20)))?;
    let sum: u64 = rows.iter().map(|row| row.counts.delivered).sum();
    same("nothing is lost", sum, u64::try_from(MOST_KEYS).unwrap_or(0) + 30)
}

async fn forgotten(stage: Stage) -> Proof {
    for span in Span::ALL {
        stage.store.add_counts(many(span, 1, 0)).await?;
    }
    stage.store.forget_counts(NOON.plus_secs(3_600), Timestamp(0)).await?;
    same("hours", stage.store.counts(query(Span::Hour, Dimension::Destination)).await?.len(), 0)?;
    same("days", stage.store.counts(query(Span::Day, Dimension::Destination)).await?.len(), 1)?;
    stage.store.forget_counts(Timestamp(0), NOON.plus_secs(1)).await?;
    same("no days", stage.store.counts(query(Span::Day, Dimension::Destination)).await?.len(), 0)
}
