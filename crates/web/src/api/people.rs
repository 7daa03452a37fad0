//! Accounts and sites: who may send.

use super::shape::{Made, Spec};
use super::take::{Body, Named};
use super::{Problem, Told, perform};
use crate::Web;
use crate::table::{Route, changing, reading};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, patch};
use axum::{Extension, Json};
use control::{
    AccountSpec, AccountView, Answer, Fault, Keyed, NewPassword, Operation, SiteChanges, SiteSpec, SiteView,
};
use mail::{Language, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::sync::Arc;
use store::{AccountRole, Scope};

const ACCOUNTS: &str = "/api/v1/accounts";
const ACCOUNT: &str = "/api/v1/accounts/{login}";
const SITES: &str = "/api/v1/sites";
const SITE: &str = "/api/v1/sites/{name}";

pub(super) fn routes() -> Vec<Route> {
    const OF_ACCOUNTS: &str = "accounts";
    const OF_SITES: &str = "sites";
    let (read, write) = (Scope::AccountsRead, Scope::AccountsWrite);
    let key = Route::with_key;
    vec![
        key("GET", ACCOUNTS, read, reading(list))
            .spec(Spec::new(OF_ACCOUNTS, "list_accounts").gives::<Accounts>()),
        key("POST", ACCOUNTS, write, changing(add))
            .spec(Spec::new(OF_ACCOUNTS, "add_account").takes::<AccountBody>().makes::<Made>()),
        key("GET", ACCOUNT, read, reading(show))
            .spec(Spec::new(OF_ACCOUNTS, "get_account").gives::<Account>()),
        key("PATCH", ACCOUNT, write, patch(change))
            .spec(Spec::new(OF_ACCOUNTS, "change_account").takes::<AccountChanges>()),
        key("POST", "/api/v1/accounts/{login}/password", write, changing(set_password))
            .spec(Spec::new(OF_ACCOUNTS, "set_account_password").takes::<PasswordBody>().gives::<Made>()),
        key("DELETE", ACCOUNT, write, delete(remove)).spec(Spec::new(OF_ACCOUNTS, "remove_account")),
        key("GET", SITES, read, reading(list_sites)).spec(Spec::new(OF_SITES, "list_sites").gives::<Sites>()),
        key("POST", SITES, write, changing(add_site))
            .spec(Spec::new(OF_SITES, "add_site").takes::<SiteBody>().makes::<Made>()),
        key("GET", SITE, read, reading(show_site)).spec(Spec::new(OF_SITES, "get_site").gives::<Site>()),
        key("PATCH", SITE, write, patch(change_site))
            .spec(Spec::new(OF_SITES, "change_site").takes::<SiteBodyChanges>()),
        key("POST", "/api/v1/sites/{name}/password", write, changing(set_site_password))
            .spec(Spec::new(OF_SITES, "set_site_password").takes::<PasswordBody>().gives::<Made>()),
        key("DELETE", SITE, write, delete(remove_site)).spec(Spec::new(OF_SITES, "remove_site")),
    ]
}

/// The language of what somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tongue {
    /// English.
    En,
    /// French.
    Fr,
}

impl Tongue {
    const fn language(self) -> Language {
        match self {
            Self::En => Language::En,
            Self::Fr => Language::Fr,
        }
    }
}

/// An account, without its password.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Account {
    /// Its login.
    login: String,
    /// What it may send with: an address, a `@domain`, or `*`.
    senders: Vec<String>,
    /// The language of what it is told.
    language: Tongue,
    /// The seconds before its mail leaves, in which it can be taken back.
    undo_seconds: u32,
    /// What it may do in the portal: `person`, `helper` or `administrator`. No key changes it, nor an account that is
    /// more than a person's.
    role: String,
    /// Its owner.
    owner: String,
    /// When it was made (RFC 3339).
    created_at: String,
}

impl Account {
    fn of(view: AccountView) -> Self {
        Self {
            login: view.login,
            senders: texts(&view.senders),
            language: if view.language == Language::Fr { Tongue::Fr } else { Tongue::En },
            undo_seconds: view.undo_secs,
            role: view.role.to_string(),
            owner: view.owner,
            created_at: view.created_at.rfc3339(),
        }
    }
}

/// All accounts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Accounts {
    /// The accounts, by login.
    accounts: Vec<Account>,
}

/// An account to be added.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AccountBody {
    /// The login, usually the address.
    login: String,
    /// What it may send with: an address, a `@domain`, or `*`; its login when there is none.
    #[serde(default)]
    senders: Vec<String>,
    /// The language of what it is told.
    language: Option<Tongue>,
    /// The seconds before its mail leaves, in which it can be taken back.
    #[serde(default)]
    undo_seconds: u32,
    /// The password; one is made when there is none.
    password: Option<String>,
    /// The owner's name.
    owner: Option<String>,
}

/// What changes of an account; what is absent stays.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AccountChanges {
    /// What it may send with from now on.
    senders: Option<Vec<String>>,
    /// The language of what it is told.
    language: Option<Tongue>,
    /// The seconds before its mail leaves, in which it can be taken back.
    undo_seconds: Option<u32>,
}

/// A new password.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct PasswordBody {
    /// The password; one is made when there is none.
    password: Option<String>,
}

/// A site, without its password.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Site {
    /// Its name, also its SMTP login.
    name: String,
    /// The networks from which it needs no login.
    networks: Vec<String>,
    /// The local users whose programs it is.
    uids: Vec<u32>,
    /// What it may send with: an address, a `@domain`, or `*`.
    senders: Vec<String>,
    /// What is done with a CR or LF that it sends alone: `strict` refuses it, `repair` makes CR LF of it.
    line_endings: String,
    /// Its owner.
    owner: String,
    /// When it was made (RFC 3339).
    created_at: String,
}

impl Site {
    fn of(view: SiteView) -> Self {
        Self {
            name: view.name,
            networks: texts(&view.networks),
            uids: view.uids,
            senders: texts(&view.senders),
            line_endings: view.line_endings.to_string(),
            owner: view.owner,
            created_at: view.created_at.rfc3339(),
        }
    }
}

/// All sites.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Sites {
    /// The sites, by name.
    sites: Vec<Site>,
}

/// A site to be added.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SiteBody {
    /// Its name, also its SMTP login.
    name: String,
    /// The networks from which it needs no login: `192.0.2.0/24`.
    #[serde(default)]
    networks: Vec<String>,
    /// The local users whose programs it is.
    #[serde(default)]
    uids: Vec<u32>,
    /// What it may send with: an address, a `@domain`, or `*`.
    senders: Vec<String>,
    /// What is done with a CR or LF that it sends alone: `strict` or `repair`.
    line_endings: Option<String>,
    /// The password; a key is made when there is none and the site has no network.
    password: Option<String>,
    /// The owner's name.
    owner: Option<String>,
}

/// What changes of a site; what is absent stays.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SiteChanges")]
struct SiteBodyChanges {
    /// The networks from which it needs no login from now on.
    networks: Option<Vec<String>>,
    /// The local users whose programs it is from now on.
    uids: Option<Vec<u32>>,
    /// What it may send with from now on.
    senders: Option<Vec<String>>,
    /// What is done with a CR or LF that it sends alone: `strict` or `repair`.
    line_endings: Option<String>,
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// Texts as our types; the fault names the member.
fn read<T: FromStr<Err: ToString>>(field: &str, texts: &[String]) -> Result<Vec<T>, Fault> {
    let one = |text: &String| text.parse().map_err(|error: T::Err| Fault::invalid(field, error.to_string()));
    texts.iter().map(one).collect()
}

fn read_one<T: FromStr<Err: ToString>>(field: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|error: T::Err| Fault::invalid(field, error.to_string()))
}

fn made(made: NewPassword, status: StatusCode) -> Response {
    (status, Json(Made { login: made.login, password: made.password })).into_response()
}

async fn password(web: &Web, keyed: &Keyed, operation: Operation, status: StatusCode) -> Told {
    match perform(web, keyed, operation).await? {
        Answer::Password { made: new } => Ok(made(new, status)),
        _ => Err(Problem::ours()),
    }
}

async fn without_answer(web: &Web, keyed: &Keyed, operation: Operation) -> Told {
    perform(web, keyed, operation).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn accounts(web: &Web, keyed: &Keyed) -> Result<Vec<AccountView>, Problem> {
    match perform(web, keyed, Operation::AccountList).await? {
        Answer::Accounts { accounts } => Ok(accounts),
        _ => Err(Problem::ours()),
    }
}

async fn list(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    let accounts = accounts(&web, &keyed).await?.into_iter().map(Account::of).collect();
    Ok(Json(Accounts { accounts }).into_response())
}

async fn show(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(login): Named) -> Told {
    let found = accounts(&web, &keyed).await?.into_iter().find(|one| one.login.eq_ignore_ascii_case(&login));
    Ok(Json(Account::of(found.ok_or_else(|| Problem::missing(&login))?)).into_response())
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(body): Body<AccountBody>,
) -> Told {
    let account = AccountSpec {
        login: body.login,
        senders: read("senders", &body.senders)?,
        language: body.language.map(Tongue::language).unwrap_or_default(),
        undo_secs: body.undo_seconds,
        role: AccountRole::Person,
        password: body.password.map(Secret::new),
        owner: body.owner,
    };
    password(&web, &keyed, Operation::AccountAdd { account }, StatusCode::CREATED).await
}

async fn change(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(login): Named,
    Body(body): Body<AccountChanges>,
) -> Told {
    let senders = body.senders.map(|senders| read("senders", &senders)).transpose()?;
    let language = body.language.map(Tongue::language);
    let undo_secs = body.undo_seconds;
    let operation = Operation::AccountChange { login, senders, language, undo_secs, role: None };
    without_answer(&web, &keyed, operation).await
}

async fn set_password(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(login): Named,
    Body(body): Body<PasswordBody>,
) -> Told {
    let operation = Operation::AccountPassword { login, password: body.password.map(Secret::new) };
    password(&web, &keyed, operation, StatusCode::OK).await
}

async fn remove(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(login): Named,
) -> Told {
    without_answer(&web, &keyed, Operation::AccountRemove { login }).await
}

async fn sites(web: &Web, keyed: &Keyed) -> Result<Vec<SiteView>, Problem> {
    match perform(web, keyed, Operation::SiteList).await? {
        Answer::Sites { sites } => Ok(sites),
        _ => Err(Problem::ours()),
    }
}

async fn list_sites(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    let sites = sites(&web, &keyed).await?.into_iter().map(Site::of).collect();
    Ok(Json(Sites { sites }).into_response())
}

async fn show_site(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
) -> Told {
    let found = sites(&web, &keyed).await?.into_iter().find(|one| one.name.eq_ignore_ascii_case(&name));
    Ok(Json(Site::of(found.ok_or_else(|| Problem::missing(&name))?)).into_response())
}

async fn add_site(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(body): Body<SiteBody>,
) -> Told {
    let endings = body.line_endings.map(|text| read_one("line_endings", &text)).transpose()?;
    let site = SiteSpec {
        name: body.name,
        networks: read("networks", &body.networks)?,
        uids: body.uids,
        senders: read("senders", &body.senders)?,
        line_endings: endings.unwrap_or_default(),
        password: body.password.map(Secret::new),
        owner: body.owner,
    };
    password(&web, &keyed, Operation::SiteAdd { site }, StatusCode::CREATED).await
}

async fn change_site(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<SiteBodyChanges>,
) -> Told {
    let changes = SiteChanges {
        networks: body.networks.map(|networks| read("networks", &networks)).transpose()?,
        uids: body.uids,
        senders: body.senders.map(|senders| read("senders", &senders)).transpose()?,
        line_endings: body.line_endings.map(|text| read_one("line_endings", &text)).transpose()?,
    };
    without_answer(&web, &keyed, Operation::SiteChange { name, changes }).await
}

async fn set_site_password(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<PasswordBody>,
) -> Told {
    let operation = Operation::SitePassword { name, password: body.password.map(Secret::new) };
    password(&web, &keyed, operation, StatusCode::OK).await
}

async fn remove_site(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
) -> Told {
    without_answer(&web, &keyed, Operation::SiteRemove { name }).await
}
