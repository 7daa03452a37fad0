//! Three times as many clients as there are places: some are told at once to come later, none is told a lie, and the rest are
//! served as fast as before.

use crate::support::millis_since;
use crate::support::server::{Port, Server};
use mail::Clock;
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use testkit::proof;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpSocket;
use tokio::time::timeout;

/// The most connections at once: the server's default.
const PLACES: usize = 1_000;
/// So many clients keep the server busy without crowding it.
const CALM: usize = 50;
/// How long a refusal may take.
const AT_ONCE_MS: i64 = 1_000;

/// How long a client that is put off waits before it tries again: less than any real one.
const PATIENCE: Duration = Duration::from_secs(4);

/// What the clients saw.
#[derive(Default)]
struct Seen {
    accepted: std::sync::Mutex<Vec<String>>,
    put_off: AtomicU64,
    slowest_refusal_ms: AtomicU64,
    odd: std::sync::Mutex<Vec<String>>,
    stopping: AtomicBool,
}

/// Lets time pass: a client's patience, and the length of the load.
async fn pass(time: Duration) {
    let _ = timeout(time, std::future::pending::<()>()).await;
}

/// A whole reply's last line; empty when the server has closed.
async fn reply(stream: &mut BufReader<tokio::net::TcpStream>) -> io::Result<String> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line);
        }
    }
}

/// One message over one connection: the queue id of what was accepted, or what was said instead.
async fn once(port: u16, client: usize, seen: &Seen) -> io::Result<Result<String, String>> {
    let socket = TcpSocket::new_v4()?;
    let from =
        [127, 1 + u8::try_from(client / 200).unwrap_or(250), 1 + u8::try_from(client % 200).unwrap_or(0), 1];
    socket.bind(SocketAddr::from((from, 0)))?;
    let began = Clock::System.now();
    let mut stream = BufReader::new(socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await?);
    stream.get_ref().set_nodelay(true)?;
    let content = format!("From: a@site.test\r\nSubject: n\r\n\r\n{}.", "hello\r\n".repeat(100));
    let steps = ["", "EHLO c.test", "MAIL FROM:<a@site.test>", "RCPT TO:<b@far.test>", "DATA", &content];
    let mut said = String::new();
    for step in steps {
        if !step.is_empty() {
            stream.get_mut().write_all(format!("{step}\r\n").as_bytes()).await?;
        }
        said = reply(&mut stream).await?;
        if !said.starts_with(['2', '3']) {
            if step.is_empty() {
                let took = millis_since(began).unsigned_abs();
                seen.slowest_refusal_ms.fetch_max(took, Ordering::Relaxed);
            }
            return Ok(Err(said));
        }
    }
    let id = said.trim_end().rsplit(' ').next().unwrap_or_default();
    Ok(Ok(id.to_owned()))
}

/// A client that sends again and again until it is told to stop.
async fn keep_sending(port: u16, client: usize, seen: Arc<Seen>) {
    // Not all within one millisecond: a crowd gathers.
    pass(Duration::from_millis(client as u64)).await;
    while !seen.stopping.load(Ordering::Relaxed) {
        match timeout(Duration::from_secs(60), once(port, client, &seen)).await {
            Ok(Ok(Ok(id))) => seen.accepted.lock().unwrap().push(id),
            Ok(Ok(Err(said))) if said.starts_with("421 4.3.2") || said.starts_with("452 4.3.1") => {
                seen.put_off.fetch_add(1, Ordering::Relaxed);
                pass(PATIENCE).await;
            }
            other => {
                seen.odd.lock().unwrap().push(format!("{other:?}"));
                pass(PATIENCE).await;
            }
        }
    }
}

/// How many messages a second are taken from so many clients, once all of them are there and until the first is told to stop.
fn load(runtime: &tokio::runtime::Runtime, port: u16, clients: usize, secs: u64) -> (Arc<Seen>, f64) {
    let seen = Arc::new(Seen::default());
    let taken = || seen.accepted.lock().unwrap().len();
    let mut rate = 0.0;
    runtime.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for client in 0..clients {
            all.spawn(keep_sending(port, client, Arc::clone(&seen)));
        }
        pass(Duration::from_millis(clients as u64)).await;
        let (began, before) = (Clock::System.now(), taken());
        pass(Duration::from_secs(secs)).await;
        rate = (taken() - before) as f64 * 1_000.0 / millis_since(began) as f64;
        seen.stopping.store(true, Ordering::Relaxed);
        while all.join_next().await.is_some() {}
    });
    (seen, rate)
}

#[test]
fn too_many_clients_are_put_off_at_once_and_nothing_is_lost() {
    // Without a way out all of it waits: what is measured is how mail is taken.
    let server = Server::start();
    server.open_to_loopback();
    let port = server.port(Port::Submission);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let secs = proof::count(4, 600);
    // Two cores that do much else tell less about the server.
    let least = proof::count(50, 80) as f64 / 100.0;
    let (calm, peak) = load(&runtime, port, CALM, secs.min(20));
    let (crowd, goodput) = load(&runtime, port, PLACES * 3, secs);
    let after = Clock::System.now();
    let recovered = runtime.block_on(once(port, 0, &crowd)).expect("it answers").expect("it takes mail");
    let recovered_ms = millis_since(after);
    let put_off = crowd.put_off.load(Ordering::Relaxed);
    let slowest_ms = crowd.slowest_refusal_ms.load(Ordering::Relaxed);
    eprintln!(
        "peak {peak:.0}/s, crowded {goodput:.0}/s, {put_off} put off (slowest {slowest_ms} ms), recovered in {recovered_ms} ms"
    );
    for seen in [&calm, &crowd] {
        let odd = seen.odd.lock().unwrap();
        assert!(odd.is_empty(), "{} odd: {:?}", odd.len(), odd.iter().take(5).collect::<Vec<_>>());
    }
    assert!(put_off > 0, "it was a crowd");
    assert!(i64::try_from(slowest_ms).unwrap() <= AT_ONCE_MS, "a refusal took {slowest_ms} ms");
    assert!(goodput >= least * peak, "{goodput:.0}/s of {peak:.0}/s");
    assert!(recovered_ms < 5_000, "{recovered_ms} ms");
    let waiting: HashSet<String> =
        server.waiting().iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
    for seen in [&calm, &crowd] {
        let accepted = seen.accepted.lock().unwrap();
        let lost: Vec<&String> = accepted.iter().filter(|id| !waiting.contains(*id)).collect();
        assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), accepted.len());
    }
    assert!(waiting.contains(&recovered));
    let row = "crates/facteur/tests/e2e/hostile/overload.rs::too_many_clients_are_put_off_at_once_and_nothing_is_lost";
    proof::passed("C7", row, secs, "seconds at three times the places", None);
}
