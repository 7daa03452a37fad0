//! What a server session is told about its port, and its limits.

use mail::{Clock, Domain};
use std::str::FromStr;
use std::time::Duration;

/// Where the pages of the causes are: their address stands behind the short code of each refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages(String);

/// An address of pages that cannot stand in a reply.
/// Usual cause: it does not begin with `https://`, has a space in it, or is longer than a line of SMTP allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no web address that a reply can carry: it begins with https:// and has at most 200 plain characters"
)]
pub struct BadPages(String);

impl Pages {
    /// The longest address, so that a refusal and its page fit into one line (RFC 5321 §4.5.3.1.5).
    const LONGEST: usize = 200;

    /// The address of one page: `{cause}` stands for the cause, else the cause is added as one more part of the path.
    pub(crate) fn of(&self, cause: &str) -> Option<String> {
        let page = match self.0.contains("{cause}") {
            true => self.0.replace("{cause}", cause),
            false => format!("{}/{cause}", self.0.trim_end_matches('/')),
        };
        (page.len() <= Self::LONGEST + cause.len()).then_some(page)
    }
}

impl FromStr for Pages {
    type Err = BadPages;

    fn from_str(text: &str) -> Result<Self, BadPages> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host =
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
        let is_plain = text.len() <= Self::LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_host && is_plain { Ok(Self(text.to_owned())) } else { Err(BadPages(text.to_owned())) }
    }
}

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
    /// Where the pages of the causes are; `None` leaves a refusal with its short code alone.
    pub pages: Option<Pages>,
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
            pages: None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_name_of_its_cause() {
        for (pages, page) in [
            ("https://docs.test/causes/fr", Some("https://docs.test/causes/fr/mail_loop")),
            ("https://docs.test/", Some("https://docs.test/mail_loop")),
            ("https://docs.test/{cause}.html", Some("https://docs.test/mail_loop.html")),
            ("http://[::1]/?c={cause}", Some("http://[::1]/?c=mail_loop")),
            ("docs.test", None),
            ("https://", None),
            ("https://docs.test/a b", None),
            ("https://docs.test/\r\n250", None),
            ("https://docs.test/é", None),
        ] {
            let found = pages.parse::<Pages>().ok().and_then(|pages| pages.of("mail_loop"));
            assert_eq!(found.as_deref(), page, "{pages}");
        }
        assert!(format!("https://docs.test/{}", "a".repeat(200)).parse::<Pages>().is_err());
    }
}
