//! Relays that people name for themselves: where they may have this server call, whatever a name leads to.

use deliver::{RelayCourier, Settings};
use mail::{AccountId, Clock, Evidence, OwnerId, RelayId, Secret, Seen, Stage, Timestamp};
use net::{Dialer, Dns, Resolver};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Relay, RelayAuth, RelayTls, SenderMode, Store};
use testkit::hostile::Fickle;
use testkit::memory::MemoryStore;
use tokio::net::TcpListener;

/// The networks that an administrator named.
const NAMED: &str = "127.76.0.0/14";

fn courier(resolver: Resolver, networks: &[&str]) -> RelayCourier {
    let clock = Clock::manual(Timestamp(1_795_325_428_000));
    let mut settings = Settings::new("us.test");
    settings.own_networks = networks.iter().map(|range| range.parse().unwrap()).collect();
    let store = Arc::new(MemoryStore::new()) as Arc<dyn Store>;
    RelayCourier::new(Dialer::new(clock.clone(), resolver), clock, settings, store).unwrap()
}

fn own(host: &str, port: u16) -> Relay {
    Relay {
        id: RelayId(1),
        owner: OwnerId::DEFAULT,
        account: Some(AccountId(7)),
        name: "anne@here.test/mine".to_owned(),
        preset: None,
        host: host.to_owned(),
        port: Some(port),
        tls: RelayTls::Auto,
        insecure: false,
        extra_ca: None,
        auth: RelayAuth::Password { login: "us".to_owned(), password: Secret::new("hunter2") },
        sender: SenderMode::Keep,
        max_connections: 5,
        max_recipients: 100,
        revision: 1,
        created_at: Timestamp(0),
    }
}

async fn tried(courier: &RelayCourier, relay: &Relay) -> Result<(), Evidence> {
    courier.rehearse(relay, &mut |_, _| {}).await.result
}

/// A server at that address that counts who calls and hangs up.
async fn counting(address: SocketAddr) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind(address).await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    count
}

/// An address of loopback that no other test has at the same moment.
fn address(second: u8) -> IpAddr {
    let [low, high, ..] = std::process::id().to_le_bytes();
    IpAddr::from([127, second, high, low.max(1)])
}

#[tokio::test]
async fn a_name_inside_is_never_called() {
    for inside in [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fd00::1",
        "fe80::1",
    ] {
        let ip: IpAddr = inside.parse().unwrap();
        let resolver = || Resolver::Fixed(HashMap::from([("smtp.example.org".to_owned(), vec![ip])]));
        // By its name and as it is; with networks that are others; with and without TLS.
        let bare: fn(&mut Relay) = |relay| relay.tls = RelayTls::Never;
        for (networks, change) in [(&[][..], None), (&[NAMED][..], None), (&[][..], Some(bare))] {
            let courier = courier(resolver(), networks);
            let literal = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
            for host in ["smtp.example.org", &literal] {
                let mut relay = own(host, 587);
                change.into_iter().for_each(|change| change(&mut relay));
                let evidence = tried(&courier, &relay).await.expect_err(host);
                let is_refused = matches!(evidence.seen, Seen::AddressForbidden { .. } | Seen::NameUnknown);
                assert!(is_refused, "{host} at {inside}: {evidence}");
            }
        }
    }
}

#[tokio::test]
async fn what_an_administrator_named_is_reached_and_nothing_beside_it() {
    let good = address(76);
    let came = counting(SocketAddr::new(good, 2525)).await;
    let names = || Resolver::Fixed(HashMap::from([("smtp.example.org".to_owned(), vec![good])]));
    for (networks, account, reached) in [
        (&[][..], true, false),
        (&["10.0.0.0/8"][..], true, false),
        (&[NAMED][..], true, true),
        (&[][..], false, true),
    ] {
        let before = came.load(Ordering::SeqCst);
        let mut relay = own("smtp.example.org", 2525);
        // What is this server's own was named by an administrator, who may go anywhere.
        relay.account = relay.account.filter(|_| account);
        let evidence = tried(&courier(names(), networks), &relay).await.unwrap_err();
        let is_refused = matches!(evidence.seen, Seen::AddressForbidden { .. });
        assert_eq!(is_refused, !reached, "{networks:?}: {evidence}");
        assert_eq!(came.load(Ordering::SeqCst) > before, reached, "{networks:?}");
    }
}

/// A port that belongs to something else is not called, even where the address may be.
#[tokio::test]
async fn only_ports_of_mail_are_called() {
    let good = address(77);
    let listener = TcpListener::bind(SocketAddr::new(good, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let came = counting(SocketAddr::new(good, port)).await;
    let courier = courier(Resolver::Fixed(HashMap::new()), &[NAMED]);
    let evidence = tried(&courier, &own(&good.to_string(), port)).await.unwrap_err();
    assert_eq!((evidence.stage, &evidence.seen), (Stage::Connect, &Seen::Refused), "{evidence}");
    for other in [22, 80, 143, 993, 6379] {
        let evidence = tried(&courier, &own(&good.to_string(), other)).await.unwrap_err();
        assert_eq!(evidence.seen, Seen::Refused, "{other}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_reaches_nothing_inside() {
    let (good, bad) = (address(79), address(80));
    let outside = counting(SocketAddr::new(good, 2525)).await;
    let inside = counting(SocketAddr::new(bad, 2525)).await;
    let names = Fickle::start(good, [bad, "::1".parse().unwrap()]).unwrap();
    let dns = Dns::servers(vec![names.address]);
    let courier = courier(Resolver::Named { dns, hosts: "/dev/null".into() }, &[NAMED]);
    let mut refused = 0;
    for _ in 0..40 {
        // Whatever it says, the connection goes to the address that was judged.
        let evidence = tried(&courier, &own("fickle.example.org", 2525)).await.unwrap_err();
        refused += usize::from(matches!(evidence.seen, Seen::AddressForbidden { .. }));
    }
    let reached = outside.load(Ordering::SeqCst);
    assert!(reached > 0 && refused > 0, "{reached} reached, {refused} refused");
    assert_eq!(inside.load(Ordering::SeqCst), 0);
}
