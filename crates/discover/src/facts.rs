//! What is known of providers: a table, read from the data in `facts/` when somebody first asks.
//!
//! The data are under the MPL-2.0; this reader is not. A record says which domains and mail hosts belong to a provider,
//! which servers it has, and what a person must know before a mail program can sign in.

#[cfg(test)]
mod lint_tests;
mod record;

use crate::server::{Protocol, Server, SignIn};
use mail::Language;
use record::Record;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

const IMPORTED: &str = include_str!("../facts/imported.toml");
const OWN: &str = include_str!("../facts/own.toml");
const OAUTH2: &str = include_str!("../facts/oauth2.toml");

/// The table that comes with the program. Nothing is read before the first question.
static SHIPPED: LazyLock<Facts> = LazyLock::new(|| Facts::read(IMPORTED, OWN, OAUTH2));

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// In English.
    pub en: String,
    /// In French.
    pub fr: String,
}

impl Bilingual {
    /// The text in a language.
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Fr => &self.fr,
        }
    }
}

/// What a provider wants to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// A password made for programs: the account's own is refused.
    AppPassword,
    /// OAuth2: every password is refused.
    #[serde(rename = "oauth2")]
    OAuth2,
}

/// Where a person signs in for a program, and what the program may then ask for (RFC 6749).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The ends of the names of the servers that take its tokens.
    #[serde(skip_serializing)]
    hosts: Vec<String>,
    /// Where the person is sent.
    pub authorize: String,
    /// Where the program gets its token.
    pub token: String,
    /// What to ask for to read by IMAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imap: Option<String>,
    /// What to ask for to fetch by POP3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pop3: Option<String>,
    /// What to ask for to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<String>,
    /// Whether it wants proof of possession of the code (RFC 7636).
    #[serde(default)]
    pub pkce: bool,
}

/// A provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name in the table.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its country, where it serves one.
    pub country: Option<String>,
    /// Whether it only sends, for programs, and has no mailboxes.
    pub relay: bool,
    /// The domains of its addresses.
    pub domains: Vec<String>,
    /// The ends of the names of its mail hosts, by which domains of its customers are recognised.
    pub mx: Vec<String>,
    /// Its servers, those without TLS among them; none when it has no IMAP at all.
    pub servers: Vec<Server>,
    /// Whether it is Exchange behind: what a program can use instead of MAPI are the servers.
    pub exchange: bool,
    /// What it wants to be shown, when it is not simply the password.
    pub needs: Option<Needs>,
    /// The name of its OAuth2 issuer.
    pub oauth2: Option<String>,
    /// Where its switch for mail programs is.
    pub enable: Option<String>,
    /// Why there is no IMAP, and what there is instead.
    pub without: Option<Bilingual>,
    /// What a person must know.
    pub note: Option<Bilingual>,
    /// Its own page of help.
    pub help: Option<String>,
    /// Where all this was read.
    pub from: Vec<String>,
    /// When we checked it ourselves: a month.
    pub checked: Option<String>,
}

/// The table.
#[derive(Debug, Default)]
pub struct Facts {
    providers: Vec<Provider>,
    by_domain: HashMap<String, usize>,
    by_mx: HashMap<String, usize>,
    issuers: BTreeMap<String, Issuer>,
}

impl Facts {
    /// The table that comes with the program.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// A table from its three texts. A text that cannot be read counts as empty: the tests accept no such text.
    fn read(imported: &str, own: &str, oauth2: &str) -> Self {
        let mut records: BTreeMap<String, Record> = toml::from_str(imported).unwrap_or_default();
        let ours: BTreeMap<String, Record> = toml::from_str(own).unwrap_or_default();
        for (id, record) in ours {
            records.entry(id).or_default().add(record);
        }
        let mut facts = Self { issuers: toml::from_str(oauth2).unwrap_or_default(), ..Self::default() };
        for (id, record) in records {
            facts.insert(record.provider(id));
        }
        facts
    }

    fn insert(&mut self, provider: Provider) {
        let index = self.providers.len();
        for domain in &provider.domains {
            self.by_domain.entry(domain.clone()).or_insert(index);
        }
        for name in &provider.mx {
            self.by_mx.entry(name.clone()).or_insert(index);
        }
        self.providers.push(provider);
    }

    /// All providers, by their ids.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider of a name in the table.
    pub fn named(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id == id)
    }

    /// The provider to which a domain of addresses belongs (A-label, lower case).
    pub fn of_domain(&self, domain: &str) -> Option<&Provider> {
        self.providers.get(*self.by_domain.get(domain)?)
    }

    /// The provider to which a mail host belongs: by the longest end of its name that is known. A whole top level
    /// domain never is.
    pub fn of_mail_host(&self, host: &str) -> Option<&Provider> {
        let mut rest = host;
        while rest.contains('.') {
            if let Some(index) = self.by_mx.get(rest) {
                return self.providers.get(*index);
            }
            rest = rest.split_once('.').map_or("", |(_, rest)| rest);
        }
        None
    }

    /// The provider whose server for sending this is: the one that we checked ourselves, where several name it, and the
    /// one that names it before others.
    pub fn of_sending_host(&self, host: &str) -> Option<&Provider> {
        let place = |provider: &Provider| {
            let mut sending = provider.servers.iter().filter(|server| server.protocol == Protocol::Smtp);
            sending.position(|server| server.host.eq_ignore_ascii_case(host))
        };
        let known = self.providers.iter().filter_map(|provider| Some((place(provider)?, provider)));
        let best =
            |(place, provider): &(usize, &Provider)| (provider.relay, provider.checked.is_none(), *place);
        known.min_by_key(best).map(|(_, provider)| provider)
    }

    /// The OAuth2 issuer for a server of a provider: as the provider's record says, else by the server's name.
    pub fn issuer(&self, provider: Option<&Provider>, host: &str) -> Option<(&str, &Issuer)> {
        let named = provider.and_then(|provider| provider.oauth2.as_deref());
        if let Some((name, issuer)) = named.and_then(|name| self.issuers.get_key_value(name)) {
            return Some((name, issuer));
        }
        let ends = |end: &String| {
            host.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let found = self.issuers.iter().find(|(_, issuer)| issuer.hosts.iter().any(ends));
        found.map(|(name, issuer)| (name.as_str(), issuer))
    }
}

impl Provider {
    /// Whether all of its servers take OAuth2 and nothing else.
    pub fn takes_oauth2_only(&self) -> bool {
        let only = |server: &Server| server.sign_in == [SignIn::OAuth2];
        self.needs == Some(Needs::OAuth2) || (!self.servers.is_empty() && self.servers.iter().all(only))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_and_a_mail_host_lead_to_their_provider() {
        let facts = Facts::shipped();
        let by_domain = |domain: &str| facts.of_domain(domain).map(|provider| provider.id.as_str());
        let by_host = |host: &str| facts.of_mail_host(host).map(|provider| provider.id.as_str());
        for (domain, id) in [
            ("gmail.com", Some("googlemail.com")),
            ("laposte.net", Some("laposte.net")),
            ("proton.me", Some("protonmail")),
            ("example.org", None),
            ("com", None),
        ] {
            assert_eq!(by_domain(domain), id, "{domain}");
        }
        for (host, id) in [
            ("aspmx.l.google.com", Some("googlemail.com")),
            ("example-org.mail.protection.outlook.com", Some("office365.com")),
            ("mx1.mail.ovh.net", Some("ovh.net")),
            ("mx00.ionos.fr", Some("ionos.fr")),
            ("notgoogle.com", None),
            ("evil-google.com.example", None),
            ("com", None),
            ("", None),
        ] {
            assert_eq!(by_host(host), id, "{host}");
        }
    }

    #[test]
    fn a_server_for_sending_leads_to_whose_it_is() {
        for (host, id) in [
            ("smtp.gmail.com", Some("googlemail.com")),
            ("SMTP.office365.com", Some("office365.com")),
            ("smtp-mail.outlook.com", Some("hotmail.com")),
            ("smtp.orange.fr", Some("orange.fr")),
            ("imap.orange.fr", None),
            ("relay.test", None),
        ] {
            let found = Facts::shipped().of_sending_host(host);
            assert_eq!(found.map(|provider| provider.id.as_str()), id, "{host}");
        }
    }

    #[test]
    fn what_we_checked_is_added_to_what_was_imported() {
        let gmail = Facts::shipped().of_domain("gmail.com").unwrap();
        assert_eq!(gmail.needs, Some(Needs::AppPassword));
        assert!(gmail.servers.iter().any(|server| server.host == "imap.gmail.com"));
        let proton = Facts::shipped().of_domain("pm.me").unwrap();
        assert!(proton.without.is_some() && proton.servers.is_empty(), "{proton:?}");
    }

    #[test]
    fn an_issuer_is_found_by_record_and_by_name() {
        let facts = Facts::shipped();
        let of = |domain: &str, host: &str| facts.issuer(facts.of_domain(domain), host).map(|(name, _)| name);
        assert_eq!(of("gmail.com", "imap.gmail.com"), Some("accounts.google.com"));
        assert_eq!(of("example.org", "smtp.gmail.com"), Some("accounts.google.com"));
        assert_eq!(of("example.org", "smtp.notgmail.com"), None);
        assert_eq!(of("hotmail.fr", "outlook.office365.com"), Some("login.microsoftonline.com"));
    }
}
