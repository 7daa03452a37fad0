//! One relay: whether it carries mail and why not, its password, its settings, its test.

use super::needs::steps;
use super::overview::{badge, closed};
use super::relays::{default_way, tls_of, tls_options};
use super::{Refused, Shown, back, failed, perform, removed, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, one_button, select};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use control::{Answer, Blame, Fault, Operation, QueueFilter, RelaySpec, RelayState, RelayView};
use mail::Secret;
use maud::{Markup, html};
use std::sync::Arc;
use store::{RelayTls, SenderMode};

/// How many waiting messages are counted.
const COUNTED: usize = 100;
/// How many of them are shown.
const SHOWN: usize = 10;

pub(super) fn routes() -> Vec<Route> {
    let admin = Access::Administrator;
    vec![
        Route::read("/relays/{name}", Access::Helper, reading(show)),
        Route::change("/relays/{name}/password", admin, changing(set_password)),
        Route::change("/relays/{name}/settings", admin, changing(change)),
        Route::change("/relays/{name}/remove", admin, changing(remove)),
    ]
}

pub(super) async fn relay_of(web: &Web, ask: &Ask, name: &str) -> Result<RelayView, Refused> {
    let Answer::Relays { relays } = perform(web, ask, Operation::RelayList).await? else {
        return Err(Trouble::Ours.into());
    };
    let found = relays.into_iter().find(|relay| relay.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| Fault::about(Blame::Missing, name).into())
}

/// Where the relays are that a reader sees: all of them, or their own.
pub(super) fn list_of(ask: &Ask) -> &'static str {
    if ask.is_helper() { "/relays" } else { "/account/relays" }
}

/// Where the page of a relay is.
pub(super) fn path(ask: &Ask, name: &str) -> String {
    format!("{}/{}", list_of(ask), segment(name))
}

/// The way back to the list.
pub(super) fn crumb(ask: &Ask) -> Markup {
    html! { a href=(list_of(ask)) { (ask.say(place(ask).1)) } }
}

/// Where relays belong in the menu, and what that is called.
pub(super) fn place(ask: &Ask) -> (Section, &'static str) {
    if ask.is_helper() {
        (Section::Relays, "web-nav-relays")
    } else {
        (Section::OwnRelays, "web-nav-own-relays")
    }
}

pub(super) async fn show(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    let relay = relay_of(&web, &ask, &name).await?;
    let is_default = ask.is_helper() && default_way(&web, &ask).await?.as_deref() == Some(&relay.name);
    let here = path(&ask, &relay.name);
    let waiting = waiting(&web, &ask, &relay).await?;
    let content = html! {
        p class="crumb" { (crumb(&ask)) }
        h1 { (relay.name) " " (badge(&ask, relay.state)) }
        @for closure in &relay.closures { (closed(&ask, closure)) }
        (waiting)
        section class="card" {
            p { (relay.host) @if let Some(port) = relay.port { ":" (port) }
                @if let Some(login) = &relay.login { " · " (login) }
                @if is_default { " · " (ask.say("web-default")) }
                @if relay.is_used { " · " (ask.say("web-relay-used")) } }
            @if let Some(login) = relay.account.as_ref().filter(|_| ask.is_helper()) {
                p { (ask.fill("web-relay-of", [("login", login.clone().into())])) }
            }
            div class="acts" {
                (one_button(&ask, &format!("{here}/test"), &ask.say("web-relay-test"), ""))
                @if !ask.is_helper() && !relay.is_used {
                    (one_button(&ask, &format!("{here}/use"), &ask.say("web-relay-use"), "quiet"))
                }
                a class="button quiet" href={ "/messages?relay=" (segment(&relay.name)) } { (ask.say("web-relay-messages")) }
                @if !ask.is_helper() {
                    a class="button quiet" href="/statistics?by=relay" { (ask.say("web-nav-statistics")) }
                }
            }
            p class="hint" { (ask.say("web-relay-test-hint")) }
        }
        @if ask.is_administrator() || !ask.is_helper() {
            (credentials(&ask, &relay, &here))
            (settings(&ask, &relay, &here))
            section class="card" {
                h2 { (ask.say("web-relay-remove")) }
                p { (ask.say("web-relay-remove-hint")) }
                (form(&ask, &format!("{here}/remove"), &html! {
                    (crate::forms::tick("sure", &ask.say("web-sure"), false))
                    button class="danger" { (ask.say("web-relay-remove")) }
                }))
            }
        }
    };
    Ok(Page::new(relay.name.clone(), place(&ask).0, content).live().answer(&web, &ask))
}

/// What waits for it: seen leaving once the relay is open again.
pub(super) async fn waiting(web: &Web, ask: &Ask, relay: &RelayView) -> Result<Markup, Refused> {
    let filter = QueueFilter { relay: Some(relay.name.clone()), ..QueueFilter::default() };
    let operation = Operation::QueueList { filter, after: None, limit: COUNTED };
    let Answer::Queue { page } = perform(web, ask, operation).await? else {
        return Err(Trouble::Ours.into());
    };
    let count = page.rows.len();
    let key = match (count, page.next.is_some()) {
        (0, _) => "web-relay-waiting-none",
        (_, true) => "web-relay-waiting-more",
        (_, false) => "web-relay-waiting",
    };
    let leaves = count > 0 && relay.state == RelayState::Open;
    Ok(html! {
        // From wherever it is shown, it renews itself from the relay's own page.
        div class="waiting" aria-live="polite" data-live=(path(ask, &relay.name)) data-more[leaves] {
            p { (ask.fill(key, [("count", count.into())])) }
            @if count > 0 {
                ul class="rows" {
                    @for row in page.rows.iter().take(SHOWN) {
                        li {
                            a href={ "/messages/" (row.id) } { (row.id) }
                            @if let Some(first) = row.recipients.first() { span class="soft" { (first.address) } }
                            @if let Some(first) = row.recipients.first() { (super::messages::state_badge(ask, first)) }
                        }
                    }
                }
            }
        }
    })
}

/// The form that opens a relay whose sign-in was refused.
fn credentials(ask: &Ask, relay: &RelayView, here: &str) -> Markup {
    let Some(login) = &relay.login else { return html! {} };
    let preset = relay.preset.as_deref().and_then(deliver::preset);
    let fields = html! {
        (Field::text("login", ask.say("web-field-relay-login"), login).required().show())
        (Field::password("password", ask.say("web-field-password-new"), "new-password").required().show())
        button { (ask.say("web-save-and-open")) }
    };
    html! {
        section class="card" id="mend" {
            h2 { (ask.say("web-relay-password")) }
            (steps(ask, preset, &relay.host))
            (form(ask, &format!("{here}/password"), &fields))
        }
    }
}

fn settings(ask: &Ask, relay: &RelayView, here: &str) -> Markup {
    let port = relay.port.map(|port| port.to_string()).unwrap_or_default();
    let (connections, recipients) = (relay.max_connections.to_string(), relay.max_recipients.to_string());
    let tls = match relay.tls {
        RelayTls::Auto => "auto",
        RelayTls::Implicit => "implicit",
        RelayTls::Starttls => "starttls",
        RelayTls::Never => "never",
    };
    let senders = [("keep", "web-sender-keep"), ("login", "web-sender-login")]
        .map(|(value, key)| (value.to_owned(), ask.say(key)));
    let sender = if relay.sender == SenderMode::Login { "login" } else { "keep" };
    let fields = html! {
        div class="fields" {
            (Field::text("host", ask.say("web-field-host"), &relay.host).required().show())
            (Field::text("port", ask.say("web-field-port"), &port).hint(ask.say("web-hint-port")).show())
            (select("tls", &ask.say("web-field-tls"), &tls_options(ask), tls))
            (select("sender", &ask.say("web-field-sender-mode"), &senders, sender))
            (Field::text("connections", ask.say("web-field-connections"), &connections).show())
            (Field::text("recipients", ask.say("web-field-recipients"), &recipients).show())
        }
        button { (ask.say("web-save")) }
    };
    html! {
        details class="card" open[relay.state != RelayState::Open && relay.login.is_none()] {
            summary { h2 { (ask.say("web-relay-settings")) } }
            (form(ask, &format!("{here}/settings"), &fields))
        }
    }
}

pub(super) async fn set_password(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let password = Secret::new(fields.exact("password"));
    let operation = Operation::RelayPassword { name: name.clone(), login: fields.text("login"), password };
    match perform(&web, &ask, operation).await {
        Ok(_) => Ok(back(&web, &ask, &path(&ask, &name), Notice::good(ask.say("web-relay-password-set")))),
        Err(fault) => Ok(failed(&web, &ask, &path(&ask, &name), &fault)),
    }
}

pub(super) async fn change(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let relay = RelaySpec {
        host: fields.text("host"),
        // An empty field goes back to trying the usual ones.
        port: Some(fields.number("port").unwrap_or(0)),
        tls: tls_of(&fields),
        sender: match fields.exact("sender") {
            "login" => Some(SenderMode::Login),
            "keep" => Some(SenderMode::Keep),
            _ => None,
        },
        max_connections: fields.number("connections"),
        max_recipients: fields.number("recipients"),
        ..RelaySpec::default()
    };
    match perform(&web, &ask, Operation::RelayChange { name: name.clone(), relay }).await {
        Ok(_) => Ok(back(&web, &ask, &path(&ask, &name), Notice::good(ask.say("web-relay-changed")))),
        Err(fault) => Ok(failed(&web, &ask, &path(&ask, &name), &fault)),
    }
}

pub(super) async fn remove(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let operation = Operation::RelayRemove { name: name.clone() };
    let places = (&*path(&ask, &name), list_of(&ask));
    Ok(removed((&web, &ask), fields.has("sure"), places, operation, "web-relay-removed").await)
}
