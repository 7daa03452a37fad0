//! The record that belongs to a key, as the owner of the domain publishes it.

use crate::{AuthenticityError, SigningKey};
use mail::Domain;
use std::fmt;

/// The most bytes of one string of a TXT record (RFC 1035 §3.3.14).
const STRING_BYTES: usize = 255;

/// A TXT record to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The name: `selector._domainkey.domain`.
    pub name: String,
    /// The whole text. Web forms of DNS hosts take it as it is and split it themselves.
    pub text: String,
}

impl KeyRecord {
    /// The record of a key under a selector of a domain.
    pub fn new(domain: &Domain, selector: &str, key: &SigningKey) -> Result<Self, AuthenticityError> {
        check_name(domain, selector)?;
        let name = format!("{selector}._domainkey.{}", domain.as_ascii());
        let text = format!("v=DKIM1; k={}; p={}", key.algorithm().key_kind(), key.public_base64());
        Ok(Self { name, text })
    }

    /// The text in strings of at most 255 bytes, as a zone file and the DNS have it.
    pub fn strings(&self) -> Vec<&str> {
        let mut strings = Vec::new();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            // The text is ASCII: every byte is a boundary.
            let (string, after) = rest.split_at_checked(rest.len().min(STRING_BYTES)).unwrap_or((rest, ""));
            strings.push(string);
            rest = after;
        }
        strings
    }
}

impl fmt::Display for KeyRecord {
    /// A line of a zone file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<String> = self.strings().iter().map(|string| format!("\"{string}\"")).collect();
        write!(f, "{}. IN TXT ( {} )", self.name, quoted.join(" "))
    }
}

/// A selector is one or more labels (RFC 6376 §3.1); hyphens, and dots between.
pub(crate) fn check_name(domain: &Domain, selector: &str) -> Result<(), AuthenticityError> {
    if domain.is_literal() {
        return Err(AuthenticityError::Domain);
    }
    let fits = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    if selector.split('.').all(fits) { Ok(()) } else { Err(AuthenticityError::Selector) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;

    #[test]
    fn records_are_split_and_named() {
        let domain: Domain = "Soci\u{e9}t\u{e9}.example".parse().unwrap();
        let make = |algorithm| SigningKey::from_pem(&SigningKey::generate(algorithm).unwrap()).unwrap();
        let rsa = KeyRecord::new(&domain, "f1", &make(Algorithm::RsaSha256)).unwrap();
        assert_eq!(rsa.name, "f1._domainkey.xn--socit-esab.example");
        assert!(rsa.text.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"));
        let strings = rsa.strings();
        assert_eq!((strings.len(), strings.concat()), (2, rsa.text.clone()));
        assert!(strings.iter().all(|string| string.len() <= STRING_BYTES));
        assert!(rsa.to_string().starts_with("f1._domainkey.xn--socit-esab.example. IN TXT ( \"v=DKIM1"));
        let short = KeyRecord::new(&domain, "f2", &make(Algorithm::Ed25519Sha256)).unwrap();
        assert_eq!((short.text.len(), short.strings().len()), ("v=DKIM1; k=ed25519; p=".len() + 44, 1));
    }

    #[test]
    fn names_that_cannot_be_published_are_refused() {
        let domain: Domain = "example.org".parse().unwrap();
        for good in ["a", "2026-11", "mail.eu", "s1024"] {
            assert_eq!(check_name(&domain, good), Ok(()), "{good}");
        }
        for bad in ["", "a b", "a;b", "-a", "a..b", "\u{e9}", "a\r\n", &"a".repeat(64)] {
            assert_eq!(check_name(&domain, bad), Err(AuthenticityError::Selector), "{bad}");
        }
        assert_eq!(check_name(&"[192.0.2.1]".parse().unwrap(), "a"), Err(AuthenticityError::Domain));
    }
}
