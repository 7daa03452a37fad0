//! Speaks HTTP/1.1 with a guest that [`net::serve_secure`] let in.

use crate::ask::From;
use crate::{Web, acme, table};
use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::{Request, body::Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use net::{BoxFuture, Guest, Host, Opening, Place, stop_asked};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt as _;

/// How long a client may take for the head of its next request, silence in between included.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(30);
/// The longest head of a request: a few cookies and a long address.
const HEAD_BYTES: usize = 32 * 1024;
/// The most lines of a head.
const HEAD_LINES: usize = 64;
/// How much is read of a request in clear, which is told the right way.
const CLEAR_BYTES: usize = 8 * 1024;
/// How long such a client may take.
const CLEAR_TIME_LIMIT: Duration = Duration::from_secs(10);

/// The host of the portal.
pub struct WebHost {
    router: Router,
    web: Arc<Web>,
}

impl WebHost {
    /// Answers from the table of routes.
    pub fn new(web: &Arc<Web>) -> Box<Self> {
        Box::new(Self { router: table::router(web), web: Arc::clone(web) })
    }
}

impl Host for WebHost {
    fn receive(&self, guest: Guest) -> BoxFuture<'static, ()> {
        let (router, web) = (self.router.clone(), Arc::clone(&self.web));
        Box::pin(async move {
            let place = guest.place();
            match guest.opening {
                Opening::Tls(stream) => {
                    let told = Told { from: From(guest.from.ip()), place };
                    converse(router, TokioIo::new(*stream), told, guest.stop).await;
                }
                Opening::Clear(stream) => {
                    let _ = tokio::time::timeout(CLEAR_TIME_LIMIT, in_clear(&web, stream)).await;
                }
            }
        })
    }
}

/// What each request of a connection is told of it.
#[derive(Clone)]
struct Told {
    from: From,
    place: Place,
}

async fn converse<S>(router: Router, stream: TokioIo<S>, told: Told, mut stop: watch::Receiver<bool>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let service = router.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(told.from);
        request.extensions_mut().insert(told.place.clone());
        request
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_LIMIT);
    builder.max_buf_size(HEAD_BYTES).max_headers(HEAD_LINES);
    let mut connection = pin!(builder.serve_connection(stream, TowerToHyperService::new(service)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop_asked(&mut stop) => {
            // The answer that is under way is given, and no further request is taken.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a web connection ended early");
    }
}

/// Sends a browser that spoke in clear to the same address over TLS. Whoever gives out certificates asks in clear (RFC 8555
/// §8.3), and is answered.
async fn in_clear(web: &Web, mut stream: TcpStream) {
    let mut head = Vec::new();
    let mut chunk = [0_u8; 1024];
    while head.len() < CLEAR_BYTES && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => head.extend_from_slice(chunk.get(..read).unwrap_or_default()),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let proof = challenge(&head).and_then(|token| acme::answer(&web.challenges, token));
    let (status, body) = match (proof, secure_address(&head)) {
        (Some(proof), _) => ("200 OK\r\nContent-Type: application/octet-stream".to_owned(), proof),
        (None, Some(address)) => (format!("307 Temporary Redirect\r\nLocation: {address}"), Vec::new()),
        (None, None) => ("400 Bad Request".to_owned(), Vec::new()),
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(&[answer.as_bytes(), &body].concat()).await;
    let _ = stream.shutdown().await;
}

/// The token of a challenge that the head of a request asks about.
fn challenge(head: &str) -> Option<&str> {
    head.strip_prefix("GET ")?.split(' ').next()?.strip_prefix(acme::PATH)
}

/// The same address over TLS, when the head of the request names a plain host and path.
fn secure_address(head: &str) -> Option<String> {
    let mut lines = head.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?;
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
    let is_path = |c: char| c.is_ascii_graphic() && c != '\\';
    let plain = !host.is_empty() && host.chars().all(is_host) && path.chars().all(is_path);
    (plain && path.starts_with('/')).then(|| format!("https://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::secure_address;

    #[test]
    fn what_speaks_in_clear_is_sent_to_the_same_place() {
        for (head, address) in [
            ("GET /a?b=c HTTP/1.1\r\nHost: mail.test:8189\r\n\r\n", Some("https://mail.test:8189/a?b=c")),
            ("GET / HTTP/1.1\r\nhost: [::1]:8189\r\n\r\n", Some("https://[::1]:8189/")),
            ("GET / HTTP/1.1\r\n\r\n", None),
            ("GET http://other.test/ HTTP/1.1\r\nHost: mail.test\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n", None),
            ("GET /\r\nX: y HTTP/1.1\r\nHost: a\r\n\r\n", Some("https://a/")),
            ("GET", None),
        ] {
            assert_eq!(secure_address(head).as_deref(), address, "{head:?}");
        }
    }
}
