//! Answers that mean harm, in live discoveries: documents, redirections, records, greetings. Each is refused with its
//! reason; nothing inside this machine is called, nobody is told a password, and nothing hangs.

use super::town::{After, Paper, Raw, Town, password};
use super::*;
use ::discover::{Refusal, Server, Why};
use std::time::Duration;
use testkit::chance::Chance;
use testkit::hostile::Fickle;
use testkit::proof;
use tokio::time::Instant;

/// How many discoveries there are at once.
const WORKERS: usize = 6;
/// The stop of a discovery, and the time that a machine with other work needs to notice it.
const LIMIT: Duration = Duration::from_secs(40);

/// What a case must come to.
#[derive(Debug, Clone)]
enum Fate {
    /// The document at a host is refused for one of these reasons.
    Document(String, &'static [&'static str]),
    /// A server is not used, or not reached, for one of these reasons.
    Server(&'static [&'static str]),
    /// It is found, and trusted as a hint alone.
    Hint(String),
    /// Nothing is found there, for whatever reason.
    Nowhere,
}

/// An answer that means harm.
#[derive(Debug, Clone)]
struct Case {
    what: String,
    documents: Vec<(String, Raw)>,
    zone: String,
    servers: Vec<Server>,
    greeting: Option<Raw>,
    fate: Fate,
}

impl Case {
    fn new(what: String, fate: Fate) -> Self {
        Self { what, documents: Vec::new(), zone: String::new(), servers: Vec::new(), greeting: None, fate }
    }
}

fn http(status: &str, head: &str, body: &str) -> Raw {
    Raw::whole(format!("HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len()))
}

fn wrapped(inner: &str) -> String {
    format!("<clientConfig version=\"1.1\"><emailProvider id=\"a\">{inner}</emailProvider></clientConfig>")
}

fn server(host: &str, port: &str) -> String {
    format!(
        "<incomingServer type=\"imap\"><hostname>{host}</hostname><port>{port}</port><socketType>SSL</socketType></incomingServer>"
    )
}

/// Bytes at random.
fn noise(chance: &mut Chance, count: u64) -> Vec<u8> {
    (0..count).map(|_| u8::try_from(chance.below(256)).unwrap()).collect()
}

/// A document of each kind that is refused as a whole.
fn bad_document(kind: u64, n: u64, chance: &mut Chance) -> (&'static str, Raw, &'static [&'static str]) {
    let ok = |body: &str| http("200 OK", "Content-Type: text/xml\r\n", body);
    let more = chance.below(40);
    match kind {
        0 => {
            let levels = 2 + more / 4;
            let entities: String =
                (1..=levels).map(|n| format!("<!ENTITY e{n} \"&e{};&e{};\">", n - 1, n - 1)).collect();
            let bomb =
                format!("<!DOCTYPE x [<!ENTITY e0 \"x\">{entities}]>{}", wrapped(&format!("&e{levels};")));
            ("entities that grow", ok(&bomb), &["entities"])
        }
        1 => {
            let place =
                ["file:///etc/passwd", "http://169.254.169.254/", "https://127.0.0.1/"][n as usize % 3];
            let text = format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"{place}\">]>{}", wrapped("&e;"));
            ("entities from elsewhere", ok(&text), &["entities"])
        }
        2 => ("depth", ok(&wrapped(&"<a>".repeat(20 + more as usize))), &["too_complex"]),
        3 => ("width", ok(&wrapped(&"<a/>".repeat(4_100 + more as usize))), &["too_complex"]),
        4 => {
            let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            ("a body without end", Raw { bytes: head, after: After::Endless }, &["too_large"])
        }
        5 => {
            let length = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n<a>", 300_000 + more);
            ("a length that is too large", Raw::whole(length), &["too_large"])
        }
        6 => {
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n<a>", 100 + more);
            ("a body that is cut", Raw::whole(text), &["malformed"])
        }
        7 => {
            let page = format!("<html><head><title>{more}</title></head><body>Welcome</body></html>");
            ("a page for people", ok(&page), &["wrong_kind"])
        }
        8 => {
            let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n\0".to_vec();
            bytes.extend(noise(chance, 300));
            ("noise", Raw { bytes, after: After::End }, &["malformed", "wrong_kind", "entities"])
        }
        9 => {
            let mut bytes = b"\x01".to_vec();
            bytes.extend(noise(chance, 80));
            bytes.extend(b"\r\n\r\n");
            ("noise where HTTP belongs", Raw { bytes, after: After::End }, &["protocol_error"])
        }
        10 => {
            let head = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
            ("a head without end", Raw { bytes: head, after: After::Endless }, &["protocol_error"])
        }
        11 => {
            let text = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f".to_owned();
            ("a body that is packed", Raw::whole(text), &["malformed"])
        }
        12 => {
            let size = ["ffffffffffffffff", "-1", "7fffffff", "zz"][n as usize % 4];
            let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nx\r\n");
            ("chunks that lie", Raw::whole(text), &["too_large"])
        }
        13 => ("a connection that ends", Raw::whole(String::new()), &["connection_dropped"]),
        _ if n < 45 => {
            let head = b"HTTP/1.1 200 OK\r\n\r\n<clientConfig>".to_vec();
            let slow = &["greeting_timeout", "conversation_timeout", "connect_timeout"];
            ("a body that never comes", Raw { bytes: head, after: After::Hold }, slow)
        }
        _ => ("nothing in it", ok(&wrapped(&format!("<domain>a{more}.example</domain>"))), &["empty"]),
    }
}

fn documents(chance: &mut Chance) -> Vec<Case> {
    let places = [
        ("autoconfig.a.example", "/mail/"),
        ("a.example", "/.well-known/"),
        ("autodiscover.a.example", "/autodiscover/"),
    ];
    let case = |n: u64| {
        let (host, path) = places[n as usize / 15 % 3];
        let (what, mut raw, reasons) = bad_document(n % 15, n, chance);
        let mut reasons = reasons;
        if host.starts_with("autodiscover") {
            let text = String::from_utf8_lossy(&raw.bytes).into_owned();
            if text.contains("clientConfig") && n % 15 != 14 {
                raw.bytes = text.replace("clientConfig", "Autodiscover").into_bytes();
                // The length of the body is another one now.
                raw = shortened(&raw);
            }
            if n % 15 == 14 {
                reasons =
                    &["wrong_kind", "empty", "greeting_timeout", "conversation_timeout", "connect_timeout"];
            }
        }
        let mut case = Case::new(format!("{what} at {host}"), Fate::Document(host.to_owned(), reasons));
        case.documents.push((format!("{host}{path}"), raw));
        case
    };
    (0..150).map(case).collect()
}

/// An answer whose head says how long its body is.
fn shortened(raw: &Raw) -> Raw {
    let text = String::from_utf8_lossy(&raw.bytes).into_owned();
    let Some((_, body)) = text.split_once("\r\n\r\n").filter(|_| raw.after == After::End) else {
        return raw.clone();
    };
    http("200 OK", "", body)
}

/// Where documents are said to have moved to.
fn redirections(chance: &mut Chance) -> Vec<Case> {
    let mut cases = Vec::new();
    let to = |place: &str| http("302 Found", &format!("Location: {place}\r\n"), "");
    let here = "autoconfig.a.example";
    for n in 0..80 {
        let more = chance.below(1_000);
        let inside = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "0x7f.1", "2130706433", "127.1"];
        let inside = inside[more as usize % inside.len()];
        let (what, place, fate) = match n % 8 {
            0 => (
                "to itself",
                format!("https://{here}/mail/config-v1.1.xml"),
                Fate::Document(here.into(), &["redirects"]),
            ),
            1 => ("to http", format!("http://b{more}.example/"), Fate::Document(here.into(), &["redirects"])),
            2 => (
                "to another port",
                format!("https://b{more}.example:{}/", 1_024 + more),
                Fate::Document(here.into(), &["redirects"]),
            ),
            3 => (
                "to an address inside",
                format!("https://{inside}/{more}"),
                Fate::Document(String::new(), &["redirects", "address_forbidden", "dns_server_name_unknown"]),
            ),
            4 => (
                "to a name that leads inside",
                format!("https://inside{}.example/", more % 4),
                Fate::Document("inside".into(), &["address_forbidden"]),
            ),
            5 => (
                "with a password",
                format!("https://a:b{more}@b.example/"),
                Fate::Document(here.into(), &["redirects"]),
            ),
            6 => (
                "round and round",
                "https://round1.example/".to_owned(),
                Fate::Document("round".into(), &["redirects"]),
            ),
            _ => {
                let alike =
                    ["a-example.example", "nota.example", "a.example.evil.example", "xn--80ak6aa92e.example"];
                let alike = alike[more as usize % alike.len()];
                ("to a look-alike", format!("https://{alike}/{more}"), Fate::Hint(alike.to_owned()))
            }
        };
        let mut case = Case::new(format!("{what}: {place}"), fate.clone());
        case.documents.push((format!("{here}/mail/"), to(&place)));
        case.documents.push(("round1.example/".to_owned(), to("https://round2.example/")));
        case.documents.push(("round2.example/".to_owned(), to("/again")));
        if let Fate::Hint(alike) = fate {
            let document = wrapped(&server(&format!("imap.{alike}"), "993"));
            case.documents.push((format!("{alike}/"), http("200 OK", "", &document)));
            case.servers.push(Server::at(Protocol::Imap, &format!("imap.{alike}"), 993, Tls::Implicit));
        }
        cases.push(case);
    }
    cases
}

/// Autodiscover that sends us on.
fn sent_on(chance: &mut Chance) -> Vec<Case> {
    let here = "autodiscover.a.example";
    let case = |n: u64| {
        let more = chance.below(1_000);
        let (inner, fate): (String, Fate) = match n % 5 {
            0 => (
                format!("<Action>redirectUrl</Action><RedirectUrl>http://b{more}.example/</RedirectUrl>"),
                Fate::Document(here.into(), &["redirects"]),
            ),
            1 => (
                "<Action>redirectAddr</Action><RedirectAddr>anne@a.example</RedirectAddr>".to_owned(),
                Fate::Document(here.into(), &["redirects"]),
            ),
            2 => (
                format!(
                    "<Action>redirectUrl</Action><RedirectUrl>https://inside{}.example/x</RedirectUrl>",
                    more % 4
                ),
                Fate::Document("inside".into(), &["address_forbidden"]),
            ),
            3 => (
                format!("<Action>redirectAddr</Action><RedirectAddr>anne@x{more} y</RedirectAddr>"),
                Fate::Document(here.into(), &["redirects", "empty", "malformed", "wrong_kind"]),
            ),
            _ => (
                format!("<Action>redirectUrl</Action><RedirectUrl>https://127.0.0.1/{more}</RedirectUrl>"),
                Fate::Document(String::new(), &["redirects", "address_forbidden"]),
            ),
        };
        let body = format!("<Autodiscover><Response><Account>{inner}</Account></Response></Autodiscover>");
        let mut case = Case::new(format!("sent on: {inner}"), fate);
        case.documents.push((format!("{here}/"), http("200 OK", "", &body)));
        case
    };
    (0..40).map(case).collect()
}

/// Records of the DNS.
fn records(chance: &mut Chance) -> Vec<Case> {
    let case = |n: u64| {
        let more = chance.below(1_000);
        let (label, odd) =
            [("_imaps", 22), ("_submissions", 8_080), ("_pop3s", 6_379), ("_imap", 3_306)][n as usize % 4];
        let name = format!("{label}._tcp.a.example");
        let mut fate = Fate::Server(&["no_name"]);
        let line = match n % 10 {
            0 => format!("{name} SRV 0 {more} 993 127.0.0.1"),
            1 => format!("{name} SRV 0 0 993 10.{}.0.1", more % 256),
            2 => {
                fate = Fate::Server(&["address_forbidden"]);
                format!("{name} SRV 0 0 {} inside{}.example", [993, 465, 995, 143][n as usize % 4], more % 4)
            }
            3 => {
                fate = Fate::Server(&["odd_port"]);
                format!("{name} SRV 0 0 {odd} b{more}.example")
            }
            4 => {
                fate = Fate::Server(&["no_port"]);
                format!("{name} SRV 0 0 0 b{more}.example")
            }
            5 => {
                fate = Fate::Server(&["not_offered"]);
                format!("{name} SRV 0 0 0 .")
            }
            6 => format!("{name} SRV 0 0 993 localhost"),
            7 => format!("{name} SRV 0 0 993 a_b{more}.example"),
            8 => {
                fate = Fate::Document("inside".into(), &["address_forbidden"]);
                format!("a.example TXT mailconf=https://inside{}.example/{more}", more % 4)
            }
            _ => {
                fate = Fate::Server(&["dns_server_name_unknown"]);
                let lines = (0..60).map(|n| format!("{name} SRV {n} 0 993 many{n}.example\n"));
                lines.collect()
            }
        };
        let mut case = Case::new(format!("records: {line:.80}"), fate);
        case.zone = line;
        case
    };
    (0..90).map(case).collect()
}

/// What servers say first.
fn greetings(chance: &mut Chance) -> Vec<Case> {
    const CAUSES: &[&str] = &[
        "protocol_error",
        "server_unavailable",
        "imap_backend_unavailable",
        "connection_dropped",
        "greeting_timeout",
        "recipient_domain_unavailable",
        "auth_too_many_attempts",
    ];
    let case = |n: u64| {
        let [imap, pop3, smtp] = Protocol::ALL;
        let (protocol, name, port) =
            [(imap, "imap", 993), (pop3, "pop", 995), (smtp, "smtp", 465)][n as usize % 3];
        let (bytes, after) = match n / 3 % 9 {
            0 => (noise(chance, 200), After::End),
            1 => (Vec::new(), After::Endless),
            2 => (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), After::End),
            3 => (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), After::End),
            4 => (b"* PREAUTH in\r\n".to_vec(), After::Hold),
            5 => (b"\x1b]0;owned\x07\x1b[31m\r\n".to_vec(), After::End),
            6 => (format!("-ERR {}\r\n", "x".repeat(600)).into_bytes(), After::End),
            7 => (b"* BYE \x1b[2J go away\r\n".to_vec(), After::End),
            _ => (Vec::new(), After::End),
        };
        let mut case = Case::new(
            format!("a greeting of {name}, {} bytes, {after:?}", bytes.len()),
            Fate::Server(CAUSES),
        );
        case.servers.push(Server::at(protocol, &format!("{name}.a.example"), port, Tls::Implicit));
        case.greeting = Some(Raw { bytes, after });
        case
    };
    (0..90).map(case).collect()
}

const fn refusal(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::TooLarge { .. } => "too_large",
        Refusal::TooComplex => "too_complex",
        Refusal::Entities => "entities",
        Refusal::Malformed => "malformed",
        Refusal::WrongKind => "wrong_kind",
        Refusal::Empty => "empty",
        Refusal::Redirects => "redirects",
    }
}

/// Why documents at a host were refused.
fn refusals<'d>(found: &'d Discovery, host: &str) -> Vec<&'d str> {
    let of = |asked: &&Asked| asked.what.starts_with(&format!("https://{host}"));
    let why = |asked: &'d Asked| match &asked.why {
        NoAnswer::Refused(why) => refusal(why),
        NoAnswer::Seen(evidence) => {
            ::discover::prove::Obstacle::Seen(evidence.clone()).verdict().cause.as_str()
        }
    };
    found.asked.iter().filter(of).map(why).collect()
}

/// Why servers are not used, or were not reached.
fn unused(found: &Discovery) -> Vec<&'static str> {
    let dropped = found.findings.dropped.iter().map(|dropped| match dropped.why {
        Why::NoTls => "no_tls",
        Why::NoName => "no_name",
        Why::NoPort => "no_port",
        Why::OddPort => "odd_port",
        Why::NotOffered => "not_offered",
    });
    let tried = found.tried.iter().filter_map(|tried| {
        let obstacle = tried.outcome.as_ref().err()?;
        let unknown_guess = tried.candidate.source == Source::Guess
            && obstacle.verdict().cause.as_str() == "dns_server_name_unknown";
        (!unknown_guess).then(|| obstacle.verdict().cause.as_str())
    });
    dropped.chain(tried).collect()
}

/// Looks in a town where something means harm; what is not as it must be.
async fn look(case: &Case, town: &Town) -> Vec<String> {
    town.clear();
    for (url, raw) in &case.documents {
        town.answer(url, raw.clone());
    }
    for server in &case.servers {
        town.build(server, &["anne@a.example".to_owned()], Paper::Good);
        if let Some(raw) = &case.greeting {
            town.greet(&server.host, server.port, raw.clone());
        }
    }
    let inside = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap());
    let names = inside.iter().enumerate().map(|(n, ip)| (format!("inside{n}.example"), vec![*ip]));
    let live = town.outside(&case.zone, names.collect());
    let (began, mut wrong) = (Instant::now(), Vec::new());
    let found = live.discover("anne@a.example", Some(&password()), None, |_| {}).await.unwrap();
    if began.elapsed() > LIMIT {
        wrong.push(format!("it took {:?}", began.elapsed()));
    }
    match &case.fate {
        Fate::Document(host, reasons) => {
            let given = refusals(&found, host);
            if !given.iter().any(|reason| reasons.contains(reason)) {
                wrong.push(format!("{given:?} instead of {reasons:?}"));
            }
        }
        Fate::Server(reasons) => {
            let given = unused(&found);
            if !given.iter().any(|reason| reasons.contains(reason)) {
                wrong.push(format!("{given:?} instead of {reasons:?}"));
            }
        }
        Fate::Nowhere => {}
        Fate::Hint(host) => {
            let best = found.findings.best(Protocol::Imap);
            let hinted = best.is_some_and(|one| one.server.host.ends_with(host) && one.trust == Trust::C);
            if !hinted || found.unconfirmed.len() != 1 {
                wrong.push(format!("{best:?}, unconfirmed {:?}", found.unconfirmed));
            }
        }
    }
    let hint = matches!(case.fate, Fate::Hint(_));
    let proved = found.findings.candidates.iter().filter(|candidate| found.proof(candidate).is_some());
    if !hint && proved.count() > 0 {
        wrong.push(format!("proved: {:?}", found.findings.candidates));
    }
    wrong.extend(town.told().iter().map(|told| format!("told the password: {told}")));
    for language in mail::Language::ALL {
        let reader = super::faults::reader(language);
        let said =
            crate::show::discovery(&found, &reader) + &control::found::json(&found, &reader).to_string();
        // Nothing that a stranger wrote does anything to the terminal or the page that shows it.
        if let Some(bad) = said.chars().find(|c| c.is_control() && *c != '\n') {
            wrong.push(format!("{bad:?} is shown: {said:?}"));
        }
    }
    let calls = town.calls_inside();
    if calls > 0 {
        wrong.push(format!("{calls} calls inside"));
    }
    wrong
}

/// Runs cases a few at once.
async fn run(cases: Vec<Case>) -> Vec<String> {
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let mine: Vec<Case> = cases.iter().skip(worker).step_by(WORKERS).cloned().collect();
        workers.spawn(async move {
            let town = Town::found_outside().await;
            let mut wrong = Vec::new();
            for case in mine {
                let of_case = look(&case, &town).await;
                wrong.extend(of_case.into_iter().map(|text| format!("{}: {text}", case.what)));
            }
            wrong
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

#[tokio::test]
async fn four_hundred_answers_that_mean_harm() {
    let seed = proof::seed();
    let mut chance = Chance::of_seed(seed);
    let mut cases = documents(&mut chance);
    cases.extend(redirections(&mut chance));
    cases.extend(sent_on(&mut chance));
    cases.extend(records(&mut chance));
    cases.extend(greetings(&mut chance));
    let count = cases.len();
    let wrong = run(cases).await;
    assert!(wrong.is_empty(), "seed {seed}, {} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 400, "{count}");
    let test = "crates/facteur/src/discover/tests/harm.rs::four_hundred_answers_that_mean_harm";
    proof::passed("E3", test, count as u64, "answers", Some(seed));
}

/// The hosts of the corpus, each as the place of a document, as a server in a document and as a server in the DNS.
#[tokio::test]
async fn no_way_of_writing_a_host_leads_inside() {
    let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let place = std::env::var_os("FACTEUR_CORPORA").map_or_else(beside, Into::into);
    let Ok(text) = std::fs::read_to_string(place.join("web-attacks/ssrf-hosts.jsonl")) else {
        eprintln!("skipped: the hosts are not here (FACTEUR_CORPORA says where)");
        return;
    };
    let (mut cases, mut hosts) = (Vec::new(), 0_u64);
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        hosts += 1;
        let host = case["host"].as_str().unwrap();
        // Those that may be called are on the Internet, and are not called by a test.
        if case["verdict"] == "allow" {
            continue;
        }
        let odd = |what: &str| Case::new(format!("{what}: {host:?}"), Fate::Nowhere);
        let location = format!("Location: https://{host}/x\r\n");
        let mut moved = odd("a document that moved");
        moved.documents.push(("autoconfig.a.example/mail/".into(), http("302 Found", &location, "")));
        let mut named = odd("a document that names it");
        let escaped = host.replace('&', "&amp;").replace('<', "&lt;");
        let document = wrapped(&server(&escaped, "993"));
        named.documents.push(("autoconfig.a.example/mail/".into(), http("200 OK", "", &document)));
        cases.extend([moved, named]);
        let mut record = odd("a record that names it");
        record.zone = format!("_imaps._tcp.a.example SRV 0 0 993 {host}");
        // What cannot stand in the DNS cannot come from there.
        if record.zone.parse::<resolve::Zone>().is_ok() {
            cases.push(record);
        }
    }
    let count = cases.len();
    let wrong = run(cases).await;
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(hosts >= 136 && count >= 300, "{hosts} hosts, {count} cases");
    let test = "crates/facteur/src/discover/tests/harm.rs::no_way_of_writing_a_host_leads_inside";
    proof::passed("E3", test, hosts, "hosts", None);
}

/// A resolver that changes its mind between any two questions: what is judged is what is called.
#[tokio::test]
async fn a_resolver_that_changes_its_mind_leads_nobody_inside() {
    let town = Town::found_outside().await;
    let outside = super::town::OUTSIDE.into();
    let names = Fickle::start(outside, ["127.0.0.1", "::1"].map(|ip| ip.parse().unwrap())).unwrap();
    for host in ["imap.a.example", "mail.a.example", "smtp.a.example"] {
        for (protocol, port) in [(Protocol::Imap, 993), (Protocol::Smtp, 465)] {
            let server = Server::at(protocol, host, port, Tls::Implicit);
            town.build(&server, &["anne@a.example".to_owned()], Paper::Good);
        }
    }
    let live = town.fickle(names.address);
    let (mut tried, mut refused, mut called) = (0, 0, 0);
    while tried < 1_000 {
        let found = live.discover("anne@a.example", None, None, |_| {}).await.unwrap();
        let documents = found.asked.iter().filter_map(|asked| match &asked.why {
            NoAnswer::Seen(evidence) => Some(evidence),
            NoAnswer::Refused(_) => None,
        });
        let servers = found.tried.iter().filter_map(|tried| match &tried.outcome {
            Err(::discover::prove::Obstacle::Seen(evidence)) => Some(evidence),
            _ => None,
        });
        let forbidden =
            |evidence: &&mail::Evidence| matches!(evidence.seen, mail::Seen::AddressForbidden { .. });
        refused += documents.chain(servers).filter(forbidden).count();
        called += found.tried.iter().filter(|tried| tried.outcome.is_ok()).count();
        // Four documents, and each server.
        tried += 4 + found.tried.len();
    }
    assert_eq!(town.calls_inside(), 0);
    assert!(refused > 100 && called > 20 && names.asked() >= 1_000, "{refused} refused, {called} called");
    let test =
        "crates/facteur/src/discover/tests/harm.rs::a_resolver_that_changes_its_mind_leads_nobody_inside";
    proof::passed("E3", test, tried as u64, "tries", None);
}
