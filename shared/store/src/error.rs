//! What may go wrong.

use std::io;

use crate::Location;

/// Why something in a store cannot be had. No credentials are in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is written as no location is.
    #[error(
        "no location in a store, which is written as `s3://BUCKET/NAME`, `gs://BUCKET/NAME` or `az://CONTAINER/NAME`: {0}"
    )]
    Location(String),
    /// What the environment says of the store is not enough, or contradicts itself.
    #[error("cannot use the store of {at}: {why}")]
    Settings {
        /// What was asked for.
        at: Location,
        /// What is wrong.
        why: String,
    },
    /// There is nothing.
    #[error("nothing there: {0}")]
    Missing(Location),
    /// The store refuses or cannot be reached.
    #[error("cannot {action} {at}: {why}")]
    Store {
        /// Such as `read`.
        action: &'static str,
        /// What was asked for.
        at: Location,
        /// What the store, or the way to it, says.
        why: String,
    },
    /// It was told to stop.
    #[error("stopped: {0}")]
    Stopped(Location),
    /// The system refuses a file or a thread on this side.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's error.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    pub(crate) fn store(action: &'static str, at: &Location) -> impl FnOnce(object_store::Error) -> Error {
        let at = at.clone();
        move |error| match error {
            object_store::Error::NotFound { .. } => Error::Missing(at),
            error => {
                let mut why = in_one_line(&error.to_string());
                // Who has no credentials is asked for those of the machine, at these.
                if IDENTITIES.iter().any(|host| why.contains(host)) {
                    why.push_str("; the environment has no credentials, and the machine itself none to give");
                }
                Error::Store { action, at, why }
            }
        }
    }
}

/// Where a machine of each provider is asked for its own identity.
const IDENTITIES: [&str; 3] = ["169.254.169.254", "169.254.170.2", "metadata.google.internal"];

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error {
            Error::Missing(_) => io::ErrorKind::NotFound,
            Error::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// Stores answer in XML of several lines.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
