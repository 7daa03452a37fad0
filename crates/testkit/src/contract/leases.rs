//! Scenes about who is due: claims, leases, crashes, parking.

use super::sample::{EXPIRES_MS, NOON, ended, id, message, of, parked, parking, settlement, update};
use super::spool::row;
use super::{Proof, Scene, Stage, same, there};
use mail::{ClosureId, OwnerId, RecipientId, RelayId, Timestamp};
use store::{Act, Change, ClaimLimits, Claimed, ClaimedRecipient, RecipientState, Start, Totals};

pub(super) const SCENES: &[Scene] = &[
    ("a claim gives what is due, whole", |stage| Box::pin(claimed(stage))),
    ("a claim gives the longest due first", |stage| Box::pin(order(stage))),
    ("a claim shares among owners", |stage| Box::pin(fairness(stage))),
    ("what is claimed is not claimed again", |stage| Box::pin(once(stage))),
    ("a released lease is due at once", |stage| Box::pin(released(stage))),
    ("a crash leaves leases, a stop does not", |stage| Box::pin(recovered(stage))),
    ("the parked wait for their closure", |stage| Box::pin(unparked(stage))),
    ("a pause moves the expiry, within bounds", |stage| Box::pin(paused(stage))),
    ("the parked are woken in time", |stage| Box::pin(woken(stage))),
];

const MANY: ClaimLimits = ClaimLimits { total: 1_000, per_owner: 1_000 };

fn ids(claimed: &Claimed) -> Vec<RecipientId> {
    let of = |message: &store::ClaimedMessage| {
        let message_id = message.id;
        let indices: Vec<u16> = message.recipients.iter().map(|recipient| recipient.index).collect();
        indices.into_iter().map(move |index| RecipientId { message: message_id, index })
    };
    claimed.messages.iter().flat_map(of).collect()
}

async fn claimed(mut stage: Stage) -> Proof {
    let later = NOON.plus_secs(60);
    let new = message(1, &[Start::Due(NOON), Start::Due(later), Start::Leased, Start::Due(NOON)]);
    stage.store.accept(new.clone()).await?;
    let before = stage.store.claim(Timestamp(NOON.0 - 1), MANY).await?;
    same("too early", before, Claimed { messages: Vec::new(), next_due: Some(NOON), more: false })?;
    let found = stage.store.claim(NOON, MANY).await?;
    same("next", (found.next_due, found.more), (Some(later), false))?;
    same("which", ids(&found), vec![of(1, 0), of(1, 3)])?;
    let first = there("a message", found.messages.into_iter().next())?;
    same("id and owner", (first.id, first.owner), (id(1), OwnerId::DEFAULT))?;
    same("principal", first.principal, new.principal)?;
    same("time and type", (first.received_at, first.body_type), (NOON, new.body_type))?;
    same("sender", first.from, new.from)?;
    same("added lines", first.added_headers, new.added_headers)?;
    same("size", first.body_bytes, new.body.bytes())?;
    let expected = ClaimedRecipient {
        index: 0,
        address: there("an address", new.recipients.first())?.address.clone(),
        relay: Some(RelayId(1)),
        attempts: 0,
        expires_at: NOON.plus_ms(EXPIRES_MS),
        paused_ms: 0,
        parked: None,
        asked_wait_used: false,
        perhaps_sent: false,
        wishes: Default::default(),
    };
    same("recipient", there("a recipient", first.recipients.into_iter().next())?, expected.clone())?;
    let mut news = update(of(1, 0), Change::Due(NOON));
    (news.asked_wait_used, news.paused_ms, news.relay) = (true, 5, Some(RelayId(3)));
    stage.store.settle(settlement(NOON, vec![news])).await?;
    stage.restart().await?;
    let again = stage.store.claim(NOON, MANY).await?;
    let recipient = there("a recipient", again.messages.into_iter().flat_map(|m| m.recipients).next())?;
    let relay = Some(RelayId(3));
    let expected = ClaimedRecipient { attempts: 1, asked_wait_used: true, paused_ms: 5, relay, ..expected };
    same("after an attempt", recipient, expected)?;
    same("an empty store has nothing next", stage.store.claim(later, MANY).await?.next_due, None)
}

async fn order(stage: Stage) -> Proof {
    let store = stage.store;
    for (number, due) in [(1, 30), (2, 10), (3, 20)] {
        let starts = [Start::Due(NOON.plus_ms(due)), Start::Due(NOON.plus_ms(due + 15))];
        store.accept(message(number, &starts)).await?;
    }
    let two = ClaimLimits { total: 2, per_owner: 1_000 };
    let now = NOON.plus_ms(30);
    let first = store.claim(now, two).await?;
    same("the two longest due", ids(&first), vec![of(2, 0), of(3, 0)])?;
    same("more", (first.more, first.next_due), (true, Some(NOON.plus_ms(25))))?;
    let second = store.claim(now, two).await?;
    same("then", ids(&second), vec![of(2, 1), of(1, 0)])?;
    same("no more", (second.more, second.next_due), (false, Some(NOON.plus_ms(35))))?;
    let none = store.claim(NOON.plus_ms(99), ClaimLimits { total: 0, per_owner: 9 }).await?;
    same("no limit, no claim", (ids(&none), none.more), (Vec::new(), true))?;
    let none = store.claim(NOON.plus_ms(99), ClaimLimits { total: 9, per_owner: 0 }).await?;
    same("no share, no claim", (ids(&none), none.more), (Vec::new(), true))
}

async fn fairness(stage: Stage) -> Proof {
    let store = stage.store;
    let others =
        [store.add_owner("b".into(), Vec::new()).await?, store.add_owner("c".into(), Vec::new()).await?];
    // The default owner has fifty, the longest due; the two others have three each.
    for number in 0..50 {
        store.accept(message(100 + number, &[Start::Due(NOON.plus_ms(-number))])).await?;
    }
    for (base, owner) in [200, 300].into_iter().zip(&others) {
        for number in 0..3 {
            let mut new = message(base + number, &[Start::Due(NOON.plus_ms(number - 3))]);
            new.owner = owner.id;
            store.accept(new).await?;
        }
    }
    let counts = |claimed: &Claimed| -> Vec<usize> {
        let owners = [OwnerId::DEFAULT, OwnerId(2), OwnerId(3)];
        owners.map(|owner| claimed.messages.iter().filter(|message| message.owner == owner).count()).to_vec()
    };
    let share = |total, per_owner| ClaimLimits { total, per_owner };
    same("equal shares", counts(&store.claim(NOON, share(5, 100)).await?), vec![2, 2, 1])?;
    same("the rest of who has little", counts(&store.claim(NOON, share(10, 100)).await?), vec![7, 1, 2])?;
    let found = store.claim(NOON, share(100, 30)).await?;
    same("never more than a share", (counts(&found), found.more), (vec![30, 0, 0], true))?;
    let found = store.claim(NOON, share(100, 30)).await?;
    same("the rest", (counts(&found), found.more, found.next_due), (vec![11, 0, 0], false, None))
}

async fn once(stage: Stage) -> Proof {
    let store = stage.store;
    store.accept(message(1, &[Start::Due(NOON)])).await?;
    same("once", ids(&store.claim(NOON, MANY).await?), vec![of(1, 0)])?;
    same("leased", row(&*store, 1, 0).await?.leased, true)?;
    same("twice", ids(&store.claim(NOON.plus_secs(9_999), MANY).await?), Vec::new())?;
    store.accept(message(2, &[Start::Leased, Start::Due(NOON)])).await?;
    store.act(Act::Hold, vec![of(2, 0), of(2, 1)], NOON).await?;
    same("neither leased nor held", ids(&store.claim(NOON, MANY).await?), Vec::new())?;
    store.settle(settlement(NOON, vec![update(of(1, 0), Change::Due(NOON.plus_ms(1)))])).await?;
    same("settled, not due", ids(&store.claim(NOON, MANY).await?), Vec::new())?;
    same("settled and due", ids(&store.claim(NOON.plus_ms(1), MANY).await?), vec![of(1, 0)])
}

async fn released(mut stage: Stage) -> Proof {
    stage
        .store
        .accept(message(1, &[Start::Leased, Start::Due(NOON), Start::Due(NOON.plus_secs(60))]))
        .await?;
    stage.store.claim(NOON, MANY).await?;
    // Those that are not leased, or not there, are nobody's business here.
    stage.store.release(vec![of(1, 0), of(1, 1), of(1, 2), of(1, 9), of(9, 0)]).await?;
    stage.restart().await?;
    same("nothing to recover", stage.store.recover(NOON).await?, Vec::new())?;
    let found = stage.store.claim(NOON, MANY).await?;
    same("due at once", ids(&found), vec![of(1, 0), of(1, 1)])?;
    let sent = found.messages.iter().flat_map(|message| &message.recipients).any(|r| r.perhaps_sent);
    same("nothing was perhaps sent", sent, false)?;
    stage.store.settle(ended(NOON, RecipientState::Delivered, &[of(1, 0)])).await?;
    stage.store.release(vec![of(1, 0)]).await?;
    same("what is final stays so", row(&*stage.store, 1, 0).await?.state, RecipientState::Delivered)
}

async fn recovered(mut stage: Stage) -> Proof {
    same("an empty store", stage.store.recover(NOON).await?, Vec::new())?;
    stage.store.accept(message(1, &[Start::Leased, Start::Due(NOON.plus_secs(60)), Start::Leased])).await?;
    stage.store.accept(message(2, &[Start::Leased])).await?;
    stage.store.settle(ended(NOON, RecipientState::Delivered, &[of(2, 0)])).await?;
    stage.crash().await?;
    let now = NOON.plus_secs(10);
    same("left by the crash", stage.store.recover(now).await?, vec![of(1, 0), of(1, 2)])?;
    same("only once", stage.store.recover(now).await?, Vec::new())?;
    same("due at once", row(&*stage.store, 1, 0).await?.next_attempt_at, now)?;
    let found = stage.store.claim(now, MANY).await?;
    same("claimed", ids(&found), vec![of(1, 0), of(1, 2)])?;
    let sent = found.messages.iter().flat_map(|message| &message.recipients).all(|r| r.perhaps_sent);
    same("perhaps sent", sent, true)?;
    // The mark stays until an attempt was made.
    let mut unsent = update(of(1, 0), Change::Due(now));
    unsent.attempted = false;
    stage.store.settle(settlement(now, vec![unsent, update(of(1, 2), Change::Due(now))])).await?;
    let found = stage.store.claim(now, MANY).await?;
    let marks: Vec<bool> =
        found.messages.iter().flat_map(|m| &m.recipients).map(|r| r.perhaps_sent).collect();
    same("marks", marks, vec![true, false])
}

async fn unparked(mut stage: Stage) -> Proof {
    for number in [3, 1, 2] {
        stage.store.accept(message(number, &[parked(7), parked(8), Start::Due(NOON)])).await?;
    }
    stage.store.act(Act::Hold, vec![of(3, 0)], NOON).await?;
    same("closures", stage.store.parked_closures().await?, vec![ClosureId(7), ClosureId(8)])?;
    same("parked", stage.store.totals().await?.parked, 5)?;
    let now = NOON.plus_secs(100);
    same("another closure", stage.store.unpark(ClosureId(9), now, 10, None).await?, 0)?;
    same("the oldest", stage.store.unpark(ClosureId(7), now, 1, None).await?, 1)?;
    let first = row(&*stage.store, 1, 0).await?;
    same("is due", (first.closure, first.next_attempt_at), (None, now))?;
    same("its expiry stays", first.expires_at, NOON.plus_ms(EXPIRES_MS))?;
    same("the next waits", row(&*stage.store, 2, 0).await?.closure, Some(ClosureId(7)))?;
    same("the rest", stage.store.unpark(ClosureId(7), now, 10, None).await?, 1)?;
    same("the held one stays", row(&*stage.store, 3, 0).await?.closure, Some(ClosureId(7)))?;
    stage.crash().await?;
    same("closures after", stage.store.parked_closures().await?, vec![ClosureId(8)])?;
    let totals = Totals { messages: 3, recipients: 9, leased: 0, held: 1, parked: 3 };
    same("totals", stage.store.totals().await?, totals)
}

async fn paused(stage: Stage) -> Proof {
    let store = stage.store;
    let hour = 3_600_000;
    for (number, earlier_ms, now_ms, max_ms, paused_ms) in [
        (1, 0, hour, Some(14 * 24 * hour), hour),
        (2, 0, hour, Some(1_000), 1_000),
        (3, 400, hour, Some(1_000), 1_000),
        (4, 5_000, hour, Some(1_000), 5_000),
        (5, 0, -hour, Some(1_000), 0),
        (6, 300, hour, None, 300),
    ] {
        store.accept(message(number, &[Start::Leased])).await?;
        let mut stop = update(of(number, 0), Change::Parked(parking(number)));
        (stop.paused_ms, stop.expires_at) = (earlier_ms, NOON.plus_ms(EXPIRES_MS + earlier_ms));
        store.settle(settlement(NOON, vec![stop])).await?;
        let now = NOON.plus_ms(now_ms);
        same("one", store.unpark(ClosureId(number), now, 10, max_ms).await?, 1)?;
        let what = format!("case {number}");
        same(&what, row(&*store, number, 0).await?.expires_at, NOON.plus_ms(EXPIRES_MS + paused_ms))?;
        let found = store.claim(now, MANY).await?;
        let pauses = found.messages.iter().flat_map(|message| &message.recipients).map(|r| r.paused_ms);
        same(&what, pauses.collect::<Vec<_>>(), vec![paused_ms])?;
    }
    Ok(())
}

async fn woken(stage: Stage) -> Proof {
    let store = stage.store;
    store.accept(message(1, &[parked(7), parked(7)])).await?;
    let early = store.claim(NOON.plus_secs(3_599), MANY).await?;
    same("not yet", (ids(&early), early.next_due), (Vec::new(), Some(parking(7).wake_at)))?;
    store.act(Act::Retry, vec![of(1, 1)], NOON.plus_secs(5)).await?;
    let parked_of = |claimed: &Claimed| -> Vec<_> {
        claimed.messages.iter().flat_map(|message| &message.recipients).map(|r| r.parked).collect()
    };
    let asked = store.claim(NOON.plus_secs(5), MANY).await?;
    same("a person asked", (ids(&asked), parked_of(&asked)), (vec![of(1, 1)], vec![Some(parking(7))]))?;
    let found = store.claim(parking(7).wake_at, MANY).await?;
    same("the time has come", (ids(&found), parked_of(&found)), (vec![of(1, 0)], vec![Some(parking(7))]))?;
    same("the leased are not parked", store.totals().await?.parked, 0)?;
    same("nor unparked", store.unpark(ClosureId(7), NOON, 9, None).await?, 0)?;
    store.release(vec![of(1, 0)]).await?;
    same("a release parks again", store.totals().await?.parked, 1)?;
    store.settle(settlement(NOON, vec![update(of(1, 0), Change::Due(NOON))])).await?;
    same("a settlement ends the parking", store.parked_closures().await?, Vec::new())
}
