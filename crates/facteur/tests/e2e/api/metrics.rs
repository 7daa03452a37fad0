//! What monitors read: in the form that Prometheus demands, and by nobody else.

use crate::support::api::{Api, check_problem};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::web::{self, Curl, LISTENER};
use crate::support::{client, until};
use std::collections::{BTreeMap, BTreeSet};

/// The values by name and labels, read as strictly as the format allows (Prometheus text format 0.0.4).
#[track_caller]
fn read(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'), "the last line ends");
    let mut values = BTreeMap::new();
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut helped, mut ended, mut family) = (BTreeSet::new(), BTreeSet::new(), "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a name and its help");
            assert!(!help.is_empty() && helped.insert(name), "{line}: once");
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and its kind");
            assert!(["counter", "gauge", "histogram"].contains(&kind) && helped.contains(name), "{line}");
            assert!(kinds.insert(name, kind).is_none(), "{line}: once");
            ended.insert(family);
            assert!(!ended.contains(name), "{line}: the lines of a family stand together");
            family = name;
            continue;
        }
        let (key, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let name = key.split('{').next().unwrap_or_default();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(!name.is_empty() && name.chars().all(is_name), "{line}");
        let base = match kinds.get(family) {
            Some(&"histogram") => ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)),
            _ => Some(name),
        };
        assert_eq!(base, Some(family), "{line}: of its family");
        if let Some(labels) = key.strip_prefix(name).filter(|labels| !labels.is_empty()) {
            let inside = labels
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix("\"}"))
                .unwrap_or_else(|| panic!("{line}"));
            for label in inside.split("\",") {
                let (label, _) = label.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
                assert!(label.chars().all(is_name), "{line}");
            }
        }
        assert!(
            kinds[family] != "counter" || name.ends_with("_total") || name == "postfix_smtp_status_deferred",
            "{line}"
        );
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(values.insert(key.to_owned(), value).is_none(), "{line}: once");
    }
    values
}

/// Buckets grow, and the last one is the count.
#[track_caller]
fn check_histogram(values: &BTreeMap<String, f64>, name: &str, count: f64) {
    assert_eq!(values[&format!("{name}_count")], count);
    assert_eq!(values[&format!("{name}_bucket{{le=\"+Inf\"}}")], count);
    assert!(values[&format!("{name}_bucket{{le=\"1\"}}")] <= values[&format!("{name}_bucket{{le=\"60\"}}")]);
}

#[test]
fn what_happens_is_counted_and_told_as_prometheus_reads_it() {
    let more = format!("{LISTENER}[metrics]\ncompat = \"postfix\"\n");
    let mut server = Server::fresh("en", &more);
    server.go();
    server.open_to_loopback();
    let curl = Curl::new(&server);
    let ask = || {
        let page = curl.ask("/metrics", &[]);
        assert_eq!(
            (page.status, page.header("Content-Type").as_str()),
            (200, "text/plain; version=0.0.4; charset=utf-8")
        );
        read(&page.body)
    };
    let before = ask();
    assert_eq!((before["facteur_queue_messages"], before["facteur_takes_mail"]), (0.0, 1.0));
    let sink = Sink::start(Habits::default());
    server.add_sink("si\"nk", &sink, None);
    let mut sender = client::Client::connect(server.port(Port::Submission));
    for _ in 0..3 {
        sender.send("a@first.test", "b@second.test", &client::letter("counted"));
    }
    sink.until_taken(3, 60);
    let after = until("three are counted", 60, || {
        let values = ask();
        (values.get("facteur_events_total{kind=\"delivered\"}") == Some(&3.0)).then_some(values)
    });
    assert_eq!(after["facteur_events_total{kind=\"accepted\"}"], 3.0);
    assert_eq!(after["facteur_relay_open{relay=\"si\\\"nk\"}"], 1.0);
    assert_eq!(after["facteur_attempts_total{relay=\"si\\\"nk\",cause=\"delivered\"}"], 3.0);
    assert_eq!(after["postfix_smtp_messages_processed_total{status=\"sent\"}"], 3.0);
    assert_eq!(after["postfix_up"], 1.0);
    check_histogram(&after, "facteur_delivery_seconds", 3.0);
    assert_eq!(ask()["facteur_events_total{kind=\"delivered\"}"], 3.0, "nothing is counted twice");
}

#[test]
fn monitors_come_from_here_or_bring_a_key() {
    let server = web::server("en");
    let api = Api::new(&server, None, &["metrics"]);
    let other = Api::new(&server, None, &["status"]);
    let forwarded = ["--header", "X-Forwarded-For: 203.0.113.7"];
    assert_eq!(api.curl.ask("/metrics", &[]).status, 200);
    let refused = api.curl.ask("/metrics", &forwarded);
    check_problem(&refused, 401, "no_key");
    let bearer = |api: &Api<'_>| format!("Authorization: Bearer {}", api.key);
    let with =
        |api: &Api<'_>| api.curl.ask("/metrics", &[forwarded[0], forwarded[1], "--header", &bearer(api)]);
    let page = with(&api);
    assert_eq!(page.status, 200);
    let values = read(&page.body);
    assert!(!values.keys().any(|key| key.starts_with("postfix_")), "these are for whoever asks for them");
    check_problem(&with(&other), 403, "scope_missing");
    let mut strict = Server::fresh("en", &format!("{LISTENER}[metrics]\nnetworks = []\n"));
    strict.go();
    check_problem(&Curl::new(&strict).ask("/metrics", &[]), 401, "no_key");
}
