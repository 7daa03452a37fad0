//! The plain road: accepted, tried, delivered, refused, tried again, expired.

use crate::story::{check, state_of};
use crate::world::{Mood, World};

#[test]
fn a_message_is_delivered_once() {
    check(
        "relay a
         send anne@here.test -> bob@x.test carl@y.test
         leased 2
         pass 0s
         m1 delivered
         m1.1 delivered
         delivered 2
         waiting 0
         event accepted 1
         event delivered 2
         pass 10d
         delivered 2",
    );
}

#[test]
fn each_recipient_has_its_own_fate() {
    check(
        "relay a
         send anne@here.test -> bob@x.test later@x.test gone@x.test
         pass 0s
         m1 delivered
         m1.1 waiting greylisted
         m1.2 failed recipient_unknown
         a is open
         pass 10m
         m1 tries 0
         m1.1 tries 0 2m 5m
         m1.2 tries 0
         event failed 1",
    );
}

#[test]
fn retries_come_at_the_promised_intervals_until_the_end_of_the_life() {
    check(
        "relay a
         send anne@here.test -> later@x.test
         pass 30h
         m1 tries 0 2m 5m 10m 20m 40m 1h 2h 4h 4h 4h 4h 4h 4h
         m1 waiting greylisted
         pass 90h
         m1 expired greylisted
         event expired 1
         alarms 0
         a is open",
    );
}

#[test]
fn a_wait_that_was_asked_for_is_obeyed_once() {
    check(
        "relay a
         a says rcpt 450 4.7.1 Greylisted, please come back in 900 seconds
         send anne@here.test -> bob@x.test
         pass 1h
         # After 900 seconds it is asked again, and goes at its own pace: its second interval.
         m1 tries 0 15m 5m 10m 20m
         a says ok
         pass 1h
         m1 delivered",
    );
}

#[test]
fn a_clock_that_jumps_expires_nothing() {
    check(
        "relay a
         send anne@here.test -> later@x.test
         pass 0s
         jump 6d
         pass 0s
         m1 waiting
         # It expires when it was really tried often enough.
         pass 1d
         m1 expired",
    );
}

#[test]
fn a_clock_that_jumps_does_not_end_mail_that_has_no_relay() {
    check(
        "send anne@here.test -> bob@x.test
         pass 0s
         m1 parked no_route
         jump 20d
         pass 0s
         m1 parked no_route
         relay a
         pass 0s
         m1 delivered",
    );
}

#[test]
fn mail_without_a_relay_waits_and_leaves_when_there_is_one() {
    check(
        "send 3x anne@here.test -> bob@x.test
         pass 3d
         parked 3
         m1 parked no_route
         relay a
         pass 1s
         delivered 3
         order m1 m2 m3",
    );
}

#[test]
fn mail_without_a_relay_waits_for_fourteen_days_and_then_ends() {
    check(
        "send anne@here.test -> bob@x.test
         pass 18d
         m1 parked no_route
         pass 2d
         m1 expired no_route
         event expired 1",
    );
}

#[test]
fn more_waiting_mail_than_a_page_is_freed_once_when_the_routes_do_not_help() {
    check(
        "send 2500x site=2 anne@here.test -> bob@x.test
         relay a
         route default -
         pass 0s
         parked 2500
         route owner=2 a
         pass 0s
         delivered 2500",
    );
}

#[test]
fn the_most_special_route_wins() {
    check(
        "relay a
         relay b
         relay c
         route domain=here.test b
         route site=2 c
         a says rcpt 450 4.1.1 a
         b says rcpt 450 4.1.1 b
         c says rcpt 450 4.1.1 c
         send x@else.test -> bob@x.test
         send x@here.test -> bob@x.test
         send site=2 x@here.test -> bob@x.test
         pass 0s
         hold relay=a -> 1
         hold relay=b -> 1
         hold relay=c -> 1
         m1 held",
    );
}

#[test]
fn many_recipients_go_in_several_transactions() {
    check(
        "relay a rcpts=2 conns=1
         send anne@here.test -> b1@x.test b2@x.test later3@x.test b4@x.test gone5@x.test
         pass 0s
         m1 delivered
         m1.1 delivered
         m1.2 waiting
         m1.3 delivered
         m1.4 failed",
    );
}

#[test]
fn what_is_wrong_with_one_message_never_stops_the_relay() {
    for answer in [
        "end 554 5.7.1 Your account has been suspended, authentication failed",
        "rcpt 535 5.7.8 Authentication credentials invalid",
        "data 530 5.7.0 Authentication required",
        "end 451 4.7.0 Temporary authentication failure",
        "mail too-big",
        "ehlo too-big",
        "ehlo no-utf8",
        "rcpt no-utf8",
        "queue unreadable",
        "data unreadable",
        "mail dropped",
        "end dropped",
    ] {
        check(&format!(
            "relay a
             a says {answer}
             send anne@here.test -> bob@x.test
             pass 0s
             a is open
             a says ok
             send paul@here.test -> bob@x.test
             pass 0s
             m2 delivered"
        ));
    }
}

#[test]
fn a_sender_that_is_nobody_is_never_stopped() {
    check(
        "relay a
         a says mail 553 5.7.1 Sender address rejected: not owned by user us
         send <> -> bob@x.test
         pass 0s
         m1 failed
         alarms 0",
    );
}

#[test]
fn a_courier_that_fails_gives_its_mail_back() {
    let mut world = World::new();
    let a = world.relay("a", |relay| relay.max_connections = 1);
    let id = world.send(1, "anne@here.test", &["bob@x.test"]);
    let batch = world.take().unwrap();
    assert!(world.take().is_none(), "the lane has one slot, and it is taken");
    world.moods.insert(a, Mood::Panics);
    world.deliver(batch);
    world.moods.insert(a, Mood::Fine);
    world.pass(10);
    assert_eq!(world.queue.active(), 0);
    assert_eq!(state_of(&world.row(id).recipients[0]), "waiting -", "not in a busy loop");
    world.pass(122);
    let row = &world.row(id).recipients[0];
    assert_eq!((state_of(row).as_str(), row.attempts), ("delivered", 2));
}

#[test]
fn a_message_that_makes_every_courier_fail_expires() {
    check(
        "relay a
         a says panic
         send anne@here.test -> bob@x.test
         pass 6d
         m1 expired
         leased 0",
    );
}

#[test]
fn a_stop_gives_everything_back_and_a_start_sends_it() {
    check(
        "relay a
         send 5x anne@here.test -> bob@x.test
         leased 5
         restart
         perhaps 0
         leased 0
         pass 0s
         delivered 5",
    );
}

#[test]
fn a_crash_loses_nothing_and_says_what_was_perhaps_sent() {
    check(
        "relay a
         send 5x anne@here.test -> bob@x.test later@x.test
         crash
         perhaps 10
         event perhaps_twice 10
         pass 0s
         delivered 5
         crash
         perhaps 0
         waiting 5",
    );
}

#[test]
fn what_was_perhaps_sent_goes_to_the_same_relay_again() {
    check(
        "relay a
         relay b
         send anne@here.test -> bob@x.test
         send anne@here.test -> carl@x.test
         crash
         route default b
         a says rcpt 450 4.1.1 this is a
         b says rcpt 450 4.1.1 this is b
         pass 0s
         hold relay=a -> 2",
    );
}
