//! Whether other servers will believe this server's name: doubts in words, never a refusal, for the DNS may be set up later.

use crate::show::Reader;
use crate::words::Gap;
use mail::Domain;
use std::net::IpAddr;
use std::time::Duration;

/// The longest wait for the DNS.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most addresses whose names are looked up.
const ADDRESSES: usize = 4;
/// Last labels that the public DNS never has (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const RESERVED: &[&str] =
    &["localhost", "localdomain", "local", "lan", "home", "internal", "test", "example", "invalid"];

/// A reason for which mail under this name may be refused or taken for spam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It is one word.
    OneWord,
    /// It is of a domain that is nobody's.
    Reserved,
    /// The DNS knows no address for it, or did not answer.
    NoAddress,
    /// Its address is one of a private network.
    Private(IpAddr),
    /// The name behind its address is another one, or none (RFC 8601's iprev, and what large providers ask of who
    /// delivers to them).
    Reverse(IpAddr, Option<String>),
}

/// What the DNS says: the addresses of the name, and the name of each.
type Found = Vec<(IpAddr, Option<String>)>;

impl Doubt {
    /// The doubt and what to do, in the reader's language.
    pub fn text(&self, name: &Domain, reader: &Reader) -> String {
        let mut gaps: Vec<Gap<'_>> = vec![("host", name.to_string().into())];
        let key = match self {
            Self::OneWord => "setup-doubt-word",
            Self::Reserved => "setup-doubt-reserved",
            Self::NoAddress => "setup-doubt-address",
            Self::Private(address) => {
                gaps.push(("address", address.to_string().into()));
                "setup-doubt-private"
            }
            Self::Reverse(address, Some(other)) => {
                gaps.push(("address", address.to_string().into()));
                gaps.push(("other", other.clone().into()));
                "setup-doubt-reverse"
            }
            Self::Reverse(address, None) => {
                gaps.push(("address", address.to_string().into()));
                "setup-doubt-no-reverse"
            }
        };
        let fix = reader.phrases.beside(key, "fix", gaps.clone()).unwrap_or_default();
        format!("{}\n{fix}\n", reader.phrases.fill(key, gaps))
    }
}

/// The doubts about a name. Only who delivers directly is asked for the name behind the address.
pub async fn doubts_of(name: &Domain, direct: bool) -> Vec<Doubt> {
    if let Some(doubt) = doubt_of_text(name) {
        return vec![doubt];
    }
    let found = tokio::time::timeout(PATIENCE, look_up(name, direct)).await.unwrap_or_default();
    doubts(name, direct, &found)
}

fn doubt_of_text(name: &Domain) -> Option<Doubt> {
    let text = name.as_ascii();
    let last = text.rsplit('.').next().unwrap_or_default();
    if RESERVED.iter().any(|reserved| last.eq_ignore_ascii_case(reserved)) {
        return Some(Doubt::Reserved);
    }
    (!text.contains('.')).then_some(Doubt::OneWord)
}

async fn look_up(name: &Domain, reverse: bool) -> Found {
    let Ok(answers) = tokio::net::lookup_host((name.as_ascii(), 0)).await else { return Found::new() };
    let mut addresses: Vec<IpAddr> = answers.map(|answer| answer.ip()).collect();
    addresses.sort();
    addresses.dedup();
    addresses.truncate(ADDRESSES);
    let mut found = Found::new();
    for address in addresses {
        let named = if reverse {
            let asked = tokio::task::spawn_blocking(move || dns_lookup::lookup_addr(&address).ok());
            // Without a name, the system gives the address back as text.
            asked.await.ok().flatten().filter(|name| name.parse::<IpAddr>().is_err())
        } else {
            None
        };
        found.push((address, named));
    }
    found
}

fn doubts(name: &Domain, direct: bool, found: &Found) -> Vec<Doubt> {
    if found.is_empty() {
        return vec![Doubt::NoAddress];
    }
    if let Some((address, _)) = found.iter().find(|(address, _)| net::is_private(*address)) {
        return vec![Doubt::Private(*address)];
    }
    let other = |reverse: &Option<String>| {
        reverse.as_ref().and_then(|text| text.parse::<Domain>().ok()).as_ref() != Some(name)
    };
    let reversed = found.iter().filter(|(_, reverse)| direct && other(reverse));
    reversed.map(|(address, reverse)| Doubt::Reverse(*address, reverse.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Domain {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_tells_what_is_wrong_with_it() {
        for (name, doubt) in [
            ("mail.example.org", None),
            ("vps", Some(Doubt::OneWord)),
            ("localhost", Some(Doubt::Reserved)),
            ("nas.local", Some(Doubt::Reserved)),
            ("mail.exemple.test", Some(Doubt::Reserved)),
        ] {
            assert_eq!(doubt_of_text(&domain(name)), doubt, "{name}");
        }
    }

    #[test]
    fn the_dns_tells_what_is_wrong_with_a_name() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let public = || (ip("192.0.2.1"), Some("Mail.Example.ORG".to_owned()));
        let name = domain("mail.example.org");
        let other = || Some("vps-1.host.example".to_owned());
        for (found, direct, expected) in [
            (vec![], false, vec![Doubt::NoAddress]),
            (vec![(ip("8.8.8.8"), None)], false, vec![]),
            (vec![(ip("8.8.8.8"), None)], true, vec![Doubt::Reverse(ip("8.8.8.8"), None)]),
            (vec![(ip("8.8.8.8"), other())], true, vec![Doubt::Reverse(ip("8.8.8.8"), other())]),
            (vec![(ip("8.8.8.8"), public().1)], true, vec![]),
            (vec![(ip("10.0.0.1"), None)], true, vec![Doubt::Private(ip("10.0.0.1"))]),
            (vec![(ip("::1"), None)], false, vec![Doubt::Private(ip("::1"))]),
        ] {
            assert_eq!(doubts(&name, direct, &found), expected, "{found:?}");
        }
    }
}
