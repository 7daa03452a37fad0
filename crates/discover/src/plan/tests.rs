//! Plans, driven by answers that are written down.

use super::*;
use crate::advice::Reading;

const AUTOCONFIG: &str = "<clientConfig><emailProvider id=\"a\"><incomingServer type=\"imap\"><hostname>in.a.example</hostname>\
    <port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username></incomingServer></emailProvider></clientConfig>";

/// What stands behind the questions: the beginning of a document's address or the record's name, and the answer.
type World = Vec<(&'static str, Reply)>;

fn records(text: &str) -> Reply {
    let zone: resolve::Zone = text.parse().unwrap();
    let name = text.split(' ').next().unwrap();
    let kind = Kind::ALL.into_iter().find(|kind| text.split(' ').any(|word| word == kind.as_str())).unwrap();
    match zone.ask(&resolve::Question::new(Name::answered(name), kind)) {
        resolve::Answer::Found(found) => Reply::Records { records: found.records, authentic: false },
        other => panic!("{other:?}"),
    }
}

fn document(text: &str) -> Reply {
    Reply::Document(text.as_bytes().to_vec())
}

/// Drives a plan through a world in which whatever is not named is silent, and gives it with what was refused.
fn driven(address: &str, world: &World) -> (Findings, Vec<Refusal>, Vec<String>) {
    let mut plan = Plan::new(Subject::read(address, false).unwrap(), Facts::shipped(), &[]);
    let (mut refused, mut asked) = (Vec::new(), Vec::new());
    loop {
        let questions = plan.questions();
        if questions.is_empty() {
            return (plan.findings(), refused, asked);
        }
        for question in questions {
            let name = match &question {
                Question::Document(document) => document.url(),
                Question::Records(question) => question.name.to_string(),
            };
            let found = world.iter().find(|(begin, _)| name.starts_with(begin));
            let reply = found.map_or(Reply::Nothing, |(_, reply)| reply.clone());
            refused.extend(plan.learn(&question, reply).err());
            asked.push(name);
        }
    }
}

/// The best server of each protocol, as `protocol host:port source trust`.
#[track_caller]
fn check(address: &str, world: &World, expected: &[&str]) -> Findings {
    let (findings, ..) = driven(address, world);
    let best = Protocol::ALL.iter().filter_map(|protocol| findings.best(*protocol));
    let shown = best.map(|candidate| {
        let server = &candidate.server;
        let (protocol, source) = (server.protocol.as_str(), candidate.source.as_str());
        format!("{protocol} {}:{} {source} {:?}", server.host, server.port, candidate.trust)
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{address}");
    findings
}

#[test]
fn the_table_answers_without_a_question() {
    let free = check(
        "anne@free.fr",
        &vec![],
        &["imap imap.free.fr:993 facts A", "pop3 pop.free.fr:995 facts A", "smtp smtp.free.fr:465 facts A"],
    );
    assert_eq!(free.advice().reading, Reading::Imap);
    let inbox = check(
        "anne@inbox.lt",
        &vec![],
        &[
            "imap mail.inbox.lt:993 facts A",
            "pop3 mail.inbox.lt:995 facts A",
            "smtp mail.inbox.lt:465 facts A",
        ],
    );
    assert!(inbox.provider.unwrap().enable.is_some());
    let proton = check("anne@proton.me", &vec![], &[]);
    assert_eq!(proton.advice().reading, Reading::Without);
    assert!(driven("anne@proton.me", &vec![]).2.is_empty(), "nothing is asked about a provider without IMAP");
}

#[test]
fn unknown_domains_are_guessed() {
    let guessed = check(
        "anne@a.example",
        &vec![],
        &[
            "imap imap.a.example:993 guess D",
            "pop3 pop.a.example:995 guess D",
            "smtp smtp.a.example:587 guess D",
        ],
    );
    assert!(guessed.advice().guessed);
}

#[test]
fn the_domains_own_word_is_believed() {
    let expected = [
        "imap in.a.example:993 autoconfig A",
        "pop3 pop.a.example:995 guess D",
        "smtp smtp.a.example:587 guess D",
    ];
    check("anne@a.example", &vec![("https://autoconfig.a.example/", document(AUTOCONFIG))], &expected);
    let moved = vec![
        ("https://autoconfig.a.example/", Reply::Moved("https://cfg.a.example/x".to_owned())),
        ("https://cfg.a.example/x", document(AUTOCONFIG)),
    ];
    check("anne@a.example", &moved, &expected);
    let elsewhere = vec![
        ("https://autoconfig.a.example/", Reply::Moved("https://host.example/x".to_owned())),
        ("https://host.example/x", document(AUTOCONFIG)),
    ];
    check("anne@a.example", &elsewhere, &["imap in.a.example:993 autoconfig C", expected[1], expected[2]]);
    let asked_twice = vec![
        (
            "https://autoconfig.a.example/mail/config-v1.1.xml?emailaddress=anne@a.example",
            document(AUTOCONFIG),
        ),
        ("https://autoconfig.a.example/", Reply::Status(404)),
    ];
    check("anne@a.example", &asked_twice, &expected);
}

#[test]
fn a_look_alike_domain_is_not_the_domain() {
    let moved = vec![
        ("https://autoconfig.a.example/", Reply::Moved("https://nota.example/x".to_owned())),
        ("https://nota.example/x", document(AUTOCONFIG)),
    ];
    let (findings, ..) = driven("anne@a.example", &moved);
    assert_eq!(findings.best(Protocol::Imap).unwrap().trust, Trust::C);
}

#[test]
fn records_of_the_dns_are_hints() {
    let world = vec![
        (
            "_imaps._tcp.a.example",
            records(
                "_imaps._tcp.a.example SRV 10 1 993 slow.a.example\n_imaps._tcp.a.example SRV 5 1 993 fast.a.example\n_imaps._tcp.a.example SRV 5 9 993 faster.a.example",
            ),
        ),
        ("_submission._tcp.a.example", records("_submission._tcp.a.example SRV 0 1 465 out.a.example")),
        ("_pop3s._tcp.a.example", records("_pop3s._tcp.a.example SRV 0 0 0 .")),
    ];
    let findings =
        check("anne@a.example", &world, &["imap faster.a.example:993 srv C", "smtp out.a.example:465 srv C"]);
    assert_eq!(findings.best(Protocol::Smtp).unwrap().server.tls, Tls::Implicit);
    assert_eq!(findings.dropped.first().map(|dropped| dropped.why), Some(Why::NotOffered));
}

#[test]
fn a_mail_host_tells_the_provider() {
    let world = vec![("a.example", records("a.example MX 10 mx1.mail.ovh.net"))];
    let findings = check(
        "anne@a.example",
        &world,
        &[
            "imap ssl0.ovh.net:993 mx_facts C",
            "pop3 ssl0.ovh.net:995 mx_facts C",
            "smtp ssl0.ovh.net:465 mx_facts C",
        ],
    );
    assert_eq!(findings.provider.map(|provider| provider.id).as_deref(), Some("ovh.net"));
    let microsoft = vec![("a.example", records("a.example MX 0 a-example.mail.protection.outlook.com"))];
    let (findings, ..) = driven("anne@a.example", &microsoft);
    assert!(findings.exchange && findings.provider.unwrap().takes_oauth2_only());
    let hoster = vec![
        ("a.example", records("a.example MX 0 mx.hoster.example")),
        ("https://autoconfig.hoster.example/mail/config-v1.1.xml", document(AUTOCONFIG)),
    ];
    let (findings, ..) = driven("anne@a.example", &hoster);
    let best = findings.best(Protocol::Imap).unwrap();
    assert_eq!((best.source, best.trust), (Source::MxAutoconfig, Trust::C));
}

#[test]
fn a_text_of_the_domain_leads_to_its_document() {
    let world = vec![
        ("a.example", records("a.example TXT mailconf=https://cfg.host.example/x.xml")),
        ("https://cfg.host.example/x.xml", document(AUTOCONFIG)),
    ];
    let (findings, ..) = driven("anne@a.example", &world);
    let best = findings.best(Protocol::Imap).unwrap();
    assert_eq!((best.source, best.trust), (Source::Mailconf, Trust::C));
    for elsewhere in
        ["http://cfg.host.example/x.xml", "/x.xml", "https://cfg.host.example:8443/x", "file:///x"]
    {
        let zone = format!("a.example TXT mailconf={elsewhere}");
        let (_, _, asked) = driven("anne@a.example", &vec![("a.example", records(&zone))]);
        assert!(!asked.iter().any(|url| url.contains("/x")), "{asked:?}");
    }
}

/// What is asked because of a mail host.
#[track_caller]
fn check_asked(host: &str, expected: &[&str]) {
    let zone = format!("a.example MX 0 {host}");
    let world = vec![("a.example", records(&zone))];
    let (_, _, asked) = driven("anne@a.example", &world);
    let of_host = asked.iter().filter_map(|url| url.strip_prefix("https://autoconfig."));
    let of_host: Vec<&str> =
        of_host.filter_map(|url| url.split('/').next()).filter(|name| *name != "a.example").collect();
    assert_eq!(of_host, expected, "{host}");
}

#[test]
fn a_mail_host_leads_no_further_than_what_was_registered() {
    check_asked("mx.hoster.fr", &["hoster.fr"]);
    check_asked("mx1.mail.hoster.co.uk", &["mail.hoster.co.uk", "hoster.co.uk"]);
    check_asked("hoster.co.uk", &["hoster.co.uk"]);
    check_asked("mx.github.io", &["mx.github.io"]);
    check_asked("co.uk", &[]);
    check_asked("mx.a.example", &[]);
}

#[test]
fn exchange_is_recognised_and_gets_no_password() {
    let world = vec![("https://autodiscover.a.example/", Reply::Status(401))];
    let (findings, _, _) = driven("anne@a.example", &world);
    assert!(findings.exchange);
    assert_eq!(findings.advice().reading, Reading::ExchangeOnly);
}

#[test]
fn servers_that_send_us_round_in_circles_come_to_an_end() {
    let to = |url: &str| Reply::Moved(url.to_owned());
    let world = vec![
        ("https://autoconfig.a.example/mail", to("https://b.example/1")),
        ("https://b.example/1", to("https://b.example/2")),
        ("https://b.example/2", to("https://b.example/1")),
        ("https://a.example/.well-known", to("/.well-known/autoconfig/mail/config-v1.1.xml")),
        ("https://autodiscover.a.example/", to("http://a.example/")),
    ];
    let (findings, refused, asked) = driven("anne@a.example", &world);
    assert_eq!(refused, [Refusal::Redirects, Refusal::Redirects, Refusal::Redirects]);
    assert!(asked.len() < MAX_QUESTIONS, "{asked:?}");
    assert!(findings.candidates.iter().all(|candidate| candidate.trust == Trust::D));
}

#[test]
fn no_question_carries_more_than_the_address() {
    let (_, _, asked) = driven("anne@a.example", &vec![]);
    assert!(
        asked.iter().filter(|name| name.contains("://")).all(|url| url.starts_with("https://")),
        "{asked:?}"
    );
    assert!(asked.len() >= 12, "{asked:?}");
}
