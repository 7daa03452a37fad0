//! A disk that keeps no more than it must: what a power cut leaves of what was written.
//!
//! Content is safe once its file was synced, a name once its directory was. Of everything else any part may have got there,
//! in any order: whole writes, or single sectors of them. That is more than any real disk does to its users, and no more
//! than what a file system promises.

use crate::chance::Chance;
use crate::fault::Call;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a disk writes at once.
const SECTOR: usize = 512;

/// Files and their names, as the system shows them and as the disk has them.
#[derive(Debug, Clone, Default)]
pub struct SimDisk {
    files: Vec<File>,
    /// The names as the system shows them: the file's place.
    shown: BTreeMap<PathBuf, usize>,
    /// The names that are safe.
    safe: BTreeMap<PathBuf, usize>,
    /// What happened to names since their directory was synced.
    renamed: Vec<(PathBuf, Naming)>,
}

#[derive(Debug, Clone, Default)]
struct File {
    shown: Vec<u8>,
    safe: Vec<u8>,
    written: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Clone)]
enum Naming {
    Add(PathBuf, usize),
    Remove(PathBuf),
    Move(PathBuf, PathBuf),
}

impl SimDisk {
    /// A new empty file.
    pub fn create(&mut self, path: &Path) {
        self.files.push(File::default());
        let place = self.files.len() - 1;
        self.shown.insert(path.to_owned(), place);
        self.rename_later(path, Naming::Add(path.to_owned(), place));
    }

    fn rename_later(&mut self, path: &Path, what: Naming) {
        self.renamed.push((path.parent().map(Path::to_owned).unwrap_or_default(), what));
    }

    fn file(&mut self, path: &Path) -> Option<&mut File> {
        self.files.get_mut(*self.shown.get(path)?)
    }

    /// Writes; a file that is not there is made.
    pub fn write(&mut self, path: &Path, offset: usize, bytes: &[u8]) {
        if !self.shown.contains_key(path) {
            self.create(path);
        }
        if let Some(file) = self.file(path) {
            let change = Change::Write { offset, bytes: bytes.to_vec() };
            change.apply(&mut file.shown);
            file.written.push(change);
        }
    }

    /// Cuts or lengthens a file.
    pub fn set_len(&mut self, path: &Path, len: usize) {
        if let Some(file) = self.file(path) {
            let change = Change::Length(len);
            change.apply(&mut file.shown);
            file.written.push(change);
        }
    }

    /// Makes the content of a file safe, or the names in a directory.
    pub fn sync(&mut self, path: &Path) {
        if let Some(file) = self.file(path) {
            // A store syncs its journal after each record: what is known to be equal is not copied again.
            let File { shown, safe, written } = file;
            written.drain(..).for_each(|change| change.apply(safe));
            debug_assert_eq!(shown, safe);
            return;
        }
        let (now, later) =
            std::mem::take(&mut self.renamed).into_iter().partition(|(directory, _)| directory == path);
        self.renamed = later;
        let now: Vec<(PathBuf, Naming)> = now;
        now.into_iter().for_each(|(_, naming)| naming.apply(&mut self.safe));
    }

    /// Gives a file another name, in the same directory.
    pub fn rename(&mut self, from: &Path, to: &Path) {
        let naming = Naming::Move(from.to_owned(), to.to_owned());
        naming.apply(&mut self.shown);
        self.rename_later(from, naming);
    }

    /// Removes a name.
    pub fn remove(&mut self, path: &Path) {
        if self.shown.remove(path).is_some() {
            self.rename_later(path, Naming::Remove(path.to_owned()));
        }
    }

    /// What the system shows of a file.
    pub fn read(&self, path: &Path) -> Option<&[u8]> {
        Some(&self.files.get(*self.shown.get(path)?)?.shown)
    }

    /// Does what a program was seen to do.
    pub fn replay(&mut self, call: &Call) {
        let offset = usize::try_from(call.offset).unwrap_or(usize::MAX);
        let other = || PathBuf::from(String::from_utf8_lossy(&call.content).into_owned());
        match call.kind {
            b'w' => self.write(&call.path, offset, &call.content),
            b't' => self.set_len(&call.path, offset),
            b's' => self.sync(&call.path),
            b'u' => self.remove(&call.path),
            b'r' => self.rename(&call.path, &other()),
            // A directory has no content, and is made again with what is found in it.
            b'c' if call.content.is_empty() => self.create(&call.path),
            _ => {}
        }
    }

    /// Cuts the power: what is found afterwards.
    #[must_use]
    pub fn cut(&self, chance: &mut Chance) -> Self {
        let mut names = self.safe.clone();
        for (_, naming) in &self.renamed {
            if chance.below(2) == 0 {
                naming.apply(&mut names);
            }
        }
        let mut found = Self::default();
        for (path, place) in names {
            let Some(file) = self.files.get(place) else { continue };
            let content = file.cut(chance);
            found.files.push(File { shown: content.clone(), safe: content, written: Vec::new() });
            let place = found.files.len() - 1;
            found.shown.insert(path.clone(), place);
            found.safe.insert(path, place);
        }
        found
    }

    /// All files as the system shows them.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        let content = |place: &usize| self.files.get(*place).map(|file| file.shown.as_slice());
        self.shown.iter().filter_map(move |(path, place)| Some((path.as_path(), content(place)?)))
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Add(path, place) => {
                names.insert(path.clone(), *place);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
            Self::Move(from, to) => {
                if let Some(place) = names.remove(from) {
                    names.insert(to.clone(), place);
                }
            }
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Length(len) => content.resize(*len, 0),
            Self::Write { offset, bytes } => put(content, *offset, bytes),
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

impl File {
    /// What a power cut leaves: what is safe, and of each later change all, nothing, or some sectors.
    fn cut(&self, chance: &mut Chance) -> Vec<u8> {
        let mut content = self.safe.clone();
        for change in &self.written {
            match (chance.below(3), change) {
                (0, _) => {}
                (1, Change::Write { offset, bytes }) => {
                    let mut at = *offset;
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        let (sector, more) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                        if chance.below(2) == 0 {
                            put(&mut content, at, sector);
                        }
                        at += sector.len();
                        rest = more;
                    }
                }
                (_, change) => change.apply(&mut content),
            }
        }
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(disk: &SimDisk, path: &str) -> Vec<Option<Vec<u8>>> {
        let mut chance = Chance::of_seed(7);
        (0..200).map(|_| disk.cut(&mut chance).read(Path::new(path)).map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn only_what_was_synced_is_sure_to_be_there() {
        let (path, directory) = (Path::new("d/a"), Path::new("d"));
        let mut disk = SimDisk::default();
        disk.write(path, 0, &[1; 2_000]);
        disk.sync(path);
        let found = cuts(&disk, "d/a");
        assert!(found.contains(&None), "the name was not synced");
        disk.sync(directory);
        assert!(cuts(&disk, "d/a").iter().all(|content| content.as_deref() == Some(&[1; 2_000])));
        disk.write(path, 1_000, &[2; 3_000]);
        let found = cuts(&disk, "d/a");
        let is = |check: fn(&[u8]) -> bool| found.iter().flatten().any(|content| check(content));
        assert!(is(|content| content.len() == 2_000), "nothing of the second write");
        assert!(
            is(|content| content.len() == 4_000 && content[1_000..].iter().all(|&byte| byte == 2)),
            "all of it"
        );
        assert!(
            is(|content| content[1_000..].contains(&2) && content[1_000..].iter().any(|&byte| byte != 2)),
            "torn"
        );
        disk.remove(path);
        assert!(cuts(&disk, "d/a").contains(&None) && cuts(&disk, "d/a").iter().any(Option::is_some));
    }
}
