//! Commands that mean nothing: one sentence of cause, one of what to do, in both languages, and the documented code.

use crate::support::server::Server;

/// The documented exit codes (sysexits.h).
const FAILED: i32 = 1;
const USAGE: i32 = 64;
const DATA: i32 = 65;

/// A wrong command, its exit code, and what its complaint must name: the same in both languages, or `English|French`.
const CASES: &[(&str, i32, &str)] = &[
    ("", USAGE, "facteur"),
    ("staus", USAGE, "status"),
    ("status --jsn", USAGE, "--json"),
    ("status extra", USAGE, "extra"),
    ("--lang de status", USAGE, "de"),
    ("relay", USAGE, "facteur relay"),
    ("relay ad", USAGE, "add"),
    ("relay add --host", USAGE, "--host"),
    ("relay add x --host mx.test --port 99999 --no-auth", USAGE, "99999"),
    ("relay add x --host mx.test --tls maybe --no-auth", USAGE, "maybe"),
    ("relay add x --host mx.test --no-auth --login me", USAGE, "--login"),
    ("relay add x --host mx.test", USAGE, "--login"),
    ("relay add x --no-auth", USAGE, "--host"),
    ("relay add --host mx.test --no-auth", USAGE, "NAME|NOM"),
    ("relay add outlook --login me@outlook.com --password-stdin", DATA, "OAuth2"),
    ("relay add x --preset nosuch --login me --password-stdin", DATA, "gmail"),
    ("relay add x --host 1.2.3.4 --no-auth", DATA, "--insecure"),
    ("relay add x --host 1.2.3.4 --tls never --login me --password-stdin", DATA, "--insecure"),
    ("relay add x --host a..b --no-auth", DATA, "a..b"),
    ("relay add x --host mx.test --ca /nonexistent.pem --no-auth", DATA, "/nonexistent.pem"),
    ("relay password nosuch --password-stdin", FAILED, "nosuch"),
    ("relay test nosuch", FAILED, "nosuch"),
    ("relay remove nosuch", FAILED, "nosuch"),
    ("account add", USAGE, "LOGIN|IDENTIFIANT"),
    ("account add someone", USAGE, "--sender"),
    ("account add a@b.test --sender nonsense", USAGE, "nonsense"),
    ("account password nosuch", FAILED, "nosuch"),
    ("account add a@b.test --password-stdin", DATA, "8"),
    ("site add printers --network 10.0.0.0/33 --sender @b.test", USAGE, "10.0.0.0/33"),
    ("site add printers --network 10.0.0.0/8", USAGE, "--sender"),
    ("route set nosuch --default", FAILED, "nosuch"),
    ("route set nosuch", USAGE, "--default"),
    ("queue delete", USAGE, "--all"),
    ("queue list --older-than soon", USAGE, "soon"),
    ("queue list --state strange", USAGE, "strange"),
    ("queue list --cause strange", DATA, "strange"),
    ("queue list --relay nosuch", FAILED, "nosuch"),
    ("queue list not-an-id", USAGE, "not-an-id"),
    ("why", USAGE, "ID"),
    ("why nosuch", FAILED, "nosuch"),
    ("send", USAGE, "ADDRESS|ADRESSE"),
    ("send nobody", USAGE, "nobody"),
    ("explain", USAGE, ""),
    ("postqueue", USAGE, "-p"),
    ("postqueue -p -j", USAGE, "-j"),
    ("postqueue -i !!", FAILED, "!!"),
];

/// Runs a wrong command in one language, and gives its complaint.
#[track_caller]
fn complaint(server: &Server, locale: &str, line: &str, code: i32) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let input: &[u8] = if line.contains("--password-stdin") { b"short\n" } else { b"" };
    let done = server.ask(locale, &arguments, input);
    assert_eq!(done.code, code, "{locale}: facteur {line}: {done:?}");
    assert_eq!(done.out, "", "{locale}: facteur {line}");
    assert!(!done.err.contains("panicked"), "{locale}: facteur {line}: {done:?}");
    done.err
}

#[test]
fn every_wrong_command_is_told_what_is_wrong_and_what_to_do() {
    let server = Server::start();
    let mut breaches = Vec::new();
    for &(line, code, word) in CASES {
        let [en, fr] = ["en", "fr"].map(|locale| complaint(&server, locale, line, code));
        let is_help = ["", "relay"].contains(&line);
        let (english, french) = word.split_once('|').unwrap_or((word, word));
        for (text, begin, word) in [(&en, "facteur: ", english), (&fr, "facteur\u{a0}: ", french)] {
            let lines: Vec<&str> = text.lines().collect();
            let sentences =
                lines.len() == 2 && text.starts_with(begin) && lines.iter().all(|line| line.len() > 5);
            if !(is_help || sentences) || !text.contains(word) {
                breaches.push(format!("facteur {line}\n{text}"));
            }
        }
        if en == fr {
            breaches.push(format!("facteur {line}: the same in both languages\n{en}"));
        }
    }
    assert!(
        breaches.is_empty(),
        "{} complaints are not as they should be:\n\n{}",
        breaches.len(),
        breaches.join("\n")
    );
    assert_eq!(server.json(&["relay", "list"]), serde_json::json!([]), "nothing of it was done");
}

#[test]
fn a_place_without_a_server_is_told_apart() {
    let server = Server::fresh("en", "");
    let empty = server.directory().join("nothing");
    let empty = empty.to_str().expect("a plain path");
    for (locale, words) in [("en", "There is no server in"), ("fr", "Il n'y a pas encore de serveur dans")] {
        let done = server.ask(locale, &["--data", empty, "status"], b"");
        assert_eq!(done.code, 69, "{done:?}");
        assert!(done.err.contains(words) && done.err.contains("facteur start"), "{done:?}");
    }
    std::fs::write(server.data().join("facteur.toml"), "listner = 1\n").expect("a configuration");
    for locale in ["en", "fr"] {
        let done = server.ask(locale, &["start"], b"");
        assert_eq!(done.code, 78, "{done:?}");
        assert!(done.err.contains("listner") && done.err.contains("facteur.toml"), "{done:?}");
    }
}
