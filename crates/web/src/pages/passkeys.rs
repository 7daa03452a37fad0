//! Passkeys: those of a person on their own page, and signing in with one, alone or after the password.
//!
//! A script asks the device, for no form can; what it answers is posted as a form like any other. Without the script, what
//! needs it is not shown.

use super::protection::{HOME, done, left, own, recovery, sure};
use super::reason::stamp;
use super::sign_in::{password_page, welcome};
use super::{Shown, back, failed, perform};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form};
use crate::guard::{FORM_KEY, Fields};
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use control::{Answer, AskedSecond, Blame, CodeError, PasskeyView, Protect, ProtectionView};
use maud::{Markup, html};
use std::sync::Arc;

const PASSKEYS: &str = "/account/passkeys";
const ADD: &str = "/account/passkeys/add";
const ASK: &str = "/sign-in/passkey/ask";
/// The words of a wrong code, of what to do about it, and of too many.
pub(super) const CODE: [&str; 3] = ["web-code-wrong", "web-code-wrong-fix", "web-code-slowed"];
const SIGN_IN: &str = "/sign-in/passkey";

pub(super) fn routes() -> Vec<Route> {
    let (everyone, person) = (Access::Everyone, Access::Person);
    vec![
        Route::change(ASK, everyone, changing(question)),
        Route::change(SIGN_IN, everyone, changing(check)),
        Route::change(PASSKEYS, person, changing(begin)),
        Route::change(ADD, person, changing(add)),
        Route::change("/account/passkeys/{id}/remove", person, changing(remove)),
    ]
}

/// A form that the script sends, with what it needs: what the browser is told or where that is asked for, and its words.
fn device(ask: &Ask, (act, action): (&str, &str), (name, value): (&str, &str), content: &Markup) -> Markup {
    html! {
        form method="post" action=(action) autocomplete="off" hidden data-passkey=(act) data-options=[(name == "options").then_some(value)]
            data-ask=[(name == "ask").then_some(value)] data-certificate=(ask.say("web-passkey-certificate"))
            data-cancelled=(ask.say("web-passkey-cancelled")) data-exists=(ask.say("web-passkey-exists"))
            data-failed=(ask.say("web-passkey-failed")) {
            input type="hidden" name=(FORM_KEY) value=(ask.form_key());
            input type="hidden" name="answer" value="";
            (content)
            p class="refused" role="alert" hidden {}
        }
    }
}

/// Why no passkey works under the name that this page was opened with, and the way to where they do.
fn elsewhere(web: &Web, ask: &Ask, path: &str) -> Markup {
    let name = web.control.host_name().as_ascii();
    let port = ask.host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
    let address = format!("https://{name}{}{path}", port.map(|port| format!(":{port}")).unwrap_or_default());
    html! {
        p class="passkey-elsewhere" {
            (ask.fill("web-passkey-elsewhere", [("name", name.to_owned().into())])) " "
            a href=(address) { (ask.say("web-passkey-elsewhere-do")) }
        }
    }
}

/// A passkey in a list, with what can be done about it.
pub(super) fn row(ask: &Ask, one: &PasskeyView, more: &Markup) -> Markup {
    html! {
        li {
            strong class="grow" { (one.label) }
            span class="soft" { (ask.say("web-passkey-made")) " " (stamp(ask, one.created_at)) }
            span class="soft" {
                @match one.used_at {
                    Some(at) => { (ask.say("web-passkey-used")) " " (stamp(ask, at)) }
                    None => { (ask.say("web-passkey-unused")) }
                }
            }
            @if let Some(at) = one.doubted_at {
                span class="refused" { (ask.say("web-passkey-doubted")) " " (stamp(ask, at)) }
            }
            (more)
        }
    }
}

/// The passkeys of whoever reads.
pub(super) fn card(web: &Web, ask: &Ask, view: &ProtectionView) -> Markup {
    let password = |mark: &str| {
        let label = ask.say("web-field-password-old");
        Field::password("password", label, "current-password").marked(mark).required().show()
    };
    let taken_off = |one: &PasskeyView| {
        let content = html! { (password(&format!("passkey-{}-", one.id))) button class="danger" { (ask.say("web-passkey-remove")) } };
        html! {
            details {
                summary aria-label={ (ask.say("web-passkey-remove")) " " (one.label) } { (ask.say("web-passkey-remove")) }
                (form(ask, &format!("{PASSKEYS}/{}/remove", one.id), &content))
            }
        }
    };
    html! {
        section class="card" id="passkeys" {
            h2 { (ask.say("web-passkeys")) }
            p { (ask.say("web-passkeys-hint")) }
            @if view.passkeys.is_empty() {
                p class="hint" { (ask.say("web-passkeys-second")) }
            } @else {
                ul class="rows" { @for one in &view.passkeys { (row(ask, one, &taken_off(one))) } }
                (left(ask, view))
            }
            @if web.control.is_passkey_place(&ask.host) {
                p data-passkey-none="" hidden { (ask.say("web-passkey-none")) }
                form method="post" action=(PASSKEYS) autocomplete="off" hidden data-passkey="begin" {
                    input type="hidden" name=(FORM_KEY) value=(ask.form_key());
                    (password("passkey-new-"))
                    button { (ask.say("web-passkey-do")) }
                }
            } @else {
                (elsewhere(web, ask, HOME))
            }
        }
    }
}

async fn begin(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    if let Err(refusal) = sure(&web, &ask, fields.exact("password")).await {
        return Ok(refusal);
    }
    if !web.control.is_passkey_place(&ask.host) {
        return Ok(back(&web, &ask, HOME, refused(&ask)));
    }
    match perform(&web, &ask, own(&ask, Protect::BeginPasskey { host: ask.host.clone() })).await {
        Ok(Answer::PasskeyAsked { options }) => {
            let label = Field::text("label", ask.say("web-field-passkey"), "");
            let fields = html! {
                (label.hint(ask.say("web-hint-passkey")).required().show())
                button { (ask.say("web-passkey-make")) }
            };
            let content = html! {
                h1 { (ask.say("web-passkey-title")) }
                section class="card" {
                    p { (ask.say("web-passkey-make-hint")) }
                    p data-passkey-none="" hidden { (ask.say("web-passkey-none")) }
                    (device(&ask, ("make", ADD), ("options", &options), &fields))
                    p { a href=(HOME) { (ask.say("web-cancel")) } }
                }
            };
            let page = Page::new(ask.say("web-passkey-title"), Section::Own, content);
            Ok(page.with_passkeys().answer(&web, &ask))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

/// What a device answered is not good.
fn refused(ask: &Ask) -> Notice {
    Notice::bad(ask.say("web-passkey-refused"), ask.say("web-passkey-refused-fix"))
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let (host, answer) = (ask.host.clone(), fields.exact("answer").to_owned());
    let label = fields.text("label").unwrap_or_default();
    let gap = [("label", label.clone().into())];
    match perform(&web, &ask, own(&ask, Protect::AddPasskey { label, host, answer })).await {
        Ok(Answer::RecoveryCodes { codes }) if codes.is_empty() => {
            Ok(back(&web, &ask, HOME, Notice::good(ask.fill("web-passkey-added", gap))))
        }
        Ok(Answer::RecoveryCodes { codes }) => {
            Ok(recovery(&web, &ask, ("web-passkeys", "web-recovery-is-on"), &codes))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) if fault.blame == Blame::Invalid && ["passkey", "host"].contains(&fault.what.as_str()) => {
            Ok(back(&web, &ask, HOME, refused(&ask)))
        }
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

async fn remove(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let id = id.parse().map_err(|_| Trouble::NotFound)?;
    if let Err(refusal) = sure(&web, &ask, fields.exact("password")).await {
        return Ok(refusal);
    }
    Ok(done(&web, &ask, Protect::RemovePasskey { id }, "web-passkey-removed").await)
}

/// The way in with a passkey alone, for a page that asks for a password; nothing where none works.
pub(super) fn alone(web: &Web, ask: &Ask) -> Markup {
    if !web.control.is_passkey_place(&ask.host) {
        return html! {};
    }
    let button = html! { button class="quiet" { (ask.say("web-passkey-sign-in")) } };
    device(ask, ("show", SIGN_IN), ("ask", ASK), &button)
}

/// What a browser is told to ask for any passkey: nobody is named.
async fn question(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let told = web.control.ask_passkey(&ask.guest(), &ask.host).ok_or(Trouble::NotFound)?;
    Ok(([(CONTENT_TYPE, "application/json")], told).into_response())
}

async fn check(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let (proof, answer) = (fields.text("proof"), fields.exact("answer"));
    let tried = match &proof {
        Some(proof) => web.control.open_with_second_passkey(&ask.guest(), &ask.host, (proof, answer)).await,
        None => web.control.open_with_passkey(&ask.guest(), &ask.host, answer).await,
    };
    let error = match tried {
        Ok(opened) => return Ok(welcome(&opened, "/")),
        Err(error) => error,
    };
    let told = why(&ask, error, ["web-passkey-wrong", "web-passkey-wrong-fix", "web-passkey-slowed"]);
    Ok(match &proof {
        Some(proof) => second(&web, &ask, proof, Some(told)).await,
        None => answer_with(told, |notice| password_page(&web, &ask, "").with(notice).answer(&web, &ask)),
    })
}

/// Why a code or a passkey opened nothing.
pub(super) struct Why {
    status: StatusCode,
    notice: Notice,
    wait_ms: i64,
    /// Whether the password is to be given again.
    is_over: bool,
}

/// What somebody is told whose code or passkey opened nothing; the words of a wrong one and of too many differ.
pub(super) fn why(ask: &Ask, error: CodeError, [wrong, fix, slowed]: [&str; 3]) -> Why {
    let plain = |status, key: &str, more: String| {
        let is_over = error == CodeError::Over;
        Why { status, notice: Notice::bad(ask.say(key), more), wait_ms: 0, is_over }
    };
    match error {
        CodeError::Wrong => plain(StatusCode::FORBIDDEN, wrong, ask.say(fix)),
        CodeError::Copied => {
            plain(StatusCode::FORBIDDEN, "web-passkey-copied", ask.say("web-passkey-copied-fix"))
        }
        CodeError::Over => plain(StatusCode::FORBIDDEN, "web-code-over", String::new()),
        CodeError::Unavailable => {
            let told = plain(StatusCode::SERVICE_UNAVAILABLE, "web-sign-in-unavailable", String::new());
            Why { wait_ms: 10_000, ..told }
        }
        CodeError::Slowed(until) => {
            let wait_ms = until.until.since_ms(ask.now).max(1_000);
            let gaps = [("span", control::reader::span(wait_ms, &ask.reader()).into())];
            let notice = Notice::bad(ask.fill(slowed, gaps), String::new());
            Why { status: StatusCode::TOO_MANY_REQUESTS, notice, wait_ms, is_over: false }
        }
    }
}

/// A page with why nothing was opened.
fn answer_with(why: Why, page: impl FnOnce(Notice) -> Response) -> Response {
    let mut response = (why.status, page(why.notice)).into_response();
    if why.wait_ms > 0 {
        let secs = HeaderValue::from(why.wait_ms.div_euclid(1_000).max(1));
        response.headers_mut().insert(RETRY_AFTER, secs);
    }
    response
}

/// The question for a code or a passkey, after a right password.
pub(super) async fn second(web: &Web, ask: &Ask, proof: &str, told: Option<Why>) -> Response {
    let asked = match &told {
        Some(why) if why.is_over => None,
        _ => web.control.ask_second(&ask.guest(), &ask.host, proof).await,
    };
    let Some(asked) = asked else {
        let over = || why(ask, CodeError::Over, CODE);
        let told = told.unwrap_or_else(over);
        return answer_with(told, |notice| password_page(web, ask, "").with(notice).answer(web, ask));
    };
    let page = second_page(web, ask, proof, &asked);
    match told {
        Some(why) => answer_with(why, |notice| page.with(notice).answer(web, ask)),
        None => page.answer(web, ask),
    }
}

fn second_page(web: &Web, ask: &Ask, proof: &str, asked: &AskedSecond) -> Page {
    let title = if asked.has_code { "web-code-title" } else { "web-passkey-second-title" };
    let hint = if asked.has_code { "web-hint-code-or-recovery" } else { "web-hint-recovery" };
    let mut code = Field::text("code", ask.say("web-field-code"), "").hint(ask.say(hint)).required();
    code.fill = "one-time-code";
    let hidden = html! { input type="hidden" name="proof" value=(proof); };
    let typed =
        form(ask, "/sign-in/code", &html! { (hidden) (code.show()) button { (ask.say("web-sign-in")) } });
    let class = if asked.has_code { "quiet" } else { "" };
    let shown = html! {
        @if let Some(options) = &asked.passkey {
            p data-passkey-none="" hidden { (ask.say("web-passkey-none")) }
            (device(ask, ("show", SIGN_IN), ("options", options), &html! { (hidden) button class=(class) { (ask.say("web-passkey-use")) } }))
        } @else if asked.has_passkeys {
            (elsewhere(web, ask, "/sign-in"))
        }
    };
    let content = html! {
        section class="card narrow" {
            h1 { (ask.say(title)) }
            @if asked.has_code {
                (typed)
                (shown)
                details { summary { (ask.say("web-code-lost")) } p { (ask.say("web-code-lost-hint")) } }
            } @else {
                p { (ask.say("web-passkey-second-hint")) }
                (shown)
                details { summary { (ask.say("web-passkey-lost")) } p { (ask.say("web-passkey-lost-hint")) } (typed) }
            }
        }
    };
    Page::new(ask.say(title), Section::None, content).with_passkeys()
}
