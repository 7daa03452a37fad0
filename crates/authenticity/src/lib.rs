//! Who a message is really from: DKIM keys, the records to publish, and signatures (RFC 6376, RFC 8463).
//!
//! Owns the making and reading of keys, the TXT record that belongs to one, the choice of the headers that a signature
//! covers, and the canonical form of a message, hashed as its pieces go by. It never opens a socket or a file, reads
//! no clock, keeps no key and alters no message: a signature is a header line, handed back. Start at [`Hashing`] and
//! [`Signer::sign`].

mod body;
mod der;
mod error;
mod header;
mod key;
mod record;
mod rsa;
mod sign;

pub use error::AuthenticityError;
pub use key::{Algorithm, SigningKey};
pub use record::KeyRecord;
pub use sign::{Hashed, Hashing, Signer};
