//! What an administrator or a helper does about a person's or a program's right to send, and about a lost second factor.

use super::reason::stamp;
use super::{Refused, Shown, back, failed, perform, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, one_button};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::table::{Access, Route, changing};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use control::{Answer, Guarded, Operation, Protect, ProtectionView};
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    let helper = Access::Helper;
    vec![
        Route::change("/accounts/{login}/block", helper, changing(block_account)),
        Route::change("/accounts/{login}/unblock", helper, changing(unblock_account)),
        Route::change("/accounts/{login}/second-factor/remove", helper, changing(reset_factor)),
        Route::change("/sites/{name}/block", helper, changing(block_site)),
        Route::change("/sites/{name}/unblock", helper, changing(unblock_site)),
    ]
}

/// What guards everybody who has something.
pub(super) async fn all(web: &Web, ask: &Ask) -> Result<Vec<ProtectionView>, Refused> {
    match perform(web, ask, Operation::ProtectionList).await? {
        Answer::Protections { all } => Ok(all),
        _ => Err(Trouble::Ours.into()),
    }
}

/// What guards one of them.
pub(super) fn find<'a>(all: &'a [ProtectionView], of: &Guarded) -> Option<&'a ProtectionView> {
    all.iter().find(|one| one.of == *of)
}

/// The page of whoever is meant; programs have none of their own.
fn page_of(of: &Guarded) -> String {
    match of {
        Guarded::Account(login) => format!("/accounts/{}", segment(login)),
        Guarded::Site(_) => "/accounts".to_owned(),
    }
}

fn address_of(of: &Guarded, act: &str) -> String {
    match of {
        Guarded::Account(login) => format!("/accounts/{}/{act}", segment(login)),
        Guarded::Site(name) => format!("/sites/{}/{act}", segment(name)),
    }
}

/// A badge for whoever is blocked, or asks not to be.
pub(super) fn badges(ask: &Ask, view: Option<&ProtectionView>) -> Markup {
    html! {
        @if view.is_some_and(|view| view.block.is_some()) { span class="badge bad" { (ask.say("web-is-blocked")) } }
        @if view.is_some_and(|view| view.plea.is_some()) { span class="badge warn" { (ask.say("web-asks")) } }
    }
}

/// The block that stands, with its record; or the form of a new one. The names of its fields end with `mark`: several stand
/// on one page.
pub(super) fn card(ask: &Ask, of: &Guarded, view: Option<&ProtectionView>, mark: &str) -> Markup {
    let id = |name: &str| format!("{name}{mark}");
    let Some(block) = view.and_then(|view| view.block.as_ref()) else {
        return html! {
            details id=(id("block")) {
                summary { (ask.say("web-block")) }
                p class="hint" { (ask.say("web-block-hint")) }
                (form(ask, &address_of(of, "block"), &html! {
                    (Field::text(&id("why"), ask.say("web-field-why"), "").hint(ask.say("web-hint-why")).required().show())
                    (Field::text(&id("note-en"), ask.say("web-field-note-en"), "").hint(ask.say("web-hint-note")).show())
                    (Field::text(&id("note-fr"), ask.say("web-field-note-fr"), "").show())
                    input type="hidden" name="mark" value=(mark);
                    button class="danger" { (ask.say("web-block")) }
                }))
            }
        };
    };
    html! {
        div class="blocked" id=(id("block")) {
            p { span class="badge bad" { (ask.say("web-is-blocked")) } " " (stamp(ask, block.at)) " · " (block.by) }
            p { (block.why) }
            @for (language, note) in [("en", &block.note_en), ("fr", &block.note_fr)] {
                @if !note.is_empty() { blockquote lang=(language) { (note) } }
            }
            @if let Some(plea) = view.and_then(|view| view.plea.as_ref()) {
                p { strong { (ask.say("web-asks")) } " " (stamp(ask, plea.at)) }
                blockquote { (plea.text) }
            }
            p class="hint" { (ask.say("web-unblock-hint")) }
            (one_button(ask, &address_of(of, "unblock"), &ask.say("web-unblock"), ""))
        }
    }
}

/// The second factors of a person who may have lost their devices.
pub(super) fn factor(ask: &Ask, of: &Guarded, view: Option<&ProtectionView>) -> Markup {
    let Some(view) = view.filter(|view| view.asks_second()) else { return html! {} };
    html! {
        section class="card" id="second-factors" {
            h2 { (ask.say("web-factors-second")) }
            @if let Some(since) = view.second_factor_since {
                p { span class="badge good" { (ask.say("web-factor")) } " " span class="soft" { (stamp(ask, since)) } }
            }
            @if !view.passkeys.is_empty() {
                p { span class="badge good" { (ask.fill("web-passkeys-count", [("count", view.passkeys.len().into())])) } }
                ul class="rows" { @for one in &view.passkeys { (super::passkeys::row(ask, one, &html! {})) } }
            }
            p class="hint" { (ask.say("web-factor-reset-hint")) }
            (form(ask, &address_of(of, "second-factor/remove"), &html! {
                (crate::forms::tick("sure-factor", &ask.say("web-sure"), false))
                button class="danger" { (ask.say("web-factors-reset")) }
            }))
        }
    }
}

async fn done(web: &Web, ask: &Ask, of: Guarded, act: Protect, key: &str) -> Response {
    let to = page_of(&of);
    let gap = [("name", of.name().to_owned().into())];
    match perform(web, ask, Operation::Protect { of, act }).await {
        Ok(_) => back(web, ask, &to, Notice::good(ask.fill(key, gap))),
        Err(fault) => failed(web, ask, &to, &fault),
    }
}

async fn block(web: &Web, ask: &Ask, fields: &Fields, of: Guarded) -> Response {
    let mark = fields.text("mark").unwrap_or_default();
    let text = |name: &str| fields.text(&format!("{name}{mark}")).unwrap_or_default();
    let act = Protect::Block { why: text("why"), note_en: text("note-en"), note_fr: text("note-fr") };
    done(web, ask, of, act, "web-blocked-done").await
}

async fn block_account(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(login): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    Ok(block(&web, &ask, &fields, Guarded::Account(login)).await)
}

async fn block_site(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    Ok(block(&web, &ask, &fields, Guarded::Site(name)).await)
}

async fn unblock_account(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(login): Path<String>,
) -> Shown {
    Ok(done(&web, &ask, Guarded::Account(login), Protect::Unblock, "web-unblocked-done").await)
}

async fn unblock_site(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    Ok(done(&web, &ask, Guarded::Site(name), Protect::Unblock, "web-unblocked-done").await)
}

async fn reset_factor(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(login): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let of = Guarded::Account(login);
    if !fields.has("sure-factor") {
        return Ok(super::unsure(&web, &ask, &page_of(&of)));
    }
    Ok(done(&web, &ask, of, Protect::ResetSecondFactors, "web-factors-reset-done").await)
}
