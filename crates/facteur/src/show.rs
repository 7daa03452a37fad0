//! Answers as text for people and for scripts: pure functions from data to text.

mod discovery;
mod domains;
mod explain;
mod keys;
mod lists;
mod mailq;
mod postqueue;
mod queue;
mod reason;
mod sign_in;
mod statistics;
mod status;
mod story;
mod table;
mod tested;
mod trouble;
mod webhooks;

pub use control::reader::{Reader, clock, coming, moment, span, when};
pub use discovery::{ForProgram, discovery, settings_for, settings_page};
pub use domains::{documents, documents_json, domain, domain_settings, domains};
pub use explain::{Bounced, bounced, explained, json_line, logged_json, topic};
pub use keys::{key_made, keys};
pub use lists::{accounts, password, presets, presets_json, relay, relays, routes, sites};
pub use mailq::Mailq;
pub use postqueue::json_lines;
pub use queue::{acted, queue, queue_json, queue_more};
pub use reason::because;
pub use sign_in::{lifted, slowed};
pub use statistics::statistics;
pub use status::{listener, status};
pub use story::{Progress, StoryOf, outcome, progress, story, story_json};
pub use tested::tested;
pub use trouble::Trouble;
pub use webhooks::{webhook, webhook_post, webhooks};

use serde::Serialize;

/// Data as JSON over several lines, ending with a line end.
pub fn json<T: Serialize + ?Sized>(data: &T) -> String {
    let mut text = serde_json::to_string_pretty(data).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
