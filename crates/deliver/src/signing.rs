//! Signing a letter before it leaves: its bytes go by once, from memory or from the store.

use crate::content::LetterContent;
use authenticity::{AuthenticityError, Hashing, Signer};
use mail::{Domain, Seen, Timestamp};
use queue::Letter;
use smtp::transport::Content;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use store::Spool;

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

/// The keys that sign mail, by the domain of its author.
#[derive(Debug, Default)]
pub struct Keyring {
    by_domain: RwLock<HashMap<Domain, Arc<[Signer]>>>,
}

impl Keyring {
    /// Puts these keys in the place of all others: call it at the start and after each change of the domains.
    pub fn replace(&self, domains: impl IntoIterator<Item = (Domain, Vec<Signer>)>) {
        let fresh = domains.into_iter().filter(|(_, signers)| !signers.is_empty());
        let fresh = fresh.map(|(domain, signers)| (domain, signers.into())).collect();
        *self.by_domain.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    fn is_empty(&self) -> bool {
        self.by_domain.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The keys of a domain, or of the nearest domain above it that has some: a signature of the organisation's domain
    /// speaks for all below it (RFC 7489 §3.1.1, relaxed alignment).
    fn of(&self, author: &Domain) -> Option<Arc<[Signer]>> {
        let by_domain = self.by_domain.read().unwrap_or_else(PoisonError::into_inner);
        let mut name = author.as_ascii();
        loop {
            let domain: Domain = name.parse().ok()?;
            if let Some(signers) = by_domain.get(&domain) {
                return Some(Arc::clone(signers));
            }
            name = name.split_once('.')?.1;
        }
    }

    /// Signs a letter that was not signed yet, if there is a key for its author's domain: gives one header line for every
    /// signer, in their order. Every attempt sends the same signature, so that the caller stores it with the message.
    pub async fn sign(
        &self,
        letter: &Letter,
        spool: &dyn Spool,
        now: Timestamp,
    ) -> Result<Option<Arc<[u8]>>, Unsigned> {
        if self.is_empty() || letter.signature.get().is_some() {
            return Ok(None);
        }
        let mut content = LetterContent::open(letter, spool).await.map_err(Unsigned::Unreadable)?;
        let Some(lines) = self.sign_content(&mut content, now).await? else { return Ok(None) };
        // Another batch of the same letter may have been faster: its signature is the letter's.
        Ok(Some(Arc::clone(letter.signature.get_or_init(|| lines))))
    }

    /// Signs what a content holds, if there is a key for its author's domain.
    pub(crate) async fn sign_content(
        &self,
        content: &mut dyn Content,
        now: Timestamp,
    ) -> Result<Option<Arc<[u8]>>, Unsigned> {
        let mut hashing = Hashing::new();
        while let Some(piece) = content.next().await.map_err(Unsigned::Unreadable)? {
            hashing.update(piece.as_ref());
        }
        let hashed = hashing.finish()?;
        let Some(signers) = hashed.author_domain().and_then(|author| self.of(&author)) else {
            return Ok(None);
        };
        let mut lines = String::new();
        for signer in &*signers {
            lines.push_str(&signer.sign(&hashed, now)?);
        }
        Ok(Some(lines.into_bytes().into()))
    }
}
