//! `facteur domain publish` and `facteur domain settings`: what a domain tells mail programs, so that they set themselves
//! up.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::front;
use super::parse;
use crate::config::Config;
use crate::server::StartError;
use crate::show;
use clap::Args;
use control::{Answer, DomainView, Operation, published_model};
use mail::{Address, Domain};
use net::ListenerKind;
use store::{MailLogin, MailProtocol, MailServer, MailSettings, MailTls};

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
    /// What nginx needs to stand in front.
    Nginx,
    /// What Caddy needs to stand in front.
    Caddy,
}

impl Form {
    /// All of them, by the words to type.
    pub const ALL: [(&'static str, Self); 8] = [
        ("dns", Self::Dns),
        ("autoconfig", Self::Autoconfig),
        ("autodiscover", Self::Autodiscover),
        ("autodiscover-json", Self::AutodiscoverJson),
        ("apple", Self::Apple),
        ("page", Self::Page),
        ("nginx", Self::Nginx),
        ("caddy", Self::Caddy),
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
    fn server(&self, protocol: MailProtocol) -> MailServer {
        let at_once = match protocol {
            MailProtocol::Imap => 993,
            MailProtocol::Pop3 => 995,
            MailProtocol::Smtp => 465,
        };
        let port = self.port.unwrap_or(at_once);
        let tls = if port == at_once { MailTls::Implicit } else { MailTls::Starttls };
        MailServer { protocol, host: self.host.clone(), port, tls }
    }
}

/// Where mail is read and sent.
#[derive(Debug, Args)]
pub struct Doors {
    #[arg(long, value_name = "HOST[:PORT]")]
    imap: Vec<Door>,
    #[arg(long, value_name = "HOST[:PORT]")]
    pop3: Vec<Door>,
    #[arg(long, value_name = "HOST[:PORT]")]
    smtp: Vec<Door>,
    #[arg(long)]
    local_part: bool,
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

impl Doors {
    fn are_named(&self) -> bool {
        !(self.imap.is_empty() && self.pop3.is_empty() && self.smtp.is_empty())
    }

    /// What is told. Where no server for sending is named it is this one, at the ports that it listens on.
    fn settings(&self, config: &Config) -> MailSettings {
        let named = |protocol, doors: &[Door]| {
            doors.iter().map(move |door| door.server(protocol)).collect::<Vec<_>>()
        };
        let mut servers = named(MailProtocol::Imap, &self.imap);
        servers.extend(named(MailProtocol::Pop3, &self.pop3));
        if self.smtp.is_empty() {
            servers.extend(own(config));
        } else {
            servers.extend(named(MailProtocol::Smtp, &self.smtp));
        }
        let login = if self.local_part { MailLogin::Local } else { MailLogin::Full };
        MailSettings { title: self.title.clone(), login, servers }
    }
}

/// What a domain is to tell.
#[derive(Debug, Args)]
pub struct PublishArguments {
    #[arg(value_name = "DOMAIN")]
    name: Domain,
    #[command(flatten)]
    doors: Doors,
    #[arg(long, conflicts_with_all = ["imap", "pop3", "smtp", "local_part", "title"])]
    off: bool,
}

impl PublishArguments {
    /// The operation that does it.
    pub async fn operation(self, console: &mut Console) -> Result<Operation, Failure> {
        let config = config(console).await?;
        let settings = (!self.off).then(|| self.doors.settings(&config));
        Ok(Operation::DomainPublish { name: self.name, settings })
    }
}

/// The configuration, with the name that was chosen while the server ran, if one was.
pub async fn config(console: &mut Console) -> Result<Config, Failure> {
    let mut config = Config::read(&console.place.config).map_err(StartError::from)?;
    if console.place.is_initialised()
        && let Answer::Settings { settings } = console.perform(Operation::SettingList).await?
    {
        let chosen = settings.get(control::HOST_NAME).and_then(|name| name.parse().ok());
        config.host_name = chosen.or(config.host_name);
    }
    Ok(config)
}

/// Of which domain, in which form.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "DOMAIN")]
    name: Domain,
    #[command(flatten)]
    doors: Doors,
    #[arg(long = "as", value_name = "FORM", value_parser = parse::form, default_value = "dns")]
    form: Form,
    #[arg(long, value_name = "ADDRESS", required_if_eq_any = [("form", "autodiscover"), ("form", "apple")])]
    address: Option<Address>,
    #[arg(long, value_name = "HOST")]
    web: Option<Domain>,
}

/// Prints it.
pub async fn settings(arguments: Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let config = config(console).await?;
    let settings = arguments.settings(&config, console).await?;
    let hosted = published_model(&arguments.name, &settings);
    let host_name = config.host_name();
    let web = arguments.web.as_ref().unwrap_or(&host_name).as_ascii();
    let text = match (arguments.form, &arguments.address) {
        (Form::Dns, _) => Some(hosted.zone(web)),
        (Form::Autoconfig, address) => Some(hosted.autoconfig(address.as_ref())),
        (Form::Autodiscover, Some(address)) => Some(hosted.autodiscover(address)),
        (Form::AutodiscoverJson, _) => Some(hosted.autodiscover_json() + "\n"),
        (Form::Apple, Some(address)) => hosted.profile(address),
        (Form::Page, _) => Some(show::settings_page(&hosted, &console.reader)),
        (Form::Nginx, _) => Some(front::nginx(&hosted.domain)),
        (Form::Caddy, _) => Some(front::caddy(&hosted.domain)),
        (Form::Autodiscover | Form::Apple, None) => None,
    };
    match text {
        Some(text) => console.print(&text),
        None => Err(Failure::Mail("discover-no-reading", hosted.domain, Exit::Usage)),
    }
}

impl Arguments {
    /// The servers that are named; else what the domain publishes; else this one, for sending.
    async fn settings(&self, config: &Config, console: &mut Console) -> Result<MailSettings, Failure> {
        if !self.doors.are_named() && console.place.is_initialised() {
            let is_meant = |domain: &DomainView| domain.name == self.name;
            let Answer::Domains { domains } = console.perform(Operation::DomainList).await? else {
                return Err(Failure::Unexpected);
            };
            let known = domains.into_iter().find(is_meant).and_then(|domain| domain.settings);
            if let Some(settings) = known {
                return Ok(settings);
            }
        }
        Ok(self.doors.settings(config))
    }
}

fn own(config: &Config) -> Vec<MailServer> {
    let host = config.host_name();
    let listeners = config.listeners().into_iter().filter(|listener| !listener.address.ip().is_loopback());
    let server = |listener: net::ListenerSpec| {
        let tls = match listener.kind {
            ListenerKind::ImplicitTls => MailTls::Implicit,
            ListenerKind::StartTls | ListenerKind::Plain => MailTls::Starttls,
            ListenerKind::Mx | ListenerKind::Http | ListenerKind::Https => return None,
        };
        let (protocol, port) = (MailProtocol::Smtp, listener.address.port());
        Some(MailServer { protocol, host: host.clone(), port, tls })
    };
    listeners.filter_map(server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_a_host_and_perhaps_a_port() {
        for (text, protocol, expected) in [
            ("imap.example.org", MailProtocol::Imap, Some(("imap.example.org", 993, MailTls::Implicit))),
            ("imap.example.org:143", MailProtocol::Imap, Some(("imap.example.org", 143, MailTls::Starttls))),
            ("Smtp.Example.org:587", MailProtocol::Smtp, Some(("smtp.example.org", 587, MailTls::Starttls))),
            ("smtp.example.org", MailProtocol::Smtp, Some(("smtp.example.org", 465, MailTls::Implicit))),
            ("smtp.example.org:0", MailProtocol::Smtp, None),
            ("smtp.example.org:x", MailProtocol::Smtp, None),
            ("[192.0.2.1]", MailProtocol::Smtp, None),
            ("", MailProtocol::Smtp, None),
        ] {
            let server = text.parse::<Door>().ok().map(|door| door.server(protocol));
            let seen = server.as_ref().map(|server| (server.host.as_ascii(), server.port, server.tls));
            assert_eq!(seen, expected, "{text}");
        }
    }

    #[test]
    fn without_a_server_for_sending_it_is_this_one() {
        let config = Config { host_name: "mail.example.org".parse().ok(), ..Config::default() };
        let ports: Vec<(u16, MailTls)> =
            own(&config).iter().map(|server| (server.port, server.tls)).collect();
        assert_eq!(ports, [(587, MailTls::Starttls), (465, MailTls::Implicit), (2525, MailTls::Starttls)]);
    }
}
