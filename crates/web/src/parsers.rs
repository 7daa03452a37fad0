//! What browsers and programs send, read without doing anything: the doors of the fuzz targets.

use crate::ask;
use crate::guard::Fields;
use crate::table::table;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE, HOST, REFERER};
use axum::http::{HeaderMap, HeaderValue};

/// Reads a body, or a query, as each route of the API would. Gives how many take it.
pub fn api_request(bytes: &[u8]) -> usize {
    let readings = table().into_iter().filter_map(|route| route.spec?.reading);
    readings.filter(|reads| reads(bytes)).count()
}

/// Reads the fields of a form, and gives their names and values.
pub fn form(bytes: &[u8]) -> Vec<(String, String)> {
    Fields::of(bytes).into_pairs()
}

/// Reads what a browser says of itself, each line as a cookie, as wished languages and as the page that it was on; gives that
/// page.
pub fn browser(bytes: &[u8]) -> String {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("mail.test:8189"));
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(COOKIE, value.clone());
            headers.append(ACCEPT_LANGUAGE, value.clone());
            headers.insert(REFERER, value);
        }
    }
    let _ = (ask::cookie(&headers, ask::SESSION_COOKIE), ask::accepted(&headers));
    ask::page_of_form(&headers)
}
