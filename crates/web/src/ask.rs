//! Who asks, from where and in which language: found once for each request.

use crate::Web;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, HOST, REFERER, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use control::phrases::{Gap, Phrases};
use control::reader::Reader;
use control::{Caller, Guest, Role, Session};
use jiff::tz::TimeZone;
use mail::{Language, Timestamp};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// The cookie of the language that a reader chose.
pub(crate) const LANGUAGE_COOKIE: &str = "__Host-language";

/// The cookie of a session.
pub(crate) const SESSION_COOKIE: &str = "__Host-session";
/// The cookie of a browser that is about to sign in: what its form must bring along.
pub(crate) const VISIT_COOKIE: &str = "__Host-visit";

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From(pub(crate) IpAddr);

/// A request's surroundings.
#[derive(Clone)]
pub(crate) struct Ask {
    /// The sentences of the reader's language.
    pub(crate) phrases: Arc<Phrases>,
    /// The path that was asked for, with its query and without the choice of a language.
    pub(crate) here: String,
    /// Whether the language was chosen by this very request.
    pub(crate) chosen: Option<Language>,
    /// Who is signed in.
    pub(crate) session: Option<Session>,
    /// What the form of a browser that is not signed in must bring along; empty when it was given nothing yet.
    visit: String,
    /// Where the connection comes from.
    pub(crate) from: IpAddr,
    /// What the browser calls itself.
    pub(crate) agent: String,
    /// What the browser calls this server: name and port.
    pub(crate) host: String,
    /// Whether the request only reads.
    pub(crate) reads: bool,
    /// The moment at which it came.
    pub(crate) now: Timestamp,
}

impl Ask {
    /// The surroundings of a request.
    pub(crate) async fn of(web: &Web, request: &Parts) -> Self {
        let (uri, headers) = (&request.uri, &request.headers);
        let reads = request.method == Method::GET || request.method == Method::HEAD;
        let session = match cookie(headers, SESSION_COOKIE) {
            Some(cookie) => web.control.session(cookie).await,
            None => None,
        };
        let chosen = pairs(uri).filter(|(name, _)| *name == "lang").find_map(|(_, tag)| tag.parse().ok());
        let kept = || cookie(headers, LANGUAGE_COOKIE).and_then(|tag| tag.parse().ok());
        let wished = || accepted(headers);
        let language = chosen.or_else(kept).or_else(wished).unwrap_or_else(|| web.control.language());
        let rest: Vec<String> = pairs(uri)
            .filter(|(name, _)| *name != "lang")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
        let here = if reads { format!("{}{query}", uri.path()) } else { page_of_form(headers) };
        Self {
            phrases: Arc::clone(web.phrases(language)),
            // The page that says that there is none has links to itself in other languages.
            here: if is_own_page(&here) { here } else { "/".to_owned() },
            chosen,
            session,
            visit: cookie(headers, VISIT_COOKIE).unwrap_or_default().to_owned(),
            from: request.extensions.get::<From>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |from| from.0),
            host: headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned(),
            agent: headers
                .get(USER_AGENT)
                .map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned())
                .unwrap_or_default(),
            reads,
            now: web.clock.now(),
        }
    }

    /// What this visitor's forms must bring along; empty when they can send none.
    pub(crate) fn form_key(&self) -> &str {
        self.session.as_ref().map_or(&self.visit, |session| &session.form_key)
    }

    /// Gives a browser that is about to sign in what its form must bring along.
    pub(crate) fn visit(&mut self, key: String) {
        self.visit = key;
    }

    /// Whether an administrator asks.
    pub(crate) fn is_administrator(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.role == Role::Administrator)
    }

    /// Whether somebody asks who sees everybody's mail, and acts on it: a helper or an administrator.
    pub(crate) fn is_helper(&self) -> bool {
        let role = self.session.as_ref().map(|session| session.role);
        matches!(role, Some(Role::Helper | Role::Administrator))
    }

    /// The browser that asks, as sessions remember it.
    pub(crate) fn guest(&self) -> Guest {
        Guest { from: self.from, agent: self.agent.clone() }
    }

    /// Who asks, as operations want to know it.
    pub(crate) fn caller(&self) -> Caller {
        match &self.session {
            Some(session) => Caller { name: session.login.clone(), role: session.role },
            // Nobody in particular: what needs a session never comes this far without one.
            None => Caller { name: String::new(), role: Role::Person },
        }
    }

    /// Who reads, as moments and durations want to know it.
    pub(crate) fn reader(&self) -> Reader {
        Reader { phrases: Arc::clone(&self.phrases), raw: false, zone: TimeZone::system(), now: self.now }
    }

    /// The reader's language.
    pub(crate) fn language(&self) -> Language {
        self.phrases.language()
    }

    /// A sentence without gaps.
    pub(crate) fn say(&self, key: &str) -> String {
        self.phrases.say(key)
    }

    /// A sentence with its gaps filled.
    pub(crate) fn fill<'a>(&self, key: &str, gaps: impl IntoIterator<Item = Gap<'a>>) -> String {
        self.phrases.fill(key, gaps)
    }
}

/// Whether a link or a redirection to this leads to a page of ours: a browser drops tabs and line ends, reads a backslash as
/// a slash, and what two slashes begin is another server.
pub(crate) fn is_own_page(to: &str) -> bool {
    let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_plain && to.starts_with('/') && !to.starts_with("//")
}

/// The page that a form was on, when the browser tells it: what answers a form cannot be asked for again.
pub(crate) fn page_of_form(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let page = text(REFERER).zip(text(HOST)).and_then(|(page, host)| {
        let path = page.strip_prefix("https://")?.strip_prefix(host)?;
        is_own_page(path).then(|| path.split('#').next().unwrap_or_default().to_owned())
    });
    page.unwrap_or_else(|| "/".to_owned())
}

/// The parts of a query, as they were sent.
fn pairs(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    let parts = uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// The value of a cookie (RFC 6265 §4.2.1).
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut parts = lines.flat_map(|line| line.split(';')).filter_map(|part| part.trim().split_once('='));
    parts.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The language that a browser prefers among ours (RFC 9110 §12.5.4); `None` when it names none of them.
pub(crate) fn accepted(headers: &HeaderMap) -> Option<Language> {
    let mut best: Option<(u16, Language)> = None;
    let wishes = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    for wish in wishes.flat_map(|line| line.split(',')) {
        let (range, weight) = wish.split_once(';').unwrap_or((wish, ""));
        let tag = range.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Ok(language) = tag.parse() else { continue };
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0_f32), |text| text.parse().ok());
        // A weight has three digits at most; what is none counts as the least.
        let weight = weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0);
        let thousandths = format!("{:.0}", weight * 1_000.0).parse().unwrap_or(0);
        if thousandths > 0 && best.is_none_or(|(most, _)| thousandths > most) {
            best = Some((thousandths, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_language_is_the_one_that_the_browser_likes_best() {
        for (header, language) in [
            ("fr", Some(Language::Fr)),
            ("fr-CH, en;q=0.7", Some(Language::Fr)),
            ("en;q=0.3, fr;q=0.8", Some(Language::Fr)),
            ("de, en-GB;q=0.8, fr;q=0.5", Some(Language::En)),
            ("de, it", None),
            ("fr;q=0", None),
            ("fr;q=x", None),
            ("*", None),
            (",,;;=", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
            assert_eq!(accepted(&headers), language, "{header}");
        }
    }

    #[test]
    fn the_page_of_a_form_is_one_of_ours() {
        for (referer, page) in [
            ("https://mail.test:8189/relays/a?b=c#d", "/relays/a?b=c"),
            ("https://mail.test:8189", "/"),
            ("https://mail.test:81890/x", "/"),
            ("http://mail.test:8189/x", "/"),
            ("https://evil.test/x", "/"),
            ("https://mail.test:8189//evil.test/x", "/"),
            ("https://mail.test:8189/\t/evil.test/x", "/"),
            ("https://mail.test:8189/\\evil.test/x", "/"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("mail.test:8189"));
            headers.insert(REFERER, HeaderValue::from_static(referer));
            assert_eq!(page_of_form(&headers), page, "{referer}");
        }
        assert_eq!(page_of_form(&HeaderMap::new()), "/");
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; __Host-language=fr; b=2"));
        headers.append(COOKIE, HeaderValue::from_static("c=3"));
        assert_eq!(cookie(&headers, LANGUAGE_COOKIE), Some("fr"));
        assert_eq!(cookie(&headers, "c"), Some("3"));
        assert_eq!(cookie(&headers, "d"), None);
    }
}
