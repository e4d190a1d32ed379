//! Why a manifest, or what lies beside it, cannot be written or read.

use std::io;

/// Says what is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refuses to read or write.
    #[error("{0}")]
    Io(io::Error),
    /// It is no JSON, or none of the form of a manifest.
    #[error("not of a manifest's form: {0}")]
    Json(serde_json::Error),
    /// It does not say, in a form that is known here, that a backup was verified.
    #[error("not of the form of a record that a backup was verified: {0}")]
    Record(serde_json::Error),
    /// It is JSON of something else.
    #[error("not a manifest: `\"format\": \"pgdumpkit-manifest\"` and a version are missing")]
    NoManifest,
    /// It is of a version that is not known here.
    #[error("the manifest is of version {found}, and only this one is known here: {known}")]
    Version {
        /// The version of the manifest.
        found: u64,
        /// The version that is known.
        known: u32,
    },
    /// It is longer than any manifest.
    #[error("longer than any manifest may be, in bytes: {0}")]
    TooLong(u64),
    /// It tells of the same thing twice.
    #[error("the manifest tells of one {what} twice: {name}")]
    Twice {
        /// Such as `table`.
        what: &'static str,
        /// Its name, escaped.
        name: String,
    },
    /// The name of a file leads out of the backup.
    #[error("the name of a file in the manifest leads elsewhere: {0:?}")]
    FileName(String),
}
