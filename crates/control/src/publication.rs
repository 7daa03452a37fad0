//! What the hosted domains tell mail programs: from a row to the model of the documents.

use crate::Fault;
use discover::publish::Hosted;
use discover::{Protocol, Server, SignIn, Tls, UserForm};
use mail::Domain;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use store::{HostedDomain, MAX_SERVERS, MailLogin, MailProtocol, MailSettings, MailTls};

/// The most bytes of what people call a domain.
const MAX_TITLE: usize = 200;

/// What the domains of this server tell mail programs, in memory: whoever asks needs no sign-in, and costs no look into
/// the store.
#[derive(Debug, Default)]
pub struct Publications(RwLock<HashMap<String, Arc<Hosted>>>);

impl Publications {
    /// What a domain (A-label, lower case) tells; `None` when it publishes nothing here.
    pub fn of(&self, domain: &str) -> Option<Arc<Hosted>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(domain).cloned()
    }

    pub(crate) fn replace(&self, told: Vec<Hosted>) {
        let all = told.into_iter().map(|hosted| (hosted.domain.clone(), Arc::new(hosted))).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all;
    }
}

/// What a domain tells, as the model that its documents are made of.
pub(crate) fn hosted(domain: &HostedDomain) -> Option<Hosted> {
    domain.settings.as_ref().map(|settings| model(&domain.name, settings))
}

/// Settings as the model that documents are made of.
pub fn model(domain: &Domain, settings: &MailSettings) -> Hosted {
    let server = |server: &store::MailServer| {
        let protocol = match server.protocol {
            MailProtocol::Imap => Protocol::Imap,
            MailProtocol::Pop3 => Protocol::Pop3,
            MailProtocol::Smtp => Protocol::Smtp,
        };
        let tls = match server.tls {
            MailTls::Implicit => Tls::Implicit,
            MailTls::Starttls => Tls::Starttls,
        };
        let user = match settings.login {
            MailLogin::Full => UserForm::Full,
            MailLogin::Local => UserForm::Local,
        };
        Server {
            user: Some(user),
            sign_in: vec![SignIn::Password],
            ..Server::at(protocol, server.host.as_ascii(), server.port, tls)
        }
    };
    Hosted {
        domain: domain.as_ascii().to_owned(),
        name: settings.title.clone().unwrap_or_else(|| domain.to_string()),
        servers: settings.servers.iter().map(server).collect(),
    }
}

/// Settings that programs can use: at least one server, each with a name that a certificate can be for.
pub(crate) fn checked(settings: MailSettings) -> Result<MailSettings, Fault> {
    let count = settings.servers.len();
    if count == 0 || count > MAX_SERVERS {
        return Err(Fault::invalid("settings", format!("1-{MAX_SERVERS} servers")));
    }
    if let Some(server) = settings.servers.iter().find(|server| server.host.is_literal() || server.port == 0)
    {
        return Err(Fault::invalid("settings", format!("{}:{}", server.host, server.port)));
    }
    if settings
        .title
        .as_ref()
        .is_some_and(|title| title.len() > MAX_TITLE || title.contains(char::is_control))
    {
        return Err(Fault::invalid("settings", "title"));
    }
    Ok(settings)
}
