//! Addresses: what a person wrote is kept, what a computer compares is the A-label in lower case.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`, or nothing before or after it.
    #[error("an address has the form name@domain")]
    Form,
    /// The part before the `@` is too long or has a character that RFC 5321 §4.1.2 forbids.
    #[error("the part before the @ is not valid")]
    Local,
    /// The domain is too long, empty, or not a name (RFC 5321 §4.1.2, IDNA 2008).
    #[error("the domain after the @ is not valid")]
    Domain,
}

/// A domain name or an address literal, as written; compared by its A-label in lower case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain {
    written: Box<str>,
    // None when the written form is its own comparison key, which is the common case.
    key: Option<Box<str>>,
}

impl Domain {
    /// The most bytes of a domain (RFC 5321 §4.5.3.1.2).
    pub const MAX_BYTES: usize = 255;

    /// The domain as it was written (U-labels kept).
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The A-label form in lower case: the form to compare, to store as a key and to ask the DNS.
    pub fn as_ascii(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.written)
    }

    /// Whether this is an address literal such as `[192.0.2.1]`.
    pub fn is_literal(&self) -> bool {
        self.written.starts_with('[')
    }

    fn parse_literal(text: &str) -> Result<Self, AddressError> {
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or(AddressError::Domain)?;
        let ip = inner.strip_prefix("IPv6:").or_else(|| inner.strip_prefix("ipv6:")).unwrap_or(inner);
        ip.parse::<std::net::IpAddr>().map_err(|_| AddressError::Domain)?;
        Ok(Self { written: text.into(), key: Some(text.to_ascii_lowercase().into()) })
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.starts_with('[') {
            return Self::parse_literal(text);
        }
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            return Err(AddressError::Domain);
        }
        // Underscores are no host names (RFC 1123 §2.1) but occur in private networks, and a
        // next hop that knows them may take them: only what IDNA maps away is refused.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        // In either case of letters: `XN--` is an A-label too, and is one that must be readable.
        let is_a_label = |label: &str| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
        let ascii = if text.bytes().all(plain) && !text.split('.').any(is_a_label) {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii_strict(text).map_err(|_| AddressError::Domain)?
        };
        let labels_fit = ascii.split('.').all(|label| (1..=63).contains(&label.len()));
        if !labels_fit || ascii.len() > Self::MAX_BYTES {
            return Err(AddressError::Domain);
        }
        let key = (ascii != text).then(|| ascii.into());
        Ok(Self { written: text.into(), key })
    }
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        self.as_ascii() == other.as_ascii()
    }
}

impl Eq for Domain {}

impl Hash for Domain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ascii().hash(state);
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<String> for Domain {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.written.into()
    }
}

/// A mailbox address (RFC 5321 §4.1.2, RFC 6531 §3.3): `local@domain`, as written. Two addresses are
/// equal when their local parts are the same bytes and their domains compare equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: Box<str>,
    domain: Domain,
}

impl Address {
    /// The most bytes of a local part (RFC 5321 §4.5.3.1.1).
    pub const MAX_LOCAL_BYTES: usize = 64;

    /// The part before the `@`, quotes included if it was written with them.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whether either part needs SMTPUTF8 (RFC 6531): the local part always, the domain never,
    /// since it has an A-label.
    pub fn needs_utf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The form to compare and to store as a key: local part in lower case, domain as A-label.
    /// Whether case matters is the receiving server's affair (RFC 5321 §2.4); for the addresses
    /// that belong to our own accounts it does not.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain.as_ascii())
    }

    /// The form for a server that does not know SMTPUTF8: local part as written, domain as A-label.
    pub fn to_ascii_domain(&self) -> String {
        format!("{}@{}", self.local, self.domain.as_ascii())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Form)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Form);
        }
        let valid = local.len() <= Self::MAX_LOCAL_BYTES && (is_dot_string(local) || is_quoted_string(local));
        if !valid {
            return Err(AddressError::Local);
        }
        Ok(Self { local: local.into(), domain: domain.parse()? })
    }
}

/// Dot-string of RFC 5321 §4.1.2, with one tolerance: dots in a row or at an end. They are forbidden,
/// but mailboxes with such names exist at large mobile operators of Japan, and they must get their mail.
fn is_dot_string(local: &str) -> bool {
    let atom = |c: char| {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || (!c.is_ascii() && !c.is_control())
    };
    local.chars().all(atom) && local != "."
}

/// Quoted-string of RFC 5321 §4.1.2.
fn is_quoted_string(local: &str) -> bool {
    let Some(inner) = local.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else { return false };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let fine = match c {
            '\\' => chars.next().is_some_and(|q| (' '..='~').contains(&q)),
            '"' => false,
            c => (' '..='~').contains(&c) || (!c.is_ascii() && !c.is_control()),
        };
        if !fine {
            return false;
        }
    }
    local.len() >= 2
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

/// The envelope sender (RFC 5321 §4.1.2 Reverse-path): an address, or null for notices.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(try_from = "String", into = "String")]
pub enum ReversePath {
    /// `<>`: nobody is to be told if this message fails.
    #[default]
    Null,
    /// A sender.
    Address(Address),
}

impl ReversePath {
    /// The sender, if there is one.
    pub const fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }
}

impl fmt::Display for ReversePath {
    /// The address, or nothing for the null sender.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().map_or(Ok(()), |address| write!(f, "{address}"))
    }
}

impl FromStr for ReversePath {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() { Ok(Self::Null) } else { text.parse().map(Self::Address) }
    }
}

impl TryFrom<String> for ReversePath {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<ReversePath> for String {
    fn from(path: ReversePath) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, AddressError>) {
        let key = text.parse::<Address>().map(|a| a.key());
        assert_eq!(key.as_deref().map_err(Clone::clone), expected, "{text}");
    }

    #[test]
    fn addresses() {
        check("a@b.test", Ok("a@b.test"));
        check("Anne.Dupont@Exemple.FR", Ok("anne.dupont@exemple.fr"));
        check("a@exämple.test", Ok("a@xn--exmple-cua.test"));
        check("élise@société.test", Ok("élise@xn--socit-esab.test"));
        check("\"a b\"@c.test", Ok("\"a b\"@c.test"));
        check("a@[192.0.2.1]", Ok("a@[192.0.2.1]"));
        check("a@[IPv6:2001:db8::1]", Ok("a@[ipv6:2001:db8::1]"));
        check("a..b.@docomo.test", Ok("a..b.@docomo.test"));
        check("a@b.test.", Ok("a@b.test"));
        check("a@localhost", Ok("a@localhost"));
        check("a", Err(AddressError::Form));
        check("@b.test", Err(AddressError::Form));
        check("a@", Err(AddressError::Form));
        check("a b@c.test", Err(AddressError::Local));
        check("a\r\n@c.test", Err(AddressError::Local));
        check("a@b\r\n.test", Err(AddressError::Domain));
        check("a@b..test", Err(AddressError::Domain));
        check("a@b c.test", Err(AddressError::Domain));
        check("a@[999.1.1.1]", Err(AddressError::Domain));
        check(&format!("{}@b.test", "a".repeat(65)), Err(AddressError::Local));
        check(&format!("a@{}.test", "b".repeat(64)), Err(AddressError::Domain));
    }

    #[test]
    fn what_was_written_is_kept() {
        let address: Address = "Élise@Société.test".parse().unwrap();
        assert_eq!(address.to_string(), "Élise@Société.test");
        assert_eq!(address.domain(), &"xn--socit-esab.TEST".parse::<Domain>().unwrap());
        assert!(address.needs_utf8());
    }

    proptest! {
        #[test]
        fn parse_and_print_are_inverse(text in "[a-zA-Z0-9.+é\"\\\\ ]{1,12}@[a-z0-9.é-]{1,12}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
            }
        }

        #[test]
        fn no_address_carries_a_line_end(text in ".*") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert!(!address.to_string().contains(['\r', '\n', '\0', '<', '>']) || text.starts_with('"'));
            }
        }
    }
}
