//! Documents: where they are, and what is learnt from them.

use super::{Plan, Question, Reply};
use crate::finding::{Source, Trust};
use crate::read::{self, Redirect};
use crate::refusal::Refusal;
use mail::{Address, Domain};

/// How often a document may move.
const MAX_MOVES: u8 = 3;
/// The longest path that is asked for.
const MAX_PATH: usize = 1_024;

const AUTOCONFIG: &str = "/mail/config-v1.1.xml";
const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";
const AUTODISCOVER: &str = "/autodiscover/autodiscover.xml";

/// A document to ask for, at port 443 and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The host, whose certificate must be valid.
    pub host: String,
    /// The path, with its query.
    pub path: String,
    /// What to send by POST; `None` to ask by GET.
    pub post: Option<String>,
    source: Source,
    moves: u8,
    /// Only the DNS, or a server of somebody else, sent us here.
    hint: bool,
    /// Not yet asked with the address.
    bare: bool,
}

impl Document {
    pub(super) fn autoconfig(host: &str, source: Source) -> Self {
        let (host, path) = (host.to_owned(), AUTOCONFIG.to_owned());
        Self { host, path, post: None, source, moves: 0, hint: false, bare: true }
    }

    pub(super) fn well_known(domain: &str) -> Self {
        Self { path: WELL_KNOWN.to_owned(), ..Self::autoconfig(domain, Source::WellKnown) }
    }

    pub(super) fn autodiscover(host: &str, address: &Address, source: Source) -> Self {
        let post = Some(read::autodiscover_request(address));
        Self { path: AUTODISCOVER.to_owned(), post, bare: false, ..Self::autoconfig(host, source) }
    }

    pub(super) const fn hint(mut self) -> Self {
        self.hint = true;
        self
    }

    /// The same kind of document at an absolute address; `None` when that is not one we would ever ask.
    pub(super) fn at(&self, url: &str) -> Option<Self> {
        let moved = self.moved(url).filter(|_| url.starts_with("https://"))?;
        Some(Self { moves: 0, bare: false, ..moved })
    }

    /// Which road this is.
    pub const fn source(&self) -> Source {
        self.source
    }

    /// The absolute address.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.host, self.path)
    }

    /// The document at another address; `None` when that is not one we would ever ask.
    fn moved(&self, to: &str) -> Option<Self> {
        let (host, path) = match to.strip_prefix("https://") {
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end)?;
                let authority = authority.strip_suffix(":443").unwrap_or(authority);
                let domain: Domain = authority.parse().ok()?;
                if domain.is_literal() || !domain.as_ascii().contains('.') {
                    return None;
                }
                (domain.as_ascii().to_owned(), path)
            }
            // On the same host.
            None if to.starts_with('/') && !to.starts_with("//") => (self.host.clone(), to),
            None => return None,
        };
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        let fine = plain && path.len() <= MAX_PATH && self.moves < MAX_MOVES;
        fine.then(|| Self { host, path, moves: self.moves + 1, ..self.clone() })
    }
}

impl Plan<'_> {
    pub(super) fn learn_document(&mut self, document: &Document, reply: Reply) -> Result<(), Refusal> {
        match reply {
            Reply::Document(bytes) => self.learn_bytes(document, &bytes),
            Reply::Moved(to) => self.follow(document, &to),
            // [MS-OXDSCLI] §3.1.5.3: Exchange wants a password before it says anything. It gets none.
            Reply::Status(401) if document.post.is_some() => {
                self.exchange = true;
                Ok(())
            }
            // Some know nothing until they are told the address; they are told by https alone.
            Reply::Status(400 | 404 | 500) if document.bare => {
                let address = self.subject.address().to_ascii_domain();
                let path = format!("{}?emailaddress={}", document.path, encoded(&address));
                self.ask(Question::Document(Document { path, bare: false, ..document.clone() }));
                Ok(())
            }
            Reply::Status(_) | Reply::Records { .. } | Reply::Nothing => Ok(()),
        }
    }

    fn learn_bytes(&mut self, document: &Document, bytes: &[u8]) -> Result<(), Refusal> {
        let said = if document.post.is_some() {
            read::autodiscover(bytes, self.subject.address())?
        } else {
            read::autoconfig(bytes, self.subject.domain())?
        };
        match said.redirect.clone() {
            Some(Redirect::Url(url)) => self.follow(document, &url)?,
            Some(Redirect::Domain(domain)) if domain != self.subject.domain() => {
                let host = format!("https://autodiscover.{domain}{AUTODISCOVER}");
                self.follow(document, &host)?;
            }
            Some(Redirect::Domain(_)) => return Err(Refusal::Redirects),
            None => {}
        }
        let trust = self.trust_of(document);
        self.take(said, document.source, trust);
        Ok(())
    }

    fn follow(&mut self, document: &Document, to: &str) -> Result<(), Refusal> {
        let moved =
            document.moved(to).filter(|moved| (&moved.host, &moved.path) != (&document.host, &document.path));
        let moved = moved.ok_or(Refusal::Redirects)?;
        self.ask(Question::Document(moved));
        Ok(())
    }

    /// A document at the domain itself is the domain's own word, its certificate shows it. Elsewhere it is a hint.
    fn trust_of(&self, document: &Document) -> Trust {
        let domain = self.subject.domain();
        let within =
            document.host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if within && !document.hint { Trust::A } else { Trust::C }
    }
}

/// The address for a query (RFC 3986 §2.3). Dots stay as they are: some servers compare before they decode.
fn encoded(address: &str) -> String {
    let mut text = String::with_capacity(address.len() + 8);
    for byte in address.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
                text.push(char::from(byte))
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_move_to_https_only() {
        let document = Document::autoconfig("autoconfig.a.example", Source::Autoconfig);
        for (to, expected) in [
            ("https://b.example/x?y=z", Some("https://b.example/x?y=z")),
            ("https://B.example:443", Some("https://b.example/")),
            ("https://b.example?x", Some("https://b.example/?x")),
            ("/other.xml#part", Some("https://autoconfig.a.example/other.xml")),
            ("http://b.example/x", None),
            ("https://b.example:8443/x", None),
            ("https://127.0.0.1/x", Some("https://127.0.0.1/x")),
            ("https://[::1]/x", None),
            ("https://localhost/x", None),
            ("https://user:secret@b.example/x", None),
            ("//b.example/x", None),
            ("file:///etc/passwd", None),
            ("gopher://b.example/", None),
            ("https://b.example/a b", None),
            ("https://b.example/\r\nHost: c", None),
            ("x.xml", None),
            ("", None),
        ] {
            assert_eq!(document.moved(to).map(|moved| moved.url()).as_deref(), expected, "{to}");
        }
    }

    #[test]
    fn an_address_is_written_into_a_query() {
        assert_eq!(encoded("anne.b+c@d.example"), "anne.b%2Bc@d.example");
        assert_eq!(encoded("é&x=@d"), "%C3%A9%26x%3D@d");
    }
}
