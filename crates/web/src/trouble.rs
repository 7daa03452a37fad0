//! What goes wrong with a request, worded where the language is known.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use control::phrases::Phrases;
use control::{Blame, Fault};

/// Why a request is not answered as it was meant. Each has its words in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is nothing at that address.
    NotFound,
    /// The address does not take that method.
    Method,
    /// The request is larger than anything that is expected here.
    TooLarge,
    /// The answer took too long.
    TooSlow,
    /// The visitor may not go there.
    Forbidden,
    /// The session is over, and something was to be changed.
    SignedOut,
    /// The form does not come from one of our pages, or from one of a session that is over.
    Foreign,
    /// Something here went wrong.
    Ours,
}

impl Trouble {
    /// The status that programs read.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Forbidden | Self::Foreign => StatusCode::FORBIDDEN,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Ours => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name under which its words are kept, and which programs read.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Method => "method",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::Forbidden => "forbidden",
            Self::SignedOut => "signed-out",
            Self::Foreign => "foreign",
            Self::Ours => "ours",
        }
    }

    /// The trouble that a bare status stands for.
    pub(crate) fn of(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::NOT_FOUND => Some(Self::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Some(Self::Method),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::TooLarge),
            _ => None,
        }
    }
}

impl IntoResponse for Trouble {
    /// A response without words: [`crate::frame`] puts them in.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The words of an operation that was not done: what is wrong, and what to do.
pub(crate) fn fault_words(phrases: &Phrases, fault: &Fault) -> (String, String) {
    let key = match (fault.blame, fault.what.as_str()) {
        (Blame::Invalid, "password") => "web-fault-password",
        (Blame::Invalid, "address") => "web-fault-address",
        (Blame::NotAllowed, _) => "web-fault-not-allowed",
        (Blame::Missing, _) => "web-fault-missing",
        (Blame::Exists, _) => "web-fault-exists",
        (Blame::Invalid, _) => "web-fault-invalid",
        (Blame::Needed, _) => "web-fault-needed",
        (Blame::OAuth2Only, _) => "web-fault-oauth2-only",
        (Blame::Insecure, _) => "web-fault-insecure",
        (Blame::NotPublished, _) => "web-fault-not-published",
        (Blame::NoListener, _) => "web-fault-no-listener",
        (Blame::Store, _) => "web-fault-store",
        (Blame::Refused, _) => "web-fault-refused",
        (Blame::NotRunning, _) => "web-fault-not-running",
        (Blame::TooOften, _) => "web-fault-too-often",
        (Blame::NotPublic, _) => "web-fault-not-public",
        (Blame::LastAdministrator, _) => "web-fault-last-administrator",
    };
    let what = match fault.blame {
        Blame::Needed | Blame::Invalid => field(phrases, &fault.what),
        _ => fault.what.clone(),
    };
    let gaps = || [("what", what.clone().into()), ("detail", fault.detail.clone().into())];
    (phrases.fill(key, gaps()), phrases.beside(key, "fix", gaps()).unwrap_or_default())
}

/// A field of an operation, as its form calls it.
fn field(phrases: &Phrases, name: &str) -> String {
    let key = match name {
        "login" => "web-field-login",
        "password" => "web-field-password",
        "host" => "web-field-host",
        "host_name" => "web-setup-name",
        "region" => "web-field-region",
        "senders" | "sender" => "web-field-senders",
        "recipient" | "domain" => "web-field-to",
        "cause" => "web-field-cause",
        "name" => "web-field-name",
        "label" => "web-field-label",
        "passkeys" => "web-passkeys",
        "days" => "web-field-days",
        "scopes" => "web-field-scopes",
        "keys" => "web-nav-keys",
        "address" | "administrator" => "web-field-address",
        "why" => "web-field-why",
        "code" => "web-field-code",
        "text" => "web-plea",
        "note" => "web-field-note",
        other => return other.to_owned(),
    };
    phrases.say(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Language;

    const ALL: [Trouble; 8] = [
        Trouble::NotFound,
        Trouble::Method,
        Trouble::TooLarge,
        Trouble::TooSlow,
        Trouble::Forbidden,
        Trouble::SignedOut,
        Trouble::Foreign,
        Trouble::Ours,
    ];

    #[test]
    fn each_has_its_words() {
        for language in Language::ALL {
            let phrases = crate::words::phrases(language);
            for trouble in ALL {
                let key = format!("web-problem-{}", trouble.as_str());
                assert_ne!(phrases.say(&key), key);
                assert!(phrases.beside(&key, "fix", []).is_some(), "{key}");
            }
        }
    }
}
