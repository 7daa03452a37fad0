//! The types of the catalogue: a cause, who must act, what is needed.

use crate::catalogue::Catalogue;
use crate::effect::Effect;
use crate::word_enum::word_enum;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

word_enum! {
    /// The family of a cause, for lists.
    Group {
        /// Names, connections, greetings.
        Network = "network",
        /// Encryption and certificates.
        Tls = "tls",
        /// Signing in.
        Auth = "auth",
        /// Access to a mailbox by IMAP or POP3.
        MailboxAccess = "mailbox_access",
        /// The sender's address or account.
        Sender = "sender",
        /// The recipient's address or mailbox.
        Recipient = "recipient",
        /// Quotas and rates.
        Rate = "rate",
        /// Reputation of an address or domain.
        Reputation = "reputation",
        /// HELO, reverse DNS, SPF, DKIM, DMARC.
        Identity = "identity",
        /// The content of the message.
        Content = "content",
        /// Servers, protocol, other transport matters.
        Transport = "transport",
        /// This server's own waits.
        Queue = "queue",
    }
}

word_enum! {
    /// Who must act. It depends on the [`Place`]: a password that our own relay refuses is the
    /// administrator's affair, not the writer's.
    Who {
        /// The person or program that sent the message.
        Sender = "sender",
        /// The recipient, or whoever runs their mail.
        Recipient = "recipient",
        /// The administrator of this server, or the owner of the relay.
        Administrator = "administrator",
        /// The provider of the relay or the mailbox.
        Provider = "provider",
        /// Nobody: it passes by itself.
        Nobody = "nobody",
    }
}

word_enum! {
    /// Where the evidence comes from.
    Place {
        /// A relay of ours answered us.
        Relay = "relay",
        /// The recipient's own server answered us.
        Direct = "direct",
        /// We answered a client of ours.
        Submission = "submission",
        /// A person pasted it: we do not know who spoke to whom.
        Pasted = "pasted",
        /// A server that somebody's mail program would use answered us, when we tried it for them: no mail waits.
        Discovery = "discovery",
    }
}

word_enum! {
    /// How sure the answer is.
    Confidence {
        /// The words (or the typed evidence) mean this and nothing else.
        High = "high",
        /// Probably this; only the reply code may act on it.
        Low = "low",
        /// Not known.
        None = "none",
    }
}

word_enum! {
    /// What is needed, from a closed list that programs can act on.
    Need {
        /// A user of the relay service must finish activating the account.
        ActivateAccount = "activate_account",
        /// Add a relay, or a route to one.
        AddRelay = "add_relay",
        /// Change a security policy.
        AdminPolicy = "admin_policy",
        /// Permit a private address, or correct the host.
        AllowAddress = "allow_address",
        /// Create an API key.
        ApiKey = "api_key",
        /// Create an application password.
        AppPassword = "app_password",
        /// Agree on a sign-in mechanism.
        AuthMechanism = "auth_mechanism",
        /// Declare this server's IP address to the relay.
        AuthorizeIp = "authorize_ip",
        /// Rewrite the message.
        ChangeContent = "change_content",
        /// Repair or update the program that speaks to the server.
        ClientFix = "client_fix",
        /// Write to the provider.
        ContactProvider = "contact_provider",
        /// Reach the recipient, or their administrator, by another way.
        ContactRecipient = "contact_recipient",
        /// Ask a blocklist or a provider to remove an address.
        Delist = "delist",
        /// Sign with DKIM.
        Dkim = "dkim",
        /// Align SPF or DKIM with the From domain.
        Dmarc = "dmarc",
        /// Sign in.
        EnableAuth = "enable_auth",
        /// Switch IMAP on.
        EnableImap = "enable_imap",
        /// Switch POP on.
        EnablePop = "enable_pop",
        /// Switch authenticated SMTP on.
        EnableSmtpAuth = "enable_smtp_auth",
        /// Correct the recipient's address.
        FixAddress = "fix_address",
        /// Install or trust a certificate.
        FixCertificate = "fix_certificate",
        /// Set the clock.
        FixClock = "fix_clock",
        /// End a forwarding loop.
        FixForwarding = "fix_forwarding",
        /// Correct how the message is built.
        FixMessage = "fix_message",
        /// Open the relay again: its own cause says how.
        FixRelay = "fix_relay",
        /// Make room in a mailbox.
        FreeSpace = "free_space",
        /// Send from an address that the account owns.
        FromAddress = "from_address",
        /// Announce a proper host name.
        Helo = "helo",
        /// Correct the server's name.
        HostChange = "host_change",
        /// Repair delivery on a machine.
        LocalFix = "local_fix",
        /// Correct an MX record.
        MxConfig = "mx_config",
        /// Repair the network.
        Network = "network",
        /// Connect with OAuth2.
        OAuth2 = "oauth2",
        /// Use another port.
        PortChange = "port_change",
        /// Publish reverse DNS.
        Rdns = "rdns",
        /// The receiver must repair its own configuration.
        ReceiverConfig = "receiver_config",
        /// Make the message smaller.
        ReduceSize = "reduce_size",
        /// Let a held message go.
        Release = "release",
        /// Take an attachment out.
        RemoveAttachment = "remove_attachment",
        /// Renew a certificate.
        RenewCertificate = "renew_certificate",
        /// Restore data from a backup.
        RestoreData = "restore_data",
        /// Publish the sender's domain in the DNS.
        SenderDomainDns = "sender_domain_dns",
        /// Send less, or more slowly.
        SlowDown = "slow_down",
        /// Publish SPF.
        Spf = "spf",
        /// Send to fewer recipients at once.
        SplitRecipients = "split_recipients",
        /// Take an address off a suppression list.
        SuppressionList = "suppression_list",
        /// Use the TLS mode of the port.
        TlsModeChange = "tls_mode_change",
        /// Update TLS on the older side.
        TlsUpgrade = "tls_upgrade",
        /// Send through a relay.
        UseRelay = "use_relay",
        /// Check the user name and the password.
        UsernameForm = "username_form",
        /// Verify a sender address or domain with the relay service.
        VerifySender = "verify_sender",
        /// Wait.
        Wait = "wait",
        /// Sign in once with a browser.
        WebLogin = "web_login",
        /// Look at the raw text: nothing is known.
        ReadText = "read_text",
    }
}

/// A text that names no cause of this catalogue.
/// Usual cause: a row written by a newer version, or a typing mistake on the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a cause of this catalogue")]
pub struct UnknownCause(pub String);

/// The stable id of a cause. Ids are never renamed and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseId(&'static str);

macro_rules! named_causes {
    ($($(#[$meta:meta])* $name:ident = $id:literal,)+) => {
        impl CauseId {
            $($(#[$meta])* pub const $name: Self = Self($id);)+

            /// The causes that the program itself names; a test holds them to the catalogue.
            pub const NAMED: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

named_causes! {
    /// Nothing fits.
    UNKNOWN = "unknown",
    /// No relay is configured for the message.
    NO_ROUTE = "no_route",
    /// The relay of the message is closed.
    RELAY_CLOSED = "relay_closed",
    /// The message has just been accepted.
    WAITING_FIRST_ATTEMPT = "waiting_first_attempt",
    /// The message leaves at a time that the sender chose.
    SCHEDULED = "scheduled",
    /// A person holds the message.
    HELD = "held",
    /// A limit of our own is reached, and the message waits for its turn.
    WAITING_FOR_LIMIT = "waiting_for_limit",
    /// The destination asked to be sent to more slowly.
    DESTINATION_SLOWED = "destination_slowed",
    /// Sending was stopped by itself, for abuse.
    FROZEN = "frozen",
    /// The sender is blocked on this server.
    BLOCKED = "blocked",
    /// The server wants to see the message once more, later.
    GREYLISTED = "greylisted",
    /// There is no such mailbox.
    RECIPIENT_UNKNOWN = "recipient_unknown",
    /// The mailbox exists, and is closed.
    RECIPIENT_DISABLED = "recipient_disabled",
    /// A recipient reported a message as unwanted.
    COMPLAINT = "complaint",
    /// The message was delivered.
    DELIVERED = "delivered",
    /// The message is late, and is still tried.
    DELIVERY_DELAYED = "delivery_delayed",
    /// All addresses of the server's name are ones that this program does not connect to.
    ADDRESS_FORBIDDEN = "address_forbidden",
    /// A person gave it up.
    GIVEN_UP = "given_up",
    /// The message's bytes cannot be read back.
    BODY_UNREADABLE = "body_unreadable",
    /// The server does not take internationalised addresses.
    SMTPUTF8_UNSUPPORTED = "smtputf8_unsupported",
    /// The server does not take 8-bit content, and the message must not be encoded.
    EIGHT_BIT_UNSUPPORTED = "eight_bit_unsupported",
    /// The message waited too long.
    MESSAGE_EXPIRED = "message_expired",
    /// The message is larger than the server takes.
    MESSAGE_TOO_BIG = "message_too_big",
    /// The server's name does not exist.
    DNS_SERVER_NAME_UNKNOWN = "dns_server_name_unknown",
    /// The recipient's domain does not exist.
    RECIPIENT_DOMAIN_UNKNOWN = "recipient_domain_unknown",
    /// The recipient's domain takes no mail, and says so.
    NULL_MX = "null_mx",
    /// The recipient's domain has no host that takes mail.
    RECIPIENT_DOMAIN_NO_MX = "recipient_domain_no_mx",
    /// The recipient's domain sends its mail to this very server.
    MX_POINTS_TO_SELF = "mx_points_to_self",
    /// The DNS did not answer.
    DNS_TEMPORARY = "dns_temporary",
    /// Nothing answered.
    CONNECT_TIMEOUT = "connect_timeout",
    /// The connection was refused.
    CONNECT_REFUSED = "connect_refused",
    /// There is no way to the server.
    NETWORK_UNREACHABLE = "network_unreachable",
    /// The server cut the connection.
    CONNECTION_DROPPED = "connection_dropped",
    /// The server fell silent in the middle of the exchange.
    CONVERSATION_TIMEOUT = "conversation_timeout",
    /// The server never greeted.
    GREETING_TIMEOUT = "greeting_timeout",
    /// The server takes no mail at the moment.
    SERVER_UNAVAILABLE = "server_unavailable",
    /// TLS on a port without it, or the reverse.
    TLS_MODE_MISMATCH = "tls_mode_mismatch",
    /// The certificate has expired.
    TLS_CERT_EXPIRED = "tls_cert_expired",
    /// The certificate is not valid yet.
    TLS_CERT_NOT_YET_VALID = "tls_cert_not_yet_valid",
    /// Nobody known signed the certificate.
    TLS_CERT_UNTRUSTED = "tls_cert_untrusted",
    /// The certificate is for another name.
    TLS_CERT_NAME_MISMATCH = "tls_cert_name_mismatch",
    /// No TLS version in common.
    TLS_VERSION_UNSUPPORTED = "tls_version_unsupported",
    /// TLS failed in a way that has no name of its own.
    TLS_FAILED = "tls_failed",
    /// Words in clear stood where TLS was to begin.
    TLS_RESPONSE_INJECTED = "tls_response_injected",
    /// The server does not offer STARTTLS.
    STARTTLS_UNAVAILABLE = "starttls_unavailable",
    /// No sign-in mechanism in common.
    AUTH_MECHANISM_UNAVAILABLE = "auth_mechanism_unavailable",
    /// User name or password refused.
    AUTH_BAD_CREDENTIALS = "auth_bad_credentials",
    /// The provider wants a password made for programs.
    AUTH_APP_PASSWORD_REQUIRED = "auth_app_password_required",
    /// The provider takes no passwords from programs.
    AUTH_BASIC_DISABLED = "auth_basic_disabled",
    /// Sign-in does not work at the moment.
    AUTH_TEMPORARY_FAILURE = "auth_temporary_failure",
    /// The sign-in was refused for a reason that is not known.
    AUTH_REQUIRED = "auth_required",
    /// The peer does not speak SMTP.
    PROTOCOL_ERROR = "protocol_error",
    /// The message breaks the rules of its format.
    MESSAGE_MALFORMED = "message_malformed",
    /// Refused without a reason.
    REJECTED_UNSPECIFIED = "rejected_unspecified",
    /// The provider blocks the sending server.
    IP_BLOCKED_BY_PROVIDER = "ip_blocked_by_provider",
    /// The content was taken for spam.
    SPAM_CONTENT = "spam_content",
    /// The mailbox server did not understand a command.
    IMAP_COMMAND_ERROR = "imap_command_error",
    /// The interface of a sending service refused.
    ESP_API_REFUSED = "esp_api_refused",
}

impl CauseId {
    /// The text of the id.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The id with this text, if the catalogue has it.
    pub fn lookup(text: &str) -> Option<Self> {
        Catalogue::built_in().find(text).map(|cause| cause.id)
    }

    /// The id with this text, else [`CauseId::UNKNOWN`]: for rows that a newer version may have written.
    pub fn lookup_or_unknown(text: &str) -> Self {
        Self::lookup(text).unwrap_or(Self::UNKNOWN)
    }

    pub(crate) const fn interned(text: &'static str) -> Self {
        Self(text)
    }
}

impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl FromStr for CauseId {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Self, UnknownCause> {
        Self::lookup(text).ok_or_else(|| UnknownCause(text.to_owned()))
    }
}

impl Serialize for CauseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for CauseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What other schemes call a cause; for export, never for deciding.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The nearest enhanced code of IANA's registry, class 4 or 5 written as it is usually seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iana: Option<String>,
    /// Sisimai's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sisimai: Option<String>,
    /// KumoMTA's bounce class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kumomta: Option<String>,
}

/// One cause of the catalogue: one remedy and one person to act.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Its stable id.
    pub id: CauseId,
    /// Its family.
    pub group: Group,
    /// Whether the same message may pass later without any change.
    pub may_pass_later: bool,
    /// What is needed.
    pub need: Need,
    /// The effects that it proposes, the best first; see [`Effect`] for the policy.
    pub proposals: Vec<Effect>,
    /// Its names in other schemes.
    pub export: Export,
    pub(crate) who: Who,
    pub(crate) who_at: Vec<(Place, Who)>,
    pub(crate) wording: crate::catalogue::Wording,
}

impl Cause {
    /// Who must act when the evidence comes from `place`.
    pub fn who(&self, place: Place) -> Who {
        self.who_at.iter().find(|(at, _)| *at == place).map_or(self.who, |(_, who)| *who)
    }
}
