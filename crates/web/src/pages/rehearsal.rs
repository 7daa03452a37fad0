//! The test of a relay: each step is shown as it happens, then what came of it, then the mail that leaves.

use super::reason::{because, dialogue};
use super::relay::{crumb, path, place, waiting};
use super::stream::{Piece, bad, later, streamed};
use super::{Refused, Shown};
use crate::Web;
use crate::ask::Ask;
use crate::page::Page;
use crate::table::{Access, Route, changing};
use crate::trouble::{Trouble, fault_words};
use axum::Extension;
use axum::extract::{Path, State};
use control::{Answer, Fault, wording};
use mail::Stage;
use maud::{Markup, html};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::change("/relays/{name}/test", Access::Helper, changing(test))]
}

/// Goes to the relay now, and shows each step. On success the relay opens, and its mail leaves.
pub(super) async fn test(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    let relay = super::relay::relay_of(&web, &ask, &name).await?;
    let (here, host) = (path(&ask, &relay.name), relay.host.clone());
    let title = ask.fill("web-testing", [("relay", relay.name.clone().into())]);
    // Back to where it was asked for: the set-up, or the relay.
    let content = html! {
        p class="crumb" {
            (crumb(&ask)) " › " a href=(here) { (relay.name) }
        }
        h1 { (title) }
        (later())
        div class="acts" {
            @if ask.here.starts_with("/setup") { a class="button" href="/setup" { (ask.say("web-setup")) } }
            a class="button quiet" href=(here) { (ask.say("web-tested-back")) }
        }
    };
    let page = Page::new(title, place(&ask).0, content).live();
    let (tell, pieces) = unbounded_channel();
    tokio::spawn(run(Arc::clone(&web), ask.clone(), (relay.name, host), tell));
    Ok(streamed(&ask, &page, &html! {}, pieces))
}

async fn run(web: Arc<Web>, ask: Ask, (name, host): (String, String), tell: UnboundedSender<Piece>) {
    let mut told = |stage: Stage, port: u16| {
        let _ = tell.send(Piece::Line(step(&ask, stage, &host, port)));
    };
    let tested = web.control.test_relay(&ask.caller(), &name, &mut told).await;
    let end = match tested {
        Ok(answer) => outcome(&web, &ask, answer).await.unwrap_or_else(|refused| trouble(&ask, refused)),
        Err(fault) => bad(fault_words(&ask.phrases, &fault)),
    };
    let _ = tell.send(Piece::End(end));
}

/// A step that begins now.
fn step(ask: &Ask, stage: Stage, host: &str, port: u16) -> Markup {
    let gaps = [("host", host.to_owned().into()), ("port", port.to_string().into())];
    let text = match stage {
        Stage::Greeting => ask.say("web-testing-greeting"),
        Stage::StartTls => ask.say("web-testing-tls"),
        Stage::Auth => ask.say("web-testing-sign-in"),
        _ => ask.fill("web-testing-connect", gaps),
    };
    html! { (text) }
}

fn trouble(ask: &Ask, refused: Refused) -> Markup {
    let fault = match refused {
        Refused::Fault(fault) => *fault,
        Refused::Trouble(_) => Fault::new(control::Blame::Store),
    };
    bad(fault_words(&ask.phrases, &fault))
}

/// What came of it, and what waits for the relay: seen leaving once it is open.
async fn outcome(web: &Web, ask: &Ask, answer: Answer) -> Result<Markup, Refused> {
    let Answer::Tested { relay, preset, evidence, dialogue: spoken, neighbours } = answer else {
        return Err(Trouble::Ours.into());
    };
    let gap = || [("relay", relay.clone().into())];
    let (class, title, why) = match &evidence {
        None => ("card good", ask.fill("web-tested-works", gap()), html! {}),
        Some(evidence) => {
            let reason = wording::of_evidence(evidence, &relay, preset.as_deref(), ask.language());
            let why = html! {
                (because(ask, &reason))
                @if let Some(neighbours) = &neighbours { p { (wording::elsewhere(neighbours, &ask.reader())) } }
                p { a class="button" href={ (path(ask, &relay)) "#mend" } { (ask.say("web-tested-mend")) } }
            };
            ("card bad", ask.fill("web-tested-fails", gap()), why)
        }
    };
    let view = super::relay::relay_of(web, ask, &relay).await?;
    Ok(html! {
        section class=(class) role="status" { h2 { (title) } (why) (dialogue(ask, &spoken, evidence.is_some())) }
        (waiting(web, ask, &view).await?)
    })
}
