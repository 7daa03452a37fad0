//! What guards a person's account beside their password, on their own page: a second factor, the passwords of single
//! programs, the browsers that are signed in, and a block.

use super::reason::stamp;
use super::{Refused, Shown, back, failed, passkeys, perform};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, one_button};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use control::{
    Answer, AppPasswordView, Blame, Guarded, Operation, Protect, ProtectionView, SessionView, SignInError,
};
use mail::{Language, Secret};
use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};
use std::sync::Arc;
use store::Block;

pub(super) const HOME: &str = "/account";
const FACTOR: &str = "/account/second-factor";
const CONFIRM: &str = "/account/second-factor/confirm";
const APPS: &str = "/account/app-passwords";
/// The light edge that readers of such pictures need.
const QUIET: i32 = 4;

pub(super) fn routes() -> Vec<Route> {
    let person = Access::Person;
    vec![
        Route::change(FACTOR, person, changing(begin)),
        Route::change(CONFIRM, person, changing(confirm)),
        Route::change("/account/second-factor/remove", person, changing(remove_factor)),
        Route::change(APPS, person, changing(add_app)),
        Route::change("/account/app-passwords/{id}/remove", person, changing(remove_app)),
        Route::change("/account/sessions/{id}/end", person, changing(end_session)),
        Route::change("/account/unblock", person, changing(ask_to_unblock)),
    ]
}

/// An operation about whoever asks.
pub(super) fn own(ask: &Ask, act: Protect) -> Operation {
    Operation::Protect { of: Guarded::Account(ask.caller().name), act }
}

/// What guards whoever asks; `None` for an administrator who has no account.
pub(super) async fn of_reader(web: &Web, ask: &Ask) -> Result<Option<ProtectionView>, Refused> {
    match perform(web, ask, own(ask, Protect::Show)).await {
        Ok(Answer::Protection { view }) => Ok(Some(*view)),
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) if fault.blame == Blame::Missing => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// The parts of the page.
pub(super) async fn parts(web: &Web, ask: &Ask, view: &ProtectionView) -> Result<Markup, Refused> {
    let Answer::Sessions { sessions } = perform(web, ask, own(ask, Protect::Sessions)).await? else {
        return Err(Trouble::Ours.into());
    };
    Ok(html! {
        (factor(ask, view))
        (passkeys::card(web, ask, view))
        (apps(ask, view))
        (devices(ask, &sessions))
    })
}

/// Why the reader may not send, what they are told, and how to answer.
pub(super) fn blocked(ask: &Ask, view: &ProtectionView) -> Markup {
    let Some(block) = &view.block else { return html! {} };
    html! {
        section class="card bad" id="blocked" {
            h2 { (ask.say("web-blocked")) }
            p { (ask.say("web-blocked-more")) }
            p class="soft" { (ask.say("web-blocked-since")) " " (stamp(ask, block.at)) }
            @let note = note(block, ask.language());
            @if !note.is_empty() { blockquote { (note) } }
            @if let Some(plea) = &view.plea {
                p { (ask.say("web-plea-sent")) " " (stamp(ask, plea.at)) }
                blockquote { (plea.text) }
            }
            (form(ask, "/account/unblock", &html! {
                div class="field" {
                    label for="plea" { (ask.say("web-plea")) }
                    textarea id="plea" name="plea" rows="3" maxlength="1000" required aria-describedby="plea-hint" {}
                    p class="hint" id="plea-hint" { (ask.say("web-plea-hint")) }
                }
                button { (ask.say("web-plea-do")) }
            }))
        }
    }
}

/// What the person is told, in their language where there is such a note.
fn note(block: &Block, language: Language) -> &str {
    let (first, second) = match language {
        Language::En => (&block.note_en, &block.note_fr),
        Language::Fr => (&block.note_fr, &block.note_en),
    };
    if first.is_empty() { second } else { first }
}

fn password(ask: &Ask, id: &'static str) -> Markup {
    Field::password(id, ask.say("web-field-password-old"), "current-password").required().show()
}

fn factor(ask: &Ask, view: &ProtectionView) -> Markup {
    html! {
        section class="card" id="second-factor" {
            h2 { (ask.say("web-factor")) }
            @if let Some(since) = view.second_factor_since {
                p { span class="badge good" { (ask.say("web-factor-on")) } " " span class="soft" { (stamp(ask, since)) } }
                (left(ask, view))
                details {
                    summary { (ask.say("web-factor-remove")) }
                    (form(ask, "/account/second-factor/remove", &html! {
                        (password(ask, "password-off"))
                        button class="danger" { (ask.say("web-factor-remove")) }
                    }))
                }
            } @else {
                p { (ask.say("web-factor-hint")) }
                p class="hint" { (ask.say("web-factor-programs")) }
                (form(ask, FACTOR, &html! { (password(ask, "password-on")) button { (ask.say("web-factor-do")) } }))
            }
        }
    }
}

/// How many recovery codes are left.
pub(super) fn left(ask: &Ask, view: &ProtectionView) -> Markup {
    html! { p { (ask.fill("web-factor-left", [("count", view.recovery_codes.into())])) } }
}

fn apps(ask: &Ask, view: &ProtectionView) -> Markup {
    html! {
        section class="card" id="app-passwords" {
            h2 { (ask.say("web-apps")) }
            p { (ask.say("web-apps-hint")) }
            @if !view.app_passwords.is_empty() {
                ul class="rows" { @for app in &view.app_passwords { (app_row(ask, app)) } }
            }
            (form(ask, APPS, &html! {
                (Field::text("label", ask.say("web-field-app"), "").hint(ask.say("web-hint-app")).required().show())
                button { (ask.say("web-app-add")) }
            }))
        }
    }
}

fn app_row(ask: &Ask, app: &AppPasswordView) -> Markup {
    html! {
        li {
            strong class="grow" { (app.label) }
            span class="soft" { (ask.say("web-app-made")) " " (stamp(ask, app.created_at)) }
            span class="soft" {
                @match app.used_at {
                    Some(at) => { (ask.say("web-app-used")) " " (stamp(ask, at)) }
                    None => { (ask.say("web-app-unused")) }
                }
            }
            (one_button(ask, &format!("{APPS}/{}/remove", app.id), &ask.say("web-app-remove"), "danger"))
        }
    }
}

fn devices(ask: &Ask, sessions: &[SessionView]) -> Markup {
    let this = ask.session.as_ref().map(|session| session.id);
    html! {
        section class="card" id="devices" {
            h2 { (ask.say("web-devices")) }
            p class="hint" { (ask.say("web-devices-hint")) }
            ul class="rows" {
                @for one in sessions {
                    li {
                        strong class="grow" { (browser(ask, &one.agent)) }
                        span class="soft" { (one.from) }
                        span class="soft" { (ask.say("web-device-seen")) " " (stamp(ask, one.seen_at)) }
                        @if this == Some(one.id) {
                            span class="badge good" { (ask.say("web-device-this")) }
                        } @else {
                            (one_button(ask, &format!("/account/sessions/{}/end", one.id), &ask.say("web-device-end"), "quiet"))
                        }
                    }
                }
            }
        }
    }
}

/// A browser by the name that people know: what it calls itself names many.
fn browser(ask: &Ask, agent: &str) -> String {
    let has = |word: &str| agent.contains(word);
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(word, _)| has(word)).map(|(_, name)| (*name).to_owned())
    };
    let name = find(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name}, {system}"),
        (Some(name), None) => name,
        // What is no browser is named as it names itself.
        _ if !agent.is_empty() => agent.chars().take(60).collect(),
        _ => ask.say("web-device-unnamed"),
    }
}

/// Whether the password that was typed is the reader's; otherwise the way back.
pub(super) async fn sure(web: &Web, ask: &Ask, typed: &str) -> Result<(), Response> {
    let checked = web.control.check_password(ask.from, &ask.caller().name, &Secret::new(typed)).await;
    checked.map_err(|error| {
        let key = match error {
            SignInError::Wrong | SignInError::AppPasswordNeeded => "web-old-wrong",
            SignInError::Unavailable => "web-sign-in-unavailable",
            SignInError::Slowed(_) => "web-old-slowed",
        };
        back(web, ask, HOME, Notice::bad(ask.say(key), String::new()))
    })
}

async fn begin(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    if let Err(refusal) = sure(&web, &ask, fields.exact("password-on")).await {
        return Ok(refusal);
    }
    match perform(&web, &ask, own(&ask, Protect::BeginSecondFactor)).await {
        Ok(Answer::SecondFactor { made }) => {
            let content = html! {
                h1 { (ask.say("web-factor")) }
                section class="card" {
                    h2 { (ask.say("web-factor-scan")) }
                    p { (ask.say("web-factor-scan-hint")) }
                    (picture(&ask, &made.uri))
                    p { (ask.say("web-factor-type")) " " code class="secret" { (grouped(&made.secret)) } }
                }
                (code_form(&ask))
            };
            Ok(Page::new(ask.say("web-factor"), Section::Own, content).answer(&web, &ask))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

/// The secret in groups of four: it is typed by hand where no camera is.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

fn picture(ask: &Ask, uri: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(uri, QrCodeEcc::Medium) else { return html! {} };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let edge = size + 2 * QUIET;
    html! {
        svg class="qr" role="img" aria-label=(ask.say("web-factor-picture"))
            viewBox=(format!("-{QUIET} -{QUIET} {edge} {edge}")) width="232" height="232" shape-rendering="crispEdges" {
            rect x=(-QUIET) y=(-QUIET) width=(edge) height=(edge) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

fn code_form(ask: &Ask) -> Markup {
    let mut code =
        Field::text("code", ask.say("web-field-code"), "").hint(ask.say("web-hint-code")).required();
    code.fill = "one-time-code";
    html! {
        section class="card" {
            h2 { (ask.say("web-factor-check")) }
            (form(ask, CONFIRM, &html! { (code.show()) button { (ask.say("web-factor-confirm")) } }))
            p { a href=(HOME) { (ask.say("web-cancel")) } }
        }
    }
}

async fn confirm(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let code = fields.exact("code").to_owned();
    match perform(&web, &ask, own(&ask, Protect::ConfirmSecondFactor { code })).await {
        // There was another second factor, and there are codes.
        Ok(Answer::RecoveryCodes { codes }) if codes.is_empty() => {
            Ok(back(&web, &ask, HOME, Notice::good(ask.say("web-factor-is-on"))))
        }
        Ok(Answer::RecoveryCodes { codes }) => {
            Ok(recovery(&web, &ask, ("web-factor", "web-factor-is-on"), &codes))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) if fault.blame == Blame::Invalid => {
            let content = html! { h1 { (ask.say("web-factor")) } (code_form(&ask)) };
            let notice = Notice::bad(ask.say("web-code-wrong"), ask.say("web-code-wrong-fix"));
            Ok(Page::new(ask.say("web-factor"), Section::Own, content).with(notice).answer(&web, &ask))
        }
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

/// The recovery codes, shown this once.
pub(super) fn recovery(web: &Web, ask: &Ask, (title, on): (&str, &str), codes: &[String]) -> Response {
    let content = html! {
        h1 { (ask.say(title)) }
        section class="card good" role="status" {
            h2 { (ask.say(on)) }
            p { (ask.say("web-recovery-hint")) }
            ul class="codes" { @for code in codes { li { code { (code) } } } }
            p { a class="button" href=(HOME) { (ask.say("web-recovery-kept")) } }
        }
    };
    Page::new(ask.say(title), Section::Own, content).answer(web, ask)
}

async fn remove_factor(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    if let Err(refusal) = sure(&web, &ask, fields.exact("password-off")).await {
        return Ok(refusal);
    }
    Ok(done(&web, &ask, Protect::RemoveSecondFactor, "web-factor-removed").await)
}

/// Does it, and goes back with what came of it.
pub(super) async fn done(web: &Web, ask: &Ask, act: Protect, key: &str) -> Response {
    match perform(web, ask, own(ask, act)).await {
        Ok(_) => back(web, ask, HOME, Notice::good(ask.say(key))),
        Err(fault) => failed(web, ask, HOME, &fault),
    }
}

async fn add_app(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let label = fields.text("label").unwrap_or_default();
    match perform(&web, &ask, own(&ask, Protect::AddAppPassword { label: label.clone() })).await {
        Ok(Answer::Password { made }) => {
            let mut notice = Notice::good(ask.fill("web-app-is", [("label", label.into())]));
            notice.secret = made.password;
            notice.more = ask.say("web-password-once");
            Ok(back(&web, &ask, HOME, notice))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

async fn remove_app(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
) -> Shown {
    let id = id.parse().map_err(|_| Trouble::NotFound)?;
    Ok(done(&web, &ask, Protect::RemoveAppPassword { id }, "web-app-removed").await)
}

async fn end_session(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
) -> Shown {
    let id = id.parse().map_err(|_| Trouble::NotFound)?;
    Ok(done(&web, &ask, Protect::EndSession { id }, "web-device-ended").await)
}

async fn ask_to_unblock(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let text = fields.text("plea").unwrap_or_default();
    Ok(done(&web, &ask, Protect::AskToUnblock { text }, "web-plea-done").await)
}
