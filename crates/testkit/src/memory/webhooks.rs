//! The model of [`store::Webhooks`].

use super::{MemoryStore, State};
use mail::{EventId, Timestamp, WebhookId};
use std::collections::BTreeMap;
use store::{KEPT_POSTS, Later, NewEvent, OwedPost, Page, Post, StoreError, Webhook, WebhookStep, Webhooks};

/// A webhook with all that is kept of it.
#[derive(Debug)]
pub(super) struct Row {
    webhook: Webhook,
    owed: BTreeMap<EventId, OwedPost>,
    posts: Vec<Post>,
}

fn missing(id: WebhookId) -> StoreError {
    StoreError::Missing { name: id.to_string() }
}

impl State {
    fn webhook(&mut self, id: WebhookId) -> Result<&mut Row, StoreError> {
        self.directory.webhooks.iter_mut().find(|row| row.webhook.id == id).ok_or_else(|| missing(id))
    }

    fn save_webhook(&mut self, mut webhook: Webhook, events: Vec<NewEvent>) -> Result<WebhookId, StoreError> {
        let rows = &mut self.directory.webhooks;
        if rows.iter().any(|row| row.webhook.name == webhook.name && row.webhook.id != webhook.id) {
            return Err(StoreError::Exists { name: webhook.name });
        }
        if webhook.id.0 == 0 {
            self.directory.last_id += 1;
            self.append(events);
            webhook.id = WebhookId(self.directory.last_id);
            webhook.told_to = EventId(self.last_event);
            webhook.revision = 1;
            let id = webhook.id;
            self.directory.webhooks.push(Row { webhook, owed: BTreeMap::new(), posts: Vec::new() });
            return Ok(id);
        }
        let id = webhook.id;
        let row = self.webhook(id)?;
        webhook.told_to = row.webhook.told_to;
        webhook.revision = row.webhook.revision + 1;
        row.webhook = webhook;
        self.append(events);
        Ok(id)
    }
}

impl Webhooks for MemoryStore {
    fn webhooks(&self) -> Later<'_, Vec<Webhook>> {
        self.read(|state| {
            let mut all: Vec<Webhook> =
                state.directory.webhooks.iter().map(|row| row.webhook.clone()).collect();
            all.sort_by(|one, two| one.name.cmp(&two.name));
            Ok(all)
        })
    }

    fn save_webhook(&self, webhook: Webhook, events: Vec<NewEvent>) -> Later<'_, WebhookId> {
        self.write(|state| state.save_webhook(webhook, events))
    }

    fn remove_webhook(&self, id: WebhookId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            state.webhook(id)?;
            state.directory.webhooks.retain(|row| row.webhook.id != id);
            state.append(events);
            Ok(())
        })
    }

    fn owed_posts(&self, id: WebhookId, limit: usize) -> Later<'_, Vec<OwedPost>> {
        self.read(|state| {
            let row = state.directory.webhooks.iter().find(|row| row.webhook.id == id);
            let owed = row.into_iter().flat_map(|row| row.owed.values());
            Ok(owed.take(limit.min(Page::MAX)).cloned().collect())
        })
    }

    fn step_webhook(&self, id: WebhookId, step: WebhookStep) -> Later<'_, bool> {
        self.write(|state| {
            let Ok(row) = state.webhook(id) else { return Ok(false) };
            if row.webhook.revision != step.revision {
                return Ok(false);
            }
            row.webhook.told_to = step.told_to.unwrap_or(row.webhook.told_to);
            row.webhook.paused = step.pause.or(row.webhook.paused.take());
            row.owed.retain(|event, _| !step.settled.contains(event));
            row.owed.extend(step.owed.into_iter().map(|owed| (owed.event, owed)));
            row.posts.extend(step.posts);
            let surplus = row.posts.len().saturating_sub(KEPT_POSTS);
            row.posts.drain(..surplus);
            Ok(true)
        })
    }

    fn rewind_webhook(&self, id: WebhookId, to: EventId, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            let row = state.webhook(id)?;
            row.webhook.told_to = to;
            row.webhook.revision += 1;
            row.owed.retain(|event, _| *event <= to);
            state.append(events);
            Ok(())
        })
    }

    fn owe_post(&self, id: WebhookId, owed: OwedPost, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            state.webhook(id)?.owed.insert(owed.event, owed);
            state.append(events);
            Ok(())
        })
    }

    fn posts(&self, id: WebhookId, limit: usize) -> Later<'_, Vec<Post>> {
        self.read(|state| {
            let row = state.directory.webhooks.iter().find(|row| row.webhook.id == id);
            let posts = row.into_iter().flat_map(|row| row.posts.iter().rev());
            Ok(posts.take(limit.min(KEPT_POSTS)).cloned().collect())
        })
    }

    fn first_event_since(&self, at: Timestamp) -> Later<'_, Option<EventId>> {
        self.read(|state| Ok(state.events.values().find(|event| event.at >= at).map(|event| event.id)))
    }
}
