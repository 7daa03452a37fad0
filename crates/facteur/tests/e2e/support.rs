//! What the tests share: programs that end with their test, a server, a relay that records, a real Postfix.

pub mod client;
pub mod names;
pub mod paper;
pub mod postfix;
pub mod program;
pub mod server;
pub mod sink;
pub mod tongue;

use mail::Clock;
use std::time::Duration;

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
