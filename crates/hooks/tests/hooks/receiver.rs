//! A receiver of webhooks on loopback: it notes what comes, and answers as it is told.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request that came whole.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub fields: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    Bytes(String),
    /// Bytes without end.
    Endless(&'static str),
    /// Nothing, and the connection stays.
    Silence,
}

pub fn status(code: u16) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 {code} x\r\nContent-Length: 5\r\n\r\nsorry"))
}

type Answer = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// The receiver. Without an answer it is down: connections are cut.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Request>>>,
    answer: Arc<Mutex<Option<Answer>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1".parse().expect("an address")).await
    }

    pub async fn start_at(ip: IpAddr) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let receiver = Self { address, came: Arc::default(), answer: Arc::default() };
        receiver.answers(|_| status(200));
        let served = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                tokio::spawn(async move { served.serve(stream).await });
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/in", self.address)
    }

    pub fn answers(&self, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.answer.lock().expect("no panic") = Some(Arc::new(answer));
    }

    pub fn goes_down(&self) {
        *self.answer.lock().expect("no panic") = None;
    }

    pub fn came(&self) -> Vec<Request> {
        self.came.lock().expect("no panic").clone()
    }

    async fn serve(self, mut stream: TcpStream) -> Option<()> {
        let answer = self.answer.lock().expect("no panic").clone()?;
        let mut bytes = Vec::new();
        let request = loop {
            stream.read_buf(&mut bytes).await.ok().filter(|count| *count > 0)?;
            if let Some(request) = whole(&bytes) {
                break request;
            }
        };
        let reply = answer(&request);
        self.came.lock().expect("no panic").push(request);
        match reply {
            Reply::Bytes(text) => stream.write_all(text.as_bytes()).await.ok(),
            Reply::Endless(head) => {
                stream.write_all(head.as_bytes()).await.ok()?;
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                None
            }
            Reply::Silence => stream.read_u8().await.ok().map(|_| ()),
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text");
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?;
    let fields: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let length: usize = fields["content-length"].parse().expect("a length");
    let body = bytes[end + 4..].to_vec();
    (body.len() == length).then_some(Request { line, fields, body })
}
