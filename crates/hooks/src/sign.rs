//! The signature of a post: by the conventions of Standard Webhooks, and as a plain HMAC for receivers that know no more.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::Timestamp;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";
/// The bytes of a secret that is made here.
const MADE_BYTES: usize = 32;

/// Why a text cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// It is not `whsec_` and base64 of 24 to 64 bytes.
    #[error("a secret is whsec_ and 24 to 64 bytes in base64")]
    Shape,
    /// The system gave no random bytes.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// A secret that posts are signed with.
#[derive(Clone)]
pub struct Secret {
    text: mail::Secret,
    key: hmac::Key,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A new one.
    pub fn make() -> Result<Self, SecretFault> {
        let mut bytes = [0; MADE_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| SecretFault::NoRandom)?;
        Self::read(&mail::Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes))))
    }

    /// Reads one.
    pub fn read(text: &mail::Secret) -> Result<Self, SecretFault> {
        let coded = text.reveal().strip_prefix(PREFIX).ok_or(SecretFault::Shape)?;
        let bytes = STANDARD.decode(coded).map_err(|_| SecretFault::Shape)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretFault::Shape);
        }
        Ok(Self { text: text.clone(), key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) })
    }

    /// Its text, to be stored.
    pub const fn text(&self) -> &mail::Secret {
        &self.text
    }

    /// The field `webhook-signature`: of the id, the moment and the body.
    pub(crate) fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{id}.{}.", at.secs()).as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }

    /// The field `X-Signature`: of the body alone, in hexadecimal; its key is the whole text of the secret.
    pub(crate) fn sign_body(&self, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.text.reveal().as_bytes());
        hmac::sign(&key, body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification (Standard Webhooks, reference libraries).
    #[test]
    fn the_known_example_is_signed_as_known() {
        let secret = Secret::read(&mail::Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp(1_614_265_330_000), body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_read_strictly() {
        let made = Secret::make().unwrap();
        assert_eq!(made.text().reveal().len(), PREFIX.len() + 44);
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_*"] {
            assert_eq!(Secret::read(&mail::Secret::new(bad)).err(), Some(SecretFault::Shape), "{bad}");
        }
    }
}
