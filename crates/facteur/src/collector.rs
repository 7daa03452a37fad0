//! What local programs left in the drop folder while the server could not take it becomes mail.
//!
//! The folder is everybody's to write into, so nothing in it is believed: a file is opened without following a link,
//! must be a file with one name, and belongs to whom the system says. One that is no message is moved aside with its
//! reason in the log, and stops no other.

use crate::drop_folder::{self, DropError, FINISHED, UNFINISHED};
use crate::public::Public;
use control::{Control, Standing};
use mail::{Clock, Envelope, Timestamp};
use net::stop_asked;
use queue::{Draft, Refusal, Submission, Trace};
use rustix::fs::OFlags;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The most names of one look.
const NAMES: usize = 10_000;
/// The most messages of one user in one look: a user with many must not hold up the others.
const PER_USER: usize = 100;
/// When a message that cannot be taken now is tried again, in milliseconds.
const AGAIN_MS: i64 = 10_000;
/// After how many seconds an unfinished file is nobody's.
const UNFINISHED_SECS: i64 = 86_400;
/// The most bytes of an envelope beside the content.
const ENVELOPE_BYTES: u64 = 1 << 20;
/// How much of a content is read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Why a file was not taken.
enum NotTaken {
    /// It is no message, and never will be.
    Never(String),
    /// It waits.
    NotNow(String),
}

impl From<io::Error> for NotTaken {
    fn from(error: io::Error) -> Self {
        // What may not be read will not be readable by waiting; what the disk refuses may be.
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Never(error.to_string()),
            _ => Self::NotNow(error.to_string()),
        }
    }
}

impl From<DropError> for NotTaken {
    fn from(error: DropError) -> Self {
        match error {
            DropError::Io(error) => error.into(),
            other => Self::Never(other.to_string()),
        }
    }
}

impl From<Refusal> for NotTaken {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(_) | Refusal::NoRandomness => Self::NotNow(refusal.to_string()),
            // Words without addresses: they go into the log.
            Refusal::SenderNotOwned(_) => Self::Never("the sender is not one of this user's".to_owned()),
            Refusal::AuthorNotOwned(_) => Self::Never("From is not an address of this user's".to_owned()),
            other => Self::Never(other.to_string()),
        }
    }
}

/// The worker of a drop folder.
pub struct Collector {
    control: Arc<Control>,
    public: Public,
    clock: Clock,
    /// Files that cannot be taken now, and when they are tried again.
    waiting: HashMap<String, Timestamp>,
}

impl Collector {
    /// A collector for what is in that public directory.
    pub fn new(control: Arc<Control>, public: Public) -> Self {
        let clock = control.queue().clock().clone();
        Self { control, public, clock, waiting: HashMap::new() }
    }

    /// Looks again and again until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            // A message that is being taken is taken to its end: cut between the queue and the folder, it would be taken
            // again at the next start.
            self.look(&stop).await;
            tokio::select! {
                () = stop_asked(&mut stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn look(&mut self, stop: &watch::Receiver<bool>) {
        let folder = self.public.drop_folder();
        let now = self.clock.now();
        let found = tokio::task::spawn_blocking(move || names(&folder)).await;
        let found = found.unwrap_or_else(|error| Err(io::Error::other(error)));
        let found = match found {
            Ok(found) => found,
            Err(error) => return tracing::error!(%error, "the drop folder cannot be looked at: trying again"),
        };
        self.waiting.retain(|name, _| found.iter().any(|(known, _)| known == name));
        let mut taken: HashMap<u32, usize> = HashMap::new();
        for (name, uid) in found {
            if *stop.borrow() {
                return;
            }
            if self.waiting.get(&name).is_some_and(|again| *again > now) {
                continue;
            }
            let count = taken.entry(uid).or_default();
            *count += 1;
            if *count <= PER_USER {
                self.deal_with(&name, now).await;
            }
        }
    }

    async fn deal_with(&mut self, name: &str, now: Timestamp) {
        let path = self.public.drop_folder().join(name);
        if name.starts_with(UNFINISHED) {
            return remove_when_old(&path, now);
        }
        let taken = if name.starts_with(FINISHED) {
            self.take(&path).await
        } else {
            Err(NotTaken::Never("its name is none that sendmail gives".to_owned()))
        };
        match taken {
            Ok(()) => {}
            Err(NotTaken::NotNow(why)) => {
                let again = self.waiting.insert(name.to_owned(), now.plus_ms(AGAIN_MS));
                if again.is_none() {
                    tracing::warn!(file = name, why, "a message in the drop folder waits");
                }
            }
            Err(NotTaken::Never(why)) => {
                let aside = fs::rename(&path, self.public.aside().join(name));
                let moved = aside.err().map(|error| error.to_string()).unwrap_or_default();
                tracing::error!(
                    file = name,
                    why,
                    trouble = moved,
                    "a file in the drop folder is no message: moved aside"
                );
                if !moved.is_empty() {
                    self.waiting.insert(name.to_owned(), Timestamp::NEVER);
                }
            }
        }
    }

    /// Takes one file: it is removed when the queue has it on disk.
    async fn take(&self, path: &Path) -> Result<(), NotTaken> {
        let limit = self.control.queue().limits().message_bytes + ENVELOPE_BYTES;
        let (file, uid) = open(path, limit)?;
        let inode = file.metadata()?.ino();
        let mut input = BufReader::new(file);
        let (envelope, bytes) = drop_folder::read_envelope(&mut input)?;
        let (principal, owner, name) = match self.control.user_site(uid).await {
            Ok(site) => site,
            Err(fault) => return Err(NotTaken::NotNow(fault.to_string())),
        };
        self.known(&envelope)?;
        let mut draft = self.control.queue().draft();
        let read = input.buffer().to_vec();
        fill(&mut draft, read, tokio::fs::File::from_std(input.into_inner()), bytes).await?;
        let trace = Trace { helo: name.to_string(), client: None, protocol: "local" };
        let submission = Submission { principal, owner, envelope, trace, draft };
        self.control.queue().accept(submission).await?;
        // Another file may have been put under the name meanwhile; it is looked at for itself.
        let same = fs::symlink_metadata(path).is_ok_and(|facts| facts.ino() == inode);
        if same {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// Whether every recipient leads to somebody. Mail for local names waits until there is an administrator: the program
    /// that wrote it was told that all is well, and nobody would read a bounce.
    fn known(&self, envelope: &Envelope) -> Result<(), NotTaken> {
        let registry = self.control.registry();
        let nobody = |to: &mail::Recipient| registry.standing(&to.address) == Standing::Nobody;
        match envelope.recipients.iter().find(|to| nobody(to)) {
            None => Ok(()),
            Some(to) => Err(NotTaken::NotNow(format!(
                "nobody gets the mail of {}: name an administrator with facteur setup, or an alias",
                to.address.local()
            ))),
        }
    }
}

/// The names in the folder and whose they are, the oldest first: a name begins with its time.
fn names(folder: &Path) -> io::Result<Vec<(String, u32)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.take(NAMES) {
        let entry = entry?;
        // A file may leave while it is looked at.
        if let Ok(facts) = fs::symlink_metadata(entry.path()) {
            found.push((entry.file_name().to_string_lossy().into_owned(), facts.uid()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn remove_when_old(path: &Path, now: Timestamp) {
    let written_at = fs::symlink_metadata(path).map_or(now.secs(), |facts| facts.mtime());
    if now.secs() - written_at > UNFINISHED_SECS
        && let Err(error) = fs::remove_file(path)
    {
        tracing::warn!(%error, "an unfinished file in the drop folder cannot be removed");
    }
}

/// Opens a file of whoever's making, and says whose it is.
fn open(path: &Path, limit: u64) -> Result<(File, u32), NotTaken> {
    // A pipe must not be waited for, and a link must lead nowhere.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(NotTaken::Never("it is a link".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    let facts = file.metadata()?;
    let never = |why: &str| Err(NotTaken::Never(why.to_owned()));
    if !facts.is_file() {
        return never("it is no file");
    }
    // Another name may be that of somebody else's file.
    if facts.nlink() != 1 {
        return never("it has another name elsewhere");
    }
    if facts.size() > limit {
        return never("it is larger than a message may be");
    }
    Ok((file, facts.uid()))
}

/// Fills a draft with the content, which must be of that length and in canonical form: whoever wrote the file may not have
/// been our sendmail.
async fn fill(
    draft: &mut Draft,
    first: Vec<u8>,
    mut file: tokio::fs::File,
    bytes: u64,
) -> Result<(), NotTaken> {
    let (mut lines, mut left, mut piece) = (Lines::default(), bytes, first);
    loop {
        let count = piece.len() as u64;
        if count > left || !lines.are_whole(&piece) {
            return Err(NotTaken::Never("its content is not what its envelope says".to_owned()));
        }
        left -= count;
        draft.append(piece).await?;
        let mut next = vec![0; PIECE_BYTES];
        let read = file.read(&mut next).await?;
        if read == 0 {
            break;
        }
        next.truncate(read);
        piece = next;
    }
    if left > 0 || lines.cut {
        return Err(NotTaken::Never("its content is cut".to_owned()));
    }
    Ok(())
}

/// Watches that every line ends with CR LF, and that there is no other CR, LF or NUL.
#[derive(Default)]
struct Lines {
    /// A CR was the last byte.
    cut: bool,
}

impl Lines {
    fn are_whole(&mut self, piece: &[u8]) -> bool {
        for byte in piece {
            if *byte == 0 || (*byte == b'\n') != self.cut {
                return false;
            }
            self.cut = *byte == b'\r';
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_wherever_they_are_cut() {
        for (text, whole) in [
            ("a\r\nb\r\n", true),
            ("", true),
            ("a", true),
            ("a\nb", false),
            ("a\rb", false),
            ("a\r\r\n", false),
            ("a\0", false),
            ("\n", false),
        ] {
            for step in 1..4 {
                let mut lines = Lines::default();
                let read = text.as_bytes().chunks(step).all(|piece| lines.are_whole(piece));
                assert_eq!(read, whole, "{text:?} by {step}");
            }
        }
    }

    /// Why a file is not opened; empty when it is.
    fn why(path: &Path) -> String {
        match open(path, 10) {
            Ok(_) => String::new(),
            Err(NotTaken::Never(why) | NotTaken::NotNow(why)) => why,
        }
    }

    #[test]
    fn only_a_file_with_one_name_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("good"), "x").unwrap();
        fs::write(at("large"), "x".repeat(11)).unwrap();
        fs::write(at("two"), "x").unwrap();
        fs::hard_link(at("two"), at("names")).unwrap();
        std::os::unix::fs::symlink(at("good"), at("link")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for (name, part) in [
            ("good", ""),
            ("large", "larger"),
            ("two", "another name"),
            ("names", "another name"),
            ("link", "a link"),
            ("directory", "no file"),
            ("pipe", "no file"),
            ("absent", "No such file"),
        ] {
            let why = why(&at(name));
            assert!(why.contains(part) && why.is_empty() == part.is_empty(), "{name}: {why}");
        }
        assert_eq!(open(&at("good"), 10).ok().map(|(_, uid)| uid), Some(rustix::process::getuid().as_raw()));
    }
}
