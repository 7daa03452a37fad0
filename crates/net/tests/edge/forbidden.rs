//! Hosts and ports that nobody may have this program call: how they are written, what a resolver says of them, and what
//! the answer gives away.

use crate::support::insecure;
use mail::{Evidence, Seen};
use net::{AddressPolicy, Dialer, Dns, HostName, Purpose, Resolver, Target};
use serde_json::Value;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use testkit::hostile::Fickle;
use testkit::proof;

const SOON: Duration = Duration::from_secs(5);

/// A file of the corpora of other projects, which are no part of this tree: what FACTEUR_CORPORA says, else beside it.
fn corpus(name: &str) -> Option<String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let place = std::env::var_os("FACTEUR_CORPORA").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(place.join("web-attacks").join(name)).ok();
    if text.is_none() {
        eprintln!("skipped: {name} is not here (FACTEUR_CORPORA says where)");
    }
    text
}

/// Listens on every address of this machine at one port, and counts who comes.
struct Everywhere {
    port: u16,
    address: SocketAddr,
    came: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
}

impl Everywhere {
    fn listen(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (came, stopping) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (Arc::clone(&came), Arc::clone(&stopping));
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port: address.port(), address, came, stopping }
    }

    /// On IPv4 as well: the system takes `::` for both.
    fn on_all() -> Self {
        let all = Self::listen(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), 0));
        for ip in ["127.0.0.1", "127.255.255.254", "::1"] {
            std::net::TcpStream::connect(SocketAddr::new(ip.parse().unwrap(), all.port)).unwrap();
        }
        while all.came.load(Ordering::SeqCst) < 3 {
            std::thread::yield_now();
        }
        all.came.store(0, Ordering::SeqCst);
        all
    }

    fn came(&self) -> usize {
        // Whoever connected before this is counted before it.
        let mut address = self.address;
        address.set_ip(if address.ip().is_unspecified() { Ipv6Addr::LOCALHOST.into() } else { address.ip() });
        let before = self.came.load(Ordering::SeqCst);
        std::net::TcpStream::connect(address).unwrap();
        while self.came.load(Ordering::SeqCst) == before {
            std::thread::yield_now();
        }
        self.came.fetch_sub(1, Ordering::SeqCst) - 1
    }
}

impl Drop for Everywhere {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let mut address = self.address;
        address.set_ip(if address.ip().is_unspecified() { Ipv6Addr::LOCALHOST.into() } else { address.ip() });
        let _ = std::net::TcpStream::connect(address);
    }
}

/// What becomes of a host that a stranger named. Every name leads to loopback, and to the metadata of a cloud.
async fn verdict(host: &str, port: u16) -> &'static str {
    let Ok(name) = host.parse::<HostName>() else { return "invalid" };
    if name.address().is_some_and(|ip| AddressPolicy::PublicOnly.allows(ip)) {
        return "allow";
    }
    let ascii = name.name().map(|name| name.as_ascii().to_owned()).unwrap_or_default();
    let inside = ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1"].map(|ip| ip.parse().unwrap());
    let dialer = Dialer::new(mail::Clock::System, Resolver::Fixed(HashMap::from([(ascii, inside.to_vec())])));
    let target = Target::new(Purpose::Relay, host, port, insecure()).unwrap();
    let target = target.with_policy(AddressPolicy::PublicOnly);
    match dialer.dial(&target, SOON).await.err().map(|evidence| evidence.seen) {
        Some(Seen::AddressForbidden { .. } | Seen::NameUnknown) => "deny",
        _ => "called",
    }
}

#[tokio::test]
async fn no_way_of_writing_a_forbidden_host_is_called() {
    let Some(hosts) = corpus("ssrf-hosts.jsonl") else { return };
    let all = Everywhere::on_all();
    let (mut count, mut wrong) = (0, Vec::new());
    for line in hosts.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (host, expected) = (case["host"].as_str().unwrap(), case["verdict"].as_str().unwrap());
        let is = verdict(host, all.port).await;
        // An odd form of an address is refused as a form: no connection either way, and nobody is asked.
        let fits = is == expected || (expected == "deny" && is == "invalid");
        count += 1;
        if !fits {
            wrong.push(format!("{host:?}: {is}, and not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(all.came(), 0);
    assert!(count >= 136, "{count}");
    proof::passed(
        "D3",
        "crates/net/tests/edge/forbidden.rs::no_way_of_writing_a_forbidden_host_is_called",
        count,
        "hosts",
        None,
    );
}

#[test]
fn what_others_may_have_called_has_the_ports_of_its_purpose() {
    let Some(ports) = corpus("ssrf-ports.json") else { return };
    let ports: Value = serde_json::from_str(&ports).unwrap();
    let listed = |key: &str| {
        ports[key].as_array().unwrap().iter().map(|port| port.as_i64().unwrap()).collect::<Vec<_>>()
    };
    let may = |port: i64| {
        let port = u16::try_from(port).ok();
        let of = |purpose| {
            let target = |port| Target::new(purpose, "mx.example.org", port, insecure()).is_ok();
            port.is_some_and(target)
        };
        [Purpose::Probe, Purpose::Document].map(of)
    };
    for port in listed("allow") {
        // Pages are fetched where pages are, and mail servers looked for where those are.
        let of_web = [80, 443].contains(&port);
        assert_eq!(may(port), [!of_web, of_web], "{port}");
    }
    for port in listed("deny_examples") {
        assert_eq!(may(port), [false, false], "{port}");
    }
    assert!(Target::new(Purpose::Relay, "mx.example.org", 0, insecure()).is_err());
}

/// Whoever names a relay of their own reaches the ports of sending, and no other.
#[test]
fn a_relay_of_somebodys_own_has_the_ports_of_sending() {
    let open = (0..=u16::MAX).filter(|port| Purpose::OwnRelay.allows(*port)).collect::<Vec<_>>();
    assert_eq!(open, [25, 465, 587, 2525]);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    // An address of loopback stands for the whole Internet here, so that no packet leaves.
    let [good, bad, six] = ["127.77.0.1", "127.0.0.1", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap());
    let outside = Everywhere::listen(SocketAddr::new(good, 0));
    let inside = [bad, six].map(|ip| Everywhere::listen(SocketAddr::new(ip, outside.port)));
    let names = Fickle::start(good, [bad, six]).unwrap();
    let dns = Dns::servers(vec![names.address]);
    let dialer = Dialer::new(mail::Clock::System, Resolver::Named { dns, hosts: "/dev/null".into() });
    let policy = AddressPolicy::PublicAnd(vec!["127.77.0.0/16".parse().unwrap()].into());
    let target = Target::new(Purpose::Relay, "fickle.example.org", outside.port, insecure()).unwrap();
    let target = target.with_policy(policy);
    let tries = proof::count(1_000, 10_000);
    let (mut called, mut refused) = (0, 0);
    for _ in 0..tries {
        match dialer.dial(&target, SOON).await {
            Ok(connection) => {
                assert_eq!(smtp::transport::Transport::peer(&connection).address, Some(good));
                called += 1;
            }
            Err(Evidence { seen: Seen::AddressForbidden { .. }, .. }) => refused += 1,
            Err(evidence) => panic!("{evidence}"),
        }
    }
    assert_eq!(inside.each_ref().map(Everywhere::came), [0, 0], "forbidden connections");
    assert!(called >= tries / 5 && refused >= tries / 5, "{called} called, {refused} refused");
    assert!(names.asked() >= tries, "it was asked each time");
    proof::passed(
        "D3",
        "crates/net/tests/edge/forbidden.rs::a_name_that_changes_its_mind_gains_nothing",
        tries,
        "tries",
        None,
    );
}

/// On a clock that moves only when somebody waits: nobody does.
#[tokio::test(start_paused = true)]
async fn what_is_inside_cannot_be_told_apart() {
    let open = Everywhere::listen("127.0.0.1:0".parse().unwrap());
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let dialer = Dialer::new(mail::Clock::System, Resolver::Fixed(HashMap::new()));
    let began = tokio::time::Instant::now();
    let mut answers = Vec::new();
    // A port that is open, one that is closed, and one behind which packets would be lost without a word.
    for (host, port) in [("127.0.0.1", open.port), ("127.0.0.1", closed), ("10.255.255.1", open.port)] {
        let target = Target::new(Purpose::Relay, host, port, insecure()).unwrap();
        let evidence = dialer.dial(&target.with_policy(AddressPolicy::PublicOnly), SOON).await.err().unwrap();
        answers.push((evidence.stage, std::mem::discriminant(&evidence.seen)));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(open.came(), 0);
}
