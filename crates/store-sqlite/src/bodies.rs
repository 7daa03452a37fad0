//! Contents too large for a row: a file each, synced with its directory before the commit that names it.

use crate::disk::FreeSpace;
use crate::fault::{Fault, Outcome, disk};
use crate::health::Health;
use crate::key::hex;
use crate::sums;
use crc32fast::Hasher;
use mail::{QueueId, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::Connection;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use store::{BodyReader, BodySink, Later, StoreError, StoredBody};

/// Contents up to this size are rows: a file costs two syncs more, and pays only for what would bloat the log.
pub(crate) const ROW_BYTES: usize = 128 * 1024;
/// The pieces in which a file is written.
const WRITE_BYTES: usize = 256 * 1024;
const NAME_BYTES: usize = 16;
/// How long a finished body may wait to be named. Its message follows within moments, unless whoever wrote it is gone.
const UNNAMED_SECS: i64 = 3_600;

/// A finished body that no message has named yet.
#[derive(Debug, Clone, Copy)]
struct Unnamed {
    sum: u32,
    since: Timestamp,
}

/// The directory of body files, and the names of those that no message has named yet.
pub(crate) struct BodyFiles {
    directory: PathBuf,
    space: Arc<FreeSpace>,
    health: Arc<Health>,
    random: SystemRandom,
    /// By name.
    unnamed: Mutex<HashMap<String, Unnamed>>,
}

/// Where the body of a name is: spread over 256 directories by its first two digits.
pub(crate) fn path_of(directory: &Path, name: &str) -> PathBuf {
    directory.join(name.get(..2).unwrap_or_default()).join(name)
}

impl BodyFiles {
    /// Opens the directory and removes the files that no message names: a crash left them.
    pub(crate) fn open(
        directory: PathBuf,
        space: Arc<FreeSpace>,
        health: Arc<Health>,
        conn: &Connection,
    ) -> Outcome<Self> {
        make_directory(&directory)?;
        let mut named = conn.prepare("SELECT 1 FROM body_files WHERE name = ?1")?;
        for part in fs::read_dir(&directory)? {
            let part = part?;
            if !part.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(part.path())? {
                let file = file?;
                let name = file.file_name();
                if !named.exists([name.to_string_lossy()])? {
                    fs::remove_file(file.path())?;
                }
            }
        }
        let unnamed = Mutex::new(HashMap::new());
        drop(named);
        Ok(Self { directory, space, health, random: SystemRandom::new(), unnamed })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A sink for one body.
    pub(crate) async fn sink(self: Arc<Self>) -> Result<Box<dyn BodySink>, StoreError> {
        let files = Arc::clone(&self);
        let file = blocking(move || files.create()).await?;
        Ok(Box::new(FileSink { files: self, file: Some(file), pending: Vec::new() }))
    }

    /// Keeps a body that was in memory.
    pub(crate) async fn keep(self: Arc<Self>, content: Arc<Vec<u8>>) -> Result<StoredBody, StoreError> {
        let files = Arc::clone(&self);
        blocking(move || {
            let mut file = files.create()?;
            file.write(&content)?;
            files.sync(file)
        })
        .await
    }

    /// Takes a name out of those that wait to be named, and gives the sum of its content. `None`: it is none of them.
    pub(crate) fn take(&self, name: &str) -> Option<u32> {
        self.lock().remove(name).map(|unnamed| unnamed.sum)
    }

    /// Removes the bodies whose writers went away before they named them.
    fn forget_left(&self) {
        let now = self.space.now();
        let mut left = Vec::new();
        // A clock that was set back makes nobody old.
        self.lock().retain(|name, unnamed| {
            let stays = now.since_ms(unnamed.since) < UNNAMED_SECS * 1_000;
            if !stays {
                left.push(name.clone());
            }
            stays
        });
        for name in left {
            // What stays all the same is removed at the next start.
            let _ = fs::remove_file(path_of(&self.directory, &name));
        }
    }

    /// Removes a body that its message did not get to name.
    pub(crate) async fn discard(self: Arc<Self>, name: String) {
        // Whatever happens here, the next start removes it.
        let _ = blocking(move || Ok(fs::remove_file(path_of(&self.directory, &name))?)).await;
    }

    /// Opens a body for reading.
    pub(crate) fn read(&self, name: &str) -> Outcome<File> {
        File::open(path_of(&self.directory, name)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Fault::damaged(format!("the body file {name} is gone")),
            _ => Fault::Store(disk(&error)),
        })
    }

    fn create(&self) -> Outcome<UnnamedFile> {
        self.health.check()?;
        self.space.check()?;
        self.forget_left();
        let mut bytes = [0; NAME_BYTES];
        let no_random = |_| io::Error::other("the system gives no random bytes");
        self.random.fill(&mut bytes).map_err(no_random)?;
        let name = hex(&bytes);
        let path = path_of(&self.directory, &name);
        if path.parent().map(make_directory).transpose()? == Some(true) {
            self.health.synced(File::open(&self.directory)?.sync_all())?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(UnnamedFile { file, path, name, bytes: 0, sum: Hasher::new(), finished: false })
    }

    /// Makes the file and its name durable.
    fn sync(&self, mut file: UnnamedFile) -> Outcome<StoredBody> {
        self.health.synced(file.file.sync_all())?;
        if let Some(parent) = file.path.parent() {
            self.health.synced(File::open(parent)?.sync_all())?;
        }
        file.finished = true;
        let stored = StoredBody { name: file.name.clone(), bytes: file.bytes };
        let (sum, since) = (file.sum.clone().finalize(), self.space.now());
        self.lock().insert(stored.name.clone(), Unnamed { sum, since });
        Ok(stored)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Unnamed>> {
        self.unnamed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a directory for its owner only; `false` when it was there.
fn make_directory(path: &Path) -> Outcome<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?.map_err(Fault::into_store)
}

/// A file that is being written; dropped unfinished, it is removed.
struct UnnamedFile {
    file: File,
    path: PathBuf,
    name: String,
    bytes: u64,
    sum: Hasher,
    finished: bool,
}

impl UnnamedFile {
    fn write(&mut self, piece: &[u8]) -> Outcome<()> {
        self.file.write_all(piece)?;
        self.bytes += piece.len() as u64;
        self.sum.update(piece);
        Ok(())
    }
}

impl Drop for UnnamedFile {
    fn drop(&mut self) {
        if !self.finished {
            // What stays all the same is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

struct FileSink {
    files: Arc<BodyFiles>,
    /// `None` once a write failed: what was written is gone, and nothing may be added to it.
    file: Option<UnnamedFile>,
    pending: Vec<u8>,
}

impl FileSink {
    async fn flush(&mut self) -> Result<(), StoreError> {
        let broken =
            || StoreError::Disk { detail: "an earlier piece of the body was not written".to_owned() };
        let mut file = self.file.take().ok_or_else(broken)?;
        let piece = std::mem::take(&mut self.pending);
        let space = Arc::clone(&self.files.space);
        let work = move || {
            space.check()?;
            file.write(&piece)?;
            Ok(file)
        };
        self.file = Some(blocking(work).await?);
        Ok(())
    }
}

impl BodySink for FileSink {
    fn append(&mut self, piece: Vec<u8>) -> Later<'_, ()> {
        Box::pin(async move {
            if self.pending.is_empty() {
                self.pending = piece;
            } else {
                self.pending.extend_from_slice(&piece);
            }
            if self.pending.len() >= WRITE_BYTES { self.flush().await } else { Ok(()) }
        })
    }

    fn finish(mut self: Box<Self>) -> Later<'static, StoredBody> {
        Box::pin(async move {
            self.flush().await?;
            let Some(file) = self.file.take() else { return Err(StoreError::Closed) };
            let files = Arc::clone(&self.files);
            blocking(move || files.sync(file)).await
        })
    }
}

/// A body that is in memory already.
pub(crate) struct RowReader {
    content: Vec<u8>,
    at: usize,
}

impl RowReader {
    pub(crate) const fn new(content: Vec<u8>) -> Self {
        Self { content, at: 0 }
    }
}

impl BodyReader for RowReader {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        let end = self.content.len().min(self.at.saturating_add(<dyn BodyReader>::PIECE_BYTES));
        let piece = match self.at {
            // The usual message is one piece, which needs no copy.
            0 if end == self.content.len() => std::mem::take(&mut self.content),
            at => self.content.get(at..end).unwrap_or_default().to_vec(),
        };
        self.at = end;
        Box::pin(std::future::ready(Ok(Some(piece).filter(|piece| !piece.is_empty()))))
    }
}

/// A body that is in a file. Its last piece is given out only when all of it is what was accepted: whoever sends it cannot
/// end a message that is not the one.
pub(crate) struct FileReader {
    open: Option<(File, Hasher)>,
    id: QueueId,
    left: u64,
    stored_sum: Option<u32>,
}

impl FileReader {
    pub(crate) fn new(file: File, id: QueueId, bytes: u64, stored_sum: Option<u32>) -> Self {
        Self { open: Some((file, Hasher::new())), id, left: bytes, stored_sum }
    }

    /// Takes a piece into account.
    fn verify(&mut self, sum: Hasher, piece: &[u8]) -> Outcome<Hasher> {
        let length = || Fault::damaged(format!("the content of {} is not as long as it was", self.id));
        self.left = self.left.checked_sub(piece.len() as u64).ok_or_else(length)?;
        if piece.is_empty() && self.left > 0 {
            return Err(length());
        }
        if self.left == 0 {
            sums::check(self.stored_sum, sum.clone().finalize(), "content", self.id.get())?;
        }
        Ok(sum)
    }
}

impl BodyReader for FileReader {
    fn next(&mut self) -> Later<'_, Option<Vec<u8>>> {
        let open = self.open.take();
        Box::pin(async move {
            let Some((mut file, mut sum)) = open else { return Ok(None) };
            let work = move || {
                let mut piece = Vec::with_capacity(<dyn BodyReader>::PIECE_BYTES);
                let most = <dyn BodyReader>::PIECE_BYTES as u64;
                Read::by_ref(&mut file).take(most).read_to_end(&mut piece)?;
                sum.update(&piece);
                Ok((file, sum, piece))
            };
            let (file, sum, piece) = blocking(work).await?;
            let sum = self.verify(sum, &piece).map_err(Fault::into_store)?;
            if piece.is_empty() {
                return Ok(None);
            }
            self.open = Some((file, sum));
            Ok(Some(piece))
        })
    }
}
