//! How much of what happened, as a table.

use super::Reader;
use super::table::Table;
use control::{StatisticsBy, StatisticsReport, StatisticsRow};

/// The table, its last row everything together.
pub fn statistics(report: &StatisticsReport, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let mut table = Table::new([
        phrases.say(head(report.by)),
        phrases.say("column-accepted"),
        phrases.say("column-delivered"),
        phrases.say("column-deferred"),
        phrases.say("column-failed"),
        phrases.say("column-bounced"),
    ]);
    let total = StatisticsRow { at: None, name: phrases.say("stats-total"), counts: report.total };
    for row in report.rows.iter().chain([&total]) {
        let counts = &row.counts;
        table.row([
            name(row, report.by, reader),
            counts.accepted.to_string(),
            counts.delivered.to_string(),
            counts.deferred.to_string(),
            (counts.failed + counts.expired).to_string(),
            counts.bounced.to_string(),
        ]);
    }
    table.text()
}

const fn head(by: StatisticsBy) -> &'static str {
    match by {
        StatisticsBy::Hour => "column-hour",
        StatisticsBy::Day => "column-day",
        StatisticsBy::Relay => "column-relay",
        StatisticsBy::Destination => "column-destination",
        StatisticsBy::Cause => "column-cause",
        StatisticsBy::Account => "column-account",
    }
}

fn name(row: &StatisticsRow, by: StatisticsBy, reader: &Reader) -> String {
    match row.at {
        // Days are days of UTC, and hours are told in the words that both languages share.
        Some(at) if by == StatisticsBy::Day => at.rfc3339().chars().take(10).collect(),
        Some(at) => at.rfc3339().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect(),
        None if row.name.is_empty() => reader.phrases.say("stats-others"),
        None => row.name.clone(),
    }
}
