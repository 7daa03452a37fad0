//! Scenes about the keys of programs.

use super::sample::{NOON, account};
use super::{Proof, Scene, Stage, refused, same};
use mail::{EventId, OwnerId, Principal, Timestamp};
use store::{ApiKey, EventKind, NewEvent, REVOKED_KEPT_MS, Scope, StoreError};

pub(super) const SCENES: &[Scene] = &[
    ("keys come and go", |stage| Box::pin(keys(stage))),
    ("keys that were taken back are remembered for a while", |stage| Box::pin(revoked(stage))),
    ("keys go with whom they speak for", |stage| Box::pin(orphans(stage))),
];

fn key(number: u8, principal: Principal) -> ApiKey {
    ApiKey {
        name: format!("fct_{number}"),
        digest: [number; 32],
        label: "Shop, \"é\"".to_owned(),
        owner: OwnerId::DEFAULT,
        principal,
        scopes: vec![Scope::Send, Scope::MessagesRead],
        created_at: NOON.plus_ms(i64::from(number)),
        expires_at: Some(NOON.plus_ms(86_400_000)),
        used_at: None,
        revoked_at: None,
    }
}

fn missing(name: &str) -> StoreError {
    StoreError::Missing { name: name.to_owned() }
}

fn audit() -> Vec<NewEvent> {
    vec![NewEvent::new(NOON, EventKind::Audit, OwnerId::DEFAULT)]
}

async fn keys(mut stage: Stage) -> Proof {
    let (one, two) = (key(1, Principal::System), ApiKey { expires_at: None, ..key(2, Principal::System) });
    stage.store.add_key(two.clone(), audit()).await?;
    stage.store.add_key(one.clone(), audit()).await?;
    let taken = StoreError::Exists { name: one.name.clone() };
    refused(
        "the name again",
        stage.store.add_key(ApiKey { digest: [9; 32], ..one.clone() }, audit()).await,
        taken,
    )?;
    let twin = ApiKey { name: "fct_9".to_owned(), ..one.clone() };
    let taken = StoreError::Exists { name: twin.name.clone() };
    refused("the digest again", stage.store.add_key(twin, audit()).await, taken)?;
    let nobodys = ApiKey { owner: OwnerId(77), ..key(3, Principal::System) };
    refused("nobody's", stage.store.add_key(nobodys, audit()).await, missing("77"))?;
    stage.crash().await?;
    same("all, by age", stage.store.keys().await?, vec![one.clone(), two.clone()])?;
    stage.store.key_used(one.name.clone(), NOON.plus_ms(5)).await?;
    stage.store.key_used("fct_7".to_owned(), NOON).await?;
    stage.restart().await?;
    let used = ApiKey { used_at: Some(NOON.plus_ms(5)), ..one };
    same("one was used", stage.store.keys().await?, vec![used, two])?;
    same("a change and its events are one", stage.store.events(EventId(0), 10).await?.len(), 2)
}

async fn revoked(mut stage: Stage) -> Proof {
    let one = key(1, Principal::System);
    stage.store.add_key(one.clone(), audit()).await?;
    let end = NOON.plus_ms(10);
    stage.store.revoke_key(one.name.clone(), end, audit()).await?;
    let again = stage.store.revoke_key(one.name.clone(), end, audit()).await;
    refused("again", again, missing(&one.name))?;
    refused("none", stage.store.revoke_key("fct_5".to_owned(), end, audit()).await, missing("fct_5"))?;
    stage.crash().await?;
    same("it is there", stage.store.keys().await?, vec![ApiKey { revoked_at: Some(end), ..one.clone() }])?;
    let later = |ms: i64| -> Timestamp { end.plus_ms(REVOKED_KEPT_MS + ms) };
    stage.store.add_key(ApiKey { created_at: later(0), ..key(2, Principal::System) }, audit()).await?;
    same("and remembered", stage.store.keys().await?.len(), 2)?;
    stage.store.add_key(ApiKey { created_at: later(1), ..key(3, Principal::System) }, audit()).await?;
    let names: Vec<String> = stage.store.keys().await?.into_iter().map(|key| key.name).collect();
    same("then forgotten", names, vec!["fct_2".to_owned(), "fct_3".to_owned()])
}

async fn orphans(stage: Stage) -> Proof {
    let store = stage.store;
    let anne = store.save_account(account("anne@exemple.test"), None, Vec::new()).await?;
    let bob = store.save_account(account("bob@exemple.test"), None, Vec::new()).await?;
    store.add_key(key(1, Principal::Account(anne)), audit()).await?;
    store.add_key(key(2, Principal::Account(bob)), audit()).await?;
    store.remove_account(anne, Vec::new()).await?;
    same("only bob's", store.keys().await?, vec![key(2, Principal::Account(bob))])
}
