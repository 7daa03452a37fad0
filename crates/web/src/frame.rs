//! What stands around every answer: the language, the limit of time, the headers that keep browsers safe, and words for
//! what went wrong.

use crate::api::{self, Problem};
use crate::ask::{Ask, LANGUAGE_COOKIE};
use crate::metrics;
use crate::page::{self, Page};
use crate::trouble::{Trouble, fault_words};
use crate::{Web, doors};
use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use control::Fault;
use http_body_util::Limited;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The longest that an answer may take. The test of a relay waits for another server, which may be slow.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// The largest body of a request: an error text that was pasted whole, a long list of messages to act on.
const BODY_BYTES: u64 = 1 << 20;
const BODY_LIMIT: usize = 1 << 20;

/// Nothing but what this server itself serves, no script within a page, and no page of ours in another's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Headers of every answer. `Strict-Transport-Security` is not among them: it would bind every other port and program
/// of the same host name, and browsers ignore it with a certificate that signs itself.
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With `no-referrer` browsers would send no origin along with forms.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    (VARY, "Accept-Language, Cookie"),
];

/// Frames an answer.
pub(crate) async fn frame(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let ask = Ask::of(&web, &parts).await;
    let shape = doors::shape_at(parts.uri.path());
    let is_api =
        parts.uri.path().starts_with(api::BASE) || shape.is_some() || parts.uri.path() == metrics::PATH;
    let most = doors::bytes_at(parts.uri.path()).unwrap_or(BODY_LIMIT);
    let is_for_program = is_api || wants_json(&parts.headers);
    let mut request = Request::from_parts(parts, body);
    if let (Some(place), Some(_)) = (request.extensions().get::<net::Place>(), &ask.session) {
        // Whoever is signed in keeps their place when strangers crowd the port.
        place.keep();
    }
    request.extensions_mut().insert(ask.clone());
    let announced = request.body().size_hint().lower();
    let answer = async move {
        if announced > u64::try_from(most).unwrap_or(BODY_BYTES) {
            return Trouble::TooLarge.into_response();
        }
        next.run(request.map(|body| Body::new(Limited::new(body, most)))).await
    };
    let answered = tokio::time::timeout(TIME_LIMIT, answer).await;
    let mut response = answered.unwrap_or_else(|_| Trouble::TooSlow.into_response());
    let told = response.extensions().get::<Trouble>().copied();
    let fault = response.extensions().get::<Fault>().cloned();
    let bare = || Trouble::of(response.status()).filter(|_| !response.headers().contains_key(CONTENT_TYPE));
    let problem = response.extensions().get::<Problem>().cloned();
    let of_api = || told.or_else(bare).filter(|_| is_api).map(Problem::of_trouble);
    if let Some(problem) = problem.or_else(of_api) {
        let told = problem.answer(ask.language(), &web.en, &web.fr);
        let told = match shape {
            Some(shape) => with_headers(doors::in_shape(shape, &problem, &ask.phrases), &told),
            None => told,
        };
        response = with_headers(told, &response);
    } else if let Some(fault) = fault {
        let words = fault_words(&ask.phrases, &fault);
        response = worded(fault.blame.as_str(), words, is_for_program, &ask, &response);
    } else if let Some(trouble) = told.or_else(bare) {
        let key = format!("web-problem-{}", trouble.as_str());
        let words = (ask.say(&key), ask.phrases.beside(&key, "fix", []).unwrap_or_default());
        response = worded(trouble.as_str(), words, is_for_program, &ask, &response);
    }
    finish(&ask, response.headers_mut());
    response
}

fn finish(ask: &Ask, headers: &mut HeaderMap) {
    // In one step: a map that grows moves all that it holds.
    headers.reserve(HEADERS.len() + 3);
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // What is shown to one person is kept for nobody.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(CONTENT_LANGUAGE).or_insert(HeaderValue::from_static(ask.language().tag()));
    if let Some(language) = ask.chosen {
        let cookie =
            format!("{LANGUAGE_COOKIE}={language}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// Whether a program asks: it names JSON before it names HTML.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json") && !accepted.contains("text/html")
}

/// The words of what went wrong, as a page or as JSON; headers that its maker set, such as `Allow`, stay.
fn worded(
    code: &str,
    (what, fix): (String, String),
    is_for_program: bool,
    ask: &Ask,
    bare: &Response,
) -> Response {
    let response = if is_for_program {
        let body = json!({ "code": code.replace('-', "_"), "message": what, "action": fix });
        (bare.status(), Json(body)).into_response()
    } else {
        (bare.status(), Page::problem(ask, &what, &fix).show(ask)).into_response()
    };
    with_headers(response, bare)
}

/// The same with the headers of a response that had no words yet.
fn with_headers(mut response: Response, bare: &Response) -> Response {
    for (name, value) in bare.headers() {
        if !page::DESCRIBES_BODY.contains(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}
