//! Whether the server lives, and whether it takes mail: for load balancers and monitors, without a sign-in. They tell
//! nothing that a connection to the mail ports would not.

use crate::Web;
use crate::table::{Access, Route, reading};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use std::sync::Arc;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::read("/healthz", Access::Everyone, reading(lives)),
        Route::read("/readyz", Access::Everyone, reading(takes_mail)),
    ]
}

/// The process answers.
async fn lives() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Mail would be taken at this moment: 200; otherwise 503, and why.
async fn takes_mail(State(web): State<Arc<Web>>) -> Response {
    match web.control.trouble() {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(trouble) => {
            let body = json!({ "status": "not_ready", "trouble": trouble });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}
