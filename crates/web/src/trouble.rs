//! What goes wrong with a request, worded where the language is known.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

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
}

impl Trouble {
    /// All of them, for the test that each has its words.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 4] = [Self::NotFound, Self::Method, Self::TooLarge, Self::TooSlow];

    /// The status that programs read.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The name under which its words are kept, and which programs read.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Method => "method",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
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

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Language;

    #[test]
    fn each_has_its_words() {
        for language in Language::ALL {
            let phrases = crate::words::phrases(language);
            for trouble in Trouble::ALL {
                let key = format!("web-problem-{}", trouble.as_str());
                assert_ne!(phrases.say(&key), key);
                assert!(phrases.beside(&key, "fix", []).is_some(), "{key}");
            }
        }
    }
}
