//! What the tests share: a door that collects messages, a served port, certificates, a client.

use mail::{
    Address, EnhancedCode, Envelope, LineEndings, OwnerId, Principal, Reply, ReversePath, SiteId, Timestamp,
};
use net::door::BoxFuture;
use net::{
    Client, Dialer, Door, Intake, Limits, ListenerKind, ListenerSpec, Purpose, Resolver, Serve, ServerTls,
};
use net::{ClientTls, Connection, LocalSocket, Target, TlsMode, Verify, Visitor, serve, serve_local};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use smtp::server::{SessionConfig, SignIn};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The name that every test server is called by.
pub const HOST: &str = "mail.test";

/// A message that the door took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub visitor: Visitor,
    pub client: Client,
    pub envelope: Envelope,
    pub content: Vec<u8>,
}

/// A door over a few rules. Its strangeness is in the addresses, so that each test is one dialogue.
#[derive(Default)]
pub struct TestDoor {
    pub taken: Mutex<Vec<Taken>>,
    /// Intakes that are open now.
    pub open: AtomicUsize,
    /// Whether loopback is a site's network.
    pub loopback_is_a_site: bool,
    /// Content beyond that many bytes is refused by `append`.
    pub append_refused_beyond: Option<usize>,
    /// Whether users of this machine are unknown.
    pub users_refused: bool,
    /// Whether nobody ever says who they are.
    pub users_stall: bool,
    /// How often it was asked who a user of this machine is.
    pub users_asked: AtomicUsize,
}

impl TestDoor {
    pub fn site() -> Arc<Self> {
        Arc::new(Self { loopback_is_a_site: true, ..Self::default() })
    }

    pub fn contents(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken.iter().map(|taken| String::from_utf8_lossy(&taken.content).into_owned()).collect()
    }
}

fn refusal(code: u16, text: &str) -> Reply {
    Reply::new(code, Some(EnhancedCode::new(u8::try_from(code / 100).unwrap(), 7, 1)), text)
}

/// The door as the server holds it: the trait cannot be implemented for a foreign `Arc`.
pub struct Shared(pub Arc<TestDoor>);

impl Door for Shared {
    fn network_site(&self, client: IpAddr) -> Option<Visitor> {
        (self.0.loopback_is_a_site && client.is_loopback()).then(|| visitor("printer"))
    }

    fn sign_in<'a>(&'a self, _: &'a Client, attempt: SignIn) -> BoxFuture<'a, Result<Visitor, Reply>> {
        Box::pin(async move {
            match (attempt.login.as_str(), attempt.password.reveal()) {
                ("panic", _) => panic!("the door fell off its hinges"),
                ("slow", _) => std::future::pending().await,
                ("anna", "right") | ("user@testserver", "secretpassword") => Ok(visitor("anna")),
                _ => Err(Reply::new(535, Some(EnhancedCode::new(5, 7, 8)), "No")),
            }
        })
    }

    fn sender(&self, _: &Visitor, path: &ReversePath, _: Option<u64>) -> Result<(), Reply> {
        match path.address() {
            Some(address) if address.local() == "stranger" => Err(refusal(550, "not yours")),
            _ => Ok(()),
        }
    }

    fn recipient(&self, _: &Visitor, address: &Address) -> Result<(), Reply> {
        if address.local() == "nobody" { Err(refusal(550, "no such person")) } else { Ok(()) }
    }

    fn intake(&self, visitor: &Visitor, client: &Client) -> Result<Box<dyn Intake>, Reply> {
        Ok(self.open(visitor.clone(), client))
    }

    fn local(&self, uid: u32) -> BoxFuture<'_, Result<Visitor, Reply>> {
        Box::pin(async move {
            self.0.users_asked.fetch_add(1, Ordering::SeqCst);
            if self.0.users_stall {
                std::future::pending::<()>().await;
            }
            if self.0.users_refused {
                Err(refusal(550, "unknown user"))
            } else {
                Ok(visitor(&format!("uid {uid}")))
            }
        })
    }

    fn peer_sender(&self, client: &Client, path: &ReversePath, size: Option<u64>) -> Result<(), Reply> {
        match path.address() {
            Some(address) if address.local() == "stranger" => Err(refusal(
                550,
                &format!("not from {} at {}, size {size:?}", client.helo, client.origin.ip().unwrap()),
            )),
            _ => Ok(()),
        }
    }

    fn peer_recipient(&self, _: &Client, address: &Address) -> Result<(), Reply> {
        if address.local().starts_with("b+") { Ok(()) } else { Err(net::door::no_mail_for(address)) }
    }

    fn peer_intake(&self, client: &Client) -> Result<Box<dyn Intake>, Reply> {
        Ok(self.open(visitor("a peer"), client))
    }
}

impl Shared {
    fn open(&self, visitor: Visitor, client: &Client) -> Box<dyn Intake> {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        let taken =
            Taken { visitor, client: client.clone(), envelope: Envelope::default(), content: Vec::new() };
        Box::new(TestIntake { door: Arc::clone(&self.0), taken: Some(taken) })
    }
}

pub fn visitor(name: &str) -> Visitor {
    Visitor {
        principal: Principal::Site(SiteId(1)),
        owner: OwnerId::DEFAULT,
        name: name.to_owned(),
        line_endings: LineEndings::Strict,
    }
}

struct TestIntake {
    door: Arc<TestDoor>,
    taken: Option<Taken>,
}

impl Intake for TestIntake {
    fn append<'a>(&'a mut self, chunk: Vec<u8>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async move {
            let taken = self.taken.as_mut().unwrap();
            taken.content.extend(chunk);
            match self.door.append_refused_beyond {
                Some(limit) if taken.content.len() > limit => Err(refusal(452, "no room")),
                _ => Ok(()),
            }
        })
    }

    fn finish(
        mut self: Box<Self>,
        envelope: Envelope,
        last: Vec<u8>,
    ) -> BoxFuture<'static, Result<Reply, Reply>> {
        Box::pin(async move {
            let mut taken = self.taken.take().unwrap();
            taken.content.extend(last);
            taken.envelope = envelope;
            self.door.taken.lock().unwrap().push(taken);
            Ok(Reply::new(250, Some(EnhancedCode::new(2, 0, 0)), "Ok: queued as TEST"))
        })
    }
}

impl Drop for TestIntake {
    fn drop(&mut self) {
        self.door.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A port that is served until this is dropped or stopped.
pub struct Port {
    pub address: SocketAddr,
    pub shared: Arc<Serve>,
    pub stop: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

/// The local socket that is served until this is dropped or stopped.
pub struct LocalPort {
    pub dir: TempDir,
    pub shared: Arc<Serve>,
    pub stop: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

impl LocalPort {
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("submit.sock")
    }

    pub async fn connect(&self) -> Talker<UnixStream> {
        Talker::over(UnixStream::connect(self.path()).await.unwrap())
    }
}

/// What a port is served with.
pub struct Setting {
    pub kind: ListenerKind,
    pub limits: Limits,
    pub session: SessionConfig,
}

impl Setting {
    pub fn new(kind: ListenerKind) -> Self {
        Self { kind, limits: Limits::default(), session: SessionConfig::new(HOST.parse().unwrap()) }
    }

    pub fn serve(self, door: &Arc<TestDoor>, tls: &Arc<ServerTls>) -> Port {
        let spec =
            ListenerSpec { address: "127.0.0.1:0".parse().unwrap(), kind: self.kind, fallback_port: None };
        let bound = spec.bind().unwrap();
        let address = bound.address;
        let door = Arc::new(Shared(Arc::clone(door)));
        let shared = Serve::new(door, Arc::clone(tls), self.limits, self.session);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(bound, Arc::clone(&shared), stopped));
        Port { address, shared, stop, task }
    }

    pub fn serve_local(self, door: &Arc<TestDoor>) -> LocalPort {
        let dir = tempfile::tempdir().unwrap();
        let socket = LocalSocket::bind(&dir.path().join("submit.sock")).unwrap();
        let door = Arc::new(Shared(Arc::clone(door)));
        let shared = Serve::new(door, any_tls(), self.limits, self.session);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve_local(socket, Arc::clone(&shared), stopped));
        LocalPort { dir, shared, stop, task }
    }
}

/// A port for a site's network in clear, with defaults.
pub fn plain_port(door: &Arc<TestDoor>) -> Port {
    Setting::new(ListenerKind::Plain).serve(door, &any_tls())
}

/// A server identity made on the spot.
pub fn any_tls() -> Arc<ServerTls> {
    let dir = tempfile::tempdir().unwrap();
    ServerTls::self_signed(dir.path(), HOST, Timestamp(1_800_000_000_000)).unwrap().0
}

/// A certificate authority of the test's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

/// What a test says of a certificate.
pub struct Paper {
    pub names: Vec<String>,
    pub years: (i32, i32),
    pub is_authority: bool,
    pub purposes: Vec<rcgen::ExtendedKeyUsagePurpose>,
}

impl Paper {
    pub fn new(names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { names, years: (2020, 2100), is_authority: false, purposes: Vec::new() }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).unwrap();
        params.not_before = date_time_ymd(self.years.0, 1, 1);
        params.not_after = date_time_ymd(self.years.1, 1, 1);
        params.extended_key_usages = self.purposes.clone();
        if self.is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    /// Certificate and key, signed by itself.
    pub fn self_signed(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (self.params().self_signed(&key).unwrap().pem(), key.serialize_pem())
    }
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of the tests");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key.
    pub fn issue(&self, paper: &Paper) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (paper.params().signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Writes a pair and loads it.
pub fn server_tls(dir: &Path, (cert, key): &(String, String)) -> Arc<ServerTls> {
    std::fs::write(dir.join("c.pem"), cert).unwrap();
    std::fs::write(dir.join("k.pem"), key).unwrap();
    ServerTls::load(&dir.join("c.pem"), &dir.join("k.pem")).unwrap()
}

/// A dialer that knows the test host by these addresses.
pub fn dialer(addresses: &[&str]) -> Dialer {
    let addresses = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
    Dialer::new(mail::Clock::System, Resolver::Fixed(HashMap::from([(HOST.to_owned(), addresses)])))
}

pub fn target(port: u16, tls: TlsMode, client_tls: &Arc<ClientTls>) -> Target {
    Target::new(Purpose::Relay, HOST, port, Arc::clone(client_tls)).unwrap().with_tls(tls)
}

pub async fn dial(
    port: u16,
    tls: TlsMode,
    client_tls: &Arc<ClientTls>,
) -> Result<Connection, mail::Evidence> {
    dialer(&["127.0.0.1"]).dial(&target(port, tls, client_tls), Duration::from_secs(10)).await
}

pub fn insecure() -> Arc<ClientTls> {
    ClientTls::new(None, Verify::Insecure).unwrap()
}

/// A client that speaks lines, over anything.
pub struct Talker<S> {
    pub stream: S,
    read: Vec<u8>,
    /// What was said and answered, for a test that keeps it.
    pub said: Vec<String>,
}

impl Talker<TcpStream> {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talker<S> {
    pub const fn over(stream: S) -> Self {
        Self { stream, read: Vec::new(), said: Vec::new() }
    }

    /// One whole reply, its lines joined by `|`; empty when the server closed.
    pub async fn reply(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            let more = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !more {
                return lines.join("|");
            }
        }
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.read.drain(..end + 2).collect::<Vec<_>>();
                return String::from_utf8(line[..end].to_vec()).unwrap();
            }
            if self.stream.read_buf(&mut self.read).await.unwrap_or(0) == 0 {
                return String::new();
            }
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The same to a server that may have closed.
    pub async fn send_if_open(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// All that still comes, to the end.
    pub async fn raw_rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.read);
        while self.stream.read_buf(&mut rest).await.unwrap_or(0) > 0 {}
        rest
    }

    /// Plays a dialogue: `C: ` lines are sent, `S: ` lines are how a reply must begin.
    pub async fn check(&mut self, dialogue: &str) {
        for line in dialogue.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(said) = line.strip_prefix("C:") {
                let said = said.strip_prefix(' ').unwrap_or(said);
                self.send(format!("{said}\r\n").as_bytes()).await;
            } else {
                let expected = line.strip_prefix("S: ").unwrap();
                let reply = self.reply().await;
                let fits =
                    if expected == "(closed)" { reply.is_empty() } else { reply.starts_with(expected) };
                assert!(fits, "expected '{expected}', got '{reply}' in:\n{dialogue}");
            }
        }
    }
}

/// Waits until something is true, and fails after ten seconds.
pub async fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let patient = async {
        while !is_true() {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patient).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A client configuration that takes any certificate, for streams that the test itself opened.
pub fn trusting_anyone() -> Arc<rustls::ClientConfig> {
    #[derive(Debug)]
    struct Anyone;
    impl rustls::client::danger::ServerCertVerifier for Anyone {
        fn verify_server_cert(
            &self,
            _: &rustls_pki_types::CertificateDer<'_>,
            _: &[rustls_pki_types::CertificateDer<'_>],
            _: &rustls_pki_types::ServerName<'_>,
            _: &[u8],
            _: rustls_pki_types::UnixTime,
        ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
            Ok(rustls::client::danger::ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &rustls_pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &rustls_pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    Arc::new(config)
}
