//! What people type to sign in, read without doing anything: the doors of the fuzz targets.

use crate::second_factor;
use mail::{Secret, Timestamp};
use store::SecondFactor;

/// Whether a code is good for a secret in base 32 at that moment, and was not used before.
pub fn second_factor(secret: &str, code: &str, last_step: i64, now: Timestamp) -> bool {
    let factor = SecondFactor {
        secret: Secret::new(secret),
        since: Some(Timestamp(0)),
        last_step,
        recovery: Vec::new(),
    };
    second_factor::look(&factor, code, now).is_some()
}

/// What a device reads from a picture.
pub fn otpauth(secret: &str, login: &str, host: &str) -> String {
    second_factor::uri(&Secret::new(secret), login, host)
}
