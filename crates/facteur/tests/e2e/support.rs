//! What the tests share: programs that end with their test, a server, a relay that records, a real Postfix.

pub mod api;
pub mod chromium;
pub mod client;
pub mod kept;
pub mod mx;
pub mod names;
pub mod paper;
pub mod postfix;
pub mod program;
pub mod receiver;
pub mod server;
pub mod sink;
pub mod tongue;
pub mod web;

use mail::Clock;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::net::TcpSocket;

/// The bytes of a file; without it there is no test.
pub fn read(path: &std::path::Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Milliseconds since a moment, to be shown.
pub fn millis_since(start: mail::Timestamp) -> i64 {
    Clock::System.now().since_ms(start)
}

/// Looks until there is something to see, and fails when there is nothing within `secs`.
#[track_caller]
pub fn until<T>(what: &str, secs: i64, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Clock::System.now().plus_secs(secs);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Clock::System.now() < end, "not within {secs} s: {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A port that nobody else is given while this is kept: bound, but without listening, so that another program may.
pub fn held_socket(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Whether a mail server answers.
pub fn greets(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("220 ")
}
