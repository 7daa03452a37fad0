//! SMTP as two conversations without a socket: the server's [`server::Session`] and the client's
//! [`client::Client`].
//!
//! Owns replies, enhanced codes on the wire, the command grammar, SASL PLAIN and LOGIN, the dots at
//! the beginning of lines, and the rules of what may follow what. It never opens a connection,
//! reads a clock, speaks TLS or decides who may send: the server session is fed bytes and asks its
//! driver, the client writes to a [`transport::Transport`] that somebody else dialled. Start at
//! [`server::Session::next`] for mail that comes in and at [`client::Client::send`] for mail that
//! goes out.

pub mod client;
pub mod command;
pub mod dots;
mod error;
mod input;
pub mod lines;
pub mod reply;
pub mod sasl;
pub mod server;
pub mod transport;

pub use error::Error;
pub use input::Input;
