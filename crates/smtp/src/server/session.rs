//! The session: the order of commands, and everything that is refused without asking anyone.

mod chunks;

use super::reading::{Reading, Step};
use super::{AuthOffer, CONTENT_CHUNK_BYTES, Next, SessionConfig, SignIn};
use crate::command::{self, Chunk, Command, Forward, MailFrom, RcptTo};
use crate::lines::{self, Line};
use crate::reply::{write_error, write_paged};
use crate::sasl::{self, Credentials, LOGIN_PROMPTS, Mechanism};
use crate::{Error, Input};
use chunks::Incoming;
use mail::{Address, BodyType, Envelope, HeaderScan, Hold, LineEndings, Recipient, Reply, xtext};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// How many bytes of an overlong line are passed over in search of its end before the connection is
/// given up: a peer that sends more than that in one line does not speak SMTP.
const MAX_SKIPPED_BYTES: usize = 64 * 1024;

/// Where the session stands.
#[derive(Debug)]
enum State {
    /// A command comes next.
    Command,
    /// An answer of the client within AUTH comes next.
    Auth(AuthStep),
    /// The driver was asked something.
    Asked(Question),
    /// Content comes next.
    Content,
    /// A chunk comes next.
    Chunk(Incoming),
    /// The TLS handshake comes next.
    StartTls,
    /// Nothing comes any more.
    Closed,
}

#[derive(Debug)]
enum AuthStep {
    Plain,
    LoginName,
    LoginPassword { login: String },
}

#[derive(Debug)]
enum Question {
    SignIn,
    Mail(MailFrom),
    Recipient(Recipient),
    Data,
    Chunk(Chunk),
    Message,
}

/// How the client introduced itself.
#[derive(Debug)]
struct Hello {
    name: String,
    extended: bool,
}

/// An SMTP server's side of one connection, without the connection. See the module's words.
#[derive(Debug)]
pub struct Session {
    config: Arc<SessionConfig>,
    state: State,
    tls: bool,
    hello: Option<Hello>,
    signed_in_as: Option<String>,
    /// The open transaction.
    envelope: Option<Envelope>,
    smtputf8: bool,
    /// MAIL was just refused by the driver, or a chunk was: what the client had pipelined behind it is refused,
    /// too, and is no new mistake.
    mail_refused: bool,
    /// What is done with line ends that are none.
    line_endings: LineEndings,
    reading: Reading,
    /// The driver holds the beginning of a message that comes in chunks.
    chunks_begun: bool,
    /// That beginning is worth nothing any more, and the driver must be told.
    discard_due: bool,
    /// How much of a refused chunk was passed over so far.
    wasted: u64,
    /// How much of an overlong line was passed over so far.
    skipped: Option<usize>,
    errors: u32,
    idle_commands: u32,
    sign_in_failures: u32,
}

impl Session {
    /// A session that begins, with TLS on already when the port starts with it (RFC 8314 §3.3).
    pub fn new(config: Arc<SessionConfig>, tls_already: bool) -> Self {
        Self {
            config,
            state: State::Command,
            tls: tls_already,
            hello: None,
            signed_in_as: None,
            envelope: None,
            smtputf8: false,
            mail_refused: false,
            line_endings: LineEndings::Strict,
            reading: Reading::default(),
            chunks_begun: false,
            discard_due: false,
            wasted: 0,
            skipped: None,
            errors: 0,
            idle_commands: 0,
            sign_in_failures: 0,
        }
    }

    /// Writes the greeting (RFC 5321 §4.3.1).
    pub fn greeting(&mut self, output: &mut Vec<u8>) {
        let _ = write!(output, "220 {} ESMTP\r\n", self.config.host_name.as_ascii());
    }

    /// Goes on as far as the input allows.
    pub fn next(&mut self, input: &mut Input, output: &mut Vec<u8>, content: &mut Vec<u8>) -> Next {
        loop {
            if std::mem::take(&mut self.discard_due) {
                content.clear();
                return Next::Discard;
            }
            if let Some(next) = self.step(input, output, content) {
                return next;
            }
        }
    }

    fn step(&mut self, input: &mut Input, output: &mut Vec<u8>, content: &mut Vec<u8>) -> Option<Next> {
        match &self.state {
            State::Closed => Some(Next::Close),
            State::StartTls => Some(Next::StartTls),
            State::Content => self.content(input, output, content),
            State::Command | State::Auth(_) => self.line(input, output),
            State::Chunk(_) | State::Asked(_) => match std::mem::replace(&mut self.state, State::Command) {
                State::Chunk(chunk) => self.chunk(chunk, input, output, content),
                _ => {
                    // A driver that asks for more without having answered would hang its client for ever.
                    self.forget_transaction();
                    write_error(Error::NoAnswer, self.config.pages.as_ref(), output);
                    None
                }
            },
        }
    }

    /// Says what is done with line ends that are none, from here on, once it is known whose connection this is.
    pub const fn set_line_endings(&mut self, line_endings: LineEndings) {
        self.line_endings = line_endings;
    }

    /// The answer to [`Next::Mail`], [`Next::Recipient`] and [`Next::Data`]. A 421 ends the session.
    pub fn answer(&mut self, answer: Result<(), Reply>, output: &mut Vec<u8>) {
        let State::Asked(question) = std::mem::replace(&mut self.state, State::Command) else { return };
        if let Question::Chunk(chunk) = question {
            return self.chunk_answered(chunk, answer);
        }
        if let Err(reply) = answer {
            self.mail_refused = matches!(question, Question::Mail(_));
            return self.say(&reply, output);
        }
        match question {
            Question::Mail(mail) => {
                self.smtputf8 = mail.smtputf8;
                self.envelope = Some(Envelope {
                    from: mail.path,
                    recipients: Vec::new(),
                    body: if mail.smtputf8 { BodyType::Utf8 } else { mail.body },
                    envid: mail.envid,
                    ret: mail.ret,
                    hold: mail.hold,
                });
                output.extend_from_slice(b"250 2.1.0 Ok\r\n");
            }
            Question::Recipient(recipient) => {
                if let Some(envelope) = &mut self.envelope {
                    envelope.recipients.push(recipient);
                }
                output.extend_from_slice(b"250 2.1.5 Ok\r\n");
            }
            Question::Data => {
                self.reading = Reading::dotted(self.line_endings);
                self.state = State::Content;
                output.extend_from_slice(b"354 End data with <CR><LF>.<CR><LF>\r\n");
            }
            Question::SignIn | Question::Message | Question::Chunk(_) => self.state = State::Asked(question),
        }
    }

    /// The answer to [`Next::SignIn`]: who it is, for the log and the `Received:` line, or a refusal.
    pub fn signed_in(&mut self, answer: Result<String, Reply>, output: &mut Vec<u8>) {
        if !matches!(self.state, State::Asked(Question::SignIn)) {
            return;
        }
        self.state = State::Command;
        match answer {
            Ok(who) => {
                self.signed_in_as = Some(who);
                output.extend_from_slice(b"235 2.7.0 Authentication successful\r\n");
            }
            Err(reply) => {
                self.sign_in_failures += 1;
                if self.sign_in_failures >= self.config.max_sign_in_failures {
                    // The reply is the driver's own, so that the client shows why; then the end.
                    write_paged(&reply, self.config.pages.as_ref(), output);
                    self.state = State::Closed;
                } else {
                    self.say(&reply, output);
                }
            }
        }
    }

    /// The answer to [`Next::EndOfData`].
    pub fn finish(&mut self, answer: Result<Reply, Reply>, output: &mut Vec<u8>) {
        if !matches!(self.state, State::Asked(Question::Message)) {
            return;
        }
        // The envelope is forgotten before the reply is written: a client may pipeline its next
        // MAIL behind the final dot, and must not inherit these recipients.
        self.forget_transaction();
        self.state = State::Command;
        let (Ok(reply) | Err(reply)) = answer;
        if reply.is_positive() {
            self.idle_commands = 0;
        }
        self.say(&reply, output);
    }

    /// The handshake of [`Next::StartTls`] succeeded. Everything said before is forgotten (RFC 3207
    /// §4.2): an attacker on the line could have said it.
    pub fn tls_started(&mut self) {
        if matches!(self.state, State::StartTls) {
            self.tls = true;
            self.state = State::Command;
            self.hello = None;
            self.signed_in_as = None;
            self.forget_transaction();
        }
    }

    /// The client said nothing within [`Session::time_limit`]: writes 421 and ends the session.
    pub fn timed_out(&mut self, output: &mut Vec<u8>) {
        self.end(Error::TimedOut, output);
    }

    /// This server stops: writes 421 and ends the session (RFC 5321 §3.8).
    pub fn shutting_down(&mut self, output: &mut Vec<u8>) {
        self.end(Error::ShuttingDown, output);
    }

    fn end(&mut self, error: Error, output: &mut Vec<u8>) {
        if !matches!(self.state, State::Closed) {
            write_error(error, self.config.pages.as_ref(), output);
            self.state = State::Closed;
        }
    }

    /// Whether what comes next is content, and no command.
    pub const fn is_in_content(&self) -> bool {
        matches!(self.state, State::Content | State::Chunk(_))
    }

    /// How long the client may take until its next bytes.
    pub fn time_limit(&self) -> Duration {
        match self.state {
            State::Content | State::Chunk(_) => self.config.content_time_limit,
            _ => self.config.command_time_limit,
        }
    }

    /// What the client called itself.
    pub fn helo(&self) -> Option<&str> {
        self.hello.as_ref().map(|hello| hello.name.as_str())
    }

    /// The protocol's name for the `Received:` line (RFC 3848, RFC 6531 §4.3).
    pub fn protocol(&self) -> &'static str {
        let extended = self.hello.as_ref().is_some_and(|hello| hello.extended);
        match (extended, self.smtputf8, self.tls, self.is_signed_in()) {
            (false, ..) => "SMTP",
            (true, false, false, false) => "ESMTP",
            (true, false, true, false) => "ESMTPS",
            (true, false, false, true) => "ESMTPA",
            (true, false, true, true) => "ESMTPSA",
            (true, true, false, false) => "UTF8SMTP",
            (true, true, true, false) => "UTF8SMTPS",
            (true, true, false, true) => "UTF8SMTPA",
            (true, true, true, true) => "UTF8SMTPSA",
        }
    }

    /// Whether TLS is on.
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether the client signed in.
    pub const fn is_signed_in(&self) -> bool {
        self.signed_in_as.is_some()
    }

    /// Who signed in, in the driver's words.
    pub fn signed_in_as(&self) -> Option<&str> {
        self.signed_in_as.as_deref()
    }

    /// Whether the client asked for SMTPUTF8 for the open transaction.
    pub const fn is_smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// The open transaction.
    pub const fn envelope(&self) -> Option<&Envelope> {
        self.envelope.as_ref()
    }

    /// The transaction's envelope, taken away. Empty when there is none.
    pub fn take_envelope(&mut self) -> Envelope {
        self.envelope.take().unwrap_or_default()
    }

    /// What is known of the header of the content that is coming, or came last.
    pub const fn header(&self) -> &HeaderScan {
        self.reading.header()
    }

    /// The size of the content that is coming, or came last.
    pub const fn content_bytes(&self) -> u64 {
        self.reading.bytes()
    }

    fn content(&mut self, input: &mut Input, output: &mut Vec<u8>, content: &mut Vec<u8>) -> Option<Next> {
        match self.reading.read(input, content, &self.config) {
            Step::More if content.len() >= CONTENT_CHUNK_BYTES => Some(Next::Content),
            Step::More => Some(Next::Input),
            Step::Refused => Some(Next::Discard),
            Step::End => {
                self.state = State::Asked(Question::Message);
                Some(Next::EndOfData)
            }
            Step::RefusedAtEnd { error, first_told } => {
                self.forget_transaction();
                self.state = State::Command;
                self.refuse(error, output);
                first_told.then_some(Next::Discard)
            }
            Step::Endless { error } => {
                write_error(error, self.config.pages.as_ref(), output);
                self.state = State::Closed;
                None
            }
        }
    }

    /// Reads one line, and acts on it.
    fn line(&mut self, input: &mut Input, output: &mut Vec<u8>) -> Option<Next> {
        let bytes = input.bytes();
        let in_auth = matches!(self.state, State::Auth(_)) || starts_like_auth(bytes);
        let limit = if in_auth { self.config.max_auth_line_bytes } else { self.config.max_command_bytes };
        let too_long = if in_auth { Error::AuthLineTooLong } else { Error::LineTooLong };
        let Some(Line { text: line, length, is_bare }) = lines::first(bytes) else {
            if self.skipped.is_some() || bytes.len() >= limit {
                self.skip(too_long, input, output);
            }
            return (!matches!(self.state, State::Closed)).then_some(Next::Input);
        };
        if is_bare && self.line_endings == LineEndings::Strict {
            input.clear();
            if self.skipped.take().is_some() {
                // The line has its reply already.
                self.state = State::Closed;
            } else {
                self.refuse(Error::BareLineFeed, output);
            }
            return None;
        }
        let next = if self.skipped.take().is_some() {
            None
        } else if length > limit {
            self.state = State::Command;
            self.refuse(unreadable(line, too_long), output);
            None
        } else {
            let is_last = bytes.len() == length;
            match std::mem::replace(&mut self.state, State::Command) {
                State::Auth(step) => self.auth_answer(step, line, is_last, output),
                _ => self.command(line, is_last, output),
            }
        };
        input.consume(length);
        next
    }

    /// Passes over a line that is too long; the refusal is written once, at once.
    fn skip(&mut self, too_long: Error, input: &mut Input, output: &mut Vec<u8>) {
        // A CR at the end stays: it decides, with the LF that may follow, whether the line ends well.
        let too_long = unreadable(input.bytes(), too_long);
        let keep = usize::from(input.bytes().ends_with(b"\r"));
        let count = input.len() - keep;
        input.consume(count);
        match &mut self.skipped {
            Some(skipped) => *skipped += count,
            None => {
                self.skipped = Some(count);
                self.state = State::Command;
                self.refuse(too_long, output);
            }
        }
        if self.skipped.is_some_and(|skipped| skipped > MAX_SKIPPED_BYTES) {
            // The line has its reply already; another would answer a command that was never sent.
            self.state = State::Closed;
        }
    }

    fn command(&mut self, line: &[u8], is_last: bool, output: &mut Vec<u8>) -> Option<Next> {
        let command = match command::parse(line) {
            Ok(command) => command,
            Err(error) => return self.refuse(error, output),
        };
        // RFC 2920 §3.1 and TLS's own rule: what follows one of these was sent without knowing the
        // reply. Reading it would let an injected or refused content act as commands.
        let ends_group = matches!(
            command,
            Command::Ehlo(_) | Command::Helo(_) | Command::Data | Command::StartTls | Command::Auth { .. }
        );
        if ends_group && !is_last {
            return self.refuse(Error::Pipelined, output);
        }
        match command {
            Command::Mail(mail) => return self.mail(mail, output),
            Command::Rcpt(to) => return self.rcpt(to, output),
            Command::Data => return self.data(output),
            Command::Bdat(chunk) => return self.bdat(chunk),
            Command::Auth { mechanism, initial } => return self.auth(mechanism, initial, output),
            Command::StartTls => return self.start_tls(output),
            Command::Quit => {
                output.extend_from_slice(b"221 2.0.0 Bye\r\n");
                self.state = State::Closed;
                return None;
            }
            _ => {}
        }
        self.idle_commands += 1;
        if self.idle_commands > self.config.max_idle_commands {
            return self.refuse(Error::TooManyIdleCommands, output);
        }
        match command {
            Command::Ehlo(name) => self.hello(name.into_owned(), true, output),
            Command::Helo(name) => self.hello(name.into_owned(), false, output),
            Command::Rset => {
                self.forget_transaction();
                output.extend_from_slice(b"250 2.0.0 Ok\r\n");
            }
            Command::Vrfy => {
                // RFC 5321 §7.3: who exists is told to nobody.
                output.extend_from_slice(b"252 2.0.0 Send some mail, it will be tried\r\n");
            }
            Command::Help => {
                output.extend_from_slice(
                    b"214 2.0.0 EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT STARTTLS AUTH\r\n",
                );
            }
            _ => output.extend_from_slice(b"250 2.0.0 Ok\r\n"),
        }
        None
    }

    fn hello(&mut self, name: String, extended: bool, output: &mut Vec<u8>) {
        // RFC 5321 §4.1.4: EHLO in the middle of a transaction ends it.
        self.forget_transaction();
        self.hello = Some(Hello { name, extended });
        let host = self.config.host_name.as_ascii();
        if !extended {
            let _ = write!(output, "250 {host}\r\n");
            return;
        }
        let _ =
            write!(output, "250-{host}\r\n250-PIPELINING\r\n250-SIZE {}\r\n", self.config.max_message_bytes);
        output.extend_from_slice(b"250-8BITMIME\r\n250-CHUNKING\r\n");
        // RFC 9422 §4: what is refused past it is refused with 452 4.5.3.
        let _ = write!(output, "250-LIMITS RCPTMAX={}\r\n", self.config.max_recipients);
        if self.config.offer_smtputf8 {
            output.extend_from_slice(b"250-SMTPUTF8\r\n");
        }
        if self.config.offer_dsn {
            output.extend_from_slice(b"250-DSN\r\n");
        }
        if let Some(secs) = self.config.max_hold_secs {
            let latest = self.config.clock.now().plus_secs(i64::from(secs)).rfc3339();
            let _ = write!(output, "250-FUTURERELEASE {secs} {latest}\r\n");
        }
        if self.config.offer_starttls && !self.tls {
            output.extend_from_slice(b"250-STARTTLS\r\n");
        }
        if self.auth_refusal().is_none() {
            output.extend_from_slice(b"250-AUTH PLAIN LOGIN\r\n");
        }
        output.extend_from_slice(b"250 ENHANCEDSTATUSCODES\r\n");
    }

    fn mail(&mut self, mail: MailFrom, output: &mut Vec<u8>) -> Option<Next> {
        self.mail_refused = false;
        if self.hello.is_none() {
            return self.refuse(Error::HelloFirst, output);
        }
        if self.envelope.is_some() {
            return self.refuse(Error::NestedMail, output);
        }
        if !self.is_offered(&mail) {
            return self.refuse(Error::UnknownParameter, output);
        }
        if let Err(error) = self.judge_hold(mail.hold) {
            return self.refuse(error, output);
        }
        if mail.size.is_some_and(|size| size > self.config.max_message_bytes) {
            return self.refuse(Error::MessageTooBig, output);
        }
        if !mail.smtputf8 && mail.path.address().is_some_and(|address| !is_ascii(address)) {
            return self.refuse(Error::NeedsUtf8, output);
        }
        self.state = State::Asked(Question::Mail(mail.clone()));
        Some(Next::Mail(mail))
    }

    /// Whether all that MAIL asks for was offered.
    fn is_offered(&self, mail: &MailFrom) -> bool {
        let dsn = mail.ret.is_some() || mail.envid.is_some();
        (self.config.offer_smtputf8 || !mail.smtputf8)
            && (self.config.offer_dsn || !dsn)
            && (self.config.max_hold_secs.is_some() || mail.hold.is_none())
    }

    /// RFC 4865 §5: a time that this server cannot keep is refused, so that nobody waits for it.
    fn judge_hold(&self, hold: Option<Hold>) -> Result<(), Error> {
        let (Some(hold), Some(max_secs)) = (hold, self.config.max_hold_secs) else { return Ok(()) };
        let now = self.config.clock.now();
        let is_too_long = match hold {
            Hold::ForSecs(secs) => secs > max_secs,
            Hold::Until(at) if at <= now => return Err(Error::HoldPast),
            Hold::Until(at) => at > now.plus_secs(i64::from(max_secs)),
        };
        if is_too_long { Err(Error::HoldTooLong { max_secs }) } else { Ok(()) }
    }

    fn rcpt(&mut self, to: RcptTo, output: &mut Vec<u8>) -> Option<Next> {
        let Some(envelope) = &self.envelope else { return self.refuse(Error::MailFirst, output) };
        if self.chunks_begun {
            // RFC 3030 §3: what has begun with BDAT has all its recipients.
            return self.refuse(Error::ChunksBegun, output);
        }
        if envelope.recipients.len() >= self.config.max_recipients {
            // Not counted as a mistake: the client cannot know the limit, and may have pipelined.
            write_error(Error::TooManyRecipients, self.config.pages.as_ref(), output);
            return None;
        }
        let RcptTo { path, notify, orcpt } = to;
        if !self.config.offer_dsn && (notify.is_some() || orcpt.is_some()) {
            return self.refuse(Error::UnknownParameter, output);
        }
        let orcpt = match orcpt {
            // What is kept has seven bits: it goes into reports and to servers that take no others.
            Some(orcpt) if !orcpt.is_ascii() => match xtext::ascii_form(&orcpt).filter(|_| self.smtputf8) {
                Some(ascii) => Some(ascii),
                None => return self.refuse(Error::BadOrcpt, output),
            },
            orcpt => orcpt,
        };
        let address = match path {
            Forward::Address(address) => address,
            Forward::Postmaster => match format!("postmaster@{}", self.config.host_name.as_written()).parse()
            {
                Ok(address) => address,
                Err(_) => return self.refuse(Error::RecipientSyntax, output),
            },
        };
        if !self.smtputf8 && !is_ascii(&address) {
            return self.refuse(Error::NeedsUtf8, output);
        }
        let recipient = Recipient { address: address.clone(), notify, orcpt };
        self.state = State::Asked(Question::Recipient(recipient));
        Some(Next::Recipient(address))
    }

    fn data(&mut self, output: &mut Vec<u8>) -> Option<Next> {
        let Some(envelope) = &self.envelope else { return self.refuse(Error::MailFirst, output) };
        if self.chunks_begun {
            return self.refuse(Error::ChunksBegun, output);
        }
        if envelope.recipients.is_empty() {
            // RFC 5321 §4.1.1.4 lets 503 or 554 be said. Not a mistake when all were refused.
            write_error(Error::NoRecipients, self.config.pages.as_ref(), output);
            return None;
        }
        self.state = State::Asked(Question::Data);
        Some(Next::Data)
    }

    fn start_tls(&mut self, output: &mut Vec<u8>) -> Option<Next> {
        if self.tls || !self.config.offer_starttls {
            return self.refuse(Error::NoStartTls, output);
        }
        output.extend_from_slice(b"220 2.0.0 Ready to start TLS\r\n");
        self.state = State::StartTls;
        None
    }

    /// Why AUTH is not offered now.
    fn auth_refusal(&self) -> Option<Error> {
        match self.config.auth {
            AuthOffer::Never => Some(Error::NoAuth),
            AuthOffer::UnderTls if !self.tls => Some(Error::AuthNeedsTls),
            AuthOffer::UnderTls | AuthOffer::Always => None,
        }
    }

    fn auth(&mut self, mechanism: &[u8], initial: Option<&[u8]>, output: &mut Vec<u8>) -> Option<Next> {
        if let Some(error) = self.auth_refusal() {
            return self.refuse(error, output);
        }
        if !self.hello.as_ref().is_some_and(|hello| hello.extended) {
            return self.refuse(Error::HelloFirst, output);
        }
        if self.is_signed_in() || self.envelope.is_some() {
            return self.refuse(Error::AuthNotNow, output);
        }
        let (step, prompt) = match Mechanism::of_name(mechanism) {
            Some(Mechanism::Plain) => (AuthStep::Plain, ""),
            Some(Mechanism::Login) => (AuthStep::LoginName, LOGIN_PROMPTS[0]),
            None => return self.refuse(Error::UnknownMechanism, output),
        };
        match initial {
            Some(answer) => self.auth_answer(step, answer, true, output),
            None => {
                self.prompt(step, prompt, output);
                None
            }
        }
    }

    fn prompt(&mut self, step: AuthStep, prompt: &str, output: &mut Vec<u8>) {
        let _ = write!(output, "334 {prompt}\r\n");
        self.state = State::Auth(step);
    }

    fn auth_answer(
        &mut self,
        step: AuthStep,
        line: &[u8],
        is_last: bool,
        output: &mut Vec<u8>,
    ) -> Option<Next> {
        if !is_last {
            return self.refuse(Error::Pipelined, output);
        }
        let ready = match step {
            AuthStep::Plain => sasl::read_plain(line).map(|credentials| (Mechanism::Plain, credentials)),
            AuthStep::LoginName => match sasl::read_login(line) {
                Ok(login) => {
                    self.prompt(AuthStep::LoginPassword { login }, LOGIN_PROMPTS[1], output);
                    return None;
                }
                Err(error) => Err(error),
            },
            AuthStep::LoginPassword { login } => {
                sasl::read_password(line).map(|password| (Mechanism::Login, Credentials { login, password }))
            }
        };
        match ready {
            Ok((mechanism, Credentials { login, password })) => {
                self.state = State::Asked(Question::SignIn);
                Some(Next::SignIn(SignIn { mechanism, login, password }))
            }
            Err(error) => self.refuse(error, output),
        }
    }

    /// Writes a reply of the driver's; a 421 is the last (RFC 5321 §3.8).
    fn say(&mut self, reply: &Reply, output: &mut Vec<u8>) {
        write_paged(reply, self.config.pages.as_ref(), output);
        if reply.code.get() == 421 {
            self.state = State::Closed;
        }
    }

    /// Writes a refusal of the session's own and counts it. Always `None`, so that a caller can end
    /// with it.
    fn refuse(&mut self, error: Error, output: &mut Vec<u8>) -> Option<Next> {
        let is_echo = self.mail_refused && error == Error::MailFirst;
        self.errors += u32::from(!is_echo);
        let error = if self.errors >= self.config.max_errors && !error.is_final() {
            Error::TooManyErrors
        } else {
            error
        };
        write_error(error, self.config.pages.as_ref(), output);
        if error.is_final() {
            self.state = State::Closed;
        }
        None
    }

    fn forget_transaction(&mut self) {
        self.envelope = None;
        self.smtputf8 = false;
        self.mail_refused = false;
        self.discard_due |= std::mem::take(&mut self.chunks_begun);
    }
}

/// A line that is too long to be read. When it announces a chunk, nobody knows where that ends.
fn unreadable(line: &[u8], too_long: Error) -> Error {
    if command::announces_chunk(line) { Error::BadChunk } else { too_long }
}

fn starts_like_auth(bytes: &[u8]) -> bool {
    bytes.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"AUTH "))
}

fn is_ascii(address: &Address) -> bool {
    address.local().is_ascii() && address.domain().as_written().is_ascii()
}
