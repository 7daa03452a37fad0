//! Where the bytes of a letter come from, as often as they are needed.

use crate::content::LetterContent;
use mail::Seen;
use queue::Letter;
use smtp::transport::{BoxFuture, Content};
use store::Spool;

/// Gives a letter's bytes from the beginning, for each host anew.
pub trait Source: Send + Sync {
    /// Opens the content.
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Content>, Seen>>;
}

/// A letter of the queue, with the signature that it has by then.
pub struct LetterSource<'a> {
    /// The letter.
    pub letter: &'a Letter,
    /// Where its content is, when it is not in memory.
    pub spool: &'a dyn Spool,
}

impl LetterSource<'_> {
    /// The size of the whole in bytes.
    pub fn size(&self) -> u64 {
        crate::content::size(self.letter)
    }
}

impl Source for LetterSource<'_> {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Content>, Seen>> {
        Box::pin(async {
            let content: Box<dyn Content> = Box::new(LetterContent::open(self.letter, self.spool).await?);
            Ok(content)
        })
    }
}
