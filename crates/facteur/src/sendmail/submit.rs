//! The way from `sendmail` to the server: SMTP over its socket for local users, with the dialogue of [`smtp::Client`].

use mail::{
    Address, Clock, Envelope, Evidence, Peer, Reply, ReversePath, Seen, Severity, Stage, Timestamp, TlsFacts,
    TlsFault,
};
use rustix::fs::OFlags;
use smtp::Input;
use smtp::client::{Client, Outgoing};
use smtp::reply::ReplyReader;
use smtp::transport::{BoxFuture, Content, Piece, Transport};
use std::fs::OpenOptions;
use std::future::ready;
use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The name of the socket in the public directory.
pub const SOCKET: &str = "submit.sock";
/// The most bytes of a socket's path, with its final zero (unix(7)).
const SOCKET_PATH_BYTES: usize = 108;
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
        let path = public.join(SOCKET);
        if path.as_os_str().len() < SOCKET_PATH_BYTES {
            return Ok(Self::over(UnixStream::connect(path)?));
        }
        // However deep it lies: the directory need not be readable to be gone through.
        let flags = OFlags::PATH.bits().cast_signed();
        let directory = OpenOptions::new().read(true).custom_flags(flags).open(public)?;
        let path = format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd());
        Ok(Self::over(UnixStream::connect(path)?))
    }

    fn over(stream: UnixStream) -> Self {
        let mut connection = Self { stream, input: Input::new(), replies: ReplyReader::default() };
        connection.set_time_limit(FIRST_LIMIT);
        connection
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

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{BodyType, Notify, Recipient, Returned};
    use std::io::{BufRead as _, BufReader};

    /// A server that says these replies, each to one line, and gives the lines that it got.
    fn server(replies: &'static [&'static str]) -> (Connection, std::thread::JoinHandle<Vec<String>>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let heard = std::thread::spawn(move || {
            let mut stream = BufReader::new(theirs);
            let (mut got, mut in_content) = (Vec::new(), false);
            for reply in replies {
                stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).unwrap();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or_default() == 0 {
                        return got;
                    }
                    got.push(line.trim_end().to_owned());
                    if !in_content || line == ".\r\n" {
                        break;
                    }
                }
                in_content = got.last().is_some_and(|line| line == "DATA");
            }
            got
        });
        (Connection::over(ours), heard)
    }

    fn envelope() -> Envelope {
        let notify = Some(Notify { success: true, failure: false, delay: true });
        Envelope {
            from: "a@b.test".parse().unwrap(),
            recipients: ["c@d.test", "root@localhost"]
                .map(|to| Recipient { notify, ..to.parse().unwrap() })
                .to_vec(),
            body: BodyType::SevenBit,
            envid: Some("id+2B1".into()),
            ret: Some(Returned::Headers),
            hold: None,
        }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn what_the_sender_wants_to_hear_goes_with_the_message() {
        let (mut connection, heard) = server(&[
            "220 h.test ESMTP",
            "250-h.test\r\n250 DSN",
            "250 2.1.0 Ok",
            "250 2.1.5 Ok",
            "451 4.3.5 <root@localhost>: nobody",
            "354 Go on",
            "250 2.0.0 Ok: queued as 1",
        ]);
        let answers = run(submit(&mut connection, "me.test", &envelope(), b"Subject: x\r\n\r\n.hi\r\n"));
        assert!(matches!(&answers[..], [Answer::Taken(_), Answer::NotNow(_)]), "{answers:?}");
        let expected = [
            "EHLO me.test",
            "MAIL FROM:<a@b.test> RET=HDRS ENVID=id+2B1",
            "RCPT TO:<c@d.test> NOTIFY=SUCCESS,DELAY",
            "RCPT TO:<root@localhost> NOTIFY=SUCCESS,DELAY",
            "DATA",
            "Subject: x",
            "",
            "..hi",
            ".",
            "QUIT",
        ];
        assert_eq!(heard.join().unwrap(), expected);
    }

    #[test]
    fn a_server_that_goes_away_has_not_taken_it() {
        for replies in [
            &["220 h.test ESMTP"][..],
            &["421 4.3.2 Stopping"],
            &["220 h.test ESMTP", "250 h.test", "250 Ok", "250 Ok", "250 Ok", "354 Go on"],
        ] {
            let (mut connection, heard) = server(replies);
            let answers = run(submit(&mut connection, "me.test", &envelope(), b"x\r\n"));
            assert!(answers.iter().all(|answer| matches!(answer, Answer::NotNow(_))), "{answers:?}");
            drop(connection);
            heard.join().unwrap();
        }
    }

    #[test]
    fn a_refusal_for_good_says_at_which_step() {
        let (mut connection, _heard) =
            server(&["220 h.test ESMTP", "250 h.test", "553 5.7.1 not yours", "221 bye"]);
        let answers = run(submit(&mut connection, "me.test", &envelope(), b"x\r\n"));
        let refused = |answer: &Answer| matches!(answer, Answer::Refused { stage: Stage::Mail, .. });
        assert!(answers.iter().all(refused), "{answers:?}");
    }

    #[test]
    fn recipients_are_verified_and_nothing_is_sent() {
        let (mut connection, heard) = server(&[
            "220 h.test ESMTP",
            "250 h.test",
            "250 2.1.0 Ok",
            "250 2.1.5 Ok",
            "550 5.1.1 nobody",
            "250 Ok",
            "221 bye",
        ]);
        let to = ["c@d.test", "e@f.test"].map(|to| to.parse().unwrap());
        let replies = connection.verify("me.test", &"a@b.test".parse().unwrap(), &to).unwrap();
        assert_eq!(replies.iter().map(Reply::is_positive).collect::<Vec<_>>(), [true, false]);
        drop(connection);
        assert_eq!(heard.join().unwrap().last().map(String::as_str), Some("QUIT"));
    }

    #[test]
    fn a_socket_is_reached_however_deep_it_lies() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let _socket = net_socket(&deep);
        assert!(Connection::open(&deep).is_ok());
        assert!(Connection::open(top.path()).is_err());
    }

    fn net_socket(directory: &Path) -> std::os::unix::net::UnixListener {
        let open = std::fs::File::open(directory).unwrap();
        let path = format!("/proc/self/fd/{}/{SOCKET}", open.as_raw_fd());
        std::os::unix::net::UnixListener::bind(path).unwrap()
    }
}
