//! Settings to copy: what was found, as the programs that use it want it written.
//!
//! Whatever came from a stranger is quoted as each language wants it: a user name cannot become code. No password is
//! ever written; each program reads it from its environment or from a file.

mod mobileconfig;
mod program;
mod signed;

pub use mobileconfig::mobileconfig;
pub use program::{Program, UnknownProgram};
pub use signed::{Scheme, SignError, Signer, signed};

use crate::server::Server;
use mail::Address;

/// One side of an account: the server, and the user name there.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The server.
    pub server: &'a Server,
    /// The user name.
    pub login: &'a str,
}

/// An account as a program wants it.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The address.
    pub address: &'a Address,
    /// Where mail is read, when it is.
    pub incoming: Option<Side<'a>>,
    /// Where mail is sent.
    pub outgoing: Side<'a>,
}
