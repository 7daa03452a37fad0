//! What happened: stories and events, and what the queue holds.

use crate::bodies::{BodyFiles, FileReader, RowReader};
use crate::fault::{Fault, Outcome};
use crate::list::{in_order, whole};
use crate::rows::{json, time};
use crate::settle::AttemptDetail;
use crate::sums;
use mail::{AttemptId, EventId, OwnerId, QueueId, RelayId};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::borrow::Cow;
use store::{Attempt, BodyReader, Event, EventKind, Page, Story, Totals};

const EVENT: &str = "SELECT id, at, kind, owner, message_id, recipient, relay, cause, detail FROM events";

/// The story of a message.
pub(crate) fn story(conn: &Connection, id: QueueId) -> Outcome<Option<Story>> {
    let Some(message) = whole(conn, id)? else { return Ok(None) };
    let mut read = conn.prepare_cached(
        "SELECT id, relay, began_at, ended_at, detail FROM attempts WHERE message_id = ?1 ORDER BY id",
    )?;
    let mut rows = read.query([id.get()])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.push(attempt(id, row)?);
    }
    let events = read_events(conn, "WHERE message_id = ?1 ORDER BY id", [id.get()])?;
    Ok(Some(Story { message, attempts, events }))
}

/// Events after `after`.
pub(crate) fn events(conn: &Connection, after: EventId, limit: usize) -> Outcome<Vec<Event>> {
    let limit = i64::try_from(limit.min(Page::MAX)).unwrap_or(0);
    let events = read_events(conn, "WHERE id > ?1 ORDER BY id LIMIT ?2", params![after.0, limit])?;
    let mut before = after.0;
    for event in &events {
        in_order(Some(before), event.id.0)?;
        before = event.id.0;
    }
    Ok(events)
}

/// The latest events, newest first.
pub(crate) fn latest_events(conn: &Connection, limit: usize) -> Outcome<Vec<Event>> {
    let limit = i64::try_from(limit.min(Page::MAX)).unwrap_or(0);
    read_events(conn, "ORDER BY id DESC LIMIT ?1", [limit])
}

/// Who changed what, newest first.
pub(crate) fn audits(conn: &Connection, before: Option<EventId>, limit: usize) -> Outcome<Vec<Event>> {
    let limit = i64::try_from(limit.min(Page::MAX)).unwrap_or(0);
    let before = before.map_or(i64::MAX, |id| id.0);
    read_events(conn, "WHERE kind = 14 AND id < ?1 ORDER BY id DESC LIMIT ?2", params![before, limit])
}

fn read_events(conn: &Connection, which: &str, params: impl Params) -> Outcome<Vec<Event>> {
    let mut read = conn.prepare_cached(&format!("{EVENT} {which}"))?;
    let mut rows = read.query(params)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(event(row)?);
    }
    Ok(events)
}

fn event(row: &Row<'_>) -> Outcome<Event> {
    let kind: i64 = row.get(2)?;
    Ok(Event {
        id: EventId(row.get(0)?),
        at: time(row, 1)?,
        kind: EventKind::from_stored(kind)
            .ok_or_else(|| Fault::damaged(format!("an event is of kind {kind}")))?,
        owner: OwnerId(row.get(3)?),
        message: row.get::<_, Option<i64>>(4)?.map(QueueId::from_stored),
        recipient: row.get(5)?,
        relay: row.get::<_, Option<i64>>(6)?.map(RelayId),
        cause: row.get(7)?,
        detail: row.get(8)?,
    })
}

fn attempt(message: QueueId, row: &Row<'_>) -> Outcome<Attempt> {
    let detail: AttemptDetail<'static> = json(row, 4)?;
    Ok(Attempt {
        id: AttemptId(row.get(0)?),
        message,
        relay: RelayId(row.get(1)?),
        began_at: time(row, 2)?,
        ended_at: time(row, 3)?,
        peer: detail.peer.map(Cow::into_owned),
        tls: detail.tls.map(Cow::into_owned),
        outcomes: detail.outcomes.into_owned(),
        dialogue: detail.dialogue.map(Cow::into_owned),
    })
}

/// What the queue holds, counted from the small tables and indices only. What is neither waiting nor held is leased.
pub(crate) fn totals(conn: &Connection) -> Outcome<Totals> {
    let mut read = conn.prepare_cached(
        "SELECT (SELECT count(*) FROM open_messages),
             (SELECT ifnull(sum(open_recipients), 0) FROM open_messages),
             (SELECT count(*) FROM recipients INDEXED BY recipients_due WHERE place = 0),
             (SELECT count(*) FROM recipients INDEXED BY recipients_marked
              WHERE (place = 1 OR place > 10) AND place = 1),
             (SELECT count(*) FROM recipients INDEXED BY recipients_parked
              WHERE place = 0 AND parked_on IS NOT NULL)",
    )?;
    let counts: (i64, i64, i64, i64, i64) =
        read.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    let (messages, recipients, waiting, held, parked) = counts;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Totals {
        messages: count(messages),
        recipients: count(recipients),
        leased: count(recipients - waiting - held),
        held: count(held),
        parked: count(parked),
    })
}

/// A message's content.
pub(crate) fn body(conn: &Connection, files: &BodyFiles, id: QueueId) -> Outcome<Box<dyn BodyReader>> {
    let mut read = conn.prepare_cached("SELECT body_bytes, content_sum FROM messages WHERE id = ?1")?;
    let sizes = read.query_row([id.get()], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
    let (bytes, sum) = sizes.ok_or_else(|| Fault::missing(id))?;
    let mut read = conn.prepare_cached("SELECT content FROM bodies WHERE message_id = ?1")?;
    let content = read.query_row([id.get()], |row| row.get::<_, Vec<u8>>(0)).optional()?;
    if let Some(content) = content {
        sums::check(sum, sums::of_content(&content), "content", id.get())?;
        return Ok(Box::new(RowReader::new(content)));
    }
    let mut read = conn.prepare_cached("SELECT name FROM body_files WHERE message_id = ?1")?;
    let name = read.query_row([id.get()], |row| row.get::<_, String>(0)).optional()?;
    let name = name.ok_or_else(|| Fault::missing(id))?;
    Ok(Box::new(FileReader::new(files.read(&name)?, id, bytes.unsigned_abs(), sum)))
}
