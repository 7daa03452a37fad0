//! From the TLS library's errors to the words of [`TlsFault`]. A person reads these faults with a
//! fix beside them, so each maps to one cause.

use mail::{Timestamp, TlsFault};
use rustls::{AlertDescription, CertificateError, Error, OtherError};
use rustls_pki_types::UnixTime;

/// Says why a handshake, or a session after it, failed.
pub fn tls_fault(error: &Error) -> TlsFault {
    match error {
        Error::InvalidCertificate(error) => certificate_fault(error),
        Error::PeerIncompatible(_) => TlsFault::NoCommonVersion,
        // A server that knows only TLS 1.0, or none of our ciphers, says so by these alerts
        // (RFC 8446 §6.2).
        Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => TlsFault::NoCommonVersion,
        // Text such as "220 mx.example" or "HTTP/1.1" is no TLS record.
        Error::InvalidMessage(_) => TlsFault::NotTls,
        Error::NoCertificatesPresented => TlsFault::Rejected { detail: error.to_string() },
        other => TlsFault::Other { detail: other.to_string() },
    }
}

fn certificate_fault(error: &CertificateError) -> TlsFault {
    match error {
        CertificateError::Expired => TlsFault::Expired { not_after: None },
        CertificateError::ExpiredContext { not_after, .. } => {
            TlsFault::Expired { not_after: Some(timestamp(*not_after)) }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::NotValidForName => TlsFault::WrongName { presented: Vec::new() },
        CertificateError::NotValidForNameContext { presented, .. } => {
            TlsFault::WrongName { presented: presented.iter().filter_map(|name| plain_name(name)).collect() }
        }
        CertificateError::Other(other) if is_authority_as_server(other) => TlsFault::UnknownIssuer,
        other => TlsFault::Rejected { detail: Error::InvalidCertificate(other.clone()).to_string() },
    }
}

/// A certificate marked as an authority and shown by a server has signed itself in practice:
/// `openssl req -x509` marks every certificate so.
fn is_authority_as_server(error: &OtherError) -> bool {
    matches!(error.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// The library hands names out as `DnsName("mx.example")` and `IpAddress(192.0.2.1)`; people
/// compare the bare name. Other kinds of names say nothing about a server.
fn plain_name(name: &str) -> Option<String> {
    let inner = name.strip_prefix("DnsName(").or_else(|| name.strip_prefix("IpAddress("))?;
    Some(inner.strip_suffix(')')?.trim_matches('"').to_owned())
}

fn timestamp(time: UnixTime) -> Timestamp {
    Timestamp(0).plus_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
