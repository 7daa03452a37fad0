//! Every text of the collections at the places where strangers put them: what is pasted, addresses, what servers reply,
//! what browsers call themselves. No page of a real browser runs any of them.

use super::attacks::{KNOWN, calm, strings};
use crate::support::chromium::Chromium;
use crate::support::client::{Client, letter};
use crate::support::program::{find, run};
use crate::support::server::{HOST, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::web::{self, Curl};
use serde_json::json;
use std::fmt::Write as _;
use std::process::Command;

/// How many texts are pasted at once: each is a line of its own.
const PASTED: usize = 30;
/// The most letters of what a page shows of a browser's name, and how many links are good at once.
const AGENT: (usize, usize) = (60, 16);
/// The most bytes of a piece of an address: what may stand before the `@`, without its quotes (RFC 5321 §4.5.3.1.1).
const PIECE: usize = 62;
/// How many recipients of a message are refused, each with a text of its own.
const REFUSED: usize = 90;

/// The texts, without what no line can carry.
fn texts() -> Vec<String> {
    let all = strings().into_iter().chain(KNOWN.map(str::to_owned));
    let line = |text: String| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    all.map(line).filter(|text| !text.trim().is_empty()).collect()
}

/// The texts in pieces of at most so many bytes, escaped, of what may stand there.
fn pieces(texts: &[String], most: usize, may_stand: fn(char) -> bool) -> Vec<String> {
    let mut pieces = Vec::new();
    for text in texts {
        let (mut piece, mut bytes) = (String::new(), 0);
        for c in text.chars().filter(|c| may_stand(*c)) {
            let more = c.len_utf8() + usize::from(matches!(c, '"' | '\\'));
            if bytes + more > most {
                pieces.push(std::mem::take(&mut piece));
                bytes = 0;
            }
            bytes += more;
            piece.push(c);
        }
        pieces.push(piece);
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

/// A portal with an administrator before it.
fn scene(server: &Server) -> (Curl<'_>, Chromium) {
    let curl = Curl::new(server);
    let mut window = Chromium::start();
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    (curl, window)
}

#[test]
fn what_is_pasted_never_runs() {
    let server = web::server("en");
    let (curl, mut window) = scene(&server);
    for some in texts().chunks(PASTED) {
        window.open(&curl.address("/explain"));
        window.ask(&format!("document.getElementById('text').value = {}", json!(some.join("\n"))));
        window.press("main form button");
        calm(&mut window, "what was pasted");
        let shown = window.ask("document.getElementById('text').value.length").as_u64();
        assert!(shown.is_some_and(|length| length > 0), "it is shown again");
    }
}

#[test]
fn addresses_never_run() {
    let server = web::server("en");
    server.open_to_loopback();
    let (curl, mut window) = scene(&server);
    let mut client = Client::connect(server.port(Port::Submission));
    let given = pieces(&texts(), PIECE, |c| matches!(c, ' '..='~'));
    for piece in &given {
        let local = piece.replace('\\', "\\\\").replace('"', "\\\"");
        client.send(&format!("\"{local}\"@first.test"), &format!("\"{local}\"@rcpt.test"), &letter("x"));
    }
    let mut path = Some("/messages".to_owned());
    let mut seen = 0;
    while let Some(here) = path {
        window.open(&curl.address(&here));
        calm(&mut window, &here);
        seen += window.ask("document.querySelectorAll('.messages > li').length").as_u64().expect("a number");
        path = window
            .ask("document.querySelector('a[rel=next]')?.getAttribute('href')")
            .as_str()
            .map(str::to_owned);
    }
    assert_eq!(seen, given.len() as u64, "every one is shown");
}

#[test]
fn replies_of_servers_never_run() {
    let texts = texts();
    let told: Vec<(&'static str, &'static str)> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| -> (&'static str, &'static str) {
            (format!("r{at:04}@").leak(), format!("550 5.7.1 {text}").leak())
        })
        .collect();
    let sink = Sink::start(Habits { told: told.leak(), ..Habits::default() });
    let server = web::server("en");
    server.open_to_loopback();
    server.add_sink("office", &sink, None);
    let (curl, mut window) = scene(&server);
    let mut client = Client::connect(server.port(Port::Submission));
    let mut ids = Vec::new();
    let numbers: Vec<usize> = (0..texts.len()).collect();
    for some in numbers.chunks(REFUSED) {
        client.expect("MAIL FROM:<>", "250");
        for at in some {
            client.expect(&format!("RCPT TO:<r{at:04}@rcpt.test>"), "250");
        }
        let said = client.content(&letter("x"));
        ids.push(said.rsplit(' ').next().expect("an id").to_owned());
    }
    server.until_idle(120);
    for id in ids {
        let path = format!("/messages/{id}");
        window.open(&curl.address(&path));
        calm(&mut window, &path);
        let shown = window.ask("document.body.textContent.split('550 5.7.1').length").as_u64();
        assert!(shown.is_some_and(|count| count > 20), "{path}: what was said is shown: {shown:?}");
    }
}

#[test]
fn names_of_browsers_never_run() {
    let server = web::server("en");
    let curl = Curl::new(&server);
    let key = curl.form_key("/sign-in");
    let port = server.port(Port::Https);
    let agents = pieces(&texts(), AGENT.0, |c| !c.is_control());
    for some in agents.chunks(AGENT.1) {
        let mut wishes = String::new();
        for (at, agent) in some.iter().enumerate() {
            let answer = server.asked(&json!({"operation": "portal_link"}).to_string()).expect("an answer");
            let code = answer["ok"]["code"].as_str().expect("a code");
            let agent = agent.replace('\\', "\\\\").replace('"', "\\\"");
            let next = if at == 0 { "" } else { "next\n" };
            let _ = write!(
                wishes,
                "{next}insecure\nsilent\nresolve = \"{HOST}:{port}:127.0.0.1\"\noutput = \"/dev/null\"\n\
                 write-out = \"%{{http_code}} \"\ncookie = \"__Host-visit={key}\"\ndata = \"key={key}\"\n\
                 user-agent = \"{agent}\"\nurl = \"{}\"\n",
                curl.address(&format!("/sign-in/link/{code}"))
            );
        }
        let done = run(Command::new(find("curl", "curl")).args(["-K", "-"]), wishes.as_bytes());
        assert_eq!(done.out.matches("303").count(), some.len(), "{}{}", done.out, done.err);
    }
    let mut window = Chromium::start();
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    window.open(&curl.address("/account"));
    calm(&mut window, "/account");
    let shown = window.ask("document.querySelectorAll('#devices li').length").as_u64().expect("a number");
    assert!(shown > agents.len() as u64, "every one is shown: {shown} of {}", agents.len());
}
