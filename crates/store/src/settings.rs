//! What a domain tells mail programs, so that they set themselves up.

use mail::Domain;
use serde::{Deserialize, Serialize};

/// The most servers of one domain.
pub const MAX_SERVERS: usize = 12;

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailProtocol {
    /// Reading mail that stays there.
    Imap,
    /// Fetching mail.
    Pop3,
    /// Sending mail.
    Smtp,
}

/// How TLS begins. A server without it is never published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From the first byte.
    Implicit,
    /// By a command.
    Starttls,
}

/// Which part of the address the user name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailLogin {
    /// The whole address.
    #[default]
    Full,
    /// The part before the `@`.
    Local,
}

impl MailLogin {
    const fn is_full(&self) -> bool {
        matches!(self, Self::Full)
    }
}

/// A server that the people of a domain sign in to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailServer {
    /// What it is for.
    pub protocol: MailProtocol,
    /// Its name.
    pub host: Domain,
    /// The port.
    pub port: u16,
    /// How TLS begins.
    pub tls: MailTls,
}

/// What a domain tells mail programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// What people call the domain; its name when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Which part of the address the user name is.
    #[serde(default, skip_serializing_if = "MailLogin::is_full")]
    pub login: MailLogin,
    /// Its servers, best first within each protocol; at most [`MAX_SERVERS`].
    #[serde(rename = "server")]
    pub servers: Vec<MailServer>,
}
