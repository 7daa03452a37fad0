//! The form in which a letter leaves: as it is wherever the server can take that, with seven bits where it cannot
//! (RFC 6152 §3), signed in that form.
//!
//! What the server offers is known after EHLO, so the form is made then. The signature that is stored with the letter
//! is that of its own form; a form with seven bits is signed anew each time, over the bytes that leave. A signature that
//! somebody else made over the eight bits is broken by the change, and counts as none (RFC 6376 §6.1): mail that
//! arrives without it is worth more than mail that does not arrive.

use crate::content::{self, LetterContent};
use crate::login_sender::AsLogin;
use crate::seven_bit::{Encoder, Found, Look};
use crate::{Keyring, Unsigned};
use mail::{Address, BodyType, Seen, Timestamp};
use queue::Letter;
use smtp::client::Extensions;
use smtp::transport::{BoxFuture, Content, Piece};
use std::sync::Arc;
use store::Spool;

/// A letter in the form that a server can take.
pub struct Form {
    /// The bytes.
    pub content: Box<dyn Content>,
    /// Their number.
    pub size: u64,
    /// How they must be declared.
    pub body: BodyType,
}

/// Gives a letter's bytes from the beginning, for each transaction anew.
pub trait Source: Send + Sync {
    /// The letter in the form that fits the offer. [`Seen::NotOffered`] when there is none.
    fn open<'a>(&'a self, offer: &'a Extensions) -> BoxFuture<'a, Result<Form, Seen>>;
}

/// A letter of the queue, with the signature that it has by then.
pub struct LetterSource<'a> {
    /// The letter.
    pub letter: &'a Letter,
    /// Where its content is, when it is not in memory.
    pub spool: &'a dyn Spool,
    /// What signs a form that is not the letter's own.
    pub keyring: &'a Keyring,
    /// The address in whose name it leaves, for a relay that takes no other.
    pub login: Option<&'a Address>,
    /// When a new signature is made.
    pub now: Timestamp,
}

impl LetterSource<'_> {
    async fn form(&self, offer: &Extensions) -> Result<Form, Seen> {
        let body = self.body_type().await?;
        if !offer.eight_bit_mime && self.has_eight_bits().await? {
            let mut look = Look::new();
            let mut content = self.content(false).await?.0;
            while let Some(piece) = content.next().await? {
                look.feed(piece.as_ref());
            }
            match look.finish() {
                Found::SevenBit => {}
                Found::Plan(plan) => return self.converted(plan, body).await,
                // A notice has nobody to be told of its failure: it leaves as it is, and most servers take it all the same.
                Found::Unfit if self.letter.extras.about.is_some() => {}
                Found::Unfit => return Err(Seen::NotOffered { what: "8BITMIME".to_owned() }),
            }
        }
        let (content, grown) = self.content(true).await?;
        let size = content::size(self.letter).saturating_add_signed(grown);
        Ok(Form { content, size, body })
    }

    /// How the letter is declared. One that was given with SMTPUTF8 needs it from here on only when its header has
    /// letters beyond ASCII (RFC 6531 §3.2); its addresses speak for themselves.
    async fn body_type(&self) -> Result<BodyType, Seen> {
        if self.letter.body_type != BodyType::Utf8 {
            return Ok(self.letter.body_type);
        }
        let mut content = self.content(false).await?.0;
        let mut end = HeaderEnd::default();
        while let Some(piece) = content.next().await? {
            match end.look(piece.as_ref()) {
                None => {}
                Some(true) => return Ok(BodyType::Utf8),
                Some(false) => break,
            }
        }
        Ok(BodyType::EightBitMime)
    }

    async fn has_eight_bits(&self) -> Result<bool, Seen> {
        let mut content = self.content(false).await?.0;
        while let Some(piece) = content.next().await? {
            if !piece.as_ref().is_ascii() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The bytes before any conversion, and by how many more they are than the letter's own.
    async fn content(&self, signed: bool) -> Result<(Box<dyn Content>, i64), Seen> {
        let letter = if signed {
            LetterContent::open(self.letter, self.spool).await?
        } else {
            LetterContent::unsigned(self.letter, self.spool).await?
        };
        Ok(match self.login {
            None => (Box::new(letter), 0),
            Some(login) => {
                let content = AsLogin::open(Box::new(letter), login).await?;
                let grown = content.grown;
                (Box::new(content), grown)
            }
        })
    }

    async fn converted(&self, plan: Vec<crate::seven_bit::Action>, body: BodyType) -> Result<Form, Seen> {
        let open = async || {
            let inner = self.content(false).await?.0;
            let encoder = Some(Encoder::new(plan.clone()));
            Ok::<_, Seen>(SevenBit { signature: None, inner, encoder, bytes: 0 })
        };
        let mut first = open().await?;
        let signature = match self.keyring.sign_content(&mut first, self.now).await {
            Ok(signature) => signature,
            Err(Unsigned::Unreadable(seen)) => return Err(seen),
            Err(Unsigned::Unfit(error)) => {
                tracing::debug!(message = %self.letter.id, %error, "a message leaves without a signature");
                None
            }
        };
        // What was not hashed to its end is counted to its end.
        while first.next().await?.is_some() {}
        let size = first.bytes + signature.as_ref().map_or(0, |lines| lines.len() as u64);
        let content = SevenBit { signature, ..open().await? };
        let body = if body == BodyType::Utf8 { body } else { BodyType::SevenBit };
        Ok(Form { content: Box::new(content), size, body })
    }
}

impl Source for LetterSource<'_> {
    fn open<'a>(&'a self, offer: &'a Extensions) -> BoxFuture<'a, Result<Form, Seen>> {
        Box::pin(self.form(offer))
    }
}

/// A content with seven bits: its own signature, then what the encoder makes of the letter.
struct SevenBit {
    signature: Option<Arc<[u8]>>,
    inner: Box<dyn Content>,
    encoder: Option<Encoder>,
    /// How many bytes came out, without the signature.
    bytes: u64,
}

impl SevenBit {
    async fn piece(&mut self) -> Result<Option<Piece>, Seen> {
        if let Some(signature) = self.signature.take() {
            return Ok(Some(Piece::Shared(signature)));
        }
        while let Some(encoder) = &mut self.encoder {
            let made = match self.inner.next().await? {
                Some(piece) => encoder.feed(piece.as_ref()),
                None => self.encoder.take().map(Encoder::finish).unwrap_or_default(),
            };
            if !made.is_empty() {
                self.bytes += made.len() as u64;
                return Ok(Some(Piece::Owned(made)));
            }
        }
        Ok(None)
    }
}

impl Content for SevenBit {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        Box::pin(self.piece())
    }
}

/// Looks for letters beyond ASCII in a header.
#[derive(Default)]
struct HeaderEnd {
    /// How many bytes of CR LF CR LF have come, in a row.
    matched: usize,
    begun: bool,
}

impl HeaderEnd {
    /// `Some` once it is known: whether the header has any.
    fn look(&mut self, piece: &[u8]) -> Option<bool> {
        for &byte in piece {
            if !byte.is_ascii() {
                return Some(true);
            }
            // A content may begin with the empty line.
            let end: &[u8] = if self.begun { b"\r\n\r\n" } else { b"\r\n" };
            self.matched = match byte {
                byte if end.get(self.matched) == Some(&byte) => self.matched + 1,
                b'\r' => 1,
                _ => 0,
            };
            if self.matched == end.len() {
                return Some(false);
            }
            self.begun |= self.matched == 0;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::HeaderEnd;

    #[test]
    fn letters_beyond_ascii_are_found_in_headers_alone() {
        for (text, found) in [
            ("Subject: x\r\n\r\né", Some(false)),
            ("Subject: é\r\n\r\nx", Some(true)),
            ("\r\né", Some(false)),
            ("Subject: x\r\n", None),
            ("S\r\r\n\r\né", Some(false)),
        ] {
            for step in 1..20 {
                let mut end = HeaderEnd::default();
                let seen = text.as_bytes().chunks(step).find_map(|piece| end.look(piece));
                assert_eq!(seen, found, "{text:?}, {step} at a time");
            }
        }
    }
}
