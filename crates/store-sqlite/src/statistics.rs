//! How much of what happened: events are read beside the writer, and only their sums go through it.

use crate::fault::{Fault, Outcome};
use crate::rows::time;
use crate::session::Session;
use crate::sqlite::SqliteStore;
use mail::{Address, RelayId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    CountKey, CountQuery, CountRow, Countable, Counts, Dimension, EventKind, Later, MOST_KEYS,
    MOST_PRINCIPALS, Page, PrincipalKey, Span, Statistics, Tally, principal_key,
};

/// The kind of those that are counted together.
const TOGETHER: PrincipalKey = (3, 0);

/// The sums of events that were not counted yet.
#[derive(Debug)]
pub(crate) struct Uncounted {
    /// After which event they begin.
    from: i64,
    /// Up to which they go.
    through: i64,
    tally: Tally,
}

impl Uncounted {
    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.from == self.through
    }
}

fn counted(conn: &Connection) -> Outcome<i64> {
    Ok(conn.prepare_cached("SELECT through FROM counted WHERE one = 1")?.query_row([], |row| row.get(0))?)
}

/// Reads events that were not counted yet, and sums them up.
pub(crate) fn uncounted(conn: &Connection, limit: usize) -> Outcome<Uncounted> {
    let from = counted(conn)?;
    let limit = i64::try_from(limit.min(Page::MAX)).unwrap_or(0);
    let mut read = conn.prepare_cached(
        "SELECT e.id, e.at, e.kind, e.relay, e.cause, m.principal_kind, m.principal_id, r.address, e.message_id
         FROM events e LEFT JOIN messages m ON m.id = e.message_id
             LEFT JOIN recipients r ON r.message_id = e.message_id AND r.idx = e.recipient
         WHERE e.id > ?1 ORDER BY e.id LIMIT ?2",
    )?;
    let mut rows = read.query(params![from, limit])?;
    let mut found = Uncounted { from, through: from, tally: Tally::default() };
    while let Some(row) = rows.next()? {
        found.through = row.get(0)?;
        let Some(kind) = EventKind::from_stored(row.get(2)?) else { continue };
        let domains = if kind == EventKind::Accepted {
            domains_of(conn, row.get(8)?)?
        } else {
            row.get::<_, Option<String>>(7)?.and_then(|address| domain(&address)).into_iter().collect()
        };
        let principal = row.get::<_, Option<u8>>(5)?.zip(row.get::<_, Option<i64>>(6)?);
        found.tally.count(&Countable {
            kind,
            at: time(row, 1)?,
            principal,
            relay: row.get::<_, Option<i64>>(3)?.map(RelayId),
            cause: row.get_ref(4)?.as_str_or_null().map_err(Fault::damaged)?,
            domains,
        });
    }
    Ok(found)
}

/// The domains of the recipients of a message.
fn domains_of(conn: &Connection, message: Option<i64>) -> Outcome<Vec<String>> {
    let mut read = conn.prepare_cached("SELECT address FROM recipients WHERE message_id = ?1")?;
    let rows = read.query_map([message], |row| row.get::<_, String>(0))?;
    let addresses: Vec<String> = rows.collect::<Result<_, _>>()?;
    Ok(addresses.iter().filter_map(|address| domain(address)).collect())
}

fn domain(address: &str) -> Option<String> {
    Some(address.parse::<Address>().ok()?.domain().as_ascii().to_owned())
}

/// What was counted.
pub(crate) fn counts(conn: &Connection, query: &CountQuery) -> Outcome<Vec<CountRow>> {
    let (kind, id) = query.principal.map(principal_key).unzip();
    let mut read = conn.prepare_cached(
        "SELECT span, at, dimension, principal_kind, principal_id, key, messages, accepted, delivered, deferred, failed,
             expired, bounced, cancelled FROM counts
         WHERE span = ?1 AND at >= ?2 AND at < ?3 AND dimension = ?4
             AND (?5 IS NULL OR (principal_kind = ?5 AND principal_id = ?6))
         ORDER BY at, principal_kind, principal_id, key",
    )?;
    let mut rows =
        read.query(params![query.span as u8, query.from.0, query.to.0, query.dimension as u8, kind, id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key = CountKey {
            span: query.span,
            at: time(row, 1)?,
            dimension: query.dimension,
            principal: Some((row.get(3)?, row.get(4)?)).filter(|principal| *principal != TOGETHER),
            key: row.get(5)?,
        };
        found.push(CountRow { key, counts: counts_of(row)? });
    }
    Ok(found)
}

fn counts_of(row: &Row<'_>) -> Outcome<Counts> {
    let number = |column: usize| -> Outcome<u64> { Ok(row.get::<_, i64>(column)?.unsigned_abs()) };
    Ok(Counts {
        messages: number(6)?,
        accepted: number(7)?,
        delivered: number(8)?,
        deferred: number(9)?,
        failed: number(10)?,
        expired: number(11)?,
        bounced: number(12)?,
        cancelled: number(13)?,
    })
}

impl Statistics for SqliteStore {
    fn count_events(&self, limit: usize) -> Later<'_, bool> {
        Box::pin(async move {
            let found = self.read(move |conn| uncounted(conn, limit)).await?;
            let any = !found.is_empty();
            if any {
                self.write(move |session| session.count(&found)).await?;
            }
            Ok(any)
        })
    }

    fn counts(&self, query: CountQuery) -> Later<'_, Vec<CountRow>> {
        self.read(move |conn| counts(conn, &query))
    }

    fn add_counts(&self, tally: Tally) -> Later<'_, ()> {
        self.write(move |session| session.add_counts(&tally))
    }

    fn forget_counts(&self, hours: Timestamp, days: Timestamp) -> Later<'_, ()> {
        self.write(move |session| session.forget_counts(hours, days))
    }
}

impl Session {
    /// Adds the sums of events, unless somebody was faster.
    pub(crate) fn count(&mut self, found: &Uncounted) -> Outcome<()> {
        let moved = self.run(
            "UPDATE counted SET through = ?2 WHERE one = 1 AND through = ?1",
            params![found.from, found.through],
        )?;
        if moved > 0 { self.add_counts(&found.tally) } else { Ok(()) }
    }

    pub(crate) fn add_counts(&self, tally: &Tally) -> Outcome<()> {
        for (key, counts) in &tally.0 {
            let principal = key.principal.unwrap_or(TOGETHER);
            if self.add_to(key, principal, &key.key, counts)? {
                continue;
            }
            let most = if key.dimension == Dimension::All { MOST_PRINCIPALS } else { MOST_KEYS };
            if self.rows_of(key)? < most {
                self.insert(key, principal, &key.key, counts)?;
            } else if !self.add_to(key, TOGETHER, "", counts)? {
                self.insert(key, TOGETHER, "", counts)?;
            }
        }
        Ok(())
    }

    fn rows_of(&self, key: &CountKey) -> Outcome<usize> {
        let mut count =
            self.sql("SELECT count(*) FROM counts WHERE span = ?1 AND at = ?2 AND dimension = ?3")?;
        let rows: i64 = count
            .query_row(params![key.span as u8, key.at.0, key.dimension as u8], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        Ok(usize::try_from(rows).unwrap_or(usize::MAX))
    }

    fn add_to(&self, key: &CountKey, principal: PrincipalKey, name: &str, counts: &Counts) -> Outcome<bool> {
        let changed = self.run(
            "UPDATE counts SET messages = messages + ?7, accepted = accepted + ?8, delivered = delivered + ?9,
                 deferred = deferred + ?10, failed = failed + ?11, expired = expired + ?12, bounced = bounced + ?13,
                 cancelled = cancelled + ?14
             WHERE span = ?1 AND at = ?2 AND dimension = ?3 AND principal_kind = ?4 AND principal_id = ?5 AND key = ?6",
            params![
                key.span as u8,
                key.at.0,
                key.dimension as u8,
                principal.0,
                principal.1,
                name,
                number(counts.messages),
                number(counts.accepted),
                number(counts.delivered),
                number(counts.deferred),
                number(counts.failed),
                number(counts.expired),
                number(counts.bounced),
                number(counts.cancelled),
            ],
        )?;
        Ok(changed > 0)
    }

    fn insert(&self, key: &CountKey, principal: PrincipalKey, name: &str, counts: &Counts) -> Outcome<()> {
        self.run(
            "INSERT INTO counts (span, at, dimension, principal_kind, principal_id, key, messages, accepted, delivered,
                 deferred, failed, expired, bounced, cancelled)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                key.span as u8,
                key.at.0,
                key.dimension as u8,
                principal.0,
                principal.1,
                name,
                number(counts.messages),
                number(counts.accepted),
                number(counts.delivered),
                number(counts.deferred),
                number(counts.failed),
                number(counts.expired),
                number(counts.bounced),
                number(counts.cancelled),
            ],
        )?;
        Ok(())
    }

    pub(crate) fn forget_counts(&self, hours: Timestamp, days: Timestamp) -> Outcome<()> {
        for (span, before) in [(Span::Hour, hours), (Span::Day, days)] {
            self.run("DELETE FROM counts WHERE span = ?1 AND at < ?2", params![span as u8, before.0])?;
        }
        Ok(())
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
