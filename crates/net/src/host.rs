//! The name or the address of a host to call, read once: whoever has a [`HostName`] need not look at its text again.

use mail::Domain;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Top level names that lead nowhere outside of one machine or one network (RFC 6761, RFC 6762, RFC 7686, RFC 8375, and
/// those that operators of networks are used to): a resolver that answers for one gives away what is inside.
const INTERNAL: &[&str] = &[
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
];

/// Why a text names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It is no domain name and no address.
    /// Usual cause: a whole URL, a port or a user name stands in it, or a space.
    #[error("it is no host name and no address")]
    Form,
    /// It is an address, written as no program should (RFC 6943 §3.1.1): as one number, in octal, in hexadecimal, short.
    /// Usual cause: somebody hopes that it is taken for a name where it is checked, and for an address where it is used.
    #[error("an address is written as four decimal numbers")]
    OddAddress,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Name(Domain),
    Address(IpAddr),
}

/// A host: a domain name, or an address in its canonical form, with brackets or without. No user, no port, no path, no
/// zone, nothing encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName {
    written: Box<str>,
    kind: Kind,
}

impl HostName {
    /// The address, when it is one.
    pub const fn address(&self) -> Option<IpAddr> {
        match self.kind {
            Kind::Address(ip) => Some(ip),
            Kind::Name(_) => None,
        }
    }

    /// The name, when it is one.
    pub const fn name(&self) -> Option<&Domain> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            Kind::Address(_) => None,
        }
    }

    /// Whether the name has a meaning in one network only, so that nobody outside can have meant it: a single label, or
    /// one under a top level that is not of the public DNS.
    pub fn is_internal(&self) -> bool {
        let Kind::Name(name) = &self.kind else { return false };
        match name.as_ascii().rsplit_once('.') {
            Some((rest, last)) => INTERNAL.contains(&last) || (last == "arpa" && rest.ends_with("home")),
            None => true,
        }
    }

    /// The host as it was written.
    pub fn as_written(&self) -> &str {
        &self.written
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl From<IpAddr> for HostName {
    fn from(ip: IpAddr) -> Self {
        Self { written: ip.to_string().into(), kind: Kind::Address(ip) }
    }
}

impl FromStr for HostName {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let found = |kind| Ok(Self { written: text.into(), kind });
        let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        if let Ok(ip) = bracketed.unwrap_or(text).parse() {
            return found(Kind::Address(ip));
        }
        if bracketed.is_some() {
            return Err(HostError::Form);
        }
        // What IDNA makes of the text is judged, not the text: it turns wide digits and round letters into plain ones.
        let name: Domain = text.parse().map_err(|_| HostError::Form)?;
        let last = name.as_ascii().rsplit('.').next().unwrap_or_default();
        if is_number(last) {
            return Err(HostError::OddAddress);
        }
        let is_host = name.as_ascii().split('.').all(is_label) && !is_service(name.as_ascii());
        if is_host { found(Kind::Name(name)) } else { Err(HostError::Form) }
    }
}

/// Whether some program would take a name that ends so for an address. No top level domain is a number (RFC 3696 §2).
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").map(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hex.unwrap_or_else(|| label.bytes().all(|b| b.is_ascii_digit()))
}

/// RFC 1123 §2.1 wants letters, digits and hyphens, none in front. The world's mail hosts have underscores all the same,
/// even in front (`_dc-mx.…`, which a large DNS provider makes by itself).
fn is_label(label: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    label.bytes().all(fits) && !label.starts_with('-')
}

/// Whether the name is of a service (RFC 2782), which is no host.
fn is_service(name: &str) -> bool {
    name.split('.').any(|label| ["_tcp", "_udp"].contains(&label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_a_canonical_address_and_nothing_else() {
        use HostError::{Form, OddAddress};
        for (text, expected) in [
            ("mx.example.org", Ok("mx.example.org")),
            ("MX.Example.ORG.", Ok("mx.example.org")),
            ("b\u{fc}cher.example", Ok("xn--bcher-kva.example")),
            ("mx_1.example", Ok("mx_1.example")),
            ("_dc-mx.1f2e.example", Ok("_dc-mx.1f2e.example")),
            ("printer", Ok("printer")),
            ("192.0.2.1", Ok("192.0.2.1")),
            ("[192.0.2.1]", Ok("192.0.2.1")),
            ("2001:DB8::1", Ok("2001:db8::1")),
            ("[2001:db8::1]", Ok("2001:db8::1")),
            ("", Err(Form)),
            (".", Err(Form)),
            ("a b.example", Err(Form)),
            ("mx.example:25", Err(Form)),
            ("me@mx.example", Err(Form)),
            ("mx.example/x", Err(Form)),
            ("mx%2eexample", Err(Form)),
            ("fe80::1%eth0", Err(Form)),
            ("[mx.example]", Err(Form)),
            ("mx.example\r\nX", Err(Form)),
            ("mx.example\0", Err(Form)),
            ("-mx.example", Err(Form)),
            ("_smtp._tcp.example", Err(Form)),
            ("127.1", Err(OddAddress)),
            ("2130706433", Err(OddAddress)),
            ("0x7f.1", Err(OddAddress)),
            ("0x7f000001", Err(OddAddress)),
            ("0177.0.0.1", Err(OddAddress)),
            ("127.0.0.1.", Err(OddAddress)),
            ("192.0.2.300", Err(OddAddress)),
            ("\u{ff11}\u{ff12}\u{ff17}.\u{ff10}.\u{ff10}.\u{ff11}", Err(OddAddress)),
        ] {
            let read = text.parse::<HostName>().map(|host| match host.kind {
                Kind::Name(name) => name.as_ascii().to_owned(),
                Kind::Address(ip) => ip.to_string(),
            });
            assert_eq!(read.as_deref(), expected.as_ref().map(|text| *text), "{text:?}");
        }
    }

    #[test]
    fn names_of_one_network_are_known() {
        for (text, internal) in [
            ("localhost", true),
            ("foo.localhost.", true),
            ("LOC\u{ad}ALHOST", true),
            ("metadata", true),
            ("metadata.google.internal", true),
            ("kubernetes.default.svc", true),
            ("nas.home.arpa", true),
            ("mx.example.org", false),
            ("localhost.example.org", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(text.parse::<HostName>().unwrap().is_internal(), internal, "{text}");
        }
    }
}
