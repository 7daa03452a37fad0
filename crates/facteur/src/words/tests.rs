//! Every key that is used exists, in both languages, with the same gaps.

use super::{EN, FR, phrases};
use control::phrases::shared;
use mail::Language;
use testkit::phrases::{keys, same, used};

/// Keys that are put together from a beginning and a word; each with its words.
const FAMILIES: &[&str] = &["help-facteur", "fault-", "value-"];

fn all(language: Language) -> Vec<&'static str> {
    let own = if language == Language::En { EN } else { FR };
    [&shared(language), own].concat()
}

#[test]
fn both_languages_have_the_same_keys_and_gaps() {
    same(&all(Language::En), &all(Language::Fr));
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    used(&all(Language::En), &["facteur", "control"], FAMILIES);
}

#[test]
fn every_blame_has_its_cause_and_its_fix() {
    let known = keys(&all(Language::En));
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
    let (en, fr) = (phrases(Language::En), phrases(Language::Fr));
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
