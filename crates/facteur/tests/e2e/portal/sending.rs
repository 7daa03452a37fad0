//! Ways out in a real browser: a test that is seen as it happens, a correction, the mail leaving, acts on many at once.

use crate::support::chromium::Chromium;
use crate::support::client::{Client, letter};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web::{self, Curl};

const LOGIN: &str = "me@relay.test";

/// What is to be read, as far as the page is there.
fn text(window: &mut Chromium) -> String {
    window.ask("document.body?.innerText ?? ''").as_str().expect("text").to_owned()
}

/// A browser in which an administrator is signed in.
fn signed_in(curl: &Curl<'_>) -> Chromium {
    let mut window = Chromium::start();
    window.widen(390);
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    window
}

fn give(server: &Server, count: usize) {
    let mut client = Client::connect(server.port(Port::Submission));
    for n in 0..count {
        client.send("a@first.test", &format!("b{n}@rcpt.test"), &letter("one"));
    }
}

#[test]
fn the_test_of_a_relay_is_seen_while_it_happens() {
    let server = web::server("en");
    // A server that answers, and then says nothing: the test is under way for as long as this test looks at it.
    let sink = Sink::start(Habits { mute_at: Some("greeting"), ..Habits::default() });
    server.add_sink("slow", &sink, None);
    let curl = Curl::new(&server);
    let mut window = signed_in(&curl);
    window.open(&curl.address("/relays/slow"));
    window.ask("document.querySelector(\"form[action='/relays/slow/test'] button\").click()");
    let stages = until("the stages are shown", 60, || {
        let shown = text(&mut window);
        shown.contains("Waiting for its greeting").then_some(shown)
    });
    let connecting = format!("Connecting to 127.0.0.1, port {}", sink.port);
    assert!(stages.contains(&connecting) && stages.contains("Test of the relay slow"), "{stages}");
    assert!(!stages.contains("works") && !stages.contains("does not work"), "it is not over: {stages}");
}

#[test]
fn a_relay_is_corrected_and_its_mail_leaves_before_ones_eyes() {
    let sink = Sink::start(Habits { sign_in: Some((LOGIN, PASSWORD)), ..Habits::default() });
    let server = web::server("en");
    server.open_to_loopback();
    server.add_sink("office", &sink, Some((LOGIN, "wrong")));
    give(&server, 3);
    let curl = Curl::new(&server);
    let mut window = signed_in(&curl);
    window.open(&curl.address("/relays/office"));
    window.press("form[action='/relays/office/test'] button");
    let told = text(&mut window);
    for words in ["Signing in", "does not work", "535 5.7.8", "What to do", "3 messages wait", "b0@rcpt.test"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(window.ask("document.documentElement.scrollWidth <= innerWidth"), true);
    // From what is wrong to where it is corrected.
    window.press("a[href='/relays/office#mend']");
    window.ask(&format!("document.querySelector('#mend [name=password]').value = {PASSWORD:?}"));
    window.press("#mend button");
    until("the mail is seen leaving", 60, || {
        text(&mut window).contains("No mail waits for this relay").then_some(())
    });
    assert_eq!(sink.until_taken(3, 60).len(), 3);
    // A test that works shows the same.
    window.press("form[action='/relays/office/test'] button");
    assert!(text(&mut window).contains("The relay office works"), "{}", text(&mut window));
    assert_eq!(window.complaints(), Vec::<String>::new());
}

#[test]
fn everything_found_is_acted_on_and_taken_back() {
    let server = web::server("fr");
    server.open_to_loopback();
    give(&server, 60);
    let curl = Curl::new(&server);
    let mut window = signed_in(&curl);
    let held = || server.waiting().iter().filter(|row| row["recipients"][0]["state"] == "held").count();
    window.open(&curl.address("/messages?to=rcpt.test&lang=en"));
    window.ask("document.getElementById('everything').click()");
    window.press("button[value=hold]");
    assert!(
        text(&mut window).contains("60 messages (60 recipients) are held back"),
        "more than one page of them"
    );
    assert_eq!(held(), 60, "{:?}", server.waiting()[0]);
    window.press("form[action='/messages/take-back'] button");
    assert!(text(&mut window).contains("Taken back: 60 messages"), "{}", text(&mut window));
    assert_eq!(held(), 0);
    // What was taken back can be done again in the same way.
    window.press("form[action='/messages/take-back'] button");
    assert_eq!(held(), 60);
    assert_eq!(window.complaints(), Vec::<String>::new());
}

#[test]
fn each_provider_says_what_it_wants_in_both_languages() {
    let server = web::server("en");
    let curl = Curl::new(&server);
    curl.sign_in_by_link();
    for (path, words) in [
        ("/relays/new?preset=gmail&lang=en", "myaccount.google.com/apppasswords"),
        ("/relays/new?preset=gmail&lang=fr", "Activez la validation en deux étapes"),
        ("/relays/new?preset=brevo&lang=fr", "la clé d&#39;API ne fonctionne pas ici"),
        ("/relays/new?preset=orange&lang=en", "The user name is the whole address."),
        ("/setup?preset=outlook&lang=en", "only OAuth2 works"),
        ("/setup?preset=microsoft365&lang=fr", "https://aka.ms/smtp_auth_disabled"),
    ] {
        let page = curl.ask(path, &[]).body;
        assert!(page.contains(words) || page.contains(&words.replace("&#39;", "'")), "{path}: {page}");
    }
}
