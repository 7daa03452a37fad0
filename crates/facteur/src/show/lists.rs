//! Accounts, sites, relays, routes and presets as tables.

use super::reason::because;
use super::table::Table;
use super::{Reader, coming, when};
use crate::words::Phrases;
use control::wording::Reading;
use control::{AccountView, ClosureView, NewPassword, RelayState, RelayView, RouteView, SiteView, wording};
use deliver::{PRESETS, Preset, SignIn};
use serde_json::{Value, json};
use std::fmt::Write as _;
use store::RelayTls;

fn none(key: &str, phrases: &Phrases) -> String {
    format!("{}\n", phrases.say(key))
}

fn joined<T: ToString>(values: &[T]) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Accounts.
pub fn accounts(accounts: &[AccountView], reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if accounts.is_empty() {
        return none("accounts-none", phrases);
    }
    let mut table = Table::new([
        phrases.say("column-login"),
        phrases.say("column-owner"),
        phrases.say("column-role"),
        phrases.say("column-language"),
        phrases.say("column-undo"),
        phrases.say("column-senders"),
    ]);
    for account in accounts {
        table.row([
            account.login.clone(),
            account.owner.clone(),
            phrases.say(wording::role_key(account.role)),
            account.language.to_string(),
            if account.undo_secs == 0 { "-".to_owned() } else { format!("{} s", account.undo_secs) },
            joined(&account.senders),
        ]);
    }
    table.text()
}

/// Sites.
pub fn sites(sites: &[SiteView], reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if sites.is_empty() {
        return none("sites-none", phrases);
    }
    let mut table = Table::new([
        phrases.say("column-name"),
        phrases.say("column-owner"),
        phrases.say("column-networks"),
        phrases.say("column-senders"),
        phrases.say("column-line-endings"),
    ]);
    for site in sites {
        let users = site.uids.iter().map(|uid| format!("uid {uid}"));
        let from: Vec<String> = site.networks.iter().map(ToString::to_string).chain(users).collect();
        let lines = site.line_endings.to_string();
        table.row([site.name.clone(), site.owner.clone(), joined(&from), joined(&site.senders), lines]);
    }
    table.text()
}

/// Routes.
pub fn routes(routes: &[RouteView], reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if routes.is_empty() {
        return none("routes-none", phrases);
    }
    let mut table = Table::new([phrases.say("column-scope"), phrases.say("column-relay")]);
    for route in routes {
        table.row([route.scope.clone(), route.relay.clone()]);
    }
    table.text()
}

/// A relay's state in one word.
pub(super) fn state(state: RelayState, phrases: &Phrases) -> String {
    phrases.say(wording::relay_key(state))
}

/// Relays, then why those that are closed are.
pub fn relays(relays: &[RelayView], reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if relays.is_empty() {
        return none("relays-none", phrases);
    }
    let mut table = Table::new([
        phrases.say("column-name"),
        phrases.say("column-state"),
        phrases.say("column-server"),
        phrases.say("column-login"),
        phrases.say("column-owner"),
    ]);
    for relay in relays {
        table.row([
            relay.name.clone(),
            state(relay.state, phrases),
            server(relay, phrases),
            relay.login.clone().unwrap_or_else(|| "-".to_owned()),
            relay.account.clone().unwrap_or_else(|| relay.owner.clone()),
        ]);
    }
    let mut text = table.text();
    for closure in relays.iter().flat_map(|relay| &relay.closures) {
        text += &format!("\n{}", self::closure(closure, reader));
    }
    for relay in relays {
        if let Some(count) = relay.refuses_all {
            text += &format!("\n{}\n", refusing(&relay.name, count, reader));
        }
    }
    text
}

/// What it means that a relay refused so many messages one after the other.
pub(super) fn refusing(relay: &str, count: usize, reader: &Reader) -> String {
    let gaps = [("relay", relay.to_owned().into()), ("count", (count as u64).into())];
    reader.phrases.fill("relay-refuses-all", gaps)
}

fn server(relay: &RelayView, phrases: &Phrases) -> String {
    let mut text = relay.host.clone();
    if let Some(port) = relay.port {
        text += &format!(":{port}");
    }
    match relay.tls {
        RelayTls::Auto => {}
        RelayTls::Implicit => text += " (TLS)",
        RelayTls::Starttls => text += " (STARTTLS)",
        RelayTls::Never => text += &format!(" ({})", phrases.say("relay-no-tls")),
    }
    if relay.insecure {
        text += &format!(" ({})", phrases.say("relay-insecure"));
    }
    text
}

/// Why a relay, or one sender on it, is stopped, and when it is tried again.
pub(super) fn closure(closure: &ClosureView, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let key = match (&closure.sender, closure.alarm) {
        (Some(_), _) => "closure-sender",
        (None, true) => "closure-relay",
        (None, false) => "closure-out-of-reach",
    };
    let gaps = [
        ("relay", closure.relay.clone().into()),
        ("sender", closure.sender.clone().unwrap_or_default().into()),
        ("since", when(closure.since, reader).into()),
    ];
    let mut text = format!("{}\n", phrases.fill(key, gaps));
    text += &because(&wording::of_closure(closure, Reading::at_prompt(reader.language())), "  ", reader);
    if let Some(neighbours) = &closure.neighbours {
        let _ = writeln!(text, "  {}", wording::elsewhere(neighbours, reader));
    }
    let again = phrases.fill("closure-again", [("when", coming(closure.reopen_at, reader).into())]);
    let _ = writeln!(text, "  {again}");
    text
}

/// A relay that was added or changed: its state, and what can be done next.
pub fn relay(relay: &RelayView, reader: &Reader) -> String {
    let mut text = relays(std::slice::from_ref(relay), reader);
    if relay.state == RelayState::Open {
        let next = reader.phrases.fill("relay-next", [("relay", relay.name.clone().into())]);
        text += &format!("\n{next}\n");
    }
    text
}

/// A password that was set, or one that was made and is shown this once.
pub fn password(made: &NewPassword, reader: &Reader) -> String {
    let login = || made.login.clone().into();
    let text = match &made.password {
        None => reader.phrases.fill("password-set", [("login", login())]),
        Some(password) => {
            let gaps = [("login", login()), ("password", password.clone().into())];
            reader.phrases.fill("password-made", gaps)
        }
    };
    format!("{text}\n")
}

fn sign_in(preset: &Preset) -> &'static str {
    match preset.sign_in {
        SignIn::Password => "password",
        SignIn::AppPassword => "app_password",
        SignIn::Key => "key",
        SignIn::OAuth2Only => "oauth2_only",
    }
}

/// The relays known by name, each with what it needs.
pub fn presets(reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let mut table =
        Table::new([phrases.say("column-name"), phrases.say("column-server"), phrases.say("column-needs")]);
    for preset in PRESETS {
        let needs = phrases.say(match preset.sign_in {
            SignIn::Password => "preset-password",
            SignIn::AppPassword => "preset-app-password",
            SignIn::Key => "preset-key",
            SignIn::OAuth2Only => "preset-oauth2-only",
        });
        let name =
            preset.alias.map_or_else(|| preset.name.to_owned(), |alias| format!("{} ({alias})", preset.name));
        table.row([name, preset.host.to_owned(), needs]);
    }
    format!("{}\n{}\n", table.text(), phrases.say("presets-next"))
}

/// The same for programs.
pub fn presets_json() -> Vec<Value> {
    let preset = |preset: &Preset| {
        json!({
            "name": preset.name,
            "alias": preset.alias,
            "host": preset.host,
            "port": preset.port,
            "sign_in": sign_in(preset),
            "login": preset.login,
            "max_connections": preset.max_connections,
            "max_recipients": preset.max_recipients,
        })
    };
    PRESETS.iter().map(preset).collect()
}
