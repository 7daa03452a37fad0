//! The lint of the catalogue: it fails when a wording lacks anything or breaks its typography, when a link
//! is malformed, when a rule does not find the texts that made it.

use crate::catalogue::{Catalogue, Pair, causes};
use crate::cause::{Cause, Confidence, Group};
use crate::facts::Facts;
use crate::judge::{judge_text, judge_with};
use crate::norm::Reading;
use crate::rule::Kind;
use crate::scene::Hint;
use crate::words::{FACT_NAMES, fill};
use mail::{EnhancedCode, Language, Timestamp};

/// Sisimai's reasons (p5-sisimai v5).
const SISIMAI: &[&str] = &[
    "authfailure",
    "badreputation",
    "blocked",
    "contenterror",
    "delivered",
    "exceedlimit",
    "expired",
    "failedstarttls",
    "feedback",
    "filtered",
    "hasmoved",
    "hostunknown",
    "mailboxfull",
    "mailererror",
    "mesgtoobig",
    "networkerror",
    "norelaying",
    "notaccept",
    "notcompliantrfc",
    "onhold",
    "policyviolation",
    "rejected",
    "requireptr",
    "securityerror",
    "spamdetected",
    "speeding",
    "suppressed",
    "suspend",
    "syntaxerror",
    "systemerror",
    "systemfull",
    "toomanyconn",
    "undefined",
    "userunknown",
    "vacation",
    "virusdetected",
];

/// KumoMTA's predefined bounce classes.
const KUMOMTA: &[&str] = &[
    "AuthenticationFailed",
    "BadConfiguration",
    "BadConnection",
    "BadDomain",
    "ContentRelated",
    "DNSFailure",
    "InactiveMailbox",
    "InvalidRecipient",
    "InvalidSender",
    "MessageExpired",
    "NoAnswerFromHost",
    "PolicyRelated",
    "ProhibitedAttachment",
    "ProtocolErrors",
    "QuotaIssues",
    "RelayDenied",
    "RoutingErrors",
    "SpamBlock",
    "SpamContent",
    "TransientFailure",
    "Uncategorized",
    "VirusBlock",
];

fn all_facts() -> Facts {
    Facts {
        host: Some("mx.example.org".into()),
        port: Some(465),
        relay: Some("main".into()),
        sender: Some("info@example.org".into()),
        limit_bytes: Some(25_000_000),
        names: vec!["a.example".into(), "b.example".into()],
        ended: Some(Timestamp(1_772_323_200_000)),
        wait_secs: Some(300),
        missing: Some("AUTH PLAIN".into()),
        address: Some("192.0.2.1".into()),
        when: Some("Monday at 9".into()),
        at_prompt: true,
    }
}

/// Every text of a cause that is a sentence, with the name of its place in the files.
fn sentences(cause: &Cause) -> Vec<(String, &Pair)> {
    let id = cause.id;
    let wording = &cause.wording;
    let mut found = vec![(format!("{id}.cause"), &wording.cause), (format!("{id}.fix"), &wording.fix)];
    let at = wording.at.iter().map(|(place, special)| (format!("{id}.at.{place}"), special));
    let of = wording.provider.iter().map(|(name, special)| (format!("{id}.provider.{name}"), special));
    for (name, special) in at.chain(of) {
        let fields = [("cause", &special.cause), ("fix", &special.fix), ("then", &special.then)];
        for (field, pair) in fields {
            found.extend(pair.as_ref().map(|pair| (format!("{name}.{field}"), pair)));
        }
    }
    found
}

fn each_text(mut check: impl FnMut(&str, Language, &str)) {
    for cause in causes() {
        for (name, pair) in sentences(cause) {
            for language in Language::ALL {
                check(&name, language, pair.of(language));
            }
        }
    }
    for (id, topic) in &Catalogue::built_in().topics {
        for pair in [&topic.title, &topic.about].into_iter().chain(&topic.steps) {
            for language in Language::ALL {
                check(&format!("{id}.topic"), language, pair.of(language));
            }
        }
    }
}

#[test]
fn every_wording_is_one_whole_sentence_with_and_without_its_facts() {
    each_text(|name, language, template| {
        for facts in [Facts::default(), all_facts()] {
            let text = fill(template, &facts, language);
            if name.ends_with(".then") && text.is_empty() {
                continue;
            }
            let fault = fault_of_sentence(&text);
            assert!(fault.is_none(), "{name}.{language}: {}: {text:?}", fault.unwrap_or_default());
        }
    });
}

fn fault_of_sentence(text: &str) -> Option<&'static str> {
    let ends_with_command =
        text.rsplit_once("facteur ").is_some_and(|(front, _)| front.ends_with([' ', '\u{a0}']));
    if !text.starts_with(char::is_uppercase) {
        return Some("begins with no capital");
    }
    if !text.ends_with('.') && !ends_with_command {
        return Some("ends with no full stop");
    }
    if text.trim_end_matches('.').contains(". ") {
        return Some("is more than one sentence");
    }
    if text.contains(['[', ']', '{', '}', '|', '"', '’', '\n']) || text.contains("...") {
        return Some("has a mark that does not belong into it");
    }
    if text.contains("  ")
        || text.ends_with(" .")
        || text.ends_with(" .")
        || text.contains(",,")
        || text.contains(",.")
    {
        return Some("has a hole");
    }
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).any(is_bare_code).then_some("has a bare code")
}

/// A reply code or an enhanced code: people cannot act on one. 465 and 587 are ports, 500 is a quota.
fn is_bare_code(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    let is_reply = word.len() == 3 && word.starts_with(['4', '5']) && !["465", "587", "500"].contains(&word);
    is_reply || word.parse::<EnhancedCode>().is_ok()
}

#[test]
fn every_gap_is_a_known_fact_inside_brackets() {
    each_text(|name, language, template| {
        let mut depth = 0_i32;
        for (at, c) in template.char_indices() {
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                '{' => {
                    let fact = template[at + 1..].split('}').next().unwrap_or_default();
                    assert!(FACT_NAMES.contains(&fact), "{name}.{language}: no fact is named {fact}");
                    assert_eq!(depth, 1, "{name}.{language}: {{{fact}}} stands outside brackets");
                }
                _ => {}
            }
            assert!((0..=1).contains(&depth), "{name}.{language}: brackets");
        }
        assert_eq!(depth, 0, "{name}.{language}: brackets");
    });
}

/// The convention: a no-break space (U+00A0) before `: ; ! ? »` and after `«`, plain apostrophes, French
/// quotes only.
#[test]
fn french_is_set_as_french() {
    let mut texts = Vec::new();
    each_text(|name, language, template| {
        if language == Language::Fr {
            texts.push((name.to_owned(), fill(template, &all_facts(), language)));
            texts.push((name.to_owned(), fill(template, &Facts::default(), language)));
        }
    });
    for who in crate::cause::Who::ALL {
        for place in crate::cause::Place::ALL {
            texts.push((format!("who.{who}"), who.label(*place, Language::Fr).to_owned()));
        }
    }
    for (name, text) in texts {
        let mut before = ' ';
        for c in text.chars() {
            let needs_space = ":;!?»".contains(c);
            assert!(!needs_space || before == '\u{a0}', "{name}: no no-break space before {c}: {text:?}");
            assert!(before != '«' || c == '\u{a0}', "{name}: no no-break space after «: {text:?}");
            assert!(!"“”‘’\u{202f}".contains(c), "{name}: {c:?} is no French mark here: {text:?}");
            before = c;
        }
    }
}

#[test]
fn english_is_set_as_english() {
    each_text(|name, language, template| {
        if language == Language::En {
            let text = fill(template, &Facts::default(), language);
            for mark in [" :", " ;", " !", " ?", "«", "»", "\u{a0}", "\u{202f}"] {
                assert!(!text.contains(mark), "{name}: {mark:?} in {text:?}");
            }
        }
    });
}

#[test]
fn every_link_is_a_link() {
    for cause in causes() {
        let wording = &cause.wording;
        let special = wording.at.values().chain(wording.provider.values()).filter_map(|s| s.link.as_ref());
        for (pair, language) in
            wording.link.iter().chain(special).flat_map(|pair| Language::ALL.map(|language| (pair, language)))
        {
            let link = pair.of(language);
            let rest = link.strip_prefix("https://").unwrap_or_default();
            let (host, _) = rest.split_once('/').unwrap_or((rest, ""));
            let plain = link.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"{}|\\^`[]".contains(&b));
            assert!(plain && host.contains('.') && !host.ends_with('.'), "{}: {link}", cause.id);
        }
    }
}

#[test]
fn every_wording_of_a_provider_names_a_provider() {
    for cause in causes() {
        for name in cause.wording.provider.keys() {
            assert!(Catalogue::built_in().provider(name).is_some(), "{}: {name}", cause.id);
        }
    }
}

#[test]
fn every_cause_is_exported_in_the_words_of_other_schemes() {
    for cause in causes().filter(|cause| cause.group != Group::Queue) {
        let export = &cause.export;
        let iana = export.iana.as_deref().unwrap_or_default();
        assert!(iana.parse::<EnhancedCode>().is_ok(), "{}: {iana}", cause.id);
        assert!(SISIMAI.contains(&export.sisimai.as_deref().unwrap_or_default()), "{}", cause.id);
        assert!(KUMOMTA.contains(&export.kumomta.as_deref().unwrap_or_default()), "{}", cause.id);
    }
}

/// Causes that no text has: they come from typed evidence alone, or from this server's own state.
const WITHOUT_RULES: &[&str] =
    &["unknown", "complaint", "delivered", "conversation_timeout", "tls_response_injected"];

#[test]
fn every_cause_has_a_rule() {
    let rules = &Catalogue::built_in().rules;
    for cause in causes().filter(|cause| cause.group != Group::Queue) {
        let id = cause.id.as_str();
        let has_rule = rules.iter().any(|rule| rule.cause == id);
        assert_ne!(has_rule, WITHOUT_RULES.contains(&id), "{id}");
    }
}

#[test]
fn every_rule_finds_the_texts_that_made_it() {
    let catalogue = Catalogue::built_in();
    let mut wrong = Vec::new();
    for rule in &catalogue.rules {
        assert!(!(rule.seen.is_empty() && rule.typical.is_empty()), "a rule of {} has no text", rule.cause);
        for seen in rule.seen.iter().chain(&rule.typical) {
            let (stage, protocol) = (rule.stage.first().copied(), rule.protocol.first().copied());
            let hint = Hint { host: None, stage, protocol };
            let verdict = judge_with(seen, &hint);
            let rank = |confidence| Confidence::ALL.iter().position(|one| *one == confidence);
            // A sharper rule of the same cause may decide first; words of the language may be contested.
            let is_sure = rule.kind != Kind::Fixed || rank(verdict.confidence) <= rank(rule.confidence);
            let is_judged = verdict.cause.as_str() == rule.cause && is_sure;
            let reading = Reading::of_text(seen, &hint);
            let hits = catalogue.matcher.scan(&reading.text, &reading.plain);
            let at = rule.at.first().map(String::as_str);
            if !is_judged || rule.fits(&reading, &catalogue.matcher, &hits, at).is_none() {
                wrong.push(format!(
                    "{} ({}): {seen:?} -> {} {} by {:?}",
                    rule.cause,
                    rule.confidence,
                    verdict.cause,
                    verdict.confidence,
                    verdict.words_that_decided
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A text as it is compared with the known ones: their addresses, names and numbers were changed here and there.
fn bare_words(text: &str) -> String {
    let reading = Reading::of_text(text, &Hint::default());
    let is_word = |word: &&str| !word.contains('.') && !word.bytes().any(|byte| byte.is_ascii_digit());
    let words: Vec<&str> = reading.plain.split(' ').filter(is_word).collect();
    words.join(" ")
}

#[test]
fn what_is_called_seen_is_among_the_known_texts() {
    let known: Vec<String> = crate::likeness::known_texts().map(|text| bare_words(&text)).collect();
    let rules = &Catalogue::built_in().rules;
    let seen = rules.iter().flat_map(|rule| rule.seen.iter().map(move |text| (&rule.cause, text)));
    let made_up: Vec<_> = seen
        .filter(|(_, text)| {
            let words = bare_words(text);
            !known.iter().any(|known| known.contains(&words))
        })
        .collect();
    assert!(made_up.is_empty(), "no source says so; call it typical: {made_up:#?}");
}

#[test]
fn the_code_of_a_refusal_of_our_own_is_read_in_all_its_forms() {
    for text in [
        "552 5.3.4 Message larger than 9 bytes [F:message_too_big]",
        "552 5.3.4 Message larger than 9 bytes [F:message_too_big] https://docs.test/message_too_big",
        "[F:message_too_big]",
        "F:message_too_big",
        "message_too_big",
    ] {
        let verdict = judge_text(text, None, None);
        assert_eq!(
            (verdict.cause.as_str(), verdict.confidence),
            ("message_too_big", Confidence::High),
            "{text}"
        );
    }
    assert_eq!(judge_text("F:frozen", None, None).cause.as_str(), "frozen");
}

#[test]
fn nothing_is_made_up_where_nothing_is_known() {
    for text in ["", "hello", "550 5.9.9 Wibble wobble", "\u{0}\u{fffd}", "< < < @ > [ { |", "554"] {
        let verdict = judge_text(text, None, None);
        assert_eq!((verdict.cause.as_str(), verdict.confidence), ("unknown", Confidence::None), "{text:?}");
    }
}
