//! Why no host can be tried, and why single hosts were left out.

use crate::{Failure, Name, Question};
use std::fmt;
use std::net::IpAddr;

/// Why a domain has no host that mail could be brought to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The domain does not exist.
    /// Usual cause: a typing mistake, or a domain that was given up.
    #[error("the domain does not exist")]
    DomainUnknown,
    /// The domain says that it takes no mail (RFC 7505).
    /// Usual cause: the domain is for web pages only.
    #[error("the domain takes no mail (null MX)")]
    NullMx,
    /// The domain exists, but names no mail server and has no address of its own (RFC 5321 §5.1).
    /// Usual cause: the domain's DNS was never set up for mail.
    #[error("the domain has no mail server and no address")]
    NoAddress,
    /// The domain names mail servers, and none of them is a host that exists.
    /// Usual cause: a mistake in the domain's MX records; an IP address is often written there.
    #[error("no mail server of the domain exists")]
    NoHost,
    /// All mail servers of the domain have addresses that mail is not brought to: private, loopback, reserved.
    /// Usual cause: an internal name in public DNS, or a way to refuse mail.
    #[error("the domain's mail server has the address {address}, which is not public")]
    Forbidden {
        /// The first such address.
        address: IpAddr,
    },
    /// The domain's best mail server is this one, which does not know the domain (RFC 5321 §5.1).
    /// Usual cause: the domain's MX leads here, and nobody told this server about the domain.
    #[error("the domain's mail server is this one")]
    PointsToSelf,
    /// A question was not answered, and without it nothing is known.
    /// Usual cause: the domain's name servers, or ours, are down or out of reach.
    #[error("{question}: {}", failure.as_str())]
    Unanswered {
        /// The question.
        question: Question,
        /// Why.
        failure: Failure,
    },
}

impl Fault {
    /// Whether waiting may help. What the DNS says clearly is final; what it does not say is not.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unanswered { .. })
    }

    /// Whether a resolver that is out of order would give the same fault for every domain: one that says no to
    /// everything, or one that answers every name with an address of its own network, as those of hotels do before
    /// somebody signs in. One control question must confirm it.
    pub(crate) const fn may_be_the_resolvers(&self) -> bool {
        matches!(self, Self::DomainUnknown | Self::NoAddress | Self::NoHost | Self::Forbidden { .. })
    }
}

/// Why one host is not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// It is no name of a host, such as an IP address where a name belongs (RFC 5321 §5.1, RFC 1035 §3.3.9).
    NotAHost,
    /// It is this machine, whoever asks: `localhost`.
    Localhost,
    /// It does not exist.
    Unknown,
    /// It has no address.
    NoAddress,
    /// Its address could not be looked up.
    Unanswered(Failure),
    /// It has an address that mail is not brought to.
    Forbidden(IpAddr),
    /// It is this server.
    Ourselves,
    /// It is not preferred over this server, and would bring the mail back (RFC 5321 §5.1).
    NotBetterThanUs,
    /// There are more hosts than are tried.
    BeyondLimit,
}

/// A host that is not tried, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The host.
    pub host: Name,
    /// Why it is not tried.
    pub unfit: Unfit,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.unfit {
            Unfit::NotAHost => write!(f, "{host} is not the name of a host"),
            Unfit::Localhost => write!(f, "{host} is whoever asks"),
            Unfit::Unknown => write!(f, "{host} does not exist"),
            Unfit::NoAddress => write!(f, "{host} has no address"),
            Unfit::Unanswered(failure) => write!(f, "{host} cannot be looked up: {}", failure.as_str()),
            Unfit::Forbidden(address) => write!(f, "{host} has the address {address}, which is not public"),
            Unfit::Ourselves => write!(f, "{host} is this server"),
            Unfit::NotBetterThanUs => write!(f, "{host} is not preferred over this server"),
            Unfit::BeyondLimit => write!(f, "{host} is one host too many"),
        }
    }
}
