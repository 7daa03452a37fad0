//! The address of a receiver.

use net::HostName;
use url::Url;

/// The longest address.
const MAX_LENGTH: usize = 2_000;

/// Why a text is no address that can be posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// It is no address, or is too long.
    #[error("it is not an address such as https://example.org/in")]
    NotAnAddress,
    /// It is not one of the web.
    #[error("it begins with neither https:// nor http://")]
    NotOfTheWeb,
    /// Its port belongs to something else.
    #[error("its port belongs to something else than the web")]
    Port,
}

/// An address that can be posted to: host, port, path, and the user name and password that stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress {
    /// Whether it is reached over TLS.
    pub tls: bool,
    /// The host, as it is dialled.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// The address without its user name and password.
    pub shown: String,
    /// `name:password`, as it stood in it.
    pub sign_in: Option<mail::Secret>,
    /// What the field `Host` says (RFC 9110 §7.2).
    pub authority: String,
}

impl WebAddress {
    /// Reads an address.
    pub fn read(text: &str) -> Result<Self, AddressFault> {
        if text.len() > MAX_LENGTH {
            return Err(AddressFault::NotAnAddress);
        }
        let mut url = Url::parse(text.trim()).map_err(|_| AddressFault::NotAnAddress)?;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(AddressFault::NotOfTheWeb),
        };
        let unescaped = |text: &str| percent_decoded(text);
        let sign_in = (!url.username().is_empty() || url.password().is_some()).then(|| {
            mail::Secret::new(format!(
                "{}:{}",
                unescaped(url.username()),
                unescaped(url.password().unwrap_or_default())
            ))
        });
        let bare = url.set_username("").and_then(|()| url.set_password(None));
        bare.map_err(|()| AddressFault::NotAnAddress)?;
        url.set_fragment(None);
        // Written as it is kept, an address may be three times as long: each odd byte becomes `%C3`.
        if url.as_str().len() > MAX_LENGTH {
            return Err(AddressFault::NotAnAddress);
        }
        let host = url.host_str().ok_or(AddressFault::NotAnAddress)?;
        let port = url.port_or_known_default().ok_or(AddressFault::NotAnAddress)?;
        if !net::Purpose::Webhook.allows(port) {
            return Err(AddressFault::Port);
        }
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        host.parse::<HostName>().map_err(|_| AddressFault::NotAnAddress)?;
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Ok(Self { tls, host, port, path, shown: url.to_string(), sign_in, authority })
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match pair.filter(|_| first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(bool, &str, u16, &str, &str), AddressFault>) {
        let found = WebAddress::read(text);
        let found = found.as_ref().map(|a| {
            (a.tls, a.host.as_str(), a.port, a.path.as_str(), a.sign_in.as_ref().map_or("", |s| s.reveal()))
        });
        assert_eq!(found.map_err(|fault| *fault), expected, "{text}");
    }

    #[test]
    fn addresses_are_read() {
        check("https://a.test/in?x=1#y", Ok((true, "a.test", 443, "/in?x=1", "")));
        check("http://a.test", Ok((false, "a.test", 80, "/", "")));
        check("https://an%40e:p%3Aw@a.test:8443/", Ok((true, "a.test", 8443, "/", "an@e:p:w")));
        check("https://[2a00::1]:9000/a b", Ok((true, "2a00::1", 9000, "/a%20b", "")));
        let odd = format!("https://a.test/{}", "é".repeat(MAX_LENGTH / 4));
        check(&odd, Err(AddressFault::NotAnAddress));
        check("https://0x7f.1/", Ok((true, "127.0.0.1", 443, "/", "")));
        check("ftp://a.test/", Err(AddressFault::NotOfTheWeb));
        check("file:///etc/passwd", Err(AddressFault::NotOfTheWeb));
        check("gopher://a.test:25/", Err(AddressFault::NotOfTheWeb));
        check("a.test/in", Err(AddressFault::NotAnAddress));
        check("https:///", Err(AddressFault::NotAnAddress));
        check("https://a.test:25/", Err(AddressFault::Port));
        check("https://a.test:22/", Err(AddressFault::Port));
        check(&format!("https://a.test/{}", "x".repeat(2_000)), Err(AddressFault::NotAnAddress));
    }

    #[test]
    fn no_password_is_shown() {
        let address = WebAddress::read("https://anne:secret@a.test/in#secret").unwrap();
        assert_eq!(address.shown, "https://a.test/in");
        assert!(!format!("{address:?}").contains("secret"));
        assert_eq!(address.authority, "a.test");
        assert_eq!(WebAddress::read("https://[2a00::1]:9000/").unwrap().authority, "[2a00::1]:9000");
    }
}
