//! Messages that come in, and what is refused on the way.

use crate::support::{
    HOST, Port, Setting, Talker, TestDoor, any_tls, dial, insecure, plain_port, until, visitor,
};
use mail::ReversePath;
use net::{ListenerKind, Origin, TlsMode};
use smtp::client::{Client, Outgoing};
use smtp::transport::{BoxFuture, Content, Piece, Transport as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::AsyncWriteExt as _;

const TO_DATA: &str = "
    S: 220 mail.test
    C: EHLO client.test
    S: 250-mail.test
    C: MAIL FROM:<a@site.test>
    S: 250 2.1.0
    C: RCPT TO:<b@far.test>
    S: 250 2.1.5
    C: DATA
    S: 354";

async fn nothing_kept(port: &Port, door: &TestDoor) {
    until("the connection is gone", || port.shared.connections() == 0).await;
    assert_eq!(door.open.load(Ordering::SeqCst), 0, "an intake was left open");
    assert!(door.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_message_comes_in_whole() {
    let door = TestDoor::site();
    let port = plain_port(&door);
    let mut client = Talker::connect(port.address).await;
    client
        .check(&format!(
            "{TO_DATA}
            C: Subject: hello
            C:
            C: ..a dot
            C: .
            S: 250 2.0.0 Ok: queued as TEST
            C: MAIL FROM:<>
            S: 250
            C: RCPT TO:<nobody@far.test>
            S: 550 5.7.1 no such person
            C: RCPT TO:<c@far.test>
            S: 250
            C: DATA
            S: 354
            C: second
            C: .
            S: 250
            C: MAIL FROM:<stranger@site.test>
            S: 550 5.7.1 not yours
            C: QUIT
            S: 221
            S: (closed)"
        ))
        .await;
    let taken = door.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].content, b"Subject: hello\r\n\r\n.a dot\r\n");
    assert_eq!(taken[0].envelope.from.to_string(), "a@site.test");
    assert_eq!((taken[0].client.helo.as_str(), taken[0].client.protocol), ("client.test", "ESMTP"));
    let Origin::Tcp { address, local } = taken[0].client.origin else { panic!("{}", taken[0].client.origin) };
    assert_eq!((address.ip(), local, taken[0].client.tls), (port.address.ip(), port.address, false));
    assert_eq!(taken[0].visitor, visitor("printer"));
    assert_eq!(
        (&taken[1].envelope.from, taken[1].content.as_slice()),
        (&ReversePath::Null, &b"second\r\n"[..])
    );
    assert_eq!(taken[1].envelope.recipients.len(), 1);
}

#[tokio::test]
async fn a_pipelined_group_is_answered_in_one_write_and_any_split_gives_the_same() {
    let door = TestDoor::site();
    let port = plain_port(&door);
    let groups = [
        &b"EHLO c.test\r\n"[..],
        b"MAIL FROM:<a@site.test>\r\nRCPT TO:<b@far.test>\r\nDATA\r\n",
        b"Subject: x\r\n\r\n..\r\nbody\r\n.\r\nMAIL FROM:<d@site.test>\r\nRCPT TO:<e@far.test>\r\nDATA\r\n",
        b"two\r\n.\r\nQUIT\r\n",
    ];
    let expected = [&["250-"][..], &["250", "250", "354"], &["250", "250", "250", "354"], &["250", "221"]];
    for step in [1, 2, 3, 7, 1_000] {
        door.taken.lock().unwrap().clear();
        let mut client = Talker::connect(port.address).await;
        client.stream.set_nodelay(true).unwrap();
        client.check("S: 220").await;
        for (group, replies) in groups.iter().zip(expected) {
            for piece in group.chunks(step) {
                client.send(piece).await;
            }
            for reply in replies {
                assert!(client.reply().await.starts_with(reply), "pieces of {step}");
            }
        }
        assert_eq!(door.contents(), ["Subject: x\r\n\r\n.\r\nbody\r\n", "two\r\n"], "pieces of {step}");
    }
}

struct Large(usize);

impl Content for Large {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, mail::Seen>> {
        Box::pin(async {
            let left = self.0.min(50_000);
            self.0 -= left;
            Ok((left > 0).then(|| Piece::Owned(large(left))))
        })
    }
}

fn large(bytes: usize) -> Vec<u8> {
    b".......8\r\n".iter().copied().cycle().take(bytes).collect()
}

#[tokio::test]
async fn large_messages_come_through_every_kind_of_port() {
    for (kind, mode) in [
        (ListenerKind::Plain, TlsMode::Never),
        (ListenerKind::StartTls, TlsMode::StartTls),
        (ListenerKind::ImplicitTls, TlsMode::Implicit),
    ] {
        let door = TestDoor::site();
        let port = Setting::new(kind).serve(&door, &any_tls());
        let mut connection = dial(port.address.port(), mode, &insecure()).await.unwrap();
        let mut client = Client::new(connection.now());
        client.greet(&mut connection).await.unwrap();
        client.hello(&mut connection, "client.test").await.unwrap();
        if mode == TlsMode::StartTls {
            client.start_tls(&mut connection).await.unwrap();
            client.hello(&mut connection, "client.test").await.unwrap();
        }
        for bytes in [0, 10, 65_530, 3_000_000, 100] {
            let outgoing = Outgoing {
                from: &"a@site.test".parse::<mail::Address>().map(ReversePath::Address).unwrap(),
                recipients: &["b@far.test".parse().unwrap()],
                envid: None,
                ret: None,
                body: mail::BodyType::SevenBit,
                size: bytes as u64,
                content: &mut Large(bytes),
            };
            let outcome = client.send(&mut connection, outgoing).await.unwrap();
            assert_eq!(outcome[0].as_ref().unwrap().code.get(), 250, "{kind:?} {bytes}");
            let taken = door.taken.lock().unwrap().pop().unwrap();
            assert!(taken.content == large(bytes), "{kind:?} {bytes}: {} bytes came", taken.content.len());
            let protocol = if mode == TlsMode::Never { "ESMTP" } else { "ESMTPS" };
            assert_eq!((taken.client.protocol, taken.client.tls), (protocol, mode != TlsMode::Never));
        }
        client.quit(&mut connection).await;
        drop(connection);
        until("the connection is gone", || port.shared.connections() == 0).await;
    }
}

#[tokio::test]
async fn strangers_are_asked_to_sign_in() {
    let door = Arc::new(TestDoor::default());
    let port = plain_port(&door);
    let mut client = Talker::connect(port.address).await;
    client
        .check(
            "S: 220
            C: EHLO client.test
            S: 250-
            C: MAIL FROM:<a@site.test>
            S: 530 5.7.0 Authentication required: use STARTTLS
            C: AUTH PLAIN AGFubmEAcmlnaHQ=
            S: 538 5.7.11
            C: STARTTLS
            S: 220",
        )
        .await;
    let mut client = Talker::over(tls_over(client.stream).await);
    client
        .check(
            "C: MAIL FROM:<a@site.test>
            S: 503
            C: EHLO client.test
            S: 250-mail.test|250-PIPELINING|250-SIZE 50000000|250-8BITMIME|250-CHUNKING|250-LIMITS RCPTMAX=1000|250-SMTPUTF8|250-DSN|250-AUTH PLAIN LOGIN|250 ENHANCED
            C: MAIL FROM:<a@site.test>
            S: 530 5.7.0 Authentication required: sign in
            C: AUTH PLAIN AGFubmEAd3Jvbmc=
            S: 535 5.7.8 No
            C: AUTH PLAIN AGFubmEAcmlnaHQ=
            S: 235
            C: MAIL FROM:<a@site.test>
            S: 250
            C: RCPT TO:<b@far.test>
            S: 250
            C: DATA
            S: 354
            C: x
            C: .
            S: 250",
        )
        .await;
    let taken = door.taken.lock().unwrap().pop().unwrap();
    assert_eq!((taken.visitor, taken.client.protocol), (visitor("anna"), "ESMTPSA"));
}

pub async fn tls_over(tcp: tokio::net::TcpStream) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    // Trust is not what these tests are about: the certificate is taken from the handshake itself.
    let config = crate::support::trusting_anyone();
    let name = rustls_pki_types::ServerName::try_from(HOST).unwrap();
    tokio_rustls::TlsConnector::from(config).connect(name, tcp).await.unwrap()
}

#[tokio::test]
async fn a_port_that_needs_tls_takes_nothing_before_it() {
    let port = Setting::new(ListenerKind::StartTls).serve(&TestDoor::site(), &any_tls());
    let mut client = Talker::connect(port.address).await;
    client
        .check(
            "S: 220
            C: EHLO printer.test
            S: 250-
            C: MAIL FROM:<a@site.test>
            S: 530 5.7.0 Must issue a STARTTLS command first
            C: NOOP
            S: 250",
        )
        .await;
}

#[tokio::test]
async fn bytes_behind_starttls_are_refused() {
    let port = plain_port(&TestDoor::site());
    let mut client = Talker::connect(port.address).await;
    client.check("S: 220\nC: EHLO c.test\nS: 250-").await;
    client.send(b"STARTTLS\r\nMAIL FROM:<evil@site.test>\r\n").await;
    assert!(!client.reply().await.starts_with("220"));
}

#[tokio::test]
async fn a_content_refused_on_the_way_is_read_to_its_end() {
    let door = Arc::new(TestDoor {
        loopback_is_a_site: true,
        append_refused_beyond: Some(70_000),
        ..TestDoor::default()
    });
    let port = plain_port(&door);
    let mut client = Talker::connect(port.address).await;
    client.check(TO_DATA).await;
    client.send(&large(1_000_000)).await;
    client.check("C: .\nS: 452 4.7.1 no room").await;
    assert_eq!(door.open.load(Ordering::SeqCst), 0);
    client
        .check(
            "C: MAIL FROM:<a@site.test>
            S: 250
            C: RCPT TO:<b@far.test>
            S: 250
            C: DATA
            S: 354
            C: small
            C: .
            S: 250",
        )
        .await;
    assert_eq!(door.contents(), ["small\r\n"]);
}

#[tokio::test]
async fn a_content_that_the_session_refuses_leaves_nothing() {
    let door = TestDoor::site();
    let mut setting = Setting::new(ListenerKind::Plain);
    setting.session.max_message_bytes = 200_000;
    let port = setting.serve(&door, &any_tls());
    for (content, refusal) in [(large(300_000), "552 5.3.4"), (b"bare\nline feed\r\n".to_vec(), "550 5.6.0")]
    {
        let mut client = Talker::connect(port.address).await;
        client.check(TO_DATA).await;
        client.send(&content).await;
        client.check(&format!("C: .\nS: {refusal}\nC: QUIT\nS: 221\nS: (closed)")).await;
        drop(client);
        nothing_kept(&port, &door).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_within_a_content_leaves_nothing() {
    let door = TestDoor::site();
    let port = plain_port(&door);
    for sent in [0, 10, 200_000] {
        let mut client = Talker::connect(port.address).await;
        client.check(TO_DATA).await;
        client.send(&large(sent)).await;
        until("the intake is open", || door.open.load(Ordering::SeqCst) == 1).await;
        if sent == 10 {
            client.stream.shutdown().await.unwrap();
        }
        drop(client);
        nothing_kept(&port, &door).await;
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_connection() {
    let door = Arc::new(TestDoor::default());
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&door, &any_tls());
    let quiet = tokio::net::TcpStream::connect(port.address).await.unwrap();
    let mut other = Talker::over(tls_over(quiet).await);
    other.check("S: 220").await;
    let tcp = tokio::net::TcpStream::connect(port.address).await.unwrap();
    let mut client = Talker::over(tls_over(tcp).await);
    // The login is "panic".
    client.check("S: 220\nC: EHLO c.test\nS: 250-\nC: AUTH PLAIN AHBhbmljAHg=\nS: (closed)").await;
    until("one is left", || port.shared.connections() == 1).await;
    other.check("C: EHLO c.test\nS: 250-").await;
}
