//! What goes wrong, and what a person is then told in both languages: cause and remedy, whole sentences.

use super::dovecot::{DOORS, Dovecot, HOST};
use super::*;
use crate::show;
use crate::show::Reader;
use crate::words::phrases;
use ::discover::prove::Obstacle;
use ::discover::{Server, UserForm};
use jiff::tz::TimeZone;
use mail::{Language, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

pub(super) fn reader(language: Language) -> Reader {
    Reader { phrases: Arc::new(phrases(language)), raw: false, zone: TimeZone::UTC, now: Timestamp(0) }
}

/// Writes down that a test held.
fn shown(test: &str, count: u64) {
    let test = format!("crates/facteur/src/discover/tests/faults.rs::{test}");
    testkit::proof::passed("E2", &test, count, "situations", None);
}

/// What went wrong, by its cause, and all that is said of it.
#[track_caller]
fn told(obstacle: &Obstacle, cause: &str, said: [(&str, &str); 2]) {
    assert_eq!(obstacle.verdict().cause.as_str(), cause, "{obstacle:?}");
    for (language, (why, fix)) in [Language::En, Language::Fr].into_iter().zip(said) {
        let words = obstacle.words(language);
        // Which certificate it was, and when it ended, depends on the test.
        let begins = words.cause.starts_with(why);
        assert!(begins, "{cause}: {}", words.cause);
        assert_eq!(words.fix, fix, "{cause}");
    }
}

const WRONG_PASSWORD: [(&str, &str); 2] = [
    (
        "The server mail.a.example does not accept this user name and password.",
        "Type the password again and check the user name, which is the full address with some providers and the part before the @ with others.",
    ),
    (
        "Le serveur mail.a.example n'accepte pas ce nom d'utilisateur et ce mot de passe.",
        "Retapez le mot de passe et vérifiez le nom d'utilisateur\u{a0}: selon le fournisseur, c'est l'adresse complète ou la partie qui précède le @.",
    ),
];
const EXPIRED: [(&str, &str); 2] = [
    (
        "The certificate of the server mail.a.example has expired",
        "Whoever runs the server must renew its certificate; first make sure that the date of this machine is right.",
    ),
    (
        "Le certificat du serveur mail.a.example a expiré",
        "Le responsable du serveur doit renouveler son certificat\u{a0}; assurez-vous d'abord que la date de cette machine est juste.",
    ),
];
const FOREIGN: [(&str, &str); 2] = [
    (
        "The server that answered is not the one that was asked for, mail.a.example: its certificate is for mail.b.example.",
        "If the name in the certificate is that of your provider, use that name for the server; if not, another server answers in its place and must not get your password.",
    ),
    (
        "Le serveur qui a répondu n'est pas celui qui était demandé, mail.a.example\u{a0}: son certificat est au nom de mail.b.example.",
        "Si le nom inscrit dans le certificat est celui de votre fournisseur, utilisez ce nom pour le serveur\u{a0}; sinon, un autre serveur répond à sa place et ne doit pas recevoir votre mot de passe.",
    ),
];
const WRONG_MODE: [(&str, &str); 2] = [
    (
        "The encryption does not suit the port ",
        "Choose TLS at once on ports 993, 995 and 465, and STARTTLS on 143, 110 and 587.",
    ),
    (
        "Le chiffrement ne convient pas au port ",
        "Choisissez le TLS immédiat sur les ports 993, 995 et 465, et STARTTLS sur les ports 143, 110 et 587.",
    ),
];
const CLOSED: [(&str, &str); 2] = [
    (
        "The server mail.a.example refuses the connection on port ",
        "Check the server's name and port, and that its mail service is running.",
    ),
    (
        "Le serveur mail.a.example refuse la connexion sur le port ",
        "Vérifiez le nom du serveur et le port, et que son service de messagerie fonctionne.",
    ),
];
const SILENT: [(&str, &str); 2] = [
    (
        "The server mail.a.example takes the connection but never says a word.",
        "Check that the encryption suits the port (TLS at once on 993, 995 and 465, STARTTLS on 143, 110 and 587), then look for a firewall or an antivirus that inspects mail.",
    ),
    (
        "Le serveur mail.a.example accepte la connexion mais ne dit jamais un mot.",
        "Vérifiez que le chiffrement convient au port (TLS immédiat sur 993, 995 et 465, STARTTLS sur 143, 110 et 587), puis cherchez un pare-feu ou un antivirus qui inspecte le courrier.",
    ),
];
const IMAP_OFF: [(&str, &str); 2] = [
    (
        "Reading this mailbox with a mail program (by IMAP) is switched off at the provider.",
        "Switch on IMAP in the settings of the web mail, or ask the administrator of the domain to do so, then try again.",
    ),
    (
        "La lecture de cette boîte par un logiciel de messagerie (IMAP) est désactivée chez le fournisseur.",
        "Activez IMAP dans les réglages du webmail, ou demandez-le à l'administrateur du domaine, puis réessayez.",
    ),
];

/// What stood in the way at a door, with a password.
async fn obstacle(dovecot: &Dovecot, door: (Protocol, u16, Tls), address: &str, password: &str) -> Obstacle {
    let candidate = Dovecot::candidate(door.0, door.1, door.2);
    let (address, password) = (address.parse().unwrap(), Secret::new(password));
    dovecot.live.sign_in_at(&candidate, &address, &password).await.unwrap_err()
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_way_to_begin_are_explained() {
    let mut dovecot = Dovecot::start(HOST, 2100).await;
    for door in DOORS {
        let wrong = obstacle(&dovecot, door, "anne@a.example", "abracadabra").await;
        told(&wrong, "auth_bad_credentials", WRONG_PASSWORD);
        // TLS from the first byte at a port where it begins by a command.
        if door.2 == Tls::Starttls {
            let wrong = obstacle(&dovecot, (door.0, door.1, Tls::Implicit), "anne@a.example", "sesame").await;
            told(&wrong, "tls_mode_mismatch", WRONG_MODE);
        }
    }
    dovecot.live.ports.clear();
    for door in DOORS {
        told(&obstacle(&dovecot, door, "anne@a.example", "sesame").await, "connect_refused", CLOSED);
    }
    shown("a_wrong_password_and_a_wrong_way_to_begin_are_explained", 15);
}

#[tokio::test]
async fn a_certificate_that_is_over_or_somebody_elses_is_explained() {
    for (certified, year, cause, said) in [
        (HOST, 2020, "tls_cert_expired", EXPIRED),
        ("mail.b.example", 2100, "tls_cert_name_mismatch", FOREIGN),
    ] {
        let dovecot = Dovecot::start(certified, year).await;
        for door in DOORS {
            told(&obstacle(&dovecot, door, "anne@a.example", "sesame").await, cause, said);
        }
    }
    shown("a_certificate_that_is_over_or_somebody_elses_is_explained", 12);
}

/// Listens at every door of a host, takes what comes, and never says a word.
async fn silent(hosts: &[&str]) -> Live {
    let mut stage = Stage::new("");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in hosts {
        stage.names.insert((*host).to_owned(), vec![Ipv4Addr::LOCALHOST.into()]);
        for door in [443, 993, 143, 995, 110, 587, 465, 2525, 25] {
            stage.ports.insert(((*host).to_owned(), door), port);
        }
    }
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((tcp, _)) = listener.accept().await {
            kept.push(tcp);
        }
    });
    let mut live = stage.live(AddressPolicy::Any);
    // A name server that hears and does not answer.
    let deaf = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    live.ask_at(Dns::servers(vec![deaf.local_addr().unwrap()]));
    std::mem::forget(deaf);
    live
}

#[tokio::test]
async fn a_silent_port_is_explained() {
    let live = silent(&[HOST]).await;
    let mut tries = tokio::task::JoinSet::new();
    for door in DOORS {
        let live = live.clone();
        tries.spawn(async move {
            let candidate = Dovecot::candidate(door.0, door.1, door.2);
            live.sign_in_at(&candidate, &"anne@a.example".parse().unwrap(), &Secret::new("sesame")).await
        });
    }
    for outcome in tries.join_all().await {
        told(&outcome.unwrap_err(), "greeting_timeout", SILENT);
    }
    shown("a_silent_port_is_explained", 6);
}

/// Nobody says a word: not the DNS, not the Web, not the mail servers. It ends all the same, and says why.
#[tokio::test]
async fn a_silent_world_comes_to_an_end() {
    let names = ["autoconfig.", "autodiscover.", "", "imap.", "mail.", "pop.", "pop3.", "smtp."];
    let names: Vec<String> = names.iter().map(|name| format!("{name}a.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let live = silent(&names).await;
    let began = Instant::now();
    let found = live.discover("anne@a.example", Some(&Secret::new("sesame")), None, |_| {}).await.unwrap();
    let took = began.elapsed();
    // The stop itself, and the time that a machine with other work needs to notice it.
    assert!(took < Duration::from_secs(25), "{took:?}");
    assert!(found.findings.candidates.is_empty() && !found.asked.is_empty() && found.tried.len() >= 8);
    let text = show::discovery(&found, &reader(Language::En));
    assert!(text.contains("No server to read this mail was found that answers as it should."), "{text}");
    let text = show::discovery(&found, &reader(Language::Fr));
    assert!(text.contains("Aucun serveur"), "{text}");
    shown("a_silent_world_comes_to_an_end", 1);
}

/// The Web and the DNS are silent, the mail servers are not: what they answer is told while the others are waited for.
#[tokio::test]
async fn a_first_answer_comes_while_others_are_silent() {
    let mut stage = stage().await;
    let silent = silent(&["autoconfig.a.example", "autodiscover.a.example", "a.example"]).await;
    stage.ports.extend(silent.ports.clone());
    for host in ["autoconfig.a.example", "autodiscover.a.example", "a.example"] {
        stage.names.insert(host.to_owned(), vec![Ipv4Addr::LOCALHOST.into()]);
    }
    let live = stage.live(AddressPolicy::Any);
    let (began, mut heard) = (Instant::now(), Vec::new());
    let told = |News::Answers(candidate): News<'_>| {
        heard.push((began.elapsed(), candidate.server.protocol, candidate.server.host.clone()));
    };
    let found = live.discover("anne@a.example", None, None, told).await.unwrap();
    let whole = began.elapsed();
    let (first, ..) = heard[0];
    eprintln!("first answer after {first:?}, all after {whole:?}");
    assert_eq!(heard.len(), 2, "{heard:?}");
    // Three seconds are what is promised; a machine that builds something else beside it is not held to them.
    let promised = Duration::from_secs(if testkit::proof::at_the_bar() { 3 } else { 5 });
    assert!(first < promised, "{heard:?}");
    assert!(whole > first + Duration::from_secs(1), "nobody was waited for: {whole:?}");
    assert_eq!(found.findings.candidates.len(), 2);
    shown("a_first_answer_comes_while_others_are_silent", 1);
}

/// An account whose IMAP is off, at a provider that says so, is read by POP3.
#[tokio::test]
async fn an_account_without_imap_is_read_by_pop3() {
    let town = super::town::Town::found().await;
    let server = |protocol: Protocol, host: &str, port| {
        let form = Some(UserForm::Full);
        Server { user: form, ..Server::at(protocol, host, port, Tls::Implicit) }
    };
    let servers = [
        server(Protocol::Imap, "imap.a.example", 993),
        server(Protocol::Pop3, "pop.a.example", 995),
        server(Protocol::Smtp, "smtp.a.example", 465),
    ];
    for one in &servers {
        town.build(one, &["anne@a.example".to_owned()], super::town::Paper::Good);
    }
    town.refuse_imap("c NO [ALERT] Your account is not enabled for IMAP use. Please visit your settings.");
    let live = town.live("");
    let found = live.discover("anne@a.example", Some(&super::town::password()), None, |_| {}).await.unwrap();
    let imap = found.tried.iter().find(|tried| tried.candidate.server.port == 993).unwrap();
    told(imap.outcome.as_ref().unwrap_err(), "imap_disabled", IMAP_OFF);
    let (incoming, outgoing) = found.pair();
    assert_eq!(incoming.map(|candidate| candidate.server.host.as_str()), Some("pop.a.example"));
    assert!(outgoing.and_then(|one| found.proof(one)).is_some_and(|proof| proof.login.is_some()));
    let text = show::discovery(&found, &reader(Language::En));
    assert!(text.contains("Only POP3 is offered to read") && text.contains(IMAP_OFF[0].1), "{text}");
    let text = show::discovery(&found, &reader(Language::Fr));
    assert!(text.contains("seul POP3 est proposé") && text.contains(IMAP_OFF[1].1), "{text}");
    shown("an_account_without_imap_is_read_by_pop3", 1);
}

/// A real Dovecot that has no IMAP at all: POP3 is found, and advised.
#[tokio::test]
async fn a_server_whose_imap_is_off_is_read_by_pop3() {
    let dovecot = Dovecot::start_with(HOST, 2100, "pop3").await;
    let found =
        dovecot.live.discover("luc@a.example", Some(&Secret::new("sesame")), None, |_| {}).await.unwrap();
    let (incoming, outgoing) = found.pair();
    let told = |candidate: Option<&Candidate>| {
        let candidate = candidate.unwrap();
        let login = found.proof(candidate).and_then(|proof| proof.login.clone());
        format!("{} {} {login:?}", candidate.server.protocol.as_str(), candidate.server.host)
    };
    assert_eq!(told(incoming), "pop3 mail.a.example Some(\"luc@a.example\")");
    assert_eq!(told(outgoing), "smtp mail.a.example Some(\"luc@a.example\")");
    let text = show::discovery(&found, &reader(Language::Fr));
    assert!(text.contains("seul POP3 est proposé"), "{text}");
    shown("a_server_whose_imap_is_off_is_read_by_pop3", 1);
}
