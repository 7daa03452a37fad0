//! The API, as programs meet it.

mod directory;
mod document;
mod entry;
mod guide;
mod messages;
mod metrics;
mod watching;
