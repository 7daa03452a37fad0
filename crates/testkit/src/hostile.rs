//! Mail servers that mean harm, or are out of order: scripts of words and TLS, played over real sockets.
//!
//! A [`Dialect`] says what is answered to which line; the [`Server`] moves the bytes, starts TLS, goes wrong where a
//! [`Fault`] tells it to, and keeps all that it heard, with a mark on what came in clear. It knows no protocol: [`smtp`],
//! [`imap`] and [`pop3`] are dialects, read from the scripts of other projects.

mod corpus;
mod fickle;
pub mod imap;
mod papers;
pub mod pop3;
mod server;
pub mod smtp;
pub mod smuggling;

pub use corpus::scripts;
pub use fickle::Fickle;
pub use papers::{Paper, Papers};
pub use server::{Heard, Server};

use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What a dialect answers to a line, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These bytes; the conversation goes on.
    Say(Vec<u8>),
    /// Nothing; the conversation goes on.
    Silence,
    /// These bytes, and then what is done in place of a TLS handshake, or the handshake itself.
    Turn(Vec<u8>, Turn),
    /// These bytes, and the end.
    End(Vec<u8>),
}

/// What follows an agreement to begin TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// TLS.
    Tls,
    /// The end of the connection.
    Cut,
    /// Plain text where the other side waits for TLS.
    Text,
    /// Silence without an end.
    Mute,
    /// An alert that no version of TLS suits (RFC 8446 §6.2).
    OldVersion,
}

/// The answers of one conversation.
pub trait Dialect: Send {
    /// Said before a word was heard.
    fn greeting(&mut self) -> Vec<u8>;
    /// Said to a line, which comes without its end; `tls` tells whether it came under TLS.
    fn answer(&mut self, line: &[u8], tls: bool) -> Answer;
    /// The step that is at hand: the place at which a fault may be told to happen.
    fn step(&self) -> &'static str;
}

/// How a server goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends.
    Drop,
    /// The connection is reset.
    Reset,
    /// Nothing more is said.
    Stall,
    /// This is said in place of the answer.
    Say(&'static str),
    /// This is said, and the connection ends.
    SayAndDrop(&'static str),
    /// The answer comes byte by byte, each in a packet of its own.
    Dribble,
}

/// A script of another project, for one protocol.
pub trait Scripted: DeserializeOwned + Send + Sync + 'static {
    /// The files of the certificate that it shows.
    fn cert(&self) -> &smtp::Cert;

    /// Whether TLS begins at once.
    fn has_implicit_tls(&self) -> bool;

    /// The answers of one conversation.
    fn dialect(self: &Arc<Self>) -> Box<dyn Dialect>;

    /// Reads a script.
    fn read(text: &str) -> Result<Self, ron::error::SpannedError> {
        ron::from_str(text)
    }

    /// The certificate that it shows.
    fn paper(&self) -> Paper {
        Paper::of_path(&self.cert().crt_path)
    }
}

/// A fault and the step at which it happens, once on every connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// As [`Dialect::step`] names it; `handshake` is the TLS handshake.
    pub step: &'static str,
    /// What goes wrong.
    pub fault: Fault,
}
