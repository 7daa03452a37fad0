//! The server itself.

use super::{Problem, Told, perform};
use crate::Web;
use crate::table::{Route, reading};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::{Extension, Json};
use control::{Answer, Keyed, Operation};
use std::sync::Arc;
use store::Scope;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::with_key("GET", "/api/v1/status", Scope::Status, reading(status))]
}

async fn status(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    match perform(&web, &keyed, Operation::Status).await? {
        Answer::Status { report } => Ok(Json(report).into_response()),
        _ => Err(Problem::ours()),
    }
}
