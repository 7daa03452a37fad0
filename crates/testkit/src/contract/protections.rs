//! Scenes about what guards principals beside their passwords.

use super::sample::{NOON, account, message, parked, site};
use super::spool::row;
use super::{Proof, Scene, Stage, refused, same, there};
use mail::{AccountId, ClosureId, Principal, Secret, SiteId};
use store::{AppPassword, Block, Passkey, Plea, Protection, SecondFactor, StoreError};

pub(super) const SCENES: &[Scene] = &[
    ("what guards a principal is kept, and goes with it", |stage| Box::pin(kept(stage))),
    ("mail waits behind a block as behind a closure", |stage| Box::pin(behind_a_block(stage))),
];

fn full() -> Protection {
    Protection {
        second_factor: Some(SecondFactor {
            secret: Secret::new("JBSWY3DPEHPK3PXP"),
            since: Some(NOON),
            last_step: 57_000_000,
        }),
        recovery: vec!["sha256:00".to_owned(), "sha256:ff".to_owned()],
        passkeys: vec![Passkey {
            id: 2,
            label: "clé".to_owned(),
            credential: "AAEC".to_owned(),
            transports: 32,
            key: "AwQF".to_owned(),
            state: "AQAAAAAHAA".to_owned(),
            created_at: NOON,
            used_at: Some(NOON),
            doubted_at: None,
        }],
        last_passkey: 2,
        handle: "BgcI".to_owned(),
        app_passwords: vec![AppPassword {
            id: 3,
            label: "téléphone".to_owned(),
            hash: "sha256:aa".to_owned(),
            created_at: NOON,
            used_at: None,
        }],
        last_app_password: 3,
        block: Some(Block {
            by: "uid 0".to_owned(),
            at: NOON,
            why: "spam".to_owned(),
            note_en: "Call us.".to_owned(),
            note_fr: "Appelez-nous.".to_owned(),
        }),
        plea: Some(Plea { at: NOON, text: "It was not me.".to_owned() }),
    }
}

async fn kept(mut stage: Stage) -> Proof {
    let anne = Principal::Account(stage.store.save_account(account("anne"), None, Vec::new()).await?);
    let shop = Principal::Site(stage.store.save_site(site("shop"), None, Vec::new()).await?);
    same("nothing yet", stage.store.protection(anne).await?, Protection::default())?;
    let block = Protection { block: full().block, ..Protection::default() };
    stage.store.save_protection(shop, block.clone(), Vec::new()).await?;
    stage.store.save_protection(anne, full(), Vec::new()).await?;
    stage.crash().await?;
    same("one", stage.store.protection(anne).await?, full())?;
    same("all", stage.store.protections().await?, vec![(anne, full()), (shop, block.clone())])?;
    stage.store.save_protection(anne, block.clone(), Vec::new()).await?;
    same("replaced", stage.store.protection(anne).await?, block.clone())?;
    stage.store.save_protection(anne, Protection::default(), Vec::new()).await?;
    same("taken off", stage.store.protections().await?, vec![(shop, block.clone())])?;
    for (nobody, name) in [
        (Principal::Account(AccountId(99)), "99"),
        (Principal::Site(SiteId(98)), "98"),
        (Principal::System, "system"),
    ] {
        let missing = StoreError::Missing { name: name.to_owned() };
        refused(name, stage.store.save_protection(nobody, full(), Vec::new()).await, missing)?;
    }
    let Principal::Site(id) = shop else { return Ok(()) };
    stage.store.remove_site(id, Vec::new()).await?;
    same("gone with it", stage.store.protections().await?, Vec::new())
}

async fn behind_a_block(mut stage: Stage) -> Proof {
    let block = there("a block", ClosureId::of_block(Principal::Account(AccountId(7))))?;
    let other = there("a block", ClosureId::of_block(Principal::Site(SiteId(7))))?;
    stage.store.accept(message(1, &[parked(block.0), parked(other.0)])).await?;
    stage.crash().await?;
    same("both", stage.store.parked_closures().await?, vec![other, block])?;
    let now = NOON.plus_secs(3);
    same("freed", stage.store.unpark(block, now, 10, Some(1_000_000)).await?, 1)?;
    same("it is due", row(&*stage.store, 1, 0).await?.next_attempt_at, now)?;
    same("the other waits", row(&*stage.store, 1, 1).await?.closure, Some(other))
}
