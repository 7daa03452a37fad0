//! What django-anymail makes of our webhooks, in the shape of the door that the mail came by.

use super::libraries::{place, script, told};
use crate::support::api::{Api, key};
use crate::support::program::Running;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web;
use mail::Clock;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// Who is told what by the relay.
const TOLD: &[(&str, &str)] = &[
    ("dead@", "550 5.1.1 No such user here"),
    ("spam@", "554 5.7.1 Message rejected as spam by Content Filtering."),
    ("later@", "450 4.2.0 Greylisted, try again later"),
];
const RECIPIENTS: [&str; 4] = ["good@dest.test", "dead@dest.test", "spam@dest.test", "later@dest.test"];

/// What anymail calls each thing that happens, service by service, with the reason for which it was rejected: to the one who
/// gets it, who does not exist, who does not want it, who wants it later, and when a person gives up the last.
type Heard = [Option<(&'static str, Option<&'static str>)>; 6];

const fn bounced(reason: &'static str) -> Option<(&'static str, Option<&'static str>)> {
    Some(("bounced", Some(reason)))
}

const fn rejected(reason: &'static str) -> Option<(&'static str, Option<&'static str>)> {
    Some(("rejected", Some(reason)))
}

const fn plain(event: &'static str) -> Option<(&'static str, Option<&'static str>)> {
    Some((event, None))
}

/// In the order: accepted, delivered, dead, spam, later, given up.
const SERVICES: [(&str, Heard); 5] = [
    (
        "postmark",
        [
            None,
            plain("delivered"),
            bounced("bounced"),
            rejected("blocked"),
            plain("deferred"),
            bounced("bounced"),
        ],
    ),
    (
        "sendgrid",
        [
            plain("queued"),
            plain("delivered"),
            plain("bounced"),
            plain("bounced"),
            plain("deferred"),
            rejected("other"),
        ],
    ),
    (
        "resend",
        [
            plain("sent"),
            plain("delivered"),
            bounced("bounced"),
            bounced("bounced"),
            plain("deferred"),
            plain("unknown"),
        ],
    ),
    (
        "brevo",
        [
            plain("queued"),
            plain("delivered"),
            bounced("bounced"),
            rejected("blocked"),
            plain("deferred"),
            plain("failed"),
        ],
    ),
    (
        "mailjet",
        [
            None,
            plain("delivered"),
            bounced("bounced"),
            rejected("blocked"),
            Some(("deferred", Some("other"))),
            bounced("bounced"),
        ],
    ),
];

/// The receiver, and where it writes what it hears.
struct Ear {
    _running: Running,
    log: PathBuf,
}

impl Ear {
    fn start(server: &Server) -> (Self, u64) {
        let log = server.data().join("heard");
        let arguments = [script("anymail_hears.py")];
        let ear = Self { _running: Running::start(&place("python/bin/python3"), &arguments, &log), log };
        let port = until("its port", 120, || ear.lines().first()?.as_u64());
        (ear, port)
    }

    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let whole = text.rsplit_once('\n').map(|(whole, _)| whole).unwrap_or_default();
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}"))).collect()
    }
}

/// One event of a service, as anymail hears it.
#[track_caller]
fn check(service: &str, heard: &Value, expected: (&str, Option<&str>), since: i64) {
    let what = format!("{service}: {heard:#}");
    assert_eq!(
        (&heard["event_type"], &heard["reject_reason"]),
        (&json!(expected.0), &json!(expected.1)),
        "{what}"
    );
    assert_eq!(heard["tags"], json!(["summer"]), "{what}");
    let mut metadata = heard["metadata"].clone();
    // A field of SendGrid's that anymail takes for one of the program.
    metadata.as_object_mut().expect("metadata").remove("bounce_classification");
    assert_eq!(metadata, json!({ "order": "42", "for": heard["recipient"] }), "{what}");
    let at = heard["at"].as_f64().expect("a moment");
    let now = Clock::System.now().secs();
    assert!(at >= since as f64 - 2.0 && at <= now as f64 + 2.0, "{what}");
    let has_subject =
        ["resend", "brevo"].contains(&service) || service == "postmark" && expected.0 != "delivered";
    assert!(!has_subject || heard["subject"] == "Été ☀", "{what}");
}

#[test]
fn anymail_hears_what_became_of_what_it_sent() {
    let more = format!("{}\n[webhooks]\nnetworks = [\"127.0.0.0/8\"]\n", web::LISTENER);
    let mut server = Server::fresh("en", &more);
    server.go();
    server.add_person("shop@facteur.test", &[]);
    let sink = Sink::start(Habits { told: TOLD, ..Habits::default() });
    server.add_sink("sink", &sink, None);
    let send = key(&server, Some("shop@facteur.test"), &["send"]);
    let api = Api::new(&server, None, &["messages:read", "messages:write"]);
    let address = format!("https://127.0.0.1:{}", server.port(Port::Https));
    let (ear, port) = Ear::start(&server);
    for (service, expected) in SERVICES {
        let (before, since) = (ear.lines().len(), Clock::System.now().secs());
        let url = format!("http://me:secret@127.0.0.1:{port}/{service}");
        server.ok("en", &["webhook", "add", service, &url, "--shape", service]);
        let mut python = Command::new(place("python/bin/python3"));
        python.arg(script("anymail_sends.py")).args([service, &address, &send]).args(RECIPIENTS);
        let ids = told(&mut python, &server.data().join("cert.pem"));
        let heard = |recipient: &str, event: &str| {
            let all = ear.lines().split_off(before);
            all.into_iter().find(|line| line["recipient"] == recipient && line["event_type"] == event)
        };
        for (at, recipient) in RECIPIENTS.into_iter().enumerate() {
            for (event, reason) in [expected[0], expected[at + 1]].into_iter().flatten() {
                let line = until(&format!("{service}: {event} {recipient}"), 120, || heard(recipient, event));
                check(service, &line, (event, reason), since);
                assert_eq!(line["message_id"], ids[recipient], "{service}: {line:#}");
            }
        }
        let waiting = api.done("GET", "/api/v1/messages?status=open", None);
        let id = waiting["messages"][0]["id"].as_str().expect("a message that waits").to_owned();
        api.done("POST", &format!("/api/v1/messages/{id}/fail"), None);
        let (event, reason) = expected[5].expect("every service has a word for what is given up");
        let given_up = until(&format!("{service}: given up"), 120, || heard("later@dest.test", event));
        check(service, &given_up, (event, reason), since);
        let troubles: Vec<Value> =
            ear.lines().into_iter().filter(|line| line["trouble"].is_string()).collect();
        assert_eq!(troubles, Vec::<Value>::new(), "{service}");
        server.ok("en", &["webhook", "remove", service]);
    }
}
