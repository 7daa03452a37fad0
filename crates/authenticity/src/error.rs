//! What can go wrong with keys and signatures.

/// Why a key cannot be used, or a message cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticityError {
    /// The text holds no private key in PEM form.
    /// Usual cause: the public half was pasted, or the file is of another kind.
    #[error("this is not a private key in PEM form")]
    NotAKey,
    /// The key is neither RSA nor Ed25519, is damaged, or is protected by a passphrase.
    #[error("this key is neither RSA nor Ed25519, or it is damaged")]
    UnfitKey,
    /// The RSA key has fewer than 2,048 bits (RFC 8301 §3.2 has 1,024 as the least that is verified at all; large
    /// providers ask for more), or more than 4,096, which many verifiers do not take.
    #[error("an RSA key for DKIM has 2048 to 4096 bits; this one has {bits}")]
    KeySize {
        /// The size of the key.
        bits: usize,
    },
    /// The system gave no random bytes.
    /// Usual cause: a container without access to the system's random source.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// The selector is no part of a domain name.
    #[error("a selector consists of letters, digits and hyphens")]
    Selector,
    /// The domain is an address literal, which can publish no key.
    #[error("an address literal cannot sign")]
    Domain,
    /// The header is larger than what is signed.
    /// Usual cause: an attack, or a program in a loop; no such message would be accepted anywhere.
    #[error("the header has more than {} bytes", crate::Hashing::MAX_HEADER_BYTES)]
    HeaderTooLong,
    /// There is no From, which a signature must cover (RFC 6376 §5.4).
    #[error("the message has no From header")]
    NoFrom,
    /// The key did its work and failed.
    #[error("the key could not sign")]
    Signing,
}
