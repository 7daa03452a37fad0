//! A queue with one relay, and the courier that carries its mail.

use crate::relay::server::{Authority, HOST, Server};
use deliver::{Port, RelayCourier, Settings};
use mail::{
    Clock, Envelope, Evidence, OwnerId, Principal, RelayId, Reply, ReversePath, Secret, Seen, SiteId, Stage,
    Timestamp,
};
use net::{Dialer, Resolver};
use queue::{
    Batch, Carried, Courier as _, Limits, Parts, Policy, Queue, Refusal, Submission, Timetable, Trace,
};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Directory as _, Relay, RelayAuth, RelayTls, RouteScope, Store};
use testkit::memory::MemoryStore;

/// The password of every relay: it must never be seen anywhere but in AUTH.
pub const CANARY: &str = "kanarienvogel-7b1";
/// It, as AUTH PLAIN sends it with its login, and by itself, as AUTH LOGIN does.
pub const CANARY_PLAIN: &str = "AHVzAGthbmFyaWVudm9nZWwtN2Ix";
pub const CANARY_LOGIN: &str = "a2FuYXJpZW52b2dlbC03YjE=";

/// Everybody may send.
struct AllowAll;

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

/// A queue, its relay and its courier.
pub struct Post {
    pub store: Arc<MemoryStore>,
    pub queue: Arc<Queue>,
    pub courier: RelayCourier,
    pub clock: Clock,
    relay: RelayId,
}

impl Post {
    /// A post whose relay is that server.
    pub async fn to(server: &Server, authority: &Authority, change: impl FnOnce(&mut Relay)) -> Self {
        let port = server.port;
        let change = |relay: &mut Relay| {
            relay.port = Some(port);
            relay.extra_ca = Some(authority.pem.clone());
            change(relay);
        };
        Self::with(Limits::default(), Vec::new(), "127.0.0.1", change).await
    }

    /// A post whose relay's name leads to that address, and which tries those ports.
    pub async fn with(
        limits: Limits,
        ports: Vec<Port>,
        address: &str,
        change: impl FnOnce(&mut Relay),
    ) -> Self {
        let store = Arc::new(MemoryStore::new());
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let clock = Clock::manual(Timestamp(1_795_325_428_000));
        let parts = Parts {
            store: Arc::clone(&shared),
            clock: clock.clone(),
            host_name: "us.test".parse().unwrap(),
            policy: Arc::new(AllowAll),
            limits,
            timetable: Timetable::default(),
            node: 0,
        };
        let (queue, _) = Queue::start(parts).await.unwrap();
        let names = HashMap::from([(HOST.to_owned(), vec![address.parse().unwrap()])]);
        let dialer = Dialer::new(clock.clone(), Resolver::Fixed(names));
        let settings = Settings { ports, ..Settings::new("us.test") };
        let courier = RelayCourier::new(dialer, clock.clone(), settings, shared).unwrap();
        let mut relay = plain_relay();
        change(&mut relay);
        let id = store.save_relay(relay, Vec::new()).await.unwrap();
        store.set_route(RouteScope::Default, Some(id), Vec::new()).await.unwrap();
        queue.reload().await.unwrap();
        Self { store, queue, courier, clock, relay: id }
    }

    pub async fn relay(&self) -> Relay {
        let relays = self.store.relays().await.unwrap();
        relays.into_iter().find(|relay| relay.id == self.relay).unwrap()
    }

    /// Changes the relay, as an operator does.
    pub async fn change(&self, change: impl FnOnce(&mut Relay)) {
        let mut relay = self.relay().await;
        change(&mut relay);
        self.store.save_relay(relay, Vec::new()).await.unwrap();
        self.queue.reload().await.unwrap();
    }

    /// A message to these, as far as its batch.
    pub async fn batch(&self, to: &[&str], content: &str) -> Batch {
        let from = ReversePath::Address("anne@here.test".parse().unwrap());
        self.batch_from(from, to, content).await
    }

    /// The same, from somebody else.
    pub async fn batch_from(&self, from: ReversePath, to: &[&str], content: &str) -> Batch {
        let recipients = to.iter().map(|address| address.parse().unwrap()).collect();
        self.batch_of(Envelope { from, recipients, ..Envelope::default() }, content).await
    }

    /// A message with that envelope, as far as its batch.
    pub async fn batch_of(&self, envelope: Envelope, content: &str) -> Batch {
        let mut draft = self.queue.draft();
        draft.append(content.as_bytes().to_vec()).await.unwrap();
        let submission = Submission {
            principal: Principal::Site(SiteId(1)),
            owner: OwnerId::DEFAULT,
            envelope,
            trace: Trace { helo: "client.test".to_owned(), client: None, protocol: "ESMTPSA" },
            draft,
        };
        self.queue.accept(submission).await.unwrap();
        self.queue.next().await
    }

    /// Carries a message to these.
    pub async fn carry(&self, to: &[&str]) -> Carried {
        let batch = self.batch(to, "Subject: x\r\n\r\n.dot\r\n").await;
        let carried = self.courier.carry(&batch).await;
        self.queue.decide(batch, carried.clone());
        assert_no_secret(&carried);
        carried
    }

    /// Carries a message to one, and gives what came of it.
    pub async fn one(&self) -> Result<Reply, Evidence> {
        let mut carried = self.carry(&["bob@x.test"]).await;
        assert_eq!(carried.results.len(), 1);
        carried.results.remove(0).map_err(Arc::unwrap_or_clone)
    }

    /// Carries a message to one, which fails there and so.
    pub async fn fails(&self, stage: Stage, seen: &str) -> Evidence {
        let evidence = self.one().await.expect_err("it must fail");
        assert_eq!((evidence.stage, name_of(&evidence.seen).as_str()), (stage, seen), "{evidence}");
        evidence
    }
}

/// What was seen, in a word: the code of a reply, or the name of the rest.
pub fn name_of(seen: &Seen) -> String {
    match seen {
        Seen::Reply { reply } => reply.code.to_string(),
        Seen::Tls { fault } => {
            format!("tls {}", serde_json::to_value(fault).unwrap()["fault"].as_str().unwrap())
        }
        Seen::NotOffered { what } => format!("no {what}"),
        other => serde_json::to_value(other).unwrap()["seen"].as_str().unwrap().to_owned(),
    }
}

/// Nothing that is kept of an attempt holds the password, in any form.
pub fn assert_no_secret(carried: &Carried) {
    let text = format!("{carried:?} {}", serde_json::to_string(&carried.dialogue).unwrap());
    for canary in [CANARY, CANARY_PLAIN, CANARY_LOGIN] {
        assert!(!text.contains(canary), "{text}");
    }
}

fn plain_relay() -> Relay {
    Relay {
        id: RelayId(0),
        owner: OwnerId::DEFAULT,
        account: None,
        name: "relay".to_owned(),
        preset: None,
        host: HOST.to_owned(),
        port: None,
        tls: RelayTls::Auto,
        insecure: false,
        extra_ca: None,
        auth: RelayAuth::Password { login: "us".to_owned(), password: Secret::new(CANARY) },
        sender: store::SenderMode::Keep,
        max_connections: 5,
        max_recipients: 100,
        revision: 0,
        created_at: Timestamp(0),
    }
}
