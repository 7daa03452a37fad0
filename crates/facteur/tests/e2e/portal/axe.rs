//! Every page by the rules of accessibility that a program can check (axe-core, WCAG 2.2 A and AA), in both languages and both
//! schemes of colours; and the way through the portal by keyboard alone.

use crate::support::chromium::Chromium;
use crate::support::client::{Client, letter};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web::{self, Curl};
use ::web::table::{Access, Route, table};
use serde_json::{Value, json};
use std::path::Path;

const CLAIRE: &str = "claire@facteur.test";

/// What breaks a rule, and where.
const RUN: &str = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}) \
    .then(found => found.violations.flatMap(rule => rule.nodes.map(node => rule.id + ': ' + node.html)))";

/// The checker, as its makers give it out.
fn checker() -> String {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("accessibility/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&place).unwrap_or_else(|_| panic!("no axe-core here. Run scripts/setup.sh tests"))
}

/// A portal with something on every page: a closed relay, a message that waits, a person who is blocked and asks.
fn scene() -> (Server, Sink, String) {
    let sink = Sink::start(Habits { sign_in: Some(("me@relay.test", PASSWORD)), ..Habits::default() });
    let server = web::server("en");
    server.open_to_loopback();
    server.add_person(CLAIRE, &[]);
    server.ok("en", &["domain", "add", "facteur.test"]);
    server.ok(
        "en",
        &["account", "block", CLAIRE, "--why", "a test", "--note-en", "Call us.", "--note-fr", "Appelez."],
    );
    server.add_sink("office", &sink, Some(("me@relay.test", "wrong")));
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@rcpt.test", &letter("one"));
    until("the relay is closed", 60, || {
        (server.json(&["relay", "list"])[0]["state"] == "closed").then_some(())
    });
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    (server, sink, id)
}

/// The path of a route, its gaps filled with what is there.
fn path(route: &Route, id: &str) -> String {
    let fill = |(at, part): (usize, &str)| match (part, at) {
        ("{login}", _) => CLAIRE.replace('@', "%40"),
        ("{id}", _) => id.to_owned(),
        ("{name}", _) if route.path.starts_with("/relays") => "office".to_owned(),
        ("{name}", _) => "facteur.test".to_owned(),
        (part, _) if part.starts_with('{') => "none".to_owned(),
        (part, _) => part.to_owned(),
    };
    route.path.split('/').enumerate().map(fill).collect::<Vec<_>>().join("/")
}

/// The pages of the table: what answers with HTML.
fn pages(access: &[Access], id: &str, curl: &Curl<'_>) -> Vec<String> {
    let routes = table().into_iter().filter(|route| route.method == "GET" && access.contains(&route.access));
    let paths = routes.map(|route| path(&route, id));
    paths.filter(|path| curl.ask(path, &["--head"]).header("Content-Type").starts_with("text/html")).collect()
}

/// Looks at pages in a language, light and dark.
fn look(window: &mut Chromium, curl: &Curl<'_>, language: &str, pages: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for page in pages {
        let mark = if page.contains('?') { '&' } else { '?' };
        for scheme in ["light", "dark"] {
            let wish = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            window.command("Emulation.setEmulatedMedia", &wish);
            window.open(&curl.address(&format!("{page}{mark}lang={language}")));
            // What is folded is looked at as well.
            window.ask("document.querySelectorAll('details').forEach(one => one.open = true)");
            let asked = json!({"expression": RUN, "awaitPromise": true, "returnByValue": true});
            let answer = window.command("Runtime.evaluate", &asked);
            if answer["result"]["value"] != json!([]) {
                wrong.push(format!("{page} in {language}, {scheme}: {}", answer["result"]));
            }
        }
    }
    wrong
}

fn check(language: &str) {
    let (server, _sink, id) = scene();
    let checker = checker();
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    window.command("Page.addScriptToEvaluateOnNewDocument", &json!({"source": checker}));
    window.widen(1280);
    let mut wrong = look(&mut window, &curl, language, &["/sign-in".to_owned(), "/nothing".to_owned()]);
    let link = curl.link();
    wrong.extend(look(&mut window, &curl, language, std::slice::from_ref(&link)));
    window.press("main button");
    curl.sign_in_by_link();
    let found = pages(&[Access::Person, Access::Helper, Access::Administrator], &id, &curl);
    assert!(found.len() > 10, "{found:?}");
    wrong.extend(look(&mut window, &curl, language, &found));
    window.press(".who button");
    window.ask(&format!("document.getElementById('login').value = {CLAIRE:?}"));
    window.ask(&format!("document.getElementById('password').value = {PASSWORD:?}"));
    window.press("main button");
    let own = Curl::new(&server);
    own.sign_in(CLAIRE, PASSWORD);
    let found = pages(&[Access::Person], "none", &own);
    assert!(found.iter().any(|page| page == "/account"), "{found:?}");
    wrong.extend(look(&mut window, &curl, language, &found));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_page_breaks_a_rule_of_accessibility_in_english() {
    check("en");
}

#[test]
fn no_page_breaks_a_rule_of_accessibility_in_french() {
    check("fr");
}

/// Presses a key, as a hand does.
fn key(window: &mut Chromium, name: &str) {
    let (code, text) = match name {
        "Tab" => (9, ""),
        "Enter" => (13, "\r"),
        _ => (32, " "),
    };
    let press = |kind: &str| json!({"type": kind, "key": name, "windowsVirtualKeyCode": code, "text": text});
    window.command("Input.dispatchKeyEvent", &press(if text.is_empty() { "rawKeyDown" } else { "keyDown" }));
    window.command(
        "Input.dispatchKeyEvent",
        &json!({"type": "keyUp", "key": name, "windowsVirtualKeyCode": code}),
    );
}

/// Goes on by Tab until what has the focus fits.
#[track_caller]
fn reach(window: &mut Chromium, fits: &str) {
    for _ in 0..80 {
        key(window, "Tab");
        if window.ask(&format!("(e => Boolean(e && ({fits})))(document.activeElement)")) == Value::Bool(true)
        {
            let seen = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
            assert_eq!(window.ask(seen), Value::Bool(true), "{fits}: one sees where one is");
            return;
        }
    }
    panic!("no key leads to {fits}");
}

fn write(window: &mut Chromium, text: &str) {
    window.command("Input.insertText", &json!({"text": text}));
}

/// Waits until a page shows it, and is there as a whole.
#[track_caller]
fn wait(window: &mut Chromium, expression: &str) {
    let expression = &format!("document.readyState === 'complete' && {expression}");
    until(expression, 60, || {
        (window.ask(&format!("Boolean({expression})")) == Value::Bool(true)).then_some(())
    });
}

#[test]
fn the_keyboard_alone_leads_through() {
    let (server, _sink, id) = scene();
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    window.widen(1280);
    window.open(&curl.address("/sign-in"));
    // Wrong first: what was typed is kept, and the way on is the same.
    for password in ["wrong", PASSWORD] {
        reach(&mut window, "e.id === 'login'");
        window.ask("document.activeElement.value = ''");
        write(&mut window, CLAIRE);
        reach(&mut window, "e.id === 'password'");
        write(&mut window, password);
        key(&mut window, "Enter");
        let shown = if password == PASSWORD {
            "document.querySelector('.who')"
        } else {
            "document.querySelector('.notice.bad')"
        };
        wait(&mut window, shown);
    }
    reach(&mut window, "e.closest && e.closest('.who form')");
    key(&mut window, "Enter");
    wait(&mut window, "location.pathname === '/sign-in'");
    window.open(&curl.address(&curl.link()));
    wait(&mut window, "location.pathname !== '/sign-in'");
    reach(&mut window, "e.closest && e.closest('main form')");
    key(&mut window, "Enter");
    wait(&mut window, "document.querySelector('.who')");
    // A message is held.
    window.open(&curl.address("/messages"));
    wait(&mut window, "location.pathname === '/messages'");
    reach(&mut window, "e.name === 'id'");
    key(&mut window, " ");
    assert_eq!(window.ask("document.activeElement.checked"), Value::Bool(true));
    reach(&mut window, "e.value === 'hold'");
    key(&mut window, "Enter");
    wait(&mut window, "document.querySelector('.notice.good')");
    assert_eq!(server.waiting()[0]["recipients"][0]["state"], "held", "{id}");
    // The form of a relay is sent.
    window.open(&curl.address("/relays/office"));
    wait(&mut window, "location.pathname === '/relays/office'");
    reach(&mut window, "e.id === 'password'");
    write(&mut window, PASSWORD);
    key(&mut window, "Enter");
    wait(&mut window, "document.querySelector('.notice.good')");
}
