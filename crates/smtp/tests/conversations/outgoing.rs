//! Smuggling out: whatever a server took, the client sends as one message and no more, to a receiver that keeps the
//! rules and to one that takes every line end for one.

use crate::peer::Server;
use mail::{BodyType, LineEndings, Peer, Recipient, ReversePath, Seen, Timestamp, TlsFacts};
use smtp::client::{Client, Outgoing};
use smtp::server::SessionConfig;
use smtp::transport::{BoxFuture, Content, Piece, Transport};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use testkit::bodies;
use testkit::chance::Chance;
use testkit::proof;

/// A server that accepts everything, and keeps what was written.
struct Receiver {
    written: Vec<u8>,
    /// Replies that wait to be read.
    replies: Vec<u8>,
    in_content: bool,
}

impl Transport for Receiver {
    fn read<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, Seen>> {
        let count = self.replies.len();
        into.append(&mut self.replies);
        Box::pin(async move { Ok(count) })
    }

    fn write<'a>(&'a mut self, parts: &'a [&'a [u8]]) -> BoxFuture<'a, Result<(), Seen>> {
        let bytes = parts.concat();
        if self.in_content {
            self.written.extend_from_slice(&bytes);
            // The client writes the content in one write, and its end with it.
            self.replies.extend_from_slice(b"250 ok\r\n");
            self.in_content = false;
        } else {
            for line in bytes.split_inclusive(|&b| b == b'\n') {
                self.in_content = line == b"DATA\r\n";
                let reply: &[u8] = match line {
                    b"DATA\r\n" => b"354 go\r\n",
                    line if line.starts_with(b"EHLO") => b"250-r\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
                    _ => b"250 ok\r\n",
                };
                self.replies.extend_from_slice(reply);
            }
        }
        Box::pin(async { Ok(()) })
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<TlsFacts, Seen>> {
        Box::pin(async { Err(Seen::Dropped) })
    }

    fn set_time_limit(&mut self, _: Duration) {}

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn peer(&self) -> Peer {
        Peer { host: "receiver.test".to_owned(), address: None, port: 25 }
    }

    fn tls(&self) -> Option<&TlsFacts> {
        None
    }
}

struct Pieces(Vec<Vec<u8>>);

impl Content for Pieces {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        let piece = self.0.pop().map(Piece::Owned);
        Box::pin(async { Ok(piece) })
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a receiver in memory never waits"),
    }
}

/// What a receiver by the letter reads: the content up to CR LF `.` CR LF, and what is left behind it.
fn strict(wire: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut content, mut rest) = (Vec::new(), wire);
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let (line, after) = (&rest[..end], &rest[end + 2..]);
        if line == b"." {
            return Some((content, after.len()));
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        content.extend_from_slice(b"\r\n");
        rest = after;
    }
}

/// What a receiver reads for which CR, LF and CR LF all end a line, and a dot between any two of them the message.
fn lenient(wire: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut content, mut line, mut at) = (Vec::new(), Vec::new(), 0);
    while at < wire.len() {
        let byte = wire[at];
        at += 1;
        if !matches!(byte, b'\r' | b'\n') {
            line.push(byte);
            continue;
        }
        if byte == b'\r' && wire.get(at) == Some(&b'\n') {
            at += 1;
        }
        if line == b"." {
            return Some((content, wire.len() - at));
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        content.extend_from_slice(b"\r\n");
        line.clear();
    }
    None
}

/// What a server makes of a body that a program sent by BDAT: refused, repaired, or as it is.
fn accepted(body: &[u8], line_endings: LineEndings) -> Option<Vec<u8>> {
    let mut server = Server::new(SessionConfig::new("mx.example".parse().unwrap()), false);
    server.session.set_line_endings(line_endings);
    server.feed(b"HELO x\r\n");
    server.feed(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n");
    server.feed(format!("BDAT {} LAST\r\n", body.len()).as_bytes());
    server.feed(body);
    server.messages.pop()
}

fn check(client: &mut Client, receiver: &mut Receiver, chance: &mut Chance, seed: u64) -> bool {
    let body = bodies::at_random(chance);
    let line_endings = if chance.below(4) == 0 { LineEndings::Strict } else { LineEndings::Repair };
    let Some(content) = accepted(&body, line_endings) else {
        assert_eq!(line_endings, LineEndings::Strict, "{}: seed {seed}", body.escape_ascii());
        return false;
    };
    let mut pieces: Vec<Vec<u8>> = content.chunks(1 + chance.index(40)).map(<[u8]>::to_vec).collect();
    pieces.reverse();
    receiver.written.clear();
    let recipients: [Recipient; 1] = ["c@d.test".parse().unwrap()];
    let mail = Outgoing {
        from: &ReversePath::Null,
        recipients: &recipients,
        envid: None,
        ret: None,
        body: BodyType::EightBitMime,
        size: content.len() as u64,
        content: &mut Pieces(pieces),
    };
    let results = run(client.send(receiver, mail)).unwrap();
    assert!(results[0].is_ok(), "seed {seed}");
    let wire = &receiver.written;
    let what = || format!("{}, seed {seed}", wire.escape_ascii());
    let plain: String = wire.iter().map(|&byte| char::from(byte)).collect();
    assert!(!plain.replace("\r\n", "").contains(['\r', '\n']), "bare: {}", what());
    for read in [strict(wire), lenient(wire)] {
        let (read, left) = read.unwrap_or_else(|| panic!("no end: {}", what()));
        assert_eq!(
            (read.escape_ascii().to_string(), left),
            (content.escape_ascii().to_string(), 0),
            "{}",
            what()
        );
    }
    true
}

#[test]
fn every_body_leaves_as_one_message() {
    let (count, seed) = (proof::count(10_000, 1_000_000), proof::seed());
    let mut chance = Chance::of_seed(seed);
    let mut receiver =
        Receiver { written: Vec::new(), replies: b"220 hello\r\n".to_vec(), in_content: false };
    let mut client = Client::new(Timestamp(0));
    run(client.greet(&mut receiver)).unwrap();
    run(client.hello(&mut receiver, "us.test")).unwrap();
    let mut sent = 0;
    while sent < count {
        sent += u64::from(check(&mut client, &mut receiver, &mut chance, seed));
        if sent.is_multiple_of(1_000) {
            client.take_dialogue(Timestamp(0));
        }
    }
    let test = "crates/smtp/tests/conversations/outgoing.rs::every_body_leaves_as_one_message";
    proof::passed("B5", test, sent, "random bodies", Some(seed));
}
