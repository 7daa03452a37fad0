//! Who may ask with which key.

use super::Problem;
use crate::Web;
use crate::ask::Ask;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{HeaderValue, WWW_AUTHENTICATE};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use control::{KeyError, Keyed};
use mail::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use store::Scope;

/// How a route tells of what went wrong before it was reached: the doors in the shape of other services have shapes of
/// their own.
pub(crate) type Teller = fn(Problem) -> Response;

/// As this API tells it.
pub(crate) fn as_problem(problem: Problem) -> Response {
    problem.into_response()
}

/// Lets a request through whose key may do that, and hands on who asks.
pub(crate) async fn with_key(
    (web, scope, tell): (Arc<Web>, Option<Scope>, Teller),
    mut request: Request,
    next: Next,
) -> Response {
    let Some(ask) = request.extensions().get::<Ask>() else { return tell(Problem::ours()) };
    let (from, now) = (ask.from, ask.now);
    match enter(&web, from, request.headers(), (scope, now)).await {
        Ok(keyed) => {
            if let Some(place) = request.extensions().get::<net::Place>() {
                // Whoever has a key keeps their place when strangers crowd the port.
                place.keep();
            }
            request.extensions_mut().insert(keyed);
            next.run(request).await
        }
        Err(problem) => {
            let is_unknown = problem.status().as_u16() == 401;
            let mut response = tell(*problem);
            if is_unknown {
                // Only this scheme is named: a browser that was asked for a password would send it by itself for ever after.
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

/// Whether a request brings a key that may do that, for a route that lets others in without one.
pub(crate) async fn may(web: &Web, ask: &Ask, headers: &HeaderMap, scope: Scope) -> Result<Keyed, Problem> {
    enter(web, ask.from, headers, (Some(scope), ask.now)).await.map_err(|problem| *problem)
}

async fn enter(
    web: &Web,
    from: IpAddr,
    headers: &HeaderMap,
    (scope, now): (Option<Scope>, Timestamp),
) -> Result<Keyed, Box<Problem>> {
    let keyed = web.keyed(from, headers).await.map_err(|error| Box::new(refused(error, now)))?;
    let keyed = keyed.ok_or_else(|| Box::new(Problem::of("no-key")))?;
    if let Some(scope) = scope.filter(|scope| !keyed.may(*scope)) {
        return Err(Box::new(Problem::of("scope-missing").gap("scope", scope.as_str())));
    }
    // What is sent is bounded as mail is, by the limits of whoever sends.
    if scope != Some(Scope::Send)
        && let Some(wait_ms) = web.limits.wait_ms(&keyed.key, now)
    {
        return Err(Box::new(Problem::of("too-many").wait_ms(wait_ms)));
    }
    Ok(keyed)
}

fn refused(error: KeyError, now: Timestamp) -> Problem {
    match error {
        KeyError::Wrong => Problem::of("wrong-key"),
        KeyError::Revoked => Problem::of("revoked-key"),
        KeyError::Expired => Problem::of("expired-key"),
        KeyError::Unavailable => Problem::of("unavailable").wait_ms(5_000),
        KeyError::Slowed(slowed) => Problem::of("slowed").wait_ms(slowed.until.since_ms(now)),
    }
}
