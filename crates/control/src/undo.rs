//! What was done to messages and can be taken back: which recipients were changed, for a while, in memory.

use mail::{RecipientId, Timestamp};
use std::collections::{HashSet, VecDeque};
use store::Act;

/// The most acts that can be taken back; the oldest is forgotten for a newer one.
const ACTS_MOST: usize = 32;
/// The most recipients of all of them together: some ten bytes each.
const RECIPIENTS_MOST: usize = 500_000;
/// How long an act can be taken back.
const KEPT_MS: i64 = 3_600_000;

/// An act that can be taken back.
struct Done {
    number: u64,
    at: Timestamp,
    reverse: Act,
    recipients: HashSet<RecipientId>,
}

/// The acts that can be taken back, the oldest first.
#[derive(Default)]
pub(crate) struct UndoBook {
    last: u64,
    done: VecDeque<Done>,
}

/// What takes an act back; `None` when nothing does.
const fn reverse_of(act: Act) -> Option<Act> {
    match act {
        Act::Hold => Some(Act::Release),
        Act::Release => Some(Act::Hold),
        Act::Retry | Act::Delete | Act::Undo | Act::Fail => None,
    }
}

/// Notes the recipients of an act, as far as they are not too many to be remembered.
pub(crate) struct Noted {
    reverse: Option<Act>,
    recipients: HashSet<RecipientId>,
    overflowed: bool,
}

impl Noted {
    pub(crate) fn of(act: Act) -> Self {
        Self { reverse: reverse_of(act), recipients: HashSet::new(), overflowed: false }
    }

    pub(crate) fn note(&mut self, id: RecipientId) {
        if self.reverse.is_none() || self.overflowed {
            return;
        }
        self.overflowed = self.recipients.len() >= RECIPIENTS_MOST;
        if self.overflowed {
            self.recipients = HashSet::new();
        } else {
            self.recipients.insert(id);
        }
    }
}

impl UndoBook {
    /// Keeps an act, and gives the number under which it can be taken back.
    pub(crate) fn keep(&mut self, noted: Noted, now: Timestamp) -> Option<u64> {
        let reverse = noted.reverse.filter(|_| !noted.recipients.is_empty())?;
        self.forget_old(now);
        let sum = |done: &VecDeque<Done>| done.iter().map(|one| one.recipients.len()).sum::<usize>();
        while self.done.len() >= ACTS_MOST || sum(&self.done) + noted.recipients.len() > RECIPIENTS_MOST {
            if self.done.pop_front().is_none() {
                break;
            }
        }
        self.last += 1;
        self.done.push_back(Done { number: self.last, at: now, reverse, recipients: noted.recipients });
        Some(self.last)
    }

    /// Gives an act out, once.
    pub(crate) fn take(&mut self, number: u64, now: Timestamp) -> Option<(Act, HashSet<RecipientId>)> {
        self.forget_old(now);
        let at = self.done.iter().position(|one| one.number == number)?;
        self.done.remove(at).map(|one| (one.reverse, one.recipients))
    }

    fn forget_old(&mut self, now: Timestamp) {
        self.done.retain(|one| now.since_ms(one.at) < KEPT_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::QueueId;

    fn noted(act: Act, count: i64) -> Noted {
        let mut noted = Noted::of(act);
        (0..count).for_each(|n| noted.note(RecipientId { message: QueueId::from_stored(n), index: 0 }));
        noted
    }

    #[test]
    fn what_was_done_is_given_out_once_and_for_an_hour() {
        let mut book = UndoBook::default();
        let first = book.keep(noted(Act::Hold, 3), Timestamp(0)).unwrap();
        let second = book.keep(noted(Act::Release, 1), Timestamp(10)).unwrap();
        assert_eq!(book.keep(noted(Act::Delete, 3), Timestamp(0)), None, "nothing takes that back");
        assert_eq!(book.keep(noted(Act::Hold, 0), Timestamp(0)), None, "nothing was changed");
        let (act, recipients) = book.take(first, Timestamp(20)).unwrap();
        assert_eq!((act, recipients.len()), (Act::Release, 3));
        assert!(book.take(first, Timestamp(20)).is_none(), "once");
        assert!(book.take(second, Timestamp(10 + KEPT_MS)).is_none(), "not for ever");
    }

    #[test]
    fn memory_is_bounded() {
        let mut book = UndoBook::default();
        for n in 0..100 {
            assert!(book.keep(noted(Act::Hold, 1), Timestamp(n)).is_some());
        }
        assert_eq!(book.done.len(), ACTS_MOST);
        let most = i64::try_from(RECIPIENTS_MOST).unwrap();
        assert!(book.keep(noted(Act::Hold, most), Timestamp(100)).is_some());
        assert_eq!(book.done.len(), 1, "the older ones make room");
        assert_eq!(book.keep(noted(Act::Hold, most + 1), Timestamp(100)), None, "too much to be remembered");
    }
}
