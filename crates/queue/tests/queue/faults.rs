//! What stops halfway: futures that are dropped, stores that fail, crashes at every step, and two things at once.

use crate::faulty::Fault;
use crate::story::state_of;
use crate::world::{Mood, World, run, run_partly};
use mail::{EventId, RelayId};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use store::{Directory as _, EventKind, History as _};

const BAD_PASSWORD: &str = "auth 535 5.7.8 Username and Password not accepted";

/// A relay whose password is wrong, and three messages that have not been tried.
fn trouble() -> (World, RelayId) {
    let mut world = World::new();
    let a = world.relay("a", |relay| relay.max_connections = 2);
    world.moods.insert(a, Mood::parse(BAD_PASSWORD));
    for _ in 0..3 {
        world.send(1, "anne@here.test", &["bob@x.test", "carl@x.test"]);
    }
    (world, a)
}

fn save_anew(world: &World, id: RelayId) {
    let relays = run(world.memory.relays()).unwrap();
    let relay = relays.into_iter().find(|relay| relay.id == id).unwrap();
    run(world.memory.save_relay(relay, Vec::new())).unwrap();
}

fn events(world: &World, kind: EventKind) -> usize {
    run(world.memory.events(EventId(0), 1_000)).unwrap().iter().filter(|event| event.kind == kind).count()
}

/// Everything that was ever accepted has arrived, and nothing of it is left anywhere.
fn assert_clean(world: &World, when: &str) {
    let totals = world.totals();
    assert_eq!((totals.recipients, totals.leased, totals.parked), (0, 0, 0), "{when}: {totals:?}");
    assert_eq!(world.queue.active(), 0, "{when}: memory");
    assert_eq!(run(world.memory.closures()).unwrap(), [], "{when}: closures");
}

fn deliveries(world: &World) -> usize {
    world.tries.iter().filter(|t| t.delivered).count()
}

/// The whole scene, of which every future may be cut: `None` when the steps are used up.
fn scene(world: &mut World, a: RelayId, steps: &mut usize) -> Option<()> {
    macro_rules! step {
        ($future:expr) => {{
            let mut future = pin!($future);
            loop {
                *steps = steps.checked_sub(1)?;
                if let Poll::Ready(ready) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    break ready;
                }
            }
        }};
    }
    while let Some(batch) = world.take() {
        let carried = world.carry(&batch);
        let decided = world.queue.decide(batch, carried);
        step!(world.queue.record(&decided)).unwrap();
    }
    step!(world.queue.feed()).unwrap();
    step!(world.queue.accept(world.submission(1, "anne@here.test", &["dora@x.test"]))).unwrap();
    world.moods.insert(a, Mood::Fine);
    save_anew(world, a);
    step!(world.queue.reload()).unwrap();
    step!(world.queue.accept(world.submission(1, "anne@here.test", &["emil@x.test"]))).unwrap();
    step!(world.queue.feed()).unwrap();
    while let Some(batch) = world.take() {
        let carried = world.carry(&batch);
        let decided = world.queue.decide(batch, carried);
        step!(world.queue.record(&decided)).unwrap();
    }
    step!(world.queue.stop()).unwrap();
    Some(())
}

#[test]
fn whatever_future_is_dropped_nothing_is_lost_or_stuck() {
    let mut whole = false;
    for cut in 0..1_000 {
        let (mut world, a) = trouble();
        whole = scene(&mut world, a, &mut cut.clone()).is_some();
        if whole {
            assert!(cut > 20, "the scene has its steps");
            break;
        }
        // What the operator asked for is asked again, as a person would.
        world.moods.insert(a, Mood::Fine);
        save_anew(&world, a);
        run(world.queue.reload()).unwrap();
        world.settle_down();
        assert_clean(&world, &format!("cut after {cut} steps"));
        let accepted = world.rows_of_all().len();
        assert!(accepted >= 3, "what was acknowledged is there");
        assert_eq!(deliveries(&world), world.recipients_of_all(), "cut after {cut} steps: each once");
    }
    assert!(whole);
}

#[test]
fn whenever_the_server_dies_nothing_is_lost_or_stuck() {
    for cut in 0..1_000 {
        let (mut world, a) = trouble();
        let whole = scene(&mut world, a, &mut cut.clone()).is_some();
        let before = deliveries(&world);
        world.crash();
        let perhaps = world.perhaps;
        world.moods.insert(a, Mood::Fine);
        // The closure may have come back with the restart: its probe opens it.
        world.pass(2 * 86_400);
        assert_clean(&world, &format!("died after {cut} steps"));
        let twice = deliveries(&world) - world.recipients_of_all();
        assert!(twice <= perhaps.min(before), "died after {cut} steps: {twice} twice, {perhaps} reported");
        if whole {
            return;
        }
    }
    panic!("the scene never ends");
}

#[test]
fn whatever_call_of_the_store_fails_nothing_is_lost_or_stuck() {
    let methods = [
        "accept",
        "settle",
        "claim",
        "release",
        "unpark",
        "save_closure",
        "remove_closure",
        "closures",
        "relays",
    ];
    for method in methods {
        for fault in [Fault::Refused, Fault::DoneAndDenied] {
            // A claim that is stored and denied leaves its leases to the next start, which reports them.
            if (method, fault) == ("claim", Fault::DoneAndDenied) {
                continue;
            }
            for others in 0..4 {
                let (mut world, a) = trouble();
                world.store.fail_after(others, method, fault);
                let when = format!("{method} {fault:?} after {others}");
                world.settle_down();
                let _ = run(world.queue.accept(world.submission(1, "anne@here.test", &["dora@x.test"])));
                world.moods.insert(a, Mood::Fine);
                save_anew(&world, a);
                while run(world.queue.reload()).is_err() {}
                world.settle_down();
                assert_clean(&world, &when);
                assert_eq!(deliveries(&world), world.recipients_of_all(), "{when}: each once");
                assert_eq!(world.alarms.len(), 1, "{when}");
                assert_eq!(events(&world, EventKind::RelayClosed), 1, "{when}");
            }
        }
    }
}

#[test]
fn an_outcome_that_was_stored_and_denied_is_not_stored_twice() {
    for fault in [Fault::Refused, Fault::DoneAndDenied] {
        let mut world = World::new();
        world.relay("a", |_| {});
        let id = world.send(1, "anne@here.test", &["later@x.test", "bob@x.test"]);
        world.store.fail("settle", fault);
        let batch = world.take().unwrap();
        let carried = world.carry(&batch);
        let decided = world.queue.decide(batch, carried);
        assert!(run(world.queue.record(&decided)).is_err());
        for _ in 0..3 {
            run(world.queue.record(&decided)).unwrap();
        }
        let story = run(world.memory.story(id)).unwrap().unwrap();
        assert_eq!((story.attempts.len(), story.events.len()), (1, 3), "{fault:?}");
        assert_eq!(story.message.recipients.iter().map(|row| row.attempts).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(world.queue.active(), 0);
    }
}

#[test]
fn an_outcome_whose_worker_dies_is_recorded_by_the_feeder() {
    let mut world = World::new();
    world.relay("a", |_| {});
    let id = world.send(1, "anne@here.test", &["bob@x.test"]);
    let batch = world.take().unwrap();
    let carried = world.carry(&batch);
    drop(world.queue.decide(batch, carried));
    world.settle_down();
    assert_eq!(state_of(&world.row(id).recipients[0]), "delivered");
    assert_clean(&world, "the worker died");
    assert_eq!(deliveries(&world), 1);
}

#[test]
fn what_the_stop_cuts_is_reported_at_the_next_start() {
    let mut world = World::new();
    world.relay("a", |_| {});
    world.send(1, "anne@here.test", &["bob@x.test"]);
    world.send(1, "anne@here.test", &["carl@x.test"]);
    let flying = world.take().unwrap();
    run(world.queue.stop()).unwrap();
    drop(flying);
    world.restart();
    assert_eq!(world.perhaps, 1, "the one in flight, and not the one that waited");
    world.settle_down();
    assert_clean(&world, "after the restart");
}

#[test]
fn a_probe_that_never_answers_does_not_leave_the_relay_closed() {
    let (mut world, a) = trouble();
    world.settle_down();
    world.moods.insert(a, Mood::Fine);
    for wait in [15 * 60, 3_600, 6 * 3_600] {
        world.clock.advance(std::time::Duration::from_secs(wait));
        let work = world.queue.probes(world.now());
        assert_eq!(work.due.len(), 1, "after {wait} s");
        assert!(world.queue.probes(world.now()).due.is_empty(), "one at a time");
        // Its worker panics.
        drop(work);
        assert!(world.queue.probes(world.now()).due.is_empty(), "not in a busy loop");
    }
    world.pass(86_400);
    assert_clean(&world, "a later probe opened it");
}

#[test]
fn a_probe_whose_news_cannot_be_stored_raises_its_alarm_later() {
    let (mut world, a) = trouble();
    world.moods.insert(a, Mood::parse("connect refused"));
    world.settle_down();
    world.moods.insert(a, Mood::parse(BAD_PASSWORD));
    world.store.fail("save_closure", Fault::Refused);
    world.pass(30);
    assert_eq!((world.alarms.len(), events(&world, EventKind::RelayClosed)), (0, 0));
    world.pass(15 * 60);
    assert_eq!((world.alarms.len(), events(&world, EventKind::RelayClosed)), (1, 1));
    assert!(run(world.memory.closures()).unwrap()[0].alarm);
}

#[test]
fn a_relay_removed_while_its_mail_is_in_flight_holds_nothing_up() {
    for mood in ["ok", BAD_PASSWORD, "rcpt 450 4.2.0 later"] {
        let (mut world, a) = trouble();
        world.moods.insert(a, Mood::parse(mood));
        let batch = world.take().unwrap();
        let carried = world.carry(&batch);
        let decided = world.queue.decide(batch, carried);
        let now = world.now();
        run(world.memory.remove_relay(a, now, Vec::new())).unwrap();
        run(world.queue.reload()).unwrap();
        run(world.queue.record(&decided)).unwrap();
        world.relay("b", |_| {});
        world.pass(600);
        assert_clean(&world, mood);
        assert_eq!(deliveries(&world), 6);
    }
}

/// Polls two futures by turns, as the bits say, and then both to their end.
fn interleave(one: impl Future<Output = ()>, two: impl Future<Output = ()>, bits: u32) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut first, mut second) = (false, false);
    let mut turn = 0;
    while !(first && second) {
        let pick_one = second || (!first && bits.checked_shr(turn).unwrap_or(0) & 1 == 0);
        let context = &mut Context::from_waker(Waker::noop());
        if pick_one {
            first = one.as_mut().poll(context).is_ready();
        } else {
            second = two.as_mut().poll(context).is_ready();
        }
        turn += 1;
        assert!(turn < 10_000, "they wait for each other");
    }
}

/// What an operator does while mail comes, goes, or is parked.
#[test]
fn an_opening_that_meets_a_parking_leaves_nothing_parked() {
    for bits in 0..1 << 8 {
        for other in ["record", "accept", "feed", "probed"] {
            for operation in ["reload", "open"] {
                let (mut world, a) = trouble();
                let batches: Vec<_> = std::iter::from_fn(|| world.take()).collect();
                let mut decided = Vec::new();
                for batch in batches {
                    let carried = world.carry(&batch);
                    decided.push(world.queue.decide(batch, carried));
                }
                let last = decided.pop().unwrap();
                decided.iter().for_each(|decided| run(world.queue.record(decided)).unwrap());
                world.moods.insert(a, Mood::Fine);
                if operation == "reload" {
                    save_anew(&world, a);
                }
                world.clock.advance(std::time::Duration::from_secs(901));
                let queue = &world.queue;
                let due = if other == "probed" { queue.probes(world.now()).due.pop() } else { None };
                let bad = (other == "probed").then(|| {
                    let update = last.settlement().updates.first().unwrap();
                    Box::new(update.evidence.as_deref().cloned().unwrap())
                });
                let opening = async {
                    match operation {
                        "reload" => queue.reload().await.unwrap(),
                        _ => queue.open_relay(a).await.unwrap(),
                    }
                };
                let parking = async {
                    match other {
                        "record" => queue.record(&last).await.unwrap(),
                        "feed" => queue.feed().await.map(|_| ()).unwrap(),
                        "accept" => {
                            let submission = world.submission(1, "anne@here.test", &["dora@x.test"]);
                            queue.accept(submission).await.map(|_| ()).unwrap();
                        }
                        _ => {
                            let (due, bad) = (due.as_ref().unwrap(), bad.unwrap());
                            drop(queue.probed(due, Err(bad), world.clock.now()).await.unwrap());
                        }
                    }
                };
                interleave(opening, parking, bits);
                drop(due);
                run(world.queue.record(&last)).unwrap();
                drop(last);
                world.settle_down();
                assert_clean(&world, &format!("{operation} and {other} by {bits:b}"));
                assert_eq!(deliveries(&world), world.recipients_of_all());
            }
        }
    }
}

#[test]
fn a_first_relay_that_meets_a_message_leaves_nothing_parked() {
    for bits in 0..1 << 10 {
        for other in ["accept", "feed"] {
            let mut world = World::new();
            world.send(1, "anne@here.test", &["bob@x.test"]);
            run(world.queue.act(store::Act::Retry, store::Filter::default())).unwrap();
            let b = world.relay("b", |_| {});
            world.route(store::RouteScope::Default, None);
            run(world.memory.set_route(store::RouteScope::Default, Some(b), Vec::new())).unwrap();
            let queue = &world.queue;
            let parking = async {
                if other == "feed" {
                    queue.feed().await.map(|_| ()).unwrap();
                } else {
                    let submission = world.submission(1, "anne@here.test", &["dora@x.test"]);
                    queue.accept(submission).await.map(|_| ()).unwrap();
                }
            };
            interleave(async { queue.reload().await.unwrap() }, parking, bits);
            world.settle_down();
            assert_clean(&world, &format!("{other} by {bits:b}"));
        }
    }
}

#[test]
fn a_reload_does_not_free_again_what_the_feeder_has_parked_again() {
    let world = World::new();
    for _ in 0..2_500 {
        world.send(1, "anne@here.test", &["bob@x.test"]);
    }
    let mut reload = pin!(world.queue.reload());
    for step in 0.. {
        if reload.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            break;
        }
        // A feeder that is much faster than the reload.
        run(world.queue.feed()).unwrap();
        assert!(step < 100, "they free and park the same mail for ever");
    }
    run(world.queue.feed()).unwrap();
    assert_eq!(world.totals().parked, 2_500);
}

#[test]
fn a_slow_reading_of_the_routes_does_not_undo_a_later_one() {
    for polls in 1..10 {
        let mut world = World::new();
        let a = world.relay("a", |_| {});
        let slow = world.queue.reload();
        let mut slow = pin!(slow);
        let mut ended = false;
        for _ in 0..polls {
            ended = ended || slow.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        }
        save_anew(&world, a);
        run(world.queue.reload()).unwrap();
        if !ended {
            run(slow).unwrap();
        }
        assert_eq!(world.queue.relay(a).unwrap().revision, 2, "after {polls} steps");
    }
}

#[test]
fn a_submission_that_is_cut_takes_no_room() {
    for polls in 0..10 {
        let mut world = World::new();
        world.relay("a", |_| {});
        let submission = world.submission(1, "anne@here.test", &["bob@x.test", "carl@x.test"]);
        let ended = run_partly(world.queue.accept(submission), polls);
        assert!(ended || world.queue.active() == 0, "after {polls} steps");
        world.settle_down();
        assert_clean(&world, &format!("cut after {polls} steps"));
    }
}
