//! Numbers from a seed: the same in every run, so that a failure can be looked at again.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The numbers that follow from a seed.
    pub const fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below `end`, which is not 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.number() % if end == 0 { 1 } else { end }
    }

    /// A place in what has `end` places; 0 when it has none.
    pub fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(u64::try_from(end).unwrap_or(u64::MAX))).unwrap_or_default()
    }

    /// One of a list.
    pub fn of<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        list.get(self.index(list.len()))
    }

    /// `count` different numbers from 1 to `most`, spread evenly: one drawn from each of as many equal parts; all of them
    /// when there are no more.
    pub fn spread(&mut self, count: u64, most: u64) -> Vec<u64> {
        let count = count.min(most);
        (0..count)
            .map(|part| {
                let (from, to) = (part * most / count, (part + 1) * most / count);
                from + self.below(to - from) + 1
            })
            .collect()
    }
}
