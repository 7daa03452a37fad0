//! Many short lives of a queue over a simulated disk: mail comes and goes, the power is cut in the middle of whatever is
//! under way, syncs fail, the disk is full. The same seed is the same life to the last step.

use crate::power::{Faults, PowerStore};
use crate::world::{AllowAll, Mood, START, answer, relay, run, run_partly, submission};
use mail::{Clock, QueueId, RecipientId, Timestamp};
use queue::{Batch, Carried, Limits, Parts, Queue, Timetable};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use store::{
    Act, Directory as _, EventKind, Filter, History as _, Page, RecipientState, RouteScope, Spool as _, Store,
};
use testkit::chance::Chance;
use testkit::proof;

/// Steps of one life.
const STEPS: u64 = 14;
/// Lives that go on side by side.
const SIDE_BY_SIDE: u64 = 2;
/// Of so many lives one is lived twice, and must be the same.
const TWICE_EVERY: u64 = 4;
/// Looks at the end until everything must be over.
const LAST_LOOKS: usize = 400;

const MOODS: &[&str] = &[
    "ok",
    "ok",
    "connect refused",
    "auth 535 5.7.8 Username and Password not accepted",
    "end 451 4.3.0 Local error",
    "mail dropped",
];
const ADDRESSES: &[&str] = &["bob@x.test", "carl@y.test", "gone@x.test", "later@y.test", "dora@x.test"];

/// One life.
struct Life {
    chance: Chance,
    store: Arc<PowerStore>,
    queue: Arc<Queue>,
    clock: Clock,
    mood: Mood,
    /// What was acknowledged: how many recipients it has.
    acknowledged: BTreeMap<QueueId, usize>,
    /// What a person deleted, perhaps without hearing that it was done.
    deleting: bool,
    /// How often each recipient was taken by the relay.
    taken: BTreeMap<RecipientId, usize>,
    /// What was with the relay when the power went, or when nothing could be written down any more.
    excused: BTreeSet<RecipientId>,
    /// What happened, to be compared with the same life lived again.
    trace: Vec<(Timestamp, u8, i64)>,
}

fn limits() -> Limits {
    Limits { active: 8, active_per_owner: 8, spill_bytes: 200, body_bytes: 1 << 16, ..Limits::default() }
}

fn wake(store: &Arc<PowerStore>, clock: &Clock) -> Option<Arc<Queue>> {
    let parts = Parts {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock: clock.clone(),
        host_name: "mx.facteur.test".parse().unwrap(),
        policy: Arc::new(AllowAll),
        limits: limits(),
        // A short life, so that there can be many.
        timetable: Timetable {
            intervals_secs: vec![600, 3_600],
            lifetime_secs: 4 * 3_600,
            max_pause_secs: 86_400,
            min_attempts: 3,
            ..Timetable::default()
        },
        node: 0,
    };
    run(Queue::start(parts)).ok().map(|(queue, _)| queue)
}

impl Life {
    fn new(seed: u64) -> Self {
        let (store, clock) = (PowerStore::new(), Clock::manual(START));
        let id = run(store.save_relay(relay("a"), Vec::new())).unwrap();
        run(store.set_route(RouteScope::Default, Some(id), Vec::new())).unwrap();
        let queue = wake(&store, &clock).unwrap();
        Self {
            chance: Chance::of_seed(seed),
            store,
            queue,
            clock,
            mood: Mood::Fine,
            acknowledged: BTreeMap::new(),
            deleting: false,
            taken: BTreeMap::new(),
            excused: BTreeSet::new(),
            trace: Vec::new(),
        }
    }

    fn note(&mut self, what: u8, number: i64) {
        self.trace.push((self.clock.now(), what, number));
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.chance.below(all.len() as u64)).unwrap()]
    }

    fn step(&mut self) {
        match self.chance.below(16) {
            0..=4 => self.accept(),
            5..=8 => self.deliver(),
            9 => {
                let mood = self.pick(MOODS);
                self.mood = Mood::parse(mood);
            }
            10 | 11 => self.pass(),
            12 => {
                let sync = self.chance.below(2) == 0;
                let after = Some(self.chance.below(6));
                let faults = if sync {
                    Faults { sync_fails_in: after, no_room_in: None }
                } else {
                    Faults { sync_fails_in: None, no_room_in: after }
                };
                self.store.plan(faults);
            }
            13 => self.delete(),
            _ => self.cut(),
        }
        // A store that only reads serves nobody: it is started again, as its words ask for.
        if self.store.is_lost() && self.chance.below(2) == 0 {
            self.cut();
        }
    }

    /// A message comes in, small or large; its client may go away in the middle, or the power.
    fn accept(&mut self) {
        let most = usize::try_from(1 + self.chance.below(3)).unwrap();
        let from = usize::try_from(self.chance.below(3)).unwrap();
        let to = &ADDRESSES[from..(from + most).min(ADDRESSES.len())];
        let mut draft = self.queue.draft();
        let mut piece = b"Subject: a life\r\n\r\n".to_vec();
        piece.resize(if self.chance.below(3) == 0 { 900 } else { 90 }, b'x');
        if run(draft.append(piece)).is_err() {
            return self.note(0, 0);
        }
        let submission = submission(1, "anne@here.test", to, draft);
        let polls = usize::try_from(self.chance.below(30)).unwrap();
        if polls < 9 {
            run_partly(self.queue.accept(submission), polls);
            return;
        }
        match run(self.queue.accept(submission)) {
            Ok(id) => {
                self.acknowledged.insert(id, to.len());
                self.note(1, id.get());
            }
            Err(_) => self.note(2, 0),
        }
    }

    fn take(&self) -> Option<Batch> {
        let mut next = pin!(self.queue.next());
        match next.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(batch) => Some(batch),
            Poll::Pending => None,
        }
    }

    fn carry(&mut self, batch: &Batch) -> Carried {
        let now = self.clock.now();
        let results: Vec<_> = batch
            .passengers
            .iter()
            .map(|passenger| answer(&self.mood, "smtp.a.test", &passenger.address, now).map_err(Arc::new))
            .collect();
        for (passenger, result) in batch.passengers.iter().zip(&results) {
            let id = RecipientId { message: batch.letter.id, index: passenger.index };
            self.note(3 + u8::from(result.is_ok()), id.message.get() + i64::from(id.index));
            if result.is_ok() {
                *self.taken.entry(id).or_default() += 1;
            }
        }
        Carried::new(now, now, results)
    }

    /// A batch leaves; the power may go before that is written down.
    fn deliver(&mut self) {
        let _ = run(self.queue.feed());
        let Some(batch) = self.take() else { return };
        let ids: Vec<RecipientId> = batch
            .passengers
            .iter()
            .map(|passenger| RecipientId { message: batch.letter.id, index: passenger.index })
            .collect();
        let carried = self.carry(&batch);
        let decided = self.queue.decide(batch, carried);
        let polls = usize::try_from(self.chance.below(24)).unwrap();
        if polls < 6 {
            run_partly(self.queue.record(&decided), polls);
            self.excused.extend(ids);
            return self.cut();
        }
        for _ in 0..3 {
            if run(self.queue.record(&decided)).is_ok() {
                return;
            }
        }
        // It cannot be written down on this disk any more.
        self.excused.extend(ids);
        self.cut();
    }

    fn pass(&mut self) {
        let secs = 1 + self.chance.below(4_000);
        self.clock.advance(Duration::from_secs(secs));
        let _ = run(self.queue.feed());
        self.probe();
    }

    fn probe(&mut self) {
        let now = self.clock.now();
        let work = self.queue.probes(now);
        for closure in work.over {
            let _ = run(self.queue.lift(closure));
        }
        for due in work.due {
            let result = answer(&self.mood, "smtp.a.test", &"probe@test.test".parse().unwrap(), now);
            let _ = run(self.queue.probed(&due, result.map(drop).map_err(Box::new), now));
        }
    }

    fn delete(&mut self) {
        self.deleting = true;
        let filter = Filter { recipient_domain: Some("y.test".to_owned()), ..Filter::default() };
        let _ = run(self.queue.act(Act::Delete, filter));
    }

    /// The power goes, and comes back.
    fn cut(&mut self) {
        self.store = self.store.cut(&mut self.chance);
        self.queue = wake(&self.store, &self.clock).expect("a store without faults opens");
        self.note(5, i64::try_from(run(self.store.totals()).unwrap().recipients).unwrap());
        for (&id, &recipients) in &self.acknowledged {
            let story = run(self.store.story(id)).unwrap();
            let found = story.map(|story| story.message.recipients.len());
            assert_eq!(found, Some(recipients), "{id} was acknowledged");
        }
    }

    /// All trouble ends: whatever is left must leave or end by itself.
    fn end(&mut self) {
        self.store.plan(Faults::default());
        if self.store.is_lost() {
            self.cut();
        }
        self.mood = Mood::Fine;
        for _ in 0..LAST_LOOKS {
            self.probe();
            let next = run(self.queue.feed()).expect("the disk is well");
            while let Some(batch) = self.take() {
                let carried = self.carry(&batch);
                let decided = self.queue.decide(batch, carried);
                run(self.queue.record(&decided)).expect("the disk is well");
            }
            if run(self.store.totals()).unwrap().recipients == 0 {
                break;
            }
            let now = self.clock.now();
            let probe = self.queue.probes(now).next;
            let next = [next, probe].into_iter().flatten().min().unwrap_or(now.plus_secs(60));
            let step = u64::try_from(next.since_ms(now)).unwrap_or(0).clamp(1, 86_400_000);
            self.clock.advance(Duration::from_millis(step));
        }
        self.judge();
    }

    fn judge(&mut self) {
        assert_eq!(run(self.store.totals()).unwrap().recipients, 0, "something waits for ever");
        for &id in self.acknowledged.keys() {
            let story = run(self.store.story(id)).unwrap().expect("it is kept");
            for recipient in &story.message.recipients {
                let about = RecipientId { message: id, index: recipient.index };
                let taken = self.taken.get(&about).copied().unwrap_or_default();
                let excused = self.excused.contains(&about);
                assert!(recipient.state.is_final(), "{about}: {:?}", recipient.state);
                assert!(taken <= 1 || excused, "{about} was sent {taken} times");
                match recipient.state {
                    RecipientState::Delivered => assert!(taken > 0, "{about} was never sent"),
                    RecipientState::Cancelled => {
                        assert!(self.deleting && (taken == 0 || excused), "{about} was deleted and sent");
                    }
                    _ => assert!(taken == 0, "{about} was sent, and came back: {:?}", recipient.state),
                }
                let ends = story.events.iter().filter(|event| event.recipient == Some(recipient.index));
                let ends = ends.filter(|event| {
                    matches!(event.kind, EventKind::Delivered | EventKind::Failed | EventKind::Expired)
                });
                assert!(ends.count() <= 1, "{about} came to its end twice");
            }
        }
        let states = Page { after: None, limit: Page::MAX };
        let left = run(self.store.list(Filter::default(), states)).unwrap();
        assert_eq!(left.len(), 0);
        self.note(6, i64::try_from(self.acknowledged.len()).unwrap());
    }
}

fn live(seed: u64) -> Vec<(Timestamp, u8, i64)> {
    let mut life = Life::new(seed);
    for _ in 0..STEPS {
        life.step();
    }
    life.end();
    life.trace
}

#[test]
fn no_life_of_the_queue_breaks_its_promises() {
    let seed = proof::seed();
    let lives = proof::count(20_000, 1_000_000);
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= lives {
                        return;
                    }
                    let of = seed.wrapping_add(number);
                    let lived = std::panic::catch_unwind(|| live(of));
                    let Ok(once) = lived else { panic!("FACTEUR_SEED={of} breaks a promise") };
                    if number.is_multiple_of(TWICE_EVERY) {
                        assert_eq!(once, live(of), "FACTEUR_SEED={of} is not the same twice");
                    }
                }
            });
        }
    });
    let test = "crates/queue/tests/queue/simulation.rs::no_life_of_the_queue_breaks_its_promises";
    proof::passed("A5", test, lives, "simulated lives", Some(seed));
}
