//! The first page: what needs somebody, then how much there is, then the ways out.

use super::reason::because;
use super::{Shown, back, failed, perform, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::one_button;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use control::reader::{coming, when};
use control::{
    Answer, ClosureView, Operation, ProtectionView, RelayState, SlowedView, StatisticsBy, StatisticsWish,
    StatusReport, StoreTrouble, wording,
};
use mail::Timestamp;
use maud::{Markup, html};
use std::sync::Arc;

/// So long before its end, the certificate needs somebody.
const CERTIFICATE_MS: i64 = 14 * 86_400_000;
/// How many of those are named who are slowed after wrong passwords.
const SLOWED_SHOWN: usize = 10;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/", Access::Person, reading(overview)),
        Route::change("/slowed/lift", Access::Helper, changing(lift)),
    ]
}

async fn overview(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    if !ask.is_helper() {
        return Ok(Redirect::to("/messages").into_response());
    }
    let Answer::Status { report } = perform(&web, &ask, Operation::Status).await? else {
        return Err(Trouble::Ours.into());
    };
    let today = today(&web, &ask).await?;
    let mut attention = attention(&ask, &report);
    attention.extend(pleas(&ask, &super::blocks::all(&web, &ask).await?));
    let content = html! {
        h1 { (ask.say("web-nav-overview")) }
        @if attention.is_empty() {
            section class="card calm" { h2 { (ask.say("web-all-well")) } p { (ask.say("web-all-well-more")) } }
        } @else {
            section class="attention" aria-label=(ask.say("web-attention")) {
                h2 { (ask.say("web-attention")) }
                @for item in &attention { (item) }
            }
        }
        (counts(&ask, &report))
        p { a href="/statistics?days=1" { (ask.say("web-stats-today")) } " " (today) }
        (ways(&ask, &report))
        p class="soft" {
            @if ask.is_administrator() { a href="/setup" { (ask.say("web-setup")) } " · " }
            a href="/record" { (ask.say("web-record-title")) } " · "
            (ask.fill("web-server", [("host", report.host_name.clone().into()), ("version", report.version.clone().into())]))
            " · " (ask.fill("web-since", [("when", when(report.started_at, &ask.reader()).into())]))
        }
    };
    Ok(Page::new(ask.say("web-nav-overview"), Section::Overview, content).answer(&web, &ask))
}

/// What was sent today, in one sentence.
async fn today(web: &Web, ask: &Ask) -> Result<String, super::Refused> {
    let from = Some(Timestamp(ask.now.0 - ask.now.0.rem_euclid(86_400_000)));
    let wish = StatisticsWish { by: StatisticsBy::Day, from, ..StatisticsWish::default() };
    match perform(web, ask, Operation::Statistics { wish }).await? {
        Answer::Statistics { report } => Ok(super::statistics::total(ask, &report)),
        _ => Err(Trouble::Ours.into()),
    }
}

fn card(bad: bool, title: &str, content: &Markup) -> Markup {
    html! { article class=(if bad { "card bad" } else { "card warn" }) { h3 { (title) } (content) } }
}

/// What needs somebody, the worst first.
fn attention(ask: &Ask, report: &StatusReport) -> Vec<Markup> {
    let mut items = Vec::new();
    match &report.trouble {
        Some(StoreTrouble::Full { .. }) => {
            items.push(card(
                true,
                &ask.say("web-disk-full"),
                &html! { p { (ask.say("web-disk-full-fix")) } },
            ));
        }
        Some(StoreTrouble::ReadOnly { detail }) => {
            let more = html! { p { (ask.say("web-disk-failed-fix")) } pre { (detail) } };
            items.push(card(true, &ask.say("web-disk-failed"), &more));
        }
        None => {}
    }
    if !report.has_route {
        let more = html! {
            p { (ask.say(if ask.is_administrator() { "web-no-route-fix" } else { "web-no-route-person" })) }
            @if ask.is_administrator() { p { a class="button" href="/setup" { (ask.say("web-do-setup")) } } }
        };
        items.push(card(true, &ask.say("web-no-route"), &more));
    }
    let closures = report.relays.iter().flat_map(|relay| &relay.closures);
    let mut closures: Vec<&ClosureView> = closures.collect();
    closures.sort_by_key(|closure| (!closure.alarm, closure.sender.is_some(), closure.since));
    items.extend(closures.into_iter().map(|closure| closed(ask, closure)));
    for relay in &report.relays {
        if let Some(count) = relay.refuses_all {
            let gaps = [("relay", relay.name.clone().into()), ("count", count.into())];
            let more = html! {
                p { (ask.fill("relay-refuses-all", gaps)) }
                p { a class="button" href={ "/messages?relay=" (segment(&relay.name)) } { (ask.say("web-relay-messages")) } }
            };
            let title = ask.fill("web-relay-refuses", [("relay", relay.name.clone().into())]);
            items.push(card(true, &title, &more));
        }
    }
    if let Some(ends) = report.certificate_ends.filter(|ends| ends.since_ms(ask.now) < CERTIFICATE_MS) {
        let more =
            html! { p { (ask.fill("web-certificate-fix", [("when", when(ends, &ask.reader()).into())])) } };
        items.push(card(ends < ask.now, &ask.say("web-certificate"), &more));
    }
    if !report.slowed.is_empty() {
        let text = ask.fill("web-slowed", [("count", report.slowed.len().into())]);
        items.push(card(false, &text, &slowed(ask, &report.slowed)));
    }
    items
}

/// Who is slowed, and the way to let them try again.
fn slowed(ask: &Ask, slowed: &[SlowedView]) -> Markup {
    let words = |one: &SlowedView| {
        let who = [one.login.as_deref(), one.network.as_deref()];
        let who: Vec<&str> = who.into_iter().flatten().collect();
        ask.fill(
            "web-slowed-row",
            [
                ("who", who.join(" · ").into()),
                ("count", one.put_off.into()),
                ("when", coming(one.until, &ask.reader()).into()),
            ],
        )
    };
    html! {
        p { (ask.say("web-slowed-fix")) }
        ul { @for one in slowed.iter().take(SLOWED_SHOWN) { li { (words(one)) } } }
        @if slowed.len() > SLOWED_SHOWN {
            p { (ask.fill("web-slowed-more", [("count", (slowed.len() - SLOWED_SHOWN).into())])) }
        }
        (one_button(ask, "/slowed/lift", &ask.say("web-slowed-lift"), "quiet"))
    }
}

/// Lets everybody who is slowed try again at once.
async fn lift(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    match perform(&web, &ask, Operation::SlowedLift { what: None }).await {
        Ok(_) => Ok(back(&web, &ask, "/", Notice::good(ask.say("web-slowed-lifted")))),
        Err(fault) => Ok(failed(&web, &ask, "/", &fault)),
    }
}

/// Blocked people who ask not to be.
fn pleas(ask: &Ask, guarded: &[ProtectionView]) -> Option<Markup> {
    let count = guarded.iter().filter(|one| one.plea.is_some()).count();
    let more = html! { p { a class="button" href="/accounts" { (ask.say("web-pleas-do")) } } };
    (count > 0).then(|| card(false, &ask.fill("web-pleas", [("count", count.into())]), &more))
}

/// A closed relay, or a sender that is stopped on one: why, what to do, where to do it.
pub(super) fn closed(ask: &Ask, closure: &ClosureView) -> Markup {
    let relay = || ("relay", closure.relay.clone().into());
    let title = match (&closure.sender, closure.alarm) {
        (Some(sender), _) => ask.fill("web-sender-stopped", [relay(), ("sender", sender.clone().into())]),
        (None, true) => ask.fill("web-relay-is-closed", [relay()]),
        (None, false) => ask.fill("web-relay-is-away", [relay()]),
    };
    let again = coming(closure.reopen_at, &ask.reader());
    let page = super::relay::path(ask, &closure.relay);
    let is_own = ask.here.starts_with(&page);
    let more = html! {
        (because(ask, &wording::of_closure(closure, ask.language())))
        @if let Some(neighbours) = &closure.neighbours { p { (wording::elsewhere(neighbours, &ask.reader())) } }
        p class="soft" { (ask.fill("web-tried-again", [("when", again.into())])) }
        // On the relay's own page, the way to it leads nowhere.
        @if !is_own { p { a class="button" href=(page) { (ask.say("web-to-relay")) } } }
    };
    if !is_own {
        return card(closure.alarm, &title, &more);
    }
    // There it stands right below the name of the relay.
    html! { article class=(if closure.alarm { "card bad" } else { "card warn" }) { h2 { (title) } (more) } }
}

fn counts(ask: &Ask, report: &StatusReport) -> Markup {
    let totals = &report.totals;
    let waiting = totals.recipients.saturating_sub(totals.leased + totals.held + totals.parked);
    let figures = [
        (totals.messages, "web-count-messages", "/messages"),
        (totals.leased, "web-count-leaving", "/messages?state=waiting"),
        (waiting, "web-count-waiting", "/messages?state=waiting"),
        (totals.parked, "web-count-parked", "/messages?state=waiting"),
        (totals.held, "web-count-held", "/messages?state=held"),
    ];
    html! {
        section aria-label=(ask.say("web-queue")) {
            h2 { (ask.say("web-queue")) }
            ul class="figures" {
                @for (count, key, href) in figures {
                    li { a href=(href) { strong { (ask.fill("web-number", [("count", count.into())])) } span { (ask.say(key)) } } }
                }
            }
        }
    }
}

fn ways(ask: &Ask, report: &StatusReport) -> Markup {
    html! {
        section class="card" {
            h2 { (ask.say("web-nav-relays")) }
            @if report.relays.is_empty() {
                p { (ask.say(if report.has_route { "web-direct-only" } else { "web-no-relay" })) }
            } @else {
                ul class="rows" {
                    @for relay in &report.relays {
                        li {
                            a href={ "/relays/" (segment(&relay.name)) } { (relay.name) }
                            span class="soft" { (relay.host) }
                            (badge(ask, relay.state))
                        }
                    }
                }
            }
        }
    }
}

/// A relay's state, by word and colour.
pub(super) fn badge(ask: &Ask, state: RelayState) -> Markup {
    let class = match state {
        RelayState::Open => "badge good",
        RelayState::OutOfReach => "badge warn",
        RelayState::Closed => "badge bad",
    };
    html! { span class=(class) { (ask.say(wording::relay_key(state))) } }
}
