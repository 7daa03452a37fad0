//! Secrets at rest: sealed with a key that lies beside the data, not in it.
//!
//! The key can be changed while the server runs. Meanwhile the key file has two lines: the new key, which seals, and the
//! one before it, which still opens. What a crash can leave is one of these, and all of them open every secret:
//!
//! | the key file | what is sealed | done at the next open |
//! | --- | --- | --- |
//! | the old key | with the old key | nothing: the change did not begin |
//! | both | with the old key | sealed again with the new key, then the old one goes |
//! | both | with the new key | the old key goes |
//! | the new key | with the new key | nothing |

use crate::fault::{Fault, Outcome, disk};
use mail::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use store::StoreError;

/// The first byte of a sealed blob: format 1 is `1, key id (4 bytes), nonce (12), ciphertext and tag`.
const FORMAT: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const KEY_BYTES: usize = 32;

/// Seals and opens secrets with AES-256-GCM.
pub(crate) struct Sealer {
    directory: PathBuf,
    keys: RwLock<Keys>,
    random: SystemRandom,
}

/// One key, with its line of the file.
struct Key {
    id: [u8; KEY_ID_BYTES],
    key: LessSafeKey,
    line: Secret,
}

/// The key that seals, and those from before that still open.
struct Keys {
    current: Key,
    older: Vec<Key>,
}

impl Sealer {
    /// Reads the key file, or makes it, readable by its owner only.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("key");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => Self::make(directory)?,
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(damaged()),
            Err(error) => return Err(disk(&error)),
        };
        let keys = Keys::parse(&text).ok_or_else(damaged)?;
        Ok(Self { directory: directory.to_owned(), keys: RwLock::new(keys), random: SystemRandom::new() })
    }

    /// Whether the directory has a key file.
    pub(crate) fn exists(directory: &Path) -> bool {
        directory.join("key").exists()
    }

    fn make(directory: &Path) -> Result<String, StoreError> {
        let line = new_line()?;
        write(directory, &[&line])?;
        Ok(line.reveal().to_owned())
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the key that seals.
    pub(crate) fn key_name(&self) -> String {
        hex(&self.keys().current.id)
    }

    /// Whether keys from before still open: a change has begun, and is not over.
    pub(crate) fn has_older(&self) -> bool {
        !self.keys().older.is_empty()
    }

    /// Begins a change: from now on a new key seals, and the old ones still open. It is on disk before it seals anything.
    pub(crate) fn begin_change(&self) -> Result<(), StoreError> {
        let line = new_line()?;
        let new = Key::parse(line.reveal()).ok_or_else(damaged)?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&Secret> =
            [&line, &keys.current.line].into_iter().chain(keys.older.iter().map(|key| &key.line)).collect();
        write(&self.directory, &lines)?;
        let before = std::mem::replace(&mut keys.current, new);
        keys.older.insert(0, before);
        Ok(())
    }

    /// Ends a change: nothing is sealed with an old key any more, and the old keys go.
    pub(crate) fn end_change(&self) -> Result<(), StoreError> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        write(&self.directory, &[&keys.current.line])?;
        keys.older.clear();
        Ok(())
    }

    /// The same secret sealed with the key of now; `None` when it is already.
    pub(crate) fn seal_again(&self, place: &str, blob: &[u8]) -> Outcome<Option<Vec<u8>>> {
        let own = blob.strip_prefix(&[FORMAT]).is_some_and(|rest| rest.starts_with(&self.keys().current.id));
        if own {
            return Ok(None);
        }
        self.seal(place, &self.open_sealed(place, blob)?).map(Some)
    }

    /// Seals a secret for one place (`relay 7`): the blob opens nowhere else.
    pub(crate) fn seal(&self, place: &str, secret: &str) -> Outcome<Vec<u8>> {
        let no_seal = |_| Fault::damaged("the secret could not be sealed");
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(no_seal)?;
        let mut text = secret.as_bytes().to_vec();
        let aad = Aad::from(place.as_bytes());
        let keys = self.keys();
        let Key { id, key, .. } = &keys.current;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text).map_err(no_seal)?;
        let mut blob = vec![FORMAT];
        blob.extend_from_slice(id);
        blob.extend_from_slice(&nonce);
        blob.append(&mut text);
        Ok(blob)
    }

    /// Opens what [`Sealer::seal`] made for the same place.
    pub(crate) fn open_sealed(&self, place: &str, blob: &[u8]) -> Outcome<String> {
        let parts = || {
            let rest = blob.strip_prefix(&[FORMAT])?;
            let (id, rest) = rest.split_at_checked(KEY_ID_BYTES)?;
            let (nonce, text) = rest.split_at_checked(NONCE_LEN)?;
            Some((id, Nonce::try_assume_unique_for_key(nonce).ok()?, text.to_vec()))
        };
        let damaged = || Fault::damaged(format!("the secret of {place} does not open"));
        let (id, nonce, mut text) = parts().ok_or_else(damaged)?;
        let keys = self.keys();
        let Some(Key { key, .. }) = keys.older.iter().chain([&keys.current]).find(|key| key.id == id) else {
            let (found, own) = (hex(id), hex(&keys.current.id));
            return Err(Fault::damaged(format!(
                "the secret of {place} needs key {found}, this is key {own}"
            )));
        };
        let open = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text).map_err(|_| damaged())?;
        String::from_utf8(open.to_vec()).map_err(|_| damaged())
    }
}

impl Keys {
    /// A line a key, the one that seals first.
    fn parse(text: &str) -> Option<Self> {
        let mut keys = text.trim_end().lines().map(Key::parse);
        let current = keys.next()??;
        Some(Self { current, older: keys.collect::<Option<_>>()? })
    }
}

impl Key {
    /// A line `key id, key` in hexadecimal. The id is a digest of the key, so that a damaged file is seen here and not at
    /// the first relay whose password cannot be read.
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end();
        let (id, key) = line.split_once(' ')?;
        let key = unhex(key).filter(|key| key.len() == KEY_BYTES)?;
        let own = key_id(&key);
        if hex(&own) != id {
            return None;
        }
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?);
        Some(Self { id: own, key, line: Secret::new(line) })
    }
}

/// A new key's line.
fn new_line() -> Result<Secret, StoreError> {
    let no_random = |_| StoreError::Disk { detail: "the system gives no random bytes".to_owned() };
    let mut key = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(no_random)?;
    Ok(Secret::new(format!("{} {}", hex(&key_id(&key)), hex(&key))))
}

/// Writes the key file: it is there whole, as it was or as it is to be.
fn write(directory: &Path, lines: &[&Secret]) -> Result<(), StoreError> {
    let write = || -> std::io::Result<()> {
        let temporary = directory.join("key.new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        for line in lines {
            file.write_all(line.reveal().as_bytes())?;
            file.write_all(b"\n")?;
        }
        file.sync_all()?;
        fs::rename(&temporary, directory.join("key"))?;
        File::open(directory)?.sync_all()
    };
    write().map_err(|error| disk(&error))
}

fn damaged() -> StoreError {
    StoreError::Damaged { detail: "the key file is not a key of facteur".to_owned() }
}

fn key_id(key: &[u8]) -> [u8; KEY_ID_BYTES] {
    let sum = digest(&SHA256, key);
    let mut id = [0; KEY_ID_BYTES];
    id.iter_mut().zip(sum.as_ref()).for_each(|(to, from)| *to = *from);
    id
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let pairs = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(pairs.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_opens_with_its_key_in_its_place_only() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sealer = Sealer::open(one.path()).unwrap();
        let blob = sealer.seal("relay 1", "hunter2").unwrap();
        assert!(!blob.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(Sealer::open(one.path()).unwrap().open_sealed("relay 1", &blob).unwrap(), "hunter2");
        assert!(sealer.open_sealed("relay 2", &blob).is_err(), "another place");
        assert!(Sealer::open(two.path()).unwrap().open_sealed("relay 1", &blob).is_err(), "another key");
        for at in 0..blob.len() {
            let mut changed = blob.clone();
            changed[at] ^= 1;
            assert!(sealer.open_sealed("relay 1", &changed).is_err(), "byte {at}");
            assert!(sealer.open_sealed("relay 1", &blob[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(fs::metadata(one.path().join("key")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_change_of_the_key_leaves_a_file_that_opens_everything_at_each_step() {
        let directory = tempfile::tempdir().unwrap();
        let sealer = Sealer::open(directory.path()).unwrap();
        let before = sealer.seal("relay 1", "hunter2").unwrap();
        let first = sealer.key_name();
        sealer.begin_change().unwrap();
        let opens = |blob: &[u8]| Sealer::open(directory.path()).unwrap().open_sealed("relay 1", blob).ok();
        assert_ne!(sealer.key_name(), first);
        assert!(Sealer::open(directory.path()).unwrap().has_older());
        assert_eq!(opens(&before).as_deref(), Some("hunter2"), "the old key still opens");
        let after = sealer.seal_again("relay 1", &before).unwrap().expect("it was sealed with the old key");
        assert_eq!(sealer.seal_again("relay 1", &after).unwrap(), None, "it is sealed with the new key");
        assert_eq!(opens(&after).as_deref(), Some("hunter2"));
        sealer.end_change().unwrap();
        assert!(!Sealer::open(directory.path()).unwrap().has_older());
        assert_eq!(opens(&after).as_deref(), Some("hunter2"));
        assert_eq!(opens(&before), None, "the old key is gone");
        assert_eq!(fs::metadata(directory.path().join("key")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        Sealer::open(directory.path()).unwrap();
        let path = directory.path().join("key");
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() - 1 {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert_eq!(Sealer::open(directory.path()).err(), Some(damaged()), "byte {at}");
        }
        for bad in [&b""[..], b"\n", b"00 00\n", b"\xff\xfe", &good[..40]] {
            fs::write(&path, bad).unwrap();
            assert_eq!(Sealer::open(directory.path()).err(), Some(damaged()));
        }
    }
}
