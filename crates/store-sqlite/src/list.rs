//! Lists of the queue, read in short steps so that no read transaction holds the log back.

use crate::fault::{Fault, Outcome};
use crate::rows::{evidence, parse, principal_of, queue_id, rare, state_of, time, unsigned};
use mail::{Address, ClosureId, OwnerId, PublicId, QueueId, RelayId, ReversePath};
use rusqlite::{Connection, Row, params};
use std::collections::HashSet;
use store::{Extras, Filter, MessageRow, Page, RecipientRow, RecipientState};

/// The rows that one statement steps over before a fresh one goes on after the last message.
const STEP_ROWS: usize = 10_000;

/// What every list reads: the message's columns from 0, the recipient's from [`RECIPIENT`].
const COLUMNS: &str = "m.id, m.public_id, m.owner, m.principal_kind, m.principal_id, m.received_at, m.sender,
    m.message_id, m.body_bytes, length(m.added_headers), m.client, r.idx, r.address, r.place, r.next_attempt_at,
    r.expires_at, r.attempts, r.relay, r.parked_on, r.evidence, r.cause, r.since, r.wishes, m.extras";
const RECIPIENT: usize = 11;
const EXTRAS: usize = 23;

/// Where a list looks: the smallest table or index that holds all it can mean.
#[derive(Debug, Clone, Copy)]
enum Source {
    One,
    Open,
    Marked(RecipientState),
    All,
}

impl Source {
    fn of(filter: &Filter) -> Self {
        match filter.state {
            _ if !filter.ids.is_empty() => Self::One,
            None if filter.every => Self::All,
            None | Some(RecipientState::Waiting) => Self::Open,
            Some(RecipientState::Delivered) => Self::All,
            Some(state) => Self::Marked(state),
        }
    }

    /// `?1`: the message before, or the one that is meant; `?2`: the state.
    const fn text(self) -> &'static str {
        match self {
            Self::One => {
                "messages AS m CROSS JOIN recipients AS r ON r.message_id = m.id
                 WHERE m.id = ?1 AND ?2 < 0 ORDER BY m.id, r.idx"
            }
            Self::Open => {
                "open_messages AS o CROSS JOIN messages AS m ON m.id = o.message_id
                 CROSS JOIN recipients AS r ON r.message_id = o.message_id
                 WHERE o.message_id > ?1 AND ?2 < 0 ORDER BY o.message_id, r.idx"
            }
            Self::Marked(_) => {
                "recipients AS k INDEXED BY recipients_marked CROSS JOIN messages AS m ON m.id = k.message_id
                 CROSS JOIN recipients AS r ON r.message_id = k.message_id AND r.idx = k.idx
                 WHERE (k.place = 1 OR k.place > 10) AND k.place = ?2 AND k.message_id > ?1
                 ORDER BY k.message_id, k.idx"
            }
            Self::All => {
                "messages AS m CROSS JOIN recipients AS r ON r.message_id = m.id
                 WHERE m.id > ?1 AND ?2 < 0 ORDER BY m.id, r.idx"
            }
        }
    }
}

/// A page of the queue.
pub(crate) fn list(conn: &Connection, filter: &Filter, page: Page) -> Outcome<Vec<MessageRow>> {
    let limit = page.limit.min(Page::MAX);
    let meant = Meant::new(conn, filter)?;
    let source = Source::of(filter);
    let mut found = Vec::new();
    if let Source::One = source {
        let mut ids: Vec<_> =
            filter.ids.iter().filter(|&&id| page.after.is_none_or(|after| id > after)).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            if found.len() >= limit {
                break;
            }
            step(conn, source, id.get(), &meant, (&mut found, limit))?;
        }
        return Ok(found);
    }
    let mut after = page.after.map_or(-1, QueueId::get);
    while found.len() < limit {
        match step(conn, source, after, &meant, (&mut found, limit))? {
            Some(last) => after = last,
            None => break,
        }
    }
    Ok(found)
}

/// Steps over rows until the page is full, or enough were seen at the end of a message: then it gives that message.
fn step(
    conn: &Connection,
    source: Source,
    after: i64,
    meant: &Meant<'_>,
    (found, limit): (&mut Vec<MessageRow>, usize),
) -> Outcome<Option<i64>> {
    let mut read = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM {}", source.text()))?;
    let state = if let Source::Marked(state) = source { state as i64 } else { -1 };
    let mut rows = read.query(params![after, state])?;
    let mut at: Option<i64> = None;
    let mut fits = false;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if at != Some(id) {
            in_order(at.or((!matches!(source, Source::One)).then_some(after)), id)?;
            if found.len() >= limit {
                return Ok(None);
            }
            if let Some(last) = at.filter(|_| seen >= STEP_ROWS) {
                return Ok(Some(last));
            }
            at = Some(id);
            fits = meant.message(row)?;
        }
        seen += 1;
        if !fits || !meant.recipient(row)? {
            continue;
        }
        let recipient = recipient_row(row)?;
        match found.last_mut().filter(|message| message.id.get() == id) {
            Some(message) => message.recipients.push(recipient),
            None => found.push(message_row(row, recipient)?),
        }
    }
    Ok(None)
}

/// Fails unless what is read comes after what was read before: whoever reads on behind the last row of a damaged page that
/// leads back would do so for ever.
pub(crate) fn in_order(before: Option<i64>, id: i64) -> Outcome<()> {
    match before {
        Some(before) if id <= before => Err(Fault::damaged("rows are not in their order")),
        _ => Ok(()),
    }
}

/// A message with all its recipients.
pub(crate) fn whole(conn: &Connection, id: QueueId) -> Outcome<Option<MessageRow>> {
    let mut read = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM {}", Source::One.text()))?;
    let mut rows = read.query(params![id.get(), -1])?;
    let mut found: Option<MessageRow> = None;
    while let Some(row) = rows.next()? {
        let recipient = recipient_row(row)?;
        match &mut found {
            Some(message) => message.recipients.push(recipient),
            None => found = Some(message_row(row, recipient)?),
        }
    }
    Ok(found)
}

/// A filter, made ready.
struct Meant<'a> {
    filter: &'a Filter,
    /// The closures of the relay that is asked for.
    closures: HashSet<i64>,
}

impl<'a> Meant<'a> {
    fn new(conn: &Connection, filter: &'a Filter) -> Outcome<Self> {
        let mut closures = HashSet::new();
        if let Some(relay) = filter.relay {
            let mut read = conn.prepare_cached("SELECT id FROM closures WHERE relay = ?1")?;
            for id in read.query_map([relay.0], |row| row.get(0))? {
                closures.insert(id?);
            }
        }
        Ok(Self { filter, closures })
    }

    fn message(&self, row: &Row<'_>) -> Outcome<bool> {
        let filter = self.filter;
        let owner: i64 = row.get(2)?;
        let fits = filter.owner.is_none_or(|wanted| wanted.0 == owner);
        let by = match filter.principal {
            Some(wanted) => principal_of(row.get(3)?, row.get(4)?)? == wanted,
            None => true,
        };
        let received_at = time(row, 5)?;
        if !fits || !by || filter.before.is_some_and(|before| received_at >= before) {
            return Ok(false);
        }
        if let Some(key) = filter.sender.as_deref() {
            let from: ReversePath = parse(row, 6)?;
            if from.address().is_none_or(|address| address.key() != key) {
                return Ok(false);
            }
        }
        match &filter.tag {
            Some(tag) => Ok(rare::<Extras>(row, EXTRAS)?.tags.contains(tag)),
            None => Ok(true),
        }
    }

    fn recipient(&self, row: &Row<'_>) -> Outcome<bool> {
        let filter = self.filter;
        let (state, _) = state_of(row.get(RECIPIENT + 2)?)?;
        if filter.state.map_or(state.is_final() && !filter.every, |wanted| wanted != state) {
            return Ok(false);
        }
        if let Some(relay) = filter.relay {
            let last: Option<i64> = row.get(RECIPIENT + 6)?;
            let parked_on: Option<i64> = row.get(RECIPIENT + 7)?;
            if last != Some(relay.0) && !parked_on.is_some_and(|closure| self.closures.contains(&closure)) {
                return Ok(false);
            }
        }
        if let Some(cause) = filter.cause.as_deref() {
            let found = row.get_ref(RECIPIENT + 9)?.as_str_or_null().map_err(Fault::damaged)?;
            if found != Some(cause) {
                return Ok(false);
            }
        }
        if filter.recipient.is_none() && filter.recipient_domain.is_none() {
            return Ok(true);
        }
        let address: Address = parse(row, RECIPIENT + 1)?;
        Ok(filter.recipient.as_deref().is_none_or(|key| address.key() == key)
            && filter.recipient_domain.as_deref().is_none_or(|domain| address.domain().as_ascii() == domain))
    }
}

fn message_row(row: &Row<'_>, first: RecipientRow) -> Outcome<MessageRow> {
    let bytes: u64 = unsigned(row, 8)?;
    let added: u64 = unsigned(row, 9)?;
    Ok(MessageRow {
        id: queue_id(row, 0)?,
        public_id: PublicId(row.get(1)?),
        owner: OwnerId(row.get(2)?),
        principal: principal_of(row.get(3)?, row.get(4)?)?,
        received_at: time(row, 5)?,
        from: parse(row, 6)?,
        message_id: row.get(7)?,
        bytes: bytes + added,
        client: row.get(10)?,
        extras: rare(row, EXTRAS)?,
        recipients: vec![first],
    })
}

fn recipient_row(row: &Row<'_>) -> Outcome<RecipientRow> {
    let (state, leased) = state_of(row.get(RECIPIENT + 2)?)?;
    Ok(RecipientRow {
        index: row.get(RECIPIENT)?,
        address: row.get(RECIPIENT + 1)?,
        state,
        leased,
        next_attempt_at: time(row, RECIPIENT + 3)?,
        expires_at: time(row, RECIPIENT + 4)?,
        attempts: unsigned(row, RECIPIENT + 5)?,
        relay: row.get::<_, Option<i64>>(RECIPIENT + 6)?.map(RelayId),
        closure: row.get::<_, Option<i64>>(RECIPIENT + 7)?.map(ClosureId),
        evidence: evidence(row, RECIPIENT + 8)?,
        cause: row.get(RECIPIENT + 9)?,
        since: time(row, RECIPIENT + 10)?,
        wishes: rare(row, RECIPIENT + 11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteStore;
    use crate::options::Options;
    use rusqlite::StatementStatus;
    use std::sync::Arc;
    use store::{Spool as _, Start};
    use testkit::contract::sample::{NOON, id, message};

    const MESSAGES: i64 = 10_000;
    /// What a page may cost for each of its rows, in steps of the engine's machine: some 30 columns of two tables.
    const STEPS_A_ROW: i32 = 200;

    /// What the statement of a list has cost so far: steps of the machine, rows of a full scan, sorts.
    fn cost(conn: &Connection, source: Source) -> (i32, i32, i32) {
        let read = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM {}", source.text())).unwrap();
        (
            read.get_status(StatementStatus::VmStep),
            read.get_status(StatementStatus::FullscanStep),
            read.get_status(StatementStatus::Sort),
        )
    }

    fn fill(directory: &std::path::Path) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let options = Options { floor_bytes: 0, ..Options::new(directory) };
            let store = SqliteStore::open(options).unwrap();
            let accept = |number| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.accept(message(number, &[Start::Due(NOON)])).await })
            };
            let calls: Vec<_> = (1..=MESSAGES).map(accept).collect();
            for call in calls {
                call.await.unwrap().unwrap();
            }
        });
    }

    /// A page costs what it shows, wherever it is: nothing is counted, scanned or sorted for it.
    #[test]
    fn a_page_of_a_long_queue_reads_its_own_rows_only() {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path());
        let conn = Connection::open(directory.path().join("facteur.db")).unwrap();
        let waiting = Filter { state: Some(RecipientState::Waiting), ..Filter::default() };
        let every = Filter { every: true, ..Filter::default() };
        let held = Filter { state: Some(RecipientState::Held), ..Filter::default() };
        for filter in [Filter::default(), waiting, every, held] {
            let source = Source::of(&filter);
            let plan = format!("EXPLAIN QUERY PLAN SELECT {COLUMNS} FROM {}", source.text());
            let mut explain = conn.prepare(&plan).unwrap();
            let details = explain.query_map([0, -1], |row| row.get::<_, String>(3)).unwrap();
            for detail in details {
                let detail = detail.unwrap();
                assert!(detail.starts_with("SEARCH "), "{source:?}: {detail}");
            }
            if filter.state == Some(RecipientState::Held) {
                assert_eq!(list(&conn, &filter, Page { after: None, limit: 50 }).unwrap(), Vec::new());
                assert!(cost(&conn, source).0 < 100, "of ten thousand that wait none is looked at");
                continue;
            }
            for after in [None, Some(id(5_000)), Some(id(MESSAGES - 50)), Some(id(MESSAGES - 1))] {
                let before = cost(&conn, source);
                let rows = list(&conn, &filter, Page { after, limit: 50 }).unwrap();
                assert_eq!(rows.len(), if after == Some(id(MESSAGES - 1)) { 1 } else { 50 });
                let (steps, scanned, sorts) = cost(&conn, source);
                assert_eq!((scanned, sorts), (before.1, before.2), "{filter:?} {after:?}");
                let steps = steps - before.0;
                assert!((1..50 * STEPS_A_ROW).contains(&steps), "{filter:?} {after:?}: {steps} steps");
            }
        }
    }

    /// A search reads each row once, however rare what it looks for.
    #[test]
    fn a_search_reads_each_row_once() {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path());
        let conn = Connection::open(directory.path().join("facteur.db")).unwrap();
        let some = |text: &str| Some(text.to_owned());
        for filter in [
            Filter { recipient: some("nobody@example.net"), ..Filter::default() },
            Filter { cause: some("greylisted"), ..Filter::default() },
            Filter { tag: some("summer"), ..Filter::default() },
        ] {
            let before = cost(&conn, Source::Open);
            assert_eq!(list(&conn, &filter, Page { after: None, limit: 50 }).unwrap(), Vec::new());
            let (steps, _, sorts) = cost(&conn, Source::Open);
            let steps = steps - before.0;
            assert!((10_000..10_000 * STEPS_A_ROW).contains(&steps), "{filter:?}: {steps} steps");
            assert_eq!(sorts, before.2, "{filter:?}");
        }
    }
}
