//! From root to nobody in particular: for ports that only root may take, and nothing else.

use nix::unistd::{Gid, Uid, User, getgroups, getresgid, getresuid, setgid, setgroups, setuid};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown, lchown};
use std::path::Path;

/// Why the user cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// There is no such user.
    /// Usual cause: it was not made yet (`useradd --system facteur`).
    #[error("there is no user {name}")]
    UnknownUser {
        /// The name.
        name: String,
    },
    /// The user of the configuration is root itself.
    #[error("{name} is root")]
    IsRoot {
        /// The name.
        name: String,
    },
    /// The system refused it, or it could be undone.
    /// Usual cause: a container without the capabilities to change users.
    #[error("the user cannot be changed: {detail}")]
    Refused {
        /// The system's words.
        detail: String,
    },
}

/// Who a process becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    uid: Uid,
    gid: Gid,
}

/// Whether this process is root.
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// The user that this process is now.
pub fn own_uid() -> u32 {
    Uid::effective().as_raw()
}

impl Identity {
    /// A user of this machine, who is not root.
    pub fn of_user(name: &str) -> Result<Self, PrivilegeError> {
        let found = User::from_name(name).map_err(refused)?;
        let user = found.ok_or_else(|| PrivilegeError::UnknownUser { name: name.to_owned() })?;
        if user.uid.is_root() {
            return Err(PrivilegeError::IsRoot { name: name.to_owned() });
        }
        Ok(Self { uid: user.uid, gid: user.gid })
    }

    /// Who a directory belongs to, when this process is root and they are not: what root would write there, they could
    /// not read any more.
    pub fn of_owner(directory: &Path) -> Option<Self> {
        let owner = fs::metadata(directory).ok()?;
        let uid = Uid::from_raw(owner.uid());
        if !is_root() || uid.is_root() {
            return None;
        }
        // Their own group, as when they start it themselves; in a container they may have a number and no name.
        let user = User::from_uid(uid).ok().flatten();
        Some(Self { uid, gid: user.map_or(Gid::from_raw(owner.gid()), |user| user.gid) })
    }

    /// Makes a directory that is theirs alone, if it is not there. One that is there stays as it is.
    pub fn make_directory(self, path: &Path) -> io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        chown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
    }

    /// Gives them a directory with all that is in it. Links are not followed.
    pub fn give(self, path: &Path) -> io::Result<()> {
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))?;
        if path.symlink_metadata()?.is_dir() {
            for entry in fs::read_dir(path)? {
                self.give(&entry?.path())?;
            }
        }
        Ok(())
    }

    /// Becomes them, with none of root's groups, and makes sure that there is no way back.
    pub fn assume(self) -> Result<(), PrivilegeError> {
        setgroups(&[self.gid]).map_err(refused)?;
        setgid(self.gid).map_err(refused)?;
        setuid(self.uid).map_err(refused)?;
        let (users, groups) = (getresuid().map_err(refused)?, getresgid().map_err(refused)?);
        let only = |real, effective, saved, own| real == own && effective == own && saved == own;
        let settled = only(users.real, users.effective, users.saved, self.uid)
            && groups.real == self.gid
            && groups.effective == self.gid
            && groups.saved == self.gid
            && getgroups().map_err(refused)?.iter().all(|group| *group == self.gid);
        let root = Gid::from_raw(0);
        let back = setuid(Uid::from_raw(0)).is_ok() || (self.gid != root && setgid(root).is_ok());
        if !settled || back {
            return Err(PrivilegeError::Refused { detail: "root could be had back".to_owned() });
        }
        Ok(())
    }
}

fn refused(error: nix::Error) -> PrivilegeError {
    PrivilegeError::Refused { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_known_by_name_and_root_is_none() {
        assert!(matches!(Identity::of_user("no such user"), Err(PrivilegeError::UnknownUser { .. })));
        assert!(matches!(Identity::of_user("root"), Err(PrivilegeError::IsRoot { .. })));
        let nobody = Identity::of_user("nobody").unwrap();
        assert!(!nobody.uid.is_root());
    }
}
