//! A message's content as a handle: in memory while it is small and fresh, in the store otherwise.

use crate::Later;
use std::sync::Arc;

/// The canonical bytes of a message (CR LF line ends, dots not stuffed), or where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// In memory.
    Memory(Arc<Vec<u8>>),
    /// In the store: only there.
    Stored(StoredBody),
}

/// A body that the store keeps outside the database, synced before the commit that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBody {
    /// The store's own name for it.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Body {
    /// The size in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Stored(stored) => stored.bytes,
        }
    }
}

/// Takes a body that is too large for memory, piece by piece. Dropped unfinished, it leaves nothing behind.
pub trait BodySink: Send {
    /// Adds a piece.
    fn append(&mut self, piece: Vec<u8>) -> Later<'_, ()>;
    /// Syncs what was written and gives its handle. Until a message names the handle in an accepted
    /// [`crate::NewMessage`], a restart removes it.
    fn finish(self: Box<Self>) -> Later<'static, StoredBody>;
}

/// Gives a body back, piece by piece, each at most [`BodyReader::PIECE_BYTES`].
pub trait BodyReader: Send + Sync {
    /// The next piece, or `None` at the end.
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>>;
}

impl dyn BodyReader {
    /// The most bytes of a piece.
    pub const PIECE_BYTES: usize = 64 * 1024;
}
