//! Signing a letter before it leaves: its bytes go by once, from memory or from the store.

use crate::direct::Source;
use authenticity::{AuthenticityError, Hashing, Signer};
use mail::{Seen, Timestamp};

/// Why a letter was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// Its bytes cannot be read: it cannot be sent either, and will be tried again.
    /// Usual cause: a failing disk.
    #[error("the message's content cannot be read back from the store")]
    Unreadable(Seen),
    /// It can be read, and cannot be signed. It may leave without.
    /// Usual cause: a message without a From, which no signature can cover.
    #[error(transparent)]
    Unfit(#[from] AuthenticityError),
}

/// The signatures of a letter, one line each for every signer, in their order: what [`super::LetterSource`] takes as
/// its `signatures`. The caller keeps them with the message, so that every attempt sends the same.
pub async fn sign(source: &dyn Source, signers: &[Signer], now: Timestamp) -> Result<String, Unsigned> {
    let mut content = source.open().await.map_err(Unsigned::Unreadable)?;
    let mut hashing = Hashing::new();
    while let Some(piece) = content.next().await.map_err(Unsigned::Unreadable)? {
        hashing.update(piece.as_ref());
    }
    let hashed = hashing.finish()?;
    let mut signatures = String::new();
    for signer in signers {
        signatures.push_str(&signer.sign(&hashed, now)?);
    }
    Ok(signatures)
}
