//! Texts from strangers are shown as text, wherever they come from.

use crate::support::client::Client;
use crate::support::server::Port;
use crate::support::web::{self, Curl};
use serde_json::Value;
use std::path::PathBuf;

/// The strings of two collections that no page may ever run; empty when they are not here.
fn strings() -> Vec<String> {
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
const KNOWN: [&str; 6] = [
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
        assert!(
            names.iter().all(|name| !name.starts_with("script") && !name.contains(" on")),
            "{path}: {names:?}"
        );
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
                names.iter().all(|name| !name.starts_with("script")
                    && !name.starts_with("svg")
                    && !name.contains(" on")),
                "{path}: {names:?}"
            );
        }
    }
}
