//! What was found of an address: the servers, what to know, and settings to copy.

use crate::ask::Ask;
use crate::forms::{Field, form};
use crate::guard::Fields;
use control::Wish;
use control::found::{ForProgram, came_of, in_vain, remarks, security, settings_for};
use discover::give::{Account, Side, mobileconfig};
use discover::{Candidate, Discovery, Protocol, Server, Tls};
use mail::{Address, Domain};
use maud::{Markup, html};

/// All that was found.
pub(super) fn show(ask: &Ask, wish: &Wish, discovery: &Discovery) -> Markup {
    let reader = ask.reader();
    let in_vain = in_vain(discovery, &reader);
    html! {
        section class="card" aria-live="polite" {
            h2 {
                (discovery.address)
                @if let Some(provider) = &discovery.findings.provider { " · " (provider.name) }
            }
            ul { @for remark in remarks(discovery, &reader) { li { (remark) } } }
        }
        @if let Some(host) = discovery.unconfirmed.first() { (unconfirmed(ask, wish, host)) }
        @for candidate in &discovery.findings.candidates { (server(ask, discovery, candidate)) }
        (to_copy(ask, discovery))
        @if !in_vain.is_empty() {
            details class="card" {
                summary { h2 { (ask.say("web-discover-in-vain")) } }
                ul { @for line in in_vain { li { (line) } } }
            }
        }
    }
}

/// Asks whether a server may have the password although only the DNS leads there.
fn unconfirmed(ask: &Ask, wish: &Wish, host: &str) -> Markup {
    let password = Field::password("password", ask.say("web-discover-password"), "off").required();
    let fields = html! {
        input type="hidden" name="address" value=(wish.address);
        input type="hidden" name="trusted" value=(host);
        @if wish.private { input type="hidden" name="private" value="1"; }
        (password.marked("trusted").show())
        button { (ask.fill("web-discover-trust-do", [("host", host.to_owned().into())])) }
    };
    html! {
        section class="card warn" {
            h2 { (ask.fill("web-discover-trust", [("host", host.to_owned().into())])) }
            p { (ask.say("web-discover-trust-hint")) }
            (form(ask, "/discover", &fields))
        }
    }
}

fn server(ask: &Ask, discovery: &Discovery, candidate: &Candidate) -> Markup {
    let server = &candidate.server;
    let standing = came_of(candidate, discovery, &ask.reader());
    html! {
        section class="card" {
            h2 {
                (server.protocol.label())
                @if !standing.is_empty() { " " span class="badge good" { (standing) } }
            }
            dl class="settings" {
                @for (key, value) in [
                    ("web-settings-server", server.host.clone()),
                    ("web-settings-port", server.port.to_string()),
                    ("web-settings-security", security(server.tls).to_owned()),
                    ("web-settings-user", discovery.login(candidate)),
                ] {
                    dt { (ask.say(key)) } dd { (value) }
                }
            }
        }
    }
}

/// The settings as each program wants them, and a profile for Apple's.
fn to_copy(ask: &Ask, discovery: &Discovery) -> Markup {
    let reader = ask.reader();
    let programs =
        ForProgram::TO_COPY.map(|(name, program)| (name, settings_for(program, discovery, &reader)));
    let (incoming, outgoing) = discovery.pair();
    html! {
        @if let (Some(incoming), Some(outgoing)) = (incoming, outgoing) {
            section class="card" {
                h2 { "iPhone, iPad, Mac" }
                p { (ask.say("web-settings-profile")) }
                (form(ask, "/discover/profile", &html! {
                    input type="hidden" name="address" value=(discovery.address);
                    (side("in", discovery, incoming)) (side("out", discovery, outgoing))
                    button { (ask.say("web-settings-download")) }
                }))
            }
        }
        @if programs.iter().any(|(_, text)| text.is_some()) {
            section class="card" {
                h2 { (ask.say("web-discover-copy")) }
                @for (name, text) in &programs {
                    @if let Some(text) = text { details { summary { (name) } pre { (text) } } }
                }
            }
        }
    }
}

fn side(name: &str, discovery: &Discovery, candidate: &Candidate) -> Markup {
    let server = &candidate.server;
    html! {
        @for (what, value) in [
            ("protocol", server.protocol.as_str().to_owned()),
            ("host", server.host.clone()),
            ("port", server.port.to_string()),
            ("tls", server.tls.as_str().to_owned()),
            ("user", discovery.login(candidate)),
        ] {
            input type="hidden" name={ (name) "-" (what) } value=(value);
        }
    }
}

/// A profile of the servers that came back with the form, and the domain that it is for; `None` when they are none that a page of ours has shown.
pub(super) fn profile(fields: &Fields) -> Option<(String, String)> {
    let address: Address = fields.text("address")?.parse().ok()?;
    let (incoming, outgoing) = (server_of(fields, "in")?, server_of(fields, "out")?);
    let account = Account {
        address: &address,
        incoming: Some(Side { server: &incoming.0, login: &incoming.1 }),
        outgoing: Side { server: &outgoing.0, login: &outgoing.1 },
    };
    let sends = outgoing.0.protocol == Protocol::Smtp;
    let profile = mobileconfig(&account, &address.to_ascii_domain()).filter(|_| sends)?;
    Some((profile, address.domain().as_ascii().to_owned()))
}

fn server_of(fields: &Fields, side: &str) -> Option<(Server, String)> {
    let text = |what: &str| fields.text(&format!("{side}-{what}"));
    let protocol = text("protocol")?;
    let protocol = Protocol::ALL.into_iter().find(|known| known.as_str() == protocol)?;
    let host: Domain = text("host")?.parse().ok()?;
    let tls = match text("tls")?.as_str() {
        "implicit" => Tls::Implicit,
        "starttls" => Tls::Starttls,
        _ => return None,
    };
    let port = text("port")?.parse().ok()?;
    Some((Server::at(protocol, host.as_ascii(), port, tls), text("user")?))
}
