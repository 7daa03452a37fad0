//! Codes that a person's device makes from a shared secret (RFC 6238: HMAC-SHA-1, six digits, thirty seconds), and the
//! recovery codes for the day on which the device is gone. Pure: it takes secrets and moments, and keeps nothing.

use crate::percent::percent_encoded;
use crate::sign_in::{equal, hash_key, make_key, verify_hash};
use mail::{Secret, Timestamp};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use store::SecondFactor;

/// How long a code is shown, in milliseconds.
const STEP_MS: i64 = 30_000;
/// How many steps a device's clock may be behind or ahead.
const STEPS_OFF: i64 = 1;
/// The digits of a code.
const DIGITS: u32 = 6;
/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;
/// The alphabet of base 32 (RFC 4648 §6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret of 160 bits, in base 32. `None` when the system has no randomness.
pub(crate) fn make_secret() -> Option<Secret> {
    let mut bytes = [0; 20];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(Secret::new(base32(&bytes)))
}

/// What a device reads from a picture: the secret, whose it is, and of which server.
pub(crate) fn uri(secret: &Secret, login: &str, host: &str) -> String {
    let (login, host) = (percent_encoded(login), percent_encoded(host));
    format!("otpauth://totp/{host}:{login}?secret={}&issuer={host}", secret.reveal())
}

/// Recovery codes for the person, and their hashes for us.
pub(crate) fn make_recovery() -> Option<(Vec<String>, Vec<String>)> {
    // Two groups of a key are 50 bits: enough for a code that is tried a few times an hour.
    let code = || make_key()?.get(..11).map(str::to_owned);
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| code()).collect::<Option<_>>()?;
    let hashes = codes.iter().map(|code| hash_key(code)).collect();
    Some((codes, hashes))
}

/// What a code that was shown is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A code of the device, of that step.
    Step(i64),
    /// The recovery code of that index.
    Recovery(usize),
}

/// What a code is, if it is good at that moment and was not used before: one of the device, where there is one that makes
/// codes, or one of the recovery codes whose hashes are given.
pub(crate) fn look(
    factor: Option<&SecondFactor>,
    recovery: &[String],
    code: &str,
    now: Timestamp,
) -> Option<Shown> {
    let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = factor.and_then(|factor| step_of(factor, &typed, now));
    let recovery = || {
        let secret = Secret::new(typed.to_ascii_lowercase());
        recovery.iter().position(|hash| verify_hash(&secret, hash)).map(Shown::Recovery)
    };
    step.map(Shown::Step).or_else(recovery)
}

/// The step of a code of the device.
fn step_of(factor: &SecondFactor, typed: &str, now: Timestamp) -> Option<i64> {
    let key = unbase32(factor.secret.reveal())?;
    let this = now.0.div_euclid(STEP_MS);
    let steps = this - STEPS_OFF..=this + STEPS_OFF;
    // RFC 6238 §5.2: a code is taken once, and none that is older than the newest that was taken.
    steps.filter(|step| *step > factor.last_step).find(|step| {
        let right = code_of(&key, *step);
        equal(right.as_bytes(), typed.as_bytes())
    })
}

/// The code of a step (RFC 4226 §5.3).
fn code_of(key: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let sum = hmac::sign(&key, &step.to_be_bytes());
    let sum = sum.as_ref();
    let offset = usize::from(sum.last().copied().unwrap_or_default() & 0x0f);
    let four = sum.get(offset..offset + 4).unwrap_or_default();
    let number = four.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", number % 10_u32.pow(DIGITS))
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let digit = usize::try_from(held >> bits & 31).unwrap_or_default();
            text.push(char::from(BASE32.get(digit).copied().unwrap_or(b'A')));
        }
    }
    if bits > 0 {
        let digit = usize::try_from(held << (5 - bits) & 31).unwrap_or_default();
        text.push(char::from(BASE32.get(digit).copied().unwrap_or(b'A')));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for digit in text.bytes() {
        let value = BASE32.iter().position(|known| *known == digit.to_ascii_uppercase())?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(last_step: i64) -> SecondFactor {
        let secret = Secret::new(base32(b"12345678901234567890"));
        SecondFactor { secret, since: None, last_step }
    }

    fn look(factor: &SecondFactor, code: &str, now: Timestamp) -> Option<Shown> {
        super::look(Some(factor), &[hash_key("abcde-fghij")], code, now)
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, the last six of its eight digits.
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = secs / 30;
            assert_eq!(code_of(b"12345678901234567890", step), code, "{secs}");
            let now = Timestamp(secs * 1_000);
            assert_eq!(look(&factor(0), code, now), Some(Shown::Step(step)), "{secs}");
        }
    }

    #[test]
    fn a_code_is_taken_once_and_about_in_time() {
        let code = code_of(b"12345678901234567890", 100);
        for (step, last, taken) in [
            (100, 0, true),
            (99, 0, true),
            (101, 0, true),
            (98, 0, false),
            (102, 0, false),
            (100, 100, false),
        ] {
            let found = look(&factor(last), &code, Timestamp(step * 30_000));
            assert_eq!(found.is_some(), taken, "{step} after {last}");
        }
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(look(&factor(0), &spaced, Timestamp(3_000_000)), Some(Shown::Step(100)));
        for wrong in ["", "000000", "12345", "abcde-fghik"] {
            assert_eq!(look(&factor(0), wrong, Timestamp(3_000_000)), None, "{wrong}");
        }
        assert_eq!(look(&factor(0), "ABCDE-fghij ", Timestamp(0)), Some(Shown::Recovery(0)));
        let recovery = [hash_key("abcde-fghij")];
        assert_eq!(super::look(None, &recovery, &code, Timestamp(3_000_000)), None, "no device makes codes");
        assert_eq!(super::look(None, &recovery, "abcde-fghij", Timestamp(0)), Some(Shown::Recovery(0)));
    }

    #[test]
    fn secrets_survive_their_writing() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"foob", b"fooba", b"foobar"] {
            assert_eq!(unbase32(&base32(bytes)).unwrap(), bytes);
        }
        assert_eq!((base32(b"foobar").as_str(), base32(b"foo").as_str()), ("MZXW6YTBOI", "MZXW6"));
        assert_eq!(unbase32("1"), None);
        let (codes, hashes) = make_recovery().unwrap();
        assert!(codes.iter().zip(&hashes).all(|(code, hash)| code.len() == 11 && *hash == hash_key(code)));
        let found = uri(&Secret::new("ABC"), "anne@x.test", "mail.x.test");
        assert_eq!(found, "otpauth://totp/mail.x.test:anne%40x.test?secret=ABC&issuer=mail.x.test");
    }
}
