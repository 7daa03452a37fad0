//! Evidence that needs no reading: what was seen has a type, and the type has a cause.

use crate::cause::{CauseId, Place};
use mail::{Evidence, Reply, Seen, Severity, Stage, TlsFault};

/// The cause of typed evidence; `None` for a reply, whose words must be read.
pub(crate) fn cause_of(evidence: &Evidence, place: Place) -> Option<CauseId> {
    let cause = match &evidence.seen {
        Seen::Reply { .. } => return None,
        Seen::Timeout { .. } => timeout(evidence.stage),
        Seen::Refused => CauseId::CONNECT_REFUSED,
        Seen::Unreachable => CauseId::NETWORK_UNREACHABLE,
        Seen::Dropped | Seen::Io { .. } => CauseId::CONNECTION_DROPPED,
        // For a direct delivery the name that does not exist is the recipient's domain, not a setting.
        Seen::NameUnknown if place == Place::Direct => CauseId::RECIPIENT_DOMAIN_UNKNOWN,
        Seen::NameUnknown => CauseId::DNS_SERVER_NAME_UNKNOWN,
        Seen::NameUnanswered => CauseId::DNS_TEMPORARY,
        Seen::AddressForbidden { .. } => CauseId::ADDRESS_FORBIDDEN,
        Seen::Tls { fault } => tls(fault),
        Seen::NotOffered { what } => not_offered(what),
        Seen::NotSmtp { .. } => CauseId::PROTOCOL_ERROR,
        Seen::Injected { .. } => CauseId::TLS_RESPONSE_INJECTED,
        Seen::NoRoute => CauseId::NO_ROUTE,
        Seen::RelayClosed => CauseId::RELAY_CLOSED,
        Seen::Expired => CauseId::MESSAGE_EXPIRED,
        Seen::TooBig { .. } => CauseId::MESSAGE_TOO_BIG,
        Seen::BodyUnreadable => CauseId::BODY_UNREADABLE,
        Seen::GivenUp => CauseId::GIVEN_UP,
        Seen::NullMx => CauseId::NULL_MX,
        Seen::NoMailHost => CauseId::RECIPIENT_DOMAIN_NO_MX,
        Seen::PointsToSelf => CauseId::MX_POINTS_TO_SELF,
    };
    Some(cause)
}

/// The cause of a reply that means the same whatever its words: a yes where it must end in something else, and a refusal of
/// TLS, which servers word as anything from "syntax error" to "temporary failure".
pub(crate) fn cause_by_place(reply: &Reply, stage: Stage) -> Option<CauseId> {
    match (reply.severity(), stage) {
        (Severity::Positive | Severity::Intermediate, _) => Some(CauseId::PROTOCOL_ERROR),
        // RFC 5321 §3.8: this one speaks of the whole server.
        (_, Stage::StartTls) if reply.code.get() != 421 => Some(CauseId::STARTTLS_UNAVAILABLE),
        _ => None,
    }
}

/// The cause of a reply whose words say nothing that is known: a server that refuses in its greeting takes no mail
/// (RFC 5321 §3.1).
pub(crate) fn cause_of_silence(stage: Stage) -> Option<CauseId> {
    (stage == Stage::Greeting).then_some(CauseId::SERVER_UNAVAILABLE)
}

const fn timeout(stage: Stage) -> CauseId {
    match stage {
        Stage::Resolve => CauseId::DNS_TEMPORARY,
        Stage::Connect => CauseId::CONNECT_TIMEOUT,
        // A server that waits for our ClientHello says nothing, and so does one behind a proxy.
        Stage::Greeting | Stage::Tls => CauseId::GREETING_TIMEOUT,
        _ => CauseId::CONVERSATION_TIMEOUT,
    }
}

const fn tls(fault: &TlsFault) -> CauseId {
    match fault {
        TlsFault::Expired { .. } => CauseId::TLS_CERT_EXPIRED,
        TlsFault::NotYetValid => CauseId::TLS_CERT_NOT_YET_VALID,
        TlsFault::UnknownIssuer | TlsFault::Rejected { .. } => CauseId::TLS_CERT_UNTRUSTED,
        TlsFault::WrongName { .. } => CauseId::TLS_CERT_NAME_MISMATCH,
        TlsFault::NoCommonVersion => CauseId::TLS_VERSION_UNSUPPORTED,
        TlsFault::NotTls => CauseId::TLS_MODE_MISMATCH,
        TlsFault::Other { .. } => CauseId::TLS_FAILED,
    }
}

fn not_offered(what: &str) -> CauseId {
    let what = what.to_ascii_uppercase();
    if what.contains("STARTTLS") {
        CauseId::STARTTLS_UNAVAILABLE
    } else if what.contains("AUTH") {
        CauseId::AUTH_MECHANISM_UNAVAILABLE
    } else if what.contains("SMTPUTF8") {
        CauseId::SMTPUTF8_UNSUPPORTED
    } else if what.contains("8BITMIME") {
        CauseId::EIGHT_BIT_UNSUPPORTED
    } else {
        CauseId::PROTOCOL_ERROR
    }
}

/// The step that the evidence counts for: what a message lacks or has too much of speaks of that message,
/// even where it was seen in the server's EHLO answer, and must never stop a relay.
pub(crate) fn stage_of(evidence: &Evidence) -> Stage {
    match &evidence.seen {
        Seen::TooBig { .. } => Stage::Mail,
        Seen::NotOffered { what }
            if matches!(
                not_offered(what),
                CauseId::SMTPUTF8_UNSUPPORTED | CauseId::EIGHT_BIT_UNSUPPORTED
            ) =>
        {
            Stage::Mail
        }
        _ => evidence.stage,
    }
}
