//! Scenes about lists, events and what a person asks.

use super::sample::{
    NOON, closure, ended, evidence, id, message, of, parked, recipient, relay, settlement, update,
};
use super::spool::row;
use super::{Proof, Scene, Stage, same, there};
use mail::{
    AccountId, ClosureId, EventId, OwnerId, Principal, RecipientId, RelayId, ReversePath, SiteId, Timestamp,
};
use std::sync::Arc;
use store::{
    Act, Change, ClaimLimits, EventKind, Filter, MessageRow, NewEvent, Page, RecipientState, Start, Store,
    Totals,
};

pub(super) const SCENES: &[Scene] = &[
    ("a list means what its filter says", |stage| Box::pin(filters(stage))),
    ("everything is listed when it is asked for", |stage| Box::pin(everything(stage))),
    ("a list comes in pages", |stage| Box::pin(pages(stage))),
    ("events are numbered and kept", |stage| Box::pin(events(stage))),
    ("acts change what they mean", |stage| Box::pin(acts(stage))),
    ("what is held waits for its release", |stage| Box::pin(held(stage))),
];

const ALL: Page = Page { after: None, limit: Page::MAX };

fn meant(rows: &[MessageRow]) -> Vec<RecipientId> {
    let of = |row: &MessageRow| {
        let message = row.id;
        row.recipients.iter().map(move |recipient| RecipientId { message, index: recipient.index }).collect()
    };
    rows.iter().flat_map(|row: &MessageRow| -> Vec<RecipientId> { of(row) }).collect()
}

/// Five messages of two owners, their recipients in every state.
async fn scenery(store: &dyn Store) -> Result<(OwnerId, RelayId), super::Failure> {
    let owner = store.add_owner("b".to_owned(), Vec::new()).await?.id;
    let relay_id = store.save_relay(relay("one"), Vec::new()).await?;
    store.save_closure(closure(70, relay_id), Vec::new()).await?;
    store.accept(message(1, &[Start::Leased, Start::Due(NOON), Start::Due(NOON)])).await?;
    store.accept(message(2, &[parked(70), parked(71)])).await?;
    let mut third = message(3, &[Start::Due(NOON)]);
    (third.owner, third.received_at, third.from) = (owner, NOON.plus_secs(9), ReversePath::Null);
    third.extras.tags = vec!["summer".to_owned(), "plage d'été".to_owned()];
    third.recipients.extend(recipient("Élise@Société.test", Start::Due(NOON)));
    store.accept(third).await?;
    let mut fourth = message(4, &[Start::Leased, Start::Leased, Start::Leased]);
    fourth.from = "Bob@Exemple.TEST".parse().unwrap_or_default();
    store.accept(fourth).await?;
    let mut fifth = message(5, &[Start::Leased]);
    fifth.principal = Principal::Account(AccountId(77));
    store.accept(fifth).await?;
    store.act(Act::Hold, vec![of(1, 2)], NOON).await?;
    let mut deferred = update(of(1, 1), Change::Due(NOON.plus_secs(60)));
    (deferred.cause, deferred.evidence) = (Some("greylisted"), Some(Arc::new(evidence(NOON))));
    deferred.relay = Some(RelayId(42));
    store.settle(settlement(NOON, vec![deferred])).await?;
    store.settle(ended(NOON, RecipientState::Delivered, &[of(4, 0), of(5, 0)])).await?;
    store.settle(ended(NOON, RecipientState::Failed, &[of(4, 1)])).await?;
    store.settle(ended(NOON, RecipientState::Expired, &[of(4, 2)])).await?;
    store.act(Act::Delete, vec![of(2, 1)], NOON).await?;
    Ok((owner, relay_id))
}

async fn filters(mut stage: Stage) -> Proof {
    let (owner, relay_id) = scenery(&*stage.store).await?;
    let some = |text: &str| Some(text.to_owned());
    let state = |state| Filter { state: Some(state), ..Filter::default() };
    let open = vec![of(1, 0), of(1, 1), of(1, 2), of(2, 0), of(3, 0), of(3, 1)];
    let cases = [
        (Filter::default(), open.clone()),
        (
            Filter { ids: vec![id(3), id(1), id(9), id(3)], ..Filter::default() },
            vec![of(1, 0), of(1, 1), of(1, 2), of(3, 0), of(3, 1)],
        ),
        (Filter { ids: vec![id(4)], ..Filter::default() }, vec![]),
        (Filter { ids: vec![id(4)], ..state(RecipientState::Failed) }, vec![of(4, 1)]),
        (
            Filter { sender: some("anne@exemple.test"), ..Filter::default() },
            open.iter().copied().take(4).collect(),
        ),
        (Filter { sender: some("bob@exemple.test"), ..state(RecipientState::Delivered) }, vec![of(4, 0)]),
        (Filter { sender: some(""), ..Filter::default() }, vec![]),
        (Filter { recipient: some("r1@example.net"), ..Filter::default() }, vec![of(1, 1)]),
        (Filter { recipient: some("élise@xn--socit-esab.test"), ..Filter::default() }, vec![of(3, 1)]),
        (Filter { recipient_domain: some("xn--socit-esab.test"), ..Filter::default() }, vec![of(3, 1)]),
        (Filter { recipient_domain: some("net"), ..Filter::default() }, vec![]),
        (Filter { relay: Some(RelayId(42)), ..Filter::default() }, vec![of(1, 1)]),
        (Filter { relay: Some(relay_id), ids: vec![id(2)], ..Filter::default() }, vec![of(2, 0)]),
        (Filter { cause: some("greylisted"), ..Filter::default() }, vec![of(1, 1)]),
        (Filter { tag: some("plage d'été"), ..Filter::default() }, vec![of(3, 0), of(3, 1)]),
        (Filter { tag: some("sum"), ..Filter::default() }, vec![]),
        (Filter { before: Some(NOON.plus_secs(9)), owner: Some(owner), ..Filter::default() }, vec![]),
        (
            Filter { before: Some(NOON.plus_secs(10)), owner: Some(owner), ..Filter::default() },
            vec![of(3, 0), of(3, 1)],
        ),
        (
            Filter { principal: Some(Principal::Account(AccountId(77))), ..state(RecipientState::Delivered) },
            vec![of(5, 0)],
        ),
        (Filter { principal: Some(Principal::Site(SiteId(77))), ..state(RecipientState::Delivered) }, vec![]),
        (state(RecipientState::Waiting), vec![of(1, 0), of(1, 1), of(2, 0), of(3, 0), of(3, 1)]),
        (state(RecipientState::Held), vec![of(1, 2)]),
        (state(RecipientState::Delivered), vec![of(4, 0), of(5, 0)]),
        (state(RecipientState::Failed), vec![of(4, 1)]),
        (state(RecipientState::Expired), vec![of(4, 2)]),
        (state(RecipientState::Cancelled), vec![of(2, 1)]),
    ];
    for round in 0..2 {
        for (filter, expected) in &cases {
            let rows = stage.store.list(filter.clone(), ALL).await?;
            same(&format!("round {round}, {filter:?}"), meant(&rows), expected.clone())?;
        }
        stage.crash().await?;
    }
    // The relay of a closure counts as well as the relay of the last attempt.
    stage.store.remove_closure(ClosureId(70), Vec::new()).await?;
    let other = stage.store.save_relay(relay("two"), Vec::new()).await?;
    stage.store.save_closure(closure(70, other), Vec::new()).await?;
    let rows = stage.store.list(Filter { relay: Some(other), ..Filter::default() }, ALL).await?;
    same("by the closure's relay", meant(&rows), vec![of(2, 0)])?;
    let listed = there("a row", stage.store.list(Filter::default(), ALL).await?.into_iter().next())?;
    let story = there("its story", stage.store.story(listed.id).await?)?;
    same("a list and a story agree", listed, story.message)
}

/// What is over as well, when everything is asked for.
async fn everything(stage: Stage) -> Proof {
    scenery(&*stage.store).await?;
    let every = || Filter { every: true, ..Filter::default() };
    let all = [(1, 3), (2, 2), (3, 2), (4, 3), (5, 1)];
    let all = all.into_iter().flat_map(|(number, count)| (0..count).map(move |index| of(number, index)));
    let cases = [
        (every(), all.collect()),
        (Filter { ids: vec![id(4)], ..every() }, vec![of(4, 0), of(4, 1), of(4, 2)]),
        (Filter { state: Some(RecipientState::Failed), ..every() }, vec![of(4, 1)]),
    ];
    for (filter, expected) in cases {
        let rows = stage.store.list(filter.clone(), ALL).await?;
        same(&format!("{filter:?}"), meant(&rows), expected)?;
    }
    Ok(())
}

async fn pages(stage: Stage) -> Proof {
    let store = stage.store;
    for number in [5, 3, 1, 4, 2] {
        store.accept(message(number, &[Start::Due(NOON), Start::Leased])).await?;
    }
    store.settle(ended(NOON, RecipientState::Failed, &[of(2, 0), of(4, 0), of(5, 0), of(5, 1)])).await?;
    for (state, all) in [(None, vec![1, 2, 3, 4]), (Some(RecipientState::Failed), vec![2, 4, 5])] {
        for limit in [1, 2, 3] {
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let filter = Filter { state, ..Filter::default() };
                let rows = store.list(filter, Page { after, limit }).await?;
                same("a page's length", rows.len() <= limit, true)?;
                let Some(last) = rows.last() else { break };
                after = Some(last.id);
                found.extend(rows.iter().map(|row| row.id.get()));
            }
            same(&format!("by {limit}"), found, all.clone())?;
        }
    }
    let ids = vec![id(1), id(2), id(3)];
    let rows = store.list(Filter { ids, ..Filter::default() }, Page { after: Some(id(1)), limit: 1 }).await?;
    same("the ids after one", meant(&rows), vec![of(2, 1)])?;
    same(
        "no limit, no rows",
        store.list(Filter::default(), Page { after: None, limit: 0 }).await?,
        Vec::new(),
    )
}

async fn events(mut stage: Stage) -> Proof {
    let mut full = NewEvent::new(NOON, EventKind::RelayClosed, OwnerId(3));
    (full.message, full.recipient, full.relay) = (Some(id(8)), Some(65_535), Some(RelayId(4)));
    (full.cause, full.detail) = (Some("sign_in_refused".to_owned()), "{\"é\":1}".to_owned());
    let kinds = (0..).map_while(EventKind::from_stored);
    let all: Vec<NewEvent> = kinds.map(|kind| NewEvent { kind, ..full.clone() }).collect();
    let bare = NewEvent::new(Timestamp(-1), EventKind::Audit, OwnerId::DEFAULT);
    stage.store.append(all.clone()).await?;
    stage.store.append(vec![bare.clone()]).await?;
    stage.crash().await?;
    let found = stage.store.events(EventId(0), 100).await?;
    same("how many", found.len(), all.len() + 1)?;
    same("growing", found.iter().zip(found.iter().skip(1)).all(|(one, two)| one.id < two.id), true)?;
    for (found, new) in found.iter().zip(all.iter().chain([&bare])) {
        let back = NewEvent {
            at: found.at,
            kind: found.kind,
            owner: found.owner,
            message: found.message,
            recipient: found.recipient,
            relay: found.relay,
            cause: found.cause.clone(),
            detail: found.detail.clone(),
        };
        same("an event", &back, new)?;
    }
    let second = there("the second", found.get(1))?.id;
    let rest = stage.store.events(second, 3).await?;
    same("a part", rest, found.iter().skip(2).take(3).cloned().collect())?;
    let newest: Vec<_> = found.iter().rev().take(4).cloned().collect();
    same("the latest", stage.store.latest_events(4).await?, newest)?;
    same("all, newest first", stage.store.latest_events(1_000).await?.len(), found.len())?;
    let audits: Vec<EventId> =
        found.iter().rev().filter(|event| event.kind == EventKind::Audit).map(|event| event.id).collect();
    let ids =
        |events: Vec<store::Event>| -> Vec<EventId> { events.into_iter().map(|event| event.id).collect() };
    same("who changed what", ids(stage.store.audits(None, 1_000).await?), audits.clone())?;
    same(
        "the last of them",
        ids(stage.store.audits(None, 1).await?),
        audits.iter().copied().take(1).collect(),
    )?;
    let before = audits.first().copied();
    let earlier: Vec<EventId> = audits.into_iter().skip(1).collect();
    same("and those before", ids(stage.store.audits(before, 1_000).await?), earlier)?;
    same("none of the latest", stage.store.latest_events(0).await?, Vec::new())?;
    same("none", stage.store.events(EventId(0), 0).await?, Vec::new())
}

async fn acts(mut stage: Stage) -> Proof {
    let later = NOON.plus_secs(600);
    // In turn: leased, waiting, waiting and due, held, parked, delivered.
    let starts =
        [Start::Leased, Start::Due(later), Start::Due(NOON), Start::Due(later), parked(7), Start::Due(later)];
    let all: Vec<RecipientId> =
        (0..6).map(|index| of(1, index)).chain([of(1, 6), of(9, 0), of(1, 1)]).collect();
    let now = NOON.plus_secs(5);
    let cases = [
        (Act::Retry, vec![1, 2, 4], RecipientState::Waiting),
        (Act::Hold, vec![1, 2, 4], RecipientState::Held),
        (Act::Release, vec![3], RecipientState::Waiting),
        (Act::Delete, vec![1, 2, 3, 4], RecipientState::Cancelled),
    ];
    for (act, changed, state) in cases {
        stage = stage.anew().await?;
        stage.store.accept(message(1, &starts)).await?;
        stage.store.act(Act::Hold, vec![of(1, 3)], NOON).await?;
        stage.store.settle(ended(NOON, RecipientState::Delivered, &[of(1, 5)])).await?;
        let found = stage.store.act(act, all.clone(), now).await?;
        let expected: Vec<_> = changed.iter().map(|&index| of(1, index)).collect();
        same(&format!("{act:?}"), found, expected)?;
        stage.crash().await?;
        for index in changed {
            let row = row(&*stage.store, 1, index).await?;
            same(&format!("{act:?} {index}"), (row.state, row.leased), (state, false))?;
            let since = if act == Act::Retry { NOON } else { now };
            same(&format!("{act:?} {index}: since"), row.since, since)?;
            let due = if index == 2 && act == Act::Retry { NOON } else { now };
            if matches!(act, Act::Retry | Act::Release) {
                same(&format!("{act:?} {index}: due"), row.next_attempt_at, due)?;
            }
        }
        same("the leased one", row(&*stage.store, 1, 0).await?.leased, true)?;
        same("the delivered one", row(&*stage.store, 1, 5).await?.state, RecipientState::Delivered)?;
    }
    let totals = Totals { messages: 1, recipients: 1, leased: 1, ..Totals::default() };
    same("totals after the deletion", stage.store.totals().await?, totals)
}

async fn held(stage: Stage) -> Proof {
    let store = stage.store;
    let limits = ClaimLimits { total: 10, per_owner: 10 };
    store.accept(message(1, &[parked(7)])).await?;
    store.act(Act::Hold, vec![of(1, 0)], NOON).await?;
    let far = NOON.plus_secs(999_999);
    let none = store.claim(far, limits).await?;
    same("nothing is due, ever", (none.messages.len(), none.next_due), (0, None))?;
    same(
        "totals",
        store.totals().await?,
        Totals { messages: 1, recipients: 1, held: 1, ..Totals::default() },
    )?;
    store.act(Act::Release, vec![of(1, 0)], NOON).await?;
    let found = store.claim(NOON, limits).await?;
    let parking = found.messages.iter().flat_map(|message| &message.recipients).map(|r| r.parked);
    same("its parking is remembered", parking.collect::<Vec<_>>(), vec![Some(super::sample::parking(7))])?;
    // A decision about what is held ends the hold.
    store.accept(message(2, &[Start::Due(NOON)])).await?;
    store.act(Act::Hold, vec![of(2, 0)], NOON).await?;
    let at = NOON.plus_secs(7);
    store.settle(settlement(at, vec![update(of(2, 0), Change::Due(at))])).await?;
    let row = row(&*store, 2, 0).await?;
    same("waits again", (row.state, row.since), (RecipientState::Waiting, at))
}
