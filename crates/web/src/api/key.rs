//! The key that asks.

use super::Told;
use crate::table::{Route, reading};
use axum::response::IntoResponse as _;
use axum::{Extension, Json};
use control::Keyed;
use serde_json::json;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::with_any_key("GET", "/api/v1/key", reading(show))]
}

/// Whose key it is, and what it may do: what a program looks at first when it is set up.
async fn show(Extension(keyed): Extension<Keyed>) -> Told {
    let of = Some(&*keyed.login).filter(|login| !login.is_empty());
    Ok(Json(json!({ "name": keyed.key, "of": of, "scopes": keyed.scopes })).into_response())
}
