//! What the service manager is told (sd_notify(3)): that the server is ready, that it stops, that it lives.

use net::stop_asked;
use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;
use tokio::sync::watch;

/// A line to a service manager, if there is one that listens.
#[derive(Debug, Clone, Default)]
pub struct Manager {
    socket: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl Manager {
    /// The manager that started this process, as the environment says.
    pub fn of_environment() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|name| address(&name));
        let own = env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let micros = env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
        Self { socket, watchdog: micros.filter(|micros| own && *micros > 0).map(Duration::from_micros) }
    }

    /// Everything runs.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The end has begun.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, what: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = send(socket, what)
        {
            tracing::warn!(%error, "the service manager cannot be told: {what}");
        }
    }

    /// Says that the server lives, twice in each time after which the manager would give it up, until the stop.
    pub async fn keep_alive(self, mut stop: watch::Receiver<bool>) {
        let Some(limit) = self.watchdog else { return };
        loop {
            self.tell("WATCHDOG=1");
            tokio::select! {
                () = stop_asked(&mut stop) => return,
                () = tokio::time::sleep(limit / 2) => {}
            }
        }
    }
}

/// A path, or with an `@` in front a name of the abstract space.
fn address(name: &OsStr) -> Option<SocketAddr> {
    match name.as_bytes().strip_prefix(b"@") {
        Some(hidden) => SocketAddr::from_abstract_name(hidden).ok(),
        None => SocketAddr::from_pathname(name).ok(),
    }
}

fn send(socket: &SocketAddr, what: &str) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    // A manager that does not read must not hold the mail up.
    sender.set_nonblocking(true)?;
    sender.send_to_addr(what.as_bytes(), socket).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_is_told_at_a_path_and_in_the_abstract_space() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let hidden = format!("facteur-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(hidden.as_bytes()).unwrap();
        let receivers = [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{hidden}").into()),
        ];
        for (receiver, name) in receivers {
            let manager = Manager { socket: address(&name), watchdog: None };
            manager.ready();
            manager.stopping();
            for expected in ["READY=1", "STOPPING=1"] {
                let mut text = [0; 64];
                let length = receiver.recv(&mut text).unwrap();
                assert_eq!(&text[..length], expected.as_bytes());
            }
        }
    }
}
