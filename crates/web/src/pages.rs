//! The pages, one module each: a request becomes an operation, its answer becomes a page.

mod accounts;
mod blocks;
mod discover;
mod domains;
mod explain;
mod keys;
mod messages;
mod needs;
mod overview;
mod own;
mod own_relays;
mod passkeys;
mod protection;
mod reason;
mod record;
mod rehearsal;
mod relay;
mod relays;
mod setup;
mod sign_in;
mod statistics;
mod story;
mod stream;
mod webhooks;

pub(crate) use explain::is_mail;

use crate::Web;
use crate::ask::{Ask, is_own_page};
use crate::notice::Notice;
use crate::table::Route;
use crate::trouble::{Trouble, fault_words};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use control::{Answer, Blame, Fault, Operation, percent_encoded as segment};

/// All pages.
pub(crate) fn routes() -> Vec<Route> {
    let all = [
        sign_in::routes(),
        overview::routes(),
        record::routes(),
        messages::routes(),
        story::routes(),
        relays::routes(),
        relay::routes(),
        rehearsal::routes(),
        accounts::routes(),
        domains::routes(),
        webhooks::routes(),
        statistics::routes(),
        explain::routes(),
        discover::routes(),
        keys::routes(),
        own::routes(),
        own_relays::routes(),
        protection::routes(),
        passkeys::routes(),
        blocks::routes(),
        setup::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// What a page answers, or why there is none.
type Shown = Result<Response, Refused>;

/// Why a page is not shown.
pub(crate) enum Refused {
    /// The operation was not done.
    Fault(Box<Fault>),
    /// Anything else.
    Trouble(Trouble),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl IntoResponse for Refused {
    /// A response without words: the frame puts them in.
    fn into_response(self) -> Response {
        let fault = match self {
            Self::Trouble(trouble) => return trouble.into_response(),
            Self::Fault(fault) => fault,
        };
        let mut response = status_of(&fault).into_response();
        response.extensions_mut().insert(*fault);
        response
    }
}

/// The status that programs read of an operation that was not done.
const fn status_of(fault: &Fault) -> StatusCode {
    match fault.blame {
        Blame::NotAllowed => StatusCode::FORBIDDEN,
        Blame::Missing => StatusCode::NOT_FOUND,
        Blame::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Blame::Store | Blame::NotRunning => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// Asks for an operation in the name of whoever asks.
async fn perform(web: &Web, ask: &Ask, operation: Operation) -> Result<Answer, Fault> {
    web.control.perform(&ask.caller(), operation).await
}

/// Back to a page, with what came of the form.
fn back(web: &Web, ask: &Ask, to: &str, notice: Notice) -> Response {
    web.notices.put(ask, notice);
    Redirect::to(if is_own_page(to) { to } else { "/" }).into_response()
}

/// Back to a page, because the box that says "I am sure" was not ticked.
fn unsure(web: &Web, ask: &Ask, to: &str) -> Response {
    back(web, ask, to, Notice::bad(ask.say("web-not-sure"), ask.say("web-not-sure-fix")))
}

/// Removes something when the box that says "I am sure" was ticked, and goes back to the list that it was in.
async fn removed(
    (web, ask): (&Web, &Ask),
    sure: bool,
    (here, list): (&str, &str),
    operation: Operation,
    said: &str,
) -> Response {
    if !sure {
        return unsure(web, ask, here);
    }
    match perform(web, ask, operation).await {
        Ok(_) => back(web, ask, list, Notice::good(ask.say(said))),
        Err(fault) => failed(web, ask, here, &fault),
    }
}

/// Back to a page, with what went wrong.
fn failed(web: &Web, ask: &Ask, to: &str, fault: &Fault) -> Response {
    back(web, ask, to, bad(ask, fault))
}

/// What went wrong, as a notice.
fn bad(ask: &Ask, fault: &Fault) -> Notice {
    let (what, fix) = fault_words(&ask.phrases, fault);
    Notice::bad(what, fix)
}
