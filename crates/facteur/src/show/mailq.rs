//! The queue as Postfix's `mailq` and `postqueue -p` print it, so that scripts and eyes find what they know.
//!
//! Layout: Postfix 3.7, `postqueue/showq_compat.c`, long queue ids. The column of ids is 17 characters wide there, the
//! only one that holds twelve characters and a status mark; scripts read either by white space.

use super::Reader;
use super::reason::Names;
use control::QueuePage;
use explain::CauseId;
use mail::Timestamp;
use store::{MessageRow, RecipientRow, RecipientState};

/// The width at which Postfix ends a reason that is shorter, parentheses apart.
const REASON_WIDTH: usize = 76;

/// A listing under way: it grows by pages, and only counts what it has printed.
#[derive(Debug, Default)]
pub struct Mailq {
    messages: u64,
    bytes: u64,
}

impl Mailq {
    /// The lines of a page.
    pub fn page(&mut self, page: &QueuePage, reader: &Reader) -> String {
        let mut text = String::new();
        for row in &page.rows {
            if self.messages == 0 {
                text += "----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------\n";
            } else {
                text.push('\n');
            }
            text += &message(row, Names::of(page), reader);
            self.messages += 1;
            self.bytes += row.bytes;
        }
        text
    }

    /// The last line.
    pub fn end(&self) -> String {
        match self.messages {
            0 => "Mail queue is empty\n".to_owned(),
            n => {
                let plural = if n == 1 { "" } else { "s" };
                format!("\n-- {} Kbytes in {n} Request{plural}.\n", self.bytes / 1024)
            }
        }
    }
}

/// Which of Postfix's queues the message would be in.
pub(super) fn queue_name(row: &MessageRow) -> &'static str {
    let open = || row.recipients.iter().filter(|recipient| !recipient.state.is_final());
    if open().any(|recipient| recipient.leased) {
        "active"
    } else if open().all(|recipient| recipient.state == RecipientState::Held) {
        "hold"
    } else if open().all(|recipient| recipient.attempts == 0 && recipient.closure.is_none()) {
        "incoming"
    } else {
        "deferred"
    }
}

/// The sender; for the null sender (RFC 5321 §4.5.5) the name that Postfix prints.
pub(super) fn sender(row: &MessageRow) -> String {
    row.from.address().map_or_else(|| "MAILER-DAEMON".to_owned(), ToString::to_string)
}

fn message(row: &MessageRow, names: Names<'_>, reader: &Reader) -> String {
    let mark = match queue_name(row) {
        "active" => "*",
        "hold" => "!",
        _ => "",
    };
    let id = format!("{}{mark}", row.id);
    let arrived = asctime(row.received_at, reader);
    let mut text = format!("{id:<17} {:8} {arrived:19.19} {}\n", row.bytes, sender(row));
    let mut shown = String::new();
    for recipient in row.recipients.iter().filter(|recipient| !recipient.state.is_final()) {
        let why = why(recipient, names, reader);
        if why != shown {
            let reason = if why.is_empty() { "reason unavailable" } else { &why };
            let padding = REASON_WIDTH.saturating_sub(reason.chars().count());
            text += &format!("{:padding$}({reason})\n", "");
            shown = why;
        }
        text += &format!("{:<17} {:>8} {:<19} {}\n", "", "", "", recipient.address);
    }
    text
}

/// The cause in the reader's language, then what was said; for programs, what was said.
fn why(row: &RecipientRow, names: Names<'_>, reader: &Reader) -> String {
    match names.reason(row, reader) {
        // Postfix gives no reason either for what is only new.
        Some(reason) if reason.cause == CauseId::WAITING_FIRST_ATTEMPT => String::new(),
        Some(reason) if reader.raw => reason.raw,
        Some(reason) => format!("{} {}", reason.words.cause, reason.raw).trim_end().to_owned(),
        None => String::new(),
    }
}

/// `Sun Nov 22 05:30:28 2026`, of which the columns keep the first 19 characters.
fn asctime(at: Timestamp, reader: &Reader) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.to_zoned(reader.zone.clone()).strftime("%a %b %e %H:%M:%S %Y").to_string()
}
