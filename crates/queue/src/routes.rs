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
    /// The table of these relays and routes. A route to a relay that is gone is no route.
    pub fn new(relays: Vec<Relay>, routes: Vec<Route>) -> Self {
        let relays: HashMap<_, _> = relays.into_iter().map(|relay| (relay.id, Arc::new(relay))).collect();
        let routes = routes
            .into_iter()
            .filter(|route| route.relay == RelayId::DIRECT || relays.contains_key(&route.relay))
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

    /// The relay for a message whose sender may have asked for one: that, as long as it is there, else by [`Routes::choose`].
    pub(crate) fn choose_for(
        &self,
        wanted: Option<RelayId>,
        principal: Principal,
        owner: OwnerId,
        from: &ReversePath,
    ) -> Option<RelayId> {
        let is_there = |id: &RelayId| *id == RelayId::DIRECT || self.relays.contains_key(id);
        wanted.filter(is_there).or_else(|| self.choose(principal, owner, from))
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
