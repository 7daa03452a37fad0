//! Who is more than a person: a helper who answers a host's customers, administrators, and how these rights come and go.

use crate::support::api::Api;
use crate::support::chromium::Chromium;
use crate::support::client::{Client, letter};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::web::{self, Curl};

const CLAIRE: &str = "claire@facteur.test";
const HELENE: &str = "helene@facteur.test";

fn scene() -> Server {
    let server = web::server("en");
    server.open_to_loopback();
    server.add_person(CLAIRE, &[]);
    server.add_person(HELENE, &[]);
    server.ok("en", &["account", "change", HELENE, "--role", "helper"]);
    server
}

fn sign_in(window: &mut Chromium, curl: &Curl<'_>, login: &str) {
    window.open(&curl.address("/sign-in"));
    window.ask(&format!("document.getElementById('login').value = {login:?}"));
    window.ask(&format!("document.getElementById('password').value = {PASSWORD:?}"));
    window.press("main button");
}

fn text(window: &mut Chromium) -> String {
    window.ask("document.body.innerText").as_str().unwrap_or_default().to_owned()
}

/// The addresses to which the forms of a page are sent.
fn forms(window: &mut Chromium) -> String {
    window.ask("[...document.forms].map(form => form.getAttribute('action')).join(' ')").to_string()
}

#[test]
fn a_helper_answers_customers_and_sets_nothing() {
    let server = scene();
    server.ok("en", &["account", "block", CLAIRE, "--why", "spam"]);
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@rcpt.test", &letter("one"));
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    sign_in(&mut window, &curl, HELENE);
    assert_eq!(window.ask("location.pathname"), "/");
    let overview = text(&mut window);
    assert!(overview.contains("Needs your attention") && !overview.contains("/setup"), "{overview}");
    for (page, offers, hides) in [
        ("/accounts".to_owned(), "", "/accounts "),
        (format!("/accounts/{HELENE}"), "", "/settings"),
        (format!("/accounts/{CLAIRE}"), "/unblock", "/remove"),
        (format!("/messages/{id}"), "/messages/act", "/mode"),
        ("/relays".to_owned(), "", "/mode"),
        ("/domains".to_owned(), "", "/domains "),
    ] {
        window.open(&curl.address(&page));
        let forms = forms(&mut window) + " ";
        assert!(forms.contains(offers) && !forms.contains(hides), "{page}: {forms}");
    }
    window.open(&curl.address(&format!("/accounts/{HELENE}")));
    assert!(text(&mut window).contains("only an administrator can change it"), "{}", text(&mut window));
    window.open(&curl.address(&format!("/accounts/{CLAIRE}?lang=fr")));
    assert!(text(&mut window).contains("spam"), "{}", text(&mut window));
    window.press("form[action$='/unblock'] button");
    assert!(text(&mut window).contains("est débloqué"), "{}", text(&mut window));
    // The record says who it was.
    let audits = Api::new(&server, None, &["audit"]).done("GET", "/api/v1/audit?limit=100", None).to_string();
    assert!(audits.contains("unblock") && audits.contains(HELENE), "{audits}");
}

#[test]
fn a_role_counts_at_once_and_the_last_administrator_stays() {
    let server = scene();
    let helene = Curl::new(&server);
    helene.sign_in(HELENE, PASSWORD);
    assert_eq!(helene.ask("/accounts", &[]).status, 200);
    assert_eq!(helene.ask("/setup", &[]).status, 403);
    server.ok("en", &["account", "change", HELENE, "--role", "administrator"]);
    assert_eq!(helene.ask("/setup", &[]).status, 200, "the open session may more");
    let list = server.ok("fr", &["account", "list"]);
    assert!(list.lines().any(|line| line.contains(HELENE) && line.contains("administrateur")), "{list}");
    server.ok("en", &["account", "change", "admin", "--role", "person"]);
    for (language, told) in [("en", "is the last administrator"), ("fr", "est le dernier administrateur")] {
        for arguments in
            [&["account", "change", HELENE, "--role", "helper"][..], &["account", "remove", HELENE]]
        {
            let refused = server.ask(language, arguments, b"");
            assert!(refused.code != 0 && refused.err.contains(told), "{arguments:?}: {}", refused.err);
        }
    }
    let page = helene.send(
        &format!("/accounts/{HELENE}"),
        &format!("/accounts/{HELENE}/settings"),
        &[("senders", HELENE), ("role", "person")],
    );
    assert_eq!(page.status, 303);
    let page = helene.ask(&format!("/accounts/{HELENE}"), &[]);
    assert!(page.body.contains("is the last administrator"), "{}", page.body);
    server.ok("en", &["account", "change", "admin", "--role", "administrator"]);
    server.ok("en", &["account", "change", HELENE, "--role", "person"]);
    assert_eq!(helene.ask("/accounts", &[]).status, 403, "the open session may less");
}
