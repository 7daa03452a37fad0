//! Contents made on the spot: sizes, bytes, dots and lines at the edges.

use super::{Sample, as_postfix_keeps, check_all, through_postfix, through_sink};
use crate::support::client::Client;
use crate::support::server::{Port, Server};

/// The largest message that the server takes.
const LIMIT: usize = 50_000_000;
const HEADER: &[u8] =
    b"From: a@first.test\r\nDate: Sun, 22 Nov 2026 05:30:28 +0000\r\nMessage-ID: <made@first.test>\r\n\r\n";

fn sample(name: impl Into<String>, content: Vec<u8>) -> Sample {
    Sample { name: name.into(), content }
}

/// Behind a header.
fn body(name: impl Into<String>, body: &[u8]) -> Sample {
    sample(name, [HEADER, body].concat())
}

/// Bytes that nobody chose (xorshift), without NUL, CR and LF.
struct Noise(u64);

impl Noise {
    fn byte(&mut self) -> u8 {
        loop {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let byte = self.0.to_le_bytes()[3];
            if ![0, b'\r', b'\n'].contains(&byte) {
                return byte;
            }
        }
    }

    fn line(&mut self, bytes: usize) -> Vec<u8> {
        (0..bytes).map(|_| self.byte()).chain(*b"\r\n").collect()
    }
}

/// A content of exactly so many bytes, in lines of 8-bit bytes.
fn of_size(bytes: usize) -> Vec<u8> {
    let line = Noise(0x9e37_79b9_7f4a_7c15).line(997);
    let mut content = HEADER.to_vec();
    while content.len() + line.len() < bytes {
        content.extend_from_slice(&line);
    }
    content.resize(bytes - 2, b'x');
    content.extend_from_slice(b"\r\n");
    content
}

fn small() -> Vec<Sample> {
    let mut samples = vec![
        sample("nothing", Vec::new()),
        sample("an empty line", b"\r\n".to_vec()),
        sample("two empty lines", b"\r\n\r\n".to_vec()),
        sample("one letter", b"x\r\n".to_vec()),
        sample("no header", b"Bonjour\r\n\r\nSubject: no field\r\n".to_vec()),
        sample("a field and no body", b"Subject: alone\r\n".to_vec()),
        sample("a folded field first", b" folded: onto nothing\r\n\r\nbody\r\n".to_vec()),
        sample("a dot first", b".\r\n".to_vec()),
        sample("a date and no more", b"Date: Sun, 22 Nov 2026 05:30:28 +0000\r\n\r\nx\r\n".to_vec()),
        sample("a name in capitals", b"MESSAGE-ID: <x@y.test>\r\nDATE: today\r\n\r\nx\r\n".to_vec()),
    ];
    for dots in [".", "..", "...", ".x", "..x", ".\u{e9}"] {
        samples.push(body(format!("{dots} at the begin"), format!("{dots}\r\nrest\r\n").as_bytes()));
        samples.push(body(format!("{dots} at the end"), format!("text\r\n{dots}\r\n").as_bytes()));
        samples.push(body(format!("{dots} again and again"), format!("{dots}\r\n").repeat(5_000).as_bytes()));
    }
    let mut noise = Noise(7);
    for length in [998, 999, 1_000, 2_048, 1 << 20] {
        samples.push(body(format!("a line of {length}"), &noise.line(length)));
    }
    let every: Vec<u8> = (1..=255).filter(|byte| ![b'\r', b'\n'].contains(byte)).chain(*b"\r\n").collect();
    samples.push(body("every byte", &every));
    samples
}

/// Around what is read and stored at once, and past it.
fn large() -> Vec<Sample> {
    let sizes = [65_534, 65_535, 65_536, 65_537, 131_072, 262_144, 262_146, 1_000_000, 10_000_000, LIMIT];
    sizes.map(|bytes| sample(format!("{bytes} bytes"), of_size(bytes))).into()
}

#[test]
fn contents_at_the_edges_arrive_as_they_were() {
    let samples: Vec<Sample> = small().into_iter().chain(large()).collect();
    check_all(&samples, &through_sink(&samples, 120));
}

/// What no mail may hold, and what tries to end a message where it does not end (RFC 5321 §2.3.8, §4.1.1.4).
#[test]
fn bytes_that_smtp_cannot_carry_are_refused() {
    let server = Server::start();
    server.open_to_loopback();
    let port = server.port(Port::Submission);
    let hidden = "MAIL FROM:<x@evil.test>\r\n";
    for bytes in ["\0", "a\0b", "\r", "\n", "a\rb", "a\nb", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r"]
    {
        let text = format!("one{bytes}{hidden}two\r\n");
        let content = [HEADER, text.as_bytes()].concat();
        let reply = Client::connect(port).send("a@first.test", "b@rcpt.test", &content);
        assert!(reply.starts_with("550 5.6.0 "), "{bytes:?}: {reply}");
    }
    assert_eq!(server.waiting().len(), 0, "nothing of them is kept");
}

#[test]
fn postfix_takes_large_and_strange_contents_as_they_were() {
    let mut samples = small();
    samples.extend([65_536, 1_000_000, LIMIT].map(|bytes| sample(format!("{bytes} bytes"), of_size(bytes))));
    let arrived = through_postfix(&samples, 120);
    let kept: Vec<Sample> = samples.iter().map(as_postfix_keeps).collect();
    check_all(&kept, &arrived);
}
