//! All that is configured, by names: what is exported, and what is applied. The TOML of a file, and the JSON of the socket.

use crate::operation::reveal_some;
use mail::{Domain, Language, LineEndings, Network, Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use store::{AccountRole, MailSettings, RelayTls, SenderMode, SenderRule};

/// The owner of what names none.
pub(crate) const DEFAULT_OWNER: &str = "default";

fn default_owner() -> String {
    DEFAULT_OWNER.to_owned()
}

fn is_default_owner(owner: &str) -> bool {
    owner == DEFAULT_OWNER
}

/// What a server shall be: an entry says all of its thing, and what has no entry is left alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Declaration {
    /// Tenants beside the default one.
    #[serde(rename = "owner", skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<OwnerEntry>,
    /// Domains that mail is signed for.
    #[serde(rename = "domain", skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<DomainEntry>,
    /// Relays.
    #[serde(rename = "relay", skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<RelayEntry>,
    /// Accounts.
    #[serde(rename = "account", skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountEntry>,
    /// Sites.
    #[serde(rename = "site", skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteEntry>,
    /// Routes.
    #[serde(rename = "route", skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteEntry>,
    /// The administrator's choices.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerEntry {
    /// Its name.
    pub name: String,
}

/// A domain that mail is signed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainEntry {
    /// Its name.
    pub name: Domain,
    /// Whose it is.
    #[serde(default = "default_owner", skip_serializing_if = "is_default_owner")]
    pub owner: String,
    /// The domain of its return paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_path: Option<Domain>,
    /// What it tells mail programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<MailSettings>,
    /// Its keys; without any, those that are there stay.
    #[serde(rename = "key", default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyEntry>,
}

/// A key that signs mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Its selector.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub algorithm: String,
    /// The private key.
    #[serde(serialize_with = "crate::operation::reveal")]
    pub secret: Secret,
}

/// A relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayEntry {
    /// Its name.
    pub name: String,
    /// The preset that the rest comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port; without one, 587, 465 and 2525 are tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How TLS is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<RelayTls>,
    /// Whether certificates are not verified and plain text is allowed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// PEM of an authority of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_ca: Option<String>,
    /// Whether it wants no sign-in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_auth: bool,
    /// The user name; the preset's when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The password or key.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal_some")]
    pub password: Option<Secret>,
    /// A file whose first line it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A variable of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// With which sender it gets mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<SenderMode>,
    /// The most connections at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u16>,
    /// The most recipients of one transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_recipients: Option<u16>,
    /// Whose it is.
    #[serde(default = "default_owner", skip_serializing_if = "is_default_owner")]
    pub owner: String,
    /// The login of the account whose alone it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// The login.
    pub login: String,
    /// What it may send with; without any, its login.
    #[serde(default)]
    pub senders: Vec<SenderRule>,
    /// The language of what it is told.
    #[serde(default)]
    pub language: Language,
    /// The seconds before its mail leaves, in which it can be taken back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub undo_secs: u32,
    /// What it may do in the portal; where it is not said, an account stays what it is, and a new one is a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<AccountRole>,
    /// The password.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal_some")]
    pub password: Option<Secret>,
    /// Its hash, as exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// A file whose first line it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A variable of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// Whose it is.
    #[serde(default = "default_owner", skip_serializing_if = "is_default_owner")]
    pub owner: String,
}

/// A site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteEntry {
    /// Its name, also its SMTP login.
    pub name: String,
    /// The networks from which it needs no login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// The local users whose programs it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uids: Vec<u32>,
    /// What it may send with.
    pub senders: Vec<SenderRule>,
    /// What is done with its line ends that are none: `repair`, or `strict`, which need not be said.
    #[serde(default, skip_serializing_if = "LineEndings::is_strict")]
    pub line_endings: LineEndings,
    /// The password or key.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "reveal_some")]
    pub password: Option<Secret>,
    /// Its hash, as exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// A file whose first line it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A variable of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// Whose it is.
    #[serde(default = "default_owner", skip_serializing_if = "is_default_owner")]
    pub owner: String,
}

/// Which relay carries whose mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteEntry {
    /// `default`, `site:NAME`, `account:LOGIN`, `domain:NAME`, `owner:NAME`.
    #[serde(rename = "for")]
    pub scope: String,
    /// The relay; `direct` for none.
    pub relay: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Declaration {
    /// Replaces where passwords are by what they are, by means of a reader of files and one of variables.
    pub fn fill_in<E>(
        &mut self,
        file: impl Fn(&PathBuf) -> Result<Secret, E>,
        env: impl Fn(&str) -> Result<Secret, E>,
    ) -> Result<(), E> {
        let relays =
            self.relays.iter_mut().map(|e| (&mut e.password, &mut e.password_file, &mut e.password_env));
        let accounts =
            self.accounts.iter_mut().map(|e| (&mut e.password, &mut e.password_file, &mut e.password_env));
        let sites =
            self.sites.iter_mut().map(|e| (&mut e.password, &mut e.password_file, &mut e.password_env));
        for (password, from_file, from_env) in relays.chain(accounts).chain(sites) {
            if let Some(path) = from_file.take() {
                *password = Some(file(&path)?);
            }
            if let Some(name) = from_env.take() {
                *password = Some(env(&name)?);
            }
        }
        Ok(())
    }
}
