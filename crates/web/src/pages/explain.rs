//! What a pasted refusal, bounce or log means.

use super::Shown;
use super::reason::because;
use crate::Web;
use crate::ask::Ask;
use crate::forms::form;
use crate::guard::Fields;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use control::reader::span;
use control::wording::Reason;
use explain::{Confidence, Facts, Hint, Place, Verdict, bounce, log, provider_name, words};
use maud::{Markup, html};
use std::sync::Arc;

/// How many answers are shown: a log may have thousands of failures.
const SHOWN: usize = 30;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/explain", Access::Person, reading(empty)),
        Route::change("/explain", Access::Person, changing(explained)),
    ]
}

async fn empty(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    Ok(page(&web, &ask, "", &html! {}))
}

async fn explained(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let text = fields.exact("text");
    let answers = answers(&ask, text);
    let shown = html! {
        section aria-live="polite" {
            @if answers.is_empty() { div class="card calm" { p { (ask.say("web-explain-nothing")) } } }
            @for answer in &answers { (answer) }
        }
    };
    Ok(page(&web, &ask, text, &shown))
}

fn page(web: &Web, ask: &Ask, text: &str, answers: &Markup) -> Response {
    let fields = html! {
        div class="field" {
            label for="text" { (ask.say("web-explain-label")) }
            textarea id="text" name="text" rows="7" spellcheck="false" required aria-describedby="text-hint" { "\n" (text) }
            p class="hint" id="text-hint" { (ask.say("web-explain-hint")) }
        }
        button { (ask.say("web-explain-do")) }
    };
    let content = html! {
        h1 { (ask.say("web-nav-explain")) }
        section class="card" { (form(ask, "/explain", &fields)) }
        (answers)
    };
    Page::new(ask.say("web-nav-explain"), Section::Explain, content).answer(web, ask)
}

/// Whether a text begins as mail does: with a header.
pub(crate) fn is_mail(text: &str) -> bool {
    let header = |line: &str| {
        line.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
        })
    };
    text.lines().next().is_some_and(header)
}

/// The answers: one a recipient of a bounce, one a failure of a log, else one.
fn answers(ask: &Ask, text: &str) -> Vec<Markup> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let report = bounce::read(text.as_bytes());
    if is_mail(text) && !report.recipients.is_empty() {
        let one = |of: &bounce::Recipient| answer(ask, Some(&of.address), &of.verdict, None);
        return report.recipients.iter().take(SHOWN).map(one).collect();
    }
    if log::is_log(text) {
        let one = |failure: log::Failure<'_>| {
            let verdict = explain::judge_with(failure.text, &failure.hint());
            answer(ask, failure.recipient.or(failure.id), &verdict, failure.host.as_deref())
        };
        return log::failures(text).take(SHOWN).map(one).collect();
    }
    vec![answer(ask, None, &explain::judge_with(text, &Hint::default()), None)]
}

fn answer(ask: &Ask, about: Option<&str>, verdict: &Verdict, host: Option<&str>) -> Markup {
    let facts =
        Facts { host: host.map(str::to_owned), wait_secs: verdict.retry_after_secs, ..Facts::default() };
    let words = words(verdict.cause, verdict.provider, Place::Pasted, ask.language(), &facts);
    let reason = Reason { cause: verdict.cause, words, raw: String::new() };
    let wait = match (verdict.may_pass_later, verdict.retry_after_secs) {
        (true, Some(secs)) => {
            ask.fill("web-explain-wait", [("span", span(i64::from(secs) * 1_000, &ask.reader()).into())])
        }
        (true, None) => ask.say("web-explain-later"),
        (false, _) => ask.say("web-explain-never"),
    };
    html! {
        article class="card" {
            @if let Some(about) = about { h2 { (about) } }
            (because(ask, &reason))
            p { (wait) }
            @if let Some(name) = verdict.provider.and_then(provider_name) {
                p class="soft" { (ask.fill("web-explain-provider", [("name", name.into())])) }
            }
            @if verdict.confidence == Confidence::Low { p class="soft" { (ask.say("web-explain-unsure")) } }
            p class="soft" { (ask.fill("web-explain-cause", [("cause", verdict.cause.as_str().into())])) }
        }
    }
}
