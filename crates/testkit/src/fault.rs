//! Faults of the disk, and sudden deaths, put into a program by a preloaded library (`bench/crash/fault.c`).
//!
//! The library counts the calls by which a program makes a directory durable. At one of them it kills the program or lets
//! the call fail; or it writes all of them down, for a test that replays a power cut.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which calls count: the letters of the library.
pub mod calls {
    /// All that changes what is on the disk, and what is sent to the network.
    pub const PERSISTENCE: &str = "wsurtcn";
    /// Syncs of files and directories.
    pub const SYNCS: &str = "s";
    /// All that needs room.
    pub const GROWTH: &str = "wtc";
}

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program is killed; a write is half done.
    Kill,
    /// The call fails as on a broken disk.
    Broken,
    /// The call fails as on a full disk.
    Full,
}

/// What is to happen in a program that runs on a directory.
#[derive(Debug, Clone)]
pub struct Plan {
    library: PathBuf,
    directory: PathBuf,
    calls: &'static str,
    at: Option<(u64, u64, Fault)>,
    count: PathBuf,
    armed: Option<PathBuf>,
    trace: Option<PathBuf>,
}

/// Builds the library into a directory.
pub fn library(into: &Path) -> io::Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/crash/fault.c");
    let library = into.join("fault.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .args(["-ldl", "-lpthread"])
        .status()?;
    if built.success() { Ok(library) } else { Err(io::Error::other("cc cannot build fault.c")) }
}

impl Plan {
    /// Counts the calls of a program that works on `directory`, and nothing more. The count is kept in `scratch`.
    pub fn new(library: &Path, directory: &Path, calls: &'static str, scratch: &Path) -> io::Result<Self> {
        let count = scratch.join("count");
        fs::write(&count, [0; 8])?;
        let (library, directory) = (library.to_owned(), directory.canonicalize()?);
        Ok(Self { library, directory, calls, at: None, count, armed: None, trace: None })
    }

    /// Lets it happen at the call of that number, from 1, and at as many as `lasts` from there on; 0 is without end.
    #[must_use]
    pub const fn at(mut self, call: u64, lasts: u64, fault: Fault) -> Self {
        self.at = Some((call, lasts, fault));
        self
    }

    /// Counts only while that file is there.
    #[must_use]
    pub fn armed_by(mut self, file: &Path) -> Self {
        self.armed = Some(file.to_owned());
        self
    }

    /// Writes every call down.
    #[must_use]
    pub fn traced_into(mut self, file: &Path) -> Self {
        self.trace = Some(file.to_owned());
        self
    }

    /// The variables of the program.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut variables = vec![
            ("LD_PRELOAD", text(&self.library)),
            ("FAULT_DIR", text(&self.directory)),
            ("FAULT_CALLS", self.calls.to_owned()),
            ("FAULT_COUNT", text(&self.count)),
        ];
        if let Some((at, lasts, fault)) = self.at {
            let does = match fault {
                Fault::Kill => "kill",
                Fault::Broken => "eio",
                Fault::Full => "enospc",
            };
            let (at, lasts) = (at.to_string(), lasts.to_string());
            variables.extend([("FAULT_AT", at), ("FAULT_FOR", lasts), ("FAULT_DO", does.to_owned())]);
        }
        variables.extend(self.armed.as_deref().map(|path| ("FAULT_ARMED", text(path))));
        variables.extend(self.trace.as_deref().map(|path| ("FAULT_TRACE", text(path))));
        variables
    }

    /// How many calls were counted so far.
    pub fn counted(&self) -> u64 {
        let bytes = fs::read(&self.count).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_le_bytes)
    }
}

/// One call that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The letter: `w`, `s`, `u`, `r`, `t`, `c`.
    pub kind: u8,
    /// The file, or the directory.
    pub path: PathBuf,
    /// Where it was written, or the new length.
    pub offset: u64,
    /// What was written, or the new name.
    pub content: Vec<u8>,
}

/// Reads what was written down; a last record that is not whole is left out.
pub fn read_trace(path: &Path) -> io::Result<Vec<Call>> {
    let bytes = fs::read(path)?;
    let mut rest = bytes.as_slice();
    Ok(std::iter::from_fn(|| next_call(&mut rest)).collect())
}

fn next_call(rest: &mut &[u8]) -> Option<Call> {
    let kind = *take(rest, 1)?.first()?;
    let path_len = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
    let path = PathBuf::from(String::from_utf8_lossy(take(rest, path_len as usize)?).into_owned());
    let offset = u64::from_le_bytes(take(rest, 8)?.try_into().ok()?);
    let len = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
    Some(Call { kind, path, offset, content: take(rest, len as usize)?.to_vec() })
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(taken)
}
