//! From a name to addresses.

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use mail::{Domain, Seen};
use std::collections::HashMap;
use std::net::IpAddr;

/// The most addresses of one name that are tried: a name with a thousand of them is a mistake or
/// an attack.
const MAX_ADDRESSES: usize = 8;

/// Who knows the addresses of a name.
#[derive(Debug, Clone, Default)]
pub enum Resolver {
    /// The system: its hosts file and its DNS servers.
    #[default]
    System,
    /// These names and no others, for tests. Keys are A-labels in lower case.
    Fixed(HashMap<String, Vec<IpAddr>>),
}

impl Resolver {
    /// The addresses of a host name or of an address literal, in the order in which to try them:
    /// IPv6 and IPv4 take turns, so that a network whose IPv6 is broken costs one wait, not eight.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Seen> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse() {
            return Ok(vec![ip]);
        }
        let name: Domain = host.parse().map_err(|_| Seen::NameUnknown)?;
        let found = match self {
            Self::System => ask_system(name.as_ascii().to_owned()).await?,
            Self::Fixed(names) => names.get(name.as_ascii()).cloned().unwrap_or_default(),
        };
        if found.is_empty() { Err(Seen::NameUnknown) } else { Ok(in_turns(found)) }
    }
}

/// `getaddrinfo` in a thread that may wait. The standard library's look-up hides the difference
/// between "no such name" and "no answer", which decides whether mail waits or bounces.
async fn ask_system(name: String) -> Result<Vec<IpAddr>, Seen> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let asked = tokio::task::spawn_blocking(move || {
        let answers = getaddrinfo(Some(&name), None, Some(hints)).map_err(|error| match error.kind() {
            LookupErrorKind::NoName | LookupErrorKind::NoData => Seen::NameUnknown,
            _ => Seen::NameUnanswered,
        })?;
        Ok(answers.filter_map(Result::ok).map(|answer| answer.sockaddr.ip()).collect())
    });
    asked.await.map_err(|_| Seen::NameUnanswered)?
}

fn in_turns(found: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut six, mut four): (Vec<_>, Vec<_>) = found.into_iter().partition(IpAddr::is_ipv6);
    six.truncate(MAX_ADDRESSES);
    four.truncate(MAX_ADDRESSES);
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut ordered = Vec::new();
    while ordered.len() < MAX_ADDRESSES {
        let before = ordered.len();
        ordered.extend(six.next());
        ordered.extend(four.next());
        if ordered.len() == before {
            break;
        }
    }
    ordered.truncate(MAX_ADDRESSES);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns_and_are_bounded() {
        let ips = |text: &[&str]| text.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<IpAddr>>();
        let ordered = in_turns(ips(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"]));
        assert_eq!(ordered, ips(&["2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]));
        assert_eq!(in_turns(vec![ordered[1]; 50]).len(), MAX_ADDRESSES);
    }

    #[tokio::test]
    async fn names_and_literals_resolve() {
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let names = HashMap::from([("xn--bcher-kva.example".to_owned(), vec![one])]);
        let fixed = Resolver::Fixed(names);
        for (host, expected) in [
            ("b\u{fc}cher.example", Ok(vec![one])),
            ("XN--BCHER-KVA.example.", Ok(vec![one])),
            ("[192.0.2.1]", Ok(vec![one])),
            ("192.0.2.1", Ok(vec![one])),
            ("other.example", Err(Seen::NameUnknown)),
            ("no name", Err(Seen::NameUnknown)),
        ] {
            assert_eq!(fixed.addresses(host).await, expected, "{host}");
        }
        let local = Resolver::System.addresses("localhost").await.unwrap();
        assert!(local.iter().all(IpAddr::is_loopback), "{local:?}");
        // RFC 6761 §6.4: no resolver answers for .invalid; without any DNS it stays unanswered.
        let never = Resolver::System.addresses("facteur.invalid").await.unwrap_err();
        assert!(matches!(never, Seen::NameUnknown | Seen::NameUnanswered), "{never:?}");
    }
}
