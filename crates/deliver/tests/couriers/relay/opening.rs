//! Opening a connection to a relay: port, TLS, sign-in, and what is never done.

use crate::relay::post::{CANARY_LOGIN, CANARY_PLAIN, Post, name_of};
use crate::relay::server::{Authority, Manner, Tls};
use deliver::Port;
use mail::{Seen, Stage, TlsFault};
use queue::{Courier as _, Limits};
use std::sync::Arc;
use store::{RelayAuth, RelayTls};
use tokio::net::TcpListener;

/// A port at which nobody listens.
async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

const fn at_once(number: u16) -> Port {
    Port { number, implicit_tls: true }
}

#[test]
fn the_ports_of_the_world_are_587_465_and_2525() {
    let ports = deliver::Settings::new("us.test").ports;
    let seen: Vec<_> = ports.iter().map(|port| (port.number, port.implicit_tls)).collect();
    assert_eq!(seen, [(587, false), (465, true), (2525, false)]);
}

#[tokio::test]
async fn ports_are_tried_in_order_and_the_one_that_answered_first_next_time() {
    let authority = Authority::new();
    let server = authority.serve(Manner { tls: Tls::Implicit, ..Manner::default() }).await;
    let last = authority.serve(Manner::default()).await;
    let closed = closed_port().await;
    let ports = vec![Port::of(closed), at_once(server.port), Port::of(last.port)];
    let pem = authority.pem.clone();
    let post = Post::with(Limits::default(), ports, "127.0.0.1", |relay| relay.extra_ca = Some(pem)).await;
    assert!(post.one().await.is_ok());
    // Now somebody listens at the first port, and is not asked.
    let first = TcpListener::bind(("127.0.0.1", closed)).await.unwrap();
    post.change(|_| {}).await;
    assert!(post.one().await.is_ok());
    assert_eq!((server.connections(), last.connections()), (2, 0));
    let nobody = tokio::time::timeout(std::time::Duration::ZERO, first.accept()).await;
    assert!(nobody.is_err(), "the port that answered is remembered");
}

#[tokio::test]
async fn what_the_first_port_that_answers_says_is_the_reason() {
    let authority = Authority::new();
    let bare = authority.serve(Manner { tls: Tls::Never, ..Manner::default() }).await;
    let good = authority.serve(Manner::default()).await;
    let ports = vec![Port::of(bare.port), Port::of(good.port)];
    let post = Post::with(Limits::default(), ports, "127.0.0.1", |_| {}).await;
    let evidence = post.fails(Stage::StartTls, "no STARTTLS").await;
    assert_eq!(evidence.peer.unwrap().port, bare.port);
    assert_eq!(good.connections(), 0);
    assert!(bare.heard("AUTH").is_empty(), "no password in clear");

    let (one, two) = (closed_port().await, closed_port().await);
    let ports = vec![Port::of(one), Port::of(two)];
    let post = Post::with(Limits::default(), ports, "127.0.0.1", |_| {}).await;
    let evidence = post.fails(Stage::Connect, "refused").await;
    assert_eq!(evidence.peer.unwrap().port, one, "when none answers, the first port's reason is told");
}

#[tokio::test]
async fn both_ways_to_tls_lead_to_a_sign_in() {
    for (tls, setting) in [(Tls::Starttls, RelayTls::Starttls), (Tls::Implicit, RelayTls::Implicit)] {
        for offers in ["PIPELINING AUTH=PLAIN", "AUTH=LOGIN", "PIPELINING AUTH=CRAM-MD5,LOGIN,PLAIN"] {
            let authority = Authority::new();
            let server = authority.serve(Manner { tls, offers, ..Manner::default() }).await;
            let post = Post::to(&server, &authority, |relay| relay.tls = setting).await;
            let carried = post.carry(&["bob@x.test"]).await;
            assert!(carried.results[0].is_ok(), "{offers}");
            assert_eq!(carried.tls.unwrap().version, "TLSv1.3");
            let secret = if offers.contains("PLAIN") {
                format!("AUTH PLAIN {CANARY_PLAIN}\r\n")
            } else {
                format!("{CANARY_LOGIN}\r\n")
            };
            assert_eq!(server.heard(&secret).len(), 1, "{offers}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_good_gets_no_password() {
    for (what, paper, trusted) in [
        ("tls expired", (2020, 2021, "mail.test"), true),
        ("tls not_yet_valid", (2090, 2100, "mail.test"), true),
        ("tls wrong_name", (2020, 2100, "other.test"), true),
        ("tls unknown_issuer", (2020, 2100, "mail.test"), false),
    ] {
        for tls in [Tls::Starttls, Tls::Implicit] {
            let authority = Authority::new();
            let server = authority.serve(Manner { tls, paper, ..Manner::default() }).await;
            let post = Post::to(&server, &authority, |relay| {
                relay.tls = if tls == Tls::Implicit { RelayTls::Implicit } else { RelayTls::Auto };
                relay.extra_ca = relay.extra_ca.take().filter(|_| trusted);
            })
            .await;
            post.fails(Stage::Tls, what).await;
            assert!(server.heard("AUTH").is_empty() && server.heard("MAIL").is_empty(), "{what}");
            // Someone who says that it does not matter is obeyed.
            post.change(|relay| relay.insecure = true).await;
            assert!(post.one().await.is_ok(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_for_its_relay_as_it_is_now() {
    let authority = Authority::new();
    let server = authority.serve(Manner::default()).await;
    let post = Post::to(&server, &authority, |_| {}).await;
    assert!(post.one().await.is_ok());
    let other = Authority::new();
    post.change(|relay| relay.extra_ca = Some(other.pem.clone())).await;
    post.fails(Stage::Tls, "tls unknown_issuer").await;
}

#[tokio::test]
async fn a_refused_sign_in_is_kept_with_its_dialogue_and_without_its_password() {
    for offers in ["AUTH=PLAIN", "AUTH=LOGIN"] {
        let authority = Authority::new();
        let rules = "AUTH PLAIN => 535 5.7.8 Error: authentication failed
                     AUTH done => 535 5.7.8 Error: authentication failed";
        let server = authority.serve(Manner { offers, rules, ..Manner::default() }).await;
        let post = Post::to(&server, &authority, |_| {}).await;
        let carried = post.carry(&["bob@x.test", "carl@x.test"]).await;
        assert_eq!(carried.results.len(), 2);
        for result in &carried.results {
            let evidence = result.as_ref().unwrap_err();
            assert_eq!((evidence.stage, name_of(&evidence.seen).as_str()), (Stage::Auth, "535"));
        }
        let dialogue = carried.dialogue.unwrap();
        let said: Vec<_> = dialogue.lines.iter().map(|line| line.text.as_str()).collect();
        assert!(said.iter().any(|line| line.starts_with("AUTH ")), "{said:?}");
        assert!(said.contains(&"535 5.7.8 Error: authentication failed"), "{said:?}");
        assert!(server.heard("MAIL").is_empty());
        let probe = post.courier.probe(Arc::new(post.relay().await)).await.unwrap_err();
        assert_eq!(name_of(&probe.seen), "535");
    }
}

#[tokio::test]
async fn a_relay_without_mechanisms_that_we_know_gets_no_password() {
    let authority = Authority::new();
    let server = authority.serve(Manner { offers: "AUTH=XOAUTH2", ..Manner::default() }).await;
    let post = Post::to(&server, &authority, |_| {}).await;
    post.fails(Stage::Auth, "no AUTH PLAIN/LOGIN").await;
}

#[tokio::test]
async fn bare_relays_must_be_near() {
    type Change = fn(&mut store::Relay);
    let bare: [(&str, Change); 3] = [
        ("no TLS", |relay| relay.tls = RelayTls::Never),
        ("no sign-in", |relay| relay.auth = RelayAuth::None),
        ("neither", |relay| (relay.tls, relay.auth) = (RelayTls::Never, RelayAuth::None)),
    ];
    let authority = Authority::new();
    for (what, change) in bare {
        // On loopback it is a choice.
        let tls = if what == "no sign-in" { Tls::Starttls } else { Tls::Never };
        let server = authority.serve(Manner { tls, ..Manner::default() }).await;
        let post = Post::to(&server, &authority, change).await;
        assert!(post.one().await.is_ok(), "{what}");
        assert_eq!(server.heard("AUTH").is_empty(), what != "no TLS", "{what}");
        // Towards the Internet no packet is sent.
        let post = Post::with(Limits::default(), vec![Port::of(server.port)], "203.0.113.1", change).await;
        let evidence = post.one().await.unwrap_err();
        let address = "203.0.113.1".parse().unwrap();
        assert_eq!(
            (evidence.stage, evidence.seen),
            (Stage::Connect, Seen::AddressForbidden { address }),
            "{what}"
        );
    }
}

/// Whoever signs in names their own relay: this server calls none for them that is not on the public Internet, whatever its
/// name leads to when it is dialled, and no port but those of sending.
#[tokio::test]
async fn a_relay_of_somebodys_own_is_on_the_internet() {
    for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:192.168.1.1"] {
        let post = Post::with(Limits::default(), vec![Port::of(2525)], address, |_| {}).await;
        let relay = store::Relay { account: Some(mail::AccountId(1)), ..post.relay().await };
        let evidence = post.courier.rehearse(&relay, &mut |_, _| {}).await.result.unwrap_err();
        let address = address.parse().unwrap();
        assert_eq!((evidence.stage, evidence.seen), (Stage::Connect, Seen::AddressForbidden { address }));
    }
    let authority = Authority::new();
    let server = authority.serve(Manner::default()).await;
    let post = Post::to(&server, &authority, |_| {}).await;
    let relay = store::Relay { account: Some(mail::AccountId(1)), ..post.relay().await };
    assert!(post.courier.rehearse(&relay, &mut |_, _| {}).await.result.is_err(), "another port");
    assert!(server.heard("EHLO").is_empty(), "it was never called");
}

#[tokio::test]
async fn a_port_that_speaks_something_else_is_named() {
    let authority = Authority::new();
    let server = authority.serve(Manner { tls: Tls::Implicit, ..Manner::default() }).await;
    let plain = authority.serve(Manner { tls: Tls::Never, ..Manner::default() }).await;
    let post = Post::to(&plain, &authority, |relay| relay.tls = RelayTls::Implicit).await;
    let evidence = post.one().await.unwrap_err();
    assert_eq!(evidence.seen, Seen::Tls { fault: TlsFault::NotTls });
    drop(server);
    let post = Post::with(Limits::default(), Vec::new(), "127.0.0.1", |relay| {
        relay.host = "nowhere.test".to_owned()
    });
    assert_eq!(name_of(&post.await.one().await.unwrap_err().seen), "refused", "no ports at all are no panic");
}

#[tokio::test]
async fn a_rehearsal_shows_the_whole_way_and_sends_nothing() {
    let authority = Authority::new();
    let server = authority.serve(Manner::default()).await;
    let post = Post::to(&server, &authority, |_| {}).await;
    let mut told = Vec::new();
    let rehearsal = post.courier.rehearse(&post.relay().await, &mut |stage, _| told.push(stage)).await;
    assert_eq!(
        told,
        [Stage::Connect, Stage::Greeting, Stage::StartTls, Stage::Auth],
        "each step as it begins"
    );
    assert_eq!(rehearsal.result, Ok(()));
    let said: Vec<_> = rehearsal.dialogue.lines.iter().map(|line| line.text.as_str()).collect();
    for step in ["220 mail.test ESMTP", "EHLO us.test", "STARTTLS", "235 2.7.0 Welcome", "QUIT"] {
        assert!(said.contains(&step), "{step} in {said:?}");
    }
    assert!(server.heard("MAIL").is_empty());
}
