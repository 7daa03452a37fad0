//! The table of faults: each is provoked on the real program, and `facteur why` must give its cause and say it in both
//! languages. The sentences are `docs/faults.md`, which this test writes with UPDATE=1 and holds to what is said.

use crate::support::client::{Client, letter};
use crate::support::names::{NameServer, same_port};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::until;
use mail::Clock;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use testkit::hostile::Scripted as _;
use testkit::hostile::smtp::{Capability, Mechanism, Script};
use testkit::hostile::{At, Fault, Paper, Papers, Server as Hostile, Turn};
use tokio::net::TcpSocket;

/// The name of every relay that exists.
const RELAY: &str = "relay.test";

/// Names that are well, and names that are not.
const ZONE: &str = "
    relay.test A 127.0.0.1
    sick.test * !servfail
    null.test MX 0 .
    bare.test TXT v=spf1
    private.test MX 10 private.mx.test
    private.mx.test A 10.0.0.1
    closed.test MX 10 closed.mx.test
    closed.mx.test A 127.0.0.20
    ours.test MX 10 mail.facteur.test
    mail.facteur.test A 127.9.9.9
    far.test MX 10 far.mx.test
    far.mx.test A 127.0.0.21
";

/// How a fault is brought about.
enum Play {
    /// A relay at that name and port of this machine: nobody, or somebody who never answers.
    Nobody {
        host: &'static str,
        tls: &'static str,
    },
    Deaf,
    /// A relay that plays a script and shows a certificate.
    Relay(Script, Paper),
    /// The same, where TLS begins at once.
    RelayAtOnce(Script, Paper),
    /// A relay that goes wrong at one step.
    RelayAt(&'static str, Fault),
    /// Straight to a domain.
    Direct(&'static str),
    /// No way out at all.
    NoRoute,
    /// A person holds the message.
    Held,
    /// A person gives the message up.
    GivenUp,
    /// An address in UTF-8, to a relay that plays a script.
    Utf8(Script),
    /// The content is lost from the disk while the message waits.
    Lost,
}

/// A fault.
struct Row {
    group: &'static str,
    fault: &'static str,
    cause: &'static str,
    play: Play,
}

const fn row(group: &'static str, fault: &'static str, cause: &'static str, play: Play) -> Row {
    Row { group, fault, cause, play }
}

fn network() -> Vec<Row> {
    let nobody = |host| Play::Nobody { host, tls: "starttls" };
    let at = Play::RelayAt;
    vec![
        row("DNS", "the name of the relay does not exist", "dns_server_name_unknown", nobody("nowhere.test")),
        row("DNS", "the name servers of the relay fail", "dns_temporary", nobody("sick.test")),
        row("DNS", "the domain does not exist", "recipient_domain_unknown", Play::Direct("nothing.test")),
        row("DNS", "the domain takes no mail, and says so", "null_mx", Play::Direct("null.test")),
        row("DNS", "the domain has no mail server", "recipient_domain_no_mx", Play::Direct("bare.test")),
        row("DNS", "the name servers of the domain fail", "dns_temporary", Play::Direct("sick.test")),
        row(
            "DNS",
            "the mail server has a private address",
            "address_forbidden",
            Play::Direct("private.test"),
        ),
        row("DNS", "the mail server is this one", "mx_points_to_self", Play::Direct("ours.test")),
        row("TCP", "the relay's port is closed", "connect_refused", nobody(RELAY)),
        row("TCP", "the relay does not answer", "connect_timeout", Play::Deaf),
        row("TCP", "the mail server's port is closed", "connect_refused", Play::Direct("closed.test")),
        row("TCP", "cut before the greeting", "connection_dropped", at("greeting", Fault::Drop)),
        row("TCP", "reset in the middle", "connection_dropped", at("mail", Fault::Reset)),
    ]
}

fn tls() -> Vec<Row> {
    let shows = |paper| Play::Relay(Script::default(), paper);
    let turns = |turn| Play::Relay(Script { turn: Some(turn), ..Script::default() }, Paper::Good);
    let answers = |reply: &str| {
        let stls_response = reply.to_owned();
        Script { stls_response, stls_make_transition: false, ..Script::default() }
    };
    let none = Script { capabilities: vec![Capability::Auth(vec![Mechanism::Plain])], ..Script::default() };
    let injected = Script { stls_response: "220 Go\r\n250 AUTH PLAIN\r\n".to_owned(), ..Script::default() };
    let good = |script| Play::Relay(script, Paper::Good);
    vec![
        row("TLS", "STARTTLS is not offered", "starttls_unavailable", good(none)),
        row(
            "TLS",
            "STARTTLS is refused",
            "starttls_unavailable",
            good(answers("454 4.7.0 TLS not available\r\n")),
        ),
        row("TLS", "words in clear are put in front of TLS", "tls_response_injected", good(injected)),
        row("TLS", "plain text in place of the handshake", "tls_mode_mismatch", turns(Turn::Text)),
        row(
            "TLS",
            "TLS at once on a port without it",
            "tls_mode_mismatch",
            Play::RelayAtOnce(Script::default(), Paper::Good),
        ),
        row("TLS", "only old versions of TLS", "tls_version_unsupported", turns(Turn::OldVersion)),
        row("TLS", "the certificate has expired", "tls_cert_expired", shows(Paper::Expired)),
        row("TLS", "the certificate is not valid yet", "tls_cert_not_yet_valid", shows(Paper::NotYetValid)),
        row("TLS", "the certificate signed itself", "tls_cert_untrusted", shows(Paper::SelfSigned)),
        row("TLS", "nobody known signed the certificate", "tls_cert_untrusted", shows(Paper::UnknownRoot)),
        row("TLS", "the certificate is for another name", "tls_cert_name_mismatch", shows(Paper::WrongName)),
    ]
}

fn signing_in() -> Vec<Row> {
    let at = Play::RelayAt;
    let offers = |mechanisms| {
        let script = Script { capabilities_tls: mechanisms, ..Script::default() };
        Play::Relay(script, Paper::Good)
    };
    let odd = vec![Capability::Auth(vec![Mechanism::Other("XOAUTH2".to_owned())])];
    let says = |words| Fault::Say(words);
    vec![
        row(
            "Signing in",
            "the password is wrong",
            "auth_bad_credentials",
            at("auth-end", says("535 5.7.8 Error: authentication failed: bad credentials\r\n")),
        ),
        row(
            "Signing in",
            "it does not work for now",
            "auth_temporary_failure",
            at("auth-end", says("454 4.7.0 Temporary authentication failure\r\n")),
        ),
        row("Signing in", "no way to sign in is offered", "auth_mechanism_unavailable", offers(Vec::new())),
        row("Signing in", "no known way to sign in is offered", "auth_mechanism_unavailable", offers(odd)),
    ]
}

fn words() -> Vec<Row> {
    let at = Play::RelayAt;
    let small = "250-example.org\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 SIZE 100\r\n".to_owned();
    let small = Script { override_response: [("EHLO".to_owned(), small)].into(), ..Script::default() };
    let plain = "250-example.org\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n".to_owned();
    let says = |words| Fault::Say(words);
    vec![
        row(
            "Protocol",
            "the server does not speak SMTP",
            "protocol_error",
            at("greeting", Fault::SayAndDrop("SSH-2.0-OpenSSH_9.2\r\n")),
        ),
        row(
            "Protocol",
            "the server takes no mail for now",
            "server_unavailable",
            at("greeting", Fault::SayAndDrop("421 4.3.2 Service not available, try again later\r\n")),
        ),
        row(
            "Protocol",
            "the message is larger than the server takes",
            "message_too_big",
            Play::Relay(small, Paper::Good),
        ),
        row(
            "Protocol",
            "the server takes no addresses in UTF-8",
            "smtputf8_unsupported",
            Play::Utf8(Script {
                override_response: [("EHLO".to_owned(), plain)].into(),
                ..Script::default()
            }),
        ),
        row(
            "Protocol",
            "the mailbox does not exist",
            "recipient_unknown",
            at("rcpt", says("550 5.1.1 User unknown\r\n")),
        ),
        row(
            "Protocol",
            "the mailbox is full",
            "recipient_mailbox_full",
            at("rcpt", says("452 4.2.2 Mailbox full\r\n")),
        ),
        row(
            "Protocol",
            "the server wants to see the message again",
            "greylisted",
            at("rcpt", says("450 4.2.0 Greylisted, try again later\r\n")),
        ),
        row("Disk", "the content is lost", "body_unreadable", Play::Lost),
        row("This server", "a person holds the message", "held", Play::Held),
        row("This server", "a person gives the message up", "given_up", Play::GivenUp),
        // The last: a relay that is added when there is none takes all mail.
        row("This server", "there is no way out", "no_route", Play::NoRoute),
    ]
}

/// Causes that facts alone decide, and that no scene of a few seconds brings about: the tests that show each.
const ELSEWHERE: &[(&str, &str)] = &[
    // These take minutes of silence.
    ("greeting_timeout", "crates/deliver/tests/couriers/direct/stalls.rs"),
    ("conversation_timeout", "crates/deliver/tests/couriers/direct/stalls.rs"),
    // These take days, a network that is not there, or another message before this one.
    ("message_expired", "crates/explain/tests/judge/policy.rs"),
    ("network_unreachable", "crates/explain/tests/judge/policy.rs"),
    ("relay_closed", "crates/explain/tests/judge/policy.rs"),
    ("tls_failed", "crates/explain/tests/judge/policy.rs"),
];

/// Bodies of 8 bits are converted where a server cannot take them: the cause stands in the catalogue for bounces of others.
const OF_OTHERS: &[&str] = &["eight_bit_unsupported"];

#[test]
fn every_cause_that_facts_decide_is_in_the_table_or_shown_elsewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read =
        |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let typed = read("crates/explain/src/typed.rs");
    let code = typed.split("#[cfg(test)]").next().unwrap_or_default();
    let name = |rest: &str| {
        let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        rest[..end.unwrap_or(rest.len())].to_lowercase()
    };
    let causes: std::collections::BTreeSet<String> = code.split("CauseId::").skip(1).map(name).collect();
    assert!(causes.len() > 30, "{causes:?}");
    let rows: Vec<Row> = table();
    for (cause, path) in ELSEWHERE {
        assert!(
            read(path).contains(&format!("{cause}\"")) || read(path).contains(&format!("{cause} ")),
            "{cause}: not in {path}"
        );
    }
    let shown = |cause: &&String| {
        rows.iter().any(|row| row.cause == **cause)
            || ELSEWHERE.iter().any(|(known, _)| known == *cause)
            || OF_OTHERS.contains(&cause.as_str())
    };
    let missing: Vec<&String> = causes.iter().filter(|cause| !shown(cause)).collect();
    assert!(missing.is_empty(), "no fault shows {missing:?}");
}

/// The table, in its order.
fn table() -> Vec<Row> {
    [network(), tls(), signing_in(), words()].into_iter().flatten().collect()
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md")
}

/// The stage of all faults.
struct Scene {
    server: Server,
    papers: Papers,
    authority: String,
    relays: Vec<Hostile>,
    deaf: Vec<(TcpListener, Vec<TcpStream>)>,
    closed: u16,
    /// The port of mail servers.
    exchange: u16,
    _names: NameServer,
    _ports: Vec<TcpSocket>,
}

impl Scene {
    fn set() -> Self {
        let names = NameServer::start(ZONE.parse().expect("a zone"));
        let ip = |text: &str| text.parse().expect("an address");
        let (port, ports) = same_port(&[ip("127.0.0.20"), ip("127.0.0.21")]);
        let direct = format!(
            "[direct]\nport = {port}\nnetworks = [\"127.0.0.0/8\"]\npublic_addresses = [\"127.9.9.9\"]\n"
        );
        let mut server = Server::fresh("en", &(names.lines() + &direct));
        server.go();
        server.open_to_loopback();
        let papers = Papers::new(RELAY).expect("certificates");
        let authority = server.directory().join("authority.pem");
        fs::write(&authority, &papers.authority).expect("room for a certificate");
        let authority = authority.to_str().expect("a plain path").to_owned();
        let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let closed = closed.expect("a port").port();
        Self {
            server,
            papers,
            authority,
            relays: Vec::new(),
            deaf: Vec::new(),
            closed,
            exchange: port,
            _names: names,
            _ports: ports,
        }
    }

    /// A relay, and a route to it for a domain of senders.
    fn relay(&self, name: &str, host: &str, port: u16, tls: &str) {
        let port = port.to_string();
        let arguments = [
            "relay",
            "add",
            name,
            "--host",
            host,
            "--port",
            &port,
            "--tls",
            tls,
            "--ca",
            &self.authority,
            "--login",
            "us",
            "--password-stdin",
        ];
        self.server.give("en", &arguments, PASSWORD);
        self.server.ok("en", &["route", "set", name, "--domain", &format!("{name}.test")]);
    }

    fn hostile(&mut self, name: &str, script: Script, paper: Paper, at: Option<At>, tls: &str) {
        let (config, script) = (self.papers.server(paper).expect("a certificate"), Arc::new(script));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let hostile = Hostile::start(address, config, false, at, move |_| script.dialect()).expect("a port");
        self.relay(name, RELAY, hostile.address.port(), tls);
        self.relays.push(hostile);
    }

    /// A port that takes no connection and refuses none: its backlog is full.
    fn deaf_port(&mut self) -> u16 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let _inside = runtime.enter();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let listener = socket.listen(1).and_then(tokio::net::TcpListener::into_std).expect("a listener");
        let address = listener.local_addr().expect("it is bound");
        let mut held = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            held.push(stream);
        }
        self.deaf.push((listener, held));
        address.port()
    }

    /// Brings a fault about, and gives the message that meets it.
    fn send(&mut self, number: usize, play: Play) -> String {
        let name = format!("r{number}");
        let (from, mut to) = (format!("a@{name}.test"), "b@rcpt.test".to_owned());
        let (mut content, mut wishes) = (letter(&name), "");
        match play {
            Play::Nobody { host, tls } => self.relay(&name, host, self.closed, tls),
            Play::Deaf => {
                let port = self.deaf_port();
                self.relay(&name, RELAY, port, "starttls");
            }
            Play::Relay(script, paper) => self.hostile(&name, script, paper, None, "starttls"),
            Play::RelayAtOnce(script, paper) => self.hostile(&name, script, paper, None, "implicit"),
            Play::RelayAt(step, fault) => {
                self.hostile(&name, Script::default(), Paper::Good, Some(At { step, fault }), "starttls");
            }
            Play::Direct(domain) => {
                self.server.ok("en", &["route", "set", "direct", "--domain", &format!("{name}.test")]);
                to = format!("b@{domain}");
            }
            Play::NoRoute => {
                self.server.ok("en", &["route", "unset", "--default"]);
            }
            Play::Held | Play::GivenUp => {}
            Play::Utf8(script) => {
                self.hostile(&name, script, Paper::Good, None, "starttls");
                (to, wishes) = ("b\u{e9}a@rcpt.test".to_owned(), " SMTPUTF8");
            }
            Play::Lost => {
                let later = Some(At { step: "rcpt", fault: Fault::Say("450 4.2.0 Later\r\n") });
                self.hostile(&name, Script::default(), Paper::Good, later, "starttls");
                content.extend(b"A line of a large message.\r\n".repeat(20_000));
            }
        }
        let mut client = Client::connect(self.server.port(Port::Submission));
        client.expect(&format!("MAIL FROM:<{from}>{wishes}"), "250");
        client.expect(&format!("RCPT TO:<{to}> NOTIFY=NEVER"), "250");
        let reply = client.content(&content);
        reply.strip_prefix("250 2.0.0 Ok: queued as ").unwrap_or_else(|| panic!("{name}: {reply}")).to_owned()
    }

    fn recipient(&self, id: &str) -> Value {
        self.server.json(&["why", id])["message"]["recipients"][0].clone()
    }

    /// Takes the files of all contents away, and asks for another attempt.
    fn lose(&self, id: &str) {
        let mut open = vec![self.server.data()];
        let mut lost = 0;
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).expect("the data can be read").flatten() {
                let (path, size) = (entry.path(), entry.metadata().map_or(0, |file| file.len()));
                let is_content =
                    !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("facteur"));
                if path.is_dir() {
                    open.push(path);
                } else if size > 400_000 && is_content {
                    fs::remove_file(&path).expect("a file can be removed");
                    lost += 1;
                }
            }
        }
        assert_eq!(lost, 1, "the one large content is a file of its own");
        self.server.ok("en", &["queue", "retry", id]);
    }

    /// The words for the page: every run has other ports, and the relays have numbers.
    fn unnumbered(&self, text: &str, number: usize) -> String {
        let mut text =
            text.replace(&format!("r{number}"), "outbound").replace(&self.exchange.to_string(), "25");
        let ports = self.relays.iter().map(|relay| relay.address.port());
        let deaf =
            self.deaf.iter().filter_map(|(listener, _)| listener.local_addr().ok()).map(|at| at.port());
        for port in ports.chain(deaf).chain([self.closed]) {
            text = text.replace(&port.to_string(), "587");
        }
        text
    }
}

/// The cause and the fix, as a command says them in a language; `why` must show the same.
fn said(scene: &Scene, locale: &str, id: &str) -> [String; 2] {
    let story: Value = serde_json::from_str(&scene.server.ok(locale, &["why", id, "--json"])).expect("JSON");
    let words = &story["message"]["recipients"][0]["reason"]["words"];
    let said =
        ["cause", "fix"].map(|key| words[key].as_str().unwrap_or_else(|| panic!("{story:#}")).to_owned());
    let shown = scene.server.ok(locale, &["why", id]);
    assert!(said.iter().all(|text| shown.contains(text)), "{locale}: not {said:?} in:\n{shown}");
    said
}

/// The cause of a message: the one that is awaited, or the last one that was seen while there was time.
fn until_cause(scene: &Scene, id: &str, cause: &str) -> Value {
    let end = Clock::System.now().plus_secs(45);
    loop {
        let seen = scene.recipient(id)["reason"]["cause"].clone();
        if seen == cause || Clock::System.now() > end {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn every_fault_has_its_cause_and_its_words_in_both_languages() {
    let mut scene = Scene::set();
    let rows: Vec<Row> = table();
    let (mut table, mut plays) = (Vec::new(), Vec::new());
    for Row { group, fault, cause, play } in rows {
        table.push((group, fault, cause));
        plays.push(play);
    }
    let held = |play: &Play| matches!(play, Play::Held);
    let (lost, given_up) =
        (|play: &Play| matches!(play, Play::Lost), |play: &Play| matches!(play, Play::GivenUp));
    let special: Vec<_> = plays.iter().map(|play| (held(play), lost(play), given_up(play))).collect();
    let ids: Vec<String> =
        plays.into_iter().enumerate().map(|(number, play)| scene.send(number, play)).collect();
    for (id, (is_held, is_lost, is_given_up)) in ids.iter().zip(&special) {
        if *is_given_up {
            // Not while an attempt is under way.
            until("a message that is given up", 60, || {
                (scene.server.json(&["queue", "bounce", id, "--yes"])["messages"] == 1).then_some(())
            });
        }
        if *is_held {
            scene.server.ok("en", &["queue", "hold", id]);
        }
        if *is_lost {
            until("the large message was tried", 20, || (scene.recipient(id)["attempts"] == 1).then_some(()));
            scene.lose(id);
        }
    }
    let mut wrong = Vec::new();
    let mut text = "# What is said of each fault\n\nEach of these faults is brought about on a running server by a test \
        (`crates/facteur/tests/e2e/faults.rs`), which holds this page to what `facteur why` says. All causes are in \
        [causes](causes/en/README.md).\n"
        .to_owned();
    let mut group = "";
    for (number, ((of_group, fault, cause), id)) in table.iter().zip(&ids).enumerate() {
        let seen = until_cause(&scene, id, cause);
        if seen != *cause {
            wrong.push(format!("{fault}: {seen}, and not {cause}"));
            continue;
        }
        if group != *of_group {
            group = of_group;
            write!(text, "\n## {group}\n").expect("text");
        }
        let [en, fr] =
            ["en", "fr"].map(|locale| said(&scene, locale, id).map(|text| scene.unnumbered(&text, number)));
        write!(text, "\n### {}{}\n\n`{cause}`\n\n", fault[..1].to_uppercase(), &fault[1..]).expect("text");
        write!(text, "- {} {}\n- {} {}\n", en[0], en[1], fr[0], fr[1]).expect("text");
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}\n{}",
        wrong.len(),
        table.len(),
        wrong.join("\n"),
        scene.server.log()
    );
    if std::env::var_os("UPDATE").is_some() {
        fs::write(page(), &text).expect("a page");
    }
    let kept = fs::read_to_string(page()).unwrap_or_default();
    assert!(
        kept == text,
        "docs/faults.md is stale: UPDATE=1 cargo test -p facteur --test e2e -- faults\n{text}"
    );
}
