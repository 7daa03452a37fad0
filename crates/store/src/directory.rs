//! Who may send, and through which relay.

use crate::{Later, MailSettings, NewEvent};
use mail::{
    AccountId, Address, ClosureId, Domain, DomainId, Evidence, Language, LineEndings, Network, OwnerId,
    Principal, RelayId, Secret, SiteId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its id.
    pub id: OwnerId,
    /// Its name, unique.
    pub name: String,
}

/// What a principal may put as envelope sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SenderRule {
    /// This address.
    Address(Address),
    /// Every address of this domain: `@example.org`.
    Domain(Domain),
    /// Every address: `*`. Only for a site that the administrator trusts as much as this server.
    Any,
}

impl SenderRule {
    /// Whether the rule allows the address.
    pub fn allows(&self, address: &Address) -> bool {
        match self {
            Self::Address(own) => own.key() == address.key(),
            Self::Domain(domain) => domain == address.domain(),
            Self::Any => true,
        }
    }
}

impl fmt::Display for SenderRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Domain(domain) => write!(f, "@{domain}"),
            Self::Any => f.write_str("*"),
        }
    }
}

impl FromStr for SenderRule {
    type Err = mail::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('@') {
            Some(domain) => domain.parse().map(Self::Domain),
            None if text == "*" => Ok(Self::Any),
            None => text.parse().map(Self::Address),
        }
    }
}

impl TryFrom<String> for SenderRule {
    type Error = mail::AddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SenderRule> for String {
    fn from(rule: SenderRule) -> Self {
        rule.to_string()
    }
}

/// What an account may do in the portal beside what is its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// Nothing.
    #[default]
    Person,
    /// Answer a host's customers: see what happens, block and unblock, act on messages.
    Helper,
    /// Everything.
    Administrator,
}

impl AccountRole {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Person, Self::Helper, Self::Administrator];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Helper => "helper",
            Self::Administrator => "administrator",
        }
    }
}

impl std::fmt::Display for AccountRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AccountRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| Self::ALL.map(Self::as_str).join(", "))
    }
}

/// A person who signs in and may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id; 0 in a row that is to be added.
    pub id: AccountId,
    /// Whose it is.
    pub owner: OwnerId,
    /// The login, unique among accounts and sites: usually the address.
    pub login: String,
    /// The addresses that it may send with.
    pub senders: Vec<SenderRule>,
    /// The language of what it is told.
    pub language: Language,
    /// The seconds before its mail leaves, in which it can be taken back. Default 0.
    pub undo_secs: u32,
    /// What it may do in the portal.
    #[serde(default)]
    pub role: AccountRole,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A program that sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its id; 0 in a row that is to be added.
    pub id: SiteId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Its name, unique among accounts and sites: also its SMTP login.
    pub name: String,
    /// The networks from which it needs no login.
    pub networks: Vec<Network>,
    /// The local users whose programs it is: they need no login either.
    pub uids: Vec<u32>,
    /// The addresses that it may send with.
    pub senders: Vec<SenderRule>,
    /// What is done with its line ends that are none.
    pub line_endings: LineEndings,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The password of an account or a site, as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogin {
    /// An argon2id hash in PHC form (passwords of people), or `sha256:` and hexadecimal (machine-made keys).
    pub hash: String,
}

/// What a sign-in is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRecord {
    /// Who signs in.
    pub principal: Principal,
    /// Whose they are.
    pub owner: OwnerId,
    /// The hash, as in [`NewLogin`]; `None` for a site that never signs in.
    pub hash: Option<String>,
    /// The addresses that they may send with.
    pub senders: Vec<SenderRule>,
}

/// How a relay wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// STARTTLS, required; TLS at once where the port says so (465).
    #[default]
    Auto,
    /// TLS at once.
    Implicit,
    /// STARTTLS, required.
    Starttls,
    /// No TLS: only towards loopback and private addresses, or when the relay is marked insecure.
    Never,
}

/// With which sender a relay gets mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SenderMode {
    /// With the message's own.
    #[default]
    Keep,
    /// With the address that signs in there: for providers that refuse every other. The message's own goes to Reply-To.
    Login,
}

/// How a relay wants to know us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayAuth {
    /// Not at all.
    None,
    /// AUTH PLAIN/LOGIN.
    Password {
        /// The user name.
        login: String,
        /// The password, app password or key. The store seals it.
        password: Secret,
    },
}

/// A remote submission server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Its id; 0 in a row that is to be added.
    pub id: RelayId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Whose alone it is: it carries nobody else's mail. `None` for one of this server's own.
    pub account: Option<AccountId>,
    /// Its name, unique. That of an account's relay begins with its login: `anne@example.org/gmail`.
    pub name: String,
    /// The preset that it was made from, which also names the provider.
    pub preset: Option<String>,
    /// The server's name or address.
    pub host: String,
    /// The port; `None` tries 587, then 465, then 2525.
    pub port: Option<u16>,
    /// How it wants to be spoken to.
    pub tls: RelayTls,
    /// Whether certificates are not verified, and plain text is allowed towards public addresses.
    pub insecure: bool,
    /// PEM of further authorities that may sign its certificate.
    pub extra_ca: Option<String>,
    /// How it wants to know us.
    pub auth: RelayAuth,
    /// With which sender it gets mail.
    pub sender: SenderMode,
    /// The most connections at once.
    pub max_connections: u16,
    /// The most recipients of one transaction.
    pub max_recipients: u16,
    /// Grows with each change: evidence from an older revision never closes a newer one.
    pub revision: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Relay {
    /// Whether it may carry mail of this principal: what is an account's carries its mail only.
    pub fn may_carry(&self, principal: Principal) -> bool {
        self.account.is_none_or(|own| principal == Principal::Account(own))
    }

    /// The login of the account whose alone it is.
    pub fn login_of_owner(&self) -> Option<&str> {
        self.account.and_then(|_| self.name.rsplit_once('/')).map(|(login, _)| login)
    }

    /// Its name as whose it is knows it: `gmail`.
    pub fn name_for_owner(&self) -> &str {
        match (self.account, self.name.rsplit_once('/')) {
            (Some(_), Some((_, name))) => name,
            _ => &self.name,
        }
    }

    /// Whether a route of this scope may lead to it.
    pub fn may_serve(&self, scope: &RouteScope) -> bool {
        self.account.is_none_or(|own| *scope == RouteScope::Account(own))
    }
}

/// Whom a route is for. The first that fits wins, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "scope", content = "of", rename_all = "snake_case")]
pub enum RouteScope {
    /// One program.
    Site(SiteId),
    /// One person.
    Account(AccountId),
    /// One sender domain.
    SenderDomain(Domain),
    /// One tenant.
    Owner(OwnerId),
    /// Everybody.
    Default,
}

/// A domain that mail is signed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedDomain {
    /// Its id; 0 in a row that is to be added.
    pub id: DomainId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Its name, unique.
    pub name: Domain,
    /// The keys that sign its mail, in the order of the signatures.
    pub keys: Vec<DkimKey>,
    /// The domain of the envelope senders of its mail that leaves without a relay, so that bounces come back to this
    /// server: set once its MX record points here. `None` keeps the senders as they are.
    pub return_path: Option<Domain>,
    /// What it tells mail programs; `None` when it publishes nothing.
    pub settings: Option<MailSettings>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key that signs mail (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKey {
    /// Its selector: the record is at `selector._domainkey.domain`.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// The private key, in the form of the crate that signs. The store seals it.
    pub secret: Secret,
}

/// Which relay carries whose mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Whose.
    pub scope: RouteScope,
    /// Through which; [`RelayId::DIRECT`] for none: straight to the hosts of each recipient's domain.
    pub relay: RelayId,
}

/// A reason for which a relay, or one sender on it, is stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct Closure {
    /// Its id, minted by the queue.
    pub id: ClosureId,
    /// The relay.
    pub relay: RelayId,
    /// The one sender that is stopped; `None` stops the relay.
    pub sender: Option<Address>,
    /// The cause, as a stable id of the catalogue.
    pub cause: String,
    /// What was seen.
    pub evidence: Evidence,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again without mail.
    pub reopen_at: Timestamp,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Whether it is a real closure: someone must act, an alarm was raised, and expiry is paused. Otherwise the relay is
    /// merely out of reach and is probed soon.
    pub alarm: bool,
}

/// Who may send, and through which relay. Every writing call appends its events in the same transaction. A row that names
/// an owner or a relay that is not there is refused with [`crate::StoreError::Missing`]; no id is ever given twice.
pub trait Directory: Send + Sync {
    /// All owners.
    fn owners(&self) -> Later<'_, Vec<Owner>>;
    /// Adds an owner by name.
    fn add_owner(&self, name: String, events: Vec<NewEvent>) -> Later<'_, Owner>;

    /// All accounts, by login.
    fn accounts(&self) -> Later<'_, Vec<Account>>;
    /// Adds or changes an account (by id; 0 adds). `login: None` keeps the password.
    fn save_account(
        &self,
        account: Account,
        login: Option<NewLogin>,
        events: Vec<NewEvent>,
    ) -> Later<'_, AccountId>;
    /// Removes an account, its login and its route.
    fn remove_account(&self, id: AccountId, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// All sites, by name.
    fn sites(&self) -> Later<'_, Vec<Site>>;
    /// Adds or changes a site (by id; 0 adds). `login: None` keeps the password.
    fn save_site(&self, site: Site, login: Option<NewLogin>, events: Vec<NewEvent>) -> Later<'_, SiteId>;
    /// Removes a site, its login and its route.
    fn remove_site(&self, id: SiteId, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// What a sign-in under this name is checked against; the name is compared without case.
    fn login(&self, name: &str) -> Later<'_, Option<LoginRecord>>;

    /// All relays, by name, their secrets unsealed.
    fn relays(&self) -> Later<'_, Vec<Relay>>;
    /// Adds or changes a relay (by id; 0 adds). The store sets the revision.
    fn save_relay(&self, relay: Relay, events: Vec<NewEvent>) -> Later<'_, RelayId>;
    /// Removes a relay, its routes and its closures. Mail that was parked on these closures is due at once.
    fn remove_relay(&self, id: RelayId, now: Timestamp, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// All domains, by name, their secrets unsealed.
    fn domains(&self) -> Later<'_, Vec<HostedDomain>>;
    /// Adds or changes a domain (by id; 0 adds).
    fn save_domain(&self, domain: HostedDomain, events: Vec<NewEvent>) -> Later<'_, DomainId>;
    /// Removes a domain and its keys.
    fn remove_domain(&self, id: DomainId, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// All routes.
    fn routes(&self) -> Later<'_, Vec<Route>>;
    /// Sets, or with `None` removes, the route of a scope.
    fn set_route(&self, scope: RouteScope, relay: Option<RelayId>, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// All closures.
    fn closures(&self) -> Later<'_, Vec<Closure>>;
    /// Adds the closure, or replaces the one of the same id.
    fn save_closure(&self, closure: Closure, events: Vec<NewEvent>) -> Later<'_, ()>;
    /// Removes a closure. What was parked on it stays parked until [`crate::Spool::unpark`].
    fn remove_closure(&self, id: ClosureId, events: Vec<NewEvent>) -> Later<'_, ()>;

    /// A small value under a name: the administrator's choices that have no row of their own. A name that begins with
    /// `secret.` is that of a secret, which the store seals.
    fn setting(&self, name: &str) -> Later<'_, Option<String>>;
    /// Sets, or with `None` removes, a small value.
    fn set_setting(&self, name: String, value: Option<String>) -> Later<'_, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sender_rules_compare_as_addresses_do() {
        let address: Address = "Anne@Exemple.test".parse().unwrap();
        for (rule, allowed) in [
            ("anne@exemple.test", true),
            ("@EXEMPLE.test", true),
            ("*", true),
            ("bob@exemple.test", false),
            ("@test", false),
        ] {
            assert_eq!(rule.parse::<SenderRule>().unwrap().allows(&address), allowed, "{rule}");
        }
        assert_eq!("*".parse::<SenderRule>().unwrap().to_string(), "*");
    }
}
