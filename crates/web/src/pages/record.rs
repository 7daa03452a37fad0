//! The record: who changed what, and when, the newest first.

use super::reason::stamp;
use super::{Shown, perform};
use crate::Web;
use crate::ask::Ask;
use crate::guard::Fields;
use crate::page::{Page, Section};
use crate::table::{Access, Route, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use control::{Answer, Operation};
use mail::EventId;
use maud::html;
use std::sync::Arc;

/// How many entries a page shows.
const SHOWN: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::read("/record", Access::Helper, reading(show))]
}

/// What was done, in words; a name that this version does not know, from an older one or a newer, as it is.
fn words_of(ask: &Ask, operation: &str) -> String {
    let key = key_of(operation);
    let words = ask.say(&key);
    if words == key { operation.to_owned() } else { words }
}

fn key_of(operation: &str) -> String {
    format!("web-op-{}", operation.replace(' ', "-"))
}

async fn show(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>, uri: Uri) -> Shown {
    let fields = Fields::of(uri.query().unwrap_or_default().as_bytes());
    let before = fields.number("before").map(EventId);
    let operation = Operation::AuditList { before, limit: SHOWN };
    let Answer::Audits { entries, next } = perform(&web, &ask, operation).await? else {
        return Err(Trouble::Ours.into());
    };
    let title = ask.say("web-record-title");
    let content = html! {
        p class="crumb" { a href="/" { (ask.say("web-nav-overview")) } }
        h1 { (title) }
        section class="card" {
            p class="hint" { (ask.say("web-record-hint")) }
            @if entries.is_empty() { p { (ask.say("web-record-empty")) } } @else {
                div class="wide" tabindex="0" role="region" aria-label=(title) {
                    table {
                        thead { tr {
                            th scope="col" { (ask.say("web-record-when")) }
                            th scope="col" class="text" { (ask.say("web-record-who")) }
                            th scope="col" class="text" { (ask.say("web-record-what")) }
                            th scope="col" class="text" { (ask.say("web-record-on")) }
                        } }
                        tbody {
                            @for line in &entries {
                                tr {
                                    th scope="row" class="moment" { (stamp(&ask, line.at)) }
                                    td class="text" { (line.entry.caller) }
                                    td class="text" { (words_of(&ask, &line.entry.operation)) }
                                    td class="text" { (line.entry.on) }
                                }
                            }
                        }
                    }
                }
            }
            @if let Some(next) = next {
                p { a class="button quiet" rel="next" href={ "/record?before=" (next.0) } { (ask.say("web-next-page")) } }
            }
        }
    };
    Ok(Page::new(title, Section::Overview, content).answer(&web, &ask))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::phrases;
    use mail::Language;

    /// Where operations get their names.
    const SOURCES: [&str; 4] = [
        include_str!("../../../control/src/operation.rs"),
        include_str!("../../../control/src/protection.rs"),
        include_str!("../../../control/src/webhooks.rs"),
        include_str!("../../../control/src/keys.rs"),
    ];
    /// What only looks, and is not written down.
    const LOOKS: [&str; 5] = ["status", "domain check", "metrics", "why", "statistics"];

    #[test]
    fn every_operation_that_is_written_down_has_its_words() {
        let bodies =
            SOURCES.iter().flat_map(|source| source.split("const fn name(&self) -> &'static str {").skip(1));
        let names: Vec<&str> = bodies
            .filter_map(|rest| rest.split("\n    }\n").next())
            .flat_map(|body| body.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()))
            .filter(|name| !name.ends_with(" list") && !name.ends_with(" show") && !LOOKS.contains(name))
            .collect();
        // What is written down without an operation.
        let besides = ["portal sign-in", "portal sign-in by link", "passkey", "first mail of a local user"];
        let names: Vec<&str> = names.into_iter().chain(besides).collect();
        assert!(names.len() > 50, "{names:?}");
        for language in Language::ALL {
            let phrases = phrases(language);
            for name in &names {
                let key = key_of(name);
                assert_ne!(phrases.say(&key), key, "{language:?}");
            }
        }
    }
}
