//! A power cut at any moment, replayed: every write and every sync of a story is written down; then, for a moment of it, a
//! disk is built that has what was synced by then and any part of the rest, and the store is opened on it.

use crate::subject::{block_on, options};
use mail::QueueId;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use store::{Body, Change, ClaimLimits, NewMessage, RecipientState, Settlement, Spool, Start};
use store_sqlite::SqliteStore;
use testkit::chance::Chance;
use testkit::contract::sample::{NOON, ended, message, of};
use testkit::disk::SimDisk;
use testkit::fault::{self, Plan, calls};
use testkit::proof;

/// Where the story happens when it is one that is written down.
const RECORDED: &str = "FACTEUR_RECORDED_STORY";
/// The file in which the story notes what it was told is durable.
const NOTES: &str = "notes";
/// Messages that come in, four at a time; every fifth is large, and every third leaves again.
const MESSAGES: i64 = 48;

fn content(number: i64) -> Vec<u8> {
    let len = if number % 5 == 0 { 140_000 } else { 700 };
    let line = format!("message {number}\r\n").into_bytes();
    line.iter().copied().cycle().take(len).collect()
}

fn letter(number: i64) -> NewMessage {
    NewMessage { body: Body::Memory(Arc::new(content(number))), ..message(number, &[Start::Leased]) }
}

/// The story. What it notes was confirmed by the store before.
async fn story(directory: &Path) {
    let notes = Arc::new(Mutex::new(fs::File::create(directory.join(NOTES)).unwrap()));
    let note = |line: String| notes.lock().unwrap().write_all(line.as_bytes()).unwrap();
    for half in 0..2 {
        let store = SqliteStore::open(options(directory)).unwrap();
        let first = half * MESSAGES / 2;
        for group in (first..first + MESSAGES / 2).collect::<Vec<_>>().chunks(4) {
            let accepts = group.iter().map(|&number| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.accept(letter(number + 1)).await })
            });
            let accepts: Vec<_> = accepts.collect();
            for (accept, number) in accepts.into_iter().zip(group) {
                accept.await.unwrap().unwrap();
                note(format!("in {}\n", number + 1));
            }
            for number in group.iter().map(|number| number + 1).filter(|number| number % 3 == 0) {
                let settlement = ended(NOON.plus_secs(number), RecipientState::Delivered, &[of(number, 0)]);
                store.settle(settlement).await.unwrap();
                note(format!("out {number}\n"));
            }
        }
        // What a start does is part of it.
        store.recover(NOON).await.unwrap();
        store.close().await.unwrap();
    }
}

#[test]
fn the_story_by_itself_is_sound() {
    let recorded = std::env::var_os(RECORDED).map(PathBuf::from);
    let scratch = tempfile::tempdir().unwrap();
    let directory = recorded.clone().unwrap_or_else(|| scratch.path().to_owned());
    block_on(story(&directory));
    if recorded.is_some() {
        // Whoever reads the record does the rest.
        return;
    }
    let disk = fs::read_to_string(directory.join(NOTES)).unwrap();
    assert_eq!(disk.lines().count(), usize::try_from(MESSAGES + MESSAGES / 3).unwrap());
    check(&directory, &disk, "the end");
}

/// Lets the story happen in a process of its own, and reads what it did.
fn record(scratch: &Path) -> (PathBuf, Vec<fault::Call>) {
    let directory = scratch.join("story");
    fs::create_dir(&directory).unwrap();
    let directory = directory.canonicalize().unwrap();
    let (library, trace) = (fault::library(scratch).unwrap(), scratch.join("trace"));
    let plan = Plan::new(&library, &directory, calls::PERSISTENCE, scratch).unwrap().traced_into(&trace);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "replay::the_story_by_itself_is_sound", "--nocapture"]);
    let output = child.env(RECORDED, &directory).envs(plan.variables()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    (directory, fault::read_trace(&trace).unwrap())
}

/// Writes a disk down as files.
fn lay_out(disk: &SimDisk, from: &Path, into: &Path) {
    for (path, content) in disk.files() {
        let name = path.strip_prefix(from).unwrap();
        // The shared memory of SQLite dies with its processes; the notes are no part of the store.
        if name == Path::new("facteur.db-shm") || name == Path::new(NOTES) {
            continue;
        }
        let target = into.join(name);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, content).unwrap();
    }
}

/// Opens what was found, and holds it against the notes.
fn check(directory: &Path, notes: &str, when: &str) {
    let store = SqliteStore::open(options(directory)).unwrap_or_else(|error| panic!("{when}: {error}"));
    let numbers = |word: &str| -> BTreeSet<i64> {
        notes.lines().filter_map(|line| line.strip_prefix(word)?.parse().ok()).collect()
    };
    let (came, left) = (numbers("in "), numbers("out "));
    block_on(async {
        store.recover(NOON).await.unwrap();
        let limits = ClaimLimits { total: 1_000, per_owner: 1_000 };
        let claimed = store.claim(NOON, limits).await.unwrap();
        let mut found = BTreeSet::new();
        for message in &claimed.messages {
            let number = message.id.get();
            found.insert(number);
            let mut reader =
                store.body(message.id).await.unwrap_or_else(|error| panic!("{when}: {number}: {error}"));
            let mut bytes = Vec::new();
            while let Some(piece) = reader.next().await.unwrap() {
                bytes.extend(piece);
            }
            assert_eq!(bytes, content(number), "{when}: the content of {number}");
        }
        let waiting: BTreeSet<i64> = came.difference(&left).copied().collect();
        let lost: Vec<_> = waiting.difference(&found).collect();
        // What was delivered and not noted yet is no loss.
        let lost: Vec<_> = {
            let mut really = Vec::new();
            for &&number in &lost {
                let story = store::History::story(&*store, QueueId::from_stored(number)).await.unwrap();
                let state = story.and_then(|story| Some(story.message.recipients.first()?.state));
                if state != Some(RecipientState::Delivered) {
                    really.push(number);
                }
            }
            really
        };
        assert_eq!(lost, Vec::<i64>::new(), "{when}: confirmed, and lost");
        let back: Vec<_> = left.intersection(&found).collect();
        assert_eq!(back, Vec::<&i64>::new(), "{when}: confirmed as delivered, and waiting again");
        assert_eq!(store.check().await.unwrap().damages, Vec::new(), "{when}");
        // And it serves again.
        store.accept(letter(MESSAGES + 1)).await.unwrap_or_else(|error| panic!("{when}: {error}"));
        let gone: Settlement = ended(NOON, RecipientState::Delivered, &[of(MESSAGES + 1, 0)]);
        assert!(gone.updates.iter().all(|update| matches!(update.change, Change::Final(_))));
        store.settle(gone).await.unwrap();
        store.close().await.unwrap();
    });
}

/// A disk as it is after so many calls and a power cut.
fn cut_after(trace: &[fault::Call], moment: usize, chance: &mut Chance) -> SimDisk {
    let mut disk = SimDisk::default();
    trace.iter().take(moment).for_each(|call| disk.replay(call));
    disk.cut(chance)
}

/// What the story had noted by then.
fn notes_after(trace: &[fault::Call], moment: usize, from: &Path) -> String {
    let notes = from.join(NOTES);
    let lines = trace.iter().take(moment).filter(|call| call.kind == b'w' && call.path == notes);
    lines.map(|call| String::from_utf8_lossy(&call.content).into_owned()).collect()
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_that_was_confirmed() {
    let seed = proof::seed();
    let scratch = tempfile::tempdir().unwrap();
    let (from, trace) = record(scratch.path());
    let mut chance = Chance::of_seed(seed);
    // Before the first note there is nothing to lose, and a store half made is made anew.
    let first = trace.iter().position(|call| call.path.ends_with(NOTES) && call.kind == b'w').unwrap() as u64;
    let moments = proof::count(200, 5_000);
    eprintln!("seed {seed}, {} calls written down", trace.len());
    for number in 0..moments {
        let moment = usize::try_from(first + chance.below(trace.len() as u64 - first) + 1).unwrap();
        let found = scratch.path().join(format!("cut-{number}"));
        fs::create_dir(&found).unwrap();
        lay_out(&cut_after(&trace, moment, &mut chance), &from, &found);
        check(
            &found,
            &notes_after(&trace, moment, &from),
            &format!("seed {seed}, cut {number} after call {moment}"),
        );
        fs::remove_dir_all(&found).unwrap();
    }
    let test = "crates/store-sqlite/tests/sqlite/replay.rs::a_power_cut_at_any_moment_loses_nothing_that_was_confirmed";
    proof::passed("A5", test, moments, "crash states of the real store", Some(seed));
}

#[test]
fn a_store_that_does_not_sync_its_names_would_be_caught() {
    let scratch = tempfile::tempdir().unwrap();
    let (from, mut trace) = record(scratch.path());
    // The same story, by a store that forgets to sync the directories of its files.
    let bodies = from.join("bodies");
    trace.retain(|call| {
        !(call.kind == b's' && call.path.starts_with(&bodies) && call.path.parent() == Some(&bodies))
    });
    let mut chance = Chance::of_seed(1);
    let lost = (0..20).any(|_| {
        let disk = cut_after(&trace, trace.len(), &mut chance);
        let kept = disk.files().filter(|(path, _)| path.starts_with(&bodies)).count();
        kept < usize::try_from(MESSAGES / 5 - MESSAGES / 15).unwrap()
    });
    assert!(lost, "no name was ever lost: the replay would miss such a store");
}
