//! Accounts and sites.

use crate::local::user_name;
use crate::registry::Known;
use crate::sign_in::{hash_key, hash_password, make_key};
use crate::{
    AccountSpec, AccountView, Answer, Audit, Blame, Caller, Control, Fault, NewPassword, Role, SiteChanges,
    SiteSpec, SiteView,
};
use mail::{AccountId, Address, Language, LineEndings, OwnerId, Secret, SiteId};
use std::collections::HashMap;
use store::{Account, AccountRole, NewLogin, SenderRule, Site};

/// What is to change of an account; what is absent stays.
pub(crate) struct AccountChanges {
    pub(crate) senders: Option<Vec<SenderRule>>,
    pub(crate) language: Option<Language>,
    pub(crate) undo_secs: Option<u32>,
    pub(crate) role: Option<AccountRole>,
}

/// The least characters of a password that a person chooses.
const PASSWORD_LEAST: usize = 8;

impl Control {
    pub(crate) async fn owner_names(&self) -> Result<HashMap<OwnerId, String>, Fault> {
        Ok(self.store.owners().await?.into_iter().map(|owner| (owner.id, owner.name)).collect())
    }

    /// The owner of that name, made when it is new; the default one when none is named.
    pub(crate) async fn owner(&self, name: Option<&str>, audit: &Audit<'_>) -> Result<OwnerId, Fault> {
        let Some(name) = name else { return Ok(OwnerId::DEFAULT) };
        let known = self.store.owners().await?.into_iter().find(|owner| owner.name == name);
        match known {
            Some(owner) => Ok(owner.id),
            None => Ok(self.store.add_owner(name.to_owned(), audit.of(&self.clock, name)).await?.id),
        }
    }

    pub(crate) async fn account_list(&self) -> Result<Answer, Fault> {
        let owners = self.owner_names().await?;
        let view = |account: Account| AccountView {
            owner: owners.get(&account.owner).cloned().unwrap_or_default(),
            login: account.login,
            senders: account.senders,
            language: account.language,
            undo_secs: account.undo_secs,
            role: account.role,
            created_at: account.created_at,
        };
        Ok(Answer::Accounts { accounts: self.store.accounts().await?.into_iter().map(view).collect() })
    }

    /// The account of whoever asks, alone.
    pub(crate) async fn own_account(&self, caller: &Caller) -> Result<Answer, Fault> {
        let Answer::Accounts { mut accounts } = self.account_list().await? else {
            return Err(Fault::about(Blame::Missing, caller.login()));
        };
        accounts.retain(|account| account.login.eq_ignore_ascii_case(caller.login()));
        if accounts.is_empty() {
            Err(Fault::about(Blame::Missing, caller.login()))
        } else {
            Ok(Answer::Accounts { accounts })
        }
    }

    pub(crate) async fn account_add(&self, audit: &Audit<'_>, spec: AccountSpec) -> Result<Answer, Fault> {
        let login = valid_name("login", &spec.login)?;
        let senders = if spec.senders.is_empty() {
            let own: Address = login.parse().map_err(|_| Fault::about(Blame::Needed, "senders"))?;
            vec![SenderRule::Address(own)]
        } else {
            spec.senders
        };
        let (hash, made) = person_password(spec.password).await?;
        let account = Account {
            id: AccountId(0),
            owner: self.owner(spec.owner.as_deref(), audit).await?,
            login: login.clone(),
            senders,
            language: spec.language,
            undo_secs: spec.undo_secs,
            role: spec.role,
            created_at: self.clock.now(),
        };
        self.store.save_account(account, Some(NewLogin { hash }), audit.of(&self.clock, &login)).await?;
        self.reload_registry().await?;
        Ok(Answer::Password { made: NewPassword { login, password: made } })
    }

    pub(crate) async fn account(&self, login: &str) -> Result<Account, Fault> {
        let accounts = self.store.accounts().await?;
        let same = |account: &Account| account.login.eq_ignore_ascii_case(login);
        accounts.into_iter().find(same).ok_or_else(|| Fault::about(Blame::Missing, login))
    }

    /// Refuses to take the last administrator away: nobody could set anything in the portal any more.
    async fn leaves_an_administrator(&self, account: &Account) -> Result<(), Fault> {
        let is_one = |one: &Account| one.role == AccountRole::Administrator;
        let others = self.store.accounts().await?;
        if is_one(account) && !others.iter().any(|other| other.id != account.id && is_one(other)) {
            return Err(Fault::about(Blame::LastAdministrator, &account.login));
        }
        Ok(())
    }

    pub(crate) async fn account_change(
        &self,
        audit: &Audit<'_>,
        login: &str,
        changes: AccountChanges,
    ) -> Result<Answer, Fault> {
        // Two administrators who demote each other at once would leave none.
        let _one_at_a_time = self.protecting.lock().await;
        let mut account = self.account(login).await?;
        let role = changes.role.unwrap_or(account.role);
        if role != AccountRole::Administrator {
            self.leaves_an_administrator(&account).await?;
        }
        account.senders = changes.senders.unwrap_or(account.senders);
        account.language = changes.language.unwrap_or(account.language);
        account.undo_secs = changes.undo_secs.unwrap_or(account.undo_secs);
        account.role = role;
        self.store.save_account(account, None, audit.of(&self.clock, login)).await?;
        self.reload_registry().await?;
        Ok(Answer::Done)
    }

    pub(crate) async fn account_password(
        &self,
        audit: &Audit<'_>,
        login: String,
        password: Option<Secret>,
    ) -> Result<Answer, Fault> {
        let account = self.account(&login).await?;
        let (hash, made) = person_password(password).await?;
        self.store.save_account(account, Some(NewLogin { hash }), audit.of(&self.clock, &login)).await?;
        self.reload_registry().await?;
        Ok(Answer::Password { made: NewPassword { login, password: made } })
    }

    pub(crate) async fn account_remove(&self, audit: &Audit<'_>, login: &str) -> Result<Answer, Fault> {
        let _one_at_a_time = self.protecting.lock().await;
        let account = self.account(login).await?;
        self.leaves_an_administrator(&account).await?;
        // What is theirs alone goes first: a relay without its account would be nobody's.
        self.remove_relays_of(account.id, audit).await?;
        self.store.remove_account(account.id, audit.of(&self.clock, login)).await?;
        self.remove_webhooks_of(mail::Principal::Account(account.id), audit).await?;
        self.reload_registry().await?;
        self.queue.reload().await?;
        // What guarded it went with it, and its mail is nobody's to keep back.
        self.queue.reload_blocks().await?;
        Ok(Answer::Done)
    }

    pub(crate) async fn site_list(&self) -> Result<Answer, Fault> {
        let owners = self.owner_names().await?;
        let view = |site: Site| SiteView {
            owner: owners.get(&site.owner).cloned().unwrap_or_default(),
            name: site.name,
            networks: site.networks,
            uids: site.uids,
            senders: site.senders,
            line_endings: site.line_endings,
            created_at: site.created_at,
        };
        Ok(Answer::Sites { sites: self.store.sites().await?.into_iter().map(view).collect() })
    }

    pub(crate) async fn site_add(&self, audit: &Audit<'_>, spec: SiteSpec) -> Result<Answer, Fault> {
        let name = valid_name("name", &spec.name)?;
        if spec.senders.is_empty() {
            return Err(Fault::about(Blame::Needed, "senders"));
        }
        // A site that comes from its own network needs no key; one that comes from anywhere does.
        let (login, made) = match spec.password {
            None if !spec.networks.is_empty() => (None, None),
            password => {
                let (hash, made) = machine_password(password).await?;
                (Some(NewLogin { hash }), made)
            }
        };
        let site = Site {
            id: SiteId(0),
            owner: self.owner(spec.owner.as_deref(), audit).await?,
            name: name.clone(),
            networks: spec.networks,
            uids: spec.uids,
            senders: spec.senders,
            line_endings: spec.line_endings,
            created_at: self.clock.now(),
        };
        self.store.save_site(site, login, audit.of(&self.clock, &name)).await?;
        self.reload_registry().await?;
        Ok(Answer::Password { made: NewPassword { login: name, password: made } })
    }

    /// The site that a local user's mail is from; made when they send for the first time, with any sender: who has a login on
    /// a machine could always put any name on a letter there.
    pub async fn user_site(&self, uid: u32) -> Result<Known, Fault> {
        if let Some(known) = self.registry.user_site(uid) {
            return Ok(known);
        }
        let _one_at_a_time = self.making_user_sites.lock().await;
        if let Some(known) = self.registry.user_site(uid) {
            return Ok(known);
        }
        let caller = Caller { name: format!("uid {uid}"), role: Role::Reader };
        let audit = Audit { caller: &caller, operation: "first mail of a local user" };
        let user = user_name(uid).unwrap_or_else(|| format!("uid-{uid}"));
        let mut saved = Err(Fault::about(Blame::Exists, &user));
        // Somebody may have called a site of theirs like that.
        for name in [format!("local-{user}"), format!("local-{user}-{uid}")] {
            let site = Site {
                id: SiteId(0),
                owner: OwnerId::DEFAULT,
                name: valid_name("name", &name)?,
                networks: Vec::new(),
                uids: vec![uid],
                senders: vec![SenderRule::Any],
                line_endings: LineEndings::Strict,
                created_at: self.clock.now(),
            };
            saved = self.store.save_site(site, None, audit.of(&self.clock, &name)).await.map_err(Fault::from);
            if !matches!(&saved, Err(fault) if fault.blame == Blame::Exists) {
                break;
            }
        }
        saved?;
        self.reload_registry().await?;
        self.registry.user_site(uid).ok_or_else(|| Fault::about(Blame::Missing, &user))
    }

    pub(crate) async fn site(&self, name: &str) -> Result<Site, Fault> {
        let sites = self.store.sites().await?;
        let same = |site: &Site| site.name.eq_ignore_ascii_case(name);
        sites.into_iter().find(same).ok_or_else(|| Fault::about(Blame::Missing, name))
    }

    pub(crate) async fn site_change(
        &self,
        audit: &Audit<'_>,
        name: &str,
        changes: SiteChanges,
    ) -> Result<Answer, Fault> {
        let mut site = self.site(name).await?;
        site.networks = changes.networks.unwrap_or(site.networks);
        site.uids = changes.uids.unwrap_or(site.uids);
        site.senders = changes.senders.unwrap_or(site.senders);
        site.line_endings = changes.line_endings.unwrap_or(site.line_endings);
        if site.senders.is_empty() {
            return Err(Fault::about(Blame::Needed, "senders"));
        }
        let name = site.name.clone();
        self.store.save_site(site, None, audit.of(&self.clock, &name)).await?;
        self.reload_registry().await?;
        Ok(Answer::Done)
    }

    pub(crate) async fn site_password(
        &self,
        audit: &Audit<'_>,
        name: String,
        password: Option<Secret>,
    ) -> Result<Answer, Fault> {
        let site = self.site(&name).await?;
        let (hash, made) = machine_password(password).await?;
        self.store.save_site(site, Some(NewLogin { hash }), audit.of(&self.clock, &name)).await?;
        self.reload_registry().await?;
        Ok(Answer::Password { made: NewPassword { login: name, password: made } })
    }

    pub(crate) async fn site_remove(&self, audit: &Audit<'_>, name: &str) -> Result<Answer, Fault> {
        let site = self.site(name).await?;
        self.store.remove_site(site.id, audit.of(&self.clock, name)).await?;
        self.remove_webhooks_of(mail::Principal::Site(site.id), audit).await?;
        self.reload_registry().await?;
        // What guarded it went with it, and its mail is nobody's to keep back.
        self.queue.reload_blocks().await?;
        Ok(Answer::Done)
    }
}

/// A login or a name: something that survives a configuration file, a log line and SASL PLAIN.
pub(crate) fn valid_name(field: &str, text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let fine = (1..=254).contains(&text.chars().count())
        && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    if fine { Ok(text.to_owned()) } else { Err(Fault::invalid(field, text)) }
}

/// Whether a password that a person chose is long enough.
pub(crate) fn check_password(password: &Secret) -> Result<(), Fault> {
    if password.reveal().chars().count() < PASSWORD_LEAST {
        return Err(Fault::invalid("password", format!("< {PASSWORD_LEAST}")));
    }
    Ok(())
}

pub(crate) async fn person_password(given: Option<Secret>) -> Result<(String, Option<String>), Fault> {
    let unavailable = || Fault::about(Blame::Store, "random");
    let (password, made) = match given {
        Some(password) => {
            check_password(&password)?;
            (password, None)
        }
        None => {
            let key = make_key().ok_or_else(unavailable)?;
            (Secret::new(key.clone()), Some(key))
        }
    };
    let hash = tokio::task::spawn_blocking(move || hash_password(&password)).await;
    Ok((hash.ok().flatten().ok_or_else(unavailable)?, made))
}

pub(crate) async fn machine_password(given: Option<Secret>) -> Result<(String, Option<String>), Fault> {
    if given.is_some() {
        return person_password(given).await;
    }
    let key = make_key().ok_or_else(|| Fault::about(Blame::Store, "random"))?;
    Ok((hash_key(&key), Some(key)))
}
