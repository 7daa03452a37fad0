//! Which provider speaks: told by the host that answered, then by what its words name.

use crate::catalogue::Catalogue;
use crate::scene::Marks;
use serde::Deserialize;

/// A provider whose refusals have words of their own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// The stable id, the same as the relay presets use.
    pub(crate) id: String,
    /// The name that people know.
    pub(crate) name: String,
    /// Ends of its servers' names.
    pub(crate) hosts: Vec<String>,
    /// Texts that only its refusals have, in normalised form.
    #[serde(default)]
    pub(crate) texts: Vec<String>,
}

impl Provider {
    /// Whether the provider runs the server of this name.
    fn runs(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|end| {
            host.strip_suffix(end.as_str()).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        })
    }
}

/// The texts of all providers, sought at once.
pub(crate) struct ProviderMarks {
    finder: Marks,
    /// Of each text: its provider.
    owners: Vec<usize>,
}

impl ProviderMarks {
    pub(crate) fn new(providers: &[Provider]) -> Self {
        let marks = || {
            providers.iter().enumerate().flat_map(|(at, one)| one.texts.iter().map(move |text| (at, text)))
        };
        Self {
            finder: Marks::new(marks().map(|(_, text)| text.as_str())),
            owners: marks().map(|(at, _)| at).collect(),
        }
    }
}

impl std::fmt::Debug for ProviderMarks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderMarks").field("texts", &self.owners.len()).finish()
    }
}

/// The id of the provider whose server it is.
pub fn provider_of_host(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    let provider = Catalogue::built_in().providers.iter().find(|provider| provider.runs(&host))?;
    Some(provider.id.as_str())
}

/// The provider whose server it is, else the one that the normalised text names.
pub(crate) fn infer(host: Option<&str>, text: &str) -> Option<&'static str> {
    let by_text = || {
        let catalogue = Catalogue::built_in();
        let marks = &catalogue.provider_marks;
        let provider = marks.finder.first_in(text).and_then(|mark| marks.owners.get(mark))?;
        Some(catalogue.providers.get(*provider)?.id.as_str())
    };
    host.and_then(provider_of_host).or_else(by_text)
}

/// The provider's id as the catalogue keeps it.
pub(crate) fn interned(id: &str) -> Option<&'static str> {
    Catalogue::built_in().provider(id).map(|provider| provider.id.as_str())
}

/// The name of a provider as people know it.
pub fn provider_name(id: &str) -> Option<&'static str> {
    Catalogue::built_in().provider(id).map(|provider| provider.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_its_provider_and_a_look_alike_does_not() {
        for (host, provider) in [
            ("smtp.gmail.com", Some("gmail")),
            ("gmail-smtp-in.l.google.com.", Some("gmail")),
            ("smtp.office365.com", Some("microsoft365")),
            ("example-org.mail.protection.outlook.com", Some("microsoft365")),
            ("SMTP-RELAY.BREVO.COM", Some("brevo")),
            ("smtp.notgmail.com", None),
            ("gmail.com.example.org", None),
        ] {
            assert_eq!(infer(Some(host), ""), provider, "{host}");
        }
    }
}
