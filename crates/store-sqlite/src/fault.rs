//! What went wrong inside, before it is known who is to blame.

use rusqlite::{ErrorCode, ffi};
use store::StoreError;

/// An error on its way out: ours, or one that still speaks the language of SQLite.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Already in the words of the contract.
    Store(StoreError),
    /// SQLite's.
    Sql(rusqlite::Error),
}

pub(crate) type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// Stored data that contradicts itself.
    pub(crate) fn damaged(detail: impl ToString) -> Self {
        Self::Store(StoreError::Damaged { detail: detail.to_string() })
    }

    /// There is no such row.
    pub(crate) fn missing(name: impl ToString) -> Self {
        Self::Store(StoreError::Missing { name: name.to_string() })
    }

    /// A row of that name exists already.
    pub(crate) fn exists(name: impl ToString) -> Self {
        Self::Store(StoreError::Exists { name: name.to_string() })
    }

    /// For an insertion: a broken UNIQUE or PRIMARY KEY means that the name was taken.
    pub(crate) fn taken(name: impl ToString) -> impl FnOnce(rusqlite::Error) -> Self {
        move |error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::exists(name),
            _ => Self::Sql(error),
        }
    }

    /// The contract's words.
    pub(crate) fn into_store(self) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Sql(error) => error,
        };
        let detail = error.to_string();
        match error.sqlite_error_code() {
            // What SQLite meets when the disk fills up between two looks at the free space.
            Some(ErrorCode::DiskFull) => StoreError::Full { free_bytes: 0 },
            Some(ErrorCode::SystemIoFailure) => match error.sqlite_error().map(|error| error.extended_code) {
                Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => {
                    StoreError::ReadOnly { detail }
                }
                // The index of the log lies in a file that grows, and a full disk is the one reason why it cannot.
                Some(ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full { free_bytes: 0 },
                _ => StoreError::Disk { detail },
            },
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::Disk { detail },
            _ => StoreError::Damaged { detail },
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::damaged(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Store(disk(&error))
    }
}

/// An error of the file system.
pub(crate) fn disk(error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full { free_bytes: 0 },
        _ => StoreError::Disk { detail: error.to_string() },
    }
}
