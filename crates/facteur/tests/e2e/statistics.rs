//! How much was sent, counted by the whole program, and who may see it.

use crate::support::client::{Client, letter};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::web::{self, Curl};

#[test]
fn what_was_sent_is_counted_and_a_person_sees_their_own() {
    let sink = Sink::start(Habits { unknown: Some("nobody"), ..Habits::default() });
    let mut server = Server::fresh("en", web::LISTENER);
    server.go();
    server.open_to_loopback();
    server.add_person("claire@facteur.test", &[]);
    server.add_sink("office", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    for to in ["a@one.test", "b@one.test", "c@two.test", "nobody@two.test"] {
        client.send("me@first.test", to, &letter(to));
    }
    sink.until_taken(3, 60);
    server.until_idle(60);
    // The notice of the failure is this server's own message.
    let total = server.json(&["stats", "--of", "here"])["total"].clone();
    assert_eq!((&total["messages"], &total["accepted"]), (&4.into(), &4.into()), "{total}");
    assert_eq!((&total["delivered"], &total["failed"]), (&3.into(), &1.into()), "{total}");
    let by = |by: &str| server.json(&["stats", "--by", by, "--of", "here"])["rows"].clone();
    let destinations = by("destination");
    let name = |index: usize| destinations[index]["name"].as_str().unwrap_or_default().to_owned();
    let mut names = [name(0), name(1)];
    names.sort();
    assert_eq!(names, ["one.test", "two.test"], "{destinations}");
    assert_eq!(by("relay")[0]["name"], "office");
    assert_eq!((&by("relay")[0]["delivered"], &by("relay")[0]["failed"]), (&3.into(), &1.into()));
    assert_eq!(by("cause")[0]["failed"], 1, "{}", by("cause"));
    assert_eq!(by("account")[0]["name"], "here");
    assert_eq!(by("day").as_array().map(Vec::len), Some(31));
    // Nothing is counted twice, whoever asks and however the server stops.
    server.kill();
    server.go();
    assert_eq!(server.json(&["stats", "--of", "here"])["total"], total);
    server.stop();
    assert_eq!(server.json(&["stats", "--of", "here"])["total"], total, "also while it is stopped");
    server.go();
    let text = server.ok("fr", &["stats", "--by", "relay"]);
    assert!(text.contains("REMIS") && text.contains("office"), "{text}");

    let curl = Curl::new(&server);
    curl.sign_in("claire@facteur.test", PASSWORD);
    let page = curl.ask("/statistics?lang=en&by=destination&of=here", &[]);
    assert!(page.status == 200 && !page.body.contains("one.test"), "{}", page.body);
    assert!(page.body.contains("0 recipients accepted"), "{}", page.body);
    let curl = Curl::new(&server);
    curl.sign_in_by_link();
    let page = curl.ask("/statistics?lang=fr&by=destination&of=here", &[]);
    assert!(page.body.contains("one.test") && page.body.contains("acceptés\u{a0}: 4"), "{}", page.body);
    let page = curl.ask("/statistics?lang=en&days=1", &[]);
    assert!(page.body.contains("<svg class=\"chart\" role=\"img\""), "{}", page.body);
    let page = curl.ask("/?lang=en", &[]);
    assert!(page.body.contains("Today:") && page.body.contains("delivered"), "{}", page.body);
}
