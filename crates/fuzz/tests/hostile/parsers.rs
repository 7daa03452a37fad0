//! Every target on what was ever found, on input at random, and on input that grows.

use crate::driver::{holds, run};
use fuzz::{Size, TARGETS, Target};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::path::{Path, PathBuf};
use testkit::chance::Chance;
use testkit::proof;

/// The most memory that any input, and the test around it, may need.
const MEMORY_KIB: u64 = 256 << 10;

/// The files of a directory, sorted; none when there is no directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// What other projects collected, for the parsers of messages.
fn corpora(target: &Target) -> Vec<Vec<u8>> {
    let folders: &[&str] = match target.name {
        "bounce" => &["bounces/dev", "mime/mail-parser", "mime/cpython", "mime/enmime"],
        "header" | "signing" | "sendmail_letter" => &["mime/cpython", "mime/flanker", "mime/ruby-mail"],
        _ => return Vec::new(),
    };
    let Some(root) = std::env::var_os("FACTEUR_CORPORA").map(PathBuf::from).filter(|path| path.is_dir())
    else {
        println!("skipped: {folders:?} of FACTEUR_CORPORA, which is not here");
        return Vec::new();
    };
    let found = folders.iter().flat_map(|folder| files(&root.join(folder)).into_iter().take(60));
    found.filter_map(|path| fs::read(path).ok()).filter(|bytes| bytes.len() <= target.longest()).collect()
}

/// Says what a target does not bear, and keeps it.
fn breach(target: &Target, input: &[u8], what: &str) -> Option<String> {
    if holds(target, input) {
        return None;
    }
    let path = std::env::temp_dir().join(format!("facteur-found-{}", target.name));
    fs::write(&path, input).expect("room for what was found");
    Some(format!("{} does not bear {what}; it lies in {}", target.name, path.display()))
}

/// Tries all targets of a size at random, and writes the row.
#[track_caller]
fn at_random(row: &str, test: &str, wanted: fn(Size) -> bool, count: u64) {
    let seed = proof::seed();
    let mut chance = Chance::of_seed(seed);
    let (mut inputs, mut breaches) = (0, Vec::new());
    for target in TARGETS.iter().filter(|target| wanted(target.size)) {
        let tried = run(target, &corpora(target), count, &mut chance);
        inputs += tried.inputs;
        if let Some(input) = tried.found {
            breaches.extend(breach(target, &input, &format!("an input of FACTEUR_SEED={seed}")));
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
    let status =
        fs::read_to_string("/proc/self/status").expect("the system tells how much memory was needed");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("with its peak");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < MEMORY_KIB, "{peak} KiB were needed");
    assert!(inputs > 0, "nothing was tried");
    proof::passed(
        row,
        &format!("crates/fuzz/tests/hostile/parsers.rs::{test}"),
        inputs,
        "inputs",
        Some(seed),
    );
}

#[test]
fn messages_at_random() {
    at_random("B1", "messages_at_random", |size| size == Size::Message, proof::count(1_500, 100_000));
}

#[test]
fn lines_at_random() {
    at_random("B2", "lines_at_random", |size| size == Size::Line, proof::count(5_000, 500_000));
}

#[test]
fn conversations_at_random() {
    let wanted = |size| size == Size::Conversation;
    at_random("B2", "conversations_at_random", wanted, proof::count(5_000, 500_000));
}

#[test]
fn what_was_found_once_is_borne_for_ever() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
    let (mut kept, mut breaches) = (0, Vec::new());
    for target in TARGETS {
        breaches.extend(target.seeds.iter().filter_map(|seed| breach(target, seed, "a seed")));
        for path in files(&root.join(target.name)) {
            kept += 1;
            breaches.extend(breach(
                target,
                &fs::read(&path).expect("a kept input"),
                &path.display().to_string(),
            ));
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
    let folders =
        fs::read_dir(&root).expect("the kept inputs").flatten().filter(|entry| entry.path().is_dir());
    for folder in folders {
        let name = folder.file_name().to_string_lossy().into_owned();
        assert!(fuzz::target(&name).is_some(), "found/{name} is of no target");
    }
    proof::passed(
        "B1",
        "crates/fuzz/tests/hostile/parsers.rs::what_was_found_once_is_borne_for_ever",
        kept,
        "kept inputs",
        None,
    );
}

/// How long this thread has worked, in nanoseconds: other programs do not count.
fn worked_ns() -> u128 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u128::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u128::try_from(time.tv_nsec).unwrap_or(0)
}

/// The work of one run.
fn cost(target: &Target, input: &[u8]) -> u128 {
    let began = worked_ns();
    (target.run)(input);
    worked_ns() - began
}

/// A seed's beginning, then one word over and over.
fn grown(seed: &[u8], word: &str, length: usize) -> Vec<u8> {
    let mut input = seed.to_vec();
    input.extend(word.as_bytes().iter().cycle().take(length));
    input
}

#[test]
fn work_grows_as_the_input_does() {
    /// Eight times the input is eight times the work; a square would be sixty-four times.
    const MOST: u128 = 24;
    /// What is not measured, in nanoseconds.
    const LEAST: u128 = 100_000;
    let (few, many) = (4 << 10, 32 << 10);
    let (mut tried, mut breaches) = (0, Vec::new());
    for target in TARGETS {
        let seeds = target.seeds.iter().copied().take(1).chain([&b""[..]]);
        for (seed, word) in seeds.flat_map(|seed| target.words.iter().map(move |word| (seed, *word))) {
            tried += 1;
            let growth = || {
                let few = cost(target, &grown(seed, word, few)).max(LEAST);
                cost(target, &grown(seed, word, many)) / few
            };
            // A busy machine disturbs a measurement, and not every one in the same place.
            if (0..4).all(|_| growth() > MOST) {
                breaches.push(format!(
                    "{}: {word:?} eight times as often is {} times the work",
                    target.name,
                    growth()
                ));
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
    proof::passed(
        "B1",
        "crates/fuzz/tests/hostile/parsers.rs::work_grows_as_the_input_does",
        tried,
        "shapes",
        None,
    );
}
