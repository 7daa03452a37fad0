//! Pretend servers on the loopback interface: STARTTLS, sign-in in the words of Gmail, and mailboxes that take mail, ask for
//! patience, are full, or refuse as Orange does.

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

/// The parts of an enhanced code.
type Enhanced = (u8, u16, u16);

/// What some domains of this pretend world say to every recipient; all others take mail.
const TOLD: [(&str, u16, Option<Enhanced>, &[&str]); 3] = [
    (GREYLISTING, 450, Some((4, 2, 0)), &["Greylisted, please try again in 5 minutes"]),
    (FULL, 552, Some((5, 2, 2)), &["Mailbox full, quota exceeded"]),
    (
        ORANGE,
        550,
        None,
        &[
            "mwinf5c10 ME Service refuse. Veuillez essayer plus tard.",
            "Service refused, please try later. OFR006_103 192.0.2.1 [103]",
        ],
    ),
];
/// The domain that asks for patience.
pub const GREYLISTING: &str = "patience.example";
/// The domain whose mailboxes are full.
pub const FULL: &str = "full.example";
/// The domain that refuses as Orange does.
pub const ORANGE: &str = "orange.example";

/// A pretend server.
pub struct Pretend {
    /// Where it is.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The certificate that it shows, in PEM form.
    pub certificate: String,
    received: Arc<AtomicUsize>,
}

impl Pretend {
    /// Starts one, until `stop` becomes true.
    pub fn start(directory: &Path, name: &str, stop: watch::Receiver<bool>) -> Result<Self, Failure> {
        let directory = directory.join(name);
        fs::create_dir(&directory).map_err(Failure::System)?;
        let (tls, _) = ServerTls::self_signed(&directory, name, Clock::System.now())?;
        let certificate = fs::read_to_string(directory.join("cert.pem")).map_err(Failure::System)?;
        let spec = ListenerSpec {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            kind: ListenerKind::StartTls,
            fallback_port: None,
        };
        let bound = spec.bind()?;
        let received = Arc::new(AtomicUsize::new(0));
        let pretend = Self {
            host: bound.address.ip().to_string(),
            port: bound.address.port(),
            certificate,
            received: Arc::clone(&received),
        };
        let session = SessionConfig::new(name.parse().map_err(|_| Failure::Unexpected)?);
        let shared = Serve::new(Arc::new(PretendDoor { received }), tls, Limits::default(), session);
        tokio::spawn(serve(bound, shared, stop));
        Ok(pretend)
    }

    /// How many messages arrived.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }
}

fn reply(code: u16, enhanced: Option<Enhanced>, lines: &[&str]) -> Reply {
    let enhanced = enhanced.map(|(class, subject, detail)| EnhancedCode::new(class, subject, detail));
    let mut reply = Reply::new(code, enhanced, "");
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
                Err(reply(535, Some((5, 7, 8)), &REFUSAL))
            }
        })
    }

    fn sender(&self, _visitor: &Visitor, _path: &ReversePath, _size: Option<u64>) -> Result<(), Reply> {
        Ok(())
    }

    fn recipient(&self, _visitor: &Visitor, address: &Address) -> Result<(), Reply> {
        match TOLD.iter().find(|(domain, ..)| address.domain().as_ascii() == *domain) {
            Some((_, code, enhanced, lines)) => Err(reply(*code, *enhanced, lines)),
            None => Ok(()),
        }
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
        Box::pin(async { Ok(reply(250, Some((2, 0, 0)), &["OK - gsmtp"])) })
    }
}
