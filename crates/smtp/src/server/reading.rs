//! The content as it comes: dots removed, sizes counted, the header watched.

use super::SessionConfig;
use crate::dots::Unstuffer;
use crate::{Error, Input};
use mail::HeaderScan;

/// How many bytes of a refused message are read on, beyond the size limit, so that the client
/// sees the reply. A client that sends more than that does not listen.
const MAX_WASTED_BYTES: u64 = 1 << 20;

/// What came of a read.
pub(super) enum Step {
    /// The content goes on.
    More,
    /// The content goes on, and was refused just now.
    Refused,
    /// The end, and the content is good.
    End,
    /// The end, and the content is refused.
    RefusedAtEnd {
        /// Why.
        error: Error,
        /// Whether this is the first that the driver hears of it.
        first_told: bool,
    },
    /// A refused content goes on and on.
    Endless {
        /// Why it was refused.
        error: Error,
    },
}

/// The state of reading one content.
#[derive(Debug, Default)]
pub(super) struct Reading {
    dots: Unstuffer,
    header: HeaderScan,
    bytes: u64,
    wasted: u64,
    refused: Option<Error>,
}

impl Reading {
    pub(super) const fn header(&self) -> &HeaderScan {
        &self.header
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Moves what has come from `input` to `content`. After a refusal nothing is moved any more, but the
    /// true end is still looked for: the reply can only be written there.
    pub(super) fn read(&mut self, input: &mut Input, content: &mut Vec<u8>, config: &SessionConfig) -> Step {
        let before = content.len();
        let (consumed, is_end) = self.dots.read(input.bytes(), content);
        input.consume(consumed);
        let known = self.refused;
        if known.is_some() {
            content.truncate(before);
            self.wasted += consumed as u64;
        } else {
            let new = content.get(before..).unwrap_or_default();
            self.bytes += new.len() as u64;
            self.header.feed(new);
            self.refused = self.judge(is_end, config);
        }
        let Some(error) = self.refused else { return if is_end { Step::End } else { Step::More } };
        if known.is_none() {
            content.clear();
        }
        let patience = config.max_message_bytes.saturating_add(MAX_WASTED_BYTES);
        match is_end {
            true if self.dots.is_end_doubtful() => {
                Step::RefusedAtEnd { error: Error::DoubtfulEnd, first_told: known.is_none() }
            }
            true => Step::RefusedAtEnd { error, first_told: known.is_none() },
            false if known.is_none() => Step::Refused,
            false if self.wasted > patience => Step::Endless { error },
            false => Step::More,
        }
    }

    fn judge(&self, is_end: bool, config: &SessionConfig) -> Option<Error> {
        if self.dots.has_bare_line_end() {
            Some(Error::BareLineEnd)
        } else if self.bytes > config.max_message_bytes {
            Some(Error::MessageTooBig)
        } else if self.dots.longest_line() > config.max_text_line_bytes {
            Some(Error::TextLineTooLong)
        } else if self.header.bytes() > config.max_header_bytes {
            Some(Error::HeaderTooBig)
        } else if is_end && self.header.received() > config.max_hops {
            Some(Error::Loop)
        } else {
            None
        }
    }
}
