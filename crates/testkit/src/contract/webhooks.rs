//! Scenes about who is told of events, and how far.

use super::sample::{NOON, id};
use super::{Proof, Scene, Stage, refused, same, there};
use mail::{AccountId, EventId, OwnerId, Principal, Secret, WebhookId};
use store::{
    EventKind, KEPT_POSTS, NewEvent, OwedPost, PauseReason, Post, PostResult, StoreError, Webhook,
    WebhookPause, WebhookScope, WebhookShape, WebhookStep,
};

pub(super) const SCENES: &[Scene] = &[
    ("webhooks are kept with their secrets", |stage| Box::pin(kept(stage))),
    ("a webhook is told of what comes after it", |stage| Box::pin(beginning(stage))),
    ("a step is stored whole, or not at all", |stage| Box::pin(steps(stage))),
    ("a webhook is rewound", |stage| Box::pin(rewound(stage))),
    ("posts are kept up to a number", |stage| Box::pin(posts(stage))),
];

fn event() -> NewEvent {
    NewEvent::new(NOON, EventKind::Audit, OwnerId::DEFAULT)
}

fn webhook(name: &str) -> Webhook {
    Webhook {
        id: WebhookId(0),
        name: name.to_owned(),
        scope: WebhookScope::Server,
        url: "https://hooks.example.test/in?a=b".to_owned(),
        sign_in: Some(Secret::new("anne:é\u{1f511}")),
        secret: Secret::new("whsec_c2VjcmV0"),
        events: vec!["delivered".to_owned(), "bounced".to_owned()],
        shape: WebhookShape::Postmark,
        description: "la boutique".to_owned(),
        paused: None,
        told_to: EventId(0),
        revision: 0,
        created_at: NOON,
    }
}

fn owed(event: i64) -> OwedPost {
    OwedPost {
        event: EventId(event),
        message: Some(id(event)),
        tries: 2,
        since: NOON,
        next_at: NOON.plus_secs(9),
    }
}

fn post(number: usize) -> Post {
    Post {
        event: Some(EventId(1)),
        id: format!("evt_{number}"),
        word: "delivered".to_owned(),
        at: NOON,
        millis: 12,
        result: PostResult::Answered { status: 500, said: "«non»".to_owned() },
    }
}

async fn only(stage: &Stage) -> Result<Webhook, super::Failure> {
    there("the webhook", stage.store.webhooks().await?.into_iter().next())
}

async fn kept(mut stage: Stage) -> Proof {
    let one = webhook("b");
    let first = stage.store.save_webhook(one.clone(), vec![event()]).await?;
    refused(
        "again",
        stage.store.save_webhook(one.clone(), Vec::new()).await,
        StoreError::Exists { name: "b".to_owned() },
    )?;
    let person = WebhookScope::Principal(Principal::Account(AccountId(7)));
    let two = Webhook { sign_in: None, scope: person, events: Vec::new(), ..webhook("a") };
    let second = stage.store.save_webhook(two.clone(), Vec::new()).await?;
    stage.crash().await?;
    let expected = [
        Webhook { id: second, revision: 1, told_to: EventId(1), ..two },
        Webhook { id: first, revision: 1, told_to: EventId(1), ..one.clone() },
    ];
    same("all, by name", stage.store.webhooks().await?, expected.to_vec())?;
    let pause = WebhookPause { since: NOON, reason: PauseReason::Person };
    let changed = Webhook { id: first, paused: Some(pause), told_to: EventId(77), ..webhook("c") };
    stage.store.save_webhook(changed.clone(), Vec::new()).await?;
    stage.store.remove_webhook(second, Vec::new()).await?;
    stage.restart().await?;
    let expected = Webhook { revision: 2, told_to: EventId(1), ..changed };
    same("what is left", stage.store.webhooks().await?, vec![expected])?;
    let gone = StoreError::Missing { name: second.to_string() };
    refused("removed twice", stage.store.remove_webhook(second, Vec::new()).await, gone.clone())?;
    refused("changed after", stage.store.save_webhook(Webhook { id: second, ..one }, Vec::new()).await, gone)
}

async fn beginning(mut stage: Stage) -> Proof {
    stage.store.append(vec![event(), event()]).await?;
    stage.store.save_webhook(webhook("a"), vec![event()]).await?;
    stage.store.append(vec![NewEvent { at: NOON.plus_secs(5), ..event() }]).await?;
    stage.crash().await?;
    same("where it begins", only(&stage).await?.told_to, EventId(3))?;
    same("of noon", stage.store.first_event_since(NOON).await?, Some(EventId(1)))?;
    same("of later", stage.store.first_event_since(NOON.plus_secs(1)).await?, Some(EventId(4)))?;
    same("of never", stage.store.first_event_since(NOON.plus_secs(6)).await?, None)
}

async fn steps(mut stage: Stage) -> Proof {
    let id = stage.store.save_webhook(webhook("a"), Vec::new()).await?;
    let step = WebhookStep {
        revision: 1,
        told_to: Some(EventId(9)),
        owed: vec![owed(4), owed(2)],
        posts: vec![post(1)],
        ..WebhookStep::default()
    };
    same("a step", stage.store.step_webhook(id, step.clone()).await?, true)?;
    stage.crash().await?;
    same("how far", only(&stage).await?.told_to, EventId(9))?;
    same("owed, in order", stage.store.owed_posts(id, 10).await?, vec![owed(2), owed(4)])?;
    same("a part of it", stage.store.owed_posts(id, 1).await?, vec![owed(2)])?;
    let again = OwedPost { tries: 3, ..owed(4) };
    let pause = WebhookPause { since: NOON, reason: PauseReason::Failing { tried_since: NOON } };
    let next = WebhookStep {
        revision: 1,
        settled: vec![EventId(2)],
        owed: vec![again.clone()],
        pause: Some(pause.clone()),
        ..WebhookStep::default()
    };
    same("the next", stage.store.step_webhook(id, next).await?, true)?;
    same("owed still", stage.store.owed_posts(id, 10).await?, vec![again])?;
    let now = only(&stage).await?;
    same("as before", (now.told_to, now.paused.clone(), now.revision), (EventId(9), Some(pause), 1))?;
    stage.store.save_webhook(now, Vec::new()).await?;
    same("an old revision", stage.store.step_webhook(id, step.clone()).await?, false)?;
    same("one that is gone", stage.store.step_webhook(WebhookId(99), step).await?, false)?;
    same("nothing of it", stage.store.owed_posts(id, 10).await?.len(), 1)?;
    same("no post of it", stage.store.posts(id, 10).await?, vec![post(1)])
}

async fn rewound(mut stage: Stage) -> Proof {
    let id = stage.store.save_webhook(webhook("a"), Vec::new()).await?;
    let step = WebhookStep {
        revision: 1,
        told_to: Some(EventId(9)),
        owed: vec![owed(4), owed(6)],
        ..WebhookStep::default()
    };
    stage.store.step_webhook(id, step).await?;
    stage.store.rewind_webhook(id, EventId(5), vec![event()]).await?;
    stage.store.owe_post(id, OwedPost { tries: 0, ..owed(4) }, Vec::new()).await?;
    stage.store.owe_post(id, owed(3), vec![event()]).await?;
    stage.crash().await?;
    let now = only(&stage).await?;
    same("how far", (now.told_to, now.revision), (EventId(5), 2))?;
    let expected = vec![owed(3), OwedPost { tries: 0, ..owed(4) }];
    same("what is owed", stage.store.owed_posts(id, 10).await?, expected)?;
    same("the record", stage.store.events(EventId(0), 10).await?.len(), 2)?;
    let gone = StoreError::Missing { name: "99".to_owned() };
    refused(
        "no such",
        stage.store.rewind_webhook(WebhookId(99), EventId(0), Vec::new()).await,
        gone.clone(),
    )?;
    refused("nor this", stage.store.owe_post(WebhookId(99), owed(1), Vec::new()).await, gone)
}

async fn posts(mut stage: Stage) -> Proof {
    let id = stage.store.save_webhook(webhook("a"), Vec::new()).await?;
    for first in (0..KEPT_POSTS + 20).step_by(10) {
        let posts = (first..first + 10).map(post).collect();
        stage.store.step_webhook(id, WebhookStep { revision: 1, posts, ..WebhookStep::default() }).await?;
    }
    stage.crash().await?;
    let found = stage.store.posts(id, usize::MAX).await?;
    let expected: Vec<Post> = (20..KEPT_POSTS + 20).rev().map(post).collect();
    same("the latest", found, expected)?;
    same("a few", stage.store.posts(id, 2).await?.len(), 2)?;
    stage.store.remove_webhook(id, Vec::new()).await?;
    same("none of what is gone", stage.store.posts(id, 10).await?, Vec::new())
}
