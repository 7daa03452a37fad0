//! Scenes about messages and what becomes of them.

use super::sample::{
    EXPIRES_MS, NOON, attempt, ended, event, evidence, id, message, of, parked, parking, settlement, update,
};
use super::{Failure, Proof, Scene, Stage, refused, same, there};
use mail::{AttemptId, QueueId, RelayId};
use std::sync::Arc;
use store::{
    Act, Body, Change, EventKind, Filter, Once, Page, RecipientRow, RecipientState, Settlement, Start, Store,
    StoreError, StoredBody, Taken, Totals,
};

pub(super) const SCENES: &[Scene] = &[
    ("an accepted message is there, whole", |stage| Box::pin(accepted(stage))),
    ("an accepted message survives a crash", |stage| Box::pin(durable(stage))),
    ("what cannot be accepted leaves nothing", |stage| Box::pin(not_accepted(stage))),
    ("a key means one message", |stage| Box::pin(once(stage))),
    ("bodies of every size come back", |stage| Box::pin(bodies(stage))),
    ("a stored body belongs to one message", |stage| Box::pin(stored_bodies(stage))),
    ("a body goes when nobody needs it", |stage| Box::pin(body_life(stage))),
    ("a settlement changes what it says", |stage| Box::pin(settled(stage))),
    ("a settlement is stored whole or not at all", |stage| Box::pin(all_or_nothing(stage))),
    ("what is final stays final", |stage| Box::pin(final_is_final(stage))),
    ("the last id is remembered", |stage| Box::pin(last_id(stage))),
    ("old messages are purged with all that belongs to them", |stage| Box::pin(purged(stage))),
    ("one bad call does not hurt its neighbours", |stage| Box::pin(neighbours(stage))),
];

/// A page as long as may be.
const ALL: Page = Page { after: None, limit: Page::MAX };

/// One recipient as lists show it.
pub(super) async fn row(store: &dyn Store, number: i64, index: u16) -> Result<RecipientRow, Failure> {
    let story = there("the message", store.story(id(number)).await?)?;
    there("the recipient", story.message.recipients.into_iter().find(|row| row.index == index))
}

async fn read_body(store: &dyn Store, number: i64) -> Result<Vec<u8>, StoreError> {
    let mut reader = store.body(id(number)).await?;
    let mut content = Vec::new();
    while let Some(piece) = reader.next().await? {
        let fits = (1..=<dyn store::BodyReader>::PIECE_BYTES).contains(&piece.len());
        if !fits {
            return Err(StoreError::Damaged { detail: format!("a piece of {} bytes", piece.len()) });
        }
        content.extend(piece);
    }
    Ok(content)
}

async fn accepted(stage: Stage) -> Proof {
    let store = stage.store;
    let mut new = message(7, &[Start::Leased, Start::Due(NOON.plus_secs(60)), parked(9)]);
    new.events = vec![event(EventKind::Accepted, NOON, of(7, 0))];
    if let Some(last) = new.recipients.last_mut() {
        last.cause = Some("no_route");
    }
    store.accept(new.clone()).await?;
    let story = there("the story", store.story(id(7)).await?)?;
    let found = story.message;
    same("public id", found.public_id, new.public_id)?;
    same("owner", found.owner, new.owner)?;
    same("principal", found.principal, new.principal)?;
    same("time", found.received_at, NOON)?;
    same("sender", found.from, new.from)?;
    same("Message-ID", found.message_id, new.message_id)?;
    same("client", found.client, new.client)?;
    same("size", found.bytes, new.body.bytes() + new.added_headers.len() as u64)?;
    same("events", story.events.len(), 1)?;
    let times = [NOON, NOON.plus_secs(60), NOON.plus_secs(3_600)];
    for ((row, new), (index, next)) in found.recipients.iter().zip(&new.recipients).zip((0..).zip(times)) {
        let expected = RecipientRow {
            index,
            address: new.address.to_string(),
            state: RecipientState::Waiting,
            leased: new.start == Start::Leased,
            next_attempt_at: next,
            expires_at: NOON.plus_ms(EXPIRES_MS),
            attempts: 0,
            relay: Some(RelayId(1)),
            closure: (index == 2).then_some(mail::ClosureId(9)),
            evidence: None,
            cause: new.cause.map(str::to_owned),
            since: NOON,
            wishes: Default::default(),
        };
        same("recipient", row, &expected)?;
    }
    same("by public id", store.by_public_id(new.public_id).await?, Some(id(7)))?;
    same("by another public id", store.by_public_id(message(8, &[]).public_id).await?, None)?;
    same("another story", store.story(id(8)).await?.map(|story| story.message.id), None)?;
    let totals = Totals { messages: 1, recipients: 3, leased: 1, held: 0, parked: 1 };
    same("totals", store.totals().await?, totals)
}

async fn durable(mut stage: Stage) -> Proof {
    for number in 1..=20 {
        stage.store.accept(message(number, &[Start::Due(NOON)])).await?;
    }
    stage.store.settle(ended(NOON, RecipientState::Delivered, &[of(3, 0)])).await?;
    stage.crash().await?;
    same("open messages", stage.store.totals().await?.messages, 19)?;
    same("a settled one", row(&*stage.store, 3, 0).await?.state, RecipientState::Delivered)?;
    same("a content", read_body(&*stage.store, 4).await?, b"Subject: 4\r\n\r\ncontent\r\n".to_vec())?;
    stage.restart().await?;
    same("open messages after a stop", stage.store.totals().await?.messages, 19)
}

async fn not_accepted(stage: Stage) -> Proof {
    let store = stage.store;
    store.accept(message(1, &[Start::Leased])).await?;
    let mut twin = message(1, &[Start::Leased, Start::Leased]);
    twin.events = vec![event(EventKind::Accepted, NOON, of(1, 0))];
    let exists = StoreError::Exists { name: id(1).to_string() };
    refused("the same id again", store.accept(twin).await, exists)?;
    let nobody = StoreError::Missing { name: format!("{}.0", id(2)) };
    refused("no recipient", store.accept(message(2, &[])).await, nobody)?;
    same("messages", store.totals().await?.recipients, 1)?;
    same("events", store.events(mail::EventId(0), 10).await?, Vec::new())?;
    let missing = StoreError::Missing { name: id(2).to_string() };
    refused("its content", store.body(id(2)).await.map(|_| ()), missing)
}

async fn once(mut stage: Stage) -> Proof {
    let key = |first: u8, content: u8, secs: i64| {
        Some(Once { slot: [first; 32], content: [content; 32], until: NOON.plus_secs(secs) })
    };
    let given = |number: i64, secs: i64, once: Option<Once>| {
        let mut new = message(number, &[Start::Due(NOON.plus_secs(secs))]);
        new.received_at = NOON.plus_secs(secs);
        new.once = once;
        new
    };
    stage.store.accept(given(1, 0, key(1, 7, 60))).await?;
    stage.store.accept(given(2, 0, key(2, 7, 60))).await?;
    let exists = StoreError::Exists { name: Once::TAKEN.to_owned() };
    refused("the same key", stage.store.accept(given(3, 59, key(1, 8, 120))).await, exists)?;
    refused(
        "what was refused",
        stage.store.body(id(3)).await.map(|_| ()),
        StoreError::Missing { name: id(3).to_string() },
    )?;
    stage.crash().await?;
    let meant = Some(Taken { content: [7; 32], message: id(1) });
    same("what the key means", stage.store.taken([1; 32], NOON.plus_secs(59)).await?, meant)?;
    same("in the end nothing", stage.store.taken([1; 32], NOON.plus_secs(60)).await?, None)?;
    same("another key", stage.store.taken([3; 32], NOON).await?, None)?;
    stage.store.accept(given(4, 60, key(1, 9, 120))).await?;
    let meant = Some(Taken { content: [9; 32], message: id(4) });
    same("the key once more", stage.store.taken([1; 32], NOON.plus_secs(60)).await?, meant)
}

async fn bodies(mut stage: Stage) -> Proof {
    let sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073, 300_000, 1_000_000];
    let content =
        |size: usize| -> Vec<u8> { (0..size).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect() };
    for (number, size) in (1..).zip(sizes) {
        let mut new = message(number, &[Start::Leased]);
        new.body = Body::Memory(Arc::new(content(size)));
        stage.store.accept(new).await?;
        let mut sink = stage.store.body_sink().await?;
        for piece in content(size).chunks(70_000) {
            sink.append(piece.to_vec()).await?;
        }
        let mut streamed = message(100 + number, &[Start::Leased]);
        let stored = sink.finish().await?;
        same("the handle's size", stored.bytes, size as u64)?;
        streamed.body = Body::Stored(stored);
        stage.store.accept(streamed).await?;
    }
    for round in ["at once", "after a crash"] {
        for (number, size) in (1..).zip(sizes) {
            same(round, read_body(&*stage.store, number).await? == content(size), true)?;
            same(round, read_body(&*stage.store, 100 + number).await? == content(size), true)?;
        }
        stage.crash().await?;
    }
    Ok(())
}

async fn stored_bodies(mut stage: Stage) -> Proof {
    let with = |number: i64, stored: &StoredBody| {
        let mut new = message(number, &[Start::Leased]);
        new.body = Body::Stored(stored.clone());
        new
    };
    let mut sink = stage.store.body_sink().await?;
    sink.append(b"one".to_vec()).await?;
    drop(stage.store.body_sink().await?);
    let one = sink.finish().await?;
    let missing = |stored: &StoredBody| StoreError::Missing { name: stored.name.clone() };
    stage.store.accept(with(1, &one)).await?;
    refused("a second message", stage.store.accept(with(2, &one)).await, missing(&one))?;
    same("the first keeps it", read_body(&*stage.store, 1).await?, b"one".to_vec())?;
    let two = stage.store.body_sink().await?.finish().await?;
    let exists = StoreError::Exists { name: id(1).to_string() };
    refused("a refused message", stage.store.accept(with(1, &two)).await, exists)?;
    refused("a refusal removes it", stage.store.accept(with(3, &two)).await, missing(&two))?;
    let unknown = StoredBody { name: "../../etc/passwd".to_owned(), bytes: 3 };
    refused("a name of nothing", stage.store.accept(with(4, &unknown)).await, missing(&unknown))?;
    let three = stage.store.body_sink().await?.finish().await?;
    stage.crash().await?;
    refused("a restart removes what none names", stage.store.accept(with(5, &three)).await, missing(&three))?;
    same("the first keeps it still", read_body(&*stage.store, 1).await?, b"one".to_vec())
}

async fn body_life(mut stage: Stage) -> Proof {
    use RecipientState::{Cancelled, Delivered, Expired, Failed};
    let cases = [
        (Delivered, Delivered, false),
        (Delivered, Cancelled, false),
        (Delivered, Failed, true),
        (Failed, Delivered, true),
        (Expired, Cancelled, true),
    ];
    for big in [false, true] {
        for (number, (first, second, kept)) in (1 + 10 * i64::from(big)..).zip(cases) {
            let mut new = message(number, &[Start::Leased, Start::Leased]);
            let content = vec![b'x'; if big { 200_000 } else { 20 }];
            new.body = Body::Memory(Arc::new(content.clone()));
            stage.store.accept(new).await?;
            stage.store.settle(ended(NOON, first, &[of(number, 0)])).await?;
            same("one recipient is open", read_body(&*stage.store, number).await?.len(), content.len())?;
            stage.store.settle(ended(NOON, second, &[of(number, 1)])).await?;
            let found = read_body(&*stage.store, number).await.is_ok();
            same(&format!("{first:?} and {second:?}: the body is kept"), found, kept)?;
            same("the rest is kept", row(&*stage.store, number, 1).await?.state, second)?;
        }
    }
    stage.store.accept(message(30, &[Start::Due(NOON)])).await?;
    stage.store.act(Act::Delete, vec![of(30, 0)], NOON).await?;
    let missing = StoreError::Missing { name: id(30).to_string() };
    refused("a deleted message", read_body(&*stage.store, 30).await, missing)?;
    stage.crash().await?;
    same("a kept one after a crash", read_body(&*stage.store, 13).await?.len(), 200_000)
}

async fn settled(mut stage: Stage) -> Proof {
    stage.store.accept(message(1, &[Start::Leased, Start::Leased, Start::Leased])).await?;
    let at = NOON.plus_secs(5);
    let mut deferred = update(of(1, 0), Change::Due(NOON.plus_secs(120)));
    (deferred.evidence, deferred.cause) = (Some(Arc::new(evidence(at))), Some("greylisted"));
    (deferred.relay, deferred.asked_wait_used) = (Some(RelayId(2)), true);
    let mut stopped = update(of(1, 1), Change::Parked(parking(4)));
    (stopped.attempted, stopped.relay, stopped.cause) = (false, None, Some("sign_in_refused"));
    (stopped.expires_at, stopped.paused_ms) = (NOON.plus_secs(1), 77);
    let done = update(of(1, 2), Change::Final(RecipientState::Delivered));
    let events = vec![event(EventKind::Delivered, NOON.plus_secs(9), of(1, 2))];
    let attempt = attempt(50, id(1), at);
    let whole = Settlement {
        attempt: Some(attempt.clone()),
        updates: vec![deferred, stopped, done],
        signature: None,
        events,
    };
    stage.store.settle(whole).await?;
    for round in ["at once", "after a crash"] {
        let one = row(&*stage.store, 1, 0).await?;
        same(round, (one.state, one.leased, one.attempts), (RecipientState::Waiting, false, 1))?;
        same(round, (one.relay, one.cause.as_deref()), (Some(RelayId(2)), Some("greylisted")))?;
        same(round, (one.evidence, one.next_attempt_at), (Some(evidence(at)), NOON.plus_secs(120)))?;
        let two = row(&*stage.store, 1, 1).await?;
        same(round, (two.closure, two.attempts, two.leased), (Some(mail::ClosureId(4)), 0, false))?;
        same(round, (two.relay, two.next_attempt_at), (Some(RelayId(1)), parking(4).wake_at))?;
        same(round, (two.expires_at, two.since), (NOON.plus_secs(1), NOON))?;
        let three = row(&*stage.store, 1, 2).await?;
        same(round, (three.state, three.leased, three.since), (RecipientState::Delivered, false, at))?;
        let story = there("the story", stage.store.story(id(1)).await?)?;
        same(round, (story.attempts, story.events.len()), (vec![attempt.clone()], 1))?;
        stage.crash().await?;
    }
    // No new evidence: what is stored stays; new evidence without a cause: the old cause goes with the old evidence.
    stage.store.settle(settlement(at, vec![update(of(1, 0), Change::Due(NOON))])).await?;
    let one = row(&*stage.store, 1, 0).await?;
    same("kept", (one.evidence, one.cause.as_deref()), (Some(evidence(at)), Some("greylisted")))?;
    let mut again = update(of(1, 0), Change::Due(NOON));
    again.evidence = Some(Arc::new(evidence(NOON)));
    stage.store.settle(settlement(at, vec![again])).await?;
    let one = row(&*stage.store, 1, 0).await?;
    same("replaced", (one.evidence, one.cause, one.attempts), (Some(evidence(NOON)), None, 3))
}

async fn all_or_nothing(stage: Stage) -> Proof {
    let store = stage.store;
    store.accept(message(1, &[Start::Leased, Start::Leased])).await?;
    store.settle(Settlement { attempt: Some(attempt(5, id(1), NOON)), ..Settlement::default() }).await?;
    let good = || update(of(1, 0), Change::Final(RecipientState::Delivered));
    let missing = |name: String| StoreError::Missing { name };
    let cases: [(&str, Settlement, StoreError); 4] = [
        (
            "an unknown recipient",
            settlement(NOON, vec![good(), update(of(1, 2), Change::Due(NOON))]),
            missing(of(1, 2).to_string()),
        ),
        ("the same end twice", settlement(NOON, vec![good(), good()]), missing(of(1, 0).to_string())),
        (
            "an attempt on an unknown message",
            Settlement {
                attempt: Some(attempt(6, id(9), NOON)),
                updates: vec![good()],
                ..Settlement::default()
            },
            missing(id(9).to_string()),
        ),
        (
            "an attempt that is there already",
            Settlement {
                attempt: Some(attempt(5, id(1), NOON)),
                updates: vec![good()],
                ..Settlement::default()
            },
            StoreError::Exists { name: AttemptId(5).to_string() },
        ),
    ];
    for (what, bad, expected) in cases {
        refused(what, store.settle(bad).await, expected)?;
        let found = row(&*store, 1, 0).await?;
        same(what, (found.state, found.leased, found.attempts), (RecipientState::Waiting, true, 0))?;
        let story = there("the story", store.story(id(1)).await?)?;
        same(what, (story.attempts.len(), story.events.len()), (1, 0))?;
    }
    same("totals", store.totals().await?.leased, 2)
}

async fn final_is_final(stage: Stage) -> Proof {
    let store = stage.store;
    store.accept(message(1, &[Start::Leased, Start::Due(NOON)])).await?;
    store.settle(ended(NOON, RecipientState::Failed, &[of(1, 0)])).await?;
    let missing = StoreError::Missing { name: of(1, 0).to_string() };
    let late = settlement(NOON, vec![update(of(1, 0), Change::Due(NOON))]);
    refused("news of a final recipient", store.settle(late).await, missing)?;
    for act in [Act::Retry, Act::Hold, Act::Release, Act::Delete] {
        same("an act", store.act(act, vec![of(1, 0)], NOON).await?, Vec::new())?;
    }
    same("state", row(&*store, 1, 0).await?.state, RecipientState::Failed)?;
    let totals = Totals { messages: 1, recipients: 1, ..Totals::default() };
    same("totals", store.totals().await?, totals)?;
    // A decision about a recipient that nobody leased: it expired while it waited.
    store.settle(ended(NOON, RecipientState::Expired, &[of(1, 1)])).await?;
    same("totals at the end", store.totals().await?, Totals::default())
}

async fn last_id(mut stage: Stage) -> Proof {
    same("at first", stage.store.last_id().await?, 0)?;
    stage.store.accept(message(40, &[Start::Leased])).await?;
    same("a message", stage.store.last_id().await?, 40)?;
    let settlement = Settlement { attempt: Some(attempt(45, id(40), NOON)), ..Settlement::default() };
    stage.store.settle(settlement).await?;
    stage.store.accept(message(30, &[Start::Leased])).await?;
    same("an attempt", stage.store.last_id().await?, 45)?;
    stage.store.settle(ended(NOON, RecipientState::Delivered, &[of(40, 0)])).await?;
    same("purged", stage.store.purge(NOON.plus_ms(1), 10).await?, 1)?;
    stage.crash().await?;
    same("whatever was removed", stage.store.last_id().await?, 45)?;
    let relay = stage.store.save_relay(super::sample::relay("one"), Vec::new()).await?;
    stage.store.save_closure(super::sample::closure(60, relay), Vec::new()).await?;
    stage.restart().await?;
    same("a closure", stage.store.last_id().await?, 60)
}

async fn purged(mut stage: Stage) -> Proof {
    for number in 1..=4 {
        let mut new = message(number, &[Start::Leased, Start::Leased]);
        new.events = vec![event(EventKind::Accepted, NOON, of(number, 0))];
        stage.store.accept(new).await?;
    }
    let attempt = Some(attempt(9, id(1), NOON));
    stage.store.settle(Settlement { attempt, ..Settlement::default() }).await?;
    let end = |number: i64, index: u16, ms: i64, state| ended(NOON.plus_ms(ms), state, &[of(number, index)]);
    stage.store.settle(end(1, 0, 10, RecipientState::Failed)).await?;
    stage.store.settle(end(1, 1, 20, RecipientState::Delivered)).await?;
    stage.store.settle(end(2, 0, 30, RecipientState::Delivered)).await?;
    stage.store.settle(end(2, 1, 5, RecipientState::Delivered)).await?;
    stage.store.settle(end(3, 0, 1, RecipientState::Delivered)).await?;
    let cases = [(20, 9, 0), (21, 0, 0), (21, 9, 1), (30, 9, 0), (31, 9, 1), (1_000_000, 9, 0)];
    for (before, limit, count) in cases {
        let found = stage.store.purge(NOON.plus_ms(before), limit).await?;
        same(&format!("purge before {before}"), found, count)?;
    }
    for round in ["at once", "after a crash"] {
        same(round, stage.store.story(id(1)).await?.map(|story| story.message.id), None)?;
        same(round, stage.store.by_public_id(message(1, &[]).public_id).await?, None)?;
        let missing = StoreError::Missing { name: id(1).to_string() };
        refused(round, read_body(&*stage.store, 1).await, missing)?;
        let about = |event: store::Event| event.message.map(QueueId::get);
        let events = stage.store.events(mail::EventId(0), 100).await?;
        same(round, events.into_iter().filter_map(about).collect::<Vec<_>>(), vec![3, 4, 3])?;
        same(round, stage.store.totals().await?.messages, 2)?;
        stage.crash().await?;
    }
    // Numbers of events are never given twice, even when the newest were purged.
    let before = stage.store.events(mail::EventId(0), 100).await?.last().map(|event| event.id);
    stage.store.append(vec![event(EventKind::Held, NOON, of(3, 1))]).await?;
    let after = stage.store.events(mail::EventId(0), 100).await?.last().map(|event| event.id);
    same("event ids grow", after > before && after > Some(mail::EventId(9)), true)?;
    let rest = stage.store.list(Filter::default(), ALL).await?;
    same("what is open stays", rest.iter().map(|row| row.id).collect::<Vec<_>>(), vec![id(3), id(4)])
}

async fn neighbours(mut stage: Stage) -> Proof {
    stage.store.accept(message(1, &[Start::Leased])).await?;
    // Every third of these calls, made at once, is refused.
    let calls: Vec<_> = (1..=60)
        .map(|number| {
            let (store, wrong) = (Arc::clone(&stage.store), number % 3 == 1);
            let number = if wrong { 1 } else { number };
            async move { (wrong, store.accept(message(number, &[Start::Leased])).await) }
        })
        .collect();
    for (wrong, answer) in together(calls).await {
        same("an answer", answer.is_err(), wrong)?;
    }
    same("messages", stage.store.totals().await?.messages, 41)?;
    stage.crash().await?;
    same("messages after a crash", stage.store.totals().await?.messages, 41)
}

/// Drives futures side by side, so that they meet in the store.
async fn together<T, F: Future<Output = T>>(futures: Vec<F>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut running {
            let Some(future) = slot else { continue };
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                done.push(value);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done
}
