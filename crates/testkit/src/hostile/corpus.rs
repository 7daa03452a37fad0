//! Where the scripts of other projects are found: they are no part of this tree.

use std::path::{Path, PathBuf};

/// The scripts of a protocol (`smtp`, `imap`, `pop3`), each by its path below the protocol and its text, sorted: from
/// what FACTEUR_CORPORA says, else from beside this tree. None when they are not there.
pub fn scripts(protocol: &str) -> Vec<(String, String)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let place =
        std::env::var_os("FACTEUR_CORPORA").map_or_else(beside, PathBuf::from).join("hostile-servers");
    let (mut open, mut found) = (vec![place.clone()], Vec::new());
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(&place).unwrap_or(&path).to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).ok().filter(|_| name.ends_with(".ron"));
            if let Some((text, (_, short))) = text.zip(name.split_once(&format!("/{protocol}/"))) {
                found.push((short.to_owned(), text));
            }
        }
    }
    found.sort();
    found
}
