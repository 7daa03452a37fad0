//! The engine: bytes in, answers out, TLS between, and everything that was heard.

use super::{Answer, At, Dialect, Fault, Turn};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest line that is kept.
const MAX_LINE_BYTES: usize = 1 << 20;
/// The first byte of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// A line that a client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The number of its connection, from one.
    pub connection: usize,
    /// Whether it came under TLS.
    pub tls: bool,
    /// The line, without its end.
    pub line: String,
}

#[derive(Default)]
struct Log {
    heard: Mutex<Vec<Heard>>,
    connections: AtomicUsize,
    muted: AtomicUsize,
    stopping: AtomicBool,
}

/// What makes the answers of one connection, by its number.
type Dialects = dyn Fn(usize) -> Box<dyn Dialect> + Send + Sync;

/// How a server is set up.
struct Setup {
    dialects: Box<Dialects>,
    tls: Arc<ServerConfig>,
    implicit_tls: bool,
    at: Option<At>,
}

/// A server that runs until it is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<Log>,
}

impl Server {
    /// Listens, and gives each connection a dialect of its own. What goes wrong, goes wrong on every connection.
    pub fn start(
        address: SocketAddr,
        tls: Arc<ServerConfig>,
        implicit_tls: bool,
        at: Option<At>,
        dialects: impl Fn(usize) -> Box<dyn Dialect> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let log = Arc::new(Log::default());
        let setup = Arc::new(Setup { dialects: Box::new(dialects), tls, implicit_tls, at });
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (setup, log) = (Arc::clone(&setup), Arc::clone(&shared));
                // A client that goes away is part of the tests.
                std::thread::spawn(move || hold(stream, &setup, &log).ok());
            }
        });
        Ok(Self { address, log })
    }

    /// All that was heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.log.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was heard in clear.
    pub fn in_clear(&self) -> Vec<String> {
        self.heard().into_iter().filter(|heard| !heard.tls).map(|heard| heard.line).collect()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    /// How many connections it has let hang.
    pub fn muted(&self) -> usize {
        self.log.muted.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.log.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

/// A socket that can be told to send each byte by itself.
struct Wire {
    tcp: TcpStream,
    dribbles: Arc<AtomicBool>,
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.tcp.read(into)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let one = self.dribbles.load(Ordering::SeqCst);
        self.tcp.write(if one { bytes.get(..1).unwrap_or(bytes) } else { bytes })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// One conversation.
struct Talk<'a> {
    setup: &'a Setup,
    log: &'a Log,
    number: usize,
    tcp: TcpStream,
    dribbles: Arc<AtomicBool>,
    input: Vec<u8>,
    tls: bool,
    failed: bool,
}

/// What a part of a conversation ends with.
enum Next {
    Over,
    Turn(Turn),
}

fn hold(tcp: TcpStream, setup: &Setup, log: &Log) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let number = log.connections.fetch_add(1, Ordering::SeqCst) + 1;
    let dribbles = Arc::new(AtomicBool::new(false));
    let wire = Wire { tcp: tcp.try_clone()?, dribbles: Arc::clone(&dribbles) };
    let mut dialect = (setup.dialects)(number);
    let mut talk = Talk { setup, log, number, tcp, dribbles, input: Vec::new(), tls: false, failed: false };
    talk.run(wire, &mut *dialect)
}

impl Talk<'_> {
    fn run(&mut self, mut wire: Wire, dialect: &mut dyn Dialect) -> io::Result<()> {
        if !self.setup.implicit_tls {
            self.greet(&mut wire, dialect)?;
            match self.dialogue(&mut wire, dialect)? {
                Next::Over => return self.part(&mut wire),
                Next::Turn(Turn::Tls) => {}
                Next::Turn(turn) => return self.turn(&mut wire, turn),
            }
        }
        if let Some(fault) = self.fault_at("handshake") {
            self.go_wrong(&mut wire, fault)?;
        }
        let session = ServerConnection::new(Arc::clone(&self.setup.tls)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, wire);
        self.tls = true;
        // Whatever came in clear behind the agreement is forgotten with it.
        self.input.clear();
        if self.setup.implicit_tls {
            self.greet(&mut stream, dialect)?;
        }
        self.dialogue(&mut stream, dialect).map(drop)
    }

    fn greet(&mut self, stream: &mut dyn Stream, dialect: &mut dyn Dialect) -> io::Result<()> {
        let greeting = dialect.greeting();
        self.say(stream, "greeting", &greeting)
    }

    fn dialogue(&mut self, stream: &mut dyn Stream, dialect: &mut dyn Dialect) -> io::Result<Next> {
        while let Some(line) = self.line(stream)? {
            let text = String::from_utf8_lossy(&line).into_owned();
            let heard = Heard { connection: self.number, tls: self.tls, line: text };
            self.log.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
            let answer = dialect.answer(&line, self.tls);
            let step = dialect.step();
            match answer {
                Answer::Say(bytes) => self.say(stream, step, &bytes)?,
                Answer::Silence => self.say(stream, step, b"")?,
                Answer::End(bytes) => {
                    self.say(stream, step, &bytes)?;
                    return Ok(Next::Over);
                }
                Answer::Turn(bytes, turn) => {
                    self.say(stream, step, &bytes)?;
                    return Ok(Next::Turn(turn));
                }
            }
        }
        Ok(Next::Over)
    }

    /// The fault of this step, if it is the one and has not happened yet.
    fn fault_at(&mut self, step: &str) -> Option<Fault> {
        let at = self.setup.at.filter(|at| at.step == step && !self.failed)?;
        self.failed = true;
        Some(at.fault)
    }

    fn say(&mut self, stream: &mut dyn Stream, step: &str, bytes: &[u8]) -> io::Result<()> {
        match self.fault_at(step) {
            None => {}
            Some(Fault::Dribble) => self.dribbles.store(true, Ordering::SeqCst),
            Some(Fault::Say(words)) => {
                stream.write_all(words.as_bytes())?;
                return stream.flush();
            }
            Some(fault) => return self.go_wrong(stream, fault),
        }
        stream.write_all(bytes)?;
        stream.flush()?;
        self.dribbles.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn go_wrong(&mut self, stream: &mut dyn Stream, fault: Fault) -> io::Result<()> {
        match fault {
            Fault::Drop => {}
            Fault::Reset => {
                socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO))?;
            }
            Fault::Stall => self.mute(stream)?,
            Fault::Say(words) | Fault::SayAndDrop(words) => {
                stream.write_all(words.as_bytes())?;
                stream.flush()?;
                self.part(stream)?;
            }
            Fault::Dribble => {
                self.dribbles.store(true, Ordering::SeqCst);
                return Ok(());
            }
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    fn turn(&mut self, wire: &mut Wire, turn: Turn) -> io::Result<()> {
        match turn {
            Turn::Tls | Turn::Cut => Ok(()),
            Turn::Mute => self.mute(wire),
            Turn::Text | Turn::OldVersion => {
                // After the client's first words: said earlier, it would be words put in front of TLS.
                let mut hello = [0; 4_096];
                let _ = wire.read(&mut hello)?;
                let words: &[u8] =
                    if turn == Turn::Text { b"421 I am no TLS\r\n" } else { b"\x15\x03\x01\x00\x02\x02\x46" };
                wire.write_all(words)?;
                self.part(wire)
            }
        }
    }

    /// Says nothing more, until the other side goes away.
    fn mute(&mut self, stream: &mut dyn Stream) -> io::Result<()> {
        self.log.muted.fetch_add(1, Ordering::SeqCst);
        let mut rest = [0; 4_096];
        while stream.read(&mut rest)? > 0 {}
        Ok(())
    }

    /// Ends the connection without a reset: what was said is read.
    fn part(&mut self, stream: &mut dyn Stream) -> io::Result<()> {
        self.tcp.shutdown(Shutdown::Write)?;
        let mut rest = [0; 4_096];
        while stream.read(&mut rest)? > 0 {}
        Ok(())
    }

    /// A line without its end; nothing at the end of the connection. A handshake where none was agreed on is answered as
    /// a line of noise.
    fn line(&mut self, stream: &mut dyn Stream) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.input.drain(..=end).collect();
                while line.pop_if(|byte| *byte == b'\n' || *byte == b'\r').is_some() {}
                return Ok(Some(line));
            }
            if self.input.first() == Some(&HANDSHAKE) && !self.tls {
                self.input.clear();
                return Ok(Some(b"\x16".to_vec()));
            }
            let mut room = [0; 4_096];
            let read = stream.read(&mut room)?;
            if read == 0 || self.input.len() > MAX_LINE_BYTES {
                return Ok(None);
            }
            self.input.extend_from_slice(room.get(..read).unwrap_or_default());
        }
    }
}

/// Plain or under TLS.
trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}
