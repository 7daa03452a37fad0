//! What the hosted domains tell mail programs: autoconfig, Autodiscover, Apple's profile, and a page for people.
//!
//! Nobody signs in here, and every answer is made from the domain alone: it is the same for an account that is there and for
//! one that is not.

use crate::Web;
use crate::ask::Ask;
use crate::page::{Page, Section};
use crate::table::{Access, Route, reading};
use crate::trouble::Trouble;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json};
use control::percent_encoded;
use discover::give::{Scheme, Signer, signed};
use discover::publish::Hosted;
use discover::read::requested_address;
use discover::{Server, Tls, UserForm};
use mail::Address;
use maud::{Markup, html};
use net::KeyScheme;
use serde_json::json;
use std::sync::Arc;

const AUTOCONFIG: &str = "/mail/config-v1.1.xml";
const AUTOCONFIG_WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";
const PROFILE: &str = "/mail/apple.mobileconfig";
const SETTINGS: &str = "/mail/settings";
/// As Outlook, its older versions and its imitators write it.
const AUTODISCOVER: [&str; 3] =
    ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"];
const AUTODISCOVER_JSON: &str = "/autodiscover/autodiscover.json";
const AUTODISCOVER_JSON_V1: &str = "/autodiscover/autodiscover.json/v1.0/{address}";
/// The one protocol of Autodiscover version 2 that is spoken here (compared without case).
const AUTODISCOVER_PROTOCOL: &str = "AutodiscoverV1";
const XML: &str = "text/xml; charset=utf-8";
const APPLE: &str = "application/x-apple-aspen-config";

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::read(AUTOCONFIG, Access::Everyone, reading(autoconfig)),
        Route::read(AUTOCONFIG_WELL_KNOWN, Access::Everyone, reading(autoconfig)),
        Route::read(AUTODISCOVER_JSON, Access::Everyone, reading(autodiscover_json)),
        Route::read(AUTODISCOVER_JSON_V1, Access::Everyone, reading(autodiscover_json_of)),
        Route::read(PROFILE, Access::Everyone, reading(profile)),
        Route::read(SETTINGS, Access::Everyone, reading(page)),
    ];
    routes.extend(AUTODISCOVER.map(|path| Route::question(path, Access::Everyone, post(autodiscover))));
    routes
}

/// The parts of a query, decoded.
type Parts = Query<Vec<(String, String)>>;

/// A part of a query, whatever the case of its name.
fn part<'q>(parts: &'q Parts, names: &[&str]) -> Option<&'q str> {
    let is_meant = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let found = parts.0.iter().find(|(name, value)| is_meant(name) && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}

/// The address that a program asks about, when it says and means one of our domains.
fn address_of(text: &str) -> Option<Address> {
    text.trim().parse().ok()
}

impl Web {
    /// Whose settings are meant: those of the address's domain, else those of the host that was asked.
    fn hosted(&self, address: Option<&Address>, headers: &HeaderMap) -> Option<Arc<Hosted>> {
        let told = self.control.publications();
        if let Some(address) = address {
            return told.of(address.domain().as_ascii());
        }
        let host = headers.get(HOST)?.to_str().ok()?.to_ascii_lowercase();
        let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
        let inner = ["autoconfig.", "autodiscover."].iter().find_map(|label| host.strip_prefix(label));
        inner.and_then(|domain| told.of(domain)).or_else(|| told.of(host))
    }

    /// A profile to download, named after a domain (A-label, lower case: it needs no quoting).
    pub(crate) fn given(&self, profile: String, domain: &str) -> Response {
        let name = format!("attachment; filename=\"{domain}.mobileconfig\"");
        let head = [(CONTENT_TYPE, APPLE.to_owned()), (CONTENT_DISPOSITION, name)];
        (head, self.sealed(profile)).into_response()
    }

    /// A profile as it is given away: signed, unless the certificate's key is of a kind that profiles do not know.
    fn sealed(&self, profile: String) -> Vec<u8> {
        let made = self.tls.with_key(|chain, scheme, sign| {
            let scheme = match scheme {
                KeyScheme::RsaSha256 => Scheme::RsaSha256,
                KeyScheme::EcdsaSha256 => Scheme::EcdsaSha256,
                KeyScheme::EcdsaSha384 => Scheme::EcdsaSha384,
            };
            signed(&profile, &Signer { chain, scheme, sign })
        });
        match made {
            Some(Ok(bytes)) => return bytes,
            Some(Err(error)) => {
                tracing::warn!(%error, "a profile for Apple's Mail is given without a signature")
            }
            None => {
                tracing::warn!("the certificate's key signs no profiles: they are given without a signature")
            }
        }
        profile.into_bytes()
    }
}

async fn autoconfig(State(web): State<Arc<Web>>, parts: Parts, headers: HeaderMap) -> Response {
    let address = part(&parts, &["emailaddress"]).and_then(address_of);
    match web.hosted(address.as_ref(), &headers) {
        Some(hosted) => xml(hosted.autoconfig(address.as_ref())),
        None => Trouble::NotFound.into_response(),
    }
}

/// What Outlook asks, in a document of its own. Whoever wants something else than mail accounts (ActiveSync) learns that
/// there is none.
async fn autodiscover(State(web): State<Arc<Web>>, headers: HeaderMap, body: Bytes) -> Response {
    let address = requested_address(&body);
    let hosted = address.as_ref().and_then(|address| web.hosted(Some(address), &headers));
    match (hosted, &address) {
        (Some(hosted), Some(address)) => xml(hosted.autodiscover(address)),
        _ => Trouble::NotFound.into_response(),
    }
}

async fn autodiscover_json(State(web): State<Arc<Web>>, parts: Parts, headers: HeaderMap) -> Response {
    let address = part(&parts, &["email"]).and_then(address_of);
    version_2(&web, address.as_ref(), &parts, &headers)
}

async fn autodiscover_json_of(
    State(web): State<Arc<Web>>,
    Path(address): Path<String>,
    parts: Parts,
    headers: HeaderMap,
) -> Response {
    version_2(&web, address_of(&address).as_ref(), &parts, &headers)
}

fn version_2(web: &Web, address: Option<&Address>, parts: &Parts, headers: &HeaderMap) -> Response {
    let wanted = part(parts, &["protocol"]).unwrap_or(AUTODISCOVER_PROTOCOL);
    if !wanted.eq_ignore_ascii_case(AUTODISCOVER_PROTOCOL) {
        let refusal = json!({
            "ErrorCode": "ProtocolNotSupported",
            "ErrorMessage": format!("The only supported protocol is '{AUTODISCOVER_PROTOCOL}'."),
        });
        return (StatusCode::BAD_REQUEST, Json(refusal)).into_response();
    }
    match web.hosted(address, headers) {
        Some(hosted) => ([(CONTENT_TYPE, "application/json")], hosted.autodiscover_json()).into_response(),
        None => Trouble::NotFound.into_response(),
    }
}

async fn profile(State(web): State<Arc<Web>>, parts: Parts, headers: HeaderMap) -> Response {
    let Some(address) = part(&parts, &["address", "email", "emailaddress"]).and_then(address_of) else {
        return Trouble::NotFound.into_response();
    };
    let hosted = web.hosted(Some(&address), &headers);
    let Some((hosted, text)) = hosted.and_then(|hosted| hosted.profile(&address).map(|text| (hosted, text)))
    else {
        return Trouble::NotFound.into_response();
    };
    web.given(text, &hosted.domain)
}

fn xml(document: String) -> Response {
    ([(CONTENT_TYPE, XML)], document).into_response()
}

/// The settings to read, and for an address its profile to download.
async fn page(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    parts: Parts,
    headers: HeaderMap,
) -> Response {
    let address = part(&parts, &["address"]).and_then(address_of);
    match web.hosted(address.as_ref(), &headers) {
        Some(hosted) => settings_page(&hosted, address.as_ref(), &ask).show(&ask).into_response(),
        None => Trouble::NotFound.into_response(),
    }
}

fn settings_page(hosted: &Hosted, address: Option<&Address>, ask: &Ask) -> Page {
    let title = ask.phrases.fill("web-settings", [("domain", hosted.name.clone().into())]);
    let profile = address.filter(|address| hosted.profile(address).is_some());
    let content = html! {
        section class="card" {
            h1 { (title) }
            p { (ask.say("web-settings-alone")) }
            form method="get" action=(SETTINGS) {
                div class="field" {
                    label for="address" { (ask.say("web-settings-address")) }
                    input id="address" name="address" type="email" required autocomplete="email"
                        spellcheck="false" autocapitalize="none" value=[address.map(ToString::to_string)];
                }
                button type="submit" { (ask.say("web-settings-show")) }
            }
        }
        @if let Some(address) = profile {
            section class="card" {
                h2 { "iPhone, iPad, Mac" }
                p { (ask.say("web-settings-profile")) }
                p { a class="button" href=(profile_path(address)) { (ask.say("web-settings-download")) } }
            }
        }
        @for server in hosted.servers.iter().filter(|server| server.tls != Tls::None) {
            section class="card" { (server_table(server, address, ask)) }
        }
    };
    Page::new(title, Section::None, content)
}

fn server_table(server: &Server, address: Option<&Address>, ask: &Ask) -> Markup {
    let form = server.user.as_ref().unwrap_or(&UserForm::Full);
    let user = match (address, form) {
        (Some(address), form) => form.of(address),
        (None, UserForm::Local) => ask.say("web-settings-user-local"),
        (None, _) => ask.say("web-settings-user-full"),
    };
    let security = if server.tls == Tls::Implicit { "SSL/TLS" } else { "STARTTLS" };
    html! {
        h2 { (server.protocol.label()) }
        dl class="settings" {
            @for (key, value) in [
                ("web-settings-server", server.host.clone()),
                ("web-settings-port", server.port.to_string()),
                ("web-settings-security", security.to_owned()),
                ("web-settings-user", user),
            ] {
                dt { (ask.say(key)) } dd { (value) }
            }
        }
    }
}

/// The address of a profile.
fn profile_path(address: &Address) -> String {
    format!("{PROFILE}?address={}", percent_encoded(&address.to_string()))
}
