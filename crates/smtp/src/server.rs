//! The server's end: a [`Session`] that is fed bytes and says what comes [`Next`].
//!
//! The driver owns the socket and the decisions; the session owns the protocol: the order of
//! commands, what may be pipelined, the limits, where a message ends. The loop of a driver:
//!
//! ```text
//! session.greeting(&mut output);
//! loop {
//!     match session.next(&mut input, &mut output, &mut content) {
//!         Next::Input => flush output; read into input.room(n) within session.time_limit(),
//!         Next::Mail(mail) => session.answer(door.mail(mail), &mut output),
//!         …
//!     }
//! }
//! ```
//!
//! Replies gather in `output` until [`Next::Input`], [`Next::StartTls`] or [`Next::Close`], so that a
//! pipelined group is answered by one write (RFC 2920 §3.2).

mod config;
mod reading;
mod session;

pub use config::{AuthOffer, BadPages, Pages, SessionConfig};
pub use session::Session;

use crate::command::MailFrom;
use crate::sasl::Mechanism;
use mail::{Address, Secret};

/// How much content gathers before the driver is asked to take it.
pub const CONTENT_CHUNK_BYTES: usize = 64 * 1024;

/// What the driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing more can be done with what is there: flush the output, read more input.
    Input,
    /// Does this person sign in? Then [`Session::signed_in`].
    SignIn(SignIn),
    /// May this sender send? Then [`Session::answer`].
    Mail(MailFrom),
    /// May this recipient be written to? Then [`Session::answer`].
    Recipient(Address),
    /// May the content come? Then [`Session::answer`].
    Data,
    /// The content has grown by a chunk: take it and leave the buffer empty.
    Content,
    /// Forget the content taken so far: this session refuses the message, and answers by itself
    /// when its end has come. No [`Next::EndOfData`] follows for it.
    Discard,
    /// The end of the message is reached and the buffer holds the rest of its content. Take
    /// [`Session::take_envelope`], then call [`Session::finish`].
    EndOfData,
    /// Flush the output and do the TLS handshake. Then [`Session::tls_started`].
    StartTls,
    /// Flush the output and close.
    Close,
}

/// A wish to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// How.
    pub mechanism: Mechanism,
    /// The name.
    pub login: String,
    /// The password.
    pub password: Secret,
}
