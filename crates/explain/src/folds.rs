//! How well the catalogue answers to what it has not seen: each fifth of the known texts is judged by a catalogue
//! that does without it.
//!
//! What goes with the texts: they are no witnesses of likeness any more, and every phrase of a rule goes that no
//! other known text has (a rule goes when it has none left). What nobody can take back is that whoever wrote the other
//! phrases, and the groups of words, knew these texts too; so the figures are a little better than those of a lot
//! that is truly new, which `catalogue/known/README.md` has.

use crate::catalogue::Catalogue;
use crate::cause::{CauseId, Confidence, Who};
use crate::judge::{Books, judge_by};
use crate::likeness::{Known, known_lines};
use crate::norm::Reading;
use crate::scene::Hint;
use serde::Deserialize;
use std::collections::BTreeSet;

const FOLDS: usize = 5;

#[derive(Deserialize)]
struct Case {
    id: String,
    text: String,
    #[serde(default)]
    stage: String,
    cause_id: String,
    #[serde(default)]
    also_ok: Vec<String>,
    who_can_fix: String,
    retry: bool,
    #[serde(skip)]
    line: &'static str,
}

impl Case {
    fn fold(&self) -> usize {
        self.id.bytes().fold(7, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)))
            % FOLDS
    }

    fn is_right(&self, cause: CauseId) -> bool {
        self.cause_id == cause.as_str() || self.also_ok.iter().any(|also| also == cause.as_str())
    }

    fn who(&self) -> Who {
        match self.who_can_fix.as_str() {
            "wait" => Who::Nobody,
            "admin" => Who::Administrator,
            other => other.parse().expect("a person of the list"),
        }
    }
}

fn cases() -> Vec<Case> {
    let case = |line: &'static str| Case { line, ..serde_json::from_str(line).expect("a case") };
    known_lines().map(case).collect()
}

/// Of each phrase that speaks for a rule, by rule and place: the folds of the texts that have it.
fn witnesses(cases: &[Case]) -> Vec<Vec<BTreeSet<usize>>> {
    let catalogue = Catalogue::built_in();
    let mut witnesses: Vec<Vec<BTreeSet<usize>>> =
        catalogue.rules.iter().map(|rule| vec![BTreeSet::new(); rule.speaking().count()]).collect();
    for case in cases {
        let reading = Reading::of_text(&case.text, &Hint::of_word(None, &case.stage));
        let hits = catalogue.matcher.scan(&reading.text, &reading.plain);
        for (rule, witnesses) in catalogue.rules.iter().zip(&mut witnesses) {
            for (phrase, folds) in rule.speaking().zip(witnesses) {
                if hits.find(&catalogue.matcher, phrase).is_some() {
                    folds.insert(case.fold());
                }
            }
        }
    }
    witnesses
}

/// The books without what only the texts of one fold tell.
fn books_without(fold: usize, cases: &[Case], witnesses: &[Vec<BTreeSet<usize>>]) -> Books {
    let only_there = |folds: &BTreeSet<usize>| folds.len() == 1 && folds.contains(&fold);
    let catalogue = Catalogue::read_with(|rules| {
        let mut of_rule = witnesses.iter();
        rules.retain_mut(|rule| {
            let folds = of_rule.next().expect("a rule has its witnesses");
            rule.retain(|place| folds.get(place).is_none_or(|folds| !only_there(folds)))
        });
    });
    let lines = cases.iter().filter(|case| case.fold() != fold).map(|case| case.line);
    // Read once for each fold, and never dropped: an answer may name what stands in it.
    Books {
        catalogue: Box::leak(Box::new(catalogue.expect("a catalogue"))),
        known: Box::leak(Box::new(Known::read(lines))),
    }
}

#[test]
fn texts_that_were_left_out_get_their_causes() {
    let cases = cases();
    let witnesses = witnesses(&cases);
    let (mut exact, mut who, mut retry, mut sure, mut wrong_and_sure) = (0, 0, 0, 0, 0);
    for fold in 0..FOLDS {
        let books = books_without(fold, &cases, &witnesses);
        for case in cases.iter().filter(|case| case.fold() == fold) {
            let verdict = judge_by(&case.text, &Hint::of_word(None, &case.stage), books);
            let is_right = case.is_right(verdict.cause);
            let is_sure = verdict.confidence == Confidence::High;
            exact += usize::from(is_right);
            who += usize::from(verdict.who == case.who());
            retry += usize::from(verdict.may_pass_later == case.retry);
            sure += usize::from(is_sure);
            wrong_and_sure += usize::from(is_sure && !is_right);
            if !is_right || verdict.who != case.who() {
                println!(
                    "{} {} -> {} {}: {:?}",
                    case.id, case.cause_id, verdict.cause, verdict.confidence, case.text
                );
            }
        }
    }
    let per_mille = |number: usize| number * 1_000 / cases.len();
    println!(
        "of {} left out: exact {}, who {}, retry {}, sure {} per mille; {wrong_and_sure} sure and wrong",
        cases.len(),
        per_mille(exact),
        per_mille(who),
        per_mille(retry),
        per_mille(sure)
    );
    assert!(per_mille(exact) >= 795 && per_mille(who) >= 840 && per_mille(retry) >= 940);
    assert!(per_mille(sure) >= 520 && wrong_and_sure * 1_000 <= 27 * sure, "few sure answers are wrong");
}
