//! A pretend Gmail on the loopback interface: STARTTLS, sign-in, and the words of the real one.

use crate::cli::failure::Failure;
use mail::{Address, Clock, EnhancedCode, Envelope, OwnerId, Principal, Reply, ReversePath};
use net::door::{BoxFuture, Client, Door, Intake, Visitor};
use net::{Limits, ListenerKind, ListenerSpec, Serve, ServerTls, serve};
use smtp::server::{SessionConfig, SignIn};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;

/// What the real one is called.
pub const NAME: &str = "smtp.gmail.com";
/// The password that people try first, and that Google does not take from programs.
pub const WRONG_PASSWORD: &str = "the usual password";
/// An app password.
pub const RIGHT_PASSWORD: &str = "abcd efgh ijkl mnop";
/// What Gmail says to a wrong password.
const REFUSAL: [&str; 2] = [
    "Username and Password not accepted. For more information, go to",
    " https://support.google.com/mail/?p=BadCredentials - gsmtp",
];

/// The pretend server.
pub struct PretendGmail {
    /// Where it is.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The certificate that it shows, in PEM form.
    pub certificate: String,
    received: Arc<AtomicUsize>,
}

impl PretendGmail {
    /// Starts one, until `stop` becomes true.
    pub async fn start(directory: &Path, stop: watch::Receiver<bool>) -> Result<Self, Failure> {
        let directory = directory.join("gmail");
        fs::create_dir(&directory).map_err(Failure::System)?;
        let (tls, _) = ServerTls::self_signed(&directory, NAME, Clock::System.now())?;
        let certificate = fs::read_to_string(directory.join("cert.pem")).map_err(Failure::System)?;
        let spec = ListenerSpec {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            kind: ListenerKind::StartTls,
            fallback_port: None,
        };
        let bound = spec.bind()?;
        let received = Arc::new(AtomicUsize::new(0));
        let gmail = Self {
            host: bound.address.ip().to_string(),
            port: bound.address.port(),
            certificate,
            received: Arc::clone(&received),
        };
        let session = SessionConfig::new(NAME.parse().map_err(|_| Failure::Unexpected)?);
        let shared = Serve::new(Arc::new(PretendDoor { received }), tls, Limits::default(), session);
        tokio::spawn(serve(bound, shared, stop));
        Ok(gmail)
    }

    /// How many messages arrived.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }
}

fn reply(code: u16, enhanced: (u8, u16, u16), lines: &[&str]) -> Reply {
    let code_of = EnhancedCode::new(enhanced.0, enhanced.1, enhanced.2);
    let mut reply = Reply::new(code, Some(code_of), "");
    reply.lines = lines.iter().map(|line| (*line).to_owned()).collect();
    reply
}

struct PretendDoor {
    received: Arc<AtomicUsize>,
}

impl Door for PretendDoor {
    fn network_site(&self, _client: IpAddr) -> Option<Visitor> {
        None
    }

    fn sign_in<'a>(&'a self, _client: &'a Client, attempt: SignIn) -> BoxFuture<'a, Result<Visitor, Reply>> {
        Box::pin(async move {
            if attempt.password.reveal() == RIGHT_PASSWORD {
                Ok(Visitor {
                    principal: Principal::System,
                    owner: OwnerId::DEFAULT,
                    name: attempt.login,
                    line_endings: mail::LineEndings::Strict,
                })
            } else {
                Err(reply(535, (5, 7, 8), &REFUSAL))
            }
        })
    }

    fn sender(&self, _visitor: &Visitor, _path: &ReversePath, _size: Option<u64>) -> Result<(), Reply> {
        Ok(())
    }

    fn recipient(&self, _visitor: &Visitor, _address: &Address) -> Result<(), Reply> {
        Ok(())
    }

    fn intake(&self, _visitor: &Visitor, _client: &Client) -> Result<Box<dyn Intake>, Reply> {
        Ok(Box::new(PretendIntake { received: Arc::clone(&self.received) }))
    }
}

/// Counts what arrives, and keeps nothing.
struct PretendIntake {
    received: Arc<AtomicUsize>,
}

impl Intake for PretendIntake {
    fn append<'a>(&'a mut self, _chunk: Vec<u8>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async { Ok(()) })
    }

    fn finish(
        self: Box<Self>,
        _envelope: Envelope,
        _last: Vec<u8>,
    ) -> BoxFuture<'static, Result<Reply, Reply>> {
        self.received.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(reply(250, (2, 0, 0), &["OK - gsmtp"])) })
    }
}
