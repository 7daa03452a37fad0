//! A scripted mail server, and a world of several with a DNS.

use deliver::direct::{Delivery, DirectCourier, DirectSettings, Parcel};
use deliver::{Form, Source};
use mail::{Address, BodyType, Clock, Notify, Recipient, Returned, ReversePath, Seen};
use net::{AddressPolicy, Dns};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use smtp::client::Extensions;
use smtp::transport::{BoxFuture, Content, Piece};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The letter of all tests.
pub const LETTER: &str = "From: anna@sender.example\r\nSubject: Hello\r\n\r\n.dots\r\nBye\r\n";

/// What a host says, by step: `greeting 554 5.3.2 away`; `rcpt:bob 550 no` for one recipient. `drop` cuts the
/// connection, `starttls broken` answers the handshake with nonsense, `closed` means that nobody listens.
#[derive(Debug, Clone, Default)]
pub struct Script(HashMap<String, String>);

impl Script {
    fn new(text: &str) -> Self {
        let lines = text.split(';').map(str::trim).filter(|line| !line.is_empty());
        Self(lines.map(|line| line.split_once(' ').unwrap_or((line, ""))).map(own).collect())
    }

    fn says(&self, step: &str, otherwise: &str) -> String {
        self.0.get(step).map_or(otherwise, String::as_str).to_owned()
    }
}

fn own((step, said): (&str, &str)) -> (String, String) {
    (step.to_owned(), said.to_owned())
}

/// A letter that a host took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub host: IpAddr,
    pub recipients: Vec<String>,
    pub content: String,
    pub tls: bool,
}

/// What all hosts of a world share.
#[derive(Default)]
pub struct Log {
    pub taken: Mutex<Vec<Taken>>,
    pub connections: AtomicUsize,
    /// The MAIL and RCPT commands.
    pub envelopes: Mutex<Vec<String>>,
    pub open: AtomicUsize,
    /// How many hosts have fallen silent.
    pub muted: AtomicUsize,
}

impl Log {
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A DNS, hosts, and a courier between them.
pub struct World {
    pub courier: DirectCourier,
    pub log: Arc<Log>,
}

/// How the courier of a world differs from the usual one.
#[derive(Clone, Copy, Default)]
pub struct Unlike {
    pub declines: Option<usize>,
    /// The policy of the real world instead of loopback only.
    pub public_only: bool,
}

impl World {
    /// A world of zone lines (`/` ends a line) and hosts: `127.0.0.1: script | 127.0.0.2: script`.
    pub async fn new(zone: &str, hosts: &str, unlike: Unlike) -> Self {
        let hosts: Vec<(IpAddr, Script)> = hosts
            .split('|')
            .filter(|host| !host.trim().is_empty())
            .map(|host| host.split_once(": ").unwrap_or((host, "")))
            .map(|(ip, script)| (ip.trim().trim_end_matches(':').parse().unwrap(), Script::new(script)))
            .collect();
        let log = Arc::new(Log::default());
        let (port, listeners) = listen(&hosts).await;
        for (listener, script) in listeners {
            tokio::spawn(serve(listener, Arc::new(script), Arc::clone(&log)));
        }
        let loopback =
            AddressPolicy::Only(vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()].into());
        let mut settings = DirectSettings::new("us.example");
        settings.port = port;
        settings.policy = if unlike.public_only { AddressPolicy::PublicOnly } else { loopback };
        settings.ours.addresses = vec!["127.9.9.9".parse().unwrap()];
        settings.declines = unlike.declines.unwrap_or(settings.declines);
        let dns = Dns::zone(zone.replace('/', "\n").parse().unwrap());
        Self { courier: DirectCourier::new(dns, Clock::System, settings).unwrap(), log }
    }

    /// Carries the letter to these local parts of the domain. The sender wants to hear of its success.
    pub async fn carry(&self, domain: &str, locals: &str) -> Delivery {
        let notify = Some(Notify { success: true, ..Notify::NEVER });
        let wished = |address: Address| Recipient { address, notify, orcpt: Some("rfc822;x".to_owned()) };
        let addresses: Vec<Address> =
            locals.split(' ').map(|local| format!("{local}@{domain}").parse().unwrap()).collect();
        let recipients: Vec<Recipient> = addresses.into_iter().map(wished).collect();
        let from: ReversePath = "anna@sender.example".parse().unwrap();
        let parcel = Parcel {
            from: &from,
            recipients: &recipients,
            envid: Some("E1"),
            ret: Some(Returned::Headers),
            source: &Letter,
        };
        self.courier.carry(&domain.parse().unwrap(), parcel, 1).await
    }
}

/// Listens on one port at every address that is not `closed`. The port is free at the first, and tried at the others.
async fn listen(hosts: &[(IpAddr, Script)]) -> (u16, Vec<(TcpListener, Script)>) {
    for _ in 0..50 {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        drop(first);
        let mut listeners = Vec::new();
        let open: Vec<_> = hosts.iter().filter(|(_, script)| !script.0.contains_key("closed")).collect();
        for (ip, script) in &open {
            if let Ok(listener) = TcpListener::bind(SocketAddr::new(*ip, port)).await {
                listeners.push((listener, script.clone()));
            }
        }
        if listeners.len() == open.len() {
            return (port, listeners);
        }
    }
    panic!("no port is free at every address");
}

async fn serve(listener: TcpListener, script: Arc<Script>, log: Arc<Log>) {
    let ip = listener.local_addr().unwrap().ip();
    while let Ok((stream, _)) = listener.accept().await {
        let (script, log) = (Arc::clone(&script), Arc::clone(&log));
        // Small replies leave at once, so that nothing is on its way when a test moves its clock.
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            log.connections.fetch_add(1, Ordering::SeqCst);
            log.open.fetch_add(1, Ordering::SeqCst);
            let mut host = Host { ip, script, log: Arc::clone(&log) };
            let _ = host.talk(stream).await;
            log.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

struct Host {
    ip: IpAddr,
    script: Arc<Script>,
    log: Arc<Log>,
}

/// What a conversation ends with.
enum End {
    Over,
    StartTls,
}

impl Host {
    async fn talk(&mut self, stream: tokio::net::TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        if !self.say(&mut stream, &self.script.says("greeting", "220 host ESMTP")).await? {
            return Ok(());
        }
        if let End::StartTls = self.dialogue(&mut stream, false).await? {
            if self.script.says("starttls", "") == "broken" {
                // After the client's first words: said earlier, it would look like words put in front of TLS.
                stream.fill_buf().await?;
                stream.write_all(b"this is no TLS at all\r\n").await?;
                return Ok(());
            }
            if self.script.says("starttls", "") == "mute" {
                self.fall_silent().await;
            }
            let tls = acceptor().accept(stream.into_inner()).await?;
            self.dialogue(&mut BufReader::new(tls), true).await?;
        }
        Ok(())
    }

    async fn dialogue<S>(&mut self, stream: &mut BufReader<S>, tls: bool) -> std::io::Result<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let starttls = self.script.says("starttls", "none");
        let mut recipients = Vec::new();
        let sender_refused = !self.script.says("mail", "250 ok").starts_with('2');
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(End::Over);
            }
            let command = line.trim_end().to_owned();
            let verb = command.split(' ').next().unwrap_or_default().to_ascii_lowercase();
            if ["mail", "rcpt"].contains(&verb.as_str()) {
                self.log.envelopes.lock().unwrap().push(command.clone());
            }
            let offers = if starttls != "none" && !tls {
                "250-host\n250-STARTTLS\n250 PIPELINING"
            } else {
                "250-host\n250 PIPELINING"
            };
            let reply = match verb.as_str() {
                "ehlo" => self.script.says(if tls { "ehlo-tls" } else { "ehlo" }, offers),
                "helo" => self.script.says("helo", "250 host"),
                "starttls" if ["ok", "broken", "mute"].contains(&starttls.as_str()) => "220 go".to_owned(),
                "starttls" => starttls.clone(),
                "mail" => self.script.says("mail", "250 ok"),
                "rcpt" if sender_refused => "503 no sender".to_owned(),
                "rcpt" => self.recipient(&command, &mut recipients),
                "data" if recipients.is_empty() => "554 no valid recipients".to_owned(),
                "data" => self.script.says("data", "354 go"),
                "rset" => "250 ok".to_owned(),
                "quit" => "221 bye".to_owned(),
                _ => "500 what".to_owned(),
            };
            if !self.say(stream, &reply).await? || verb == "quit" {
                return Ok(End::Over);
            }
            if verb == "starttls" && reply.starts_with('2') {
                return Ok(End::StartTls);
            }
            if verb == "data" && reply.starts_with('3') {
                let content = read_content(stream).await?;
                let end = self.script.says("end", "250 2.0.0 taken");
                if end.starts_with('2') {
                    let recipients = std::mem::take(&mut recipients);
                    self.log.taken.lock().unwrap().push(Taken { host: self.ip, recipients, content, tls });
                }
                recipients.clear();
                if !self.say(stream, &end).await? || self.script.says("then", "") == "close" {
                    return Ok(End::Over);
                }
            }
        }
    }

    /// Says a reply; `mute` is silence without an end.
    async fn say<S: AsyncWrite + Unpin>(&self, stream: &mut S, reply: &str) -> std::io::Result<bool> {
        if reply == "mute" {
            self.fall_silent().await;
        }
        say(stream, reply).await
    }

    async fn fall_silent(&self) {
        self.log.muted.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
    }

    fn recipient(&self, command: &str, recipients: &mut Vec<String>) -> String {
        let address = command.split_once('<').unwrap().1.split_once('>').unwrap().0;
        let local = address.split('@').next().unwrap();
        let all = self.script.says("rcpt", "250 ok");
        let reply = self.script.says(&format!("rcpt:{local}"), &all);
        if reply.starts_with('2') {
            recipients.push(local.to_owned());
        }
        reply
    }
}

/// Says a reply, its lines separated by line feeds; `drop` is silence and the end, and so is what follows a 421.
async fn say<S: AsyncWrite + Unpin>(stream: &mut S, reply: &str) -> std::io::Result<bool> {
    if reply == "drop" {
        return Ok(false);
    }
    let text = reply.replace('\n', "\r\n") + "\r\n";
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await?;
    Ok(!reply.starts_with("421"))
}

async fn read_content<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut content = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(content);
        }
        content.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn acceptor() -> TlsAcceptor {
    // A certificate for another name, signed by itself: what many mail servers show.
    let paper = rcgen::generate_simple_self_signed(vec!["elsewhere.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(paper.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![paper.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The letter, in two pieces.
pub struct Letter;

impl Source for Letter {
    fn open<'a>(&'a self, _: &'a Extensions) -> BoxFuture<'a, Result<Form, Seen>> {
        let (head, body) = LETTER.split_at(20);
        let pieces = vec![body.as_bytes().to_vec(), head.as_bytes().to_vec()];
        let (content, size) = (Box::new(Pieces(pieces)), LETTER.len() as u64);
        Box::pin(async move { Ok(Form { content, size, body: BodyType::SevenBit }) })
    }
}

struct Pieces(Vec<Vec<u8>>);

impl Content for Pieces {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        let piece = self.0.pop();
        Box::pin(async { Ok(piece.map(Piece::Owned)) })
    }
}
