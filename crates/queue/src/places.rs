//! The places of mail that goes straight to the hosts of domains: how many there are, and who may have them.
//!
//! A host that falls silent keeps its place for minutes. Destinations of which nothing good is known may therefore take
//! half of the places only, so that hundreds of silent ones never hold up those that take mail.

use mail::Domain;
use std::collections::{HashMap, VecDeque};

/// The lanes of domains that wait for a place, and the places that are taken.
#[derive(Debug, Default)]
pub(crate) struct DirectPlaces {
    waiting: VecDeque<Domain>,
    /// The places there are.
    most: usize,
    taken: usize,
    /// Of those taken, the places of destinations that were not proven when they took them.
    unproven: usize,
    unproven_of: HashMap<Domain, usize>,
}

impl DirectPlaces {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), ..Self::default() }
    }

    /// A domain has mail and waits for a place.
    pub(crate) fn offer(&mut self, domain: &Domain) {
        self.waiting.push_back(domain.clone());
    }

    /// Whether a domain waits.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next domain that may have a place, in their turn; those that may not keep their turn.
    pub(crate) fn next(&mut self, is_proven: impl Fn(&Domain) -> bool) -> Option<Domain> {
        if self.taken >= self.most {
            return None;
        }
        if self.unproven < self.most.div_ceil(2) {
            return self.waiting.pop_front();
        }
        let at = self.waiting.iter().position(is_proven)?;
        self.waiting.remove(at)
    }

    /// A domain takes a place.
    pub(crate) fn take_off(&mut self, domain: &Domain, is_proven: bool) {
        self.taken += 1;
        if !is_proven {
            self.unproven += 1;
            *self.unproven_of.entry(domain.clone()).or_default() += 1;
        }
    }

    /// A domain gives a place back. Which of its batches came back does not matter: it ends with none.
    pub(crate) fn land(&mut self, domain: &Domain) {
        self.taken = self.taken.saturating_sub(1);
        let Some(unproven) = self.unproven_of.get_mut(domain) else { return };
        self.unproven = self.unproven.saturating_sub(1);
        *unproven = unproven.saturating_sub(1);
        if *unproven == 0 {
            self.unproven_of.remove(domain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> Domain {
        name.parse().unwrap()
    }

    #[test]
    fn silent_destinations_leave_half_of_the_places_to_those_that_take_mail() {
        let mut places = DirectPlaces::new(10);
        for number in 0..20 {
            places.offer(&domain(&format!("mute{number}.test")));
        }
        places.offer(&domain("good.test"));
        let is_good = |name: &Domain| name.as_ascii() == "good.test";
        for number in 0..5 {
            let next = places.next(is_good).unwrap();
            assert_eq!(next, domain(&format!("mute{number}.test")), "in their turn");
            places.take_off(&next, false);
        }
        for _ in 0..5 {
            assert_eq!(places.next(is_good), Some(domain("good.test")));
            places.take_off(&domain("good.test"), true);
            places.offer(&domain("good.test"));
        }
        assert_eq!(places.next(is_good), None, "no place at all");
        places.land(&domain("good.test"));
        assert_eq!(
            places.next(is_good),
            Some(domain("good.test")),
            "the places of the silent ones are taken"
        );
        places.land(&domain("mute0.test"));
        assert_eq!(places.next(is_good), Some(domain("mute5.test")), "the others kept their turn");
        assert!(places.has_waiting());
    }
}
