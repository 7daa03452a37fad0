//! `facteur.toml`: what must be known before the store opens. Everything else lives in the store.

use mail::{Domain, Language, Network};
use net::{ListenerKind, ListenerSpec};
use serde::{Deserialize, Deserializer};
use smtp::server::Pages;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use web::MetricsAccess;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    /// Usual cause: it belongs to another user.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file is not what it should be.
    /// Usual cause: a misspelt key; the detail says the line.
    #[error("{}: {detail}", path.display())]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        detail: String,
    },
}

/// How a listener treats TLS, in the words of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// STARTTLS is offered; who signs in must use it, a site's own network may do without.
    #[default]
    Submission,
    /// STARTTLS, and nothing without it.
    Starttls,
    /// TLS at once.
    Tls,
    /// Mail from other servers: no signing in, and only what this server awaits.
    Mx,
    /// HTTP in clear: sends browsers to TLS, and answers whoever gives out certificates.
    Http,
    /// The portal: HTTP over TLS.
    Https,
}

/// A port to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerConfig {
    /// Address and port.
    pub address: SocketAddr,
    /// How it treats TLS.
    #[serde(default)]
    pub kind: Kind,
}

/// A certificate of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The chain, in PEM form.
    pub cert: PathBuf,
    /// The key, in PEM form.
    pub key: PathBuf,
}

/// The mail log, in the form of Postfix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailLogConfig {
    /// Whether it is written. Default: it is.
    pub enabled: bool,
    /// The file; below the data directory unless it begins with a slash. Default `mail.log`.
    pub path: PathBuf,
    /// For how many days the files of earlier days are kept. Default 30; 0 leaves the files to logrotate.
    pub keep_days: u32,
    /// What stands in front of a program's name. Default `postfix`, which is what the readers of such logs look for.
    pub syslog_name: String,
}

impl Default for MailLogConfig {
    fn default() -> Self {
        let (path, syslog_name) = (PathBuf::from("mail.log"), "postfix".to_owned());
        Self { enabled: true, path, keep_days: 30, syslog_name }
    }
}

/// Whether the running server is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Confine(pub bool);

impl Default for Confine {
    fn default() -> Self {
        Self(true)
    }
}

/// Where names are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsConfig {
    /// The name servers, in place of the system's.
    #[serde(default)]
    pub servers: Vec<SocketAddr>,
}

/// How mail leaves that takes no relay.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirectConfig {
    /// The port of other servers: 25, but in a closed network that has another.
    pub port: u16,
    /// Networks besides the public Internet in which recipients' servers may be.
    pub networks: Vec<Network>,
    /// This server's addresses on the Internet, when it does not have them itself (behind NAT): so that it knows when a
    /// domain's mail is meant for it.
    pub public_addresses: Vec<IpAddr>,
}

impl Default for DirectConfig {
    fn default() -> Self {
        Self { port: 25, networks: Vec::new(), public_addresses: Vec::new() }
    }
}

/// Which receivers of webhooks may be called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Networks besides the public Internet in which they may be.
    pub networks: Vec<Network>,
}

/// Which relays of people may be called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnRelaysConfig {
    /// Networks besides the public Internet in which they may be.
    pub networks: Vec<Network>,
}

/// Under which names monitors read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsCompat {
    /// Those of the exporter for Postfix, besides our own: for pages that were made for it.
    Postfix,
}

/// What monitors may read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// The networks from which `/metrics` is read without a key. Default: this machine alone; an empty list asks for a key
    /// everywhere.
    pub networks: Option<Vec<Network>>,
    /// Further names under which they are given. Default: none.
    pub compat: Option<MetricsCompat>,
}

impl MetricsConfig {
    /// Who may read, and what.
    pub fn access(&self) -> MetricsAccess {
        let usual = MetricsAccess::default();
        MetricsAccess {
            networks: self.networks.clone().unwrap_or(usual.networks),
            as_postfix: self.compat == Some(MetricsCompat::Postfix),
        }
    }
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data directory, when the file lies elsewhere.
    pub data: Option<PathBuf>,
    /// This server's name; the system's own when there is none.
    pub host_name: Option<Domain>,
    /// The language of the log; the locale's when there is none.
    pub language: Option<Language>,
    /// Whom the server becomes once it has its ports, when root starts it.
    pub user: Option<String>,
    /// The directory with the socket and the folder that every local user may put mail into.
    pub public: Option<PathBuf>,
    /// The file of aliases; `/etc/aliases` when there is none.
    pub aliases: Option<PathBuf>,
    /// Where the pages of the causes are on the web: their address stands behind the short code of each refusal, so that
    /// whoever reads `[F:message_too_big]` needs no command. Without it the code stands alone.
    #[serde(deserialize_with = "pages")]
    pub pages: Option<Pages>,
    /// Whether the running server is kept to its own files and to what a mail server does. Default: it is. `false` is
    /// for a system whose names or users come from modules that need more.
    pub confine: Confine,
    /// A certificate of one's own; one is made when there is none.
    pub tls: Option<TlsConfig>,
    /// The mail log.
    pub mail_log: MailLogConfig,
    /// Where names are looked up.
    pub dns: DnsConfig,
    /// How mail leaves that takes no relay.
    pub direct: DirectConfig,
    /// Which receivers of webhooks may be called.
    pub webhooks: WebhooksConfig,
    /// Which relays of people may be called.
    pub own_relays: OwnRelaysConfig,
    /// What monitors may read.
    pub metrics: MetricsConfig,
    /// The ports; 587, 465, 2525 and 8189 when there is none.
    #[serde(rename = "listener")]
    pub listeners: Vec<ListenerConfig>,
}

fn pages<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Pages>, D::Error> {
    String::deserialize(input)?.parse().map(Some).map_err(serde::de::Error::custom)
}

impl Config {
    /// Reads a file; one that does not exist is an empty one.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        };
        let invalid = |error: toml::de::Error| ConfigError::Invalid {
            path: path.to_owned(),
            detail: error.to_string(),
        };
        toml::from_str(&text).map_err(invalid)
    }

    /// The file of aliases.
    pub fn aliases(&self) -> PathBuf {
        self.aliases.clone().unwrap_or_else(|| PathBuf::from("/etc/aliases"))
    }

    /// The ports to take.
    pub fn listeners(&self) -> Vec<ListenerSpec> {
        if self.listeners.is_empty() {
            return default_listeners();
        }
        let spec = |listener: &ListenerConfig| {
            let kind = match listener.kind {
                Kind::Submission => ListenerKind::Plain,
                Kind::Starttls => ListenerKind::StartTls,
                Kind::Tls => ListenerKind::ImplicitTls,
                Kind::Mx => ListenerKind::Mx,
                Kind::Http => ListenerKind::Http,
                Kind::Https => ListenerKind::Https,
            };
            ListenerSpec { address: listener.address, kind, fallback_port: None }
        };
        self.listeners.iter().map(spec).collect()
    }

    /// This server's name: the file's, else the system's, else `localhost`.
    pub fn host_name(&self) -> Domain {
        self.host_name.clone().or_else(system_name).unwrap_or_else(localhost)
    }
}

#[expect(clippy::expect_used, reason = "a constant that a test reads")]
fn localhost() -> Domain {
    "localhost".parse().expect("localhost is a domain")
}

/// The system's name, when it is one that mail can be sent from: it has a dot.
fn system_name() -> Option<Domain> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    name.trim().parse().ok()
}

/// 587 and 2525 with STARTTLS, 465 with TLS at once (RFC 6409, RFC 8314), 8189 for the portal; ports above 1024 where the process may not take
/// these, or another mail server has them.
fn default_listeners() -> Vec<ListenerSpec> {
    let listener = |port: u16, kind, fallback_port| ListenerSpec {
        address: SocketAddr::from(([0, 0, 0, 0], port)),
        kind,
        fallback_port,
    };
    vec![
        listener(587, ListenerKind::Plain, Some(2587)),
        listener(465, ListenerKind::ImplicitTls, Some(2465)),
        listener(2525, ListenerKind::Plain, None),
        listener(8189, ListenerKind::Https, None),
    ]
}

/// The text of a new file.
pub fn fresh(host_name: &Domain, language: Language) -> String {
    format!(
        "# facteur: what must be known before the store opens. Everything else is changed with the `facteur` command.\n\
         # facteur : ce qu'il faut savoir avant d'ouvrir les données. Le reste se change avec la commande « facteur ».\n\
         host_name = \"{host_name}\"\n\
         language = \"{language}\"\n\
         \n\
         # user = \"facteur\"      # whom it becomes once it has its ports, when root starts it\n\
         # aliases = \"/etc/aliases\"\n\
         # public = \"/var/spool/facteur\"   # submit.sock and drop/, for the sendmail of every local user\n\
         # pages = \"https://mail.example.org/causes/{language}\"   # where docs/causes is published: named in each refusal\n\
         # confine = false      # do not keep the running server to its own files\n\
         \n\
         # [tls]\n\
         # cert = \"/etc/letsencrypt/live/mail.example.org/fullchain.pem\"\n\
         # key = \"/etc/letsencrypt/live/mail.example.org/privkey.pem\"\n\
         \n\
         # [mail_log]\n\
         # path = \"/var/log/facteur/mail.log\"   # mail.log beside the data by default\n\
         # keep_days = 30       # 0: logrotate does it\n\
         # enabled = false\n\
         \n\
         # [[listener]]\n\
         # address = \"0.0.0.0:587\"\n\
         # kind = \"submission\"   # or \"starttls\", \"tls\", \"mx\" (port 25), \"https\" (port 8189, or 443), \"http\" (port 80)\n\
         \n\
         # [dns]\n\
         # servers = [\"192.0.2.53:53\"]\n\
         \n\
         # [metrics]\n\
         # networks = [\"192.0.2.0/24\"]   # who reads /metrics without a key; this machine by default\n\
         # compat = \"postfix\"   # the names of the exporter for Postfix as well\n\
         \n\
         # [direct]\n\
         # public_addresses = [\"203.0.113.25\"]\n\
         # networks = [\"10.0.0.0/8\"]\n\
         \n\
         # [webhooks]\n\
         # networks = [\"10.0.0.0/8\"]   # receivers of webhooks may be there too\n\
         \n\
         # [own_relays]\n\
         # networks = [\"10.0.0.0/8\"]   # relays that people add for themselves may be there too\n"
    )
}

/// The text of a file with this server's name in it: the line that has it is replaced, all else stays.
pub fn with_host_name(text: &str, host_name: &Domain) -> String {
    let line = format!("host_name = \"{host_name}\"");
    let is_name = |line: &str| {
        let key = line.trim_start().strip_prefix("host_name");
        key.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut lines: Vec<&str> = text.lines().collect();
    // Below the first table, the key would be another one.
    let top = lines.iter().position(|line| line.trim_start().starts_with('[')).unwrap_or(lines.len());
    match lines.iter_mut().take(top).find(|line| is_name(line)) {
        Some(known) => *known = &line,
        None => lines.insert(0, &line),
    }
    format!("{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_replaced_where_it_stands_and_added_where_it_is_not() {
        let name: Domain = "new.example.org".parse().unwrap();
        for (before, after) in [
            ("", "host_name = \"new.example.org\"\n"),
            ("# a\nhost_name = \"old\"\n[tls]\n", "# a\nhost_name = \"new.example.org\"\n[tls]\n"),
            ("[tls]\nhost_name=\"x\"\n", "host_name = \"new.example.org\"\n[tls]\nhost_name=\"x\"\n"),
            ("host_names = 1\n", "host_name = \"new.example.org\"\nhost_names = 1\n"),
        ] {
            assert_eq!(with_host_name(before, &name), after);
        }
    }

    #[test]
    fn a_fresh_file_reads_back() {
        let host_name: Domain = "mail.example.org".parse().unwrap();
        let config: Config = toml::from_str(&fresh(&host_name, Language::Fr)).unwrap();
        assert_eq!((config.host_name, config.language), (Some(host_name), Some(Language::Fr)));
        assert_eq!(localhost().as_ascii(), "localhost");
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("facteur.toml");
        fs::write(&path, "host_name = \"a.test\"\nlistner = 1\n").unwrap();
        let error = Config::read(&path).unwrap_err().to_string();
        assert!(error.contains("listner") && error.contains("line 2"), "{error}");
        fs::write(&path, "pages = \"docs.test\"\n").unwrap();
        let error = Config::read(&path).unwrap_err().to_string();
        assert!(error.contains("docs.test") && error.contains("https://"), "{error}");
    }
}
