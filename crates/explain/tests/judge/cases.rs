//! The real texts: each judged as a person would paste it, against the cause that was found by hand.

use explain::{CauseId, Confidence, Effect, Hint, Place, Verdict, Who, judge, judge_with};
use mail::{Evidence, Peer, Reply, Seen, Stage, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    text: String,
    stage: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    enhanced: Option<String>,
    cause_id: String,
    #[serde(default)]
    also_ok: Vec<String>,
    who_can_fix: String,
    retry: bool,
}

impl Case {
    fn is_right(&self, cause: CauseId) -> bool {
        self.cause_id == cause.as_str() || self.also_ok.iter().any(|also| also == cause.as_str())
    }

    fn reply(&self) -> Option<Reply> {
        let code = self.code.as_deref()?.parse().ok()?;
        Some(Reply::new(code, self.enhanced.as_deref().and_then(|e| e.parse().ok()), self.text.clone()))
    }
}

fn cases() -> Vec<Case> {
    read(include_str!("../../catalogue/known/cases.jsonl"))
}

fn read(text: &str) -> Vec<Case> {
    text.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

fn verdict(case: &Case) -> Verdict {
    judge_with(&case.text, &Hint::of_word(None, &case.stage))
}

/// What a set of cases must reach, in parts of a thousand.
struct Bar {
    exact: usize,
    who: usize,
    retry: usize,
    high: usize,
    wrong_and_sure: usize,
}

#[track_caller]
fn check(cases: &[Case], bar: &Bar) {
    let (mut exact, mut high, mut who, mut retry, mut wrong_and_sure) = (0, 0, 0, 0, 0);
    for case in cases {
        let verdict = verdict(case);
        let is_high = verdict.confidence == Confidence::High;
        let is_right = case.is_right(verdict.cause);
        exact += usize::from(is_right);
        high += usize::from(is_high);
        who += usize::from(who_of(&case.who_can_fix) == verdict.who);
        retry += usize::from(case.retry == verdict.may_pass_later);
        wrong_and_sure += usize::from(is_high && !is_right);
        if !is_right {
            println!(
                "{} {} -> {} {}: {:?}",
                case.id, case.cause_id, verdict.cause, verdict.confidence, case.text
            );
        }
    }
    let per_mille = |number: usize| number * 1_000 / cases.len();
    println!(
        "of {}: exact {}, who {}, retry {}, sure {} per mille; {wrong_and_sure} sure and wrong",
        cases.len(),
        per_mille(exact),
        per_mille(who),
        per_mille(retry),
        per_mille(high)
    );
    assert!(per_mille(exact) >= bar.exact && per_mille(who) >= bar.who && per_mille(retry) >= bar.retry);
    assert!(per_mille(high) >= bar.high && wrong_and_sure <= bar.wrong_and_sure);
}

#[test]
fn the_real_texts_get_their_causes_and_no_wrong_answer_is_sure() {
    check(&cases(), &Bar { exact: 970, who: 980, retry: 980, high: 600, wrong_and_sure: 0 });
}

#[test]
fn more_real_texts_get_their_causes() {
    let more = read(include_str!("../../catalogue/known/more.jsonl"));
    check(&more, &Bar { exact: 970, who: 970, retry: 990, high: 600, wrong_and_sure: 0 });
    let collected = read(include_str!("../../catalogue/known/collected.jsonl"));
    check(&collected, &Bar { exact: 980, who: 970, retry: 980, high: 800, wrong_and_sure: 0 });
    let lots = [
        include_str!("../../catalogue/known/lot-d.jsonl"),
        include_str!("../../catalogue/known/lot-e.jsonl"),
        include_str!("../../catalogue/known/lot-f.jsonl"),
        include_str!("../../catalogue/known/lot-g.jsonl"),
        include_str!("../../catalogue/known/lot-h.jsonl"),
        include_str!("../../catalogue/known/lot-i.jsonl"),
        include_str!("../../catalogue/known/lot-j.jsonl"),
        include_str!("../../catalogue/known/lot-k.jsonl"),
        include_str!("../../catalogue/known/lot-l.jsonl"),
    ];
    let lots: Vec<Case> = lots.into_iter().flat_map(read).collect();
    check(&lots, &Bar { exact: 990, who: 960, retry: 980, high: 850, wrong_and_sure: 0 });
}

#[test]
fn every_case_names_a_cause_of_the_catalogue() {
    for case in cases() {
        assert!(CauseId::lookup(&case.cause_id).is_some(), "{}", case.cause_id);
    }
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
