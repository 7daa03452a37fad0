//! Who may send with which address, and which networks need no login: kept in memory, because it is asked at each
//! message.

use crate::ADMINISTRATOR;
use crate::local::{LocalNames, Standing};
use mail::{Address, AuthorScan, Domain, Envelope, Language, LineEndings, OwnerId, Principal};
use queue::{Policy, Refusal};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use store::{AccountRole, Network, SenderRule, Store, StoreError};

/// A site's network.
#[derive(Debug, Clone)]
struct Door {
    network: Network,
    principal: Principal,
    owner: OwnerId,
    name: Arc<str>,
}

/// A principal, whose they are, and their name.
pub type Known = (Principal, OwnerId, Arc<str>);

#[derive(Debug, Default)]
struct Snapshot {
    senders: HashMap<Principal, Arc<[SenderRule]>>,
    undo_secs: HashMap<Principal, u32>,
    repaired: HashSet<Principal>,
    languages: HashMap<Principal, Language>,
    doors: Vec<Door>,
    users: HashMap<u32, Known>,
    names: HashMap<Principal, Arc<str>>,
    blocked: HashSet<Principal>,
    /// The accounts that are more than a person's, by login in lower case.
    staff: HashMap<String, AccountRole>,
    /// The accounts by the names that passkeys have for them.
    handles: HashMap<String, Principal>,
}

/// What the registry knows, replaced as a whole at each change.
#[derive(Debug, Default)]
pub struct Registry {
    snapshot: RwLock<Arc<Snapshot>>,
    local: Option<LocalNames>,
}

impl Registry {
    /// An empty registry; [`Registry::reload`] fills it.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// An empty registry of a machine that has names of its own.
    pub fn with_local(local: LocalNames) -> Arc<Self> {
        Arc::new(Self { local: Some(local), ..Self::default() })
    }

    /// Reads accounts and sites anew, and who the administrator is.
    pub async fn reload(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut fresh = Snapshot::default();
        for account in store.accounts().await? {
            let principal = Principal::Account(account.id);
            if account.undo_secs > 0 {
                fresh.undo_secs.insert(principal, account.undo_secs);
            }
            if account.role != AccountRole::Person {
                fresh.staff.insert(account.login.to_lowercase(), account.role);
            }
            fresh.names.insert(principal, account.login.into());
            fresh.languages.insert(principal, account.language);
            fresh.senders.insert(principal, account.senders.into());
        }
        let mut sites = store.sites().await?;
        sites.sort_by_key(|site| site.id);
        for site in sites {
            let principal = Principal::Site(site.id);
            let name: Arc<str> = site.name.into();
            fresh.names.insert(principal, Arc::clone(&name));
            let owner = site.owner;
            let door =
                |network: &Network| Door { network: *network, principal, owner, name: Arc::clone(&name) };
            fresh.doors.extend(site.networks.iter().map(door));
            for uid in site.uids {
                fresh.users.entry(uid).or_insert_with(|| (principal, owner, Arc::clone(&name)));
            }
            if site.line_endings == LineEndings::Repair {
                fresh.repaired.insert(principal);
            }
            fresh.senders.insert(principal, site.senders.into());
        }
        let guarded = store.protections().await?;
        for (principal, protection) in guarded {
            if protection.block.is_some() {
                fresh.blocked.insert(principal);
            }
            if !protection.handle.is_empty() {
                fresh.handles.insert(protection.handle, principal);
            }
        }
        if let Some(local) = &self.local {
            let administrator = store.setting(ADMINISTRATOR).await?;
            local.set_administrator(administrator.and_then(|address| address.parse().ok()));
        }
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }

    /// What is known of an address: whether it is a name of this machine, and who gets its mail.
    pub fn standing(&self, address: &Address) -> Standing {
        self.local.as_ref().map_or(Standing::Elsewhere, |local| local.standing(address))
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The site whose network an address belongs to: the first that was made, when several fit.
    pub fn network_site(&self, client: IpAddr) -> Option<Known> {
        let snapshot = self.snapshot();
        let door = snapshot.doors.iter().find(|door| door.network.contains(client))?;
        Some((door.principal, door.owner, Arc::clone(&door.name)))
    }

    /// The site of a local user: the first that was made, when several name them.
    pub fn user_site(&self, uid: u32) -> Option<Known> {
        self.snapshot().users.get(&uid).cloned()
    }

    /// Whether a principal is the site of a local user.
    pub fn is_of_a_user(&self, principal: Principal) -> bool {
        self.snapshot().users.values().any(|(known, ..)| *known == principal)
    }

    /// The local user whose programs a site is; the smallest number when there are several.
    pub fn uid(&self, principal: Principal) -> Option<u32> {
        let snapshot = self.snapshot();
        let own = snapshot.users.iter().filter(|(_, (known, ..))| *known == principal);
        own.map(|(uid, _)| *uid).min()
    }

    /// The name of an account or a site: its login.
    pub fn name(&self, principal: Principal) -> Option<Arc<str>> {
        self.snapshot().names.get(&principal).cloned()
    }

    /// The language in which a principal is told of its mail; `None` for one that has none of its own.
    pub fn language(&self, principal: Principal) -> Option<Language> {
        self.snapshot().languages.get(&principal).copied()
    }

    /// What an account may do in the portal, by its login.
    pub fn role(&self, login: &str) -> AccountRole {
        self.snapshot().staff.get(&login.to_lowercase()).copied().unwrap_or_default()
    }

    /// Whom a passkey names.
    pub(crate) fn of_handle(&self, handle: &str) -> Option<Principal> {
        self.snapshot().handles.get(handle).copied()
    }

    /// Whether a principal may not send for the time being.
    pub fn is_blocked(&self, principal: Principal) -> bool {
        self.snapshot().blocked.contains(&principal)
    }

    /// What is done with the line ends of a principal that are none.
    pub fn line_endings(&self, principal: Principal) -> LineEndings {
        let is_repaired = self.snapshot().repaired.contains(&principal);
        if is_repaired { LineEndings::Repair } else { LineEndings::Strict }
    }

    /// Whether a principal may send with an address.
    pub fn owns(&self, principal: Principal, address: &Address) -> bool {
        if principal == Principal::System {
            return true;
        }
        self.snapshot()
            .senders
            .get(&principal)
            .is_some_and(|rules| rules.iter().any(|rule| rule.allows(address)))
    }

    fn may_be_anybody(&self, principal: Principal) -> bool {
        let snapshot = self.snapshot();
        snapshot.senders.get(&principal).is_some_and(|rules| rules.contains(&SenderRule::Any))
    }
}

impl Policy for Registry {
    fn judge(&self, principal: Principal, _owner: OwnerId, envelope: &Envelope) -> Result<(), Refusal> {
        if self.is_blocked(principal) {
            return Err(Refusal::Blocked);
        }
        match envelope.from.address() {
            // A program may send notices that nobody is to answer; they are its own all the same.
            None => Ok(()),
            Some(address) if self.owns(principal, address) => Ok(()),
            Some(address) => Err(Refusal::SenderNotOwned(address.to_string())),
        }
    }

    fn judge_authors(&self, principal: Principal, scan: &AuthorScan, host: &Domain) -> Result<(), Refusal> {
        // Whoever may write as anybody may also write strangely: a local program, a site that passes others' mail on.
        if principal == Principal::System || self.may_be_anybody(principal) {
            return Ok(());
        }
        match scan.authors(host)?.into_iter().find(|author| !self.owns(principal, author)) {
            Some(author) => Err(Refusal::AuthorNotOwned(author.to_string())),
            None => Ok(()),
        }
    }

    fn expand(&self, address: &Address) -> Option<Vec<Address>> {
        match self.standing(address) {
            Standing::Means(addresses) => Some(addresses),
            // The doors take no mail for nobody. What comes past them, when an alias vanishes at that moment, must fail
            // where somebody sees it, and not vanish too.
            Standing::Elsewhere | Standing::Nobody => None,
        }
    }

    fn undo_secs(&self, principal: Principal) -> u32 {
        self.snapshot().undo_secs.get(&principal).copied().unwrap_or_default()
    }
}
