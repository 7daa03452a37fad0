//! Webhooks: who is told of events.

use super::shape::Spec;
use super::take::{Body, Named};
use super::{Problem, Told, perform};
use crate::Web;
use crate::table::{Route, changing, reading};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{delete, patch};
use axum::{Extension, Json};
use control::{Answer, Fault, Keyed, Operation, WebhookAct, WebhookSpec, WebhookView};
use mail::{Secret, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Scope;

const ALL: &str = "/api/v1/webhooks";
const ONE: &str = "/api/v1/webhooks/{name}";

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "webhooks";
    let with = |method, path, handler| Route::with_key(method, path, Scope::Webhooks, handler);
    let spec = |id| Spec::new(GROUP, id);
    vec![
        with("GET", ALL, reading(list)).spec(spec("list_webhooks").gives::<Webhooks>()),
        with("POST", ALL, changing(add)).spec(spec("add_webhook").takes::<NewHook>().makes::<MadeHook>()),
        with("GET", ONE, reading(show)).spec(spec("get_webhook").gives::<Hook>()),
        with("PATCH", ONE, patch(change)).spec(spec("change_webhook").takes::<HookChanges>().gives::<Hook>()),
        with("DELETE", ONE, delete(remove)).spec(spec("remove_webhook")),
        with("POST", "/api/v1/webhooks/{name}/secret", changing(secret))
            .spec(spec("change_webhook_secret").gives::<MadeHook>()),
        with("POST", "/api/v1/webhooks/{name}/pause", changing(pause))
            .spec(spec("pause_webhook").gives::<Hook>()),
        with("POST", "/api/v1/webhooks/{name}/resume", changing(resume))
            .spec(spec("resume_webhook").takes::<Resumed>().gives::<Hook>()),
        with("POST", "/api/v1/webhooks/{name}/test", changing(test))
            .spec(spec("test_webhook").gives::<Posted>()),
        with("POST", "/api/v1/webhooks/{name}/replay", changing(replay))
            .spec(spec("replay_webhook").takes::<Replayed>().gives::<Hook>()),
    ]
}

/// A post.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Posted {
    /// The stable id of the event, as the receiver sees it.
    id: String,
    /// The word of the event.
    event: String,
    /// When it was sent (RFC 3339).
    at: String,
    /// How long it took.
    millis: u32,
    /// What came of it.
    #[schemars(with = "serde_json::Value")]
    result: serde_json::Value,
}

impl Posted {
    fn of(post: &store::Post) -> Self {
        Self {
            id: post.id.clone(),
            event: post.word.clone(),
            at: post.at.rfc3339(),
            millis: post.millis,
            result: serde_json::to_value(&post.result).unwrap_or_default(),
        }
    }
}

/// A webhook, without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Webhook")]
struct Hook {
    /// Its name.
    name: String,
    /// Where, without a user name and a password.
    url: String,
    /// Whose events: `server`, `owner:NAME`, `account:LOGIN`, `site:NAME`.
    scope: String,
    /// The words of the events; empty for all.
    events: Vec<String>,
    /// In whose words: `own`, `postmark`, `sendgrid`, `resend`, `brevo` or `mailjet`.
    shape: String,
    /// What people wrote about it.
    description: String,
    /// Since when nothing is posted (RFC 3339); absent while it goes on.
    paused_since: Option<String>,
    /// How many events it is owed; at most 1,000 are counted.
    owed: usize,
    /// Its latest posts, newest first.
    posts: Vec<Posted>,
    /// When it was made (RFC 3339).
    created_at: String,
}

impl Hook {
    fn of(view: &WebhookView) -> Self {
        Self {
            name: view.name.clone(),
            url: view.url.clone(),
            scope: view.scope.clone(),
            events: view.events.clone(),
            shape: view.shape.to_string(),
            description: view.description.clone(),
            paused_since: view.paused.as_ref().map(|pause| pause.since.rfc3339()),
            owed: view.owed,
            posts: view.posts.iter().map(Posted::of).collect(),
            created_at: view.created_at.rfc3339(),
        }
    }
}

/// All webhooks that the key may see.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Webhooks {
    /// The webhooks, by name; of their posts only the last.
    webhooks: Vec<Hook>,
}

/// A webhook whose secret was made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MadeWebhook")]
struct MadeHook {
    /// It.
    webhook: Hook,
    /// The secret that posts are signed with, which is shown this once.
    secret: Option<String>,
}

/// What changes of a webhook; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WebhookChanges")]
struct HookChanges {
    /// Where; a user name and a password may stand in it.
    url: Option<String>,
    /// Whose events: `server`, `owner:NAME`, `account:LOGIN`, `site:NAME`. A person's are always their own.
    scope: Option<String>,
    /// The words of the events; empty for all.
    events: Option<Vec<String>>,
    /// In whose words: `own`, `postmark`, `sendgrid`, `resend`, `brevo` or `mailjet`.
    shape: Option<String>,
    /// What people should know of it.
    description: Option<String>,
}

impl HookChanges {
    fn spec(self) -> Result<WebhookSpec, Problem> {
        Ok(WebhookSpec {
            url: self.url.map(Secret::new),
            scope: self.scope,
            events: self.events,
            shape: self.shape.map(|text| member("shape", text.parse())).transpose()?,
            description: self.description,
        })
    }
}

/// A webhook to be added.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewWebhook")]
struct NewHook {
    /// Its name.
    name: String,
    /// Where; a user name and a password may stand in it.
    url: String,
    /// Whose events: `server`, `owner:NAME`, `account:LOGIN`, `site:NAME`. A person's are always their own.
    scope: Option<String>,
    /// The words of the events; empty or absent for all.
    events: Option<Vec<String>>,
    /// In whose words: `own`, `postmark`, `sendgrid`, `resend`, `brevo` or `mailjet`.
    shape: Option<String>,
    /// What people should know of it.
    description: Option<String>,
}

/// How a webhook goes on.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Resumed {
    /// Whether the events that it refused are left out.
    #[serde(default)]
    skip_refused: bool,
}

/// What is told again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Replayed {
    /// All events since this moment (RFC 3339).
    since: Option<String>,
    /// One event, by the id that the receiver saw.
    event: Option<String>,
}

/// The value of a member, or what is wrong with it.
fn member<T, E: ToString>(name: &str, read: Result<T, E>) -> Result<T, Problem> {
    Ok(read.map_err(|error| Fault::invalid(name, error))?)
}

async fn ask(web: &Web, keyed: &Keyed, act: WebhookAct) -> Result<Answer, Problem> {
    perform(web, keyed, Operation::Webhook { act }).await
}

async fn one(web: &Web, keyed: &Keyed, act: WebhookAct) -> Told {
    match ask(web, keyed, act).await? {
        Answer::Webhook { webhook, .. } => Ok(Json(Hook::of(&webhook)).into_response()),
        _ => Err(Problem::ours()),
    }
}

async fn made(web: &Web, keyed: &Keyed, act: WebhookAct, status: StatusCode) -> Told {
    match ask(web, keyed, act).await? {
        Answer::Webhook { webhook, made } => {
            let secret = made.and_then(|made| made.password);
            Ok((status, Json(MadeHook { webhook: Hook::of(&webhook), secret })).into_response())
        }
        _ => Err(Problem::ours()),
    }
}

async fn list(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    match ask(&web, &keyed, WebhookAct::List).await? {
        Answer::Webhooks { webhooks } => {
            Ok(Json(Webhooks { webhooks: webhooks.iter().map(Hook::of).collect() }).into_response())
        }
        _ => Err(Problem::ours()),
    }
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(body): Body<NewHook>,
) -> Told {
    let NewHook { name, url, scope, events, shape, description } = body;
    let webhook = HookChanges { url: Some(url), scope, events, shape, description }.spec()?;
    made(&web, &keyed, WebhookAct::Add { name, webhook }, StatusCode::CREATED).await
}

async fn show(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    one(&web, &keyed, WebhookAct::Show { name }).await
}

async fn change(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<HookChanges>,
) -> Told {
    let webhook = body.spec()?;
    one(&web, &keyed, WebhookAct::Change { name, webhook }).await
}

async fn remove(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    ask(&web, &keyed, WebhookAct::Remove { name }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn secret(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    made(&web, &keyed, WebhookAct::Secret { name }, StatusCode::OK).await
}

async fn pause(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    one(&web, &keyed, WebhookAct::Pause { name }).await
}

async fn resume(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<Resumed>,
) -> Told {
    one(&web, &keyed, WebhookAct::Resume { name, skip_refused: body.skip_refused }).await
}

async fn test(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    match ask(&web, &keyed, WebhookAct::Test { name }).await? {
        Answer::WebhookTested { post, .. } => Ok(Json(Posted::of(&post)).into_response()),
        _ => Err(Problem::ours()),
    }
}

async fn replay(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<Replayed>,
) -> Told {
    let moment =
        |text: String| Timestamp::from_rfc3339(&text).ok_or_else(|| format!("{text}: 2026-11-22T20:00:00Z"));
    let since = body.since.map(|text| member("since", moment(text))).transpose()?;
    one(&web, &keyed, WebhookAct::Replay { name, since, event: body.event }).await
}
