//! The background loops: each has a name, none ends the process, and one that fails is started again.

use crate::mail_log::{MailLog, outcome, removed};
use crate::notifier;
use crate::webhooks;
use control::wording::Reading;
use control::{Control, DAYS_KEPT_DAYS, HOURS_KEPT_DAYS, wording};
use deliver::Couriers;
use mail::{Address, Language, QueueId, Timestamp};
use net::stop_asked;
use queue::{Courier, Letter, Queue};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use store::{Change, Closure, Filter, Page, Settlement, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The pause before a worker that failed, or a write that failed, is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How often idle connections are looked through.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How often old messages are removed.
const PURGE_EVERY: Duration = Duration::from_secs(600);
/// How often events are counted; who asks for the counts has what is left counted at once.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// The pause between two steps of counting, so that a long log does not keep the machine busy.
const COUNT_PAUSE: Duration = Duration::from_millis(100);
/// How long the story of a message is kept after its end.
const KEPT_SECS: i64 = 30 * 86_400;
/// The longest sleep of a worker that waits for a moment: a clock that jumps is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long mail in flight may take to end when the server stops.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// What the loops work on.
#[derive(Clone)]
pub struct Workers {
    /// The queue.
    pub queue: Arc<Queue>,
    /// Who carries.
    pub couriers: Arc<Couriers>,
    /// The mail log.
    pub mail_log: Arc<MailLog>,
    /// The operations, which know who speaks which language, and who posts to webhooks.
    pub control: Arc<Control>,
    /// The language of what is logged.
    pub language: Language,
}

impl Workers {
    /// Starts all loops; they end when `stop` becomes true.
    pub fn start(&self, set: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
        self.spawn(set, stop, "feeder", Self::feed);
        self.spawn(set, stop, "prober", Self::probe);
        self.spawn(set, stop, "sweeper", Self::sweep);
        self.spawn(set, stop, "purger", Self::purge);
        self.spawn(set, stop, "notifier", Self::tell);
        self.spawn(set, stop, "webhooks", Self::webhooks);
        self.spawn(set, stop, "statistics", Self::count);
        let (workers, stop) = (self.clone(), stop.clone());
        set.spawn(async move { workers.dispatch(stop).await });
    }

    /// Runs a loop until the stop, and starts it again when it panics.
    fn spawn<F>(
        &self,
        set: &mut JoinSet<()>,
        stop: &watch::Receiver<bool>,
        name: &'static str,
        run: fn(Self) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (workers, mut stop) = (self.clone(), stop.clone());
        set.spawn(async move {
            loop {
                let mut task = tokio::spawn(run(workers.clone()));
                tokio::select! {
                    ended = &mut task => {
                        if let Err(error) = ended {
                            tracing::error!(worker = name, ended = %net::ended(&error), "a worker failed and is started again");
                        }
                        tokio::time::sleep(RETRY_PAUSE).await;
                    }
                    () = stop_asked(&mut stop) => {
                        task.abort();
                        return;
                    }
                }
            }
        });
    }

    async fn dispatch(self, mut stop: watch::Receiver<bool>) {
        let (mut flights, mut held) = (JoinSet::new(), Vec::new());
        loop {
            tokio::select! {
                biased;
                () = stop_asked(&mut stop) => break,
                Some(ended) = flights.join_next(), if !flights.is_empty() => {
                    if let Err(error) = ended {
                        // The batch gave its recipients back when it was dropped.
                        tracing::error!(worker = "dispatcher", ended = %net::ended(&error), "a delivery failed by a mistake of this program");
                    }
                }
                batch = self.queue.next(), if held.is_empty() => {
                    // What leaves now could not be recorded, and would leave again after the next start.
                    if self.is_read_only() {
                        held.push(batch);
                        continue;
                    }
                    let workers = self.clone();
                    flights.spawn(async move {
                        let carried = workers.couriers.carry(&batch).await;
                        workers.record(batch, carried).await;
                    });
                }
            }
        }
        // The queue must know of the stop before a delivery is cut: what is dropped by a running queue is taken for a
        // delivery that failed, tried again minutes later and not named as perhaps sent twice.
        if let Err(error) = self.queue.stop().await {
            tracing::error!(worker = "dispatcher", %error, "waiting mail cannot be given back: the next start takes it up");
        }
        // A delivery that is under way ends as it would: cutting it is how duplicates are made.
        let ending = async { while flights.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_GRACE, ending).await.is_err() {
            tracing::warn!("deliveries were cut by the stop: they are tried again at the next start");
        }
    }

    /// Whether the disk has failed, so that nothing can be written down any more.
    fn is_read_only(&self) -> bool {
        matches!(self.queue.store().ready(), Err(StoreError::ReadOnly { .. }))
    }

    /// The pause before a write that failed is tried again: after a failed disk there is nothing to hurry for.
    fn retry_pause(&self) -> Duration {
        if self.is_read_only() { LONGEST_SLEEP } else { RETRY_PAUSE }
    }

    async fn record(&self, batch: queue::Batch, carried: queue::Carried) {
        let flight = self.mail_log.is_on().then(|| Flight::of(&batch));
        let decided = self.queue.decide(batch, carried);
        if let Some(closure) = decided.alarm() {
            self.log_alarm(closure);
        }
        // What was delivered must be recorded, or it is delivered again: while the store fails, this waits.
        while let Err(error) = self.queue.record(&decided).await {
            if matches!(error, StoreError::ReadOnly { .. }) {
                // The next start names it as perhaps sent twice: no more can be done on this disk.
                return;
            }
            tracing::error!(%error, "the outcome of a delivery cannot be stored: trying again");
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        if let Some(flight) = flight {
            self.write_outcomes(&flight, decided.settlement()).await;
        }
    }

    /// Writes into the mail log what became of each recipient, and whether that was the last of its message.
    async fn write_outcomes(&self, flight: &Flight, settlement: &Settlement) {
        let (letter, now) = (&flight.letter, self.queue.clock().now());
        let mut ended = 0;
        for update in &settlement.updates {
            ended += usize::from(matches!(update.change, Change::Final(_)));
            let Some((_, to)) = flight.to.iter().find(|(index, _)| *index == update.id.index) else {
                continue;
            };
            let attempt = settlement.attempt.as_ref();
            for line in outcome(to, &letter.from, letter.received_at, attempt, update) {
                self.mail_log.write(now, line);
            }
        }
        if ended > 0 && !self.has_more(letter.id, ended).await {
            self.mail_log.write(now, removed(letter.id));
        }
    }

    /// Whether a message has recipients left after the end of some.
    async fn has_more(&self, id: QueueId, ended: usize) -> bool {
        if let Some(more) = self.mail_log.end(id, ended) {
            return more;
        }
        // It is from before this start: only the store knows.
        let filter = Filter { ids: vec![id], ..Filter::default() };
        let left = self.queue.store().list(filter, Page { after: None, limit: 1 }).await;
        left.is_ok_and(|rows| !rows.is_empty())
    }

    /// Says in the log what someone must act on, in the words that the commands use.
    fn log_alarm(&self, closure: &Closure) {
        let relay = self.queue.relay(closure.relay);
        let name = relay.as_ref().map_or("?", |relay| relay.name.as_str());
        let preset = relay.as_ref().and_then(|relay| relay.preset.as_deref());
        let reason = wording::of_evidence(&closure.evidence, name, preset, Reading::at_prompt(self.language));
        let what = match (closure.sender.is_some(), self.language) {
            (false, Language::En) => "relay closed: its mail waits",
            (false, Language::Fr) => "relais fermé : son courrier attend",
            (true, Language::En) => "sender stopped on a relay: their mail waits",
            (true, Language::Fr) => "expéditeur arrêté sur un relais : son courrier attend",
        };
        tracing::warn!(relay = name, cause = %closure.cause, "{what}. {} {}", reason.words.cause, reason.words.fix);
    }

    async fn feed(self) {
        loop {
            let next = match self.queue.feed().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(worker = "feeder", %error, "waiting mail cannot be read: trying again");
                    tokio::time::sleep(self.retry_pause()).await;
                    continue;
                }
            };
            tokio::select! {
                () = self.queue.feed_wanted() => {}
                () = self.sleep_until(next) => {}
            }
        }
    }

    /// Sleeps until a moment of the wall clock, in short sleeps so that a clock that was set does not hold mail up.
    async fn sleep_until(&self, moment: Option<Timestamp>) {
        let left = moment.map(|moment| moment.since_ms(self.queue.clock().now()));
        let left = left.map_or(LONGEST_SLEEP, |ms| Duration::from_millis(ms.try_into().unwrap_or(0)));
        // A moment that has come is not slept for at all, but never in a busy loop either.
        tokio::time::sleep(left.clamp(Duration::from_millis(5), LONGEST_SLEEP)).await;
    }

    async fn probe(self) {
        loop {
            let work = self.queue.probes(self.queue.clock().now());
            for closure in work.over {
                if let Err(error) = self.queue.lift(closure).await {
                    tracing::error!(worker = "prober", %error, "a closure cannot be lifted: trying again");
                    tokio::time::sleep(self.retry_pause()).await;
                }
            }
            for due in work.due {
                let workers = self.clone();
                tokio::spawn(async move {
                    let result = workers.couriers.probe(Arc::clone(&due.relay)).await;
                    let now = workers.queue.clock().now();
                    match workers.queue.probed(&due, result, now).await {
                        Ok(Some(closure)) => workers.log_alarm(&closure),
                        Ok(None) => {}
                        Err(error) => {
                            tracing::error!(worker = "prober", %error, "a probe cannot be recorded")
                        }
                    }
                });
            }
            tokio::select! {
                () = self.queue.probe_wanted() => {}
                () = self.sleep_until(work.next) => {}
            }
        }
    }

    async fn sweep(self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.couriers.sweep().await;
        }
    }

    async fn tell(self) {
        notifier::run(self.queue, Arc::clone(self.control.registry()), self.language).await;
    }

    /// Counts what happened, beside everything else: a little at a time, and never waited for.
    async fn count(self) {
        let store = self.queue.store();
        loop {
            let now = self.queue.clock().now();
            let day = -86_400;
            let forgotten = store
                .forget_counts(now.plus_secs(HOURS_KEPT_DAYS * day), now.plus_secs(DAYS_KEPT_DAYS * day))
                .await;
            let mut counted = forgotten.map(|()| true);
            while matches!(counted, Ok(true)) {
                tokio::time::sleep(COUNT_PAUSE).await;
                counted = store.count_events(Page::MAX).await;
            }
            if let Err(error) = counted {
                tracing::error!(worker = "statistics", %error, "what happened cannot be counted: trying again");
            }
            tokio::time::sleep(COUNT_EVERY).await;
        }
    }

    async fn webhooks(self) {
        webhooks::run(&self.control).await;
    }

    async fn purge(self) {
        loop {
            let before = self.queue.clock().now().plus_secs(-KEPT_SECS);
            match self.queue.store().purge(before, store::Page::MAX).await {
                Ok(count) if count == store::Page::MAX => continue,
                Ok(_) => {}
                Err(error) => tracing::error!(worker = "purger", %error, "old messages cannot be removed"),
            }
            tokio::time::sleep(PURGE_EVERY).await;
        }
    }
}

/// What the mail log tells of a batch once it is decided.
struct Flight {
    letter: Arc<Letter>,
    to: Vec<(u16, Address)>,
}

impl Flight {
    fn of(batch: &queue::Batch) -> Self {
        let to = batch.passengers.iter().map(|passenger| (passenger.index, passenger.address.clone()));
        Self { letter: Arc::clone(&batch.letter), to: to.collect() }
    }
}
