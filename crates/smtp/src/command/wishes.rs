//! The values by which a client says what it wants to hear of its message (RFC 3461 §4), and when it shall leave
//! (RFC 4865 §4). Read strictly: a wish that was misread is one that is not met.

use crate::Error;
use mail::{Hold, Notify, Returned, Timestamp, xtext};

/// The most characters of ENVID (RFC 3461 §4.4).
const MAX_ENVID_CHARS: usize = 100;
/// The most characters of ORCPT (RFC 3461 §4.2).
const MAX_ORCPT_CHARS: usize = 500;
/// The most digits of HOLDFOR (RFC 4865 §4).
const MAX_HOLD_DIGITS: usize = 9;

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

pub(super) fn ret(value: &[u8]) -> Result<Returned, Error> {
    match &*value.to_ascii_uppercase() {
        b"FULL" => Ok(Returned::Full),
        b"HDRS" => Ok(Returned::Headers),
        _ => Err(Error::BadRet),
    }
}

pub(super) fn envid(value: &[u8]) -> Result<String, Error> {
    let fine = |value: &&str| (1..=MAX_ENVID_CHARS).contains(&value.len()) && xtext::decode(value).is_some();
    text(value).filter(fine).map(str::to_owned).ok_or(Error::BadEnvid)
}

/// The address as `type;xtext`; one in UTF-8 (RFC 6533 §3), which only a transaction with SMTPUTF8 may have, as it stands.
pub(super) fn orcpt(value: &[u8]) -> Result<String, Error> {
    let fine = |value: &&str| {
        let is_typed = xtext::decode_typed(value).is_some() || xtext::ascii_form(value).is_some();
        value.len() <= MAX_ORCPT_CHARS && is_typed
    };
    text(value).filter(fine).map(str::to_owned).ok_or(Error::BadOrcpt)
}

/// `NEVER` alone, or a list of the others, each once.
pub(super) fn notify(value: &[u8]) -> Result<Notify, Error> {
    if value.eq_ignore_ascii_case(b"NEVER") {
        return Ok(Notify::NEVER);
    }
    let mut notify = Notify::NEVER;
    for word in value.split(|&b| b == b',') {
        let asked = match &*word.to_ascii_uppercase() {
            b"SUCCESS" => &mut notify.success,
            b"FAILURE" => &mut notify.failure,
            b"DELAY" => &mut notify.delay,
            _ => return Err(Error::BadNotify),
        };
        if std::mem::replace(asked, true) {
            return Err(Error::BadNotify);
        }
    }
    Ok(notify)
}

/// Seconds: one to nine digits, the first not zero.
pub(super) fn hold_for(value: &[u8]) -> Result<Hold, Error> {
    let digits = (1..=MAX_HOLD_DIGITS).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    let fine = digits && !value.starts_with(b"0");
    let secs = text(value).filter(|_| fine).and_then(|value| value.parse().ok());
    secs.map(Hold::ForSecs).ok_or(Error::BadHoldFor)
}

/// A date and time of RFC 3339 (erratum 2040 of RFC 4865).
pub(super) fn hold_until(value: &[u8]) -> Result<Hold, Error> {
    text(value).and_then(Timestamp::from_rfc3339).map(Hold::Until).ok_or(Error::BadHoldUntil)
}
