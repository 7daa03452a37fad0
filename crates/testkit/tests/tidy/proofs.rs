//! Every row of `docs/reliability/rows.toml` names tests that exist, and every proof names a row that exists.

use crate::tree::{caught, files, none, root};
use std::collections::BTreeSet;

const ROWS: &str = "docs/reliability/rows.toml";

/// The rows whose tests are not in the tree, and the rows that lack a word.
fn broken_rows(text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let rows: toml::Table = text.parse().unwrap_or_else(|error| panic!("{ROWS}: {error}"));
    let mut breaches = Vec::new();
    for (row, said) in &rows {
        for word in ["what", "bar"] {
            if said.get(word).and_then(toml::Value::as_str).is_none_or(str::is_empty) {
                breaches.push(format!("{ROWS}: {row} has no `{word}`"));
            }
        }
        let tests = said.get("tests").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if tests.is_empty() {
            breaches.push(format!("{ROWS}: {row} names no test"));
        }
        let absent = tests.iter().filter_map(toml::Value::as_str).filter(|test| !exists(test));
        breaches.extend(absent.map(|test| format!("{ROWS}: {row} names `{test}`, which is not there")));
    }
    breaches
}

/// Whether `path/of/file.rs::function`, or the path of a script, is in the tree.
fn in_the_tree(test: &str) -> bool {
    let (path, function) =
        test.split_once("::").map_or((test, None), |(path, function)| (path, Some(function)));
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    !text.is_empty() && function.is_none_or(|name| text.contains(&format!("fn {name}(")))
}

/// The rows that the tests of the tree write down: the first word of each call.
fn proved(text: &str) -> BTreeSet<String> {
    let calls = text.split("proof::passed(").skip(1);
    calls
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_row_names_tests_that_exist() {
    caught(
        &broken_rows("[A1]\nwhat = \"x\"\nbar = \"y\"\ntests = [\"nowhere.rs::f\"]\n[A2]\n", |_| false),
        4,
    );
    let text = std::fs::read_to_string(root().join(ROWS)).expect("the rows can be read");
    none(broken_rows(&text, in_the_tree));
}

#[test]
fn every_proof_is_of_a_row() {
    assert!(proved("proof::passed(\n    \"Z9\", x)").contains("Z9"));
    let text = std::fs::read_to_string(root().join(ROWS)).expect("the rows can be read");
    let rows: toml::Table = text.parse().expect("the rows are TOML");
    let here = |path: &str| path.ends_with(file!().rsplit('/').next().unwrap_or_default());
    let proofs = files().into_iter().filter(|file| file.extension() == "rs" && !here(&file.path));
    let strangers =
        proofs.flat_map(|file| proved(&file.text).into_iter().map(move |row| (file.path.clone(), row)));
    let unknown = strangers.filter(|(_, row)| !rows.contains_key(row));
    none(unknown.map(|(path, row)| format!("{path}: proves {row}, which {ROWS} does not have")).collect());
}
