//! Facteur: sends mail, and tells people in French and English why it did not arrive.
//!
//! The binary: commands, configuration, workers and wiring. It owns what a process owns (arguments, signals, files,
//! ports), and never decides about mail. Start at [`server::run`] for the server and at [`cli`] for the commands.

mod archive;
mod assembly;
mod cli;
mod client;
mod collector;
mod config;
pub mod confine;
mod discover;
mod door;
mod drop_folder;
mod mail_log;
mod notifier;
mod notify;
mod panics;
pub mod parsers;
mod place;
mod privileges;
mod public;
mod returned;
mod sendmail;
mod server;
mod show;
mod socket;
mod webhooks;
mod words;
mod workers;

/// Runs the program as it was called, and gives its exit code.
pub use cli::run;
