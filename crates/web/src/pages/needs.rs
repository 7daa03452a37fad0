//! What a provider wants to be shown, as a part of the pages that ask for it.

use crate::ask::Ask;
use control::needs::of_relay;
use deliver::Preset;
use maud::{Markup, html};

/// The steps of a provider, and its pages that help.
pub(super) fn steps(ask: &Ask, preset: Option<&Preset>, host: &str) -> Markup {
    let told = of_relay(preset, host, &ask.reader());
    html! {
        @if !told.steps.is_empty() { ol class="howto" { @for step in &told.steps { li { (step) } } } }
        @for page in &told.pages { p class="link" { a href=(page) rel="noreferrer" { (page) } } }
    }
}
