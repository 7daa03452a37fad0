//! One message: what happened to it, in plain words, and how it stands.

use super::messages::{acts, buttons, state_badge};
use super::reason::{because, dialogue, stamp};
use super::{Shown, perform};
use crate::Web;
use crate::ask::Ask;
use crate::forms::form;
use crate::page::{Page, Section};
use crate::table::{Access, Route, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use control::reader::{coming, moment};
use control::{Answer, ClosureView, Operation, wording};
use mail::{ClosureId, Principal, RelayId, Timestamp};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Act, Attempt, Event, RecipientRow, RecipientState, Story};

/// How many recipients are shown; a message may have sixty thousand.
const RECIPIENTS_SHOWN: usize = 100;
/// How many steps are shown, the newest.
const STEPS_SHOWN: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::read("/messages/{id}", Access::Person, reading(story))]
}

/// A story with what it refers to.
struct Told<'a> {
    story: &'a Story,
    closures: &'a BTreeMap<ClosureId, ClosureView>,
    relays: &'a BTreeMap<RelayId, String>,
    /// The relays that refuse everything, and how many messages in a row.
    refusing_all: &'a BTreeMap<RelayId, usize>,
}

impl Told<'_> {
    fn relay(&self, id: Option<RelayId>) -> String {
        id.and_then(|id| self.relays.get(&id)).cloned().unwrap_or_else(|| "?".to_owned())
    }
}

async fn story(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>, Path(id): Path<String>) -> Shown {
    let answer = perform(&web, &ask, Operation::Why { id }).await?;
    let Answer::Story { story, closures, relays, refusing_all } = answer else {
        return Err(Trouble::Ours.into());
    };
    let told = Told { story: &story, closures: &closures, relays: &relays, refusing_all: &refusing_all };
    let row = &story.message;
    let title = ask.fill("story-title", [("id", row.id.to_string().into())]);
    let sender = row.from.address().map_or_else(|| ask.say("story-nobody"), ToString::to_string);
    let waits = row.recipients.iter().any(|one| one.state == RecipientState::Waiting);
    let line = |key: &str, value: String| ask.fill(key, [("text", value.into())]);
    let content = html! {
        p class="crumb" { a href="/messages" { (ask.say("web-back-to-messages")) } }
        h1 { (title) }
        section class="card facts" {
            p { (line("story-from", sender)) }
            p { (ask.fill("web-given", [("when", moment(row.received_at, &ask.reader()).into())])) }
            p { (ask.fill("web-size", [("count", row.bytes.div_ceil(1_024).into())])) }
            @if !row.message_id.is_empty() { p class="soft" { (line("story-message-id", row.message_id.clone())) } }
        }
        section aria-label=(ask.say("story-now")) aria-live="polite" data-live="" data-more[waits] {
            h2 { (ask.say("story-now")) }
            @for one in row.recipients.iter().take(RECIPIENTS_SHOWN) { (standing(&ask, &told, one)) }
            @if row.recipients.len() > RECIPIENTS_SHOWN {
                p { (ask.fill("queue-others", [("count", (row.recipients.len() - RECIPIENTS_SHOWN).into())])) }
            }
        }
        (offered(&ask, &story))
        section class="card" {
            h2 { (ask.say("story-happened")) }
            ol class="steps" { @for (at, step) in steps(&ask, &told) { li { (stamp(&ask, at)) div { (step) } } } }
        }
    };
    Ok(Page::new(title, Section::Messages, content).live().answer(&web, &ask))
}

/// The acts that mean something for this message now.
fn offered(ask: &Ask, story: &Story) -> Markup {
    let any = |state| story.message.recipients.iter().any(|row| row.state == state);
    let (waits, held) = (any(RecipientState::Waiting), any(RecipientState::Held));
    let fresh = story.attempts.is_empty() && waits;
    let fits = |act: Act| match act {
        Act::Retry | Act::Hold => waits,
        Act::Release => held,
        Act::Delete | Act::Fail => waits || held,
        Act::Undo => fresh,
    };
    let acts: Vec<(Act, &str)> = acts(ask).iter().copied().filter(|(act, _)| fits(*act)).collect();
    if acts.is_empty() {
        return html! {};
    }
    form(
        ask,
        "/messages/act",
        &html! {
            input type="hidden" name="id" value=(story.message.id);
            input type="hidden" name="back" value=(ask.here);
            (buttons(ask, &acts))
        },
    )
}

fn standing(ask: &Ask, told: &Told<'_>, row: &RecipientRow) -> Markup {
    let relay = row.relay.and_then(|id| told.relays.get(&id)).map_or("", String::as_str);
    let reason = wording::of_recipient(row, told.closures, relay, ask.language());
    let next = wording::next_attempt(row, told.closures);
    let reader = ask.reader();
    let neighbours =
        row.closure.and_then(|id| told.closures.get(&id)).and_then(|one| one.neighbours.as_ref());
    let refusing = row.relay.filter(|_| row.state != RecipientState::Delivered);
    let refuses = refusing.and_then(|id| told.refusing_all.get(&id)).map(|count| {
        ask.fill("relay-refuses-all", [("relay", relay.to_owned().into()), ("count", (*count).into())])
    });
    html! {
        article class="card" {
            p class="head" { strong { (row.address) } " " (state_badge(ask, row)) }
            @if let Some(reason) = reason { (because(ask, &reason)) }
            @if let Some(neighbours) = neighbours { p { (wording::elsewhere(neighbours, &reader)) } }
            @if let Some(words) = refuses { p { (words) } }
            @if let Some(at) = next { p { (ask.fill("story-next", [("when", coming(at, &reader).into())])) } }
            @if row.state == RecipientState::Waiting && next.is_some() {
                p class="soft" { (ask.fill("story-expires", [("moment", moment(row.expires_at, &reader).into())])) }
            }
        }
    }
}

/// What happened, oldest first: first it came, then it was tried, then what that meant.
fn steps(ask: &Ask, told: &Told<'_>) -> Vec<(Timestamp, Markup)> {
    let row = &told.story.message;
    let key = if row.principal == Principal::System { "story-received-here" } else { "story-received" };
    let came = ask.fill(key, [("client", row.client.clone().into())]);
    let mut steps = vec![(row.received_at, html! { p { (came) } })];
    steps.extend(told.story.attempts.iter().map(|one| (one.began_at, attempt(ask, told, one))));
    steps.extend(told.story.events.iter().filter_map(|one| Some((one.at, event(ask, told, one)?))));
    steps.sort_by_key(|(at, _)| *at);
    let older = steps.len().saturating_sub(STEPS_SHOWN);
    steps.split_off(older)
}

fn attempt(ask: &Ask, told: &Told<'_>, attempt: &Attempt) -> Markup {
    let mut server = attempt.peer.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    if let Some(tls) = &attempt.tls {
        server += &format!(", {}", tls.version);
    }
    let direct = attempt.relay == RelayId::DIRECT;
    let key = if direct { "story-attempt-direct" } else { "story-attempt" };
    let gaps = [("relay", told.relay(Some(attempt.relay)).into()), ("server", server.into())];
    let said = |index: u16| {
        let to = told.story.message.recipients.iter().find(|row| row.index == index);
        to.map_or_else(|| "?".to_owned(), |row| row.address.clone())
    };
    html! {
        p { (ask.fill(key, gaps)) }
        @for outcome in attempt.outcomes.iter().take(RECIPIENTS_SHOWN) {
            @let key = if outcome.delivered { "story-took" } else { "story-refused" };
            p class=(if outcome.delivered { "took" } else { "refused" }) {
                (ask.fill(key, [("to", said(outcome.index).into()), ("said", outcome.said.clone().into())]))
            }
        }
        @if let Some(spoken) = &attempt.dialogue { (dialogue(ask, spoken, false)) }
    }
}

fn event(ask: &Ask, told: &Told<'_>, event: &Event) -> Option<Markup> {
    let key = wording::event_key(event.kind)?;
    // A detail of one word is JSON all the same.
    let detail = event.detail.trim_matches('"').to_owned();
    let gaps = [("relay", told.relay(event.relay).into()), ("detail", detail.into())];
    Some(html! { p { (ask.fill(key, gaps)) } })
}
