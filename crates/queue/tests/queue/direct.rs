//! Mail without a relay: each destination by itself, pauses, holding back and taking back.

use crate::story::check;

#[test]
fn each_destination_goes_its_own_way() {
    check(
        "route default direct
         @full.test says rcpt 452 4.2.2 Mailbox full
         send anne@here.test -> a@x.test b@full.test c@x.test gone@y.test later@z.test
         pass 0s
         m1.0 delivered
         m1.1 waiting recipient_mailbox_full
         m1.2 delivered
         m1.3 failed recipient_unknown
         m1.4 waiting greylisted
         owed 1
         @full.test says ok
         pass 10m
         m1.1 delivered
         delivered 3",
    );
}

#[test]
fn a_destination_out_of_reach_is_tried_by_one_message_and_not_by_all() {
    check(
        "route default direct
         @dead.test says connect refused
         send 200x anne@here.test -> a@dead.test
         send anne@here.test -> a@alive.test
         pass 0s
         m201 delivered
         m1 waiting connect_refused
         m200 waiting destination_slowed
         m200 tries
         leased 0
         # What comes now waits as well.
         send anne@here.test -> b@dead.test
         m202 waiting destination_slowed
         @dead.test says ok
         pass 5m
         delivered 202
         waiting 0",
    );
}

#[test]
fn a_backlog_behind_a_dead_destination_leaves_room_for_others() {
    check(
        "route default direct
         @dead.test says connect refused
         send 3000x anne@here.test -> a@dead.test
         pass 2m
         # While one tries again, the others are not in memory.
         leased 0
         send 3x anne@here.test -> a@alive.test
         pass 0s
         delivered 3
         @dead.test says ok
         pass 30m
         delivered 3003",
    );
}

#[test]
fn a_dead_destination_expires_its_mail_in_the_end() {
    check(
        "route default direct
         @dead.test says connect refused
         send 3x anne@here.test -> a@dead.test
         pass 6d
         m1 expired
         m2 expired
         m3 expired
         owed 3
         waiting 0",
    );
}

#[test]
fn retry_does_not_wait_for_the_pause() {
    check(
        "route default direct
         @dead.test says connect refused
         send 3x anne@here.test -> a@dead.test
         pass 1s
         @dead.test says ok
         retry domain=dead.test -> 3
         pass 0s
         # One tries; the others follow when it got through.
         delivered 1
         pass 1m
         delivered 3",
    );
}

#[test]
fn routes_lead_from_relays_to_direct_and_back() {
    check(
        "relay a
         route domain=there.test direct
         a says auth 535 5.7.8 Username and Password not accepted
         send anne@here.test -> bob@x.test
         send paul@there.test -> bob@x.test
         pass 0s
         m1 parked auth_bad_credentials
         m2 delivered
         route default direct
         pass 1s
         m1 delivered",
    );
}

#[test]
fn mail_in_flight_to_a_destination_survives_a_crash() {
    check(
        "route default direct
         send 10x anne@here.test -> a@x.test b@y.test
         crash
         perhaps 20
         pass 1s
         delivered 20",
    );
}

#[test]
fn a_held_message_leaves_at_its_time_and_can_be_taken_back_before() {
    check(
        "relay a
         send hold=10m anne@here.test -> a@x.test b@x.test
         send hold=10m anne@here.test -> c@x.test
         send anne@here.test -> later@x.test
         pass 5m
         m1 waiting scheduled
         undo id=m1 -> 2
         m1 cancelled
         m1.1 cancelled
         # What was tried cannot be taken back.
         undo id=m3 -> 0
         pass 6m
         m2 delivered
         undo id=m2 -> 0
         owed 0
         delivered 1",
    );
}

#[test]
fn what_is_given_up_fails_and_its_sender_is_told() {
    check(
        "relay a
         send anne@here.test -> later@x.test
         send <> -> later@x.test
         pass 1s
         bounce id=m1 -> 1
         m1 failed given_up
         owed 1
         event failed 1",
    );
}

#[test]
fn notices_are_owed_where_they_are_wanted() {
    check(
        "relay a
         send anne@here.test -> gone@x.test gone2@x.test bob@x.test
         send <> -> gone@x.test
         pass 0s
         owed 2",
    );
}
