//! The server itself: how it is, who changed what, and what a refusal means.

use super::limit::PER_MINUTE;
use super::shape::{Both, PageQuery, Spec};
use super::take::{Asked, Body, limit, parsed};
use super::{Problem, Told, both, perform};
use crate::Web;
use crate::pages::is_mail;
use crate::table::{Route, changing, reading};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::{Extension, Json};
use control::{Answer, Keyed, Operation, StatusReport};
use explain::{Facts, Hint, Place};
use mail::EventId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Scope;

/// How many answers are given: a log may have thousands of failures.
const ANSWERS_MOST: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "server";
    vec![
        Route::with_any_key("GET", "/api/v1/key", reading(key))
            .spec(Spec::new(GROUP, "get_key").gives::<Key>()),
        Route::with_any_key("GET", "/api/v1/limits", reading(limits))
            .spec(Spec::new(GROUP, "get_limits").gives::<LimitsShape>()),
        Route::with_key("GET", "/api/v1/status", Scope::Status, reading(status))
            .spec(Spec::new(GROUP, "get_status").gives::<Status>()),
        Route::with_key("GET", "/api/v1/audit", Scope::Audit, reading(audit))
            .spec(Spec::new(GROUP, "list_audit").asks::<PageQuery>().gives::<AuditPage>()),
        Route::with_key("POST", "/api/v1/explain", Scope::Explain, changing(explain_text))
            .spec(Spec::new(GROUP, "explain_text").takes::<Pasted>().gives::<Explained>()),
    ]
}

/// The key that asks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Key {
    /// The part of it that may be shown.
    name: String,
    /// For whom it speaks; absent when that is the administrator.
    of: Option<String>,
    /// What it may do.
    scopes: Vec<String>,
}

/// What everything that is asked for and sent here is bounded by.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Limits")]
struct LimitsShape {
    /// The requests of one key within a minute, sending apart.
    requests_per_minute: i64,
    /// The bytes of a message.
    message_bytes: u64,
    /// The recipients of a message.
    recipients_per_message: usize,
    /// The days for which a message may be kept before it leaves.
    schedule_days: u32,
    /// The relays that a person may have of their own.
    own_relays: usize,
    /// The tests and changes of these within an hour.
    own_relay_tries_per_hour: usize,
}

/// What the queue holds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Totals {
    /// Messages with a recipient that is not over.
    messages: u64,
    /// Their recipients that are not over.
    recipients: u64,
    /// Of these: about to be sent, or being sent.
    sending: u64,
    /// Of these: held by a person.
    held: u64,
    /// Of these: waiting for a relay.
    parked: u64,
}

/// How the server is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Status {
    /// The program's version.
    version: String,
    /// Its host name.
    host_name: String,
    /// Since when it runs (RFC 3339).
    started_at: String,
    /// What the queue holds.
    queue: Totals,
    /// The names of the relays that carry no mail at the moment.
    relays_closed: Vec<String>,
    /// How many accounts there are.
    accounts: usize,
    /// How many sites there are.
    sites: usize,
    /// Whether there is a way out for any mail.
    has_route: bool,
    /// Whether mail is taken at the moment.
    takes_mail: bool,
    /// When the certificate ends (RFC 3339).
    certificate_ends: Option<String>,
}

impl Status {
    fn of(report: StatusReport) -> Self {
        let closed = report.relays.iter().filter(|relay| relay.state != control::RelayState::Open);
        Self {
            queue: Totals {
                messages: report.totals.messages,
                recipients: report.totals.recipients,
                sending: report.totals.leased,
                held: report.totals.held,
                parked: report.totals.parked,
            },
            relays_closed: closed.map(|relay| relay.name.clone()).collect(),
            version: report.version,
            host_name: report.host_name,
            started_at: report.started_at.rfc3339(),
            accounts: report.accounts,
            sites: report.sites,
            has_route: report.has_route,
            takes_mail: report.trouble.is_none(),
            certificate_ends: report.certificate_ends.map(mail::Timestamp::rfc3339),
        }
    }
}

/// A change that somebody made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Change {
    /// When (RFC 3339).
    at: String,
    /// Who.
    by: String,
    /// What.
    operation: String,
    /// On what.
    on: String,
}

/// A part of the record of changes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct AuditPage {
    /// The changes, the newest first.
    entries: Vec<Change>,
    /// The cursor of the next page; absent when there is none.
    next: Option<String>,
}

/// A text to be explained.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pasted {
    /// A refusal, a bounce, or lines of a log.
    text: String,
}

/// What a text means.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Meaning {
    /// Whom or what it is about: a recipient of a bounce, a message of a log.
    about: Option<String>,
    /// A stable id of the catalogue of causes.
    cause: String,
    /// Who sent the refusal, when that is known.
    provider: Option<String>,
    /// Whether the same message may pass later without any change.
    retry: bool,
    /// The wait that was asked for.
    retry_after_secs: Option<u32>,
    /// What happened, in words.
    explain: Both,
    /// What to do.
    action: Both,
    /// The words of the text that decided.
    decided_by: String,
}

/// What was meant by a text.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Explained {
    /// One meaning for each recipient of a bounce and each failure of a log; else one.
    answers: Vec<Meaning>,
}

/// Whose key it is, and what it may do: what a program looks at first when it is set up.
async fn key(Extension(keyed): Extension<Keyed>) -> Told {
    let of = Some(keyed.login.to_string()).filter(|login| !login.is_empty());
    let scopes = keyed.scopes.iter().map(ToString::to_string).collect();
    Ok(Json(Key { name: keyed.key, of, scopes }).into_response())
}

/// What bounds whoever asks: programs need not find it out by being refused.
async fn limits(State(web): State<Arc<Web>>) -> Told {
    let own = web.control.own_limits();
    let limits = LimitsShape {
        requests_per_minute: PER_MINUTE,
        message_bytes: own.message_bytes,
        recipients_per_message: own.recipients,
        schedule_days: own.hold_days,
        own_relays: own.relays,
        own_relay_tries_per_hour: own.tries_an_hour,
    };
    Ok(Json(limits).into_response())
}

async fn status(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    match perform(&web, &keyed, Operation::Status).await? {
        Answer::Status { report } => Ok(Json(Status::of(*report)).into_response()),
        _ => Err(Problem::ours()),
    }
}

async fn audit(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Asked(query): Asked<PageQuery>,
) -> Told {
    let before: Option<i64> = query.cursor.as_deref().map(|text| parsed("cursor", text)).transpose()?;
    let operation = Operation::AuditList { before: before.map(EventId), limit: limit(query.limit)? };
    let Answer::Audits { entries, next } = perform(&web, &keyed, operation).await? else {
        return Err(Problem::ours());
    };
    let change = |line: control::AuditLine| Change {
        at: line.at.rfc3339(),
        by: line.entry.caller,
        operation: line.entry.operation,
        on: line.entry.on,
    };
    let next = next.map(|id| id.0.to_string());
    Ok(Json(AuditPage { entries: entries.into_iter().map(change).collect(), next }).into_response())
}

async fn explain_text(Body(pasted): Body<Pasted>) -> Told {
    Ok(Json(Explained { answers: meanings(&pasted.text) }).into_response())
}

/// What a text means: a bounce has an answer for each recipient, a log one for each failure.
fn meanings(text: &str) -> Vec<Meaning> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let report = explain::bounce::read(text.as_bytes());
    if is_mail(text) && !report.recipients.is_empty() {
        let one = |of: &explain::bounce::Recipient| {
            let answer = explain::Answer::new(&of.verdict, Place::Pasted, &Facts::default());
            meaning(Some(&of.address), answer)
        };
        return report.recipients.iter().take(ANSWERS_MOST).map(one).collect();
    }
    if explain::log::is_log(text) {
        let one = |failure: explain::log::Failure<'_>| {
            let answer = explain::Answer::of_text(failure.text, &failure.hint());
            meaning(failure.recipient.or(failure.id), answer)
        };
        return explain::log::failures(text).take(ANSWERS_MOST).map(one).collect();
    }
    vec![meaning(None, explain::Answer::of_text(text, &Hint::default()))]
}

fn meaning(about: Option<&str>, answer: explain::Answer) -> Meaning {
    Meaning {
        about: about.map(str::to_owned),
        cause: answer.cause.to_string(),
        provider: answer.provider.map(str::to_owned),
        retry: answer.retry,
        retry_after_secs: answer.retry_after_secs,
        explain: both(&answer.en.cause, &answer.fr.cause),
        action: both(&answer.en.fix, &answer.fr.fix),
        decided_by: answer.decided_by,
    }
}
