//! Ranges of IP addresses.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Why a text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a network: write 192.0.2.0/24, 2001:db8::/32 or one address")]
pub struct NetworkError(pub String);

/// A range of addresses in CIDR form (RFC 4632 §3.1): `192.168.1.0/24`, `2001:db8::/32`, or one address. Bits after the
/// prefix are ignored, and printed as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether an address lies in the range. An IPv4 address that came as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) counts as
    /// IPv4, as it does for the socket that it came through. No other disguise is taken off: whoever holds a 6to4 address
    /// with a private one inside does not sit in that private network.
    pub fn contains(&self, ip: IpAddr) -> bool {
        masked(ip.to_canonical(), self.prefix) == Some(self.base)
    }
}

/// An address with its bits after the prefix cleared; `None` when the prefix is longer than the address.
fn masked(ip: IpAddr, prefix: u8) -> Option<IpAddr> {
    let prefix = u32::from(prefix);
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix)?).unwrap_or(0);
            Some(Ipv4Addr::from_bits(ip.to_bits() & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix)?).unwrap_or(0);
            Some(Ipv6Addr::from_bits(ip.to_bits() & mask).into())
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let bad = || NetworkError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| bad())?;
        let width = if written.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = match prefix {
            None => width,
            // `parse` alone would take `+8`.
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| bad())?
            }
            Some(_) => return Err(bad()),
        };
        let base = written.to_canonical();
        // The first 96 bits of a mapped address are the mapping.
        let prefix =
            if base.is_ipv4() && width == 128 { prefix.checked_sub(96).ok_or_else(bad)? } else { prefix };
        Ok(Self { base: masked(base, prefix).ok_or_else(bad)?, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_contain_their_addresses() {
        for (text, printed, inside, outside) in [
            ("192.168.1.0/24", "192.168.1.0/24", "192.168.1.77", "192.168.2.1"),
            ("192.168.1.77/24", "192.168.1.0/24", "::ffff:192.168.1.9", "::192.168.1.9"),
            ("192.168.0.0/16", "192.168.0.0/16", "192.168.255.255", "2002:c0a8:101::"),
            ("192.0.2.7", "192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "0.0.0.0/0", "203.0.113.1", "2001:db8::1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8", "10.1.2.3", "11.0.0.0"),
            ("::ffff:10.0.0.1", "10.0.0.1/32", "10.0.0.1", "10.0.0.2"),
            ("2001:db8::/32", "2001:db8::/32", "2001:db8:1::1", "2001:db9::"),
            ("2001:db8::/33", "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("2001:db8::/127", "2001:db8::/127", "2001:db8::1", "2001:db8::2"),
            ("2001:db8:0:0:8000::/65", "2001:db8:0:0:8000::/65", "2001:db8::8000:0:0:1", "2001:db8::1"),
            ("::/0", "::/0", "2a00::1", "192.0.2.1"),
            ("::1", "::1/128", "::1", "::2"),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), printed);
            assert!(network.contains(ip(inside)), "{inside} in {text}");
            assert!(!network.contains(ip(outside)), "{outside} not in {text}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "/8",
            "1.2.3.4/33",
            "1.2.3/8",
            "a/8",
            "host/8",
            "1.2.3.4/",
            "1.2.3.4/+4",
            "1.2.3.4/-1",
            "1.2.3.4/8/8",
            "1.2.3.4/999",
            "::/129",
            "::ffff:1.2.3.4/95",
            "01.2.3.4",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(NetworkError(bad.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn networks_print_and_parse(bits: u32, prefix in 0_u8..=32) {
            let network: Network = format!("{}/{prefix}", Ipv4Addr::from_bits(bits)).parse().unwrap();
            prop_assert_eq!(network.to_string().parse::<Network>().unwrap(), network);
            prop_assert!(network.contains(Ipv4Addr::from_bits(bits).into()));
            let json = serde_json::to_string(&network).unwrap();
            prop_assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), network);
        }

        #[test]
        fn no_text_panics(text in "[0-9a-f:./]{0,30}") {
            let _ = text.parse::<Network>();
        }
    }
}
