//! The model of [`store::Directory`].

use super::{MemoryStore, State, Tables};
use mail::{AccountId, ClosureId, DomainId, OwnerId, Principal, RelayId, SiteId, Timestamp};
use store::{
    Account, Closure, Directory, HostedDomain, Later, LoginRecord, NewEvent, NewLogin, Owner, Relay, Route,
    RouteScope, Site, StoreError,
};

/// A name under which somebody signs in.
#[derive(Debug, Clone)]
pub(super) struct Login {
    principal: Principal,
    hash: Option<String>,
}

impl Directory for MemoryStore {
    fn owners(&self) -> Later<'_, Vec<Owner>> {
        self.read(|state| Ok(sorted(&state.directory.owners, |owner| owner.name.clone())))
    }

    fn add_owner(&self, name: String, events: Vec<NewEvent>) -> Later<'_, Owner> {
        self.write(|state| {
            if state.directory.owners.iter().any(|owner| owner.name == name) {
                return Err(StoreError::Exists { name });
            }
            let last = state.directory.owners.iter().map(|owner| owner.id.0).max();
            let owner = Owner { id: OwnerId(last.unwrap_or(0) + 1), name };
            state.directory.owners.push(owner.clone());
            state.append(events);
            Ok(owner)
        })
    }

    fn accounts(&self) -> Later<'_, Vec<Account>> {
        self.read(|state| Ok(sorted(&state.directory.accounts, |account| account.login.clone())))
    }

    fn save_account(
        &self,
        mut account: Account,
        login: Option<NewLogin>,
        events: Vec<NewEvent>,
    ) -> Later<'_, AccountId> {
        self.write(|state| {
            let tables = &mut state.directory;
            tables.check_owner(account.owner)?;
            let known = tables.accounts.iter().any(|row| row.id == account.id);
            tables.check_name(&account.login, Principal::Account(account.id))?;
            account.id = AccountId(tables.row_id(account.id.0, known)?);
            tables.save_login(&account.login, Principal::Account(account.id), login);
            tables.accounts.retain(|row| row.id != account.id);
            let id = account.id;
            tables.accounts.push(account);
            state.append(events);
            Ok(id)
        })
    }

    fn remove_account(&self, id: AccountId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            let tables = &mut state.directory;
            let before = tables.accounts.len();
            tables.accounts.retain(|row| row.id != id);
            removed(before, tables.accounts.len(), id.0)?;
            tables.forget(Principal::Account(id), &RouteScope::Account(id));
            state.append(events);
            Ok(())
        })
    }

    fn sites(&self) -> Later<'_, Vec<Site>> {
        self.read(|state| Ok(sorted(&state.directory.sites, |site| site.name.clone())))
    }

    fn save_site(&self, mut site: Site, login: Option<NewLogin>, events: Vec<NewEvent>) -> Later<'_, SiteId> {
        self.write(|state| {
            let tables = &mut state.directory;
            tables.check_owner(site.owner)?;
            let known = tables.sites.iter().any(|row| row.id == site.id);
            tables.check_name(&site.name, Principal::Site(site.id))?;
            site.id = SiteId(tables.row_id(site.id.0, known)?);
            tables.save_login(&site.name, Principal::Site(site.id), login);
            tables.sites.retain(|row| row.id != site.id);
            let id = site.id;
            tables.sites.push(site);
            state.append(events);
            Ok(id)
        })
    }

    fn remove_site(&self, id: SiteId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            let tables = &mut state.directory;
            let before = tables.sites.len();
            tables.sites.retain(|row| row.id != id);
            removed(before, tables.sites.len(), id.0)?;
            tables.forget(Principal::Site(id), &RouteScope::Site(id));
            state.append(events);
            Ok(())
        })
    }

    fn login(&self, name: &str) -> Later<'_, Option<LoginRecord>> {
        let name = name.to_lowercase();
        self.read(|state| Ok(state.directory.login(&name)))
    }

    fn relays(&self) -> Later<'_, Vec<Relay>> {
        self.read(|state| Ok(sorted(&state.directory.relays, |relay| relay.name.clone())))
    }

    fn save_relay(&self, mut relay: Relay, events: Vec<NewEvent>) -> Later<'_, RelayId> {
        self.write(|state| {
            let tables = &mut state.directory;
            tables.check_owner(relay.owner)?;
            let there = |id| tables.accounts.iter().any(|row| row.id == id);
            if let Some(id) = relay.account.filter(|id| !there(*id)) {
                return Err(StoreError::Missing { name: id.0.to_string() });
            }
            let old = tables.relays.iter().find(|row| row.id == relay.id).map(|row| row.revision);
            if tables.relays.iter().any(|row| row.name == relay.name && row.id != relay.id) {
                return Err(StoreError::Exists { name: relay.name });
            }
            relay.id = RelayId(tables.row_id(relay.id.0, old.is_some())?);
            relay.revision = old.unwrap_or(0) + 1;
            tables.relays.retain(|row| row.id != relay.id);
            let id = relay.id;
            tables.relays.push(relay);
            state.append(events);
            Ok(id)
        })
    }

    fn remove_relay(&self, id: RelayId, now: Timestamp, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| state.remove_relay(id, now, events))
    }

    fn domains(&self) -> Later<'_, Vec<HostedDomain>> {
        self.read(|state| Ok(sorted(&state.directory.domains, |domain| domain.name.as_ascii().to_owned())))
    }

    fn save_domain(&self, mut domain: HostedDomain, events: Vec<NewEvent>) -> Later<'_, DomainId> {
        self.write(|state| {
            let tables = &mut state.directory;
            tables.check_owner(domain.owner)?;
            let known = tables.domains.iter().any(|row| row.id == domain.id);
            if tables.domains.iter().any(|row| row.name == domain.name && row.id != domain.id) {
                return Err(StoreError::Exists { name: domain.name.as_ascii().to_owned() });
            }
            domain.id = DomainId(tables.row_id(domain.id.0, known)?);
            tables.domains.retain(|row| row.id != domain.id);
            let id = domain.id;
            tables.domains.push(domain);
            state.append(events);
            Ok(id)
        })
    }

    fn remove_domain(&self, id: DomainId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            let before = state.directory.domains.len();
            state.directory.domains.retain(|row| row.id != id);
            removed(before, state.directory.domains.len(), id.0)?;
            state.append(events);
            Ok(())
        })
    }

    fn routes(&self) -> Later<'_, Vec<Route>> {
        self.read(|state| Ok(sorted(&state.directory.routes, |route| order_of(&route.scope))))
    }

    fn set_route(&self, scope: RouteScope, relay: Option<RelayId>, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            let tables = &mut state.directory;
            let named = relay.filter(|&id| id != RelayId::DIRECT);
            if let Some(id) = named.filter(|&id| tables.relays.iter().all(|row| row.id != id)) {
                return Err(StoreError::Missing { name: id.to_string() });
            }
            tables.routes.retain(|route| route.scope != scope);
            tables.routes.extend(relay.map(|relay| Route { scope, relay }));
            state.append(events);
            Ok(())
        })
    }

    fn closures(&self) -> Later<'_, Vec<Closure>> {
        self.read(|state| Ok(sorted(&state.directory.closures, |closure| closure.id)))
    }

    fn save_closure(&self, closure: Closure, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            if state.directory.relays.iter().all(|relay| relay.id != closure.relay) {
                return Err(StoreError::Missing { name: closure.relay.to_string() });
            }
            state.last_id = state.last_id.max(closure.id.0);
            state.directory.closures.retain(|row| row.id != closure.id);
            state.directory.closures.push(closure);
            state.append(events);
            Ok(())
        })
    }

    fn remove_closure(&self, id: ClosureId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            let before = state.directory.closures.len();
            state.directory.closures.retain(|row| row.id != id);
            removed(before, state.directory.closures.len(), id.0)?;
            state.append(events);
            Ok(())
        })
    }

    fn setting(&self, name: &str) -> Later<'_, Option<String>> {
        self.read(|state| Ok(state.directory.settings.get(name).cloned()))
    }

    fn set_setting(&self, name: String, value: Option<String>) -> Later<'_, ()> {
        self.write(|state| {
            match value {
                Some(value) => state.directory.settings.insert(name, value),
                None => state.directory.settings.remove(&name),
            };
            Ok(())
        })
    }
}

impl State {
    fn remove_relay(&mut self, id: RelayId, now: Timestamp, events: Vec<NewEvent>) -> Result<(), StoreError> {
        let before = self.directory.relays.len();
        self.directory.relays.retain(|row| row.id != id);
        removed(before, self.directory.relays.len(), id.0)?;
        self.directory.routes.retain(|route| route.relay != id);
        let closures: Vec<_> =
            self.directory.closures.iter().filter(|row| row.relay == id).map(|row| row.id).collect();
        self.directory.closures.retain(|row| row.relay != id);
        for (_, recipient) in self.every_recipient() {
            if closures.iter().any(|&closure| recipient.waits_for(closure)) {
                recipient.wake(now, None);
            }
        }
        self.append(events);
        Ok(())
    }
}

impl Tables {
    pub(super) fn check_owner(&self, id: OwnerId) -> Result<(), StoreError> {
        let known = self.owners.iter().any(|owner| owner.id == id);
        if known { Ok(()) } else { Err(StoreError::Missing { name: id.to_string() }) }
    }

    /// The id of a row to be saved: 0 asks for a new one, any other must be known.
    fn row_id(&mut self, id: i64, known: bool) -> Result<i64, StoreError> {
        match (id, known) {
            (0, _) => {
                self.last_id += 1;
                Ok(self.last_id)
            }
            (id, true) => Ok(id),
            (id, false) => Err(StoreError::Missing { name: id.to_string() }),
        }
    }

    /// Refuses a name that somebody else signs in with.
    fn check_name(&self, name: &str, principal: Principal) -> Result<(), StoreError> {
        match self.logins.get(&name.to_lowercase()) {
            Some(other) if other.principal != principal => Err(StoreError::Exists { name: name.to_owned() }),
            _ => Ok(()),
        }
    }

    fn save_login(&mut self, name: &str, principal: Principal, login: Option<NewLogin>) {
        let kept =
            self.logins.values().find(|row| row.principal == principal).and_then(|row| row.hash.clone());
        self.logins.retain(|_, row| row.principal != principal);
        let hash = login.map(|login| login.hash).or(kept);
        self.logins.insert(name.to_lowercase(), Login { principal, hash });
    }

    fn forget(&mut self, principal: Principal, scope: &RouteScope) {
        self.logins.retain(|_, login| login.principal != principal);
        self.keys.retain(|key| key.principal != principal);
        self.protections.retain(|(guarded, _)| *guarded != principal);
        self.routes.retain(|route| route.scope != *scope);
    }

    fn login(&self, name: &str) -> Option<LoginRecord> {
        let Login { principal, hash } = self.logins.get(name)?.clone();
        let (owner, senders) = match principal {
            Principal::Account(id) => {
                let account = self.accounts.iter().find(|account| account.id == id)?;
                (account.owner, account.senders.clone())
            }
            Principal::Site(id) => {
                let site = self.sites.iter().find(|site| site.id == id)?;
                (site.owner, site.senders.clone())
            }
            Principal::System => return None,
        };
        Some(LoginRecord { principal, owner, hash, senders })
    }
}

fn removed(before: usize, after: usize, id: i64) -> Result<(), StoreError> {
    if after < before { Ok(()) } else { Err(StoreError::Missing { name: id.to_string() }) }
}

fn sorted<T: Clone, K: Ord>(rows: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(key);
    rows
}

/// The order in which scopes win.
fn order_of(scope: &RouteScope) -> (u8, i64, String) {
    match scope {
        RouteScope::Site(id) => (0, id.0, String::new()),
        RouteScope::Account(id) => (1, id.0, String::new()),
        RouteScope::SenderDomain(domain) => (2, 0, domain.as_ascii().to_owned()),
        RouteScope::Owner(id) => (3, id.0, String::new()),
        RouteScope::Default => (4, 0, String::new()),
    }
}
