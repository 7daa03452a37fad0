//! What the enhanced codes say by themselves (RFC 3463), where servers use them for one thing.

use mail::EnhancedCode;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Of some codes, without their first digit: the causes that come with them.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Codes(BTreeMap<String, Vec<String>>);

impl Codes {
    /// The first detail that IANA has not given out: from here on, services number as they like.
    const OWN_NUMBERS: u16 = 100;

    /// Whether a code speaks against a cause that words of no particular service mean.
    pub(crate) fn contradict(&self, code: Option<EnhancedCode>, cause: &str) -> bool {
        let Some(code) = code else { return false };
        if code.detail() >= Self::OWN_NUMBERS {
            return true;
        }
        let causes = self.0.get(&format!("{}.{}", code.subject(), code.detail()));
        causes.is_some_and(|causes| !causes.iter().any(|known| known == cause))
    }

    /// The cause that a code comes with most often, where it is used for few things.
    pub(crate) fn usual(&self, code: EnhancedCode) -> Option<&str> {
        let causes = self.0.get(&format!("{}.{}", code.subject(), code.detail()))?;
        causes.first().map(String::as_str)
    }

    /// All causes that are named.
    pub(crate) fn causes(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;

    #[test]
    fn a_code_speaks_against_other_causes_only_where_it_has_one_meaning() {
        for (code, cause, speaks_against) in [
            ("5.1.1", "recipient_unknown", false),
            ("5.1.1", "spam_content", true),
            ("4.2.2", "recipient_mailbox_full", false),
            ("5.2.2", "recipient_unknown", true),
            ("5.7.1", "spam_content", false),
            ("5.7.1", "recipient_unknown", false),
            ("5.7.509", "spam_content", true),
        ] {
            let codes = &Catalogue::built_in().codes;
            assert_eq!(codes.contradict(code.parse().ok(), cause), speaks_against, "{code} {cause}");
        }
        assert!(!Catalogue::built_in().codes.contradict(None, "spam_content"));
    }
}
