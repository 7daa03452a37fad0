//! Who reads, and moments and durations as they would say them.

use crate::phrases::Phrases;
use jiff::Zoned;
use jiff::tz::TimeZone;
use mail::{Language, Timestamp};
use std::sync::Arc;

/// Who reads: in which language, where, when.
pub struct Reader {
    /// The sentences of their language.
    pub phrases: Arc<Phrases>,
    /// Whether `mailq` shows what the servers said and nothing else: the locale is `C`, so a program reads.
    pub raw: bool,
    /// The time zone that they live in.
    pub zone: TimeZone,
    /// The moment at which they read.
    pub now: Timestamp,
}

impl Reader {
    /// Their language.
    pub fn language(&self) -> Language {
        self.phrases.language()
    }
}

/// A moment in the reader's time zone.
fn zoned(at: Timestamp, reader: &Reader) -> Option<Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(reader.zone.clone()))
}

/// The time of day with seconds: for the lines of a story.
pub fn clock(at: Timestamp, reader: &Reader) -> String {
    zoned(at, reader).map(|zoned| zoned.strftime("%H:%M:%S").to_string()).unwrap_or_default()
}

/// A moment: "at 14:05" today, "on 22 Nov 2026 at 14:05" on another day.
pub fn moment(at: Timestamp, reader: &Reader) -> String {
    let (Some(moment), Some(now)) = (zoned(at, reader), zoned(reader.now, reader)) else {
        return reader.phrases.say("time-never");
    };
    let time = moment.strftime("%H:%M").to_string();
    if moment.date() == now.date() {
        return reader.phrases.fill("time-today", [("time", time.into())]);
    }
    let format = if reader.language() == Language::Fr { "%d/%m/%Y" } else { "%-d %b %Y" };
    let date = moment.strftime(format).to_string();
    reader.phrases.fill("time-other-day", [("date", date.into()), ("time", time.into())])
}

/// A duration in its largest unit that says enough: "45 seconds", "5 minutes", "3 hours", "2 days".
pub fn span(ms: i64, reader: &Reader) -> String {
    let secs = ms.max(0).saturating_add(500) / 1_000;
    let (key, count) = match secs {
        0..90 => ("span-seconds", secs),
        90..5_400 => ("span-minutes", secs.saturating_add(30) / 60),
        5_400..129_600 => ("span-hours", secs.saturating_add(1_800) / 3_600),
        _ => ("span-days", secs.saturating_add(43_200) / 86_400),
    };
    reader.phrases.fill(key, [("count", count.into())])
}

/// A moment as the reader lives it: "in 5 minutes (at 14:05)", "5 minutes ago (at 13:55)", "now".
pub fn when(at: Timestamp, reader: &Reader) -> String {
    let ms = at.0.saturating_sub(reader.now.0);
    let key = match ms {
        ..-1_500 => "time-ago",
        -1_500..1_500 => return reader.phrases.say("time-now"),
        _ => "time-in",
    };
    let gaps = [("span", span(ms.saturating_abs(), reader).into()), ("moment", moment(at, reader).into())];
    reader.phrases.fill(key, gaps)
}

/// A moment that was set for something to come. One that is past is due: it happens now, or once the server runs.
pub fn coming(at: Timestamp, reader: &Reader) -> String {
    when(at.max(reader.now), reader)
}
