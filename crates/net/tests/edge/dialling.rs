//! Calling out: addresses in turn, what is seen when nobody answers, the transport itself.

use crate::support::{HOST, Setting, TestDoor, any_tls, dial, dialer, insecure, target};
use mail::{Seen, Stage};
use net::{AddressPolicy, ListenerKind, TlsMode};
use smtp::transport::Transport as _;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

const SOON: Duration = Duration::from_secs(10);

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn what_is_seen_when_nobody_answers() {
    let (open, port) = listener().await;
    let (closed, closed_port) = listener().await;
    drop(closed);
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let forbidden = |address| Seen::AddressForbidden { address };
    let private = AddressPolicy::PrivateOnly;
    let public = AddressPolicy::PublicOnly;
    let only = AddressPolicy::Only(vec!["10.0.0.0/8".parse().unwrap()].into());
    // Host, its addresses, the port, the policy; at which stage what is seen, at which address.
    for (addresses, port, policy, stage, seen, at) in [
        (vec![], port, &private, Stage::Resolve, Seen::NameUnknown, None),
        (vec!["127.0.0.1"], closed_port, &private, Stage::Connect, Seen::Refused, Some("127.0.0.1")),
        (vec!["127.0.0.1"], port, &public, Stage::Connect, forbidden(ip("127.0.0.1")), Some("127.0.0.1")),
        (vec!["9.9.9.9"], port, &private, Stage::Connect, forbidden(ip("9.9.9.9")), Some("9.9.9.9")),
        (vec!["127.0.0.1"], port, &only, Stage::Connect, forbidden(ip("127.0.0.1")), Some("127.0.0.1")),
        // The refusal tells more than the judgement that came after it.
        (
            vec!["127.0.0.1", "9.9.9.9"],
            closed_port,
            &private,
            Stage::Connect,
            Seen::Refused,
            Some("127.0.0.1"),
        ),
    ] {
        let target = target(port, TlsMode::Never, &insecure()).with_policy(policy.clone());
        let evidence = dialer(&addresses).dial(&target, SOON).await.err().unwrap();
        let peer = evidence.peer.unwrap();
        assert_eq!((evidence.stage, evidence.seen, peer.address), (stage, seen, at.map(ip)), "{addresses:?}");
        assert_eq!((peer.host.as_str(), peer.port), (HOST, port));
    }
    drop(open);
}

#[tokio::test]
async fn the_next_address_is_tried() {
    // Nobody listens on 127.0.0.2 and ::1 at that port.
    let (_listener, port) = listener().await;
    let target = target(port, TlsMode::Never, &insecure());
    let connection = dialer(&["127.0.0.2", "::1", "127.0.0.1"]).dial(&target, SOON).await.unwrap();
    assert_eq!(connection.peer().to_string(), format!("{HOST}[127.0.0.1]:{port}"));
    assert!(connection.tls().is_none());
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    // A listener that accepts nothing: once its backlog is full, the system drops what comes.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let target = target(full.local_addr().unwrap().port(), TlsMode::Never, &insecure());
    let mut held = Vec::new();
    let evidence = loop {
        match dialer(&["127.0.0.1"]).dial(&target, Duration::from_millis(150)).await {
            Ok(connection) => held.push(connection),
            Err(evidence) => break evidence,
        }
        assert!(held.len() < 100, "the backlog never fills");
    };
    assert_eq!(evidence.stage, Stage::Connect);
    assert!(matches!(evidence.seen, Seen::Timeout { after_ms: 1..=150 }), "{evidence:?}");
    assert!(!held.is_empty());
}

#[tokio::test]
async fn many_parts_arrive_whole_and_in_order() {
    let (listener, port) = listener().await;
    let reader = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut all = Vec::new();
        tcp.read_to_end(&mut all).await.unwrap();
        all
    });
    let parts: Vec<Vec<u8>> =
        (0_usize..1_000).map(|n| vec![u8::try_from(n % 251).unwrap(); n * 17 % 20_000]).collect();
    let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let mut connection = dial(port, TlsMode::Never, &insecure()).await.unwrap();
    connection.write(&slices).await.unwrap();
    connection.write(&[]).await.unwrap();
    connection.write(&[b""]).await.unwrap();
    drop(connection);
    assert!(reader.await.unwrap() == parts.concat());
}

#[tokio::test]
async fn a_read_ends_in_time_and_tells_a_cut() {
    let (listener, port) = listener().await;
    let mut connection = dial(port, TlsMode::Never, &insecure()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let mut input = Vec::new();
    connection.set_time_limit(Duration::from_millis(20));
    assert_eq!(connection.read(&mut input).await, Err(Seen::Timeout { after_ms: 20 }));
    connection.set_time_limit(SOON);
    server.write_all(b"220 hi\r\n").await.unwrap();
    assert_eq!(connection.read(&mut input).await, Ok(8));
    assert_eq!(input, b"220 hi\r\n");
    // A reset, as from a server that was killed with our bytes unread.
    connection.write(&[b"EHLO x\r\n"]).await.unwrap();
    drop(server);
    let seen = connection.read(&mut input).await;
    assert!(matches!(seen, Ok(0) | Err(Seen::Dropped)), "{seen:?}");
}

#[tokio::test]
async fn a_kept_connection_says_whether_it_can_be_used() {
    for last_words in [&b""[..], b"421 4.4.2 Timeout\r\n"] {
        let (listener, port) = listener().await;
        let connection = dial(port, TlsMode::Never, &insecure()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert!(connection.is_idle_alive());
        if last_words.is_empty() {
            drop(server);
        } else {
            server.write_all(last_words).await.unwrap();
        }
        crate::support::until("seen as dead", || !connection.is_idle_alive()).await;
    }
}

#[tokio::test]
async fn a_kept_connection_under_tls_is_alive_after_a_reply() {
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&TestDoor::site(), &any_tls());
    let mut connection = dial(port.address.port(), TlsMode::Implicit, &insecure()).await.unwrap();
    let mut client = smtp::client::Client::new(connection.now());
    client.greet(&mut connection).await.unwrap();
    client.hello(&mut connection, "client.test").await.unwrap();
    assert!(connection.is_idle_alive());
    port.stop.send(true).unwrap();
    crate::support::until("told that the server stops", || !connection.is_idle_alive()).await;
}

#[tokio::test]
async fn the_client_dialogue_runs_over_starttls() {
    let port = Setting::new(ListenerKind::StartTls).serve(&TestDoor::site(), &any_tls());
    let mut connection = dial(port.address.port(), TlsMode::StartTls, &insecure()).await.unwrap();
    let mut client = smtp::client::Client::new(connection.now());
    client.greet(&mut connection).await.unwrap();
    client.hello(&mut connection, "client.test").await.unwrap();
    let facts = client.start_tls(&mut connection).await.unwrap();
    assert_eq!(connection.tls(), Some(&facts));
    client.hello(&mut connection, "client.test").await.unwrap();
    client.sign_in(&mut connection, "anna", &mail::Secret::new("right")).await.unwrap();
    client.quit(&mut connection).await;
}
