//! What a server session is told about its port, and its limits.

use mail::{Clock, Domain};
use std::time::Duration;

/// When signing in is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthOffer {
    /// Never: a port for other servers, or for networks that need no login.
    Never,
    /// Once TLS is on. Before, AUTH is refused with 538 5.7.11.
    #[default]
    UnderTls,
    /// Always, TLS or not: for a loopback port that a person opened knowingly.
    Always,
}

/// The configuration of a port's sessions. Every limit has the default of [`SessionConfig::new`].
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The name in the greeting; also the domain of `<postmaster>` (RFC 5321 §4.5.1).
    pub host_name: Domain,
    /// Whether STARTTLS is offered while the connection is plain.
    pub offer_starttls: bool,
    /// When AUTH is offered.
    pub auth: AuthOffer,
    /// Whether SMTPUTF8 (RFC 6531) is offered.
    pub offer_smtputf8: bool,
    /// Whether DSN (RFC 3461) is offered: what the sender wants to hear of each recipient.
    pub offer_dsn: bool,
    /// How long a message may be asked to be kept before it leaves (FUTURERELEASE, RFC 4865); `None` when that is
    /// not offered. At most nine digits fit into the answer to EHLO, which is 31 years.
    pub max_hold_secs: Option<u32>,
    /// What tells the time to FUTURERELEASE, and to nothing else.
    pub clock: Clock,
    /// The largest message in bytes, as SIZE announces it. 50 MB carries what people attach.
    pub max_message_bytes: u64,
    /// The most recipients of one transaction; RFC 5321 §4.5.3.1.8 asks for 100 at least.
    pub max_recipients: usize,
    /// The longest command line in bytes, with its end: 4 times the 512 of RFC 5321 §4.5.3.1.4,
    /// since parameters lengthen MAIL and RCPT.
    pub max_command_bytes: usize,
    /// The longest line within AUTH in bytes (RFC 4954 §4.4 asks for 12,288).
    pub max_auth_line_bytes: usize,
    /// The largest header in bytes. Beyond it there is no mail, only attacks on parsers.
    pub max_header_bytes: usize,
    /// The longest line of the content in bytes. RFC 5321 §4.5.3.1.6 stops at 1,000; programs that
    /// encode an attachment into one line exist, and what they send is passed on as it is.
    pub max_text_line_bytes: usize,
    /// The most `Received:` lines of a message (RFC 5321 §6.3 asks for 100 or fewer in a sane network).
    pub max_hops: u32,
    /// The most bad commands on a connection.
    pub max_errors: u32,
    /// The most commands such as NOOP and RSET between two messages.
    pub max_idle_commands: u32,
    /// The most refused sign-ins on a connection.
    pub max_sign_in_failures: u32,
    /// How long the client may take for its next command (RFC 5321 §4.5.3.2.7).
    pub command_time_limit: Duration,
    /// How long the client may take for its next piece of content (RFC 5321 §4.5.3.2.5).
    pub content_time_limit: Duration,
}

impl SessionConfig {
    /// The defaults of a submission port that calls itself `host_name`.
    pub const fn new(host_name: Domain) -> Self {
        Self {
            host_name,
            offer_starttls: true,
            auth: AuthOffer::UnderTls,
            offer_smtputf8: true,
            offer_dsn: true,
            max_hold_secs: None,
            clock: Clock::System,
            max_message_bytes: 50_000_000,
            max_recipients: 1_000,
            max_command_bytes: 2_048,
            max_auth_line_bytes: 12_288,
            max_header_bytes: 1 << 20,
            max_text_line_bytes: 4 << 20,
            max_hops: 50,
            max_errors: 20,
            max_idle_commands: 100,
            max_sign_in_failures: 3,
            command_time_limit: Duration::from_secs(300),
            content_time_limit: Duration::from_secs(180),
        }
    }
}
