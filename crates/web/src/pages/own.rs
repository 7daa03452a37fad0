//! A person's own account: their password and their language.

use super::{Shown, back, failed, perform};
use crate::Web;
use crate::ask::{Ask, SESSION_COOKIE};
use crate::forms::{Field, form, language};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect};
use control::{Operation, SignInError};
use mail::Secret;
use maud::html;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/account", Access::Person, reading(show)),
        Route::change("/account/password", Access::Person, changing(set_password)),
        Route::change("/account/language", Access::Person, changing(set_language)),
    ]
}

async fn show(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let content = html! {
        h1 { (ask.say("web-nav-own")) }
        section class="card" {
            h2 { (ask.say("web-own-language")) }
            p class="hint" { (ask.say("web-own-language-hint")) }
            (form(&ask, "/account/language", &html! {
                (language(&ask, ask.language()))
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
    };
    Ok(Page::new(ask.say("web-nav-own"), Section::Own, content).answer(&web, &ask))
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
    if let Err(error) = web.control.sign_in(Some(ask.from), &login, &old).await {
        let key = match error {
            SignInError::Wrong => "web-old-wrong",
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
    let operation = Operation::AccountChange { login, senders: None, language, undo_secs: None };
    match perform(&web, &ask, operation).await {
        Ok(_) => Ok(back(&web, &ask, "/account", Notice::good(ask.say("web-saved")))),
        Err(fault) => Ok(failed(&web, &ask, "/account", &fault)),
    }
}
