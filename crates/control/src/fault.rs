//! Why an operation was not done: one cause, worded by whoever shows it.

use serde::{Deserialize, Serialize};
use store::StoreError;

/// Whose fault it is, and what. Each has its sentence of cause and of fix in both languages, under
/// `fault-` and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The caller may only read.
    NotAllowed,
    /// There is no account, site, relay or message of that name.
    Missing,
    /// The name is taken.
    Exists,
    /// A value is not valid.
    Invalid,
    /// A value is needed and was not given.
    Needed,
    /// The preset works with OAuth2 only, which this relay cannot do with a password.
    OAuth2Only,
    /// A relay without TLS or sign-in must be near, or be marked insecure.
    Insecure,
    /// A record that must be published first is not; the detail is the record.
    NotPublished,
    /// No port takes mail from other servers.
    NoListener,
    /// The store could not do it.
    Store,
    /// No relay takes this sender's mail yet.
    Refused,
    /// Only a running server can do it.
    NotRunning,
    /// It was asked for too often; the detail is the minutes until it may be asked for again.
    TooOften,
    /// A name is not one of the Internet.
    NotPublic,
    /// It would leave nobody who may set anything in the portal.
    LastAdministrator,
}

impl Blame {
    /// All of them, for the test that each has its words.
    pub const ALL: [Self; 15] = [
        Self::NotAllowed,
        Self::Missing,
        Self::Exists,
        Self::Invalid,
        Self::Needed,
        Self::OAuth2Only,
        Self::Insecure,
        Self::NotPublished,
        Self::NoListener,
        Self::Store,
        Self::Refused,
        Self::NotRunning,
        Self::TooOften,
        Self::NotPublic,
        Self::LastAdministrator,
    ];

    /// The name under which its words are kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "not-allowed",
            Self::Missing => "missing",
            Self::Exists => "exists",
            Self::Invalid => "invalid",
            Self::Needed => "needed",
            Self::OAuth2Only => "oauth2-only",
            Self::Insecure => "insecure",
            Self::NotPublished => "not-published",
            Self::NoListener => "no-listener",
            Self::Store => "store",
            Self::Refused => "refused",
            Self::NotRunning => "not-running",
            Self::TooOften => "too-often",
            Self::NotPublic => "not-public",
            Self::LastAdministrator => "last-administrator",
        }
    }
}

/// Why an operation was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{blame:?}: {what} {detail}")]
pub struct Fault {
    /// Whose fault, and what.
    pub blame: Blame,
    /// The name or the field that it is about; never a secret.
    pub what: String,
    /// A technical detail for those who want it; empty for none.
    pub detail: String,
}

impl Fault {
    /// A fault about nothing in particular.
    pub const fn new(blame: Blame) -> Self {
        Self { blame, what: String::new(), detail: String::new() }
    }

    /// A fault about a name or a field.
    pub fn about(blame: Blame, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::new(blame) }
    }

    /// A value that is not valid, and why.
    pub fn invalid(field: &str, why: impl ToString) -> Self {
        Self { detail: why.to_string(), ..Self::about(Blame::Invalid, field) }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists { name } => Self::about(Blame::Exists, name),
            StoreError::Missing { name } => Self::about(Blame::Missing, name),
            other => Self { detail: other.to_string(), ..Self::new(Blame::Store) },
        }
    }
}
