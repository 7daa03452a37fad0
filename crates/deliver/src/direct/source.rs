//! Where the bytes of a letter come from, as often as they are needed.

use crate::content::LetterContent;
use mail::Seen;
use queue::Letter;
use smtp::transport::{BoxFuture, Content, Piece};
use std::sync::Arc;
use store::Spool;

/// Gives a letter's bytes from the beginning, for each host anew.
pub trait Source: Send + Sync {
    /// Opens the content.
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Content>, Seen>>;
}

/// A letter of the queue, with the signature that goes in front of it.
pub struct LetterSource<'a> {
    /// The letter.
    pub letter: &'a Letter,
    /// Where its content is, when it is not in memory.
    pub spool: &'a dyn Spool,
    /// Header lines in front of all others, such as DKIM signatures; empty when there are none.
    pub signatures: Arc<[u8]>,
}

impl LetterSource<'_> {
    /// The size of the whole in bytes.
    pub fn size(&self) -> u64 {
        self.letter.body_bytes + self.letter.added_headers.len() as u64 + self.signatures.len() as u64
    }
}

impl Source for LetterSource<'_> {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Content>, Seen>> {
        Box::pin(async {
            let rest = LetterContent::open(self.letter, self.spool).await?;
            let first = (!self.signatures.is_empty()).then(|| Arc::clone(&self.signatures));
            let content: Box<dyn Content> = Box::new(Signed { first, rest });
            Ok(content)
        })
    }
}

struct Signed {
    first: Option<Arc<[u8]>>,
    rest: LetterContent,
}

impl Content for Signed {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        match self.first.take() {
            Some(first) => Box::pin(async move { Ok(Some(Piece::Shared(first))) }),
            None => self.rest.next(),
        }
    }
}
