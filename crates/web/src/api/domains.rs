//! Domains that mail is signed for, and the records to publish.

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
use control::{Answer, DomainView, Fault, Keyed, Operation, Published};
use mail::Domain as MailDomain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Scope;

const DOMAINS: &str = "/api/v1/domains";
const DOMAIN: &str = "/api/v1/domains/{name}";

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "domains";
    let (read, write) = (Scope::DomainsRead, Scope::DomainsWrite);
    vec![
        Route::with_key("GET", DOMAINS, read, reading(list))
            .spec(Spec::new(GROUP, "list_domains").gives::<Domains>()),
        Route::with_key("POST", DOMAINS, write, changing(add))
            .spec(Spec::new(GROUP, "add_domain").takes::<DomainBody>().makes::<Domain>()),
        Route::with_key("GET", DOMAIN, read, reading(check))
            .spec(Spec::new(GROUP, "check_domain").gives::<Domain>()),
        Route::with_key("PATCH", DOMAIN, write, patch(change))
            .spec(Spec::new(GROUP, "change_domain").takes::<DomainChanges>().gives::<Domain>()),
        Route::with_key("DELETE", DOMAIN, write, delete(remove)).spec(Spec::new(GROUP, "remove_domain")),
    ]
}

/// Whether a record is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "RecordState")]
enum Standing {
    /// It is there.
    Yes,
    /// It is not there.
    No,
    /// Another is in its place.
    Otherwise,
    /// The DNS did not answer.
    Unanswered,
}

/// A record to publish.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Record {
    /// What it is for: `dkim_rsa`, `spf`, `dmarc`…
    purpose: Purpose,
    /// `TXT`, `MX`, `SRV`, `CNAME`.
    kind: String,
    /// Its name.
    name: String,
    /// Its value, as the forms of DNS hosts take it.
    value: String,
    /// The same as a line of a zone file.
    zone: String,
    /// What the DNS says; absent when it was not asked.
    published: Option<Standing>,
    /// What is there instead.
    found: Option<String>,
}

/// What a record is for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Purpose(#[schemars(with = "String")] control::RecordPurpose);

/// A domain, without its private keys.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Domain {
    /// Its name.
    name: String,
    /// Its owner.
    owner: String,
    /// When it was added (RFC 3339).
    created_at: String,
    /// The domain that bounces come back to.
    return_path: Option<String>,
    /// The records to publish.
    records: Vec<Record>,
}

impl Domain {
    fn of(view: DomainView) -> Self {
        let record = |record: control::RecordView| {
            let (published, found) = match record.published {
                None => (None, None),
                Some(Published::Yes) => (Some(Standing::Yes), None),
                Some(Published::No) => (Some(Standing::No), None),
                Some(Published::Otherwise { text }) => (Some(Standing::Otherwise), Some(text)),
                Some(Published::Unanswered) => (Some(Standing::Unanswered), None),
            };
            Record {
                purpose: Purpose(record.purpose),
                kind: record.kind,
                name: record.name,
                value: record.value,
                zone: record.zone,
                published,
                found,
            }
        };
        Self {
            name: view.name.to_string(),
            owner: view.owner,
            created_at: view.created_at.rfc3339(),
            return_path: view.return_path.map(|domain| domain.to_string()),
            records: view.records.into_iter().map(record).collect(),
        }
    }
}

/// All domains.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Domains {
    /// The domains, by name.
    domains: Vec<Domain>,
}

/// A domain to be added: its keys are made.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DomainBody {
    /// Its name.
    name: String,
    /// The selector of its keys; `facteur` when there is none.
    selector: Option<String>,
    /// The owner's name.
    owner: Option<String>,
}

/// What changes of a domain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DomainChanges {
    /// The domain that bounces of its mail come back to; `null` keeps the senders as they are. Its MX record must point to
    /// this server.
    return_path: Option<String>,
}

fn name_of(field: &str, text: &str) -> Result<MailDomain, Problem> {
    Ok(text.parse().map_err(|error| Fault::invalid(field, error))?)
}

/// The domain that a path names: what is none is not there.
fn in_path(text: &str) -> Result<MailDomain, Problem> {
    text.parse().map_err(|_| Problem::missing(text))
}

async fn one(web: &Web, keyed: &Keyed, operation: Operation, status: StatusCode) -> Told {
    match perform(web, keyed, operation).await? {
        Answer::Domain { domain } => Ok((status, Json(Domain::of(*domain))).into_response()),
        _ => Err(Problem::ours()),
    }
}

async fn list(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    match perform(&web, &keyed, Operation::DomainList).await? {
        Answer::Domains { domains } => {
            Ok(Json(Domains { domains: domains.into_iter().map(Domain::of).collect() }).into_response())
        }
        _ => Err(Problem::ours()),
    }
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(body): Body<DomainBody>,
) -> Told {
    let name = name_of("name", &body.name)?;
    let operation = Operation::DomainAdd { name, selector: body.selector, owner: body.owner };
    one(&web, &keyed, operation, StatusCode::CREATED).await
}

async fn check(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    one(&web, &keyed, Operation::DomainCheck { name: in_path(&name)? }, StatusCode::OK).await
}

async fn change(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<DomainChanges>,
) -> Told {
    let name = in_path(&name)?;
    let return_path = body.return_path.map(|text| name_of("return_path", &text)).transpose()?;
    one(&web, &keyed, Operation::DomainReturnPath { name, return_path }, StatusCode::OK).await
}

async fn remove(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    perform(&web, &keyed, Operation::DomainRemove { name: in_path(&name)? }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
