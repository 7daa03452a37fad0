//! What can be asked for. The JSON of these types is what goes over the control socket.

use crate::{Declaration, Guarded, KeyAct, Protect};
use mail::{Address, Domain, EventId, Language, LineEndings, QueueId, Secret, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use std::path::PathBuf;
use store::{
    AccountRole, Act, MailSettings, Network, RecipientState, RelayTls, Scope, SenderMode, SenderRule,
};

pub(crate) fn reveal<S: Serializer>(secret: &Secret, output: S) -> Result<S::Ok, S::Error> {
    // The one place where a secret is written out: from the command line to the server, over a socket that only its
    // owner may open.
    output.serialize_str(secret.reveal())
}

pub(crate) fn reveal_some<S: Serializer>(secret: &Option<Secret>, output: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => reveal(secret, output),
        None => output.serialize_none(),
    }
}

/// An account to be added.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountSpec {
    /// The login, usually the address.
    pub login: String,
    /// What it may send with; empty means its login, which then is an address.
    #[serde(default)]
    pub senders: Vec<SenderRule>,
    /// The language of what it is told.
    #[serde(default)]
    pub language: Language,
    /// The seconds before its mail leaves, in which it can be taken back.
    #[serde(default)]
    pub undo_secs: u32,
    /// What it may do in the portal.
    #[serde(default)]
    pub role: AccountRole,
    /// The password; one is made when there is none.
    #[serde(default, serialize_with = "reveal_some")]
    pub password: Option<Secret>,
    /// The owner's name; the default owner when there is none.
    #[serde(default)]
    pub owner: Option<String>,
}

/// A site to be added.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SiteSpec {
    /// Its name, also its SMTP login.
    pub name: String,
    /// The networks from which it needs no login.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// The local users whose programs it is.
    #[serde(default)]
    pub uids: Vec<u32>,
    /// What it may send with.
    pub senders: Vec<SenderRule>,
    /// What is done with its line ends that are none.
    #[serde(default)]
    pub line_endings: LineEndings,
    /// The password; a key is made when there is none and the site has no network.
    #[serde(default, serialize_with = "reveal_some")]
    pub password: Option<Secret>,
    /// The owner's name; the default owner when there is none.
    #[serde(default)]
    pub owner: Option<String>,
}

/// What is to change of a site; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SiteChanges {
    /// The networks from which it needs no login from now on.
    #[serde(default)]
    pub networks: Option<Vec<Network>>,
    /// The local users whose programs it is from now on.
    #[serde(default)]
    pub uids: Option<Vec<u32>>,
    /// What it may send with from now on.
    #[serde(default)]
    pub senders: Option<Vec<SenderRule>>,
    /// What is done with its line ends that are none.
    #[serde(default)]
    pub line_endings: Option<LineEndings>,
}

/// A relay to be added, or what is to be changed of one. What is absent stays, or comes from the preset.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RelaySpec {
    /// Its name; the preset's when there is none.
    pub name: Option<String>,
    /// The preset that the rest comes from.
    pub preset: Option<String>,
    /// The server.
    pub host: Option<String>,
    /// The port; `0` goes back to trying 587, 465 and 2525.
    pub port: Option<u16>,
    /// How TLS is done.
    pub tls: Option<RelayTls>,
    /// Whether certificates are not verified, and the way there is vouched for: without it, a relay without TLS or without
    /// a sign-in must be at a private address, which is judged at once where the host says it, else when it is dialled.
    pub insecure: Option<bool>,
    /// PEM of an authority of its own; an empty text takes it away.
    pub extra_ca: Option<String>,
    /// The user name.
    pub login: Option<String>,
    /// The password or key.
    #[serde(serialize_with = "reveal_some")]
    pub password: Option<Secret>,
    /// Whether it wants no sign-in.
    pub no_auth: bool,
    /// The region, for a preset whose server has one.
    pub region: Option<String>,
    /// With which sender it gets mail.
    pub sender: Option<SenderMode>,
    /// The most connections at once.
    pub max_connections: Option<u16>,
    /// The most recipients of one transaction.
    pub max_recipients: Option<u16>,
    /// The owner's name; the default owner when there is none.
    pub owner: Option<String>,
    /// The login of the account whose alone it is; none for one of this server's own. Of a relay to be added.
    pub account: Option<String>,
    /// Whether it becomes the default relay, or, when it is an account's, the one that carries its mail. The first relay does in any case.
    pub default: bool,
}

/// Whom a route is for, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", content = "name", rename_all = "snake_case")]
pub enum RouteFor {
    /// One site.
    Site(String),
    /// One account.
    Account(String),
    /// One sender domain.
    SenderDomain(Domain),
    /// One owner.
    Owner(String),
    /// Everybody.
    Default,
}

/// Which recipients of the queue are meant; what is absent does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueFilter {
    /// These messages.
    pub ids: Vec<QueueId>,
    /// This sender.
    pub sender: Option<String>,
    /// This recipient.
    pub recipient: Option<String>,
    /// This recipient domain.
    pub domain: Option<String>,
    /// This relay, by name.
    pub relay: Option<String>,
    /// This cause.
    pub cause: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Older than that many seconds.
    pub older_than_secs: Option<u64>,
    /// This state; without it, all that is not over.
    pub state: Option<RecipientState>,
    /// Given by this account or site, by login or name.
    pub account: Option<String>,
    /// Without a state: what is over as well.
    pub every: bool,
    /// Accepted before this moment.
    pub before: Option<Timestamp>,
}

/// A test message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TestMail {
    /// From whom.
    pub from: Address,
    /// To whom.
    pub to: Vec<Address>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// Whose mail settings are looked for, and what may be done to find them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wish {
    /// The address, as it was typed.
    pub address: String,
    /// Its password: whether the servers found let it in is tried as well.
    #[serde(default, serialize_with = "reveal_some")]
    pub password: Option<Secret>,
    /// A domain whose servers may have the password although only a hint of the DNS leads there.
    #[serde(default)]
    pub trusted: Option<Domain>,
    /// Whether private names and addresses are asked, too: the network that this server is in.
    #[serde(default)]
    pub private: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// How the server is.
    Status,
    /// All accounts.
    AccountList,
    /// The caller's own account.
    OwnAccount,
    /// Adds an account.
    AccountAdd {
        /// Which.
        account: AccountSpec,
    },
    /// Changes what is said of an account; what is absent stays.
    AccountChange {
        /// Whose.
        login: String,
        /// What it may send with from now on.
        senders: Option<Vec<SenderRule>>,
        /// The language of what it is told.
        language: Option<Language>,
        /// The seconds before its mail leaves, in which it can be taken back.
        undo_secs: Option<u32>,
        /// What it may do in the portal from now on: on its open sessions at once.
        #[serde(default)]
        role: Option<AccountRole>,
    },
    /// Changes an account's password; makes one when there is none.
    AccountPassword {
        /// Whose.
        login: String,
        /// The new one.
        #[serde(serialize_with = "reveal_some")]
        password: Option<Secret>,
    },
    /// Removes an account.
    AccountRemove {
        /// Which.
        login: String,
    },
    /// All sites.
    SiteList,
    /// Adds a site.
    SiteAdd {
        /// Which.
        site: SiteSpec,
    },
    /// Changes what is said of a site; what is absent stays.
    SiteChange {
        /// Which.
        name: String,
        /// What changes.
        changes: SiteChanges,
    },
    /// Changes a site's password; makes a key when there is none.
    SitePassword {
        /// Whose.
        name: String,
        /// The new one.
        #[serde(serialize_with = "reveal_some")]
        password: Option<Secret>,
    },
    /// Removes a site.
    SiteRemove {
        /// Which.
        name: String,
    },
    /// All relays with their state.
    RelayList,
    /// Adds a relay.
    RelayAdd {
        /// Which.
        relay: RelaySpec,
    },
    /// Changes a relay.
    RelayChange {
        /// Which.
        name: String,
        /// What is to change.
        relay: RelaySpec,
    },
    /// Changes a relay's password: it opens at once, and its mail leaves.
    RelayPassword {
        /// Which.
        name: String,
        /// A new user name, if it changes too.
        login: Option<String>,
        /// The new password.
        #[serde(serialize_with = "reveal")]
        password: Secret,
    },
    /// Goes to a relay without mail and shows the dialogue; opens it on success.
    RelayTest {
        /// Which.
        name: String,
    },
    /// Removes a relay; its mail looks for another.
    RelayRemove {
        /// Which.
        name: String,
    },
    /// All domains that mail is signed for.
    DomainList,
    /// Adds a domain: makes its keys, and says which records to publish.
    DomainAdd {
        /// Which.
        name: Domain,
        /// The selector of its keys; `facteur` when there is none.
        selector: Option<String>,
        /// The owner's name; the default owner when there is none.
        owner: Option<String>,
    },
    /// Looks up whether a domain's records are published.
    DomainCheck {
        /// Which.
        name: Domain,
    },
    /// Has bounces of a domain's mail come back to this server, or with `None` not any more.
    DomainReturnPath {
        /// Which.
        name: Domain,
        /// The domain of the envelope senders; its MX record must point to this server.
        return_path: Option<Domain>,
    },
    /// Tells mail programs where a domain's mail is, or with `None` nothing any more.
    DomainPublish {
        /// Which.
        name: Domain,
        /// What they are told.
        settings: Option<MailSettings>,
    },
    /// Removes a domain and its keys.
    DomainRemove {
        /// Which.
        name: Domain,
    },
    /// All routes.
    RouteList,
    /// Sets, or with no relay removes, a route.
    RouteSet {
        /// For whom.
        scope: RouteFor,
        /// Through which relay; `direct` for none: straight to the hosts of each recipient's domain.
        relay: Option<String>,
    },
    /// All that is configured, by names.
    Export {
        /// Whether passwords and private keys are in it.
        secrets: bool,
    },
    /// Makes the server what is declared: adds and changes, and removes nothing.
    Apply {
        /// What it shall be.
        declaration: Box<Declaration>,
        /// Whether only the differences are told.
        dry_run: bool,
    },
    /// Copies everything into a directory that is new or empty, while mail goes on.
    Backup {
        /// Where to; an absolute path.
        directory: PathBuf,
        /// Whether the key goes with it.
        with_key: bool,
    },
    /// Who waits after too many wrong passwords.
    SlowedList,
    /// Lets them try again at once.
    SlowedLift {
        /// A network, an address or a login; all of them when there is none.
        what: Option<String>,
    },
    /// Seals every secret with a new key.
    KeyChange,
    /// Looks through everything that is stored, while mail goes on.
    Check,
    /// What monitors read.
    Metrics {
        /// Whether the messages that wait are looked at one by one.
        waiting: bool,
    },
    /// Who changed what, newest first.
    AuditList {
        /// Those before this one.
        before: Option<EventId>,
        /// The most of them.
        limit: usize,
    },
    /// All settings.
    SettingList,
    /// Sets, or with no value removes, a setting.
    SettingSet {
        /// Which.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// A page of the queue.
    QueueList {
        /// What is meant.
        filter: QueueFilter,
        /// After this message.
        after: Option<QueueId>,
        /// The most messages.
        limit: usize,
    },
    /// Does something to what the filter means.
    QueueAct {
        /// What.
        act: Act,
        /// To which.
        filter: QueueFilter,
    },
    /// Takes back what was done to recipients of the queue.
    QueueTakeBack {
        /// The number that the act gave.
        number: u64,
    },
    /// The story of a message, by its queue id or its public id.
    Why {
        /// Which.
        id: String,
    },
    /// Finds the mail settings of an address, and tries them.
    Discover {
        /// Whose.
        wish: Wish,
    },
    /// Everybody who has a second factor, an app password or a block.
    ProtectionList,
    /// What guards an account or a site beside its password.
    Protect {
        /// Whom.
        of: Guarded,
        /// What is done about it.
        act: Protect,
    },
    /// How much of what happened.
    Statistics {
        /// What is asked.
        #[serde(flatten)]
        wish: crate::StatisticsWish,
    },
    /// Something about webhooks.
    Webhook {
        /// What.
        #[serde(flatten)]
        act: crate::WebhookAct,
    },
    /// Makes a link that signs an administrator in to the portal, once.
    PortalLink,
    /// Keys with which programs ask.
    ApiKey {
        /// What of them.
        act: KeyAct,
    },
    /// Sends a test message.
    Send {
        /// Which.
        mail: TestMail,
    },
}

impl Operation {
    /// Whether the operation changes nothing.
    pub const fn only_reads(&self) -> bool {
        if let Self::Protect { act, .. } = self {
            return act.only_reads();
        }
        matches!(
            self,
            Self::Status
                | Self::AccountList
                | Self::OwnAccount
                | Self::SiteList
                | Self::RelayList
                | Self::DomainList
                | Self::DomainCheck { .. }
                | Self::RouteList
                | Self::SlowedList
                | Self::AuditList { .. }
                | Self::Metrics { .. }
                | Self::SettingList
                | Self::Export { secrets: false }
                | Self::QueueList { .. }
                | Self::Why { .. }
                | Self::Statistics { .. }
                | Self::ApiKey { act: KeyAct::List { .. } }
                | Self::ProtectionList
        ) || matches!(self, Self::Webhook { act } if act.only_reads())
    }

    /// What a key must be allowed, to ask for it; `None` when no key may.
    pub const fn scope(&self) -> Option<Scope> {
        Some(match self {
            Self::Status => Scope::Status,
            Self::AccountList | Self::SiteList | Self::ProtectionList => Scope::AccountsRead,
            Self::AccountAdd { .. }
            | Self::AccountChange { .. }
            | Self::AccountPassword { .. }
            | Self::AccountRemove { .. }
            | Self::SiteAdd { .. }
            | Self::SiteChange { .. }
            | Self::SitePassword { .. }
            | Self::SiteRemove { .. }
            | Self::Protect { act: Protect::Block { .. } | Protect::Unblock, .. } => Scope::AccountsWrite,
            Self::RelayList | Self::RouteList => Scope::RelaysRead,
            Self::RelayAdd { .. }
            | Self::RelayChange { .. }
            | Self::RelayPassword { .. }
            | Self::RelayTest { .. }
            | Self::RelayRemove { .. }
            | Self::RouteSet { .. } => Scope::RelaysWrite,
            Self::DomainList | Self::DomainCheck { .. } => Scope::DomainsRead,
            Self::DomainAdd { .. }
            | Self::DomainReturnPath { .. }
            | Self::DomainPublish { .. }
            | Self::DomainRemove { .. } => Scope::DomainsWrite,
            Self::QueueList { .. } | Self::Why { .. } => Scope::MessagesRead,
            Self::QueueAct { .. } | Self::QueueTakeBack { .. } => Scope::MessagesWrite,
            Self::Send { .. } => Scope::Send,
            Self::Statistics { .. } => Scope::Statistics,
            Self::Webhook { .. } => Scope::Webhooks,
            Self::Discover { .. } => Scope::Discover,
            Self::AuditList { .. } => Scope::Audit,
            Self::Metrics { .. } => Scope::Metrics,
            // These give away secrets, or what outlives the key.
            Self::Export { .. } | Self::PortalLink | Self::ApiKey { .. } | Self::Backup { .. } => {
                return None;
            }
            _ => Scope::Admin,
        })
    }

    /// Its name, for the audit record.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::AccountList => "account list",
            Self::OwnAccount => "account show",
            Self::AccountAdd { .. } => "account add",
            Self::AccountChange { .. } => "account change",
            Self::AccountPassword { .. } => "account password",
            Self::AccountRemove { .. } => "account remove",
            Self::SiteList => "site list",
            Self::SiteAdd { .. } => "site add",
            Self::SiteChange { .. } => "site change",
            Self::SitePassword { .. } => "site password",
            Self::SiteRemove { .. } => "site remove",
            Self::RelayList => "relay list",
            Self::RelayAdd { .. } => "relay add",
            Self::RelayChange { .. } => "relay change",
            Self::RelayPassword { .. } => "relay password",
            Self::RelayTest { .. } => "relay test",
            Self::RelayRemove { .. } => "relay remove",
            Self::DomainList => "domain list",
            Self::DomainAdd { .. } => "domain add",
            Self::DomainCheck { .. } => "domain check",
            Self::DomainReturnPath { .. } => "domain return-path",
            Self::DomainPublish { .. } => "domain publish",
            Self::DomainRemove { .. } => "domain remove",
            Self::RouteList => "route list",
            Self::RouteSet { .. } => "route set",
            Self::Export { .. } => "export",
            Self::Apply { .. } => "apply",
            Self::Backup { .. } => "backup",
            Self::SlowedList => "sign-in list",
            Self::SlowedLift { .. } => "sign-in lift",
            Self::KeyChange => "secrets rotate",
            Self::Check => "check",
            Self::Metrics { .. } => "metrics",
            Self::AuditList { .. } => "audit list",
            Self::SettingList => "setting list",
            Self::SettingSet { .. } => "setting set",
            Self::QueueList { .. } => "queue list",
            Self::QueueAct { act: Act::Retry, .. } => "queue retry",
            Self::QueueAct { act: Act::Hold, .. } => "queue hold",
            Self::QueueAct { act: Act::Release, .. } => "queue release",
            Self::QueueAct { act: Act::Delete, .. } => "queue delete",
            Self::QueueAct { act: Act::Undo, .. } => "undo",
            Self::QueueAct { act: Act::Fail, .. } => "queue bounce",
            Self::QueueTakeBack { .. } => "queue take-back",
            Self::Why { .. } => "why",
            Self::Discover { .. } => "discover",
            Self::ProtectionList => "protection list",
            Self::Protect { act, .. } => act.name(),
            Self::Statistics { .. } => "statistics",
            Self::Webhook { act } => act.name(),
            Self::PortalLink => "portal link",
            Self::ApiKey { act } => act.name(),
            Self::Send { .. } => "send",
        }
    }
}

impl QueueFilter {
    /// The moment before which a message was accepted to be older than asked.
    pub(crate) fn before(&self, now: Timestamp) -> Option<Timestamp> {
        let secs = self.older_than_secs.map(|secs| i64::try_from(secs).unwrap_or(i64::MAX));
        let by_age = secs.map(|secs| now.plus_secs(secs.saturating_neg()));
        [by_age, self.before].into_iter().flatten().min()
    }
}
