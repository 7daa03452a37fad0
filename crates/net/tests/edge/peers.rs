//! The port for other servers: nobody signs in, and only what the door awaits is taken.

use crate::submission::tls_over;
use crate::support::{Port, Setting, Shared, Talker, TestDoor, any_tls, until, visitor};
use mail::{Address, Principal, Reply, ReversePath};
use net::door::BoxFuture;
use net::{Client, Door, Intake, ListenerKind, ListenerSpec, Serve, Visitor, serve};
use smtp::server::{SessionConfig, SignIn};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

fn mx(door: &Arc<TestDoor>) -> Port {
    let mut setting = Setting::new(ListenerKind::Mx);
    setting.session.max_hold_secs = Some(600);
    setting.serve(door, &any_tls())
}

const OFFERS: &str = "S: 250-mail.test|250-PIPELINING|250-SIZE 50000000|250-8BITMIME|250-CHUNKING|250-LIMITS RCPTMAX=1000|250-SMTPUTF8|";

#[tokio::test]
async fn what_is_awaited_is_taken_and_nothing_else() {
    // Not even a network from which programs may send submits here.
    let door = TestDoor::site();
    let port = mx(&door);
    let mut client = Talker::connect(port.address).await;
    client
        .check(&format!(
            "S: 220 mail.test
            C: EHLO mx.far.test
            {OFFERS}250-STARTTLS|250 ENHANCEDSTATUSCODES
            C: AUTH PLAIN AGFubmEAcmlnaHQ=
            S: 502 5.5.1
            C: MAIL FROM:<> RET=FULL
            S: 555 5.5.4
            C: MAIL FROM:<> HOLDFOR=60
            S: 555 5.5.4
            C: MAIL FROM:<stranger@far.test> SIZE=7
            S: 550 5.7.1 not from mx.far.test at 127.0.0.1, size Some(7)
            C: MAIL FROM:<>
            S: 250
            C: RCPT TO:<b@elsewhere.test>
            S: 550 5.7.1 This server takes no mail for <b@elsewhere.test>
            C: RCPT TO:<postmaster>
            S: 550 5.7.1 This server takes no mail for <postmaster@mail.test>
            C: DATA
            S: 554
            C: RCPT TO:<b+abc@return.test>
            S: 250
            C: DATA
            S: 354
            C: it bounced
            C: .
            S: 250"
        ))
        .await;
    let taken = door.taken.lock().unwrap().pop().unwrap();
    assert_eq!((taken.visitor, taken.content.as_slice()), (visitor("a peer"), &b"it bounced\r\n"[..]));
    assert_eq!((taken.envelope.from, taken.envelope.recipients.len()), (ReversePath::Null, 1));
    assert_eq!(taken.client.protocol, "ESMTP");
    client.check("C: STARTTLS\nS: 220").await;
    let mut client = Talker::over(tls_over(client.stream).await);
    client
        .check(&format!(
            "C: EHLO mx.far.test
            {OFFERS}250 ENHANCEDSTATUSCODES
            C: AUTH PLAIN AGFubmEAcmlnaHQ=
            S: 502 5.5.1
            C: MAIL FROM:<a@far.test>
            S: 250
            C: RCPT TO:<b+abc@return.test>
            S: 250
            C: DATA
            S: 354
            C: again
            C: .
            S: 250"
        ))
        .await;
    let taken = door.taken.lock().unwrap().pop().unwrap();
    assert_eq!((taken.client.protocol, taken.client.tls), ("ESMTPS", true));
}

#[tokio::test]
async fn the_limits_of_a_content_hold_for_other_servers_too() {
    let door = Arc::new(TestDoor::default());
    let mut setting = Setting::new(ListenerKind::Mx);
    setting.session.max_message_bytes = 1_000;
    let port = setting.serve(&door, &any_tls());
    let mut client = Talker::connect(port.address).await;
    client.check("S: 220\nC: EHLO x\nS: 250-\nC: MAIL FROM:<> SIZE=1001\nS: 552 5.3.4").await;
    client.check("C: MAIL FROM:<>\nS: 250\nC: RCPT TO:<b+a@return.test>\nS: 250\nC: DATA\nS: 354").await;
    client.send(&b"0123456\r\n".repeat(200)).await;
    client.check("C: .\nS: 552 5.3.4\nC: QUIT\nS: 221\nS: (closed)").await;
    until("the connection is gone", || port.shared.connections() == 0).await;
    assert_eq!((door.open.load(Ordering::SeqCst), door.contents().len()), (0, 0));
}

/// A door that answers nothing that it need not.
struct Plain(Shared);

impl Door for Plain {
    fn network_site(&self, client: IpAddr) -> Option<Visitor> {
        self.0.network_site(client)
    }

    fn sign_in<'a>(&'a self, client: &'a Client, attempt: SignIn) -> BoxFuture<'a, Result<Visitor, Reply>> {
        self.0.sign_in(client, attempt)
    }

    fn sender(&self, visitor: &Visitor, path: &ReversePath, size: Option<u64>) -> Result<(), Reply> {
        self.0.sender(visitor, path, size)
    }

    fn recipient(&self, visitor: &Visitor, address: &Address) -> Result<(), Reply> {
        self.0.recipient(visitor, address)
    }

    fn intake(&self, visitor: &Visitor, client: &Client) -> Result<Box<dyn Intake>, Reply> {
        assert_ne!(visitor.principal, Principal::System);
        self.0.intake(visitor, client)
    }
}

#[tokio::test]
async fn a_door_that_awaits_nobody_takes_nothing() {
    let door = Plain(Shared(TestDoor::site()));
    assert!(door.local(0).await.is_err_and(|reply| reply.code.get() == 550));
    let spec =
        ListenerSpec { address: "127.0.0.1:0".parse().unwrap(), kind: ListenerKind::Mx, fallback_port: None };
    let bound = spec.bind().unwrap();
    let address = bound.address;
    let session = SessionConfig::new("mail.test".parse().unwrap());
    let shared = Serve::new(Arc::new(door), any_tls(), net::Limits::default(), session);
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(serve(bound, shared, stopped));
    let mut client = Talker::connect(address).await;
    client
        .check(
            "S: 220
            C: EHLO mx.far.test
            S: 250-
            C: MAIL FROM:<a@far.test>
            S: 250
            C: RCPT TO:<b@mail.test>
            S: 550 5.7.1 This server takes no mail for <b@mail.test>
            C: DATA
            S: 554 5.5.1",
        )
        .await;
}
