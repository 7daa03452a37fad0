//! What is most often meant where the words say nothing: told by the enhanced code, the step or the protocol alone.
//!
//! Only a reader's question is answered so, and with a low confidence: a person who asks is helped more by the
//! likeliest cause, said to be unsure, than by none. Measured on known texts that the rules had to do without: one
//! guess of four is the very cause, and two of three name the one who must act.

use crate::catalogue::Catalogue;
use crate::cause::CauseId;
use crate::norm::Reading;
use crate::scene::Protocol;
use mail::{Severity, Stage};

/// The likeliest cause; `None` where neither a step nor a telling code is known: then nothing shows that it is a
/// failure of mail.
pub(crate) fn of(reading: &Reading) -> Option<CauseId> {
    let by_code = reading.enhanced.and_then(|code| Catalogue::built_in().codes.usual(code));
    if let Some(cause) = by_code {
        return CauseId::lookup(cause);
    }
    let has_code = reading.code.is_some();
    let at_step = match reading.stage {
        // A 4xx says only "later", at any step.
        Some(_) if has_code && reading.severity == Some(Severity::Transient) => {
            Some(CauseId::SERVER_UNAVAILABLE)
        }
        // The codes of commands that were not understood (RFC 5321 §4.2.2), at any step.
        Some(_) if matches!(reading.code, Some(500..=504)) => Some(CauseId::PROTOCOL_ERROR),
        Some(Stage::Resolve) => Some(CauseId::RECIPIENT_DOMAIN_UNKNOWN),
        Some(Stage::Connect | Stage::Greeting | Stage::Mail) if has_code => {
            Some(CauseId::IP_BLOCKED_BY_PROVIDER)
        }
        Some(Stage::Connect) => Some(CauseId::CONNECT_TIMEOUT),
        Some(Stage::Greeting) => Some(CauseId::GREETING_TIMEOUT),
        Some(Stage::StartTls | Stage::Tls) => Some(CauseId::TLS_FAILED),
        Some(Stage::Auth) => Some(CauseId::AUTH_BAD_CREDENTIALS),
        Some(Stage::Rcpt) => Some(CauseId::RECIPIENT_UNKNOWN),
        Some(Stage::Data | Stage::EndOfData) => Some(CauseId::SPAM_CONTENT),
        _ => None,
    };
    at_step.or(match reading.protocol {
        Some(Protocol::Imap) => Some(CauseId::IMAP_COMMAND_ERROR),
        Some(Protocol::Http) => Some(CauseId::ESP_API_REFUSED),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Hint;

    #[track_caller]
    fn check(text: &str, step: &str, cause: Option<&str>) {
        let reading = Reading::of_text(text, &Hint::of_word(None, step));
        assert_eq!(of(&reading).map(CauseId::as_str), cause, "{text} at '{step}'");
    }

    #[test]
    fn the_step_tells_what_is_likely() {
        check("550 zwqx", "rcpt", Some("recipient_unknown"));
        check("450 zwqx", "rcpt", Some("server_unavailable"));
        check("550 zwqx", "connect", Some("ip_blocked_by_provider"));
        check("503 zwqx", "mail", Some("protocol_error"));
        check("zwqx", "connect", Some("connect_timeout"));
        check("554 zwqx", "data", Some("spam_content"));
        check("450 4.1.2 zwqx", "rcpt", Some("recipient_domain_unknown"));
        check("zwqx", "imap", Some("imap_command_error"));
        check("550 zwqx", "", None);
        check("Best wishes from the seaside", "", None);
    }
}
