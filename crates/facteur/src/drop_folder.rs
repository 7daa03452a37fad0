//! The drop folder: where a local user's mail waits while the server cannot take it.
//!
//! One file a message: a line of JSON with the envelope, then the content. Any local user may put a file into the folder,
//! and nobody but the server sees which there are or reads them: the folder is `rwx-wx-wt` with the server's group on
//! all that is put in, and a file is `rw-r-----`. Who gives a message is the owner of its file, never what stands in it.
//!
//! | stopped | what is left | what is done |
//! |---|---|---|
//! | while a file was written | `new-…` | removed after a day; the writer had no 0 |
//! | before the rename was on disk | `new-…`, or the message | as above or below; the writer had no 0 |
//! | after the rename | the message | taken at the next look |
//! | after the server took it, before the file was removed | the message, and the message in the queue | taken twice: the one way to a duplicate |

use mail::{BodyType, Envelope, Notify, Recipient, Returned, ReversePath, xtext};
use rustix::fs::{OFlags, syncfs};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The name of the folder in the public directory.
pub const NAME: &str = "drop";
/// What the names of files that are being written begin with, and of those that are whole.
pub const UNFINISHED: &str = "new-";
/// What the names of files that are whole begin with.
pub const FINISHED: &str = "mail-";
/// The folder's rights: everybody may put in, nobody may look; the group of what is put in is the server's.
const FOLDER_MODE: u32 = 0o3733;
/// A file's rights: its owner and the server.
const FILE_MODE: u32 = 0o640;
/// The version of the form.
const VERSION: u32 = 1;
/// The longest first line. A thousand recipients of the longest kind fit.
const ENVELOPE_BYTES: u64 = 1 << 20;
/// The most recipients of one file: the server takes no more in one message.
pub const RECIPIENTS: usize = 1_000;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    sender: ReversePath,
    recipients: Vec<String>,
    notify: Option<[bool; 3]>,
    ret: Option<Returned>,
    envid: Option<String>,
    body: BodyType,
    bytes: u64,
}

/// Why a file is no message.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// It cannot be read.
    /// Usual cause: its owner took the right to read it away.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its first line is not an envelope.
    #[error("the envelope cannot be read: {0}")]
    Envelope(String),
    /// It is of a version that this server does not know.
    #[error("its form is of version {0}")]
    Version(u32),
}

/// The folder of a public directory.
pub fn folder(public: &Path) -> PathBuf {
    public.join(NAME)
}

/// Makes the folder, or mends its rights.
pub fn make(public: &Path) -> io::Result<()> {
    let folder = folder(public);
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Under systemd the server may not set the group bit, and finds the folder made.
    if fs::metadata(&folder)?.permissions().mode() & 0o7777 == FOLDER_MODE {
        return Ok(());
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(FOLDER_MODE))
}

/// Puts a message into the folder. When this is well, it is on disk. `name` must be unguessable and new.
pub fn put(folder: &Path, name: &str, envelope: &Envelope, content: &[u8]) -> io::Result<()> {
    let written = Written {
        version: VERSION,
        sender: envelope.from.clone(),
        recipients: envelope.recipients.iter().map(|to| to.address.to_string()).collect(),
        notify: envelope.recipients.first().and_then(|to| to.notify).map(|n| [n.success, n.failure, n.delay]),
        ret: envelope.ret,
        envid: envelope.envid.clone(),
        body: envelope.body,
        bytes: content.len() as u64,
    };
    let unfinished = folder.join(format!("{UNFINISHED}{name}"));
    let mut file = create(&unfinished)?;
    let done = write(&mut file, &written, content)
        .and_then(|()| fs::rename(&unfinished, folder.join(format!("{FINISHED}{name}"))))
        .and_then(|()| sync_folder(folder, &file));
    if done.is_err() {
        // What is left is no message, and nobody misses it.
        let _ = fs::remove_file(&unfinished);
    }
    done
}

fn create(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(flags).open(path)
}

fn write(file: &mut File, written: &Written, content: &[u8]) -> io::Result<()> {
    // The caller's umask must not shut the server out.
    file.set_permissions(fs::Permissions::from_mode(FILE_MODE))?;
    let mut line = serde_json::to_vec(written)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.write_all(content)?;
    file.sync_all()
}

/// The name of a file is on disk when its folder is. A user who may not look into the folder cannot open it, and has the
/// whole file system synced instead.
fn sync_folder(folder: &Path, file: &File) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(syncfs(file)?),
    }
}

/// Reads the envelope of a file; the content is what is left in `input`, and has the length that is given.
pub fn read_envelope(input: &mut io::BufReader<impl Read>) -> Result<(Envelope, u64), DropError> {
    let mut line = Vec::new();
    input.by_ref().take(ENVELOPE_BYTES).read_until(b'\n', &mut line)?;
    let invalid = |error: &dyn std::fmt::Display| DropError::Envelope(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(&line).map_err(|error| invalid(&error))?;
    let version = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or_default();
    if version != u64::from(VERSION) {
        return Err(DropError::Version(version.try_into().unwrap_or(u32::MAX)));
    }
    let written: Written = serde_json::from_value(value).map_err(|error| invalid(&error))?;
    if written.envid.as_ref().is_some_and(|envid| envid.len() > 100 || xtext::decode(envid).is_none()) {
        return Err(invalid(&"envid"));
    }
    if written.recipients.is_empty() || written.recipients.len() > RECIPIENTS {
        return Err(invalid(&"the number of recipients"));
    }
    let notify = written.notify.map(|[success, failure, delay]| Notify { success, failure, delay });
    let recipient = |text: &String| match text.parse::<mail::Address>() {
        Ok(address) => Ok(Recipient { notify, ..Recipient::from(address) }),
        Err(error) => Err(DropError::Envelope(format!("{text}: {error}"))),
    };
    let envelope = Envelope {
        from: written.sender,
        recipients: written.recipients.iter().map(recipient).collect::<Result<_, _>>()?,
        body: written.body,
        envid: written.envid,
        ret: written.ret,
        hold: None,
    };
    Ok((envelope, written.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;
    use std::os::unix::fs::MetadataExt as _;

    fn envelope() -> Envelope {
        let notify = Some(Notify { success: true, failure: false, delay: true });
        let to = |text: &str| Recipient { notify, ..text.parse().unwrap() };
        Envelope {
            from: "a@b.test".parse().unwrap(),
            recipients: vec![to("root@localhost"), to("\"x y\"@d.test")],
            body: BodyType::EightBitMime,
            envid: Some("id+2B1".into()),
            ret: Some(Returned::Headers),
            hold: None,
        }
    }

    #[test]
    fn what_is_put_in_comes_out() {
        let public = tempfile::tempdir().unwrap();
        make(public.path()).unwrap();
        make(public.path()).unwrap();
        let folder = folder(public.path());
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o7777, FOLDER_MODE);
        put(&folder, "1", &envelope(), b"Subject: x\r\n\r\nhi\r\n").unwrap();
        let path = folder.join("mail-1");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, FILE_MODE);
        let mut input = BufReader::new(File::open(path).unwrap());
        assert_eq!(read_envelope(&mut input).unwrap(), (envelope(), 18));
        let mut content = Vec::new();
        input.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"Subject: x\r\n\r\nhi\r\n");
        // A name that is taken is never written over.
        fs::write(folder.join("new-2"), "").unwrap();
        assert!(put(&folder, "2", &envelope(), b"x").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[test]
    fn no_link_is_followed() {
        let public = tempfile::tempdir().unwrap();
        make(public.path()).unwrap();
        let (folder, other) = (folder(public.path()), public.path().join("other"));
        std::os::unix::fs::symlink(&other, folder.join("new-1")).unwrap();
        assert!(put(&folder, "1", &envelope(), b"x").is_err());
        assert!(!other.exists());
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let good = r#"{"version":1,"sender":"a@b.test","recipients":["c@d.test"],"notify":null,"ret":null,"envid":null,"body":"seven_bit","bytes":2}"#;
        let read = |line: &str| read_envelope(&mut BufReader::new(format!("{line}\nhi").as_bytes()));
        assert!(read(good).is_ok());
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("\"version\":1,", ""),
            ("c@d.test", "c"),
            ("[\"c@d.test\"]", "[]"),
            ("a@b.test", "a b@c.test"),
            ("\"envid\":null", "\"envid\":\"a\\r\\nb\""),
            ("\"envid\":null", "\"envid\":\"+0D+0A\""),
            ("seven_bit", "nine"),
            ("\"bytes\":2", "\"bytes\":2,\"uid\":0"),
            ("}", ""),
        ] {
            assert!(read(&good.replacen(from, to, 1)).is_err(), "{to}");
        }
        assert!(read("").is_err());
        assert!(read(&"x".repeat(2 << 20)).is_err());
    }
}
