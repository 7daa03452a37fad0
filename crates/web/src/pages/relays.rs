//! How mail leaves: straight, or through a relay; the relays; a new one.

use super::needs::steps;
use super::overview::badge;
use super::relay::{crumb, list_of, path, place};
use super::{Shown, back, failed, perform, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, select, tick};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Redirect};
use control::{Answer, Operation, RelaySpec, RelayView, RouteFor};
use deliver::{PRESETS, Preset, SignIn};
use mail::Secret;
use maud::{Markup, html};
use std::sync::Arc;
use store::RelayTls;

/// What stands in place of a relay for the way without one.
pub(super) const DIRECT: &str = "direct";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/relays", Access::Helper, reading(list)),
        Route::read("/relays/new", Access::Administrator, reading(fresh)),
        Route::change("/relays/new", Access::Administrator, changing(add)),
        Route::change("/mode", Access::Administrator, changing(set_mode)),
        Route::change("/own-relays", Access::Administrator, changing(set_own)),
    ]
}

pub(super) async fn relays_of(web: &Web, ask: &Ask) -> Result<Vec<RelayView>, super::Refused> {
    match perform(web, ask, Operation::RelayList).await? {
        Answer::Relays { relays } => Ok(relays),
        _ => Err(Trouble::Ours.into()),
    }
}

/// The relay of whoever has no other; `None` when there is none.
pub(super) async fn default_way(web: &Web, ask: &Ask) -> Result<Option<String>, super::Refused> {
    match perform(web, ask, Operation::RouteList).await? {
        Answer::Routes { routes } => {
            Ok(routes.into_iter().find(|route| route.scope == "default").map(|route| route.relay))
        }
        _ => Err(Trouble::Ours.into()),
    }
}

async fn list(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let relays = relays_of(&web, &ask).await?;
    let way = default_way(&web, &ask).await?;
    let content = html! {
        h1 { (ask.say("web-nav-relays")) }
        (mode(&ask, &relays, way.as_deref()))
        section class="card" {
            h2 { (ask.say("web-relays")) }
            @if relays.is_empty() { p { (ask.say("web-no-relay")) } }
            ul class="rows" {
                @for relay in &relays {
                    li {
                        a href={ "/relays/" (segment(&relay.name)) } { (relay.name) }
                        span class="soft" { (relay.host) @if let Some(port) = relay.port { ":" (port) } }
                        @if way.as_deref() == Some(&relay.name) { span class="badge" { (ask.say("web-default")) } }
                        (badge(&ask, relay.state))
                    }
                }
            }
            @if ask.is_administrator() { p { a class="button" href="/relays/new" { (ask.say("web-relay-add")) } } }
        }
        @if ask.is_administrator() { (own(&ask, web.control.own_relays_are_open().await?)) }
    };
    Ok(Page::new(ask.say("web-nav-relays"), Section::Relays, content).answer(&web, &ask))
}

/// Whether people may add and change relays of their own.
fn own(ask: &Ask, are_open: bool) -> Markup {
    let options = [("on", "web-own-relays-on"), ("off", "web-own-relays-off")];
    let options = options.map(|(value, key)| (value.to_owned(), ask.say(key)));
    let chosen = if are_open { "on" } else { "off" };
    html! {
        section class="card" {
            h2 { (ask.say("web-own-relays")) }
            p class="hint" { (ask.say("web-own-relays-hint")) }
            (form(ask, "/own-relays", &html! {
                (select("own", &ask.say("web-own-relays-choose"), &options, chosen))
                button { (ask.say("web-save")) }
            }))
        }
    }
}

async fn set_own(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let (name, value) = ("own_relays".to_owned(), fields.text("own"));
    match perform(&web, &ask, Operation::SettingSet { name, value }).await {
        Ok(_) => Ok(back(&web, &ask, "/relays", Notice::good(ask.say("web-saved")))),
        Err(fault) => Ok(failed(&web, &ask, "/relays", &fault)),
    }
}

/// Whether mail goes straight or by a relay, for whoever has no other way.
fn mode(ask: &Ask, relays: &[RelayView], way: Option<&str>) -> Markup {
    let told = match way {
        None => ask.say("web-mode-none"),
        Some(DIRECT) => ask.say("web-mode-local"),
        Some(name) => ask.fill("web-mode-relay", [("relay", name.to_owned().into())]),
    };
    let mut options = vec![(DIRECT.to_owned(), ask.say("web-mode-local-short"))];
    options.extend(relays.iter().map(|relay| {
        let name = || relay.name.clone();
        (name(), ask.fill("web-mode-relay-short", [("relay", name().into())]))
    }));
    let fields = html! {
        (select("way", &ask.say("web-mode-choose"), &options, way.unwrap_or_default()))
        button { (ask.say("web-save")) }
    };
    html! {
        section class="card" {
            h2 { (ask.say("web-mode")) }
            p { (told) }
            @if ask.is_administrator() { (form(ask, "/mode", &fields)) }
        }
    }
}

async fn set_mode(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let operation = Operation::RouteSet { scope: RouteFor::Default, relay: fields.text("way") };
    match perform(&web, &ask, operation).await {
        Ok(_) => Ok(back(&web, &ask, "/relays", Notice::good(ask.say("web-mode-set")))),
        Err(fault) => Ok(failed(&web, &ask, "/relays", &fault)),
    }
}

pub(super) async fn fresh(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>, uri: Uri) -> Shown {
    let fields = Fields::of(uri.query().unwrap_or_default().as_bytes());
    Ok(new_page(&ask, &fields).answer(&web, &ask))
}

/// The presets that a password or a key opens; those with OAuth2 only would be a dead end.
fn presets() -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter().filter(|preset| preset.sign_in != SignIn::OAuth2Only)
}

fn new_page(ask: &Ask, fields: &Fields) -> Page {
    let value = |name: &str| fields.text(name).unwrap_or_default();
    let chosen = deliver::preset(&value("preset"));
    let mut known = vec![(String::new(), ask.say("web-preset-none"))];
    known.extend(
        presets().map(|preset| (preset.name.to_owned(), format!("{} ({})", preset.name, preset.host))),
    );
    let here = format!("{}/new", list_of(ask));
    let default = if ask.is_administrator() { "web-relay-default" } else { "web-relay-default-own" };
    let content = html! {
        p class="crumb" { (crumb(ask)) }
        h1 { (ask.say("web-relay-add")) }
        form class="card" method="get" action=(here) {
            (select("preset", &ask.say("web-field-preset"), &known, chosen.map_or("", |preset| preset.name)))
            button class="quiet" { (ask.say("web-choose-preset")) }
        }
        section class="card" {
            @if let Some(preset) = chosen {
                h2 { (preset.name) }
                (steps(ask, Some(preset), preset.host))
            }
            (form(ask, &here, &html! {
                input type="hidden" name="preset" value=(chosen.map_or("", |preset| preset.name));
                (settings(ask, fields, chosen))
                (tick("default", &ask.say(default), fields.has("default")))
                button { (ask.say("web-relay-add")) }
            }))
        }
    };
    Page::new(ask.say("web-relay-add"), place(ask).0, content)
}

fn settings(ask: &Ask, fields: &Fields, preset: Option<&Preset>) -> Markup {
    let value = |name: &str| fields.text(name).unwrap_or_default();
    let (name, host, port) = (value("name"), value("host"), value("port"));
    let login = fields.text("login").or_else(|| preset?.login.map(str::to_owned)).unwrap_or_default();
    let hint = if ask.is_administrator() { "web-hint-login" } else { "web-hint-login-own" };
    let has_region = preset.is_some_and(|preset| preset.host.contains("{region}"));
    html! {
        div class="fields" {
            (Field::text("name", ask.say("web-field-name"), &name).hint(ask.say("web-hint-name")).show())
            @if preset.is_none() {
                (Field::text("host", ask.say("web-field-host"), &host).required().show())
                (Field::text("port", ask.say("web-field-port"), &port).hint(ask.say("web-hint-port")).show())
                (select("tls", &ask.say("web-field-tls"), &tls_options(ask), &value("tls")))
            }
            @if has_region { (Field::text("region", ask.say("web-field-region"), &value("region")).required().show()) }
            (Field::text("login", ask.say("web-field-relay-login"), &login).hint(ask.say(hint)).show())
            (Field::password("password", ask.say("web-field-password"), "new-password").show())
        }
    }
}

/// The ways of TLS.
pub(super) fn tls_options(ask: &Ask) -> Vec<(String, String)> {
    let ways = [
        ("auto", "web-tls-auto"),
        ("implicit", "web-tls-implicit"),
        ("starttls", "web-tls-starttls"),
        ("never", "web-tls-never"),
    ];
    // Nobody's own relay does without.
    let ways = ways.into_iter().filter(|(value, _)| ask.is_administrator() || *value != "never");
    ways.map(|(value, key)| (value.to_owned(), ask.say(key))).collect()
}

/// The way of TLS that was chosen.
pub(super) fn tls_of(fields: &Fields) -> Option<RelayTls> {
    match fields.exact("tls") {
        "auto" => Some(RelayTls::Auto),
        "implicit" => Some(RelayTls::Implicit),
        "starttls" => Some(RelayTls::Starttls),
        "never" => Some(RelayTls::Never),
        _ => None,
    }
}

pub(super) async fn add(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let password = Some(fields.exact("password")).filter(|text| !text.is_empty()).map(Secret::new);
    let login = fields.text("login");
    let preset = fields.text("preset");
    let name = fields.text("name").or_else(|| preset.clone()).or_else(|| fields.text("host"));
    let relay = RelaySpec {
        name,
        // Nobody's own relay does without a sign-in.
        no_auth: ask.is_administrator() && preset.is_none() && login.is_none() && password.is_none(),
        preset,
        host: fields.text("host"),
        port: fields.number("port"),
        tls: tls_of(&fields),
        login,
        password,
        region: fields.text("region"),
        default: fields.has("default"),
        ..RelaySpec::default()
    };
    match perform(&web, &ask, Operation::RelayAdd { relay }).await {
        Ok(Answer::Relay { relay }) => {
            let text = ask.fill("web-relay-added", [("relay", relay.name.clone().into())]);
            let mut notice = Notice::good(text);
            notice.more = ask.say("web-relay-added-more");
            Ok(back(&web, &ask, &path(&ask, &relay.name), notice))
        }
        Ok(_) => Ok(Redirect::to(list_of(&ask)).into_response()),
        // What was typed stays, but for the password.
        Err(fault) => {
            let page = new_page(&ask, &fields).with(super::bad(&ask, &fault));
            Ok((axum::http::StatusCode::BAD_REQUEST, page.answer(&web, &ask)).into_response())
        }
    }
}
