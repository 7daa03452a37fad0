//! Relays: adding, changing, testing, closing and opening.

use crate::lately::Lately;
use crate::neighbours::neighbours;
use crate::own_relays::{as_seen_by, full_name};
use crate::principals::valid_name;
use crate::{
    Answer, Audit, Blame, Caller, ClosureView, Control, Fault, Operation, RelaySpec, RelayState, RelayView,
};
use deliver::{PRESETS, Preset, SignIn, Told, must_be_near, preset};
use explain::Place;
use mail::{Address, OwnerId, RelayId, Secret, Timestamp};
use net::HostName;
use std::collections::HashMap;
use store::{Account, Closure, Page, Relay, RelayAuth, RelayTls, RouteScope, SenderMode};

/// The connections of a relay that nothing is known of.
const CONNECTIONS: u16 = 20;
/// The recipients of one transaction of a relay that nothing is known of (RFC 5321 §4.5.3.1.8).
const RECIPIENTS: u16 = 100;

/// What mail that needs no relay names in place of one.
pub(crate) const DIRECT: &str = "direct";

impl Control {
    pub(crate) async fn relay_views(&self) -> Result<Vec<RelayView>, Fault> {
        let owners = self.owner_names().await?;
        let closures = self.store.closures().await?;
        let relays = self.store.relays().await?;
        let lately = self.lately().await?;
        let refusing = lately.refusing_all();
        let accounts = self.store.accounts().await?;
        let routes = self.store.routes().await?;
        let login =
            |id| accounts.iter().find(|account| account.id == id).map(|account| account.login.clone());
        let is_used = |relay: &Relay| {
            let scope = relay.account.map(RouteScope::Account);
            routes.iter().any(|route| Some(&route.scope) == scope.as_ref() && route.relay == relay.id)
        };
        let view = |relay: &Relay| RelayView {
            refuses_all: refusing.get(&relay.id).copied(),
            account: relay.account.and_then(login),
            is_used: is_used(relay),
            ..view(relay.clone(), &owners, &relays, &closures, &lately)
        };
        Ok(relays.iter().map(view).collect())
    }

    /// What the latest attempts tell.
    pub(crate) async fn lately(&self) -> Result<Lately, Fault> {
        let events = self.store.latest_events(Page::MAX).await?;
        Ok(Lately::of(&events, self.clock.now()))
    }

    pub(crate) async fn relay_list(&self, caller: &Caller) -> Result<Answer, Fault> {
        let mut relays = self.relay_views().await?;
        if let Some(own) = self.owner_of_relays(caller).await? {
            relays.retain(|relay| relay.account.as_ref() == Some(&own.login));
        }
        Ok(Answer::Relays { relays })
    }

    /// The relay of that name, whose ever it is.
    pub(crate) async fn any_relay_named(&self, name: &str) -> Result<Relay, Fault> {
        let relays = self.store.relays().await?;
        let same = |relay: &Relay| relay.name.eq_ignore_ascii_case(name);
        relays.into_iter().find(same).ok_or_else(|| Fault::about(Blame::Missing, name))
    }

    /// The relay that a caller means by that name: a person's is their own, or there is none.
    async fn relay_named(&self, caller: &Caller, name: &str) -> Result<Relay, Fault> {
        let Some(own) = self.owner_of_relays(caller).await? else { return self.any_relay_named(name).await };
        let missing = || Fault::about(Blame::Missing, name);
        let relay = self.any_relay_named(&full_name(&own.login, name).map_err(|_| missing())?).await;
        relay.ok().filter(|relay| relay.account == Some(own.id)).ok_or_else(missing)
    }

    /// A name for a relay, if nobody has it: names are typed, so case does not tell two of them apart.
    async fn free_name(
        &self,
        account: Option<&Account>,
        name: &str,
        own: Option<RelayId>,
    ) -> Result<String, Fault> {
        if name.trim().is_empty() {
            return Err(Fault::about(Blame::Needed, "name"));
        }
        let name = match account {
            Some(account) => full_name(&account.login, name)?,
            None => valid_name("name", name)?,
        };
        let relays = self.store.relays().await?;
        let taken = |relay: &Relay| Some(relay.id) != own && relay.name.eq_ignore_ascii_case(&name);
        let reserved = name.eq_ignore_ascii_case(DIRECT);
        if reserved || relays.iter().any(taken) { Err(Fault::about(Blame::Exists, name)) } else { Ok(name) }
    }

    async fn relay_answer(&self, id: RelayId) -> Result<Answer, Fault> {
        let view = self.relay_views().await?.into_iter().find(|view| view.id == id);
        let relay = Box::new(view.ok_or_else(|| Fault::about(Blame::Missing, id.to_string()))?);
        Ok(Answer::Relay { relay })
    }

    pub(crate) async fn relay_add(&self, audit: &Audit<'_>, spec: RelaySpec) -> Result<Answer, Fault> {
        self.check_own_wish(audit, &spec).await?;
        let account = self.account_of(audit, &spec).await?;
        let base = from_preset(&spec)?;
        let name = spec.name.as_deref().or_else(|| base.map(|p| p.name));
        let name = self.free_name(account.as_ref(), name.unwrap_or_default(), None).await?;
        let mut relay = fresh_relay(&spec, name.clone(), self.clock.now())?;
        self.check_own_place(audit, &relay, None)?;
        // An owner is made only for a relay that can be.
        relay.owner = match &account {
            Some(account) => account.owner,
            None => self.owner(spec.owner.as_deref(), audit).await?,
        };
        relay.account = account.map(|account| account.id);
        relay.id = self.store.save_relay(relay.clone(), audit.of(&self.clock, &name)).await?;
        self.first_route(audit, &relay, spec.default).await?;
        self.queue.reload().await?;
        self.relay_answer(relay.id).await
    }

    /// The account whose alone a relay shall be, with room for one more.
    async fn account_of(&self, audit: &Audit<'_>, spec: &RelaySpec) -> Result<Option<Account>, Fault> {
        let account = match (self.owner_of_relays(audit.caller).await?, &spec.account) {
            (Some(own), _) => own,
            (None, Some(login)) => self.account(login).await?,
            (None, None) => return Ok(None),
        };
        if spec.owner.is_some() {
            return Err(Fault::invalid("owner", &account.login));
        }
        self.check_own_count(audit, account.id).await?;
        Ok(Some(account))
    }

    /// The first relay of the default owner carries everybody's mail, the first one of another owner that owner's, and the
    /// first one of an account that account's: a newcomer who has added one relay has said enough.
    async fn first_route(&self, audit: &Audit<'_>, relay: &Relay, wanted: bool) -> Result<(), Fault> {
        let scope = match (relay.account, relay.owner) {
            (Some(account), _) => RouteScope::Account(account),
            (None, OwnerId::DEFAULT) => RouteScope::Default,
            (None, owner) => RouteScope::Owner(owner),
        };
        let taken = self.store.routes().await?.iter().any(|route| route.scope == scope);
        if wanted || !taken {
            self.store.set_route(scope, Some(relay.id), audit.of(&self.clock, &relay.name)).await?;
        }
        Ok(())
    }

    pub(crate) async fn relay_change(
        &self,
        audit: &Audit<'_>,
        name: &str,
        spec: RelaySpec,
    ) -> Result<Answer, Fault> {
        let old = self.relay_named(audit.caller, name).await?;
        self.check_own_wish(audit, &spec).await?;
        self.count_try(audit, &old)?;
        let base = from_preset(&spec)?;
        let mut relay = old.clone();
        if let Some(base) = base {
            relay.preset = Some(base.name.to_owned());
            relay.port = base.port;
            relay.tls = base.tls;
            let login = match &relay.auth {
                RelayAuth::Password { login, .. } => spec.login.as_deref().or(Some(login.as_str())),
                RelayAuth::None => spec.login.as_deref(),
            };
            relay.sender = default_sender(Some(base), login);
        }
        if base.is_some() || spec.host.is_some() {
            relay.host = host_of(&spec, base)?;
        }
        if let Some(name) = &spec.name {
            let accounts = self.store.accounts().await?;
            let account = accounts.iter().find(|account| Some(account.id) == relay.account);
            relay.name = self.free_name(account, name, Some(relay.id)).await?;
        }
        relay.auth = changed_auth(relay.auth, &spec)?;
        let relay = changed(relay, &spec)?;
        self.check_own_place(audit, &relay, Some(&old))?;
        // To have it used is no new setting: what it is closed for stands.
        if relay != old {
            self.store.save_relay(relay.clone(), audit.of(&self.clock, &old.name)).await?;
        }
        if spec.default {
            self.first_route(audit, &relay, true).await?;
        }
        self.queue.reload().await?;
        self.relay_answer(relay.id).await
    }

    pub(crate) async fn relay_password(
        &self,
        audit: &Audit<'_>,
        name: &str,
        login: Option<String>,
        password: Secret,
    ) -> Result<Answer, Fault> {
        if password.is_empty() {
            return Err(Fault::about(Blame::Needed, "password"));
        }
        let mut relay = self.relay_named(audit.caller, name).await?;
        self.count_try(audit, &relay)?;
        let known = match &relay.auth {
            RelayAuth::Password { login, .. } => Some(login.clone()),
            RelayAuth::None => None,
        };
        let login = login.or(known).ok_or_else(|| Fault::about(Blame::Needed, "login"))?;
        relay.auth = RelayAuth::Password { login, password };
        let id = relay.id;
        let on = audit.of(&self.clock, &relay.name);
        self.store.save_relay(relay, on).await?;
        // The relay's revision grew, so the queue opens it: its mail leaves, and tells at once if the new password is wrong too.
        self.queue.reload().await?;
        self.relay_answer(id).await
    }

    /// Goes to a relay without mail, and tells of each step as it begins, with the port that is tried. The same as
    /// [`Operation::RelayTest`], for who can show it.
    pub async fn test_relay(&self, caller: &Caller, name: &str, told: Told<'_>) -> Result<Answer, Fault> {
        let operation = self.allowed(caller, Operation::RelayTest { name: name.to_owned() })?;
        let audit = Audit { caller, operation: operation.name() };
        as_seen_by(caller, self.relay_test(&audit, name, told).await)
    }

    pub(crate) async fn relay_test(
        &self,
        audit: &Audit<'_>,
        name: &str,
        told: Told<'_>,
    ) -> Result<Answer, Fault> {
        let relay = self.relay_named(audit.caller, name).await?;
        self.count_try(audit, &relay)?;
        let rehearsal = self.couriers.relays.rehearse(&relay, told).await;
        self.store.append(audit.of(&self.clock, &relay.name)).await?;
        if rehearsal.result.is_ok() {
            self.queue.open_relay(relay.id).await?;
        }
        let evidence = rehearsal.result.err();
        let neighbours = match &evidence {
            None => None,
            Some(evidence) => {
                let cause = explain::judge(evidence, Place::Relay).cause;
                neighbours(
                    &self.store.relays().await?,
                    &self.store.closures().await?,
                    &self.lately().await?,
                    relay.id,
                    cause.as_str(),
                )
            }
        };
        let dialogue = rehearsal.dialogue;
        Ok(Answer::Tested { relay: relay.name, preset: relay.preset, evidence, dialogue, neighbours })
    }

    pub(crate) async fn relay_remove(&self, audit: &Audit<'_>, name: &str) -> Result<Answer, Fault> {
        let relay = self.relay_named(audit.caller, name).await?;
        self.leave_own_relay(audit, &relay).await?;
        self.store.remove_relay(relay.id, self.clock.now(), audit.of(&self.clock, &relay.name)).await?;
        self.queue.reload().await?;
        Ok(Answer::Done)
    }
}

/// A relay as a spec, and the preset that it names, have it.
pub(crate) fn fresh_relay(spec: &RelaySpec, name: String, now: Timestamp) -> Result<Relay, Fault> {
    let base = from_preset(spec)?;
    let login = spec.login.clone().or_else(|| base.and_then(|p| p.login).map(str::to_owned));
    let auth = match (spec.no_auth, login, spec.password.clone()) {
        (true, _, _) => RelayAuth::None,
        (false, None, _) => return Err(Fault::about(Blame::Needed, "login")),
        (false, Some(login), Some(password)) if !password.is_empty() => {
            RelayAuth::Password { login, password }
        }
        (false, _, _) => return Err(Fault::about(Blame::Needed, "password")),
    };
    let fresh = Relay {
        id: RelayId(0),
        owner: OwnerId::DEFAULT,
        account: None,
        name,
        preset: base.map(|p| p.name.to_owned()),
        host: host_of(spec, base)?,
        port: base.and_then(|p| p.port),
        tls: base.map_or(RelayTls::Auto, |p| p.tls),
        insecure: false,
        extra_ca: None,
        auth,
        sender: default_sender(base, spec.login.as_deref()),
        max_connections: base.map_or(CONNECTIONS, |p| p.max_connections),
        max_recipients: base.map_or(RECIPIENTS, |p| p.max_recipients),
        revision: 0,
        created_at: now,
    };
    changed(fresh, spec)
}

fn from_preset(spec: &RelaySpec) -> Result<Option<&'static Preset>, Fault> {
    let Some(name) = &spec.preset else { return Ok(None) };
    let names = || PRESETS.iter().map(|p| p.name).collect::<Vec<_>>().join(", ");
    let found = preset(name).ok_or_else(|| Fault::invalid("preset", names()))?;
    if found.sign_in == SignIn::OAuth2Only && !spec.no_auth {
        return Err(Fault::about(Blame::OAuth2Only, found.name));
    }
    Ok(Some(found))
}

fn host_of(spec: &RelaySpec, base: Option<&Preset>) -> Result<String, Fault> {
    let host = match (&spec.host, base) {
        (Some(host), _) => host.trim().to_owned(),
        (None, Some(base)) if base.host.contains("{region}") => {
            let region = spec.region.as_deref().ok_or_else(|| Fault::about(Blame::Needed, "region"))?;
            base.host.replace("{region}", region)
        }
        (None, Some(base)) => base.host.to_owned(),
        (None, None) => return Err(Fault::about(Blame::Needed, "host")),
    };
    if host.parse::<HostName>().is_ok() { Ok(host) } else { Err(Fault::invalid("host", host)) }
}

/// How a relay is signed in to after a change; what is absent stays.
fn changed_auth(auth: RelayAuth, spec: &RelaySpec) -> Result<RelayAuth, Fault> {
    let needed = |field| Fault::about(Blame::Needed, field);
    if spec.no_auth {
        return Ok(RelayAuth::None);
    }
    let (login, password) = match auth {
        RelayAuth::Password { login, password } => (Some(login), Some(password)),
        RelayAuth::None if spec.login.is_none() && spec.password.is_none() => return Ok(RelayAuth::None),
        RelayAuth::None => (None, None),
    };
    let login = spec.login.clone().or(login).ok_or_else(|| needed("login"))?;
    let password = spec.password.clone().or(password).filter(|password| !password.is_empty());
    Ok(RelayAuth::Password { login, password: password.ok_or_else(|| needed("password"))? })
}

/// With which sender a relay gets mail when nobody says: what its preset wants, as far as its login is an address.
fn default_sender(base: Option<&Preset>, login: Option<&str>) -> SenderMode {
    let own = base.is_some_and(|base| base.sender == SenderMode::Login);
    let is_address = login.is_some_and(|login| login.parse::<Address>().is_ok());
    if own && is_address { SenderMode::Login } else { SenderMode::Keep }
}

/// A relay with what the spec says of its plain fields, and the rule of bare relays.
fn changed(mut relay: Relay, spec: &RelaySpec) -> Result<Relay, Fault> {
    if let Some(port) = spec.port {
        relay.port = Some(port).filter(|port| *port != 0);
    }
    relay.tls = spec.tls.unwrap_or(relay.tls);
    relay.insecure = spec.insecure.unwrap_or(relay.insecure);
    if spec.extra_ca.as_deref() == Some("") {
        relay.extra_ca = None;
    } else if let Some(pem) = &spec.extra_ca {
        net::ClientTls::new(Some(pem.as_bytes()), net::Verify::Full)
            .map_err(|error| Fault::invalid("ca", error))?;
        relay.extra_ca = Some(pem.clone());
    }
    relay.sender = match (spec.sender, &relay.auth) {
        (Some(sender), _) => sender,
        // Without a login there is no address to take.
        (None, RelayAuth::None) => SenderMode::Keep,
        (None, RelayAuth::Password { .. }) => relay.sender,
    };
    if relay.sender == SenderMode::Login {
        let login = match &relay.auth {
            RelayAuth::Password { login, .. } => login,
            RelayAuth::None => return Err(Fault::about(Blame::Needed, "login")),
        };
        login.parse::<Address>().map_err(|error| Fault::invalid("login", error))?;
    }
    relay.max_connections = spec.max_connections.unwrap_or(relay.max_connections).max(1);
    relay.max_recipients = spec.max_recipients.unwrap_or(relay.max_recipients).max(1);
    // A name can lead anywhere, and is judged when it is dialled; an address, or a provider that is known, can be now.
    let address = relay.host.parse().ok().and_then(|host: HostName| host.address());
    let known = relay.preset.is_some() || explain::provider_of_host(&relay.host).is_some();
    if must_be_near(&relay) && address.map_or(known, |ip| !net::is_private(ip)) {
        return Err(Fault::about(Blame::Insecure, relay.name));
    }
    Ok(relay)
}

/// A closure, by names.
pub(crate) fn closure_view(
    closure: &Closure,
    relays: &[Relay],
    closures: &[Closure],
    lately: &Lately,
) -> ClosureView {
    let relay = relays.iter().find(|relay| relay.id == closure.relay);
    let neighbours = if closure.sender.is_none() {
        neighbours(relays, closures, lately, closure.relay, &closure.cause)
    } else {
        None
    };
    ClosureView {
        id: closure.id,
        relay: relay.map(|relay| relay.name.clone()).unwrap_or_default(),
        account: relay.and_then(|relay| relay.login_of_owner()).map(str::to_owned),
        preset: relay.and_then(|relay| relay.preset.clone()),
        sender: closure.sender.as_ref().map(ToString::to_string),
        cause: closure.cause.clone(),
        evidence: closure.evidence.clone(),
        since: closure.since,
        reopen_at: closure.reopen_at,
        alarm: closure.alarm,
        neighbours,
    }
}

fn view(
    relay: Relay,
    owners: &HashMap<OwnerId, String>,
    relays: &[Relay],
    closures: &[Closure],
    lately: &Lately,
) -> RelayView {
    let mut own: Vec<&Closure> = closures.iter().filter(|closure| closure.relay == relay.id).collect();
    own.sort_by_key(|closure| (closure.sender.is_some(), closure.since));
    let state = match own.iter().find(|closure| closure.sender.is_none()) {
        None => RelayState::Open,
        Some(closure) if closure.alarm => RelayState::Closed,
        Some(_) => RelayState::OutOfReach,
    };
    let closures = own.into_iter().map(|closure| closure_view(closure, relays, closures, lately)).collect();
    RelayView {
        id: relay.id,
        host: relay.host,
        port: relay.port,
        tls: relay.tls,
        insecure: relay.insecure,
        login: match relay.auth {
            RelayAuth::Password { login, .. } => Some(login),
            RelayAuth::None => None,
        },
        sender: relay.sender,
        max_connections: relay.max_connections,
        max_recipients: relay.max_recipients,
        owner: owners.get(&relay.owner).cloned().unwrap_or_default(),
        account: None,
        is_used: false,
        name: relay.name,
        preset: relay.preset,
        state,
        closures,
        refuses_all: None,
    }
}
