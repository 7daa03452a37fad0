//! Envelope senders that only this server can have written, so that what comes back to them is an answer to its own mail.
//!
//! `b+<id and day>.<mac>@<domain>`: which message, when it was accepted, and a code that proves both for that domain. All in
//! letters and digits of one case, since servers on the way change the case of addresses. The address of a message is the same
//! at each attempt: a greylist knows a sender by it.

use mail::{Address, Domain, QueueId, Secret, Timestamp};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// How long an address is good for: queues of others give up within a week or two, and an address that was harvested is
/// worth nothing afterwards.
const GOOD_DAYS: u16 = 30;
/// The bytes of the code that stand in the address: 80 bits.
const MAC_BYTES: usize = 10;
/// The bytes of a key, in hexadecimal in its secret.
const KEY_BYTES: usize = 32;
const DAY_MS: i64 = 86_400_000;
/// RFC 4648 §6, in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// What begins the local part.
const PREFIX: &str = "b+";
/// What the code covers besides: it is of no use to another scheme with the same key.
const LABEL: &[u8] = b"facteur return path 1";

/// Why mail to an address is no answer to mail of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReturned {
    /// The address has not the form of a return path.
    /// Usual cause: somebody guesses addresses; or writes to a person, who has no mailbox here.
    #[error("it is no return path")]
    Form,
    /// The code does not prove it.
    /// Usual cause: the address was made up, or cut on its way.
    #[error("its code is wrong")]
    Forged,
    /// It was good once.
    /// Usual cause: a spammer found it in an archive.
    #[error("it is more than {GOOD_DAYS} days old")]
    Expired,
}

/// The key of a server's return paths.
pub struct ReturnPathKey(hmac::Key);

impl std::fmt::Debug for ReturnPathKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReturnPathKey(…)")
    }
}

impl ReturnPathKey {
    /// A new secret to make keys of; `None` when the system has no randomness to give.
    pub fn new_secret() -> Option<Secret> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
    }

    /// The key of a secret that [`ReturnPathKey::new_secret`] made; `None` for any other text.
    pub fn of(secret: &Secret) -> Option<Self> {
        let digits = secret.reveal().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
        (digits.len() == 2 * KEY_BYTES).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The return path of a message: always the same for the same message and domain. `None` for a domain that leaves no
    /// room for a local part, which no domain does.
    pub fn address(&self, id: QueueId, accepted_at: Timestamp, domain: &Domain) -> Option<Address> {
        let day = u16::try_from(accepted_at.0.div_euclid(DAY_MS)).ok()?;
        let subject = subject(id, day);
        let mac = base32(self.mac(&subject, domain).as_ref().get(..MAC_BYTES)?);
        format!("{PREFIX}{}.{mac}@{}", base32(&subject), domain.as_ascii()).parse().ok()
    }

    /// The message whose return path this is.
    pub fn message(&self, address: &Address, now: Timestamp) -> Result<QueueId, NotReturned> {
        let local = address.local().to_ascii_lowercase();
        let (subject, mac) = local
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('.'))
            .and_then(|(subject, mac)| Some((from_base32(subject)?, from_base32(mac)?)))
            .ok_or(NotReturned::Form)?;
        let [id @ .., high, low] = subject.as_slice() else { return Err(NotReturned::Form) };
        let id: [u8; 8] = id.try_into().map_err(|_| NotReturned::Form)?;
        let right = self.mac(&subject, address.domain());
        let right = right.as_ref().get(..MAC_BYTES).unwrap_or_default();
        // Every byte is looked at, so that the time taken says nothing about how much was right.
        let differing = right.iter().zip(&mac).fold(0, |sum, (a, b)| sum | (a ^ b));
        if mac.len() != MAC_BYTES || differing != 0 {
            return Err(NotReturned::Forged);
        }
        let made = i64::from(u16::from_be_bytes([*high, *low]));
        let today = now.0.div_euclid(DAY_MS);
        // A clock that was set back makes today's addresses those of tomorrow: they are as good.
        if today.saturating_sub(made) > i64::from(GOOD_DAYS) {
            return Err(NotReturned::Expired);
        }
        Ok(QueueId::from_stored(i64::from_be_bytes(id)))
    }

    fn mac(&self, subject: &[u8], domain: &Domain) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(LABEL);
        context.update(subject);
        context.update(domain.as_ascii().as_bytes());
        context.sign()
    }
}

/// What is proved: the message and the day since 1970, ten bytes.
fn subject(id: QueueId, day: u16) -> Vec<u8> {
    [&id.get().to_be_bytes()[..], &day.to_be_bytes()[..]].concat()
}

/// Base32 of a multiple of five bytes: no padding is ever needed.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5);
    for five in bytes.chunks(5) {
        let number = five.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let digit = usize::try_from(number >> (5 * place) & 31).ok().and_then(|at| ALPHABET.get(at));
            text.push(digit.map_or('a', |digit| char::from(*digit)));
        }
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(8) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 8 * 5);
    for eight in text.as_bytes().chunks(8) {
        let number = eight.iter().try_fold(0_u64, |sum, byte| {
            let digit = ALPHABET.iter().position(|known| known == byte)?;
            Some(sum << 5 | u64::try_from(digit).ok()?)
        })?;
        bytes.extend_from_slice(number.to_be_bytes().get(3..)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;
    const NOW: Timestamp = Timestamp(1_795_325_468_000);

    fn key() -> ReturnPathKey {
        ReturnPathKey::of(&Secret::new("07".repeat(32))).unwrap()
    }

    fn domain(name: &str) -> Domain {
        name.parse().unwrap()
    }

    #[test]
    fn an_address_leads_back_to_its_message() {
        let id = QueueId::from_stored(1_498_573_234_567_890);
        let address = key().address(id, NOW, &domain("Retour.Exemple.test")).unwrap();
        assert_eq!(address, key().address(id, NOW.plus_secs(1), &domain("retour.exemple.test")).unwrap());
        assert_eq!(key().message(&address, NOW), Ok(id));
        let shouted: Address = address.to_string().to_uppercase().parse().unwrap();
        assert_eq!(key().message(&shouted, NOW), Ok(id));
    }

    #[test]
    fn it_is_good_for_thirty_days() {
        let id = QueueId::from_stored(7);
        let address = key().address(id, NOW, &domain("x.test")).unwrap();
        for (days, found) in
            [(-1, Ok(id)), (30, Ok(id)), (31, Err(NotReturned::Expired)), (70_000, Err(NotReturned::Expired))]
        {
            assert_eq!(key().message(&address, NOW.plus_secs(days * DAY)), found, "{days}");
        }
    }

    #[test]
    fn what_this_server_did_not_write_is_refused() {
        let address = key().address(QueueId::from_stored(7), NOW, &domain("x.test")).unwrap();
        let (left, mac) = address.local().split_once('.').unwrap();
        let other = ReturnPathKey::of(&ReturnPathKey::new_secret().unwrap()).unwrap();
        assert_eq!(other.message(&address, NOW), Err(NotReturned::Forged));
        for (text, fault) in [
            (format!("{left}.{mac}@y.test"), NotReturned::Forged),
            (
                format!("{left}.{}@x.test", mac.replace(['a', 'e', 'i', 'm', 'q', 'u', 'y'], "b")),
                NotReturned::Forged,
            ),
            (format!("{left}.{}@x.test", &mac[..8]), NotReturned::Forged),
            (format!("{left}.{}@x.test", &mac[..9]), NotReturned::Form),
            (format!("{left}@x.test"), NotReturned::Form),
            ("anne@x.test".to_owned(), NotReturned::Form),
            ("b+.@x.test".to_owned(), NotReturned::Form),
            ("b+aaaaaaaa.aaaaaaaa@x.test".to_owned(), NotReturned::Form),
            ("b+\u{e9}\u{e9}\u{e9}\u{e9}.aaaaaaaa@x.test".to_owned(), NotReturned::Form),
        ] {
            let known = text == address.to_string();
            assert!(known || key().message(&text.parse().unwrap(), NOW) == Err(fault), "{text}");
        }
        assert!(ReturnPathKey::of(&Secret::new("short")).is_none());
        assert!(ReturnPathKey::of(&Secret::new("zz".repeat(32))).is_none());
    }

    proptest! {
        #[test]
        fn every_message_has_a_path_that_fits(id in 0..i64::MAX, secs in 0..i64::from(u16::MAX) * DAY) {
            let (id, at) = (QueueId::from_stored(id), Timestamp(0).plus_secs(secs));
            let address = key().address(id, at, &domain("retour.exemple.test")).unwrap();
            prop_assert_eq!(address.local().len(), 35);
            prop_assert_eq!(key().message(&address, at), Ok(id));
        }

        #[test]
        fn one_changed_letter_is_seen(at in 2_usize..35, letter in "[a-z2-7]") {
            let address = key().address(QueueId::from_stored(42), NOW, &domain("x.test")).unwrap().to_string();
            let mut changed = address.clone();
            changed.replace_range(at..=at, &letter);
            let read = key().message(&changed.parse().unwrap(), NOW);
            prop_assert!(changed == address || read.is_err());
        }
    }
}
