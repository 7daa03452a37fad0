//! `facteur demo` plays the main scene by itself, in both languages, and leaves nothing behind.

use crate::support::program::{FACTEUR, run};
use std::fs;
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
