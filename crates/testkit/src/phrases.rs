//! The words of a face: every key that is used exists, in both languages, with the same gaps.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "it runs in tests only, where a failure is how one is told"
)]

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Each key, attributes as `key.attribute`, with its gaps.
pub type Keys = BTreeMap<String, BTreeSet<String>>;

/// The keys of Fluent files.
#[track_caller]
pub fn keys(files: &[&str]) -> Keys {
    let mut keys = Keys::new();
    for file in files {
        let resource = parse(*file).unwrap_or_else(|(_, errors)| panic!("{errors:?} in {file:.60}"));
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let id = message.id.name;
            let mut add = |key: String, pattern: &Pattern<&str>| {
                let mut gaps = BTreeSet::new();
                in_pattern(pattern, &mut gaps);
                assert!(keys.insert(key.clone(), gaps).is_none(), "{key} is there twice");
            };
            if let Some(pattern) = &message.value {
                add(id.to_owned(), pattern);
            }
            for attribute in &message.attributes {
                add(format!("{id}.{}", attribute.id.name), &attribute.value);
            }
        }
    }
    keys
}

fn in_pattern(pattern: &Pattern<&str>, gaps: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { .. } => {}
            PatternElement::Placeable { expression: Expression::Inline(inline) } => in_inline(inline, gaps),
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                in_inline(selector, gaps);
                variants.iter().for_each(|variant| in_pattern(&variant.value, gaps));
            }
        }
    }
}

fn in_inline(inline: &InlineExpression<&str>, gaps: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            gaps.insert(id.name.to_owned());
        }
        InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
        other => panic!("words use gaps and nothing cleverer: {other:?}"),
    }
}

/// The sources below a directory, tests apart.
fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
        }
    }
}

/// The string literals of the sources of some crates.
fn literals(crates: &[&str]) -> BTreeSet<String> {
    let mut texts = Vec::new();
    for name in crates {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src"), &mut texts);
    }
    texts.iter().flat_map(|text| text.split('"')).map(str::to_owned).collect()
}

/// Both languages have the same keys with the same gaps.
#[track_caller]
pub fn same(en: &[&str], fr: &[&str]) {
    let (en, fr) = (keys(en), keys(fr));
    for (key, gaps) in &en {
        assert_eq!(fr.get(key), Some(gaps), "{key}");
    }
    assert_eq!(en.len(), fr.len());
}

/// Every key is used in these crates, and every key that they use exists. `families` are beginnings that keys are put
/// together from.
#[track_caller]
pub fn used(files: &[&str], crates: &[&str], families: &[&str]) {
    let known = keys(files);
    let literals = literals(crates);
    let begins: BTreeSet<&str> =
        known.keys().filter(|key| !key.contains('.')).filter_map(|key| key.split('-').next()).collect();
    for key in known.keys().filter(|key| !key.contains('.')) {
        let family = families.iter().any(|family| key.starts_with(family));
        assert!(family || literals.contains(key), "{key} is used nowhere");
    }
    // A literal that looks like a key, and begins as keys do, is one.
    let like_a_key = |text: &&String| {
        text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    for literal in literals.iter().filter(like_a_key) {
        let begin = literal.split('-').next().unwrap_or_default();
        let family = families.iter().any(|family| literal == family);
        assert!(family || !begins.contains(begin) || known.contains_key(literal), "{literal} has no words");
    }
}
