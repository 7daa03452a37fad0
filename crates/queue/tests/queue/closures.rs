//! Closures: what stops a relay or a sender, for how long, and how the mail leaves afterwards.

use crate::story::{check, state_of};
use crate::world::{Mood, World};

#[test]
fn a_refused_sign_in_closes_that_relay_and_nothing_else() {
    check(
        "relay a conns=3
         relay b
         route domain=there.test b
         a says auth 535 5.7.8 Username and Password not accepted
         send 50x anne@here.test -> bob@x.test
         send paul@there.test -> bob@x.test
         pass 0s
         a is closed auth_bad_credentials
         b is open
         m51 delivered
         delivered 1
         parked 50
         leased 0
         alarms 1
         event relay_closed 1
         event failed 0
         # Mail that comes now waits with the others, untried.
         send anne@here.test -> bob@x.test
         pass 1m
         m52 parked auth_bad_credentials
         m52 tries
         alarms 1
         password a
         a is open
         event relay_opened 1
         a says ok
         pass 5s
         delivered 52
         waiting 0
         order m1 m2 m3 m4 m5 m6 m48 m49 m50 m52",
    );
}

#[test]
fn a_new_password_that_is_wrong_too_closes_the_relay_again() {
    check(
        "relay a conns=1
         a says auth 535 5.7.8 Username and Password not accepted
         send 20x anne@here.test -> bob@x.test
         pass 0s
         password a
         pass 0s
         a is closed auth_bad_credentials
         parked 20
         alarms 2
         delivered 0
         a says ok
         open a
         pass 0s
         delivered 20",
    );
}

#[test]
fn alarms_are_probed_after_15_minutes_1_hour_6_hours_and_daily() {
    check(
        "relay a
         a says tls expired
         send anne@here.test -> bob@x.test
         pass 0s
         a is closed tls_cert_expired
         mark
         pass 3d
         probes a 15m 1h 6h 1d 1d
         alarms 1
         m1 tries 0
         a says ok
         pass 1d
         m1 delivered
         a is open",
    );
}

#[test]
fn a_relay_out_of_reach_is_probed_soon_and_no_alarm_is_raised() {
    check(
        "relay a
         a says connect refused
         send anne@here.test -> bob@x.test
         send anne@here.test -> carl@x.test
         pass 0s
         a is away connect_refused
         mark
         pass 40m
         probes a 30 1m 2m 5m 10m 10m 10m
         alarms 0
         event relay_closed 0
         a says ok
         pass 10m
         delivered 2
         a is open
         event relay_opened 0",
    );
}

#[test]
fn a_probe_that_finds_a_bad_password_raises_the_alarm() {
    check(
        "relay a
         a says connect refused
         send anne@here.test -> bob@x.test
         pass 0s
         a says auth 535 5.7.8 Username and Password not accepted
         pass 30s
         a is closed auth_bad_credentials
         alarms 1
         event relay_closed 1
         mark
         # What was parked before the alarm outlives its first end, as all mail under an alarm.
         pass 10d
         m1 parked
         probes a 15m 1h 6h 1d 1d 1d 1d 1d 1d 1d 1d 1d
         alarms 1
         password a
         a says ok
         pass 0s
         m1 delivered",
    );
}

#[test]
fn what_was_tried_often_does_not_end_under_an_alarm_that_came_after_it_was_parked() {
    check(
        "relay a
         send anne@here.test -> later@x.test
         pass 2d
         a says connect refused
         pass 5h
         m1 parked connect_refused
         a says auth 535 5.7.8 Username and Password not accepted
         pass 11m
         a is closed auth_bad_credentials
         pass 6d
         m1 parked
         a says ok
         password a
         pass 0s
         m1 waiting greylisted",
    );
}

#[test]
fn a_closed_relay_that_is_out_of_reach_too_keeps_its_first_reason() {
    check(
        "relay a
         a says auth 535 5.7.8 Username and Password not accepted
         send anne@here.test -> bob@x.test
         pass 0s
         a says connect refused
         pass 1h
         a is closed auth_bad_credentials
         alarms 1",
    );
}

#[test]
fn time_under_an_alarm_does_not_count_for_fourteen_days() {
    check(
        "relay a
         send anne@here.test -> later@x.test
         pass 4d
         a says auth 535 5.7.8 Username and Password not accepted
         pass 5h
         m1 parked auth_bad_credentials
         pass 10d
         m1 parked
         a says ok
         password a
         pass 0s
         # Almost a day of its five is left.
         m1 waiting greylisted
         pass 15h
         m1 waiting
         pass 10h
         m1 expired",
    );
    check(
        "relay a
         a says auth 535 5.7.8 Username and Password not accepted
         send anne@here.test -> bob@x.test
         pass 18d
         m1 parked
         pass 2d
         m1 expired auth_bad_credentials
         event expired 1
         event failed 0",
    );
}

#[test]
fn time_out_of_reach_counts() {
    check(
        "relay a
         a says connect refused
         send anne@here.test -> bob@x.test
         pass 4d
         m1 parked
         pass 2d
         m1 expired connect_refused",
    );
}

#[test]
fn a_sender_is_stopped_on_that_relay_only() {
    check(
        "relay a conns=4
         relay b
         route site=2 b
         a says mail 553 5.7.1 Sender address rejected: not owned by user us
         send 3x anne@here.test -> bob@x.test
         send Anne@here.test -> bob@x.test carl@x.test
         pass 0s
         m1 parked sender_not_owned
         parked 5
         alarms 1
         event sender_stopped 1
         event relay_closed 0
         a is open
         a says ok
         send paul@here.test -> bob@x.test
         send site=2 anne@here.test -> bob@x.test
         send anne@here.test -> bob@x.test
         pass 0s
         m5 delivered
         m6 delivered
         m7 parked sender_not_owned
         # Its time is over: it tries, and passes.
         pass 15m
         delivered 8
         event sender_resumed 1",
    );
}

#[test]
fn refusals_that_were_in_flight_together_close_once() {
    for mood in [
        "auth 535 5.7.8 Username and Password not accepted",
        "mail 553 5.7.1 Sender address rejected: not owned by user us",
    ] {
        let mut world = World::new();
        let a = world.relay("a", |_| {});
        world.moods.insert(a, Mood::parse(mood));
        for _ in 0..4 {
            world.send(1, "anne@here.test", &["bob@x.test"]);
        }
        let batches: Vec<_> = std::iter::from_fn(|| world.take()).collect();
        assert_eq!(batches.len(), 4);
        batches.into_iter().for_each(|batch| world.deliver(batch));
        assert_eq!(world.alarms.len(), 1, "{mood}");
        assert_eq!((world.closures().len(), world.totals().parked), (1, 4), "{mood}");
        world.moods.insert(a, Mood::Fine);
        world.pass(15 * 60);
        assert_eq!((world.closures().len(), world.totals().recipients), (0, 0), "{mood}");
    }
}

#[test]
fn a_sender_stopped_again_waits_longer_until_its_mail_passes() {
    check(
        "relay a
         a says mail 553 5.7.1 Sender address rejected: not owned by user us
         send anne@here.test -> bob@x.test
         pass 9h
         m1 tries 0 15m 1h 6h
         restart
         pass 40h
         m1 tries 0 15m 1h 6h 1d
         a says ok
         pass 1d
         m1 delivered
         a says mail 553 5.7.1 Sender address rejected: not owned by user us
         send anne@here.test -> bob@x.test
         pass 20m
         m2 tries 0 15m",
    );
}

#[test]
fn a_program_that_makes_up_senders_does_not_raise_an_alarm_for_each() {
    let mut world = World::new();
    let a = world.relay("a", |_| {});
    let refusal = "mail 553 5.7.1 Sender address rejected: not owned by user us";
    world.moods.insert(a, Mood::parse(refusal));
    for number in 0..1_100 {
        world.send(1, &format!("made{number}@here.test"), &["bob@x.test"]);
    }
    world.settle_down();
    assert_eq!(world.alarms.len(), 1_000);
    let totals = world.totals();
    assert_eq!((totals.parked, totals.recipients), (1_000, 1_100), "nothing is lost");
}

#[test]
fn evidence_of_an_older_configuration_closes_nothing() {
    let mut world = World::new();
    let a = world.relay("a", |_| {});
    world.moods.insert(a, Mood::parse("auth 535 5.7.8 Username and Password not accepted"));
    let id = world.send(1, "anne@here.test", &["bob@x.test"]);
    let batch = world.take().unwrap();
    world.change(a);
    world.deliver(batch);
    assert!(world.alarms.is_empty());
    world.moods.insert(a, Mood::Fine);
    world.settle_down();
    let row = &world.row(id).recipients[0];
    assert_eq!((state_of(row).as_str(), row.attempts), ("delivered", 1), "and it is no attempt");
}

#[test]
fn mail_behind_a_closed_relay_takes_another_when_the_route_changes() {
    check(
        "relay a
         a says auth 535 5.7.8 Username and Password not accepted
         send 1200x anne@here.test -> bob@x.test
         pass 0s
         parked 1200
         relay b
         pass 0s
         parked 1200
         route default b
         pass 0s
         delivered 1200
         a is closed auth_bad_credentials",
    );
}

#[test]
fn a_relay_that_is_removed_lets_its_mail_go() {
    check(
        "relay a
         a says auth 535 5.7.8 Username and Password not accepted
         send 3x anne@here.test -> bob@x.test
         pass 0s
         remove a
         pass 0s
         m1 parked no_route
         relay b
         pass 0s
         delivered 3",
    );
}

#[test]
fn closures_outlive_a_restart_and_a_crash() {
    check(
        "relay a
         a says auth 535 5.7.8 Username and Password not accepted
         send 3x anne@here.test -> bob@x.test
         pass 2h
         mark
         restart
         crash
         a is closed auth_bad_credentials
         send anne@here.test -> bob@x.test
         pass 6h
         m4 parked auth_bad_credentials
         alarms 1
         a says ok
         pass 1d
         delivered 4",
    );
}

#[test]
fn a_retry_by_hand_probes_the_relay_at_once() {
    check(
        "relay a
         a says auth 535 5.7.8 Username and Password not accepted
         send 3x anne@here.test -> bob@x.test
         pass 2h
         a says ok
         retry id=m2 -> 1
         pass 0s
         delivered 3
         a is open",
    );
}

#[test]
fn a_greeting_that_asks_for_time_is_given_it() {
    check(
        "relay a
         a says greeting 421 4.3.2 Service busy, try again in 200 seconds
         send anne@here.test -> bob@x.test
         pass 0s
         mark
         pass 4m
         probes a 201",
    );
}
