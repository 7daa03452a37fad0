//! The portal in a real browser: every page, wide and narrow, in both languages.

use crate::support::chromium::Chromium;
use crate::support::client::{Client, letter};
use crate::support::server::Port;
use crate::support::web::{self, Curl};
use std::path::PathBuf;

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

#[test]
fn every_page_is_good_in_a_real_browser() {
    let server = web::server("en");
    server.open_to_loopback();
    server.add_person("claire@facteur.test", &[]);
    server.ok("en", &["domain", "add", "facteur.test"]);
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@rcpt.test", &letter("<script>alert(1)</script>"));
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    let curl = Curl::new(&server);
    // For people, who see what no rule sees.
    let pictures = std::env::var_os("FACTEUR_PICTURES").map(PathBuf::from);
    let mut window = Chromium::start();
    window.widen(1280);
    window.open(&curl.address("/sign-in"));
    assert_eq!(window.ask(LOOK), serde_json::json!([]), "/sign-in");
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    assert_eq!(window.ask("location.pathname"), "/setup", "nothing is set up yet");
    let pages = [
        "/",
        "/setup",
        "/setup?preset=gmail",
        &format!("/setup/mail/{id}"),
        "/messages",
        &format!("/messages/{id}"),
        "/relays",
        "/relays/new",
        "/relays/new?preset=gmail",
        "/accounts",
        "/accounts/claire%40facteur.test",
        "/domains",
        "/domains/facteur.test",
        "/explain",
        "/discover",
        "/account",
        "/nothing",
    ];
    for language in ["en", "fr"] {
        for page in pages {
            let mark = if page.contains('?') { '&' } else { '?' };
            window.open(&curl.address(&format!("{page}{mark}lang={language}")));
            assert_eq!(window.ask("document.documentElement.lang"), language, "{page}");
            for width in WIDTHS {
                window.widen(width);
                assert_eq!(window.ask(LOOK), serde_json::json!([]), "{page} in {language} at {width}");
                if let Some(folder) = &pictures {
                    let name = page.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                    window.picture(&folder.join(format!("{language}-{width}{name}.png")));
                }
            }
            let weight = window.ask(WEIGHT).as_u64().expect("a number");
            assert!((1..PAGE_BYTES).contains(&weight), "{page}: {weight} bytes");
        }
    }
    assert_eq!(window.complaints(), Vec::<String>::new());
    window.press(".who button");
    assert_eq!(window.ask("location.pathname"), "/sign-in");
}
