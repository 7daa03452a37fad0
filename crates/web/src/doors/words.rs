//! Why mail is not taken, in our own shape and in those of others.

use super::respond;
use crate::api::Problem;
use crate::ask::Ask;
use axum::http::StatusCode;
use axum::response::Response;
use control::NotTaken;
use control::phrases::Phrases;
use explain::{CauseId, Facts, Place};
use letter::shape::{Blame, Failure, Shape};
use letter::{Problem as Reason, Wrong};
use mail::Language;
use queue::Refusal;

/// Who is to blame.
fn blame(not: &NotTaken) -> Blame {
    match not {
        NotTaken::Wrong(Wrong { problem: Reason::Json(_), .. }) => Blame::Form,
        NotTaken::Wrong(_) | NotTaken::Nobody(_) => Blame::Field,
        NotTaken::Twice => Blame::Twice,
        NotTaken::Missing => Blame::Nothing,
        NotTaken::Late => Blame::Late,
        NotTaken::Refusal(refusal) => match refusal {
            Refusal::SenderNotOwned(_) | Refusal::AuthorNotOwned(_) => Blame::Sender,
            Refusal::Blocked => Blame::Rights,
            Refusal::TooBig(_) => Blame::Size,
            Refusal::Store(_) | Refusal::NoRandomness => Blame::Server,
            _ => Blame::Field,
        },
    }
}

/// The page that explains it, for what is not just a field.
fn cause(not: &NotTaken) -> Option<&'static str> {
    match not {
        NotTaken::Refusal(refusal) => Some(refusal.cause()),
        NotTaken::Nobody(_) => Some("recipient_unknown"),
        NotTaken::Wrong(_) | NotTaken::Twice | NotTaken::Missing | NotTaken::Late => None,
    }
}

/// What is wrong, and what to do.
fn words(not: &NotTaken, phrases: &Phrases) -> (String, String) {
    let pair = |key: &str| (phrases.say(key), phrases.beside(key, "fix", []).unwrap_or_default());
    let explained = |id: Option<CauseId>, sender: Option<&String>| {
        let id = id.unwrap_or(CauseId::UNKNOWN);
        let facts = Facts { sender: sender.cloned(), ..Facts::default() };
        let words = explain::words(id, None, Place::Submission, phrases.language(), &facts);
        (words.cause, words.fix)
    };
    match not {
        NotTaken::Wrong(wrong) => {
            (format!("{}.", wrong.words(phrases.language())), phrases.say("web-door-field"))
        }
        NotTaken::Twice => pair("web-door-twice"),
        NotTaken::Missing => pair("web-door-missing"),
        NotTaken::Late => pair("web-door-late"),
        NotTaken::Nobody(_) => explained(cause(not).and_then(CauseId::lookup), None),
        NotTaken::Refusal(refusal) => {
            let sender = match refusal {
                Refusal::SenderNotOwned(address) | Refusal::AuthorNotOwned(address) => Some(address),
                _ => None,
            };
            let id = cause(not).and_then(CauseId::lookup);
            let (what, fix) = explained(id, sender);
            match sender {
                Some(address) => (format!("<{address}> {what}"), fix),
                None => (what, fix),
            }
        }
    }
}

/// Why a letter is not taken, as our own API tells it.
pub(super) fn problem(ask: &Ask, en: &Phrases, fr: &Phrases, not: &NotTaken) -> Problem {
    let failure = failure(ask, en, fr, not);
    let code = match (failure.blame, not) {
        (Blame::Sender, _) => "sender_not_owned",
        (Blame::Rights, _) => "blocked",
        (Blame::Form, _) => "malformed_json",
        (Blame::Twice, _) => "idempotency_conflict",
        (Blame::Late, _) => "too_late",
        (Blame::Nothing, _) => "not_found",
        (Blame::Size, _) => "too_large",
        (Blame::Server, _) => "unavailable",
        _ if failure.is_missing => "field_missing",
        _ => "invalid_field",
    };
    let status = StatusCode::from_u16(failure.blame.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Problem::told((code, status), [words(not, en), words(not, fr)], cause(not), &failure.field)
}

/// The same, for the shapes of others.
pub(super) fn failure(ask: &Ask, en: &Phrases, fr: &Phrases, not: &NotTaken) -> Failure {
    let phrases = match ask.language() {
        Language::En => en,
        Language::Fr => fr,
    };
    let (what, fix) = words(not, phrases);
    let mut failure = Failure::new(blame(not), format!("{what} {fix}").trim_end());
    if let NotTaken::Wrong(wrong) = not {
        failure.field.clone_from(&wrong.field);
        failure.is_missing = wrong.problem == Reason::Missing;
    }
    failure
}

/// What went wrong before or beside a letter, in the shape of the address that was asked.
pub(crate) fn in_shape(shape: Shape, problem: &Problem, phrases: &Phrases) -> Response {
    let blame = match problem.status().as_u16() {
        400 | 415 => Blame::Form,
        401 => Blame::Key,
        403 if problem.code() == "sender_not_owned" => Blame::Sender,
        403 => Blame::Rights,
        404 => Blame::Nothing,
        405 => Blame::Method,
        409 if problem.code() == "too_late" => Blame::Late,
        409 => Blame::Twice,
        413 => Blame::Size,
        422 => Blame::Field,
        429 => Blame::Pace,
        _ => Blame::Server,
    };
    let (what, fix) = problem.words(phrases);
    let mut failure = Failure::new(blame, format!("{what} {fix}").trim_end());
    failure.field = problem.about().to_owned();
    failure.is_missing = problem.code() == "field_missing";
    respond(shape.failure(&failure))
}
