//! What people type to sign in, read without doing anything: the doors of the fuzz targets.

use crate::passkeys::{Added, Proof};
use crate::second_factor;
use mail::{Secret, Timestamp};
use store::SecondFactor;

/// Whether a code is good for a secret in base 32 at that moment, and was not used before.
pub fn second_factor(secret: &str, code: &str, last_step: i64, now: Timestamp) -> bool {
    let factor = SecondFactor { secret: Secret::new(secret), since: Some(Timestamp(0)), last_step };
    second_factor::look(Some(&factor), &[], code, now).is_some()
}

/// What a device reads from a picture.
pub fn otpauth(secret: &str, login: &str, host: &str) -> String {
    second_factor::uri(&Secret::new(secret), login, host)
}

/// Whether what a page posts is the answer of a device: one that adds a passkey, or shows one.
pub fn passkey(answer: &str) -> bool {
    let added = Added::read(answer).and_then(|added| added.challenge());
    let shown = [true, false].map(|is_alone| Proof::read(answer, is_alone)?.challenge());
    added.is_some() || shown.iter().any(Option::is_some)
}
