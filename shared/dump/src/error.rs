//! What can be wrong with the bytes of a dump.

use std::io;

use crate::Position;

/// Says why a dump cannot be read to its end.
///
/// Positions count from the beginning of the input: bytes from 0, lines from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input could not be read.
    #[error("cannot read at {at}: {source}")]
    Read {
        /// How far reading got.
        at: Position,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not what a dump can hold there.
    #[error("{fault} at {at}")]
    Fault {
        /// Where the faulty thing begins.
        at: Position,
        /// What is wrong.
        fault: Fault,
    },
}

impl Error {
    /// Returns where in the input the trouble is.
    pub fn position(&self) -> Position {
        match self {
            Error::Read { at, .. } | Error::Fault { at, .. } => *at,
        }
    }

    /// Returns the same error with its line filled in, for callers that could count it.
    pub fn with_line(mut self, number: u64) -> Error {
        match &mut self {
            Error::Read { at, .. } | Error::Fault { at, .. } => at.line = Some(number),
        }
        self
    }
}

/// Names what is wrong with the bytes of a dump.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A `'…'` literal has no end.
    #[error("unterminated quoted string that begins")]
    UnterminatedString,
    /// A `"…"` name has no end.
    #[error("unterminated quoted identifier that begins")]
    UnterminatedIdentifier,
    /// A `$tag$…$tag$` literal has no end.
    #[error("unterminated dollar-quoted string that begins")]
    UnterminatedDollar,
    /// A `/* … */` comment has no end.
    #[error("unterminated comment that begins")]
    UnterminatedComment,
    /// The input ends within a statement.
    #[error("unterminated statement (no `;`) that begins")]
    UnterminatedStatement,
    /// The rows of a `COPY … FROM stdin` have no closing `\.`.
    #[error("truncated dump: the rows of COPY have no closing `\\.`; their first line is")]
    UnterminatedCopy,
    /// The data of an archive's entry lacks the empty lines that pg_dump ends it with.
    #[error("truncated data: the empty lines that pg_dump writes behind it are missing; it ends")]
    DataCut,
    /// The dump has pg_dump's opening comment and not its closing one.
    #[error("truncated dump: it has pg_dump's opening comment but no `dump complete`; it ends")]
    NotComplete,
    /// A statement is longer than any server takes (`MaxAllocSize` in memutils.h).
    #[error("statement of more than 1 GB, which no PostgreSQL server takes: it begins")]
    TooLong,
    /// A row of COPY is longer than any server takes.
    #[error("row of more than 1 GB, which no PostgreSQL server takes: it begins")]
    RowTooLong,
    /// A statement has so many tokens that they do not fit into what memory one may take.
    #[error("statement of more tokens than fit into 1 GB of memory: it begins")]
    TooManyTokens,
    /// What is packed takes more memory than its packed bytes account for; see [`Source::room`](crate::Source::room).
    #[error(
        "the input is packed and takes far more memory than its size accounts for (if it is a backup, unpack it first): the limit is met"
    )]
    Inflated,
    /// A line of git's marks where two versions of a text contradict each other.
    #[error("merge conflict marker, which somebody has to resolve first,")]
    ConflictMarker,
    /// A line that a program wrote stands among those of the dump; its beginning.
    #[error("line of a program, which is no part of a dump and breaks a statement (`{0}`),")]
    Message(String),
    /// A byte order mark stands elsewhere than at the beginning of the input.
    #[error("byte order mark within the text, as of files put one behind the other,")]
    ByteOrderMark,
    /// A zero byte stands within a statement; no text of PostgreSQL can hold it.
    #[error("zero byte in the statement that begins")]
    ZeroByte,
    /// A backslash stands within a statement, which begins there.
    #[error("psql meta-command within the statement that begins at {0},")]
    MetaCommandInStatement(Position),
    /// A backslash begins a command of psql where only SQL may stand.
    #[error("psql meta-command, which a tree must not hold,")]
    MetaCommand,
    /// Rows stand where a tree has only statements.
    #[error("rows of COPY, which only a `.copy` file of a tree may hold,")]
    RowsInTree,
    /// Something that is no row stands in the data of a table.
    #[error("something else than rows in the data of a table")]
    NotData,
    /// Something follows `FROM stdin;` on its line.
    #[error("text after `FROM stdin;` on the same line")]
    TextAfterCopy,
    /// The dump's text encoding uses ASCII bytes within characters, so that quotes cannot be told.
    #[error("client encoding `{0}` cannot be read safely (take the dump with `--encoding=UTF8`)")]
    UnsafeEncoding(String),
    /// A NUL byte, which no dump holds.
    #[error("NUL byte: this is not a plain dump, or it is damaged")]
    Nul,
}
