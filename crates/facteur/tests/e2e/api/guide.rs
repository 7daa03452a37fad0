//! The examples of the guide, as they stand there.

use crate::support::api::{Api, key};
use crate::support::client::{Client, letter};
use crate::support::program::{find, run};
use crate::support::server::{HOST, Port, Server};
use crate::support::web;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The parts of a page that are for a shell.
fn examples(page: &str) -> Vec<&str> {
    page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[track_caller]
fn check(server: &Server, page: &str) {
    let mut client = Client::connect(server.port(Port::Submission));
    client.send("a@first.test", "b@second.test", &letter("guide"));
    let api = Api::new(server, None, &["messages:read"]);
    let waiting = api.done("GET", "/api/v1/messages?status=open", None);
    let id = waiting["messages"][0]["id"].as_str().expect("a message").to_owned();
    let home = tempfile::tempdir().expect("a directory");
    let port = server.port(Port::Https);
    let paper = server.data().join("cert.pem");
    let settings = format!(
        "silent\nshow-error\nfail-with-body\nnoproxy = \"*\"\nmax-time = 90\ncacert = \"{}\"\nresolve = \"{HOST}:{port}:127.0.0.1\"\n",
        paper.display()
    );
    fs::write(home.path().join(".curlrc"), settings).expect("a file of ours");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api").join(page);
    let text = fs::read_to_string(path).expect("the guide");
    let examples = examples(&text);
    assert!(examples.len() >= 6, "{page}");
    for example in examples {
        let mut shell = Command::new(find("bash", "bash"));
        shell.args(["-euo", "pipefail", "-c", example]).env("CURL_HOME", home.path());
        shell.env("SERVER", format!("https://{HOST}:{port}")).env("ID", &id);
        shell.env("KEY", key(server, None, &["admin"]));
        let done = run(&mut shell, b"");
        assert_eq!(done.code, 0, "{page}: {example}\n{}\n{}", done.out, done.err);
    }
}

#[test]
fn the_examples_of_the_guide_work_in_both_languages() {
    let server = web::server("en");
    server.open_to_loopback();
    check(&server, "guide.md");
    check(&server, "guide.fr.md");
}
