//! The words for people: the same keys in every language, and French set as French is set.

use crate::tree::{File, caught, files, none};
use std::collections::{BTreeMap, BTreeSet};

/// Where each face keeps its words, below its crate: `en.ftl`, or `en/*.ftl`, and the same for each language.
const LOCALES: &str = "/locales/";
const LANGUAGES: &[&str] = &["en", "fr"];

/// The language that a path below the locales belongs to.
fn language(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.split_once(LOCALES)?.1.split(['/', '.']).next()
}

/// The messages of a Fluent file, and their attributes as `message.attribute`.
fn keys(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut message = String::new();
    for line in text.lines() {
        let Some((name, _)) = line.split_once('=') else { continue };
        let name = name.trim_end();
        let word = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-') && word(name) {
            name.clone_into(&mut message);
            found.insert(message.clone());
        } else if let Some(attribute) = name.trim_start().strip_prefix('.').filter(|name| word(name)) {
            found.insert(format!("{message}.{attribute}"));
        }
    }
    found
}

/// Keys that one language has and another lacks.
fn lacking(files: &[File]) -> Vec<String> {
    let mut by_language: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension() == "ftl") {
        if let Some(language) = language(&file.path) {
            by_language.entry(language).or_default().extend(keys(&file.text));
        }
    }
    let all: BTreeSet<String> = by_language.values().flatten().cloned().collect();
    let mut breaches = Vec::new();
    for language in LANGUAGES.iter().filter(|_| !by_language.is_empty()) {
        let empty = BTreeSet::new();
        let had = by_language.get(language).unwrap_or(&empty);
        breaches.extend(all.difference(had).map(|key| format!("{LOCALES}{language}: lacks `{key}`")));
    }
    breaches
}

/// French puts a space that does not break before `;`, `:`, `!`, `?` and `»`, and after `«`.
fn badly_set(file: &File) -> Vec<String> {
    let french = language(&file.path) == Some("fr") || file.path == "README.fr.md";
    let mut in_code = false;
    let mut breaches = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let catalogue = file.extension() == "toml" && french_value(line);
        if !french && !catalogue {
            continue;
        }
        in_code ^= line.starts_with("```");
        // What stands in backticks or braces is a command or a variable, not a sentence; `![` is a picture, not a call.
        let outside = line.split('`').step_by(2).collect::<Vec<_>>().join("`").replace("![", "[") + " ";
        if !in_code && !line.trim_start().starts_with('#') && breaking(&outside) {
            breaches.push(format!("{}:{}: a sign without its no-break space: {line}", file.path, index + 1));
        }
    }
    breaches
}

/// Whether a line of TOML gives a French text: `fr = "…"`, `cause.fr = "…"`.
fn french_value(line: &str) -> bool {
    let key = line.split_once('=').map_or("", |(key, _)| key.trim_end());
    key.rsplit('.').next() == Some("fr")
}

fn breaking(line: &str) -> bool {
    let signs: Vec<char> = line.chars().collect();
    signs.windows(3).any(|three| match *three {
        [' ', ';' | '!' | '?', _] => true,
        [before, ';' | '!' | '?', ' ' | '"'] => before.is_alphanumeric(),
        [before, '»', _] => before == ' ' || before.is_alphanumeric(),
        [_, '«', after] => after == ' ' || after.is_alphanumeric(),
        [before, ':', ' '] => before.is_alphanumeric() || before == ' ',
        _ => false,
    })
}

#[test]
fn every_language_has_every_key() {
    let file =
        |path: &str, text: &str| File { path: format!("crates/a{LOCALES}{path}"), text: text.to_owned() };
    let sample = [file("en.ftl", "a = A\n    .title = T\nb = B\n"), file("fr.ftl", "a = A\nc =\n    C\n")];
    caught(&lacking(&sample), 3);
    none(lacking(&files()));
}

#[test]
fn french_is_set_as_french() {
    let text = "a = Quoi ?\nb = « non »\nc = Quoi\u{a0}? «\u{a0}oui\u{a0}»\nd = 12:30 https://x.org/?a=b\n";
    caught(&badly_set(&File { path: format!("crates/a{LOCALES}fr.ftl"), text: text.to_owned() }), 2);
    let text = "cause.fr = \"Quoi ?\"\ncause.en = \"What ?\"\n";
    caught(&badly_set(&File { path: "crates/explain/catalogue/a.toml".into(), text: text.into() }), 1);
    none(files().iter().flat_map(badly_set).collect());
}
