//! What is answered: data, worded by whoever shows it.

use crate::{
    BackupReport, CheckReport, Declaration, Difference, KeyReport, KeyView, Metrics, Neighbours, NewKey,
    NewSecondFactor, ProtectionView, SessionView, SlowedView, StatisticsReport, WebhookView,
};
use discover::Discovery;
use mail::{
    ClosureId, Dialogue, Domain, EventId, Evidence, Language, LineEndings, QueueId, RelayId, Timestamp,
};
use queue::Acted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{
    AccountRole, AuditEntry, MailSettings, MessageRow, Network, Post, RelayTls, SenderMode, SenderRule,
    StoreError, Story, Totals,
};

/// An account, without its password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its login.
    pub login: String,
    /// What it may send with.
    pub senders: Vec<SenderRule>,
    /// The language of what it is told.
    pub language: Language,
    /// The seconds before its mail leaves, in which it can be taken back.
    pub undo_secs: u32,
    /// What it may do in the portal.
    pub role: AccountRole,
    /// Its owner's name.
    pub owner: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A site, without its password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteView {
    /// Its name.
    pub name: String,
    /// The networks from which it needs no login.
    pub networks: Vec<Network>,
    /// The local users whose programs it is.
    pub uids: Vec<u32>,
    /// What it may send with.
    pub senders: Vec<SenderRule>,
    /// What is done with its line ends that are none.
    pub line_endings: LineEndings,
    /// Its owner's name.
    pub owner: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A closure of a relay, or of one sender on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosureView {
    /// Its id.
    pub id: ClosureId,
    /// The relay's name.
    pub relay: String,
    /// The login of the account whose alone the relay is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The preset that the relay was made from, which names the provider.
    pub preset: Option<String>,
    /// The one sender that is stopped; `None` stops the relay.
    pub sender: Option<String>,
    /// The cause.
    pub cause: String,
    /// What was seen.
    pub evidence: Evidence,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub reopen_at: Timestamp,
    /// Whether someone must act; otherwise it is out of reach and will be back by itself.
    pub alarm: bool,
    /// What the other relays tell about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
}

/// Whether a relay carries mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayState {
    /// It does.
    Open,
    /// It is out of reach, and is tried again soon.
    OutOfReach,
    /// It is closed: someone must act.
    Closed,
}

/// A relay, without its password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelayView {
    /// Its id.
    pub id: RelayId,
    /// Its name.
    pub name: String,
    /// The preset that it was made from.
    pub preset: Option<String>,
    /// The server.
    pub host: String,
    /// The port; `None` tries 587, 465 and 2525.
    pub port: Option<u16>,
    /// How TLS is done.
    pub tls: RelayTls,
    /// Whether certificates are not verified.
    pub insecure: bool,
    /// The user name, when it wants a sign-in.
    pub login: Option<String>,
    /// With which sender it gets mail.
    pub sender: SenderMode,
    /// The most connections at once.
    pub max_connections: u16,
    /// The most recipients of one transaction.
    pub max_recipients: u16,
    /// Its owner's name.
    pub owner: String,
    /// The login of the account whose alone it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Whether the account's mail takes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_used: bool,
    /// Whether it carries mail.
    pub state: RelayState,
    /// Its closures: of itself first, then of senders.
    pub closures: Vec<ClosureView>,
    /// How many different messages it refused one after the other for their content, when that is so many that it
    /// cannot be their content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuses_all: Option<usize>,
}

/// A route, by names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteView {
    /// For whom: `site:NAME`, `account:LOGIN`, `domain:NAME`, `owner:NAME`, `default`.
    pub scope: String,
    /// Through which relay; `direct` for none.
    pub relay: String,
}

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordPurpose {
    /// The key of the signature that every server knows.
    DkimRsa,
    /// The key of the shorter signature.
    DkimEd25519,
    /// Who may send for the domain.
    Spf,
    /// What others do with mail that is neither.
    Dmarc,
    /// Where bounces go.
    ReturnPathMx,
    /// Who may send with the senders that bounces come back to.
    ReturnPathSpf,
    /// By which mail programs find a server.
    MailServer,
    /// Where mail programs find documents with the settings.
    MailDocuments,
}

/// What the DNS says of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Published {
    /// It is there.
    Yes,
    /// It is not there.
    No,
    /// Another is in its place.
    Otherwise {
        /// What is there.
        text: String,
    },
    /// The DNS did not answer.
    Unanswered,
}

/// A record to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// What it is for.
    pub purpose: RecordPurpose,
    /// `TXT`, `MX`, `SRV`, `CNAME`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its value, as web forms of DNS hosts take it.
    pub value: String,
    /// The same as a line of a zone file.
    pub zone: String,
    /// What the DNS says; `None` when it was not asked.
    pub published: Option<Published>,
}

/// A domain that mail is signed for, without its private keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DomainView {
    /// Its name.
    pub name: Domain,
    /// Its owner's name.
    pub owner: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The domain that bounces come back to.
    pub return_path: Option<Domain>,
    /// What it tells mail programs.
    pub settings: Option<MailSettings>,
    /// The records to publish.
    pub records: Vec<RecordView>,
}

/// A port that the server listens on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Address and port.
    pub address: String,
    /// `starttls`, `implicit_tls`, `plain`.
    pub kind: String,
    /// The port that was asked for and could not be had.
    pub instead_of: Option<u16>,
}

/// Why no mail is taken at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreTrouble {
    /// The disk is full.
    Full {
        /// What is free.
        free_bytes: u64,
    },
    /// The disk failed to sync: nothing is written until the server starts again.
    ReadOnly {
        /// The system's words.
        detail: String,
    },
}

impl StoreTrouble {
    /// What stands against taking mail, when it is one of these.
    pub(crate) fn of(error: StoreError) -> Option<Self> {
        match error {
            StoreError::Full { free_bytes } => Some(Self::Full { free_bytes }),
            StoreError::ReadOnly { detail } => Some(Self::ReadOnly { detail }),
            _ => None,
        }
    }
}

/// How the server is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The program's version.
    pub version: String,
    /// Its host name.
    pub host_name: String,
    /// Its process id; `None` when it is stopped.
    pub pid: Option<u32>,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// What the queue holds.
    pub totals: Totals,
    /// The relays.
    pub relays: Vec<RelayView>,
    /// How many accounts there are.
    pub accounts: usize,
    /// How many sites there are.
    pub sites: usize,
    /// Whether there is a relay that any mail may take.
    pub has_route: bool,
    /// When the certificate that it shows ends; `None` when it is stopped.
    #[serde(default)]
    pub certificate_ends: Option<Timestamp>,
    /// Who waits after too many wrong passwords.
    #[serde(default)]
    pub slowed: Vec<SlowedView>,
    /// Why no mail is taken at the moment; `None` when it is.
    #[serde(default)]
    pub trouble: Option<StoreTrouble>,
}

/// A password or key that was made, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPassword {
    /// Whose.
    pub login: String,
    /// The password; `None` when the caller gave it.
    pub password: Option<String>,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPassword").field("login", &self.login).finish_non_exhaustive()
    }
}

/// A page of the queue, with what its rows refer to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct QueuePage {
    /// The messages, by age.
    pub rows: Vec<MessageRow>,
    /// The closures that they wait for.
    pub closures: BTreeMap<ClosureId, ClosureView>,
    /// The names of the relays.
    pub relays: BTreeMap<RelayId, String>,
    /// The last message of the page, when there may be more.
    pub next: Option<QueueId>,
}

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// When.
    pub at: Timestamp,
    /// Who, what and on what.
    pub entry: AuditEntry,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Done; nothing to say.
    Done,
    /// How the server is.
    Status {
        /// The report.
        report: Box<StatusReport>,
    },
    /// Accounts.
    Accounts {
        /// All of them.
        accounts: Vec<AccountView>,
    },
    /// Sites.
    Sites {
        /// All of them.
        sites: Vec<SiteView>,
    },
    /// A password was set or made.
    Password {
        /// It.
        made: NewPassword,
    },
    /// Relays.
    Relays {
        /// All of them.
        relays: Vec<RelayView>,
    },
    /// A relay was added or changed.
    Relay {
        /// It, as it is now.
        relay: Box<RelayView>,
    },
    /// A relay was tested.
    Tested {
        /// Its name.
        relay: String,
        /// Its preset, which names the provider.
        preset: Option<String>,
        /// Why it failed; `None` when it works.
        evidence: Option<Evidence>,
        /// The dialogue.
        dialogue: Dialogue,
        /// What the other relays tell, when it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        neighbours: Option<Neighbours>,
    },
    /// Domains.
    Domains {
        /// All of them.
        domains: Vec<DomainView>,
    },
    /// A domain was added, changed or looked up.
    Domain {
        /// It, as it is now.
        domain: Box<DomainView>,
    },
    /// Routes.
    Routes {
        /// All of them.
        routes: Vec<RouteView>,
    },
    /// All that is configured.
    Exported {
        /// It.
        declaration: Box<Declaration>,
    },
    /// A declaration was applied, or would be.
    Applied {
        /// What differed.
        differences: Vec<Difference>,
        /// The passwords that were made.
        made: Vec<NewPassword>,
        /// Whether nothing was done.
        dry_run: bool,
    },
    /// A backup was taken.
    BackedUp {
        /// What it holds.
        report: BackupReport,
    },
    /// Who waits after too many wrong passwords.
    Slowed {
        /// All of them.
        slowed: Vec<SlowedView>,
    },
    /// Some of them wait no more.
    Lifted {
        /// How many.
        count: usize,
    },
    /// Every secret is sealed with a new key.
    KeyChanged {
        /// Which, and how many.
        report: KeyReport,
    },
    /// What is stored was looked through.
    Checked {
        /// What was found.
        report: CheckReport,
    },
    /// Who changed what, newest first.
    Audits {
        /// The entries.
        entries: Vec<AuditLine>,
        /// Before which more may be found.
        next: Option<EventId>,
    },
    /// What monitors read.
    Metrics {
        /// It.
        metrics: Box<Metrics>,
    },
    /// Settings.
    Settings {
        /// All that are set.
        settings: BTreeMap<String, String>,
    },
    /// A page of the queue.
    Queue {
        /// The page.
        page: Box<QueuePage>,
    },
    /// What came of an act.
    Acted {
        /// How many.
        acted: Acted,
        /// The number under which it can be taken back within the hour, as long as the server runs; `None` when it cannot.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<u64>,
    },
    /// The story of a message.
    Story {
        /// The story.
        story: Box<Story>,
        /// The closures that it waits for.
        closures: BTreeMap<ClosureId, ClosureView>,
        /// The names of the relays.
        relays: BTreeMap<RelayId, String>,
        /// The relays that refused it for its content, as they refuse every other message, and how many they refused.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        refusing_all: BTreeMap<RelayId, usize>,
    },
    /// What was found of an address.
    Discovered {
        /// It.
        discovery: Box<Discovery>,
    },
    /// What guards an account or a site.
    Protection {
        /// It, without secrets.
        view: Box<ProtectionView>,
    },
    /// What guards everybody who has something.
    Protections {
        /// All of them.
        all: Vec<ProtectionView>,
    },
    /// A second factor was begun.
    SecondFactor {
        /// What its device is told.
        made: NewSecondFactor,
    },
    /// A device is asked for a passkey.
    PasskeyAsked {
        /// What the browser is told (`PublicKeyCredentialCreationOptionsJSON`).
        options: String,
    },
    /// A second factor is asked for from now on.
    RecoveryCodes {
        /// The codes for the day on which the device is gone, shown once; none when there was a second factor before.
        codes: Vec<String>,
    },
    /// Who is signed in to the portal.
    Sessions {
        /// All of them.
        sessions: Vec<SessionView>,
    },
    /// A link that signs an administrator in to the portal, once.
    PortalLink {
        /// Its code.
        code: String,
        /// The server's name.
        host_name: String,
        /// The ports of the portal.
        ports: Vec<u16>,
        /// For how many minutes it is good.
        minutes: i64,
    },
    /// Keys of programs.
    Keys {
        /// All that were meant.
        keys: Vec<KeyView>,
    },
    /// A key was made.
    KeyMade {
        /// It.
        made: Box<NewKey>,
    },
    /// How much of what happened.
    Statistics {
        /// The report.
        report: Box<StatisticsReport>,
    },
    /// Webhooks.
    Webhooks {
        /// All of them.
        webhooks: Vec<WebhookView>,
    },
    /// A webhook, as it is now.
    Webhook {
        /// It.
        webhook: Box<WebhookView>,
        /// Its secret, when it was made a moment ago: the one time that it is shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<NewPassword>,
    },
    /// A made-up event was posted to a webhook.
    WebhookTested {
        /// Its name.
        name: String,
        /// What came of it.
        post: Post,
    },
    /// A test message was accepted.
    Accepted {
        /// Its queue id.
        id: QueueId,
    },
}
