//! The shape that all pages share.

use crate::ask::Ask;
use crate::assets::VERSION;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use mail::Language;
use maud::{DOCTYPE, Markup, html};

/// Headers that tell of a body, and go with it.
pub(crate) const DESCRIBES_BODY: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_LENGTH];

/// A page: its title, and what it shows.
pub(crate) struct Page {
    title: String,
    content: Markup,
}

impl Page {
    /// A page.
    pub(crate) const fn new(title: String, content: Markup) -> Self {
        Self { title, content }
    }

    /// What went wrong, and what to do.
    pub(crate) fn problem(what: &str, fix: &str) -> Self {
        let content = html! {
            section class="card narrow" {
                h1 { (what) }
                p { (fix) }
                p { a class="button" href="/" { "facteur" } }
            }
        };
        Self::new(what.to_owned(), content)
    }

    /// The whole document.
    pub(crate) fn show(&self, ask: &Ask) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(ask.language().tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · facteur" }
                    link rel="stylesheet" href={ "/assets/style.css?v=" (VERSION) };
                    link rel="icon" type="image/svg+xml" href={ "/assets/icon.svg?v=" (VERSION) };
                }
                body {
                    a class="skip" href="#main" { (ask.say("web-skip")) }
                    header class="top" {
                        a class="brand" href="/" { "facteur" }
                        (languages(ask))
                    }
                    main id="main" { (self.content) }
                }
            }
        }
    }
}

/// The switch: each language under its own name.
fn languages(ask: &Ask) -> Markup {
    let mark = if ask.here.contains('?') { '&' } else { '?' };
    html! {
        nav class="languages" aria-label=(ask.say("web-language")) {
            @for (language, name) in [(Language::En, "English"), (Language::Fr, "Français")] {
                @if language == ask.language() {
                    span aria-current="true" lang=(language.tag()) { (name) }
                } @else {
                    a href={ (ask.here) (mark) "lang=" (language.tag()) } lang=(language.tag())
                        hreflang=(language.tag()) { (name) }
                }
            }
        }
    }
}
