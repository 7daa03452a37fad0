//! A plain mutation driver: no coverage, and nothing to build for it. What it tries is decided by a seed.

use fuzz::Target;
use testkit::chance::Chance;

/// What one run tried and found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many inputs.
    pub inputs: u64,
    /// The input that panicked, if one did. It ended the run.
    pub found: Option<Vec<u8>>,
}

/// Tries a target on that many inputs, made of its seeds and of `more`.
pub fn run(target: &Target, more: &[Vec<u8>], count: u64, chance: &mut Chance) -> Tried {
    let own = target.seeds.iter().map(|seed| seed.to_vec());
    let seeds: Vec<Vec<u8>> = own.chain(more.iter().cloned()).collect();
    let mut tried = Tried::default();
    while tried.inputs < count {
        let input = mutated(target, &seeds, chance);
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
fn mutated(target: &Target, seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut input = chance.of(seeds).cloned().unwrap_or_default();
    for _ in 0..=chance.index(6) {
        let at = chance.index(input.len() + 1);
        match chance.index(9) {
            0 => change(&mut input, at, |byte| byte ^ 1 << (at % 8)),
            1 => {
                let new = u8::try_from(chance.index(256)).unwrap_or(0);
                change(&mut input, at, |_| new);
            }
            2 => insert(&mut input, at, &[u8::try_from(chance.index(256)).unwrap_or(0)]),
            3 | 4 => {
                let word = chance.of(target.words).map_or("", |word| *word);
                insert(&mut input, at, word.as_bytes());
            }
            5 => {
                let end = (at + 1 + chance.index(32)).min(input.len());
                input.drain(at.min(end)..end);
            }
            6 => {
                let end = (at + 1 + chance.index(64)).min(input.len());
                let part = input.get(at..end).unwrap_or_default().to_vec();
                let times = 1 + chance.index(8);
                insert(&mut input, at, &part.repeat(times));
            }
            7 => {
                let other = chance.of(seeds).cloned().unwrap_or_default();
                let from = chance.index(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => {
                let word = chance.of(target.words).map_or("", |word| *word);
                let times = 1 + chance.index(200);
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
