//! A town: every mail server that a test wants, behind one door for each port. The name that a client asks for under TLS
//! (RFC 6066 §3) says which server is meant, and each speaks IMAP, POP3, SMTP or HTTP as the real ones do.

use super::super::live::Live;
use super::super::tests::words;
use ::discover::{Protocol, Server, SignIn, Tls};
use base64::Engine as _;
use discover::facts::Facts;
use mail::Secret;
use net::{AddressPolicy, ClientTls, Dns, Resolver};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// What everybody's password is.
pub(super) const PASSWORD: &str = "sesame";

/// The address that stands for the Internet, so that no packet leaves.
pub(super) const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);

/// The doors: a port, what is spoken there, and how TLS begins.
const DOORS: [(u16, Option<Protocol>, Tls); 9] = [
    (443, None, Tls::Implicit),
    (993, Some(Protocol::Imap), Tls::Implicit),
    (143, Some(Protocol::Imap), Tls::Starttls),
    (995, Some(Protocol::Pop3), Tls::Implicit),
    (110, Some(Protocol::Pop3), Tls::Starttls),
    (465, Some(Protocol::Smtp), Tls::Implicit),
    (587, Some(Protocol::Smtp), Tls::Starttls),
    (2525, Some(Protocol::Smtp), Tls::Starttls),
    (25, Some(Protocol::Smtp), Tls::Starttls),
];

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paper {
    Good,
    WrongName,
    Expired,
    UnknownRoot,
}

/// A mail server.
#[derive(Debug, Clone)]
pub(super) struct House {
    pub(super) offers: Vec<SignIn>,
    pub(super) logins: Vec<String>,
    pub(super) paper: Paper,
}

/// A password that was told to a server.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) host: String,
    pub(super) tls: bool,
    pub(super) paper: Paper,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, under TLS: {}, papers: {:?}", self.host, self.tls, self.paper)
    }
}

/// What is done after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The connection ends.
    End,
    /// More of it comes, for ever.
    Endless,
    /// Nothing more comes, and the connection stays.
    Hold,
}

/// Bytes in the place of an answer.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) bytes: Vec<u8>,
    pub(super) after: After,
}

impl Raw {
    /// All there is.
    pub(super) fn whole(text: String) -> Self {
        Self { bytes: text.into_bytes(), after: After::End }
    }

    async fn say(&self, stream: &mut (impl AsyncWrite + Unpin)) {
        let mut fine = stream.write_all(&self.bytes).await.is_ok();
        while fine && self.after == After::Endless {
            fine = stream.write_all(&[b'x'; 4_096]).await.is_ok();
        }
        if self.after == After::Hold {
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Default)]
struct Register {
    /// Answers in the place of documents, and greetings in the place of a server's.
    raw: HashMap<String, Raw>,
    greetings: HashMap<(String, u16), Raw>,
    houses: HashMap<(String, u16), House>,
    documents: HashMap<String, String>,
    papers: HashMap<String, Paper>,
    told: Vec<Told>,
    /// What IMAP says to a good password, when it does not let anybody in.
    refusal: Option<&'static str>,
}

/// The servers, and who vouches for them.
pub(super) struct Town {
    notary: Arc<Notary>,
    doors: HashMap<u16, u16>,
    register: Arc<Mutex<Register>>,
    address: Ipv4Addr,
    /// Who called what stands inside, at the ports of the doors.
    inside: Arc<AtomicUsize>,
}

/// Writes a certificate for each name that is asked for.
struct Notary {
    known: Issuer<'static, KeyPair>,
    unknown: Issuer<'static, KeyPair>,
    authority: String,
    key: KeyPair,
    written: Mutex<HashMap<(String, u8), Arc<CertifiedKey>>>,
    register: Arc<Mutex<Register>>,
}

impl fmt::Debug for Notary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notary")
    }
}

impl Notary {
    fn new(register: Arc<Mutex<Register>>) -> Self {
        let authority = || {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let pem = params.self_signed(&key).unwrap().pem();
            (Issuer::new(params, key), pem)
        };
        let ((known, pem), (unknown, _)) = (authority(), authority());
        let (key, written) = (KeyPair::generate().unwrap(), Mutex::default());
        Self { known, unknown, authority: pem, key, written, register }
    }

    fn certificate(&self, name: &str, paper: Paper) -> Arc<CertifiedKey> {
        let named = if paper == Paper::WrongName { "somebody.else.example" } else { name };
        let mut params = CertificateParams::new(vec![named.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(if paper == Paper::Expired { 2021 } else { 2100 }, 1, 1);
        let by = if paper == Paper::UnknownRoot { &self.unknown } else { &self.known };
        let signed = params.signed_by(&self.key, by).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = ring::default_provider().key_provider.load_private_key(key).unwrap();
        Arc::new(CertifiedKey::new(vec![signed.der().clone()], key))
    }
}

impl ResolvesServerCert for Notary {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_owned();
        let paper = self.register.lock().unwrap().papers.get(&name).copied().unwrap_or(Paper::Good);
        let mut written = self.written.lock().unwrap();
        let kept = written.entry((name, paper as u8));
        Some(Arc::clone(kept.or_insert_with_key(|(name, _)| self.certificate(name, paper))))
    }
}

impl Town {
    /// A town without a house.
    pub(super) async fn found() -> Self {
        Self::found_at(Ipv4Addr::LOCALHOST).await
    }

    /// A town that stands for the whole Internet, beside a loopback on which nobody may call.
    pub(super) async fn found_outside() -> Self {
        Self::found_at(OUTSIDE).await
    }

    async fn found_at(address: Ipv4Addr) -> Self {
        let inside = Arc::new(AtomicUsize::new(0));
        let register = Arc::new(Mutex::new(Register::default()));
        let notary = Arc::new(Notary::new(Arc::clone(&register)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&notary) as Arc<dyn ResolvesServerCert>);
        // Nobody comes twice, and a session that is remembered would hide a certificate that has changed.
        config.send_tls13_tickets = 0;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut doors = HashMap::new();
        for (port, protocol, tls) in DOORS {
            let listener = listen(address, &inside).await;
            doors.insert(port, listener.local_addr().unwrap().port());
            let (acceptor, register) = (acceptor.clone(), Arc::clone(&register));
            tokio::spawn(async move {
                while let Ok((tcp, _)) = listener.accept().await {
                    let (acceptor, register) = (acceptor.clone(), Arc::clone(&register));
                    let caller =
                        Caller { protocol, port, register, house: None, tls: None, user: String::new() };
                    tokio::spawn(caller.serve(tcp, acceptor, tls));
                }
            });
        }
        Self { notary, doors, register, address, inside }
    }

    /// Answers whatever is asked for at a host, for paths that begin so, with these bytes.
    pub(super) fn answer(&self, url: &str, raw: Raw) {
        self.register.lock().unwrap().raw.insert(url.to_owned(), raw);
    }

    /// Greets so at a server.
    pub(super) fn greet(&self, host: &str, port: u16, raw: Raw) {
        self.register.lock().unwrap().greetings.insert((host.to_owned(), port), raw);
    }

    /// How many called inside since the last look.
    pub(super) fn calls_inside(&self) -> usize {
        self.inside.swap(0, Ordering::SeqCst)
    }

    /// A discovery on the Internet that this town stands for, where these names lead elsewhere.
    pub(super) fn outside(&self, zone: &str, names: HashMap<String, Vec<IpAddr>>) -> Live {
        let mut live = self.live(zone);
        let policy = AddressPolicy::PublicAnd(vec![format!("{OUTSIDE}/32").parse().unwrap()].into());
        let mut all = self.names();
        all.extend(names);
        live.reach(Resolver::Fixed(all), policy);
        live.ports = self.doors.iter().map(|(port, door)| (("*".to_owned(), *port), *door)).collect();
        live
    }

    /// A discovery out there, by a name server that may not be believed.
    pub(super) fn fickle(&self, server: std::net::SocketAddr) -> Live {
        let mut live = self.outside("", HashMap::new());
        let policy = AddressPolicy::PublicAnd(vec![format!("{OUTSIDE}/32").parse().unwrap()].into());
        let dns = Dns::servers(vec![server]);
        live.reach(Resolver::Named { dns: dns.clone(), hosts: "/dev/null".into() }, policy);
        live.ask_at(dns);
        live
    }

    fn names(&self) -> HashMap<String, Vec<IpAddr>> {
        let register = self.register.lock().unwrap();
        let hosts = register.houses.keys().map(|(host, _)| host.as_str());
        let urls = register.documents.keys().chain(register.raw.keys());
        let all = hosts.chain(urls.filter_map(|url| url.split('/').next()));
        all.map(|host| (host.to_owned(), vec![IpAddr::from(self.address)])).collect()
    }

    /// Empties the town.
    pub(super) fn clear(&self) {
        *self.register.lock().unwrap() = Register::default();
    }

    /// Builds a server, which lets in these logins.
    pub(super) fn build(&self, server: &Server, logins: &[String], paper: Paper) {
        let offers = if server.sign_in.is_empty() { vec![SignIn::Password] } else { server.sign_in.clone() };
        let house = House { offers, logins: logins.to_vec(), paper };
        let mut register = self.register.lock().unwrap();
        register.papers.insert(server.host.clone(), paper);
        register.houses.insert((server.host.clone(), server.port), house);
    }

    /// Puts a document at a host, for whatever path begins so.
    pub(super) fn publish(&self, host: &str, path: &str, text: String, paper: Paper) {
        let mut register = self.register.lock().unwrap();
        register.papers.insert(host.to_owned(), paper);
        register.documents.insert(format!("{host}{path}"), text);
    }

    /// Makes IMAP refuse everybody in these words.
    pub(super) fn refuse_imap(&self, refusal: &'static str) {
        self.register.lock().unwrap().refusal = Some(refusal);
    }

    /// The passwords that were told to anybody since the last look.
    pub(super) fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.register.lock().unwrap().told)
    }

    /// A discovery in this town, where this is the DNS, without the table.
    pub(super) fn live(&self, zone: &str) -> Live {
        let tls = ClientTls::new(Some(self.notary.authority.as_bytes()), net::Verify::Full).unwrap();
        let names = self.names();
        let register = self.register.lock().unwrap();
        let hosts = register.houses.keys().cloned();
        let of_documents = register.documents.keys().filter_map(|url| url.split('/').next());
        let all: Vec<(String, u16)> = hosts.chain(of_documents.map(|host| (host.to_owned(), 443))).collect();
        let dns = Dns::zone(zone.parse().unwrap_or_else(|error| panic!("{error}: {zone}")));
        let mut live = Live::with(dns, Resolver::Fixed(names), tls, AddressPolicy::Any, false);
        live.ports = all.into_iter().map(|(host, port)| ((host, port), self.doors[&port])).collect();
        live.facts = nothing();
        live
    }
}

/// Listens at a free port, at which whoever calls loopback is counted.
async fn listen(address: Ipv4Addr, inside: &Arc<AtomicUsize>) -> TcpListener {
    loop {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        if address == Ipv4Addr::LOCALHOST {
            return listener;
        }
        let port = listener.local_addr().unwrap().port();
        // Somebody else may have that port there.
        if let Ok(trap) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            let inside = Arc::clone(inside);
            tokio::spawn(async move {
                while trap.accept().await.is_ok() {
                    inside.fetch_add(1, Ordering::SeqCst);
                }
            });
            return listener;
        }
    }
}

/// A table in which nothing stands.
pub(super) fn nothing() -> &'static Facts {
    static NOTHING: std::sync::LazyLock<Facts> = std::sync::LazyLock::new(Facts::default);
    &NOTHING
}

/// One conversation.
struct Caller {
    protocol: Option<Protocol>,
    port: u16,
    register: Arc<Mutex<Register>>,
    /// Known once a name was asked for under TLS.
    house: Option<House>,
    tls: Option<String>,
    user: String,
}

/// What follows an answer.
enum Next {
    More,
    Tls,
    End,
}

impl Caller {
    async fn serve(mut self, mut tcp: TcpStream, acceptor: TlsAcceptor, tls: Tls) {
        if tls == Tls::Starttls {
            let greeting = self.greeting();
            if tcp.write_all(greeting.as_bytes()).await.is_err() || !self.talk(&mut tcp).await {
                return;
            }
        }
        let Ok(mut stream) = acceptor.accept(tcp).await else { return };
        let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
        self.house = self.register.lock().unwrap().houses.get(&(name.clone(), self.port)).cloned();
        self.tls = Some(name);
        let key = (self.tls.clone().unwrap_or_default(), self.port);
        let raw = self.register.lock().unwrap().greetings.get(&key).cloned();
        if let Some(raw) = raw {
            raw.say(&mut stream).await;
            let _ = stream.shutdown().await;
            return;
        }
        let greeting = self.greeting();
        if tls == Tls::Implicit && stream.write_all(greeting.as_bytes()).await.is_err() {
            return;
        }
        self.talk(&mut stream).await;
        let _ = stream.shutdown().await;
    }

    const fn greeting(&self) -> &'static str {
        match self.protocol {
            Some(Protocol::Imap) => "* OK [CAPABILITY IMAP4rev1] ready\r\n",
            Some(Protocol::Pop3) => "+OK ready <1@town>\r\n",
            Some(Protocol::Smtp) => "220-town.example ESMTP\r\n220 ready\r\n",
            None => "",
        }
    }

    /// Whether TLS is to begin.
    async fn talk(&mut self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> bool {
        let (mut input, mut room) = (Vec::new(), vec![0; 4_096]);
        loop {
            while let Some(end) = input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = input.drain(..=end).collect();
                let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
                self.watch(&line);
                if let Some(raw) = self.raw(&line) {
                    raw.say(stream).await;
                    return false;
                }
                let (answer, next) = self.answer(&line);
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return false;
                }
                match next {
                    Next::More => {}
                    Next::Tls => return true,
                    Next::End => return false,
                }
            }
            match stream.read(&mut room).await {
                Ok(count @ 1..) => input.extend_from_slice(&room[..count]),
                _ => return false,
            }
        }
    }

    /// Writes down each password that is told.
    fn watch(&self, line: &str) {
        if words(line).any(|word| word.contains(PASSWORD)) {
            let host = self.tls.clone().unwrap_or_default();
            let paper = self.house.as_ref().map_or(Paper::WrongName, |house| house.paper);
            self.register.lock().unwrap().told.push(Told { host, tls: self.tls.is_some(), paper });
        }
    }

    fn answer(&mut self, line: &str) -> (String, Next) {
        match self.protocol {
            Some(Protocol::Imap) => self.imap(line),
            Some(Protocol::Pop3) => self.pop3(line),
            Some(Protocol::Smtp) => self.smtp(line),
            None => self.http(line),
        }
    }

    fn offers(&self, how: SignIn) -> bool {
        self.house.as_ref().is_some_and(|house| house.offers.contains(&how))
    }

    fn lets_in(&self, login: &str, password: &str) -> bool {
        let known = self.house.as_ref().is_some_and(|house| house.logins.iter().any(|one| one == login));
        known && password == PASSWORD && self.offers(SignIn::Password)
    }

    /// What stands in an answer to PLAIN (RFC 4616).
    fn lets_in_plain(&self, encoded: &str) -> bool {
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        let mut parts = text.split('\0').skip(1);
        self.lets_in(parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    fn imap(&mut self, line: &str) -> (String, Next) {
        if self.user == "+" {
            self.user.clear();
            let said = match (self.lets_in_plain(line), self.register.lock().unwrap().refusal) {
                (true, None) => "c OK in",
                (true, Some(refusal)) => refusal,
                (false, _) => "c NO [AUTHENTICATIONFAILED] no",
            };
            return (format!("{said}\r\n"), Next::More);
        }
        let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
        let offer = match (self.tls.is_some(), self.offers(SignIn::Password)) {
            (false, _) => " STARTTLS LOGINDISABLED".to_owned(),
            (true, true) => " AUTH=PLAIN".to_owned(),
            (true, false) => " LOGINDISABLED".to_owned(),
        };
        let also = [(SignIn::Encrypted, " AUTH=CRAM-MD5"), (SignIn::OAuth2, " AUTH=XOAUTH2")];
        let also: String = also.iter().filter(|(how, _)| self.offers(*how)).map(|(_, text)| *text).collect();
        match command.split(' ').next().unwrap_or_default() {
            "CAPABILITY" => (format!("* CAPABILITY IMAP4rev1{offer}{also}\r\n{tag} OK done\r\n"), Next::More),
            "STARTTLS" if self.tls.is_none() => (format!("{tag} OK begin\r\n"), Next::Tls),
            "AUTHENTICATE" if self.offers(SignIn::Password) => {
                "+".clone_into(&mut self.user);
                ("+ \r\n".to_owned(), Next::More)
            }
            "LOGOUT" => (format!("* BYE\r\n{tag} OK\r\n"), Next::End),
            _ => (format!("{tag} BAD what\r\n"), Next::More),
        }
    }

    fn pop3(&mut self, line: &str) -> (String, Next) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match verb {
            "CAPA" => {
                let mut lines = vec!["+OK", "TOP"];
                match self.tls.is_some() {
                    false => lines.push("STLS"),
                    true if self.offers(SignIn::Password) => lines.extend(["USER", "SASL PLAIN"]),
                    true => {}
                }
                lines.extend(self.offers(SignIn::Encrypted).then_some("SASL CRAM-MD5"));
                lines.extend(self.offers(SignIn::OAuth2).then_some("SASL XOAUTH2"));
                lines.join("\r\n") + "\r\n."
            }
            "STLS" if self.tls.is_none() => return ("+OK begin\r\n".to_owned(), Next::Tls),
            "USER" if self.offers(SignIn::Password) => {
                rest.clone_into(&mut self.user);
                "+OK".to_owned()
            }
            "PASS" if self.lets_in(&self.user, rest) => "+OK in".to_owned(),
            "PASS" => "-ERR [AUTH] Authentication failed.".to_owned(),
            "QUIT" => return ("+OK bye\r\n".to_owned(), Next::End),
            _ => "-ERR what".to_owned(),
        };
        (format!("{answer}\r\n"), Next::More)
    }

    fn smtp(&mut self, line: &str) -> (String, Next) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let answer = match verb {
            "EHLO" if self.tls.is_none() => "250-town.example\r\n250-PIPELINING\r\n250 STARTTLS".to_owned(),
            "EHLO" => {
                let ways = [
                    (SignIn::Password, " PLAIN LOGIN"),
                    (SignIn::Encrypted, " CRAM-MD5"),
                    (SignIn::OAuth2, " XOAUTH2"),
                ];
                let ways: String =
                    ways.iter().filter(|(how, _)| self.offers(*how)).map(|(_, text)| *text).collect();
                let auth = if ways.is_empty() { String::new() } else { format!("250-AUTH{ways}\r\n") };
                format!("250-town.example\r\n{auth}250 SIZE 1000000")
            }
            "STARTTLS" if self.tls.is_none() => return ("220 begin\r\n".to_owned(), Next::Tls),
            "AUTH" => match rest.split_once(' ') {
                Some(("PLAIN", encoded)) if self.lets_in_plain(encoded) => {
                    rest.clone_into(&mut self.user);
                    "235 2.7.0 in".to_owned()
                }
                Some(("PLAIN", _)) => "535 5.7.8 Authentication credentials invalid".to_owned(),
                _ => "504 5.5.4 what".to_owned(),
            },
            "MAIL" if self.user.is_empty() => "530 5.7.0 Authentication required".to_owned(),
            "MAIL" | "RSET" => "250 2.0.0 fine".to_owned(),
            "QUIT" => return ("221 2.0.0 bye\r\n".to_owned(), Next::End),
            _ => "502 5.5.1 what".to_owned(),
        };
        (format!("{answer}\r\n"), Next::More)
    }

    /// What is answered to the end of a request with other bytes than a document's.
    fn raw(&self, line: &str) -> Option<Raw> {
        if self.protocol.is_some() || !line.is_empty() {
            return None;
        }
        let url = self.url();
        let register = self.register.lock().unwrap();
        register.raw.iter().find(|(begin, _)| url.starts_with(begin.as_str())).map(|(_, raw)| raw.clone())
    }

    fn url(&self) -> String {
        format!("{}{}", self.tls.clone().unwrap_or_default(), self.user.split(' ').nth(1).unwrap_or_default())
    }

    /// Remembers the first line of a request, and answers after its empty one.
    fn http(&mut self, line: &str) -> (String, Next) {
        if !line.is_empty() {
            if self.user.is_empty() {
                line.clone_into(&mut self.user);
            }
            return (String::new(), Next::More);
        }
        let url = self.url();
        let register = self.register.lock().unwrap();
        let found = register.documents.iter().find(|(begin, _)| url.starts_with(begin.as_str()));
        let answer = match found {
            Some((_, text)) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()),
            None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        (answer, Next::End)
    }
}

/// Everybody's password.
pub(super) fn password() -> Secret {
    Secret::new(PASSWORD)
}
