//! How much patience wrong passwords meet: by network, by login, and by both together.
//!
//! Owns the counts and the known addresses; it never sees a password. Nobody is locked out: an address that signed in
//! well for a login is known to it, and is measured by its own mistakes alone, whatever strangers do meanwhile.
//!
//! All of it is in memory. A restart forgets the counts, and which addresses are known: a guesser gains one more round,
//! and an owner is a stranger until the next right password.
//!
//! | what is counted | most checks | who is measured by it |
//! |---|---|---|
//! | network (IPv4 /24, IPv6 /64) | [`NETWORK`]: 10 in 10 minutes | strangers |
//! | login, whether it exists or not | [`LOGIN`]: 100 in an hour | strangers |
//! | address and login together | [`PAIR`]: 10 in 10 minutes | who is known |
//!
//! Half of the checks may come at once, the others one by one over the time. A password that was right is not counted,
//! and the same wrong one again counts once.

use mail::Timestamp;
use ring::rand::SystemRandom;
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// So many password checks in so much time.
#[derive(Debug, Clone, Copy)]
struct Meter {
    checks: i64,
    window_ms: i64,
}

/// Wrong passwords from one network, for any login.
const NETWORK: Meter = Meter { checks: 10, window_ms: 10 * 60 * 1_000 };
/// Wrong passwords for one login, from anywhere that is not known to it.
const LOGIN: Meter = Meter { checks: 100, window_ms: 60 * 60 * 1_000 };
/// Wrong passwords for one login from one address that is known to it.
const PAIR: Meter = Meter { checks: 10, window_ms: 10 * 60 * 1_000 };

/// How many networks, logins and pairs are counted at once. A full table forgets nobody, since that would be a way
/// to be forgotten: strangers wait until there is room, which is when a count ends by itself.
const COUNTED_MOST: usize = 1 << 17;
/// How long strangers are told to wait when a table is full.
const FULL_MS: i64 = 60 * 1_000;
/// How often a full table is looked through for counts that have ended.
const SWEEP_MS: i64 = 1_000;
/// How long an address stays known after it last signed in well.
const KNOWN_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How many addresses are known for one login; the one that was quiet for longest goes.
const KNOWN_PER_LOGIN: usize = 64;
/// How many logins have known addresses: more than a server has.
const KNOWN_LOGINS: usize = 1 << 17;
/// How many of those that wait are shown.
const SHOWN_MOST: usize = 1_000;
/// The most bytes of a login that are shown: it is a stranger's text.
const SHOWN_BYTES: usize = 254;

impl Meter {
    /// What one check costs in time.
    const fn cost_ms(self) -> i64 {
        self.window_ms / self.most_at_once()
    }

    /// With half of the checks at once and the other half over the time, no stretch of that length ever sees more than
    /// all of them.
    const fn most_at_once(self) -> i64 {
        self.checks / 2
    }
}

/// Who is made to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlowedBy {
    /// A network, for any login.
    Network,
    /// A login, for whoever is not known to it.
    Login,
    /// A known address, for its login.
    Pair,
    /// All strangers: there is no room to count more.
    Everybody,
}

/// A sign-in that must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slowed {
    /// What is counted too often.
    pub by: SlowedBy,
    /// Until when.
    pub until: Timestamp,
    /// Whether it is the first that has to wait for this.
    pub is_first: bool,
}

/// Who is made to wait at the moment, to be shown and to be lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowedView {
    /// What is counted.
    pub by: SlowedBy,
    /// The network or the address.
    pub network: Option<String>,
    /// The login, as it was given.
    pub login: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Until when nothing is checked.
    pub until: Timestamp,
    /// How many sign-ins were put off.
    pub put_off: u64,
}

/// A digest of a login, so that a stranger's megabyte costs no more than a name.
type LoginKey = [u8; 16];

/// A sign-in that may be checked: it is counted already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Try {
    network: IpAddr,
    address: IpAddr,
    login: LoginKey,
    /// Whether the address is known to the login.
    pub(crate) is_known: bool,
    counted: Counted,
}

/// Where a sign-in was counted: who is known is admitted where strangers wait, and nothing is counted beyond the most.
/// What was not counted is not given back.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    network: bool,
    login: bool,
    pair: bool,
}

/// Until when each is used up.
#[derive(Debug)]
struct Table<K> {
    meter: Meter,
    spent: HashMap<K, Timestamp>,
    swept_at: Timestamp,
}

impl<K: Hash + Eq> Table<K> {
    fn new(meter: Meter) -> Self {
        Self { meter, spent: HashMap::new(), swept_at: Timestamp(0) }
    }

    /// Up to when the time is spent. A clock that was set back must not make anybody wait longer than a whole window.
    fn spent_until(&mut self, key: &K, now: Timestamp) -> Timestamp {
        let Some(spent) = self.spent.get_mut(key) else { return now };
        *spent = (*spent).min(now.plus_ms(self.meter.window_ms));
        (*spent).max(now)
    }

    /// When the next check may be, if not now.
    fn wait(&mut self, key: &K, now: Timestamp) -> Option<Timestamp> {
        let at_once = self.meter.window_ms - self.meter.cost_ms();
        let next = self.spent_until(key, now).plus_ms(-at_once);
        (next > now).then_some(next)
    }

    /// Whether one more can be counted.
    fn has_room(&mut self, key: &K, now: Timestamp) -> bool {
        if self.spent.len() < COUNTED_MOST || self.spent.contains_key(key) {
            return true;
        }
        // A look at all of them takes a millisecond: not at each knock of a flood.
        if now.since_ms(self.swept_at).saturating_abs() >= SWEEP_MS {
            self.swept_at = now;
            self.spent.retain(|_, spent| *spent > now);
        }
        self.spent.len() < COUNTED_MOST
    }

    /// Counts one more, and says whether there was room for it.
    fn count(&mut self, key: K, now: Timestamp) -> bool {
        let spent = self.spent_until(&key, now).plus_ms(self.meter.cost_ms());
        let fits = spent <= now.plus_ms(self.meter.window_ms) && self.has_room(&key, now);
        if fits {
            self.spent.insert(key, spent);
        }
        fits
    }

    fn give_back(&mut self, key: &K, now: Timestamp) {
        let left = self.spent_until(key, now).plus_ms(-self.meter.cost_ms());
        if left > now {
            if let Some(spent) = self.spent.get_mut(key) {
                *spent = left;
            }
        } else {
            self.spent.remove(key);
        }
    }
}

/// Whose waiting is shown.
type Subject = (SlowedBy, Option<IpAddr>, Option<LoginKey>);

#[derive(Debug)]
struct State {
    networks: Table<IpAddr>,
    logins: Table<LoginKey>,
    pairs: Table<(IpAddr, LoginKey)>,
    known: HashMap<LoginKey, Vec<(IpAddr, Timestamp)>>,
    shown: HashMap<Subject, SlowedView>,
}

/// The counts.
pub(crate) struct Patience {
    /// Digests of logins are keyed anew at each start: nobody can prepare names that fall together.
    key: Option<hmac::Key>,
    state: Mutex<State>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        let state = State {
            networks: Table::new(NETWORK),
            logins: Table::new(LOGIN),
            pairs: Table::new(PAIR),
            known: HashMap::new(),
            shown: HashMap::new(),
        };
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, state: Mutex::new(state) }
    }

    /// Counts a sign-in before it is checked: of many that come at once, none slips through.
    pub(crate) fn admit(&self, from: IpAddr, login: &str, now: Timestamp) -> Result<Try, Slowed> {
        let address = address_of(from);
        let (network, login_key) = (network_of(from), self.login_key(login));
        let mut state = self.state();
        let is_known = state.knows(address, &login_key, now);
        let mut attempt = Try { network, address, login: login_key, is_known, counted: Counted::default() };
        match state.wait(&attempt, now) {
            Some((by, until)) => Err(state.put_off(&attempt, login, (by, until), now)),
            None => {
                attempt.counted = Counted {
                    network: state.networks.count(network, now),
                    login: state.logins.count(login_key, now),
                    pair: state.pairs.count((address, login_key), now),
                };
                Ok(attempt)
            }
        }
    }

    /// The password was right: nothing is counted, and the address is known from now on.
    pub(crate) fn right(&self, attempt: &Try, now: Timestamp) {
        self.undo(attempt, now);
        let mut state = self.state();
        if state.known.len() >= KNOWN_LOGINS && !state.known.contains_key(&attempt.login) {
            state.known.retain(|_, addresses| addresses.iter().any(|(_, last)| is_recent(*last, now)));
            if state.known.len() >= KNOWN_LOGINS {
                return;
            }
        }
        let addresses = state.known.entry(attempt.login).or_default();
        addresses.retain(|(address, _)| *address != attempt.address);
        if addresses.len() >= KNOWN_PER_LOGIN {
            addresses.remove(0);
        }
        // The last one is the one that signed in last.
        addresses.push((attempt.address, now));
    }

    /// It was not checked after all, or is nothing new: it is not counted.
    pub(crate) fn undo(&self, attempt: &Try, now: Timestamp) {
        let mut state = self.state();
        if attempt.counted.network {
            state.networks.give_back(&attempt.network, now);
        }
        if attempt.counted.login {
            state.logins.give_back(&attempt.login, now);
        }
        if attempt.counted.pair {
            state.pairs.give_back(&(attempt.address, attempt.login), now);
        }
    }

    /// Who is made to wait now, the longest first.
    pub(crate) fn slowed(&self, now: Timestamp) -> Vec<SlowedView> {
        let mut state = self.state();
        state.shown.retain(|_, view| view.until > now);
        let mut views: Vec<SlowedView> = state.shown.values().cloned().collect();
        views.sort_by_key(|view| (view.since, view.network.clone(), view.login.clone()));
        views
    }

    /// Lets a network, an address or a login try again at once; everybody when it is `None`. How many were waiting.
    pub(crate) fn lift(&self, what: Option<&str>, now: Timestamp) -> usize {
        let mut state = self.state();
        state.shown.retain(|_, view| view.until > now);
        let before = state.shown.len();
        let Some(what) = what else {
            state.networks.spent.clear();
            state.logins.spent.clear();
            state.pairs.spent.clear();
            state.shown.clear();
            return before;
        };
        let written = what.split('/').next().unwrap_or_default();
        if let Ok(ip) = written.parse::<IpAddr>() {
            let (network, address) = (network_of(ip), address_of(ip));
            state.networks.spent.remove(&network);
            state.pairs.spent.retain(|(of, _), _| *of != address);
            state.shown.retain(|(_, of, _), _| *of != Some(network) && *of != Some(address));
        } else {
            let login = self.login_key(what);
            state.logins.spent.remove(&login);
            state.pairs.spent.retain(|(_, of), _| *of != login);
            state.shown.retain(|(_, _, of), _| *of != Some(login));
        }
        before - state.shown.len()
    }

    fn login_key(&self, login: &str) -> LoginKey {
        // As the store looks them up: upper and lower case are one login.
        let login = login.to_lowercase();
        let mut key = LoginKey::default();
        let mut take = |digest: &[u8]| key.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
        match &self.key {
            Some(of) => take(hmac::sign(of, login.as_bytes()).as_ref()),
            None => take(digest::digest(&digest::SHA256, login.as_bytes()).as_ref()),
        }
        key
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn knows(&self, address: IpAddr, login: &LoginKey, now: Timestamp) -> bool {
        let mut known = self.known.get(login).into_iter().flatten();
        known.any(|(of, last)| *of == address && is_recent(*last, now))
    }

    /// What the sign-in has to wait for, and until when.
    fn wait(&mut self, attempt: &Try, now: Timestamp) -> Option<(SlowedBy, Timestamp)> {
        if attempt.is_known {
            let pair = self.pairs.wait(&(attempt.address, attempt.login), now);
            return pair.map(|until| (SlowedBy::Pair, until));
        }
        let network = self.networks.wait(&attempt.network, now).map(|until| (SlowedBy::Network, until));
        let login = self.logins.wait(&attempt.login, now).map(|until| (SlowedBy::Login, until));
        // Both are evaluated before they are compared: how long this takes says nothing about either.
        network.or(login).or_else(|| {
            let room =
                self.networks.has_room(&attempt.network, now) && self.logins.has_room(&attempt.login, now);
            (!room).then(|| (SlowedBy::Everybody, now.plus_ms(FULL_MS)))
        })
    }

    fn put_off(
        &mut self,
        attempt: &Try,
        login: &str,
        (by, until): (SlowedBy, Timestamp),
        now: Timestamp,
    ) -> Slowed {
        let (network, of_login) = match by {
            SlowedBy::Network => (Some(attempt.network), None),
            SlowedBy::Login => (None, Some(attempt.login)),
            SlowedBy::Pair => (Some(attempt.address), Some(attempt.login)),
            SlowedBy::Everybody => (None, None),
        };
        let subject = (by, network, of_login);
        if self.shown.len() >= SHOWN_MOST {
            self.shown.retain(|_, view| view.until > now);
        }
        let is_full = self.shown.len() >= SHOWN_MOST;
        let known = self.shown.get_mut(&subject);
        let is_first = known.as_ref().is_none_or(|view| view.until <= now);
        if let Some(view) = known {
            view.since = if is_first { now } else { view.since };
            view.put_off = if is_first { 1 } else { view.put_off.saturating_add(1) };
            view.until = until;
        } else if !is_full {
            let network = network.map(|ip| shown_network(by, ip));
            let login = of_login.map(|_| shown_login(login));
            self.shown.insert(subject, SlowedView { by, network, login, since: now, until, put_off: 1 });
        }
        // A thousand lines tell as much as ten thousand.
        Slowed { by, until, is_first: is_first && !is_full }
    }
}

fn is_recent(last: Timestamp, now: Timestamp) -> bool {
    now.since_ms(last) < KNOWN_MS
}

fn shown_network(by: SlowedBy, ip: IpAddr) -> String {
    match (by, ip) {
        (SlowedBy::Network, IpAddr::V4(_)) => format!("{ip}/24"),
        (_, IpAddr::V6(_)) => format!("{ip}/64"),
        _ => ip.to_string(),
    }
}

fn shown_login(login: &str) -> String {
    let mut text: String = login.chars().filter(|c| !c.is_control()).take(SHOWN_BYTES).collect();
    while text.len() > SHOWN_BYTES {
        text.pop();
    }
    text
}

/// Whoever has one IPv6 address has 2^64 of them.
fn address_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

pub(crate) fn network_of(ip: IpAddr) -> IpAddr {
    match address_of(ip) {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & !0xff).into(),
        ip @ IpAddr::V6(_) => ip,
    }
}

#[cfg(test)]
mod tests;
