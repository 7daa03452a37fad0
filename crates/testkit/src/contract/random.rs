//! Long random walks on which a store must answer as the model does, across crashes and stops.

use super::sample::{
    NOON, account, attempt, closure, domain, event, evidence, id, message, of, recipient, relay, update,
};
use super::{Failure, Proof, Stage, Subject, same};
use crate::memory::MemoryStore;
use mail::{ClosureId, DomainId, EventId, OwnerId, PublicId, RecipientId, RelayId, Timestamp};
use std::sync::Arc;
use store::{
    About, Act, Body, Change, ClaimLimits, ComeBack, Directory, DueNotice, EventKind, Filter, History,
    NewMessage, NoticeKind, Page, Parking, RecipientState, RouteScope, Settlement, Spool, Start, Store,
    StoreError,
};

/// The messages that a walk remembers to come back to.
const REMEMBERED: i64 = 25;

/// Walks `steps` steps of the kind that `seed` says. The failure names the step, and the same seed finds it again.
pub async fn walk(subject: &Arc<dyn Subject>, seed: u64, steps: u32) -> Proof {
    let mut walk = Walk {
        stage: Stage::new(subject).await?,
        model: MemoryStore::new(),
        dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        now: NOON,
        last: 0,
    };
    walk.furnish().await?;
    for step in 0..steps {
        let done = match walk.step().await {
            Ok(()) if step % 5 == 4 => walk.compare().await,
            other => other,
        };
        done.map_err(|Failure(text)| Failure(format!("seed {seed}, step {step}: {text}")))?;
    }
    walk.compare().await.map_err(|Failure(text)| Failure(format!("seed {seed}, at the end: {text}")))
}

/// A small generator of numbers (xorshift64*): the same everywhere and for ever.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to `below - 1`.
    fn below(&mut self, below: i64) -> i64 {
        i64::try_from(self.next() >> 33).unwrap_or(0) % below.max(1)
    }

    fn size(&mut self, below: i64) -> usize {
        usize::try_from(self.below(below)).unwrap_or(0)
    }

    /// True once in so many times.
    fn once_in(&mut self, times: i64) -> bool {
        self.below(times) == 0
    }
}

/// Does the same to both stores, and finds both answers the same.
macro_rules! both {
    ($walk:expr, $what:expr, $store:ident => $call:expr) => {{
        let expected = {
            let $store = &$walk.model;
            $call.await
        };
        let found = {
            let $store = &*$walk.stage.store;
            $call.await
        };
        same($what, found, expected)
    }};
}

struct Walk {
    stage: Stage,
    model: MemoryStore,
    dice: Dice,
    now: Timestamp,
    last: i64,
}

impl Walk {
    /// Two more owners, three relays, an account.
    async fn furnish(&mut self) -> Proof {
        for name in ["b", "c"] {
            both!(self, "owner", store => store.add_owner(name.to_owned(), Vec::new()))?;
        }
        for name in ["one", "two", "three"] {
            both!(self, "relay", store => store.save_relay(relay(name), Vec::new()))?;
        }
        both!(self, "account", store => store.save_account(account("anne"), None, Vec::new()))
    }

    async fn step(&mut self) -> Proof {
        self.now = self.now.plus_ms(self.dice.below(20_000));
        match self.dice.below(100) {
            0..20 => self.accept().await,
            20..40 => self.claim().await,
            40..62 => self.settle().await,
            62..66 => self.release().await,
            66..78 => self.act().await,
            78..82 => self.closures().await,
            82..84 => self.notices().await,
            84..89 => self.purge().await,
            89..93 => self.directory().await,
            93..97 => self.body().await,
            97 => {
                self.model.crash();
                self.stage.crash().await?;
                both!(self, "recover", store => store.recover(self.now))
            }
            98 => {
                self.model.crash();
                self.stage.restart().await?;
                both!(self, "recover", store => store.recover(self.now))
            }
            _ => {
                let about = self.any_recipient();
                let new = event(EventKind::PerhapsTwice, self.now, about);
                both!(self, "append", store => store.append(vec![new.clone()]))
            }
        }
    }

    /// A recipient that there may be.
    fn any_recipient(&mut self) -> RecipientId {
        let number = self.last - self.dice.below(REMEMBERED);
        of(number.max(0), u16::try_from(self.dice.below(4)).unwrap_or(0))
    }

    fn some_recipients(&mut self) -> Vec<RecipientId> {
        (0..=self.dice.below(6)).map(|_| self.any_recipient()).collect()
    }

    fn parking(&mut self) -> Parking {
        let closure = ClosureId(self.dice.below(4));
        let since = self.now.plus_ms(-self.dice.below(5_000));
        Parking { closure, since, wake_at: self.now.plus_ms(self.dice.below(300_000)) }
    }

    fn start(&mut self) -> Start {
        match self.dice.below(4) {
            0 | 1 => Start::Leased,
            2 => Start::Due(self.now.plus_ms(self.dice.below(100_000) - 20_000)),
            _ => Start::Parked(self.parking()),
        }
    }

    fn message(&mut self) -> NewMessage {
        // Now and then an id that is taken, or older than the newest.
        let number = if self.dice.once_in(12) { self.last - self.dice.below(5) } else { self.last + 2 };
        let number = number.max(1);
        self.last = self.last.max(number);
        let starts: Vec<Start> = (0..=self.dice.below(3)).map(|_| self.start()).collect();
        let mut new = message(number, &starts);
        new.owner = OwnerId(1 + self.dice.below(3));
        new.received_at = self.now;
        if self.dice.once_in(4) {
            new.recipients.extend(recipient("Élise@Société.test", Start::Due(self.now)));
        }
        for recipient in &mut new.recipients {
            recipient.relay = Some(RelayId(self.dice.below(4))).filter(|relay| relay.0 > 0);
            recipient.cause = Some("no_route").filter(|_| self.dice.once_in(3));
            recipient.wishes.orcpt = self.dice.once_in(5).then(|| "rfc822;first@example.net".to_owned());
        }
        new.events = vec![event(EventKind::Accepted, self.now, of(number, 0))];
        new.extras.envid = self.dice.once_in(5).then(|| "QQ314159".to_owned());
        if self.dice.once_in(5) {
            let (recipient, kind) = (self.any_recipient(), self.kind());
            new.extras.about = Some(About { message: recipient.message, kind });
            new.tells = vec![DueNotice { recipient, kind }];
        }
        new
    }

    fn kind(&mut self) -> NoticeKind {
        NoticeKind::from_stored(self.dice.below(4)).unwrap_or(NoticeKind::Failure)
    }

    async fn accept(&mut self) -> Proof {
        let mut new = self.message();
        if !self.dice.once_in(8) {
            return both!(self, "accept", store => store.accept(new.clone()));
        }
        let content = vec![b'y'; self.dice.size(300_000)];
        let expected = accept_streamed(&self.model, &mut new, &content).await;
        let found = accept_streamed(&*self.stage.store, &mut new, &content).await;
        same("accept from a stored body", found, expected)
    }

    async fn claim(&mut self) -> Proof {
        let limits = ClaimLimits { total: self.dice.size(12), per_owner: self.dice.size(8) };
        both!(self, "claim", store => store.claim(self.now, limits))
    }

    async fn settle(&mut self) -> Proof {
        let mut recipients = self.some_recipients();
        // Mostly the recipients of one message, as an attempt has them.
        if !self.dice.once_in(4)
            && let Some(first) = recipients.first().map(|first| first.message)
        {
            recipients.iter_mut().for_each(|recipient| recipient.message = first);
            recipients.sort_unstable();
            recipients.dedup();
        }
        if self.dice.once_in(2) {
            recipients.truncate(1);
        }
        let about = recipients.first().map(|first| first.message);
        let updates = recipients.into_iter().map(|id| self.update(id)).collect();
        let number = 1_000_000 + self.now.0 % 1_000_000;
        let attempt = about.filter(|_| !self.dice.once_in(3)).map(|about| attempt(number, about, self.now));
        let events = (0..self.dice.below(3)).map(|_| self.any_recipient()).collect::<Vec<_>>();
        let events = events.into_iter().map(|about| event(EventKind::Deferred, self.now, about)).collect();
        let signature =
            self.dice.once_in(3).then(|| format!("DKIM-Signature: {number}\r\n").into_bytes().into());
        let settlement = Settlement { attempt, updates, signature, events };
        both!(self, "settle", store => store.settle(settlement.clone()))
    }

    fn update(&mut self, id: RecipientId) -> store::RecipientUpdate {
        use RecipientState::{Cancelled, Delivered, Expired, Failed};
        let change = match self.dice.below(8) {
            0..3 => Change::Final(Delivered),
            3 => Change::Final(Failed),
            4 => Change::Final(if self.dice.once_in(2) { Expired } else { Cancelled }),
            5 => Change::Parked(self.parking()),
            _ => Change::Due(self.now.plus_ms(self.dice.below(60_000))),
        };
        let mut new = update(id, change);
        new.relay = Some(RelayId(self.dice.below(4))).filter(|relay| relay.0 > 0);
        new.evidence = self.dice.once_in(2).then(|| Arc::new(evidence(self.now)));
        new.cause = Some("greylisted").filter(|_| self.dice.once_in(2));
        new.attempted = !self.dice.once_in(3);
        new.asked_wait_used = self.dice.once_in(2);
        new.paused_ms = self.dice.below(3) * 1_000;
        new.expires_at = self.now.plus_ms(self.dice.below(1_000_000));
        new.notice = self.dice.once_in(4).then(|| self.kind());
        new
    }

    async fn release(&mut self) -> Proof {
        let recipients = self.some_recipients();
        both!(self, "release", store => store.release(recipients.clone()))
    }

    async fn act(&mut self) -> Proof {
        let recipients = self.some_recipients();
        let acts = [Act::Retry, Act::Hold, Act::Release, Act::Delete, Act::Undo, Act::Fail];
        let act = acts.get(self.dice.size(6)).copied().unwrap_or(Act::Retry);
        both!(self, "act", store => store.act(act, recipients.clone(), self.now))
    }

    async fn closures(&mut self) -> Proof {
        let number = self.dice.below(4);
        match self.dice.below(5) {
            0 => {
                let relay = RelayId(1 + self.dice.below(4));
                let row = closure(number, relay);
                both!(self, "save_closure", store => store.save_closure(row.clone(), Vec::new()))
            }
            1 => both!(self, "remove_closure", store => store.remove_closure(ClosureId(number), Vec::new())),
            _ => {
                let limit = self.dice.size(6);
                let pause = Some(self.dice.below(9_000)).filter(|pause| *pause > 2_000);
                both!(self, "unpark", store => store.unpark(ClosureId(number), self.now, limit, pause))
            }
        }
    }

    async fn notices(&mut self) -> Proof {
        let id = self.any_recipient();
        if self.dice.once_in(3) {
            let notices = vec![DueNotice { recipient: id, kind: self.kind() }];
            return both!(self, "drop_notices", store => store.drop_notices(notices.clone()));
        }
        let evidence = Arc::new(evidence(self.now));
        let back = ComeBack { message: id.message, recipients: vec![0, id.index], evidence, cause: "full" };
        let events = vec![event(EventKind::CameBack, self.now, id)];
        both!(self, "come_back", store => store.come_back(back.clone(), events.clone()))
    }

    async fn purge(&mut self) -> Proof {
        let before = self.now.plus_ms(-self.dice.below(200_000));
        let limit = self.dice.size(5);
        both!(self, "purge", store => store.purge(before, limit))
    }

    async fn directory(&mut self) -> Proof {
        let id = RelayId(1 + self.dice.below(5));
        let name = if self.dice.once_in(3) { "one" } else { "two" };
        match self.dice.below(6) {
            4 => {
                let Some(mut row) = domain(&format!("{name}.test")) else { return Ok(()) };
                row.id = DomainId(if self.dice.once_in(2) { id.0 } else { 0 });
                row.keys.truncate(self.dice.size(3));
                both!(self, "save_domain", store => store.save_domain(row.clone(), Vec::new()))
            }
            5 => both!(self, "remove_domain", store => store.remove_domain(DomainId(id.0), Vec::new())),
            0 => {
                let mut row = relay(name);
                row.id = if self.dice.once_in(2) { id } else { RelayId(0) };
                both!(self, "save_relay", store => store.save_relay(row.clone(), Vec::new()))
            }
            1 => both!(self, "remove_relay", store => store.remove_relay(id, self.now, Vec::new())),
            2 => {
                let relay = Some(RelayId(id.0 - 1)).filter(|_| !self.dice.once_in(3));
                let scope = RouteScope::Owner(OwnerId(self.dice.below(3)));
                both!(self, "set_route", store => store.set_route(scope.clone(), relay, Vec::new()))
            }
            _ => {
                let value = Some(self.now.0.to_string()).filter(|_| !self.dice.once_in(3));
                both!(self, "set_setting", store => store.set_setting(name.to_owned(), value.clone()))
            }
        }
    }

    async fn body(&mut self) -> Proof {
        let number = self.any_recipient().message.get();
        let expected = content(&self.model, number).await;
        let found = content(&*self.stage.store, number).await;
        same("body", found, expected)
    }

    fn filter(&mut self) -> Filter {
        let mut filter = Filter::default();
        let states = [0, 1, 10, 11, 12, 13];
        let state = states.get(self.dice.size(6)).copied().and_then(RecipientState::from_stored);
        filter.state = state.filter(|_| self.dice.once_in(2));
        match self.dice.below(9) {
            0 => filter.ids = self.some_recipients().into_iter().map(|recipient| recipient.message).collect(),
            1 => filter.recipient = Some("r1@example.net".to_owned()),
            2 => filter.recipient_domain = Some("xn--socit-esab.test".to_owned()),
            3 => filter.relay = Some(RelayId(1 + self.dice.below(3))),
            4 => filter.cause = Some("greylisted".to_owned()),
            5 => filter.before = Some(self.now.plus_ms(-self.dice.below(100_000))),
            6 => filter.owner = Some(OwnerId(1 + self.dice.below(3))),
            _ => {}
        }
        filter
    }

    /// Looks at both stores through everything that shows what they hold.
    async fn compare(&mut self) -> Proof {
        both!(self, "totals", store => store.totals())?;
        both!(self, "last_id", store => store.last_id())?;
        both!(self, "parked_closures", store => store.parked_closures())?;
        let filter = self.filter();
        let after = Some(id(self.last - self.dice.below(REMEMBERED))).filter(|_| self.dice.once_in(2));
        let page = Page { after, limit: 1 + self.dice.size(30) };
        let what = format!("list of {filter:?}, {page:?}");
        both!(self, &what, store => store.list(filter.clone(), page))?;
        let number = self.any_recipient().message;
        both!(self, "story", store => store.story(number))?;
        let public = message(number.get(), &[]).public_id;
        both!(self, "by_public_id", store => store.by_public_id(public))?;
        both!(self, "by_public_id of nobody", store => store.by_public_id(PublicId([7; 16])))?;
        let after = EventId(self.dice.below(self.last * 2));
        both!(self, "events", store => store.events(after, 20))?;
        both!(self, "closures", store => store.closures())?;
        both!(self, "relays", store => store.relays())?;
        both!(self, "routes", store => store.routes())?;
        both!(self, "domains", store => store.domains())?;
        both!(self, "notices_due", store => store.notices_due(50))?;
        let (after, before) = (self.any_recipient().message, self.now.plus_ms(-self.dice.below(100_000)));
        both!(self, "late", store => store.late(Some(after), before, 10))?;
        both!(self, "setting", store => store.setting("one"))
    }
}

async fn accept_streamed(store: &dyn Store, new: &mut NewMessage, content: &[u8]) -> Result<(), StoreError> {
    let mut sink = store.body_sink().await?;
    for piece in content.chunks(50_000) {
        sink.append(piece.to_vec()).await?;
    }
    new.body = Body::Stored(sink.finish().await?);
    store.accept(new.clone()).await
}

async fn content(store: &dyn Store, number: i64) -> Result<Vec<u8>, StoreError> {
    let mut reader = store.body(id(number)).await?;
    let mut content = Vec::new();
    while let Some(piece) = reader.next().await? {
        content.extend(piece);
    }
    Ok(content)
}
