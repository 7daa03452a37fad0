//! Identifiers. All are 64 bits so that they fit every store; what people and scripts see is text.

use crate::{Principal, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an identifier of facteur")]
pub struct IdError(pub String);

macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_any(NumberOrText).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

row_id! {
    /// A tenant: a host's customer. One by default, [`OwnerId::DEFAULT`].
    OwnerId
    /// A person who signs in and may send.
    AccountId
    /// A program that sends.
    SiteId
    /// A domain that facteur sends or receives for.
    DomainId
    /// A remote submission server.
    RelayId
    /// An address on the web that is told of events.
    WebhookId
    /// A reason for which a relay, or one sender on it, is stopped.
    ClosureId
    /// One try to deliver. Made by an [`IdMint`], so that it sorts by time.
    AttemptId
    /// One line of the event log, growing.
    EventId
}

/// Reads a number, also where it stands as text: the keys of a JSON object are texts.
struct NumberOrText;

impl serde::de::Visitor<'_> for NumberOrText {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(E::custom)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(E::custom)
    }
}

impl OwnerId {
    /// The owner that exists from the start.
    pub const DEFAULT: Self = Self(1);
}

impl RelayId {
    /// No relay: the mail goes straight to the hosts of each recipient's domain. No row ever has this id.
    pub const DIRECT: Self = Self(0);
}

impl ClosureId {
    /// Where mail waits that no relay may carry: the closure that ends when any relay is added or changed.
    pub const NO_ROUTE: Self = Self(0);

    /// Where the mail of a blocked account or site waits: below zero, where no closure of a relay is.
    pub const fn of_block(principal: Principal) -> Option<Self> {
        match principal {
            Principal::Account(AccountId(id)) => Some(Self(-2 * id)),
            Principal::Site(SiteId(id)) => Some(Self(-2 * id - 1)),
            Principal::System => None,
        }
    }

    /// Whether it is a block, and no closure of a relay.
    pub const fn is_block(self) -> bool {
        self.0 < 0
    }
}

/// The alphabet of Postfix's long queue ids: digits and consonants, so that no id is a word.
const ALPHABET: &[u8; 52] = b"0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";

/// A message's queue id: 63 bits of time, node and sequence, so that ids of many nodes never meet
/// and sort by age. Printed in the alphabet of Postfix's long queue ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(i64);

impl QueueId {
    /// The id as the number that the store keeps. Never negative.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The id that the store kept; negative numbers were never minted and become zero.
    pub const fn from_stored(number: i64) -> Self {
        Self(if number < 0 { 0 } else { number })
    }

    /// The moment at which it was given, as far as ids tell time.
    pub fn minted_at(self) -> Timestamp {
        Timestamp(EPOCH_MS).plus_ms(self.0 >> (NODE_BITS + SEQUENCE_BITS))
    }

    /// The last id that was given before a moment, as far as ids tell time: they follow the clock, and never go back with it.
    pub fn before(moment: Timestamp) -> Self {
        let ms = moment.since_ms(Timestamp(EPOCH_MS)).clamp(0, i64::MAX >> (NODE_BITS + SEQUENCE_BITS));
        Self::from_stored((ms << (NODE_BITS + SEQUENCE_BITS)) - 1)
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 52^11 > 2^62: twelve digits hold every id; leading zeros are kept so that all are of one width.
        let mut digits = [b'0'; 12];
        let mut rest = self.0;
        for digit in digits.iter_mut().rev() {
            *digit = usize::try_from(rest % 52).ok().and_then(|i| ALPHABET.get(i)).copied().unwrap_or(b'0');
            rest /= 52;
        }
        f.pad(str::from_utf8(&digits).unwrap_or_default())
    }
}

impl FromStr for QueueId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError(text.to_owned());
        if text.len() != 12 {
            return Err(bad());
        }
        text.bytes()
            .try_fold(0_i64, |sum, byte| {
                let digit = ALPHABET.iter().position(|&a| a == byte)?;
                sum.checked_mul(52)?.checked_add(i64::try_from(digit).ok()?)
            })
            .map(Self)
            .ok_or_else(bad)
    }
}

impl Serialize for QueueId {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QueueId {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One recipient of one message: the queue id and its place in the envelope, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecipientId {
    /// The message.
    pub message: QueueId,
    /// The place in the envelope.
    pub index: u16,
}

impl fmt::Display for RecipientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.message, self.index)
    }
}

/// A message's public id: 128 random bits, for links and APIs, where a guessable id would show
/// other people's mail. Printed as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicId(pub [u8; 16]);

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PublicId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError(text.to_owned());
        let hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().ok_or_else(bad)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Serialize for PublicId {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicId {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes ids: growing, unique on this node, and apart from every other node's.
///
/// Layout of the 63 bits: 41 of milliseconds since 2024 (69 years), 8 of node, 14 of sequence. When the
/// clock goes back, or more than 16,384 ids are made in a millisecond, the mint goes on counting from
/// the last id instead of waiting: ids stay unique and growing, and only their time is a little early.
#[derive(Debug)]
pub struct IdMint {
    node: u8,
    last: Mutex<i64>,
    random: SystemRandom,
}

/// 2024-01-01T00:00:00Z.
const EPOCH_MS: i64 = 1_704_067_200_000;
const SEQUENCE_BITS: u32 = 14;
const NODE_BITS: u32 = 8;

impl IdMint {
    /// A mint for a node that goes on after `last`, the largest id that the store knows.
    pub fn new(node: u8, last: i64) -> Self {
        Self { node, last: Mutex::new(last), random: SystemRandom::new() }
    }

    /// The next number: larger than all before.
    fn next(&self, now: Timestamp) -> i64 {
        let ms = now.since_ms(Timestamp(EPOCH_MS));
        let fresh = (ms << (NODE_BITS + SEQUENCE_BITS)) | (i64::from(self.node) << SEQUENCE_BITS);
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let after = *last + 1;
        // Counting on from the last id must not run into the next node's numbers.
        let overflow = after >> SEQUENCE_BITS != *last >> SEQUENCE_BITS;
        let after = if overflow {
            *last - (*last & ((1 << SEQUENCE_BITS) - 1)) + (1 << (NODE_BITS + SEQUENCE_BITS))
        } else {
            after
        };
        *last = fresh.max(after);
        *last
    }

    /// A queue id.
    pub fn queue_id(&self, now: Timestamp) -> QueueId {
        QueueId(self.next(now))
    }

    /// An attempt id.
    pub fn attempt_id(&self, now: Timestamp) -> AttemptId {
        AttemptId(self.next(now))
    }

    /// A public id. When the system has no randomness to give, which does not happen after
    /// boot, the answer is `None` and the caller refuses the message for the moment.
    pub fn public_id(&self) -> Option<PublicId> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes).ok()?;
        Some(PublicId(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_id_before_a_moment_is_smaller_than_those_of_it() {
        let now = Timestamp(1_800_000_000_000);
        let mint = IdMint::new(0, 0);
        let (first, second) = (mint.queue_id(now), mint.queue_id(now.plus_ms(1)));
        assert_eq!(first.minted_at(), now);
        assert!(QueueId::before(now) < first && first < QueueId::before(now.plus_ms(1)));
        assert!(QueueId::before(now.plus_ms(1)) < second);
        assert_eq!(QueueId::before(Timestamp(0)).get(), 0);
        assert!(QueueId::before(Timestamp(i64::MAX)) > second);
    }

    #[test]
    fn ids_grow_even_when_the_clock_goes_back() {
        let mint = IdMint::new(3, 0);
        let now = Timestamp(EPOCH_MS + 1_000_000);
        let mut last = mint.queue_id(now);
        for step in 0..40_000 {
            let next = mint.queue_id(now.plus_ms(-step));
            assert!(next > last);
            assert_eq!((next.get() >> SEQUENCE_BITS) & 0xff, 3, "the node stays");
            last = next;
        }
    }

    #[test]
    fn a_mint_goes_on_after_a_restart() {
        let first = IdMint::new(0, 0).queue_id(Timestamp(EPOCH_MS + 5_000));
        let second = IdMint::new(0, first.get()).queue_id(Timestamp(EPOCH_MS));
        assert!(second > first);
    }

    #[test]
    fn public_ids_print_and_parse() {
        let id = IdMint::new(0, 0).public_id().unwrap();
        assert_eq!(id.to_string().parse::<PublicId>().unwrap(), id);
        assert!("+0000000000000000000000000000000".parse::<PublicId>().is_err());
    }

    proptest! {
        #[test]
        fn queue_ids_print_and_parse(number in 0..i64::MAX) {
            let id = QueueId(number);
            prop_assert_eq!(id.to_string().len(), 12);
            prop_assert_eq!(id.to_string().parse::<QueueId>().unwrap(), id);
        }

        #[test]
        fn no_text_panics(text in ".{0,14}") {
            let _ = text.parse::<QueueId>();
        }
    }

    #[test]
    fn a_row_is_read_as_a_number_and_as_text() {
        for (json, id) in
            [("7", Some(7)), ("\"7\"", Some(7)), ("-3", Some(-3)), ("\"x\"", None), ("true", None)]
        {
            assert_eq!(serde_json::from_str::<RelayId>(json).ok(), id.map(RelayId), "{json}");
        }
        assert!(serde_json::from_str::<RelayId>("18446744073709551615").is_err(), "more than a store keeps");
        assert_eq!(
            (AccountId(4).to_string(), serde_json::to_string(&SiteId(5)).unwrap()),
            ("4".into(), "5".into())
        );
    }

    #[test]
    fn blocks_are_told_apart_from_closures_and_from_each_other() {
        let block = ClosureId::of_block;
        let ids =
            [Principal::Account(AccountId(1)), Principal::Site(SiteId(1)), Principal::Account(AccountId(2))];
        let ids: Vec<ClosureId> = ids.into_iter().filter_map(block).collect();
        assert!(ids.iter().all(|id| id.is_block()) && !ClosureId::NO_ROUTE.is_block());
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 3);
        assert_eq!(block(Principal::System), None);
    }
}
