//! From a name to addresses.

use crate::{Dns, HostName};
use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use mail::{Domain, Seen};
use resolve::{Answer, Record};
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The most addresses of one name that are tried: a name with a thousand of them is a mistake or
/// an attack.
const MAX_ADDRESSES: usize = 8;

/// Who knows the addresses of a name.
#[derive(Debug, Clone, Default)]
pub enum Resolver {
    /// The system: its hosts file and its DNS servers.
    #[default]
    System,
    /// Name servers that an administrator chose, after a hosts file.
    Named {
        /// The name servers.
        dns: Dns,
        /// The hosts file, `/etc/hosts` as a rule: what it says of a name wins (hosts(5)).
        hosts: PathBuf,
    },
    /// These names and no others, for tests. Keys are A-labels in lower case.
    Fixed(HashMap<String, Vec<IpAddr>>),
}

impl Resolver {
    /// The addresses of a host, at most eight, in the order in which to try them: IPv6 and IPv4 take turns, so that a
    /// network whose IPv6 is broken costs one wait, not eight. Asked once for each connection: what is judged and what is
    /// connected to are the same answer.
    pub(crate) async fn addresses(&self, host: &HostName) -> Result<Vec<IpAddr>, Seen> {
        if let Some(ip) = host.address() {
            return Ok(vec![ip]);
        }
        let name = host.name().ok_or(Seen::NameUnknown)?;
        let found = match self {
            Self::System => ask_system(name.as_ascii().to_owned()).await?,
            Self::Named { dns, hosts } => match in_hosts_file(hosts, name).await {
                listed if !listed.is_empty() => listed,
                _ => ask_named(dns, name).await?,
            },
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

/// What the hosts file says of a name. Read anew each time: connections to relays are kept, so it is asked rarely, and
/// an administrator who has just mended the file waits for nothing.
async fn in_hosts_file(file: &Path, name: &Domain) -> Vec<IpAddr> {
    // A file that is not there, or is not text, says nothing.
    let text = tokio::fs::read_to_string(file).await.unwrap_or_default();
    of_hosts(&text, name)
}

fn of_hosts(text: &str, name: &Domain) -> Vec<IpAddr> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let address_of = |line: &str| {
        let (address, names) = line.trim().split_once(char::is_whitespace)?;
        let named = names.split_whitespace().any(|known| known.parse::<Domain>().is_ok_and(|k| k == *name));
        // A zone such as fe80::1%lo0 names an interface, and no address that could be connected to from here.
        if named { address.parse().ok() } else { None }
    };
    lines.filter_map(address_of).collect()
}

async fn ask_named(dns: &Dns, name: &Domain) -> Result<Vec<IpAddr>, Seen> {
    match dns.addresses(name).await {
        Answer::Found(found) => Ok(found.records.iter().filter_map(Record::address).collect()),
        Answer::NoData | Answer::NameUnknown => Err(Seen::NameUnknown),
        Answer::Failed(_) => Err(Seen::NameUnanswered),
    }
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
    async fn the_hosts_file_goes_before_the_dns() {
        let dir = tempfile::tempdir().unwrap();
        let hosts = dir.path().join("hosts");
        let lines =
            "192.0.2.9 relay.example relay # here\n2001:db8::9\trelay.example\nfe80::1%lo0 relay.example\n";
        std::fs::write(&hosts, lines).unwrap();
        let zone = "relay.example A 192.0.2.1\nother.example A 192.0.2.2\nsick.example * !servfail\ntext.example TXT t";
        let resolver = Resolver::Named { dns: Dns::zone(zone.parse().unwrap()), hosts };
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (host, expected) in [
            ("Relay.Example.", Ok(vec![ip("2001:db8::9"), ip("192.0.2.9")])),
            ("relay", Ok(vec![ip("192.0.2.9")])),
            ("other.example", Ok(vec![ip("192.0.2.2")])),
            ("sick.example", Err(Seen::NameUnanswered)),
            ("text.example", Err(Seen::NameUnknown)),
            ("nowhere.example", Err(Seen::NameUnknown)),
        ] {
            assert_eq!(resolver.addresses(&host.parse().unwrap()).await, expected, "{host}");
        }
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
        ] {
            assert_eq!(fixed.addresses(&host.parse().unwrap()).await, expected, "{host}");
        }
        let local = Resolver::System.addresses(&"localhost".parse().unwrap()).await.unwrap();
        assert!(local.iter().all(IpAddr::is_loopback), "{local:?}");
        // RFC 6761 §6.4: no resolver answers for .invalid; without any DNS it stays unanswered.
        let never = Resolver::System.addresses(&"facteur.invalid".parse().unwrap()).await.unwrap_err();
        assert!(matches!(never, Seen::NameUnknown | Seen::NameUnanswered), "{never:?}");
    }
}
