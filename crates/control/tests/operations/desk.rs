//! A server without ports: its operations, and what they left behind.

use control::{Answer, Blame, Caller, Control, Fault, Listener, Operation, Registry, Role, ServerFacts};
use deliver::direct::{DirectCourier, DirectSettings};
use deliver::{Couriers, Keyring, RelayCourier, Settings};
use mail::{
    Clock, Envelope, EventId, Evidence, Language, OwnerId, Principal, QueueId, Reply, Secret, Seen, Stage,
    Timestamp,
};
use net::{Dialer, Dns, Resolver};
use queue::{Carried, Limits, Parts, Queue, Refusal, Submission, Timetable, Trace};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use store::{EventKind, History as _, Store};
use testkit::memory::MemoryStore;

/// In every secret that a test gives: it must not be found in any answer, event or row.
pub const CANARY: &str = "canary-bd41c6";

/// What is published: of one domain everything that needs no key, of another something else.
const ZONE: &str = "
    there.test TXT \"v=spf1 a:mx.test ~all\"
    _dmarc.there.test TXT \"v=DMARC1; p=reject\"
    bounce.there.test MX 10 mx.test
    bounce.there.test TXT \"v=spf1 a:mx.test -all\"
    _imaps._tcp.there.test SRV 0 1 993 mx.test
    _pop3s._tcp.there.test SRV 0 0 0 .
    _submissions._tcp.there.test SRV 0 1 465 old.test
    autoconfig.there.test A 192.0.2.1
    else.test TXT \"google-site-verification=1\"
    else.test TXT \"v=spf1 include:_spf.google.com -all\"
    facteur._domainkey.else.test TXT \"v=DKIM1; k=rsa; p=AAAA\"
    bounce.else.test MX 10 mx.else.test
";

pub struct Desk {
    pub store: Arc<MemoryStore>,
    pub queue: Arc<Queue>,
    pub control: Control,
    pub clock: Clock,
}

impl Desk {
    pub async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let clock = Clock::manual(Timestamp(1_795_325_428_000));
        let registry = Registry::new();
        let parts = Parts {
            store: Arc::clone(&shared),
            clock: clock.clone(),
            host_name: "mx.test".parse().unwrap(),
            policy: Arc::clone(&registry) as Arc<dyn queue::Policy>,
            limits: Limits::default(),
            timetable: Timetable::default(),
            node: 0,
        };
        let (queue, _) = Queue::start(parts).await.unwrap();
        let dialer = Dialer::new(clock.clone(), Resolver::Fixed(HashMap::new()));
        let settings = Settings::new("mx.test");
        let relays = RelayCourier::new(dialer, clock.clone(), settings, Arc::clone(&shared)).unwrap();
        let dns = Dns::zone(ZONE.parse().unwrap());
        let direct = DirectCourier::new(dns, clock.clone(), DirectSettings::new("mx.test")).unwrap();
        let couriers = Couriers {
            relays: Arc::new(relays),
            direct: Arc::new(direct),
            return_paths: Arc::default(),
            keyring: Arc::new(Keyring::default()),
            store: shared,
            clock: clock.clone(),
        };
        let facts = ServerFacts {
            host_name: "mx.test".parse().unwrap(),
            listeners: vec![Listener {
                address: "0.0.0.0:25".to_owned(),
                kind: "mx".to_owned(),
                instead_of: None,
            }],
            pid: Some(7),
            started_at: clock.now(),
            language: Language::En,
        };
        let control = Control::new(Arc::clone(&queue), Arc::new(couriers), registry, facts);
        Self { store, queue, control, clock }
    }

    /// Asks as the administrator, in JSON.
    pub async fn ask(&self, operation: Value) -> Result<Answer, Fault> {
        self.ask_as(Role::Administrator, operation).await
    }

    pub async fn ask_as(&self, role: Role, operation: Value) -> Result<Answer, Fault> {
        let operation: Operation = serde_json::from_value(operation).unwrap();
        let caller = Caller { name: "uid 0".to_owned(), role };
        let answer = self.control.perform(&caller, operation).await;
        let text = format!("{answer:?} {}", serde_json::to_string(&answer.as_ref().ok()).unwrap());
        assert!(!text.contains(CANARY), "{text}");
        answer
    }

    /// Asks, and gives the answer in JSON.
    pub async fn does(&self, operation: Value) -> Value {
        let what = operation.to_string();
        let answer = self.ask(operation).await.unwrap_or_else(|fault| panic!("{what}: {fault}"));
        serde_json::to_value(answer).unwrap()
    }

    /// Asks for what is refused, for that reason and about that.
    pub async fn refuses(&self, operation: Value, blame: Blame, about: &str) {
        let before = self.audits().await.len();
        let what = operation.to_string();
        let fault = self.ask(operation).await.expect_err(&what);
        assert_eq!((fault.blame, fault.what.as_str()), (blame, about), "{what}: {fault}");
        assert_eq!(self.audits().await.len(), before, "what was refused was not done: {what}");
    }

    /// The audit entries: `operation on caller`.
    pub async fn audits(&self) -> Vec<String> {
        let events = self.store.events(EventId(0), 1_000).await.unwrap();
        let text = format!("{events:?}");
        assert!(!text.contains(CANARY), "{text}");
        let entries = events.into_iter().filter(|event| event.kind == EventKind::Audit);
        let entry = |event: store::Event| serde_json::from_str::<store::AuditEntry>(&event.detail).unwrap();
        entries.map(entry).map(|entry| format!("{} {} {}", entry.caller, entry.operation, entry.on)).collect()
    }

    /// A relay that is reached by nobody, through which everything is carried.
    pub async fn relay(&self, name: &str) {
        let relay = json!({"name": name, "host": "smtp.test", "login": "us", "password": CANARY});
        self.does(json!({"operation": "relay_add", "relay": relay})).await;
    }

    pub async fn send(&self, from: &str, to: &[&str]) -> QueueId {
        let mut draft = self.queue.draft();
        draft.append(b"Subject: x\r\n\r\nbody\r\n".to_vec()).await.unwrap();
        let envelope = Envelope {
            from: from.parse().unwrap(),
            recipients: to.iter().map(|address| address.parse().unwrap()).collect(),
            ..Envelope::default()
        };
        let trace = Trace { helo: "x".to_owned(), client: None, protocol: "local" };
        let principal = Principal::System;
        self.queue
            .accept(Submission { principal, owner: OwnerId::DEFAULT, envelope, trace, draft })
            .await
            .unwrap()
    }

    /// Whether a principal may send so.
    pub fn judge(&self, principal: Principal, from: &str) -> Result<(), Refusal> {
        let envelope = Envelope { from: from.parse().unwrap(), ..Envelope::default() };
        queue::Policy::judge(&**self.control.registry(), principal, OwnerId::DEFAULT, &envelope)
    }

    /// Carries all that is due; every relay answers so.
    pub async fn carry(&self, stage: Stage, reply: &str) {
        self.queue.feed().await.unwrap();
        while let Poll::Ready(batch) = pin!(self.queue.next()).poll(&mut Context::from_waker(Waker::noop())) {
            let mut words = reply.splitn(3, ' ');
            let code = words.next().unwrap().parse().unwrap();
            let enhanced = words.next().and_then(|word| word.parse().ok());
            let reply = Reply::new(code, enhanced, words.next().unwrap_or_default());
            let now = self.clock.now();
            let evidence =
                || Evidence { at: now, stage, peer: None, seen: Seen::Reply { reply: reply.clone() } };
            let result = || if code < 300 { Ok(reply.clone()) } else { Err(Arc::new(evidence())) };
            let results = batch.passengers.iter().map(|_| result()).collect();
            let carried = Carried::new(now, now, results);
            let decided = self.queue.decide(batch, carried);
            self.queue.record(&decided).await.unwrap();
            drop(decided);
            self.queue.feed().await.unwrap();
        }
    }
}

pub fn secret(text: &str) -> Secret {
    Secret::new(text)
}
