//! The address in question: what a person typed, judged before anything is asked about it.

use mail::{Address, AddressError, Domain};

/// Why nothing is asked about an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It is no address.
    /// Usual cause: a typing mistake.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Its domain is an address literal, a single label, or a name that is private by rule.
    /// Usual cause: an address of a company's own network, which nobody outside can know of.
    #[error("{0} is not a name of the Internet")]
    NotPublic(String),
}

/// Names that no public DNS answers for (RFC 6761, RFC 6762, RFC 7686, RFC 8375, and what the root refuses).
const PRIVATE: &[&str] =
    &["local", "localhost", "invalid", "onion", "home.arpa", "internal", "lan", "home", "corp", "intranet"];

/// An address about which questions may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    address: Address,
}

impl Subject {
    /// Reads what a person typed: white space around it and a `mailto:` before it are not meant. `private` allows names
    /// of a private network, which an administrator may ask for.
    pub fn read(text: &str, private: bool) -> Result<Self, SubjectError> {
        let text = text.trim().trim_matches(['<', '>']);
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        let address: Address = text.parse()?;
        let domain = address.domain();
        if domain.is_literal() || (!private && !is_public(domain)) {
            return Err(SubjectError::NotPublic(domain.to_string()));
        }
        Ok(Self { address })
    }

    /// The address as it was written.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The domain as A-label in lower case: the form for look-ups.
    pub fn domain(&self) -> &str {
        self.address.domain().as_ascii()
    }
}

fn is_public(domain: &Domain) -> bool {
    let name = domain.as_ascii();
    let private =
        |end: &&str| name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // No top level domain is a number: what ends with one is an IPv4 address without its brackets.
    let number = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    name.contains('.') && !name.contains('_') && !number && !PRIVATE.iter().any(private)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(Subject::read(text, false).ok().as_ref().map(Subject::domain), expected, "{text}");
    }

    #[test]
    fn addresses_of_the_internet_are_asked_about() {
        check(" anne@Exemple.FR\n", Some("exemple.fr"));
        check("<anne@exemple.fr>", Some("exemple.fr"));
        check("mailto:anne@exemple.fr", Some("exemple.fr"));
        check("anne@société.fr", Some("xn--socit-esab.fr"));
        check("\"a@b\"@c.example", Some("c.example"));
        check("anne", None);
        check("anne@", None);
        check("anne@[192.0.2.1]", None);
        check("anne@192.0.2.1", None);
        check("anne@localhost", None);
        check("anne@nas.local", None);
        check("anne@local", None);
        check("anne@box.home.arpa", None);
        check("anne@notlocal", None);
        check("anne@catalocal.fr", Some("catalocal.fr"));
    }

    #[test]
    fn an_administrator_may_ask_about_private_names() {
        assert!(Subject::read("anne@nas.local", true).is_ok());
        assert!(Subject::read("anne@[192.0.2.1]", true).is_err());
    }
}
