//! The first visit: from the link that a start prints to a confirmation mail that has left, in a real browser.

use crate::support::chromium::Chromium;
use crate::support::client::Client;
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web::{self, Curl};

const LOGIN: &str = "me@relay.test";

fn fill(window: &mut Chromium, field: &str, text: &str) {
    window.ask(&format!("document.getElementById({field:?}).value = {text:?}"));
}

fn text(window: &mut Chromium) -> String {
    window.ask("document.body.innerText").as_str().expect("text").to_owned()
}

/// The link that the start printed, as a path.
fn printed(server: &Server, curl: &Curl<'_>) -> String {
    let log = server.log();
    let link = log.lines().find_map(|line| line.trim().strip_prefix(&curl.address("")));
    link.unwrap_or_else(|| panic!("no link: {log}")).to_owned()
}

#[test]
fn a_first_visit_leads_to_mail_that_leaves() {
    let mut server = web::server("en");
    let sink = Sink::start(Habits { sign_in: Some((LOGIN, PASSWORD)), ..Habits::default() });
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    window.widen(1280);
    window.open(&curl.address(&printed(&server, &curl)));
    window.press("main button");
    assert_eq!(window.ask("location.pathname"), "/setup");
    assert_eq!(window.ask("document.getElementById('name').value"), "mail.facteur.test");
    // One word is no name for a mail server; another one holds from the next start on.
    for (name, told) in [("vps", "not valid"), ("mail.second.test", "From its next start on it is called")] {
        fill(&mut window, "name", name);
        window.press("form[action='/setup/name'] button");
        assert!(text(&mut window).contains(told), "{name}: {}", text(&mut window));
    }
    assert_eq!(server.json(&["status"])["host_name"], "mail.facteur.test", "until then nothing changes");
    fill(&mut window, "address", "boss@first.test");
    fill(&mut window, "password", "A password of mine");
    window.press("form[action='/setup/administrator'] button");
    assert_eq!(window.ask("document.querySelectorAll('.plain .badge.good').length"), 2);
    // What a provider asks for is told before it is chosen, and what has only OAuth2 is no dead end.
    for (preset, told) in [("gmail", "app password"), ("orange", "password")] {
        window.open(&curl.address(&format!("/setup?preset={preset}")));
        assert!(text(&mut window).to_lowercase().contains(told), "{preset}");
    }
    // It is left here, and taken up with the password at another browser.
    let other = Curl::new(&server);
    other.sign_in("admin", "A password of mine");
    assert!(other.ask("/", &[]).body.contains("href=\"/setup\""));
    // A relay of this test's, with a wrong password first.
    server.add_sink("office", &sink, Some((LOGIN, "wrong")));
    window.open(&curl.address("/setup"));
    window.press("form[action='/relays/office/test'] button");
    let told = text(&mut window);
    assert!(told.contains("The relay office does not work") && told.contains("535 5.7.8"), "{told}");
    window.open(&curl.address("/setup"));
    fill(&mut window, "to", "b@rcpt.test");
    window.press("form[action='/setup/mail'] button");
    assert!(window.ask("location.pathname").as_str().is_some_and(|path| path.starts_with("/setup/mail/")));
    let mail = window.ask("location.pathname").as_str().expect("a path").to_owned();
    // Why it does not leave is seen without anybody reloading the page.
    until("its reason is shown", 60, || text(&mut window).contains("What to do").then_some(()));
    server.give("en", &["relay", "password", "office", "--password-stdin"], PASSWORD);
    until("it is seen leaving", 60, || text(&mut window).contains("It has left").then_some(()));
    assert_eq!(window.ask("location.pathname").as_str(), Some(mail.as_str()));
    assert!(sink.until_taken(1, 60)[0].subject().contains("facteur works"));
    assert_eq!(window.complaints(), Vec::<String>::new());
    // Once set up, a start prints no link any more.
    let before = server.log().matches("/sign-in/link/").count();
    server.stop();
    server.go();
    assert_eq!(server.log().matches("/sign-in/link/").count(), before);
    assert_eq!(server.json(&["status"])["host_name"], "mail.second.test");
    let mut client = Client::connect(server.port(Port::Submission));
    client.expect("EHLO client.test", "250-mail.second.test");
    let exported = server.ok("en", &["export"]);
    assert!(exported.contains("host_name = \"mail.second.test\""), "{exported}");
    // What the command says is the latest word.
    server.stop();
    let admin =
        ["setup", "--host-name", "mail.third.test", "--direct", "--admin", "boss@first.test", "--no-test"];
    server.ok("en", &admin);
    server.go();
    assert_eq!(server.json(&["status"])["host_name"], "mail.third.test");
}
