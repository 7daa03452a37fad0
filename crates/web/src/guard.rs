//! Who may come in, and what must come along: the access of each route, and the fields of each form.
//!
//! Whatever changes something is a form of our own pages: it comes from this origin, and brings the key that only this
//! session's pages know (or, before signing in, the one that this browser was given). Reading never changes anything.

use crate::ask::Ask;
use crate::table::Access;
use crate::trouble::Trouble;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use control::Role;
use std::time::Duration;

/// The field of the key of a form.
pub(crate) const FORM_KEY: &str = "key";
/// How long a form may take to come in.
const FORM_TIME_LIMIT: Duration = Duration::from_secs(30);
/// The largest form. The frame refuses what announces more; this is for what announces nothing.
const FORM_BYTES: usize = 1 << 20;

/// The fields of a form, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields of a text of a form (URL Standard §5.1).
    pub(crate) fn of(text: &[u8]) -> Self {
        let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let read = |pair: &[u8]| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(at);
            (decoded(name), decoded(value.get(1..).unwrap_or_default()))
        };
        Self(pairs.map(read).collect())
    }

    /// The first value of a name, without spaces around it; `None` when it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned());
        found.filter(|text| !text.is_empty())
    }

    /// The first value of a name as it is, as passwords are.
    pub(crate) fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// All values of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All of them.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// Whether a box was ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The number of a name, when there is one.
    pub(crate) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.text(name)?.parse().ok()
    }
}

fn decoded(part: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                match (digit(ahead.next()), digit(ahead.next())) {
                    (Some(high), Some(low)) => {
                        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                        rest = ahead;
                    }
                    _ => bytes.push(byte),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Lets a request through that may go there.
pub(crate) async fn guard((access, changes): (Access, bool), mut request: Request, next: Next) -> Response {
    let Some(ask) = request.extensions().get::<Ask>().cloned() else {
        return Trouble::Forbidden.into_response();
    };
    if let Some(refusal) = refusal(access, &ask) {
        return refusal;
    }
    if changes {
        if !is_from_here(request.headers()) {
            return Trouble::Foreign.into_response();
        }
        let body = std::mem::take(request.body_mut());
        let read = tokio::time::timeout(FORM_TIME_LIMIT, to_bytes(body, FORM_BYTES)).await;
        let Ok(Ok(text)) = read else { return Trouble::TooLarge.into_response() };
        let fields = Fields::of(&text);
        if !is_same(fields.exact(FORM_KEY), ask.form_key()) {
            return Trouble::Foreign.into_response();
        }
        request.extensions_mut().insert(fields);
    }
    next.run(request).await
}

/// What a visitor is told who may not go there; strangers are shown the way to sign in.
fn refusal(access: Access, ask: &Ask) -> Option<Response> {
    let role = ask.session.as_ref().map(|session| session.role);
    match (access, role) {
        (Access::Everyone, _)
        | (Access::Person, Some(_))
        | (Access::Helper, Some(Role::Helper | Role::Administrator))
        | (Access::Administrator, Some(Role::Administrator)) => None,
        // Not in the table of those who are let in by a session.
        (Access::Key(_) | Access::AnyKey, _) => Some(Trouble::Forbidden.into_response()),
        (_, Some(_)) => Some(Trouble::Forbidden.into_response()),
        (_, None) if ask.reads => Some(Redirect::to("/sign-in").into_response()),
        (_, None) => Some(Trouble::SignedOut.into_response()),
    }
}

/// Whether a form comes from a page of this origin, as far as the browser says it (Fetch Metadata, RFC 6454).
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = text(HOST.as_str()).unwrap_or_default();
    let origin = text(ORIGIN.as_str()).is_none_or(|origin| {
        origin
            .strip_prefix("https://")
            .is_some_and(|named| !host.is_empty() && named.eq_ignore_ascii_case(host))
    });
    site && origin
}

/// Whether two keys are equal, in a time that does not depend on where they differ. No key is equal to none.
fn is_same(given: &str, wanted: &str) -> bool {
    let (a, b) = (given.as_bytes(), wanted.as_bytes());
    !b.is_empty() && a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let fields = Fields::of(b"a=1&b=x%20y+z&a=%C3%A9&&c&d=%zz%4&=e&f==&g=%ff");
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "é"]);
        assert_eq!(fields.text("b").as_deref(), Some("x y z"));
        assert_eq!((fields.has("c"), fields.text("c"), fields.exact("d")), (true, None, "%zz%4"));
        assert_eq!((fields.exact("f"), fields.exact("g"), fields.exact("h")), ("=", "\u{fffd}", ""));
        assert_eq!((fields.number::<u16>("a"), fields.number::<u16>("b")), (Some(1), None));
    }

    #[test]
    fn a_form_of_another_site_is_known() {
        for (origin, site, ok) in [
            (None, None, true),
            (Some("https://mail.test:8189"), Some("same-origin"), true),
            (Some("https://MAIL.test:8189"), None, true),
            (Some("https://evil.test"), None, false),
            (Some("http://mail.test:8189"), None, false),
            (Some("https://mail.test"), None, false),
            (Some("null"), None, false),
            (None, Some("cross-site"), false),
            (None, Some("same-site"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("mail.test:8189"));
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            assert_eq!(is_from_here(&headers), ok, "{origin:?} {site:?}");
        }
        assert!(is_same("abc", "abc") && !is_same("abd", "abc") && !is_same("", "") && !is_same("a", "ab"));
    }
}
