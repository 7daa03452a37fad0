//! Every key that is used exists, in both languages, with the same gaps.

use super::{EN, FR, Phrases};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;
use mail::Language;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Each key, attributes as `key.attribute`, with its gaps.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// Keys that are put together from a beginning and a word; each with its words.
const FAMILIES: &[&str] = &["help-facteur", "fault-", "value-"];

#[track_caller]
fn keys(files: &[&str]) -> Keys {
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

/// The sources of this crate, tests apart.
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

/// The string literals of the sources.
fn literals() -> BTreeSet<String> {
    let mut texts = Vec::new();
    sources(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), &mut texts);
    texts.iter().flat_map(|text| text.split('"')).map(str::to_owned).collect()
}

#[test]
fn both_languages_have_the_same_keys_and_gaps() {
    let (en, fr) = (keys(EN), keys(FR));
    for (key, gaps) in &en {
        assert_eq!(fr.get(key), Some(gaps), "{key}");
    }
    assert_eq!(en.len(), fr.len());
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    let known = keys(EN);
    let literals = literals();
    let begins: BTreeSet<&str> =
        known.keys().filter(|key| !key.contains('.')).filter_map(|key| key.split('-').next()).collect();
    for key in known.keys().filter(|key| !key.contains('.')) {
        let family = FAMILIES.iter().any(|family| key.starts_with(family));
        assert!(family || literals.contains(key), "{key} is used nowhere");
    }
    // A literal that looks like a key, and begins as keys do, is one.
    let like_a_key = |text: &&String| {
        text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    for literal in literals.iter().filter(like_a_key) {
        let begin = literal.split('-').next().unwrap_or_default();
        let family = FAMILIES.iter().any(|family| literal == family);
        assert!(family || !begins.contains(begin) || known.contains_key(literal), "{literal} has no words");
    }
}

#[test]
fn every_blame_has_its_cause_and_its_fix() {
    let known = keys(EN);
    for blame in control::Blame::ALL {
        let key = format!("fault-{}", blame.as_str());
        assert!(known.contains_key(&key), "{key}");
    }
    let troubled = ["fault-", "client-", "config-", "store-", "trouble-"];
    for key in known.keys().filter(|key| troubled.iter().any(|begin| key.starts_with(begin))) {
        let fix = if key.contains('.') { key.clone() } else { format!("{key}.fix") };
        assert!(known.contains_key(&fix), "{key} says what is wrong, and not what to do");
    }
}

#[test]
fn numbers_and_plurals_are_those_of_the_language() {
    let (en, fr) = (Phrases::of(Language::En), Phrases::of(Language::Fr));
    for (phrases, count, text) in [
        (&en, 0, "0 minutes"),
        (&en, 1, "1 minute"),
        (&en, 1_234_567, "1,234,567 minutes"),
        (&fr, 0, "0 minute"),
        (&fr, 2, "2 minutes"),
        (&fr, 12_345, "12\u{202f}345 minutes"),
    ] {
        assert_eq!(phrases.fill("span-minutes", [("count", count.into())]), text);
    }
    assert_eq!(fr.say("colon"), "\u{a0}:");
    assert_eq!(en.say("no-such-key"), "no-such-key");
}
