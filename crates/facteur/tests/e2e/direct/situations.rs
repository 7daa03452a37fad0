//! What the DNS says × which host has the mail, or why it has none: one line a situation, all at once on one server.

use super::stage::{EXIM, OPENSMTPD, OURS, POSTFIX, Scripted, Stage};
use crate::support::names::Mood;
use crate::support::server::HOST;
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use serde_json::Value;

/// The hosts that every situation may name.
const HOSTS: &str = "
    six.mx.test       AAAA ::1
    both.mx.test      AAAA ::1
    both.mx.test      A 127.0.0.14
    half.mx.test      AAAA fd00::9
    half.mx.test      A 127.0.0.11
    several.mx.test   A 127.0.0.20
    several.mx.test   A 127.0.0.12
    closed.mx.test    A 127.0.0.20
    away.mx.test      A 127.0.0.21
    busy.mx.test      A 127.0.0.22
    later.mx.test     A 127.0.0.23
    never.mx.test     A 127.0.0.24
    private.mx.test   A 10.0.0.1
    mixed.mx.test     A 10.0.0.1
    mixed.mx.test     A 127.0.0.13
    disguised.mx.test AAAA ::ffff:10.0.0.1
    metadata.mx.test  A 169.254.169.254
    zero.mx.test      A 0.0.0.0
    empty.mx.test     TXT nothing
    sick.mx.test      * !servfail
    silent.mx.test    * !timeout
    halfsick.mx.test  A 127.0.0.11
    halfsick.mx.test  AAAA !servfail
    alias.mx.test     CNAME alias2.mx.test
    alias2.mx.test    CNAME postfix.mx.test
    under_score.mx.test A 127.0.0.11
    well.test         MX 10 exim.mx.test
    mood1.test        MX 10 exim.mx.test
    mood2.test        MX 10 exim.mx.test
    c1.test CNAME c2.test
    c2.test CNAME c3.test
    c3.test CNAME c4.test
    c4.test CNAME c5.test
    c5.test CNAME c6.test
    c6.test CNAME c7.test
    c7.test CNAME c8.test
    c8.test MX 10 postfix.mx.test
    loop.test CNAME loop2.test
    loop2.test CNAME loop.test
";

/// A situation, its lines of the zone (`@` is its domain, `/` ends a line), the recipient (a local part, or an address
/// when it has an `@`), and who has the mail, or what becomes of it and why.
#[rustfmt::skip] // One line a situation.
const SITUATIONS: &[(&str, &str, &str, &str)] = &[
    // The order of the hosts.
    ("one host", "@ MX 10 postfix.mx.test", "b", "postfix"),
    ("the better of two", "@ MX 10 exim.mx.test/@ MX 20 postfix.mx.test", "b", "exim"),
    ("the better one is named last", "@ MX 20 postfix.mx.test/@ MX 10 opensmtpd.mx.test", "b", "opensmtpd"),
    ("the ends of the scale", "@ MX 65535 exim.mx.test/@ MX 0 postfix.mx.test", "b", "postfix"),
    ("not by the alphabet of numbers", "@ MX 100 exim.mx.test/@ MX 20 postfix.mx.test", "b", "postfix"),
    ("equals", "@ MX 10 exim.mx.test/@ MX 10 postfix.mx.test", "b", "exim or postfix"),
    ("one host named twice", "@ MX 30 exim.mx.test/@ MX 10 exim.mx.test/@ MX 20 postfix.mx.test", "b", "exim"),
    ("capitals", "@ MX 10 EXIM.MX.Test", "b", "exim"),
    ("an answer that is not kept", "@ 0 MX 10 exim.mx.test", "b", "exim"),
    // Hosts that cannot take it: the next one.
    ("the first is closed", "@ MX 10 closed.mx.test/@ MX 20 exim.mx.test", "b", "exim"),
    ("two are closed", "@ MX 10 closed.mx.test/@ MX 20 several.mx.test/@ MX 30 postfix.mx.test", "b", "exim"),
    ("the first is away", "@ MX 10 away.mx.test/@ MX 20 postfix.mx.test", "b", "postfix"),
    ("the first is busy", "@ MX 10 busy.mx.test/@ MX 20 opensmtpd.mx.test", "b", "opensmtpd"),
    ("the first wants it later", "@ MX 10 later.mx.test/@ MX 20 exim.mx.test", "b", "exim"),
    ("the first never wants it", "@ MX 10 never.mx.test/@ MX 20 exim.mx.test", "b", "failed recipient_unknown"),
    ("all are closed", "@ MX 10 closed.mx.test/@ MX 20 closed.mx.test", "b", "waiting connect_refused"),
    ("Postfix knows nobody of that name", "@ MX 10 postfix.mx.test", "unknown", "failed recipient_unknown"),
    ("Exim knows nobody of that name", "@ MX 10 exim.mx.test", "unknown", "failed recipient_unknown"),
    ("OpenSMTPD knows nobody of that name", "@ MX 10 opensmtpd.mx.test", "unknown", "failed recipient_unknown"),
    ("Postfix greylists", "@ MX 10 postfix.mx.test", "greylisted", "waiting greylisted"),
    ("Exim greylists", "@ MX 10 exim.mx.test", "greylisted", "waiting greylisted"),
    // Domains without MX, and aliases.
    ("the domain itself", "@ A 127.0.0.11", "b", "postfix"),
    ("the domain itself by IPv6", "@ AAAA ::1", "b", "six"),
    ("an alias of a host", "@ CNAME postfix.mx.test", "b", "postfix"),
    ("an alias of a domain", "@ CNAME well.test", "b", "exim"),
    ("a host that is an alias", "@ MX 10 alias.mx.test", "b", "postfix"),
    ("a long chain", "@ CNAME c1.test", "b", "postfix"),
    ("a circle", "@ CNAME loop.test", "b", "waiting dns_temporary"),
    ("a host in a circle", "@ MX 10 loop.test", "b", "waiting dns_temporary"),
    // Addresses.
    ("IPv6 alone", "@ MX 10 six.mx.test", "b", "six"),
    ("IPv6 before IPv4", "@ MX 10 both.mx.test", "b", "six"),
    ("IPv6 that leads nowhere", "@ MX 10 half.mx.test", "b", "postfix"),
    ("an address where nobody listens", "@ MX 10 several.mx.test", "b", "exim"),
    ("one kind of address unanswered", "@ MX 10 halfsick.mx.test", "b", "postfix"),
    ("a name with an underscore", "@ MX 10 under_score.mx.test", "b", "postfix"),
    // What takes no mail.
    ("null MX", "@ MX 0 ./@ A 127.0.0.11", "b", "failed null_mx"),
    ("null MX with a preference", "@ MX 10 .", "b", "failed null_mx"),
    ("null MX beside a host", "@ MX 0 ./@ MX 10 exim.mx.test", "b", "exim"),
    ("no such domain", "", "b", "failed recipient_domain_unknown"),
    ("nothing for mail", "@ TXT v=spf1", "b", "failed recipient_domain_no_mx"),
    ("only names below", "www.@ A 127.0.0.11", "b", "failed recipient_domain_no_mx"),
    ("a host that does not exist", "@ MX 10 missing.mx.test", "b", "failed recipient_domain_no_mx"),
    ("a host without an address", "@ MX 10 empty.mx.test/@ A 127.0.0.11", "b", "failed recipient_domain_no_mx"),
    ("an address for a host", "@ MX 10 127.0.0.11", "b", "failed recipient_domain_no_mx"),
    ("an address, and a host", "@ MX 10 127.0.0.11/@ MX 20 postfix.mx.test", "b", "postfix"),
    ("localhost", "@ MX 10 localhost", "b", "failed recipient_domain_no_mx"),
    ("one host does not exist", "@ MX 10 missing.mx.test/@ MX 20 exim.mx.test", "b", "exim"),
    // Addresses that mail is not brought to.
    ("a private address", "@ MX 10 private.mx.test", "b", "failed address_forbidden"),
    ("a private address of the domain itself", "@ A 192.168.1.1", "b", "failed address_forbidden"),
    ("a private address in disguise", "@ MX 10 disguised.mx.test", "b", "failed address_forbidden"),
    ("the address of a cloud's secrets", "@ MX 10 metadata.mx.test", "b", "failed address_forbidden"),
    ("the address of no machine", "@ MX 10 zero.mx.test", "b", "failed address_forbidden"),
    ("a private host, and another", "@ MX 10 private.mx.test/@ MX 20 exim.mx.test", "b", "exim"),
    ("a private address, and another", "@ MX 10 mixed.mx.test", "b", "opensmtpd"),
    // This server itself.
    ("us by name", "@ MX 10 @us", "b", "failed mx_points_to_self"),
    ("us by address", "@ A @ours", "b", "failed mx_points_to_self"),
    ("us second, and the first works", "@ MX 10 exim.mx.test/@ MX 20 @us", "b", "exim"),
    ("us second, and the first is closed", "@ MX 10 closed.mx.test/@ MX 20 @us/@ MX 30 exim.mx.test", "b", "waiting connect_refused"),
    ("us, and an equal", "@ MX 10 @us/@ MX 10 exim.mx.test", "b", "failed mx_points_to_self"),
    // Name servers that do not say.
    ("SERVFAIL", "@ MX !servfail/@ A 127.0.0.11", "b", "waiting dns_temporary"),
    ("REFUSED", "@ MX !refused", "b", "waiting dns_temporary"),
    ("silence", "@ * !timeout", "b", "waiting dns_temporary"),
    ("nonsense", "@ MX !malformed", "b", "waiting dns_temporary"),
    ("the only host is sick", "@ MX 10 sick.mx.test", "b", "waiting dns_temporary"),
    ("the only host is silent", "@ MX 10 silent.mx.test", "b", "waiting dns_temporary"),
    ("the first host is sick", "@ MX 10 sick.mx.test/@ MX 20 postfix.mx.test", "b", "postfix"),
    ("a sick host, and one that does not exist", "@ MX 10 sick.mx.test/@ MX 20 missing.mx.test", "b", "waiting dns_temporary"),
    ("more hosts than a packet holds", "@many", "b", "exim"),
    // How the domain is written.
    ("capitals in the address", "", "b@WELL.Test", "exim"),
    ("A-labels", "xn--bcher-kva.test MX 10 exim.mx.test", "b@xn--bcher-kva.test", "exim"),
    ("an address instead of a domain", "", "b@[127.0.0.11]", "postfix"),
    ("an IPv6 address instead of a domain", "", "b@[IPv6:::1]", "six"),
    ("a private address instead of a domain", "", "b@[10.0.0.1]", "failed address_forbidden"),
    ("our address instead of a domain", "", "b@[127.9.9.9]", "failed mx_points_to_self"),
];

fn hosts() -> Vec<Scripted> {
    let greets = |with| Habits { greets_with: Some(with), ..Habits::default() };
    let tells = |told| Habits { recipients_told: Some(told), ..Habits::default() };
    vec![
        ("six", "::1", Habits::default()),
        ("away", "127.0.0.21", greets("554 5.3.2 no mail here")),
        ("busy", "127.0.0.22", greets("421 4.3.2 too busy")),
        ("later", "127.0.0.23", tells("450 4.2.1 not now")),
        ("never", "127.0.0.24", tells("550 5.1.1 no such user")),
    ]
}

/// The domain of a situation, by its place in the table.
fn domain(number: usize) -> String {
    format!("row{number}.test")
}

fn zone() -> String {
    let names = [("postfix", POSTFIX), ("exim", EXIM), ("opensmtpd", OPENSMTPD)];
    let real: String = names.map(|(name, ip)| format!("{name}.mx.test A {ip}\n")).concat();
    let mut zone = format!("{HOSTS}{real}{HOST} A {OURS}\nsender.test MX 10 exim.mx.test\n");
    for (number, (_, lines, ..)) in SITUATIONS.iter().enumerate() {
        if *lines == "@many" {
            zone += &many(&domain(number));
            continue;
        }
        let lines = lines.replace('/', "\n").replace("@us", HOST).replace("@ours", OURS);
        zone += &(lines.replace('@', &domain(number)) + "\n");
    }
    zone
}

/// A hundred hosts, the best of which is real.
fn many(domain: &str) -> String {
    let worse =
        |number| format!("{domain} MX {} a-rather-long-name-{number}.of-a-host.mx.test\n", 20 + number);
    (0..99).map(worse).collect::<String>() + &format!("{domain} MX 10 exim.mx.test\n")
}

fn recipient(number: usize) -> String {
    let (_, _, to, _) = SITUATIONS[number];
    if to.contains('@') { to.to_owned() } else { format!("{to}@{}", domain(number)) }
}

/// What became of a message: the host that has it, as the story and the host itself tell; or its state and the cause.
fn fate(stage: &Stage, to: &str, story: &Value) -> String {
    let recipient = &story["message"]["recipients"][0];
    let state = recipient["state"].as_str().expect("a state");
    if state != "delivered" {
        let cause = recipient["reason"]["cause"].as_str().unwrap_or("without a cause");
        return format!("{state} {cause}");
    }
    let taken = |(name, sink): &(&'static str, _)| sink_has(sink, to).then_some(*name);
    stage.sinks.iter().find_map(taken).unwrap_or_else(|| stage.until_kept(to).0).to_owned()
}

fn sink_has(sink: &Sink, to: &str) -> bool {
    sink.taken().iter().any(|taken| taken.to.concat().eq_ignore_ascii_case(to))
}

#[test]
fn every_situation_of_the_dns_has_its_host_or_its_reason() {
    let stage = Stage::set(&zone(), hosts(), true);
    let recipients: Vec<String> = (0..SITUATIONS.len()).map(recipient).collect();
    let ids = stage.send_all(&recipients);
    let stories = stage.until_tried(&ids, 60);
    let mut wrong = Vec::new();
    for (((name, _, _, expected), to), story) in SITUATIONS.iter().zip(&recipients).zip(&stories) {
        let fate = fate(&stage, to, story);
        if !expected.split(" or ").any(|expected| expected == fate) {
            wrong.push(format!("{name}: {fate}, and not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), SITUATIONS.len(), wrong.join("\n"));
    assert!(stage.names.asked_by_tcp() > 0, "what no packet holds was asked by TCP");
    resolvers_out_of_order(&stage);
}

/// A resolver that says no to everything, or leads everybody to itself, bounces nothing. When it is well again, what was
/// right leaves, and what was wrong comes back.
fn resolvers_out_of_order(stage: &Stage) {
    let captive = Mood::Captive("10.0.0.1".parse().expect("an address"));
    for (mood, good, bad) in
        [(Mood::DeniesAll, "b@mood1.test", "b@nowhere1.test"), (captive, "b@mood2.test", "b@nowhere2.test")]
    {
        stage.names.become_so(mood);
        let ids = stage.send_all(&[good.to_owned(), bad.to_owned()]);
        for story in stage.until_tried(&ids, 30) {
            assert_eq!(fate(stage, "", &story), "waiting dns_temporary", "{mood:?}");
        }
        stage.names.become_so(Mood::Sane);
        stage.server.ok("en", &["queue", "retry", &ids[0], &ids[1]]);
        // What is due is looked for every 30 s, also when nobody gives a sign.
        let stories = until("both came to their ends", 75, || {
            let stories: Vec<Value> = ids.iter().map(|id| stage.server.json(&["why", id])).collect();
            let state = |story: &Value| story["message"]["recipients"][0]["state"].clone();
            stories.iter().all(|story| state(story) != "waiting").then_some(stories)
        });
        assert_eq!(fate(stage, good, &stories[0]), "exim", "{mood:?}");
        assert_eq!(fate(stage, bad, &stories[1]), "failed recipient_domain_unknown", "{mood:?}");
    }
}
