//! What Resend's programs ask of a message that they sent: how it is, and to take it back.

use super::words::problem;
use crate::Web;
use crate::api::Problem;
use crate::ask::Ask;
use crate::table::{Route, changing, reading};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use control::{Keyed, NotTaken};
use explain::CauseId;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{RecipientRow, RecipientState, Scope, Story};

pub(super) fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for path in ["/emails/{id}", "/resend/emails/{id}"] {
        routes.push(Route::with_key("GET", path, Scope::Send, reading(show)));
    }
    for path in ["/emails/{id}/cancel", "/resend/emails/{id}/cancel"] {
        routes.push(Route::with_key("POST", path, Scope::Send, changing(cancel)));
    }
    routes
}

type Asked = (State<Arc<Web>>, Extension<Ask>, Extension<Keyed>, Path<String>);

async fn show((State(web), Extension(ask), Extension(keyed), Path(id)): Asked) -> Result<Response, Problem> {
    let told = |not: NotTaken| problem(&ask, &web.en, &web.fr, &not);
    let story = web.control.given(&keyed, &id).await.map_err(told)?;
    Ok(Json(shown(&id, &story)).into_response())
}

async fn cancel(
    (State(web), Extension(ask), Extension(keyed), Path(id)): Asked,
) -> Result<Response, Problem> {
    let told = |not: NotTaken| problem(&ask, &web.en, &web.fr, &not);
    web.control.take_back(&keyed, &id).await.map_err(told)?;
    Ok(Json(json!({ "object": "email", "id": id })).into_response())
}

/// The message in their words. Its subject and its texts are not shown again: they may be gone, as those of a message are that was
/// delivered.
fn shown(id: &str, story: &Story) -> Value {
    let row = &story.message;
    let to: Vec<&str> = row.recipients.iter().map(|one| one.address.as_str()).collect();
    let waits = row.recipients.iter().find(|one| is_scheduled(one));
    json!({
        "object": "email",
        "id": id,
        "to": to,
        "from": row.from.to_string(),
        "created_at": row.received_at.rfc3339(),
        "message_id": row.message_id,
        "last_event": last_event(&row.recipients),
        "scheduled_at": waits.map(|one| one.next_attempt_at.rfc3339()),
    })
}

fn is_scheduled(one: &RecipientRow) -> bool {
    one.state == RecipientState::Waiting
        && one.attempts == 0
        && one.cause.as_deref() == Some(CauseId::SCHEDULED.as_str())
}

/// One word for all recipients: the worst of what happened to them.
fn last_event(recipients: &[RecipientRow]) -> &'static str {
    let any = |state: RecipientState| recipients.iter().any(|one| one.state == state);
    if any(RecipientState::Failed) || any(RecipientState::Expired) {
        "bounced"
    } else if recipients.iter().any(is_scheduled) {
        "scheduled"
    } else if recipients.iter().any(|one| one.state == RecipientState::Waiting && one.attempts > 0) {
        "delivery_delayed"
    } else if any(RecipientState::Waiting) || any(RecipientState::Held) {
        "queued"
    } else if recipients.iter().all(|one| one.state == RecipientState::Cancelled) {
        "canceled"
    } else {
        "delivered"
    }
}
