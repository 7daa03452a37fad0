//! A server as a source describes it, before anyone has tried it.

use mail::Address;
use serde::{Deserialize, Serialize};

/// How mail is fetched or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Reading mail that stays on the server (RFC 9051).
    Imap,
    /// Fetching mail (RFC 1939).
    Pop3,
    /// Sending mail: submission (RFC 6409).
    Smtp,
}

impl Protocol {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Imap, Self::Pop3, Self::Smtp];

    /// The name that programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Smtp => "smtp",
        }
    }

    /// The name that people use.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Smtp => "SMTP",
        }
    }

    /// The port for TLS from the first byte (RFC 8314 §3).
    pub const fn tls_port(self) -> u16 {
        match self {
            Self::Imap => 993,
            Self::Pop3 => 995,
            Self::Smtp => 465,
        }
    }

    /// The port at which TLS begins by a command.
    pub const fn starttls_port(self) -> u16 {
        match self {
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Smtp => 587,
        }
    }
}

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// By STARTTLS or STLS.
    Starttls,
    /// Not at all: kept as a fact, never proposed.
    None,
}

impl Tls {
    /// The name that programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::Starttls => "starttls",
            Self::None => "none",
        }
    }
}

/// Which part of the address the user name is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserForm {
    /// The whole address.
    Full,
    /// The part before the `@`.
    Local,
    /// The part before the `@`, a dot, and the domain.
    Dotted,
    /// The same for everybody, or as a source that knows the account says.
    Given(String),
}

impl UserForm {
    /// The most bytes of a user name that a source may give.
    pub const MAX_BYTES: usize = 256;

    /// The user name for an address.
    pub fn of(&self, address: &Address) -> String {
        match self {
            Self::Full => address.to_ascii_domain(),
            Self::Local => address.local().to_owned(),
            Self::Dotted => format!("{}.{}", address.local(), address.domain().as_ascii()),
            Self::Given(name) => name.clone(),
        }
    }

    /// The form that stands behind a user name with the placeholders of autoconfig 1.1; `None` when it has others.
    pub fn of_placeholders(text: &str) -> Option<Self> {
        match text.trim() {
            "%EMAILADDRESS%" | "%EMAILLOCALPART%@%EMAILDOMAIN%" => Some(Self::Full),
            "%EMAILLOCALPART%" => Some(Self::Local),
            "%EMAILLOCALPART%.%EMAILDOMAIN%" => Some(Self::Dotted),
            other => {
                let fine = !other.is_empty() && other.len() <= Self::MAX_BYTES && !other.contains('%');
                (fine && !other.contains(char::is_control)).then(|| Self::Given(other.to_owned()))
            }
        }
    }
}

/// How one signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignIn {
    /// With a password, under TLS.
    Password,
    /// With a password that the mechanism itself hides (CRAM-MD5, SCRAM).
    Encrypted,
    /// With OAuth2 (RFC 7628).
    OAuth2,
    /// Not at all: by the network.
    None,
}

impl SignIn {
    /// The name that programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Encrypted => "encrypted",
            Self::OAuth2 => "oauth2",
            Self::None => "none",
        }
    }
}

/// A server as a source describes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Server {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its name: an A-label in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How TLS begins.
    pub tls: Tls,
    /// The user name, when the source says.
    pub user: Option<UserForm>,
    /// How to sign in, the best first; empty when the source does not say.
    pub sign_in: Vec<SignIn>,
}

impl Server {
    /// A server of which nothing is known but where it is.
    pub fn at(protocol: Protocol, host: &str, port: u16, tls: Tls) -> Self {
        Self { protocol, host: host.to_owned(), port, tls, user: None, sign_in: Vec::new() }
    }

    /// The server for a domain, where a provider has one host for each of its domains.
    pub(crate) fn of_domain(&self, domain: &str) -> Self {
        Self { host: self.host.replace("{domain}", domain), ..self.clone() }
    }

    /// Whether it is the same server at the same door, whatever is said of signing in.
    pub fn same_door(&self, other: &Self) -> bool {
        (self.protocol, &self.host, self.port, self.tls)
            == (other.protocol, &other.host, other.port, other.tls)
    }

    /// How good the door is among those of one source, the best first. For sending: 587, then 465, then 2525, in the
    /// order in which networks let them through; for reading: TLS from the first byte (RFC 8314 §3).
    pub(crate) const fn rank(&self) -> u8 {
        match (self.protocol, self.port, self.tls) {
            (_, _, Tls::None) => 9,
            (Protocol::Smtp, 587, _) => 0,
            (Protocol::Smtp, 465, _) => 1,
            (Protocol::Smtp, 2525, _) => 2,
            (Protocol::Smtp, _, _) => 3,
            (_, _, Tls::Implicit) => 0,
            (_, _, Tls::Starttls) => 1,
        }
    }
}
