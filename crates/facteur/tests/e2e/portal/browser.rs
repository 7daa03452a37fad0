//! The portal in a real browser: every page, wide and narrow, in both languages.

use crate::support::chromium::Chromium;
use crate::support::client::{Client, letter};
use crate::support::server::{PASSWORD, Port};
use crate::support::web::{self, Curl};
use std::path::PathBuf;

const CLAIRE: &str = "claire@facteur.test";
const HELENE: &str = "helene@facteur.test";
/// The widths of a desk and of a hand.
const WIDTHS: [u32; 2] = [1280, 390];
/// The most bytes of a page with all that belongs to it.
const PAGE_BYTES: u64 = 100 * 1024;

/// What is wrong with a page by the rules that a script can look at (WCAG 2.2: 1.3.1, 2.4.2, 2.5.8, 3.1.1, 4.1.2).
const LOOK: &str = "(() => {
  const wrong = [];
  const named = e => (e.getAttribute('aria-label') || e.textContent || '').trim() !== '';
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the window');
  if (document.querySelectorAll('h1').length !== 1) wrong.push('not one heading');
  if (!document.title.trim()) wrong.push('no title');
  if (document.querySelectorAll('main').length !== 1) wrong.push('not one main');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('an id twice');
  for (const e of document.querySelectorAll('input:not([type=hidden]),select,textarea'))
    if (!e.labels.length && !e.getAttribute('aria-label')) wrong.push('no label: ' + e.name);
  for (const e of document.querySelectorAll('a,button')) if (!named(e)) wrong.push('no name: ' + e.outerHTML);
  for (const e of document.querySelectorAll('button,.button')) {
    const box = e.getBoundingClientRect();
    if (box.width && (box.width < 24 || box.height < 24)) wrong.push('too small: ' + e.textContent);
  }
  for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) wrong.push('no alt');
  if (/web-[a-z]+-|\\{ ?\\$/.test(document.body.innerText)) wrong.push('a word is missing');
  return wrong;
})()";

/// How much came over the wire, uncompressed, for the page and its dress.
const WEIGHT: &str =
    "performance.getEntries().filter(e => e.decodedBodySize).reduce((sum, e) => sum + e.decodedBodySize, 0)";

/// Looks at the page that is open, wide and narrow.
fn look(window: &mut Chromium, name: &str) {
    // For people, who see what no rule sees.
    let pictures = std::env::var_os("FACTEUR_PICTURES").map(PathBuf::from);
    for width in WIDTHS {
        window.widen(width);
        assert_eq!(window.ask(LOOK), serde_json::json!([]), "{name} at {width}");
        if let Some(folder) = &pictures {
            let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            window.picture(&folder.join(format!("{name}-{width}.png")));
        }
    }
}

/// Looks at pages in both languages, in the name of whoever is signed in.
fn walk(window: &mut Chromium, curl: &Curl<'_>, who: &str, pages: &[&str]) {
    for language in ["en", "fr"] {
        for page in pages {
            let mark = if page.contains('?') { '&' } else { '?' };
            window.open(&curl.address(&format!("{page}{mark}lang={language}")));
            assert_eq!(window.ask("document.documentElement.lang"), language, "{page}");
            look(window, &format!("{who} {page} {language}"));
            let weight = window.ask(WEIGHT).as_u64().expect("a number");
            assert!((1..PAGE_BYTES).contains(&weight), "{page}: {weight} bytes");
        }
    }
    assert_eq!(window.complaints(), Vec::<String>::new());
}

fn sign_in(window: &mut Chromium, curl: &Curl<'_>, login: &str) {
    window.press(".who button");
    assert_eq!(window.ask("location.pathname"), "/sign-in");
    window.ask(&format!("document.getElementById('login').value = {login:?}"));
    window.ask(&format!("document.getElementById('password').value = {PASSWORD:?}"));
    window.press("main button");
    assert_ne!(window.ask("location.pathname"), "/sign-in", "{}", curl.address(""));
}

#[test]
fn every_page_is_good_in_a_real_browser() {
    let server = web::server("en");
    server.open_to_loopback();
    server.add_person(CLAIRE, &[]);
    server.add_person(HELENE, &[]);
    server.ok("en", &["account", "change", HELENE, "--role", "helper"]);
    server.ok("en", &["domain", "add", "facteur.test"]);
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@rcpt.test", &letter("<script>alert(1)</script>"));
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    window.widen(1280);
    window.open(&curl.address("/sign-in"));
    assert_eq!(window.ask(LOOK), serde_json::json!([]), "/sign-in");
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    assert_eq!(window.ask("location.pathname"), "/setup", "nothing is set up yet");
    let (message, mail) = (format!("/messages/{id}"), format!("/setup/mail/{id}"));
    let claire = "/accounts/claire%40facteur.test";
    let pages =
        ["/", "/setup", "/setup?preset=gmail", &mail, "/messages", &message, "/relays", "/relays/new"];
    walk(&mut window, &curl, "administrator", &pages);
    let pages =
        ["/relays/new?preset=gmail", "/accounts", claire, "/domains", "/domains/facteur.test", "/explain"];
    walk(&mut window, &curl, "administrator", &pages);
    let pages = [
        "/discover",
        "/account",
        "/nothing",
        "/keys",
        "/webhooks",
        "/statistics",
        "/statistics?by=hour&days=1",
        "/record",
    ];
    walk(&mut window, &curl, "administrator", &pages);
    sign_in(&mut window, &curl, HELENE);
    walk(
        &mut window,
        &curl,
        "helper",
        &["/", "/messages", &message, "/relays", "/accounts", claire, "/domains"],
    );
    let note = ["--note-en", "Your site sent spam.", "--note-fr", "Votre site a envoyé du spam."];
    server.ok("en", &[&["account", "block", CLAIRE, "--why", "a test"], &note[..]].concat());
    sign_in(&mut window, &curl, CLAIRE);
    walk(
        &mut window,
        &curl,
        "person",
        &[
            "/messages",
            "/account",
            "/account/relays",
            "/account/relays/new",
            "/account/relays/new?preset=gmail",
            "/statistics",
            "/webhooks",
            "/keys",
            "/discover",
        ],
    );
    server.ok("en", &["account", "unblock", CLAIRE]);
    window.open(&curl.address("/account"));
    window.ask(&format!("document.getElementById('password-on').value = {PASSWORD:?}"));
    window.press("#second-factor button");
    assert_eq!(window.ask("!!document.querySelector('svg.qr, img.qr')"), true, "a picture for the phone");
    look(&mut window, "person code");
    window.press(".who button");
    assert_eq!(window.ask("location.pathname"), "/sign-in");
}
