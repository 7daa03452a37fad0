//! The client's end: a dialogue with another server, over a [`Transport`] that somebody else dialled.
//!
//! Plain `async fn`s in the order in which a delivery calls them: [`Client::greet`],
//! [`Client::hello`], [`Client::start_tls`] and [`Client::hello`] again, [`Client::sign_in`],
//! [`Client::send`] as often as wanted, [`Client::quit`]. Every error is an [`Evidence`]. Nothing is
//! tried again here, and nothing is decided: whether to go on without TLS is the caller's affair.

mod extensions;
mod send;

pub use extensions::Extensions;
pub use send::Outgoing;

use crate::Input;
use crate::reply::{ReplyReader, strange};
use crate::sasl;
use crate::transport::Transport;
use mail::{
    Dialogue, Evidence, Reply, ReversePath, Secret, Seen, Severity, Speaker, Stage, Timestamp, TlsFacts,
};
use std::fmt::Write as _;
use std::time::Duration;

/// How long the greeting and the reply to a command may take (RFC 5321 §4.5.3.2.1 to 3).
const COMMAND_TIME_LIMIT: Duration = Duration::from_secs(300);
/// How long the reply to DATA may take (RFC 5321 §4.5.3.2.4).
const DATA_TIME_LIMIT: Duration = Duration::from_secs(120);
/// How long one piece of content may take to be written (RFC 5321 §4.5.3.2.5).
const CONTENT_TIME_LIMIT: Duration = Duration::from_secs(180);
/// How long the reply to the end of data may take (RFC 5321 §4.5.3.2.6): a server that stores the
/// message and is then given up sends it a second time.
const END_TIME_LIMIT: Duration = Duration::from_secs(600);
/// How long a reply may take in all, however often a piece of it comes: twice what a tarpit needs that says one
/// character a second, and still an end.
const REPLY_TIME_LIMIT_MS: i64 = 1_200_000;
/// How long a farewell, or the last words of a server that hung up, may take. Nothing depends on them.
const LAST_WORDS_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How many bytes are asked for at a time: replies are short.
const READ_BYTES: usize = 2_048;
/// The longest AUTH line with an initial response; RFC 4954 §4 keeps it within the 512 bytes of a
/// command line, and a longer response waits for the server's 334.
const MAX_INITIAL_RESPONSE_BYTES: usize = 490;

/// An SMTP client's side of one connection.
#[derive(Debug)]
pub struct Client {
    dialogue: Dialogue,
    extensions: Extensions,
    input: Input,
    replies: ReplyReader,
    /// Commands on their way, kept for its memory.
    commands: Vec<u8>,
    /// A line of the dialogue, kept for its memory.
    line: String,
    /// A transaction was left open on the server: RSET goes before the next MAIL.
    needs_reset: bool,
    /// The transaction that is being opened is one with SMTPUTF8.
    utf8: bool,
    /// How many transactions were begun.
    mails: usize,
}

impl Client {
    /// A client whose dialogue begins at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            dialogue: Dialogue::new(now),
            extensions: Extensions::default(),
            input: Input::new(),
            replies: ReplyReader::default(),
            commands: Vec::new(),
            line: String::new(),
            needs_reset: false,
            utf8: false,
            mails: 0,
        }
    }

    /// Waits for the server's greeting.
    pub async fn greet(&mut self, t: &mut dyn Transport) -> Result<Reply, Evidence> {
        t.set_time_limit(COMMAND_TIME_LIMIT);
        let reply = self.reply(t, Stage::Greeting).await?;
        self.positive(t, Stage::Greeting, reply)
    }

    /// Introduces us by EHLO, or by HELO to a server that does not know EHLO, and learns what it offers.
    pub async fn hello(&mut self, t: &mut dyn Transport, our_name: &str) -> Result<(), Evidence> {
        self.extensions = Extensions::default();
        let reply = self.command(t, Stage::Ehlo, &format!("EHLO {our_name}")).await?;
        // RFC 5321 §3.2: only a permanent refusal says that EHLO is not known.
        if reply.severity() != Severity::Permanent {
            let reply = self.positive(t, Stage::Ehlo, reply)?;
            self.extensions = Extensions::of_lines(reply.lines.get(1..).unwrap_or_default());
            return Ok(());
        }
        let reply = self.command(t, Stage::Ehlo, &format!("HELO {our_name}")).await?;
        self.positive(t, Stage::Ehlo, reply).map(drop)
    }

    /// Starts TLS by STARTTLS. What the server offered before is forgotten: [`Client::hello`] must follow.
    pub async fn start_tls(&mut self, t: &mut dyn Transport) -> Result<TlsFacts, Evidence> {
        if !self.extensions.starttls {
            return Err(self.not_offered(t, Stage::StartTls, "STARTTLS"));
        }
        let reply = self.command(t, Stage::StartTls, "STARTTLS").await?;
        self.positive(t, Stage::StartTls, reply)?;
        if !self.input.is_empty() {
            // What came behind the 220 came without TLS: somebody on the line put it there, to be taken
            // for a reply under TLS (RFC 3207 §6, CVE-2011-0411 the other way round).
            let seen = Seen::Injected { text: strange(self.input.bytes()) };
            self.input.clear();
            return Err(self.fault(t, Stage::StartTls, seen));
        }
        self.extensions = Extensions::default();
        self.replies = ReplyReader::default();
        let started = t.start_tls().await;
        let facts = started.map_err(|seen| self.fault(t, Stage::Tls, seen))?;
        self.line.clear();
        let _ = write!(self.line, "{} with {}", facts.version, facts.cipher);
        self.dialogue.push(t.now(), Speaker::Note, &self.line);
        Ok(facts)
    }

    /// Signs in, by PLAIN if it is offered, else by LOGIN. The dialogue never shows the secret.
    pub async fn sign_in(
        &mut self,
        t: &mut dyn Transport,
        login: &str,
        password: &Secret,
    ) -> Result<(), Evidence> {
        let reply = if self.extensions.offers_auth("PLAIN") {
            self.auth_plain(t, &sasl::plain(login, password)).await?
        } else if self.extensions.offers_auth("LOGIN") {
            self.auth_login(t, &sasl::login(login, password)).await?
        } else {
            return Err(self.not_offered(t, Stage::Auth, "AUTH PLAIN/LOGIN"));
        };
        if reply.severity() == Severity::Intermediate {
            // The server asks for more than the mechanism has: the exchange is taken back (RFC 4954 §4).
            let reply = self.secret_line(t, "*", "*").await?;
            return Err(self.fault(t, Stage::Auth, Seen::Reply { reply }));
        }
        self.positive(t, Stage::Auth, reply).map(drop)
    }

    async fn auth_plain(&mut self, t: &mut dyn Transport, response: &Secret) -> Result<Reply, Evidence> {
        if response.reveal().len() > MAX_INITIAL_RESPONSE_BYTES {
            let reply = self.command(t, Stage::Auth, "AUTH PLAIN").await?;
            return self.auth_response(t, reply, response).await;
        }
        let line = Secret::new(format!("AUTH PLAIN {}", response.reveal()));
        let reply = self.secret_line(t, line.reveal(), "AUTH PLAIN …").await?;
        // Some servers ask again although the response came with the command.
        self.auth_response(t, reply, response).await
    }

    async fn auth_login(
        &mut self,
        t: &mut dyn Transport,
        [login, password]: &[Secret; 2],
    ) -> Result<Reply, Evidence> {
        // The prompts are not read: servers word them as they like, the order is always the same.
        let reply = self.command(t, Stage::Auth, "AUTH LOGIN").await?;
        let reply = self.auth_response(t, reply, login).await?;
        self.auth_response(t, reply, password).await
    }

    /// Sends a response if the server asks for one.
    async fn auth_response(
        &mut self,
        t: &mut dyn Transport,
        reply: Reply,
        response: &Secret,
    ) -> Result<Reply, Evidence> {
        if reply.severity() != Severity::Intermediate {
            return Ok(reply);
        }
        self.secret_line(t, response.reveal(), "…").await
    }

    /// Asks whether mail of this sender would be taken, and takes the question back: nothing is sent.
    pub async fn ask_for_sender(
        &mut self,
        t: &mut dyn Transport,
        sender: &ReversePath,
    ) -> Result<(), Evidence> {
        let reply = self.command(t, Stage::Mail, &format!("MAIL FROM:<{sender}>")).await?;
        self.positive(t, Stage::Mail, reply)?;
        self.reset(t).await
    }

    /// Ends an open transaction.
    pub async fn reset(&mut self, t: &mut dyn Transport) -> Result<(), Evidence> {
        let reply = self.command(t, Stage::Mail, "RSET").await?;
        self.positive(t, Stage::Mail, reply)?;
        self.needs_reset = false;
        Ok(())
    }

    /// Says goodbye. What comes of it does not matter, and it does not take long.
    pub async fn quit(&mut self, t: &mut dyn Transport) {
        t.set_time_limit(LAST_WORDS_TIME_LIMIT);
        self.dialogue.push(t.now(), Speaker::Us, "QUIT");
        if t.write(&[b"QUIT\r\n"]).await.is_ok() {
            let _ = self.read_reply(t).await;
        }
    }

    /// What was said so far.
    pub const fn dialogue(&self) -> &Dialogue {
        &self.dialogue
    }

    /// Writes what no line says into the dialogue.
    pub fn note(&mut self, now: Timestamp, text: &str) {
        self.dialogue.push(now, Speaker::Note, text);
    }

    /// What was said so far, taken away: a new dialogue begins at `now`.
    pub fn take_dialogue(&mut self, now: Timestamp) -> Dialogue {
        std::mem::replace(&mut self.dialogue, Dialogue::new(now))
    }

    /// Whether the server takes no more transactions on this connection (MAILMAX, RFC 9422 §4.1).
    pub fn is_spent(&self) -> bool {
        self.extensions.mail_max.is_some_and(|most| self.mails >= most)
    }

    /// What the server offers.
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Sends one command and waits for its reply.
    async fn command(
        &mut self,
        t: &mut dyn Transport,
        stage: Stage,
        command: &str,
    ) -> Result<Reply, Evidence> {
        t.set_time_limit(COMMAND_TIME_LIMIT);
        self.dialogue.push(t.now(), Speaker::Us, command);
        self.write(t, stage, &[command.as_bytes(), b"\r\n"]).await?;
        self.reply(t, stage).await
    }

    /// Sends one line of which the dialogue sees something else.
    async fn secret_line(
        &mut self,
        t: &mut dyn Transport,
        line: &str,
        shown: &str,
    ) -> Result<Reply, Evidence> {
        t.set_time_limit(COMMAND_TIME_LIMIT);
        self.dialogue.push(t.now(), Speaker::Us, shown);
        self.write(t, Stage::Auth, &[line.as_bytes(), b"\r\n"]).await?;
        self.reply(t, Stage::Auth).await
    }

    async fn write(&mut self, t: &mut dyn Transport, stage: Stage, parts: &[&[u8]]) -> Result<(), Evidence> {
        match t.write(parts).await {
            Ok(()) => Ok(()),
            Err(seen) => Err(self.last_words(t, stage, seen).await),
        }
    }

    /// A server that cuts the connection while we write has often said why: its words tell people
    /// more than a lost connection does.
    async fn last_words(&mut self, t: &mut dyn Transport, stage: Stage, seen: Seen) -> Evidence {
        if matches!(seen, Seen::Dropped | Seen::Io { .. }) {
            t.set_time_limit(LAST_WORDS_TIME_LIMIT);
            while let Ok(reply) = self.read_reply(t).await {
                if matches!(reply.severity(), Severity::Transient | Severity::Permanent) {
                    return self.fault(t, stage, Seen::Reply { reply });
                }
            }
        }
        self.fault(t, stage, seen)
    }

    /// Waits for a reply. A 421 is an error at every step, since the server closes behind it.
    async fn reply(&mut self, t: &mut dyn Transport, stage: Stage) -> Result<Reply, Evidence> {
        match self.read_reply(t).await {
            Ok(reply) if reply.code.get() == 421 => Err(self.fault(t, stage, Seen::Reply { reply })),
            Ok(reply) => Ok(reply),
            Err(seen) => Err(self.fault(t, stage, seen)),
        }
    }

    async fn read_reply(&mut self, t: &mut dyn Transport) -> Result<Reply, Seen> {
        let began = t.now();
        loop {
            if let Some(reply) = self.replies.read(&mut self.input)? {
                self.note_reply(t.now(), &reply);
                return Ok(reply);
            }
            // The limit of a read counts anew with every byte: a server that says one now and then would hold the
            // connection, and a place in the queue, for days.
            if t.now().since_ms(began) > REPLY_TIME_LIMIT_MS {
                return Err(Seen::Timeout { after_ms: REPLY_TIME_LIMIT_MS.unsigned_abs() });
            }
            if t.read(self.input.room(READ_BYTES)).await? == 0 {
                return Err(Seen::Dropped);
            }
        }
    }

    fn note_reply(&mut self, now: Timestamp, reply: &Reply) {
        let last = reply.lines.len().saturating_sub(1);
        for (number, text) in reply.lines.iter().enumerate() {
            self.line.clear();
            let separator = if number < last { '-' } else { ' ' };
            let _ = write!(self.line, "{}{separator}", reply.code);
            if let Some(enhanced) = reply.enhanced {
                let _ = write!(self.line, "{enhanced} ");
            }
            self.line.push_str(text);
            self.dialogue.push(now, Speaker::Them, self.line.trim_end());
        }
    }

    fn positive(&mut self, t: &dyn Transport, stage: Stage, reply: Reply) -> Result<Reply, Evidence> {
        if reply.is_positive() { Ok(reply) } else { Err(self.fault(t, stage, Seen::Reply { reply })) }
    }

    fn not_offered(&mut self, t: &dyn Transport, stage: Stage, what: &str) -> Evidence {
        self.fault(t, stage, Seen::NotOffered { what: what.to_owned() })
    }

    /// Makes the evidence. What is no reply is noted in the dialogue, which would otherwise just stop.
    fn fault(&mut self, t: &dyn Transport, stage: Stage, seen: Seen) -> Evidence {
        let evidence = Evidence { at: t.now(), stage, peer: Some(t.peer()), seen };
        if evidence.reply().is_none() {
            self.dialogue.push(evidence.at, Speaker::Note, &evidence.to_string());
        }
        evidence
    }
}
