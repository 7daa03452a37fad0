//! A store with mail in it, a clock that is moved, and the rounds of a webhook.

use crate::receiver::{Receiver, Request};
use hooks::{Caller, Hooks, Rest, Secret};
use mail::{Clock, EventId, OwnerId, RelayId, Timestamp, WebhookId};
use net::{AddressPolicy, ClientTls, Dialer, Resolver, Verify};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{
    Event, EventKind, Extras, History as _, NewEvent, Post, Spool as _, Start, Webhook, WebhookScope,
    WebhookShape, Webhooks as _,
};
use testkit::contract::sample::{NOON, event, message, of};
use testkit::memory::MemoryStore;

pub struct Stage {
    pub store: Arc<MemoryStore>,
    pub clock: Clock,
    pub hooks: Arc<Hooks>,
    pub id: WebhookId,
}

pub fn policy(ranges: &[&str]) -> AddressPolicy {
    AddressPolicy::Only(ranges.iter().map(|range| range.parse().expect("a range")).collect())
}

pub fn caller(clock: &Clock, resolver: Resolver, policy: AddressPolicy) -> Caller {
    let tls = ClientTls::new(None, Verify::Full).expect("TLS");
    let dialer = Dialer::new(Clock::System, resolver);
    Caller::new(dialer, tls, policy, clock.clone()).with_limit(Duration::from_secs(30))
}

pub fn webhook(url: &str) -> Webhook {
    Webhook {
        id: WebhookId(0),
        name: "shop".to_owned(),
        scope: WebhookScope::Server,
        url: url.to_owned(),
        sign_in: None,
        secret: Secret::make().expect("random numbers").text().clone(),
        events: Vec::new(),
        shape: WebhookShape::Own,
        description: String::new(),
        paused: None,
        told_to: EventId(0),
        revision: 0,
        created_at: NOON,
    }
}

impl Stage {
    /// A webhook at a receiver on loopback, and nothing that happened yet.
    pub async fn of(webhook: Webhook) -> Self {
        let clock = Clock::manual(NOON);
        let caller = caller(&clock, Resolver::Fixed(HashMap::new()), policy(&["127.0.0.0/8"]));
        Self::with(webhook, clock, caller).await
    }

    pub async fn with(webhook: Webhook, clock: Clock, caller: Caller) -> Self {
        let store = Arc::new(MemoryStore::new());
        let id = store.save_webhook(webhook, Vec::new()).await.expect("a webhook");
        let hooks = Arc::new(Hooks::new(Arc::clone(&store) as Arc<dyn store::Store>, caller));
        Self { store, clock, hooks, id }
    }

    pub async fn webhook(&self) -> Webhook {
        self.store.webhooks().await.expect("webhooks").into_iter().next().expect("the webhook")
    }

    /// Accepts the n-th message, for so many recipients.
    pub async fn accept(&self, number: i64, recipients: usize) {
        let mut accepted = message(number, &vec![Start::Leased; recipients]);
        let mut new = NewEvent::new(self.clock.now(), EventKind::Accepted, OwnerId::DEFAULT);
        new.message = Some(accepted.id);
        accepted.events = vec![new];
        accepted.extras = Extras {
            subject: Some("Été".to_owned()),
            tags: vec!["summer".to_owned(), "beach".to_owned()],
            metadata: [("order".to_owned(), "42".to_owned())].into(),
            ..Extras::default()
        };
        self.store.accept(accepted).await.expect("accepted");
    }

    /// Something happens to one of its recipients.
    pub async fn happens(&self, kind: EventKind, number: i64, index: u16, cause: Option<&str>) {
        let mut new = event(kind, self.clock.now(), of(number, index));
        (new.relay, new.cause) = (Some(RelayId::DIRECT), cause.map(str::to_owned));
        self.store.append(vec![new]).await.expect("appended");
    }

    /// One round; gives when it wants the next.
    pub async fn round(&self) -> Rest {
        let webhook = Arc::new(self.webhook().await);
        self.hooks.round(webhook).await.expect("a round")
    }

    /// Rounds at this moment until there is nothing more to do; gives when the next is wanted.
    pub async fn rounds(&self) -> Option<Timestamp> {
        for _ in 0..1_000 {
            match self.round().await {
                Rest::Again => {}
                Rest::Until(at) if at <= self.clock.now() => {}
                Rest::Until(at) => return Some(at),
                Rest::Idle => return None,
            }
        }
        panic!("no end of rounds");
    }

    /// Lives on for so long, with a round whenever one is wanted.
    pub async fn lives(&self, secs: i64) {
        let end = self.clock.now().plus_secs(secs);
        while let Some(at) = self.rounds().await {
            if at > end {
                break;
            }
            self.moves_to(at);
        }
        self.moves_to(end);
    }

    pub fn moves_to(&self, at: Timestamp) {
        let ms = at.since_ms(self.clock.now());
        self.clock.advance(Duration::from_millis(ms.try_into().expect("not back")));
    }

    pub async fn events(&self) -> Vec<Event> {
        self.store.events(EventId(0), 1_000).await.expect("events")
    }

    pub async fn posts(&self) -> Vec<Post> {
        self.store.posts(self.id, 100).await.expect("posts")
    }

    pub async fn owed(&self) -> usize {
        self.store.owed_posts(self.id, 1_000).await.expect("owed").len()
    }
}

/// Every event of the log was taken at least once under its own id, and in order within each message.
#[track_caller]
pub fn all_came(events: &[Event], receiver: &Receiver, taken: impl Fn(&Request) -> bool) {
    let came: Vec<Request> = receiver.came().into_iter().filter(|request| taken(request)).collect();
    let place = |event: &Event| {
        let id = hooks::event_id(event);
        came.iter()
            .position(|request| request.field("webhook-id") == id)
            .unwrap_or_else(|| panic!("{event:?} never came"))
    };
    let mut last: HashMap<_, usize> = HashMap::new();
    for event in events {
        let at = place(event);
        let before = last.insert(event.message, at);
        assert!(before.is_none_or(|before| before < at), "out of order: {event:?}");
        assert_eq!(came[at].json()["id"], hooks::event_id(event));
    }
}
