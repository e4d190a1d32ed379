//! What ends a restore.

/// Says why a restore could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The dump cannot be read.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// The dump cannot be cut into statements.
    #[error(transparent)]
    Dump(#[from] dump::Error),
    /// The server cannot be reached any more, or never could.
    #[error(transparent)]
    Connection(#[from] connect::Error),
    /// The server has no more room.
    #[error("the server's disk is full: {0}")]
    DiskFull(String),
    /// The dump changed while it was read, or cannot be read again.
    #[error("cannot read the data of the dump again: {0}")]
    Reread(std::io::Error),
}
