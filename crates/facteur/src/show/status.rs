//! How the server is: what needs attention first, then numbers.

use super::lists::{closure, state};
use super::{Reader, when};
use control::{Listener, RelayState, StatusReport, StoreTrouble};
use std::fmt::Write as _;

/// How long before its end a certificate needs attention.
const ENDS_SOON_MS: i64 = 30 * 86_400_000;

/// The report in words.
pub fn status(report: &StatusReport, reader: &Reader) -> String {
    let mut text = server(report, reader);
    let attention = attention(report, reader);
    if attention.is_empty() {
        let _ = write!(text, "\n{}\n", reader.phrases.say("status-all-well"));
    } else {
        let _ = write!(text, "\n{}\n\n{}", reader.phrases.say("status-attention"), attention.join("\n"));
    }
    text + &numbers(report, reader)
}

fn server(report: &StatusReport, reader: &Reader) -> String {
    let host = || ("host", report.host_name.clone().into());
    let version = || ("version", report.version.clone().into());
    let text = match report.pid {
        None => reader.phrases.fill("status-stopped", [host(), version()]),
        Some(pid) => {
            let since = when(report.started_at, reader);
            let gaps = [host(), version(), ("pid", pid.to_string().into()), ("since", since.into())];
            reader.phrases.fill("status-running", gaps)
        }
    };
    format!("{text}\n")
}

/// What somebody should do something about, the worst first.
fn attention(report: &StatusReport, reader: &Reader) -> Vec<String> {
    let mut items = Vec::new();
    items.extend(report.trouble.as_ref().map(|trouble| self::trouble(trouble, reader)));
    let all = || report.relays.iter().flat_map(|relay| &relay.closures);
    items.extend(all().filter(|closure| closure.alarm).map(|alarm| closure(alarm, reader)));
    items.extend(all().filter(|closure| !closure.alarm).map(|away| closure(away, reader)));
    let key = if report.relays.is_empty() && !report.has_route {
        Some("status-no-relay")
    } else if !report.has_route {
        Some("status-no-route")
    } else if report.accounts + report.sites == 0 {
        Some("status-nobody")
    } else {
        None
    };
    let ends = report.certificate_ends.filter(|ends| ends.since_ms(reader.now) < ENDS_SOON_MS);
    items.extend(ends.map(|ends| {
        let key = if ends > reader.now { "status-certificate-ends" } else { "status-certificate-ended" };
        format!("{}\n", reader.phrases.fill(key, [("when", when(ends, reader).into())]))
    }));
    if !report.slowed.is_empty() {
        let count = [("count", report.slowed.len().into())];
        items.push(format!("{}\n", reader.phrases.fill("status-slowed", count)));
    }
    items.extend(key.map(|key| format!("{}\n", reader.phrases.say(key))));
    items
}

fn trouble(trouble: &StoreTrouble, reader: &Reader) -> String {
    let text = match trouble {
        StoreTrouble::Full { free_bytes } => {
            reader.phrases.fill("status-disk-full", [("mib", (free_bytes >> 20).into())])
        }
        StoreTrouble::ReadOnly { detail } => {
            reader.phrases.fill("status-disk-failed", [("detail", detail.clone().into())])
        }
    };
    format!("{text}\n")
}

fn numbers(report: &StatusReport, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let totals = &report.totals;
    let recipients = phrases.fill("count-recipients", [("count", totals.recipients.into())]);
    let gaps = [("messages", totals.messages.into()), ("recipients", recipients.into())];
    let mut text = format!("\n{}\n", phrases.fill("status-queue", gaps));
    for (key, count) in [
        ("status-queue-leased", totals.leased),
        ("status-queue-parked", totals.parked),
        ("status-queue-held", totals.held),
    ] {
        if count > 0 {
            let _ = writeln!(text, "  {}", phrases.fill(key, [("count", count.into())]));
        }
    }
    if !report.relays.is_empty() {
        let one = |relay: &control::RelayView| match relay.state {
            RelayState::Open => relay.name.clone(),
            other => format!("{} ({})", relay.name, state(other, phrases)),
        };
        let relays: Vec<String> = report.relays.iter().map(one).collect();
        let _ = writeln!(text, "{}", phrases.fill("status-relays", [("relays", relays.join(", ").into())]));
    }
    let gaps = [("accounts", report.accounts.into()), ("sites", report.sites.into())];
    let _ = writeln!(text, "{}", phrases.fill("status-principals", gaps));
    for listener in &report.listeners {
        let _ = writeln!(text, "{}", self::listener(listener, reader));
    }
    text
}

/// A port that the server listens on, and how it treats TLS.
pub fn listener(listener: &Listener, reader: &Reader) -> String {
    let kind = reader.phrases.say(match listener.kind.as_str() {
        "tls" => "listener-tls",
        "starttls" => "listener-starttls",
        "mx" => "listener-mx",
        "http" => "listener-http",
        "https" => "listener-https",
        _ => "listener-submission",
    });
    let mut gaps = vec![("address", listener.address.clone().into()), ("kind", kind.into())];
    let Some(port) = listener.instead_of else { return reader.phrases.fill("listener", gaps) };
    gaps.push(("port", port.to_string().into()));
    reader.phrases.fill("listener-instead", gaps)
}
