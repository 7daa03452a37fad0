//! Hours of random mail, trouble, operators and crashes: at the end everything has ended, exactly once.

use crate::faulty::Fault;
use crate::world::{Mood, World, run};
use mail::RelayId;
use std::collections::HashMap;
use store::{Act, Directory as _, Filter, RecipientState, RouteScope};
use testkit::chance::Chance;

const MOODS: &[&str] = &[
    "ok",
    "ok",
    "ok",
    "auth 535 5.7.8 Username and Password not accepted",
    "tls expired",
    "connect refused",
    "greeting 421 4.3.2 Service not available",
    "mail 553 5.7.1 Sender address rejected: not owned by user us",
    "rcpt 450 4.2.0 Greylisted, come back in 300 seconds",
    "end 451 4.3.0 Local error",
    "mail dropped",
    "queue unreadable",
    "panic",
];

const CALLS: &[&str] =
    &["accept", "settle", "claim", "release", "unpark", "save_closure", "remove_closure", "act", "list"];

struct Run {
    world: World,
    chance: Chance,
    relays: Vec<RelayId>,
    /// Deliveries that a crash may have doubled.
    excused: usize,
}

impl Run {
    fn step(&mut self) {
        let Self { world, chance, relays, .. } = self;
        match chance.below(20) {
            0..=6 => {
                let site = 1 + i64::try_from(chance.below(3)).unwrap();
                let from = *chance.of(&["anne@here.test", "paul@here.test", "Anne@here.test", ""]).unwrap();
                let to = ["bob@x.test", "carl@y.test", "gone@x.test", "dora@x.test"];
                let most = 1 + chance.index(4);
                // A store that fails refuses it, which is an answer too.
                let _ = run(world.queue.accept(world.submission(site, from, &to[..most])));
            }
            7..=9 => {
                let relay = *chance.of(relays).unwrap();
                world.moods.insert(relay, Mood::parse(chance.of(MOODS).unwrap()));
            }
            10..=12 => world.pass(i64::try_from(chance.below(20_000)).unwrap()),
            13 => {
                let act =
                    *chance.of(&[Act::Hold, Act::Release, Act::Retry, Act::Retry, Act::Delete]).unwrap();
                let domain = *chance.of(&["x.test", "y.test"]).unwrap();
                let filter = Filter { recipient_domain: Some(domain.to_owned()), ..Filter::default() };
                let _ = run(world.queue.act(act, filter));
            }
            14 => world.change_or_try(*chance.of(relays).unwrap()),
            15 => drop(run(world.queue.open_relay(*chance.of(relays).unwrap()))),
            16 => {
                let relay = Some(*chance.of(relays).unwrap()).filter(|_| chance.below(4) > 0);
                let scope = if chance.below(2) == 0 {
                    RouteScope::Default
                } else {
                    RouteScope::Owner(mail::OwnerId(2))
                };
                run(world.memory.set_route(scope, relay, Vec::new())).unwrap();
                let _ = run(world.queue.reload());
            }
            17 => {
                let call = *chance.of(CALLS).unwrap();
                let fault = *chance.of(&[Fault::Refused, Fault::DoneAndDenied]).unwrap();
                let fault = if call == "claim" { Fault::Refused } else { fault };
                world.store.fail_after(chance.index(3), call, fault);
            }
            18 => self.crash(),
            _ => world.settle_down(),
        }
    }

    /// Dies with a message in flight, that the other end may have.
    fn crash(&mut self) {
        if let Some(batch) = self.world.take() {
            let carried = self.world.carry(&batch);
            self.excused += carried.results.iter().filter(|result| result.is_ok()).count();
        }
        if self.chance.below(3) == 0 {
            // The stop of a server whose store fails is one more way to die.
            let _ = run(self.world.queue.stop());
        }
        self.world.crash();
    }

    /// All trouble ends: whatever is left must leave or end by itself.
    fn end(&mut self, seed: u64) {
        let world = &mut self.world;
        world.store.forget_plans();
        for relay in &self.relays {
            world.moods.insert(*relay, Mood::Fine);
        }
        run(world.memory.set_route(RouteScope::Default, self.relays.first().copied(), Vec::new())).unwrap();
        run(world.queue.reload()).unwrap();
        run(world.queue.act(Act::Release, Filter::default())).unwrap();
        world.pass(3 * 86_400);
        let totals = world.totals();
        assert_eq!((totals.recipients, totals.leased), (0, 0), "seed {seed}: {totals:?}");
        assert_eq!(world.queue.active(), 0, "seed {seed}");
        assert_eq!(run(world.memory.closures()).unwrap(), [], "seed {seed}");
        let mut sent: HashMap<_, usize> = HashMap::new();
        for t in world.tries.iter().filter(|t| t.delivered) {
            *sent.entry((t.message, t.index)).or_default() += 1;
        }
        let twice: usize = sent.values().map(|count| count - 1).sum();
        assert!(twice <= self.excused, "seed {seed}: {twice} twice, {} excused", self.excused);
        for row in world.rows_of_all() {
            for recipient in &row.recipients {
                let was_sent = sent.contains_key(&(row.id, recipient.index));
                let delivered = recipient.state == RecipientState::Delivered;
                assert!(was_sent || !delivered, "seed {seed}: {} was never sent", row.id);
                assert!(delivered || !was_sent || self.excused > 0, "seed {seed}: {} was sent", row.id);
            }
        }
    }
}

#[test]
fn whatever_happens_every_recipient_ends_once() {
    for seed in 0..30 {
        let limits = queue::Limits { active: 12, active_per_owner: 8, ..queue::Limits::default() };
        let mut world = World::with(limits);
        let relays = vec![
            world.relay("a", |relay| (relay.max_connections, relay.max_recipients) = (2, 2)),
            world.relay("b", |relay| relay.max_connections = 1),
        ];
        let mut run = Run { world, chance: Chance::of_seed(seed), relays, excused: 0 };
        for _ in 0..120 {
            run.step();
        }
        run.end(seed);
    }
}
