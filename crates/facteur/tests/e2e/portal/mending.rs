//! What the portal is for: to see why mail waits, to mend it, and to see it leave.

use crate::support::client::{Client, letter};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web::{self, Curl};
use std::collections::BTreeSet;

const LOGIN: &str = "me@relay.test";

/// A portal whose relay has a wrong password, and a message that waits for it.
fn scene() -> (Server, Sink) {
    let sink = Sink::start(Habits { sign_in: Some((LOGIN, PASSWORD)), ..Habits::default() });
    let server = web::server("en");
    server.open_to_loopback();
    server.add_sink("office", &sink, Some((LOGIN, "wrong")));
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@rcpt.test", &letter("one"));
    until("the relay is closed", 60, || {
        (server.json(&["relay", "list"])[0]["state"] == "closed").then_some(())
    });
    (server, sink)
}

#[test]
fn a_wrong_password_is_explained_mended_and_the_mail_leaves() {
    let (server, sink) = scene();
    let curl = Curl::new(&server);
    curl.sign_in_by_link();
    for (language, closed, fix) in [
        ("en", "The relay office is closed: its mail waits", "What to do"),
        ("fr", "Le relais office est fermé\u{a0}: son courrier attend", "Que faire"),
    ] {
        for path in ["/", "/relays/office"] {
            let page = curl.ask(&format!("{path}?lang={language}"), &[]);
            assert!(page.body.contains(closed) && page.body.contains(fix), "{path}: {}", page.body);
        }
    }
    let tested = curl.send("/relays/office?lang=en", "/relays/office/test", &[]);
    assert!(tested.body.contains("The relay office does not work"), "{}", tested.body);
    assert!(tested.body.contains("535 5.7.8"), "the dialogue is shown: {}", tested.body);
    assert!(!tested.body.contains("wrong"), "no password is shown: {}", tested.body);
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    let story = curl.ask(&format!("/messages/{id}"), &[]);
    assert!(story.body.contains("b@rcpt.test") && story.body.contains("What to do"), "{}", story.body);
    let sent =
        curl.send("/relays/office", "/relays/office/password", &[("login", LOGIN), ("password", PASSWORD)]);
    assert_eq!((sent.status, sent.header("Location").as_str()), (303, "/relays/office"));
    let after = curl.ask("/relays/office", &[]);
    assert!(after.body.contains("role=\"status\"") && after.body.contains("Saved."), "{}", after.body);
    assert_eq!(sink.until_taken(1, 60)[0].subject(), "one");
    server.until_idle(60);
    let page = curl.ask("/", &[]);
    assert!(page.body.contains("All is well"), "{}", page.body);
    let story = curl.ask(&format!("/messages/{id}"), &[]);
    assert!(story.body.contains("taken for b@rcpt.test"), "{}", story.body);
}

#[test]
fn messages_are_found_and_acted_on_together() {
    let (server, _sink) = scene();
    let curl = Curl::new(&server);
    curl.sign_in_by_link();
    let mut client = Client::connect(server.port(Port::Submission));
    for n in 0..3 {
        client.send("c@second.test", &format!("d{n}@other.test"), &letter("more"));
    }
    let ids = |filter: &str| -> BTreeSet<String> {
        let page = curl.ask(&format!("/messages?{filter}"), &[]);
        let found = page.body.split("name=\"id\" value=\"").skip(1);
        found.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    for (filter, count) in [
        ("", 4),
        ("to=other.test", 3),
        ("to=d1%40other.test", 1),
        ("from=a%40first.test", 1),
        ("state=held", 0),
        ("relay=office", 4),
        ("to=nobody.test", 0),
    ] {
        assert_eq!(ids(filter).len(), count, "{filter}");
    }
    let wrong = curl.ask("/messages?cause=no-such-cause", &[]);
    assert!(wrong.status == 200 && wrong.body.contains("role=\"alert\""), "{}", wrong.body);
    let one = ids("to=d1%40other.test").pop_first().expect("one");
    let act = |fields: &[(&str, &str)]| curl.send("/messages", "/messages/act", fields);
    assert_eq!(act(&[("act", "hold"), ("id", &one)]).status, 303);
    let told = curl.ask("/messages", &[]);
    assert!(
        told.body.contains("1 message (1 recipient) is held back.") && told.body.contains("Take it back"),
        "{}",
        told.body
    );
    assert_eq!(ids("state=held").len(), 1);
    act(&[("act", "release"), ("id", &one)]);
    assert!(curl.ask("/messages", &[]).body.contains("1 message (1 recipient) is let go."));
    assert_eq!(ids("state=held").len(), 0);
    // Everything that a search means is held, and taken back for those that were not held before.
    act(&[("act", "hold"), ("id", &one)]);
    act(&[("act", "hold"), ("everything", "1"), ("search", "to=other.test")]);
    let told = curl.ask("/messages", &[]).body;
    assert!(
        told.contains("2 messages (2 recipients) are held back.") && told.contains("Take it back"),
        "{told}"
    );
    let number = told.split_once("name=\"number\" value=\"").expect("a way back").1;
    let number = number.split('"').next().expect("a number").to_owned();
    let take_back = || curl.send("/messages", "/messages/take-back", &[("number", &number)]);
    assert_eq!(take_back().status, 303);
    assert!(curl.ask("/messages", &[]).body.contains("Taken back: 2 messages (2 recipients)"));
    assert_eq!(ids("state=held"), BTreeSet::from([one.clone()]), "the one stays as it was");
    take_back();
    assert!(curl.ask("/messages", &[]).body.contains("can no longer be taken back"), "once");
    act(&[("act", "release"), ("id", &one)]);
    // What cannot be undone is asked for twice.
    let fields = [("act", "delete"), ("everything", "1"), ("search", "to=other.test")];
    let asked = act(&fields);
    assert!(asked.status == 200 && asked.body.contains("Delete 3 messages?"), "{}", asked.body);
    assert_eq!(ids("").len(), 4, "nothing was deleted yet");
    act(&[&fields[..], &[("sure", "1")]].concat());
    assert_eq!(ids("").len(), 1);
    assert_eq!(act(&[("act", "hold")]).status, 303);
    assert!(curl.ask("/messages", &[]).body.contains("No message was chosen"));
    let away = curl.send("/messages", "/messages/act", &[("act", "hold"), ("back", "//evil.test/")]);
    assert_eq!(away.header("Location"), "/", "it never leads elsewhere");
}

#[test]
fn a_person_sees_their_own_mail_and_takes_it_back() {
    let server = web::server("en");
    server.open_to_loopback();
    for name in ["claire", "paul"] {
        server.add_person(&format!("{name}@first.test"), &[]);
        server.ok("en", &["account", "change", &format!("{name}@first.test"), "--undo", "3600"]);
    }
    let port = server.port(Port::Tls);
    for name in ["claire", "paul"] {
        let way = crate::support::tongue::Way {
            entrance: crate::support::tongue::Entrance::SignIn("PLAIN"),
            port: (Port::Tls, port),
            login: &format!("{name}@first.test"),
            from: &format!("{name}@first.test"),
            to: "b@rcpt.test",
        };
        let done = crate::support::tongue::Tongue::Swaks.send(way, "Subject: own\n\nHello.\n");
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    }
    let waiting = server.waiting();
    let of = |name: &str| {
        let from = format!("{name}@first.test");
        let row = waiting.iter().find(|row| row["from"].to_string().contains(&from)).expect("their message");
        row["id"].as_str().expect("an id").to_owned()
    };
    let (own, other) = (of("claire"), of("paul"));
    let curl = Curl::new(&server);
    curl.sign_in("claire@first.test", PASSWORD);
    let list = curl.ask("/messages", &[]).body;
    assert!(list.contains(&own) && !list.contains(&other) && !list.contains("paul"), "{list}");
    assert!(!curl.ask("/messages?account=paul@first.test", &[]).body.contains(&other));
    assert_eq!(curl.ask(&format!("/messages/{own}"), &[]).status, 200);
    assert_eq!(curl.ask(&format!("/messages/{other}"), &[]).status, 404);
    for (act, id) in [("undo", &other), ("delete", &own), ("hold", &own)] {
        curl.send("/messages", "/messages/act", &[("act", act), ("id", id), ("sure", "1")]);
        assert_eq!(server.waiting().len(), 2, "{act} {id}");
    }
    curl.send("/messages", "/messages/act", &[("act", "undo"), ("id", &own)]);
    let left = server.waiting();
    assert!(left.len() == 1 && left[0]["id"] == other, "{left:?}");
}
