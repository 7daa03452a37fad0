//! The local socket: the way in for programs of this machine, known by the user that they belong to.

use crate::NetError;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The most bytes of a socket's path, with its final zero (unix(7)).
const MAX_PATH_BYTES: usize = 108;

/// Everybody on this machine may send: the socket says who it is.
const MODE: u32 = 0o666;

/// A local socket that was made.
#[derive(Debug)]
pub struct LocalSocket {
    /// Where it is.
    pub path: PathBuf,
    pub(crate) listener: UnixListener,
    /// Whether it was made here, and goes with us.
    is_own: bool,
}

impl LocalSocket {
    /// Makes the socket, in place of one that a dead server left; that no other lives is for the caller to know. What
    /// lies there and is no socket stays, and is an error. Must be called within the runtime.
    pub fn bind(path: &Path) -> Result<Self, NetError> {
        let failed = |source| NetError::Socket { path: path.to_owned(), source };
        let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
        if is_socket {
            fs::remove_file(path).map_err(failed)?;
        }
        let listener = listen(path).map_err(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(MODE)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), listener, is_own: true })
    }

    /// A socket that somebody else made for us, with whatever mode they chose.
    pub(crate) fn of_socket(
        path: PathBuf,
        socket: std::os::unix::net::UnixListener,
    ) -> Result<Self, NetError> {
        match socket.set_nonblocking(true).and_then(|()| UnixListener::from_std(socket)) {
            Ok(listener) => Ok(Self { path, listener, is_own: false }),
            Err(source) => Err(NetError::Socket { path, source }),
        }
    }
}

impl Drop for LocalSocket {
    /// A socket that nobody listens behind is taken away: who comes then sees at once that the server is stopped.
    fn drop(&mut self) {
        if self.is_own {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens there, however long the path is: one that does not fit into a socket's address is reached by its directory.
fn listen(path: &Path) -> io::Result<UnixListener> {
    if path.as_os_str().len() < MAX_PATH_BYTES {
        return UnixListener::bind(path);
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let directory = File::open(path.parent().unwrap_or(Path::new(".")))?;
    UnixListener::bind(Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name))
}
