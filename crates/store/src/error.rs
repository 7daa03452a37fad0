//! What can go wrong in a store, a variant for each one who is to blame.

/// An error of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk has no room left above the floor that keeps settling and deleting possible.
    /// Usual cause: the disk is full of something else. The sender is told to retry (`452 4.3.1`).
    #[error("the disk is full: {free_bytes} bytes are free")]
    Full {
        /// What is free.
        free_bytes: u64,
    },
    /// The disk failed to read or to write. Nothing is accepted any more until the store was opened anew.
    /// Usual cause: a failing disk. It is never retried on the same handle.
    #[error("the disk failed: {detail}")]
    Disk {
        /// The system's words.
        detail: String,
    },
    /// A sync of the disk failed, so that nobody knows what it has kept of what came last. The store only reads until the
    /// process starts again: a second sync could succeed without its being true.
    /// Usual cause: a failing disk, or one that was pulled out.
    #[error("the disk failed to sync, and nothing is written until the server starts again: {detail}")]
    ReadOnly {
        /// The system's words.
        detail: String,
    },
    /// Another process has this data directory.
    #[error("the data directory {path} is in use by process {pid}")]
    InUse {
        /// Its process id, 0 when it did not say.
        pid: u32,
        /// The directory.
        path: String,
    },
    /// The data was written by a newer facteur.
    /// Usual cause: an older binary was put back after an upgrade.
    #[error("the data is of version {found}, this program knows versions up to {known}")]
    Newer {
        /// The version that was found.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The stored data contradicts itself.
    /// Usual cause: the file was damaged or changed by hand.
    #[error("the stored data is damaged: {detail}")]
    Damaged {
        /// What and where.
        detail: String,
    },
    /// A row of that name exists already.
    #[error("'{name}' exists already")]
    Exists {
        /// The name.
        name: String,
    },
    /// There is no such row.
    #[error("'{name}' does not exist")]
    Missing {
        /// The name or id that was asked for.
        name: String,
    },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}
