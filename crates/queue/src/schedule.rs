//! What is in memory, about to be sent: lanes of relays, in them owners in turn, in them messages by age.

use crate::blocks::Blocks;
use crate::closure::Closures;
use crate::destination::{Destinations, Pause};
use crate::lift::Endings;
use crate::places::DirectPlaces;
use crate::road::{Hop, Road};
use crate::settle::Outcome;
use crate::{Queue, Reserved, Routes, Timetable};
use mail::{
    Address, BodyType, Domain, OwnerId, Principal, QueueId, RecipientId, RelayId, ReversePath, Timestamp,
};
use std::collections::{HashMap, HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use store::{Extras, Relay, Wishes};

/// How long mail waits in the store while one message tries its destination anew, in seconds.
const TRIAL_SECS: i64 = 30;

/// A message in memory, shared by its batches.
#[derive(Debug)]
pub struct Letter {
    /// Its queue id.
    pub id: QueueId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Who gave it.
    pub principal: Principal,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The envelope sender.
    pub from: ReversePath,
    /// How the content was declared.
    pub body_type: BodyType,
    /// The lines to put in front of the content.
    pub added_headers: Arc<[u8]>,
    /// The size of the content in bytes.
    pub body_bytes: u64,
    /// What few messages have.
    pub extras: Extras,
    /// The header lines that sign it: set by the courier that signs it first, and the same for all others.
    pub signature: OnceLock<Arc<[u8]>>,
    /// The content, while the budget of memory lasts; otherwise it is read from the store.
    pub body: Option<Arc<Vec<u8>>>,
    /// The part of the memory budget that `body` takes; given back with it.
    #[expect(dead_code, reason = "held only to be dropped with the letter")]
    pub(crate) reserved: Vec<Reserved>,
}

/// A recipient in memory.
#[derive(Debug, Clone)]
pub struct Passenger {
    /// Its place in the envelope.
    pub index: u16,
    /// Where to.
    pub address: Address,
    /// The attempts that were made.
    pub attempts: u32,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How long its expiry was paused under closures, in milliseconds.
    pub paused_ms: i64,
    /// Whether a wait asked for by a remote was obeyed before.
    pub asked_wait_used: bool,
    /// What its sender wants to hear of it.
    pub wishes: Wishes,
}

/// A message and its recipients that wait in one lane.
#[derive(Debug)]
pub(crate) struct Job {
    pub letter: Arc<Letter>,
    pub passengers: Vec<Passenger>,
}

impl Job {
    pub(crate) fn ids(&self) -> impl Iterator<Item = RecipientId> + '_ {
        self.passengers.iter().map(|p| RecipientId { message: self.letter.id, index: p.index })
    }
}

/// One next hop, one message, n recipients: what a courier carries. Dropped without having been decided (its worker
/// panicked), it counts as an attempt that failed: a message that makes a courier panic must not do so without end.
#[derive(Debug)]
pub struct Batch {
    /// Where it goes.
    pub hop: Hop,
    /// The message.
    pub letter: Arc<Letter>,
    /// The recipients.
    pub passengers: Vec<Passenger>,
    /// When it was given out.
    taken_at: Timestamp,
    timetable: Arc<Timetable>,
    state: Arc<Mutex<State>>,
    landed: bool,
    decided: bool,
}

impl Batch {
    /// Frees the lane's slot: the courier is done, what follows is between queue and store.
    pub(crate) fn land(&mut self) {
        self.landed = true;
        lock(&self.state).land(&self.hop.road());
    }

    /// The relay, when it goes through one.
    pub const fn relay(&self) -> Option<&Arc<Relay>> {
        match &self.hop {
            Hop::Relay(relay) => Some(relay),
            Hop::Direct(_) => None,
        }
    }

    /// Says that there is a decision, which is responsible for the recipients from now on.
    pub(crate) fn hand_over(mut self) -> Arc<Mutex<State>> {
        self.decided = true;
        Arc::clone(&self.state)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if !self.landed {
            self.land();
        }
        if self.decided {
            return;
        }
        let mut state = lock(&self.state);
        // Cut by the stop, perhaps between the final dot and its reply: the lease stays, so that the next start counts
        // these recipients among those that were perhaps sent.
        if state.stopping {
            state.leave(self.letter.owner, self.passengers.len());
        } else {
            state.unrecorded.push(Arc::new(Outcome::of_lost(self, &self.timetable, self.taken_at)));
            state.want_feed();
        }
    }
}

/// Locks the state, whatever became of the thread that held it last: see [`Queue::lock`].
pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The mail of one relay, or to one domain.
#[derive(Debug, Default)]
struct Lane {
    turns: VecDeque<OwnerId>,
    jobs: HashMap<OwnerId, VecDeque<Job>>,
    in_flight: usize,
    in_ring: bool,
}

impl Lane {
    fn push(&mut self, job: Job) {
        let owner = job.letter.owner;
        let queue = self.jobs.entry(owner).or_default();
        if queue.is_empty() {
            self.turns.push_back(owner);
        }
        queue.push_back(job);
    }

    /// The next owner's oldest job, at most `most` recipients of it.
    fn pop(&mut self, most: usize) -> Option<Job> {
        let owner = self.turns.pop_front()?;
        let queue = self.jobs.get_mut(&owner)?;
        let mut job = queue.pop_front()?;
        if job.passengers.len() > most.max(1) {
            let rest = job.passengers.split_off(most.max(1));
            queue.push_front(Job { letter: Arc::clone(&job.letter), passengers: rest });
        }
        if queue.is_empty() {
            self.jobs.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        Some(job)
    }

    /// All jobs: each owner's by age, the owners in their turn.
    fn drain(&mut self) -> Vec<Job> {
        let jobs = &mut self.jobs;
        self.turns.drain(..).filter_map(|owner| jobs.remove(&owner)).flatten().collect()
    }
}

/// All that the queue keeps in memory, under one lock that is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub routes: Routes,
    /// Grows with each change of the routes: mail parked for want of a route under an older one is looked at again.
    pub routes_epoch: u64,
    /// Counts the readings of the routes, so that a slow one never replaces a later one.
    pub reloads_begun: u64,
    pub reload_applied: u64,
    pub closures: Closures,
    /// Who may not send for the time being.
    pub blocks: Blocks,
    /// Closures whose mail is to be freed.
    pub endings: Endings,
    /// Leased in the store, and in nobody's hands any more: the feeder gives them back.
    pub abandoned: Vec<RecipientId>,
    /// Outcomes whose worker failed before they were stored: the feeder stores them.
    pub unrecorded: Vec<Arc<Outcome>>,
    /// Whether the store had more that was due than there was room for.
    pub backlog: bool,
    /// When the feeder wakes by itself.
    pub feeder_wakes_at: Timestamp,
    pub stopping: bool,
    lanes: HashMap<Road, Lane>,
    /// Lanes of relays with mail and a free slot.
    ring: VecDeque<RelayId>,
    /// Lanes of domains with mail and a free slot.
    direct: DirectPlaces,
    /// Whose turn it is next when relays and domains have a lane.
    direct_turn: bool,
    direct_recipients: usize,
    pub(crate) destinations: Destinations,
    active: usize,
    active_by_owner: HashMap<OwnerId, usize>,
    pub(crate) dispatcher: Signal,
    pub(crate) feeder: Signal,
    pub(crate) prober: Signal,
}

/// A flag that one worker waits for.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: bool,
    waker: Option<Waker>,
}

impl Signal {
    pub(crate) fn raise(&mut self) {
        self.raised = true;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Waits for the next raise, whatever was raised before.
    fn wait(&mut self, context: &Context<'_>) {
        self.raised = false;
        self.waker = Some(context.waker().clone());
    }

    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.raised) {
            return Poll::Ready(());
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl State {
    pub(crate) fn new(limits: &crate::Limits) -> Self {
        let direct = DirectPlaces::new(limits.direct);
        Self { direct, direct_recipients: limits.direct_recipients.max(1), ..Self::default() }
    }

    /// Counts recipients in, if there is room for them.
    pub(crate) fn enter(&mut self, limits: &crate::Limits, owner: OwnerId, recipients: usize) -> bool {
        let of_owner = self.active_by_owner.get(&owner).copied().unwrap_or_default();
        // While the store has mail that is due, half of the room is the feeder's, else a steady stream of new
        // mail would keep old mail out for ever.
        let room = if self.backlog { limits.active / 2 } else { limits.active };
        let fits = self.active + recipients <= room && of_owner + recipients <= limits.active_per_owner;
        if fits && !self.stopping {
            self.enter_claimed(owner, recipients);
            return true;
        }
        self.backlog = true;
        false
    }

    pub(crate) fn enter_claimed(&mut self, owner: OwnerId, recipients: usize) {
        self.active += recipients;
        *self.active_by_owner.entry(owner).or_default() += recipients;
    }

    /// Counts recipients out.
    pub(crate) fn leave(&mut self, owner: OwnerId, recipients: usize) {
        self.active = self.active.saturating_sub(recipients);
        if let Some(of_owner) = self.active_by_owner.get_mut(&owner) {
            *of_owner = of_owner.saturating_sub(recipients);
            if *of_owner == 0 {
                self.active_by_owner.remove(&owner);
            }
        }
        if self.backlog {
            self.want_feed();
        }
    }

    /// How many recipients are in memory.
    pub(crate) const fn active(&self) -> usize {
        self.active
    }

    pub(crate) fn want_feed(&mut self) {
        self.feeder.raise();
    }

    /// Tells the feeder of a recipient that will be due then.
    pub(crate) fn due_at(&mut self, at: Timestamp) {
        if at < self.feeder_wakes_at {
            self.want_feed();
        }
    }

    pub(crate) fn enqueue(&mut self, road: &Road, job: Job) {
        self.lanes.entry(road.clone()).or_default().push(job);
        self.offer(road);
    }

    /// Puts a job into its lane, or gives it back to the store when the lane may not take it any more.
    pub(crate) fn enqueue_or_abandon(&mut self, road: &Road, job: Job, now: Timestamp) {
        let stopped = match road {
            Road::Relay(relay) => {
                self.stopping(job.letter.principal, Some(*relay), &job.letter.from).is_some()
            }
            Road::Direct(domain) => {
                let (principal, from) = (job.letter.principal, &job.letter.from);
                let is_blocked = self.stopping(principal, Some(RelayId::DIRECT), from).is_some();
                is_blocked || self.destinations.pause(domain, now).is_some()
            }
        };
        if stopped || self.stopping || !self.routes.has(road) {
            self.abandon(vec![job]);
        } else {
            self.enqueue(road, job);
        }
    }

    /// Gives jobs back to the store: the feeder releases them, claims them again and finds them their new place.
    pub(crate) fn abandon(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.abandoned.extend(job.ids());
            self.leave(job.letter.owner, job.passengers.len());
        }
        self.want_feed();
    }

    /// The store has these back.
    pub(crate) fn forget_abandoned(&mut self, ids: &HashSet<RecipientId>) {
        self.abandoned.retain(|id| !ids.contains(id));
    }

    fn offer(&mut self, road: &Road) {
        let limit = match road {
            Road::Relay(id) => self.routes.relay(*id).map_or(0, |r| usize::from(r.max_connections.max(1))),
            Road::Direct(domain) => self.destinations.connections(domain),
        };
        let Some(lane) = self.lanes.get_mut(road) else { return };
        if !lane.in_ring && !lane.turns.is_empty() && lane.in_flight < limit {
            lane.in_ring = true;
            match road {
                Road::Relay(id) => self.ring.push_back(*id),
                Road::Direct(domain) => self.direct.offer(domain),
            }
            self.dispatcher.raise();
        }
    }

    fn land(&mut self, road: &Road) {
        if let Road::Direct(domain) = road {
            self.direct.land(domain);
            // A lane that waited for a place among all domains may have it now.
            if self.direct.has_waiting() {
                self.dispatcher.raise();
            }
        }
        if let Some(lane) = self.lanes.get_mut(road) {
            lane.in_flight = lane.in_flight.saturating_sub(1);
        }
        self.sweep_lane(road);
        self.offer(road);
    }

    /// The next lane in the ring: relays and domains in turn.
    fn next_road(&mut self, now: Timestamp) -> Option<Road> {
        let relayed = !self.ring.is_empty();
        self.direct_turn = !self.direct_turn;
        if self.direct_turn || !relayed {
            let destinations = &self.destinations;
            let domain = self.direct.next(|domain| destinations.is_proven(domain, now));
            if let Some(domain) = domain {
                return Some(Road::Direct(domain));
            }
        }
        self.ring.pop_front().map(Road::Relay)
    }

    fn take(&mut self, now: Timestamp) -> Option<(Hop, Job)> {
        while let Some(road) = self.next_road(now) {
            let Some(lane) = self.lanes.get_mut(&road) else { continue };
            lane.in_ring = false;
            let (hop, most) = match &road {
                Road::Relay(id) => match self.routes.relay(*id) {
                    Some(relay) => {
                        let most = usize::from(relay.max_recipients);
                        (Hop::Relay(relay), most)
                    }
                    None => continue,
                },
                Road::Direct(domain) => (Hop::Direct(domain.clone()), self.direct_recipients),
            };
            if let Some(job) = lane.pop(most) {
                lane.in_flight += 1;
                if let Road::Direct(domain) = &road {
                    self.direct.take_off(domain, self.destinations.is_proven(domain, now));
                }
                self.offer(&road);
                return Some((hop, job));
            }
            self.sweep_lane(&road);
        }
        None
    }

    /// Forgets a lane in which nothing is: relays are few, but domains are as many as strangers have.
    fn sweep_lane(&mut self, road: &Road) {
        let is_idle = |lane: &Lane| lane.in_flight == 0 && lane.turns.is_empty() && !lane.in_ring;
        if matches!(road, Road::Direct(_)) && self.lanes.get(road).is_some_and(is_idle) {
            self.lanes.remove(road);
        }
    }

    /// Why mail to a destination is not to come into memory now: it is left alone for a while, or one message is trying it
    /// anew. A backlog behind a silent host would take every place in memory while that one waits.
    pub(crate) fn held_back(&self, domain: &Domain, now: Timestamp) -> Option<Pause> {
        let paused = self.destinations.pause(domain, now);
        let trial = || {
            let pause = self.destinations.trial(domain, now)?;
            let lane = self.lanes.get(&Road::Direct(domain.clone()))?;
            let is_tried = lane.in_flight > 0 || !lane.turns.is_empty();
            is_tried.then(|| Pause { until: now.plus_secs(TRIAL_SECS), ..pause })
        };
        paused.or_else(trial)
    }

    /// A destination took mail: it may have places that it could not have before.
    pub(crate) fn took(&mut self, domain: &Domain, now: Timestamp) {
        self.destinations.succeeded(domain, now);
        if self.direct.has_waiting() {
            self.dispatcher.raise();
        }
    }

    /// Takes all jobs of a lane out, as when its relay closes.
    pub(crate) fn drain_lane(&mut self, road: &Road) -> Vec<Job> {
        self.lanes.get_mut(road).map(Lane::drain).unwrap_or_default()
    }

    /// Takes the jobs of one sender out of a lane.
    pub(crate) fn drain_sender(&mut self, relay: RelayId, from: &ReversePath) -> Vec<Job> {
        let key = |path: &ReversePath| path.address().map(Address::key);
        let meant = key(from);
        let road = Road::Relay(relay);
        let all = self.drain_lane(&road);
        let (out, back): (Vec<_>, Vec<_>) = all.into_iter().partition(|job| key(&job.letter.from) == meant);
        back.into_iter().for_each(|job| self.enqueue(&road, job));
        out
    }

    /// Takes the jobs of these principals out of every lane; the others keep their order.
    pub(crate) fn drain_of(&mut self, principals: &HashSet<Principal>) -> Vec<Job> {
        let mut out = Vec::new();
        let roads: Vec<Road> = self.lanes.keys().cloned().collect();
        for road in roads {
            let all = self.drain_lane(&road);
            let (of_them, back): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|job| principals.contains(&job.letter.principal));
            back.into_iter().for_each(|job| self.enqueue(&road, job));
            out.extend(of_them);
        }
        out
    }

    /// Takes every job of every lane out, as when the routes change or the server stops.
    pub(crate) fn drain_all(&mut self) -> Vec<Job> {
        self.lanes.values_mut().flat_map(Lane::drain).collect()
    }

    /// Whether some of these recipients are in memory and not in flight.
    pub(crate) fn holds(&self, ids: &HashSet<RecipientId>) -> bool {
        let jobs = self.lanes.values().flat_map(|lane| lane.jobs.values().flatten());
        jobs.flat_map(Job::ids).chain(self.abandoned.iter().copied()).any(|id| ids.contains(&id))
    }

    /// Takes recipients out of memory, as far as they are not in flight. Gives those that were taken out.
    pub(crate) fn withdraw(&mut self, ids: &HashSet<RecipientId>) -> Vec<RecipientId> {
        let mut out = Vec::new();
        let mut gone = Vec::new();
        for lane in self.lanes.values_mut() {
            for job in lane.jobs.values_mut().flatten() {
                let message = job.letter.id;
                let before = out.len();
                job.passengers.retain(|p| {
                    let id = RecipientId { message, index: p.index };
                    let meant = ids.contains(&id);
                    if meant {
                        out.push(id);
                    }
                    !meant
                });
                gone.push((job.letter.owner, out.len() - before));
            }
            lane.jobs.values_mut().for_each(|queue| queue.retain(|job| !job.passengers.is_empty()));
            lane.jobs.retain(|_, queue| !queue.is_empty());
            let jobs = &lane.jobs;
            lane.turns.retain(|owner| jobs.contains_key(owner));
        }
        gone.into_iter().for_each(|(owner, count)| self.leave(owner, count));
        out
    }
}

impl Queue {
    /// The next batch to carry: waits until a lane has mail and a free slot. One dispatcher calls this.
    pub async fn next(&self) -> Batch {
        poll_fn(|context| {
            let now = self.clock.now();
            let mut state = self.lock();
            match state.take(now) {
                Some((hop, Job { letter, passengers })) => {
                    let shared = Arc::clone(&self.state);
                    let timetable = Arc::clone(&self.timetable);
                    Poll::Ready(Batch {
                        hop,
                        letter,
                        passengers,
                        taken_at: now,
                        timetable,
                        state: shared,
                        landed: false,
                        decided: false,
                    })
                }
                None => {
                    // Whatever raised the signal before this look has just been found gone.
                    state.dispatcher.wait(context);
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// How many recipients are in memory.
    pub fn active(&self) -> usize {
        self.lock().active()
    }

    /// Stops giving out batches, and gives everything that is not in flight back to the store. Called again, it gives back
    /// what came out of flight since.
    pub async fn stop(&self) -> Result<(), store::StoreError> {
        {
            let mut state = self.lock();
            state.stopping = true;
            let jobs = state.drain_all();
            state.abandon(jobs);
        }
        self.record_left().await?;
        self.end_claim().await?;
        self.release_abandoned().await
    }
}
