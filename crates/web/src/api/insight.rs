//! How much of what happened, and the mail settings of an address.

use super::shape::{Both, Spec};
use super::take::{Asked, Body, moment, parsed};
use super::{Problem, Told, perform};
use crate::Web;
use crate::table::{Route, changing, reading};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::{Extension, Json};
use control::reader::Reader;
use control::{
    Answer, Fault, Keyed, Operation, StatisticsReport, StatisticsRow, StatisticsWish, Wish, found,
};
use discover::{Candidate, Discovery};
use jiff::tz::TimeZone;
use mail::{Language, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Scope;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::with_key("GET", "/api/v1/statistics", Scope::Statistics, reading(statistics))
            .spec(Spec::new("statistics", "get_statistics").asks::<StatisticsQuery>().gives::<Statistics>()),
        Route::with_key("POST", "/api/v1/discover", Scope::Discover, changing(settings))
            .spec(Spec::new("discover", "find_settings").takes::<Address>().gives::<Found>()),
    ]
}

/// What is counted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatisticsQuery {
    /// What is told apart: `day`, `hour`, `relay`, `destination`, `cause` or `account`; days when there is none.
    #[schemars(length(max = 20))]
    by: Option<String>,
    /// Since when (RFC 3339).
    #[schemars(length(max = 40))]
    from: Option<String>,
    /// Until when (RFC 3339).
    #[schemars(length(max = 40))]
    to: Option<String>,
    /// Of this account or site only.
    #[schemars(length(max = 320))]
    of: Option<String>,
}

/// How much happened.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Count {
    /// The hour or the day (RFC 3339), when these are told apart.
    at: Option<String>,
    /// The relay, the domain, the cause or the login; absent for times, and for all that has no row of its own.
    name: Option<String>,
    /// Messages that were accepted.
    messages: u64,
    /// Their recipients.
    accepted: u64,
    /// Recipients that were delivered.
    delivered: u64,
    /// Attempts after which a recipient went on waiting.
    deferred: u64,
    /// Recipients that were refused for good.
    failed: u64,
    /// Recipients that waited too long.
    expired: u64,
    /// Recipients whose message came back after it was delivered.
    bounced: u64,
    /// Recipients that a person deleted.
    cancelled: u64,
}

impl Count {
    fn of(row: StatisticsRow) -> Self {
        let counts = row.counts;
        Self {
            at: row.at.map(mail::Timestamp::rfc3339),
            name: Some(row.name).filter(|name| !name.is_empty()),
            messages: counts.messages,
            accepted: counts.accepted,
            delivered: counts.delivered,
            deferred: counts.deferred,
            failed: counts.failed,
            expired: counts.expired,
            bounced: counts.bounced,
            cancelled: counts.cancelled,
        }
    }
}

/// How much of what happened.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Statistics {
    /// What is told apart.
    by: String,
    /// Since when (RFC 3339).
    from: String,
    /// Until when (RFC 3339).
    to: String,
    /// Times in their order, all else by how much there is.
    rows: Vec<Count>,
    /// Everything together.
    total: Count,
}

impl Statistics {
    fn of(report: StatisticsReport) -> Self {
        let total = StatisticsRow { at: None, name: String::new(), counts: report.total };
        Self {
            by: report.by.as_str().to_owned(),
            from: report.from.rfc3339(),
            to: report.to.rfc3339(),
            rows: report.rows.into_iter().map(Count::of).collect(),
            total: Count::of(total),
        }
    }
}

async fn statistics(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Asked(query): Asked<StatisticsQuery>,
) -> Told {
    let by = query.by.as_deref().map(|text| parsed("by", text)).transpose()?.unwrap_or_default();
    let from = query.from.as_deref().map(|text| moment("from", text)).transpose()?;
    let to = query.to.as_deref().map(|text| moment("to", text)).transpose()?;
    let wish = StatisticsWish { by, from, to, of: query.of };
    match perform(&web, &keyed, Operation::Statistics { wish }).await? {
        Answer::Statistics { report } => Ok(Json(Statistics::of(*report)).into_response()),
        _ => Err(Problem::ours()),
    }
}

/// Whose mail settings are looked for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Address {
    /// The address.
    address: String,
    /// Its password: whether the servers let it in is tried as well. It is not kept.
    password: Option<String>,
    /// A domain whose servers may have the password although only a hint of the DNS leads there.
    trusted: Option<String>,
    /// Whether private names and addresses are asked, too: for the administrator.
    #[serde(default)]
    private: bool,
}

/// A server for reading or sending mail.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct MailServer {
    /// `imap`, `pop3` or `smtp`.
    protocol: String,
    /// Its name.
    host: String,
    /// Its port.
    port: u16,
    /// `implicit` or `starttls`.
    tls: String,
    /// The user name there.
    username: String,
    /// How one can sign in.
    auth: Vec<String>,
    /// Whether it has answered as it should.
    proved: bool,
    /// Whether it has let the address in.
    signed_in: bool,
    /// On which road it was found.
    source: String,
}

impl MailServer {
    fn of(discovery: &Discovery, candidate: &Candidate) -> Self {
        let (server, proof) = (&candidate.server, discovery.proof(candidate));
        let sign_in = proof.map_or(&server.sign_in, |proof| &proof.sign_in);
        Self {
            protocol: server.protocol.as_str().to_owned(),
            host: server.host.clone(),
            port: server.port,
            tls: server.tls.as_str().to_owned(),
            username: discovery.login(candidate),
            auth: sign_in.iter().map(|how| how.as_str().to_owned()).collect(),
            proved: proof.is_some(),
            signed_in: proof.is_some_and(|proof| proof.login.is_some()),
            source: candidate.source.as_str().to_owned(),
        }
    }
}

/// The mail settings of an address.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Found {
    /// The address.
    address: String,
    /// Its provider, when that is known.
    provider: Option<String>,
    /// How to read: `imap`, `pop3_only`, `exchange_only`, `without` or `unknown`.
    reading: String,
    /// The servers, the best of each protocol first.
    servers: Vec<MailServer>,
    /// What a person must know.
    advice: Vec<Both>,
    /// Servers to which the password was not sent, because only a hint led to them.
    unconfirmed: Vec<String>,
}

impl Found {
    fn of(web: &Web, discovery: &Discovery) -> Self {
        let remarks = |language: Language| {
            let phrases = Arc::clone(web.phrases(language));
            found::remarks(
                discovery,
                &Reader { phrases, raw: false, zone: TimeZone::UTC, now: web.clock.now() },
            )
        };
        // Both are made by the same rules, sentence by sentence.
        let advice = remarks(Language::Fr).into_iter().zip(remarks(Language::En));
        let findings = &discovery.findings;
        Self {
            address: discovery.address.to_string(),
            provider: findings.provider.as_ref().map(|provider| provider.name.clone()),
            reading: discovery.reading().as_str().to_owned(),
            servers: findings.candidates.iter().map(|found| MailServer::of(discovery, found)).collect(),
            advice: advice.map(|(fr, en)| Both { fr, en }).collect(),
            unconfirmed: discovery.unconfirmed.clone(),
        }
    }
}

async fn settings(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(body): Body<Address>,
) -> Told {
    let trusted = body.trusted.map(|text| text.parse().map_err(|error| Fault::invalid("trusted", error)));
    let wish = Wish {
        address: body.address,
        password: body.password.map(Secret::new),
        trusted: trusted.transpose()?,
        private: body.private,
    };
    match perform(&web, &keyed, Operation::Discover { wish }).await? {
        Answer::Discovered { discovery } => Ok(Json(Found::of(&web, &discovery)).into_response()),
        _ => Err(Problem::ours()),
    }
}
