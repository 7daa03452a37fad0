//! What a person does with waiting mail.

use crate::story::{check, state_of, tell};
use crate::world::{Mood, World, run, run_partly};
use store::{Act, Filter};

#[test]
fn each_filter_means_what_it_says() {
    for (filter, count) in [
        ("", 4),
        ("sender=anne@here.test", 3),
        ("sender=ANNE@HERE.TEST", 0),
        ("recipient=later1@x.test", 1),
        ("domain=y.test", 2),
        ("relay=a", 4),
        ("cause=greylisted", 4),
        ("cause=recipient_unknown", 0),
        ("older=1h", 3),
        ("older=3h", 0),
        ("id=m1", 2),
        ("id=m1 domain=y.test", 1),
        ("id=m1 id=m2 older=1h", 3),
    ] {
        check(&format!(
            "relay a
             send anne@here.test -> later1@x.test later2@y.test
             send paul@here.test -> later3@y.test
             pass 2h
             send anne@here.test -> later4@x.test bob@x.test
             pass 0s
             hold {filter} -> {count}
             held {count}
             release {filter} -> {count}
             held 0
             delete {filter} -> {count}
             waiting {}",
            4 - count
        ));
    }
}

#[test]
fn held_mail_waits_for_its_release_alone() {
    check(
        "relay a
         send anne@here.test -> later@x.test
         pass 0s
         hold -> 1
         hold -> 0
         retry -> 0
         pass 10d
         m1 held
         m1 tries 0
         restart
         m1 held
         release -> 1
         release -> 0
         pass 0s
         m1 tries 0 10d
         event held 1
         event released 1",
    );
}

#[test]
fn a_retry_comes_at_once_and_a_deletion_is_final() {
    check(
        "relay a
         send anne@here.test -> later@x.test
         pass 1h
         retry -> 1
         pass 0s
         event retried 1
         event deferred 6
         delete -> 1
         delete -> 0
         m1 cancelled
         event cancelled 1
         waiting 0",
    );
}

#[test]
fn bulk_acts_go_through_the_whole_queue() {
    check(
        "send 2300x anne@here.test -> bob@x.test
         pass 0s
         hold domain=x.test -> 2300
         held 2300
         release -> 2300
         relay a
         pass 0s
         delivered 2300",
    );
}

#[test]
fn mail_in_memory_is_taken_out_and_mail_in_flight_left_alone() {
    for act in [Act::Hold, Act::Delete, Act::Retry] {
        let mut world = World::new();
        world.relay("a", |relay| relay.max_connections = 1);
        let flying = world.send(1, "anne@here.test", &["bob@x.test", "carl@x.test"]);
        for _ in 0..3 {
            world.send(1, "anne@here.test", &["bob@x.test"]);
        }
        let batch = world.take().unwrap();
        let acted = run(world.queue.act(act, Filter::default())).unwrap();
        let in_flight = if act == Act::Retry { 0 } else { 2 };
        assert_eq!((acted.messages, acted.recipients, acted.in_flight), (3, 3, in_flight), "{act:?}");
        world.deliver(batch);
        world.settle_down();
        assert_eq!(state_of(&world.row(flying).recipients[0]), "delivered");
        let left = if act == Act::Hold { 3 } else { 0 };
        assert_eq!(world.totals().recipients, left, "{act:?}");
    }
}

#[test]
fn held_mail_does_not_count_as_in_flight() {
    let world = tell(World::new(), "send 2x anne@here.test -> bob@x.test\n hold id=m1 -> 1");
    let acted = run(world.queue.act(Act::Hold, Filter::default())).unwrap();
    assert_eq!((acted.recipients, acted.in_flight), (1, 0));
}

#[test]
fn an_act_is_logged_for_the_owner_of_the_mail() {
    let world = tell(World::new(), "send site=7 anne@here.test -> bob@x.test\n delete -> 1");
    let events = run(store::History::events(&*world.memory, mail::EventId(0), 10)).unwrap();
    assert!(events.iter().all(|event| event.owner == mail::OwnerId(7)), "{events:?}");
}

#[test]
fn an_act_that_stops_halfway_leaves_nothing_behind() {
    for polls in 0..40 {
        let mut world = World::new();
        let a = world.relay("a", |relay| relay.max_connections = 1);
        for _ in 0..5 {
            world.send(1, "anne@here.test", &["bob@x.test"]);
        }
        run_partly(world.queue.act(Act::Retry, Filter::default()), polls);
        world.moods.insert(a, Mood::Fine);
        world.settle_down();
        assert_eq!(world.totals().recipients, 0, "after {polls} steps");
    }
}

#[test]
fn mail_of_who_is_blocked_waits_and_leaves_oldest_first() {
    check(
        "relay a
         send site=2 anne@here.test -> later1@x.test
         send site=3 anne@here.test -> later2@x.test
         pass 0s
         m1 waiting greylisted
         block 2
         send site=2 anne@here.test -> bob@x.test
         pass 0s
         m1 waiting greylisted
         m3 parked blocked
         parked 1
         # The time of a block does not count: nothing is given up.
         pass 10d
         m1 parked blocked
         restart
         m3 parked blocked
         block 3
         pass 0s
         delivered 0
         unblock 2
         pass 1h
         m3 delivered
         m1 waiting
         unblock 3
         pass 0s
         parked 0",
    );
}
