//! What senders are told: a failure arrives as a notice, once; nobody is told what they do not want to hear; what comes back
//! from other servers joins the story of its message.

use crate::support::client::{Client, letter};
use crate::support::names::NameServer;
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink, Taken};
use crate::support::tongue::{Entrance, Tongue, Way};
use crate::support::until;
use serde_json::Value;
use std::collections::BTreeMap;
use store::Directory as _;
use store_sqlite::{Options, SqliteStore};

/// A relay that knows nobody whose name begins with `gone`.
fn sink() -> Sink {
    Sink::start(Habits { unknown: Some("gone"), ..Habits::default() })
}

#[track_caller]
fn id_of(reply: &str) -> String {
    let id = reply.strip_prefix("250 2.0.0 Ok: queued as ");
    id.unwrap_or_else(|| panic!("not accepted: {reply}")).to_owned()
}

/// A field of the report in a notice.
fn field(taken: &Taken, name: &str) -> String {
    let text = String::from_utf8_lossy(&taken.content).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
    line.unwrap_or_default()
}

/// The text of quoted-printable, as far as French needs it.
fn readable(taken: &Taken) -> String {
    let text = String::from_utf8_lossy(&taken.content).replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match (byte, hex) {
            (b'=', Some(value)) => {
                bytes.push(value);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    let lines = String::from_utf8_lossy(&bytes).replace("\r\n", " ");
    lines.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn events_of(server: &Server, id: &str) -> Vec<String> {
    let story = server.json(&["why", id]);
    let kind = |event: &Value| event["kind"].as_str().unwrap_or_default().to_owned();
    story["events"].as_array().expect("events").iter().map(kind).collect()
}

#[test]
fn a_failure_comes_back_in_french_with_its_cause_and_what_to_do() {
    let sink = sink();
    let server = Server::start_in("fr");
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    let id = id_of(&client.send("a@first.test", "gone@rcpt.test", &letter("le rapport")));
    let taken = sink.until_taken(1, 20).remove(0);
    assert_eq!((taken.from.as_str(), &taken.to), ("", &vec!["a@first.test".to_owned()]));
    let text = readable(&taken);
    for words in [
        "Votre message «\u{a0}le rapport\u{a0}» du",
        "n'a pas pu être remis à gone@rcpt.test, et ne sera plus essayé. Il n'y a pas de boîte à cette adresse sur le serveur du destinataire.",
        "Vérifiez comment l'adresse est écrite",
        "Qui doit agir\u{a0}: vous, l'expéditeur.",
        "Final-Recipient: rfc822; gone@rcpt.test Action: failed Status: 5.1.1",
        "Auto-Submitted: auto-replied",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert_eq!(field(&taken, "X-Facteur-Queue-ID"), id);
    server.until_idle(10);
    assert!(events_of(&server, &id).contains(&"noticed".to_owned()));
}

#[test]
fn each_is_told_in_their_own_language_and_root_by_whoever_reads_its_mail() {
    let sink = sink();
    let mut server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let add = ["account", "add", "marie@first.test", "--sender", "marie@first.test", "--language", "fr"];
    server.give("en", &[&add[..], &["--password-stdin"]].concat(), PASSWORD);
    let way = Way {
        port: (Port::Tls, server.port(Port::Tls)),
        entrance: Entrance::SignIn("PLAIN"),
        login: "marie@first.test",
        from: "marie@first.test",
        to: "gone@rcpt.test",
    };
    let done = Tongue::Swaks.send(way, "Subject: bonjour\n\nBonjour.\n");
    assert_eq!(done.code, 0, "{}", done.out);
    let french = sink.until_taken(1, 20).remove(0);
    assert!(readable(&french).contains("n'a pas pu être remis à gone@rcpt.test"), "{}", readable(&french));
    server.stop();
    set_administrator(&server, "boss@rcpt.test");
    server.go();
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("root@mail.facteur.test", "gone@rcpt.test", &letter("cron"));
    let english = sink.until_taken(2, 20).remove(1);
    assert_eq!((english.from.as_str(), &english.to), ("", &vec!["boss@rcpt.test".to_owned()]));
    assert!(
        readable(&english).contains("could not be delivered to gone@rcpt.test"),
        "{}",
        readable(&english)
    );
}

/// Names whoever reads root's mail, as the set-up does, while the server does not run.
fn set_administrator(server: &Server, address: &str) {
    let store = SqliteStore::open(Options::new(server.data())).expect("the server is stopped");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let value = Some(address.to_owned());
        store.set_setting("administrator".to_owned(), value).await.expect("set");
        store.close().await.expect("closed");
    });
}

#[test]
fn nobody_is_told_in_vain() {
    let sink = sink();
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    // Somebody who does not want to hear of it.
    client.expect("MAIL FROM:<a@first.test>", "250");
    client.expect("RCPT TO:<gone@rcpt.test> NOTIFY=NEVER", "250");
    let silent = id_of(&client.content(&letter("never")));
    // A notice that fails, and a message that has nobody to tell.
    let lost = id_of(&client.send("gone@first.test", "gone@rcpt.test", &letter("to nobody")));
    let null = id_of(&client.send("", "gone@rcpt.test", &letter("from nobody")));
    let told = id_of(&client.send("a@first.test", "gone@rcpt.test", &letter("told")));
    let taken = sink.until_taken(1, 20);
    server.until_idle(20);
    assert_eq!((taken.len(), sink.count()), (1, 1));
    assert_eq!(field(&taken[0], "X-Facteur-Queue-ID"), told);
    let noticed = |id: &str| events_of(&server, id).iter().filter(|kind| *kind == "noticed").count();
    assert_eq!([noticed(&silent), noticed(&lost), noticed(&null), noticed(&told)], [0, 1, 0, 1]);
}

#[test]
fn a_kill_makes_each_notice_neither_lost_nor_doubled() {
    const MESSAGES: usize = 40;
    let sink = sink();
    let mut server = Server::start();
    server.open_to_loopback();
    server.add_sink("sink", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    let mut sent = BTreeMap::new();
    for number in 0..MESSAGES {
        let subject = format!("number {number}");
        let id = id_of(&client.send("a@first.test", "gone@rcpt.test", &letter(&subject)));
        sent.insert(id, std::collections::BTreeSet::new());
    }
    // Once while the first are owed or under way, once in the middle.
    server.kill();
    server.go();
    sink.until_taken(1, 30);
    server.kill();
    server.go();
    sink.until_taken(MESSAGES, 60);
    server.until_idle(60);
    for taken in sink.taken() {
        let id = field(&taken, "X-Facteur-Queue-ID");
        sent.get_mut(&id).expect("a message of ours").insert(field(&taken, "Message-ID"));
    }
    // What a kill cut off in the middle of its delivery may come twice: it is one notice all the same.
    for (id, notices) in sent {
        assert_eq!(notices.len(), 1, "{id}: {notices:?}");
    }
}

fn bounce(action: &str, status: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@rcpt.test\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; rcpt.test\r\n\r\n\
         Final-Recipient: rfc822; bob@rcpt.test\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 No such user here\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

#[test]
fn what_another_server_sends_back_joins_its_message() {
    let sink = Sink::start(Habits::default());
    let zone = "rcpt.test A 127.0.0.1
                first.test A 127.0.0.1
                back.first.test MX 10 mail.facteur.test";
    let names = NameServer::start(zone.parse().expect("a zone"));
    let more = format!(
        "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\n\n[dns]\nservers = [\"{}\"]\n\n\
         [direct]\nport = {}\nnetworks = [\"127.0.0.0/8\"]\n",
        names.address, sink.port
    );
    let mut server = Server::fresh("en", &more);
    server.go();
    server.open_to_loopback();
    server.ok("en", &["route", "set", "--default", "direct"]);
    server.ok("en", &["domain", "add", "first.test"]);
    server.ok("en", &["domain", "bounces", "first.test", "--to", "back.first.test"]);
    let mut client = Client::connect(server.port(Port::Submission));
    let id = id_of(&client.send("a@first.test", "bob@rcpt.test", &letter("there and back")));
    let taken = sink.until_taken(1, 20).remove(0);
    let path = taken.from;
    assert!(path.starts_with("b+") && path.ends_with("@back.first.test"), "{path}");
    server.until_idle(20);

    let mut other = Client::connect(server.port(Port::Mx));
    let mut forged = path.clone();
    forged.replace_range(25..26, if path.as_bytes()[25] == b'a' { "b" } else { "a" });
    other.expect("MAIL FROM:<>", "250");
    other.expect("RCPT TO:<bob@first.test>", "550 5.7.1 ");
    other.expect(&format!("RCPT TO:<{forged}>"), "550 5.1.1 ");
    other.expect(&format!("RCPT TO:<{path}>"), "250");
    let said = other.content(&bounce("delayed", "4.4.1"));
    assert!(said.starts_with("250 2.0.0 "), "{said}");
    let said = other.send("", &path.to_uppercase(), &bounce("failed", "5.1.1"));
    assert!(said.starts_with("250 2.0.0 "), "{said}");

    let notice = sink.until_taken(2, 20).remove(1);
    assert_eq!((notice.from.as_str(), &notice.to), ("", &vec!["a@first.test".to_owned()]));
    assert_eq!(field(&notice, "X-Facteur-Queue-ID"), id);
    assert_eq!(field(&notice, "X-Facteur-Cause"), "recipient_unknown");
    let events = events_of(&server, &id);
    for kind in ["delivered", "reported", "came_back", "noticed"] {
        assert!(events.contains(&kind.to_owned()), "{kind}: {events:?}");
    }
    let why = server.ok("en", &["why", &id]);
    assert!(why.contains("There is no mailbox with this address on the recipient's server."), "{why}");
    assert!(why.contains("another server reported that it is late there"), "{why}");
    // What nobody can read goes on to the sender as it is.
    let said = other.send("someone@rcpt.test", &path, b"Subject: a question\r\n\r\nWho are you?\r\n");
    assert!(said.starts_with("250 2.0.0 "), "{said}");
    until("it is handed on", 20, || {
        sink.taken().iter().any(|taken| taken.subject() == "a question").then_some(())
    });
}
