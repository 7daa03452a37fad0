//! Texts from strangers are shown as text, wherever they come from.

use crate::support::chromium::Chromium;
use crate::support::client::Client;
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::web::{self, Curl};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The strings of two collections that no page may ever run; empty when they are not here.
pub fn strings() -> Vec<String> {
    let Some(corpora) = std::env::var_os("FACTEUR_CORPORA").map(PathBuf::from) else {
        eprintln!("skipped: web-attacks, for FACTEUR_CORPORA names no folder");
        return Vec::new();
    };
    let read = |name: &str| {
        let path = corpora.join("web-attacks").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let naughty: Vec<String> = serde_json::from_str(&read("blns.json")).expect("a list");
    let scripts: Vec<Value> = serde_json::from_str(&read("dompurify-expect.json")).expect("a list");
    let scripts = scripts.iter().filter_map(|one| one["payload"].as_str()).map(str::to_owned);
    naughty.into_iter().chain(scripts).collect()
}

/// How many are pasted at once.
const AT_ONCE: usize = 10;

/// Some that are always there.
pub const KNOWN: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "</textarea><svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
];

/// What of a page is markup, by its tags: the text between them, and within the values of attributes, left out.
fn tags(body: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        let mut quoted = false;
        let end = rest[at..].find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let Some(end) = end else { break };
        let shown = rest[at + 1..at + end].split('"').step_by(2).collect::<Vec<_>>().join("\"");
        tags.push(shown);
        rest = &rest[at + end + 1..];
    }
    tags
}

/// Whether a tag is a script that is none of ours.
fn is_script(name: &str) -> bool {
    name.starts_with("script") && name != "script src=\" defer"
}

/// The names of all tags and attributes, once each: a text that became markup would add one, or change how often.
fn shape(body: &str) -> (usize, Vec<String>) {
    let all = tags(body);
    let count = all.len();
    let mut names = all;
    names.sort_unstable();
    names.dedup();
    (count, names)
}

#[test]
fn what_is_pasted_comes_back_as_text() {
    let server = web::server("en");
    let curl = Curl::new(&server);
    curl.sign_in_by_link();
    let key = curl.form_key("/explain");
    let found = strings();
    let all: Vec<&str> = found.iter().map(String::as_str).chain(KNOWN).collect();
    // Many at once, so that the test is over soon: each is a line of its own.
    for texts in all.chunks(AT_ONCE) {
        let text = texts.join("\n");
        let fields = format!("key={key}");
        let page = curl.fetch(
            &curl.address("/explain"),
            &["--data", &fields, "--data-urlencode", "text@-"],
            text.as_bytes(),
        );
        assert_eq!(page.status, 200, "{text:?}");
        let (_, names) = shape(&page.body);
        for name in &names {
            let word = name.split([' ', '\n']).next().unwrap_or_default().to_ascii_lowercase();
            assert!(
                !["script", "svg", "iframe", "object", "embed", "base", "style", "img/src=x"]
                    .contains(&&*word),
                "{text:?}: {name}"
            );
            assert!(!name.contains(" on"), "{text:?}: {name}");
        }
        assert!(!page.body.contains("href=\"javascript:"), "{text:?}");
    }
}

#[test]
fn names_and_replies_of_strangers_are_shown_as_text() {
    let server = web::server("en");
    server.open_to_loopback();
    let curl = Curl::new(&server);
    curl.sign_in_by_link();
    let mut client = Client::connect(server.port(Port::Submission));
    client.expect("MAIL FROM:<\"<script>alert(1)</script>\"@first.test>", "250");
    client.expect("RCPT TO:<\"<img src=x onerror=alert(2)>\"@rcpt.test>", "250");
    client.content(
        b"Message-ID: <\"><svg onload=alert(3)>@x>\r\nSubject: <script>alert(4)</script>\r\n\r\nHello.\r\n",
    );
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    for path in ["/messages".to_owned(), format!("/messages/{id}"), "/".to_owned()] {
        let page = curl.ask(&path, &[]);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        let (_, names) = shape(&page.body);
        assert!(names.iter().all(|name| !is_script(name) && !name.contains(" on")), "{path}: {names:?}");
    }
    assert!(curl.ask(&format!("/messages/{id}"), &[]).body.contains("&lt;img src=x onerror=alert(2)&gt;"));
    for text in KNOWN {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("/messages?to={encoded}&from={encoded}&cause={encoded}&account={encoded}"),
            format!("/relays/{encoded}"),
            format!("/accounts/{encoded}"),
            format!("/sign-in/link/{encoded}"),
            format!("/{encoded}?a={encoded}"),
            format!("/relays/new?name={encoded}&host={encoded}&login={encoded}"),
        ] {
            let page = curl.ask(&path, &[]);
            assert!(page.status < 500, "{path}");
            let (_, names) = shape(&page.body);
            assert!(
                names
                    .iter()
                    .all(|name| !is_script(name) && !name.starts_with("svg") && !name.contains(" on")),
                "{path}: {names:?}"
            );
        }
    }
}

/// The account that carries the texts.
const CARRIER: &str = "carrier@first.test";
/// The most letters of a note.
const NOTE: usize = 1_000;
/// The most letters of a label, and how many labels stand on a page.
const LABELS: (usize, usize) = (100, 45);

/// Has something done about the carrier, by the socket of the commands.
#[track_caller]
fn protect(server: &Server, act: &Value) {
    let of = json!({"kind": "account", "name": CARRIER});
    let request = json!({"operation": "protect", "of": of, "act": act}).to_string();
    let answer = server.asked(&request).expect("an answer");
    assert!(answer.get("fault").is_none_or(Value::is_null), "{request}: {answer}");
}

/// Looks at a page on which texts of strangers stand: nothing runs, nothing is fetched, nothing is complained about.
#[track_caller]
pub fn calm(window: &mut Chromium, page: &str) {
    let strange = "document.querySelectorAll('script:not([src^=\"/assets/\"]),iframe,object,embed,base,style,\
         form[action^=http],[onerror],[onload],[onclick]').length";
    assert_eq!(window.ask(strange), 0, "{page}");
    assert_eq!(window.ask("document.querySelectorAll('main').length"), 1, "{page}");
    assert_eq!(window.complaints(), Vec::<String>::new(), "{page}");
}

/// Opens such pages and looks at them.
#[track_caller]
fn calm_at(window: &mut Chromium, curl: &Curl<'_>, paths: &[&str]) {
    for path in paths {
        window.open(&curl.address(path));
        calm(window, path);
    }
}

/// Texts joined line by line into parts of at most so many letters.
fn parts(texts: &[&str], most: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    for text in texts {
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(most - 1) {
            let last = parts.last_mut().expect("a part");
            if last.chars().count() + piece.len() + 1 > most {
                parts.push(piece.iter().collect());
            } else {
                last.push('\n');
                last.extend(piece);
            }
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[test]
fn no_text_of_a_stranger_runs_in_a_browser() {
    let replies: &'static str = Box::leak(format!("550 5.7.1 {}", KNOWN.join(" ")).into_boxed_str());
    let sink = Sink::start(Habits { recipients_told: Some(replies), ..Habits::default() });
    let server = web::server("en");
    server.open_to_loopback();
    server.add_person(CARRIER, &[]);
    server.add_sink("office", &sink, None);
    let mut client = Client::connect(server.port(Port::Submission));
    client.expect("MAIL FROM:<\"<script>alert(1)</script>\"@first.test>", "250");
    client.expect("RCPT TO:<\"<img src=x onerror=alert(2)>\"@rcpt.test>", "250");
    let said = client.content(
        b"Message-ID: <\"><svg onload=alert(3)>@x>\r\nSubject: <script>alert(4)</script>\r\n\r\nHello.\r\n",
    );
    let id = said.rsplit(' ').next().expect("an id").to_owned();
    server.until_idle(60);
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    let mut hers = Chromium::start();
    // What a browser calls itself is shown to its person.
    let agent = json!({"userAgent": "<script>alert(5)</script>\"><img src=x onerror=alert(6)>"});
    hers.command("Network.setUserAgentOverride", &agent);
    hers.open(&curl.address("/sign-in"));
    hers.ask(&format!("document.getElementById('login').value = {CARRIER:?}"));
    hers.ask(&format!("document.getElementById('password').value = {PASSWORD:?}"));
    hers.press("main button");
    let story = format!("/messages/{id}");
    calm_at(&mut window, &curl, &["/", "/messages?state=failed", &story, &format!("/setup/mail/{id}")]);
    let found = strings();
    let all: Vec<&str> = found.iter().map(String::as_str).chain(KNOWN).collect();
    for four in parts(&all, NOTE).chunks(4) {
        let text = |at: usize| four.get(at).or(four.first()).expect("a text").clone();
        let block = json!({"act": "block", "why": text(0), "note_en": text(1), "note_fr": text(2)});
        protect(&server, &block);
        protect(&server, &json!({"act": "ask_to_unblock", "text": text(3)}));
        calm_at(&mut window, &curl, &["/accounts/carrier%40first.test"]);
        calm_at(&mut hers, &curl, &["/account?lang=en", "/account?lang=fr"]);
    }
    let labels: Vec<&str> = all.iter().copied().filter(|text| !text.trim().is_empty()).collect();
    let mut last = 0;
    for some in labels.chunks(LABELS.1) {
        for text in some {
            let label: String = text.trim().chars().take(LABELS.0).collect();
            protect(&server, &json!({"act": "add_app_password", "label": label}));
        }
        calm_at(&mut hers, &curl, &["/account"]);
        for _ in some {
            last += 1;
            protect(&server, &json!({"act": "remove_app_password", "id": last}));
        }
    }
}
