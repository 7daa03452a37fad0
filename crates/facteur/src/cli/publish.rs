//! `facteur domain settings`: what a domain publishes, so that mail programs set themselves up.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::parse;
use crate::config::Config;
use crate::server::StartError;
use crate::show;
use ::discover::publish::Hosted;
use ::discover::{Protocol, Server, SignIn, Tls, UserForm};
use clap::Args;
use mail::{Address, Domain};
use net::ListenerKind;

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Records for the DNS.
    Dns,
    /// Autoconfig 1.1.
    Autoconfig,
    /// Autodiscover in XML.
    Autodiscover,
    /// Autodiscover version 2.
    AutodiscoverJson,
    /// A profile for Apple's Mail.
    Apple,
    /// A page for people.
    Page,
}

impl Form {
    /// All of them, by the words to type.
    pub const ALL: [(&'static str, Self); 6] = [
        ("dns", Self::Dns),
        ("autoconfig", Self::Autoconfig),
        ("autodiscover", Self::Autodiscover),
        ("autodiscover-json", Self::AutodiscoverJson),
        ("apple", Self::Apple),
        ("page", Self::Page),
    ];
}

/// A server as it is typed: a host, and perhaps a port.
#[derive(Debug, Clone)]
pub struct Door {
    host: Domain,
    port: Option<u16>,
}

impl std::str::FromStr for Door {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| "HOST:PORT".to_owned())?)),
            None => (text, None),
        };
        let host: Domain = host.parse().map_err(|_| "HOST:PORT".to_owned())?;
        if host.is_literal() || port == Some(0) {
            Err("HOST:PORT".to_owned())
        } else {
            Ok(Self { host, port })
        }
    }
}

impl Door {
    /// TLS begins at once at the port that is for that, and by a command at any other.
    fn server(&self, protocol: Protocol) -> Server {
        let port = self.port.unwrap_or_else(|| protocol.tls_port());
        let tls = if port == protocol.tls_port() { Tls::Implicit } else { Tls::Starttls };
        Server::at(protocol, self.host.as_ascii(), port, tls)
    }
}

/// Which domain, and where its mail is.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "DOMAIN")]
    name: Domain,
    #[arg(long, value_name = "HOST[:PORT]")]
    imap: Vec<Door>,
    #[arg(long, value_name = "HOST[:PORT]")]
    pop3: Vec<Door>,
    #[arg(long, value_name = "HOST[:PORT]")]
    smtp: Vec<Door>,
    #[arg(long)]
    local_part: bool,
    #[arg(long = "as", value_name = "FORM", value_parser = parse::form, default_value = "dns")]
    form: Form,
    #[arg(long, value_name = "ADDRESS", required_if_eq_any = [("form", "autodiscover"), ("form", "apple")])]
    address: Option<Address>,
    #[arg(long, value_name = "HOST")]
    web: Option<Domain>,
}

/// Prints it.
pub fn settings(arguments: &Arguments, console: &Console) -> Result<Exit, Failure> {
    let config = Config::read(&console.place.config).map_err(StartError::from)?;
    let hosted = arguments.hosted(&config);
    let web = arguments.web.clone().unwrap_or_else(|| config.host_name());
    let address = arguments.address.as_ref();
    let text = match (arguments.form, address) {
        (Form::Dns, _) => Some(hosted.records(web.as_ascii())),
        (Form::Autoconfig, address) => Some(hosted.autoconfig(address)),
        (Form::Autodiscover, Some(address)) => Some(hosted.autodiscover(address)),
        (Form::AutodiscoverJson, _) => Some(hosted.autodiscover_json() + "\n"),
        (Form::Apple, Some(address)) => hosted.profile(address),
        (Form::Page, _) => Some(show::settings_page(&hosted, &console.reader)),
        (Form::Autodiscover | Form::Apple, None) => None,
    };
    match text {
        Some(text) => console.print(&text),
        None => Err(Failure::Mail("discover-no-reading", hosted.domain, Exit::Usage)),
    }
}

impl Arguments {
    /// The model. Where no server for sending is named it is this one, at the ports that it listens on.
    fn hosted(&self, config: &Config) -> Hosted {
        let named = |protocol, doors: &[Door]| {
            doors.iter().map(move |door| door.server(protocol)).collect::<Vec<_>>()
        };
        let mut servers = named(Protocol::Imap, &self.imap);
        servers.extend(named(Protocol::Pop3, &self.pop3));
        if self.smtp.is_empty() {
            servers.extend(own(config));
        } else {
            servers.extend(named(Protocol::Smtp, &self.smtp));
        }
        for server in &mut servers {
            server.user = Some(if self.local_part { UserForm::Local } else { UserForm::Full });
            server.sign_in = vec![SignIn::Password];
        }
        let domain = self.name.as_ascii().to_owned();
        Hosted { name: self.name.to_string(), domain, servers }
    }
}

fn own(config: &Config) -> Vec<Server> {
    let host = config.host_name();
    let listeners = config.listeners().into_iter().filter(|listener| !listener.address.ip().is_loopback());
    let server = |listener: net::ListenerSpec| {
        let tls = match listener.kind {
            ListenerKind::ImplicitTls => Tls::Implicit,
            ListenerKind::StartTls | ListenerKind::Plain => Tls::Starttls,
            ListenerKind::Mx | ListenerKind::Https => return None,
        };
        Some(Server::at(Protocol::Smtp, host.as_ascii(), listener.address.port(), tls))
    };
    listeners.filter_map(server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_a_host_and_perhaps_a_port() {
        for (text, protocol, expected) in [
            ("imap.example.org", Protocol::Imap, Some(("imap.example.org", 993, Tls::Implicit))),
            ("imap.example.org:143", Protocol::Imap, Some(("imap.example.org", 143, Tls::Starttls))),
            ("Smtp.Example.org:587", Protocol::Smtp, Some(("smtp.example.org", 587, Tls::Starttls))),
            ("smtp.example.org", Protocol::Smtp, Some(("smtp.example.org", 465, Tls::Implicit))),
            ("smtp.example.org:0", Protocol::Smtp, None),
            ("smtp.example.org:x", Protocol::Smtp, None),
            ("[192.0.2.1]", Protocol::Smtp, None),
            ("", Protocol::Smtp, None),
        ] {
            let server = text.parse::<Door>().ok().map(|door| door.server(protocol));
            let seen = server.as_ref().map(|server| (server.host.as_str(), server.port, server.tls));
            assert_eq!(seen, expected, "{text}");
        }
    }

    #[test]
    fn without_a_server_for_sending_it_is_this_one() {
        let config = Config { host_name: "mail.example.org".parse().ok(), ..Config::default() };
        let ports: Vec<(u16, Tls)> = own(&config).iter().map(|server| (server.port, server.tls)).collect();
        assert_eq!(ports, [(587, Tls::Starttls), (465, Tls::Implicit), (2525, Tls::Starttls)]);
    }
}
