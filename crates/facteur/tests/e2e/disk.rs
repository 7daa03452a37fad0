//! The promise that `250` means on disk, tried at every call that makes it true: a kill, a failed sync, a full disk.

mod clocks;
mod failed_sync;
mod full;
mod kills;
mod two_owners;

use crate::support::client::letter;
use crate::support::program::{Done, FACTEUR, run};
use crate::support::server::Server;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use testkit::fault::{self, Plan};

/// The preloaded library, and a place for the count of calls.
struct Faults {
    _scratch: TempDir,
    library: PathBuf,
}

impl Faults {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let library = fault::library(scratch.path()).expect("a C compiler");
        Self { _scratch: scratch, library }
    }

    fn plan(&self, server: &Server, calls: &'static str) -> Plan {
        Plan::new(&self.library, &server.data(), calls, server.directory()).expect("a plan")
    }
}

/// Starts a server under a plan. Gives the port of its submissions, or `None` when it died first.
fn start(server: &mut Server, plan: &Plan) -> Option<u16> {
    let variables = plan.variables();
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    server.go_under(&variables)
}

/// A client whose server may die, or refuse, at any moment.
struct Brave(BufReader<TcpStream>);

impl Brave {
    fn connect(port: u16) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let mut client = Self(BufReader::new(stream));
        client.reply()?;
        client.say("EHLO client.test")?;
        Some(client)
    }

    /// The last line of a reply.
    fn reply(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Some(line.trim_end().to_owned());
            }
        }
    }

    fn say(&mut self, command: &str) -> Option<String> {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).ok()?;
        self.reply()
    }

    /// Gives a message, and the last word to it; `None` when the server is gone.
    fn send(&mut self, to: &str, content: &[u8]) -> Option<String> {
        let commands = ["RSET".to_owned(), "MAIL FROM:<a@first.test>".to_owned(), format!("RCPT TO:<{to}>")];
        for command in commands {
            let said = self.say(&command)?;
            if !said.starts_with("250 ") {
                return Some(said);
            }
        }
        let said = self.say("DATA")?;
        if !said.starts_with("354 ") {
            return Some(said);
        }
        self.0.get_mut().write_all(content).ok()?;
        self.0.get_mut().write_all(b".\r\n").ok()?;
        self.reply()
    }
}

/// A letter of which one can tell whether it is whole: its size stands in its subject.
fn marked(name: &str, bytes: usize) -> Vec<u8> {
    let mut content = letter(&format!("{name} {bytes}"));
    let mut number = 0;
    while content.len() + 8 <= bytes {
        content.extend_from_slice(format!("{number:06}\r\n").as_bytes());
        number += 1;
    }
    content
}

/// Whether a letter that arrived is the one that was sent.
#[track_caller]
fn assert_whole(content: &[u8], subject: &str) {
    let (name, bytes) = subject.rsplit_once(' ').expect("a name and a size");
    let sent = marked(name, bytes.parse().expect("a size"));
    // What comes before is what servers add; every line of the letter must be there, in its order, and nothing behind it.
    assert!(content.ends_with(body_of(&sent)), "{subject} is not what was sent");
    assert_eq!(content.len() - body_of(content).len() + body_of(&sent).len(), content.len(), "{subject}");
}

fn body_of(content: &[u8]) -> &[u8] {
    let end = content.windows(4).position(|part| part == b"\r\n\r\n").expect("a header and a body");
    &content[end + 4..]
}

/// Hands a letter to `sendmail`, as a program of this machine does.
fn sendmail(server: &Server, to: &str, content: &[u8]) -> Done {
    let mut command = Command::new(FACTEUR);
    command.env_clear().env("LC_ALL", "en").env("FACTEUR_DATA", server.data());
    let text = String::from_utf8_lossy(content).replace("\r\n", "\n");
    run(command.args(["sendmail", "-i", "-f", "a@first.test", to]), text.as_bytes())
}
