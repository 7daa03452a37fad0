//! Nobody waits for somebody else's thousands, and memory is bounded.

use crate::world::{Mood, World};
use mail::{QueueId, RelayId};
use queue::Limits;

/// How many messages leave until `id` has.
fn turns_until(world: &mut World, id: QueueId) -> usize {
    for turn in 1..100_000 {
        world.feed().unwrap();
        let batch = world.take().expect("the message must come");
        let found = batch.letter.id == id;
        world.deliver(batch);
        if found {
            return turn;
        }
    }
    panic!("it never left");
}

fn crowd(limits: Limits, messages: usize) -> World {
    let mut world = World::with(limits);
    world.relay("a", |relay| relay.max_connections = 1);
    for _ in 0..messages {
        world.send(1, "crowd@here.test", &["bob@x.test"]);
    }
    world
}

#[test]
fn an_owner_with_ten_thousand_does_not_delay_one_with_one() {
    let mut world = crowd(Limits::default(), 10_000);
    let single = world.send(2, "single@here.test", &["bob@x.test"]);
    assert!(turns_until(&mut world, single) <= 2);
}

#[test]
fn owners_take_turns_also_when_memory_is_full() {
    let limits = Limits { active: 640, active_per_owner: 320, ..Limits::default() };
    let mut world = crowd(limits, 3_000);
    world.feed().unwrap();
    assert_eq!(world.queue.active(), 640, "the crowd fills the memory");
    let single = world.send(2, "single@here.test", &["bob@x.test"]);
    let turns = turns_until(&mut world, single);
    assert!(turns <= 640 / 64 + 2, "{turns} turns");
}

#[test]
fn relays_take_turns() {
    let mut world = crowd(Limits::default(), 100);
    let b = world.relay("b", |_| {});
    world.route(store::RouteScope::SenderDomain("there.test".parse().unwrap()), Some(b));
    let other = world.send(1, "anne@there.test", &["bob@x.test"]);
    assert!(turns_until(&mut world, other) <= 2);
}

#[test]
fn what_does_not_fit_into_memory_waits_in_the_store_and_comes_back() {
    let limits = Limits { active: 100, active_per_owner: 80, ..Limits::default() };
    let mut world = crowd(limits, 1_000);
    let mut largest = 0;
    let mut delivered = Vec::new();
    for _ in 0..10_000 {
        largest = largest.max(world.queue.active());
        world.feed().unwrap();
        let Some(batch) = world.take() else { break };
        delivered.push(batch.letter.id);
        world.deliver(batch);
    }
    assert_eq!((delivered.len(), world.totals().recipients), (1_000, 0));
    assert!(largest <= 100, "{largest} in memory");
    let mut sorted = delivered.clone();
    sorted.sort_unstable();
    assert_eq!(delivered, sorted, "the oldest first");
}

#[test]
fn a_message_larger_than_the_memory_is_sent_in_parts() {
    let limits = Limits { active: 10, active_per_owner: 10, ..Limits::default() };
    let mut world = World::with(limits);
    world.relay("a", |relay| relay.max_recipients = 4);
    let to: Vec<String> = (0..37).map(|n| format!("b{n}@x.test")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    world.send(1, "anne@here.test", &to);
    world.settle_down();
    assert_eq!(world.tries.iter().filter(|t| t.delivered).count(), 37);
    assert_eq!(world.queue.active(), 0);
}

#[test]
fn connections_are_limited_and_freed_while_the_store_writes() {
    let mut world = World::new();
    let a = world.relay("a", |relay| relay.max_connections = 2);
    for _ in 0..5 {
        world.send(1, "anne@here.test", &["bob@x.test"]);
    }
    let (one, _two) = (world.take().unwrap(), world.take().unwrap());
    assert!(world.take().is_none());
    let carried = world.carry(&one);
    let decided = world.queue.decide(one, carried);
    assert!(world.take().is_some(), "the connection is free before its news is on disk");
    crate::world::run(world.queue.record(&decided)).unwrap();
    world.moods.insert(a, Mood::Fine);
}

#[test]
fn new_mail_does_not_keep_old_mail_out() {
    let limits = Limits { active: 64, active_per_owner: 64, ..Limits::default() };
    let mut world = crowd(limits, 500);
    // For each message that leaves a new one comes in; the old ones leave all the same.
    let oldest: Vec<QueueId> = world.rows(store::Filter::default()).iter().map(|row| row.id).collect();
    for _ in 0..1_500 {
        world.feed().unwrap();
        if let Some(batch) = world.take() {
            world.deliver(batch);
        }
        world.send(2, "stream@here.test", &["bob@x.test"]);
    }
    let delivered = |id: &QueueId| world.tries.iter().any(|t| t.message == *id && t.delivered);
    assert!(oldest.iter().all(delivered));
}

#[test]
fn silent_destinations_leave_half_of_the_places_to_those_that_take_mail() {
    let mut world = World::with(Limits { direct: 10, ..Limits::default() });
    world.route(store::RouteScope::Default, Some(RelayId::DIRECT));
    world.send(1, "anne@here.test", &["bob@good.test"]);
    let first = world.take().unwrap();
    world.deliver(first);
    for number in 0..100 {
        let to = format!("bob@mute{number}.test");
        world.send(1, "anne@here.test", &[to.as_str()]);
    }
    // They are never heard of again.
    let mut silent = Vec::new();
    while let Some(batch) = world.take() {
        silent.push(batch);
    }
    assert_eq!(silent.len(), 5);
    let good: Vec<QueueId> = (0..20).map(|_| world.send(1, "anne@here.test", &["bob@good.test"])).collect();
    for id in good {
        let batch = world.take().expect("a place is free");
        assert_eq!(batch.letter.id, id);
        world.deliver(batch);
    }
    assert!(world.take().is_none(), "the other silent ones wait");
}
