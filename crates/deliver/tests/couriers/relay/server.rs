//! A scripted submission server: what it offers, what it answers to which line, and all that it heard.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The name that the certificate is for, and that relays are called by.
pub const HOST: &str = "mail.test";

/// How a server does TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Never,
    /// By STARTTLS.
    Starttls,
    /// At once.
    Implicit,
}

/// What a server is like. Rules are `LINE => ANSWER`: a line that begins so is answered so; `greeting`, `content` and
/// `end` stand for the steps that are no commands, `hangup` for cutting the connection. `2:LINE` is only for the second
/// connection.
#[derive(Debug, Clone)]
pub struct Manner {
    pub tls: Tls,
    pub offers: &'static str,
    pub rules: &'static str,
    /// Years of its certificate, and the name in it.
    pub paper: (i32, i32, &'static str),
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            tls: Tls::Starttls,
            offers: "PIPELINING 8BITMIME SIZE AUTH=PLAIN,LOGIN",
            rules: "",
            paper: (2020, 2100, HOST),
        }
    }
}

/// A server that runs until it is dropped with its runtime.
pub struct Server {
    pub port: u16,
    /// Connections so far.
    pub connections: Arc<AtomicUsize>,
    /// All lines, with the number of their connection.
    heard: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Server {
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The lines that begin so.
    pub fn heard(&self, start: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|(_, line)| line).filter(|line| line.starts_with(start)).cloned().collect()
    }

    /// Everything, on one text.
    pub fn all(&self) -> String {
        self.heard("").concat()
    }
}

/// Who signs the certificates of the tests.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn acceptor(&self, (from, until, name): (i32, i32, &str)) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Starts a server of that manner.
    pub async fn serve(&self, manner: Manner) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = self.acceptor(manner.paper);
        let connections = Arc::new(AtomicUsize::new(0));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let server = Server { port, connections: Arc::clone(&connections), heard: Arc::clone(&heard) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
                let talk = Talk { manner: manner.clone(), heard: Arc::clone(&heard), number, tls: false };
                tokio::spawn(talk.run(stream, acceptor.clone()));
            }
        });
        server
    }
}

/// One conversation.
struct Talk {
    manner: Manner,
    heard: Arc<Mutex<Vec<(usize, String)>>>,
    number: usize,
    tls: bool,
}

/// How a conversation goes on.
enum End {
    Over,
    StartTls,
}

impl Talk {
    async fn run(mut self, stream: tokio::net::TcpStream, acceptor: TlsAcceptor) {
        let mut plain = BufReader::new(stream);
        if self.manner.tls != Tls::Implicit {
            match self.talk(&mut plain, true).await {
                Some(End::StartTls) => {}
                _ => return,
            }
        }
        let greet = self.manner.tls == Tls::Implicit;
        if let Ok(stream) = acceptor.accept(plain.into_inner()).await {
            self.tls = true;
            self.talk(&mut BufReader::new(stream), greet).await;
        }
    }

    /// What the rules say to a line; `None` when they say nothing.
    fn rule(&self, line: &str) -> Option<&'static str> {
        let rules = self.manner.rules.lines().filter_map(|rule| rule.trim().split_once(" => "));
        let of_mine = rules.filter_map(|(start, answer)| match start.split_once(':') {
            Some((number, start)) if number.parse() == Ok(self.number) => Some((start, answer)),
            Some((number, _)) if number.parse::<usize>().is_ok() => None,
            _ => Some((start, answer)),
        });
        of_mine.filter(|(start, _)| line.starts_with(start)).map(|(_, answer)| answer).next()
    }

    fn usual(&self, line: &str) -> String {
        let verb = line.split(' ').next().unwrap_or_default();
        match verb {
            "EHLO" => {
                let mut lines = vec![HOST.to_owned()];
                lines.extend(self.manner.offers.split(' ').map(|offer| offer.replace(['=', ','], " ")));
                if self.manner.tls == Tls::Starttls && !self.tls {
                    lines.push("STARTTLS".to_owned());
                }
                let last = lines.len() - 1;
                let line = |(at, text): (usize, &String)| {
                    format!("250{}{text}\r\n", if at < last { '-' } else { ' ' })
                };
                lines.iter().enumerate().map(line).collect::<String>().trim_end().to_owned()
            }
            "greeting" => format!("220 {HOST} ESMTP"),
            "STARTTLS" => "220 2.0.0 Go ahead".to_owned(),
            "AUTH" if line == "AUTH LOGIN" => "334 VXNlcm5hbWU6".to_owned(),
            "AUTH" => "235 2.7.0 Welcome".to_owned(),
            "DATA" => "354 Go".to_owned(),
            "QUIT" => "221 2.0.0 Bye".to_owned(),
            _ => "250 2.0.0 Ok".to_owned(),
        }
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        greet: bool,
    ) -> Option<End> {
        if greet {
            self.answer(stream, "greeting").await?;
        }
        loop {
            let line = self.line(stream).await?;
            let answer = self.answer(stream, &line).await?;
            match line.split(' ').next() {
                Some("STARTTLS") if answer.starts_with('2') => return Some(End::StartTls),
                Some("QUIT") => return Some(End::Over),
                Some("DATA") if answer.starts_with("354") => self.content(stream).await?,
                Some("AUTH") if line == "AUTH LOGIN" && answer.starts_with("334") => {
                    self.login(stream).await?
                }
                _ => {}
            }
        }
    }

    async fn login<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut BufReader<S>) -> Option<()> {
        self.line(stream).await?;
        self.say(stream, "334 UGFzc3dvcmQ6").await?;
        self.line(stream).await?;
        self.answer(stream, "AUTH done").await.map(drop)
    }

    async fn content<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut BufReader<S>) -> Option<()> {
        if self.rule("content") == Some("hangup") {
            return None;
        }
        while self.line(stream).await? != "." {}
        self.answer(stream, "end").await.map(drop)
    }

    async fn line<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut BufReader<S>) -> Option<String> {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        self.heard.lock().unwrap().push((self.number, line.clone()));
        Some(line.trim_end_matches("\r\n").to_owned())
    }

    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        line: &str,
    ) -> Option<String> {
        let answer = self.rule(line).map_or_else(|| self.usual(line), str::to_owned);
        if answer == "hangup" {
            return None;
        }
        self.say(stream, &answer).await?;
        // RFC 5321 §3.8: a server that says 421 closes behind it.
        if answer.starts_with("421") { None } else { Some(answer) }
    }

    async fn say<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        answer: &str,
    ) -> Option<()> {
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        stream.get_mut().flush().await.ok()
    }
}
