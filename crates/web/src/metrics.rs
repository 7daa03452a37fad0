//! `/metrics` for Prometheus (text format 0.0.4): with a key, or without one from networks that are named.

use crate::Web;
use crate::api::Problem;
use crate::api::entry::may;
use crate::ask::Ask;
use crate::table::{Access, Route, reading};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, FORWARDED, HeaderName, VIA};
use axum::response::{IntoResponse as _, Response};
use control::{Answer, Caller, Histogram, Metrics, Operation, Role};
use mail::Network;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use store::Scope;

/// Where it is.
pub(crate) const PATH: &str = "/metrics";
/// The form that readers of Prometheus expect.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Who may read without a key, and under which names.
#[derive(Debug, Clone)]
pub struct MetricsAccess {
    /// The networks from which no key is needed.
    pub networks: Vec<Network>,
    /// Whether the names of the exporter for Postfix are given as well.
    pub as_postfix: bool,
}

impl Default for MetricsAccess {
    /// This machine alone.
    fn default() -> Self {
        let networks = ["127.0.0.0/8", "::1"].into_iter().filter_map(|text| text.parse().ok());
        Self { networks: networks.collect(), as_postfix: false }
    }
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::read(PATH, Access::Everyone, reading(show))]
}

async fn show(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !is_let_in(&web.metrics, ask.from, &headers) {
        may(&web, &ask, &headers, Scope::Metrics).await?;
    }
    let caller = Caller { name: "monitor".to_owned(), role: Role::Reader };
    let operation = Operation::Metrics { waiting: web.metrics.as_postfix };
    let Answer::Metrics { metrics } = web.control.perform(&caller, operation).await? else {
        return Err(Problem::ours());
    };
    Ok(([(CONTENT_TYPE, FORM)], text(&metrics)).into_response())
}

/// Whether no key is needed. What came through a proxy comes from elsewhere, wherever the proxy is.
fn is_let_in(access: &MetricsAccess, from: IpAddr, headers: &HeaderMap) -> bool {
    let passed_on =
        [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];
    let by_proxy = passed_on.iter().any(|name| headers.contains_key(name));
    !by_proxy && access.networks.iter().any(|network| network.contains(from))
}

/// A text in the format of Prometheus under construction.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Begins a family of values.
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// One value with its labels.
    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let label = |(name, value): &(&str, &str)| format!("{name}=\"{}\"", escaped(value));
        let labels: Vec<String> = labels.iter().map(label).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A family of one value.
    fn only(&mut self, (name, kind): (&str, &str), help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.value(name, &[], value);
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], values: &Histogram) {
        let bucket = format!("{name}_bucket");
        let bounds = values.bounds.iter().map(ToString::to_string).zip(values.at_most.iter().copied());
        for (bound, count) in bounds.chain([("+Inf".to_owned(), values.count)]) {
            self.value(&bucket, &[labels, &[("le", bound.as_str())]].concat(), count);
        }
        self.value(&format!("{name}_sum"), labels, values.sum);
        self.value(&format!("{name}_count"), labels, values.count);
    }
}

/// The value of a label: a backslash, a quote and a line end are written otherwise.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn text(metrics: &Metrics) -> String {
    let mut lines = Lines::default();
    own(metrics, &mut lines);
    if metrics.waiting.is_some() {
        as_postfix(metrics, &mut lines);
    }
    lines.0
}

fn own(metrics: &Metrics, lines: &mut Lines) {
    let totals = &metrics.totals;
    lines.family("facteur_build_info", "gauge", "The version that runs.");
    lines.value("facteur_build_info", &[("version", &metrics.version)], 1);
    lines.only(("facteur_start_time_seconds", "gauge"), "When it started.", metrics.started_at.0 / 1_000);
    lines.only(
        ("facteur_takes_mail", "gauge"),
        "Whether mail is taken at the moment.",
        u8::from(metrics.takes_mail),
    );
    lines.only(("facteur_queue_messages", "gauge"), "Messages that are not over.", totals.messages);
    let waiting = totals.recipients.saturating_sub(totals.leased + totals.held + totals.parked);
    lines.family("facteur_queue_recipients", "gauge", "Recipients that are not over, by how they wait.");
    for (state, count) in
        [("waiting", waiting), ("sending", totals.leased), ("held", totals.held), ("parked", totals.parked)]
    {
        lines.value("facteur_queue_recipients", &[("state", state)], count);
    }
    lines.only(
        ("facteur_queue_oldest_seconds", "gauge"),
        "The age of the oldest message that is not over.",
        metrics.oldest_secs,
    );
    lines.family("facteur_relay_open", "gauge", "Whether a relay carries mail.");
    for (relay, open) in &metrics.relays {
        lines.value("facteur_relay_open", &[("relay", relay)], u8::from(*open));
    }
    lines.only(
        ("facteur_sign_in_slowed", "gauge"),
        "Places that wait after wrong passwords or keys.",
        metrics.slowed,
    );
    if let Some(secs) = metrics.certificate_secs {
        lines.only(
            ("facteur_certificate_expires_seconds", "gauge"),
            "The time until the certificate ends.",
            secs,
        );
    }
    lines.family(
        "facteur_events_total",
        "counter",
        "What happened since the start, by recipient where there is one.",
    );
    for (kind, count) in &metrics.counted.events {
        lines.value("facteur_events_total", &[("kind", kind)], count);
    }
    lines.family("facteur_attempts_total", "counter", "What came of attempts for a recipient.");
    for (relay, causes) in &metrics.counted.attempts {
        for (cause, count) in causes {
            lines.value("facteur_attempts_total", &[("relay", relay), ("cause", cause)], count);
        }
    }
    lines.family("facteur_delivery_seconds", "histogram", "The time from acceptance to delivery.");
    lines.histogram("facteur_delivery_seconds", &[], &metrics.counted.delivery);
}

/// The names of the exporter for Postfix, for pages that were made for it. What is not counted here is left out: a zero
/// that means nothing is worse than no value.
fn as_postfix(metrics: &Metrics, lines: &mut Lines) {
    let count = |kind: &str| metrics.counted.events.get(kind).copied().unwrap_or_default();
    lines.only(("postfix_up", "gauge"), "Whether the server could be asked.", 1);
    lines.family(
        "postfix_showq_message_age_seconds",
        "histogram",
        "Age of messages in the queue (of the oldest 20000).",
    );
    for (queue, (ages, _)) in metrics.waiting.iter().flatten() {
        lines.histogram("postfix_showq_message_age_seconds", &[("queue", queue)], ages);
    }
    lines.family(
        "postfix_showq_message_size_bytes",
        "histogram",
        "Size of messages in the queue (of the oldest 20000).",
    );
    for (queue, (_, sizes)) in metrics.waiting.iter().flatten() {
        lines.histogram("postfix_showq_message_size_bytes", &[("queue", queue)], sizes);
    }
    lines.family(
        "postfix_smtp_messages_processed_total",
        "counter",
        "Recipients that were tried, by what came of it.",
    );
    for (status, kind) in [("sent", "delivered"), ("deferred", "deferred"), ("bounced", "failed")] {
        lines.value("postfix_smtp_messages_processed_total", &[("status", status)], count(kind));
    }
    let deferred = count("deferred");
    lines.only(
        ("postfix_smtp_deferred_messages_total", "counter"),
        "Recipients that were put off.",
        deferred,
    );
    lines.only(("postfix_smtp_status_deferred", "counter"), "Recipients that were put off.", deferred);
    lines.only(
        ("postfix_qmgr_messages_expired_total", "counter"),
        "Recipients that waited too long.",
        count("expired"),
    );
    lines.only(
        ("postfix_bounce_non_delivery_notification_total", "counter"),
        "Notices that were made for senders.",
        count("noticed"),
    );
}
