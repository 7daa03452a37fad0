//! Scenes about who may send, and through which relay.

use super::sample::{NOON, account, closure, domain, event, message, of, parked, relay, site};
use super::spool::row;
use super::{Proof, Scene, Stage, refused, same, there};
use mail::{AccountId, ClosureId, EventId, Language, OwnerId, Principal, RelayId, Secret, SiteId};
use store::{
    Account, Closure, EventKind, HostedDomain, NewEvent, NewLogin, Owner, Relay, RelayAuth, RelayTls, Route,
    RouteScope, Site, Start, StoreError,
};

pub(super) const SCENES: &[Scene] = &[
    ("owners are kept by name", |stage| Box::pin(owners(stage))),
    ("accounts come and go", |stage| Box::pin(accounts(stage))),
    ("sites come and go", |stage| Box::pin(sites(stage))),
    ("one name, one principal", |stage| Box::pin(logins(stage))),
    ("relays are kept with their secrets", |stage| Box::pin(relays(stage))),
    ("domains are kept with their keys", |stage| Box::pin(domains(stage))),
    ("routes win in their order", |stage| Box::pin(routes(stage))),
    ("closures come and go", |stage| Box::pin(closures(stage))),
    ("a removed relay lets its mail go", |stage| Box::pin(removed_relay(stage))),
    ("settings are kept", |stage| Box::pin(settings(stage))),
    ("a change and its events are one", |stage| Box::pin(audited(stage))),
];

fn missing(id: i64) -> StoreError {
    StoreError::Missing { name: id.to_string() }
}

fn exists(name: &str) -> StoreError {
    StoreError::Exists { name: name.to_owned() }
}

fn login(hash: &str) -> Option<NewLogin> {
    Some(NewLogin { hash: hash.to_owned() })
}

async fn owners(mut stage: Stage) -> Proof {
    let default = there("the default owner", stage.store.owners().await?.into_iter().next())?;
    same("its id", default.id, OwnerId::DEFAULT)?;
    let added = stage.store.add_owner("atelier".to_owned(), Vec::new()).await?;
    refused("again", stage.store.add_owner("atelier".to_owned(), Vec::new()).await, exists("atelier"))?;
    stage.crash().await?;
    let expected = vec![Owner { id: added.id, name: "atelier".to_owned() }, default];
    same("all, by name", stage.store.owners().await?, expected)
}

async fn domains(mut stage: Stage) -> Proof {
    let one = there("a domain", domain("Exämple.test"))?;
    let id = stage.store.save_domain(one.clone(), Vec::new()).await?;
    refused("again", stage.store.save_domain(one.clone(), Vec::new()).await, exists("xn--exmple-cua.test"))?;
    stage.crash().await?;
    let one = HostedDomain { id, ..one };
    same("all", stage.store.domains().await?, vec![one.clone()])?;
    let one = HostedDomain {
        keys: one.keys.into_iter().skip(1).collect(),
        return_path: None,
        settings: None,
        ..one
    };
    same("the id stays", stage.store.save_domain(one.clone(), Vec::new()).await?, id)?;
    same("changed", stage.store.domains().await?, vec![one])?;
    stage.store.remove_domain(id, Vec::new()).await?;
    refused("gone", stage.store.remove_domain(id, Vec::new()).await, missing(id.0))?;
    same("none", stage.store.domains().await?, Vec::new())
}

async fn accounts(mut stage: Stage) -> Proof {
    let anne = account("anne@exemple.test");
    let id = stage.store.save_account(anne.clone(), login("h1"), Vec::new()).await?;
    let anne = Account { id, ..anne };
    let aline = account("aline@exemple.test");
    let aline_id = stage.store.save_account(aline.clone(), None, Vec::new()).await?;
    let aline = Account { id: aline_id, ..aline };
    stage.crash().await?;
    same("all, by login", stage.store.accounts().await?, vec![aline.clone(), anne.clone()])?;
    let changed =
        Account { login: "a@exemple.test".into(), language: Language::En, senders: Vec::new(), ..anne };
    same("the id stays", stage.store.save_account(changed.clone(), None, Vec::new()).await?, id)?;
    same("changed", stage.store.accounts().await?, vec![changed, aline.clone()])?;
    let record = there("the login", stage.store.login("A@exemple.test").await?)?;
    same("the password stays", record.hash.as_deref(), Some("h1"))?;
    same("the old name is free", stage.store.login("anne@exemple.test").await?, None)?;
    let unknown = Account { id: AccountId(99), ..account("x") };
    refused("unknown", stage.store.save_account(unknown, None, Vec::new()).await, missing(99))?;
    let nobodys = Account { owner: OwnerId(77), ..account("x") };
    refused("nobody's", stage.store.save_account(nobodys, None, Vec::new()).await, missing(77))?;
    stage.store.remove_account(id, Vec::new()).await?;
    refused("removed", stage.store.remove_account(id, Vec::new()).await, missing(id.0))?;
    same("gone", stage.store.accounts().await?, vec![aline])?;
    same("and its login", stage.store.login("a@exemple.test").await?, None)?;
    let next = stage.store.save_account(account("b"), None, Vec::new()).await?;
    same("no id is given twice", next > id && next > aline_id, true)
}

async fn sites(mut stage: Stage) -> Proof {
    let shop = site("Shop");
    let id = stage.store.save_site(shop.clone(), None, Vec::new()).await?;
    let shop = Site { id, ..shop };
    stage.crash().await?;
    same("all", stage.store.sites().await?, vec![shop.clone()])?;
    let record = there("the login", stage.store.login("shop").await?)?;
    same("principal", (record.principal, record.owner), (Principal::Site(id), OwnerId::DEFAULT))?;
    same("no password", (record.hash, record.senders), (None, shop.senders.clone()))?;
    stage.store.save_site(shop.clone(), login("h2"), Vec::new()).await?;
    let hash = stage.store.login("SHOP").await?.and_then(|record| record.hash);
    same("a password", hash.as_deref(), Some("h2"))?;
    let unknown = Site { id: SiteId(99), ..site("x") };
    refused("unknown", stage.store.save_site(unknown, None, Vec::new()).await, missing(99))?;
    stage.store.remove_site(id, Vec::new()).await?;
    refused("removed", stage.store.remove_site(id, Vec::new()).await, missing(id.0))?;
    same("gone", (stage.store.sites().await?, stage.store.login("shop").await?), (Vec::new(), None))
}

async fn logins(stage: Stage) -> Proof {
    let store = stage.store;
    let id = store.save_account(account("Élise@exemple.test"), login("h"), Vec::new()).await?;
    let record = there("the login", store.login("ÉLISE@EXEMPLE.TEST").await?)?;
    same("without case", (record.principal, record.hash), (Principal::Account(id), Some("h".to_owned())))?;
    same("its addresses", record.senders, account("").senders)?;
    let site = site("élise@exemple.test");
    refused("a site", store.save_site(site.clone(), None, Vec::new()).await, exists(&site.name))?;
    let twin = account("élise@exemple.TEST");
    refused("an account", store.save_account(twin.clone(), None, Vec::new()).await, exists(&twin.login))?;
    same("nothing was added", (store.accounts().await?.len(), store.sites().await?.len()), (1, 0))?;
    same("nobody", store.login("nobody").await?, None)
}

async fn relays(mut stage: Stage) -> Proof {
    let full = relay("one");
    let id = stage.store.save_relay(full.clone(), Vec::new()).await?;
    let full = Relay { id, revision: 1, ..full };
    let plain = Relay {
        preset: None,
        port: None,
        tls: RelayTls::Never,
        insecure: true,
        extra_ca: None,
        auth: RelayAuth::None,
        ..relay("another")
    };
    let plain_id = stage.store.save_relay(plain.clone(), Vec::new()).await?;
    let plain = Relay { id: plain_id, revision: 1, ..plain };
    stage.crash().await?;
    same("all, by name", stage.store.relays().await?, vec![plain.clone(), full.clone()])?;
    for (revision, tls) in
        (2..).zip([RelayTls::Auto, RelayTls::Implicit, RelayTls::Starttls, RelayTls::Never])
    {
        let password = Secret::new(format!("password {revision}"));
        let auth = RelayAuth::Password { login: "anne".to_owned(), password };
        let changed = Relay { tls, auth, ..full.clone() };
        same("the id stays", stage.store.save_relay(changed.clone(), Vec::new()).await?, id)?;
        let expected = Relay { revision, ..changed };
        same("changed", stage.store.relays().await?.contains(&expected), true)?;
    }
    let twin = relay("another");
    refused("a name twice", stage.store.save_relay(twin, Vec::new()).await, exists("another"))?;
    let renamed = Relay { name: "another".to_owned(), ..full };
    refused("a change to it", stage.store.save_relay(renamed, Vec::new()).await, exists("another"))?;
    let unknown = Relay { id: RelayId(99), ..relay("x") };
    refused("unknown", stage.store.save_relay(unknown, Vec::new()).await, missing(99))?;
    let owned = Relay { account: Some(AccountId(99)), ..relay("owned") };
    refused("nobody's", stage.store.save_relay(owned.clone(), Vec::new()).await, missing(99))?;
    let account = stage.store.save_account(account("a"), None, Vec::new()).await?;
    let owned = Relay { account: Some(account), ..owned };
    let id = stage.store.save_relay(owned.clone(), Vec::new()).await?;
    stage.crash().await?;
    let owned = Relay { id, revision: 1, ..owned };
    same("an account's", stage.store.relays().await?.contains(&owned), true)
}

async fn routes(mut stage: Stage) -> Proof {
    let one = stage.store.save_relay(relay("one"), Vec::new()).await?;
    let two = stage.store.save_relay(relay("two"), Vec::new()).await?;
    let account = stage.store.save_account(account("a"), None, Vec::new()).await?;
    let site = stage.store.save_site(site("s"), None, Vec::new()).await?;
    let domain = |text: &str| text.parse().map_err(|_| super::Failure(format!("{text} is a domain")));
    let in_order = [
        RouteScope::Site(site),
        RouteScope::Account(account),
        RouteScope::SenderDomain(domain("abc.test")?),
        RouteScope::SenderDomain(domain("Exämple.test")?),
        RouteScope::Owner(OwnerId::DEFAULT),
        RouteScope::Default,
    ];
    for scope in in_order.iter().rev() {
        stage.store.set_route(scope.clone(), Some(one), Vec::new()).await?;
    }
    stage
        .store
        .set_route(RouteScope::SenderDomain(domain("xn--exmple-cua.test")?), Some(two), Vec::new())
        .await?;
    refused(
        "unknown",
        stage.store.set_route(RouteScope::Default, Some(RelayId(99)), Vec::new()).await,
        missing(99),
    )?;
    stage.crash().await?;
    let relays = [one, one, one, two, one, one];
    let expected: Vec<_> =
        in_order.into_iter().zip(relays).map(|(scope, relay)| Route { scope, relay }).collect();
    same("all", stage.store.routes().await?, expected.clone())?;
    stage.store.set_route(RouteScope::Default, None, Vec::new()).await?;
    stage.store.remove_account(account, Vec::new()).await?;
    stage.store.remove_site(site, Vec::new()).await?;
    stage.store.remove_relay(two, NOON, Vec::new()).await?;
    let rest: Vec<_> = expected.into_iter().skip(2).filter(|route| route.relay == one).take(2).collect();
    same("the rest", stage.store.routes().await?, rest)
}

async fn closures(mut stage: Stage) -> Proof {
    let id = stage.store.save_relay(relay("one"), Vec::new()).await?;
    let first = closure(500, id);
    stage.store.save_closure(first.clone(), Vec::new()).await?;
    let second = Closure { sender: None, alarm: false, tries: 0, ..closure(400, id) };
    stage.store.save_closure(second.clone(), Vec::new()).await?;
    stage.crash().await?;
    same("all", stage.store.closures().await?, vec![second.clone(), first.clone()])?;
    let longer = Closure { tries: 3, reopen_at: NOON.plus_secs(9_000), ..first };
    stage.store.save_closure(longer.clone(), Vec::new()).await?;
    same("replaced", stage.store.closures().await?, vec![second, longer.clone()])?;
    refused("no relay", stage.store.save_closure(closure(501, RelayId(99)), Vec::new()).await, missing(99))?;
    stage.store.accept(message(1, &[parked(400)])).await?;
    stage.store.remove_closure(ClosureId(400), Vec::new()).await?;
    refused("removed", stage.store.remove_closure(ClosureId(400), Vec::new()).await, missing(400))?;
    same("the rest", stage.store.closures().await?, vec![longer])?;
    same("the parked stay", stage.store.parked_closures().await?, vec![ClosureId(400)])
}

async fn removed_relay(mut stage: Stage) -> Proof {
    let one = stage.store.save_relay(relay("one"), Vec::new()).await?;
    let two = stage.store.save_relay(relay("two"), Vec::new()).await?;
    for (number, relay) in [(500, one), (501, one), (502, two)] {
        stage.store.save_closure(closure(number, relay), Vec::new()).await?;
    }
    let starts = [parked(500), parked(501), parked(502), Start::Due(NOON.plus_secs(9))];
    stage.store.accept(message(1, &starts)).await?;
    let now = NOON.plus_secs(3);
    stage.store.remove_relay(one, now, Vec::new()).await?;
    refused("again", stage.store.remove_relay(one, now, Vec::new()).await, missing(one.0))?;
    stage.crash().await?;
    let left: Vec<_> = stage.store.closures().await?.into_iter().map(|closure| closure.id.0).collect();
    same("closures", left, vec![502])?;
    same("parked", stage.store.parked_closures().await?, vec![ClosureId(502)])?;
    for (index, due) in [(0, now), (1, now), (2, NOON.plus_secs(3_600)), (3, NOON.plus_secs(9))] {
        same("due", row(&*stage.store, 1, index).await?.next_attempt_at, due)?;
    }
    same("relays", stage.store.relays().await?.len(), 1)
}

async fn settings(mut stage: Stage) -> Proof {
    same("nothing", stage.store.setting("a").await?, None)?;
    stage.store.set_setting("a".to_owned(), Some("1".to_owned())).await?;
    stage.store.set_setting("a".to_owned(), Some("2".to_owned())).await?;
    stage.store.set_setting("b".to_owned(), Some(String::new())).await?;
    stage.store.set_setting("secret.a".to_owned(), Some("hush".to_owned())).await?;
    stage.crash().await?;
    same("set", stage.store.setting("a").await?.as_deref(), Some("2"))?;
    same("empty", stage.store.setting("b").await?.as_deref(), Some(""))?;
    same("a secret", stage.store.setting("secret.a").await?.as_deref(), Some("hush"))?;
    stage.store.set_setting("a".to_owned(), None).await?;
    stage.store.set_setting("c".to_owned(), None).await?;
    same("removed", stage.store.setting("a").await?, None)
}

async fn audited(mut stage: Stage) -> Proof {
    let store = &stage.store;
    let audit = |name: &str| {
        let detail = name.to_owned();
        vec![NewEvent { detail, ..NewEvent::new(NOON, EventKind::Audit, OwnerId::DEFAULT) }]
    };
    store.add_owner("b".to_owned(), audit("add_owner")).await?;
    let account_id = store.save_account(account("a"), None, audit("save_account")).await?;
    let site_id = store.save_site(site("s"), None, audit("save_site")).await?;
    let relay_id = store.save_relay(relay("r"), audit("save_relay")).await?;
    store.set_route(RouteScope::Default, Some(relay_id), audit("set_route")).await?;
    store.save_closure(closure(9, relay_id), audit("save_closure")).await?;
    store.remove_closure(ClosureId(9), audit("remove_closure")).await?;
    store.remove_relay(relay_id, NOON, audit("remove_relay")).await?;
    store.remove_site(site_id, audit("remove_site")).await?;
    store.remove_account(account_id, audit("remove_account")).await?;
    let refusals = [
        store.add_owner("b".to_owned(), audit("x")).await.is_err(),
        store.save_closure(closure(9, relay_id), audit("x")).await.is_err(),
        store.remove_closure(ClosureId(9), audit("x")).await.is_err(),
        store.remove_relay(relay_id, NOON, audit("x")).await.is_err(),
        store.remove_site(site_id, audit("x")).await.is_err(),
        store.remove_account(account_id, audit("x")).await.is_err(),
        store.set_route(RouteScope::Default, Some(relay_id), audit("x")).await.is_err(),
    ];
    same("refusals", refusals, [true; 7])?;
    stage.crash().await?;
    let details: Vec<_> =
        stage.store.events(EventId(0), 100).await?.into_iter().map(|event| event.detail).collect();
    let expected = [
        "add_owner",
        "save_account",
        "save_site",
        "save_relay",
        "set_route",
        "save_closure",
        "remove_closure",
        "remove_relay",
        "remove_site",
        "remove_account",
    ];
    same("events", details, expected.map(str::to_owned).to_vec())?;
    stage.store.append(vec![event(EventKind::Held, NOON, of(1, 0))]).await.map_err(super::Failure::from)
}
