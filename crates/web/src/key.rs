//! The key that a program brings along: found in whichever header its library puts it, and recognised.

use crate::Web;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use control::{KeyError, Keyed};
use mail::Secret;
use std::net::IpAddr;

/// Headers in which the libraries of other services send their keys.
const HEADERS: [&str; 6] = [
    "x-api-key",
    "api-key",
    "x-postmark-server-token",
    "x-postmark-account-token",
    "x-server-api-key",
    "x-auth-token",
];

/// The key that a request brings along: `Authorization: Bearer`, `Basic` with the key as password (or as user name without
/// one), the key alone, or one of the headers of other services.
pub(crate) fn given(headers: &HeaderMap) -> Option<Secret> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let authorization = text(AUTHORIZATION.as_str()).filter(|text| !text.is_empty());
    let key = match authorization {
        Some(line) => Some(of_authorization(line)),
        None => HEADERS.iter().find_map(|name| text(name)).map(str::to_owned),
    };
    key.filter(|key| !key.is_empty()).map(Secret::new)
}

fn of_authorization(line: &str) -> String {
    let (scheme, rest) = line.split_once(' ').unwrap_or(("", line));
    let rest = rest.trim();
    if ["bearer", "basic"].iter().any(|bare| rest.eq_ignore_ascii_case(bare)) {
        return String::new();
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return rest.to_owned();
    }
    // RFC 7617 §2: a user name has no colon, a password may.
    let decoded =
        STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    match decoded.split_once(':') {
        Some((user, "")) => user.to_owned(),
        Some((_, password)) => password.to_owned(),
        None => decoded,
    }
}

impl Web {
    /// Who asks, by the key in the headers of a request that came from an address; `None` when there is no key.
    pub(crate) async fn keyed(&self, from: IpAddr, headers: &HeaderMap) -> Result<Option<Keyed>, KeyError> {
        match given(headers) {
            Some(key) => self.control.by_key(from, &key).await.map(Some),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    #[test]
    fn keys_are_found_where_libraries_put_them() {
        for (name, value, key) in [
            ("authorization", "Bearer fct_a_b", Some("fct_a_b")),
            ("authorization", "bearer   fct_a_b ", Some("fct_a_b")),
            ("authorization", "Basic dXNlcjpmY3RfYV9i", Some("fct_a_b")),
            ("authorization", "Basic ZmN0X2FfYjo=", Some("fct_a_b")),
            ("authorization", "Basic dTpmY3RfYTpi", Some("fct_a:b")),
            ("authorization", "Basic !!!", None),
            ("authorization", "fct_a_b", Some("fct_a_b")),
            ("authorization", "Bearer ", None),
            ("authorization", "", None),
            ("api-key", "fct_a_b", Some("fct_a_b")),
            ("X-Postmark-Server-Token", "fct_a_b", Some("fct_a_b")),
            ("x-api-key", " fct_a_b ", Some("fct_a_b")),
            ("cookie", "fct_a_b", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static(value));
            assert_eq!(given(&headers).map(|key| key.reveal().to_owned()).as_deref(), key, "{name}: {value}");
        }
        let mut both = HeaderMap::new();
        both.insert("api-key", HeaderValue::from_static("other"));
        both.insert(AUTHORIZATION, HeaderValue::from_static("Bearer fct_a_b"));
        assert_eq!(given(&both).unwrap().reveal(), "fct_a_b", "the standard one first");
    }
}
