//! How fast the store is, durably, and what it costs: `spool_speed [writers] [seconds] [body KiB] [directory]`.
//!
//! First each writer keeps a message and settles it as delivered, over and over. Then 100,000 messages wait, the store
//! is closed and opened again, and the first claim is timed. The directory must be on a disk, not in memory.

use mail::{
    AttemptId, BodyType, Clock, IdMint, OwnerId, Peer, Principal, QueueId, RecipientId, RelayId, ReversePath,
    Timestamp, TlsFacts,
};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use store::{
    Attempt, AttemptOutcome, Body, Change, ClaimLimits, EventKind, Filter, History, NewEvent, NewMessage,
    NewRecipient, Page, RecipientState, RecipientUpdate, Settlement, Spool, Start, StoreError,
};
use store_sqlite::{Options, SqliteStore};

const WAITING: usize = 100_000;

type Answer<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Answer<()> {
    let mut words = std::env::args().skip(1);
    let mut number = |default: usize| words.next().and_then(|word| word.parse().ok()).unwrap_or(default);
    let (writers, seconds, body_kib) = (number(50), number(10), number(10));
    let parent = words.next().unwrap_or_else(|| "/var/tmp".to_owned());
    let directory = Path::new(&parent).join(format!("facteur-spool-speed-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(async {
        store_and_settle(&directory, writers, seconds, body_kib).await?;
        many_waiting(&directory).await
    });
    // After a failure other writers may still be at work in there.
    let removed = std::fs::remove_dir_all(&directory);
    done?;
    Ok(removed?)
}

fn say(line: &str) -> Answer<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

async fn store_and_settle(directory: &Path, writers: usize, seconds: usize, body_kib: usize) -> Answer<()> {
    let store = SqliteStore::open(Options::new(directory))?;
    let mint = Arc::new(IdMint::new(0, store.last_id().await?));
    let began = Clock::System.now();
    let end = began.plus_secs(i64::try_from(seconds)?);
    let (cpu_before, written_before) = (cpu_ms()?, written_bytes()?);
    let body = Arc::new(vec![b'x'; body_kib * 1024]);
    let tasks: Vec<_> = (0..writers)
        .map(|_| tokio::spawn(one_writer(Arc::clone(&store), Arc::clone(&mint), Arc::clone(&body), end)))
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    let took_ms = Clock::System.now().since_ms(began);
    let cpu = cpu_ms()? - cpu_before;
    let rate = count * 1_000 / took_ms;
    let each_us = cpu * 1_000 / count.max(1);
    let written = (written_bytes()? - written_before) / count.max(1);
    say(&format!(
        "{writers} writers, {body_kib} KiB: {count} stored and settled, {rate}/s, {each_us} us CPU and {written} bytes \
         written each"
    ))?;
    store.close().await?;
    say(&format!("memory: {} KiB, most ever {} KiB", memory_kib("VmRSS:")?, memory_kib("VmHWM:")?))
}

async fn one_writer(
    store: Arc<SqliteStore>,
    mint: Arc<IdMint>,
    body: Arc<Vec<u8>>,
    end: Timestamp,
) -> Result<i64, StoreError> {
    let mut count = 0;
    loop {
        let now = Clock::System.now();
        if now >= end {
            return Ok(count);
        }
        let id = mint.queue_id(now);
        store.accept(message(&mint, id, now, Start::Leased, Body::Memory(Arc::clone(&body)))).await?;
        store.settle(delivered(id, mint.attempt_id(now), now)).await?;
        count += 1;
    }
}

async fn many_waiting(directory: &Path) -> Answer<()> {
    let store = SqliteStore::open(Options::new(directory))?;
    let mint = IdMint::new(0, store.last_id().await?);
    let body = Arc::new(vec![b'x'; 2 * 1024]);
    for _ in 0..WAITING / 1_000 {
        let now = Clock::System.now();
        let batch: Vec<_> = (0..1_000)
            .map(|_| {
                message(&mint, mint.queue_id(now), now, Start::Due(now), Body::Memory(Arc::clone(&body)))
            })
            .collect();
        let tasks: Vec<_> = batch
            .into_iter()
            .map(|message| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.accept(message).await })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
    }
    store.close().await?;
    drop(store);
    let began = Clock::System.now();
    let lap = |name: &str| {
        say(&format!("{WAITING} waiting: {name} after {} ms", Clock::System.now().since_ms(began)))
    };
    let store = SqliteStore::open(Options::new(directory))?;
    lap("open")?;
    let lost = store.recover(began).await?.len();
    lap(&format!("recovered {lost}"))?;
    let claimed = store.claim(Clock::System.now(), ClaimLimits { total: 1_000, per_owner: 1_000 }).await?;
    lap(&format!("claimed {} messages", claimed.messages.len()))?;
    let totals = store.totals().await?;
    lap(&format!("{totals:?}"))?;
    let rows = store.list(Filter::default(), Page { after: None, limit: 1_000 }).await?;
    lap(&format!("listed {}", rows.len()))?;
    let filter = Filter { recipient: Some("nobody@example.net".to_owned()), ..Filter::default() };
    let rows = store.list(filter, Page { after: None, limit: 1_000 }).await?;
    lap(&format!("listed {} of all by recipient", rows.len()))?;
    let lost = store.recover(began).await?.len();
    lap(&format!("recovered {lost}"))?;
    say(&format!("memory: {} KiB, most ever {} KiB", memory_kib("VmRSS:")?, memory_kib("VmHWM:")?))?;
    drain(&store, &mint).await?;
    store.close().await?;
    Ok(())
}

/// Claims and settles everything, as a queue does after a long stop.
async fn drain(store: &Arc<SqliteStore>, mint: &IdMint) -> Answer<()> {
    let began = Clock::System.now();
    let cpu_before = cpu_ms()?;
    let mut count = 0;
    loop {
        let now = Clock::System.now();
        let claimed = store.claim(now, ClaimLimits { total: 100, per_owner: 100 }).await?;
        if claimed.messages.is_empty() {
            break;
        }
        let tasks: Vec<_> = claimed
            .messages
            .iter()
            .map(|message| {
                let (store, id, attempt) = (Arc::clone(store), message.id, mint.attempt_id(now));
                tokio::spawn(async move { store.settle(delivered(id, attempt, now)).await })
            })
            .collect();
        count += i64::try_from(tasks.len())?;
        for task in tasks {
            task.await??;
        }
    }
    let took_ms = Clock::System.now().since_ms(began).max(1);
    let (rate, each_us) = (count * 1_000 / took_ms, (cpu_ms()? - cpu_before) * 1_000 / count.max(1));
    say(&format!("drained {count} by claims of 100: {rate}/s, {each_us} us CPU each"))
}

fn message(mint: &IdMint, id: QueueId, now: Timestamp, start: Start, body: Body) -> NewMessage {
    let mut accepted = NewEvent::new(now, EventKind::Accepted, OwnerId::DEFAULT);
    accepted.message = Some(id);
    let address = |text: &str| text.parse().ok();
    let recipients = address("somebody@example.net").map(|address| NewRecipient {
        address,
        relay: Some(RelayId(1)),
        start,
        cause: None,
        expires_at: now.plus_secs(5 * 86_400),
        wishes: store::Wishes::default(),
    });
    NewMessage {
        id,
        public_id: mint.public_id().unwrap_or(mail::PublicId([0; 16])),
        owner: OwnerId::DEFAULT,
        principal: Principal::System,
        received_at: now,
        from: address("sender@example.org").map_or(ReversePath::Null, ReversePath::Address),
        body_type: BodyType::EightBitMime,
        message_id: format!("<{id}@mail.example.org>"),
        added_headers: vec![b'r'; 180].into(),
        body,
        recipients: recipients.into_iter().collect(),
        client: "client.example.org[192.0.2.7]".to_owned(),
        extras: store::Extras::default(),
        tells: Vec::new(),
        once: None,
        events: vec![accepted],
    }
}

fn delivered(id: QueueId, attempt: AttemptId, now: Timestamp) -> Settlement {
    let mut event = NewEvent::new(now, EventKind::Delivered, OwnerId::DEFAULT);
    (event.message, event.recipient, event.relay) = (Some(id), Some(0), Some(RelayId(1)));
    let peer = Peer { host: "relay.example.com".to_owned(), address: None, port: 587 };
    let tls = TlsFacts {
        version: "TLSv1.3".to_owned(),
        cipher: "TLS13_AES_256_GCM_SHA384".to_owned(),
        fingerprint: "0123456789abcdef".repeat(4),
    };
    let said = "250 2.0.0 Ok: queued as 4T1234567890".to_owned();
    Settlement {
        attempt: Some(Attempt {
            id: attempt,
            message: id,
            relay: RelayId(1),
            began_at: now,
            ended_at: now,
            peer: Some(peer),
            tls: Some(tls),
            outcomes: vec![AttemptOutcome { index: 0, delivered: true, said }],
            dialogue: None,
        }),
        updates: vec![RecipientUpdate {
            id: RecipientId { message: id, index: 0 },
            change: Change::Final(RecipientState::Delivered),
            relay: Some(RelayId(1)),
            evidence: None,
            cause: None,
            attempted: true,
            expires_at: now.plus_secs(5 * 86_400),
            paused_ms: 0,
            asked_wait_used: false,
            notice: None,
        }],
        signature: None,
        events: vec![event],
    }
}

/// The processor time of this process, in milliseconds: fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
fn cpu_ms() -> Answer<i64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: Result<i64, _> = after_name.split_whitespace().skip(11).take(2).map(str::parse::<i64>).sum();
    Ok(ticks? * 10)
}

/// What this process has written so far, in bytes: `wchar` of proc_pid_io(5).
fn written_bytes() -> Answer<i64> {
    let text = std::fs::read_to_string("/proc/self/io")?;
    let line = text.lines().find_map(|line| line.strip_prefix("wchar:")).unwrap_or_default();
    Ok(line.trim().parse()?)
}

fn memory_kib(field: &str) -> Answer<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}
