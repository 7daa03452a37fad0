//! Where a server's data is, and how its control socket is reached.

use crate::config::Config;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

/// The configuration of a server that was installed on a machine.
const INSTALLED_CONFIG: &str = "/etc/facteur/facteur.toml";
/// Where an installed server's socket is, for those who may not read its configuration.
const RUN: &str = "/run/facteur";
/// The data of a server that was started by hand, in the folder where it was started.
const BY_HAND: &str = "./facteur-data";
/// The name of the socket in the data directory.
const SOCKET: &str = "control.sock";
/// The data of an installed server, and what of it every local user reaches: beside the data, which is closed to them.
const INSTALLED_DATA: &str = "/var/lib/facteur";
const INSTALLED_PUBLIC: &str = "/var/spool/facteur";
/// The most bytes of a socket's path, with its final zero (unix(7)).
const SOCKET_PATH_BYTES: usize = 108;

/// A server's data directory and its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The data directory.
    pub data: PathBuf,
    /// The configuration file, which may not exist yet.
    pub config: PathBuf,
}

impl Place {
    /// Finds the server that is meant: `--data`, `FACTEUR_DATA`, an installed one, one that runs, else `./facteur-data`.
    pub fn find(data: Option<&Path>) -> Self {
        let named = data.map(Path::to_owned).or_else(|| std::env::var_os("FACTEUR_DATA").map(PathBuf::from));
        if let Some(data) = named {
            return Self::of(data);
        }
        let installed = Path::new(INSTALLED_CONFIG);
        if installed.exists()
            && let Some(data) = Config::read(installed).ok().and_then(|config| config.data)
        {
            return Self { data, config: installed.to_owned() };
        }
        if Path::new(RUN).join(SOCKET).exists() {
            return Self::of(PathBuf::from(RUN));
        }
        // The unit of systemd keeps it there, with its configuration.
        if Path::new(INSTALLED_DATA).is_dir() {
            return Self::of(PathBuf::from(INSTALLED_DATA));
        }
        Self::of(PathBuf::from(BY_HAND))
    }

    /// The place of a data directory that holds its own configuration.
    pub fn of(data: PathBuf) -> Self {
        let config = data.join("facteur.toml");
        Self { data, config }
    }

    /// The same for a program that any local user runs anywhere: a server that was started by hand in the folder where they
    /// happen to be is not looked for, since anybody may have put it there.
    pub fn find_for_all(data: Option<&Path>) -> Self {
        let place = Self::find(data);
        let is_installed = [BY_HAND, RUN].iter().any(|path| place.data == Path::new(path));
        if is_installed { Self::of(PathBuf::from(INSTALLED_DATA)) } else { place }
    }

    /// The directory with what every local user reaches: the socket and the folder for their mail.
    pub fn public(&self, config: &Config) -> PathBuf {
        match &config.public {
            Some(public) => public.clone(),
            None if self.data == Path::new(INSTALLED_DATA) => PathBuf::from(INSTALLED_PUBLIC),
            None => self.data.join("public"),
        }
    }

    /// Where a program that gets certificates puts the answers that are asked of this server in clear.
    pub fn challenges(&self) -> PathBuf {
        self.data.join("acme")
    }

    /// Whether a server was ever made here.
    pub fn is_initialised(&self) -> bool {
        self.data.join("facteur.db").exists()
    }

    /// The path of the control socket.
    pub fn socket(&self) -> PathBuf {
        self.data.join(SOCKET)
    }

    /// The path of the control socket in a form that the system takes, however deep the data directory lies.
    pub fn short_socket(&self) -> io::Result<SocketPath> {
        let path = self.socket();
        if path.as_os_str().len() < SOCKET_PATH_BYTES {
            return Ok(SocketPath { path, _directory: None });
        }
        let directory = File::open(&self.data)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()));
        Ok(SocketPath { path, _directory: Some(directory) })
    }
}

/// A path that fits into a socket's address; good as long as it is kept.
#[derive(Debug)]
pub struct SocketPath {
    /// The path.
    pub path: PathBuf,
    _directory: Option<File>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_reach_is_beside_the_data_of_an_installed_server_and_below_any_other() {
        let of = |data: &str, public: Option<&str>| {
            let config = Config { public: public.map(PathBuf::from), ..Config::default() };
            Place::of(PathBuf::from(data)).public(&config)
        };
        assert_eq!(of("/var/lib/facteur", None), Path::new("/var/spool/facteur"));
        assert_eq!(of("/srv/mail", None), Path::new("/srv/mail/public"));
        assert_eq!(of("/var/lib/facteur", Some("/srv/public")), Path::new("/srv/public"));
    }

    #[test]
    fn a_deep_directory_has_a_short_socket() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let place = Place::of(deep);
        let short = place.short_socket().unwrap();
        assert!(short.path.as_os_str().len() < SOCKET_PATH_BYTES);
        let _listener = std::os::unix::net::UnixListener::bind(&short.path).unwrap();
        assert!(place.socket().exists());
    }
}
