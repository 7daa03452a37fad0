//! What people and programs are told about known addresses.

use super::*;
use crate::words::phrases;
use control::found::json as discovery_json;
use discover::{Protocol, Server, Tls};
use jiff::tz::TimeZone;
use mail::{Language, Timestamp};
use serde_json::json;
use std::sync::Arc;

fn reader(language: Language) -> Reader {
    Reader { phrases: Arc::new(phrases(language)), raw: false, zone: TimeZone::UTC, now: Timestamp(0) }
}

fn of(address: &str) -> Discovery {
    Discovery::offline(address, &[]).unwrap()
}

#[track_caller]
fn check(address: &str, language: Language, expected: &str) {
    assert_eq!(discovery(&of(address), &reader(language)), expected, "{address}");
}

#[test]
fn people_get_a_table_and_advice() {
    check(
        "anne@free.fr",
        Language::En,
        "anne@free.fr: Freebox\n\n\
         PROTOCOL  SERVER        PORT  SECURITY  USER NAME\n\
         IMAP      imap.free.fr  993   SSL/TLS   anne\n\
         POP3      pop.free.fr   995   SSL/TLS   anne\n\
         SMTP      smtp.free.fr  465   SSL/TLS   anne\n\n\
         Use IMAP to read: your mail stays on the server, and is the same on each of your devices.\n\
         The provider's own page: https://assistance.free.fr/articles/configurer-de-maniere-avancee-mon-logiciel-de-messagerie-609\n",
    );
    let tuta = discovery(&of("anne@tuta.com"), &reader(Language::Fr));
    assert!(tuta.starts_with("anne@tuta.com\u{a0}: Tuta\n\nTuta conserve le courrier chiffré"), "{tuta}");
    let unknown = discovery(&of("anne@example.org"), &reader(Language::Fr));
    assert!(unknown.contains("ne connaît aucun serveur"), "{unknown}");
    let gmail = discovery(&of("anne@gmail.com"), &reader(Language::En));
    assert!(gmail.contains("app password") && gmail.contains("30 May 2022"), "{gmail}");
    let clear = discovery(&of("anne@nifty.com"), &reader(Language::En));
    assert!(clear.contains("without encryption only") && !clear.contains("PROTOCOL"), "{clear}");
}

#[test]
fn programs_get_the_promised_shape() {
    let data = discovery_json(&of("anne@outlook.fr"), &reader(Language::En));
    let imap = &data["servers"][0];
    for (key, expected) in [
        ("protocol", json!("imap")),
        ("host", json!("outlook.office365.com")),
        ("port", json!(993)),
        ("tls", json!("implicit")),
        ("username", json!("anne@outlook.fr")),
        ("auth", json!(["oauth2"])),
        ("proved", json!(false)),
        ("source", json!("facts")),
        ("trust", json!("A")),
    ] {
        assert_eq!(imap[key], expected, "{key}");
    }
    assert_eq!(imap["oauth2"]["issuer"], "login.microsoftonline.com");
    assert_eq!(data["provider"]["needs"], "oauth2");
    assert_eq!(discovery_json(&of("a@nifty.com"), &reader(Language::En))["tried"][0]["why"], "no_tls");
}

#[test]
fn each_program_gets_its_settings_in_both_languages() {
    for (name, program) in ForProgram::ALL {
        for language in Language::ALL {
            let text = settings_for(program, &of("anne@gmail.com"), &reader(language)).unwrap();
            let told = text.contains("smtp.gmail.com") || program == ForProgram::Qr;
            assert!(told, "{name}: {text}");
        }
        assert_eq!(settings_for(program, &of("anne@proton.me"), &reader(Language::En)), None, "{name}");
    }
}

#[test]
fn a_qr_code_is_a_square_with_its_three_eyes() {
    let text = picture("IMAP imap.example.org 993").unwrap();
    let rows: Vec<&str> = text.lines().collect();
    let width = rows[0].chars().count();
    assert!(rows.iter().all(|row| row.chars().count() == width) && rows.len() == width.div_ceil(2), "{text}");
    // The upper edge of an eye is seven dark squares, between two light rows.
    assert!(rows[1].starts_with("██ ▄▄▄▄▄ █"), "{text}");
    assert!(rows[1].ends_with("█ ▄▄▄▄▄ ██"), "{text}");
}

#[test]
fn a_domain_has_a_page_for_its_people() {
    let mut imap = Server::at(Protocol::Imap, "imap.example.org", 993, Tls::Implicit);
    imap.user = Some(UserForm::Local);
    let smtp = Server::at(Protocol::Smtp, "smtp.example.org", 587, Tls::Starttls);
    let hosted =
        Hosted { domain: "example.org".into(), name: "example.org".into(), servers: vec![imap, smtp] };
    let expected = "Settings for mail programs at example.org. The password is that of the mailbox.\n\n\
                    IMAP\nServer: imap.example.org\nPort: 993\nSecurity: SSL/TLS\nUser name: the part of the address before the @\n\n\
                    SMTP\nServer: smtp.example.org\nPort: 587\nSecurity: STARTTLS\nUser name: the whole address\n";
    assert_eq!(settings_page(&hosted, &reader(Language::En)), expected);
}
