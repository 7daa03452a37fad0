//! DNS situations, one a line: what the DNS says, whose mail, what follows.

use super::*;
use crate::Zone;

/// Names that many situations use.
const WORLD: &str = "
    a.example A 192.0.2.1
    b.example A 192.0.2.2
    c.example A 192.0.2.3
    six.example AAAA 2001:db8::1
    both.example A 192.0.2.4
    both.example AAAA 2001:db8::4
    many.example A 192.0.2.11
    many.example A 192.0.2.12
    many.example A 192.0.2.13
    many.example AAAA 2001:db8::11
    us.example A 192.0.2.99
    inside.example A 10.0.0.1
    loop.example A 127.0.0.1
    half.example A 10.0.0.1
    half.example A 192.0.2.5
    sick.example * !servfail
    slow.example * !timeout
    lame.example * !refused
    text.example TXT nothing but text
    sixsick.example A 192.0.2.6
    sixsick.example AAAA !servfail
    foursick.example A !timeout
    alias.example CNAME a.example
    lost.example CNAME nowhere.example
    round.example CNAME ring.example
    ring.example CNAME round.example
";

/// Situation, its records (`x` is the domain in question; `/` ends a line), the domain, the outcome: hosts by
/// preference with `|` between preferences and `+` between equals, or a fault.
#[rustfmt::skip] // One line a situation.
const SITUATIONS: &[(&str, &str, &str, &str)] = &[
    // What a healthy domain looks like.
    ("one MX", "x MX 10 a.example", "x", "a.example=192.0.2.1"),
    ("two preferences", "x MX 20 b.example/x MX 10 a.example", "x", "a.example=192.0.2.1 | b.example=192.0.2.2"),
    ("equals", "x MX 5 a.example/x MX 5 b.example", "x", "a.example=192.0.2.1 + b.example=192.0.2.2"),
    ("IPv6 only", "x MX 10 six.example", "x", "six.example=2001:db8::1"),
    ("both families", "x MX 10 both.example", "x", "both.example=2001:db8::4,192.0.2.4"),
    ("the families take turns", "x MX 10 many.example", "x", "many.example=2001:db8::11,192.0.2.11,192.0.2.12,192.0.2.13"),
    ("preferences 0 and 65535", "x MX 65535 b.example/x MX 0 a.example", "x", "a.example=192.0.2.1 | b.example=192.0.2.2"),
    ("capitals and a final dot", "X MX 10 A.Example.", "X", "a.example=192.0.2.1"),
    ("an internationalised domain", "xn--socit-esab.example MX 10 a.example", "soci\u{e9}t\u{e9}.example", "a.example=192.0.2.1"),
    ("a subdomain of its own", "m.x MX 10 a.example/x MX 10 b.example", "m.x", "a.example=192.0.2.1"),
    ("the same host twice", "x MX 10 a.example/x MX 20 a.example", "x", "a.example=192.0.2.1"),
    ("the same address twice", "x MX 10 y/y A 192.0.2.7/y A 192.0.2.7", "x", "y=192.0.2.7"),
    ("two names, one address", "x MX 10 a.example/x MX 20 y/y A 192.0.2.1", "x", "a.example=192.0.2.1 | y=192.0.2.1"),
    ("an underscore in a host", "x MX 10 m_x.y/m_x.y A 192.0.2.7", "x", "m_x.y=192.0.2.7"),
    // Without MX: RFC 5321 §5.1.
    ("the implicit MX", "x A 192.0.2.7", "x", "x=192.0.2.7"),
    ("the implicit MX with IPv6", "x AAAA 2001:db8::7", "x", "x=2001:db8::7"),
    ("MX wins over an address", "x MX 10 a.example/x A 192.0.2.7", "x", "a.example=192.0.2.1"),
    ("no address under a broken MX", "x MX 10 nowhere.example/x A 192.0.2.7", "x", "permanent: no mail server of the domain exists"),
    ("a domain of texts only", "x TXT v=spf1 -all", "x", "permanent: the domain has no mail server and no address"),
    ("an implicit alias", "x CNAME a.example", "x", "x=192.0.2.1"),
    ("an implicit private address", "x A 10.1.1.1", "x", "permanent: the domain's mail server has the address 10.1.1.1, which is not public"),
    ("an implicit address, half answered", "x A !servfail/x AAAA 2001:db8::7", "x", "x=2001:db8::7"),
    ("an implicit address, unanswered", "x A !servfail", "x", "temporary: x A: the name servers failed"),
    ("an implicit alias to nowhere", "x CNAME nowhere.example", "x", "permanent: the domain does not exist"),
    // Null MX: RFC 7505.
    ("null MX", "x MX 0 .", "x", "permanent: the domain takes no mail (null MX)"),
    ("null MX of another preference", "x MX 10 .", "x", "permanent: the domain takes no mail (null MX)"),
    ("null MX beside an address", "x MX 0 ./x A 192.0.2.7", "x", "permanent: the domain takes no mail (null MX)"),
    ("null MX twice", "x MX 0 ./x MX 10 .", "x", "permanent: the domain takes no mail (null MX)"),
    ("null MX beside another, a mistake", "x MX 0 ./x MX 10 a.example", "x", "a.example=192.0.2.1"),
    // The domain is not there, or nobody says.
    ("NXDOMAIN", "y A 192.0.2.7", "x", "permanent: the domain does not exist"),
    ("an empty name above others", "mail.x A 192.0.2.7", "x", "permanent: the domain has no mail server and no address"),
    ("SERVFAIL", "x MX !servfail", "x", "temporary: x MX: the name servers failed"),
    ("REFUSED", "x MX !refused", "x", "temporary: x MX: the name server refused to answer"),
    ("no answer", "x MX !timeout", "x", "temporary: x MX: no answer in time"),
    ("nonsense", "x MX !malformed", "x", "temporary: x MX: the answer makes no sense"),
    ("SERVFAIL for MX beside an address", "x MX !servfail/x A 192.0.2.7", "x", "temporary: x MX: the name servers failed"),
    ("a no to everything", "com * !nxdomain", "x", "temporary: x MX: the resolver says no to everything"),
    ("nothing to everything", "com * !nodata/x TXT here", "x", "temporary: x MX: the resolver says no to everything"),
    ("a no while the control question fails", "com * !servfail", "x", "temporary: x MX: the resolver says no to everything"),
    ("a private address for everything", "com * !nodata/x A 10.0.0.1", "x", "temporary: x MX: the resolver says no to everything"),
    ("no host in the resolver that says no", "com * !nxdomain/x MX 10 nowhere.example", "x", "temporary: x MX: the resolver says no to everything"),
    ("a yes needs no control", "com * !nxdomain/x MX 10 a.example", "x", "a.example=192.0.2.1"),
    ("null MX needs no control", "com * !timeout/x MX 0 .", "x", "permanent: the domain takes no mail (null MX)"),
    // Aliases. RFC 5321 §5.1 leaves an MX that is an alias open; every large server follows it, and so do we.
    ("a domain that is an alias", "x CNAME y/y MX 10 a.example", "x", "a.example=192.0.2.1"),
    ("a domain that is an alias to a name without MX", "x CNAME b.example", "x", "x=192.0.2.2"),
    ("an MX that is an alias", "x MX 10 alias.example", "x", "alias.example=192.0.2.1"),
    ("an MX that is an alias to nowhere", "x MX 10 lost.example", "x", "permanent: no mail server of the domain exists"),
    ("a domain whose aliases go round", "x CNAME round.example", "x", "temporary: x MX: the aliases have no end"),
    ("an MX whose aliases go round", "x MX 10 round.example", "x", "temporary: round.example A: the aliases have no end"),
    ("an MX whose aliases go round, and another", "x MX 10 round.example/x MX 20 a.example", "x", "a.example=192.0.2.1"),
    // Hosts that are none.
    ("an address for a host", "x MX 10 192.0.2.7", "x", "permanent: no mail server of the domain exists"),
    ("an IPv6 address for a host", "x MX 10 2001:db8::7", "x", "permanent: no mail server of the domain exists"),
    ("an address for a host, and a host", "x MX 10 192.0.2.7/x MX 20 a.example", "x", "a.example=192.0.2.1"),
    ("localhost", "x MX 10 localhost", "x", "permanent: no mail server of the domain exists"),
    ("localhost, and a host", "x MX 10 localhost/x MX 20 a.example", "x", "a.example=192.0.2.1"),
    ("a host that does not exist, and one that does", "x MX 10 nowhere.example/x MX 20 a.example", "x", "a.example=192.0.2.1"),
    ("a host of texts only", "x MX 10 text.example", "x", "permanent: no mail server of the domain exists"),
    ("nonsense for a host", "x MX 10 a..b", "x", "permanent: no mail server of the domain exists"),
    // Addresses that mail is not brought to.
    ("a private host", "x MX 10 inside.example", "x", "permanent: the domain's mail server has the address 10.0.0.1, which is not public"),
    ("a loopback host", "x MX 10 loop.example", "x", "permanent: the domain's mail server has the address 127.0.0.1, which is not public"),
    ("a private host, and a public one", "x MX 10 inside.example/x MX 20 a.example", "x", "a.example=192.0.2.1"),
    ("a host half private", "x MX 10 half.example", "x", "half.example=192.0.2.5"),
    ("a private host, and one unanswered", "x MX 10 inside.example/x MX 20 sick.example", "x", "temporary: sick.example A: the name servers failed"),
    // Hosts that nobody says anything about.
    ("a sick host", "x MX 10 sick.example", "x", "temporary: sick.example A: the name servers failed"),
    ("a slow host, and a healthy one", "x MX 10 slow.example/x MX 20 a.example", "x", "a.example=192.0.2.1"),
    ("a lame host, and one that does not exist", "x MX 10 nowhere.example/x MX 20 lame.example", "x", "temporary: lame.example A: the name server refused to answer"),
    ("a host whose IPv6 is not answered", "x MX 10 sixsick.example", "x", "sixsick.example=192.0.2.6"),
    ("a host whose IPv4 is not answered", "x MX 10 foursick.example", "x", "temporary: foursick.example A: no answer in time"),
    // Ourselves: RFC 5321 §5.1. We are us.example, at 192.0.2.99 and 2001:db8::99.
    ("we are the only host", "x MX 10 us.example", "x", "permanent: the domain's mail server is this one"),
    ("we are the best host", "x MX 10 us.example/x MX 20 a.example", "x", "permanent: the domain's mail server is this one"),
    ("we are the second host", "x MX 10 a.example/x MX 20 us.example/x MX 30 b.example", "x", "a.example=192.0.2.1"),
    ("we are among equals", "x MX 10 us.example/x MX 10 a.example", "x", "permanent: the domain's mail server is this one"),
    ("we are known by another name", "x MX 10 a.example/x MX 20 y/y A 192.0.2.99/x MX 30 b.example", "x", "a.example=192.0.2.1"),
    ("we are known by our IPv6 address", "x MX 10 y/y AAAA 2001:db8::99", "x", "permanent: the domain's mail server is this one"),
    ("we are the implicit host", "x A 192.0.2.99", "x", "permanent: the domain's mail server is this one"),
    ("we are second, and the first is sick", "x MX 10 sick.example/x MX 20 us.example", "x", "temporary: sick.example A: the name servers failed"),
    ("we are second, and the first does not exist", "x MX 10 nowhere.example/x MX 20 us.example", "x", "permanent: the domain's mail server is this one"),
    ("one behind us is sick", "x MX 10 us.example/x MX 20 sick.example", "x", "permanent: the domain's mail server is this one"),
    // Address literals: RFC 5321 §4.1.3.
    ("a literal", "", "[192.0.2.7]", "[192.0.2.7]=192.0.2.7"),
    ("an IPv6 literal", "", "[IPv6:2001:db8::7]", "[2001:db8::7]=2001:db8::7"),
    ("a private literal", "", "[10.0.0.1]", "permanent: the domain's mail server has the address 10.0.0.1, which is not public"),
    ("a literal of ours", "", "[192.0.2.99]", "permanent: the domain's mail server is this one"),
];

fn ours() -> Ours {
    let addresses = ["192.0.2.99", "2001:db8::99"].map(|ip| ip.parse().unwrap());
    Ours { names: vec![Name::answered("us.example")], addresses: addresses.to_vec() }
}

fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_private() && !ip.is_loopback(),
        IpAddr::V6(ip) => !ip.is_loopback(),
    }
}

/// Runs a search to its end.
fn search(zone: &str, domain: &str, seed: u64) -> Result<Plan, Fault> {
    let zone: Zone = format!("{WORLD}\n{}", zone.replace('/', "\n")).parse().unwrap();
    let ours = ours();
    let mut search = MxSearch::new(&domain.parse().unwrap(), &ours, seed, &is_outside);
    for _ in 0..5 {
        match search.poll() {
            Poll::Ask(questions) => {
                assert!(!questions.is_empty());
                for question in questions {
                    let answer = zone.ask(&question);
                    search.learn(question, answer);
                }
            }
            Poll::Done(result) => return result,
        }
    }
    panic!("{domain}: the search has no end");
}

fn show(result: &Result<Plan, Fault>) -> String {
    let plan = match result {
        Ok(plan) => plan,
        Err(fault) => {
            let word = if fault.is_temporary() { "temporary" } else { "permanent" };
            return format!("{word}: {fault}");
        }
    };
    let groups = plan.hosts.chunk_by(|a, b| a.preference == b.preference);
    let group = |hosts: &[Host]| {
        let mut shown: Vec<String> = hosts.iter().map(show_host).collect();
        shown.sort();
        shown.join(" + ")
    };
    groups.map(group).collect::<Vec<_>>().join(" | ")
}

fn show_host(host: &Host) -> String {
    let addresses: Vec<String> = host.addresses.iter().map(IpAddr::to_string).collect();
    format!("{}={}", host.name, addresses.join(","))
}

#[test]
fn situations() {
    let wrong: Vec<String> = SITUATIONS
        .iter()
        .map(|(name, zone, domain, expected)| (name, show(&search(zone, domain, 7)), expected))
        .filter(|(_, shown, expected)| shown != *expected)
        .map(|(name, shown, expected)| format!("{name}\n  is     {shown}\n  should {expected}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(SITUATIONS.len() >= 60);
}

#[test]
fn equals_are_in_every_order_and_the_same_for_the_same_seed() {
    let zone = "x MX 10 a.example/x MX 10 b.example/x MX 10 c.example/x MX 5 both.example";
    let order = |seed| {
        let plan = search(zone, "x", seed).unwrap();
        assert_eq!(plan.hosts[0].name, "both.example");
        plan.hosts.iter().map(|host| host.name.clone()).collect::<Vec<_>>()
    };
    let mut orders: Vec<_> = (0..200).map(order).collect();
    assert_eq!(order(3), order(3));
    orders.sort();
    let counts: Vec<usize> = orders.chunk_by(|a, b| a == b).map(<[_]>::len).collect();
    assert!(counts.len() == 6 && counts.iter().all(|count| *count > 15), "{counts:?}");
}

#[test]
fn hosts_and_addresses_are_bounded() {
    let hundred: String = (0..100).map(|n| format!("x MX {n} h{n}.y/h{n}.y A 192.0.2.{n}/")).collect();
    let plan = search(&hundred, "x", 1).unwrap();
    assert_eq!((plan.hosts.len(), plan.notes.len()), (MAX_HOSTS, 100 - MAX_HOSTS));
    assert_eq!(plan.hosts[MAX_HOSTS - 1].name, "h9.y");
    let crowd: String = (1..90).map(|n| format!("y A 192.0.2.{n}/y AAAA 2001:db8:1::{n}/")).collect();
    let plan = search(&format!("x MX 1 y/{crowd}"), "x", 1).unwrap();
    assert_eq!(plan.hosts[0].addresses.len(), MAX_ADDRESSES);
    assert_eq!(plan.hosts[0].addresses.iter().filter(|ip| ip.is_ipv6()).count(), MAX_ADDRESSES / 2);
}

#[test]
fn who_is_left_out_is_said_and_the_shortest_life_counts() {
    let zone = "x 900 MX 10 a.example/x MX 20 nowhere.example/x MX 30 inside.example/x MX 40 us.example/\
                x MX 50 b.example/x MX 5 localhost/x MX 6 192.0.2.1/x MX 7 slow.example/x MX 8 text.example";
    let plan = search(zone, "x", 1).unwrap();
    assert_eq!(plan.ttl_secs, 300);
    let notes: Vec<String> = plan.notes.iter().map(Note::to_string).collect();
    for note in [
        "us.example is this server",
        "b.example is not preferred over this server",
        "localhost is whoever asks",
        "192.0.2.1 is not the name of a host",
        "slow.example cannot be looked up: no answer in time",
        "text.example has no address",
        "nowhere.example does not exist",
        "inside.example has the address 10.0.0.1, which is not public",
    ] {
        assert!(notes.iter().any(|shown| shown == note), "{note}: {notes:?}");
    }
    assert_eq!(notes.len(), 8);
}

#[test]
fn nothing_is_asked_twice_and_everything_at_once() {
    let ours = ours();
    let domain = "x.example".parse().unwrap();
    let mut search = MxSearch::new(&domain, &ours, 1, &is_outside);
    let first = search.poll();
    assert_eq!(first, search.poll());
    let zone: Zone =
        "x.example MX 10 y.example\nx.example MX 20 z.example\ny.example A 192.0.2.1".parse().unwrap();
    let Poll::Ask(questions) = first else { panic!("a domain has a question") };
    assert_eq!(questions.len(), 1);
    search.learn(questions[0].clone(), zone.ask(&questions[0]));
    let Poll::Ask(questions) = search.poll() else { panic!("two hosts have questions") };
    assert_eq!(questions.len(), 4);
    for question in questions {
        search.learn(question.clone(), zone.ask(&question));
    }
    assert!(matches!(search.poll(), Poll::Done(Ok(_))));
}
