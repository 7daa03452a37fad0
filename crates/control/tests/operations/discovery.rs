//! Discovery as an operation: who may ask for it, how often, and what is written down.

use crate::desk::Desk;
use control::{Blame, Finder, Role, Wish};
use discover::{Candidate, Discovery, Findings, Server, Subject};
use queue::BoxFuture;
use serde_json::json;

/// Finds what it is told that this server has itself, and nothing else.
struct Own;

impl Finder for Own {
    fn find<'a>(
        &'a self,
        subject: Subject,
        _: &'a Wish,
        own: Vec<Server>,
        told: &'a mut (dyn FnMut(&Candidate) + Send),
    ) -> BoxFuture<'a, Discovery> {
        Box::pin(async move {
            let address = subject.address().to_string();
            let mut discovery = Discovery::offline(&address, &own).unwrap();
            discovery.findings.candidates.iter().for_each(told);
            if address.starts_with("nobody") {
                discovery.findings = Findings::default();
            }
            discovery
        })
    }
}

fn of(address: &str) -> serde_json::Value {
    json!({ "operation": "discover", "wish": { "address": address } })
}

#[tokio::test]
async fn a_search_is_answered_and_written_down() {
    let desk = Desk::new().await;
    desk.refuses(of("anne@free.fr"), Blame::NotRunning, "").await;
    desk.control.find_by(Box::new(Own));
    let answer = desk.does(of("anne@free.fr")).await;
    let hosts = answer["discovery"]["findings"]["candidates"].as_array().unwrap();
    assert!(hosts.iter().any(|found| found["server"]["host"] == "imap.free.fr"), "{answer}");
    assert_eq!(answer["discovery"]["findings"]["provider"], "free.fr", "{answer}");
    // What went over the wire is the same at the other end.
    let sent: control::Answer = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(serde_json::to_value(&sent).unwrap(), answer);
    let control::Answer::Discovered { discovery } = sent else { panic!("{answer}") };
    assert_eq!(discovery.findings.provider.unwrap().name, "Freebox");
    assert_eq!(desk.audits().await, ["uid 0 discover anne@free.fr"]);
}

#[tokio::test]
async fn what_is_no_address_is_refused_and_a_private_name_is_for_administrators() {
    let desk = Desk::new().await;
    desk.control.find_by(Box::new(Own));
    desk.refuses(of("anne"), Blame::Invalid, "address").await;
    desk.refuses(of("anne@printer.lan"), Blame::NotPublic, "printer.lan").await;
    desk.refuses(of("anne@[127.0.0.1]"), Blame::NotPublic, "[127.0.0.1]").await;
    let private =
        || json!({ "operation": "discover", "wish": { "address": "anne@printer.lan", "private": true } });
    desk.does(private()).await;
    for role in [Role::Person, Role::Reader] {
        let fault = desk.ask_as(role, private()).await.unwrap_err();
        assert_eq!(fault.blame, Blame::NotAllowed, "{role:?}");
    }
    desk.ask_as(Role::Person, of("anne@free.fr")).await.unwrap();
}

#[tokio::test]
async fn too_many_searches_are_told_when_to_come_back() {
    let desk = Desk::new().await;
    desk.control.find_by(Box::new(Own));
    let with_password = || {
        let wish = json!({ "address": "anne@free.fr", "password": "sesame" });
        json!({ "operation": "discover", "wish": wish })
    };
    for _ in 0..discover::allowance::PASSWORDS_PER_ADDRESS {
        desk.does(with_password()).await;
    }
    let fault = desk.ask(with_password()).await.unwrap_err();
    assert_eq!((fault.blame, fault.what.as_str()), (Blame::TooOften, "anne@free.fr"));
    let minutes: u64 = fault.detail.parse().unwrap();
    assert!((1..=61).contains(&minutes), "{fault}");
    // Without a password it may be asked for still, until the domain was asked about too often.
    let mut asked = discover::allowance::PASSWORDS_PER_ADDRESS;
    while desk.ask(of("bob@free.fr")).await.is_ok() {
        asked += 1;
    }
    assert_eq!(asked, discover::allowance::PER_DOMAIN);
    desk.does(of("bob@orange.fr")).await;
}
