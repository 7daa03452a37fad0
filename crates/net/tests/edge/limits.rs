//! Limits of number and of time, ports that cannot be had, and the stop.

use crate::support::{Port, Setting, Talker, TestDoor, any_tls, plain_port, until};
use net::{ListenerKind, ListenerSpec, NetError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

async fn from(source: &str, port: &Port) -> Talker<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
    Talker::over(socket.connect(port.address).await.unwrap())
}

#[tokio::test]
async fn too_many_connections_are_turned_away() {
    let mut setting = Setting::new(ListenerKind::Plain);
    setting.limits.max_connections = 2;
    setting.limits.kept_for_known = 1;
    setting.limits.max_per_trusted_address = 2;
    let port = setting.serve(&TestDoor::site(), &any_tls());
    let mut first = from("127.0.0.1", &port).await;
    let mut second = from("127.0.0.1", &port).await;
    first.check("S: 220").await;
    second.check("S: 220").await;
    from("127.0.0.1", &port).await.check("S: 421 4.7.0 mail.test Too many\nS: (closed)").await;
    // The site has a place more than there are for everybody.
    let mut third = from("127.0.0.2", &port).await;
    third.check("S: 220").await;
    from("127.0.0.3", &port).await.check("S: 421 4.3.2\nS: (closed)").await;
    first.check("C: QUIT\nS: 221\nS: (closed)").await;
    drop(first);
    until("a place is free", || port.shared.connections() == 2).await;
    from("127.0.0.1", &port).await.check("S: 220").await;
}

async fn silent(kind: ListenerKind) -> Duration {
    let port = Setting::new(kind).serve(&TestDoor::site(), &any_tls());
    let mut client = Talker::connect(port.address).await;
    if kind == ListenerKind::Plain {
        client.check("S: 220\nC: EHLO c.test\nS: 250-").await;
    } else {
        until("connected", || port.shared.connections() == 1).await;
    }
    tokio::time::pause();
    let start = Instant::now();
    if kind == ListenerKind::Plain {
        client.check("S: 421 4.4.2").await;
    }
    client.check("S: (closed)").await;
    start.elapsed()
}

/// The virtual clock stands still from the pause on, a moment after the server's timer was set.
fn is_about(elapsed: Duration, secs: u64) -> bool {
    (Duration::from_secs(secs - 1)..=Duration::from_secs(secs + 1)).contains(&elapsed)
}

#[tokio::test]
async fn silence_ends_a_connection() {
    let after = silent(ListenerKind::Plain).await;
    assert!(is_about(after, 300), "{after:?}");
}

#[tokio::test]
async fn silence_ends_a_handshake() {
    let after = silent(ListenerKind::ImplicitTls).await;
    assert!(is_about(after, 30), "{after:?}");
}

/// Sends a byte every ten virtual seconds until the server has had enough; after how many seconds.
async fn trickle(port: &Port, before: &str, line: &[u8], reply: &str) -> u64 {
    let mut client = Talker::connect(port.address).await;
    client.check(before).await;
    tokio::time::pause();
    let start = Instant::now();
    let served = || port.shared.connections() == 1;
    for byte in line.iter().cycle() {
        if !served() || client.stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::advance(Duration::from_secs(10)).await;
        // Everything that the byte or the time set going comes to rest before the next.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert!(start.elapsed().as_secs() < 4_000, "the server lets itself be held");
    }
    let after = start.elapsed().as_secs();
    tokio::time::resume();
    client.check(&format!("S: {reply}")).await;
    after
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_prolong_a_command() {
    let port = plain_port(&TestDoor::site());
    let after = trickle(&port, "S: 220\nC: EHLO c.test\nS: 250-", b"x", "421 4.4.2").await;
    assert!((300..=340).contains(&after), "{after}");
}

const TO_DATA: &str = "
    S: 220
    C: EHLO c.test
    S: 250-
    C: MAIL FROM:<a@site.test>
    S: 250
    C: RCPT TO:<b@far.test>
    S: 250
    C: DATA
    S: 354";

#[tokio::test]
async fn a_byte_now_and_then_does_not_prolong_a_content() {
    let door = TestDoor::site();
    let port = plain_port(&door);
    let after = trickle(&port, TO_DATA, b"x", "421 4.4.2").await;
    assert!((60..=100).contains(&after), "{after}");
    assert_eq!((door.open.load(Ordering::SeqCst), door.taken.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_prolong_a_refused_content() {
    let door = TestDoor::site();
    let port = plain_port(&door);
    let before = format!("{TO_DATA}\nC: bare\nC: \u{0}");
    let after = trickle(&port, &before, b"x", "421 4.4.2").await;
    assert!((60..=100).contains(&after), "{after}");
    assert_eq!((door.open.load(Ordering::SeqCst), door.taken.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn patience_is_shorter_when_places_are_rare() {
    let mut setting = Setting::new(ListenerKind::Plain);
    setting.limits.max_connections = 1;
    let port = setting.serve(&TestDoor::site(), &any_tls());
    let mut client = Talker::connect(port.address).await;
    client.check("S: 220\nC: EHLO c.test\nS: 250-").await;
    tokio::time::pause();
    let start = Instant::now();
    client.check("S: 421 4.4.2\nS: (closed)").await;
    assert!(is_about(start.elapsed(), 20), "{:?}", start.elapsed());
}

/// Whoever is asked to make room is told, and the next is served.
#[tokio::test]
async fn a_stranger_who_holds_a_place_makes_room() {
    let mut setting = Setting::new(ListenerKind::Plain);
    setting.limits.max_connections = 2;
    setting.limits.stranger_grace = Duration::ZERO;
    setting.session.auth = smtp::server::AuthOffer::Always;
    let port = setting.serve(&Arc::new(TestDoor::default()), &any_tls());
    let mut known = from("127.0.0.1", &port).await;
    known.check("S: 220\nC: EHLO c.test\nS: 250-\nC: AUTH PLAIN AGFubmEAcmlnaHQ=\nS: 235").await;
    let mut stranger = from("127.0.0.2", &port).await;
    stranger.check("S: 220\nC: EHLO c.test\nS: 250-").await;
    let mut newcomer = from("127.0.0.3", &port).await;
    newcomer.check("S: 220").await;
    stranger.check("S: 421 4.3.2 mail.test Too many\nS: (closed)").await;
    newcomer.check("C: EHLO c.test\nS: 250-\nC: AUTH PLAIN AGFubmEAcmlnaHQ=\nS: 235").await;
    from("127.0.0.4", &port).await.check("S: 421 4.3.2\nS: (closed)").await;
    known.check("C: NOOP\nS: 250").await;
    drop((known, newcomer, stranger));
    until("all are gone", || port.shared.connections() == 0).await;
}

/// Whole commands prove nothing: five minutes are all that a stranger has.
#[tokio::test]
async fn a_stranger_has_five_minutes_in_all() {
    let mut setting = Setting::new(ListenerKind::Plain);
    setting.session.auth = smtp::server::AuthOffer::Always;
    let port = setting.serve(&Arc::new(TestDoor::default()), &any_tls());
    let after = trickle(&port, "S: 220", b"NOOP\r\n", "250").await;
    assert!((290..=330).contains(&after), "{after}");
}

#[tokio::test]
async fn a_sign_in_that_takes_too_long_is_given_up() {
    let mut setting = Setting::new(ListenerKind::Plain);
    setting.session.auth = smtp::server::AuthOffer::Always;
    let port = setting.serve(&Arc::new(TestDoor::default()), &any_tls());
    let mut client = Talker::connect(port.address).await;
    client.check("S: 220\nC: EHLO c.test\nS: 250-").await;
    tokio::time::pause();
    // The login is "slow".
    client.check("C: AUTH PLAIN AHNsb3cAeA==\nS: 454 4.7.0").await;
    tokio::time::resume();
    client.check("C: AUTH PLAIN AGFubmEAcmlnaHQ=\nS: 235").await;
}

#[tokio::test]
async fn the_stop_lets_a_message_end_and_tells_the_others() {
    let door = TestDoor::site();
    let port = plain_port(&door);
    let mut idle = Talker::connect(port.address).await;
    idle.check("S: 220").await;
    let mut sending = Talker::connect(port.address).await;
    sending.check(TO_DATA).await;
    port.stop.send(true).unwrap();
    idle.check("S: 421 4.3.2\nS: (closed)").await;
    drop(idle);
    sending.check("C: the end\nC: .\nS: 250 2.0.0\nS: 421 4.3.2\nS: (closed)").await;
    drop(sending);
    port.task.await.unwrap();
    assert_eq!(door.contents(), ["the end\r\n"]);
    assert!(TcpStream::connect(port.address).await.is_err());
}

#[tokio::test]
async fn the_stop_does_not_wait_for_ever() {
    let door = TestDoor::site();
    let port = plain_port(&door);
    let mut sending = Talker::connect(port.address).await;
    sending.check(TO_DATA).await;
    tokio::time::pause();
    let start = Instant::now();
    port.stop.send(true).unwrap();
    port.task.await.unwrap();
    assert!(is_about(start.elapsed(), 5), "{:?}", start.elapsed());
    assert_eq!((door.open.load(Ordering::SeqCst), door.taken.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn a_port_that_is_taken_falls_back() {
    let holder = TcpSocket::new_v4().unwrap();
    holder.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let taken = holder.listen(1).unwrap().into_std().unwrap();
    let address = taken.local_addr().unwrap();
    let spec = |fallback_port| ListenerSpec { address, kind: ListenerKind::StartTls, fallback_port };
    let error = spec(None).bind().err().unwrap();
    assert!(matches!(error, NetError::Listen { address: at, .. } if at == address), "{error}");
    let bound = spec(Some(0)).bind().unwrap();
    assert!(bound.fell_back() && bound.address.port() != 0);
    assert!(spec(Some(address.port())).bind().is_err());
}
