//! A person's own account: their password and their language.

use super::{Refused, Shown, back, failed, perform, protection};
use crate::Web;
use crate::ask::{Ask, SESSION_COOKIE};
use crate::forms::{Field, form, language};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect};
use control::reader::span;
use control::{AccountView, Answer, Blame, Operation, OwnLimits, SignInError};
use mail::Secret;
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/account", Access::Person, reading(show)),
        Route::change("/account/password", Access::Person, changing(set_password)),
        Route::change("/account/language", Access::Person, changing(set_language)),
    ]
}

/// What bounds one's mail and relays.
fn limits(ask: &Ask, limits: OwnLimits) -> Markup {
    let lines = [
        ("web-limit-size", limits.message_bytes / 1_000_000),
        ("web-limit-recipients", u64::try_from(limits.recipients).unwrap_or(u64::MAX)),
        ("web-limit-days", limits.hold_days.into()),
        ("web-limit-relays", u64::try_from(limits.relays).unwrap_or(u64::MAX)),
        ("web-limit-tries", u64::try_from(limits.tries_an_hour).unwrap_or(u64::MAX)),
    ];
    html! {
        section class="card" id="limits" {
            h2 { (ask.say("web-own-limits")) }
            ul { @for (key, count) in lines { li { (ask.fill(key, [("count", count.into())])) } } }
            p { a href="/account/relays" { (ask.say("web-nav-own-relays")) } }
        }
    }
}

async fn show(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let guarded = protection::of_reader(&web, &ask).await?;
    let more = match &guarded {
        Some(view) => protection::parts(&web, &ask, view).await?,
        None => html! {},
    };
    let Some(account) = own_account(&web, &ask).await? else {
        let content = html! { h1 { (ask.say("web-nav-own")) } section class="card" { p { (ask.say("web-own-none")) } } };
        return Ok(Page::new(ask.say("web-nav-own"), Section::Own, content).answer(&web, &ask));
    };
    let content = html! {
        h1 { (ask.say("web-nav-own")) }
        @if let Some(view) = &guarded { (protection::blocked(&ask, view)) }
        section class="card" {
            h2 { (ask.say("web-own-addresses")) }
            p class="hint" { (ask.say("web-own-addresses-hint")) }
            ul { @for sender in &account.senders { li { (sender) } } }
            @if account.undo_secs > 0 {
                @let wait = span(i64::from(account.undo_secs) * 1_000, &ask.reader());
                p { (ask.fill("web-own-undo", [("span", wait.into())])) }
            }
        }
        (limits(&ask, web.control.own_limits()))
        section class="card" {
            h2 { (ask.say("web-own-language")) }
            p class="hint" { (ask.say("web-own-language-hint")) }
            (form(&ask, "/account/language", &html! {
                (language(&ask, account.language))
                button { (ask.say("web-save")) }
            }))
        }
        section class="card" {
            h2 { (ask.say("web-own-password")) }
            (form(&ask, "/account/password", &html! {
                (Field::password("old", ask.say("web-field-password-old"), "current-password").required().show())
                (Field::password("new", ask.say("web-field-password-new"), "new-password").hint(ask.say("web-hint-password")).required().show())
                button { (ask.say("web-save")) }
            }))
        }
        (more)
    };
    Ok(Page::new(ask.say("web-nav-own"), Section::Own, content).with_passkeys().answer(&web, &ask))
}

/// The reader's account; `None` for an administrator who has none.
async fn own_account(web: &Web, ask: &Ask) -> Result<Option<AccountView>, Refused> {
    match perform(web, ask, Operation::OwnAccount).await {
        Ok(Answer::Accounts { accounts }) => Ok(accounts.into_iter().next()),
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) if fault.blame == Blame::Missing => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// A new password ends every session of the old one, this one too: whoever stole one is out.
async fn set_password(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
    headers: HeaderMap,
) -> Shown {
    let login = ask.caller().name;
    let old = Secret::new(fields.exact("old"));
    if let Err(error) = web.control.check_password(ask.from, &login, &old).await {
        let key = match error {
            SignInError::Wrong | SignInError::AppPasswordNeeded => "web-old-wrong",
            SignInError::Unavailable => "web-sign-in-unavailable",
            SignInError::Slowed(_) => "web-old-slowed",
        };
        return Ok(back(&web, &ask, "/account", Notice::bad(ask.say(key), String::new())));
    }
    let password = Some(Secret::new(fields.exact("new")));
    match perform(&web, &ask, Operation::AccountPassword { login, password }).await {
        Ok(_) => {
            if let Some(cookie) = crate::ask::cookie(&headers, SESSION_COOKIE) {
                web.control.close_session(cookie).await;
            }
            Ok(Redirect::to("/sign-in").into_response())
        }
        Err(fault) => Ok(failed(&web, &ask, "/account", &fault)),
    }
}

/// The language of the notices that this server sends them.
async fn set_language(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let language = fields.exact("language").parse().ok();
    let login = ask.caller().name;
    let operation = Operation::AccountChange { login, senders: None, language, undo_secs: None, role: None };
    match perform(&web, &ask, operation).await {
        Ok(_) => Ok(back(&web, &ask, "/account", Notice::good(ask.say("web-saved")))),
        Err(fault) => Ok(failed(&web, &ask, "/account", &fault)),
    }
}
