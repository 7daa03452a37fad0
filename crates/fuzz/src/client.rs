//! The client's end against a server that says anything.

use crate::text::{assert_canonical, text};
use crate::{Size, Target};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::{BodyType, Peer, Recipient, Returned, ReversePath, Secret, Seen, Timestamp, TlsFacts};
use smtp::client::{Client, Outgoing};
use smtp::transport::{BoxFuture, Content, Piece, Transport};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The password that must be seen in AUTH alone.
const PASSWORD: &str = "canary-of-the-client";

pub const CLIENT: Target = Target {
    name: "smtp_client",
    size: Size::Conversation,
    run: |input| {
        let (head, rest) = input.split_at_checked(2).unwrap_or((input, &[]));
        let how = head.first().copied().unwrap_or(0);
        let cut = usize::from(head.get(1).copied().unwrap_or(0) % 67) + 1;
        let mut script = Script::new(rest, cut);
        let mut client = Client::new(Timestamp(0));
        {
            // Every step of the script is ready at once: one look is enough.
            let mut talk = pin!(talk(&mut client, &mut script, how));
            let done = talk.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(done, Poll::Ready(())), "the client waits for nobody");
        }
        assert_canonical(&script.written);
        let response = STANDARD.encode(format!("\0anne\0{PASSWORD}"));
        for line in client.take_dialogue(Timestamp(0)).lines {
            let told = text(rest);
            for secret in [PASSWORD, &STANDARD.encode(PASSWORD), &response] {
                assert!(!line.text.contains(secret) || told.contains(secret), "a password in the dialogue");
            }
        }
    },
    seeds: &[
        b"\x00\x40220 mx ESMTP\r\n250-mx\r\n250-PIPELINING\r\n250-SIZE 9\r\n250-DSN\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n235 ok\r\n250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n250 2.0.0 queued\r\n221 bye\r\n",
        b"\x01\x40220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n250-mx\r\n250 AUTH LOGIN\r\n334 a\r\n334 b\r\n235 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n",
        b"\x02\x01220 mx\r\n502 no\r\n250 mx\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n421 4.3.2 closing\r\n",
        b"\x03\x40220 mx\r\n250-mx\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250 PIPELINING\r\n250 ok\r\n",
    ],
    words: &[
        "220 ", "250-", "250 ", "354 ", "421 ", "550 5.1.1 ", "235 ", "334 ", "\r\n", "\n", "STARTTLS", "AUTH PLAIN", "AUTH=LOGIN",
        "SIZE 1", "SIZE", "PIPELINING", "CHUNKING", "DSN", "8BITMIME", "SMTPUTF8", "LIMITS RCPTMAX=1", "\0",
    ],
};

async fn talk(client: &mut Client, script: &mut Script<'_>, how: u8) {
    if client.greet(script).await.is_err() || client.hello(script, "us.example.org").await.is_err() {
        return;
    }
    let wants_tls = how & 1 != 0;
    if wants_tls
        && (client.start_tls(script).await.is_err() || client.hello(script, "us.example.org").await.is_err())
    {
        return;
    }
    if how & 2 == 0 {
        let _ = client.sign_in(script, "anne", &Secret::new(PASSWORD)).await;
    }
    let Ok(from) = "anne@example.org".parse::<ReversePath>() else { return };
    let names = ["bob@example.net", "\"c d\"@[192.0.2.1]", "ren\u{e9}e@example.net"];
    let recipients: Vec<Recipient> = names.iter().filter_map(|name| name.parse().ok()).collect();
    let recipients = recipients.get(..if how & 4 != 0 { 3 } else { 2 }).unwrap_or_default();
    for _ in 0..2 {
        let text = b"Subject: a\r\n\r\n.\r\nb\r\n".to_vec();
        let mut content = Whole(Some(text));
        let outgoing = Outgoing {
            from: &from,
            recipients,
            envid: Some("a+2Bb"),
            ret: Some(Returned::Headers),
            body: if how & 8 != 0 { BodyType::EightBitMime } else { BodyType::SevenBit },
            size: 22,
            content: &mut content,
        };
        match client.send(script, outgoing).await {
            Ok(outcomes) => assert!(outcomes.len() == recipients.len(), "an outcome too many or too few"),
            Err(_) => return,
        }
    }
    client.quit(script).await;
}

/// A server that says what the input says, whatever it is told.
pub struct Script<'a> {
    rest: &'a [u8],
    cut: usize,
    written: Vec<u8>,
    tls: Option<TlsFacts>,
    at: i64,
}

impl<'a> Script<'a> {
    /// One that says these bytes, so many at a time.
    pub const fn new(rest: &'a [u8], cut: usize) -> Self {
        Self { rest, cut, written: Vec::new(), tls: None, at: 0 }
    }

    /// What it was told.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    /// Whether TLS was begun.
    pub const fn has_tls(&self) -> bool {
        self.tls.is_some()
    }
}

impl Transport for Script<'_> {
    fn read<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, Seen>> {
        let (piece, rest) = self.rest.split_at(self.cut.min(self.rest.len()));
        self.rest = rest;
        into.extend_from_slice(piece);
        let count = piece.len();
        Box::pin(async move { Ok(count) })
    }

    fn write<'a>(&'a mut self, parts: &'a [&'a [u8]]) -> BoxFuture<'a, Result<(), Seen>> {
        self.written.extend(parts.iter().flat_map(|part| part.iter()));
        Box::pin(async { Ok(()) })
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<TlsFacts, Seen>> {
        let told = text(&self.written).into_owned();
        assert!(!told.contains("AUTH") && !told.contains("MAIL"), "mail or a password before TLS: {told:?}");
        let facts = TlsFacts {
            version: "TLSv1.3".to_owned(),
            cipher: "TLS13_AES_128_GCM_SHA256".to_owned(),
            fingerprint: String::new(),
        };
        self.tls = Some(facts.clone());
        Box::pin(async move { Ok(facts) })
    }

    fn set_time_limit(&mut self, _: Duration) {}

    fn now(&self) -> Timestamp {
        Timestamp(self.at)
    }

    fn peer(&self) -> Peer {
        Peer { host: "mx.example.org".to_owned(), address: None, port: 25 }
    }

    fn tls(&self) -> Option<&TlsFacts> {
        self.tls.as_ref()
    }
}

/// A content in one piece.
struct Whole(Option<Vec<u8>>);

impl Content for Whole {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        let piece = self.0.take().map(Piece::from);
        Box::pin(async move { Ok(piece) })
    }
}
