//! A plain mutation driver: no coverage, and nothing to build for it. What it tries is decided by a seed.

use crate::Target;

/// Numbers that a seed decides (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Numbers from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// One of a list.
    pub fn of<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        list.get(self.below(list.len()))
    }
}

/// What one run tried and found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many inputs.
    pub inputs: u64,
    /// The input that panicked, if one did. It ended the run.
    pub found: Option<Vec<u8>>,
}

/// Tries a target on that many inputs, made of its seeds and of `more`.
pub fn run(target: &Target, more: &[Vec<u8>], count: u64, random: &mut Random) -> Tried {
    let own = target.seeds.iter().map(|seed| seed.to_vec());
    let seeds: Vec<Vec<u8>> = own.chain(more.iter().cloned()).collect();
    let mut tried = Tried::default();
    while tried.inputs < count {
        let input = mutated(target, &seeds, random);
        tried.inputs += 1;
        if !holds(target, &input) {
            tried.found = Some(input);
            return tried;
        }
    }
    tried
}

/// Whether a target bears an input.
pub fn holds(target: &Target, input: &[u8]) -> bool {
    std::panic::catch_unwind(|| (target.run)(input)).is_ok()
}

/// A seed with a few changes.
fn mutated(target: &Target, seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = random.of(seeds).cloned().unwrap_or_default();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        match random.below(9) {
            0 => change(&mut input, at, |byte| byte ^ 1 << (at % 8)),
            1 => {
                let new = u8::try_from(random.below(256)).unwrap_or(0);
                change(&mut input, at, |_| new);
            }
            2 => insert(&mut input, at, &[u8::try_from(random.below(256)).unwrap_or(0)]),
            3 | 4 => {
                let word = random.of(target.words).map_or("", |word| *word);
                insert(&mut input, at, word.as_bytes());
            }
            5 => {
                let end = (at + 1 + random.below(32)).min(input.len());
                input.drain(at.min(end)..end);
            }
            6 => {
                let end = (at + 1 + random.below(64)).min(input.len());
                let part = input.get(at..end).unwrap_or_default().to_vec();
                let times = 1 + random.below(8);
                insert(&mut input, at, &part.repeat(times));
            }
            7 => {
                let other = random.of(seeds).cloned().unwrap_or_default();
                let from = random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => {
                let word = random.of(target.words).map_or("", |word| *word);
                let times = 1 + random.below(200);
                insert(&mut input, at, &word.as_bytes().repeat(times));
            }
        }
    }
    input.truncate(target.longest());
    input
}

fn change(input: &mut [u8], at: usize, how: impl Fn(u8) -> u8) {
    if let Some(byte) = input.get_mut(at) {
        *byte = how(*byte);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}
