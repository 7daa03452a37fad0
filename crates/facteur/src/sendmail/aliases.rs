//! `newaliases`: what is in the file of aliases, and what in it means nothing. The server reads a changed file by itself.

use crate::cli::{Console, Exit, Failure, output};
use control::aliases::AliasFault;
use control::read_aliases;
use std::path::Path;

/// Checks the file.
///
/// Aliases that mean nothing here are told of and no failure: packages run `newaliases` as they are installed, and a command
/// among somebody's aliases must not stop them.
pub fn check(path: &Path, console: &Console) -> Result<Exit, Failure> {
    let phrases = &console.reader.phrases;
    let shown = || path.display().to_string();
    if let Err(error) = std::fs::File::open(path) {
        return Err(Failure::Mail("newaliases-unreadable", format!("{}: {error}", shown()), Exit::NoInput));
    }
    let (aliases, problems) = read_aliases(path);
    for problem in &problems {
        let key = match problem.fault {
            AliasFault::NoName => "alias-no-name",
            AliasFault::Twice => "alias-twice",
            AliasFault::Command => "alias-command",
            AliasFault::File => "alias-file",
            AliasFault::Unreadable => "alias-unreadable",
            AliasFault::Nested => "alias-nested",
            AliasFault::NotAnAddress => "alias-not-an-address",
            AliasFault::TooMany => "alias-too-many",
        };
        let why = phrases.fill(key, [("what", problem.what.clone().into())]);
        output::warn(&format!("{}:{}: {why}\n", shown(), problem.line));
    }
    let gaps = [("path", shown().into()), ("count", aliases.len().into())];
    console.print(&format!("{}\n", phrases.fill("newaliases-read", gaps)))
}
