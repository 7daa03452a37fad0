//! What a relay's provider wants to be shown, before anything was refused: from the presets, from what discovery knows of
//! providers, and in the words of the catalogue, so that nothing is told twice in two ways.

use crate::reader::Reader;
use deliver::{Preset, SignIn};
use discover::facts::{Facts as Providers, Needs, Provider};
use discover::{Protocol, UserForm};
use explain::{CauseId, Facts, Place, Words};

/// What to do for a provider, step by step, and its pages that help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderNeeds {
    /// What to know and to do, a sentence or two each.
    pub steps: Vec<String>,
    /// Pages that help: `https` alone.
    pub pages: Vec<String>,
}

/// What is to be done for the relay of a preset, or for a server.
pub fn of_relay(preset: Option<&Preset>, host: &str, reader: &Reader) -> ProviderNeeds {
    let provider = Providers::shipped().of_sending_host(host);
    let id = explain::provider_of_host(host).or(preset.map(|preset| preset.name));
    let sign_in = preset.map(|preset| preset.sign_in).or_else(|| sign_in_of(provider?));
    let words = |cause, id| explain::words(cause, id, Place::Pasted, reader.language(), &Facts::default());
    let mut told = ProviderNeeds { steps: Vec::new(), pages: Vec::new() };
    let mut tell = |words: Words, with_cause: bool| {
        if with_cause {
            told.steps.push(words.cause);
        }
        told.steps.push(words.fix);
        told.pages.extend(words.link);
    };
    match sign_in {
        Some(SignIn::AppPassword) => tell(words(CauseId::AUTH_APP_PASSWORD_REQUIRED, id), true),
        Some(SignIn::OAuth2Only) => tell(words(CauseId::AUTH_BASIC_DISABLED, id), true),
        Some(SignIn::Key) => {
            // Only where the catalogue knows the provider: what it says to everybody is for after a refusal.
            let own = words(CauseId::AUTH_BAD_CREDENTIALS, id);
            if own.fix == words(CauseId::AUTH_BAD_CREDENTIALS, None).fix {
                told.steps.push(reader.phrases.say("needs-key"));
            } else {
                tell(own, false);
            }
        }
        Some(SignIn::Password) => told.steps.push(reader.phrases.say("needs-password")),
        None => {}
    }
    if let Some(provider) = provider.filter(|provider| !provider.relay) {
        let own_login = preset.is_some_and(|preset| preset.login.is_some());
        told.steps.extend(login_of(provider, host).filter(|_| !own_login).map(|key| reader.phrases.say(key)));
        told.steps.extend(provider.note.as_ref().map(|note| note.of(reader.language()).to_owned()));
        told.pages.extend(provider.help.clone());
    }
    told.pages.retain(|page| page.starts_with("https://"));
    let mut seen = Vec::new();
    // The same page under another language is the same page.
    told.pages.retain(|page| {
        let bare = page.split('?').next().unwrap_or_default().to_owned();
        let fresh = !seen.contains(&bare);
        seen.push(bare);
        fresh
    });
    told
}

/// What a provider without a preset wants, when it is not simply the password.
fn sign_in_of(provider: &Provider) -> Option<SignIn> {
    match provider.needs {
        Some(Needs::AppPassword) => Some(SignIn::AppPassword),
        Some(Needs::OAuth2) => Some(SignIn::OAuth2Only),
        None => None,
    }
}

/// How the user name is made of the address, for sending.
fn login_of(provider: &Provider, host: &str) -> Option<&'static str> {
    let of_host = |server: &&discover::Server| server.protocol == Protocol::Smtp && server.host == host;
    match provider.servers.iter().find(of_host)?.user.as_ref()? {
        UserForm::Full => Some("needs-login-full"),
        UserForm::Local => Some("needs-login-local"),
        UserForm::Dotted | UserForm::Given(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrases::Phrases;
    use deliver::{PRESETS, preset};
    use mail::{Language, Timestamp};
    use std::sync::Arc;

    fn reader(language: Language) -> Reader {
        let zone = jiff::tz::TimeZone::UTC;
        Reader { phrases: Arc::new(Phrases::of(language, &[])), raw: false, zone, now: Timestamp(0) }
    }

    #[test]
    fn each_preset_says_what_to_do_in_both_languages() {
        for language in Language::ALL {
            for preset in PRESETS {
                let told = of_relay(Some(preset), preset.host, &reader(language));
                assert!(!told.steps.is_empty(), "{}", preset.name);
                assert!(told.steps.iter().all(|step| step.len() > 20 && !step.contains('[')), "{told:?}");
                assert!(told.pages.iter().all(|page| page.starts_with("https://")), "{told:?}");
            }
        }
    }

    #[test]
    fn the_steps_are_those_of_the_provider() {
        for (name, word, page) in [
            (
                "gmail",
                "myaccount.google.com/apppasswords",
                Some("https://support.google.com/accounts/answer/185833"),
            ),
            ("yahoo", "app password", Some("https://help.yahoo.com/kb/SLN3433")),
            ("icloud", "app-specific password", Some("https://support.apple.com/en-us/102654")),
            ("outlook", "OAuth2", None),
            ("microsoft365", "Authenticated SMTP", Some("https://aka.ms/smtp_auth_disabled")),
            ("brevo", "the API key does not work here", None),
            ("sendgrid", "the word apikey", None),
            ("orange", "user name", Some("https://assistance.orange.fr/")),
        ] {
            let preset = preset(name).unwrap();
            let told = of_relay(Some(preset), preset.host, &reader(Language::En));
            assert!(told.steps.join(" ").contains(word), "{name}: {told:?}");
            let found = |page| told.pages.iter().filter(|known| known.starts_with(page)).count();
            assert_eq!(page.map(found).unwrap_or(1), 1, "{name}: {told:?}");
        }
        let zoho = of_relay(None, "smtp.zoho.com", &reader(Language::En));
        assert!(zoho.steps.join(" ").contains("sender must be"), "a server without a preset, too: {zoho:?}");
        let unknown = of_relay(None, "relay.test", &reader(Language::En));
        assert_eq!(unknown, ProviderNeeds { steps: Vec::new(), pages: Vec::new() });
    }
}
