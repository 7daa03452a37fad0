//! Accounts and sites: who may send.

use super::blocks;
use super::{Refused, Shown, back, failed, perform, segment, unsure};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, language, select, tick};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use control::{
    AccountSpec, AccountView, Answer, Fault, Guarded, Operation, ProtectionView, SiteSpec, SiteView, wording,
};
use mail::{Language, LineEndings};
use maud::{Markup, html};
use std::str::FromStr;
use std::sync::Arc;
use store::{AccountRole, SenderRule};

pub(super) fn routes() -> Vec<Route> {
    let (admin, helper) = (Access::Administrator, Access::Helper);
    vec![
        Route::read("/accounts", helper, reading(list)),
        Route::change("/accounts", admin, changing(add)),
        Route::read("/accounts/{login}", helper, reading(show)),
        Route::change("/accounts/{login}/settings", admin, changing(change)),
        Route::change("/accounts/{login}/password", helper, changing(set_password)),
        Route::change("/accounts/{login}/remove", admin, changing(remove)),
        Route::change("/sites", admin, changing(add_site)),
        Route::change("/sites/{name}/password", admin, changing(set_site_password)),
        Route::change("/sites/{name}/remove", admin, changing(remove_site)),
    ]
}

/// The parts of a list that people type: apart by spaces, commas or lines.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', ';', '\n', '\r', '\t']).filter(|part| !part.is_empty())
}

fn read_all<T: FromStr<Err: ToString>>(field: &str, text: &str) -> Result<Vec<T>, Fault> {
    parts(text)
        .map(|part| part.parse().map_err(|error: T::Err| Fault::invalid(field, error.to_string())))
        .collect()
}

fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

async fn accounts_of(web: &Web, ask: &Ask) -> Result<Vec<AccountView>, Refused> {
    match perform(web, ask, Operation::AccountList).await? {
        Answer::Accounts { accounts } => Ok(accounts),
        _ => Err(Trouble::Ours.into()),
    }
}

async fn list(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let accounts = accounts_of(&web, &ask).await?;
    let Answer::Sites { sites } = perform(&web, &ask, Operation::SiteList).await? else {
        return Err(Trouble::Ours.into());
    };
    let guarded = blocks::all(&web, &ask).await?;
    let content = html! {
        h1 { (ask.say("web-nav-accounts")) }
        section class="card" {
            h2 { (ask.say("web-people")) }
            ul class="rows" {
                @for account in &accounts {
                    li {
                        a href={ "/accounts/" (segment(&account.login)) } { (account.login) }
                        @if account.role != AccountRole::Person { span class="badge" { (ask.say(wording::role_key(account.role))) } }
                        span class="soft" { (joined(&account.senders)) }
                        (blocks::badges(&ask, blocks::find(&guarded, &Guarded::Account(account.login.clone()))))
                    }
                }
            }
            @if ask.is_administrator() { details { summary { (ask.say("web-account-add")) } (new_account(&ask)) } }
        }
        section class="card" {
            h2 { (ask.say("web-programs")) }
            p class="hint" { (ask.say("web-programs-hint")) }
            @for site in &sites { (site_row(&ask, site, &guarded)) }
            @if ask.is_administrator() { details { summary { (ask.say("web-site-add")) } (new_site(&ask)) } }
        }
    };
    Ok(Page::new(ask.say("web-nav-accounts"), Section::Accounts, content).answer(&web, &ask))
}

fn new_account(ask: &Ask) -> Markup {
    form(
        ask,
        "/accounts",
        &html! {
            div class="fields" {
                (Field::text("login", ask.say("web-field-login"), "").hint(ask.say("web-hint-account")).required().show())
                (Field::text("senders", ask.say("web-field-senders"), "").hint(ask.say("web-hint-senders")).show())
                (language(ask, ask.language()))
                (roles(ask, AccountRole::Person))
            }
            p class="hint" { (ask.say("web-password-made")) }
            button { (ask.say("web-account-add")) }
        },
    )
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let senders = match read_all::<SenderRule>("senders", fields.exact("senders")) {
        Ok(senders) => senders,
        Err(fault) => return Ok(failed(&web, &ask, "/accounts", &fault)),
    };
    let account = AccountSpec {
        login: fields.text("login").unwrap_or_default(),
        senders,
        language: fields.exact("language").parse().unwrap_or_default(),
        undo_secs: 0,
        role: fields.exact("role").parse().unwrap_or_default(),
        password: None,
        owner: None,
    };
    Ok(made(&web, &ask, "/accounts", perform(&web, &ask, Operation::AccountAdd { account }).await))
}

/// Back to a page with the password that was made, which is shown this once.
fn made(web: &Web, ask: &Ask, to: &str, answer: Result<Answer, Fault>) -> axum::response::Response {
    match answer {
        Ok(Answer::Password { made }) => {
            let gap = [("login", made.login.clone().into())];
            let mut notice = Notice::good(ask.fill("web-password-is", gap));
            notice.secret = made.password;
            if notice.secret.is_some() {
                notice.more = ask.say("web-password-once");
            }
            back(web, ask, to, notice)
        }
        Ok(_) => back(web, ask, to, Notice::good(ask.say("web-saved"))),
        Err(fault) => failed(web, ask, to, &fault),
    }
}

async fn show(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(login): Path<String>,
) -> Shown {
    let accounts = accounts_of(&web, &ask).await?;
    let found = accounts.into_iter().find(|account| account.login.eq_ignore_ascii_case(&login));
    let account = found.ok_or_else(|| Fault::about(control::Blame::Missing, &login))?;
    let here = format!("/accounts/{}", segment(&account.login));
    let (of, guarded) = (Guarded::Account(account.login.clone()), blocks::all(&web, &ask).await?);
    let view = blocks::find(&guarded, &of);
    // A helper does nothing to those who may as much as they, or more.
    let may_act = ask.is_administrator() || account.role == AccountRole::Person;
    let content = html! {
        p class="crumb" { a href="/accounts" { (ask.say("web-nav-accounts")) } }
        h1 { (account.login) @if account.role != AccountRole::Person { " " span class="badge" { (ask.say(wording::role_key(account.role))) } } }
        @if account.role != AccountRole::Person && view.is_none_or(|view| !view.asks_second()) {
            section class="card warn" { p { (ask.say("web-account-no-factor")) } }
        }
        @if view.is_some_and(|view| view.block.is_some()) {
            section class="card bad" { h2 { (ask.say("web-is-blocked")) } (blocks::card(&ask, &of, view, "")) }
        }
        section class="card" {
            @if ask.is_administrator() { (settings(&ask, &account, &here)) } @else { p { (joined(&account.senders)) } }
            p { a href={ "/messages?account=" (segment(&account.login)) } { (ask.say("web-account-messages")) } }
        }
        @if may_act {
            section class="card" {
                h2 { (ask.say("web-field-password")) }
                p class="hint" { (ask.say("web-password-new-hint")) }
                (form(&ask, &format!("{here}/password"), &html! { button { (ask.say("web-password-new")) } }))
            }
            (blocks::factor(&ask, &of, view))
            @if view.is_none_or(|view| view.block.is_none()) {
                section class="card" { h2 { (ask.say("web-block-title")) } (blocks::card(&ask, &of, view, "")) }
            }
        } @else {
            section class="card" { p { (ask.say("web-account-of-staff")) } }
        }
        @if ask.is_administrator() {
            section class="card" {
                h2 { (ask.say("web-account-remove")) }
                (form(&ask, &format!("{here}/remove"), &html! {
                    (tick("sure", &ask.say("web-sure"), false))
                    button class="danger" { (ask.say("web-account-remove")) }
                }))
            }
        }
    };
    Ok(Page::new(account.login.clone(), Section::Accounts, content).answer(&web, &ask))
}

/// The choice of a role.
fn roles(ask: &Ask, chosen: AccountRole) -> Markup {
    let options = AccountRole::ALL.map(|role| (role.to_string(), ask.say(wording::role_key(role))));
    html! {
        (select("role", &ask.say("web-field-role"), &options, chosen.as_str()))
        p class="hint" { (ask.say("web-hint-role")) }
    }
}

fn settings(ask: &Ask, account: &AccountView, here: &str) -> Markup {
    let undo = account.undo_secs.to_string();
    let fields = html! {
        (Field::text("senders", ask.say("web-field-senders"), &joined(&account.senders)).hint(ask.say("web-hint-senders")).required().show())
        (language(ask, account.language))
        (Field::text("undo", ask.say("web-field-undo"), &undo).hint(ask.say("web-hint-undo")).show())
        (roles(ask, account.role))
        button { (ask.say("web-save")) }
    };
    form(ask, &format!("{here}/settings"), &fields)
}

async fn change(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(login): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let here = format!("/accounts/{}", segment(&login));
    let senders = match read_all::<SenderRule>("senders", fields.exact("senders")) {
        Ok(senders) => Some(senders).filter(|senders| !senders.is_empty()),
        Err(fault) => return Ok(failed(&web, &ask, &here, &fault)),
    };
    let language: Option<Language> = fields.exact("language").parse().ok();
    let undo_secs = fields.number("undo");
    let role = fields.exact("role").parse().ok();
    let operation = Operation::AccountChange { login, senders, language, undo_secs, role };
    Ok(made(&web, &ask, &here, perform(&web, &ask, operation).await))
}

async fn set_password(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(login): Path<String>,
) -> Shown {
    let here = format!("/accounts/{}", segment(&login));
    let operation = Operation::AccountPassword { login, password: None };
    Ok(made(&web, &ask, &here, perform(&web, &ask, operation).await))
}

async fn remove(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(login): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    if !fields.has("sure") {
        return Ok(unsure(&web, &ask, &format!("/accounts/{}", segment(&login))));
    }
    Ok(made(&web, &ask, "/accounts", perform(&web, &ask, Operation::AccountRemove { login }).await))
}

fn site_row(ask: &Ask, site: &SiteView, guarded: &[ProtectionView]) -> Markup {
    let of = Guarded::Site(site.name.clone());
    let view = blocks::find(guarded, &of);
    let here = format!("/sites/{}", segment(&site.name));
    let uids = site.uids.iter().map(|uid| format!("uid {uid}"));
    let from: Vec<String> = site.networks.iter().map(ToString::to_string).chain(uids).collect();
    html! {
        details class="site" {
            summary { (site.name) " " span class="soft" { (joined(&site.senders)) } " " (blocks::badges(ask, view)) }
            @if !from.is_empty() { p { (ask.fill("web-site-networks", [("text", from.join(", ").into())])) } }
            @if ask.is_administrator() {
                (form(ask, &format!("{here}/password"), &html! { button class="quiet" { (ask.say("web-key-new")) } }))
            }
            (blocks::card(ask, &of, view, &format!("-{}", site.name)))
            @if ask.is_administrator() {
                (form(ask, &format!("{here}/remove"), &html! {
                    (tick(&format!("sure-{}", site.name), &ask.say("web-sure"), false))
                    button class="danger" { (ask.say("web-site-remove")) }
                }))
            }
        }
    }
}

fn new_site(ask: &Ask) -> Markup {
    form(
        ask,
        "/sites",
        &html! {
            div class="fields" {
                (Field::text("name", ask.say("web-field-name"), "").required().show())
                (Field::text("site-senders", ask.say("web-field-senders"), "").hint(ask.say("web-hint-senders")).required().show())
                (Field::text("networks", ask.say("web-field-networks"), "").hint(ask.say("web-hint-networks")).show())
            }
            button { (ask.say("web-site-add")) }
        },
    )
}

async fn add_site(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let read = read_all("senders", fields.exact("site-senders"))
        .and_then(|senders| Ok((senders, read_all("networks", fields.exact("networks"))?)));
    let (senders, networks) = match read {
        Ok(read) => read,
        Err(fault) => return Ok(failed(&web, &ask, "/accounts", &fault)),
    };
    let site = SiteSpec {
        name: fields.text("name").unwrap_or_default(),
        networks,
        uids: Vec::new(),
        senders,
        line_endings: LineEndings::default(),
        password: None,
        owner: None,
    };
    Ok(made(&web, &ask, "/accounts", perform(&web, &ask, Operation::SiteAdd { site }).await))
}

async fn set_site_password(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    let operation = Operation::SitePassword { name, password: None };
    Ok(made(&web, &ask, "/accounts", perform(&web, &ask, operation).await))
}

async fn remove_site(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    if !fields.has(&format!("sure-{name}")) {
        return Ok(unsure(&web, &ask, "/accounts"));
    }
    Ok(made(&web, &ask, "/accounts", perform(&web, &ask, Operation::SiteRemove { name }).await))
}
