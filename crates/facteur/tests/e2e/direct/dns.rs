//! Everything that a name server can do wrong, for every kind of record: what it means, what becomes of the mail, and what
//! is said of it in both languages.

use super::stage::Stage;
use crate::support::names::{NameServer, Wire};
use crate::support::sink::Habits;
use net::Dns;
use resolve::{Answer, Kind, Name, Question};
use std::fmt::Write as _;
use testkit::proof;

/// What an answer comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// It is there.
    Yes,
    /// It is clear that it is not there: permanent.
    No,
    /// Nothing is known: temporary.
    Unknown,
}

/// A fault, and what it means (RFC 1035, RFC 2308, RFC 4035 §5.5, RFC 7766).
const FAULTS: &[(&str, Option<Wire>, Means)] = &[
    ("nxdomain", Some(Wire::NameUnknown), Means::No),
    ("nodata", Some(Wire::NoData), Means::No),
    ("servfail", Some(Wire::ServerFailed), Means::Unknown),
    ("refused", Some(Wire::Refused), Means::Unknown),
    ("silent", Some(Wire::Silent), Means::Unknown),
    ("cut", Some(Wire::CutWithoutTcp), Means::Unknown),
    ("wrongid", Some(Wire::WrongId), Means::Unknown),
    ("loop", Some(Wire::AliasLoop), Means::Unknown),
    ("lame", Some(Wire::Lame), Means::Unknown),
    ("bogus", Some(Wire::Bogus), Means::Unknown),
    ("nonsense", Some(Wire::Nonsense), Means::Unknown),
    ("notime", None, Means::Yes),
    ("hundred", None, Means::Yes),
];

fn records(name: &str, kind: Kind, ttl: &str, count: usize) -> String {
    (1..=count).fold(String::new(), |mut text, number| {
        let data = match kind {
            Kind::A => format!("127.1.0.{number}"),
            Kind::Aaaa => format!("fd00::{number}"),
            Kind::Mx => format!("{number} mx{number}.test"),
            Kind::Ns => format!("ns{number}.test"),
            Kind::Txt => format!("text-{number}"),
            Kind::Srv => format!("1 1 25 host{number}.test"),
            Kind::Ptr => format!("host{number}.test"),
            Kind::Tlsa => format!("3 1 1 {number:064x}"),
        };
        writeln!(text, "{name} {ttl}{} {data}", kind.as_str()).unwrap();
        text
    })
}

#[tokio::test]
async fn every_fault_means_the_same_for_every_kind_of_record() {
    let (mut zone, mut faults, mut cases) = (String::new(), Vec::new(), Vec::new());
    for (fault, wire, means) in FAULTS {
        for kind in Kind::ALL {
            let name = format!("{fault}.{}.test", kind.as_str().to_lowercase());
            let (ttl, count) =
                if *fault == "notime" { ("0 ", 1) } else { ("", if *fault == "hundred" { 100 } else { 1 }) };
            zone += &records(&name, kind, ttl, count);
            faults.extend(wire.map(|wire| (name.clone(), Some(kind), wire)));
            cases.push((Question::new(Name::answered(&name), kind), *means));
        }
    }
    // A text that no packet by UDP holds, and hardly one by TCP.
    zone += &format!("long.test TXT {}\n", "x".repeat(60_000));
    cases.push((Question::new(Name::answered("long.test"), Kind::Txt), Means::Yes));
    let names = NameServer::start_with(zone.parse().expect("a zone"), faults);
    let expected: std::collections::HashMap<_, _> = cases.iter().cloned().collect();
    // What is to be found is asked by connections of its own: a server that closes one in the middle of an answer takes the
    // other questions on it along, and which ones these are is chance.
    let mut answers = Vec::new();
    for found in [false, true] {
        let asked = cases.iter().filter(|(_, means)| (*means == Means::Yes) == found);
        let questions = asked.map(|(question, _)| question.clone()).collect();
        answers.extend(Dns::servers(vec![names.address]).ask_all(questions).await);
    }
    assert_eq!(answers.len(), cases.len());
    let mut wrong = Vec::new();
    for (question, answer) in answers {
        let means = match &answer {
            Answer::Found(_) => Means::Yes,
            Answer::NoData | Answer::NameUnknown => Means::No,
            Answer::Failed(_) => Means::Unknown,
        };
        if means != expected[&question] {
            wrong.push(format!("{question}: {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let test = "crates/facteur/tests/e2e/direct/dns.rs::every_fault_means_the_same_for_every_kind_of_record";
    proof::passed("C1", test, cases.len() as u64, "faults by record type", None);
}

/// What becomes of mail, and the beginning of what is said of it.
const SAID: &[(&str, &str, &str)] = &[
    (
        "waiting dns_temporary",
        "The DNS did not answer, or answered badly",
        "Le DNS n'a pas répondu, ou a mal répondu",
    ),
    (
        "failed recipient_domain_unknown",
        "The domain after the @ of the recipient's address does not exist",
        "Le domaine placé après le @ dans l'adresse du destinataire n'existe pas",
    ),
    (
        "failed recipient_domain_no_mx",
        "The recipient's domain exists but names no server",
        "Le domaine du destinataire existe",
    ),
];

/// Where the fault is: in the question for the mail hosts, or for the addresses of the only one.
const PLACES: [(&str, Kind); 3] = [("mx", Kind::Mx), ("a", Kind::A), ("aaaa", Kind::Aaaa)];

fn fate_of(fault: &str, kind: Kind, means: Means) -> &'static str {
    match (means, kind) {
        (Means::Yes, _) => "delivered",
        (Means::Unknown, _) => "waiting dns_temporary",
        (Means::No, Kind::Mx) if fault == "nxdomain" => "failed recipient_domain_unknown",
        (Means::No, _) => "failed recipient_domain_no_mx",
    }
}

#[test]
fn no_fault_of_the_dns_bounces_what_may_pass_and_all_is_said_in_both_languages() {
    let (mut zone, mut faults, mut rows) = (String::new(), Vec::new(), Vec::new());
    for (fault, wire, means) in FAULTS.iter().filter(|row| row.0 != "hundred") {
        for (place, kind) in PLACES {
            let (domain, host) = (format!("{fault}-{place}.test"), format!("mx.{fault}-{place}.test"));
            let ttl = if wire.is_none() { "0 " } else { "" };
            if kind == Kind::Mx {
                faults.extend(wire.map(|wire| (domain.clone(), Some(kind), wire)));
                writeln!(zone, "{domain} TXT here").unwrap();
                // Without the fault it would arrive.
                if *means != Means::No {
                    writeln!(zone, "{domain} {ttl}MX 10 {host}\n{host} A 127.0.0.31").unwrap();
                }
            } else {
                faults.extend(wire.map(|wire| (host.clone(), Some(kind), wire)));
                writeln!(zone, "{domain} MX 10 {host}\n{host} TXT here").unwrap();
                let address = if kind == Kind::A { "127.0.0.31" } else { "::1" };
                if *means != Means::No {
                    writeln!(zone, "{host} {ttl}{} {address}", kind.as_str()).unwrap();
                }
            }
            rows.push((format!("b@{domain}"), fate_of(fault, kind, *means)));
        }
        // The same beside an IPv4 address that is well: it is enough.
        let host = format!("mx.{fault}-beside.test");
        writeln!(zone, "{fault}-beside.test MX 10 {host}\n{host} A 127.0.0.31").unwrap();
        faults.extend(wire.map(|wire| (host.clone(), Some(Kind::Aaaa), wire)));
        // No such name at all and an address of it: that name server is not to be believed either way.
        if *fault != "nxdomain" {
            rows.push((format!("b@{fault}-beside.test"), "delivered"));
        }
    }
    let hosts = vec![("four", "127.0.0.31", Habits::default()), ("six", "::1", Habits::default())];
    let stage = Stage::set_with(&zone, faults, hosts, false);
    let recipients: Vec<String> = rows.iter().map(|(to, _)| to.clone()).collect();
    let ids = stage.send_all(&recipients);
    let stories = stage.until_tried(&ids, 90);
    let mut wrong = Vec::new();
    for (((to, expected), story), id) in rows.iter().zip(&stories).zip(&ids) {
        let recipient = &story["message"]["recipients"][0];
        let (state, cause) = (recipient["state"].as_str().unwrap(), recipient["reason"]["cause"].as_str());
        let fate = format!("{state} {}", cause.unwrap_or_default()).trim().to_owned();
        if fate != *expected {
            wrong.push(format!("{to}: {fate}, and not {expected}"));
            continue;
        }
        if let Some((_, en, fr)) = SAID.iter().find(|(fate, ..)| fate == expected) {
            for (locale, words) in [("en", en), ("fr", fr)] {
                let told = stage.server.ok(locale, &["why", id]);
                if !told.contains(words) {
                    wrong.push(format!("{to}: no “{words}” in {told}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    let test = "crates/facteur/tests/e2e/direct/dns.rs::no_fault_of_the_dns_bounces_what_may_pass_and_all_is_said_in_both_languages";
    proof::passed("C1", test, rows.len() as u64, "messages", None);
}
