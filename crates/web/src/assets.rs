//! What pages are dressed with: compiled in, so that nothing is ever fetched from elsewhere.

use crate::table::{Access, Route, reading};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

/// What changes with every version of the program, so that a browser never keeps an older dress.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

const STYLE: &str = include_str!("../assets/style.css");
const LIVE: &str = include_str!("../assets/live.js");
const PASSKEY: &str = include_str!("../assets/passkey.js");
const ICON: &str = include_str!("../assets/icon.svg");

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::read("/assets/style.css", Access::Everyone, reading(style)),
        Route::read("/assets/live.js", Access::Everyone, reading(live)),
        Route::read("/assets/passkey.js", Access::Everyone, reading(passkey)),
        Route::read("/assets/icon.svg", Access::Everyone, reading(icon)),
    ]
}

async fn style() -> Response {
    kept("text/css; charset=utf-8", STYLE)
}

async fn live() -> Response {
    kept("text/javascript; charset=utf-8", LIVE)
}

async fn passkey() -> Response {
    kept("text/javascript; charset=utf-8", PASSKEY)
}

async fn icon() -> Response {
    kept("image/svg+xml", ICON)
}

/// A file that browsers may keep for a day.
fn kept(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=86400")], text).into_response()
}
