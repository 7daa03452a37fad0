//! Stories: what is done and what must be so, a line each. The one door of most tests of this binary.
//!
//! | line | meaning |
//! |---|---|
//! | `relay a conns=1 rcpts=2` | there is a relay; the first carries everybody's mail |
//! | `a says auth 535 5.7.8 no` | from now on the relay answers so (see [`Mood::parse`]); `a says ok` |
//! | `@x.test says rcpt 450 4.7.1 later` | the same of the hosts of a domain, to which mail goes without a relay |
//! | `send anne@here.test -> bob@x.test` | a message; they are m1, m2… `send 50x …` many, `send site=2 …` from another site, `send hold=5m …` to leave later |
//! | `pass 5m`, `jump 6d` | time passes with all that is due; the clock jumps |
//! | `route default b`, `route domain=here.test b`, `route default -`, `route default direct` | the routes change |
//! | `block 2`, `unblock 2` | the site may not send; it may again |
//! | `password a`, `open a`, `remove a` | as the operations do |
//! | `restart`, `crash` | the server stops in order; the server dies |
//! | `hold domain=x.test -> 3` | an act, and how many recipients it changed |
//! | `m1 delivered`, `m1.1 parked auth_bad_credentials`, `m1 waiting` | the state of a recipient |
//! | `m1 tries 120 300` | it was tried 3 times, these seconds apart, within a tenth |
//! | `order m2 m1` | these were delivered, in this order |
//! | `delivered 50`, `waiting 1`, `parked 2`, `held 0`, `leased 0`, `perhaps 1` | how many |
//! | `a is open`, `a is away CAUSE`, `a is closed CAUSE` | the state of a relay |
//! | `owed 1` | so many notices are owed to senders |
//! | `alarms 1`, `event relay_closed 1` | what was logged, what was stored |
//! | `mark`, `probes a 30 60` | it was probed so many seconds after the mark, and after that |

use crate::world::{Mood, World, run};
use mail::{Hold, QueueId, RelayId, SiteId, Timestamp};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use store::{
    Act, Directory as _, Filter, History as _, RecipientRow, RecipientState, RouteScope, Spool as _,
};

/// Tells a story, and fails at the first line that is not so.
pub fn check(story: &str) {
    tell(World::new(), story);
}

/// Tells a story in a world; gives it back.
pub fn tell(world: World, story: &str) -> World {
    let mark = world.now();
    let mut teller =
        Teller { world, relays: HashMap::new(), messages: Vec::new(), mark, line: String::new() };
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        line.clone_into(&mut teller.line);
        teller.line(line);
    }
    teller.world
}

struct Teller {
    world: World,
    relays: HashMap<String, RelayId>,
    messages: Vec<QueueId>,
    mark: Timestamp,
    line: String,
}

impl Teller {
    fn line(&mut self, line: &str) {
        if let Some((name, mood)) = line.split_once(" says ") {
            match name.strip_prefix('@') {
                Some(domain) => self.world.domain_moods.insert(domain.to_owned(), Mood::parse(mood)),
                None => self.world.moods.insert(self.id(name), Mood::parse(mood)),
            };
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["relay", name, options @ ..] => self.add_relay(name, options),
            ["send", rest @ ..] => self.send(rest),
            ["pass", time] => self.world.pass(secs(time)),
            ["jump", time] => self.world.clock.advance(Duration::from_secs(secs(time).try_into().unwrap())),
            ["mark"] => self.mark = self.world.now(),
            ["block", site] => self.world.block(site.parse().unwrap(), true),
            ["unblock", site] => self.world.block(site.parse().unwrap(), false),
            ["restart"] => self.world.restart(),
            ["crash"] => self.world.crash(),
            ["route", scope, "direct"] => self.world.route(route_scope(scope), Some(RelayId::DIRECT)),
            ["route", scope, relay] => self.world.route(route_scope(scope), self.relays.get(*relay).copied()),
            ["password", name] => self.world.change(self.id(name)),
            ["open", name] => run(self.world.queue.open_relay(self.id(name))).unwrap(),
            ["remove", name] => {
                let (id, now) = (self.id(name), self.world.now());
                run(self.world.memory.remove_relay(id, now, Vec::new())).unwrap();
                run(self.world.queue.reload()).unwrap();
            }
            [
                act @ ("retry" | "hold" | "release" | "delete" | "undo" | "bounce"),
                filter @ ..,
                "->",
                count,
            ] => {
                self.act(act, filter, count);
            }
            _ => self.expect(&words),
        }
    }

    fn id(&self, name: &str) -> RelayId {
        *self.relays.get(name).unwrap_or_else(|| panic!("no relay {name}: {}", self.line))
    }

    fn message(&self, name: &str) -> (QueueId, u16) {
        let (number, index) = name.split_once('.').unwrap_or((name, "0"));
        let number: usize = number.strip_prefix('m').and_then(|n| n.parse().ok()).expect(name);
        (self.messages[number - 1], index.parse().unwrap())
    }

    fn add_relay(&mut self, name: &str, options: &[&str]) {
        let id = self.world.relay(name, |relay| {
            for option in options {
                match option.split_once('=').unwrap() {
                    ("conns", n) => relay.max_connections = n.parse().unwrap(),
                    ("rcpts", n) => relay.max_recipients = n.parse().unwrap(),
                    other => panic!("no option {other:?}"),
                }
            }
        });
        self.relays.insert(name.to_owned(), id);
    }

    fn send(&mut self, mut words: &[&str]) {
        let (mut count, mut site, mut hold) = (1, 1, None);
        while let [first, rest @ ..] = words {
            if let Some(number) = first.strip_suffix('x').and_then(|n| n.parse().ok()) {
                count = number;
            } else if let Some(number) = first.strip_prefix("site=") {
                site = number.parse().unwrap();
            } else if let Some(time) = first.strip_prefix("hold=") {
                hold = Some(Hold::ForSecs(secs(time).try_into().unwrap()));
            } else {
                break;
            }
            words = rest;
        }
        let [from, "->", to @ ..] = words else { panic!("send FROM -> TO…: {}", self.line) };
        for _ in 0..count {
            let from = if *from == "<>" { "" } else { from };
            let mut submission = self.world.submission(site, from, to);
            submission.envelope.hold = hold;
            self.messages.push(run(self.world.queue.accept(submission)).unwrap());
        }
    }

    fn act(&mut self, act: &str, filter: &[&str], count: &str) {
        let mut meant = Filter::default();
        for part in filter {
            match part.split_once('=').unwrap() {
                ("sender", key) => meant.sender = Some(key.to_owned()),
                ("recipient", key) => meant.recipient = Some(key.to_owned()),
                ("domain", domain) => meant.recipient_domain = Some(domain.to_owned()),
                ("relay", name) => meant.relay = Some(self.id(name)),
                ("cause", cause) => meant.cause = Some(cause.to_owned()),
                ("older", time) => meant.before = Some(self.world.now().plus_secs(-secs(time))),
                ("id", name) => meant.ids.push(self.message(name).0),
                other => panic!("no filter {other:?}"),
            }
        }
        let act = match act {
            "retry" => Act::Retry,
            "hold" => Act::Hold,
            "release" => Act::Release,
            "undo" => Act::Undo,
            "bounce" => Act::Fail,
            _ => Act::Delete,
        };
        let acted = run(self.world.queue.act(act, meant)).unwrap();
        assert_eq!(acted.recipients.to_string(), count, "{}: {acted:?}", self.line);
    }

    fn expect(&self, words: &[&str]) {
        let line = &self.line;
        let number = |text: &str| text.parse::<usize>().unwrap_or_else(|_| panic!("no number: {line}"));
        let totals = self.world.totals();
        match words {
            ["order", names @ ..] => {
                let delivered = self.world.tries.iter().filter(|t| t.delivered).map(|t| t.message);
                let meant: Vec<_> = names.iter().map(|name| self.message(name).0).collect();
                let order: Vec<_> = delivered.filter(|id| meant.contains(id)).collect();
                assert_eq!(order, meant, "{line}");
            }
            ["delivered", count] => assert_eq!(self.delivered_once(), number(count), "{line}"),
            ["waiting", count] => assert_eq!(totals.recipients, number(count) as u64, "{line}: {totals:?}"),
            ["parked", count] => assert_eq!(totals.parked, number(count) as u64, "{line}: {totals:?}"),
            ["owed", count] => {
                let owed = run(self.world.memory.notices_due(1_000)).unwrap();
                assert_eq!(owed.len(), number(count), "{line}: {owed:?}");
            }
            ["held", count] => assert_eq!(totals.held, number(count) as u64, "{line}: {totals:?}"),
            ["leased", count] => assert_eq!(totals.leased, number(count) as u64, "{line}: {totals:?}"),
            ["perhaps", count] => assert_eq!(self.world.perhaps, number(count), "{line}"),
            ["alarms", count] => {
                assert_eq!(self.world.alarms.len(), number(count), "{line}: {:?}", self.world.alarms)
            }
            ["event", kind, count] => assert_eq!(self.events(kind), number(count), "{line}"),
            ["probes", name, gaps @ ..] => {
                let times = self.world.probes.get(&self.id(name)).cloned().unwrap_or_default();
                let times = times.into_iter().filter(|at| *at > self.mark);
                assert_eq!(
                    gaps_of(self.mark, times),
                    gaps.iter().map(|gap| secs(gap)).collect::<Vec<_>>(),
                    "{line}"
                );
            }
            [name, "is", state @ ..] => self.expect_relay(name, state),
            [name, "tries", gaps @ ..] => self.expect_tries(name, gaps),
            [name, state @ ..] => self.expect_state(name, state),
            [] => {}
        }
    }

    /// How many recipients were delivered; none of them twice.
    fn delivered_once(&self) -> usize {
        let delivered: Vec<_> =
            self.world.tries.iter().filter(|t| t.delivered).map(|t| (t.message, t.index)).collect();
        assert_eq!(delivered.iter().collect::<HashSet<_>>().len(), delivered.len(), "twice: {}", self.line);
        delivered.len()
    }

    fn events(&self, kind: &str) -> usize {
        let (mut count, mut after) = (0, mail::EventId(0));
        loop {
            let events = run(self.world.memory.events(after, 1_000)).unwrap();
            let Some(last) = events.last() else { return count };
            after = last.id;
            let same = |event: &&store::Event| serde_json::to_value(event.kind).unwrap() == kind;
            count += events.iter().filter(same).count();
        }
    }

    fn expect_relay(&self, name: &str, state: &[&str]) {
        let id = self.id(name);
        let closures = run(self.world.memory.closures()).unwrap();
        let own: Vec<_> = closures.iter().filter(|c| c.relay == id && c.sender.is_none()).collect();
        let seen = match own.as_slice() {
            [] => "open".to_owned(),
            [closure] if closure.alarm => format!("closed {}", closure.cause),
            [closure] => format!("away {}", closure.cause),
            more => panic!("{} closures of one relay: {}", more.len(), self.line),
        };
        assert_eq!(seen, state.join(" "), "{}", self.line);
    }

    fn expect_tries(&self, name: &str, gaps: &[&str]) {
        let (message, index) = self.message(name);
        let tries = self.world.tries.iter().filter(|t| t.message == message && t.index == index);
        let seen = gaps_of(self.world.row(message).received_at, tries.map(|t| t.at));
        let wanted: Vec<i64> = gaps.iter().map(|gap| secs(gap)).collect();
        let near = |(seen, wanted): (&i64, &i64)| (seen - wanted).abs() * 10 <= *wanted + 10;
        let alike = seen.len() == wanted.len() && seen.iter().zip(&wanted).all(near);
        assert!(alike, "{}: was {seen:?}", self.line);
    }

    fn expect_state(&self, name: &str, state: &[&str]) {
        let (message, index) = self.message(name);
        let row = self.world.row(message);
        let seen = state_of(&row.recipients[usize::from(index)]);
        // The cause is only looked at where the story names it.
        let seen: Vec<&str> = seen.split(' ').take(state.len()).collect();
        assert_eq!(seen, state, "{}: {:?}", self.line, row.recipients[usize::from(index)]);
    }
}

/// `delivered`, `waiting CAUSE`, `parked CAUSE`…
pub fn state_of(row: &RecipientRow) -> String {
    let cause = row.cause.as_deref().unwrap_or("-");
    match (row.state, row.closure) {
        (RecipientState::Waiting, None) => format!("waiting {cause}"),
        (RecipientState::Waiting, Some(_)) => format!("parked {cause}"),
        (RecipientState::Held, _) => "held".to_owned(),
        (RecipientState::Delivered, _) => "delivered".to_owned(),
        (RecipientState::Failed, _) => format!("failed {cause}"),
        (RecipientState::Expired, _) => format!("expired {cause}"),
        (RecipientState::Cancelled, _) => "cancelled".to_owned(),
    }
}

/// Whole seconds between moments, the first counted from `from`.
fn gaps_of(mut from: Timestamp, times: impl Iterator<Item = Timestamp>) -> Vec<i64> {
    times.map(|at| at.since_ms(std::mem::replace(&mut from, at)) / 1_000).collect()
}

fn secs(text: &str) -> i64 {
    let (number, unit) = match text.find(|c: char| c.is_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("no unit {other}"),
    };
    number.parse::<i64>().unwrap_or_else(|_| panic!("no time {text}")) * unit
}

fn route_scope(text: &str) -> RouteScope {
    match text.split_once('=') {
        None => RouteScope::Default,
        Some(("site", id)) => RouteScope::Site(SiteId(id.parse().unwrap())),
        Some(("domain", name)) => RouteScope::SenderDomain(name.parse().unwrap()),
        Some(("owner", id)) => RouteScope::Owner(mail::OwnerId(id.parse().unwrap())),
        Some(other) => panic!("no scope {other:?}"),
    }
}
