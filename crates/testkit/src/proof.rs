//! How much a proof does, and the line that it leaves behind when it held.
//!
//! A proof is a test whose promise is a row of `docs/reliability/rows.toml`. It runs at a small count in `make test` and
//! at its full count in `make accept`; at its end it writes down what it did, and `docs/reliability.md` is made of
//! those lines. A test that fails writes nothing, so its row stands there as not shown.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Set to `bar` by `make accept`: proofs run at their full count.
const SCALE: &str = "FACTEUR_PROOF";
/// The file that takes the lines; without it nothing is written.
const LINES: &str = "FACTEUR_PROOFS";
/// The seed to run again with, after a failure that named it.
const SEED: &str = "FACTEUR_SEED";

/// Whether the full counts are asked for.
pub fn at_the_bar() -> bool {
    std::env::var(SCALE).is_ok_and(|scale| scale == "bar")
}

/// How many times a proof does its thing: `ci` in every test run, `bar` in `make accept`.
pub fn count(ci: u64, bar: u64) -> u64 {
    if at_the_bar() { bar } else { ci }
}

/// Where random input begins: the seed that the environment names, or a new one. A failure names it.
pub fn seed() -> u64 {
    let asked = std::env::var(SEED).ok().and_then(|text| text.parse().ok());
    asked.unwrap_or_else(|| mail::Clock::System.now().0.unsigned_abs())
}

/// Writes down that a proof held: its row, the test as `path/of/file.rs::function`, how many of what, and the seed.
///
/// # Panics
/// When the file that `FACTEUR_PROOFS` names cannot take the line: a proof that nobody can read is none.
pub fn passed(row: &str, test: &str, count: u64, unit: &str, seed: Option<u64>) {
    let Some(path) = std::env::var_os(LINES) else { return };
    let scale = if at_the_bar() { "bar" } else { "ci" };
    let seed = seed.map_or_else(|| "null".to_owned(), |seed| seed.to_string());
    let line = format!(
        "{{\"row\":\"{row}\",\"test\":\"{test}\",\"count\":{count},\"unit\":\"{unit}\",\"seed\":{seed},\"scale\":\"{scale}\"}}\n"
    );
    let file = OpenOptions::new().create(true).append(true).open(&path);
    // One write of one line: tests of several processes append to the same file.
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    assert!(written.is_ok(), "{}: {written:?}", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_being_asked_a_proof_runs_at_its_small_count() {
        assert_eq!(count(3, 1_000), if at_the_bar() { 1_000 } else { 3 });
    }
}
