//! Why this server refuses a command by itself, without asking anyone.

use mail::{EnhancedCode, Reply};

/// A refusal. Its text is the reply's text; [`Error::reply`] adds the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The verb is none that SMTP knows.
    /// Usual cause: somebody types by hand, or a content that was refused is read as commands.
    #[error("Command not recognised")]
    UnknownCommand,
    /// The verb exists and this server does not do it (`EXPN`, `ETRN`, `ATRN`…).
    /// Usual cause: a client that does not read the answer to EHLO.
    #[error("Command not implemented")]
    NotImplemented,
    /// The client speaks HTTP.
    /// Usual cause: a scanner, or a browser that a hostile page sends to this port.
    #[error("This is a mail server, not a web server")]
    NotSmtp,
    /// An argument is missing, or there is one where none belongs.
    /// Usual cause: a script that was written by hand.
    #[error("Syntax error in the arguments")]
    Arguments,
    /// The sender's address cannot be read.
    /// Usual cause: a program whose sender was never configured (`MAIL FROM:<root>`).
    #[error("Bad sender address: it has the form <name@domain>")]
    SenderSyntax,
    /// The recipient's address cannot be read.
    /// Usual cause: a name without a domain, or a list of addresses in one command.
    #[error("Bad recipient address: it has the form <name@domain>")]
    RecipientSyntax,
    /// A parameter of MAIL or RCPT that was not offered (RFC 5321 §4.1.1.11).
    /// Usual cause: a client that does not read the answer to EHLO.
    #[error("Parameter not recognised or not offered")]
    UnknownParameter,
    /// A known parameter has a value that means nothing (`SIZE=big`).
    /// Usual cause: a client's mistake.
    #[error("Bad value of a parameter")]
    ParameterValue,
    /// A parameter stands there twice, or HOLDFOR beside HOLDUNTIL.
    /// Usual cause: a client's mistake.
    #[error("A parameter is given twice, or HOLDFOR together with HOLDUNTIL")]
    RepeatedParameter,
    /// RET has a value that RFC 3461 §4.3 does not know.
    /// Usual cause: a script that was written by hand.
    #[error("Bad RET: it is FULL or HDRS")]
    BadRet,
    /// ENVID is no xtext, empty or too long (RFC 3461 §4.4).
    /// Usual cause: a program that does not encode spaces or equals signs.
    #[error("Bad ENVID: it has 1 to 100 characters, others than graphic ASCII, + and = written as +XX")]
    BadEnvid,
    /// NOTIFY has a value that RFC 3461 §4.1 does not know.
    /// Usual cause: NEVER beside another word.
    #[error("Bad NOTIFY: it is NEVER alone, or some of SUCCESS,FAILURE,DELAY")]
    BadNotify,
    /// ORCPT is no type and xtext, or too long (RFC 3461 §4.2).
    /// Usual cause: a program that gives the address without its type.
    #[error("Bad ORCPT: it has the form rfc822;name@domain, up to 500 characters, + and = written as +XX")]
    BadOrcpt,
    /// HOLDFOR is no number of seconds (RFC 4865 §4).
    /// Usual cause: a client's mistake.
    #[error("Bad HOLDFOR: it is a number of seconds from 1 to 999999999")]
    BadHoldFor,
    /// HOLDUNTIL is no date and time of RFC 3339 (RFC 4865 §4).
    /// Usual cause: a date without time zone.
    #[error("Bad HOLDUNTIL: it has the form 2026-12-31T23:59:59Z")]
    BadHoldUntil,
    /// The message is to leave at a moment that is past.
    /// Usual cause: the client's clock, or its time zone.
    #[error("The time of HOLDUNTIL is past: give a later one, or none to send now")]
    HoldPast,
    /// The message is to be kept longer than this server keeps any (RFC 4865 §5).
    /// Usual cause: a date in a far year.
    #[error("Messages are kept for {max_secs} seconds at most: give an earlier time")]
    HoldTooLong {
        /// The most seconds.
        max_secs: u32,
    },
    /// An address has letters outside ASCII and the client did not say SMTPUTF8 (RFC 6531 §3.5).
    /// Usual cause: an old client and an address with an accent.
    #[error("This address needs SMTPUTF8")]
    NeedsUtf8,
    /// BDAT does not say how long its chunk is (RFC 3030 §2). Where the chunk ends and the next command begins is then
    /// unknown, so the connection ends.
    /// Usual cause: a client's mistake.
    #[error("Bad BDAT: it has the form BDAT 1234, or BDAT 1234 LAST")]
    BadChunk,
    /// DATA comes behind BDAT in one transaction (RFC 3030 §3).
    /// Usual cause: a client's mistake.
    #[error("The message has begun with BDAT: go on with BDAT, or begin anew with RSET")]
    ChunksBegun,
    /// A line is longer than the limit (RFC 5321 §4.5.3.1.4).
    /// Usual cause: a content that is read as a command, or an attack.
    #[error("Line too long")]
    LineTooLong,
    /// An AUTH line is longer than the limit (RFC 4954 §4).
    /// Usual cause: an attack; no password is that long.
    #[error("Authentication line too long")]
    AuthLineTooLong,
    /// A command holds a NUL or a CR that ends no line.
    /// Usual cause: an attack, or TLS spoken to a port that is not ready for it.
    #[error("A command must not hold NUL or a bare CR")]
    ForbiddenByte,
    /// A command ends with LF alone (RFC 5321 §2.3.8). What follows could be one that somebody
    /// smuggled in, so the connection ends.
    /// Usual cause: `nc` without `-C`, or a script that forgets CR.
    #[error("Lines must end with CR LF, not with LF alone. Explained in facteur's docs/line-endings.md")]
    BareLineFeed,
    /// EHLO or HELO has not come yet.
    /// Usual cause: a script that leaves it out, or a client that forgets it after STARTTLS.
    #[error("Say EHLO first")]
    HelloFirst,
    /// MAIL comes inside a transaction.
    /// Usual cause: a client that reuses a connection without RSET.
    #[error("A transaction is open already")]
    NestedMail,
    /// RCPT or DATA comes before MAIL.
    /// Usual cause: MAIL was refused and the client had sent the rest behind it.
    #[error("Say MAIL first")]
    MailFirst,
    /// DATA comes and no recipient was accepted.
    /// Usual cause: all recipients were refused and the client had sent DATA behind them.
    #[error("No valid recipients")]
    NoRecipients,
    /// More recipients than one transaction takes (RFC 5321 §4.5.3.1.10).
    /// Usual cause: a long list; the client sends the rest in another transaction.
    #[error("Too many recipients")]
    TooManyRecipients,
    /// The message is larger than this server takes (RFC 1870 §6).
    /// Usual cause: an attachment.
    #[error("Message larger than this server takes")]
    MessageTooBig,
    /// The header is larger than the limit.
    /// Usual cause: a list's software that puts every recipient into `To:`, or an attack.
    #[error("Message header too large")]
    HeaderTooBig,
    /// A line of the content is longer than the limit.
    /// Usual cause: a program that encodes an attachment without line ends.
    #[error("Line of the content too long")]
    TextLineTooLong,
    /// The content holds CR or LF alone, or NUL (RFC 5321 §2.3.8, RFC 5322 §2.3). What ends the
    /// message for one server would not for the next, and a second message could be smuggled.
    /// Usual cause: a program that writes LF alone.
    #[error(
        "Content must not hold NUL, bare CR or bare LF: lines end with CR LF. Explained in facteur's docs/line-endings.md"
    )]
    BareLineEnd,
    /// The content ended with CR CR LF `.` CR LF, which is an end for one server and a line of content for the
    /// next. What follows may be smuggled, so the connection ends.
    /// Usual cause: an attack.
    #[error(
        "Content must not hold bare CR, least of all before its end. Explained in facteur's docs/line-endings.md"
    )]
    DoubtfulEnd,
    /// The message passed through too many servers (RFC 5321 §6.3).
    /// Usual cause: two servers forward to each other.
    #[error("Too many hops: the message goes round in a loop")]
    Loop,
    /// Something came behind a command that must be the last of its group (RFC 2920 §3.1,
    /// RFC 3207 §4.2, RFC 4954 §4). It is never read, and the connection ends.
    /// Usual cause: an injection, or a script that does not wait for replies.
    #[error("Protocol synchronization error: wait for each reply")]
    Pipelined,
    /// STARTTLS is not offered, or TLS is on already.
    /// Usual cause: a client that is set to STARTTLS on a port where TLS begins at once.
    #[error("TLS is not available, or already on")]
    NoStartTls,
    /// Signing in is not offered here.
    /// Usual cause: the client uses port 25 instead of a submission port.
    #[error("Signing in is not offered on this port")]
    NoAuth,
    /// Signing in is offered under TLS only (RFC 4954 §4).
    /// Usual cause: TLS is switched off in the client.
    #[error("Sign in under TLS only: use STARTTLS first")]
    AuthNeedsTls,
    /// The mechanism is not one that is offered.
    /// Usual cause: a client that is set to CRAM-MD5 or NTLM.
    #[error("Mechanism not offered: use PLAIN or LOGIN")]
    UnknownMechanism,
    /// The client is signed in already, or in a transaction (RFC 4954 §4).
    /// Usual cause: a client's mistake.
    #[error("Not now: already signed in, or a transaction is open")]
    AuthNotNow,
    /// The client took its sign-in back with `*`.
    /// Usual cause: a person who closed the password window.
    #[error("Sign-in cancelled")]
    AuthCancelled,
    /// An answer within AUTH is no Base64 (RFC 4648 §4), or not what the mechanism asks for.
    /// Usual cause: a script that encodes a line end into the password.
    #[error("Cannot decode the answer")]
    AuthEncoding,
    /// Too many bad commands.
    /// Usual cause: a content that is read as commands, or an attack.
    #[error("Too many errors, closing")]
    TooManyErrors,
    /// Too many commands that lead nowhere, such as NOOP.
    /// Usual cause: a client that keeps a connection open by force, or an attack.
    #[error("Too many commands without a message, closing")]
    TooManyIdleCommands,
    /// Too many refused sign-ins on one connection.
    /// Usual cause: somebody guesses passwords.
    #[error("Too many failed sign-ins, closing")]
    TooManySignIns,
    /// The client said nothing for too long (RFC 5321 §4.5.3.2.7).
    /// Usual cause: a connection that broke without a word.
    #[error("Timeout, closing")]
    TimedOut,
    /// This server stops.
    /// Usual cause: an update or a restart.
    #[error("This server is shutting down")]
    ShuttingDown,
    /// The driver gave no answer to a question.
    /// Usual cause: a mistake in this program; the client is told to come back.
    #[error("Local error, try again")]
    NoAnswer,
}

impl Error {
    /// The reply code.
    pub const fn code(self) -> u16 {
        match self {
            Self::TooManyErrors
            | Self::TooManyIdleCommands
            | Self::TooManySignIns
            | Self::TimedOut
            | Self::ShuttingDown => 421,
            Self::NoAnswer => 451,
            Self::TooManyRecipients => 452,
            Self::UnknownCommand
            | Self::LineTooLong
            | Self::AuthLineTooLong
            | Self::ForbiddenByte
            | Self::BareLineFeed => 500,
            Self::Arguments
            | Self::SenderSyntax
            | Self::RecipientSyntax
            | Self::ParameterValue
            | Self::RepeatedParameter
            | Self::BadChunk
            | Self::BadRet
            | Self::BadEnvid
            | Self::BadNotify
            | Self::BadOrcpt
            | Self::BadHoldFor
            | Self::BadHoldUntil
            | Self::HoldPast
            | Self::HoldTooLong { .. }
            | Self::AuthCancelled
            | Self::AuthEncoding => 501,
            Self::NotImplemented | Self::NotSmtp | Self::NoStartTls | Self::NoAuth => 502,
            Self::HelloFirst | Self::NestedMail | Self::MailFirst | Self::ChunksBegun | Self::AuthNotNow => {
                503
            }
            Self::UnknownMechanism => 504,
            Self::AuthNeedsTls => 538,
            Self::BareLineEnd | Self::DoubtfulEnd | Self::TextLineTooLong => 550,
            Self::MessageTooBig | Self::HeaderTooBig => 552,
            Self::NeedsUtf8 => 553,
            Self::NoRecipients | Self::Loop | Self::Pipelined => 554,
            Self::UnknownParameter => 555,
        }
    }

    /// The enhanced code (RFC 3463).
    pub const fn enhanced(self) -> EnhancedCode {
        let (class, subject, detail) = match self {
            Self::TooManyErrors | Self::TooManyIdleCommands | Self::TooManySignIns => (4, 7, 0),
            Self::TimedOut => (4, 4, 2),
            Self::ShuttingDown => (4, 3, 2),
            Self::NoAnswer => (4, 3, 0),
            Self::TooManyRecipients => (4, 5, 3),
            Self::UnknownCommand | Self::LineTooLong | Self::ForbiddenByte | Self::BareLineFeed => (5, 5, 2),
            Self::AuthEncoding => (5, 5, 2),
            Self::AuthLineTooLong => (5, 5, 6),
            Self::Arguments | Self::ParameterValue | Self::UnknownParameter | Self::RepeatedParameter => {
                (5, 5, 4)
            }
            Self::BadChunk | Self::BadRet | Self::BadEnvid | Self::BadNotify | Self::BadOrcpt => (5, 5, 4),
            Self::BadHoldFor | Self::BadHoldUntil | Self::HoldPast | Self::HoldTooLong { .. } => (5, 5, 4),
            Self::UnknownMechanism => (5, 5, 4),
            Self::SenderSyntax => (5, 1, 7),
            Self::RecipientSyntax => (5, 1, 3),
            Self::NotImplemented | Self::NotSmtp | Self::NoStartTls | Self::NoAuth => (5, 5, 1),
            Self::HelloFirst | Self::NestedMail | Self::MailFirst | Self::ChunksBegun | Self::AuthNotNow => {
                (5, 5, 1)
            }
            Self::NoRecipients => (5, 5, 1),
            Self::AuthCancelled => (5, 7, 0),
            Self::AuthNeedsTls => (5, 7, 11),
            Self::BareLineEnd | Self::DoubtfulEnd | Self::TextLineTooLong => (5, 6, 0),
            Self::MessageTooBig | Self::HeaderTooBig => (5, 3, 4),
            Self::NeedsUtf8 => (5, 6, 7),
            Self::Loop => (5, 4, 6),
            Self::Pipelined => (5, 5, 0),
        };
        EnhancedCode::new(class, subject, detail)
    }

    /// The id of the cause that explains it: the reply carries it, and a page of `docs/causes` has its name.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::SenderSyntax => "sender_address_invalid",
            Self::RecipientSyntax => "recipient_syntax",
            Self::TooManyRecipients => "too_many_recipients",
            Self::MessageTooBig => "message_too_big",
            Self::HeaderTooBig | Self::TextLineTooLong | Self::BareLineEnd | Self::DoubtfulEnd => {
                "message_malformed"
            }
            Self::NeedsUtf8 => "smtputf8_unsupported",
            Self::Loop => "mail_loop",
            Self::NoAuth | Self::UnknownMechanism => "auth_mechanism_unavailable",
            Self::AuthNeedsTls => "auth_plaintext_needs_tls",
            Self::TooManySignIns => "auth_too_many_attempts",
            Self::NoStartTls => "starttls_unavailable",
            Self::TimedOut => "connection_dropped",
            Self::ShuttingDown => "server_unavailable",
            Self::NoAnswer => "server_local_error",
            _ => "protocol_error",
        }
    }

    /// The whole reply.
    pub fn reply(self) -> Reply {
        Reply::new(self.code(), Some(self.enhanced()), self.to_string()).explained(self.cause())
    }

    /// Whether the connection ends with this refusal, because whatever follows cannot be trusted.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::NotSmtp | Self::BareLineFeed | Self::BadChunk | Self::Pipelined | Self::DoubtfulEnd
        ) || self.code() == 421
    }
}
