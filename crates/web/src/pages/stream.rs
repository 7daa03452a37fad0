//! A page that is sent piece by piece, so that what takes its time is seen as it happens; without any script.

use crate::ask::Ask;
use crate::page::Page;
use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use http_body_util::channel::Channel;
use maud::{Markup, PreEscaped, html};
use tokio::sync::mpsc::UnboundedReceiver;

/// Stands in a page where what comes later belongs.
const LATER: &str = "<!--later-->";
/// The most pieces of a page that wait for a slow reader.
const PIECES: usize = 64;

/// Where what comes later belongs: once in a page that is streamed.
pub(super) fn later() -> Markup {
    PreEscaped(LATER.to_owned())
}

/// What is told while something is under way.
pub(super) enum Piece {
    /// A line of the list of what has happened so far.
    Line(Markup),
    /// The outcome, which is the last.
    End(Markup),
}

/// A trouble as a part of a page.
pub(super) fn bad((what, fix): (String, String)) -> Markup {
    html! { div class="notice bad" role="alert" { p { strong { (what) } br; (fix) } } }
}

/// The page with what surrounds at once, a line for each thing that happens, and the outcome when it is there. It goes on
/// when nobody reads any more, for whoever tells has to come to an end.
pub(super) fn streamed(
    ask: &Ask,
    page: &Page,
    begin: &Markup,
    mut pieces: UnboundedReceiver<Piece>,
) -> Response {
    let (mut sender, body) = Channel::<Bytes>::new(PIECES);
    let whole = page.show(ask).into_string();
    let (top, end) = whole.split_once(LATER).unwrap_or((whole.as_str(), ""));
    let (mut piece, end) =
        (format!("{top}{}<ul class=\"rows\" aria-live=\"polite\">", begin.0), end.to_owned());
    // It can end without a word only by a fault of ours.
    let fix = ask.phrases.beside("web-problem-ours", "fix", []).unwrap_or_default();
    let lost = bad((ask.say("web-problem-ours"), fix));
    tokio::spawn(async move {
        loop {
            if sender.send_data(Bytes::from(std::mem::take(&mut piece))).await.is_err() {
                return;
            }
            let shown = match pieces.recv().await {
                Some(Piece::Line(line)) => {
                    piece = html! { li { (line) } }.into_string();
                    continue;
                }
                Some(Piece::End(shown)) => shown,
                None => lost,
            };
            let _ = sender.send_data(Bytes::from(format!("</ul>{}{end}", shown.0))).await;
            return;
        }
    });
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    ([(CONTENT_TYPE, kind)], Body::new(body)).into_response()
}
