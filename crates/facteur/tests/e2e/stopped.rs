//! One server a directory, and commands that work on the data while it is stopped.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};

#[test]
fn a_second_server_is_refused_and_told_who_has_the_data() {
    let server = Server::start();
    for (locale, words) in [("en", "The data is in use"), ("fr", "Les données sont déjà utilisées")] {
        let second = server.ask(locale, &["start"], b"");
        assert_eq!(second.code, 69, "{second:?}");
        assert!(second.err.contains(words), "{second:?}");
        assert!(second.err.contains(&server.pid().to_string()), "it names the process: {second:?}");
    }
    assert_eq!(server.json(&["status"])["pid"], server.pid(), "the first goes on");
}

#[test]
fn commands_work_while_the_server_is_stopped() {
    let sink = Sink::start(Habits::default());
    let mut server = Server::start();
    server.open_to_loopback();
    let mut client = Client::connect(server.port(Port::Submission));
    for subject in ["keep", "drop"] {
        let from = format!("{subject}@first.test");
        assert!(client.send(&from, "b@rcpt.test", &letter(subject)).starts_with("250 "));
    }
    server.stop();
    let status = server.json(&["status"]);
    assert!(status["pid"].is_null(), "{status}");
    assert!(server.ok("fr", &["status"]).contains("est arrêté"));
    assert_eq!(server.waiting().len(), 2);
    assert!(server.ok("en", &["mailq"]).ends_with(" Kbytes in 2 Requests.\n"));
    server.ok("en", &["queue", "delete", "--sender", "drop@first.test"]);
    server.add_sink("sink", &sink, None);
    server.add_person("late@first.test", &[]);
    let sent =
        server.ok("fr", &["send", "c@rcpt.test", "--from", "late@first.test", "--subject", "while stopped"]);
    assert!(sent.contains("Le serveur est arrêté"), "{sent}");
    assert_eq!(sink.count(), 0, "nothing leaves while it is stopped");
    server.go();
    server.until_idle(20);
    let mut subjects: Vec<String> = sink.taken().iter().map(|taken| taken.subject()).collect();
    subjects.sort();
    assert_eq!(subjects, ["keep", "while stopped"]);
}

#[test]
fn many_commands_at_once_wait_for_each_other() {
    let mut server = Server::start();
    server.stop();
    let ask = |_| {
        let mut command = server.command("C", &["account", "list", "--json"]);
        std::thread::spawn(move || crate::support::program::run(&mut command, b""))
    };
    let asked: Vec<_> = (0..6).map(ask).collect();
    for done in asked {
        let done = done.join().expect("it ran");
        assert_eq!(done.code, 0, "{done:?}");
    }
}
