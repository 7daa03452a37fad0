//! A mail client of our own, for what no other can be made to say: exact bytes, a thousand recipients, half a message.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// The longest silence of a server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection in clear, from loopback.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects and says hello.
    pub fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let mut client = Self { stream: BufReader::new(stream) };
        assert!(client.reply().starts_with("220 "), "a greeting");
        assert!(client.say("EHLO client.test").starts_with("250"), "a welcome");
        client
    }

    /// A whole reply, its lines joined by `|`; empty when the server has closed.
    pub fn reply(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a reply");
            let more = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line.trim_end().to_owned());
            if !more {
                return lines.join("|");
            }
        }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("the server reads");
    }

    /// A command and its reply.
    pub fn say(&mut self, command: &str) -> String {
        self.write(format!("{command}\r\n").as_bytes());
        self.reply()
    }

    /// A command whose reply must begin so.
    #[track_caller]
    pub fn expect(&mut self, command: &str, reply: &str) {
        let said = self.say(command);
        assert!(said.starts_with(reply), "{command}: {said}, and not {reply}");
    }

    /// Sends a message whose lines end with CR LF, and gives the last reply.
    #[track_caller]
    pub fn send(&mut self, from: &str, to: &str, content: &[u8]) -> String {
        self.expect(&format!("MAIL FROM:<{from}>"), "250");
        self.expect(&format!("RCPT TO:<{to}>"), "250");
        self.content(content)
    }

    /// The content, and the reply to it.
    #[track_caller]
    pub fn content(&mut self, content: &[u8]) -> String {
        self.expect("DATA", "354");
        self.write(&stuffed(content));
        self.reply()
    }
}

/// The content as it goes over the wire (RFC 5321 §4.5.2): a dot before each line that begins with one, then the end.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(content.len() + 1024);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// A small message with a subject to know it by.
pub fn letter(subject: &str) -> Vec<u8> {
    format!("From: a@first.test\r\nTo: b@rcpt.test\r\nSubject: {subject}\r\n\r\nHello.\r\n").into_bytes()
}
