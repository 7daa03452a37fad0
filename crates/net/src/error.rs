//! What can go wrong at the edge before any conversation begins.

use crate::{HostError, Purpose};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a listener or a TLS identity cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A certificate or key file cannot be read or written.
    /// Usual cause: the path is wrong, or the process may not read the key.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file holds no usable certificate or key.
    /// Usual cause: the file is half written, or is not in PEM form.
    #[error("{}: {detail}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The key does not belong to the certificate.
    /// Usual cause: one of the two files was renewed and the other not yet.
    #[error("the key in {} does not belong to the certificate in {}", key.display(), cert.display())]
    KeyMismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// An authority's certificate given for a relay cannot be used.
    /// Usual cause: the text is not in PEM form, or is a key instead of a certificate.
    #[error("the certificate authority given cannot be used: {detail}")]
    Authority {
        /// What is wrong with it.
        detail: String,
    },
    /// A certificate of our own cannot be made.
    /// Usual cause: the host name has characters that no certificate can hold.
    #[error("cannot make a certificate for {host_name}: {detail}")]
    SelfSigned {
        /// The name that it was to be for.
        host_name: String,
        /// What is wrong.
        detail: String,
    },
    /// An address cannot be listened on, and its fallback port neither.
    /// Usual cause: another mail server has the port, or the process may not take ports below 1024.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The local socket cannot be made.
    /// Usual cause: its directory is missing or belongs to another user, or a file of that name lies there.
    #[error("cannot make the socket {}: {source}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A text is not the name of a host that could be called.
    /// Usual cause: a URL, a port or a user name stands in it, or an address in a form that no program should write.
    #[error("{host:?} is not a host: {error}")]
    Host {
        /// The text.
        host: String,
        /// What is wrong with it.
        error: HostError,
    },
    /// A port is not one that may be called for that purpose.
    /// Usual cause: somebody tries to reach a service of the inner network through this server.
    #[error("port {port} is not called for this purpose ({purpose:?})")]
    PortForbidden {
        /// The port.
        port: u16,
        /// What it was to be called for.
        purpose: Purpose,
    },
}
