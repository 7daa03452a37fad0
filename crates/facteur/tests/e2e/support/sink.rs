//! A strict relay that records: what it was given, byte for byte, and every breach of the protocol that it saw.

use super::until;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a wrong password is told, as Postfix tells it.
pub const REFUSED: &str = "535 5.7.8 Error: authentication failed: bad credentials";

/// A message that the sink took.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub content: Vec<u8>,
    /// The MAIL line, and the RCPT lines of those who were accepted.
    pub mail: String,
    pub rcpts: Vec<String>,
}

impl Taken {
    /// The value of a field, by which the message is known.
    pub fn subject(&self) -> String {
        let text = String::from_utf8_lossy(&self.content).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("Subject: "));
        line.unwrap_or_default().to_owned()
    }
}

/// How a sink behaves.
#[derive(Debug, Clone, Default)]
pub struct Habits {
    /// The user name and password that it wants; `None` wants no sign-in.
    pub sign_in: Option<(&'static str, &'static str)>,
    /// What every recipient is told instead of 250.
    pub recipients_told: Option<&'static str>,
    /// The beginning of recipients that it does not know.
    pub unknown: Option<&'static str>,
    /// The beginnings of recipients that are told something else than 250, and what.
    pub told: &'static [(&'static str, &'static str)],
    /// The greeting instead of 220.
    pub greets_with: Option<&'static str>,
    /// What STARTTLS leads to; without it, it is not offered.
    pub starttls: Option<StartTls>,
    /// Where it falls silent for ever: `greeting`, a verb in capitals, or `end`.
    pub mute_at: Option<&'static str>,
    /// The one address that it takes mail from, in the envelope and in `From`, as providers of mailboxes do.
    pub only_sender: Option<&'static str>,
    /// How many messages it puts off at their end, after it has read them.
    pub puts_off: usize,
    /// What it offers in the answer to EHLO; `None` offers what most servers do.
    pub offers: Option<&'static [&'static str]>,
    /// Whether the reply to a message waits until [`Sink::release`].
    pub holds: bool,
}

/// How STARTTLS goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTls {
    /// It is offered and agreed to, and what follows is no TLS.
    Nonsense,
    /// It is offered and agreed to, and the connection ends.
    Cut,
    /// It is offered, and refused when it is asked for.
    Refused,
}

struct Shared {
    habits: Habits,
    taken: Mutex<Vec<Taken>>,
    breaches: Mutex<Vec<String>>,
    muted: AtomicUsize,
    holding: AtomicBool,
    /// The process to kill once a message has been answered; 0 for none.
    victim: AtomicU32,
    stopping: AtomicBool,
}

/// A sink that runs until it is dropped.
pub struct Sink {
    pub port: u16,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Sink {
    pub fn start(habits: Habits) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), habits)
    }

    /// The same at an address of the caller's choice.
    pub fn start_at(address: SocketAddr, habits: Habits) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            holding: AtomicBool::new(habits.holds),
            habits,
            taken: Mutex::default(),
            breaches: Mutex::default(),
            muted: AtomicUsize::new(0),
            victim: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if served.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&served);
                std::thread::spawn(move || Talk::hold(stream, &shared));
            }
        });
        Self { port: address.port(), address, shared }
    }

    /// What was taken so far. Fails when the sender broke the protocol.
    #[track_caller]
    pub fn taken(&self) -> Vec<Taken> {
        let breaches = self.shared.breaches.lock().unwrap();
        assert!(breaches.is_empty(), "breaches of the protocol: {breaches:#?}");
        self.shared.taken.lock().unwrap().clone()
    }

    /// How many were taken so far.
    pub fn count(&self) -> usize {
        self.shared.taken.lock().unwrap().len()
    }

    /// Forgets what it took.
    pub fn forget(&self) {
        self.shared.taken.lock().unwrap().clear();
    }

    /// How many connections it has let hang.
    pub fn muted(&self) -> usize {
        self.shared.muted.load(Ordering::SeqCst)
    }

    /// Waits for so many messages.
    #[track_caller]
    pub fn until_taken(&self, count: usize, secs: i64) -> Vec<Taken> {
        until(&format!("{count} messages at the sink"), secs, || (self.count() >= count).then_some(()));
        self.taken()
    }

    /// Holds the replies to messages from now on, until [`Sink::release`].
    pub fn hold(&self) {
        self.shared.holding.store(true, Ordering::SeqCst);
    }

    /// Kills a process right behind the next reply to a message, before it can have written it down.
    pub fn kill_behind_reply(&self, pid: u32) {
        self.shared.victim.store(pid, Ordering::SeqCst);
    }

    /// Lets go what it held.
    pub fn release(&self) {
        self.shared.holding.store(false, Ordering::SeqCst);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.release();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// One connection.
struct Talk<'a> {
    stream: BufReader<TcpStream>,
    shared: &'a Shared,
    from: String,
    to: Vec<String>,
    mail: String,
    rcpts: Vec<String>,
    signed_in: bool,
}

impl<'a> Talk<'a> {
    fn hold(stream: TcpStream, shared: &'a Shared) {
        let (from, to, signed_in) = (String::new(), Vec::new(), shared.habits.sign_in.is_none());
        let stream = BufReader::with_capacity(1 << 16, stream);
        let (mail, rcpts) = (String::new(), Vec::new());
        let mut talk = Self { stream, shared, from, to, mail, rcpts, signed_in };
        // A sender that goes away, or is killed, is part of the tests.
        let _ = talk.talk();
    }

    fn breach(&self, what: String) {
        self.shared.breaches.lock().unwrap().push(what);
    }

    fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{reply}\r\n").as_bytes())
    }

    /// A line without its end; `None` at the end of the connection.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line)? == 0 || line.last() != Some(&b'\n') {
            return Ok(None);
        }
        line.pop();
        if line.pop() != Some(b'\r') || line.contains(&b'\r') {
            self.breach(format!("a bare CR or LF: {}", String::from_utf8_lossy(&line)));
        }
        Ok(Some(line))
    }

    fn talk(&mut self) -> io::Result<()> {
        self.mute_at("greeting")?;
        self.say(self.shared.habits.greets_with.unwrap_or("220 sink.test ESMTP"))?;
        self.talk_on()
    }

    fn talk_on(&mut self) -> io::Result<()> {
        while let Some(line) = self.line()? {
            let command = String::from_utf8_lossy(&line).into_owned();
            let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            self.mute_at(&verb)?;
            match verb.as_str() {
                "STARTTLS" if self.shared.habits.starttls.is_some() => return self.start_tls(),
                "EHLO" => self.welcome()?,
                "AUTH" => self.sign_in(&command)?,
                "MAIL" if !self.signed_in => self.say("530 5.7.0 Authentication required")?,
                "MAIL" if self.shared.habits.only_sender.is_some_and(|own| path(&command) != own) => {
                    self.say("553 5.7.1 Sender address rejected: not owned by user")?;
                }
                "MAIL" => {
                    self.from = path(&command);
                    self.to.clear();
                    self.rcpts.clear();
                    self.mail = command;
                    self.say("250 2.1.0 Ok")?;
                }
                "RCPT" => self.recipient(&command)?,
                "DATA" if self.to.is_empty() => self.say("554 5.5.1 No valid recipients")?,
                "DATA" => self.content()?,
                "RSET" | "NOOP" => self.say("250 2.0.0 Ok")?,
                "QUIT" => return self.say("221 2.0.0 Bye"),
                _ => {
                    self.breach(format!("no command: {command}"));
                    self.say("500 5.5.2 What?")?;
                }
            }
        }
        Ok(())
    }

    fn welcome(&mut self) -> io::Result<()> {
        let auth = if self.shared.habits.sign_in.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
        let tls = if self.shared.habits.starttls.is_some() { "250-STARTTLS\r\n" } else { "" };
        if let Some(offers) = self.shared.habits.offers {
            let lines: String = offers.iter().map(|offer| format!("250-{offer}\r\n")).collect();
            return self.say(&format!("250-sink.test\r\n{lines}250 ENHANCEDSTATUSCODES"));
        }
        self.say(&format!(
            "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n{auth}{tls}250 ENHANCEDSTATUSCODES"
        ))
    }

    fn sign_in(&mut self, command: &str) -> io::Result<()> {
        let given = command.strip_prefix("AUTH PLAIN ").map(|text| STANDARD.decode(text.trim()));
        let Some(Ok(given)) = given else {
            self.breach(format!("no AUTH PLAIN with its answer: {command}"));
            return self.say("501 5.5.4 Syntax");
        };
        let wanted = self.shared.habits.sign_in.map(|(login, password)| format!("\0{login}\0{password}"));
        self.signed_in = wanted.is_some_and(|wanted| wanted.as_bytes() == given);
        if self.signed_in { self.say("235 2.7.0 Ok") } else { self.say(REFUSED) }
    }

    fn recipient(&mut self, command: &str) -> io::Result<()> {
        if let Some(told) = self.shared.habits.recipients_told {
            return self.say(told);
        }
        let to = path(command);
        if self.shared.habits.unknown.is_some_and(|unknown| to.starts_with(unknown)) {
            return self.say("550 5.1.1 No such user here");
        }
        if let Some((_, told)) = self.shared.habits.told.iter().find(|(who, _)| to.starts_with(who)) {
            return self.say(told);
        }
        self.to.push(to);
        self.rcpts.push(command.to_owned());
        self.say("250 2.1.5 Ok")
    }

    fn content(&mut self) -> io::Result<()> {
        self.say("354 Go on")?;
        let mut content = Vec::new();
        loop {
            let Some(line) = self.line()? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            match line.strip_prefix(b".") {
                Some(b"") => break,
                Some(rest) if rest.first() != Some(&b'.') => {
                    self.breach(format!("a dot that was not doubled: {}", String::from_utf8_lossy(&line)));
                }
                Some(rest) => content.extend_from_slice(rest),
                None => content.extend_from_slice(&line),
            }
            content.extend_from_slice(b"\r\n");
        }
        if let Some(own) = self.shared.habits.only_sender {
            let text = String::from_utf8_lossy(&content).into_owned();
            let header = text.split("\r\n\r\n").next().unwrap_or_default();
            let authors: Vec<&str> = header.lines().filter(|line| line.starts_with("From:")).collect();
            if !(authors.len() == 1 && authors.iter().all(|line| line.ends_with(&format!("<{own}>")))) {
                return self.say("550 5.7.1 From is not an address of yours");
            }
        }
        let (from, to) = (std::mem::take(&mut self.from), std::mem::take(&mut self.to));
        let taken = {
            let mut taken = self.shared.taken.lock().unwrap();
            let (mail, rcpts) = (self.mail.clone(), std::mem::take(&mut self.rcpts));
            taken.push(Taken { from, to, content, mail, rcpts });
            taken.len()
        };
        if taken <= self.shared.habits.puts_off {
            return self.say("451 4.3.0 Not now");
        }
        self.until_released();
        self.mute_at("end")?;
        self.say("250 2.0.0 Ok: taken")?;
        let victim = i32::try_from(self.shared.victim.swap(0, Ordering::SeqCst)).ok().and_then(Pid::from_raw);
        victim.map_or(Ok(()), |victim| Ok(kill_process(victim, Signal::KILL)?))
    }

    /// Says nothing more at that step, until the other side goes away.
    fn mute_at(&mut self, step: &str) -> io::Result<()> {
        if self.shared.habits.mute_at != Some(step) {
            return Ok(());
        }
        self.shared.muted.fetch_add(1, Ordering::SeqCst);
        io::copy(&mut self.stream, &mut io::sink())?;
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn start_tls(&mut self) -> io::Result<()> {
        match self.shared.habits.starttls {
            Some(StartTls::Refused) => {
                self.say("454 4.7.0 TLS not available due to local problem")?;
                self.talk_on()
            }
            Some(StartTls::Nonsense) => {
                self.say("220 2.0.0 Ready to start TLS")?;
                self.say("421 4.3.0 I am no TLS")
            }
            _ => self.say("220 2.0.0 Ready to start TLS"),
        }
    }

    fn until_released(&self) {
        while self.shared.holding.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What stands between the angle brackets.
fn path(command: &str) -> String {
    let path = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map(|(path, _)| path.to_owned()).unwrap_or_default()
}
