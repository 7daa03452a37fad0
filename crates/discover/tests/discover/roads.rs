//! All providers of the table, found again with the table switched off: by autoconfig, by Autodiscover, by records of
//! the DNS, by the mail host and by guess, each road alone, with answers such as their servers give.

use discover::facts::{Facts, Provider};
use discover::publish::Hosted;
use discover::{Findings, Plan, Protocol, Question, Reply, Server, Source, Subject, Tls, UserForm};
use mail::Address;
use resolve::{Answer, Kind, Zone};

/// What a road can say of a server: Autodiscover and the DNS know less than autoconfig.
type Known = fn(&Server, &Address) -> Server;

/// The servers of a provider that a program may be led to, as its own domain names them.
fn servers(provider: &Provider, domain: &str) -> Vec<Server> {
    let with_tls = provider.servers.iter().filter(|server| server.tls != Tls::None);
    with_tls
        .map(|server| Server { host: server.host.replace("{domain}", domain), ..server.clone() })
        .collect()
}

/// Drives a plan that knows no table through documents at `document` and a zone.
fn driven(
    address: &Address,
    facts: &Facts,
    zone: &Zone,
    document: impl Fn(&Question) -> Option<String>,
) -> Findings {
    let mut plan = Plan::new(Subject::read(&address.to_string(), false).unwrap(), facts, &[]);
    loop {
        let questions = plan.questions();
        if questions.is_empty() {
            return plan.findings();
        }
        for question in questions {
            let reply = match &question {
                Question::Document(_) => {
                    document(&question).map_or(Reply::Status(404), |text| Reply::Document(text.into()))
                }
                Question::Records(asked) => match zone.ask(asked) {
                    Answer::Found(found) => Reply::Records { records: found.records, authentic: false },
                    _ => Reply::Nothing,
                },
            };
            plan.learn(&question, reply).unwrap();
        }
    }
}

/// The servers that were found on a road, as far as the road knows them.
fn found(findings: &Findings, source: Source, protocol: Protocol) -> Vec<Server> {
    let of = findings.of(protocol).filter(|candidate| candidate.source == source);
    let mut servers: Vec<Server> = of.map(|candidate| candidate.server.clone()).collect();
    servers.sort_by_key(|server| (server.host.clone(), server.port));
    servers
}

/// Compares what a road finds with the data, for each provider that has domains, and asserts that 99 % agree.
#[track_caller]
fn check(source: Source, known: Known, ask: impl Fn(&Hosted, &Address, &Provider) -> Option<Findings>) {
    let (mut asked, mut wrong) = (0_u64, Vec::new());
    for provider in Facts::shipped().providers() {
        let Some(domain) = provider.domains.first() else { continue };
        let address: Address = format!("anne@{domain}").parse().unwrap();
        let servers = servers(provider, domain);
        if servers.is_empty() {
            continue;
        }
        let hosted = Hosted { domain: domain.clone(), name: provider.name.clone(), servers: servers.clone() };
        let Some(findings) = ask(&hosted, &address, provider) else { continue };
        asked += 1;
        for protocol in Protocol::ALL {
            let mut expected: Vec<Server> = servers
                .iter()
                .filter(|server| server.protocol == protocol)
                .map(|server| known(server, &address))
                .collect();
            expected.sort_by_key(|server| (server.host.clone(), server.port));
            let found = found(&findings, source, protocol);
            if found != expected {
                wrong.push(format!("{} {protocol:?}: {found:?}\n  instead of {expected:?}", provider.id));
            }
        }
    }
    assert!(asked >= 150, "{asked} providers were asked about");
    let agree = asked.saturating_sub(u64::try_from(wrong.len()).unwrap());
    assert!(agree * 100 >= asked * 99, "{agree} of {asked}:\n{}", wrong.join("\n"));
}

fn none() -> Facts {
    Facts::default()
}

#[test]
fn by_autoconfig() {
    let known: Known = |server, _| {
        let user = server.user.clone().or(Some(UserForm::Full));
        let sign_in =
            if server.sign_in.is_empty() { vec![discover::SignIn::Password] } else { server.sign_in.clone() };
        Server { user, sign_in, ..server.clone() }
    };
    check(Source::Autoconfig, known, |hosted, address, _| {
        let text = hosted.autoconfig(None);
        let host = format!("autoconfig.{}", hosted.domain);
        Some(driven(address, &none(), &Zone::default(), |question| match question {
            Question::Document(document) if document.host == host => Some(text.clone()),
            _ => None,
        }))
    });
}

#[test]
fn by_autodiscover() {
    // It says that a password is wanted, and of the user name what it is.
    let known: Known = |server, address| Server {
        user: Some(match server.user.clone().unwrap_or(UserForm::Full) {
            UserForm::Dotted => UserForm::Given(UserForm::Dotted.of(address)),
            form => form,
        }),
        sign_in: vec![discover::SignIn::Password],
        ..server.clone()
    };
    check(Source::Autodiscover, known, |hosted, address, _| {
        let text = hosted.autodiscover(address);
        let host = format!("autodiscover.{}", hosted.domain);
        Some(driven(address, &none(), &Zone::default(), |question| match question {
            Question::Document(document) if document.host == host => Some(text.clone()),
            _ => None,
        }))
    });
}

#[test]
fn by_records() {
    let known: Known = |server, _| Server::at(server.protocol, &server.host, server.port, server.tls);
    check(Source::Srv, known, |hosted, address, _| {
        let text: String = hosted
            .zone("web.example")
            .lines()
            .filter(|line| line.contains(" SRV "))
            .map(|line| format!("{}\n", line.replace(". SRV", " SRV")))
            .collect();
        let zone: Zone = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(matches!(
            zone.ask(&resolve::Question::new(
                resolve::Name::answered(&format!("_autodiscover._tcp.{}", hosted.domain)),
                Kind::Srv
            )),
            Answer::Found(_)
        ));
        Some(driven(address, &none(), &zone, |_| None))
    });
}

#[test]
fn by_the_mail_host() {
    // The domain is a customer's own, which no table knows; the mail host is the provider's.
    let known: Known = |server, _| server.clone();
    let mut hosts = 0;
    for provider in Facts::shipped().providers() {
        for end in &provider.mx {
            let address: Address = "anne@customer.example".parse().unwrap();
            let zone: Zone = format!("customer.example MX 10 mx1.{end}").parse().unwrap();
            let findings = driven(&address, Facts::shipped(), &zone, |_| None);
            for protocol in Protocol::ALL {
                let mut expected: Vec<Server> = servers(provider, "customer.example")
                    .iter()
                    .filter(|server| server.protocol == protocol)
                    .map(|server| known(server, &address))
                    .collect();
                expected.sort_by_key(|server| (server.host.clone(), server.port));
                assert_eq!(found(&findings, Source::MxFacts, protocol), expected, "{end}");
            }
            assert_eq!(findings.provider.map(|found| found.id).as_ref(), Some(&provider.id), "{end}");
            hosts += 1;
        }
    }
    assert!(hosts >= 15, "{hosts}");
}

#[test]
fn by_guess() {
    // A guess knows the usual names: whoever uses them at all is found by them, at the usual ports.
    let (mut usual, mut found) = (0, 0);
    for provider in Facts::shipped().providers() {
        for domain in &provider.domains {
            let address: Address = format!("anne@{domain}").parse().unwrap();
            let named = |server: &Server| {
                let labels: &[&str] = match server.protocol {
                    Protocol::Imap => &["imap", "mail"],
                    Protocol::Pop3 => &["pop", "pop3", "mail"],
                    Protocol::Smtp => &["smtp", "mail"],
                };
                let port =
                    [server.protocol.tls_port(), server.protocol.starttls_port()].contains(&server.port);
                port && labels.iter().any(|label| server.host == format!("{label}.{domain}"))
            };
            let expected: Vec<Server> = servers(provider, domain).into_iter().filter(named).collect();
            if expected.is_empty() {
                continue;
            }
            let findings = driven(&address, &none(), &Zone::default(), |_| None);
            usual += expected.len();
            found += expected
                .iter()
                .filter(|server| {
                    findings.candidates.iter().any(|candidate| candidate.server.same_door(server))
                })
                .count();
        }
    }
    assert!(usual > 200, "{usual}");
    assert!(found * 100 >= usual * 99, "{found} of {usual}");
}
