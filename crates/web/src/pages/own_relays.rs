//! A person's own relays: through which provider their mail leaves, and those that they have added.
//!
//! What is done with one relay, and its pages, are those of the administrator's relays ([`super::relay`],
//! [`super::rehearsal`]); which relays a person reaches, and what they may set, `control` decides.

use super::overview::badge;
use super::relay::path;
use super::relays::relays_of;
use super::{Shown, back, failed, perform, rehearsal, relay, relays};
use crate::Web;
use crate::ask::Ask;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect};
use control::{Operation, OwnWay, RelaySpec};
use maud::html;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    let person = Access::Person;
    vec![
        Route::read("/account/relays", person, reading(list)),
        Route::read("/account/relays/new", person, reading(relays::fresh)),
        Route::change("/account/relays/new", person, changing(relays::add)),
        Route::read("/account/relays/{name}", person, reading(relay::show)),
        Route::change("/account/relays/{name}/test", person, changing(rehearsal::test)),
        Route::change("/account/relays/{name}/use", person, changing(choose)),
        Route::change("/account/relays/{name}/password", person, changing(relay::set_password)),
        Route::change("/account/relays/{name}/settings", person, changing(relay::change)),
        Route::change("/account/relays/{name}/remove", person, changing(relay::remove)),
    ]
}

async fn list(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    if ask.is_helper() {
        // All relays are theirs to look after.
        return Ok(Redirect::to("/relays").into_response());
    }
    let own = relays_of(&web, &ask).await?;
    let way = web.control.own_way(&ask.caller()).await?;
    let content = html! {
        h1 { (ask.say("web-nav-own-relays")) }
        section class="card" {
            p { (told(&ask, &way)) }
            @if own.is_empty() { p { (ask.say("web-own-relays-none")) } }
            @if !own.is_empty() {
                ul class="rows" {
                    @for relay in &own {
                        li {
                            a href=(path(&ask, &relay.name)) { (relay.name) }
                            span class="soft" { (relay.host) @if let Some(port) = relay.port { ":" (port) } }
                            @if relay.is_used { span class="badge" { (ask.say("web-relay-used")) } }
                            (badge(&ask, relay.state))
                        }
                    }
                }
            }
            @if way.may_change {
                p { a class="button" href="/account/relays/new" { (ask.say("web-relay-add")) } }
            } @else {
                p { (ask.say("web-own-relays-closed")) }
            }
            @if !own.is_empty() { p { a href="/statistics?by=relay" { (ask.say("web-own-relays-statistics")) } } }
        }
    };
    Ok(Page::new(ask.say("web-nav-own-relays"), Section::OwnRelays, content).answer(&web, &ask))
}

/// How their mail leaves at the moment.
fn told(ask: &Ask, way: &OwnWay) -> String {
    match (&way.relay, way.is_own) {
        (Some(relay), true) => ask.fill("web-own-way-own", [("relay", relay.clone().into())]),
        (Some(_), false) => ask.say("web-own-way-server"),
        (None, _) => ask.say("web-own-way-none"),
    }
}

/// Has one's mail leave through one of one's relays.
async fn choose(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    let relay = RelaySpec { default: true, ..RelaySpec::default() };
    match perform(&web, &ask, Operation::RelayChange { name: name.clone(), relay }).await {
        Ok(_) => {
            let text = ask.fill("web-own-way-own", [("relay", name.clone().into())]);
            Ok(back(&web, &ask, &path(&ask, &name), Notice::good(text)))
        }
        Err(fault) => Ok(failed(&web, &ask, &path(&ask, &name), &fault)),
    }
}
