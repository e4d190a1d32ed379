//! What can go wrong with a scratch cluster.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Says why a PostgreSQL server could not be found, installed, started or used.
///
/// Every child process that fails is quoted with its exact command line and its own stderr.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No folder holds both `initdb` and `postgres`.
    #[error("no PostgreSQL server found, looked in: {}", list(.looked))]
    NoServer {
        /// The places looked at, in order.
        looked: Vec<String>,
    },

    /// There is no client program of the name.
    #[error("no `{name}` found, looked in: {}", list(.looked))]
    NoClient {
        /// The program.
        name: String,
        /// The places looked at, in order.
        looked: Vec<String>,
    },

    /// A folder named explicitly does not hold the server's programs.
    #[error("folder does not hold both `initdb` and `postgres`: {}", .dir.display())]
    NotServerFolder {
        /// The folder as it was given.
        dir: PathBuf,
    },

    /// `postgres --version` answered something that carries no version number.
    #[error("no version number in the answer of `{command}`: {answer}")]
    Version {
        /// The command line that was run.
        command: String,
        /// What it printed.
        answer: String,
    },

    /// No PostgreSQL server is installed, and this process cannot install one.
    #[error("no PostgreSQL server found, install one with: {command}")]
    NeedsInstall {
        /// The exact command for this system.
        command: String,
    },

    /// Chromium is not installed.
    #[error("no Chromium found, install it with: sudo apt-get install -y chromium")]
    NoBrowser,

    /// The server refuses to run as root, and there is no other account to run it as.
    #[error("PostgreSQL refuses to run as root, and this system has neither user: `postgres`, `nobody`")]
    NoAccount,

    /// The folder for temporary files is so deep that no Unix socket can live in it.
    #[error("path is too long for a Unix socket, set `TMPDIR` to a shorter one: {}", .path.display())]
    PathTooLong {
        /// The socket's path.
        path: PathBuf,
    },

    /// A file or folder could not be used.
    #[error("cannot {action}: {}: {source}", .path.display())]
    Io {
        /// What was tried, as in `create folder`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },

    /// A program could not be started, or the pipes to it broke.
    #[error("cannot run `{command}`: {source}")]
    Run {
        /// The command line.
        command: String,
        /// The system's reason.
        source: io::Error,
    },

    /// A program ran and failed.
    #[error("`{command}` failed with {status}: {stderr}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to stderr, without the last line feed.
        stderr: String,
    },

    /// The server ended before it accepted a connection.
    #[error("`{command}` ended with {status} before it accepted a connection: {log}")]
    ServerEnded {
        /// The server's command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of the server's log.
        log: String,
    },

    /// The server runs, but did not accept a connection in time.
    #[error("`{command}` accepted no connection within {seconds} s: {log}")]
    ServerSilent {
        /// The server's command line.
        command: String,
        /// How long was waited, in seconds.
        seconds: u64,
        /// The end of the server's log.
        log: String,
    },
}

impl Error {
    /// Returns a function that wraps an I/O error with what was tried and on which path, for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
        let path = path.to_owned();
        move |source| Error::Io { action, path, source }
    }
}

fn list(places: &[String]) -> String {
    places.join(", ")
}
