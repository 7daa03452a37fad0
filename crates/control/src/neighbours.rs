//! Is it the provider that is down? Answered from this server's own attempts: what its other relays tell about one
//! that is in trouble.

use crate::lately::{Lately, is_of_a_server};
use explain::{CauseId, Group, provider_name, provider_of_host};
use mail::{RelayId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{Closure, Relay};

/// What the other relays tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
pub enum Neighbours {
    /// All relays at this provider are in trouble: it is the provider's.
    OfProvider {
        /// Its name.
        provider: String,
        /// How many relays, this one among them.
        relays: usize,
    },
    /// The other relays at this provider are in no trouble: it is this account's, or its settings'.
    OfAccount {
        /// The provider's name.
        provider: String,
        /// How many other relays.
        relays: usize,
        /// When one of them last took a message, if that was within the hour.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carried_at: Option<Timestamp>,
    },
    /// No relay of several providers can be reached: it is this machine's connection.
    OfConnection {
        /// How many relays.
        relays: usize,
    },
}

/// What the other relays tell about one that is in trouble for this cause; `None` when there is none to compare with, when
/// some say this and others that, or when it was an account that was refused at each.
pub(crate) fn neighbours(
    relays: &[Relay],
    closures: &[Closure],
    lately: &Lately,
    of: RelayId,
    cause: &str,
) -> Option<Neighbours> {
    let one = relays.iter().find(|relay| relay.id == of)?;
    let trouble = |relay: &Relay| match relay.id == of {
        true => Some(cause),
        false => {
            let found = closures.iter().find(|c| c.relay == relay.id && c.sender.is_none());
            // What closed nothing may be trouble all the same: the latest attempt tells.
            found.map_or_else(|| lately.trouble(relay.id), |closure| Some(closure.cause.as_str()))
        }
    };
    let is_unreached =
        |relay: &Relay| trouble(relay).and_then(group).is_some_and(|group| group == Group::Network);
    let is_of_the_server =
        |relay: &Relay| trouble(relay).and_then(CauseId::lookup).is_some_and(is_of_a_server);
    // Where mail leaves without a relay, the connection of this machine works.
    let leaves_directly = lately.carried_at(RelayId::DIRECT).is_some();
    let keys: BTreeMap<RelayId, String> = relays.iter().map(|relay| (relay.id, key(relay))).collect();
    let providers: BTreeSet<&String> = keys.values().collect();
    if providers.len() > 1 && !leaves_directly && relays.iter().all(is_unreached) {
        return Some(Neighbours::OfConnection { relays: relays.len() });
    }
    let here = keys.get(&of)?;
    let others: Vec<&Relay> =
        relays.iter().filter(|relay| relay.id != of && keys.get(&relay.id) == Some(here)).collect();
    let troubled = others.iter().filter(|relay| trouble(relay).is_some()).count();
    let provider = provider_name(here).unwrap_or(here).to_owned();
    match (others.len(), troubled) {
        (0, _) => None,
        (all, troubled) if troubled == all => {
            let all_of_it = is_of_the_server(one) && others.into_iter().all(is_of_the_server);
            all_of_it.then_some(Neighbours::OfProvider { provider, relays: all + 1 })
        }
        (all, 0) => {
            let carried_at = others.into_iter().filter_map(|relay| lately.carried_at(relay.id)).max();
            Some(Neighbours::OfAccount { provider, relays: all, carried_at })
        }
        _ => None,
    }
}

fn group(cause: &str) -> Option<Group> {
    explain::CauseId::lookup(cause).map(|id| explain::cause(id).group)
}

/// The provider by its id, else the domain of the server, so that two names of one server's count as one.
fn key(relay: &Relay) -> String {
    let known = relay.preset.clone().or_else(|| provider_of_host(&relay.host).map(str::to_owned));
    known.unwrap_or_else(|| domain(&relay.host).to_ascii_lowercase())
}

/// The last two names of a host; an address as it is.
fn domain(host: &str) -> &str {
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let start = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
    if is_address { host } else { host.get(start..).unwrap_or(host) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{ClosureId, EventId, Evidence, OwnerId, Seen, Stage};
    use store::{Event, EventKind, RelayAuth, RelayTls, SenderMode};

    fn relay(id: i64, host: &str, preset: Option<&str>) -> Relay {
        Relay {
            id: RelayId(id),
            owner: OwnerId::DEFAULT,
            account: None,
            name: format!("relay{id}"),
            preset: preset.map(str::to_owned),
            host: host.to_owned(),
            port: None,
            tls: RelayTls::Auto,
            insecure: false,
            extra_ca: None,
            auth: RelayAuth::None,
            sender: SenderMode::Keep,
            max_connections: 1,
            max_recipients: 1,
            revision: 0,
            created_at: Timestamp(0),
        }
    }

    fn closed(relay: i64, cause: &str) -> Closure {
        let seen = Seen::Refused;
        Closure {
            id: ClosureId(relay),
            relay: RelayId(relay),
            sender: None,
            cause: cause.to_owned(),
            evidence: Evidence { at: Timestamp(0), stage: Stage::Connect, peer: None, seen },
            since: Timestamp(0),
            reopen_at: Timestamp(0),
            tries: 0,
            alarm: false,
        }
    }

    #[track_caller]
    fn check(relays: &[Relay], closures: &[Closure], told: Option<Neighbours>) {
        let cause = closures.first().map_or("connect_timeout", |closure| &closure.cause);
        let lately = Lately::default();
        assert_eq!(neighbours(relays, closures, &lately, RelayId(1), cause), told);
    }

    /// What the attempts of the last minute tell, from `relay:what`.
    #[track_caller]
    fn check_attempts(attempts: &[(i64, EventKind, &str)], told: Option<Neighbours>) {
        let relays = [relay(1, "smtp.gmail.com", None), relay(2, "smtp.gmail.com", Some("gmail"))];
        let event = |(relay, kind, cause): &(i64, EventKind, &str)| Event {
            id: EventId(1),
            at: Timestamp(60_000),
            kind: *kind,
            owner: OwnerId::DEFAULT,
            message: None,
            recipient: None,
            relay: Some(RelayId(*relay)),
            cause: Some((*cause).to_owned()),
            detail: String::new(),
        };
        let events: Vec<Event> = attempts.iter().map(event).collect();
        let lately = Lately::of(&events, Timestamp(120_000));
        let closures = [closed(1, "connect_timeout")];
        assert_eq!(neighbours(&relays, &closures, &lately, RelayId(1), "connect_timeout"), told);
    }

    #[test]
    fn the_attempts_tell_where_no_relay_is_closed() {
        let provider = || "Gmail".to_owned();
        let of_account =
            |carried_at| Some(Neighbours::OfAccount { provider: provider(), relays: 1, carried_at });
        let of_provider = Some(Neighbours::OfProvider { provider: provider(), relays: 2 });
        check_attempts(&[], of_account(None));
        check_attempts(&[(2, EventKind::Delivered, "")], of_account(Some(Timestamp(60_000))));
        check_attempts(&[(2, EventKind::Deferred, "server_unavailable")], of_provider.clone());
        check_attempts(&[(2, EventKind::Deferred, "greylisted")], of_account(None));
        check_attempts(
            &[(2, EventKind::Deferred, "conversation_timeout"), (2, EventKind::Delivered, "")],
            of_provider,
        );
    }

    #[test]
    fn the_other_relays_tell_whose_trouble_it_is() {
        let gmail = || "Gmail".to_owned();
        let two = [relay(1, "smtp.gmail.com", None), relay(2, "smtp.gmail.com", Some("gmail"))];
        let both = [closed(1, "connect_timeout"), closed(2, "connect_timeout")];
        check(&two, &both, Some(Neighbours::OfProvider { provider: gmail(), relays: 2 }));
        check(
            &two,
            &both[..1],
            Some(Neighbours::OfAccount { provider: gmail(), relays: 1, carried_at: None }),
        );
        check(&two[..1], &both[..1], None);
        let own = [relay(1, "a.mail.test", None), relay(2, "b.mail.test", None)];
        let named = "mail.test".to_owned();
        check(&own, &both, Some(Neighbours::OfProvider { provider: named, relays: 2 }));
        let three = [relay(1, "smtp.gmail.com", None), relay(2, "b.test", None), relay(3, "c.test", None)];
        let all =
            [closed(1, "connect_timeout"), closed(2, "network_unreachable"), closed(3, "connect_refused")];
        check(&three, &all, Some(Neighbours::OfConnection { relays: 3 }));
        // A refused password is no matter of the connection, and another provider's relay tells nothing of it.
        let refused = [closed(1, "auth_bad_credentials"), all[1].clone(), all[2].clone()];
        check(&three, &refused, None);
        // Nor is the provider down that refuses the password of each.
        check(&two, &[refused[0].clone(), closed(2, "auth_bad_credentials")], None);
        check(&[], &[], None);
    }
}
