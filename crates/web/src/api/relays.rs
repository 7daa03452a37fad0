//! Relays and routes: the ways out.

use super::shape::{Both, Spec};
use super::take::{Body, Named};
use super::{Problem, Told, both, perform};
use crate::Web;
use crate::table::{Route, changing, reading};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{delete, patch, put};
use axum::{Extension, Json};
use control::{Answer, ClosureView, Keyed, Operation, RelaySpec, RelayState, RelayView, RouteFor, wording};
use mail::{Dialogue, Language, Secret, Speaker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{RelayTls, Scope, SenderMode};

const RELAYS: &str = "/api/v1/relays";
const RELAY: &str = "/api/v1/relays/{name}";
const ROUTES: &str = "/api/v1/routes";

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "relays";
    let (read, write) = (Scope::RelaysRead, Scope::RelaysWrite);
    vec![
        Route::with_key("GET", RELAYS, read, reading(list))
            .spec(Spec::new(GROUP, "list_relays").gives::<Relays>()),
        Route::with_key("POST", RELAYS, write, changing(add))
            .spec(Spec::new(GROUP, "add_relay").takes::<RelayBody>().makes::<Relay>()),
        Route::with_key("GET", RELAY, read, reading(show))
            .spec(Spec::new(GROUP, "get_relay").gives::<Relay>()),
        Route::with_key("PATCH", RELAY, write, patch(change))
            .spec(Spec::new(GROUP, "change_relay").takes::<RelayBody>().gives::<Relay>()),
        Route::with_key("DELETE", RELAY, write, delete(remove)).spec(Spec::new(GROUP, "remove_relay")),
        Route::with_key("POST", "/api/v1/relays/{name}/test", write, changing(test))
            .spec(Spec::new(GROUP, "test_relay").gives::<Tested>()),
        Route::with_key("GET", ROUTES, read, reading(list_routes))
            .spec(Spec::new(GROUP, "list_routes").gives::<Routes>()),
        Route::with_key("PUT", ROUTES, write, put(set_route))
            .spec(Spec::new(GROUP, "set_route").takes::<RouteBody>()),
    ]
}

/// How TLS is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tls {
    /// STARTTLS, required; TLS at once on port 465.
    Auto,
    /// TLS at once.
    Implicit,
    /// STARTTLS, required.
    Starttls,
    /// None: for relays nearby.
    Never,
}

impl Tls {
    const fn of(tls: RelayTls) -> Self {
        match tls {
            RelayTls::Auto => Self::Auto,
            RelayTls::Implicit => Self::Implicit,
            RelayTls::Starttls => Self::Starttls,
            RelayTls::Never => Self::Never,
        }
    }

    const fn stored(self) -> RelayTls {
        match self {
            Self::Auto => RelayTls::Auto,
            Self::Implicit => RelayTls::Implicit,
            Self::Starttls => RelayTls::Starttls,
            Self::Never => RelayTls::Never,
        }
    }
}

/// With which sender a relay gets mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Sender {
    /// With the message's own.
    Keep,
    /// With the address that signs in.
    Login,
}

/// Whether a relay carries mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RelayState")]
enum Standing {
    /// It does.
    Open,
    /// It is out of reach, and is tried again soon.
    OutOfReach,
    /// It is closed: somebody must act.
    Closed,
}

/// Why a relay, or one sender on it, is stopped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Closure {
    /// The one sender that is stopped; absent when it is the relay.
    sender: Option<String>,
    /// A stable id of the catalogue of causes.
    cause: String,
    /// What was said or seen.
    reply: String,
    /// Why, in words.
    explain: Both,
    /// What to do about it.
    action: Both,
    /// Who must act.
    who: Both,
    /// Since when (RFC 3339).
    since: String,
    /// When it is tried again (RFC 3339).
    reopen_at: String,
}

/// A relay, without its password.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Relay {
    /// Its name.
    name: String,
    /// The preset that it was made from.
    preset: Option<String>,
    /// The server.
    host: String,
    /// The port; absent when 587, 465 and 2525 are tried.
    port: Option<u16>,
    /// How TLS is done.
    tls: Tls,
    /// Whether certificates are not verified.
    insecure: bool,
    /// The user name, when it wants a sign-in.
    login: Option<String>,
    /// With which sender it gets mail.
    sender: Sender,
    /// The most connections at once.
    max_connections: u16,
    /// The most recipients of one transaction.
    max_recipients: u16,
    /// Its owner.
    owner: String,
    /// The login of the account whose alone it is.
    account: Option<String>,
    /// Whether it carries mail.
    state: Standing,
    /// Why it, or a sender on it, is stopped.
    closures: Vec<Closure>,
}

/// All relays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Relays {
    /// The relays, by name.
    relays: Vec<Relay>,
}

/// A relay to be added, or what changes of one; what is absent stays, or comes from the preset.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RelayBody {
    /// Its name; the preset's when there is none.
    name: Option<String>,
    /// The preset that the rest comes from: `gmail`, `orange`…
    preset: Option<String>,
    /// The server.
    host: Option<String>,
    /// The port; `0` tries 587, 465 and 2525.
    port: Option<u16>,
    /// How TLS is done.
    tls: Option<Tls>,
    /// Whether certificates are not verified and plain text is allowed.
    insecure: Option<bool>,
    /// PEM of an authority of its own; an empty text takes it away.
    extra_ca: Option<String>,
    /// The user name.
    login: Option<String>,
    /// The password or key.
    password: Option<String>,
    /// Whether it wants no sign-in.
    no_auth: bool,
    /// The region, for a preset whose server has one.
    region: Option<String>,
    /// With which sender it gets mail.
    sender: Option<Sender>,
    /// The most connections at once.
    max_connections: Option<u16>,
    /// The most recipients of one transaction.
    max_recipients: Option<u16>,
    /// The owner's name, of a relay to be added.
    owner: Option<String>,
    /// The login of the account whose alone it is, of a relay to be added; a person's own relays are theirs anyway.
    account: Option<String>,
    /// Whether it becomes the default relay, or, when it is an account's, the one that carries its mail. The first relay does in any case.
    default: bool,
}

impl RelayBody {
    fn spec(self) -> RelaySpec {
        RelaySpec {
            name: self.name,
            preset: self.preset,
            host: self.host,
            port: self.port,
            tls: self.tls.map(Tls::stored),
            insecure: self.insecure,
            extra_ca: self.extra_ca,
            login: self.login,
            password: self.password.map(Secret::new),
            no_auth: self.no_auth,
            region: self.region,
            sender: self.sender.map(|sender| match sender {
                Sender::Keep => SenderMode::Keep,
                Sender::Login => SenderMode::Login,
            }),
            max_connections: self.max_connections,
            max_recipients: self.max_recipients,
            owner: self.owner,
            account: self.account,
            default: self.default,
        }
    }
}

/// A line that was spoken with the relay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TestLine")]
struct Line {
    /// Milliseconds since the test began.
    at_ms: u32,
    /// Who said it: `us`, `them`, or `note`.
    by: String,
    /// What was said; never a secret.
    text: String,
}

/// What came of the test of a relay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RelayTest")]
struct Tested {
    /// Whether it works.
    works: bool,
    /// The cause, when it does not.
    cause: Option<String>,
    /// What was said or seen.
    reply: Option<String>,
    /// Why it does not work, in words.
    explain: Option<Both>,
    /// What to do about it.
    action: Option<Both>,
    /// What was spoken.
    dialogue: Vec<Line>,
}

/// Whose mail takes which relay.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Route")]
struct RouteShape {
    /// For whom: `site:NAME`, `account:LOGIN`, `domain:NAME`, `owner:NAME`, `default`.
    scope: String,
    /// Through which relay; `direct` for none.
    relay: String,
}

/// All routes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Routes {
    /// The routes, in the order in which they win.
    routes: Vec<RouteShape>,
}

/// Whom a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RouteScope {
    /// One site.
    Site,
    /// One account.
    Account,
    /// One sender domain.
    SenderDomain,
    /// One owner.
    Owner,
    /// Everybody.
    Default,
}

/// A route to be set, or without a relay to be taken away.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RouteBody {
    /// For whom.
    r#for: RouteScope,
    /// Of that name; for everybody there is none.
    #[serde(default)]
    name: String,
    /// Through which relay; `direct` for none; absent takes the route away.
    relay: Option<String>,
}

fn closure(view: &ClosureView) -> Closure {
    let [en, fr] = Language::ALL.map(|language| wording::of_closure(view, language));
    Closure {
        sender: view.sender.clone(),
        cause: view.cause.clone(),
        reply: en.raw.clone(),
        explain: both(&en.words.cause, &fr.words.cause),
        action: both(&en.words.fix, &fr.words.fix),
        who: both(&en.words.who, &fr.words.who),
        since: view.since.rfc3339(),
        reopen_at: view.reopen_at.rfc3339(),
    }
}

fn relay(view: RelayView) -> Relay {
    Relay {
        closures: view.closures.iter().map(closure).collect(),
        name: view.name,
        preset: view.preset,
        host: view.host,
        port: view.port,
        tls: Tls::of(view.tls),
        insecure: view.insecure,
        login: view.login,
        sender: match view.sender {
            SenderMode::Keep => Sender::Keep,
            SenderMode::Login => Sender::Login,
        },
        max_connections: view.max_connections,
        max_recipients: view.max_recipients,
        account: view.account,
        owner: view.owner,
        state: match view.state {
            RelayState::Open => Standing::Open,
            RelayState::OutOfReach => Standing::OutOfReach,
            RelayState::Closed => Standing::Closed,
        },
    }
}

async fn all(web: &Web, keyed: &Keyed) -> Result<Vec<RelayView>, Problem> {
    match perform(web, keyed, Operation::RelayList).await? {
        Answer::Relays { relays } => Ok(relays),
        _ => Err(Problem::ours()),
    }
}

async fn list(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    let relays = all(&web, &keyed).await?.into_iter().map(relay).collect();
    Ok(Json(Relays { relays }).into_response())
}

async fn show(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    let found = all(&web, &keyed).await?.into_iter().find(|view| view.name.eq_ignore_ascii_case(&name));
    let view = found.ok_or_else(|| Problem::missing(&name))?;
    Ok(Json(relay(view)).into_response())
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(body): Body<RelayBody>,
) -> Told {
    match perform(&web, &keyed, Operation::RelayAdd { relay: body.spec() }).await? {
        Answer::Relay { relay: view } => Ok((StatusCode::CREATED, Json(relay(*view))).into_response()),
        _ => Err(Problem::ours()),
    }
}

async fn change(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<RelayBody>,
) -> Told {
    match perform(&web, &keyed, Operation::RelayChange { name, relay: body.spec() }).await? {
        Answer::Relay { relay: view } => Ok(Json(relay(*view)).into_response()),
        _ => Err(Problem::ours()),
    }
}

async fn remove(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    perform(&web, &keyed, Operation::RelayRemove { name }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn spoken(dialogue: &Dialogue) -> Vec<Line> {
    let line = |line: &mail::Line| {
        let by = match line.by {
            Speaker::Us => "us",
            Speaker::Them => "them",
            Speaker::Note => "note",
        };
        Line { at_ms: line.at_ms, by: by.to_owned(), text: line.text.clone() }
    };
    dialogue.lines.iter().map(line).collect()
}

async fn test(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(name): Named) -> Told {
    let answer = perform(&web, &keyed, Operation::RelayTest { name }).await?;
    let Answer::Tested { relay, preset, evidence, dialogue, .. } = answer else {
        return Err(Problem::ours());
    };
    let reasons = evidence.map(|evidence| {
        Language::ALL.map(|language| wording::of_evidence(&evidence, &relay, preset.as_deref(), language))
    });
    let reason = reasons.as_ref().map(|[en, fr]| (en, fr));
    let tested = Tested {
        works: reason.is_none(),
        cause: reason.map(|(en, _)| en.cause.to_string()),
        reply: reason.map(|(en, _)| en.raw.clone()),
        explain: reason.map(|(en, fr)| both(&en.words.cause, &fr.words.cause)),
        action: reason.map(|(en, fr)| both(&en.words.fix, &fr.words.fix)),
        dialogue: spoken(&dialogue),
    };
    Ok(Json(tested).into_response())
}

async fn list_routes(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    match perform(&web, &keyed, Operation::RouteList).await? {
        Answer::Routes { routes } => {
            let shape = |route: control::RouteView| RouteShape { scope: route.scope, relay: route.relay };
            Ok(Json(Routes { routes: routes.into_iter().map(shape).collect() }).into_response())
        }
        _ => Err(Problem::ours()),
    }
}

async fn set_route(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(body): Body<RouteBody>,
) -> Told {
    let scope = match body.r#for {
        RouteScope::Site => RouteFor::Site(body.name),
        RouteScope::Account => RouteFor::Account(body.name),
        RouteScope::SenderDomain => {
            let domain = body.name.parse();
            RouteFor::SenderDomain(domain.map_err(|error| control::Fault::invalid("domain", error))?)
        }
        RouteScope::Owner => RouteFor::Owner(body.name),
        RouteScope::Default => RouteFor::Default,
    };
    perform(&web, &keyed, Operation::RouteSet { scope, relay: body.relay }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
