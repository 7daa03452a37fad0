//! Signing in and out.

use super::{Shown, passkeys};
use crate::Web;
use crate::ask::{Ask, SESSION_COOKIE, VISIT_COOKIE};
use crate::forms::{Field, form};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use control::{CodeError, Opened, Opening, SignInError};
use mail::Secret;
use maud::html;
use std::sync::Arc;

/// The longest login that is looked at: an address has 254 bytes.
const LOGIN_BYTES: usize = 320;
/// The longest password.
const PASSWORD_BYTES: usize = 1_024;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/sign-in", Access::Everyone, reading(ask_for_password)),
        Route::change("/sign-in", Access::Everyone, changing(check)),
        Route::change("/sign-in/code", Access::Everyone, changing(check_code)),
        Route::read("/sign-in/link/{code}", Access::Everyone, reading(ask_for_consent)),
        Route::change("/sign-in/link/{code}", Access::Everyone, changing(check_link)),
        Route::change("/sign-out", Access::Person, changing(sign_out)),
    ]
}

async fn ask_for_password(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    if ask.session.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    with_key(&web, ask, |ask| password_page(&web, ask, ""))
}

pub(super) fn password_page(web: &Web, ask: &Ask, login: &str) -> Page {
    let mut name = Field::text("login", ask.say("web-field-login"), login).required();
    name.fill = "username";
    let fields = html! {
        (name.show())
        (Field::password("password", ask.say("web-field-password"), "current-password").required().show())
        button { (ask.say("web-sign-in")) }
    };
    let content = html! {
        section class="card narrow" {
            h1 { (ask.say("web-sign-in")) }
            (form(ask, "/sign-in", &fields))
            (passkeys::alone(web, ask))
            details { summary { (ask.say("web-sign-in-lost")) } p { (ask.say("web-sign-in-link-hint")) } pre { "facteur portal link" } }
        }
    };
    Page::new(ask.say("web-sign-in"), Section::None, content).with_passkeys()
}

/// A page with a form for a browser that is not signed in, which is given the key that the form brings along.
fn with_key(web: &Web, mut ask: Ask, page: impl FnOnce(&Ask) -> Page) -> Shown {
    let mut fresh = None;
    if ask.form_key().is_empty() {
        let key = web.control.form_key().ok_or(Trouble::Ours)?;
        ask.visit(key.clone());
        fresh = Some(cookie(VISIT_COOKIE, &key));
    }
    let mut response = page(&ask).answer(web, &ask);
    response.headers_mut().extend(fresh.flatten().map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// A cookie that only this host gets back, over TLS, and no script sees; it ends with the browser.
fn cookie(name: &str, value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")).ok()
}

async fn check(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let login = fields.text("login").unwrap_or_default();
    let password = fields.exact("password");
    if login.len() > LOGIN_BYTES || password.len() > PASSWORD_BYTES {
        return Ok(refused(&web, &ask, "", SignInError::Wrong));
    }
    match web.control.open_session(&ask.guest(), &login, &Secret::new(password)).await {
        Ok(Opening::Session(opened)) => Ok(welcome(&opened, "/")),
        Ok(Opening::Second(key)) => Ok(second_page(&web, &ask, key.reveal(), None).await),
        Err(error) => Ok(refused(&web, &ask, &login, error)),
    }
}

/// The question for a code or a passkey, after a right password, perhaps with why the last answer was refused; the key of the
/// question proves that the password was right.
async fn second_page(web: &Web, ask: &Ask, proof: &str, refused: Option<CodeError>) -> Response {
    let told = refused.map(|error| passkeys::why(ask, error, passkeys::CODE));
    passkeys::second(web, ask, proof, told).await
}

async fn check_code(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let (proof, code) = (fields.exact("proof"), fields.exact("code"));
    match web.control.open_with_code(&ask.guest(), proof, code).await {
        Ok(opened) => Ok(welcome(&opened, "/")),
        Err(error) => Ok(second_page(&web, &ask, proof, Some(error)).await),
    }
}

/// Lets somebody in.
pub(super) fn welcome(opened: &Opened, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    let cookie = cookie(SESSION_COOKIE, opened.cookie.reveal());
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response
}

fn refused(web: &Web, ask: &Ask, login: &str, error: SignInError) -> Response {
    let (status, key, wait_ms) = match error {
        SignInError::Wrong | SignInError::AppPasswordNeeded => {
            (StatusCode::FORBIDDEN, "web-sign-in-wrong", 0)
        }
        SignInError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "web-sign-in-unavailable", 10_000),
        SignInError::Slowed(slowed) => {
            (StatusCode::TOO_MANY_REQUESTS, "web-sign-in-slowed", slowed.until.since_ms(ask.now).max(1_000))
        }
    };
    let gaps = [("span", control::reader::span(wait_ms, &ask.reader()).into())];
    let notice = Notice::bad(ask.fill(key, gaps), String::new());
    let mut response = (status, password_page(web, ask, login).with(notice).answer(web, ask)).into_response();
    if wait_ms > 0 {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_ms.div_euclid(1_000).max(1)));
    }
    response
}

/// The page behind a link: looking at it uses nothing up, so that a program that looks ahead does no harm.
async fn ask_for_consent(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(code): Path<String>,
) -> Shown {
    with_key(&web, ask, |ask| {
        let action = format!("/sign-in/link/{}", super::segment(&code));
        let content = html! {
            section class="card narrow" {
                h1 { (ask.say("web-link-title")) }
                p { (ask.say("web-link-hint")) }
                (form(ask, &action, &html! { button { (ask.say("web-sign-in")) } }))
            }
        };
        Page::new(ask.say("web-link-title"), Section::None, content)
    })
}

async fn check_link(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(code): Path<String>,
) -> Shown {
    if let Some(opened) = web.control.open_by_link(&ask.guest(), &code).await {
        let to = if super::setup::is_wanted(&web).await { "/setup" } else { "/" };
        return Ok(welcome(&opened, to));
    }
    let notice = Notice::bad(ask.say("web-link-used"), ask.say("web-sign-in-link-hint"));
    Ok((StatusCode::FORBIDDEN, password_page(&web, &ask, "").with(notice).answer(&web, &ask)).into_response())
}

async fn sign_out(State(web): State<Arc<Web>>, request_cookies: axum::http::HeaderMap) -> Shown {
    if let Some(cookie) = crate::ask::cookie(&request_cookies, SESSION_COOKIE) {
        web.control.close_session(cookie).await;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    let gone = format!("{SESSION_COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    response.headers_mut().extend(HeaderValue::from_str(&gone).ok().map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}
