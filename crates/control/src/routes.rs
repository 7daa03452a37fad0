//! Routes: whose mail takes which relay.

use crate::relays::DIRECT;
use crate::{Answer, Audit, Blame, Control, Fault, RouteFor, RouteView};
use mail::RelayId;
use store::RouteScope;

impl Control {
    pub(crate) async fn route_list(&self) -> Result<Answer, Fault> {
        let owners = self.owner_names().await?;
        let relays = self.store.relays().await?;
        let accounts = self.store.accounts().await?;
        let sites = self.store.sites().await?;
        let scope = |scope: &RouteScope| match scope {
            RouteScope::Site(id) => {
                format!("site:{}", sites.iter().find(|site| site.id == *id).map_or("?", |site| &site.name))
            }
            RouteScope::Account(id) => {
                format!(
                    "account:{}",
                    accounts.iter().find(|account| account.id == *id).map_or("?", |a| &a.login)
                )
            }
            RouteScope::SenderDomain(domain) => format!("domain:{domain}"),
            RouteScope::Owner(id) => format!("owner:{}", owners.get(id).map_or("?", String::as_str)),
            RouteScope::Default => "default".to_owned(),
        };
        let mut routes: Vec<RouteView> = Vec::new();
        for route in self.store.routes().await? {
            let relay = relays.iter().find(|relay| relay.id == route.relay);
            routes.push(RouteView {
                scope: scope(&route.scope),
                relay: relay.map_or_else(|| DIRECT.to_owned(), |relay| relay.name.clone()),
            });
        }
        Ok(Answer::Routes { routes })
    }

    pub(crate) async fn route_set(
        &self,
        audit: &Audit<'_>,
        scope: RouteFor,
        relay: Option<String>,
    ) -> Result<Answer, Fault> {
        let missing = |name: &str| Fault::about(Blame::Missing, name);
        let (scope, on) = match scope {
            RouteFor::Site(name) => {
                let sites = self.store.sites().await?;
                let site = sites.iter().find(|site| site.name.eq_ignore_ascii_case(&name));
                (RouteScope::Site(site.ok_or_else(|| missing(&name))?.id), name)
            }
            RouteFor::Account(login) => {
                let accounts = self.store.accounts().await?;
                let account = accounts.iter().find(|account| account.login.eq_ignore_ascii_case(&login));
                (RouteScope::Account(account.ok_or_else(|| missing(&login))?.id), login)
            }
            RouteFor::SenderDomain(domain) => (RouteScope::SenderDomain(domain.clone()), domain.to_string()),
            RouteFor::Owner(name) => {
                let owners = self.store.owners().await?;
                let owner = owners.iter().find(|owner| owner.name == name);
                (RouteScope::Owner(owner.ok_or_else(|| missing(&name))?.id), name)
            }
            RouteFor::Default => (RouteScope::Default, "default".to_owned()),
        };
        let relay = match relay {
            Some(name) if name.eq_ignore_ascii_case(DIRECT) => Some(RelayId::DIRECT),
            Some(name) => {
                let relay = self.any_relay_named(&name).await?;
                if !relay.may_serve(&scope) {
                    return Err(Fault::invalid("relay", relay.name));
                }
                Some(relay.id)
            }
            None => None,
        };
        self.store.set_route(scope, relay, audit.of(&self.clock, &on)).await?;
        self.queue.reload().await?;
        Ok(Answer::Done)
    }
}
