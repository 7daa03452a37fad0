//! How much was sent: a chart that is an image with words, and the same as a table.

use super::{Shown, perform};
use crate::Web;
use crate::ask::Ask;
use crate::forms::select;
use crate::guard::Fields;
use crate::page::{Page, Section};
use crate::table::{Access, Route, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use control::{Answer, Operation, StatisticsBy, StatisticsReport, StatisticsRow, StatisticsWish};
use maud::{Markup, html};
use std::sync::Arc;

/// The times that can be chosen, in days, with their words.
const TIMES: [(i64, &str); 4] =
    [(1, "web-stats-day"), (7, "web-stats-week"), (30, "web-stats-month"), (365, "web-stats-year")];
/// The height of the chart, in its own units.
const HEIGHT: u64 = 200;
/// The width of a column, in its own units.
const COLUMN: u64 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::read("/statistics", Access::Person, reading(show))]
}

async fn show(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>, uri: Uri) -> Shown {
    let fields = Fields::of(uri.query().unwrap_or_default().as_bytes());
    let days =
        fields.number("days").filter(|days| TIMES.iter().any(|(known, _)| known == days)).unwrap_or(30);
    let asked = fields.text("by").and_then(|by| by.parse().ok());
    let by = asked.unwrap_or(if days == 1 { StatisticsBy::Hour } else { StatisticsBy::Day });
    let from = Some(ask.now.plus_secs(-days * 86_400));
    let wish = StatisticsWish { by, from, to: None, of: fields.text("of").filter(|_| ask.is_helper()) };
    let Answer::Statistics { report } = perform(&web, &ask, Operation::Statistics { wish }).await? else {
        return Err(Trouble::Ours.into());
    };
    let of = fields.text("of").unwrap_or_default();
    let content = html! {
        h1 { (ask.say("web-nav-statistics")) }
        (choice(&ask, days, by, &of))
        section class="card" {
            p { (total(&ask, &report)) }
            @if report.rows.iter().any(says_something) {
                @if by.is_time() { (chart(&ask, &report)) }
                (table(&ask, &report))
            }
        }
    };
    Ok(Page::new(ask.say("web-nav-statistics"), Section::Statistics, content).answer(&web, &ask))
}

fn choice(ask: &Ask, days: i64, by: StatisticsBy, of: &str) -> Markup {
    let times = TIMES.map(|(days, key)| (days.to_string(), ask.say(key)));
    let kinds = StatisticsBy::ALL.iter().filter(|by| ask.is_helper() || **by != StatisticsBy::Account);
    let kinds: Vec<_> = kinds.map(|by| (by.as_str().to_owned(), ask.say(head(*by)))).collect();
    html! {
        form class="card search" method="get" action="/statistics" {
            (select("days", &ask.say("web-stats-time"), &times, &days.to_string()))
            (select("by", &ask.say("web-stats-by"), &kinds, by.as_str()))
            @if ask.is_helper() {
                (crate::forms::Field::text("of", ask.say("web-stats-of"), of).show())
            }
            button { (ask.say("web-stats-show")) }
        }
    }
}

const fn head(by: StatisticsBy) -> &'static str {
    match by {
        StatisticsBy::Hour => "web-stats-hour",
        StatisticsBy::Day => "web-stats-by-day",
        StatisticsBy::Relay => "web-stats-relay",
        StatisticsBy::Destination => "web-stats-destination",
        StatisticsBy::Cause => "web-stats-cause",
        StatisticsBy::Account => "web-stats-account",
    }
}

/// Everything in one sentence, for those who do not look at charts.
pub(super) fn total(ask: &Ask, report: &StatisticsReport) -> String {
    let counts = &report.total;
    let gaps = [
        ("accepted", counts.accepted.into()),
        ("delivered", counts.delivered.into()),
        ("deferred", counts.deferred.into()),
        ("lost", counts.lost().into()),
    ];
    ask.fill("web-stats-total", gaps)
}

/// The columns: what was delivered, and on top of it what was lost.
fn chart(ask: &Ask, report: &StatisticsReport) -> Markup {
    let most =
        report.rows.iter().map(|row| row.counts.delivered + row.counts.lost()).max().unwrap_or(0).max(1);
    let scaled = |count: u64| count * HEIGHT / most;
    let width = COLUMN * u64::try_from(report.rows.len()).unwrap_or(1).max(1);
    html! {
        svg class="chart" role="img" aria-label=(ask.say("web-stats-chart")) viewBox={ "0 0 " (width) " " (HEIGHT) }
            preserveAspectRatio="none" {
            @for (number, row) in (0_u64..).zip(&report.rows) {
                @let (good, bad) = (scaled(row.counts.delivered), scaled(row.counts.lost()));
                rect class="good" x=(number * COLUMN + 2) y=(HEIGHT - good) width=(COLUMN - 4) height=(good) {}
                rect class="bad" x=(number * COLUMN + 2) y=(HEIGHT.saturating_sub(good + bad)) width=(COLUMN - 4) height=(bad) {}
            }
        }
        p class="soft" { (ask.say("web-stats-legend")) }
    }
}

fn table(ask: &Ask, report: &StatisticsReport) -> Markup {
    let telling = report.rows.iter().filter(|row| says_something(row));
    let shown: Vec<&StatisticsRow> =
        if report.by.is_time() { telling.rev().collect() } else { telling.collect() };
    html! {
        div class="wide" tabindex="0" role="region" aria-label=(ask.say("web-nav-statistics")) {
            table {
                thead { tr {
                    th scope="col" { (ask.say(head(report.by))) }
                    th scope="col" { (ask.say("web-stats-accepted")) }
                    th scope="col" { (ask.say("web-stats-delivered")) }
                    th scope="col" { (ask.say("web-stats-deferred")) }
                    th scope="col" { (ask.say("web-stats-failed")) }
                    th scope="col" { (ask.say("web-stats-bounced")) }
                } }
                tbody {
                    @for row in shown {
                        tr {
                            th scope="row" class=[report.by.is_time().then_some("moment")] { (name(ask, row, report.by)) }
                            @for count in figures(row) { td { (ask.fill("web-number", [("count", count.into())])) } }
                        }
                    }
                }
            }
        }
    }
}

/// Whether there is a figure in it: days without mail stand in the chart, as gaps.
fn says_something(row: &StatisticsRow) -> bool {
    figures(row).iter().any(|count| *count > 0)
}

const fn figures(row: &StatisticsRow) -> [u64; 5] {
    let counts = &row.counts;
    [counts.accepted, counts.delivered, counts.deferred, counts.failed + counts.expired, counts.bounced]
}

fn name(ask: &Ask, row: &StatisticsRow, by: StatisticsBy) -> String {
    match row.at {
        Some(at) if by == StatisticsBy::Day => at.rfc3339().chars().take(10).collect(),
        Some(at) => at.rfc3339().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect(),
        None if row.name.is_empty() => ask.say("web-stats-others"),
        None => row.name.clone(),
    }
}
