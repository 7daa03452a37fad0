//! Questions and answers as data.

use crate::Name;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is asked about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Hosts that take mail (RFC 5321 §5.1).
    Mx,
    /// The servers of a zone.
    Ns,
    /// Texts: SPF, DKIM keys, DMARC.
    Txt,
    /// Servers of a service (RFC 2782).
    Srv,
    /// The name of an address.
    Ptr,
    /// Certificates bound to a name (RFC 6698).
    Tlsa,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::A, Self::Aaaa, Self::Mx, Self::Ns, Self::Txt, Self::Srv, Self::Ptr, Self::Tlsa];

    /// The name of the type as zones write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Txt => "TXT",
            Self::Srv => "SRV",
            Self::Ptr => "PTR",
            Self::Tlsa => "TLSA",
        }
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// About which name.
    pub name: Name,
    /// What.
    pub kind: Kind,
}

impl Question {
    /// A question about a name.
    pub const fn new(name: Name, kind: Kind) -> Self {
        Self { name, kind }
    }

    /// The question whose answer must be yes before a no is believed: some resolvers that have lost their way to the
    /// Internet, and some that know only a company's own names, say no to everything, and a day of mail would bounce.
    /// Not the root, which a resolver may know by itself; a large top level domain is never gone.
    pub fn control() -> Self {
        Self::new(Name::answered("com"), Kind::Ns)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind.as_str())
    }
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A host that takes mail.
    Mx {
        /// Lower is tried first.
        preference: u16,
        /// The host.
        exchange: Name,
    },
    /// A server of the zone.
    Ns(Name),
    /// A text: the strings of one record, joined.
    Txt(Vec<u8>),
    /// A server of a service.
    Srv {
        /// Lower is tried first.
        priority: u16,
        /// The share among equals.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: Name,
    },
    /// The name of an address.
    Ptr(Name),
    /// A certificate association.
    Tlsa {
        /// How it is to be used.
        usage: u8,
        /// Of what.
        selector: u8,
        /// How it is matched.
        matching: u8,
        /// The certificate, key or hash.
        data: Vec<u8>,
    },
}

impl Record {
    /// What the record is an answer to.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::A(_) => Kind::A,
            Self::Aaaa(_) => Kind::Aaaa,
            Self::Mx { .. } => Kind::Mx,
            Self::Ns(_) => Kind::Ns,
            Self::Txt(_) => Kind::Txt,
            Self::Srv { .. } => Kind::Srv,
            Self::Ptr(_) => Kind::Ptr,
            Self::Tlsa { .. } => Kind::Tlsa,
        }
    }

    /// The address, if the record is one.
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(ip) => Some(IpAddr::V4(*ip)),
            Self::Aaaa(ip) => Some(IpAddr::V6(*ip)),
            _ => None,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The records, in the order in which they came; at most [`Found::MAX_RECORDS`].
    pub records: Vec<Record>,
    /// The names that the question was passed on to by CNAME, in order; the last one has the records.
    pub aliases: Vec<Name>,
    /// How long the answer may be kept, in seconds.
    pub ttl_secs: u32,
}

impl Found {
    /// The most records that are kept of an answer: more is a mistake or an attack.
    pub const MAX_RECORDS: usize = 200;
}

/// Why a question was not answered. Every one of them may pass: nothing is known about the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// No server answered in time.
    TimedOut,
    /// The server could not find out (SERVFAIL): the domain's servers are down, or its DNSSEC is broken.
    ServerFailed,
    /// The server does not answer us (REFUSED).
    Refused,
    /// What came was no answer to the question.
    Malformed,
    /// The aliases go round in a circle, or on for too long.
    AliasLoop,
    /// The resolver says no to everything, so its no is not believed.
    NotBelieved,
    /// Any other trouble between us and the resolver.
    Other,
}

impl Failure {
    /// The word for logs and dialogues.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "no answer in time",
            Self::ServerFailed => "the name servers failed",
            Self::Refused => "the name server refused to answer",
            Self::Malformed => "the answer makes no sense",
            Self::AliasLoop => "the aliases have no end",
            Self::NotBelieved => "the resolver says no to everything",
            Self::Other => "the resolver cannot be asked",
        }
    }
}

/// What came back for a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Records.
    Found(Found),
    /// The name exists, and has no such record.
    NoData,
    /// The name does not exist (NXDOMAIN).
    NameUnknown,
    /// No answer.
    Failed(Failure),
}

impl Answer {
    /// The records; none when there are none for whatever reason.
    pub fn records(&self) -> &[Record] {
        if let Self::Found(found) = self { &found.records } else { &[] }
    }

    /// The failure, if it is one.
    pub const fn failure(&self) -> Option<Failure> {
        if let Self::Failed(failure) = self { Some(*failure) } else { None }
    }
}
