//! One record of the table, as it is written.

use super::{Bilingual, Needs, Provider};
use crate::server::{Protocol, Server, SignIn, Tls, UserForm};
use serde::Deserialize;

/// A record: every key may be absent, so that a second file can add to the first.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    name: Option<String>,
    country: Option<String>,
    #[serde(default)]
    relay: bool,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
    #[serde(default)]
    imap: Vec<String>,
    #[serde(default)]
    pop3: Vec<String>,
    #[serde(default)]
    smtp: Vec<String>,
    #[serde(default)]
    exchange: bool,
    sign_in: Option<Needs>,
    oauth2: Option<String>,
    enable: Option<String>,
    without: Option<Bilingual>,
    note: Option<Bilingual>,
    help: Option<String>,
    #[serde(default)]
    from: Vec<String>,
    checked: Option<String>,
}

impl Record {
    /// Adds what another record says: its single values win, its lists are added.
    pub(super) fn add(&mut self, other: Self) {
        self.name = other.name.or(self.name.take());
        self.country = other.country.or(self.country.take());
        self.relay |= other.relay;
        self.exchange |= other.exchange;
        self.sign_in = other.sign_in.or(self.sign_in);
        self.oauth2 = other.oauth2.or(self.oauth2.take());
        self.enable = other.enable.or(self.enable.take());
        self.without = other.without.or(self.without.take());
        self.note = other.note.or(self.note.take());
        self.help = other.help.or(self.help.take());
        self.checked = other.checked.or(self.checked.take());
        let lists = [
            (&mut self.domains, other.domains),
            (&mut self.mx, other.mx),
            (&mut self.imap, other.imap),
            (&mut self.pop3, other.pop3),
            (&mut self.smtp, other.smtp),
            (&mut self.from, other.from),
        ];
        for (list, more) in lists {
            for line in more {
                if !list.contains(&line) {
                    list.push(line);
                }
            }
        }
    }

    /// The provider that the record describes.
    pub(super) fn provider(self, id: String) -> Provider {
        let lists =
            [(Protocol::Imap, &self.imap), (Protocol::Pop3, &self.pop3), (Protocol::Smtp, &self.smtp)];
        let all = lists.iter().flat_map(|(protocol, lines)| lines.iter().map(|line| (*protocol, line)));
        // A provider without IMAP is answered with its reason: a lone sending server would look like an answer.
        let servers = match self.without {
            Some(_) => Vec::new(),
            None => all.filter_map(|(protocol, line)| server(protocol, line)).collect(),
        };
        Provider {
            name: self.name.unwrap_or_else(|| id.clone()),
            id,
            country: self.country,
            relay: self.relay,
            domains: self.domains,
            mx: self.mx,
            servers,
            exchange: self.exchange,
            needs: self.sign_in,
            oauth2: self.oauth2,
            enable: self.enable,
            without: self.without,
            note: self.note,
            help: self.help,
            from: self.from,
            checked: self.checked,
        }
    }

    /// How many servers the record writes down.
    #[cfg(test)]
    pub(super) const fn lines(&self) -> usize {
        self.imap.len() + self.pop3.len() + self.smtp.len()
    }
}

/// Reads `host:port tls user-name sign-in…`.
pub(super) fn server(protocol: Protocol, line: &str) -> Option<Server> {
    let mut words = line.split(' ');
    let (host, port) = words.next()?.rsplit_once(':')?;
    let tls = match words.next()? {
        "tls" => Tls::Implicit,
        "starttls" => Tls::Starttls,
        "clear" => Tls::None,
        _ => return None,
    };
    let user = match words.next()? {
        "?" => None,
        "full" => Some(UserForm::Full),
        "local" => Some(UserForm::Local),
        "local.domain" => Some(UserForm::Dotted),
        _ => return None,
    };
    let mut sign_in = Vec::new();
    for word in words {
        match word {
            "?" => {}
            "password" => sign_in.push(SignIn::Password),
            "encrypted" => sign_in.push(SignIn::Encrypted),
            "oauth2" => sign_in.push(SignIn::OAuth2),
            "none" => sign_in.push(SignIn::None),
            _ => return None,
        }
    }
    Some(Server { protocol, host: host.to_owned(), port: port.parse().ok()?, tls, user, sign_in })
}
