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
                                    td class="text" { (line.entry.operation) }
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
