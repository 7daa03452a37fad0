//! The content as it comes: dots removed, line ends judged or repaired, sizes counted, the header watched.

use super::SessionConfig;
use crate::dots::Unstuffer;
use crate::lines::Repair;
use crate::{Error, Input};
use mail::{HeaderScan, LineEndings};

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
    repair: Option<Repair>,
    header: HeaderScan,
    bytes: u64,
    /// Whether the last line has its end.
    ends_line: bool,
    wasted: u64,
    refused: Option<Error>,
}

/// Whether a refused content has been read for long enough.
pub(super) const fn is_endless(wasted: u64, config: &SessionConfig) -> bool {
    wasted > config.max_message_bytes.saturating_add(MAX_WASTED_BYTES)
}

impl Reading {
    /// A content that comes by DATA.
    pub(super) fn dotted(line_endings: LineEndings) -> Self {
        let repair = (line_endings == LineEndings::Repair).then(Repair::default);
        Self { repair, ..Self::default() }
    }

    /// A content that comes in chunks.
    pub(super) fn chunked(line_endings: LineEndings) -> Self {
        Self { dots: Unstuffer::plain(), ..Self::dotted(line_endings) }
    }

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
            self.take(content, before);
            self.refused = self.judge(config).or_else(|| if is_end { self.judge_end(config) } else { None });
        }
        let Some(error) = self.refused else { return if is_end { Step::End } else { Step::More } };
        if known.is_none() {
            content.clear();
        }
        match is_end {
            true if self.dots.is_end_doubtful() => {
                Step::RefusedAtEnd { error: Error::DoubtfulEnd, first_told: known.is_none() }
            }
            true => Step::RefusedAtEnd { error, first_told: known.is_none() },
            false if known.is_none() => Step::Refused,
            false if is_endless(self.wasted, config) => Step::Endless { error },
            false => Step::More,
        }
    }

    /// Moves a piece of a chunk to `content`. After an error nothing of the content is wanted any more.
    pub(super) fn read_chunk(
        &mut self,
        piece: &[u8],
        content: &mut Vec<u8>,
        config: &SessionConfig,
    ) -> Result<(), Error> {
        let before = content.len();
        self.dots.read(piece, content);
        self.take(content, before);
        self.judge(config).map_or(Ok(()), Err)
    }

    /// The last chunk is over: ends the content's last line, which no dot does here.
    pub(super) fn finish_chunks(
        &mut self,
        content: &mut Vec<u8>,
        config: &SessionConfig,
    ) -> Result<(), Error> {
        let before = content.len();
        match &mut self.repair {
            Some(repair) => repair.finish(content),
            None if self.dots.is_after_cr() => return Err(Error::BareLineEnd),
            None => {}
        }
        self.count(content, before);
        // RFC 3030 says nothing of a last line without an end. Every server behind this one would have to add it.
        if self.bytes > 0 && !self.ends_line {
            let before = content.len();
            content.extend_from_slice(b"\r\n");
            self.count(content, before);
        }
        self.judge_end(config).map_or(Ok(()), Err)
    }

    /// Repairs, counts and watches what was added to `content` behind `before`.
    fn take(&mut self, content: &mut Vec<u8>, before: usize) {
        if let Some(repair) = &mut self.repair {
            repair.repair(content, before);
        }
        self.count(content, before);
    }

    fn count(&mut self, content: &[u8], before: usize) {
        let new = content.get(before..).unwrap_or_default();
        self.bytes += new.len() as u64;
        self.ends_line = new.last().map_or(self.ends_line, |&last| last == b'\n');
        self.header.feed(new);
    }

    fn judge(&self, config: &SessionConfig) -> Option<Error> {
        let is_bare = self.dots.has_bare_line_end() && self.repair.is_none();
        if is_bare || self.dots.has_nul() {
            Some(Error::BareLineEnd)
        } else if self.bytes > config.max_message_bytes {
            Some(Error::MessageTooBig)
        } else if self.dots.longest_line() > config.max_text_line_bytes {
            Some(Error::TextLineTooLong)
        } else if self.header.bytes() > config.max_header_bytes {
            Some(Error::HeaderTooBig)
        } else {
            None
        }
    }

    /// What can only be judged once all of it is here. An end that is doubtful is not repaired: nobody knows whether it is
    /// one.
    fn judge_end(&self, config: &SessionConfig) -> Option<Error> {
        if self.dots.is_end_doubtful() {
            Some(Error::DoubtfulEnd)
        } else if self.header.received() > config.max_hops {
            Some(Error::Loop)
        } else {
            None
        }
    }
}
