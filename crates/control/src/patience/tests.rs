//! The counts on a clock that the tests set.

use super::*;

const NOW: Timestamp = Timestamp(1_795_325_428_000);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The `number`th network that is not the owner's.
fn stranger(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0b00_0000 + (number << 8)).into()
}

fn by(outcome: Result<Try, Slowed>) -> Option<SlowedBy> {
    outcome.err().map(|slowed| slowed.by)
}

/// Tries at a pace for a time; at which seconds a password was looked at.
fn looked_at(
    patience: &Patience,
    secs: i64,
    every_secs: usize,
    mut who: impl FnMut(i64) -> (IpAddr, String),
) -> Vec<i64> {
    let moments = (0..secs).step_by(every_secs);
    let is_admitted = |&at: &i64| {
        let (from, login) = who(at);
        patience.admit(from, &login, NOW.plus_secs(at)).is_ok()
    };
    moments.filter(is_admitted).collect()
}

/// The most within any stretch of that many seconds.
fn most_within(secs: i64, moments: &[i64]) -> usize {
    let within = |from: i64| moments.iter().filter(|&&at| at >= from && at <= from + secs).count();
    moments.iter().map(|&from| within(from)).max().unwrap_or(0)
}

#[test]
fn a_network_has_ten_checks_in_any_ten_minutes() {
    for (from, of_it) in [("203.0.113.9", "203.0.113.200"), ("2001:db8::1", "2001:db8::ffff")] {
        let patience = Patience::new();
        let who = |at: i64| (ip(if at % 2 == 0 { from } else { of_it }), format!("login{at}"));
        let looked_at = looked_at(&patience, 3 * 3_600, 1, who);
        assert_eq!(looked_at.iter().filter(|&&at| at < 60).count(), 5, "half at once");
        assert_eq!(most_within(600, &looked_at), 10);
        assert_eq!(by(patience.admit(ip(from), "x", NOW.plus_secs(3 * 3_600 - 1))), Some(SlowedBy::Network));
        assert!(patience.admit(ip("198.51.100.1"), "x", NOW).is_ok(), "another network");
    }
}

#[test]
fn a_login_has_a_hundred_checks_in_any_hour_from_strangers() {
    let patience = Patience::new();
    let mut number = 0;
    let who = |at: i64| {
        number += 1;
        (stranger(number), if at % 2 == 0 { "Anne".to_owned() } else { "anne".to_owned() })
    };
    let looked_at = looked_at(&patience, 4 * 3_600, 3, who);
    assert_eq!(most_within(3_600, &looked_at), 100);
    assert_eq!(
        by(patience.admit(ip("192.0.2.1"), "ANNE", NOW.plus_secs(4 * 3_600 - 1))),
        Some(SlowedBy::Login)
    );
    assert!(patience.admit(ip("192.0.2.1"), "bob", NOW.plus_secs(4 * 3_600)).is_ok());
}

#[test]
fn who_signed_in_well_is_not_locked_out_by_strangers() {
    let (patience, home) = (Patience::new(), ip("192.0.2.7"));
    let first = patience.admit(home, "anne", NOW).unwrap();
    patience.right(&first, NOW);
    // Strangers at the login, and a neighbour in the same network at many logins.
    for number in 0..2_000 {
        let _ = patience.admit(stranger(number), "anne", NOW.plus_secs(1));
        let _ = patience.admit(ip("192.0.2.8"), &format!("login{number}"), NOW.plus_secs(1));
    }
    for round in 0..100 {
        let now = NOW.plus_secs(2 + round);
        assert!(by(patience.admit(ip("192.0.2.8"), "anne", now)).is_some(), "a neighbour is a stranger");
        let again = patience.admit(home, "anne", now).unwrap_or_else(|slowed| panic!("{round}: {slowed:?}"));
        assert!(again.is_known);
        patience.right(&again, now);
    }
    assert!(by(patience.admit(home, "bob", NOW.plus_secs(100))).is_some(), "known to one login alone");
}

#[test]
fn a_known_address_is_measured_by_its_own_mistakes() {
    let (patience, home) = (Patience::new(), ip("2001:db8::7"));
    let first = patience.admit(home, "anne", NOW).unwrap();
    patience.right(&first, NOW);
    let looked_at = looked_at(&patience, 3_600, 6, |_| (home, "anne".to_owned()));
    assert_eq!(most_within(600, &looked_at), 10);
    assert_eq!(by(patience.admit(home, "anne", NOW.plus_secs(3_600 - 1))), Some(SlowedBy::Pair));
    let a_month = NOW.plus_secs(31 * 24 * 3_600);
    assert!(!patience.admit(home, "anne", a_month).unwrap().is_known, "it was not seen for a month");
}

#[test]
fn what_is_right_or_undone_is_not_counted() {
    let (patience, from) = (Patience::new(), ip("203.0.113.9"));
    for number in 0..100 {
        let attempt = patience.admit(from, &format!("login{number}"), NOW).unwrap();
        if number % 2 == 0 { patience.right(&attempt, NOW) } else { patience.undo(&attempt, NOW) }
    }
    let state = patience.state();
    assert!(state.networks.spent.is_empty() && state.logins.spent.is_empty() && state.pairs.spent.is_empty());
}

#[test]
fn many_at_once_count_one_by_one() {
    let patience = Patience::new();
    let admitted = (0..100).filter(|_| patience.admit(ip("203.0.113.9"), "anne", NOW).is_ok()).count();
    assert_eq!(admitted, 5);
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_for_longer_than_a_window() {
    let patience = Patience::new();
    let from = ip("203.0.113.9");
    while patience.admit(from, "anne", NOW).is_ok() {}
    let before = NOW.plus_secs(-365 * 24 * 3_600);
    let slowed = patience.admit(from, "anne", before).unwrap_err();
    assert!(slowed.until.since_ms(before) <= NETWORK.window_ms, "{slowed:?}");
    assert!(patience.admit(from, "anne", before.plus_ms(NETWORK.window_ms)).is_ok());
}

#[test]
fn a_full_table_forgets_nobody_and_ends_by_itself() {
    let patience = Patience::new();
    let guesser = ip("203.0.113.9");
    while patience.admit(guesser, "anne", NOW).is_ok() {}
    let known = patience.admit(ip("198.51.100.1"), "bob", NOW).unwrap();
    patience.right(&known, NOW);
    let flood = |number: usize| {
        let from = Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) + ((number as u128) << 64)).into();
        by(patience.admit(from, &format!("login{number}"), NOW))
    };
    let (admitted, put_off): (Vec<_>, Vec<_>) = (0..COUNTED_MOST + 100).map(flood).partition(Option::is_none);
    assert!(admitted.len() < COUNTED_MOST && !put_off.is_empty());
    assert!(put_off.iter().all(|by| *by == Some(SlowedBy::Everybody)));
    assert_eq!(patience.state().networks.spent.len(), COUNTED_MOST);
    assert_eq!(by(patience.admit(guesser, "anne", NOW)), Some(SlowedBy::Network), "not flushed");
    assert!(patience.admit(ip("198.51.100.1"), "bob", NOW).is_ok(), "who is known goes on");
    let later = NOW.plus_ms(NETWORK.window_ms);
    assert!(patience.admit(ip("203.0.114.1"), "carol", later).is_ok(), "the counts have ended");
}

#[test]
fn who_waits_is_shown_and_can_be_let_go() {
    let patience = Patience::new();
    let from = ip("203.0.113.9");
    let first: Vec<bool> = (0..9)
        .filter_map(|_| patience.admit(from, "anne", NOW).err())
        .map(|slowed| slowed.is_first)
        .collect();
    assert_eq!(first, [true, false, false, false], "told once");
    let shown = patience.slowed(NOW);
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].network.as_deref(), shown[0].login.as_deref()), (Some("203.0.113.0/24"), None));
    assert_eq!((shown[0].put_off, shown[0].until), (4, NOW.plus_secs(120)));
    assert_eq!(patience.lift(Some("198.51.100.1"), NOW), 0);
    assert_eq!(patience.lift(Some("203.0.113.0/24"), NOW), 1);
    assert!(patience.admit(from, "anne", NOW).is_ok() && patience.slowed(NOW).is_empty());
    let mut number = 0;
    while by(patience.admit(stranger(number), "ann\r\ne", NOW)).is_none() {
        number += 1;
    }
    assert_eq!(patience.slowed(NOW)[0].login.as_deref(), Some("anne"), "nothing that moves a terminal");
    assert_eq!(patience.lift(Some("ann\r\ne"), NOW), 1);
    assert!(patience.admit(stranger(number), "ann\r\ne", NOW).is_ok());
    while patience.admit(from, "anne", NOW).is_ok() {}
    assert_eq!((patience.lift(None, NOW), patience.slowed(NOW).len()), (1, 0));
    assert!(patience.slowed(NOW.plus_secs(3_600)).is_empty());
}

#[test]
fn one_login_has_a_bounded_number_of_known_addresses() {
    let patience = Patience::new();
    for number in 0..200 {
        let attempt = patience.admit(stranger(number), "anne", NOW).unwrap();
        patience.right(&attempt, NOW.plus_secs(number.into()));
    }
    assert_eq!(patience.state().known.values().map(Vec::len).sum::<usize>(), KNOWN_PER_LOGIN);
    assert!(patience.admit(stranger(199), "anne", NOW).unwrap().is_known);
    assert!(!patience.admit(stranger(0), "anne", NOW).unwrap().is_known);
}
