//! Why a connection could not be made or a statement not be run.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

/// Says what went wrong on the way to a server or at the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A connection parameter cannot be read or means nothing.
    #[error("{0}")]
    Parameter(String),
    /// A file of parameters cannot be read.
    #[error("cannot read {what} `{path}`: {source}")]
    File {
        /// What the file is, such as `service file`.
        what: &'static str,
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// No server answered.
    #[error("cannot connect to {to}: {source}")]
    Connect {
        /// Host and port, or the socket.
        to: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The connection cannot be encrypted as it was asked for.
    #[error("no encrypted connection to {to}: {why}")]
    Tls {
        /// Host and port.
        to: String,
        /// The reason.
        why: String,
    },
    /// The server asks for a proof of identity that cannot be given.
    #[error("cannot authenticate: {0}")]
    Authentication(String),
    /// The server asks for a password, and none is known.
    #[error("cannot authenticate: no password supplied")]
    NoPassword,
    /// A password was to be asked for, and nobody can be.
    #[error("cannot ask for a password: {0}")]
    Prompt(io::Error),
    /// The session has not the settings that were asked for, as behind a pooler that drops or refuses them.
    #[error(
        "the session does not get the settings asked for, connect to the server directly, not through a pooler: {0}"
    )]
    Pooled(String),
    /// The server answered, and lets nobody in: for want of the database or the role, a place, or because it goes down.
    #[error("cannot connect to \"{to}\": {error}")]
    Refused {
        /// The database.
        to: String,
        /// What the server said.
        error: Box<ServerError>,
    },
    /// The server refused or failed.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// The connection broke, for instance because the server crashed.
    #[error("connection to the server lost: {0}")]
    Lost(io::Error),
    /// The server sent what the protocol does not allow there.
    #[error("unexpected message of the server: {0}")]
    Protocol(String),
    /// What was to be sent could not be read; nothing of it stays in the table.
    #[error("{0}")]
    Input(io::Error),
}

impl Error {
    /// Returns the server's own error, if it is one.
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Error::Server(error) | Error::Refused { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Says whether the server is gone, for good or for now: it ended the connection, or takes none because it goes down
    /// or comes up (57P01 to 57P03).
    pub fn is_gone(&self) -> bool {
        match self {
            Error::Lost(_) | Error::Connect { .. } => true,
            Error::Refused { error, .. } => error.code().starts_with("57P0"),
            _ => false,
        }
    }

    /// Adds to a lost connection what the server said last, if that was a farewell.
    pub(crate) fn after(self, last: Option<&ServerError>) -> Error {
        match (self, last) {
            (Error::Lost(_), Some(last)) => Error::Lost(io::Error::other(last.clone())),
            (error, _) => error,
        }
    }

    pub(crate) fn of_server(body: &[u8]) -> Error {
        Error::Server(Box::new(ServerError::read(body)))
    }
}

/// An error or notice of the server: its fields by their one-letter codes ("Error and Notice Message Fields" in
/// PostgreSQL's manual).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    fields: BTreeMap<u8, String>,
}

impl ServerError {
    pub(crate) fn read(body: &[u8]) -> ServerError {
        let fields = body.split(|byte| *byte == 0).filter_map(|field| {
            let (code, text) = field.split_first()?;
            Some((*code, String::from_utf8_lossy(text).into_owned()))
        });
        ServerError { fields: fields.collect() }
    }

    fn field(&self, code: u8) -> &str {
        self.fields.get(&code).map(String::as_str).unwrap_or_default()
    }

    /// Returns the same with its SQLSTATE and the beginning of its message alone, for whoever keeps a great many.
    pub fn brief(&self) -> ServerError {
        const KEPT: usize = 200;
        let message = self.message();
        let end = (0..=KEPT).rev().find(|end| message.is_char_boundary(*end)).unwrap_or_default();
        let message = message[..end].to_owned();
        ServerError { fields: BTreeMap::from([(b'C', self.code().to_owned()), (b'M', message)]) }
    }

    /// Says whether it is the last that a server says on a connection: what is FATAL, or that another process crashed
    /// (57P02), which is a warning.
    pub(crate) fn is_farewell(&self) -> bool {
        // Servers before 9.6 send the severity in their own language alone.
        let severity = if self.field(b'V').is_empty() { self.field(b'S') } else { self.field(b'V') };
        matches!(severity, "FATAL" | "PANIC") || self.code() == "57P02"
    }

    /// Returns the five characters of SQLSTATE.
    pub fn code(&self) -> &str {
        self.field(b'C')
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        self.field(b'M')
    }

    /// Returns the detail; empty if there is none.
    pub fn detail(&self) -> &str {
        self.field(b'D')
    }

    /// Returns the hint; empty if there is none.
    pub fn hint(&self) -> &str {
        self.field(b'H')
    }

    /// Returns in which context it happened, such as the line of a COPY; empty if none is told.
    pub fn context(&self) -> &str {
        self.field(b'W')
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message(), self.code())
    }
}

impl std::error::Error for ServerError {}
