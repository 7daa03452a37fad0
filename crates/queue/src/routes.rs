//! Which relay carries whose mail.

use crate::road::Road;
use mail::{OwnerId, Principal, RelayId, ReversePath};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Relay, Route, RouteScope};

/// The relays and the routes, as they were read last.
#[derive(Debug, Default)]
pub struct Routes {
    relays: HashMap<RelayId, Arc<Relay>>,
    routes: HashMap<RouteScope, RelayId>,
}

impl Routes {
    /// The table of these relays and routes. A route to a relay that is gone is no route, nor is
    /// one that would lead to an account's own relay for anybody else.
    pub fn new(relays: Vec<Relay>, routes: Vec<Route>) -> Self {
        let relays: HashMap<_, _> = relays.into_iter().map(|relay| (relay.id, Arc::new(relay))).collect();
        let routes = routes
            .into_iter()
            .filter(|route| {
                let serves = |relay: &Arc<Relay>| relay.may_serve(&route.scope);
                route.relay == RelayId::DIRECT || relays.get(&route.relay).is_some_and(serves)
            })
            .map(|route| (route.scope, route.relay))
            .collect();
        Self { relays, routes }
    }

    /// The relay of that id.
    pub fn relay(&self, id: RelayId) -> Option<Arc<Relay>> {
        self.relays.get(&id).map(Arc::clone)
    }

    /// Whether mail may take that road: the relay is there, or none is needed.
    pub(crate) fn has(&self, road: &Road) -> bool {
        match road {
            Road::Relay(id) => self.relays.contains_key(id),
            Road::Direct(_) => true,
        }
    }

    /// Whether a relay is there and may carry what this principal gave.
    pub(crate) fn may_carry(&self, id: RelayId, principal: Principal) -> bool {
        id == RelayId::DIRECT || self.relays.get(&id).is_some_and(|relay| relay.may_carry(principal))
    }

    /// All relays.
    pub fn relays(&self) -> impl Iterator<Item = &Arc<Relay>> {
        self.relays.values()
    }

    /// Whether there is no route at all: every message waits for one.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }

    /// Whether both tables choose the same relay for every message.
    pub(crate) fn choose_alike(&self, other: &Self) -> bool {
        self.routes == other.routes
    }

    /// The relay for a message whose sender may have asked for one: that, as long as it is there and
    /// may carry it, else by [`Routes::choose`].
    pub(crate) fn choose_for(
        &self,
        wanted: Option<RelayId>,
        principal: Principal,
        owner: OwnerId,
        from: &ReversePath,
    ) -> Option<RelayId> {
        wanted.filter(|id| self.may_carry(*id, principal)).or_else(|| self.choose(principal, owner, from))
    }

    /// The relay for a message: by its site, its account, its sender's domain, its owner, else the default.
    /// A single relay without any route is nobody's choice: mail waits until someone says whose it is.
    pub fn choose(&self, principal: Principal, owner: OwnerId, from: &ReversePath) -> Option<RelayId> {
        let own = match principal {
            Principal::Site(id) => Some(RouteScope::Site(id)),
            Principal::Account(id) => Some(RouteScope::Account(id)),
            Principal::System => None,
        };
        let domain = || from.address().map(|address| RouteScope::SenderDomain(address.domain().clone()));
        let find = |scope: &RouteScope| self.routes.get(scope).copied();
        if self.routes.is_empty() {
            return None;
        }
        own.as_ref()
            .and_then(find)
            .or_else(|| domain().as_ref().and_then(find))
            .or_else(|| find(&RouteScope::Owner(owner)))
            .or_else(|| find(&RouteScope::Default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{AccountId, Secret, SiteId, Timestamp};
    use store::{RelayAuth, RelayTls, SenderMode};

    fn relay(id: i64, account: Option<i64>) -> Relay {
        Relay {
            id: RelayId(id),
            owner: OwnerId::DEFAULT,
            account: account.map(AccountId),
            name: format!("relay{id}"),
            preset: None,
            host: "smtp.test".to_owned(),
            port: None,
            tls: RelayTls::Auto,
            insecure: false,
            extra_ca: None,
            auth: RelayAuth::Password { login: "us".to_owned(), password: Secret::new("x") },
            sender: SenderMode::Keep,
            max_connections: 1,
            max_recipients: 1,
            revision: 1,
            created_at: Timestamp(0),
        }
    }

    /// Whatever the routes say, and whatever is asked for, an account's own relay carries its mail alone.
    #[test]
    fn routes_never_cross() {
        let scopes = [
            RouteScope::Site(SiteId(1)),
            RouteScope::Account(AccountId(1)),
            RouteScope::Account(AccountId(2)),
            RouteScope::Owner(OwnerId::DEFAULT),
            RouteScope::Default,
        ];
        let own = RelayId(7);
        let routes = scopes.into_iter().map(|scope| Route { scope, relay: own }).collect();
        let table = Routes::new(vec![relay(7, Some(1)), relay(8, None)], routes);
        for (principal, carried) in [
            (Principal::Account(AccountId(1)), Some(own)),
            (Principal::Account(AccountId(2)), None),
            (Principal::Site(SiteId(1)), None),
            (Principal::System, None),
        ] {
            let choose = |wanted| table.choose_for(wanted, principal, OwnerId::DEFAULT, &ReversePath::Null);
            assert_eq!((choose(None), choose(Some(own))), (carried, carried), "{principal:?}");
            assert_eq!(choose(Some(RelayId(8))), Some(RelayId(8)), "{principal:?}");
            assert_eq!(table.may_carry(own, principal), carried.is_some(), "{principal:?}");
        }
    }
}
