//! The worker that tells webhooks: a round for each that has something to be told, side by side.

use control::Control;
use hooks::{Hooks, Rest};
use mail::{EventId, Timestamp, WebhookId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoreError, Webhook};
use tokio::task::{Id, JoinSet};

/// How often the log is looked at for something new: one row is read, and only where there is a webhook.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for webhooks where there is none.
const READ_EVERY: Duration = Duration::from_secs(60);
/// The pause of a webhook whose round could not be recorded.
const FAULT_PAUSE_SECS: i64 = 5;

/// When a webhook wants its next round.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// The newest event that was there when its last round began.
    seen: EventId,
    rest: Rest,
}

impl Wish {
    fn is_due(self, newest: EventId, now: Timestamp) -> bool {
        match self.rest {
            Rest::Again => true,
            Rest::Until(at) => at <= now || newest > self.seen,
            Rest::Idle => newest > self.seen,
        }
    }
}

/// The rounds that are under way, and what the last ones wished.
#[derive(Default)]
struct Rounds {
    set: JoinSet<Result<Rest, StoreError>>,
    busy: HashMap<Id, (WebhookId, EventId)>,
    wishes: HashMap<WebhookId, Wish>,
}

impl Rounds {
    fn start(&mut self, hooks: &Arc<Hooks>, webhook: Webhook, newest: EventId, now: Timestamp) {
        let id = webhook.id;
        let is_busy = self.busy.values().any(|(busy, _)| *busy == id);
        if is_busy || self.wishes.get(&id).is_some_and(|wish| !wish.is_due(newest, now)) {
            return;
        }
        let hooks = Arc::clone(hooks);
        let task = self.set.spawn(async move { hooks.round(Arc::new(webhook)).await });
        self.busy.insert(task.id(), (id, newest));
    }

    fn end(&mut self, task: Id, result: Result<Rest, String>, now: Timestamp) {
        let Some((id, seen)) = self.busy.remove(&task) else { return };
        let rest = result.unwrap_or_else(|error| {
            tracing::error!(worker = "webhooks", %error, "a webhook's round failed: trying again");
            Rest::Until(now.plus_secs(FAULT_PAUSE_SECS))
        });
        self.wishes.insert(id, Wish { seen, rest });
    }
}

/// Tells the webhooks of a server; never ends.
pub async fn run(control: &Control) {
    let Some(hooks) = control.hooks().map(Arc::clone) else { return std::future::pending().await };
    let (store, clock) = (Arc::clone(control.queue().store()), control.queue().clock().clone());
    let mut rounds = Rounds::default();
    loop {
        let found = match look(&*store).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(worker = "webhooks", %error, "the webhooks cannot be read: trying again");
                (Vec::new(), EventId(0))
            }
        };
        let (webhooks, newest) = found;
        let pause = if webhooks.is_empty() { READ_EVERY } else { LOOK_EVERY };
        for webhook in webhooks {
            rounds.start(&hooks, webhook, newest, clock.now());
        }
        tokio::select! {
            Some(ended) = rounds.set.join_next_with_id(), if !rounds.set.is_empty() => match ended {
                Ok((task, result)) => {
                    rounds.end(task, result.map_err(|error| error.to_string()), clock.now());
                }
                Err(error) => rounds.end(error.id(), Err(error.to_string()), clock.now()),
            },
            () = control.webhooks_changed() => rounds.wishes.clear(),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The webhooks that are posted to, and the newest event.
async fn look(store: &dyn Store) -> Result<(Vec<Webhook>, EventId), StoreError> {
    let mut webhooks = store.webhooks().await?;
    webhooks.retain(|webhook| webhook.paused.is_none());
    if webhooks.is_empty() {
        return Ok((webhooks, EventId(0)));
    }
    let newest = store.latest_events(1).await?.first().map_or(EventId(0), |event| event.id);
    Ok((webhooks, newest))
}
