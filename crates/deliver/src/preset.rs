//! What is known of well-known relays: their server, their ports, what they need. A table of data.
//!
//! Servers and sign-in rules as published by Thunderbird's provider database (2026-03-12), by nodemailer's list of
//! well-known services (2026-08-07) and on the providers' own help pages; nothing that no source shows is claimed.

use store::{RelayTls, SenderMode};

/// What a relay wants to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// The account's own password.
    Password,
    /// A password made for programs, because the account's own is refused.
    AppPassword,
    /// A key from the provider's console.
    Key,
    /// OAuth2 only: a password never works.
    OAuth2Only,
}

/// A relay known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The name to type.
    pub name: &'static str,
    /// Another name for the same relay.
    pub alias: Option<&'static str>,
    /// The server; `{region}` stands for a choice that must be made.
    pub host: &'static str,
    /// The port, when only one is published.
    pub port: Option<u16>,
    /// How it wants to be spoken to.
    pub tls: RelayTls,
    /// What it wants to be shown.
    pub sign_in: SignIn,
    /// The user name, when it is the same for everybody.
    pub login: Option<&'static str>,
    /// With which sender it wants mail. People's mailboxes take it from their own address alone.
    pub sender: SenderMode,
    /// The most connections at once.
    pub max_connections: u16,
    /// The most recipients of one transaction.
    pub max_recipients: u16,
}

/// A person's mailbox.
const MAILBOX: Preset = Preset { sender: SenderMode::Login, ..BASE };

const BASE: Preset = Preset {
    name: "",
    alias: None,
    host: "",
    port: None,
    tls: RelayTls::Auto,
    sign_in: SignIn::Password,
    login: None,
    sender: SenderMode::Keep,
    max_connections: 5,
    max_recipients: 50,
};

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset { name: "gmail", host: "smtp.gmail.com", sign_in: SignIn::AppPassword, ..MAILBOX },
    Preset {
        name: "microsoft365",
        alias: Some("office365"),
        host: "smtp.office365.com",
        port: Some(587),
        max_connections: 3,
        ..MAILBOX
    },
    Preset {
        name: "outlook",
        alias: Some("hotmail"),
        host: "smtp-mail.outlook.com",
        port: Some(587),
        sign_in: SignIn::OAuth2Only,
        ..MAILBOX
    },
    Preset { name: "yahoo", host: "smtp.mail.yahoo.com", sign_in: SignIn::AppPassword, ..MAILBOX },
    Preset {
        name: "icloud",
        host: "smtp.mail.me.com",
        port: Some(587),
        sign_in: SignIn::AppPassword,
        ..MAILBOX
    },
    Preset {
        name: "brevo",
        alias: Some("sendinblue"),
        host: "smtp-relay.brevo.com",
        sign_in: SignIn::Key,
        ..BASE
    },
    Preset { name: "mailjet", host: "in-v3.mailjet.com", sign_in: SignIn::Key, ..BASE },
    Preset {
        name: "ses",
        alias: Some("amazon"),
        host: "email-smtp.{region}.amazonaws.com",
        sign_in: SignIn::Key,
        ..BASE
    },
    Preset { name: "postmark", host: "smtp.postmarkapp.com", sign_in: SignIn::Key, ..BASE },
    Preset {
        name: "sendgrid",
        host: "smtp.sendgrid.net",
        sign_in: SignIn::Key,
        login: Some("apikey"),
        ..BASE
    },
    Preset { name: "mailgun", host: "smtp.mailgun.org", sign_in: SignIn::Key, ..BASE },
    Preset {
        name: "orange",
        alias: Some("wanadoo"),
        host: "smtp.orange.fr",
        port: Some(465),
        max_connections: 2,
        ..MAILBOX
    },
    Preset { name: "free", host: "smtp.free.fr", port: Some(465), ..MAILBOX },
    Preset { name: "sfr", host: "smtp.sfr.fr", port: Some(465), ..MAILBOX },
    Preset { name: "laposte", host: "smtp.laposte.net", port: Some(465), ..MAILBOX },
    Preset { name: "ovh", host: "ssl0.ovh.net", ..BASE },
    Preset { name: "gandi", host: "mail.gandi.net", ..BASE },
    Preset { name: "ionos", alias: Some("1and1"), host: "smtp.1und1.de", ..BASE },
    Preset { name: "infomaniak", host: "mail.infomaniak.com", ..BASE },
    Preset {
        name: "bluewin",
        alias: Some("swisscom"),
        host: "smtpauths.bluewin.ch",
        port: Some(465),
        ..MAILBOX
    },
];

/// The preset of that name, compared without case.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS
        .iter()
        .find(|p| p.name.eq_ignore_ascii_case(name) || p.alias.is_some_and(|a| a.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_promised_preset_is_there_once() {
        let promised = "gmail microsoft365 outlook yahoo icloud brevo sendinblue mailjet ses postmark sendgrid mailgun \
                        orange free sfr laposte ovh gandi ionos infomaniak bluewin";
        for name in promised.split_whitespace() {
            assert!(preset(name).is_some(), "{name}");
        }
        let names: Vec<_> = PRESETS.iter().flat_map(|p| [Some(p.name), p.alias]).flatten().collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert_eq!(preset("SendinBlue").map(|p| p.host), Some("smtp-relay.brevo.com"));
    }

    #[test]
    fn mailboxes_of_people_get_mail_of_their_own_address() {
        let own: Vec<&str> =
            PRESETS.iter().filter(|p| p.sender == SenderMode::Login).map(|p| p.name).collect();
        let expected =
            "gmail microsoft365 outlook yahoo icloud orange free sfr laposte bluewin".split_whitespace();
        assert_eq!(own, expected.collect::<Vec<_>>());
        // A user name that is the same for everybody is nobody's address.
        assert!(PRESETS.iter().all(|p| p.sender == SenderMode::Keep || p.login.is_none()));
    }

    #[test]
    fn no_preset_asks_for_starttls_on_465_or_goes_without() {
        for preset in PRESETS {
            assert!(preset.tls != RelayTls::Never, "{}", preset.name);
            assert!(!(preset.port == Some(465) && preset.tls == RelayTls::Starttls), "{}", preset.name);
        }
    }
}
