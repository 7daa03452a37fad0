//! Each crate says what it is, is linted as all are, and ships no file that nobody reads.

use crate::metadata::read;
use crate::tree::{File, caught, files, none, paths};

/// Words of a crate's own doc below which it says nothing.
const DOC_WORDS: usize = 25;

/// The text of the `//!` lines at the top of a file.
fn module_doc(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The root module of a crate says what it owns and what it never does; every module says what it is.
fn undocumented(file: &File) -> Vec<String> {
    if !file.path.starts_with("crates/") || file.extension() != "rs" {
        return Vec::new();
    }
    let doc = module_doc(&file.text);
    let mut breaches = Vec::new();
    if doc.trim().is_empty() {
        breaches.push(format!("{}: begins without a module doc (`//!`)", file.path));
    }
    let root = file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
    let words = doc.split_whitespace().count();
    let doc = doc.to_lowercase();
    let limits = doc.contains("never") || doc.contains("nothing of");
    if root && (words < DOC_WORDS || !doc.contains("own") || !limits) {
        breaches.push(format!(
            "{}: the crate's doc says what it owns, what it never does and where to start, in at least {DOC_WORDS} words",
            file.path
        ));
    }
    breaches
}

fn manifest(file: &File) -> Vec<String> {
    let ours = file.path.starts_with("crates/") && file.name() == "Cargo.toml";
    let linted = file.text.contains("[lints]\nworkspace = true");
    (ours && !linted)
        .then(|| format!("{}: lacks `[lints] workspace = true`", file.path))
        .into_iter()
        .collect()
}

/// The directory of the crate that a path belongs to.
fn crate_of(path: &str) -> Option<&str> {
    let (name, _) = path.strip_prefix("crates/")?.split_once('/')?;
    path.get(.."crates/".len() + name.len())
}

/// Files of a crate that no Rust source of it names, neither by name nor by directory.
/// A golden file that nobody reads proves nothing and is believed all the same.
fn unread<'a>(paths: &'a [String], sources: &[File]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for path in paths {
        let Some(home) = crate_of(path) else { continue };
        if [".rs", "/Cargo.toml", "/README.md", ".proptest-regressions"].iter().any(|end| path.ends_with(end))
        {
            continue;
        }
        let inside = path.strip_prefix(home).unwrap_or(path).trim_start_matches('/');
        // `a/b/c.txt` is read when a source says "c.txt", "a/b" or "b".
        let (directory, name) = inside.rsplit_once('/').unwrap_or(("", inside));
        let read = sources.iter().filter(|source| crate_of(&source.path) == Some(home)).any(|source| {
            source.text.contains(name) || directories(directory).any(|part| quotes(&source.text, part))
        });
        if !read {
            found.push(path.as_str());
        }
    }
    found
}

/// Every tail of a directory path: `a/b/c`, `b/c`, `c`.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    starts.filter_map(|at| path.get(at..)).filter(|tail| !tail.is_empty())
}

/// Whether a string literal of the text ends with this directory.
fn quotes(text: &str, directory: &str) -> bool {
    ["\"", "/"]
        .iter()
        .any(|before| ["\"", "/\""].iter().any(|after| text.contains(&format!("{before}{directory}{after}"))))
}

#[test]
fn crates_say_what_they_are() {
    let sample = |path: &str, text: &str| undocumented(&File { path: path.into(), text: text.into() });
    caught(&sample("crates/mail/src/lib.rs", "//! Words.\n"), 1);
    caught(&sample("crates/mail/src/lib.rs", "mod a;\n"), 2);
    caught(&sample("crates/mail/src/a.rs", "//! Words.\n"), 0);
    none(files().iter().flat_map(undocumented).collect());
}

#[test]
fn crates_are_linted() {
    caught(&manifest(&File { path: "crates/mail/Cargo.toml".into(), text: "[package]\n".into() }), 1);
    none(files().iter().flat_map(manifest).collect());
}

#[test]
fn a_crate_has_one_integration_test() {
    let metadata = read();
    let more = metadata
        .members()
        .filter(|package| package.targets.iter().filter(|kind| kind.as_str() == "test").count() > 1);
    none(
        more.map(|package| format!("{}: each test binary links everything once more", package.name))
            .collect(),
    );
}

#[test]
fn every_golden_file_is_read() {
    let source = |text: &str| File { path: "crates/mail/tests/a.rs".into(), text: text.into() };
    let golden = ["crates/mail/tests/data/one.eml".to_owned()];
    assert_eq!(unread(&golden, &[source("nothing")]).len(), 1);
    assert_eq!(unread(&golden, &[source("mail data, sorted")]).len(), 1);
    assert_eq!(unread(&golden, &[source("read(\"tests/data\")")]).len(), 0);
    assert_eq!(unread(&golden, &[source("root.join(\"data\")")]).len(), 0);
    assert_eq!(unread(&golden, &[source("include_str!(\"data/one.eml\")")]).len(), 0);
    let sources: Vec<File> = files().into_iter().filter(|file| file.extension() == "rs").collect();
    let all = paths();
    none(
        unread(&all, &sources).iter().map(|path| format!("{path}: no test and no source reads it")).collect(),
    );
}
