//! The real texts: each judged as a person would paste it, against the cause that was found by hand.

use explain::{CauseId, Confidence, Effect, Place, Verdict, Who, judge, judge_text};
use mail::{Evidence, Peer, Reply, Seen, Stage, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    text: String,
    stage: String,
    code: Option<String>,
    enhanced: Option<String>,
    cause_id: String,
    #[serde(default)]
    also_ok: Vec<String>,
    who_can_fix: String,
}

impl Case {
    /// The step that the envelope of the case states, where it is one of sending.
    fn stage(&self) -> Option<Stage> {
        match self.stage.as_str() {
            "dns" => Some(Stage::Resolve),
            "connect" => Some(Stage::Connect),
            "greeting" => Some(Stage::Greeting),
            "ehlo" => Some(Stage::Ehlo),
            "tls" => Some(Stage::Tls),
            "auth" => Some(Stage::Auth),
            "mail" => Some(Stage::Mail),
            "rcpt" => Some(Stage::Rcpt),
            "data" => Some(Stage::EndOfData),
            _ => None,
        }
    }

    fn is_right(&self, cause: CauseId) -> bool {
        self.cause_id == cause.as_str() || self.also_ok.iter().any(|also| also == cause.as_str())
    }

    fn reply(&self) -> Option<Reply> {
        let code = self.code.as_deref()?.parse().ok()?;
        Some(Reply::new(code, self.enhanced.as_deref().and_then(|e| e.parse().ok()), self.text.clone()))
    }
}

fn cases() -> Vec<Case> {
    let text = include_str!("../data/cases.jsonl");
    text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

fn verdict(case: &Case) -> Verdict {
    judge_text(&case.text, None, case.stage())
}

/// How many of the carried cases must be right, in parts of a hundred.
const BAR_PERCENT: usize = 90;

#[test]
fn the_real_texts_get_their_causes_and_no_wrong_answer_is_sure() {
    let carried: Vec<Case> =
        cases().into_iter().filter(|case| CauseId::lookup(&case.cause_id).is_some()).collect();
    let (mut right, mut high, mut who) = (0, 0, 0);
    let mut wrong_high = Vec::new();
    for case in &carried {
        let verdict = verdict(case);
        let is_high = verdict.confidence == Confidence::High;
        high += usize::from(is_high);
        who += usize::from(who_of(&case.who_can_fix) == verdict.who);
        if case.is_right(verdict.cause) {
            right += 1;
            continue;
        }
        println!(
            "{} {} -> {} {}: {:?}",
            case.id, case.cause_id, verdict.cause, verdict.confidence, case.text
        );
        if is_high {
            wrong_high.push(case.id.clone());
        }
    }
    println!("{right} right, {high} sure, {who} with the right person, of {}", carried.len());
    assert!(wrong_high.is_empty(), "sure and wrong: {wrong_high:?}");
    assert!(right * 100 >= BAR_PERCENT * carried.len(), "{right} of {}", carried.len());
}

/// A text whose cause the catalogue does not carry yet must not be explained with certainty.
#[test]
fn a_cause_that_is_not_carried_is_never_answered_with_certainty() {
    let sure: Vec<String> = cases()
        .iter()
        .filter(|case| CauseId::lookup(&case.cause_id).is_none())
        .map(|case| (case, verdict(case)))
        .filter(|(case, verdict)| verdict.confidence == Confidence::High && !case.is_right(verdict.cause))
        .map(|(case, verdict)| format!("{} {} -> {}: {}", case.id, case.cause_id, verdict.cause, case.text))
        .collect();
    assert!(sure.is_empty(), "{sure:#?}");
}

fn who_of(word: &str) -> Who {
    match word {
        "wait" => Who::Nobody,
        "admin" => Who::Administrator,
        other => other.parse().expect("a person of the list"),
    }
}

#[test]
fn no_text_about_a_message_closes_a_relay() {
    let peer = Peer { host: "smtp.gmail.com".into(), address: None, port: 587 };
    let mut replies = 0;
    for (case, stage) in cases().iter().flat_map(|case| {
        [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::EndOfData].map(|stage| (case.reply(), stage))
    }) {
        let Some(reply) = case else { continue };
        replies += 1;
        let seen = Seen::Reply { reply };
        let evidence = Evidence { at: Timestamp(0), stage, peer: Some(peer.clone()), seen };
        for place in Place::ALL {
            let verdict = judge(&evidence, *place);
            let closing = matches!(verdict.effect, Effect::CloseRelay | Effect::BackOffRelay);
            assert!(!closing, "{place} {stage:?} {evidence}: {verdict:?}");
        }
    }
    assert!(replies > 1_000, "the cases have their reply codes");
}

#[test]
fn no_stranger_closes_a_relay_even_before_the_mail() {
    for case in cases() {
        let Some(reply) = case.reply() else { continue };
        let seen = Seen::Reply { reply };
        let evidence = Evidence { at: Timestamp(0), stage: Stage::Auth, peer: None, seen };
        for place in [Place::Direct, Place::Submission, Place::Pasted] {
            let effect = judge(&evidence, place).effect;
            let scope_is_ours =
                matches!(effect, Effect::CloseRelay | Effect::BackOffRelay | Effect::StopSender);
            assert!(!scope_is_ours, "{place} {evidence}: {effect}");
        }
    }
}
