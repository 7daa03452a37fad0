//! Every dependency comes under a licence that deny.toml lists.

use crate::metadata::{Metadata, read};
use crate::tree::{none, root};

/// Whether one of the alternatives of an SPDX expression consists of listed licences only.
/// Brackets are read as if they stood around each alternative, which is how the registry uses them.
fn allowed(expression: &str, listed: &[String]) -> bool {
    expression.replace(['(', ')'], "").replace('/', " OR ").split(" OR ").any(|alternative| {
        alternative.split(" AND ").all(|licence| listed.iter().any(|known| known == licence.trim()))
    })
}

fn listed() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let document: toml::Table = text.parse().expect("deny.toml is TOML");
    let list = document["licenses"]["allow"].as_array().expect("licenses.allow is a list");
    list.iter().map(|licence| licence.as_str().expect("a licence is a text").to_owned()).collect()
}

fn foreign(metadata: &Metadata, listed: &[String]) -> Vec<String> {
    metadata
        .0
        .values()
        .filter(|package| !allowed(&package.licence, listed))
        .map(|package| format!("{}: `{}` is not in deny.toml", package.name, package.licence))
        .collect()
}

#[test]
fn licences_are_listed() {
    let list = listed();
    assert!(allowed("MIT OR GPL-3.0-only", &list));
    assert!(allowed("Apache-2.0 AND ISC", &list));
    for refused in ["GPL-3.0-only", "AGPL-3.0-or-later", "MIT AND GPL-2.0-only", "LGPL-2.1", ""] {
        assert!(!allowed(refused, &list), "{refused} must not pass");
    }
    none(foreign(&read(), &list));
}
