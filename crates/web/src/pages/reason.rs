//! Why something is as it is, as a part of a page: what happened, who must act, what to do, the raw words folded.

use crate::ask::Ask;
use control::reader::{clock, span};
use control::wording::Reason;
use explain::CauseId;
use mail::{Dialogue, Speaker};
use maud::{Markup, html};

/// A reason.
pub(super) fn because(ask: &Ask, reason: &Reason) -> Markup {
    let words = &reason.words;
    let text = |key: &str, value: &str| ask.fill(key, [("text", value.to_owned().into())]);
    html! {
        div class="reason" {
            p class="cause" { (words.cause) }
            @if reason.cause == CauseId::NO_ROUTE {
                // The catalogue names a command; here there is a page for it.
                @if ask.is_administrator() {
                    p { (text("reason-fix", &ask.say("web-no-route-fix"))) }
                    p { a class="button" href="/relays" { (ask.say("web-no-route-do")) } }
                } @else {
                    p { (text("reason-fix", &ask.say("web-no-route-person"))) }
                }
            } @else {
                p { (text("reason-fix", &words.fix)) }
            }
            p class="soft" { (text("reason-who", &words.who)) }
            @if let Some(link) = words.link.as_deref().filter(|link| link.starts_with("https://")) {
                p { a href=(link) rel="noreferrer" { (link) } }
            }
            @if !reason.raw.is_empty() {
                details {
                    summary { (ask.say("web-raw")) }
                    pre { (reason.raw) }
                    p class="soft" { a href={ "/messages?cause=" (reason.cause) } { (reason.cause) } }
                }
            }
        }
    }
}

/// A dialogue, folded unless it is what was asked for.
pub(super) fn dialogue(ask: &Ask, spoken: &Dialogue, open: bool) -> Markup {
    html! {
        details open[open] {
            summary { (ask.say("web-dialogue")) }
            div class="dialogue" role="region" aria-label=(ask.say("web-dialogue")) tabindex="0" {
                @for line in &spoken.lines {
                    @let (class, by) = match line.by {
                        Speaker::Us => ("us", "→"),
                        Speaker::Them => ("them", "←"),
                        Speaker::Note => ("note", "·"),
                    };
                    p class=(class) {
                        span class="time" { (line.at_ms / 1_000) "." (format!("{:03}", line.at_ms % 1_000)) }
                        span class="by" { (by) }
                        span { (line.text) }
                    }
                }
                @if spoken.cut { p class="note" { "…" } }
            }
        }
    }
}

/// A moment with its machine form: "14:05:09", and how long ago when asked for by hovering.
pub(super) fn stamp(ask: &Ask, at: mail::Timestamp) -> Markup {
    let reader = ask.reader();
    let iso = jiff::Timestamp::from_millisecond(at.0).map(|moment| moment.to_string()).unwrap_or_default();
    let day = |at: mail::Timestamp| {
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        moment.to_zoned(reader.zone.clone()).date()
    };
    let is_today = day(at) == day(ask.now);
    html! {
        time datetime=(iso) title=(span(ask.now.since_ms(at), &reader)) {
            @if !is_today { (day(at)) " " }
            (clock(at, &reader))
        }
    }
}
