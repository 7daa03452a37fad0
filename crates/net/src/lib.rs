//! The network edge: the only crate of the road that opens a socket.
//!
//! Owns listeners and their limits, the local socket, TLS on both sides, the [`serve::serve`] loop that drives an SMTP
//! session for each connection, [`serve_secure`] for a protocol of others over TLS, and the [`dial::Dialer`], the one way out. It never decides who may
//! send or where mail goes: it asks a [`door::Door`], and its callers name the target. It stores
//! nothing. Start at [`serve::serve`] for mail that comes in and at [`dial::Dialer::dial`] for mail
//! that goes out.

pub mod address;
mod census;
mod connection;
mod conversation;
pub mod dial;
pub mod dns;
pub mod door;
mod error;
pub mod host;
mod inherited;
pub mod listen;
pub mod local;
mod purpose;
mod resolve;
mod secure;
pub mod serve;
mod stream;
mod time_limit;
pub mod tls;

pub use address::{AddressPolicy, is_private, own_addresses};
pub use connection::Connection;
pub use dial::{Dialer, Resolver, Target, TlsMode};
pub use dns::Dns;
pub use door::BoxFuture;
pub use door::{Client, Door, Intake, Origin, Visitor};
pub use error::NetError;
pub use host::{HostError, HostName};
pub use inherited::Inherited;
pub use listen::{Bound, ListenerKind, ListenerSpec};
pub use local::LocalSocket;
pub use purpose::Purpose;
pub use secure::{Guest, Host, Opening, Place, Secure, SecureLimits, serve_secure};
pub use serve::{Limits, Serve, ended, serve, serve_local, stop_asked};
pub use tls::{ClientTls, KeyScheme, ServerTls, Verify};
