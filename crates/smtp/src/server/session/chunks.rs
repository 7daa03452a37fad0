//! A message in chunks (RFC 3030): BDAT says how long each is, so that nothing in it is an end or a command.
//!
//! A chunk that is refused is read to its last byte all the same, and answered there: only then does the next
//! command begin.

use super::{Question, Session, State};
use crate::command::Chunk;
use crate::reply::write_error;
use crate::server::reading::{Reading, is_endless};
use crate::server::{CONTENT_CHUNK_BYTES, Next};
use crate::{Error, Input};
use mail::Reply;
use std::io::Write as _;

/// A chunk that is coming.
#[derive(Debug)]
pub(super) struct Incoming {
    announced: Chunk,
    /// How many of its bytes have not come.
    left: u64,
    fate: Fate,
}

/// What becomes of a chunk.
#[derive(Debug)]
enum Fate {
    /// It is a part of the message.
    Kept,
    /// It is read and thrown away; then this is said.
    Refused(Error),
    /// It is read and thrown away; then this is said in the driver's words.
    Declined(Reply),
}

impl Session {
    /// BDAT: the first of a transaction asks the driver, as DATA does.
    pub(super) fn bdat(&mut self, chunk: Chunk) -> Option<Next> {
        let begun = self.chunks_begun;
        let total = self.reading.bytes().saturating_add(chunk.size);
        let refusal = match &self.envelope {
            None => Some(Error::MailFirst),
            Some(envelope) if envelope.recipients.is_empty() => Some(Error::NoRecipients),
            // RFC 1870 §6.3: what cannot fit is not stored first.
            Some(_) if begun && total > self.config.max_message_bytes => Some(Error::MessageTooBig),
            Some(_) if chunk.size > self.config.max_message_bytes => Some(Error::MessageTooBig),
            Some(_) => None,
        };
        match refusal {
            Some(error) => self.expect(chunk, Fate::Refused(error)),
            None if begun => self.expect(chunk, Fate::Kept),
            None => {
                self.state = State::Asked(Question::Chunk(chunk));
                return Some(Next::Data);
            }
        }
        None
    }

    /// The driver's answer to the first chunk of a message.
    pub(super) fn chunk_answered(&mut self, chunk: Chunk, answer: Result<(), Reply>) {
        match answer {
            Ok(()) => {
                self.reading = Reading::chunked(self.line_endings);
                self.chunks_begun = true;
                self.expect(chunk, Fate::Kept);
            }
            Err(reply) => self.expect(chunk, Fate::Declined(reply)),
        }
    }

    fn expect(&mut self, announced: Chunk, fate: Fate) {
        self.wasted = 0;
        self.state = State::Chunk(Incoming { announced, left: announced.size, fate });
    }

    /// Reads what has come of a chunk.
    pub(super) fn chunk(
        &mut self,
        mut chunk: Incoming,
        input: &mut Input,
        output: &mut Vec<u8>,
        content: &mut Vec<u8>,
    ) -> Option<Next> {
        let count = usize::try_from(chunk.left).unwrap_or(usize::MAX).min(input.len());
        let piece = input.bytes().get(..count).unwrap_or_default();
        let read = match chunk.fate {
            Fate::Kept => self.reading.read_chunk(piece, content, &self.config),
            Fate::Refused(_) | Fate::Declined(_) => {
                self.wasted += count as u64;
                Ok(())
            }
        };
        input.consume(count);
        chunk.left -= count as u64;
        if let Err(error) = read {
            chunk.fate = Fate::Refused(error);
            self.chunks_begun = false;
            content.clear();
            self.state = State::Chunk(chunk);
            return Some(Next::Discard);
        }
        if chunk.left == 0 {
            return self.end_chunk(chunk, output, content);
        }
        if is_endless(self.wasted, &self.config) {
            self.end_in_waste(&chunk.fate, output);
            return None;
        }
        let is_full = content.len() >= CONTENT_CHUNK_BYTES;
        self.state = State::Chunk(chunk);
        Some(if is_full { Next::Content } else { Next::Input })
    }

    fn end_chunk(&mut self, chunk: Incoming, output: &mut Vec<u8>, content: &mut Vec<u8>) -> Option<Next> {
        match chunk.fate {
            Fate::Kept if !chunk.announced.is_last => {
                let _ = write!(output, "250 2.0.0 Ok: {} octets received\r\n", chunk.announced.size);
                (content.len() >= CONTENT_CHUNK_BYTES).then_some(Next::Content)
            }
            Fate::Kept => match self.reading.finish_chunks(content, &self.config) {
                Ok(()) => {
                    self.chunks_begun = false;
                    self.state = State::Asked(Question::Message);
                    Some(Next::EndOfData)
                }
                Err(error) => {
                    content.clear();
                    self.refuse_chunk(error, output);
                    None
                }
            },
            Fate::Refused(error) => {
                self.refuse_chunk(error, output);
                None
            }
            Fate::Declined(reply) => {
                self.forget_refused();
                self.say(&reply, output);
                None
            }
        }
    }

    fn refuse_chunk(&mut self, error: Error, output: &mut Vec<u8>) {
        if error == Error::NoRecipients {
            // No mistake when all were refused. The transaction stays as it is, as after DATA.
            return write_error(error, self.config.pages.as_ref(), output);
        }
        self.refuse(error, output);
        if error != Error::MailFirst {
            self.forget_refused();
        }
    }

    /// The message is over. Chunks that were sent behind the refused one get a refusal each (RFC 3030 §2), and are no
    /// new mistakes.
    fn forget_refused(&mut self) {
        self.forget_transaction();
        self.mail_refused = true;
    }

    /// The end of a client that does not listen: it is told once more, and no more is read.
    fn end_in_waste(&mut self, fate: &Fate, output: &mut Vec<u8>) {
        match fate {
            Fate::Refused(error) => write_error(*error, self.config.pages.as_ref(), output),
            Fate::Declined(reply) => self.say(reply, output),
            Fate::Kept => {}
        }
        self.state = State::Closed;
    }
}
