//! Our client over a real connection, and a server that falls silent in the middle of the dialogue.

use crate::support::{dial, insecure};
use mail::{BodyType, Recipient, ReversePath, Seen, Stage};
use net::TlsMode;
use smtp::client::{Client, Outgoing};
use smtp::transport::{BoxFuture, Content, Piece, Transport as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that gives one answer to each thing that it reads, then reads no more and keeps the connection. It goes with
/// the runtime of its test.
async fn stalling(answers: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tcp.write_all(b"220 stalling.test ESMTP\r\n").await.unwrap();
        let mut waste = vec![0; 4096];
        for answer in answers {
            assert!(tcp.read(&mut waste).await.unwrap() > 0);
            tcp.write_all(answer.as_bytes()).await.unwrap();
        }
        std::future::pending::<()>().await;
        drop(tcp);
    });
    port
}

/// A content that stops the real clock once it is asked for: all answers that were to come have come by then. From there
/// on a wait costs nothing.
struct Stopping {
    left: usize,
    asked: bool,
}

impl Content for Stopping {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        if !std::mem::replace(&mut self.asked, true) {
            tokio::time::pause();
        }
        let bytes = self.left.min(64 * 1024);
        self.left -= bytes;
        Box::pin(async move { Ok((bytes > 0).then(|| Piece::Owned(b".......8\r\n".repeat(bytes / 10)))) })
    }
}

async fn check(answers: &'static [&'static str], content: usize, stage: Stage, after_ms: u64) {
    let port = stalling(answers).await;
    let mut connection = dial(port, TlsMode::Never, &insecure()).await.unwrap();
    let mut client = Client::new(connection.now());
    client.greet(&mut connection).await.unwrap();
    client.hello(&mut connection, "client.test").await.unwrap();
    let outgoing = Outgoing {
        from: &ReversePath::Null,
        recipients: &["b@far.test".parse::<Recipient>().unwrap()],
        envid: None,
        ret: None,
        body: BodyType::SevenBit,
        size: content as u64,
        content: &mut Stopping { left: content, asked: false },
    };
    if answers.len() == 1 {
        tokio::time::pause();
    }
    let evidence = client.send(&mut connection, outgoing).await.unwrap_err();
    assert_eq!((evidence.stage, evidence.seen), (stage, Seen::Timeout { after_ms }), "{answers:?}");
    assert_eq!(evidence.peer.unwrap().port, port);
    let last = client.dialogue().lines.last().unwrap();
    assert!(last.text.contains("timed out"), "the story tells it: {}", last.text);
}

const HELLO: &str = "250-stalling.test\r\n250 PIPELINING\r\n";

#[tokio::test]
async fn a_server_that_never_answers_the_envelope() {
    check(&[HELLO], 10, Stage::Mail, 300_000).await;
}

#[tokio::test]
async fn a_server_that_stops_reading_a_large_content() {
    check(&[HELLO, "250 ok\r\n250 ok\r\n354 go\r\n"], 100 << 20, Stage::Data, 180_000).await;
}

#[tokio::test]
async fn a_server_that_never_says_whether_it_took_the_message() {
    check(&[HELLO, "250 ok\r\n250 ok\r\n354 go\r\n"], 10, Stage::EndOfData, 600_000).await;
}
