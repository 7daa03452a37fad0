//! Keys with which programs ask over HTTP: made, listed, taken back, and recognised.
//!
//! A key is shown once and kept as a digest; it has 125 random bits, so that no hash need be slow. Who has the right key
//! is let in at once, whatever others do; wrong keys meet the same patience as wrong passwords.

use crate::sign_in::{make_key, sha256};
use crate::{Answer, Audit, Blame, Caller, Control, Fault, Operation, Role, Slowed, roles};
use mail::{OwnerId, Principal, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use store::{ApiKey, Scope};

/// What every key begins with, so that scanners of leaked secrets can know it.
const MARK: &str = "fct_";
/// The letters of a key's name, after the mark.
const NAME_LETTERS: usize = 8;
/// The most keys that are good at once for one account, one site, or the server.
const KEYS_MOST: usize = 100;
/// The longest label.
const LABEL_MOST: usize = 100;
/// The longest that a key with an end may be good: ten years.
const DAYS_MOST: u32 = 3_660;
const DAY_MS: i64 = 86_400_000;
/// How exactly the last use of a key is written down: a write for each request would cost a sync each.
const USED_STEP_MS: i64 = 5 * 60_000;
/// How many wrong keys are remembered: a program with an old key asks again and again, and counts once.
const WRONG_MOST: usize = 10_000;
/// How long they are remembered.
const WRONG_MS: i64 = 10 * 60_000;

/// A key to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeySpec {
    /// What it is for.
    pub label: String,
    /// For whom it speaks: the login of an account or the name of a site; the administrator when there is none.
    #[serde(default)]
    pub of: Option<String>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// In how many days it ends; never when there is none.
    #[serde(default)]
    pub days: Option<u32>,
}

/// What is asked about keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum KeyAct {
    /// All keys; those of one account or site when one is named.
    List {
        /// Whose.
        #[serde(default)]
        of: Option<String>,
    },
    /// Makes one.
    Add {
        /// Which.
        key: KeySpec,
    },
    /// Takes one back.
    Remove {
        /// Which, by the part of it that may be shown.
        name: String,
    },
}

impl KeyAct {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "key list",
            Self::Add { .. } => "key add",
            Self::Remove { .. } => "key remove",
        }
    }
}

/// How a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It is good.
    Good,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// A key, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// The part of it that may be shown.
    pub name: String,
    /// What it is for.
    pub label: String,
    /// For whom it speaks: a login or the name of a site; `None` for the administrator.
    pub of: Option<String>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// How it is.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the nearest five minutes.
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// A key that was made, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// All of it that may be shown.
    pub view: KeyView,
    /// The key itself.
    pub key: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("view", &self.view).finish_non_exhaustive()
    }
}

/// Who asks with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// As whom operations are done; its name tells the key as well.
    pub caller: Caller,
    /// For whom the key speaks.
    pub principal: Principal,
    /// Whose they are.
    pub owner: OwnerId,
    /// The name of an account or a site; empty for the administrator.
    pub login: Arc<str>,
    /// The part of the key that may be shown.
    pub key: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Keyed {
    /// Whether the key may do that.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.covers(scope))
    }
}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("the key is wrong")]
    Wrong,
    /// It was taken back.
    #[error("the key was taken back")]
    Revoked,
    /// Its time is over.
    #[error("the key has expired")]
    Expired,
    /// The store does not answer.
    #[error("keys cannot be checked at the moment")]
    Unavailable,
    /// There were too many wrong keys or passwords: this one was not looked at any closer.
    #[error("too many wrong keys: nothing is checked for a while")]
    Slowed(Slowed),
}

type Digest = [u8; 32];

/// A key as it is kept in memory, with the moment of the last use that was written down.
struct Kept {
    key: ApiKey,
    used_at: AtomicI64,
}

type Ring = Arc<HashMap<Digest, Kept>>;

/// All keys, read from the store when they are first asked for, and again after each change.
#[derive(Default)]
pub(crate) struct Keyring {
    /// With the number of changes that it knows of.
    ring: RwLock<(u64, Option<Ring>)>,
    wrong: Mutex<HashMap<Digest, Timestamp>>,
}

impl Keyring {
    /// What is known is true no more.
    pub(crate) fn forget(&self) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = (ring.0 + 1, None);
    }

    fn known(&self) -> (u64, Option<Ring>) {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        (ring.0, ring.1.clone())
    }

    /// Keeps what was read, unless something changed meanwhile.
    fn keep(&self, change: u64, read: &Ring) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.0 == change {
            ring.1 = Some(Arc::clone(read));
        }
    }

    /// Whether a wrong key was seen a moment ago; remembers it otherwise.
    fn is_wrong_again(&self, digest: Digest, now: Timestamp) -> bool {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.get(&digest).is_some_and(|until| *until > now) {
            return true;
        }
        if wrong.len() >= WRONG_MOST {
            wrong.retain(|_, until| *until > now);
        }
        if wrong.len() < WRONG_MOST {
            wrong.insert(digest, now.plus_ms(WRONG_MS));
        }
        false
    }
}

fn state_of(key: &ApiKey, now: Timestamp) -> KeyState {
    if key.revoked_at.is_some() {
        KeyState::Revoked
    } else if key.expires_at.is_some_and(|end| end <= now) {
        KeyState::Expired
    } else {
        KeyState::Good
    }
}

impl Control {
    /// Does what is asked with a key, if the key may.
    pub async fn perform_keyed(&self, keyed: &Keyed, operation: Operation) -> Result<Answer, Fault> {
        let in_scope = operation.scope().is_some_and(|scope| keyed.may(scope));
        if !in_scope || !roles::may_by_key(&operation, |login| self.registry.role(login)) {
            return Err(Fault::new(Blame::NotAllowed));
        }
        self.perform(&keyed.caller, operation).await
    }

    /// Whose key that is, when it is good.
    pub async fn by_key(&self, from: IpAddr, given: &Secret) -> Result<Keyed, KeyError> {
        let now = self.clock.now();
        let digest = sha256(given.reveal().as_bytes());
        let ring = self.ring().await.map_err(|_| KeyError::Unavailable)?;
        let Some(kept) = ring.get(&digest) else { return Err(self.wrong_key(from, digest, now)) };
        match state_of(&kept.key, now) {
            KeyState::Revoked => return Err(KeyError::Revoked),
            KeyState::Expired => return Err(KeyError::Expired),
            KeyState::Good => {}
        }
        self.note_use(kept, now).await;
        let key = &kept.key;
        let (login, role) = match key.principal {
            Principal::System => (Arc::from(""), Role::Administrator),
            principal => (self.registry.name(principal).ok_or(KeyError::Wrong)?, Role::Person),
        };
        let name = if login.is_empty() {
            format!("key {}", key.name)
        } else {
            format!("{login} (key {})", key.name)
        };
        Ok(Keyed {
            caller: Caller { name, role },
            principal: key.principal,
            owner: key.owner,
            login,
            key: key.name.clone(),
            scopes: key.scopes.clone(),
        })
    }

    fn wrong_key(&self, from: IpAddr, digest: Digest, now: Timestamp) -> KeyError {
        if self.keyring.is_wrong_again(digest, now) {
            return KeyError::Wrong;
        }
        // Counted by network alone: nobody can make all keys slow for everybody.
        let name = format!("key from {from}");
        self.sign_in.patience.admit(from, &name, now).err().map_or(KeyError::Wrong, KeyError::Slowed)
    }

    async fn ring(&self) -> Result<Ring, store::StoreError> {
        let (change, known) = self.keyring.known();
        if let Some(ring) = known {
            return Ok(ring);
        }
        let kept = |key: ApiKey| {
            let used_at = AtomicI64::new(key.used_at.map_or(i64::MIN, |at| at.0));
            (key.digest, Kept { key, used_at })
        };
        let ring: Ring = Arc::new(self.store.keys().await?.into_iter().map(kept).collect());
        self.keyring.keep(change, &ring);
        Ok(ring)
    }

    /// Writes down that a key was used, every few minutes. A store that cannot take it does not keep anybody out.
    async fn note_use(&self, kept: &Kept, now: Timestamp) {
        let last = kept.used_at.load(Ordering::Relaxed);
        if now.0.saturating_sub(last) < USED_STEP_MS {
            return;
        }
        if kept.used_at.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
            && let Err(error) = self.store.key_used(kept.key.name.clone(), now).await
        {
            tracing::debug!(%error, "the use of a key is not written down");
        }
    }

    pub(crate) async fn key_act(&self, audit: &Audit<'_>, act: KeyAct) -> Result<Answer, Fault> {
        match act {
            KeyAct::List { of } => {
                let views = self.key_views().await?;
                let is_meant = |view: &KeyView| match &of {
                    Some(of) => view.of.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(of)),
                    None => true,
                };
                Ok(Answer::Keys { keys: views.into_iter().filter(is_meant).collect() })
            }
            KeyAct::Add { key } => self.key_add(audit, key).await,
            KeyAct::Remove { name } => self.key_remove(audit, name).await,
        }
    }

    async fn key_views(&self) -> Result<Vec<KeyView>, Fault> {
        let keys = self.store.keys().await?;
        Ok(keys.iter().map(|key| self.key_view(key)).collect())
    }

    fn key_view(&self, key: &ApiKey) -> KeyView {
        KeyView {
            name: key.name.clone(),
            label: key.label.clone(),
            of: self.registry.name(key.principal).map(|name| name.to_string()),
            scopes: key.scopes.clone(),
            state: state_of(key, self.clock.now()),
            created_at: key.created_at,
            expires_at: key.expires_at,
            used_at: key.used_at,
            revoked_at: key.revoked_at,
        }
    }

    async fn key_add(&self, audit: &Audit<'_>, spec: KeySpec) -> Result<Answer, Fault> {
        let label = spec.label.trim();
        if label.is_empty() {
            return Err(Fault::about(Blame::Needed, "label"));
        }
        if label.chars().count() > LABEL_MOST || label.contains(char::is_control) {
            return Err(Fault::invalid("label", format!("> {LABEL_MOST}")));
        }
        let (principal, owner) = match &spec.of {
            Some(name) => self.principal_named(name).await?,
            None => (Principal::System, OwnerId::DEFAULT),
        };
        let now = self.clock.now();
        let mut scopes = spec.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        check_scopes(principal, &scopes)?;
        let live = |key: &&ApiKey| key.principal == principal && state_of(key, now) == KeyState::Good;
        if self.store.keys().await?.iter().filter(live).count() >= KEYS_MOST {
            return Err(Fault::invalid("keys", format!("> {KEYS_MOST}")));
        }
        if let Some(days) = spec.days.filter(|days| *days == 0 || *days > DAYS_MOST) {
            return Err(Fault::invalid("days", days));
        }
        let random = || make_key().ok_or_else(|| Fault::about(Blame::Store, "random"));
        let letters: String = random()?.replace('-', "").chars().take(NAME_LETTERS).collect();
        let name = format!("{MARK}{letters}");
        let secret = format!("{name}_{}", random()?.replace('-', ""));
        let key = ApiKey {
            name: name.clone(),
            digest: sha256(secret.as_bytes()),
            label: label.to_owned(),
            owner,
            principal,
            scopes,
            created_at: now,
            expires_at: spec.days.map(|days| now.plus_ms(i64::from(days) * DAY_MS)),
            used_at: None,
            revoked_at: None,
        };
        let view = self.key_view(&key);
        self.store.add_key(key, audit.of(&self.clock, &name)).await?;
        self.keyring.forget();
        Ok(Answer::KeyMade { made: Box::new(NewKey { view, key: secret }) })
    }

    async fn key_remove(&self, audit: &Audit<'_>, name: String) -> Result<Answer, Fault> {
        let found = self.key_views().await?.into_iter().find(|view| view.name == name);
        let view = found.ok_or_else(|| Fault::about(Blame::Missing, &name))?;
        let own = |of: &String| of.eq_ignore_ascii_case(audit.caller.login());
        if audit.caller.role != Role::Administrator && !view.of.as_ref().is_some_and(own) {
            // What is somebody else's is not there.
            return Err(Fault::about(Blame::Missing, &name));
        }
        self.store.revoke_key(name.clone(), self.clock.now(), audit.of(&self.clock, &name)).await?;
        self.keyring.forget();
        Ok(Answer::Done)
    }

    /// The account or the site of that name, and whose it is.
    pub(crate) async fn principal_named(&self, name: &str) -> Result<(Principal, OwnerId), Fault> {
        let record = self.store.login(name).await?;
        let record = record.ok_or_else(|| Fault::about(Blame::Missing, name))?;
        Ok((record.principal, record.owner))
    }
}

fn check_scopes(principal: Principal, scopes: &[Scope]) -> Result<(), Fault> {
    if scopes.is_empty() {
        return Err(Fault::about(Blame::Needed, "scopes"));
    }
    let foreign = scopes.iter().find(|scope| !scope.is_for_everybody());
    match foreign.filter(|_| principal != Principal::System) {
        Some(scope) => Err(Fault::invalid("scopes", scope)),
        None => Ok(()),
    }
}
