//! Discoveries on loopback: servers that speak TLS with certificates of a test's own authority, a zone in memory, and
//! the table switched off by asking about a domain that it does not know.

mod dovecot;
mod faults;
mod harm;
mod replay;
mod scripts;
mod town;

use super::*;
use ::discover::{
    Asked, Candidate, Discovery, NoAnswer, Protocol, Server, SignIn, Source, Tls, Trust, UserForm,
};
use base64::Engine as _;
use mail::{Address, Secret};
use net::{AddressPolicy, ClientTls, Dns, Resolver};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// What a server answers to one line or request, and to the connection itself (`None`).
type Answers = fn(Option<&str>) -> String;

/// The servers of a test.
struct Stage {
    authority: CertifiedIssuer<'static, KeyPair>,
    ports: HashMap<(String, u16), u16>,
    names: HashMap<String, Vec<IpAddr>>,
    zone: String,
    /// Everything that was sent to any server.
    heard: Arc<Mutex<String>>,
}

impl Stage {
    fn new(zone: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let heard = Arc::new(Mutex::new(String::new()));
        Self { authority, ports: HashMap::new(), names: HashMap::new(), zone: zone.to_owned(), heard }
    }

    /// A server at a name, whose certificate is for `certified`.
    async fn serve(&mut self, host: &str, port: u16, certified: &str, answers: Answers) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![certified.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        self.ports.insert((host.to_owned(), port), listener.local_addr().unwrap().port());
        self.names.insert(host.to_owned(), vec![Ipv4Addr::LOCALHOST.into()]);
        let heard = Arc::clone(&self.heard);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, heard) = (acceptor.clone(), Arc::clone(&heard));
                tokio::spawn(async move {
                    let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                    let _ = tls.write_all(answers(None).as_bytes()).await;
                    let mut buffer = vec![0; 4_096];
                    while let Ok(count @ 1..) = tls.read(&mut buffer).await {
                        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                        heard.lock().unwrap().push_str(&text);
                        let _ = tls.write_all(answers(Some(&text)).as_bytes()).await;
                        if text.contains("HTTP/1.1") {
                            let _ = tls.shutdown().await;
                        }
                    }
                });
            }
        });
    }

    fn live(&self, policy: AddressPolicy) -> Live {
        let authority = self.authority.pem();
        let tls = ClientTls::new(Some(authority.as_bytes()), net::Verify::Full).unwrap();
        let dns = Dns::zone(self.zone.parse().unwrap());
        let mut live = Live::with(dns, Resolver::Fixed(self.names.clone()), tls, policy, false);
        live.ports.clone_from(&self.ports);
        live
    }

    /// What was found, as `protocol host trust login`, `-` where nobody was let in.
    async fn check(&self, password: Option<&str>, trusted: Option<&str>, expected: &[&str]) -> Discovery {
        let password = password.map(Secret::new);
        let live = self.live(AddressPolicy::Any);
        let found = live.discover("anne@a.example", password.as_ref(), trusted, |_| {}).await.unwrap();
        let shown = found.findings.candidates.iter().map(|candidate| {
            let login = found.proof(candidate).and_then(|proof| proof.login.clone());
            let (protocol, host) = (candidate.server.protocol.as_str(), &candidate.server.host);
            format!("{protocol} {host} {:?} {}", candidate.trust, login.unwrap_or_else(|| "-".to_owned()))
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{:#?}", found.tried);
        found
    }

    fn was_told_the_password(&self) -> bool {
        words(&self.heard.lock().unwrap()).any(|word| word.contains("sesame"))
    }
}

/// The words of what a server heard, as they are and decoded.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().flat_map(|word| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(word).unwrap_or_default();
        [word.to_owned(), String::from_utf8(bytes).unwrap_or_default()]
    })
}

/// Lets in `anne`, and not `anne@a.example`.
fn imap(line: Option<&str>) -> String {
    match line.map(str::trim) {
        None => "* OK ready\r\n".to_owned(),
        Some("a CAPABILITY") => "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK\r\n".to_owned(),
        Some("c AUTHENTICATE PLAIN") => "+ \r\n".to_owned(),
        Some("AGFubmUAc2VzYW1l") => "c OK in\r\n".to_owned(),
        Some("z LOGOUT") => String::new(),
        Some(_) => "c NO [AUTHENTICATIONFAILED] Authentication failed.\r\n".to_owned(),
    }
}

fn submission(line: Option<&str>) -> String {
    match line.map(str::trim) {
        None => "220 hi\r\n".to_owned(),
        Some("EHLO localhost") => "250-mail\r\n250 AUTH PLAIN\r\n".to_owned(),
        Some("AUTH PLAIN AGFubmUAc2VzYW1l") => "235 2.7.0 in\r\n".to_owned(),
        Some("MAIL FROM:<anne@a.example>" | "RSET") => "250 fine\r\n".to_owned(),
        Some("QUIT") => "221 bye\r\n".to_owned(),
        Some(_) => "535 5.7.8 Authentication credentials invalid\r\n".to_owned(),
    }
}

fn autoconfig(request: Option<&str>) -> String {
    let Some(request) = request else { return String::new() };
    if !request.starts_with("GET /mail/config-v1.1.xml ") {
        return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned();
    }
    let server = |kind: &str, name: &str, port: u16| {
        format!(
            "<{kind}Server type=\"{name}\"><hostname>{name}.a.example</hostname><port>{port}</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></{kind}Server>"
        )
    };
    let servers = server("incoming", "imap", 993) + &server("outgoing", "smtp", 465);
    let document = format!(
        "<clientConfig version=\"1.1\"><emailProvider id=\"a\">{servers}</emailProvider></clientConfig>"
    );
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{document}", document.len())
}

async fn stage() -> Stage {
    let mut stage = Stage::new("");
    stage.serve("imap.a.example", 993, "imap.a.example", imap).await;
    stage.serve("smtp.a.example", 465, "smtp.a.example", submission).await;
    stage
}

#[tokio::test]
async fn autoconfig_leads_to_servers_that_let_us_in_by_the_form_that_fits() {
    let mut stage = stage().await;
    stage.serve("autoconfig.a.example", 443, "autoconfig.a.example", autoconfig).await;
    stage.check(None, None, &["imap imap.a.example A -", "smtp smtp.a.example A -"]).await;
    assert!(!stage.was_told_the_password());
    let found = stage
        .check(Some("sesame"), None, &["imap imap.a.example A anne", "smtp smtp.a.example A anne"])
        .await;
    let imap = found.findings.best(Protocol::Imap).unwrap();
    assert_eq!(found.proof(imap).unwrap().sign_in, [SignIn::Password]);
    assert!(stage.was_told_the_password(), "the watch over passwords sees none");
    let relay = control::relay_of(&found, &Secret::new("sesame")).unwrap();
    let told = (relay.host.as_deref(), relay.port, relay.tls, relay.login.as_deref());
    assert_eq!(told, (Some("smtp.a.example"), Some(465), Some(store::RelayTls::Implicit), Some("anne")));
    assert_eq!(relay.password, Some(Secret::new("sesame")));
}

#[tokio::test]
async fn a_domain_that_this_server_hosts_needs_no_other_answer() {
    let stage = stage().await;
    let server = |protocol, host: &str, port| Server {
        user: Some(UserForm::Local),
        ..Server::at(protocol, host, port, Tls::Implicit)
    };
    let own = [server(Protocol::Imap, "imap.a.example", 993), server(Protocol::Smtp, "smtp.a.example", 465)];
    let live = stage.live(AddressPolicy::Any).hosting(own.to_vec());
    let found = live.discover("anne@a.example", Some(&Secret::new("sesame")), None, |_| {}).await.unwrap();
    for candidate in &found.findings.candidates {
        assert_eq!((candidate.source, candidate.trust), (Source::Own, Trust::A));
        assert_eq!(found.proof(candidate).and_then(|proof| proof.login.as_deref()), Some("anne"));
    }
    assert_eq!((found.findings.candidates.len(), found.asked.len()), (2, 0));
    let offline = Discovery::offline("anne@a.example", &own).unwrap();
    assert_eq!(offline.findings.candidates.len(), 2);
}

#[tokio::test]
async fn usual_names_are_found_where_nobody_says_anything() {
    let stage = stage().await;
    stage.check(Some("sesame"), None, &["imap imap.a.example D anne", "smtp smtp.a.example D anne"]).await;
}

#[tokio::test]
async fn a_wrong_password_is_tried_with_each_form_once_and_explained() {
    let stage = stage().await;
    let found =
        stage.check(Some("abracadabra"), None, &["imap imap.a.example D -", "smtp smtp.a.example D -"]).await;
    let causes: Vec<&str> = found
        .tried
        .iter()
        .filter_map(|tried| Some(tried.outcome.as_ref().err()?.verdict().cause.as_str()))
        .filter(|cause| cause.starts_with("auth"))
        .collect();
    assert_eq!(causes, ["auth_bad_credentials", "auth_bad_credentials"]);
    assert!(
        control::relay_of(&found, &Secret::new("abracadabra")).is_none(),
        "what was not let in is no relay"
    );
    let heard = stage.heard.lock().unwrap();
    assert_eq!(heard.matches("c AUTHENTICATE PLAIN").count(), 2, "two forms, once each");
}

#[tokio::test]
async fn no_server_without_a_certificate_for_its_name_gets_the_password() {
    let mut stage = Stage::new("");
    stage.serve("imap.a.example", 993, "imap.b.example", imap).await;
    stage.serve("smtp.a.example", 465, "smtp.b.example", submission).await;
    stage.serve("autoconfig.a.example", 443, "autoconfig.b.example", autoconfig).await;
    let found = stage.check(Some("sesame"), Some("a.example"), &[]).await;
    let of = |host: &str| found.tried.iter().find(|tried| tried.candidate.server.host == host).unwrap();
    let obstacle = of("imap.a.example").outcome.clone().unwrap_err();
    assert_eq!(obstacle.verdict().cause.as_str(), "tls_cert_name_mismatch");
    assert_eq!(
        stage.heard.lock().unwrap().as_str(),
        "",
        "something was said to a server that is somebody else's"
    );
}

#[tokio::test]
async fn a_hint_of_the_dns_gets_the_password_only_when_the_person_says_so() {
    let zone = "_imaps._tcp.a.example SRV 0 0 993 imap.host.example\n_submissions._tcp.a.example SRV 0 0 465 smtp.host.example";
    let mut stage = Stage::new(zone);
    stage.serve("imap.host.example", 993, "imap.host.example", imap).await;
    stage.serve("smtp.host.example", 465, "smtp.host.example", submission).await;
    let hinted = ["imap imap.host.example C -", "smtp smtp.host.example C -"];
    let found = stage.check(Some("sesame"), None, &hinted).await;
    assert_eq!(found.unconfirmed, ["imap.host.example", "smtp.host.example"]);
    stage.check(Some("sesame"), Some("st.example"), &hinted).await;
    assert!(!stage.was_told_the_password());
    let confirmed = ["imap imap.host.example C anne", "smtp smtp.host.example C anne"];
    let found = stage.check(Some("sesame"), Some("host.example"), &confirmed).await;
    assert!(found.findings.candidates.iter().all(|candidate| candidate.trust == Trust::C));
}

#[tokio::test]
async fn private_addresses_are_refused_after_their_names_were_resolved() {
    let mut stage = stage().await;
    stage.serve("autoconfig.a.example", 443, "autoconfig.a.example", autoconfig).await;
    let found =
        stage.live(AddressPolicy::PublicOnly).discover("anne@a.example", None, None, |_| {}).await.unwrap();
    assert!(found.findings.candidates.is_empty(), "{:?}", found.findings.candidates);
    let forbidden = found.tried.iter().filter(|tried| match &tried.outcome {
        Err(::discover::prove::Obstacle::Seen(evidence)) => {
            matches!(evidence.seen, mail::Seen::AddressForbidden { .. })
        }
        _ => false,
    });
    // Two hosts, and two ways to begin TLS at each.
    assert_eq!(forbidden.count(), 4, "{:#?}", found.tried);
    assert_eq!(stage.heard.lock().unwrap().as_str(), "");
}

#[tokio::test]
async fn names_of_private_networks_are_not_asked_about() {
    let live = Stage::new("").live(AddressPolicy::PublicOnly);
    assert!(live.discover("anne@nas.local", None, None, |_| {}).await.is_err());
}
