//! The rules that the table keeps: each is a defect that a source had, or that a hand could make.

use super::record::{Record, server};
use super::{Facts, IMPORTED, Issuer, OAUTH2, OWN, Provider};
use crate::server::{Protocol, Server, Tls};
use mail::{Domain, Language};
use std::collections::{BTreeMap, HashMap};

type Records = BTreeMap<String, Record>;

/// A name as the DNS has it: more than one label, or the one name of a server on the reader's own machine.
fn is_name(name: &str) -> bool {
    let fine = name.parse::<Domain>().is_ok_and(|domain| domain.as_ascii() == name && !domain.is_literal());
    fine && (name.contains('.') || name == "localhost")
}

fn of_server(server: &Server) -> Vec<&'static str> {
    let mut breaches = Vec::new();
    if !is_name(&server.host.replace("{domain}", "example.org")) {
        breaches.push("a host that is no name");
    }
    let own_port = match (server.protocol, server.tls) {
        (protocol, Tls::Implicit) => server.port == protocol.tls_port(),
        (Protocol::Smtp, _) => [25, 587, 2525].contains(&server.port),
        (protocol, _) => server.port == protocol.starttls_port(),
    };
    if !own_port {
        breaches.push("a port at which nobody speaks so");
    }
    breaches
}

fn of_provider(provider: &Provider) -> Vec<&'static str> {
    let mut breaches: Vec<_> = provider.servers.iter().flat_map(of_server).collect();
    for (index, server) in provider.servers.iter().enumerate() {
        if provider.servers.iter().take(index).any(|other| other.same_door(server)) {
            breaches.push("the same door twice");
        }
    }
    if !provider.domains.iter().chain(&provider.mx).all(|name| is_name(name) && name.contains('.')) {
        breaches.push("a domain that is no name");
    }
    if provider.from.is_empty() {
        breaches.push("nobody says where it was read");
    }
    for text in [&provider.note, &provider.without].into_iter().flatten() {
        breaches.extend(
            Language::ALL
                .iter()
                .filter(|language| !text.of(**language).ends_with('.'))
                .map(|_| "no sentence"),
        );
        if provider.checked.is_none() {
            breaches.push("a sentence for people without the month in which it was checked");
        }
    }
    for link in [&provider.help, &provider.enable].into_iter().flatten() {
        if !(link.starts_with("https://") || link.starts_with("http://")) {
            breaches.push("a link that is none");
        }
    }
    breaches
}

#[test]
fn the_table_keeps_its_rules() {
    let facts = Facts::shipped();
    let breaches: Vec<String> = facts
        .providers()
        .iter()
        .flat_map(|provider| {
            of_provider(provider).into_iter().map(|breach| format!("{}: {breach}", provider.id))
        })
        .collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn each_rule_catches_its_defect() {
    for (protocol, line, breaches) in [
        (Protocol::Smtp, "mail.example.org:587 tls full password", 1),
        (Protocol::Smtp, "mail.example.org:465 clear full password", 1),
        (Protocol::Pop3, "pop.example.org:993 tls full password", 1),
        (Protocol::Imap, "mail.example.org:587 starttls full password", 1),
        (Protocol::Imap, "imap:993 tls full password", 1),
        (Protocol::Imap, "Imap.example.org:993 tls full password", 1),
        (Protocol::Smtp, "mail.example.org:2525 starttls full password", 0),
        (Protocol::Imap, "localhost:143 clear full password", 0),
    ] {
        assert_eq!(of_server(&server(protocol, line).unwrap()).len(), breaches, "{line}");
    }
    for line in [
        "imap.example.org tls full",
        "i.example:993 ssl full",
        "i.example:993 tls %EMAILADDRESS",
        "i.example:99999 tls full",
    ] {
        assert_eq!(server(Protocol::Imap, line), None, "{line}");
    }
}

#[test]
fn the_files_are_read_whole() {
    let imported: Records = toml::from_str(IMPORTED).unwrap();
    let own: Records = toml::from_str(OWN).unwrap();
    let issuers: BTreeMap<String, Issuer> = toml::from_str(OAUTH2).unwrap();
    assert_eq!(imported.len(), 277, "every provider of the sources is there");
    assert!(own.len() >= 15 && issuers.len() == 9);
    let facts = Facts::shipped();
    // A line that cannot be read would be a server that nobody is told of.
    let lines: usize = imported.values().map(Record::lines).sum();
    let kept: usize = facts.providers().iter().map(|provider| provider.servers.len()).sum();
    let ours: usize = own.values().map(Record::lines).sum();
    let without = facts.providers().iter().filter(|provider| provider.without.is_some());
    let hidden: usize = without.map(|provider| imported.get(&provider.id).map_or(0, Record::lines)).sum();
    assert_eq!(lines + ours - hidden, kept);
    for provider in facts.providers() {
        let known = provider.oauth2.as_ref().is_none_or(|name| issuers.contains_key(name));
        assert!(known, "{}: an issuer that is not in oauth2.toml", provider.id);
    }
}

#[test]
fn a_name_belongs_to_one_provider() {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for provider in Facts::shipped().providers() {
        for domain in &provider.domains {
            let before = owners.insert(domain, &provider.id);
            assert_eq!(before, None, "{domain} belongs to {} and to another", provider.id);
        }
    }
    assert!(owners.len() >= 1_200, "{}", owners.len());
}

#[test]
fn the_data_come_with_their_licence() {
    let facts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("facts");
    let text = |name: &str| std::fs::read_to_string(facts.join(name)).unwrap();
    assert!(text("LICENSE").starts_with("Mozilla Public License Version 2.0"));
    for name in ["imported.toml", "own.toml", "oauth2.toml"] {
        assert!(text(name).lines().take(8).any(|line| line.contains("MPL-2.0")), "{name}");
    }
    // Whoever imports again finds how it was done.
    assert!(text("imported.toml").contains("import.py") && text("import.py").contains("imported.toml"));
}
