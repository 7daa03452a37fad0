//! What is declared becomes what is: first everything is looked through, then it is done.
//!
//! Nothing is done while anything in the declaration cannot be. Each change is then a transaction of its own; should the
//! store fail in between, the rest is done when the declaration is applied again.

use crate::declaration::{AccountEntry, Declaration, DomainEntry, RelayEntry, SiteEntry};
use crate::own_relays::full_name;
use crate::principals::{check_password, machine_password, person_password, valid_name};
use crate::relays::{DIRECT, fresh_relay};
use crate::sign_in::{is_hash, verify_hash};
use crate::{
    Answer, Audit, Blame, Control, Fault, NewPassword, RelaySpec, RouteFor, domains, publication, settings,
};
use mail::{AccountId, Address, DomainId, OwnerId, Secret, SiteId};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use store::{
    Account, AccountRole, DkimKey, HostedDomain, NewLogin, Owner, Relay, RelayAuth, SenderRule, Site,
};

/// One thing that differs from what is declared, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `owner`, `domain`, `relay`, `account`, `site`, `route`, `setting`.
    pub what: String,
    /// Its name.
    pub name: String,
    /// Whether it is new.
    pub added: bool,
    /// What of it changes, by the names of the file.
    pub fields: Vec<String>,
}

/// Where a password comes from.
enum Credential {
    /// The one that is there, or none.
    Keep,
    /// A hash.
    Hash(String),
    /// The password itself.
    Password(Secret),
    /// It is made: for a person, or for a program.
    Make { machine: bool },
}

/// What is to be done for one difference.
enum Step {
    Owner,
    Domain(Box<HostedDomain>, String),
    Relay(Box<Relay>, String, Option<String>),
    Account(Account, String, Credential),
    Site(Site, String, Credential),
    Route(RouteFor, String),
    Setting(String),
}

/// What there is, looked up once.
struct Known {
    owners: Vec<Owner>,
    domains: Vec<HostedDomain>,
    relays: Vec<Relay>,
    accounts: Vec<Account>,
    sites: Vec<Site>,
    routes: HashMap<String, String>,
    settings: std::collections::BTreeMap<String, String>,
}

impl Known {
    fn owner(&self, id: OwnerId) -> &str {
        self.owners.iter().find(|owner| owner.id == id).map_or("", |owner| &owner.name)
    }

    fn relay(&self, name: &str) -> Option<&Relay> {
        self.relays.iter().find(|relay| relay.name.eq_ignore_ascii_case(name))
    }
}

/// The names of the fields that differ.
fn differing<const N: usize>(fields: [(&str, bool); N]) -> Vec<String> {
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}

/// A fault of one entry, by its name.
fn of_entry(what: &str, name: &str) -> impl Fn(Fault) -> Fault {
    let entry = format!("{what} {name}");
    move |fault| match fault.what.as_str() {
        known if known.is_empty() || known == entry => Fault { what: entry.clone(), ..fault },
        field => Fault { what: format!("{entry}: {field}"), ..fault },
    }
}

struct Plan {
    steps: Vec<(Difference, Step)>,
    names: HashSet<String>,
}

impl Plan {
    /// Adds a step, if there is anything to do.
    fn add(&mut self, what: &str, name: &str, added: bool, fields: Vec<String>, step: Step) {
        if added || !fields.is_empty() {
            let difference = Difference { what: what.to_owned(), name: name.to_owned(), added, fields };
            self.steps.push((difference, step));
        }
    }

    /// A name may stand in a declaration once.
    fn once(&mut self, what: &str, name: &str) -> Result<(), Fault> {
        let key = format!("{what} {}", name.to_ascii_lowercase());
        if self.names.insert(key) {
            Ok(())
        } else {
            Err(Fault::about(Blame::Exists, format!("{what} {name}")))
        }
    }
}

/// Refuses a declaration after which nobody could set anything in the portal any more, though somebody can now.
fn leave_an_administrator(known: &Known, plan: &Plan) -> Result<(), Fault> {
    let planned: Vec<&Account> = plan
        .steps
        .iter()
        .filter_map(|(_, step)| if let Step::Account(row, ..) = step { Some(row) } else { None })
        .collect();
    let is_one = |row: &Account| row.role == AccountRole::Administrator;
    let stays = |row: &&Account| !planned.iter().any(|planned| planned.id == row.id);
    let mut before = known.accounts.iter().filter(|row| is_one(row)).peekable();
    match before.peek().copied() {
        Some(one) if !planned.iter().any(|row| is_one(row)) && !before.any(|row| stays(&row)) => {
            Err(Fault::about(Blame::LastAdministrator, &one.login))
        }
        _ => Ok(()),
    }
}

impl Control {
    pub(crate) async fn apply(
        &self,
        audit: &Audit<'_>,
        declaration: Declaration,
        dry_run: bool,
    ) -> Result<Answer, Fault> {
        let plan = self.plan(declaration).await?;
        let mut made = Vec::new();
        let mut differences = Vec::new();
        for (difference, step) in plan.steps {
            if !dry_run {
                let name = difference.name.clone();
                made.extend(self.step(audit, step, &name).await?);
            }
            differences.push(difference);
        }
        if !dry_run && !differences.is_empty() {
            self.reload_registry().await?;
            self.reload_keys().await?;
            self.queue.reload().await?;
        }
        Ok(Answer::Applied { differences, made, dry_run })
    }

    async fn known(&self) -> Result<Known, Fault> {
        let Answer::Routes { routes } = self.route_list().await? else {
            return Err(Fault::new(Blame::Store));
        };
        Ok(Known {
            owners: self.store.owners().await?,
            domains: self.store.domains().await?,
            relays: self.store.relays().await?,
            accounts: self.store.accounts().await?,
            sites: self.store.sites().await?,
            routes: routes.into_iter().map(|route| (route.scope.to_ascii_lowercase(), route.relay)).collect(),
            settings: self.settings().await?,
        })
    }

    async fn plan(&self, declaration: Declaration) -> Result<Plan, Fault> {
        let known = self.known().await?;
        let mut plan = Plan { steps: Vec::new(), names: HashSet::new() };
        for owner in &declaration.owners {
            plan.once("owner", &owner.name)?;
            let name = valid_name("name", &owner.name).map_err(of_entry("owner", &owner.name))?;
            let there = known.owners.iter().any(|known| known.name == name);
            plan.add("owner", &name, !there, Vec::new(), Step::Owner);
        }
        for entry in &declaration.domains {
            plan.once("domain", entry.name.as_ascii())?;
            self.plan_domain(&mut plan, &known, entry).map_err(of_entry("domain", entry.name.as_ascii()))?;
        }
        let (own, shared): (Vec<_>, Vec<_>) =
            declaration.relays.iter().partition(|entry| entry.account.is_some());
        for entry in shared {
            plan.once("relay", &entry.name)?;
            self.plan_relay(&mut plan, &known, entry).map_err(of_entry("relay", &entry.name))?;
        }
        for entry in &declaration.accounts {
            // Accounts and sites sign in by one name space.
            plan.once("login", &entry.login)?;
            let planned = self.plan_account(&mut plan, &known, entry).await;
            planned.map_err(of_entry("account", &entry.login))?;
        }
        leave_an_administrator(&known, &plan)?;
        // Their accounts are there by now.
        for entry in own {
            plan.once("relay", &entry.name)?;
            self.plan_own_relay(&mut plan, &known, &declaration, entry)
                .map_err(of_entry("relay", &entry.name))?;
        }
        for entry in &declaration.sites {
            plan.once("login", &entry.name)?;
            let planned = self.plan_site(&mut plan, &known, entry).await;
            planned.map_err(of_entry("site", &entry.name))?;
        }
        for entry in &declaration.routes {
            plan.once("route", &entry.scope)?;
            plan_route(&mut plan, &known, &declaration, &entry.scope, &entry.relay)
                .map_err(of_entry("route", &entry.scope))?;
        }
        for (name, value) in &declaration.settings {
            let value = settings::read(name, value).map_err(of_entry("settings", name))?;
            let before = known.settings.get(name);
            let fields = differing([("value", before.is_some_and(|before| *before != value))]);
            plan.add("setting", name, before.is_none(), fields, Step::Setting(value));
        }
        Ok(plan)
    }

    fn plan_domain(&self, plan: &mut Plan, known: &Known, entry: &DomainEntry) -> Result<(), Fault> {
        let before = known.domains.iter().find(|domain| domain.name == entry.name);
        let key = |key: &crate::declaration::KeyEntry| DkimKey {
            selector: key.selector.clone(),
            algorithm: key.algorithm.clone(),
            secret: key.secret.clone(),
        };
        let keys = match (before, entry.keys.is_empty()) {
            (Some(before), true) => before.keys.clone(),
            _ => entry.keys.iter().map(key).collect(),
        };
        let row = HostedDomain {
            id: before.map_or(DomainId(0), |before| before.id),
            owner: before.map_or(OwnerId::DEFAULT, |before| before.owner),
            name: entry.name.clone(),
            keys,
            return_path: entry.return_path.clone(),
            settings: entry.settings.clone().map(publication::checked).transpose()?,
            created_at: before.map_or_else(|| self.clock.now(), |before| before.created_at),
        };
        row.keys.iter().try_for_each(|key| domains::signer(&row, key).map(drop)).map_err(|fault| Fault {
            blame: Blame::Invalid,
            what: "key".to_owned(),
            ..fault
        })?;
        let fields = before.map(|before| {
            differing([
                ("owner", known.owner(before.owner) != entry.owner),
                ("return_path", before.return_path != row.return_path),
                ("settings", before.settings != row.settings),
                ("key", before.keys != row.keys),
            ])
        });
        let step = Step::Domain(Box::new(row), entry.owner.clone());
        plan.add("domain", entry.name.as_ascii(), before.is_none(), fields.unwrap_or_default(), step);
        Ok(())
    }

    /// A relay of an account, which is there or is declared as well.
    fn plan_own_relay(
        &self,
        plan: &mut Plan,
        known: &Known,
        declaration: &Declaration,
        entry: &RelayEntry,
    ) -> Result<(), Fault> {
        let login = entry.account.as_deref().unwrap_or_default();
        let before = known.accounts.iter().find(|account| account.login.eq_ignore_ascii_case(login));
        let declared = declaration.accounts.iter().find(|account| account.login.eq_ignore_ascii_case(login));
        let (login, owner) = match (before, declared) {
            (before, Some(declared)) => {
                (before.map_or(&declared.login, |before| &before.login), declared.owner.as_str())
            }
            (Some(before), None) => (&before.login, known.owner(before.owner)),
            (None, None) => return Err(Fault::about(Blame::Missing, login)),
        };
        let name = full_name(login, &entry.name)?;
        let theirs = |relay: &Relay| before.is_some_and(|before| relay.account == Some(before.id));
        if known.relay(&name).is_some_and(|relay| !theirs(relay)) {
            return Err(Fault::about(Blame::Exists, name));
        }
        let account = Some(login.clone());
        self.plan_relay(plan, known, &RelayEntry { name, account, owner: owner.to_owned(), ..entry.clone() })
    }

    fn plan_relay(&self, plan: &mut Plan, known: &Known, entry: &RelayEntry) -> Result<(), Fault> {
        unread(&entry.password_file, &entry.password_env)?;
        let before = known.relay(&entry.name);
        let name = valid_name("name", &entry.name)?;
        if name.eq_ignore_ascii_case(DIRECT) {
            return Err(Fault::about(Blame::Exists, DIRECT));
        }
        // What is an account's stays so: everybody's mail would leave with somebody's password.
        if entry.account.is_none() && before.is_some_and(|before| before.account.is_some()) {
            return Err(Fault::about(Blame::Needed, "account"));
        }
        let kept = before.and_then(|before| match &before.auth {
            RelayAuth::Password { password, .. } => Some(password.clone()),
            RelayAuth::None => None,
        });
        let spec = RelaySpec {
            preset: entry.preset.clone(),
            host: entry.host.clone(),
            port: entry.port,
            tls: entry.tls,
            insecure: Some(entry.insecure),
            extra_ca: entry.extra_ca.clone(),
            login: entry.login.clone(),
            password: entry.password.clone().or(kept),
            no_auth: entry.no_auth,
            sender: entry.sender,
            max_connections: entry.max_connections,
            max_recipients: entry.max_recipients,
            ..RelaySpec::default()
        };
        let mut row = fresh_relay(&spec, name.clone(), self.clock.now())?;
        if let Some(before) = before {
            row.id = before.id;
            row.owner = before.owner;
            row.account = before.account;
            row.name.clone_from(&before.name);
            row.revision = before.revision;
            row.created_at = before.created_at;
        }
        let fields = before.map(|before| {
            differing([
                ("owner", known.owner(before.owner) != entry.owner),
                ("preset", before.preset != row.preset),
                ("host", before.host != row.host),
                ("port", before.port != row.port),
                ("tls", before.tls != row.tls),
                ("insecure", before.insecure != row.insecure),
                ("extra_ca", before.extra_ca != row.extra_ca),
                ("login", before.auth != row.auth),
                ("sender", before.sender != row.sender),
                ("max_connections", before.max_connections != row.max_connections),
                ("max_recipients", before.max_recipients != row.max_recipients),
            ])
        });
        let step = Step::Relay(Box::new(row), entry.owner.clone(), entry.account.clone());
        plan.add("relay", &name, before.is_none(), fields.unwrap_or_default(), step);
        Ok(())
    }

    async fn plan_account(&self, plan: &mut Plan, known: &Known, entry: &AccountEntry) -> Result<(), Fault> {
        unread(&entry.password_file, &entry.password_env)?;
        let before = known.accounts.iter().find(|account| account.login.eq_ignore_ascii_case(&entry.login));
        if known.sites.iter().any(|site| site.name.eq_ignore_ascii_case(&entry.login)) {
            return Err(Fault::about(Blame::Exists, &entry.login));
        }
        let login = valid_name("login", &entry.login)?;
        let senders = match entry.senders.as_slice() {
            [] => {
                let own: Address = login.parse().map_err(|_| Fault::about(Blame::Needed, "senders"))?;
                vec![SenderRule::Address(own)]
            }
            senders => senders.to_vec(),
        };
        let row = Account {
            id: before.map_or(AccountId(0), |before| before.id),
            owner: before.map_or(OwnerId::DEFAULT, |before| before.owner),
            login: before.map_or_else(|| login.clone(), |before| before.login.clone()),
            senders,
            language: entry.language,
            undo_secs: entry.undo_secs,
            role: entry
                .role
                .unwrap_or_else(|| before.map_or_else(AccountRole::default, |before| before.role)),
            created_at: before.map_or_else(|| self.clock.now(), |before| before.created_at),
        };
        let credential = self.credential(&login, &entry.password, &entry.password_hash).await?;
        let credential = match (credential, before) {
            (Credential::Keep, None) => Credential::Make { machine: false },
            (credential, _) => credential,
        };
        let fields = before.map(|before| {
            differing([
                ("owner", known.owner(before.owner) != entry.owner),
                ("senders", before.senders != row.senders),
                ("language", before.language != row.language),
                ("undo_secs", before.undo_secs != row.undo_secs),
                ("role", before.role != row.role),
                ("password", !matches!(credential, Credential::Keep)),
            ])
        });
        let step = Step::Account(row, entry.owner.clone(), credential);
        plan.add("account", &login, before.is_none(), fields.unwrap_or_default(), step);
        Ok(())
    }

    async fn plan_site(&self, plan: &mut Plan, known: &Known, entry: &SiteEntry) -> Result<(), Fault> {
        unread(&entry.password_file, &entry.password_env)?;
        let before = known.sites.iter().find(|site| site.name.eq_ignore_ascii_case(&entry.name));
        if known.accounts.iter().any(|account| account.login.eq_ignore_ascii_case(&entry.name)) {
            return Err(Fault::about(Blame::Exists, &entry.name));
        }
        let name = valid_name("name", &entry.name)?;
        if entry.senders.is_empty() {
            return Err(Fault::about(Blame::Needed, "senders"));
        }
        let row = Site {
            id: before.map_or(SiteId(0), |before| before.id),
            owner: before.map_or(OwnerId::DEFAULT, |before| before.owner),
            name: before.map_or_else(|| name.clone(), |before| before.name.clone()),
            networks: entry.networks.clone(),
            uids: entry.uids.clone(),
            senders: entry.senders.clone(),
            line_endings: entry.line_endings,
            created_at: before.map_or_else(|| self.clock.now(), |before| before.created_at),
        };
        let credential = self.credential(&name, &entry.password, &entry.password_hash).await?;
        // A site that comes from its own network, or from this machine, needs no key.
        let near = !row.networks.is_empty() || !row.uids.is_empty();
        let credential = match (credential, before) {
            (Credential::Keep, None) if !near => Credential::Make { machine: true },
            (credential, _) => credential,
        };
        let fields = before.map(|before| {
            differing([
                ("owner", known.owner(before.owner) != entry.owner),
                ("networks", before.networks != row.networks),
                ("uids", before.uids != row.uids),
                ("line_endings", before.line_endings != row.line_endings),
                ("senders", before.senders != row.senders),
                ("password", !matches!(credential, Credential::Keep)),
            ])
        });
        let step = Step::Site(row, entry.owner.clone(), credential);
        plan.add("site", &name, before.is_none(), fields.unwrap_or_default(), step);
        Ok(())
    }

    /// What is to become of a login's password. One that is right already is no change.
    async fn credential(
        &self,
        login: &str,
        password: &Option<Secret>,
        hash: &Option<String>,
    ) -> Result<Credential, Fault> {
        let kept = self.store.login(login).await?.and_then(|record| record.hash);
        match (password, hash) {
            (None, None) => Ok(Credential::Keep),
            (Some(_), Some(_)) => Err(Fault::invalid("password_hash", "password")),
            (None, Some(hash)) if !is_hash(hash) => Err(Fault::about(Blame::Invalid, "password_hash")),
            (None, Some(hash)) if kept.as_ref() == Some(hash) => Ok(Credential::Keep),
            (None, Some(hash)) => Ok(Credential::Hash(hash.clone())),
            (Some(password), None) => {
                check_password(password)?;
                let same = match kept {
                    Some(kept) => {
                        let given = password.clone();
                        let verified = tokio::task::spawn_blocking(move || verify_hash(&given, &kept));
                        verified.await.unwrap_or(false)
                    }
                    None => false,
                };
                Ok(if same { Credential::Keep } else { Credential::Password(password.clone()) })
            }
        }
    }

    async fn step(&self, audit: &Audit<'_>, step: Step, name: &str) -> Result<Option<NewPassword>, Fault> {
        let events = audit.of(&self.clock, name);
        let mut made = None;
        match step {
            Step::Owner => {
                self.owner(Some(name), audit).await?;
            }
            Step::Domain(mut row, owner) => {
                row.owner = self.owner(Some(&owner), audit).await?;
                self.store.save_domain(*row, events).await?;
            }
            Step::Relay(mut row, owner, account) => {
                row.owner = self.owner(Some(&owner), audit).await?;
                row.account = match account {
                    Some(login) => Some(self.account(&login).await?.id),
                    None => None,
                };
                self.store.save_relay(*row, events).await?;
            }
            Step::Account(mut row, owner, credential) => {
                row.owner = self.owner(Some(&owner), audit).await?;
                let login = credential.login().await?;
                made = login.as_ref().and_then(|(_, made)| made.clone());
                self.store.save_account(row, login.map(|(login, _)| login), events).await?;
            }
            Step::Site(mut row, owner, credential) => {
                row.owner = self.owner(Some(&owner), audit).await?;
                let login = credential.login().await?;
                made = login.as_ref().and_then(|(_, made)| made.clone());
                self.store.save_site(row, login.map(|(login, _)| login), events).await?;
            }
            Step::Route(scope, relay) => {
                self.route_set(audit, scope, Some(relay)).await?;
            }
            Step::Setting(value) => {
                self.setting_set(audit, name.to_owned(), Some(value)).await?;
            }
        }
        Ok(made.map(|password| NewPassword { login: name.to_owned(), password: Some(password) }))
    }
}

impl Credential {
    /// What is stored, and the password when it was made.
    async fn login(self) -> Result<Option<(NewLogin, Option<String>)>, Fault> {
        let (hash, made) = match self {
            Self::Keep => return Ok(None),
            Self::Hash(hash) => (hash, None),
            Self::Password(password) => person_password(Some(password)).await?,
            Self::Make { machine: false } => person_password(None).await?,
            Self::Make { machine: true } => machine_password(None).await?,
        };
        Ok(Some((NewLogin { hash }, made)))
    }
}

/// Files and variables are read where the declaration is: what is left of them here was read by nobody.
fn unread(file: &Option<std::path::PathBuf>, env: &Option<String>) -> Result<(), Fault> {
    match (file, env) {
        (Some(path), _) => Err(Fault::invalid("password_file", path.display())),
        (_, Some(name)) => Err(Fault::invalid("password_env", name)),
        (None, None) => Ok(()),
    }
}

fn plan_route(
    plan: &mut Plan,
    known: &Known,
    declaration: &Declaration,
    scope: &str,
    relay: &str,
) -> Result<(), Fault> {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let missing = |name: &str| Fault::about(Blame::Missing, name);
    // What is an account's carries its mail only.
    let own = declaration.relays.iter().filter_map(|entry| {
        let login = entry.account.as_deref()?;
        full_name(login, &entry.name).ok().filter(|name| same(name, relay)).map(|_| login)
    });
    let before = known.relay(relay).and_then(|relay| relay.account);
    let before = known.accounts.iter().filter(|account| Some(account.id) == before);
    let mut own = own.chain(before.map(|account| account.login.as_str()));
    if own.any(|login| !same(scope, &format!("account:{login}"))) {
        return Err(Fault::invalid("relay", relay));
    }
    let declared = |entry: &RelayEntry| match &entry.account {
        Some(login) => full_name(login, &entry.name).is_ok_and(|name| same(&name, relay)),
        None => same(&entry.name, relay),
    };
    let carried =
        same(relay, DIRECT) || known.relay(relay).is_some() || declaration.relays.iter().any(declared);
    if !carried {
        return Err(missing(relay));
    }
    let target = match scope.split_once(':') {
        None if scope == "default" => RouteFor::Default,
        Some(("domain", name)) => {
            RouteFor::SenderDomain(name.parse().map_err(|error| Fault::invalid("for", error))?)
        }
        Some(("site", name)) => {
            let there = known.sites.iter().any(|site| same(&site.name, name));
            let declared = declaration.sites.iter().any(|site| same(&site.name, name));
            if there || declared { RouteFor::Site(name.to_owned()) } else { return Err(missing(name)) }
        }
        Some(("account", login)) => {
            let there = known.accounts.iter().any(|account| same(&account.login, login));
            let declared = declaration.accounts.iter().any(|account| same(&account.login, login));
            if there || declared { RouteFor::Account(login.to_owned()) } else { return Err(missing(login)) }
        }
        Some(("owner", name)) => {
            let owners = known.owners.iter().map(|owner| &owner.name);
            let mut all = owners.chain(declaration.owners.iter().map(|owner| &owner.name));
            if all.any(|owner| owner == name) {
                RouteFor::Owner(name.to_owned())
            } else {
                return Err(missing(name));
            }
        }
        _ => return Err(Fault::invalid("for", scope)),
    };
    let before = known.routes.get(&scope.to_ascii_lowercase());
    let fields = differing([("relay", before.is_some_and(|before| !same(before, relay)))]);
    plan.add("route", scope, before.is_none(), fields, Step::Route(target, relay.to_owned()));
    Ok(())
}
