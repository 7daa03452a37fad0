//! All that is configured, written down.

use crate::declaration::{
    AccountEntry, Declaration, DomainEntry, KeyEntry, OwnerEntry, RelayEntry, RouteEntry, SiteEntry,
};
use crate::{Answer, Audit, Control, Fault};
use mail::{OwnerId, Secret};
use store::{HostedDomain, Relay, RelayAuth};

impl Control {
    pub(crate) async fn export(&self, audit: &Audit<'_>, secrets: bool) -> Result<Answer, Fault> {
        if secrets {
            self.store.append(audit.of(&self.clock, "secrets")).await?;
        }
        Ok(Answer::Exported { declaration: Box::new(self.declaration(secrets).await?) })
    }

    /// What is configured now. Without secrets it can be read by anybody who may know the names.
    pub(crate) async fn declaration(&self, secrets: bool) -> Result<Declaration, Fault> {
        let owners = self.owner_names().await?;
        let of = |id: OwnerId| owners.get(&id).cloned().unwrap_or_default();
        let mut declaration = Declaration { settings: self.settings().await?, ..Declaration::default() };
        let mut names: Vec<&String> =
            owners.iter().filter(|(id, _)| **id != OwnerId::DEFAULT).map(|(_, name)| name).collect();
        names.sort();
        declaration.owners = names.into_iter().map(|name| OwnerEntry { name: name.clone() }).collect();
        for domain in self.store.domains().await? {
            let owner = of(domain.owner);
            declaration.domains.push(domain_entry(domain, owner, secrets));
        }
        let accounts = self.store.accounts().await?;
        for relay in self.store.relays().await? {
            let owner = of(relay.owner);
            let account = accounts.iter().find(|account| Some(account.id) == relay.account);
            let account = account.map(|account| account.login.clone());
            declaration.relays.push(RelayEntry { account, ..relay_entry(relay, owner, secrets) });
        }
        for account in accounts {
            declaration.accounts.push(AccountEntry {
                password_hash: self.hash(&account.login, secrets).await?,
                owner: of(account.owner),
                login: account.login,
                senders: account.senders,
                language: account.language,
                undo_secs: account.undo_secs,
                role: Some(account.role),
                password: None,
                password_file: None,
                password_env: None,
            });
        }
        for site in self.store.sites().await? {
            declaration.sites.push(SiteEntry {
                password_hash: self.hash(&site.name, secrets).await?,
                owner: of(site.owner),
                name: site.name,
                networks: site.networks,
                uids: site.uids,
                senders: site.senders,
                line_endings: site.line_endings,
                password: None,
                password_file: None,
                password_env: None,
            });
        }
        let Answer::Routes { routes } = self.route_list().await? else { return Ok(declaration) };
        declaration.routes =
            routes.into_iter().map(|route| RouteEntry { scope: route.scope, relay: route.relay }).collect();
        Ok(declaration)
    }

    async fn hash(&self, login: &str, secrets: bool) -> Result<Option<String>, Fault> {
        if !secrets {
            return Ok(None);
        }
        Ok(self.store.login(login).await?.and_then(|record| record.hash))
    }
}

fn domain_entry(domain: HostedDomain, owner: String, secrets: bool) -> DomainEntry {
    let keys = domain.keys.into_iter().filter(|_| secrets);
    let key = |key: store::DkimKey| KeyEntry {
        selector: key.selector,
        algorithm: key.algorithm,
        secret: key.secret,
    };
    let (return_path, settings) = (domain.return_path, domain.settings);
    DomainEntry { name: domain.name, owner, return_path, settings, keys: keys.map(key).collect() }
}

fn relay_entry(relay: Relay, owner: String, secrets: bool) -> RelayEntry {
    let (login, password): (Option<String>, Option<Secret>) = match relay.auth {
        RelayAuth::None => (None, None),
        RelayAuth::Password { login, password } => (Some(login), Some(password)),
    };
    RelayEntry {
        name: relay.name,
        preset: relay.preset,
        host: Some(relay.host),
        port: relay.port,
        tls: Some(relay.tls),
        insecure: relay.insecure,
        extra_ca: relay.extra_ca,
        no_auth: login.is_none(),
        login,
        password: password.filter(|_| secrets),
        password_file: None,
        password_env: None,
        sender: Some(relay.sender),
        max_connections: Some(relay.max_connections),
        max_recipients: Some(relay.max_recipients),
        owner,
        account: None,
    }
}
