//! Keys with which programs ask: whose they are, what they may do, how long they are good.

use crate::{Later, NewEvent};
use mail::{OwnerId, Principal, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One thing that a key may do. The list is closed: a key may do nothing that is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Gives messages.
    Send,
    /// Reads messages and their stories.
    MessagesRead,
    /// Cancels, holds, releases and retries messages.
    MessagesWrite,
    /// Reads relays and routes.
    RelaysRead,
    /// Adds, changes, tests and removes relays and routes.
    RelaysWrite,
    /// Reads accounts and sites.
    AccountsRead,
    /// Adds, changes and removes accounts and sites.
    AccountsWrite,
    /// Reads domains and their records.
    DomainsRead,
    /// Adds, changes and removes domains.
    DomainsWrite,
    /// Reads how the server is.
    Status,
    /// Reads who changed what.
    Audit,
    /// Reads what was counted.
    Statistics,
    /// Has texts explained.
    Explain,
    /// Has settings of addresses found.
    Discover,
    /// Reads and changes webhooks.
    Webhooks,
    /// Reads what monitors read.
    Metrics,
    /// Everything but what would outlive the key: further keys, secrets, copies.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Send,
        Self::MessagesRead,
        Self::MessagesWrite,
        Self::RelaysRead,
        Self::RelaysWrite,
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::DomainsRead,
        Self::DomainsWrite,
        Self::Status,
        Self::Audit,
        Self::Statistics,
        Self::Explain,
        Self::Discover,
        Self::Webhooks,
        Self::Metrics,
        Self::Admin,
    ];

    /// Its name, as people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::MessagesRead => "messages:read",
            Self::MessagesWrite => "messages:write",
            Self::RelaysRead => "relays:read",
            Self::RelaysWrite => "relays:write",
            Self::AccountsRead => "accounts:read",
            Self::AccountsWrite => "accounts:write",
            Self::DomainsRead => "domains:read",
            Self::DomainsWrite => "domains:write",
            Self::Status => "status",
            Self::Audit => "audit",
            Self::Statistics => "statistics",
            Self::Explain => "explain",
            Self::Discover => "discover",
            Self::Webhooks => "webhooks",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }

    /// Whether the key of an account or a site may have it: it is about what is theirs.
    pub const fn is_for_everybody(self) -> bool {
        matches!(
            self,
            Self::Send
                | Self::MessagesRead
                | Self::MessagesWrite
                | Self::Statistics
                | Self::Explain
                | Self::Discover
                | Self::Webhooks
                | Self::RelaysRead
                | Self::RelaysWrite
        )
    }

    /// Whether having this one is enough where the other is asked for.
    pub fn covers(self, asked: Self) -> bool {
        self == asked || self == Self::Admin
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
            format!("'{text}' is none of {}", known.join(", "))
        })
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

/// A key, without the key itself: only its digest is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The part of the key that may be shown: by it people and logs recognise the key. Unique.
    pub name: String,
    /// The SHA-256 digest of the whole key.
    pub digest: [u8; 32],
    /// What it is for, in the words of whoever made it.
    pub label: String,
    /// The tenant of whoever it speaks for.
    pub owner: OwnerId,
    /// For whom it speaks: an account, a site, or ([`Principal::System`]) this server's administrator.
    pub principal: Principal,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the nearest minutes.
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// How long a key that was taken back is remembered as such: whoever still uses it is told so, and not just that it is wrong.
pub const REVOKED_KEPT_MS: i64 = 90 * 86_400_000;

/// The keys of programs. The keys of an account or a site go when it is removed.
pub trait Keys: Send + Sync {
    /// All keys, the oldest first.
    fn keys(&self) -> Later<'_, Vec<ApiKey>>;

    /// Adds a key, and forgets those that were taken back longer than [`REVOKED_KEPT_MS`] before it was made. A name or a
    /// digest that is there is refused with [`crate::StoreError::Exists`].
    fn add_key(&self, key: ApiKey, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// Takes a key back. One that is not there, or was taken back before, is [`crate::StoreError::Missing`].
    fn revoke_key(&self, name: String, now: Timestamp, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// Writes down that a key was used; one that is gone meanwhile is no error.
    fn key_used(&self, name: String, at: Timestamp) -> Later<'_, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_and_read_alike() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
            assert_eq!(Scope::try_from(String::from(scope)), Ok(scope));
            assert!(Scope::Admin.covers(scope) && scope.covers(scope));
            assert_eq!(scope.covers(Scope::Admin), scope == Scope::Admin);
        }
        assert!("everything".parse::<Scope>().unwrap_err().contains("messages:read"));
    }
}
