//! Keys of programs: a person's own, for the administrator all of them.

use super::{Refused, Shown, back, failed, perform, removed, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, select, tick};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use control::reader::when;
use control::{Answer, KeyAct, KeySpec, KeyState, KeyView, Operation};
use maud::{Markup, html};
use std::sync::Arc;
use store::Scope;

const HERE: &str = "/keys";
/// What begins the name of each box for a scope.
const SCOPE_FIELD: &str = "scope-";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read(HERE, Access::Person, reading(list)),
        Route::change(HERE, Access::Person, changing(add)),
        Route::change("/keys/{name}/remove", Access::Person, changing(remove)),
    ]
}

async fn list(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let operation = Operation::ApiKey { act: KeyAct::List { of: None } };
    let Answer::Keys { keys } = perform(&web, &ask, operation).await? else {
        return Err(Trouble::Ours.into());
    };
    let holders = holders(&web, &ask).await?;
    let content = html! {
        h1 { (ask.say("web-nav-keys")) }
        section class="card" {
            p class="hint" { (ask.say("web-keys-hint")) }
            @if keys.is_empty() { p { (ask.say("web-keys-none")) } }
            @for key in &keys { (row(&ask, key)) }
        }
        section class="card" {
            h2 { (ask.say("web-key-add")) }
            (new_key(&ask, &holders))
        }
    };
    Ok(Page::new(ask.say("web-nav-keys"), Section::Keys, content).answer(&web, &ask))
}

/// For whom an administrator may make keys; a person's are their own.
async fn holders(web: &Web, ask: &Ask) -> Result<Vec<(String, String)>, Refused> {
    if !ask.is_administrator() {
        return Ok(Vec::new());
    }
    let Answer::Accounts { accounts } = perform(web, ask, Operation::AccountList).await? else {
        return Err(Trouble::Ours.into());
    };
    let Answer::Sites { sites } = perform(web, ask, Operation::SiteList).await? else {
        return Err(Trouble::Ours.into());
    };
    let names =
        accounts.into_iter().map(|account| account.login).chain(sites.into_iter().map(|site| site.name));
    let server = (String::new(), ask.say("web-key-of-server"));
    Ok(std::iter::once(server).chain(names.map(|name| (name.clone(), name))).collect())
}

fn row(ask: &Ask, key: &KeyView) -> Markup {
    let moment = |at| when(at, &ask.reader());
    let state = match key.state {
        KeyState::Good => "web-key-good",
        KeyState::Expired => "web-key-expired",
        KeyState::Revoked => "web-key-revoked",
    };
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    html! {
        details class="site" {
            summary { (key.label) " " span class="soft" { code { (key.name) } " · " (ask.say(state)) } }
            @if ask.is_administrator() {
                p { (ask.fill("web-key-of", [("name", key.of.clone().unwrap_or_else(|| ask.say("web-key-of-server")).into())])) }
            }
            p { (ask.fill("web-key-may", [("text", scopes.join(", ").into())])) }
            p class="soft" {
                @match key.used_at {
                    Some(at) => (ask.fill("web-key-used", [("when", moment(at).into())])),
                    None => (ask.say("web-key-unused")),
                }
                @if let Some(at) = key.expires_at { " " (ask.fill("web-key-ends", [("when", moment(at).into())])) }
            }
            @if key.state != KeyState::Revoked {
                (form(ask, &format!("{HERE}/{}/remove", segment(&key.name)), &html! {
                    (tick(&format!("sure-{}", key.name), &ask.say("web-sure"), false))
                    button class="danger" { (ask.say("web-key-remove")) }
                }))
            }
        }
    }
}

fn new_key(ask: &Ask, holders: &[(String, String)]) -> Markup {
    let may = |scope: &&Scope| ask.is_administrator() || scope.is_for_everybody();
    form(
        ask,
        HERE,
        &html! {
            div class="fields" {
                (Field::text("label", ask.say("web-field-label"), "").hint(ask.say("web-hint-label")).required().show())
                @if !holders.is_empty() { (select("of", &ask.say("web-field-of"), holders, "")) }
                (Field { kind: "number", ..Field::text("days", ask.say("web-field-days"), "").hint(ask.say("web-hint-days")) }.show())
            }
            fieldset {
                legend { (ask.say("web-field-scopes")) }
                @for scope in Scope::ALL.iter().filter(may) {
                    (tick(&format!("{SCOPE_FIELD}{scope}"), &ask.say(words_of(*scope)), false))
                }
                @if ask.is_administrator() { p class="hint" { (ask.say("web-hint-scopes")) } }
            }
            p class="hint" { (ask.say("web-key-once")) }
            button { (ask.say("web-key-add")) }
        },
    )
}

/// What a scope lets its key do.
pub(crate) const fn words_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Send => "web-scope-send",
        Scope::MessagesRead => "web-scope-messages-read",
        Scope::MessagesWrite => "web-scope-messages-write",
        Scope::RelaysRead => "web-scope-relays-read",
        Scope::RelaysWrite => "web-scope-relays-write",
        Scope::AccountsRead => "web-scope-accounts-read",
        Scope::AccountsWrite => "web-scope-accounts-write",
        Scope::DomainsRead => "web-scope-domains-read",
        Scope::DomainsWrite => "web-scope-domains-write",
        Scope::Status => "web-scope-status",
        Scope::Audit => "web-scope-audit",
        Scope::Statistics => "web-scope-statistics",
        Scope::Explain => "web-scope-explain",
        Scope::Discover => "web-scope-discover",
        Scope::Webhooks => "web-scope-webhooks",
        Scope::Metrics => "web-scope-metrics",
        Scope::Admin => "web-scope-admin",
    }
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let scopes = Scope::ALL.into_iter().filter(|scope| fields.has(&format!("{SCOPE_FIELD}{scope}")));
    let key = KeySpec {
        label: fields.text("label").unwrap_or_default(),
        of: fields.text("of"),
        scopes: scopes.collect(),
        // What is no number is no number of days either, and is told so.
        days: fields.text("days").map(|text| text.parse().unwrap_or(0)),
    };
    Ok(match perform(&web, &ask, Operation::ApiKey { act: KeyAct::Add { key } }).await {
        Ok(Answer::KeyMade { made }) => {
            let mut notice = Notice::good(ask.fill("web-key-is", [("name", made.view.label.clone().into())]));
            notice.more = ask.say("web-password-once");
            notice.secret = Some(made.key);
            back(&web, &ask, HERE, notice)
        }
        Ok(_) => return Err(Trouble::Ours.into()),
        Err(fault) => failed(&web, &ask, HERE, &fault),
    })
}

async fn remove(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let sure = fields.has(&format!("sure-{name}"));
    let operation = Operation::ApiKey { act: KeyAct::Remove { name } };
    Ok(removed((&web, &ask), sure, (HERE, HERE), operation, "web-key-removed").await)
}
