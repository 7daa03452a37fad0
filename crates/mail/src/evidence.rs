//! What happened to a message, as seen, before anyone words it.

use crate::{Reply, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// The step of a delivery at which something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Looking up the server's name.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// The TLS handshake, at once or after STARTTLS.
    Tls,
    /// The server's greeting.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// The STARTTLS command.
    StartTls,
    /// Signing in.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA or the content itself.
    Data,
    /// The reply to the end of data.
    EndOfData,
    /// In this server's own queue.
    Queue,
}

impl Stage {
    /// Whether the step comes before any message: what is seen there speaks of the relay itself,
    /// not of one message, and is the only evidence that may close a relay.
    pub const fn is_before_mail(self) -> bool {
        matches!(
            self,
            Self::Resolve
                | Self::Connect
                | Self::Tls
                | Self::Greeting
                | Self::Ehlo
                | Self::StartTls
                | Self::Auth
        )
    }

    /// What the step was answering, in the words that Postfix uses in its logs.
    pub const fn in_reply_to(self) -> &'static str {
        match self {
            Self::Resolve => "name look-up",
            Self::Connect => "connection",
            Self::Tls => "TLS handshake",
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO command",
            Self::StartTls => "STARTTLS command",
            Self::Auth => "AUTH command",
            Self::Mail => "MAIL FROM command",
            Self::Rcpt => "RCPT TO command",
            Self::Data => "DATA command",
            Self::EndOfData => "end of DATA command",
            Self::Queue => "queue",
        }
    }
}

/// The server that was spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The name that was asked for.
    pub host: String,
    /// The address that answered, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The TCP port.
    pub port: u16,
}

impl fmt::Display for Peer {
    /// `host[address]:port`, as Postfix prints a relay.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{}[{}]:{}", self.host, address, self.port),
            None => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// What is kept of a TLS session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `TLSv1.3`, `TLSv1.2`.
    pub version: String,
    /// The cipher suite's name.
    pub cipher: String,
    /// SHA-256 of the peer's certificate in hexadecimal.
    pub fingerprint: String,
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum TlsFault {
    /// The certificate's time is over.
    Expired {
        /// When it ended, if the certificate said so.
        not_after: Option<Timestamp>,
    },
    /// The certificate is not valid yet: usually this machine's clock is wrong.
    NotYetValid,
    /// No known authority signed it (or it signed itself, or the chain is incomplete).
    UnknownIssuer,
    /// It is for other names than the one asked for.
    WrongName {
        /// The names that it is for.
        presented: Vec<String>,
    },
    /// It was revoked, or is otherwise unfit.
    Rejected {
        /// The TLS library's words.
        detail: String,
    },
    /// The two sides share no version or cipher.
    NoCommonVersion,
    /// The peer did not answer with TLS: plain text on this port, or the reverse.
    NotTls,
    /// Anything else.
    Other {
        /// The TLS library's words.
        detail: String,
    },
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    /// The server answered.
    Reply {
        /// Its answer.
        reply: Reply,
    },
    /// Nothing came in time.
    Timeout {
        /// How long was waited.
        after_ms: u64,
    },
    /// The connection was refused.
    Refused,
    /// There is no way to that address.
    Unreachable,
    /// The server cut the connection.
    Dropped,
    /// The name does not exist.
    NameUnknown,
    /// The name could not be looked up: the DNS did not answer, or badly.
    NameUnanswered,
    /// All addresses of the name are ones that this program does not connect to.
    AddressForbidden {
        /// The address that was judged.
        address: IpAddr,
    },
    /// TLS failed.
    Tls {
        /// How.
        #[serde(flatten)]
        fault: TlsFault,
    },
    /// The server does not offer what is needed (`STARTTLS`, `AUTH PLAIN`).
    NotOffered {
        /// What is missing.
        what: String,
    },
    /// The server said something that is no SMTP.
    NotSmtp {
        /// The first printable bytes of it.
        text: String,
    },
    /// Behind the agreement to begin TLS came words in clear. They were put there to be taken for words under TLS.
    Injected {
        /// The first printable bytes of them.
        text: String,
    },
    /// The input or output failed in a way that has no name of its own.
    Io {
        /// The system's words.
        detail: String,
    },
    /// No relay is configured that may carry this message.
    NoRoute,
    /// The relay is closed, for the reason kept with the closure.
    RelayClosed,
    /// The message waited too long.
    Expired,
    /// The message is larger than the server takes (its SIZE, RFC 1870).
    TooBig {
        /// The largest size that the server takes, in bytes.
        limit: u64,
    },
    /// The message's bytes cannot be read back from the store.
    BodyUnreadable,
    /// A person gave the message up.
    GivenUp,
    /// The domain says that it takes no mail (null MX, RFC 7505).
    NullMx,
    /// The domain is there, and has no host that could take mail.
    NoMailHost,
    /// The domain's mail is meant for this very server, which has no mailbox for it.
    PointsToSelf,
}

/// One thing that happened, where and when. Stored as it is; `explain` words it when someone looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was seen.
    pub at: Timestamp,
    /// At which step.
    pub stage: Stage,
    /// With which server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// What was seen.
    #[serde(flatten)]
    pub seen: Seen,
}

impl Evidence {
    /// The reply, when the evidence is one.
    pub const fn reply(&self) -> Option<&Reply> {
        match &self.seen {
            Seen::Reply { reply } => Some(reply),
            _ => None,
        }
    }
}

impl fmt::Display for Evidence {
    /// The raw reason on one line, in the form that Postfix logs and that scripts search for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.peer.as_ref().map_or_else(|| "server".to_owned(), postfix_host);
        let peer = self.peer.as_ref().map_or_else(|| "server".to_owned(), Peer::to_string);
        let step = self.stage.in_reply_to();
        match &self.seen {
            Seen::Reply { reply } => write!(f, "host {host} said: {reply} (in reply to {step})"),
            Seen::Timeout { .. } if self.stage == Stage::Connect => {
                write!(f, "connect to {peer}: Connection timed out")
            }
            Seen::Timeout { .. } => write!(f, "conversation with {host} timed out while waiting for {step}"),
            Seen::Refused => write!(f, "connect to {peer}: Connection refused"),
            Seen::Unreachable => write!(f, "connect to {peer}: Network is unreachable"),
            Seen::Dropped => write!(f, "lost connection with {host} during {step}"),
            Seen::NameUnknown => {
                write!(f, "Host or domain name not found. Name service error for name={host}")
            }
            Seen::NameUnanswered => write!(f, "Host name look-up failed, try again: name={host}"),
            Seen::AddressForbidden { address } => {
                write!(f, "connect to {host}: address {address} is not allowed")
            }
            Seen::Tls { fault } => write!(f, "TLS with {peer} failed: {fault}"),
            Seen::NotOffered { what } => write!(f, "host {host} does not offer {what}"),
            Seen::NotSmtp { text } => write!(f, "host {host} does not speak SMTP: {text}"),
            Seen::Injected { text } => {
                write!(f, "host {host} sent more before TLS than it was asked: {text}")
            }
            Seen::Io { detail } => write!(f, "conversation with {host} failed: {detail}"),
            Seen::NoRoute => f.write_str("no relay is configured for this message"),
            Seen::RelayClosed => f.write_str("the relay is closed"),
            Seen::Expired => f.write_str("message expired"),
            Seen::TooBig { limit } => write!(f, "message size exceeds size limit {limit} of server {host}"),
            Seen::BodyUnreadable => f.write_str("the message's content cannot be read back from the store"),
            Seen::GivenUp => f.write_str("given up by the administrator"),
            Seen::NullMx => write!(f, "Domain {host} does not accept mail (nullMX)"),
            Seen::NoMailHost => write!(f, "Domain {host} has no host that accepts mail"),
            Seen::PointsToSelf => write!(f, "mail for {host} loops back to myself"),
        }
    }
}

fn postfix_host(peer: &Peer) -> String {
    match peer.address {
        Some(address) => format!("{}[{address}]", peer.host),
        None => peer.host.clone(),
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { .. } => f.write_str("certificate has expired"),
            Self::NotYetValid => f.write_str("certificate is not yet valid"),
            Self::UnknownIssuer => f.write_str("certificate is not signed by a known authority"),
            Self::WrongName { presented } => write!(f, "certificate is for {}", presented.join(", ")),
            Self::Rejected { detail } | Self::Other { detail } => f.write_str(detail),
            Self::NoCommonVersion => f.write_str("no TLS version or cipher in common"),
            Self::NotTls => f.write_str("the server does not speak TLS on this port"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_postfix_does() {
        let peer = Peer { host: "127.0.0.1".into(), address: "127.0.0.1".parse().ok(), port: 25 };
        let reply = Reply::new(450, "4.2.0".parse().ok(), "Greylisted");
        let evidence =
            Evidence { at: Timestamp(0), stage: Stage::Rcpt, peer: Some(peer), seen: Seen::Reply { reply } };
        let line = "host 127.0.0.1[127.0.0.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command)";
        assert_eq!(evidence.to_string(), line);
    }

    #[test]
    fn each_thing_seen_says_what_it_was() {
        let text = || "words".to_owned();
        let tls = |fault| Seen::Tls { fault };
        for (stage, seen, said) in [
            (Stage::Connect, Seen::Timeout { after_ms: 1 }, "connect to mx.test:25: Connection timed out"),
            (Stage::Rcpt, Seen::Timeout { after_ms: 1 }, "timed out while waiting for RCPT TO command"),
            (Stage::Connect, Seen::Refused, "Connection refused"),
            (Stage::Connect, Seen::Unreachable, "Network is unreachable"),
            (Stage::Rcpt, Seen::Dropped, "lost connection with mx.test during RCPT TO command"),
            (Stage::Connect, Seen::NameUnknown, "name=mx.test"),
            (Stage::Connect, Seen::NameUnanswered, "look-up failed"),
            (
                Stage::Connect,
                Seen::AddressForbidden { address: [10, 0, 0, 1].into() },
                "10.0.0.1 is not allowed",
            ),
            (Stage::Rcpt, Seen::NotOffered { what: text() }, "does not offer words"),
            (Stage::Connect, Seen::NotSmtp { text: text() }, "does not speak SMTP: words"),
            (Stage::Rcpt, Seen::Injected { text: text() }, "before TLS than it was asked: words"),
            (Stage::Rcpt, Seen::Io { detail: text() }, "failed: words"),
            (Stage::Queue, Seen::NoRoute, "no relay is configured"),
            (Stage::Queue, Seen::RelayClosed, "the relay is closed"),
            (Stage::Queue, Seen::Expired, "message expired"),
            (Stage::Rcpt, Seen::TooBig { limit: 9 }, "size limit 9 of server mx.test"),
            (Stage::Queue, Seen::BodyUnreadable, "cannot be read back"),
            (Stage::Queue, Seen::GivenUp, "given up by the administrator"),
            (Stage::Queue, Seen::NullMx, "(nullMX)"),
            (Stage::Queue, Seen::NoMailHost, "has no host that accepts mail"),
            (Stage::Queue, Seen::PointsToSelf, "loops back to myself"),
            (Stage::Connect, tls(TlsFault::Expired { not_after: None }), "certificate has expired"),
            (Stage::Connect, tls(TlsFault::NotYetValid), "not yet valid"),
            (Stage::Connect, tls(TlsFault::UnknownIssuer), "not signed by a known authority"),
            (
                Stage::Connect,
                tls(TlsFault::WrongName { presented: vec![text(), text()] }),
                "for words, words",
            ),
            (Stage::Connect, tls(TlsFault::Rejected { detail: text() }), "failed: words"),
            (Stage::Connect, tls(TlsFault::Other { detail: text() }), "failed: words"),
            (Stage::Connect, tls(TlsFault::NoCommonVersion), "no TLS version or cipher in common"),
            (Stage::Connect, tls(TlsFault::NotTls), "does not speak TLS on this port"),
        ] {
            let peer = Some(Peer { host: "mx.test".into(), address: None, port: 25 });
            let evidence = Evidence { at: Timestamp(0), stage, peer, seen };
            assert!(evidence.to_string().contains(said), "{evidence}");
            let kept = serde_json::to_string(&evidence).unwrap();
            assert_eq!(serde_json::from_str::<Evidence>(&kept).unwrap(), evidence, "{kept}");
            assert_eq!(evidence.reply(), None);
        }
    }
}
