//! A receiver of webhooks: it notes what is posted to it, and answers as it is told.

use super::until;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// What was posted.
#[derive(Debug, Clone)]
pub struct Posted {
    pub fields: HashMap<String, String>,
    pub body: Value,
}

impl Posted {
    pub fn id(&self) -> &str {
        self.fields.get("webhook-id").map_or("", String::as_str)
    }

    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }
}

/// The receiver; it answers with a status, or cuts every connection while that is 0.
pub struct Receiver {
    pub port: u16,
    status: Arc<AtomicU16>,
    posted: Arc<Mutex<Vec<(u16, Posted)>>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (status, posted) = (Arc::new(AtomicU16::new(200)), Arc::default());
        let receiver = Self { port, status: Arc::clone(&status), posted: Arc::clone(&posted) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (status, posted) = (Arc::clone(&status), Arc::clone(&posted));
                std::thread::spawn(move || serve(stream, &status, &posted));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/in", self.port)
    }

    /// Answers with this status from now on; 0 cuts.
    pub fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// What it took.
    pub fn taken(&self) -> Vec<Posted> {
        let posted = self.posted.lock().expect("no panic");
        posted.iter().filter(|(status, _)| *status == 200).map(|(_, posted)| posted.clone()).collect()
    }

    /// Waits until it has taken so many different events.
    #[track_caller]
    pub fn until_taken(&self, count: usize, secs: i64) -> Vec<Posted> {
        until("the events", secs, || {
            let taken = self.taken();
            let ids: std::collections::HashSet<&str> = taken.iter().map(Posted::id).collect();
            (ids.len() >= count).then(|| taken.clone())
        })
    }
}

fn serve(stream: TcpStream, status: &AtomicU16, posted: &Mutex<Vec<(u16, Posted)>>) -> Option<()> {
    let status = status.load(Ordering::SeqCst);
    if status == 0 {
        return None;
    }
    let mut reader = BufReader::new(stream);
    let mut fields = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.trim().split_once(": ") {
            fields.insert(name.to_lowercase(), value.to_owned());
        }
    }
    let length = fields.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    // It is taken before it is answered, as a receiver does that may die in between.
    posted.lock().ok()?.push((status, Posted { fields, body }));
    let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes()).ok()
}
