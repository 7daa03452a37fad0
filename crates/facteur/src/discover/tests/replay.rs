//! Every provider of the table, found again over sockets with the table switched off, by one road alone each time:
//! the DNS, https, IMAP, POP3 and SMTP servers are those of a town, which speak as the real ones do.

use super::town::{PASSWORD, Paper, Town, password};
use super::*;
use ::discover::facts::{Facts, Provider};
use ::discover::publish::Hosted;
use ::discover::{Server, UserForm};
use std::collections::HashSet;
use testkit::proof;

/// How many providers are looked for at once.
const WORKERS: usize = 3;

/// The only road that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Road {
    Autoconfig,
    Records,
    MailHost,
    Guess,
}

/// A provider, and an address of somebody there.
#[derive(Clone)]
struct Case {
    id: String,
    /// The provider's own domain.
    domain: String,
    address: Address,
    /// The servers that a program may be led to.
    servers: Vec<Server>,
}

impl Case {
    fn of(provider: &Provider, road: Road) -> Option<Self> {
        let with_tls: Vec<&Server> =
            provider.servers.iter().filter(|server| server.tls != Tls::None).collect();
        // Those that only send have no addresses of their own: their customers have their own domains.
        let customer = "customer.example".to_owned();
        let host = with_tls.first()?.host.replace("{domain}", &customer);
        let named = provider.domains.first().cloned();
        let (_, parent) = host.split_once('.')?;
        let parent = if parent.contains('.') { parent } else { &host }.to_owned();
        let (domain, of_address) = match road {
            Road::MailHost => (named.unwrap_or(parent), customer),
            _ => {
                let domain = named.unwrap_or(customer);
                (domain.clone(), domain)
            }
        };
        let servers = with_tls
            .into_iter()
            .map(|server| Server { host: server.host.replace("{domain}", &domain), ..server.clone() })
            .collect();
        let address = format!("anne@{of_address}").parse().unwrap();
        Some(Self { id: provider.id.clone(), domain, address, servers })
    }

    /// What the road leads to, of all that is there.
    fn expected(&self, road: Road) -> Vec<Server> {
        let usual = |server: &&Server| {
            let labels: &[&str] = match server.protocol {
                Protocol::Imap => &["imap", "mail"],
                Protocol::Pop3 => &["pop", "pop3", "mail"],
                Protocol::Smtp => &["smtp", "mail"],
            };
            let port = [server.protocol.tls_port(), server.protocol.starttls_port()].contains(&server.port);
            let named = labels.iter().any(|label| server.host == format!("{label}.{}", self.domain));
            road != Road::Guess || (port && named)
        };
        self.servers.iter().filter(usual).cloned().collect()
    }

    /// Builds the provider's servers in a town, with its documents and the records that it publishes.
    fn settle(&self, town: &Town, road: Road, paper: Paper) -> String {
        town.clear();
        for server in &self.servers {
            let form = server.user.clone().unwrap_or(UserForm::Full);
            town.build(server, &[form.of(&self.address)], paper);
        }
        let name = self.id.clone();
        let hosted = Hosted { domain: self.domain.clone(), name, servers: self.servers.clone() };
        let publish = || {
            let host = format!("autoconfig.{}", self.domain);
            town.publish(&host, "/mail/config-v1.1.xml", hosted.autoconfig(None), paper);
        };
        match road {
            Road::Autoconfig => {
                publish();
                String::new()
            }
            Road::MailHost => {
                publish();
                format!("{} MX 10 mx1.{}\n", self.address.domain().as_ascii(), self.domain)
            }
            Road::Records => {
                let records = hosted.zone("web.example");
                let services = records.lines().filter(|line| line.contains(" SRV "));
                services.map(|line| format!("{}\n", line.replace(". SRV", " SRV"))).collect()
            }
            Road::Guess => String::new(),
        }
    }
}

/// How a server is written in a comparison.
fn written(server: &Server) -> String {
    format!("{} {}:{} {}", server.protocol.as_str(), server.host, server.port, server.tls.as_str())
}

/// Looks for one provider on one road; what is not as the data have it.
async fn look(case: &Case, road: Road, town: &Town) -> Vec<String> {
    let zone = case.settle(town, road, Paper::Good);
    let live = town.live(&zone);
    let address = case.address.to_string();
    let found = live.discover(&address, Some(&password()), None, |_| {}).await.unwrap();
    let source = match road {
        Road::Autoconfig => Source::Autoconfig,
        Road::Records => Source::Srv,
        Road::MailHost => Source::MxAutoconfig,
        Road::Guess => Source::Guess,
    };
    let mut wrong = Vec::new();
    let expected = case.expected(road);
    let of_road: Vec<_> = found.findings.candidates.iter().filter(|one| one.source == source).collect();
    let seen: HashSet<String> = of_road.iter().map(|candidate| written(&candidate.server)).collect();
    let wanted: HashSet<String> = expected.iter().map(written).collect();
    if seen != wanted {
        wrong.push(format!("{seen:?} instead of {wanted:?}; {:?}", found.tried));
    }
    let (incoming, outgoing) = found.pair();
    for candidate in of_road {
        let Some(server) = expected.iter().find(|server| server.same_door(&candidate.server)) else {
            continue;
        };
        let form = server.user.clone().unwrap_or(UserForm::Full);
        let states_the_form = matches!(road, Road::Autoconfig | Road::MailHost);
        if states_the_form && candidate.server.user.as_ref() != Some(&form) {
            wrong.push(format!("{}: {:?}", written(server), candidate.server.user));
        }
        let asked_to_sign_in = [incoming, outgoing].into_iter().flatten().any(|one| one == candidate);
        let offers = if server.sign_in.is_empty() { vec![SignIn::Password] } else { server.sign_in.clone() };
        let takes_password = offers.contains(&SignIn::Password);
        let Some(proof) = found.proof(candidate) else {
            if takes_password || !asked_to_sign_in {
                wrong.push(format!("{}: not proved", written(server)));
            }
            continue;
        };
        let shown: HashSet<SignIn> = proof.sign_in.iter().copied().collect();
        let told: HashSet<SignIn> = offers.into_iter().filter(|how| *how != SignIn::None).collect();
        if shown != told {
            wrong.push(format!("{}: {shown:?} instead of {told:?}", written(server)));
        }
        let confirmed = !found.unconfirmed.contains(&server.host);
        let login = (asked_to_sign_in && confirmed).then(|| form.of(&case.address));
        // A form that only the provider's own documents state cannot be guessed.
        if proof.login != login && (states_the_form || matches!(form, UserForm::Full | UserForm::Local)) {
            wrong.push(format!("{}: {:?} instead of {login:?}", written(server), proof.login));
        }
    }
    wrong
}

fn cases(road: Road) -> Vec<Case> {
    let all = Facts::shipped().providers().iter().filter_map(|provider| Case::of(provider, road));
    all.filter(|case| !case.expected(road).is_empty()).collect()
}

/// Runs a look for each case, a few at once, each worker in a town of its own; gives what was wrong, and the towns.
async fn run<L, F>(cases: &[Case], look: L) -> Vec<String>
where
    L: Fn(Case, Arc<Town>) -> F + Send + Sync + Clone + 'static,
    F: Future<Output = Vec<String>> + Send,
{
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let mine: Vec<Case> = cases.iter().skip(worker).step_by(WORKERS).cloned().collect();
        let look = look.clone();
        workers.spawn(async move {
            let town = Arc::new(Town::found().await);
            let mut wrong = Vec::new();
            for case in mine {
                let id = case.id.clone();
                let mut of_case = look(case, Arc::clone(&town)).await;
                // Whatever was found: no password in clear, and none to a server without good papers.
                let told = town.told();
                let badly = told.iter().filter(|told| !told.tls || told.paper != Paper::Good);
                of_case.extend(badly.map(|told| format!("told the password: {told}")));
                if !of_case.is_empty() {
                    wrong.push(format!("{id}: {}", of_case.join("\n    ")));
                }
            }
            wrong
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

/// At least 99 of a hundred answers equal the data.
async fn check(road: Road, at_least: usize, test: &str) {
    let cases = cases(road);
    assert!(cases.len() >= at_least, "{} providers", cases.len());
    let wrong = run(&cases, move |case, town| async move { look(&case, road, &town).await }).await;
    let agree = cases.len() - wrong.len();
    let text = wrong.join("\n");
    assert!(agree * 100 >= cases.len() * 99, "{agree} of {}:\n{text}", cases.len());
    assert!(!text.contains("told the password"), "{text}");
    eprintln!("{road:?}: {agree} of {} providers as the data have them\n{text}", cases.len());
    let test = format!("crates/facteur/src/discover/tests/replay.rs::{test}");
    proof::passed("E1", &test, agree as u64, "providers", None);
}

#[tokio::test]
async fn every_provider_is_found_by_autoconfig() {
    check(Road::Autoconfig, 220, "every_provider_is_found_by_autoconfig").await;
}

#[tokio::test]
async fn every_provider_is_found_by_records() {
    check(Road::Records, 220, "every_provider_is_found_by_records").await;
}

#[tokio::test]
async fn every_provider_is_found_by_its_mail_host() {
    check(Road::MailHost, 220, "every_provider_is_found_by_its_mail_host").await;
}

#[tokio::test]
async fn every_provider_with_usual_names_is_found_by_guess() {
    check(Road::Guess, 90, "every_provider_with_usual_names_is_found_by_guess").await;
}

/// The same servers with papers that are not good: nothing is found, and nobody is told a word.
#[tokio::test]
async fn no_server_without_good_papers_is_told_a_password() {
    let cases = cases(Road::Records);
    let papers = [Paper::WrongName, Paper::Expired, Paper::UnknownRoot];
    for road in [Road::Autoconfig, Road::Records, Road::MailHost, Road::Guess] {
        let wrong = run(&cases, move |case, town| async move {
            let paper = papers[case.address.domain().as_ascii().len() % papers.len()];
            let zone = case.settle(&town, road, paper);
            let trusted = case.servers[0].host.split_once('.').map(|(_, parent)| parent.to_owned());
            let live = town.live(&zone);
            let address = case.address.to_string();
            let found = live.discover(&address, Some(&password()), trusted.as_deref(), |_| {}).await.unwrap();
            let proved = found.findings.candidates.iter().filter(|one| found.proof(one).is_some());
            let mut wrong: Vec<String> =
                proved.map(|one| format!("proved {}", written(&one.server))).collect();
            wrong.extend(town.told().into_iter().map(|told| format!("told the password: {told}")));
            wrong
        });
        let wrong = wrong.await;
        assert!(wrong.is_empty(), "{road:?}\n{}", wrong.join("\n"));
    }
    let test =
        "crates/facteur/src/discover/tests/replay.rs::no_server_without_good_papers_is_told_a_password";
    proof::passed("E1", test, 4 * cases.len() as u64, "providers", None);
}

/// The watch sees a password where there is one.
#[tokio::test]
async fn the_watch_over_passwords_is_awake() {
    let town = Town::found().await;
    let case = cases(Road::Autoconfig)
        .into_iter()
        .find(|case| case.id == "free.fr" || case.id == "gmx.net")
        .unwrap();
    let zone = case.settle(&town, Road::Autoconfig, Paper::Good);
    town.live(&zone).discover(&case.address.to_string(), Some(&password()), None, |_| {}).await.unwrap();
    assert!(town.told().iter().any(|told| told.tls), "{PASSWORD} was told to nobody");
}
