//! A program that asks the API with a key, in JSON, by a real curl.

use super::server::Server;
use super::web::{Curl, Page};
use serde_json::Value;

/// Makes a key, and gives it.
#[track_caller]
pub fn key(server: &Server, of: Option<&str>, scopes: &[&str]) -> String {
    let mut words = vec!["key", "add", "a test"];
    words.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
    words.extend(of.iter().flat_map(|of| ["--of", of]));
    server.json(&words)["key"].as_str().expect("a key").to_owned()
}

/// A program with a key.
pub struct Api<'a> {
    pub curl: Curl<'a>,
    pub key: String,
}

impl<'a> Api<'a> {
    /// A program with a key that may do that.
    #[track_caller]
    pub fn new(server: &'a Server, of: Option<&str>, scopes: &[&str]) -> Self {
        Self { curl: Curl::new(server), key: key(server, of, scopes) }
    }

    /// Asks, and gives what comes back.
    #[track_caller]
    pub fn page(&self, method: &str, path: &str, body: Option<&Value>) -> Page {
        let bearer = format!("Authorization: Bearer {}", self.key);
        let mut more = vec!["--request", method, "--header", &bearer, "--header", "Accept-Language: en"];
        let text = body.map(Value::to_string);
        if text.is_some() {
            more.extend(["--header", "Content-Type: application/json", "--data-binary", "@-"]);
        }
        let address = self.curl.address(path);
        self.curl.fetch(&address, &more, text.unwrap_or_default().as_bytes())
    }

    /// Asks, and gives the status and the JSON that come back.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let page = self.page(method, path, body);
        let told = if page.body.is_empty() { Value::Null } else { json(&page) };
        (page.status, told)
    }

    /// Asks for what must be done, and gives the JSON.
    #[track_caller]
    pub fn done(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, told) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {told}");
        told
    }
}

/// The JSON of an answer.
#[track_caller]
pub fn json(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|error| panic!("{error}: {} {}", page.head, page.body))
}

/// A failure has all that it must have, in both languages.
#[track_caller]
pub fn check_problem(page: &Page, status: u16, code: &str) {
    assert_eq!(page.status, status, "{}", page.body);
    let told = json(page);
    assert_eq!(told["code"], code, "{told}");
    let text =
        |value: &Value| value.as_str().is_some_and(|text| !text.is_empty() && !text.contains("web-api-"));
    for member in
        [&told["message"], &told["explain"]["fr"], &told["explain"]["en"], &told["action"], &told["docs"]]
    {
        assert!(text(member), "{told}");
    }
    assert_ne!(told["explain"]["fr"], told["explain"]["en"], "{told}");
    assert!(told.get("cause").is_some(), "{told}");
}
