//! The files of the repository, and the one way in which a rule reports.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold what a build or a server made, never what a person wrote.
const NOT_OURS: &[&str] = &["target", ".git", "facteur-data", "__pycache__", "node_modules", ".pytest_cache"];

/// One text file of the tree.
pub struct File {
    /// The path from the root of the repository, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl File {
    /// The name without its directories.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What follows the last dot of the name, or nothing.
    pub fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether it is a script without an extension, known by its first line.
    pub fn starts_with_interpreter(&self, interpreter: &str) -> bool {
        self.text.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains(interpreter))
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("crates/testkit stands two below the root").to_path_buf()
}

/// Every text file that people wrote; files that are not UTF-8 are mail data and are left out.
pub fn files() -> Vec<File> {
    let root = root();
    paths()
        .into_iter()
        .filter_map(|path| Some(File { text: fs::read_to_string(root.join(&path)).ok()?, path }))
        .collect()
}

/// The path of every file that people wrote, from the root.
pub fn paths() -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the tree is readable") {
            let entry = entry.expect("a directory entry is readable");
            let name = entry.file_name().into_string().expect("names in the tree are UTF-8");
            let kind = entry.file_type().expect("a directory entry has a type");
            // In a second working tree of the repository `.git` is a file.
            if NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path();
                let path = path.strip_prefix(&root).expect("it was found below the root");
                found.push(path.to_str().expect("names in the tree are UTF-8").to_owned());
            }
        }
    }
    assert!(found.iter().any(|path| path == "Cargo.toml"), "the walk did not find the repository");
    found.sort();
    found
}

/// Fails with every breach, so that one run shows all there is to mend.
pub fn none(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{} breach(es) of a house rule:\n{}\n", breaches.len(), breaches.join("\n"));
}

/// Asserts that a rule catches its sample: a rule that cannot fail is no rule.
pub fn caught(breaches: &[String], times: usize) {
    assert_eq!(breaches.len(), times, "the rule's own sample gave: {breaches:#?}");
}
