//! Backups taken while mail goes on, and restored elsewhere; what may then arrive twice is said.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const LOGIN: &str = "boutique";
const RIGHT: &str = "le bon mot de passe";

fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn strict() -> Sink {
    Sink::start(Habits { sign_in: Some((LOGIN, RIGHT)), ..Habits::default() })
}

/// A server with mail that waits (its relay has a wrong password), some of it large, and a directory for backups.
fn waiting_server(sink: &Sink) -> Server {
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("relay", sink, Some((LOGIN, "faux")));
    let mut client = Client::connect(server.port(Port::Submission));
    for number in 0..5 {
        let mut content = letter(&format!("number {number}"));
        if number % 2 == 0 {
            content.extend(b"Une ligne de plus.\r\n".repeat(20_000));
        }
        assert!(client.send("a@first.test", "b@rcpt.test", &content).starts_with("250 "));
    }
    until("all wait", 20, || (server.json(&["status"])["totals"]["parked"] == 5).then_some(()));
    server
}

/// A place where there is no server yet, with a configuration whose ports are free.
fn elsewhere() -> Server {
    Server::fresh("fr", "")
}

#[test]
fn a_backup_of_a_running_server_is_restored_and_its_mail_leaves() {
    let sink = strict();
    let server = waiting_server(&sink);
    let backup = server.directory().join("backup");
    let said = server.ok("fr", &["backup", text(&backup)]);
    assert!(plain(&said).contains("La clé n'y est pas"), "{said}");
    assert!(!backup.join("key").exists() && !backup.join("key.pem").exists());
    for private in [backup.clone(), backup.join("facteur.db"), backup.join("backup.json")] {
        let mode = fs::metadata(&private).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", private.display());
    }
    // What happens after the backup is not in it.
    server.ok("en", &["account", "add", "late@first.test"]);
    for (locale, needs) in [("en", "--key FILE"), ("fr", "--key FICHIER")] {
        let done = elsewhere().ask(locale, &["restore", text(&backup)], b"");
        assert_eq!(done.code, 65, "{done:?}");
        assert!(done.err.contains(needs), "{done:?}");
    }
    let mut other = elsewhere();
    let key = server.data().join("key");
    let said = plain(&other.ok("fr", &["restore", text(&backup), "--key", text(&key)]));
    assert!(said.contains("Le courrier de 5 destinataires attendait"), "{said}");
    let again = other.ask("en", &["restore", text(&backup), "--key", text(&key)], b"");
    assert_eq!(again.code, 65, "{again:?}");
    assert!(again.err.contains("never mixed with other data"), "{again:?}");
    other.go();
    assert_eq!(other.waiting().len(), 5);
    assert_eq!(other.json(&["account", "list"]).as_array().map(Vec::len), Some(1));
    let id = other.waiting()[0]["id"].as_str().expect("an id").to_owned();
    let why = plain(&other.ok("fr", &["why", &id]));
    assert!(why.contains("deux fois"), "the story says so:\n{why}");
    other.give("fr", &["relay", "password", "relay", "--password-stdin"], RIGHT);
    let taken = sink.until_taken(5, 30);
    other.until_idle(20);
    let subjects: BTreeSet<String> = taken.iter().map(|taken| taken.subject()).collect();
    assert_eq!(subjects.len(), 5);
    let large = taken.iter().filter(|taken| taken.content.len() > 400_000).count();
    assert_eq!(large, 3, "contents in files of their own came along");
}

#[test]
fn what_waited_can_be_held_and_a_sealed_password_still_opens() {
    let sink = strict();
    let mut server = waiting_server(&sink);
    server.stop();
    let backup = server.directory().join("backup");
    let said = server.ok("en", &["backup", text(&backup), "--with-key"]);
    assert!(said.contains("The key is in it too"), "{said}");
    let mut other = elsewhere();
    let said = other.ok("en", &["restore", text(&backup), "--hold"]);
    let certificate = |server: &Server| fs::read(server.data().join("cert.pem")).expect("a certificate");
    assert_eq!(certificate(&other), certificate(&server), "people's programs go on trusting it");
    assert!(said.contains("and is held"), "{said}");
    other.go();
    assert_eq!(other.json(&["status"])["totals"]["held"], 5);
    other.give("en", &["relay", "password", "relay", "--password-stdin"], RIGHT);
    other.ok("en", &["relay", "test", "relay"]);
    assert_eq!(sink.count(), 0, "nothing leaves that is held");
    other.ok("en", &["queue", "release", "--all"]);
    sink.until_taken(5, 30);
}

#[test]
fn a_backup_under_load_is_whole() {
    let sink = Sink::start(Habits::default());
    let server = Server::start();
    server.open_to_loopback();
    server.add_sink("relay", &sink, None);
    let port = server.port(Port::Submission);
    let sending = std::thread::spawn(move || {
        let mut client = Client::connect(port);
        let mut content = letter("under load");
        content.extend(b"Une ligne de plus.\r\n".repeat(10_000));
        for _ in 0..60 {
            assert!(client.send("a@first.test", "b@rcpt.test", &content).starts_with("250 "));
        }
    });
    sink.until_taken(5, 20);
    let backups: Vec<_> = (0..3).map(|number| server.directory().join(format!("backup-{number}"))).collect();
    for backup in &backups {
        server.ok("en", &["backup", text(backup), "--with-key"]);
    }
    sending.join().expect("all were sent");
    for backup in &backups {
        let other = elsewhere();
        let restored = other.json(&["restore", text(backup)]);
        let counted = |field: &str| restored["backup"][field].as_u64().expect("a number");
        assert!(counted("messages") >= 5, "{restored}");
        assert_eq!(restored["perhaps_sent"], counted("open_recipients"), "{restored}");
        let status = other.json(&["status"]);
        assert_eq!(status["totals"]["recipients"], counted("open_recipients"));
        assert_eq!(other.json(&["check"])["damages"], serde_json::json!([]), "every content is whole");
    }
    let test = "crates/facteur/tests/e2e/backup.rs::a_backup_under_load_is_whole";
    testkit::proof::passed("A13", test, backups.len() as u64, "backups under load", None);
}

#[test]
fn what_cannot_be_restored_is_told_and_leaves_nothing() {
    let sink = strict();
    let server = waiting_server(&sink);
    let backup = server.directory().join("backup");
    server.ok("en", &["backup", text(&backup), "--with-key"]);
    let full = server.ask("en", &["backup", text(&backup)], b"");
    assert_eq!(full.code, 1, "a backup is never mixed with another: {full:?}");
    let manifest = backup.join("backup.json");
    let told = fs::read_to_string(&manifest).expect("the manifest");
    let newer = told.replace("\"schema\": ", "\"schema\": 9");
    assert_ne!(newer, told);
    fs::write(&manifest, newer).expect("a backup of the future");
    for (locale, words) in
        [("en", "written by a newer facteur"), ("fr", "écrites par un facteur plus récent")]
    {
        let other = elsewhere();
        let done = other.ask(locale, &["restore", text(&backup)], b"");
        assert_eq!(done.code, 65, "{done:?}");
        assert!(done.err.contains(words), "{done:?}");
        assert!(!other.data().join("facteur.db").exists());
    }
    fs::remove_file(&manifest).expect("gone");
    for (locale, words) in [("en", "not a whole backup"), ("fr", "pas une sauvegarde complète")] {
        let done = elsewhere().ask(locale, &["restore", text(&backup)], b"");
        assert_eq!(done.code, 65, "{done:?}");
        assert!(done.err.contains(words), "{done:?}");
    }
    fs::write(&manifest, told).expect("whole again");
    let database = backup.join("facteur.db");
    let mut bytes = fs::read(&database).expect("the copy");
    let middle = bytes.len() / 2;
    bytes.get_mut(middle..middle + 4_096).expect("it is long").fill(0xA5);
    fs::write(&database, bytes).expect("a damaged copy");
    let other = elsewhere();
    let done = other.ask("en", &["restore", text(&backup)], b"");
    assert_ne!(done.code, 0, "{done:?}");
    for left in ["facteur.db", "key", "bodies"] {
        assert!(!other.data().join(left).exists(), "{left} is left behind");
    }
}

#[test]
fn data_of_a_newer_program_is_refused_in_both_languages() {
    let mut server = Server::start();
    server.stop();
    let conn = rusqlite::Connection::open(server.data().join("facteur.db")).expect("the database");
    conn.execute_batch("PRAGMA user_version = 999").expect("a schema of the future");
    drop(conn);
    for (locale, words) in
        [("en", "written by a newer facteur"), ("fr", "écrites par un facteur plus récent")]
    {
        for command in [&["start"][..], &["status"]] {
            let done = server.ask(locale, command, b"");
            assert_ne!(done.code, 0, "{done:?}");
            assert!(plain(&done.err).contains(words), "{done:?}");
        }
    }
}
