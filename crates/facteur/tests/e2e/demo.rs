//! `facteur demo` plays the main scene by itself, in both languages, and leaves nothing behind.

use crate::support::chromium::Chromium;
use crate::support::program::{FACTEUR, Running, find, run};
use crate::support::until;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The sentences of a language, in the order in which they must come.
#[track_caller]
fn check(language: &str, sentences: &[&str]) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new(FACTEUR);
    command.env_clear().env("TMPDIR", directory.path()).args(["demo", "--lang", language]);
    let done = run(&mut command, b"");
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.out);
    let mut rest = done.out.as_str();
    for sentence in sentences {
        let (_, after) = rest.split_once(sentence).unwrap_or_else(|| panic!("no “{sentence}” in:\n{rest}"));
        rest = after;
    }
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 0, "something is left behind");
}

#[test]
fn the_demonstration_plays_in_english() {
    check(
        "en",
        &[
            "$ facteur relay add gmail",
            "The relay gmail does not accept the user name and password that this server gives it.",
            "an app password",
            "facteur relay password gmail",
            "535 5.7.8 Username and Password not accepted",
            "$ mailq",
            "Kbytes in 1 Request.",
            "$ facteur relay password gmail",
            "delivered",
            "Gmail has received 1 message",
            "facteur start",
        ],
    );
}

#[test]
fn the_demonstration_plays_in_french() {
    check(
        "fr",
        &[
            "$ facteur relay add gmail",
            "Le relais gmail n'accepte pas le nom d'utilisateur et le mot de passe que ce serveur lui donne.",
            "un mot de passe d'application",
            "$ mailq",
            "(Le relais gmail n'accepte pas",
            "remis",
            "Gmail a reçu 1 message",
            "facteur start",
        ],
    );
}

/// Asks the portal of a demonstration by a browser without a screen, which keeps its cookies in `jar`.
#[track_caller]
fn ask(jar: &Path, address: &str, more: &[&str]) -> String {
    let mut command = Command::new(find("curl", "curl"));
    command.args([
        "--silent",
        "--show-error",
        "--insecure",
        "--location",
        "--max-time",
        "90",
        "--noproxy",
        "*",
    ]);
    // A form that is sent leads on by GET.
    command.arg("--cookie").arg(jar).arg("--cookie-jar").arg(jar).args(more).arg(address);
    let done = run(&mut command, b"");
    assert_eq!(done.code, 0, "{}", done.err);
    done.out
}

/// Takes the pictures of the README, where `FACTEUR_PICTURES` names a folder for pictures.
fn take_pictures(jar: &Path, origin: &str) {
    let Some(folder) = std::env::var_os("FACTEUR_PICTURES").map(PathBuf::from) else { return };
    let mut window = Chromium::start();
    let cookies = fs::read_to_string(jar).expect("cookies");
    for line in cookies.lines().filter(|line| line.contains("__Host-session")) {
        let value = line.split('\t').next_back().expect("its value");
        let cookie =
            json!({"url": origin, "name": "__Host-session", "value": value, "secure": true, "path": "/"});
        window.command("Network.setCookie", &cookie);
    }
    window.widen(1000);
    for language in ["en", "fr"] {
        for (name, page) in [("overview", "/"), ("relay", "/relays/office")] {
            window.open(&format!("{origin}{page}?lang={language}"));
            window.picture(&folder.join(format!("{name}-{language}.png")));
        }
    }
}

/// With `--stay` its portal is there, with a month of history and mail that met each kind of mailbox.
#[test]
fn the_demonstration_stays_with_its_portal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, scratch, jar) =
        (directory.path().join("log"), directory.path().join("scratch"), directory.path().join("jar"));
    fs::create_dir(&scratch).expect("a directory");
    let temporary = [("TMPDIR", scratch.to_str().expect("a plain path"))];
    let words = ["demo", "--stay", "--lang", "en"];
    let mut running = Running::start_with(Path::new(FACTEUR), &words, &temporary, &log);
    let link = until("the way into the portal", 120, || {
        let told = fs::read_to_string(&log).unwrap_or_default();
        let at = told.find("https://localhost:")?;
        told[at..].split_whitespace().next().filter(|_| told.contains("Ctrl-C")).map(str::to_owned)
    });
    let key = |page: &str| {
        let rest = page.split("name=\"key\" value=\"").nth(1).expect("a form");
        rest.split('"').next().expect("its key").to_owned()
    };
    let form = format!("key={}", key(&ask(&jar, &link, &[])));
    ask(&jar, &link, &["--data", &form]);
    let origin = link.split("/sign-in").next().expect("an origin").to_owned();
    // Each kind of mailbox has its story, in the words of the catalogue.
    for (to, cause) in [
        ("patience.example", "greylisted"),
        ("full.example", "recipient_mailbox_full"),
        ("orange.example", "ip_blocked_by_provider"),
    ] {
        let state = if cause == "greylisted" { "waiting" } else { "failed" };
        until(cause, 60, || {
            let page = ask(&jar, &format!("{origin}/messages?state={state}&to={to}&cause={cause}"), &[]);
            page.contains(&format!("@{to}")).then_some(())
        });
    }
    let delivered = format!("{origin}/messages?state=delivered&to=accepts.example");
    until("the one who takes mail has it", 60, || {
        ask(&jar, &delivered, &[]).contains("@accepts.example").then_some(())
    });
    until("the relay with a wrong password is closed", 60, || {
        let page = ask(&jar, &format!("{origin}/messages?relay=office&cause=auth_bad_credentials"), &[]);
        page.contains("lea@accepts.example").then_some(())
    });
    for (by, word) in [("destination", "outlook.com"), ("relay", "town"), ("account", "shop@shop.example")] {
        let page = ask(&jar, &format!("{origin}/statistics?by={by}"), &[]);
        assert!(page.contains(word), "{by}: {page}");
    }
    let days = ask(&jar, &format!("{origin}/statistics?by=day"), &[]);
    assert!(days.matches("<tr>").count() > 25, "a month has days: {days}");
    take_pictures(&jar, &origin);
    // Interrupted, it goes, and leaves nothing behind.
    run(Command::new("/bin/kill").args(["-INT", &running.pid().to_string()]), b"");
    running.until_ended(60);
    assert_eq!(fs::read_dir(&scratch).expect("a directory").count(), 0, "something is left behind");
}
