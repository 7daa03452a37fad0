//! What went wrong, as programs read it: a stable code, and words in both languages with what to do.

use crate::trouble::{Trouble, fault_words};
use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use control::phrases::Phrases;
use control::{Blame, Fault};
use mail::Language;
use serde_json::{Value, json};

/// Where the codes are explained.
pub(crate) const DOCS: &str = "/api/v1/docs";

/// A failure. It is worded where the language is known, by [`crate::frame`].
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    what: What,
    cause: Option<String>,
    wait_secs: Option<i64>,
}

#[derive(Debug, Clone)]
enum What {
    /// One of this API's own, with its gaps.
    Own(&'static str, Vec<(&'static str, String)>),
    /// An operation that was not done.
    Fault(Box<Fault>),
    /// Something that was worded already, in English and in French, and the field that it is about.
    Told(&'static str, Box<[(String, String); 2]>, String),
}

/// The failures of the API itself, with their status. The words of each are under `web-api-` and its code.
pub(crate) const OWN: [(&str, StatusCode); 21] = [
    ("no-key", StatusCode::UNAUTHORIZED),
    ("wrong-key", StatusCode::UNAUTHORIZED),
    ("revoked-key", StatusCode::UNAUTHORIZED),
    ("expired-key", StatusCode::UNAUTHORIZED),
    ("scope-missing", StatusCode::FORBIDDEN),
    ("forbidden", StatusCode::FORBIDDEN),
    ("slowed", StatusCode::TOO_MANY_REQUESTS),
    ("too-many", StatusCode::TOO_MANY_REQUESTS),
    ("not-found", StatusCode::NOT_FOUND),
    ("method", StatusCode::METHOD_NOT_ALLOWED),
    ("in-flight", StatusCode::CONFLICT),
    ("nothing-to-do", StatusCode::CONFLICT),
    ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
    ("not-json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ("malformed-json", StatusCode::BAD_REQUEST),
    ("wrong-shape", StatusCode::UNPROCESSABLE_ENTITY),
    ("invalid-parameter", StatusCode::BAD_REQUEST),
    ("too-slow", StatusCode::SERVICE_UNAVAILABLE),
    ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
    ("not-allowed-for-person", StatusCode::FORBIDDEN),
    ("ours", StatusCode::INTERNAL_SERVER_ERROR),
];

/// The status of an operation that was not done.
pub(crate) const fn status_of(blame: Blame) -> StatusCode {
    match blame {
        Blame::NotAllowed => StatusCode::FORBIDDEN,
        Blame::Missing => StatusCode::NOT_FOUND,
        Blame::Exists | Blame::LastAdministrator => StatusCode::CONFLICT,
        Blame::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Blame::Store | Blame::NotRunning => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl Problem {
    /// One of this API's own, by its code.
    pub(crate) fn of(code: &'static str) -> Self {
        let known = OWN.iter().find(|(own, _)| *own == code);
        let status = known.map_or(StatusCode::INTERNAL_SERVER_ERROR, |(_, status)| *status);
        Self { status, what: What::Own(code, Vec::new()), cause: None, wait_secs: None }
    }

    /// One that was worded already, in English and in French: its code and its status, the page that explains it, and the
    /// field that it is about.
    pub(crate) fn told(
        (code, status): (&'static str, StatusCode),
        words: [(String, String); 2],
        cause: Option<&str>,
        about: &str,
    ) -> Self {
        let what = What::Told(code, Box::new(words), about.to_owned());
        Self { status, what, cause: cause.map(str::to_owned), wait_secs: None }
    }

    /// There is nothing of that name.
    pub(crate) fn missing(name: &str) -> Self {
        Fault::about(Blame::Missing, name).into()
    }

    /// Something here went wrong.
    pub(crate) fn ours() -> Self {
        Self::of("ours")
    }

    /// A request that did not reach its handler.
    pub(crate) fn of_trouble(trouble: Trouble) -> Self {
        Self::of(match trouble {
            Trouble::NotFound => "not-found",
            Trouble::Method => "method",
            Trouble::TooLarge => "too-large",
            Trouble::TooSlow => "too-slow",
            Trouble::Forbidden | Trouble::Foreign => "forbidden",
            Trouble::SignedOut => "no-key",
            Trouble::Ours => "ours",
        })
    }

    /// The same with a gap of its words filled.
    pub(crate) fn gap(mut self, name: &'static str, text: impl Into<String>) -> Self {
        if let What::Own(_, gaps) = &mut self.what {
            gaps.push((name, text.into()));
        }
        self
    }

    /// The same with the time after which it may go better.
    pub(crate) fn wait_ms(self, wait_ms: i64) -> Self {
        // Rounded up: whoever comes back in time must find the door open.
        Self { wait_secs: Some((wait_ms.max(0) + 999) / 1_000), ..self }
    }

    /// The status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The code that programs read.
    pub(crate) fn code(&self) -> String {
        let code = match &self.what {
            What::Own(code, _) => code,
            What::Fault(fault) => fault.blame.as_str(),
            What::Told(code, ..) => code,
        };
        code.replace('-', "_")
    }

    /// What is wrong, and what to do.
    pub(crate) fn words(&self, phrases: &Phrases) -> (String, String) {
        match &self.what {
            What::Own(code, gaps) => {
                let gaps = || gaps.iter().map(|(name, text)| (*name, text.clone().into()));
                let key = format!("web-api-{code}");
                (phrases.fill(&key, gaps()), phrases.beside(&key, "fix", gaps()).unwrap_or_default())
            }
            What::Fault(fault) => fault_words(phrases, fault),
            What::Told(_, words, _) => {
                let [en, fr] = &**words;
                match phrases.language() {
                    Language::En => en.clone(),
                    Language::Fr => fr.clone(),
                }
            }
        }
    }

    /// What it is about: a field, a name; empty for the request as a whole.
    pub(crate) fn about(&self) -> &str {
        match &self.what {
            What::Own(..) => "",
            What::Fault(fault) => &fault.what,
            What::Told(_, _, about) => about,
        }
    }

    /// The JSON that tells it.
    pub(crate) fn body(&self, language: Language, en: &Phrases, fr: &Phrases) -> Value {
        let code = self.code();
        let (of_en, of_fr) = (self.words(en), self.words(fr));
        let sentence = |(what, fix): &(String, String)| format!("{what} {fix}").trim_end().to_owned();
        let explain = json!({ "fr": sentence(&of_fr), "en": sentence(&of_en) });
        let (message, action) = match language {
            Language::En => of_en,
            Language::Fr => of_fr,
        };
        let mut body = json!({
            "code": code,
            "message": message,
            "cause": self.cause,
            "explain": explain,
            "action": action,
            "docs": format!("{DOCS}#{code}"),
        });
        if let Some(members) = body.as_object_mut().filter(|_| !self.about().is_empty()) {
            members.insert("about".to_owned(), self.about().into());
        }
        body
    }

    /// The answer.
    pub(crate) fn answer(&self, language: Language, en: &Phrases, fr: &Phrases) -> Response {
        let mut response = (self.status, Json(self.body(language, en, fr))).into_response();
        if let Some(secs) = self.wait_secs
            && let Ok(value) = HeaderValue::from_str(&secs.to_string())
        {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let status = status_of(fault.blame);
        let minutes: Option<i64> = fault.detail.parse().ok().filter(|_| fault.blame == Blame::TooOften);
        let wait_secs = minutes.map(|minutes| minutes.saturating_mul(60));
        Self { status, what: What::Fault(Box::new(fault)), cause: None, wait_secs }
    }
}

impl IntoResponse for Problem {
    /// A response without words: the frame puts them in.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_words_and_its_fix_in_both_languages() {
        for language in Language::ALL {
            let phrases = crate::words::phrases(language);
            for (code, status) in OWN {
                let (what, fix) = Problem::of(code).words(&phrases);
                assert!(!what.starts_with("web-api-") && !fix.is_empty(), "{code} in {language}");
                assert_eq!(Problem::of(code).status(), status);
            }
        }
    }

    #[test]
    fn a_wait_is_never_too_short() {
        for (ms, secs) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (-5, 0)] {
            assert_eq!(Problem::of("too-many").wait_ms(ms).wait_secs, Some(secs));
        }
    }
}
