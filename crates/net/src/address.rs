//! Which addresses this program connects to, and which it calls private. Judged after every
//! disguise is taken off: an IPv4 address wrapped into an IPv6 one reaches the same machine.

use crate::HostName;
use mail::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::Arc;

/// Which addresses may be connected to. The judge sees every address that a name resolves to, and
/// the dialer connects to the very address that was judged: a name that resolves to something
/// else a moment later gains nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Any: an administrator named this server, and loopback and private networks are his right.
    #[default]
    Any,
    /// Loopback and private networks only: for relays without TLS or without sign-in.
    PrivateOnly,
    /// The public Internet only, and not this machine itself: for names that come from strangers
    /// (MX, discovery, webhooks).
    PublicOnly,
    /// The public Internet, and these ranges: an administrator's own networks.
    PublicAnd(Arc<[Network]>),
    /// These ranges only.
    Only(Arc<[Network]>),
}

impl AddressPolicy {
    /// Whether a host may be looked up at all. A name that means something in one network only is not asked for when
    /// strangers may name hosts; where an administrator named ranges, what it leads to is judged by them.
    pub fn may_ask_for(&self, host: &HostName) -> bool {
        !(*self == Self::PublicOnly && host.is_internal())
    }

    /// Whether the policy lets a connection go to that address.
    pub fn allows(&self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::PrivateOnly => is_private(ip),
            Self::PublicOnly => is_public(ip) && !is_own(ip),
            Self::PublicAnd(ranges) => {
                Self::PublicOnly.allows(ip) || ranges.iter().any(|range| range.contains(unwrapped(ip)))
            }
            Self::Only(ranges) => ranges.iter().any(|range| range.contains(unwrapped(ip))),
        }
    }
}

/// Loopback, or private: RFC 1918, unique local IPv6 (RFC 4193), link-local.
pub fn is_private(ip: IpAddr) -> bool {
    match unwrapped(ip) {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Takes an IPv4 address out of the IPv6 forms that lead to it: mapped (RFC 4291 §2.5.5.2),
/// compatible (§2.5.5.1), translated (RFC 2765 §2.1), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380).
pub fn unwrapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let v4 = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)));
    match v6.segments() {
        // ::1 and :: are IPv6's own, not compatible forms of 0.0.0.1 and 0.0.0.0.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => ip,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => v4(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // The local-use prefix may carry the address at several places; its last 32 bits are the
        // /96 form that translators use.
        [0x64, 0xff9b, 1, _, _, _, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        // Teredo keeps the client's address inverted, so that translators do not touch it.
        [0x2001, 0, _, _, _, _, high, low] => v4(!high, !low),
        _ => ip,
    }
}

/// Outside every special-purpose range of IANA (RFC 6890 and its registries) and not multicast.
fn is_public(ip: IpAddr) -> bool {
    // A network's own translation prefix (RFC 8215) has the address where that network wants it (RFC 6052 §2.2), and
    // leads nowhere outside of it.
    if let IpAddr::V6(v6) = ip
        && let [0x64, 0xff9b, 1, ..] = v6.segments()
    {
        return false;
    }
    match unwrapped(ip) {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = matches!(
        ip.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 31, 196, _]
            | [192, 52, 193, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [192, 175, 48, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    );
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        // Protocol assignments, documentation, AS112: within 2000::/3, yet nobody's mail server.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2620, 0x4f, 0x8000, ..] => false,
        [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

/// The addresses from which this machine speaks to the Internet, as far as it has them itself (not behind NAT).
pub fn own_addresses() -> Vec<IpAddr> {
    // Documentation addresses (RFC 5737, RFC 3849): routed as any other, and nothing is sent.
    let far: [IpAddr; 2] =
        [Ipv4Addr::new(192, 0, 2, 1).into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()];
    let own = far.into_iter().filter_map(source_towards);
    own.filter(|ip| !ip.is_loopback() && !ip.is_unspecified()).collect()
}

/// Whether an address is one of this machine's. Connecting a UDP socket sends nothing, and makes
/// the system choose the source address: towards itself it is the same.
fn is_own(ip: IpAddr) -> bool {
    source_towards(ip) == Some(ip)
}

fn source_towards(ip: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((ip, 9))?;
        socket.local_addr()
    });
    source.ok().map(|source| source.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn disguises_are_taken_off() {
        for (disguised, plain) in [
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("::10.0.0.1", "10.0.0.1"),
            ("64:ff9b::a9fe:a9fe", "169.254.169.254"),
            ("64:ff9b:1::7f00:1", "127.0.0.1"),
            ("2002:c0a8:0101::", "192.168.1.1"),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"),
            ("::ffff:0:10.0.0.1", "10.0.0.1"),
            ("::1", "::1"),
            ("::", "::"),
            ("2a00::1", "2a00::1"),
        ] {
            assert_eq!(unwrapped(ip(disguised)), ip(plain), "{disguised}");
        }
    }

    #[test]
    fn each_policy_judges() {
        let only = AddressPolicy::Only(vec!["10.1.0.0/16".parse().unwrap()].into());
        // Address, then whether it is allowed by: private only, public only, only 10.1/16.
        for (address, private, public, listed) in [
            ("127.0.0.1", true, false, false),
            ("::1", true, false, false),
            ("10.1.2.3", true, false, true),
            ("::ffff:10.1.2.3", true, false, true),
            ("172.31.0.1", true, false, false),
            ("172.32.0.1", false, true, false),
            ("fd00::1", true, false, false),
            ("fe80::1", true, false, false),
            ("100.64.0.1", false, false, false),
            ("169.254.169.254", true, false, false),
            ("64:ff9b::a00:1", true, false, false),
            ("192.0.2.1", false, false, false),
            ("224.0.0.1", false, false, false),
            ("255.255.255.255", false, false, false),
            ("0.0.0.0", false, false, false),
            ("::", false, false, false),
            ("ff02::1", false, false, false),
            ("2001:db8::1", false, false, false),
            ("2001:10::1", false, false, false),
            ("3fff::1", false, false, false),
            ("9.9.9.9", false, true, false),
            ("2620:fe::9", false, true, false),
            ("2002:909:909::", false, true, false),
            ("64:ff9b::909:909", false, true, false),
            // A translation prefix of one network, wherever the address stands in it.
            ("64:ff9b:1::909:909", false, false, false),
            ("64:ff9b:1:a00:0:100::", false, false, false),
            ("::ffff:0:9.9.9.9", false, true, false),
        ] {
            let address_ip = ip(address);
            assert!(AddressPolicy::Any.allows(address_ip), "{address}");
            assert_eq!(AddressPolicy::PrivateOnly.allows(address_ip), private, "{address}");
            assert_eq!(AddressPolicy::PublicOnly.allows(address_ip), public, "{address}");
            assert_eq!(only.allows(address_ip), listed, "{address}");
        }
    }

    #[test]
    fn this_machine_is_recognised_without_a_packet() {
        assert!(is_own(ip("127.0.0.1")));
        assert!(!is_own(ip("127.0.0.2")) || cfg!(not(target_os = "linux")));
    }
}
