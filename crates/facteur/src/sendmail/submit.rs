//! The way from `sendmail` to the server: SMTP over its socket for local users, with the dialogue of [`smtp::Client`].

use mail::{
    Address, Clock, Envelope, Evidence, Peer, Reply, ReversePath, Seen, Severity, Stage, Timestamp, TlsFacts,
    TlsFault,
};
use smtp::Input;
use smtp::client::{Client, Outgoing};
use smtp::reply::ReplyReader;
use smtp::transport::{BoxFuture, Content, Piece, Transport};
use std::future::ready;
use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The name of the socket in the public directory.
pub const SOCKET: &str = "submit.sock";
/// How long the server may be silent before its time limits are known.
const FIRST_LIMIT: Duration = Duration::from_secs(60);
/// How many bytes are read at a time: replies are short.
const READ_BYTES: usize = 2_048;
/// How many parts are written at once.
const PARTS: usize = 64;

/// A connection to the server. It blocks: a program that hands over one message has nothing else to do meanwhile.
pub struct Connection {
    stream: UnixStream,
    input: Input,
    replies: ReplyReader,
}

impl Connection {
    /// Connects. An error means that no server listens there.
    pub fn open(public: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(public.join(SOCKET))?;
        let mut connection = Self { stream, input: Input::new(), replies: ReplyReader::default() };
        connection.set_time_limit(FIRST_LIMIT);
        Ok(connection)
    }

    /// The bare stream, for whoever speaks SMTP itself.
    pub fn into_stream(self) -> io::Result<UnixStream> {
        self.stream.set_read_timeout(None)?;
        self.stream.set_write_timeout(None)?;
        Ok(self.stream)
    }

    /// Asks for each recipient whether mail for it is taken, and sends nothing.
    pub fn verify(
        &mut self,
        our_name: &str,
        from: &ReversePath,
        recipients: &[Address],
    ) -> io::Result<Vec<Reply>> {
        self.answer()?;
        let mut said = Vec::with_capacity(recipients.len());
        for command in [format!("EHLO {our_name}"), format!("MAIL FROM:<{from}>")] {
            let reply = self.say(&command)?;
            if !reply.is_positive() {
                return Ok(vec![reply; recipients.len()]);
            }
        }
        for address in recipients {
            said.push(self.say(&format!("RCPT TO:<{}>", address.to_ascii_domain()))?);
        }
        // The answers are there; how the connection ends does not matter.
        let _ = self.say("RSET").and_then(|_| self.say("QUIT"));
        Ok(said)
    }

    fn say(&mut self, command: &str) -> io::Result<Reply> {
        self.write_parts(&[command.as_bytes(), b"\r\n"])?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Reply> {
        let mut room = [0; READ_BYTES];
        loop {
            let invalid = |seen: Seen| io::Error::new(ErrorKind::InvalidData, format!("{seen:?}"));
            if let Some(reply) = self.replies.read(&mut self.input).map_err(invalid)? {
                return Ok(reply);
            }
            let count = self.stream.read(&mut room)?;
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.input.extend(room.get(..count).unwrap_or_default());
        }
    }

    fn write_parts(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut left = slices.as_mut_slice();
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match self.stream.write_vectored(left.get(..left.len().min(PARTS)).unwrap_or_default()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut left, count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn seen(error: &io::Error) -> Seen {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Seen::Timeout { after_ms: 0 },
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::WriteZero => Seen::Dropped,
        _ => Seen::Io { detail: error.to_string() },
    }
}

impl Transport for Connection {
    fn read<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, Seen>> {
        let mut room = [0; READ_BYTES];
        let read = loop {
            match self.stream.read(&mut room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let read = read.map_err(|error| seen(&error)).inspect(|count| {
            into.extend_from_slice(room.get(..*count).unwrap_or_default());
        });
        Box::pin(ready(read))
    }

    fn write<'a>(&'a mut self, parts: &'a [&'a [u8]]) -> BoxFuture<'a, Result<(), Seen>> {
        let wrote = self.write_parts(parts).map_err(|error| seen(&error));
        Box::pin(ready(wrote))
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<TlsFacts, Seen>> {
        let fault = TlsFault::Other { detail: "there is no TLS inside a machine".to_owned() };
        Box::pin(ready(Err(Seen::Tls { fault })))
    }

    fn set_time_limit(&mut self, limit: Duration) {
        // Without the limit the dialogue only waits longer.
        let _ = self.stream.set_read_timeout(Some(limit));
        let _ = self.stream.set_write_timeout(Some(limit));
    }

    fn now(&self) -> Timestamp {
        Clock::System.now()
    }

    fn peer(&self) -> Peer {
        Peer { host: SOCKET.to_owned(), address: None, port: 0 }
    }

    fn tls(&self) -> Option<&TlsFacts> {
        None
    }
}

/// A content that is in memory.
struct Memory(Option<Vec<u8>>);

impl Content for Memory {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        Box::pin(ready(Ok(self.0.take().map(Piece::Owned))))
    }
}

/// What the server said of one recipient.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It has the message.
    Taken(Reply),
    /// It will not have it.
    Refused {
        /// At which step.
        stage: Stage,
        /// In which words.
        reply: Reply,
    },
    /// It cannot have it now, or did not say.
    NotNow(Evidence),
}

impl From<Result<Reply, Evidence>> for Answer {
    fn from(result: Result<Reply, Evidence>) -> Self {
        match result {
            Ok(reply) => Self::Taken(reply),
            Err(evidence) => match (&evidence.seen, evidence.reply()) {
                (_, Some(reply)) if reply.severity() == Severity::Permanent => {
                    Self::Refused { stage: evidence.stage, reply: reply.clone() }
                }
                // What the server cannot take at all is refused before it is asked.
                (Seen::TooBig { .. } | Seen::NotOffered { .. }, _) => {
                    let reply = Reply::new(554, None, evidence.to_string());
                    Self::Refused { stage: evidence.stage, reply }
                }
                _ => Self::NotNow(evidence),
            },
        }
    }
}

/// Gives a message to the server, and says for each recipient what it answered.
pub async fn submit(
    connection: &mut Connection,
    our_name: &str,
    envelope: &Envelope,
    content: &[u8],
) -> Vec<Answer> {
    let mut client = Client::new(Clock::System.now());
    match introduce(&mut client, connection, our_name).await {
        Ok(()) => {}
        Err(evidence) => return vec![Answer::NotNow(evidence); envelope.recipients.len()],
    }
    let outgoing = Outgoing {
        from: &envelope.from,
        recipients: &envelope.recipients,
        envid: envelope.envid.as_deref(),
        ret: envelope.ret,
        body: envelope.body,
        size: content.len() as u64,
        content: &mut Memory(Some(content.to_vec())),
    };
    let sent = client.send(connection, outgoing).await;
    client.quit(connection).await;
    match sent {
        Ok(results) => results.into_iter().map(Answer::from).collect(),
        Err(evidence) => vec![Answer::from(Err(evidence)); envelope.recipients.len()],
    }
}

async fn introduce(client: &mut Client, connection: &mut Connection, our_name: &str) -> Result<(), Evidence> {
    client.greet(connection).await?;
    client.hello(connection, our_name).await
}
