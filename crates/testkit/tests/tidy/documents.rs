//! What the pages say is there, and both languages say the same.

use crate::metadata::read;
use crate::tree::{File, caught, files, none, root};

/// Lines of ARCHITECTURE.md: a newcomer reads it in one sitting.
const ARCHITECTURE_LINES: usize = 200;
/// Endings by which a word in backticks is known to be a file of the tree.
const FILE_ENDINGS: &[&str] = &[".rs", ".md", ".py", ".sh", ".c"];

fn page(name: &str) -> File {
    let text = std::fs::read_to_string(root().join(name));
    File { path: name.to_owned(), text: text.unwrap_or_else(|error| panic!("{name}: {error}")) }
}

/// The lines of a page outside its code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Paths that a page names in backticks and that are not in the tree.
fn missing_paths(file: &File) -> Vec<String> {
    let plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let is_path = |word: &&str| {
        // What lies beside the tree is not everywhere.
        let inside = word.split_once('/').is_some_and(|(top, _)| top != ".." && root().join(top).is_dir());
        inside || (FILE_ENDINGS.iter().any(|ending| word.ends_with(ending)) && !word.starts_with('.'))
    };
    let absent = |word: &&str| !root().join(word.trim_end_matches('/')).exists();
    quoted(&file.text)
        .filter(plain)
        .filter(is_path)
        .filter(absent)
        .map(|word| format!("{}: names `{word}`, which is not there", file.path))
        .collect()
}

/// Links of a page to files that are not there.
fn broken_links(file: &File) -> Vec<String> {
    let mut breaches = Vec::new();
    let directory = root().join(&file.path).parent().map(std::path::Path::to_path_buf).unwrap_or_default();
    for line in prose(&file.text) {
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let local = target.split('#').next().unwrap_or_default();
            let outside = target.contains("://") || target.starts_with("mailto:") || local.is_empty();
            if !outside && !directory.join(local).exists() {
                breaches.push(format!("{}: the link to `{target}` leads nowhere", file.path));
            }
        }
    }
    breaches
}

/// The levels of a page's headings, in order.
fn headings(text: &str) -> Vec<usize> {
    let hashes = |line: &str| line.chars().take_while(|c| *c == '#').count();
    prose(text).map(hashes).filter(|level| *level > 0).collect()
}

/// `make` targets that a page names and the Makefile does not have.
fn missing_targets(file: &File, makefile: &str) -> Vec<String> {
    let target = |word: &str| word.strip_prefix("make ")?.split_whitespace().next().map(str::to_owned);
    let known = |name: &String| makefile.lines().any(|line| line.starts_with(&format!("{name}:")));
    quoted(&file.text)
        .filter_map(target)
        .filter(|name| !known(name))
        .map(|name| format!("{}: the Makefile has no `{name}`", file.path))
        .collect()
}

fn pages() -> Vec<File> {
    let pages: Vec<File> = files().into_iter().filter(|file| file.extension() == "md").collect();
    assert!(pages.len() >= 5, "the walk did not find the project's pages");
    pages
}

fn sample(text: &str) -> File {
    File { path: "ARCHITECTURE.md".to_owned(), text: text.to_owned() }
}

#[test]
fn named_paths_exist() {
    caught(
        &missing_paths(&sample(
            "see `crates/nobody/src/lib.rs`, `nothing.py`, `Cargo.toml`, `a/b`, `../c`\n",
        )),
        2,
    );
    none(["ARCHITECTURE.md", "CONTRIBUTING.md"].map(page).iter().flat_map(missing_paths).collect());
}

#[test]
fn every_crate_is_in_the_architecture() {
    let text = page("ARCHITECTURE.md").text;
    let metadata = read();
    let unnamed = metadata.members().filter(|package| !quoted(&text).any(|word| word == package.name));
    none(unnamed.map(|package| format!("ARCHITECTURE.md does not name `{}`", package.name)).collect());
}

#[test]
fn the_architecture_is_short() {
    let lines = page("ARCHITECTURE.md").text.lines().count();
    assert!(lines <= ARCHITECTURE_LINES, "ARCHITECTURE.md has {lines} lines; at most {ARCHITECTURE_LINES}");
}

#[test]
fn links_lead_somewhere() {
    caught(&broken_links(&sample("[a](nothing.md) [b](README.md#x) [c](https://example.org) [d](#e)\n")), 1);
    none(pages().iter().flat_map(broken_links).collect());
}

#[test]
fn both_languages_have_the_same_sections() {
    assert_eq!(headings("# a\n```\n# no\n```\n## b\n"), [1, 2]);
    assert_eq!(headings(&page("README.md").text), headings(&page("README.fr.md").text));
}

#[test]
fn named_commands_exist() {
    let makefile = page("Makefile").text;
    caught(&missing_targets(&sample("`make nothing`, `make test`\n"), &makefile), 1);
    none(pages().iter().flat_map(|file| missing_targets(file, &makefile)).collect());
}

#[test]
fn the_changelog_is_open() {
    let text = page("CHANGELOG.md").text;
    assert!(text.lines().any(|line| line.trim() == "## Unreleased"), "CHANGELOG.md has no `## Unreleased`");
}
