//! Where programs give mail over HTTP: our own address for it, and those that programs of five services know.
//!
//! A request becomes letters (`letter` reads the shapes), each goes through the queue's one door (`control`), and what came
//! of it is worded in the shape in which it was asked. Nothing is answered well before it is on disk. Bodies that are read at
//! the same time share one budget of bytes.

mod budget;
mod shown;
mod words;

pub(crate) use budget::{Budget, REQUEST_BYTES};
pub(crate) use words::in_shape;

use crate::Web;
use crate::api::Problem;
use crate::ask::Ask;
use crate::table::{Route, changing};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use control::{Keyed, NotTaken, Ready, RequestKey};
use letter::Wrong;
use letter::shape::{Answer, Call, Order, Outcome, Receipt, Shape};
use serde_json::Value;
use std::sync::Arc;
use store::Scope;
use tokio::task::JoinSet;
use words::{failure, problem};

/// The messages of one request that are on their way to the disk at the same time: they share its syncs.
const AT_ONCE: usize = 64;
/// By what a program makes its request the same one when it sends it again.
const ONCE_HEADERS: [&str; 2] = ["idempotency-key", "x-idempotency-key"];
/// The header by which Resend's programs say that good letters of a list are to be sent even if others are not.
const PERMISSIVE: &str = "x-batch-validation";
/// The header with the id of a message, for a shape whose answer is empty.
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-message-id");

/// The addresses, each with its shape. The libraries of the services append their paths to a base that can be changed; those that
/// can be given no path get theirs without the prefix.
const DOORS: [(&str, Shape, Call); 16] = [
    ("/api/v1/messages", Shape::Own, Call::One),
    ("/api/v1/messages/batch", Shape::Own, Call::Many),
    ("/email", Shape::Postmark, Call::One),
    ("/email/batch", Shape::Postmark, Call::Many),
    ("/postmark/email", Shape::Postmark, Call::One),
    ("/postmark/email/batch", Shape::Postmark, Call::Many),
    ("/v3/mail/send", Shape::SendGrid, Call::One),
    ("/sendgrid/v3/mail/send", Shape::SendGrid, Call::One),
    ("/emails", Shape::Resend, Call::One),
    ("/emails/batch", Shape::Resend, Call::Many),
    ("/resend/emails", Shape::Resend, Call::One),
    ("/resend/emails/batch", Shape::Resend, Call::Many),
    ("/v3/smtp/email", Shape::Brevo, Call::One),
    ("/brevo/v3/smtp/email", Shape::Brevo, Call::One),
    ("/v3.1/send", Shape::Mailjet, Call::One),
    ("/mailjet/v3.1/send", Shape::Mailjet, Call::One),
];

/// What else is answered below the addresses of a shape: how its paths begin.
const BELOW: [(&str, Shape); 6] = [
    ("/postmark/", Shape::Postmark),
    ("/sendgrid/", Shape::SendGrid),
    ("/resend/", Shape::Resend),
    ("/emails/", Shape::Resend),
    ("/brevo/", Shape::Brevo),
    ("/mailjet/", Shape::Mailjet),
];

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    let doors = DOORS.map(|(path, shape, call)| {
        let handler =
            changing(move |web, ask, keyed, request| receive((shape, call), web, ask, keyed, request));
        let route = Route::with_key("POST", path, Scope::Send, handler);
        match crate::api::sending::spec(path) {
            Some(spec) => route.spec(spec),
            None => route,
        }
    });
    doors.into_iter().chain(shown::routes()).collect()
}

/// The shape of a service in which the address is to be answered; `None` for everything that is our own.
pub(crate) fn shape_at(path: &str) -> Option<Shape> {
    let exact = DOORS.iter().find(|(known, ..)| *known == path).map(|(_, shape, _)| *shape);
    let below = || BELOW.iter().find(|(start, _)| path.starts_with(start)).map(|(_, shape)| *shape);
    exact.or_else(below).filter(|shape| *shape != Shape::Own)
}

/// The largest body that is read at an address where mail is given; `None` elsewhere.
pub(crate) fn bytes_at(path: &str) -> Option<usize> {
    DOORS.iter().any(|(known, ..)| *known == path).then_some(REQUEST_BYTES)
}

async fn receive(
    (shape, call): (Shape, Call),
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(keyed): Extension<Keyed>,
    request: Request,
) -> Response {
    match take(&web, &ask, &keyed, (shape, call), request).await {
        Ok(response) => response,
        // The frame words it.
        Err(problem) => problem.into_response(),
    }
}

async fn take(
    web: &Arc<Web>,
    ask: &Ask,
    keyed: &Keyed,
    (shape, call): (Shape, Call),
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    if shape == Shape::Own && !is_json(&parts.headers) {
        return Err(Problem::of("not-json"));
    }
    // Held until the answer is there: the letters are as large as the body.
    let (bytes, _held) = web.doors.read(body).await?;
    let refused = |wrong: Wrong| problem(ask, &web.en, &web.fr, &NotTaken::Wrong(wrong));
    let mut order = shape.read(call, &bytes, ask.now).map_err(refused)?;
    if parts.headers.get(PERMISSIVE).is_some_and(|value| value == "permissive") {
        order.is_whole = false;
    }
    let once = once_of(&parts.headers).or_else(|| order.once.take());
    let key = |key| RequestKey::new(key, &format!("{shape:?} {call:?}"), &bytes);
    let once = once.map(key).transpose().map_err(refused)?;
    drop(bytes);
    let outcomes = give(web, ask, keyed, (&mut order, once.as_ref())).await;
    let told = |outcome: &Result<Receipt, NotTaken>| match outcome {
        Ok(receipt) => Ok(receipt.clone()),
        Err(not) => Err(failure(ask, &web.en, &web.fr, not)),
    };
    let told: Vec<Outcome> = outcomes.iter().map(told).collect();
    let mut answer = shape.answer(&order, &told);
    if shape == Shape::Own {
        match (call, outcomes.iter().find_map(|outcome| outcome.as_ref().err())) {
            (Call::One, Some(not)) => return Err(problem(ask, &web.en, &web.fr, not)),
            (Call::Many, Some(_)) => explain(web, ask, &outcomes, &mut answer.body),
            (_, None) => {}
        }
    }
    Ok(respond(answer))
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn once_of(headers: &HeaderMap) -> Option<String> {
    let text =
        |name: &&str| headers.get(*name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    ONCE_HEADERS.iter().find_map(text)
}

/// Puts the whole explanation beside each letter of a list that was not taken.
fn explain(web: &Web, ask: &Ask, outcomes: &[Result<Receipt, NotTaken>], body: &mut Value) {
    let parts = body.as_array_mut().into_iter().flatten();
    for (part, outcome) in parts.zip(outcomes) {
        if let (Some(error), Err(not)) = (part.get_mut("error"), outcome) {
            *error = problem(ask, &web.en, &web.fr, not).body(ask.language(), &web.en, &web.fr);
        }
    }
}

/// An answer as it goes out.
fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match answer.body {
        Value::Null => status.into_response(),
        body => (status, Json(body)).into_response(),
    };
    if let Some(id) = answer.id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        response.headers_mut().insert(MESSAGE_ID, id);
    }
    response
}

/// Gives the letters of a request. One that is to be whole is first made ready in all its parts.
async fn give(
    web: &Arc<Web>,
    ask: &Ask,
    keyed: &Keyed,
    (order, once): (&mut Order, Option<&RequestKey>),
) -> Vec<Result<Receipt, NotTaken>> {
    let is_whole = order.is_whole;
    let mut ready = Vec::with_capacity(order.items.len());
    for (index, item) in order.items.iter_mut().enumerate() {
        let made = match &mut item.letter {
            Ok(letter) => web.control.make_ready(keyed, ask.from, letter, (once, index)).await,
            Err(wrong) => Err(NotTaken::Wrong(wrong.clone())),
        };
        match made {
            // The first that cannot be sent speaks for the whole request.
            Err(not) if is_whole => return vec![Err(not)],
            made => ready.push(made),
        }
    }
    commit(web, ready).await
}

/// Brings what is ready to the disk, many at once. A client that goes away leaves what was given, and its key says what that
/// was.
async fn commit(web: &Arc<Web>, ready: Vec<Result<Ready, NotTaken>>) -> Vec<Result<Receipt, NotTaken>> {
    let mut outcomes: Vec<Option<Result<Receipt, NotTaken>>> = Vec::new();
    outcomes.resize_with(ready.len(), || None);
    let mut running = JoinSet::new();
    let mut waiting = ready.into_iter().enumerate();
    loop {
        while running.len() < AT_ONCE
            && let Some((index, made)) = waiting.next()
        {
            let control = Arc::clone(&web.control);
            running.spawn(async move {
                match made {
                    Ok(ready) => (index, control.give(ready).await),
                    Err(not) => (index, Err(not)),
                }
            });
        }
        match running.join_next().await {
            None => break,
            Some(Ok((index, outcome))) => {
                if let Some(place) = outcomes.get_mut(index) {
                    *place = Some(outcome);
                }
            }
            Some(Err(error)) => {
                tracing::error!(%error, "a message that was given over HTTP was lost on its way")
            }
        }
    }
    let lost = || Err(NotTaken::Refusal(queue::Refusal::Store(store::StoreError::Closed)));
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(lost)).collect()
}
