//! What came of a post to a webhook, and why a webhook pauses, in the reader's language.

use crate::WebhookView;
use crate::reader::{Reader, when};
use mail::{Seen, TlsFault};
use store::{PauseReason, PostResult, WebhookPause};

/// What came of a post, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostWords {
    /// What came of it.
    pub what: String,
    /// What to do; empty when it was taken.
    pub fix: String,
    /// The receiver's words, or what was seen, as it was; empty for nothing.
    pub raw: String,
}

/// What came of a post.
pub fn of_post(result: &PostResult, reader: &Reader) -> PostWords {
    let (key, status, raw) = match result {
        PostResult::Answered { status, said } => (of_status(*status), u64::from(*status), said.clone()),
        PostResult::Unanswered { evidence } => (of_seen(&evidence.seen), 0, evidence.to_string()),
        PostResult::Forbidden => ("hook-address", 0, String::new()),
    };
    let gaps = || [("status", status.into())];
    let what = reader.phrases.fill(key, gaps());
    PostWords { what, fix: reader.phrases.beside(key, "fix", gaps()).unwrap_or_default(), raw }
}

const fn of_status(status: u16) -> &'static str {
    match status {
        200..=299 => "hook-taken",
        300..=399 => "hook-moved",
        401 | 403 | 407 => "hook-signature",
        404 | 405 => "hook-nothing-there",
        410 => "hook-gone",
        408 | 425 | 429 => "hook-patience",
        400..=499 => "hook-refused",
        _ => "hook-broken",
    }
}

const fn of_seen(seen: &Seen) -> &'static str {
    match seen {
        Seen::NameUnknown => "hook-no-name",
        Seen::NameUnanswered => "hook-no-dns",
        Seen::AddressForbidden { .. } => "hook-inside",
        Seen::Refused | Seen::Unreachable => "hook-unreachable",
        Seen::Timeout { .. } => "hook-slow",
        Seen::Dropped => "hook-dropped",
        Seen::Tls { fault: TlsFault::NotTls } => "hook-no-tls",
        Seen::Tls { .. } => "hook-certificate",
        _ => "hook-not-http",
    }
}

/// The key of how a webhook does, in one word.
pub fn state_key(webhook: &WebhookView) -> &'static str {
    let refused = webhook.posts.first().is_some_and(|post| !post.result.is_taken());
    match (&webhook.paused, refused) {
        (Some(_), _) => "hook-state-paused",
        (None, true) => "hook-state-trouble",
        (None, false) => "hook-state-good",
    }
}

/// Why a webhook pauses.
pub fn of_pause(pause: &WebhookPause, reader: &Reader) -> String {
    let (key, tried) = match &pause.reason {
        PauseReason::Person => ("hook-paused-person", pause.since),
        PauseReason::Failing { tried_since } => ("hook-paused-failing", *tried_since),
        PauseReason::Gone => ("hook-paused-gone", pause.since),
    };
    let gaps = [("since", when(pause.since, reader).into()), ("tried", when(tried, reader).into())];
    reader.phrases.fill(key, gaps)
}
