//! What is read from a request: each part is as it was declared, or the request is answered with what is wrong.

use super::Problem;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use mail::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::time::Duration;

/// The largest body; the frame refuses what announces more.
const BODY_BYTES: usize = 1 << 20;
/// How long a body may take to come in.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(30);
/// The most entries of a page, and how many there are when nothing is said.
const PAGE_MOST: u16 = 500;
const PAGE_USUAL: u16 = 50;

/// The name in a path.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        // What is no text is the name of nothing.
        path.map(|Path(name)| Self(name)).map_err(|_| Problem::of("not-found"))
    }
}

/// The parts of a query.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(asked)| Self(asked)).map_err(|error| invalid("query", error.body_text()))
    }
}

/// A body in JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
            return Err(Problem::of("not-json"));
        }
        let read = tokio::time::timeout(BODY_TIME_LIMIT, to_bytes(request.into_body(), BODY_BYTES)).await;
        let text = read.map_err(|_| Problem::of("too-slow"))?.map_err(|_| Problem::of("too-large"))?;
        serde_json::from_slice(&text).map(Self).map_err(|error| {
            let code = match error.classify() {
                Category::Data => "wrong-shape",
                Category::Io | Category::Syntax | Category::Eof => "malformed-json",
            };
            Problem::of(code).gap("detail", error.to_string())
        })
    }
}

/// A part of the address that is not valid.
pub(crate) fn invalid(name: &'static str, detail: impl ToString) -> Problem {
    Problem::of("invalid-parameter").gap("name", name).gap("detail", detail.to_string())
}

/// How many entries a page has.
pub(crate) fn limit(asked: Option<u16>) -> Result<usize, Problem> {
    match asked.unwrap_or(PAGE_USUAL) {
        count @ 1..=PAGE_MOST => Ok(usize::from(count)),
        other => Err(invalid("limit", format!("{other}: 1…{PAGE_MOST}"))),
    }
}

/// A moment, as RFC 3339 writes it.
pub(crate) fn moment(name: &'static str, text: &str) -> Result<Timestamp, Problem> {
    Timestamp::from_rfc3339(text).ok_or_else(|| invalid(name, format!("{text}: 2026-11-22T20:00:00Z")))
}

/// A text as one of our types.
pub(crate) fn parsed<T: std::str::FromStr<Err: ToString>>(
    name: &'static str,
    text: &str,
) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| invalid(name, error.to_string()))
}
