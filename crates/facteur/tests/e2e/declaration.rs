//! The configuration as a file: exported, applied to a fresh server, exported again, and the same.

use crate::support::program::find;
use crate::support::program::{Done, FACTEUR, run};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::tongue::replies;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

/// A server with one of everything.
fn full() -> Server {
    let server = Server::start();
    server.add_person("anne@first.test", &["anne@first.test", "@second.test"]);
    server.ok("en", &["site", "add", "printers", "--network", "192.0.2.0/24", "--sender", "@first.test"]);
    let boutique = ["site", "add", "boutique", "--sender", "*", "--owner", "autre", "--password-stdin"];
    server.give("en", &boutique, PASSWORD);
    let relay = ["relay", "add", "gmail", "--login", "anne@first.test", "--password-stdin"];
    server.give("en", &relay, PASSWORD);
    let relay =
        ["relay", "add", "near", "--host", "127.0.0.1", "--port", "2500", "--tls", "never", "--no-auth"];
    server.ok("en", &[&relay[..], &["--connections", "3"]].concat());
    server.ok("en", &["route", "set", "near", "--site", "printers"]);
    server.ok("en", &["route", "set", "near", "--account", "anne@first.test"]);
    server.ok("en", &["route", "set", "near", "--domain", "second.test"]);
    server.ok("en", &["route", "set", "direct", "--owner", "autre"]);
    let setup =
        ["setup", "--direct", "--admin", "admin@rcpt.test", "--no-test", "--host-name", "mail.facteur.test"];
    server.ok("en", &setup);
    let mut openssl = Command::new(find("openssl", "openssl"));
    let key = run(openssl.args(["genpkey", "-algorithm", "ed25519"]), b"").out;
    let domain = format!(
        "[[domain]]\nname = 'first.test'\nreturn_path = 'bounces.first.test'\n[[domain.key]]\nselector = 'one'\nalgorithm = 'ed25519'\nsecret = \"\"\"\n{key}\"\"\"\n"
    );
    applied(&server, &domain, &[]);
    server.ok("en", &["domain", "publish", "first.test", "--imap", "imap.first.test", "--local-part"]);
    server
}

fn apply(server: &Server, locale: &str, text: &str, more: &[&str]) -> Done {
    server.ask(locale, &[&["apply", "-"], more].concat(), text.as_bytes())
}

#[track_caller]
fn applied(server: &Server, text: &str, more: &[&str]) -> String {
    let done = apply(server, "en", text, more);
    assert_eq!(done.code, 0, "{done:?}\n{text}");
    done.out
}

#[test]
fn what_is_exported_makes_the_same_server_again() {
    let server = full();
    let open = server.ok("en", &["export"]);
    assert!(open.contains("first.test") && !open.contains("PRIVATE KEY"), "{open}");
    assert!(!open.contains("password") && !open.contains(PASSWORD), "no secret unless asked:\n{open}");
    let path = server.directory().join("all.toml");
    let file = path.to_str().expect("a plain path");
    server.ok("en", &["export", "--with-secrets", "--output", file]);
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    let again = server.ask("en", &["export", "--with-secrets", "--output", file], b"");
    assert_eq!(again.code, 65, "nothing is written over: {again:?}");
    let all = fs::read_to_string(&path).expect("the file");
    assert!(all.contains(&format!("password = \"{PASSWORD}\"")), "the relay's");
    assert!(all.contains("PRIVATE KEY"), "the domain's");
    assert!(!all.contains("secret.return_path"), "what a server makes for itself is its own");
    let other = Server::start();
    let shown = applied(&other, &all, &["--dry-run"]);
    assert!(shown.contains("+ relay gmail") && shown.contains("would be made"), "{shown}");
    assert_eq!(other.json(&["relay", "list"]).as_array().map(Vec::len), Some(0), "a dry run does nothing");
    let done = applied(&other, &all, &[]);
    assert!(!done.contains("Password:"), "nothing had to be made:\n{done}");
    assert_eq!(other.ok("en", &["export", "--with-secrets"]), all);
    assert!(applied(&other, &all, &[]).contains("as the file says already"));
    assert!(applied(&server, &open, &[]).contains("as the file says already"), "without secrets, they stay");
    let auth = format!("AUTH PLAIN {}", STANDARD.encode(format!("\0anne@first.test\0{PASSWORD}")));
    let said = replies(other.port(Port::StartTls), "starttls", &[&auth]);
    assert!(said[0].starts_with("235 "), "{said:?}");
}

#[test]
fn a_change_is_told_by_its_name_and_passwords_come_from_where_they_are() {
    let server = full();
    fs::write(server.directory().join("pass"), "un mot de passe du fichier\nune autre ligne\n")
        .expect("a file");
    let text = "
        [[relay]]
        name = 'near'
        host = '127.0.0.1'
        port = 2501
        tls = 'never'
        no_auth = true
        max_connections = 3
        [[relay]]
        name = 'far'
        host = 'smtp.far.test'
        login = 'moi'
        password_env = 'FAR_PASSWORD'
        [[account]]
        login = 'bob@first.test'
        password_file = 'pass'
        [[account]]
        login = 'eve@first.test'
        [[route]]
        for = 'default'
        relay = 'far'
    ";
    let path = server.directory().join("change.toml");
    fs::write(&path, text).expect("a file");
    let file = path.to_str().expect("a plain path");
    let mut command = server.command("fr", &["apply", file]);
    let done = run(command.env("FAR_PASSWORD", "le sien"), b"");
    assert_eq!(done.code, 0, "{done:?}");
    let said = plain(&done.out);
    let lines = [
        "~ relay near (port)",
        "+ relay far",
        "+ account bob@first.test",
        "+ account eve@first.test",
        "~ route default (relay)",
        "5 changements ont été faits.",
    ];
    for line in lines {
        assert!(said.lines().any(|said| said == line), "no “{line}” in:\n{said}");
    }
    assert!(
        said.contains("eve@first.test") && !said.contains("le sien"),
        "a password that was made is shown once"
    );
    let auth = format!("AUTH PLAIN {}", STANDARD.encode("\0bob@first.test\0un mot de passe du fichier"));
    assert!(replies(server.port(Port::StartTls), "starttls", &[&auth])[0].starts_with("235 "));
    // The same again: what was made before stays.
    let mut command = server.command("fr", &["apply", file]);
    let done = run(command.env("FAR_PASSWORD", "le sien"), b"");
    assert!(plain(&done.out).contains("Tout est déjà comme le dit le fichier"), "{done:?}");
    assert_eq!(
        server.json(&["route", "list"]).as_array().map(Vec::len),
        Some(5),
        "what is not named is left alone"
    );
}

#[test]
fn what_cannot_be_is_named_and_nothing_is_done() {
    let server = full();
    let before = server.ok("en", &["export"]);
    for (text, code, part) in [
        ("[[relay]]\nname = 'x'\nhots = 'h'\n", 78, "line 3"),
        ("[[relay]]\nname = 'x'\nno_auth = true\n", 64, "relay x: host"),
        ("[[relay]]\nname = 'x'\nhost = 'h.test'\nlogin = 'l'\n", 64, "relay x: password"),
        ("[[relay]]\nname = 'x'\npreset = 'nobody'\n", 65, "relay x: preset"),
        ("[[relay]]\nname = 'direct'\nhost = 'h.test'\nno_auth = true\n", 1, "direct"),
        ("[[account]]\nlogin = 'boutique'\nsenders = ['*']\n", 1, "boutique"),
        ("[[account]]\nlogin = 'x@y.test'\npassword = 'court'\n", 65, "account x@y.test: password"),
        ("[[account]]\nlogin = 'x@y.test'\npassword_hash = 'plain'\n", 65, "account x@y.test: password_hash"),
        ("[[account]]\nlogin = 'x'\n", 64, "account x: senders"),
        ("[[account]]\nlogin = 'x@y.test'\npassword_env = 'FACTEUR_NOT_SET'\n", 1, "FACTEUR_NOT_SET"),
        ("[[site]]\nname = 'x'\nsenders = ['@']\n", 78, "line 3"),
        ("[[owner]]\nname = 'n'\n[[owner]]\nname = 'n'\n", 1, "owner n"),
        ("[[route]]\nfor = 'default'\nrelay = 'none'\n", 1, "none"),
        ("[[route]]\nfor = 'site:none'\nrelay = 'direct'\n", 1, "none"),
        ("[[route]]\nfor = 'somewhere'\nrelay = 'direct'\n", 65, "route somewhere: for"),
        ("[settings]\nadministrator = 'nobody at all'\n", 65, "administrator"),
        ("[settings]\ncolour = 'blue'\n", 1, "colour"),
        (
            "[[domain]]\nname = 'd.test'\n[[domain.key]]\nselector = 's'\nalgorithm = 'rsa'\nsecret = 'x'\n",
            65,
            "domain d.test: key",
        ),
    ] {
        let text = format!("[[owner]]\nname = 'would-be-made'\n{text}");
        let text = text.replace("line 3", "line 5");
        let part = part.replace("line 3", "line 5");
        for locale in ["en", "fr"] {
            let done = apply(&server, locale, &text, &[]);
            assert_eq!(done.code, code, "{text}\n{done:?}");
            assert!(plain(&done.err).contains(&part), "no “{part}” of\n{text}\nin {done:?}");
        }
    }
    assert_eq!(server.ok("en", &["export"]), before, "nothing was done");
}

#[test]
fn secrets_are_not_written_onto_a_terminal() {
    let server = full();
    let mut command = Command::new(find("python3", "python3"));
    command.args(["-c", include_str!("terminal.py"), "[]", FACTEUR, "export", "--with-secrets"]);
    let done = run(command.env("FACTEUR_DATA", server.data()), b"");
    assert_eq!(done.code, 64, "{done:?}");
    assert!(!done.out.contains("password"), "{done:?}");
}
