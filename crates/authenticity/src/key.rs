//! Keys: made here or brought along, RSA or Ed25519.

use crate::{AuthenticityError, der, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::Secret;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fmt;

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA with SHA-256: every verifier knows it (RFC 6376 §3.3.2).
    RsaSha256,
    /// Ed25519 with SHA-256: short and strong; not every verifier knows it yet (RFC 8463).
    Ed25519Sha256,
}

impl Algorithm {
    /// The name in a signature.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }

    /// The name of the kind of key in a record.
    pub(crate) const fn key_kind(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa",
            Self::Ed25519Sha256 => "ed25519",
        }
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key that can sign.
pub struct SigningKey(Pair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm().as_str())
    }
}

impl SigningKey {
    /// The sizes of RSA keys that are taken, in bits.
    pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

    /// Makes a new key (RSA with 2,048 bits), as PEM text (PKCS #8): what [`SigningKey::from_pem`] reads, and other
    /// programs too. An RSA key takes some tenths of a second of one core.
    pub fn generate(algorithm: Algorithm) -> Result<Secret, AuthenticityError> {
        let der = match algorithm {
            Algorithm::RsaSha256 => rsa::generate_2048()?,
            Algorithm::Ed25519Sha256 => Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                .map_err(|_| AuthenticityError::NoRandomness)?
                .as_ref()
                .to_vec(),
        };
        Ok(Secret::new(pem(&der)))
    }

    /// Reads a key: `BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`.
    pub fn from_pem(text: &Secret) -> Result<Self, AuthenticityError> {
        let der = PrivateKeyDer::from_pem_slice(text.reveal().as_bytes());
        let pair = match der.map_err(|_| AuthenticityError::NotAKey)? {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map(Pair::Rsa),
            PrivateKeyDer::Pkcs8(der) => pkcs8(&der),
            _ => return Err(AuthenticityError::UnfitKey),
        };
        let key = Self(pair.map_err(|_| AuthenticityError::UnfitKey)?);
        if let Pair::Rsa(rsa) = &key.0 {
            let bits = rsa.public().modulus_len() * 8;
            if !Self::RSA_BITS.contains(&bits) {
                return Err(AuthenticityError::KeySize { bits });
            }
        }
        Ok(key)
    }

    /// How this key signs.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Pair::Rsa(_) => Algorithm::RsaSha256,
            Pair::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    /// The public half as a record carries it, in base64.
    pub(crate) fn public_base64(&self) -> String {
        match &self.0 {
            // RFC 6376 §3.6.1 names RSAPublicKey, its example and every verifier have SubjectPublicKeyInfo.
            Pair::Rsa(pair) => STANDARD.encode(der::rsa_public_key_info(pair.public_key().as_ref())),
            // RFC 8463 §4.2: the bare 32 bytes.
            Pair::Ed25519(pair) => STANDARD.encode(pair.public_key()),
        }
    }

    /// Signs the canonical text of a header.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, AuthenticityError> {
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
                    .map_err(|_| AuthenticityError::Signing)?;
                Ok(signature)
            }
            // RFC 8463 §3: what Ed25519 signs is the hash.
            Pair::Ed25519(pair) => {
                let hash = ring::digest::digest(&ring::digest::SHA256, text);
                Ok(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

fn pkcs8(der: &PrivatePkcs8KeyDer<'_>) -> Result<Pair, ring::error::KeyRejected> {
    let der = der.secret_pkcs8_der();
    // Keys made by OpenSSL have no public half inside, which ring calls unchecked.
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
        .map(Pair::Ed25519)
        .or_else(|_| RsaKeyPair::from_pkcs8(der).map(Pair::Rsa))
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_keys_are_read_back() {
        for algorithm in [Algorithm::RsaSha256, Algorithm::Ed25519Sha256] {
            let pem = SigningKey::generate(algorithm).unwrap();
            let key = SigningKey::from_pem(&pem).unwrap();
            assert_eq!(key.algorithm(), algorithm);
            assert_ne!(SigningKey::generate(algorithm).unwrap().reveal(), pem.reveal());
            assert!(!format!("{key:?}").contains("PRIVATE"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let read = |text: &str| SigningKey::from_pem(&Secret::new(text.to_owned())).unwrap_err();
        assert_eq!(read("hello"), AuthenticityError::NotAKey);
        let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        assert_eq!(read(public), AuthenticityError::NotAKey);
        let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(read(damaged), AuthenticityError::UnfitKey);
        let curve = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
        assert_eq!(read(curve), AuthenticityError::UnfitKey);
    }
}
