//! Sign-in: passwords and keys, without telling who exists, and without letting a flood of guesses eat the machine.
//!
//! [`Patience`] says whether a password is looked at at all. Hashing has two lines: strangers leave one core to those
//! whose address is known, and few of them wait, so that an attack fills their line and no other.

use crate::patience::{Patience, Slowed, Try};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use mail::{Clock, OwnerId, Principal, Secret, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{AppPassword, LoginRecord, Protection, Store};
use tokio::sync::Semaphore;

/// Someone who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub principal: Principal,
    /// Whose.
    pub owner: OwnerId,
    /// The name.
    pub name: String,
}

/// Why a sign-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Login or password are wrong. It never says which.
    #[error("login or password are wrong")]
    Wrong,
    /// The server cannot check at the moment: the store does not answer, or too many wait.
    #[error("sign-in cannot be checked at the moment")]
    Unavailable,
    /// There were too many wrong passwords: this one was not looked at.
    #[error("too many wrong passwords: nothing is checked for a while")]
    Slowed(Slowed),
    /// The password is right, but the account asks for a code or a passkey besides, which a mail program cannot show: it
    /// needs a password of its own.
    #[error("this account needs an app password")]
    AppPasswordNeeded,
}

/// Where somebody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// A program: with an app password, or with the password where nothing is asked for besides.
    Program,
    /// The portal: with the password alone.
    Portal,
}

/// Someone whose password was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) who: SignedIn,
    /// The app password that it was, and when its use was last written down.
    pub(crate) app: Option<(u32, Option<Timestamp>)>,
    /// Whether a code or a passkey is asked for besides.
    pub(crate) asks_second: bool,
}

/// How long a verified password is remembered, in milliseconds: programs sign in for each message, and argon2 is slow
/// on purpose.
const REMEMBERED_MS: i64 = 10 * 60 * 1_000;
/// How many verified passwords are remembered.
const REMEMBERED_MOST: usize = 10_000;
/// How many wrong passwords are remembered: a program that was not told of the new one tries again and again, and
/// counts once.
const WRONG_MOST: usize = 10_000;
/// How many sign-ins from known addresses may wait for their turn to be hashed.
const KNOWN_WAITING_MOST: usize = 256;
/// How many from other addresses may: what a core hashes in some seconds.
const STRANGERS_WAITING_MOST: usize = 128;

/// OWASP's second recommendation for argon2id (2024): 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Where passwords are checked.
pub(crate) struct SignInDesk {
    store: Arc<dyn Store>,
    clock: Clock,
    /// Keyed anew at each start, so that what is remembered is of no use to a reader of memory dumps.
    key: Option<hmac::Key>,
    /// Passwords that were found right or wrong, and until when that is believed.
    remembered: Mutex<Remembered>,
    pub(crate) patience: Patience,
    /// One hash a core at once.
    hashing: Arc<Semaphore>,
    /// A core less, for those from addresses that are not known.
    strangers: Arc<Semaphore>,
    known_waiting: Semaphore,
    strangers_waiting: Semaphore,
}

#[derive(Default)]
struct Remembered {
    right: HashMap<Tag, Timestamp>,
    wrong: HashMap<Tag, Timestamp>,
}

/// A login, a password and a stored hash, in one digest.
type Tag = [u8; 32];

/// What came of looking at a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Right,
    Wrong,
    /// Wrong, as it was a moment ago.
    WrongAgain,
}

impl SignInDesk {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            store,
            clock,
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            remembered: Mutex::default(),
            patience: Patience::new(),
            hashing: Arc::new(Semaphore::new(cores)),
            strangers: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
            known_waiting: Semaphore::new(KNOWN_WAITING_MOST),
            strangers_waiting: Semaphore::new(STRANGERS_WAITING_MOST),
        }
    }

    /// Forgets every remembered password: one of them may have changed.
    pub(crate) fn forget(&self) {
        *self.remembered() = Remembered::default();
    }

    /// Checks a login and a password that came from an address; without one, it is not from the network, and nobody
    /// else can be guessing there.
    pub(crate) async fn check(
        &self,
        from: Option<IpAddr>,
        (login, password): (&str, &Secret),
        entrance: Entrance,
    ) -> Result<Admitted, SignInError> {
        let now = self.clock.now();
        let admitted = from.map(|from| self.patience.admit(from, login, now)).transpose();
        let attempt = admitted.map_err(SignInError::Slowed)?;
        let is_known = attempt.is_none_or(|attempt| attempt.is_known);
        let looked = self.look((login, password), entrance, is_known).await;
        let Some(attempt) = attempt else { return looked.map_err(|(error, _)| error) };
        self.settle(&attempt, &looked);
        looked.map_err(|(error, _)| error)
    }

    fn settle(&self, attempt: &Try, looked: &Result<Admitted, (SignInError, Found)>) {
        let now = self.clock.now();
        match looked {
            Ok(_) => self.patience.right(attempt, now),
            Err((SignInError::Wrong, Found::Wrong)) => {}
            Err(_) => self.patience.undo(attempt, now),
        }
    }

    async fn look(
        &self,
        (login, password): (&str, &Secret),
        entrance: Entrance,
        is_known: bool,
    ) -> Result<Admitted, (SignInError, Found)> {
        let unavailable = (SignInError::Unavailable, Found::WrongAgain);
        let record = self.store.login(login).await.map_err(|_| unavailable)?;
        let protection = match &record {
            Some(record) => self.store.protection(record.principal).await.map_err(|_| unavailable)?,
            None => Protection::default(),
        };
        if let Some(record) = record.as_ref().filter(|_| entrance == Entrance::Program) {
            let given = hash_key(password.reveal());
            let same = |one: &&AppPassword| equal(one.hash.as_bytes(), given.as_bytes());
            if let Some(app) = protection.app_passwords.iter().find(same) {
                let app = Some((app.id, app.used_at));
                return Ok(Admitted { who: who(record, login), app, asks_second: false });
            }
        }
        let asks_second = protection.asks_second();
        let known = record.as_ref().and_then(|record| record.hash.clone());
        // An unknown name costs as much time as a known one.
        let hash = known.clone().unwrap_or_else(|| DUMMY_HASH.to_owned());
        let found = self.verify((login, password), hash, is_known).await.ok_or(unavailable)?;
        match record {
            Some(record) if found == Found::Right && known.is_some() => {
                if asks_second && entrance == Entrance::Program {
                    return Err((SignInError::AppPasswordNeeded, found));
                }
                Ok(Admitted { who: who(&record, login), app: None, asks_second })
            }
            _ if found == Found::WrongAgain => Err((SignInError::Wrong, found)),
            _ => Err((SignInError::Wrong, Found::Wrong)),
        }
    }

    /// `None` when it cannot be checked now.
    async fn verify(&self, given: (&str, &Secret), hash: String, is_known: bool) -> Option<Found> {
        let now = self.clock.now();
        let tag = self.key.as_ref().map(|key| tag(key, given.0, given.1, &hash));
        if let Some(found) = tag.and_then(|tag| self.recall(&tag, now)) {
            return Some(found);
        }
        let is_right = match hash.strip_prefix("sha256:") {
            Some(expected) if equal(expected.as_bytes(), sha256_hex(given.1.reveal()).as_bytes()) => {
                return Some(Found::Right);
            }
            // A wrong key costs what a wrong password costs, or the time would tell that the site exists.
            Some(_) => {
                self.hashed(given.1, DUMMY_HASH.to_owned(), is_known).await?;
                false
            }
            None => self.hashed(given.1, hash, is_known).await?,
        };
        if let Some(tag) = tag {
            self.remember(tag, is_right, now);
        }
        Some(if is_right { Found::Right } else { Found::Wrong })
    }

    /// Verifies against an argon2 hash, when its turn has come; `None` when too many wait.
    async fn hashed(&self, password: &Secret, hash: String, is_known: bool) -> Option<bool> {
        let waiting = if is_known { &self.known_waiting } else { &self.strangers_waiting };
        let _place = waiting.try_acquire().ok()?;
        let among_strangers = match is_known {
            true => None,
            false => Some(Arc::clone(&self.strangers).acquire_owned().await.ok()?),
        };
        let turn = Arc::clone(&self.hashing).acquire_owned().await.ok()?;
        let password = password.clone();
        let right = tokio::task::spawn_blocking(move || {
            let right = verify_argon2(&password, &hash);
            drop((turn, among_strangers));
            right
        });
        right.await.ok()
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, tag: &Tag, now: Timestamp) -> Option<Found> {
        let remembered = self.remembered();
        let is_in = |of: &HashMap<Tag, Timestamp>| of.get(tag).is_some_and(|until| *until > now);
        if is_in(&remembered.right) {
            Some(Found::Right)
        } else {
            is_in(&remembered.wrong).then_some(Found::WrongAgain)
        }
    }

    fn remember(&self, tag: Tag, is_right: bool, now: Timestamp) {
        let mut remembered = self.remembered();
        let Remembered { right, wrong } = &mut *remembered;
        let (of, most) = if is_right { (right, REMEMBERED_MOST) } else { (wrong, WRONG_MOST) };
        if of.len() >= most {
            of.retain(|_, until| *until > now);
        }
        if of.len() < most {
            of.insert(tag, now.plus_ms(REMEMBERED_MS));
        }
    }
}

fn who(record: &LoginRecord, login: &str) -> SignedIn {
    SignedIn { principal: record.principal, owner: record.owner, name: login.to_owned() }
}

/// A hash of nothing that anybody has: verified for names that do not exist.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a text is a hash as they are stored.
pub(crate) fn is_hash(text: &str) -> bool {
    match text.strip_prefix("sha256:") {
        Some(digits) => digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => text.starts_with("$argon2id$") && PasswordHash::new(text).is_ok(),
    }
}

/// Whether a password is the one of a stored hash.
pub(crate) fn verify_hash(password: &Secret, hash: &str) -> bool {
    match hash.strip_prefix("sha256:") {
        Some(expected) => equal(expected.as_bytes(), sha256_hex(password.reveal()).as_bytes()),
        None => verify_argon2(password, hash),
    }
}

fn verify_argon2(password: &Secret, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|parsed| argon2().verify_password(password.reveal().as_bytes(), &parsed).is_ok())
}

/// What is remembered depends on the stored hash too: a changed password is never remembered under the old one.
fn tag(key: &hmac::Key, login: &str, password: &Secret, hash: &str) -> Tag {
    let mut context = hmac::Context::with_key(key);
    for part in [login, password.reveal(), hash] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

/// Whether two texts are equal, in a time that does not depend on where they differ.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    sum
}

fn sha256_hex(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in sha256(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The hash of a person's password. Takes a tenth of a second on purpose: call it where that may block.
pub(crate) fn hash_password(password: &Secret) -> Option<String> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).ok()?;
    let salt = SaltString::encode_b64(&salt).ok()?;
    argon2().hash_password(password.reveal().as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// The hash of a machine-made key: it has all the randomness that it needs, and is checked at each message.
pub(crate) fn hash_key(key: &str) -> String {
    format!("sha256:{}", sha256_hex(key))
}

/// A key of 125 bits in groups that can be read over the telephone: no 0, O, 1, l, I.
pub(crate) fn make_key() -> Option<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 25];
    SystemRandom::new().fill(&mut bytes).ok()?;
    let mut key = String::with_capacity(29);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            key.push('-');
        }
        key.push(char::from(LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a')));
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_and_no_other() {
        let hash = hash_password(&Secret::new("Crème brûlée")).unwrap();
        assert!(verify_argon2(&Secret::new("Crème brûlée"), &hash));
        assert!(!verify_argon2(&Secret::new("crème brûlée"), &hash));
        assert!(!verify_argon2(&Secret::new(""), DUMMY_HASH));
        assert!(PasswordHash::new(DUMMY_HASH).is_ok(), "the dummy must cost what a real one costs");
    }

    #[test]
    fn keys_are_unlike_each_other() {
        let (one, two) = (make_key().unwrap(), make_key().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 29);
        assert_ne!(hash_key(&one), hash_key(&two));
    }
}
