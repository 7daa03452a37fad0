//! The round: what one webhook has to be told is posted, and how far that went is stored in one step.
//!
//! Events of one message are one lane: they are posted in their order, and what follows one that was not taken waits with
//! it. Lanes go side by side, so that one event that a receiver cannot bear holds nothing else up. A receiver that takes
//! nothing at all is left alone for ever longer, and asked with a few events only; once it takes one, all that waits is due.

use crate::address::WebAddress;
use crate::post::{Caller, Letter};
use crate::scene::Scene;
use crate::shape;
use crate::sign::Secret;
use crate::wait::{TRIED_FOR_SECS, next_try};
use crate::word::Word;
use mail::{
    Address, Domain, EventId, OwnerId, Principal, PublicId, QueueId, ReversePath, Timestamp, WebhookId,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{
    Event, Extras, MessageRow, OwedPost, Page, PauseReason, Post, PostResult, RecipientRow, RecipientState,
    Relay, Store, StoreError, Story, Webhook, WebhookPause, WebhookScope, WebhookStep, Wishes,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The events that are read from the log at once.
const BATCH: usize = 100;
/// The most events that one webhook is owed: past that, they stay in the log until some were taken.
const MOST_OWED: usize = Page::MAX;
/// The lanes of one webhook that go side by side.
const LANES: usize = 4;
/// The posts of all webhooks that go side by side.
const POSTS: usize = 16;
/// The events that a receiver is asked with that took nothing lately.
const PROBES: usize = 3;
/// The longest time that it is left alone.
const QUIET_SECS: i64 = 1_800;

/// When a webhook is to be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// At once: there is more.
    Again,
    /// At that moment, and when something new has happened.
    Until(Timestamp),
    /// When something new has happened.
    Idle,
}

/// A receiver that takes nothing.
#[derive(Debug, Clone, Copy, Default)]
struct Streak {
    failures: u32,
    quiet_until: Timestamp,
}

/// Tells webhooks.
pub struct Hooks {
    store: Arc<dyn Store>,
    caller: Caller,
    streaks: Mutex<HashMap<WebhookId, Streak>>,
    slots: Semaphore,
}

/// One event of a lane.
#[derive(Debug, Clone)]
struct Work {
    id: EventId,
    event: Option<Event>,
    owed: Option<OwedPost>,
}

/// What came of a lane.
#[derive(Default)]
struct Done {
    told: Vec<Work>,
    failed: Option<(Work, PostResult)>,
    left: Vec<Work>,
    posts: Vec<Post>,
}

/// What is to be done in a round.
#[derive(Default)]
struct Plan {
    lanes: Vec<Vec<Work>>,
    /// What has to wait behind what waits.
    behind: Vec<Event>,
    told_to: Option<EventId>,
    more: bool,
}

impl Hooks {
    /// Tells the webhooks of a store.
    pub fn new(store: Arc<dyn Store>, caller: Caller) -> Self {
        Self { store, caller, streaks: Mutex::default(), slots: Semaphore::new(POSTS) }
    }

    fn streaks(&self) -> MutexGuard<'_, HashMap<WebhookId, Streak>> {
        self.streaks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets that a receiver took nothing: a person has changed something, or wants it to be asked now.
    pub fn forget(&self, id: WebhookId) {
        self.streaks().remove(&id);
    }

    /// Tells a webhook what there is to tell, and says when to look again.
    pub async fn round(self: &Arc<Self>, webhook: Arc<Webhook>) -> Result<Rest, StoreError> {
        let now = self.caller.clock().now();
        let streak = self.streaks().get(&webhook.id).copied().unwrap_or_default();
        if webhook.paused.is_some() {
            return Ok(Rest::Idle);
        }
        if streak.failures > 0 && now < streak.quiet_until {
            return Ok(Rest::Until(streak.quiet_until));
        }
        let owed = self.store.owed_posts(webhook.id, MOST_OWED).await?;
        let plan = self.plan(&webhook, &owed, streak.failures > 0, now).await?;
        let lanes: HashSet<EventId> = plan.lanes.iter().flatten().map(|work| work.id).collect();
        let done = self.run(&webhook, plan.lanes).await?;
        let taken = done.iter().any(|done| done.posts.iter().any(|post| post.result.is_taken()));
        let down =
            !taken && done.iter().any(|done| done.failed.as_ref().is_some_and(|(_, why)| is_down(why)));
        let mut step = step_of(&webhook, done, &plan.behind, now);
        step.told_to = plan.told_to;
        let untouched = owed.into_iter().filter(|owed| !lanes.contains(&owed.event));
        let untouched: Vec<OwedPost> = untouched.collect();
        if taken && streak.failures > 0 {
            // It is back: what waits need not wait for its own hour.
            let later = untouched.iter().filter(|owed| owed.next_at > now);
            step.owed.extend(later.map(|owed| OwedPost { next_at: now, ..owed.clone() }));
        }
        if let Some(pause) = &step.pause {
            tracing::warn!(webhook = %webhook.name, reason = ?pause.reason, "a webhook pauses: nothing is posted to it until somebody resumes it");
        }
        let next = step.owed.iter().chain(&untouched).map(|owed| owed.next_at).min();
        let nothing = step.told_to.is_none_or(|event| event == webhook.told_to)
            && step.settled.is_empty()
            && step.owed.is_empty()
            && step.posts.is_empty();
        if !nothing && !self.store.step_webhook(webhook.id, step).await? {
            return Ok(Rest::Again);
        }
        Ok(self.rest(webhook.id, (taken, down), (plan.more, next), now))
    }

    /// Notes whether the receiver takes anything, and says when to look again.
    fn rest(
        &self,
        id: WebhookId,
        (taken, down): (bool, bool),
        (more, next): (bool, Option<Timestamp>),
        now: Timestamp,
    ) -> Rest {
        let mut streaks = self.streaks();
        if taken {
            streaks.remove(&id);
        }
        if down {
            let streak = streaks.entry(id).or_default();
            streak.failures = streak.failures.saturating_add(1);
            streak.quiet_until = next_try(now, streak.failures).min(now.plus_secs(QUIET_SECS));
            return Rest::Until(streak.quiet_until);
        }
        match next {
            _ if more => Rest::Again,
            // What is due already is behind something that is not, unless it came back a moment ago.
            Some(next) if next <= now => {
                if taken {
                    Rest::Again
                } else {
                    Rest::Until(now.plus_secs(1))
                }
            }
            Some(next) => Rest::Until(next),
            None => Rest::Idle,
        }
    }

    /// What is due of what is owed, and what is new in the log.
    async fn plan(
        &self,
        webhook: &Webhook,
        owed: &[OwedPost],
        asking: bool,
        now: Timestamp,
    ) -> Result<Plan, StoreError> {
        let mut waiting: BTreeMap<Option<QueueId>, Vec<&OwedPost>> = BTreeMap::new();
        owed.iter().for_each(|owed| waiting.entry(owed.message).or_default().push(owed));
        let mut heads: Vec<(Option<QueueId>, &OwedPost)> =
            waiting.iter().filter_map(|(message, posts)| Some((*message, *posts.first()?))).collect();
        if asking {
            heads.sort_by_key(|(_, head)| (head.tries, head.event));
            heads.truncate(PROBES);
        } else {
            heads.retain(|(_, head)| head.next_at <= now);
        }
        let mut lanes: BTreeMap<Option<QueueId>, Vec<Work>> = BTreeMap::new();
        for (message, _) in &heads {
            let posts = waiting.get(message).into_iter().flatten();
            let work = posts.map(|owed| Work { id: owed.event, event: None, owed: Some((*owed).clone()) });
            lanes.insert(*message, work.collect());
        }
        let room = MOST_OWED.saturating_sub(owed.len());
        let wanted = if asking { PROBES.saturating_sub(heads.len()) } else { BATCH }.min(room);
        let fresh = if wanted > 0 { self.store.events(webhook.told_to, wanted).await? } else { Vec::new() };
        let mut plan = Plan {
            told_to: fresh.last().map(|event| event.id),
            more: !asking && wanted > 0 && fresh.len() == wanted,
            ..Plan::default()
        };
        for event in fresh.into_iter().filter(|event| wants(webhook, event)) {
            match lanes.get_mut(&event.message) {
                Some(lane) => lane.push(Work { id: event.id, event: Some(event), owed: None }),
                None if waiting.contains_key(&event.message) => plan.behind.push(event),
                None => {
                    let message = event.message;
                    lanes.insert(message, vec![Work { id: event.id, event: Some(event), owed: None }]);
                }
            }
        }
        plan.lanes = lanes.into_values().collect();
        // The longest known first.
        plan.lanes.sort_by_key(|lane| lane.first().map(|work| work.id));
        Ok(plan)
    }

    async fn run(
        self: &Arc<Self>,
        webhook: &Arc<Webhook>,
        lanes: Vec<Vec<Work>>,
    ) -> Result<Vec<Done>, StoreError> {
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        let relays: Arc<Vec<Relay>> = Arc::new(self.store.relays().await?);
        let (mut set, mut done, mut lanes) = (JoinSet::new(), Vec::new(), lanes.into_iter());
        loop {
            while set.len() < LANES
                && let Some(lane) = lanes.next()
            {
                let (hooks, webhook, relays) = (Arc::clone(self), Arc::clone(webhook), Arc::clone(&relays));
                set.spawn(async move { hooks.lane(&webhook, lane, &relays).await });
            }
            match set.join_next().await {
                None => return Ok(done),
                Some(Ok(ended)) => done.push(ended?),
                // A mistake of this program: nothing of the round is stored, and it comes again.
                Some(Err(error)) => return Err(StoreError::Damaged { detail: error.to_string() }),
            }
        }
    }

    async fn lane(&self, webhook: &Webhook, lane: Vec<Work>, relays: &[Relay]) -> Result<Done, StoreError> {
        let (mut done, mut story) = (Done::default(), None);
        let mut lane = lane.into_iter();
        while let Some(mut work) = lane.next() {
            let event = match work.event.take() {
                Some(event) => event,
                None => {
                    let before = EventId(work.id.0.saturating_sub(1));
                    let found = self.store.events(before, 1).await?;
                    match found.into_iter().find(|event| event.id == work.id) {
                        Some(event) => event,
                        None => {
                            tracing::warn!(webhook = %webhook.name, event = %work.id, "an event was removed with its message before it was told");
                            done.told.push(work);
                            continue;
                        }
                    }
                }
            };
            if story.is_none()
                && let Some(message) = event.message
            {
                story = self.store.story(message).await?;
            }
            let result = self.tell(webhook, &event, story.as_ref(), relays, &mut done.posts).await;
            work.event = Some(event);
            match result {
                None => done.told.push(work),
                Some(result) => {
                    done.failed = Some((work, result));
                    done.left = lane.collect();
                    break;
                }
            }
        }
        Ok(done)
    }

    /// Posts an event; `None` when there is nothing left to tell of it, else what came of the post that was not taken.
    async fn tell(
        &self,
        webhook: &Webhook,
        event: &Event,
        story: Option<&Story>,
        relays: &[Relay],
        posts: &mut Vec<Post>,
    ) -> Option<PostResult> {
        if let WebhookScope::Principal(principal) = webhook.scope
            && story.is_none_or(|story| story.message.principal != principal)
        {
            return None;
        }
        let scene = Scene::of(event, story, relays)?;
        let count = shape::count(webhook.shape, &scene);
        for number in 0..count {
            let Some(body) = shape::body(webhook.shape, &scene, number) else { continue };
            let id = if count == 1 { scene.id.clone() } else { format!("{}.{number}", scene.id) };
            let mut post = self.post(webhook, id, body.to_string().as_bytes()).await;
            (post.event, post.word) = (Some(event.id), scene.word.as_str().to_owned());
            let result = post.result.clone();
            posts.push(post);
            if !result.is_taken() {
                return Some(result);
            }
        }
        None
    }

    async fn post(&self, webhook: &Webhook, id: String, body: &[u8]) -> Post {
        // It is never closed.
        let _slot = self.slots.acquire().await;
        let at = self.caller.clock().now();
        let result = match (WebAddress::read(&webhook.url), Secret::read(&webhook.secret)) {
            (Ok(address), Ok(secret)) => {
                let address = WebAddress { sign_in: webhook.sign_in.clone(), ..address };
                self.caller.post(&address, &secret, &Letter { id: &id, body }).await
            }
            _ => PostResult::Forbidden,
        };
        let millis = self.caller.clock().now().since_ms(at);
        Post {
            event: None,
            id,
            word: Word::Test.as_str().to_owned(),
            at,
            millis: u32::try_from(millis).unwrap_or(u32::MAX),
            result,
        }
    }

    /// Posts a delivery that never was, so that a person sees whether the receiver takes it. Nothing is stored.
    pub async fn test(&self, webhook: &Webhook, from: &Domain) -> Post {
        let now = self.caller.clock().now();
        let message = sample(from, now);
        let scene = Scene::of_test(&message, now);
        let mut body = shape::body(webhook.shape, &scene, 0).unwrap_or_default();
        if let (store::WebhookShape::Own, Some(word)) = (webhook.shape, body.get_mut("type")) {
            *word = Word::Test.as_str().into();
        }
        self.post(webhook, scene.id.clone(), body.to_string().as_bytes()).await
    }
}

/// Whether a webhook is told of an event, as far as the event alone says it.
fn wants(webhook: &Webhook, event: &Event) -> bool {
    let Some(word) = Word::of(event) else { return false };
    let of_scope = match webhook.scope {
        WebhookScope::Server => true,
        WebhookScope::Owner(owner) => event.owner == owner,
        WebhookScope::Principal(_) => event.message.is_some(),
    };
    of_scope && (webhook.events.is_empty() || webhook.events.iter().any(|wanted| wanted == word.as_str()))
}

/// Whether the receiver is not there, or not well, as far as one answer tells.
const fn is_down(result: &PostResult) -> bool {
    match result {
        PostResult::Answered { status, .. } => matches!(*status, 408 | 425 | 429 | 500..=599),
        PostResult::Unanswered { .. } | PostResult::Forbidden => true,
    }
}

/// What is to be stored of a round.
fn step_of(webhook: &Webhook, done: Vec<Done>, behind: &[Event], now: Timestamp) -> WebhookStep {
    let mut step = WebhookStep { revision: webhook.revision, ..WebhookStep::default() };
    for done in done {
        let Done { told, failed, left, posts } = done;
        step.posts.extend(posts);
        step.settled.extend(told.iter().filter(|work| work.owed.is_some()).map(|work| work.id));
        let Some((work, result)) = failed else { continue };
        let mut owed = owed_of(&work, now);
        owed.tries = owed.tries.saturating_add(1);
        owed.next_at = next_try(now, owed.tries);
        if now >= owed.since.plus_secs(TRIED_FOR_SECS) {
            let reason = PauseReason::Failing { tried_since: owed.since };
            step.pause = Some(WebhookPause { since: now, reason });
        }
        if matches!(result, PostResult::Answered { status: 410, .. }) {
            step.pause = Some(WebhookPause { since: now, reason: PauseReason::Gone });
        }
        step.owed.push(owed);
        let fresh = left.iter().filter(|work| work.owed.is_none());
        step.owed.extend(fresh.map(|work| owed_of(work, now)));
    }
    let put_aside = |event: &Event| OwedPost {
        event: event.id,
        message: event.message,
        tries: 0,
        since: now,
        next_at: now,
    };
    step.owed.extend(behind.iter().map(put_aside));
    step.posts.sort_by_key(|post| post.at);
    step
}

fn owed_of(work: &Work, now: Timestamp) -> OwedPost {
    let message = work.event.as_ref().and_then(|event| event.message);
    let fresh = OwedPost { event: work.id, message, tries: 0, since: now, next_at: now };
    match work.owed.clone() {
        // What was put aside begins its three days when it is first tried.
        Some(owed) if owed.tries == 0 => OwedPost { since: now, ..owed },
        Some(owed) => owed,
        None => fresh,
    }
}

/// A message that never was.
pub(crate) fn sample(from: &Domain, now: Timestamp) -> MessageRow {
    let address = |text: String| text.parse::<Address>().ok();
    let sender = address(format!("test@{from}"));
    let recipient = RecipientRow {
        index: 0,
        address: "test@example.org".to_owned(),
        state: RecipientState::Delivered,
        leased: false,
        next_attempt_at: now,
        expires_at: now,
        attempts: 1,
        relay: None,
        closure: None,
        evidence: None,
        cause: None,
        since: now,
        wishes: Wishes::default(),
    };
    MessageRow {
        id: QueueId::from_stored(0),
        public_id: PublicId([0; 16]),
        owner: OwnerId::DEFAULT,
        principal: Principal::System,
        received_at: now,
        from: sender.map_or(ReversePath::Null, ReversePath::Address),
        message_id: format!("<test@{from}>"),
        bytes: 0,
        client: String::new(),
        extras: Extras::default(),
        recipients: vec![recipient],
    }
}
