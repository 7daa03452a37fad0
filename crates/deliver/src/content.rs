//! A message's bytes on their way out: the lines that we add, then the content, from memory or from the store.

use mail::{Notify, Recipient, ReversePath, Seen};
use queue::{Batch, Letter, Passenger};
use smtp::transport::{BoxFuture, Content, Piece};
use std::sync::Arc;
use store::{BodyReader, Spool};

enum Rest {
    Memory(Arc<Vec<u8>>),
    Stored(Box<dyn BodyReader>),
    Over,
}

/// The size in bytes of a letter as it leaves, its signature included.
pub(crate) fn size(letter: &Letter) -> u64 {
    let signature = letter.signature.get().map_or(0, |lines| lines.len());
    letter.body_bytes + (letter.added_headers.len() + signature) as u64
}

/// The recipients of a batch, with what the sender wants to hear of each. Where the letter leaves in another's name, news of
/// success would go there: it is not asked for, and the queue tells the sender that the letter was passed on
/// (RFC 3461 §5.2.2, as for lists in §5.2.7).
pub(crate) fn recipients(batch: &Batch, from: &ReversePath) -> Vec<Recipient> {
    let is_sender = *from == batch.letter.from;
    let asked = |notify: Notify| Notify { success: notify.success && is_sender, ..notify };
    let recipient = |passenger: &Passenger| Recipient {
        address: passenger.address.clone(),
        notify: passenger.wishes.notify.map(asked),
        orcpt: passenger.wishes.orcpt.clone(),
    };
    batch.passengers.iter().map(recipient).collect()
}

/// The bytes of one letter: its signature, the lines that we add, its content.
pub(crate) struct LetterContent {
    signature: Option<Arc<[u8]>>,
    added: Option<Arc<[u8]>>,
    rest: Rest,
}

impl LetterContent {
    /// Opens the content: when it is not in memory, the store is asked now, so that a message whose content cannot be
    /// read fails before the dialogue begins.
    pub(crate) async fn open(letter: &Letter, spool: &dyn Spool) -> Result<Self, Seen> {
        let unsigned = Self::unsigned(letter, spool).await?;
        Ok(Self { signature: letter.signature.get().map(Arc::clone), ..unsigned })
    }

    /// The same without the signature.
    pub(crate) async fn unsigned(letter: &Letter, spool: &dyn Spool) -> Result<Self, Seen> {
        let added = Some(Arc::clone(&letter.added_headers));
        let rest = match &letter.body {
            Some(bytes) => Rest::Memory(Arc::clone(bytes)),
            None => Rest::Stored(spool.body(letter.id).await.map_err(|_| Seen::BodyUnreadable)?),
        };
        Ok(Self { signature: None, added, rest })
    }

    async fn piece(&mut self) -> Result<Option<Piece>, Seen> {
        if let Some(added) = self.signature.take().or_else(|| self.added.take()) {
            return Ok(Some(Piece::Shared(added)));
        }
        match std::mem::replace(&mut self.rest, Rest::Over) {
            Rest::Memory(bytes) => Ok(Some(Piece::Whole(bytes))),
            Rest::Stored(mut reader) => {
                let piece = reader.next().await.map_err(|_| Seen::BodyUnreadable)?;
                if piece.is_some() {
                    self.rest = Rest::Stored(reader);
                }
                Ok(piece.map(Piece::Owned))
            }
            Rest::Over => Ok(None),
        }
    }
}

impl Content for LetterContent {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        Box::pin(self.piece())
    }
}
