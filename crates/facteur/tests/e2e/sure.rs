//! What cannot be undone is asked about on a terminal, with how many messages it is; a script is not asked.

use crate::support::program::{Done, FACTEUR, find, run};
use crate::support::server::Server;
use std::process::Command;

/// A stopped server with so many messages that wait.
fn waiting(count: usize) -> Server {
    let mut server = Server::start();
    for number in 0..count {
        let subject = format!("number {number}");
        server.ok(
            "en",
            &["send", "b@rcpt.test", "--from", "a@first.test", "--subject", &subject, "--no-follow"],
        );
    }
    server.stop();
    server
}

fn on_terminal(server: &Server, answers: &serde_json::Value, arguments: &[&str]) -> Done {
    let mut command = Command::new(find("python3", "python3"));
    command.args(["-c", include_str!("terminal.py"), &answers.to_string(), FACTEUR]).args(arguments);
    run(command.env("FACTEUR_DATA", server.data()), b"")
}

#[test]
fn deleting_many_is_asked_about_on_a_terminal_only() {
    let server = waiting(3);
    for (language, question, no) in
        [("en", "deletes 3 messages for good", "no"), ("fr", "3 messages", "peut-être")]
    {
        let answers = serde_json::json!([[question, no]]);
        let done = on_terminal(&server, &answers, &["--lang", language, "queue", "delete", "--all"]);
        assert_eq!(done.code, 1, "{done:?}");
        assert_eq!(server.waiting().len(), 3, "nothing was done: {done:?}");
    }
    let id = server.waiting()[0]["id"].as_str().expect("an id").to_owned();
    let nothing = serde_json::json!([]);
    let done = on_terminal(&server, &nothing, &["queue", "delete", &id]);
    assert_eq!(
        (done.code, server.waiting().len()),
        (0, 2),
        "a message that is named is not asked about: {done:?}"
    );
    let answers = serde_json::json!([["abandonne définitivement 2 messages", "OUI"]]);
    let done =
        on_terminal(&server, &answers, &["--lang", "fr", "queue", "bounce", "--sender", "a@first.test"]);
    assert_eq!((done.code, server.waiting().len()), (0, 0), "{done:?}");
    let server = waiting(2);
    let done = on_terminal(&server, &nothing, &["queue", "delete", "--all", "--yes"]);
    assert_eq!((done.code, server.waiting().len()), (0, 0), "{done:?}");
    let server = waiting(1);
    server.ok("en", &["queue", "delete", "--all"]);
    assert_eq!(server.waiting().len(), 0, "a script is not asked");
}
