//! A letter of the queue, signed once and sent with its signatures, from memory and from the store.

use crate::direct::host::{Unlike, World};
use authenticity::{Algorithm, Signer, SigningKey};
use deliver::direct::Parcel;
use deliver::{Keyring, LetterSource, Unsigned};
use mail::{Clock, Envelope, OwnerId, Principal, Recipient, RelayId, Secret, SiteId, Timestamp};
use queue::{Batch, Limits, Parts, Policy, Queue, Refusal, Submission, Timetable, Trace};
use std::sync::Arc;
use store::{Directory as _, Relay, RelayAuth, RelayTls, RouteScope};
use testkit::memory::MemoryStore;

const NOW: Timestamp = Timestamp(1_795_325_428_000);

struct Everybody;

impl Policy for Everybody {
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

/// A message accepted by a queue, as the queue hands it out.
async fn letter(content: &str, limits: Limits) -> (Arc<MemoryStore>, Batch) {
    let store = Arc::new(MemoryStore::new());
    let relay = Relay {
        id: RelayId(0),
        owner: OwnerId::DEFAULT,
        account: None,
        name: "any".to_owned(),
        preset: None,
        host: "relay.example".to_owned(),
        port: None,
        tls: RelayTls::Auto,
        insecure: false,
        extra_ca: None,
        auth: RelayAuth::Password { login: "us".to_owned(), password: Secret::new("hunter2") },
        sender: store::SenderMode::Keep,
        max_connections: 1,
        max_recipients: 10,
        revision: 0,
        created_at: NOW,
    };
    let relay = store.save_relay(relay, Vec::new()).await.unwrap();
    store.set_route(RouteScope::Default, Some(relay), Vec::new()).await.unwrap();
    let parts = Parts {
        store: Arc::clone(&store) as Arc<dyn store::Store>,
        clock: Clock::manual(NOW),
        host_name: "us.example".parse().unwrap(),
        policy: Arc::new(Everybody),
        limits,
        timetable: Timetable::default(),
        node: 0,
    };
    let (queue, _) = Queue::start(parts).await.unwrap();
    let mut draft = queue.draft();
    draft.append(content.as_bytes().to_vec()).await.unwrap();
    let envelope = Envelope {
        from: "anna@sender.example".parse().unwrap(),
        recipients: vec!["a@x.example".parse().unwrap()],
        ..Envelope::default()
    };
    let trace = Trace { helo: "here".to_owned(), client: None, protocol: "local" };
    let (principal, owner) = (Principal::Site(SiteId(1)), OwnerId::DEFAULT);
    queue.accept(Submission { principal, owner, envelope, trace, draft }).await.unwrap();
    // With no memory for contents, the queue hands out what it reads back.
    queue.feed().await.unwrap();
    let batch = queue.next().await;
    (store, batch)
}

fn keyring() -> Keyring {
    let signer = |algorithm, selector| {
        let key = SigningKey::from_pem(&SigningKey::generate(algorithm).unwrap()).unwrap();
        Signer::new("sender.example".parse().unwrap(), selector, key).unwrap()
    };
    let signers = vec![signer(Algorithm::RsaSha256, "r1"), signer(Algorithm::Ed25519Sha256, "e1")];
    let keyring = Keyring::default();
    keyring.replace([("sender.example".parse().unwrap(), signers)]);
    keyring
}

#[tokio::test]
async fn a_signed_letter_arrives_with_its_signatures_first() {
    let text = format!(
        "From: anna@sender.example\r\nSubject: Hello\r\n\r\n{}",
        "Once upon a time.\r\n".repeat(10_000)
    );
    for (limits, in_memory) in [
        (Limits::default(), true),
        (Limits { body_bytes: 0, spill_bytes: 1_000, ..Limits::default() }, false),
    ] {
        let (store, batch) = letter(&text, limits).await;
        let letter = &batch.letter;
        assert_eq!(letter.body.is_some(), in_memory && text.len() <= Limits::default().spill_bytes);
        let keyring = keyring();
        let signatures = keyring.sign(letter, &*store, NOW).await.unwrap().unwrap();
        let signatures = String::from_utf8_lossy(&signatures);
        assert_eq!(signatures.matches("DKIM-Signature:").count(), 2);
        assert_eq!(keyring.sign(letter, &*store, NOW).await.unwrap(), None, "once is enough");
        let source = LetterSource { letter, spool: &*store, keyring: &keyring, login: None, now: NOW };
        let world =
            World::new("x.example MX 1 a.example/a.example A 127.0.0.1", "127.0.0.1", Unlike::default())
                .await;
        let recipients: Vec<Recipient> =
            batch.passengers.iter().map(|passenger| passenger.address.clone().into()).collect();
        let (envid, ret) = (None, None);
        let parcel = Parcel { from: &letter.from, recipients: &recipients, envid, ret, source: &source };
        let delivery = world.courier.carry(recipients[0].address.domain(), parcel, 1).await;
        assert!(delivery.carried.results[0].is_ok(), "{delivery:?}");
        let taken = world.log.taken.lock().unwrap();
        let added = String::from_utf8_lossy(&letter.added_headers);
        assert_eq!(taken[0].content, format!("{signatures}{added}{text}"));
    }
}

#[tokio::test]
async fn a_letter_without_a_from_is_not_signed() {
    let (store, batch) = letter("Subject: nobody\r\n\r\nHello\r\n", Limits::default()).await;
    let unsigned = keyring().sign(&batch.letter, &*store, NOW).await.unwrap_err();
    assert_eq!(unsigned, Unsigned::Unfit(authenticity::AuthenticityError::NoFrom));
}
