//! A whole queue on a clock that a test moves: its store, its relays and what they answer, in one thread.

use crate::faulty::FaultyStore;
use mail::{
    Address, Clock, Envelope, Evidence, LineEndings, OwnerId, Peer, Principal, QueueId, RelayId, Reply,
    ReversePath, Secret, Seen, SiteId, Stage, Timestamp, TlsFault,
};
use queue::{
    Batch, Carried, Draft, Hop, Limits, Parts, Policy, Probe, Queue, Refusal, Submission, Timetable, Trace,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use store::{
    Block, Closure, Directory as _, Filter, History as _, MessageRow, Page, Protection, Protections as _,
    RecipientState, Relay, RelayAuth, RelayTls, RouteScope, Site, Spool as _, Store, StoreError,
};
use testkit::memory::MemoryStore;

/// The moment at which every story begins.
pub const START: Timestamp = Timestamp(1_795_325_428_000);

/// Polls a future to its end. Nothing here waits for anything outside, so it ends or is stuck.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..1_000_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("the future never ends");
}

/// Polls a future a number of times and drops it. Whether it had ended by then.
pub fn run_partly<T>(future: impl Future<Output = T>, polls: usize) -> bool {
    let mut future = pin!(future);
    (0..polls).any(|_| future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready())
}

/// Everybody may send.
pub struct AllowAll;

impl Policy for AllowAll {
    fn judge(&self, _: Principal, _: OwnerId, _: &Envelope) -> Result<(), Refusal> {
        Ok(())
    }

    fn expand(&self, _: &mail::Address) -> Option<Vec<mail::Address>> {
        None
    }

    fn undo_secs(&self, _: mail::Principal) -> u32 {
        0
    }
}

/// What a relay answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Mood {
    /// To each recipient by its name: `later…` 450, `gone…` 550, else 250.
    Fine,
    /// The same of every recipient: what was seen, and at which step.
    Says(Stage, Seen),
    /// Its courier panics.
    Panics,
}

impl Mood {
    /// The step and the rest of a line: a reply, or a word for what was seen.
    pub fn parse(text: &str) -> Self {
        let (stage, rest) = text.split_once(' ').unwrap_or((text, ""));
        let stage = match stage {
            "ok" => return Self::Fine,
            "panic" => return Self::Panics,
            "connect" => Stage::Connect,
            "tls" => Stage::Tls,
            "greeting" => Stage::Greeting,
            "ehlo" => Stage::Ehlo,
            "auth" => Stage::Auth,
            "mail" => Stage::Mail,
            "rcpt" => Stage::Rcpt,
            "data" => Stage::Data,
            "end" => Stage::EndOfData,
            "queue" => Stage::Queue,
            other => panic!("no step {other}"),
        };
        Self::Says(stage, seen(rest))
    }
}

fn seen(text: &str) -> Seen {
    match text {
        "refused" => Seen::Refused,
        "dropped" => Seen::Dropped,
        "expired" => Seen::Tls { fault: TlsFault::Expired { not_after: None } },
        "foreign" => Seen::Tls { fault: TlsFault::WrongName { presented: vec!["other.test".to_owned()] } },
        "unreadable" => Seen::BodyUnreadable,
        "too-big" => Seen::TooBig { limit: 1_000 },
        "no-utf8" => Seen::NotOffered { what: "SMTPUTF8".to_owned() },
        reply => Seen::Reply { reply: reply_of(reply) },
    }
}

fn reply_of(text: &str) -> Reply {
    let mut words = text.splitn(3, ' ');
    let code = words.next().unwrap().parse().unwrap();
    let enhanced = words.next().and_then(|word| word.parse().ok());
    Reply::new(code, enhanced, words.next().unwrap_or_default())
}

/// One try to carry one recipient.
#[derive(Debug, Clone, PartialEq)]
pub struct Try {
    pub at: Timestamp,
    pub relay: RelayId,
    pub message: QueueId,
    pub index: u16,
    pub delivered: bool,
}

/// A queue and everything around it.
pub struct World {
    pub memory: Arc<MemoryStore>,
    pub store: Arc<FaultyStore>,
    pub clock: Clock,
    pub limits: Limits,
    pub queue: Arc<Queue>,
    /// By relay: what it answers.
    pub moods: HashMap<RelayId, Mood>,
    /// By destination: what its hosts answer.
    pub domain_moods: HashMap<String, Mood>,
    pub tries: Vec<Try>,
    /// By relay: when it was probed.
    pub probes: BTreeMap<RelayId, Vec<Timestamp>>,
    /// Alarms that a log would show: relay and cause.
    pub alarms: Vec<(RelayId, String)>,
    /// Recipients that the last start reported.
    pub perhaps: usize,
    next_due: Option<Timestamp>,
}

impl World {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let memory = Arc::new(MemoryStore::new());
        let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
        let clock = Clock::manual(START);
        let (queue, perhaps) = start(&store, &clock, limits);
        Self {
            memory,
            store,
            clock,
            limits,
            queue,
            moods: HashMap::new(),
            domain_moods: HashMap::new(),
            tries: Vec::new(),
            probes: BTreeMap::new(),
            alarms: Vec::new(),
            perhaps,
            next_due: None,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Adds a relay; the first one carries everybody's mail. The queue is told.
    pub fn relay(&mut self, name: &str, change: impl FnOnce(&mut Relay)) -> RelayId {
        let mut relay = relay(name);
        change(&mut relay);
        let id = run(self.memory.save_relay(relay, Vec::new())).unwrap();
        if run(self.memory.routes()).unwrap().is_empty() {
            run(self.memory.set_route(RouteScope::Default, Some(id), Vec::new())).unwrap();
        }
        run(self.queue.reload()).unwrap();
        self.moods.insert(id, Mood::Fine);
        id
    }

    pub fn route(&self, scope: RouteScope, relay: Option<RelayId>) {
        run(self.memory.set_route(scope, relay, Vec::new())).unwrap();
        run(self.queue.reload()).unwrap();
    }

    /// Saves a relay anew, as a changed password does.
    pub fn change(&self, id: RelayId) {
        let relays = run(self.memory.relays()).unwrap();
        let relay = relays.into_iter().find(|relay| relay.id == id).unwrap();
        run(self.memory.save_relay(relay, Vec::new())).unwrap();
        run(self.queue.reload()).unwrap();
    }

    /// Blocks a site, or lets it send again. It must be among those that the store has: those up to it are added.
    pub fn block(&self, site: i64, is_blocked: bool) {
        for number in run(self.memory.sites()).unwrap().len()..usize::try_from(site).unwrap() {
            let added = Site {
                id: SiteId(0),
                owner: OwnerId::DEFAULT,
                name: format!("site {number}"),
                networks: Vec::new(),
                uids: Vec::new(),
                senders: Vec::new(),
                line_endings: LineEndings::default(),
                created_at: self.now(),
            };
            run(self.memory.save_site(added, None, Vec::new())).unwrap();
        }
        let block = Block {
            by: "admin".to_owned(),
            at: self.now(),
            why: "spam".to_owned(),
            note_en: String::new(),
            note_fr: String::new(),
        };
        let protection = Protection { block: is_blocked.then_some(block), ..Protection::default() };
        run(self.memory.save_protection(Principal::Site(SiteId(site)), protection, Vec::new())).unwrap();
        run(self.queue.reload_blocks()).unwrap();
    }

    pub fn submission(&self, site: i64, from: &str, to: &[&str]) -> Submission {
        let mut draft = self.queue.draft();
        run(draft.append(b"Subject: a story\r\n\r\nOnce upon a time.\r\n".to_vec())).unwrap();
        submission(site, from, to, draft)
    }

    pub fn send(&self, site: i64, from: &str, to: &[&str]) -> QueueId {
        run(self.queue.accept(self.submission(site, from, to))).unwrap()
    }

    /// The next batch, if there is one now.
    pub fn take(&self) -> Option<Batch> {
        let mut next = pin!(self.queue.next());
        match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(batch) => Some(batch),
            Poll::Pending => None,
        }
    }

    pub fn feed(&mut self) -> Result<(), StoreError> {
        self.next_due = run(self.queue.feed())?;
        Ok(())
    }

    /// What the courier answers for a batch, given the relay's mood.
    pub fn carry(&mut self, batch: &Batch) -> Carried {
        let (mood, host) = match &batch.hop {
            Hop::Relay(relay) => (self.moods.get(&relay.id), relay.host.clone()),
            Hop::Direct(domain) => (self.domain_moods.get(domain.as_ascii()), format!("mx.{domain}")),
        };
        let mood = mood.cloned().unwrap_or(Mood::Fine);
        let now = self.now();
        let results: Vec<_> = batch
            .passengers
            .iter()
            .map(|passenger| answer(&mood, &host, &passenger.address, now).map_err(Arc::new))
            .collect();
        for (passenger, result) in batch.passengers.iter().zip(&results) {
            self.tries.push(Try {
                at: now,
                relay: batch.hop.relay_id(),
                message: batch.letter.id,
                index: passenger.index,
                delivered: result.is_ok(),
            });
        }
        Carried::new(now, now, results)
    }

    /// Carries a batch and records what came of it.
    pub fn deliver(&mut self, batch: Batch) {
        if self.moods.get(&batch.hop.relay_id()) == Some(&Mood::Panics) {
            // A panic drops what the worker holds.
            return drop(batch);
        }
        let carried = self.carry(&batch);
        let decided = self.queue.decide(batch, carried);
        if let Some(closure) = decided.alarm() {
            self.alarms.push((closure.relay, closure.cause.clone()));
        }
        for _ in 0..5 {
            if run(self.queue.record(&decided)).is_ok() {
                return;
            }
        }
        panic!("what was decided is never recorded");
    }

    /// Probes what is due now.
    pub fn probe(&mut self) -> Probe {
        let now = self.now();
        let mut probe = self.queue.probes(now);
        for id in probe.over.drain(..) {
            // What the store refuses is taken up again by the feeder.
            let _ = run(self.queue.lift(id));
        }
        for due in probe.due.drain(..) {
            self.probes.entry(due.relay.id).or_default().push(now);
            let mood = self.moods.get(&due.relay.id).cloned().unwrap_or(Mood::Fine);
            let result = match &mood {
                Mood::Says(stage, _) if stage.is_before_mail() => {
                    answer(&mood, &due.relay.host, &"probe@test.test".parse().unwrap(), now)
                        .map(drop)
                        .map_err(Box::new)
                }
                _ => Ok(()),
            };
            if let Ok(Some(closure)) = run(self.queue.probed(&due, result, now)) {
                self.alarms.push((closure.relay, closure.cause.clone()));
            }
        }
        probe
    }

    /// Does all that can be done at this moment.
    pub fn settle_down(&mut self) {
        for _ in 0..10_000 {
            self.probe();
            let fed = (0..20).any(|_| self.feed().is_ok());
            assert!(fed, "the store never gets well");
            let Some(batch) = self.take() else { return };
            self.deliver(batch);
            while let Some(batch) = self.take() {
                self.deliver(batch);
            }
        }
        panic!("the queue never comes to rest");
    }

    /// Lets time pass, from one thing that is due to the next.
    pub fn pass(&mut self, secs: i64) {
        let end = self.now().plus_secs(secs);
        loop {
            self.settle_down();
            let probe = self.queue.probes(self.now());
            assert!(probe.due.is_empty() && probe.over.is_empty(), "all that is due was just done");
            let next = [self.next_due, probe.next].into_iter().flatten().min().unwrap_or(end).min(end);
            if self.now() >= end {
                return;
            }
            // Always forward: a moment that has come and changes nothing must not stop the story.
            let step = next.since_ms(self.now()).max(1);
            self.clock.advance(Duration::from_millis(u64::try_from(step).unwrap()));
        }
    }

    /// The server stops without warning, and starts again.
    pub fn crash(&mut self) {
        self.memory.crash();
        (self.queue, self.perhaps) = start(&self.store, &self.clock, self.limits);
    }

    /// The server stops in order, and starts again.
    pub fn restart(&mut self) {
        run(self.queue.stop()).unwrap();
        (self.queue, self.perhaps) = start(&self.store, &self.clock, self.limits);
    }

    /// All messages that the filter means.
    pub fn rows(&self, filter: Filter) -> Vec<MessageRow> {
        let (mut rows, mut page) = (Vec::new(), Page { after: None, limit: Page::MAX });
        loop {
            let more = run(self.memory.list(filter.clone(), page)).unwrap();
            let Some(last) = more.last() else { return rows };
            page.after = Some(last.id);
            rows.extend(more);
        }
    }

    /// All messages with all their recipients, whatever became of them.
    pub fn rows_of_all(&self) -> Vec<MessageRow> {
        let open = std::iter::once(None);
        let last = [
            RecipientState::Delivered,
            RecipientState::Failed,
            RecipientState::Expired,
            RecipientState::Cancelled,
        ];
        let states = open.chain(last.map(Some));
        let ids: BTreeSet<QueueId> = states
            .flat_map(|state| self.rows(Filter { state, ..Filter::default() }))
            .map(|row| row.id)
            .collect();
        ids.into_iter().map(|id| self.row(id)).collect()
    }

    pub fn recipients_of_all(&self) -> usize {
        self.rows_of_all().iter().map(|row| row.recipients.len()).sum()
    }

    /// Saves a relay anew; the store may fail to be read after it.
    pub fn change_or_try(&self, id: RelayId) {
        let relays = run(self.memory.relays()).unwrap();
        let relay = relays.into_iter().find(|relay| relay.id == id).unwrap();
        run(self.memory.save_relay(relay, Vec::new())).unwrap();
        let _ = run(self.queue.reload());
    }

    pub fn row(&self, id: QueueId) -> MessageRow {
        run(self.memory.story(id)).unwrap().unwrap().message
    }

    pub fn closures(&self) -> Vec<Closure> {
        run(self.memory.closures()).unwrap()
    }

    pub fn totals(&self) -> store::Totals {
        run(self.memory.totals()).unwrap()
    }
}

fn start(store: &Arc<FaultyStore>, clock: &Clock, limits: Limits) -> (Arc<Queue>, usize) {
    let parts = || Parts {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock: clock.clone(),
        host_name: "mx.facteur.test".parse().unwrap(),
        policy: Arc::new(AllowAll),
        limits,
        timetable: Timetable::default(),
        node: 0,
    };
    // A server whose store fails at the start is started again.
    let started = (0..20).find_map(|_| run(Queue::start(parts())).ok());
    let (queue, perhaps) = started.expect("the store gets well");
    (queue, perhaps.len())
}

pub fn submission(site: i64, from: &str, to: &[&str], draft: Draft) -> Submission {
    let from = match from {
        "" => ReversePath::Null,
        address => ReversePath::Address(address.parse().unwrap()),
    };
    Submission {
        principal: Principal::Site(SiteId(site)),
        // Each site is of the owner of the same number, which the default owner begins.
        owner: OwnerId(site),
        envelope: Envelope {
            from,
            recipients: to.iter().map(|address| address.parse().unwrap()).collect(),
            ..Envelope::default()
        },
        trace: Trace { helo: "client.test".to_owned(), client: None, protocol: "ESMTPSA" },
        draft,
    }
}

pub fn relay(name: &str) -> Relay {
    Relay {
        id: RelayId(0),
        owner: OwnerId::DEFAULT,
        account: None,
        name: name.to_owned(),
        preset: None,
        host: format!("smtp.{name}.test"),
        port: None,
        tls: RelayTls::Auto,
        insecure: false,
        extra_ca: None,
        auth: RelayAuth::Password { login: "us".to_owned(), password: Secret::new("hunter2") },
        sender: store::SenderMode::Keep,
        max_connections: 20,
        max_recipients: 100,
        revision: 0,
        created_at: START,
    }
}

pub fn answer(mood: &Mood, host: &str, to: &Address, at: Timestamp) -> Result<Reply, Evidence> {
    let peer = Some(Peer { host: host.to_owned(), address: None, port: 587 });
    let refused = |text| Evidence {
        at,
        stage: Stage::Rcpt,
        peer: peer.clone(),
        seen: Seen::Reply { reply: reply_of(text) },
    };
    match mood {
        Mood::Says(stage, seen) => Err(Evidence { at, stage: *stage, peer, seen: seen.clone() }),
        _ if to.local().starts_with("later") => Err(refused("450 4.2.0 Greylisted, please try again later")),
        _ if to.local().starts_with("gone") => Err(refused("550 5.1.1 No such user")),
        _ => Ok(reply_of("250 2.0.0 Ok: queued")),
    }
}
