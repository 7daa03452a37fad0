//! The reverse: what a domain publishes, so that other programs find its settings by themselves. One model, many
//! documents; none of them says whether an account exists, for each is the same for every address of the domain.

use crate::give::{self, Account, Side};
use crate::server::{Protocol, Server, SignIn, Tls, UserForm};
use mail::Address;
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// A domain whose mail is read and sent at these servers.
#[derive(Debug, Clone)]
pub struct Hosted {
    /// The domain (A-label, lower case).
    pub domain: String,
    /// What people call it.
    pub name: String,
    /// Its servers, best first within each protocol. Those without TLS are never published.
    pub servers: Vec<Server>,
}

/// A record of the DNS to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name, without the last dot.
    pub name: String,
    /// `SRV`, `CNAME`.
    pub kind: &'static str,
    /// Its value, as a zone writes it.
    pub value: String,
}

impl Hosted {
    fn of(&self, protocol: Protocol) -> impl Iterator<Item = &Server> {
        let fine = move |server: &&Server| server.protocol == protocol && server.tls != Tls::None;
        self.servers.iter().filter(fine)
    }

    /// Autoconfig 1.1, for `autoconfig.DOMAIN/mail/config-v1.1.xml` and the well-known address. When the program told
    /// its address the user names are filled in; else they are placeholders, which it fills in itself.
    pub fn autoconfig(&self, address: Option<&Address>) -> String {
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"{domain}\">\n    \
             <domain>{domain}</domain>\n    <displayName>{name}</displayName>\n    <displayShortName>{name}</displayShortName>\n",
            domain = escape(self.domain.as_str()),
            name = escape(self.name.as_str()),
        );
        for protocol in Protocol::ALL {
            let kind = if protocol == Protocol::Smtp { "outgoingServer" } else { "incomingServer" };
            for server in self.of(protocol) {
                let user = user_name(server, address);
                let _ = write!(
                    text,
                    "    <{kind} type=\"{}\">\n      <hostname>{}</hostname>\n      <port>{}</port>\n      \
                     <socketType>{}</socketType>\n      <username>{}</username>\n{}    </{kind}>\n",
                    protocol.as_str(),
                    escape(server.host.as_str()),
                    server.port,
                    if server.tls == Tls::Implicit { "SSL" } else { "STARTTLS" },
                    escape(user),
                    authentication(server),
                );
            }
        }
        text.push_str("  </emailProvider>\n</clientConfig>\n");
        text
    }

    /// The answer to Autodiscover in plain old XML, for `/autodiscover/autodiscover.xml`.
    pub fn autodiscover(&self, address: &Address) -> String {
        let mut text = String::from(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n  \
             <Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n    \
             <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n",
        );
        for protocol in Protocol::ALL {
            for server in self.of(protocol) {
                let _ = write!(
                    text,
                    "      <Protocol>\n        <Type>{}</Type>\n        <Server>{}</Server>\n        <Port>{}</Port>\n        \
                     <LoginName>{}</LoginName>\n        <SPA>off</SPA>\n        <SSL>on</SSL>\n        \
                     <Encryption>{}</Encryption>\n        <AuthRequired>on</AuthRequired>\n      </Protocol>\n",
                    protocol.label(),
                    escape(server.host.as_str()),
                    server.port,
                    escape(user_name(server, Some(address))),
                    if server.tls == Tls::Implicit { "SSL" } else { "TLS" },
                );
            }
        }
        text.push_str("    </Account>\n  </Response>\n</Autodiscover>\n");
        text
    }

    /// The answer to Autodiscover version 2, for `/autodiscover/autodiscover.json`: it leads to the XML.
    pub fn autodiscover_json(&self) -> String {
        let url = format!("https://autodiscover.{}/autodiscover/autodiscover.xml", self.domain);
        serde_json::json!({ "Protocol": "AutodiscoverV1", "Url": url }).to_string()
    }

    /// The records to publish (RFC 6186, RFC 8314 §5). What is not offered is said to be so. `web` is the host at which
    /// the documents are.
    pub fn records(&self, web: &str) -> Vec<Record> {
        let domain = &self.domain;
        let mut records = Vec::new();
        let mut add = |label: &str, kind, value| {
            records.push(Record { name: format!("{label}.{domain}"), kind, value });
        };
        for (label, protocol, tls) in [
            ("_imaps", Protocol::Imap, Tls::Implicit),
            ("_imap", Protocol::Imap, Tls::Starttls),
            ("_pop3s", Protocol::Pop3, Tls::Implicit),
            ("_pop3", Protocol::Pop3, Tls::Starttls),
            ("_submissions", Protocol::Smtp, Tls::Implicit),
            ("_submission", Protocol::Smtp, Tls::Starttls),
        ] {
            let mut servers = self.of(protocol).filter(|server| server.tls == tls).peekable();
            if servers.peek().is_none() && self.of(protocol).next().is_none() {
                add(&format!("{label}._tcp"), "SRV", "0 0 0 .".to_owned());
            }
            for (priority, server) in servers.enumerate() {
                let value = format!("{priority} 1 {} {}.", server.port, server.host);
                add(&format!("{label}._tcp"), "SRV", value);
            }
        }
        add("_autodiscover._tcp", "SRV", format!("0 0 443 {web}."));
        for label in ["autoconfig", "autodiscover"] {
            add(label, "CNAME", format!("{web}."));
        }
        records
    }

    /// The same records, as lines of a zone.
    pub fn zone(&self, web: &str) -> String {
        let line = |record: Record| format!("{}. {} {}\n", record.name, record.kind, record.value);
        self.records(web).into_iter().map(line).collect()
    }

    /// A profile for Apple's Mail, unsigned; `None` where mail can only be sent.
    pub fn profile(&self, address: &Address) -> Option<String> {
        let incoming = self.of(Protocol::Imap).chain(self.of(Protocol::Pop3)).next()?;
        let outgoing = self.of(Protocol::Smtp).next()?;
        let login = |server: &Server| server.user.as_ref().unwrap_or(&UserForm::Full).of(address);
        let (read, send) = (login(incoming), login(outgoing));
        let account = Account {
            address,
            incoming: Some(Side { server: incoming, login: &read }),
            outgoing: Side { server: outgoing, login: &send },
        };
        give::mobileconfig(&account, &self.name)
    }
}

/// The user name at a server: filled in, or as a placeholder of autoconfig.
fn user_name(server: &Server, address: Option<&Address>) -> String {
    let form = server.user.as_ref().unwrap_or(&UserForm::Full);
    match (address, form) {
        (Some(address), form) => form.of(address),
        (None, UserForm::Full) => "%EMAILADDRESS%".to_owned(),
        (None, UserForm::Local) => "%EMAILLOCALPART%".to_owned(),
        (None, UserForm::Dotted) => "%EMAILLOCALPART%.%EMAILDOMAIN%".to_owned(),
        (None, UserForm::Given(name)) => name.clone(),
    }
}

fn authentication(server: &Server) -> String {
    let word = |how: &SignIn| match how {
        SignIn::Password => "password-cleartext",
        SignIn::Encrypted => "password-encrypted",
        SignIn::OAuth2 => "OAuth2",
        SignIn::None => "none",
    };
    let given: &[SignIn] = if server.sign_in.is_empty() { &[SignIn::Password] } else { &server.sign_in };
    given.iter().map(|how| format!("      <authentication>{}</authentication>\n", word(how))).collect()
}
