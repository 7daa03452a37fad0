//! Every parser as a function of bytes that must not panic, and must keep the promises of its type.
//!
//! Owns the targets, their seeds and words. The tests beside drive them by plain mutation, `make fuzz` by coverage (`fuzz/`
//! beside `crates/`, a workspace of its own). It never opens a socket or a file. What was ever found lies in `found/`, a
//! directory a target, and is tried again by every test run. Start at [`TARGETS`].

mod client;
mod finding;
mod letters;
mod lines;
mod messages;
mod server;
mod text;
mod web;

/// How large the input of a target is as it comes, which is how much a run of it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A line: an address, a command, a reply.
    Line,
    /// A message or a file.
    Message,
    /// A whole conversation.
    Conversation,
}

/// One parser, or one end of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of its directory in `found/`, and for `make fuzz`.
    pub name: &'static str,
    /// How large its input is.
    pub size: Size,
    /// Reads one input. A panic is a finding.
    pub run: fn(&[u8]),
    /// Where mutation begins.
    pub seeds: &'static [&'static [u8]],
    /// Pieces that mean something to it.
    pub words: &'static [&'static str],
}

impl Target {
    /// The longest input that is tried.
    pub const fn longest(&self) -> usize {
        match self.size {
            Size::Line => 4 << 10,
            Size::Message | Size::Conversation => 64 << 10,
        }
    }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    lines::ADDRESS,
    lines::DOMAIN,
    lines::MAILBOXES,
    lines::XTEXT,
    lines::IDS,
    lines::DATE,
    lines::NETWORK,
    lines::ENHANCED_CODE,
    lines::COMMAND,
    lines::SASL,
    lines::REPLY,
    lines::DNS_NAME,
    lines::SENDMAIL_OPTIONS,
    lines::LOG_LINE,
    lines::ENGINE_TEXT,
    messages::HEADER,
    messages::DOTS,
    messages::BOUNCE,
    messages::SIGNING,
    messages::DKIM_KEY,
    messages::ZONE,
    messages::MX_SEARCH,
    messages::SENDMAIL_LETTER,
    messages::DROPPED_FILE,
    messages::ALIASES,
    messages::REQUEST,
    messages::DECLARATION,
    messages::CONFIGURATION,
    letters::SHAPES,
    finding::DOCUMENTS,
    finding::PLAN,
    web::API,
    web::FORM,
    web::WEBHOOK_TARGET,
    web::WEBHOOK_SHAPES,
    web::SECOND_FACTOR,
    web::PASSKEY,
    server::SESSION,
    client::CLIENT,
    finding::READING,
];

/// A target by its name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
