//! The OpenAPI document, and a program that asks everything that it allows, and more.

use crate::support::api::{Api, json};
use crate::support::program::run_within;
use crate::support::web::{self, Curl};
use std::path::Path;
use std::process::Command;

/// The version that `scripts/setup.sh tests` installs.
const SCHEMATHESIS: &str = "schemathesis-4.32.5";
/// How many requests of each kind are made of each address.
const EXAMPLES: &str = "6";
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

#[test]
fn the_document_and_its_page_are_there_in_both_languages() {
    let server = web::server("en");
    let curl = Curl::new(&server);
    let document = json(&curl.ask("/api/v1/openapi.json", &[]));
    assert_eq!(document["openapi"], "3.1.0");
    for (path, method) in
        [("/api/v1/messages", "get"), ("/api/v1/relays/{name}", "delete"), ("/api/v1/explain", "post")]
    {
        assert!(document["paths"][path][method]["operationId"].is_string(), "{path}");
    }
    let french = json(&curl.ask("/api/v1/openapi.json?lang=fr", &[]));
    assert_ne!(
        document["paths"]["/api/v1/messages"]["get"]["summary"],
        french["paths"]["/api/v1/messages"]["get"]["summary"]
    );
    for (language, words) in [("en", "What may go wrong"), ("fr", "Ce qui peut ne pas aller")] {
        let page = curl.ask(&format!("/api/v1/docs?lang={language}"), &[]);
        assert_eq!(page.status, 200);
        assert!(page.body.contains(words) && page.body.contains("id=\"scope_missing\""), "{language}");
        assert!(page.body.contains("/api/v1/messages/{id}/cancel"), "{language}");
    }
}

#[test]
fn nothing_that_the_document_allows_breaks_the_server() {
    let server = web::server("en");
    let tool = Path::new(env!("CARGO_TARGET_TMPDIR")).join(SCHEMATHESIS).join("bin/schemathesis");
    assert!(tool.exists(), "{} is not there: run scripts/setup.sh tests", tool.display());
    let api = Api::new(&server, None, &["admin"]);
    let document = tempfile::Builder::new().suffix(".json").tempfile().expect("a file");
    std::fs::write(document.path(), api.curl.ask("/api/v1/openapi.json", &[]).body).expect("a file of ours");
    let port = api.curl.address("").rsplit(':').next().expect("a port").to_owned();
    let mut command = Command::new(&tool);
    let directory = tempfile::tempdir().expect("a directory");
    command.current_dir(directory.path()).env("NO_PROXY", "127.0.0.1");
    command.args(["run", "--url", &format!("https://127.0.0.1:{port}"), "--tls-verify", "false"]);
    command.args(["--header", &format!("Authorization: Bearer {}", api.key), "--checks", CHECKS]);
    command.args([
        "--phases",
        "fuzzing",
        "--max-examples",
        EXAMPLES,
        "--seed",
        "7",
        "--generation-database",
        "none",
    ]);
    command.args([
        "--no-shrink",
        "--no-color",
        "--request-timeout",
        "60",
        "--workers",
        "2",
        "--warnings",
        "off",
    ]);
    // The one would go to servers that chance names, the others would send them mail.
    command.args(["--exclude-operation-id", "send_messages"]);
    command.args(["--exclude-path", "/api/v1/relays/{name}/test", "--exclude-operation-id", "send_message"]);
    // So would these.
    for operation in ["find_settings", "add_webhook", "test_webhook"] {
        command.args(["--exclude-operation-id", operation]);
    }
    command.arg(document.path());
    let done = run_within(&mut command, b"", 280);
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);
    let tested =
        done.out.lines().find_map(|line| line.trim().strip_prefix("Tested: ")?.trim().parse::<usize>().ok());
    assert!(tested.is_some_and(|count| count > 30), "{}", done.out);
    assert_eq!(api.page("GET", "/api/v1/key", None).status, 200, "the server is well");
}
