//! Sockets that were opened for this process by whoever started it: systemd's socket activation (sd_listen_fds(3)).
//!
//! A port below 1024 can so be had without ever being root, and connections that come while the server restarts wait
//! instead of being refused.

use crate::NetError;
use crate::listen::{Bound, ListenerSpec};
use crate::local::LocalSocket;
use listenfd::ListenFd;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// The sockets that were handed to this process and are not used yet.
#[derive(Debug, Default)]
pub struct Inherited {
    tcp: Vec<(SocketAddr, TcpListener)>,
    local: Vec<(PathBuf, UnixListener)>,
    strange: usize,
}

impl Inherited {
    /// Takes the sockets that the environment names (`LISTEN_FDS`, `LISTEN_PID`), and removes these variables, so that
    /// no child takes them for its own. To be called once, while the process has one thread: the environment is not
    /// safe to change beside others that read it.
    pub fn from_env() -> Self {
        let mut given = ListenFd::from_env();
        let mut sockets = Self::default();
        for index in 0..given.len() {
            let tcp = given.take_tcp_listener(index).ok().flatten();
            if let Some((address, socket)) = tcp.and_then(|socket| Some((socket.local_addr().ok()?, socket)))
            {
                sockets.tcp.push((address, socket));
                continue;
            }
            let local = given.take_unix_listener(index).ok().flatten();
            let named = local.and_then(|socket| Some((path_of(&socket)?, socket)));
            match named {
                Some(socket) => sockets.local.push(socket),
                None => sockets.strange += 1,
            }
        }
        sockets
    }

    /// Divides the ports to be served into those that a socket here stands for, and those that are still to be taken.
    /// A port may have several sockets, such as one for each version of IP. Must be called within the runtime.
    pub fn divide(&mut self, specs: &[ListenerSpec]) -> Result<(Vec<Bound>, Vec<ListenerSpec>), NetError> {
        let wanted: Vec<SocketAddr> = specs.iter().map(|spec| spec.address).collect();
        let mut bound = Vec::new();
        let mut rest = Vec::new();
        let mut served = vec![false; specs.len()];
        for (address, socket) in std::mem::take(&mut self.tcp) {
            let place = stands_for(address, &wanted);
            match place.and_then(|place| Some((specs.get(place)?, served.get_mut(place)?))) {
                Some((spec, served)) => {
                    bound.push(Bound::of_socket(address, *spec, socket)?);
                    *served = true;
                }
                None => rest.push((address, socket)),
            }
        }
        self.tcp = rest;
        let missing = specs.iter().zip(served).filter(|(_, served)| !served).map(|(spec, _)| *spec).collect();
        Ok((bound, missing))
    }

    /// The local socket of that path, if it is among those here. Must be called within the runtime.
    pub fn take_local(&mut self, path: &Path) -> Result<Option<LocalSocket>, NetError> {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let wanted = real(path);
        let Some(at) = self.local.iter().position(|(path, _)| real(path) == wanted) else { return Ok(None) };
        let (path, socket) = self.local.swap_remove(at);
        LocalSocket::of_socket(path, socket).map(Some)
    }

    /// What nothing was found for, to be told: an address, a path, or how many are no sockets that mail comes by.
    pub fn unused(&self) -> Vec<String> {
        let tcp = self.tcp.iter().map(|(address, _)| address.to_string());
        let local = self.local.iter().map(|(path, _)| path.display().to_string());
        let strange = (self.strange > 0).then(|| format!("{} ?", self.strange));
        tcp.chain(local).chain(strange).collect()
    }
}

fn path_of(socket: &UnixListener) -> Option<PathBuf> {
    socket.local_addr().ok()?.as_pathname().map(Path::to_owned)
}

/// Which of the addresses wanted a socket stands for: the same one, else one of the same port where either side means any
/// address. Port 0 stands for nothing, since nobody asked for that very port.
fn stands_for(socket: SocketAddr, wanted: &[SocketAddr]) -> Option<usize> {
    let ip = socket.ip().to_canonical();
    let same_port = |address: &SocketAddr| address.port() == socket.port();
    let same = |address: &SocketAddr| same_port(address) && address.ip().to_canonical() == ip;
    let loose =
        |address: &SocketAddr| same_port(address) && (address.ip().is_unspecified() || ip.is_unspecified());
    wanted.iter().position(same).or_else(|| wanted.iter().position(loose))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ListenerKind;

    #[test]
    fn a_socket_stands_for_the_port_that_it_has() {
        let wanted = ["0.0.0.0:587", "127.0.0.1:25", "0.0.0.0:25", "192.0.2.1:2525", "0.0.0.0:0"];
        let addresses = wanted.map(|address| address.parse().unwrap());
        for (socket, stands) in [
            ("0.0.0.0:587", Some("0.0.0.0:587")),
            ("[::]:587", Some("0.0.0.0:587")),
            ("192.0.2.7:587", Some("0.0.0.0:587")),
            ("127.0.0.1:25", Some("127.0.0.1:25")),
            ("[::ffff:127.0.0.1]:25", Some("127.0.0.1:25")),
            ("0.0.0.0:25", Some("0.0.0.0:25")),
            ("192.0.2.9:25", Some("0.0.0.0:25")),
            ("[::]:2525", Some("192.0.2.1:2525")),
            ("192.0.2.2:2525", None),
            ("0.0.0.0:465", None),
        ] {
            let found = stands_for(socket.parse().unwrap(), &addresses).map(|at| wanted[at]);
            assert_eq!(found, stands, "{socket}");
        }
    }

    fn spec(address: SocketAddr) -> ListenerSpec {
        ListenerSpec { address, kind: ListenerKind::Mx, fallback_port: None }
    }

    #[tokio::test]
    async fn sockets_are_divided_among_the_ports() {
        let sockets: Vec<_> = ["127.0.0.1:0", "127.0.0.2:0"]
            .map(|address| TcpListener::bind(address).unwrap())
            .into_iter()
            .map(|socket| (socket.local_addr().unwrap(), socket))
            .collect();
        let [first, second] = [sockets[0].0, sockets[1].0];
        let mut inherited = Inherited { tcp: sockets, ..Inherited::default() };
        let missing = SocketAddr::new(first.ip(), 1);
        let (bound, rest) = inherited.divide(&[spec(missing), spec(first)]).unwrap();
        assert_eq!(
            bound.iter().map(|bound| (bound.address, bound.fell_back())).collect::<Vec<_>>(),
            [(first, false)]
        );
        assert_eq!(rest, [spec(missing)]);
        assert_eq!(inherited.unused(), [second.to_string()]);
        // It does not block, as a runtime wants it, and accepts.
        let _client = tokio::net::TcpStream::connect(first).await.unwrap();
        let listener = bound[0].listener.try_clone().unwrap();
        assert!(tokio::net::TcpListener::from_std(listener).unwrap().accept().await.is_ok());
    }

    #[tokio::test]
    async fn a_local_socket_is_found_by_its_path_and_outlives_us() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("submit.sock");
        let socket = UnixListener::bind(&path).unwrap();
        let local = vec![(path_of(&socket).unwrap(), socket)];
        let mut inherited = Inherited { local, strange: 1, ..Inherited::default() };
        assert_eq!(inherited.unused(), [path.display().to_string(), "1 ?".to_owned()]);
        assert!(inherited.take_local(&dir.path().join("other.sock")).unwrap().is_none());
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        let taken = inherited.take_local(&link.join("submit.sock")).unwrap().unwrap();
        drop(taken);
        assert!(path.exists(), "whoever opened it keeps it for the next start");
        assert_eq!(inherited.unused(), ["1 ?"]);
    }
}
