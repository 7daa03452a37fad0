//! One connection: bytes between a socket and a session, questions between the session and the door.
//!
//! This is the hot path: replies gather and leave in one write, buffers live as long as the
//! connection, the only futures on the heap are the door's own.

use crate::census::Seat;
use crate::door::{Client, Intake, Origin, Visitor, refusal};
use crate::listen::ListenerKind;
use crate::serve::{Entrance, Limits, Serve};
use crate::stream::Stream;
use crate::time_limit::TimeLimit;
use mail::{Address, LineEndings, Reply};
use smtp::Input;
use smtp::command::MailFrom;
use smtp::server::{CONTENT_CHUNK_BYTES, Next, Session, SignIn};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// Room for commands: what an idle connection holds.
const COMMAND_ROOM: usize = 4 * 1024;
/// Room for the first read of a content, enough for most messages without an attachment.
const FIRST_CONTENT_ROOM: usize = 12 * 1024;
/// Room for the content of large messages, reached by doubling when reads fill what there is.
const MAX_CONTENT_ROOM: usize = 64 * 1024;
/// How much is read and thrown away after the last reply, so that closing does not destroy it.
const FAREWELL_BYTES: usize = 256 * 1024;
/// How long the client may take to close after its last reply.
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);
/// How long it may take to receive that reply. Nothing depends on it any more.
const LAST_REPLY_LIMIT: Duration = Duration::from_secs(10);

/// Why a conversation ends early. Nobody is left to be told.
enum Ended {
    /// The client is gone, or the time is over and it was told so.
    Gone,
    /// TLS failed.
    Tls(io::Error),
}

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Who the client is, as far as that is known.
enum Guest {
    /// Nobody knows yet.
    Stranger,
    /// Somebody who may send.
    Known(Visitor),
    /// Another server.
    Peer,
}

/// What is being done with the content that comes.
enum Receiving {
    /// None comes.
    Nothing,
    /// It is kept.
    Kept(Box<dyn Intake>),
    /// The door refused it on the way: the rest is thrown away, then the client is told.
    Refused(Reply),
    /// The session refused it and tells the client by itself.
    Discarded,
}

/// How fast the content that comes has come so far.
struct Pace {
    began: Instant,
    bytes: u64,
}

impl Pace {
    /// When the patience for this content ends.
    fn due(&self, limits: &Limits) -> Instant {
        let earned = self.bytes / limits.min_content_bytes_per_sec.max(1);
        self.began + limits.content_grace + Duration::from_secs(earned)
    }
}

/// One connection and all that belongs to it.
pub(crate) struct Conversation {
    shared: Arc<Serve>,
    entrance: Entrance,
    stream: Stream,
    session: Session,
    client: Client,
    guest: Guest,
    input: Input,
    output: Vec<u8>,
    content: Vec<u8>,
    content_room: usize,
    receiving: Receiving,
    pace: Pace,
    declared_size: u64,
    timer: TimeLimit,
    unread: usize,
    seat: Seat,
}

impl Conversation {
    pub(crate) fn new(
        shared: Arc<Serve>,
        entrance: Entrance,
        stream: Stream,
        client: Client,
        seat: Seat,
    ) -> Self {
        let session = Session::new(shared.session_config(entrance), entrance.begins_with_tls());
        let timer = TimeLimit::new(shared.limits.handshake_time_limit);
        let guest = welcome(&shared, entrance, &client);
        let mut conversation = Self {
            shared,
            entrance,
            stream,
            session,
            client,
            guest,
            input: Input::new(),
            output: Vec::new(),
            content: Vec::new(),
            content_room: FIRST_CONTENT_ROOM,
            receiving: Receiving::Nothing,
            pace: Pace { began: Instant::now(), bytes: 0 },
            declared_size: 0,
            timer,
            unread: 0,
            seat,
        };
        conversation.heed_line_endings();
        conversation
    }

    /// Tells the session how the guest's lines are to be read.
    const fn heed_line_endings(&mut self) {
        let line_endings = match &self.guest {
            Guest::Known(visitor) => visitor.line_endings,
            Guest::Stranger | Guest::Peer => LineEndings::Strict,
        };
        self.session.set_line_endings(line_endings);
    }

    /// Holds the conversation until one side ends it. `stopping` is ready when this server stops:
    /// the client is told between two commands, a message that is coming in is still taken.
    pub(crate) async fn hold(&mut self, mut stopping: Pin<&mut impl Future<Output = ()>>) {
        if let Err(Ended::Tls(error)) = self.talk(stopping.as_mut()).await {
            // Scanners and clients that do not trust our certificate end here, many times a day.
            tracing::debug!(%error, "TLS handshake failed");
        }
        self.stream.end();
    }

    /// Ready when the place is wanted for somebody else.
    pub(crate) fn place_wanted(&self) -> Arc<Notify> {
        self.seat.wanted()
    }

    /// Ends at once, wherever it stands. Nobody waits for a client that only holds its place.
    pub(crate) fn give_way(&mut self) {
        let host = self.shared.host_name();
        let line = format!("421 4.3.2 {host} Too many connections, try again later\r\n");
        self.stream.say_at_once(line.as_bytes());
        self.stream.end();
    }

    async fn talk(&mut self, mut stopping: Pin<&mut impl Future<Output = ()>>) -> Result<(), Ended> {
        if self.entrance.begins_with_tls() {
            Box::pin(self.shake_hands()).await?;
        }
        self.session.greeting(&mut self.output);
        loop {
            match self.session.next(&mut self.input, &mut self.output, &mut self.content) {
                Next::Input => self.exchange(stopping.as_mut()).await?,
                Next::SignIn(attempt) => Box::pin(self.sign_in(attempt)).await,
                Next::Mail(mail) => {
                    let answer = match self.unknown_user() {
                        Some(uid) => Box::pin(self.identify(uid)).await,
                        None => Ok(()),
                    };
                    let answer = answer.and_then(|()| self.judge_sender(&mail));
                    self.session.answer(answer, &mut self.output);
                }
                Next::Recipient(address) => {
                    let answer = self.judge_recipient(&address);
                    if answer.is_ok() {
                        self.seat.keep();
                    }
                    self.session.answer(answer, &mut self.output);
                }
                Next::Data => self.begin_content(),
                Next::Content => self.take_chunk().await,
                Next::Discard => {
                    self.receiving = Receiving::Discarded;
                    self.content = Vec::new();
                    self.end_discarded();
                }
                Next::EndOfData => self.finish_content().await,
                Next::StartTls => {
                    self.flush(self.session.time_limit()).await?;
                    Box::pin(self.shake_hands()).await?;
                    self.session.tls_started();
                    // RFC 3207 §4.2: whoever signed in before TLS is a stranger again.
                    self.guest = welcome(&self.shared, self.entrance, &self.client);
                    if matches!(self.guest, Guest::Stranger | Guest::Peer) {
                        self.seat.doubt();
                    }
                    self.heed_line_endings();
                }
                Next::Close => return Box::pin(self.part()).await,
            }
        }
    }

    /// Writes the replies that have gathered, then reads.
    async fn exchange(&mut self, stopping: Pin<&mut impl Future<Output = ()>>) -> Result<(), Ended> {
        self.end_discarded();
        if !self.output.is_empty() {
            self.flush(self.session.time_limit()).await?;
        }
        self.set_deadline();
        let room = match &self.receiving {
            Receiving::Nothing if self.input.is_empty() => COMMAND_ROOM,
            Receiving::Nothing => COMMAND_ROOM / 4,
            _ => self.content_room,
        };
        let buffer = self.input.room(room);
        let spare = buffer.capacity() - buffer.len();
        // Within a content the stop waits for the end of the message, and within a chunk for its end.
        let heed = !self.session.is_in_content();
        let read = {
            let reading = first_of(self.stream.read_buf(buffer), stopping, heed);
            self.timer.bound(reading).await
        };
        match read {
            Some(Some(Ok(0) | Err(_))) => Err(Ended::Gone),
            Some(Some(Ok(count))) => {
                self.note_read(count, spare);
                Ok(())
            }
            Some(None) => {
                self.session.shutting_down(&mut self.output);
                Ok(())
            }
            None => {
                self.receiving = Receiving::Nothing;
                self.session.timed_out(&mut self.output);
                Ok(())
            }
        }
    }

    fn note_read(&mut self, count: usize, spare: usize) {
        self.unread = self.input.len();
        if !matches!(self.receiving, Receiving::Nothing) {
            self.pace.bytes = self.pace.bytes.saturating_add(count as u64);
            if count == spare {
                self.content_room = (self.content_room * 2).min(MAX_CONTENT_ROOM);
            }
        }
    }

    /// Sets how long the next read may take. For commands the time counts from the last whole
    /// command: a client that sends a byte now and then gains nothing. For content it counts from
    /// the last bytes, and a least speed over the whole bounds it.
    fn set_deadline(&mut self) {
        let limits = &self.shared.limits;
        let mut limit = self.session.time_limit();
        if self.shared.is_crowded() {
            limit = limit.min(limits.crowded_time_limit);
        }
        if !matches!(self.receiving, Receiving::Nothing) {
            self.timer.restart_by(limit, self.pace.due(limits));
        } else if let Some(since) = self.seat.stranger_since() {
            if self.unread == 0 || self.input.len() < self.unread {
                self.timer.restart_by(limit, since + limits.stranger_time_limit);
            }
        } else if self.unread == 0 || self.input.len() < self.unread {
            self.timer.restart(limit);
        }
    }

    async fn flush(&mut self, limit: Duration) -> Result<(), Ended> {
        self.timer.restart(limit);
        let Self { stream, output, timer, .. } = self;
        let writing = async {
            stream.write_all(output).await?;
            stream.flush().await
        };
        match timer.bound(writing).await {
            Some(written) => written?,
            None => return Err(Ended::Gone),
        }
        self.output.clear();
        Ok(())
    }

    async fn shake_hands(&mut self) -> Result<(), Ended> {
        let tcp = self.stream.take_plain()?;
        let acceptor = TlsAcceptor::from(Arc::clone(&self.shared.tls.config));
        self.timer.restart(self.shared.limits.handshake_time_limit);
        let shaken = self.timer.bound(acceptor.accept(tcp)).await;
        let tls = shaken.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())).map_err(Ended::Tls)?;
        self.stream = Stream::Tls(Box::new(tls.into()));
        self.client.tls = true;
        Ok(())
    }

    async fn sign_in(&mut self, attempt: SignIn) {
        self.introduce();
        let limit = self.shared.limits.sign_in_time_limit;
        // While a password is looked at, it is this server that lets the client wait.
        self.seat.keep();
        let asked = tokio::time::timeout(limit, self.shared.door.sign_in(&self.client, attempt)).await;
        let answer = asked.unwrap_or_else(|_| {
            // RFC 4954 §4: 454 is a failure of the server's, and says nothing about the password.
            Err(refusal(454, (4, 7, 0), "Signing in takes too long now, try again later"))
        });
        let named = answer.map(|visitor| {
            let name = visitor.name.clone();
            self.guest = Guest::Known(visitor);
            name
        });
        match named {
            Ok(_) => self.seat.remember(),
            Err(_) => self.seat.doubt(),
        }
        self.heed_line_endings();
        self.session.signed_in(named, &mut self.output);
    }

    /// The user of this machine whom nobody has been asked about yet.
    const fn unknown_user(&self) -> Option<u32> {
        match (&self.guest, self.client.origin) {
            (Guest::Stranger, Origin::Local { uid }) => Some(uid),
            _ => None,
        }
    }

    async fn identify(&mut self, uid: u32) -> Result<(), Reply> {
        let limit = self.shared.limits.sign_in_time_limit;
        let asked = tokio::time::timeout(limit, self.shared.door.local(uid)).await;
        let late =
            || Err(refusal(451, (4, 3, 0), "Finding out who sends takes too long now, try again later"));
        self.guest = Guest::Known(asked.unwrap_or_else(|_| late())?);
        self.heed_line_endings();
        Ok(())
    }

    fn judge_sender(&mut self, mail: &MailFrom) -> Result<(), Reply> {
        self.declared_size = mail.size.unwrap_or(0);
        let needs_tls = self.entrance == Entrance::Port(ListenerKind::StartTls) && !self.client.tls;
        match &self.guest {
            Guest::Stranger => Err(self.stranger()),
            Guest::Known(_) if needs_tls => {
                // RFC 3207 §4.
                Err(refusal(530, (5, 7, 0), "Must issue a STARTTLS command first"))
            }
            Guest::Known(visitor) => self.shared.door.sender(visitor, &mail.path, mail.size),
            Guest::Peer => {
                self.introduce();
                self.shared.door.peer_sender(&self.client, &mail.path, mail.size)
            }
        }
    }

    fn judge_recipient(&self, address: &Address) -> Result<(), Reply> {
        match &self.guest {
            Guest::Stranger => Err(self.stranger()),
            Guest::Known(visitor) => self.shared.door.recipient(visitor, address),
            Guest::Peer => self.shared.door.peer_recipient(&self.client, address),
        }
    }

    /// RFC 4954 §6: 530 5.7.0 asks to sign in; the text says how, here and now.
    fn stranger(&self) -> Reply {
        let text = if self.client.tls {
            "Authentication required: sign in with your login and password"
        } else {
            "Authentication required: use STARTTLS, then sign in with your login and password"
        };
        refusal(530, (5, 7, 0), text)
    }

    /// Brings what the door sees of the client up to date.
    fn introduce(&mut self) {
        let helo = self.session.helo().unwrap_or_default();
        if self.client.helo != helo {
            self.client.helo = helo.to_owned();
        }
        if self.entrance != Entrance::Local {
            self.client.protocol = self.session.protocol();
        }
    }

    fn begin_content(&mut self) {
        self.introduce();
        let intake = match &self.guest {
            Guest::Stranger => Err(self.stranger()),
            Guest::Known(visitor) => self.shared.door.intake(visitor, &self.client),
            Guest::Peer => self.shared.door.peer_intake(&self.client),
        };
        let answer = intake.map(|intake| {
            self.receiving = Receiving::Kept(intake);
            self.pace = Pace { began: Instant::now(), bytes: 0 };
            // What the client declared is a hint and no promise: it never reserves more than a chunk.
            let declared = usize::try_from(self.declared_size).unwrap_or(usize::MAX);
            self.content = Vec::with_capacity(declared.saturating_add(512).clamp(4096, CONTENT_CHUNK_BYTES));
        });
        self.session.answer(answer, &mut self.output);
    }

    async fn take_chunk(&mut self) {
        let Receiving::Kept(intake) = &mut self.receiving else {
            self.content.clear();
            return;
        };
        let next = Vec::with_capacity(CONTENT_CHUNK_BYTES + MAX_CONTENT_ROOM);
        let chunk = std::mem::replace(&mut self.content, next);
        if let Err(reply) = intake.append(chunk).await {
            // Dropping the intake removes what it had stored.
            self.receiving = Receiving::Refused(reply);
        }
    }

    async fn finish_content(&mut self) {
        let envelope = self.session.take_envelope();
        let last = std::mem::take(&mut self.content);
        let answer = match std::mem::replace(&mut self.receiving, Receiving::Nothing) {
            Receiving::Kept(intake) => intake.finish(envelope, last).await,
            Receiving::Refused(reply) => Err(reply),
            // The session never comes here with these; nothing was kept, so nothing is promised.
            Receiving::Nothing | Receiving::Discarded => {
                Err(refusal(451, (4, 3, 0), "The message was not taken, try again later"))
            }
        };
        self.end_content();
        self.session.finish(answer, &mut self.output);
    }

    /// A content that was thrown away has come to its end.
    fn end_discarded(&mut self) {
        if matches!(self.receiving, Receiving::Discarded) && !self.session.is_in_content() {
            self.end_content();
        }
    }

    fn end_content(&mut self) {
        self.receiving = Receiving::Nothing;
        if self.content_room > FIRST_CONTENT_ROOM {
            self.content_room = FIRST_CONTENT_ROOM;
            self.input.release();
        }
    }

    /// Says the last words. Closing a socket with unread bytes resets the connection and may take
    /// the last reply with it: what the client is still sending is read for a moment.
    async fn part(&mut self) -> Result<(), Ended> {
        self.flush(LAST_REPLY_LIMIT).await?;
        self.input = Input::new();
        self.timer.restart(FAREWELL_LIMIT);
        let Self { stream, timer, .. } = self;
        let leaving = async {
            stream.shutdown().await?;
            let mut waste = Vec::with_capacity(COMMAND_ROOM);
            let mut left = FAREWELL_BYTES;
            while left > 0 {
                waste.clear();
                match stream.read_buf(&mut waste).await? {
                    0 => break,
                    count => left = left.saturating_sub(count),
                }
            }
            Ok::<(), io::Error>(())
        };
        // Whether the client waited for the end makes no difference to anyone now.
        let _ = timer.bound(leaving).await;
        Ok(())
    }
}

/// The result of `reading`, or `None` when the stop is heeded and comes first.
async fn first_of<T>(
    reading: impl Future<Output = T>,
    mut stopping: Pin<&mut impl Future<Output = ()>>,
    heed: bool,
) -> Option<T> {
    let mut reading = std::pin::pin!(reading);
    std::future::poll_fn(|cx| {
        if let std::task::Poll::Ready(read) = reading.as_mut().poll(cx) {
            return std::task::Poll::Ready(Some(read));
        }
        if heed { stopping.as_mut().poll(cx).map(|()| None) } else { std::task::Poll::Pending }
    })
    .await
}

/// Who a client is before it has said a word, and again after STARTTLS.
fn welcome(shared: &Serve, entrance: Entrance, client: &Client) -> Guest {
    match (entrance, client.origin.ip()) {
        (Entrance::Port(ListenerKind::Mx), _) => Guest::Peer,
        (Entrance::Port(_), Some(ip)) => shared.door.network_site(ip).map_or(Guest::Stranger, Guest::Known),
        (Entrance::Port(_), None) | (Entrance::Local, _) => Guest::Stranger,
    }
}
