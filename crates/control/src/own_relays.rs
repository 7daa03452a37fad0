//! Relays of people: whose they are, how they are called, what may be set of them, and which one is used.
//!
//! A relay of an account is kept under the name `LOGIN/NAME`, so that two people may have a `gmail` each. Its owner types
//! and reads `NAME` alone; everybody else sees the whole. Both ways of that translation are here and nowhere else.

use crate::principals::valid_name;
use crate::settings::OWN_RELAYS;
use crate::{Answer, Audit, Blame, Caller, ClosureView, Control, Fault, RelaySpec, RelayView, Role};
use mail::{AccountId, Principal, RelayId, ReversePath, Timestamp};
use net::HostName;
use std::collections::HashMap;
use std::sync::PoisonError;
use store::{Account, Relay, RelayAuth, RelayTls, RouteScope};

/// The most relays that one person has.
pub const MOST_OWN_RELAYS: usize = 10;
/// The most connections at once that a person may ask for of their relay.
pub const MOST_OWN_CONNECTIONS: u16 = 20;

/// What a person's mail and relays are bounded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnLimits {
    /// The bytes of a message.
    pub message_bytes: u64,
    /// The recipients of a message.
    pub recipients: usize,
    /// The days for which a message may be kept before it leaves.
    pub hold_days: u32,
    /// The relays of one's own.
    pub relays: usize,
    /// The tests and changes of them in an hour.
    pub tries_an_hour: usize,
}

/// The time over which a person's tries are counted.
const TRIES_WINDOW_MS: i64 = 60 * 60 * 1_000;
/// The most tries within [`TRIES_WINDOW_MS`]: tests, and new passwords and settings, which are tried at once. A server that
/// signs in elsewhere on somebody's behalf must not become a tool to find out passwords.
pub const OWN_TRIES: usize = 30;

/// The tries of the last hour, by account.
#[derive(Debug, Default)]
pub(crate) struct Tries(HashMap<AccountId, Vec<Timestamp>>);

impl Tries {
    /// Counts a try, or says when the next one may be made.
    fn begin(&mut self, of: AccountId, now: Timestamp) -> Result<(), Timestamp> {
        // A clock that was set back counts nothing for longer than the window.
        let counts = |at: &Timestamp| at.0 <= now.0 && now.0 - at.0 < TRIES_WINDOW_MS;
        self.0.retain(|_, made| made.iter().any(counts));
        let made = self.0.entry(of).or_default();
        made.retain(counts);
        match made.first() {
            Some(first) if made.len() >= OWN_TRIES => Err(first.plus_ms(TRIES_WINDOW_MS)),
            _ => {
                made.push(now);
                Ok(())
            }
        }
    }
}

/// How a person's mail leaves, as far as they can do something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWay {
    /// The relay that carries it, `direct` for none; `None` when nobody has said yet how mail leaves.
    pub relay: Option<String>,
    /// Whether that relay is theirs.
    pub is_own: bool,
    /// Whether they may add and change relays.
    pub may_change: bool,
}

/// The name that a relay of an account is kept under, from what was typed.
pub(crate) fn full_name(login: &str, typed: &str) -> Result<String, Fault> {
    let name = valid_name("name", short_name(login, typed))?;
    if name.contains('/') {
        return Err(Fault::invalid("name", name));
    }
    valid_name("name", &format!("{login}/{name}"))
}

/// The name as the owner of a relay knows it.
fn short_name<'n>(login: &str, name: &'n str) -> &'n str {
    match (name.get(..login.len()), name.get(login.len()..)) {
        (Some(begin), Some(rest)) if begin.eq_ignore_ascii_case(login) => {
            rest.strip_prefix('/').unwrap_or(name)
        }
        _ => name,
    }
}

fn shorten(login: &str, name: &mut String) {
    *name = short_name(login, name).to_owned();
}

/// An answer as the caller may see it: people know their relays by their own names, and nothing of anybody else's.
pub(crate) fn as_seen_by(caller: &Caller, answer: Result<Answer, Fault>) -> Result<Answer, Fault> {
    if caller.role != Role::Person {
        return answer;
    }
    let login = caller.login();
    let of_closure = |closure: &mut ClosureView| {
        shorten(login, &mut closure.relay);
        // It tells of other people's relays at the same provider.
        closure.neighbours = None;
    };
    let of_relay = |relay: &mut RelayView| {
        shorten(login, &mut relay.name);
        relay.closures.iter_mut().for_each(of_closure);
    };
    let mut answer = answer.map_err(|mut fault| {
        shorten(login, &mut fault.what);
        fault
    })?;
    match &mut answer {
        Answer::Relays { relays } => relays.iter_mut().for_each(of_relay),
        Answer::Relay { relay } => of_relay(relay),
        Answer::Tested { relay, neighbours, .. } => {
            shorten(login, relay);
            *neighbours = None;
        }
        Answer::Queue { page } => {
            page.closures.values_mut().for_each(of_closure);
            page.relays.values_mut().for_each(|name| shorten(login, name));
        }
        Answer::Story { closures, relays, .. } => {
            closures.values_mut().for_each(of_closure);
            relays.values_mut().for_each(|name| shorten(login, name));
        }
        Answer::Statistics { report } => {
            report.rows.iter_mut().for_each(|row| shorten(login, &mut row.name));
        }
        _ => {}
    }
    Ok(answer)
}

impl Control {
    /// The account whose relays alone a caller reaches; `None` for who reaches all.
    pub(crate) async fn owner_of_relays(&self, caller: &Caller) -> Result<Option<Account>, Fault> {
        match caller.role {
            Role::Person => Ok(Some(self.account(caller.login()).await?)),
            _ => Ok(None),
        }
    }

    /// What a person's mail and relays are bounded by.
    pub fn own_limits(&self) -> OwnLimits {
        let queue = self.queue.limits();
        OwnLimits {
            message_bytes: queue.message_bytes,
            recipients: queue.recipients,
            hold_days: queue.hold_secs / 86_400,
            relays: MOST_OWN_RELAYS,
            tries_an_hour: OWN_TRIES,
        }
    }

    /// How a person's mail leaves.
    pub async fn own_way(&self, caller: &Caller) -> Result<OwnWay, Fault> {
        let account = self.account(caller.login()).await?;
        let relays = self.store.relays().await?;
        let routes = queue::Routes::new(relays, self.store.routes().await?);
        let way = routes.choose(Principal::Account(account.id), account.owner, &ReversePath::Null);
        let relay = way.and_then(|id| routes.relay(id));
        let name = match (&relay, way) {
            (Some(relay), _) => Some(short_name(&account.login, &relay.name).to_owned()),
            (None, Some(RelayId::DIRECT)) => Some(crate::relays::DIRECT.to_owned()),
            (None, _) => None,
        };
        let is_own = relay.is_some_and(|relay| relay.account == Some(account.id));
        Ok(OwnWay { relay: name, is_own, may_change: self.own_relays_are_open().await? })
    }

    /// Whether people may add and change relays of their own.
    pub async fn own_relays_are_open(&self) -> Result<bool, Fault> {
        Ok(self.store.setting(OWN_RELAYS).await?.as_deref() != Some("off"))
    }

    /// Refuses what a person may not wish for; what an administrator may. Nothing is looked up or dialled for it.
    pub(crate) async fn check_own_wish(&self, audit: &Audit<'_>, spec: &RelaySpec) -> Result<(), Fault> {
        if audit.caller.role != Role::Person {
            return Ok(());
        }
        if !self.own_relays_are_open().await? {
            return Err(Fault::about(Blame::NotAllowed, OWN_RELAYS));
        }
        let forbidden = [
            ("owner", spec.owner.is_some()),
            ("account", spec.account.is_some()),
            ("extra_ca", spec.extra_ca.is_some()),
            ("insecure", spec.insecure == Some(true)),
            ("no_auth", spec.no_auth),
            ("tls", spec.tls == Some(RelayTls::Never)),
        ];
        if let Some((field, _)) = forbidden.iter().find(|(_, wished)| *wished) {
            return Err(Fault::about(Blame::NotAllowed, *field));
        }
        if spec.max_connections.is_some_and(|most| most > MOST_OWN_CONNECTIONS) {
            return Err(Fault::invalid("max_connections", format!("<= {MOST_OWN_CONNECTIONS}")));
        }
        Ok(())
    }

    /// Refuses a person's relay that is somewhere else than where they may have this server call. What an administrator has
    /// set for them may stay as it is.
    pub(crate) fn check_own_place(
        &self,
        audit: &Audit<'_>,
        relay: &Relay,
        old: Option<&Relay>,
    ) -> Result<(), Fault> {
        let same = |old: &Relay| old.host == relay.host && old.port == relay.port && old.tls == relay.tls;
        if audit.caller.role != Role::Person || old.is_some_and(same) {
            return Ok(());
        }
        let bare = relay.tls == RelayTls::Never || relay.auth == RelayAuth::None;
        if bare || relay.insecure || relay.extra_ca.is_some() {
            return Err(Fault::about(Blame::NotAllowed, "host"));
        }
        let host: HostName = relay.host.parse().map_err(|_| Fault::invalid("host", &relay.host))?;
        if !self.couriers.relays.may_be_own(&host, None) {
            return Err(Fault::about(Blame::NotPublic, &relay.host));
        }
        if !self.couriers.relays.may_be_own(&host, relay.port) {
            return Err(Fault::invalid("port", "25, 465, 587, 2525"));
        }
        Ok(())
    }

    /// Refuses a relay more than a person may have.
    pub(crate) async fn check_own_count(&self, audit: &Audit<'_>, account: AccountId) -> Result<(), Fault> {
        let relays = self.store.relays().await?;
        let own = relays.iter().filter(|relay| relay.account == Some(account)).count();
        if audit.caller.role == Role::Person && own >= MOST_OWN_RELAYS {
            return Err(Fault::invalid("relay", format!("<= {MOST_OWN_RELAYS}")));
        }
        Ok(())
    }

    /// Counts what makes this server call a person's relay, within what they are allowed.
    pub(crate) fn count_try(&self, audit: &Audit<'_>, relay: &Relay) -> Result<(), Fault> {
        let Some(account) = relay.account.filter(|_| audit.caller.role == Role::Person) else {
            return Ok(());
        };
        let now = self.clock.now();
        let mut tries = self.own_tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.begin(account, now).map_err(|again_at| {
            let minutes = (again_at.0.saturating_sub(now.0) / 60_000).saturating_add(1);
            Fault { detail: minutes.to_string(), ..Fault::about(Blame::TooOften, &relay.name) }
        })
    }

    /// Hands a person's mail to the next of their relays before the one that carries it goes; without another one the mail
    /// leaves as the server does otherwise.
    pub(crate) async fn leave_own_relay(&self, audit: &Audit<'_>, relay: &Relay) -> Result<(), Fault> {
        let Some(account) = relay.account else { return Ok(()) };
        let scope = RouteScope::Account(account);
        let routes = self.store.routes().await?;
        if !routes.iter().any(|route| route.scope == scope && route.relay == relay.id) {
            return Ok(());
        }
        let others = self.store.relays().await?;
        let others = others.iter().filter(|other| other.account == Some(account) && other.id != relay.id);
        if let Some(next) = others.min_by_key(|other| other.id) {
            self.store.set_route(scope, Some(next.id), audit.of(&self.clock, &next.name)).await?;
        }
        Ok(())
    }

    /// Removes the relays of an account that goes.
    pub(crate) async fn remove_relays_of(&self, account: AccountId, audit: &Audit<'_>) -> Result<(), Fault> {
        for relay in self.store.relays().await? {
            if relay.account == Some(account) {
                let events = audit.of(&self.clock, &relay.name);
                self.store.remove_relay(relay.id, self.clock.now(), events).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shortened_for_its_owner_alone() {
        for (login, name, shown) in [
            ("anne@a.test", "anne@a.test/gmail", "gmail"),
            ("ANNE@a.test", "anne@a.test/gmail", "gmail"),
            ("anne@a.test", "gmail", "gmail"),
            ("anne@a.test", "anne@a.test", "anne@a.test"),
            ("anne@a.test", "anne@a.testing/gmail", "anne@a.testing/gmail"),
            ("anne@a.test", "bob@a.test/gmail", "bob@a.test/gmail"),
            ("é", "a/b", "a/b"),
        ] {
            assert_eq!(short_name(login, name), shown, "{login} {name}");
        }
    }

    #[test]
    fn tries_are_counted_for_an_hour() {
        let mut tries = Tries::default();
        let (anne, bob) = (AccountId(1), AccountId(2));
        for index in 0..OWN_TRIES {
            tries.begin(anne, Timestamp(index as i64)).unwrap();
        }
        assert_eq!(tries.begin(anne, Timestamp(1_000)), Err(Timestamp(TRIES_WINDOW_MS)));
        tries.begin(bob, Timestamp(1_000)).unwrap();
        tries.begin(anne, Timestamp(TRIES_WINDOW_MS)).unwrap();
        assert!(tries.begin(anne, Timestamp(TRIES_WINDOW_MS)).is_err());
        // A clock that was set back locks nobody out.
        tries.begin(anne, Timestamp(-1)).unwrap();
    }
}
