//! What receivers that mean harm, and addresses that lead inside, can do: nothing.

use crate::receiver::{Receiver, Reply, status};
use crate::stage::{Stage, caller, policy, webhook};
use mail::{Clock, Seen};
use net::{AddressPolicy, Dns, Resolver};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;
use store::{PostResult, Webhook};
use testkit::contract::sample::NOON;
use testkit::hostile::Fickle;

/// Posts one event there, and gives what came of it.
async fn post(url: &str, resolver: Resolver, policy: AddressPolicy) -> PostResult {
    let clock = Clock::manual(NOON);
    let caller = caller(&clock, resolver, policy);
    let stage = Stage::with(webhook(url), clock, caller).await;
    stage.accept(1, 1).await;
    stage.round().await;
    stage.posts().await.remove(0).result
}

#[track_caller]
fn forbidden(url: &str, result: &PostResult) {
    let PostResult::Unanswered { evidence } = result else { panic!("{url}: {result:?}") };
    let refused = matches!(evidence.seen, Seen::AddressForbidden { .. } | Seen::NameUnknown);
    assert!(refused, "{url}: {evidence}");
}

#[tokio::test]
async fn nothing_inside_is_reached() {
    let inside = Receiver::start().await;
    let six = Receiver::start_at("::1".parse().expect("an address")).await;
    let port = inside.address.port();
    let names: HashMap<String, Vec<IpAddr>> = [
        ("hooks.example.org", vec!["127.0.0.1"]),
        ("ten.example.org", vec!["10.0.0.1", "192.168.1.1"]),
        ("metadata.google.internal", vec!["169.254.169.254"]),
        ("six.example.org", vec!["::1", "fd00::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]),
    ]
    .into_iter()
    .map(|(name, ips)| (name.to_owned(), ips.iter().map(|ip| ip.parse().expect("an ip")).collect()))
    .collect();
    for host in [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "0x7f000001",
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "100.64.0.1",
        "192.168.0.1",
        "hooks.example.org",
        "ten.example.org",
        "metadata.google.internal",
        "six.example.org",
        "[fe80::1]",
        "[fd00:ec2::254]",
    ] {
        let url = format!("http://{host}:{port}/in");
        let result = post(&url, Resolver::Fixed(names.clone()), AddressPolicy::PublicOnly).await;
        forbidden(&url, &result);
    }
    let url = format!("http://[::1]:{}/in", six.address.port());
    forbidden(&url, &post(&url, Resolver::Fixed(HashMap::new()), AddressPolicy::PublicOnly).await);
    assert_eq!((inside.came().len(), six.came().len()), (0, 0));
    // What an administrator allows is reached.
    let url = format!("http://hooks.example.org:{port}/in");
    let allowed = AddressPolicy::PublicAnd(vec!["127.0.0.1/32".parse().expect("a range")].into());
    let result = post(&url, Resolver::Fixed(names), allowed).await;
    assert!(result.is_taken(), "{result:?}");
}

#[tokio::test]
async fn a_name_that_changes_its_mind_reaches_nothing_inside() {
    let good: IpAddr = "127.77.0.1".parse().expect("an address");
    let bad: [IpAddr; 2] = ["127.0.0.1", "::1"].map(|ip| ip.parse().expect("an address"));
    let outside = Receiver::start_at(good).await;
    let names = Fickle::start(good, bad).expect("a name server");
    let dns = Dns::servers(vec![names.address]);
    let resolver = Resolver::Named { dns, hosts: "/dev/null".into() };
    let url = format!("http://fickle.example.org:{}/in", outside.address.port());
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..60 {
        // Whatever it says, the connection goes to the address that was judged.
        match post(&url, resolver.clone(), policy(&["127.77.0.0/16"])).await {
            PostResult::Answered { status: 200, .. } => taken += 1,
            result => {
                forbidden(&url, &result);
                refused += 1;
            }
        }
    }
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused");
    assert_eq!(outside.came().len(), taken);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let inside = Receiver::start().await;
    let outside = Receiver::start_at("127.77.0.2".parse().expect("an address")).await;
    for code in [301, 302, 303, 307, 308] {
        let to = inside.url();
        outside.answers(move |_| {
            Reply::Bytes(format!("HTTP/1.1 {code} x\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"))
        });
        let result = post(&outside.url(), Resolver::Fixed(HashMap::new()), policy(&["127.0.0.0/8"])).await;
        assert!(matches!(result, PostResult::Answered { status, .. } if status == code), "{result:?}");
    }
    assert_eq!((outside.came().len(), inside.came().len()), (5, 0));
}

#[tokio::test]
async fn what_has_no_end_is_cut() {
    let receiver = Receiver::start().await;
    let policy = || policy(&["127.0.0.0/8"]);
    let none = || Resolver::Fixed(HashMap::new());
    receiver.answers(|_| Reply::Endless("HTTP/1.1 500 x\r\n\r\n"));
    let result = post(&receiver.url(), none(), policy()).await;
    let PostResult::Answered { status: 500, said } = result else { panic!("{result:?}") };
    assert_eq!(said, "x".repeat(300));
    receiver.answers(|_| Reply::Endless("HTTP/1.1 200 x\r\n\r\n"));
    assert!(post(&receiver.url(), none(), policy()).await.is_taken());
    for head in ["HTTP/1.1 200 x\r\nA: ", "", "HTTP/1.1 100 x\r\n\r\n"] {
        receiver.answers(move |_| Reply::Endless(head));
        let result = post(&receiver.url(), none(), policy()).await;
        let PostResult::Unanswered { evidence } = &result else { panic!("{head}: {result:?}") };
        assert!(matches!(evidence.seen, Seen::NotSmtp { .. }), "{head}: {evidence}");
    }
}

#[tokio::test]
async fn silence_is_not_waited_for() {
    let receiver = Receiver::start().await;
    receiver.answers(|_| Reply::Silence);
    let clock = Clock::manual(NOON);
    let caller = caller(&clock, Resolver::Fixed(HashMap::new()), policy(&["127.0.0.0/8"]));
    let stage =
        Stage::with(webhook(&receiver.url()), clock, caller.with_limit(Duration::from_millis(300))).await;
    stage.accept(1, 1).await;
    stage.round().await;
    let PostResult::Unanswered { evidence } = stage.posts().await.remove(0).result else {
        panic!("answered")
    };
    assert!(matches!(evidence.seen, Seen::Timeout { .. }), "{evidence}");
    assert_eq!(stage.owed().await, 1);
    receiver.answers(|_| status(200));
    stage.lives(60).await;
    assert_eq!(stage.owed().await, 0);
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_owed_and_told() {
    let stage = Stage::of(Webhook { url: "ftp://example.org/".to_owned(), ..webhook("") }).await;
    stage.accept(1, 1).await;
    stage.round().await;
    assert_eq!(stage.posts().await.remove(0).result, PostResult::Forbidden);
    assert_eq!(stage.owed().await, 1);
}
