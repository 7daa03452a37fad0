//! The mail settings of an address: found, tried and ready to copy, shown as they come.

mod found;

use super::stream::{Piece, bad, later, streamed};
use super::{Shown, bad as notice, segment, status_of};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, tick};
use crate::guard::Fields;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::{Trouble, fault_words};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use control::{Answer, Caller, Fault, Operation, Wish, relay_of};
use discover::{Candidate, Discovery};
use mail::Secret;
use maud::{Markup, html};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the page waits for a refusal, which comes at once, before it begins to show.
const REFUSAL_LIMIT: Duration = Duration::from_millis(300);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/discover", Access::Person, reading(empty)),
        Route::change("/discover", Access::Person, changing(searched)),
        Route::change("/discover/profile", Access::Person, changing(profile)),
    ]
}

/// What a search tells while it runs.
enum News {
    /// A server answers.
    Answers(Candidate),
    /// It is over; with it, what became of the wish to send through what was found.
    Over(Box<Result<Discovery, Fault>>, Option<Used>),
}

/// What became of the wish to send through the server that was found.
enum Used {
    /// It is a relay of this name.
    Relay(String),
    /// No server for sending has let anybody in.
    NotLetIn,
    /// It could not be made.
    Refused(Fault),
}

async fn empty(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let wish = Wish { address: String::new(), password: None, trusted: None, private: false };
    Ok(page(&ask, &wish, &html! {}).answer(&web, &ask))
}

async fn searched(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let password = Some(fields.exact("password")).filter(|text| !text.is_empty()).map(Secret::new);
    let wish = Wish {
        address: fields.text("address").unwrap_or_default(),
        password,
        trusted: fields.text("trusted").and_then(|domain| domain.parse().ok()),
        private: fields.has("private"),
    };
    let uses = fields.has("use") && ask.is_administrator();
    let (tell, mut news) = mpsc::unbounded_channel();
    tokio::spawn(search(Arc::clone(&web), ask.caller(), wish.clone(), uses, tell));
    let first = tokio::time::timeout(REFUSAL_LIMIT, news.recv()).await.unwrap_or(None);
    if let Some(News::Over(ended, used)) = first {
        return match *ended {
            Ok(discovery) => {
                let shown = outcome(&ask, &wish, &discovery, used.as_ref());
                Ok(page(&ask, &wish, &shown).answer(&web, &ask))
            }
            Err(fault) => Ok(refused(&web, &ask, &wish, &fault)),
        };
    }
    Ok(as_it_comes(&ask, wish, first, news))
}

/// Searches, and tells; goes on when nobody listens any more, for at most as long as a search may take.
async fn search(web: Arc<Web>, caller: Caller, wish: Wish, uses: bool, tell: mpsc::UnboundedSender<News>) {
    let mut told = |candidate: &Candidate| {
        let _ = tell.send(News::Answers(candidate.clone()));
    };
    let ended = web.control.discover(&caller, &wish, &mut told).await;
    let mut used = None;
    if let (true, Ok(discovery), Some(password)) = (uses, &ended, &wish.password) {
        used = Some(match relay_of(discovery, password) {
            None => Used::NotLetIn,
            Some(relay) => match web.control.perform(&caller, Operation::RelayAdd { relay }).await {
                Ok(Answer::Relay { relay }) => Used::Relay(relay.name),
                Ok(_) => Used::NotLetIn,
                Err(fault) => Used::Refused(fault),
            },
        });
    }
    let _ = tell.send(News::Over(Box::new(ended), used));
}

/// The page with its form at once, a line for each server that answers, and the outcome when it is there.
fn as_it_comes(
    ask: &Ask,
    wish: Wish,
    first: Option<News>,
    mut news: mpsc::UnboundedReceiver<News>,
) -> Response {
    let (tell, pieces) = mpsc::unbounded_channel();
    let whole = page(ask, &wish, &later());
    let begin = html! { p { (ask.say("web-discover-under-way")) } };
    let reader = ask.clone();
    tokio::spawn(async move {
        let mut next = first;
        while let Some(told) = match next.take() {
            Some(told) => Some(told),
            None => news.recv().await,
        } {
            let _ = tell.send(match told {
                News::Answers(candidate) => Piece::Line(line(&reader, &candidate)),
                News::Over(ended, used) => Piece::End(match *ended {
                    Ok(discovery) => outcome(&reader, &wish, &discovery, used.as_ref()),
                    Err(fault) => bad(fault_words(&reader.phrases, &fault)),
                }),
            });
        }
    });
    streamed(ask, &whole, &begin, pieces)
}

fn line(ask: &Ask, candidate: &Candidate) -> Markup {
    html! { (control::found::answers(candidate, &ask.reader())) }
}

/// The form once more, with what is wrong above it.
fn refused(web: &Web, ask: &Ask, wish: &Wish, fault: &Fault) -> Response {
    let mut response = page(ask, wish, &html! {}).with(notice(ask, fault)).answer(web, ask);
    *response.status_mut() = status_of(fault);
    response
}

fn page(ask: &Ask, wish: &Wish, content: &Markup) -> Page {
    let address = Field {
        kind: "email",
        fill: "email",
        ..Field::text("address", ask.say("web-settings-address"), &wish.address).required()
    };
    let password = Field::password("password", ask.say("web-discover-password"), "off")
        .hint(ask.say("web-discover-password-hint"));
    let fields = html! {
        div class="fields" { (address.show()) (password.show()) }
        @if ask.is_administrator() {
            (tick("use", &ask.say("web-discover-use"), false))
            (tick("private", &ask.say("web-discover-private"), wish.private))
        }
        button { (ask.say("web-discover-do")) }
    };
    let content = html! {
        h1 { (ask.say("web-nav-discover")) }
        section class="card" {
            p { (ask.say("web-discover-what")) }
            (form(ask, "/discover", &fields))
        }
        section { (content) }
    };
    Page::new(ask.say("web-nav-discover"), Section::Discover, content)
}

/// What was found, and what became of the wish to use it.
fn outcome(ask: &Ask, wish: &Wish, discovery: &Discovery, used: Option<&Used>) -> Markup {
    html! {
        @match used {
            Some(Used::Relay(name)) => div class="notice good" role="status" {
                p { strong { (ask.fill("web-discover-used", [("name", name.clone().into())])) } }
                p { a href={ "/relays/" (segment(name)) } { (ask.say("web-nav-relays")) } }
            },
            Some(Used::NotLetIn) => (bad((ask.say("web-discover-not-let-in"), ask.say("web-discover-not-let-in-fix")))),
            Some(Used::Refused(fault)) => (bad(fault_words(&ask.phrases, fault))),
            None => {},
        }
        (found::show(ask, wish, discovery))
    }
}

/// A profile for iPhone, iPad and Mac, of the servers that the page has shown.
async fn profile(State(web): State<Arc<Web>>, Extension(fields): Extension<Fields>) -> Shown {
    let (profile, domain) = found::profile(&fields).ok_or(Trouble::NotFound)?;
    Ok(web.given(profile, &domain))
}
