//! Names as the DNS compares them.

use mail::{AddressError, Domain};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A domain name as the DNS compares it: A-labels in lower case, without the final dot. The root is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Name(Box<str>);

impl Name {
    /// The root, which a null MX names (RFC 7505 §3).
    pub fn root() -> Self {
        Self::default()
    }

    /// A name out of an answer. Strangers may put anything there, and it is kept, to be shown: whether it can be a
    /// host is asked of [`Name::is_host`].
    pub fn answered(text: &str) -> Self {
        let text = text.strip_suffix('.').unwrap_or(text);
        Self(text.to_ascii_lowercase().into())
    }

    /// The text, without the final dot; nothing for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the name can be a host's: a domain name, and not an IP address that somebody wrote where a name belongs.
    pub fn is_host(&self) -> bool {
        let Ok(domain) = self.0.parse::<Domain>() else { return false };
        // RFC 3696 §2: no top level domain is all digits, so such a name is a mistaken address and cannot exist.
        let last = self.0.rsplit('.').next().unwrap_or_default();
        let address_like = self.0.parse::<IpAddr>().is_ok() || last.bytes().all(|b| b.is_ascii_digit());
        !domain.is_literal() && !address_like
    }

    /// Whether the name leads to the machine that asks, whatever a resolver says (RFC 6761 §6.3).
    pub fn is_localhost(&self) -> bool {
        let last = self.0.rsplit('.').next();
        last == Some("localhost") || &*self.0 == "localhost.localdomain"
    }

    /// The name in which to look for the name of an address (RFC 1035 §3.5, RFC 3596 §2.5).
    pub fn of_address(ip: IpAddr) -> Self {
        let text = match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, d] = ip.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(ip) => {
                let nibbles = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
                nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
            }
        };
        Self(text.into())
    }
}

impl From<&Domain> for Name {
    fn from(domain: &Domain) -> Self {
        Self::answered(domain.as_ascii())
    }
}

impl FromStr for Name {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text == "." { Ok(Self::root()) } else { text.parse::<Domain>().map(|domain| Self::from(&domain)) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_the_dns_does() {
        for (text, name) in [
            ("Example.ORG.", "example.org"),
            ("_25._tcp.mx.example.org", "_25._tcp.mx.example.org"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            (".", "."),
        ] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), name);
        }
        assert!("a..b".parse::<Name>().is_err() && "".parse::<Name>().is_err());
    }

    #[test]
    fn what_can_be_a_host() {
        for (text, host) in [
            ("mx.example.org", true),
            ("mx_1.example.org", true),
            ("192.0.2.1", false),
            ("192.0.2.300", false),
            ("2001:db8::1", false),
            ("[192.0.2.1]", false),
            ("mx example", false),
            (".", false),
            ("a..b", false),
        ] {
            assert_eq!(Name::answered(text).is_host(), host, "{text}");
        }
        assert!(Name::answered("localhost.").is_localhost() && Name::answered("mx.localhost").is_localhost());
        assert!(!Name::answered("localhost.example.org").is_localhost());
    }

    #[test]
    fn addresses_have_names() {
        let name = |ip: &str| Name::of_address(ip.parse().unwrap()).to_string();
        assert_eq!(name("192.0.2.7"), "7.2.0.192.in-addr.arpa");
        let six = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
        assert_eq!(name("2001:db8::1"), six);
    }
}
