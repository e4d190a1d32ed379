//! Why a dump could not be opened or read.

use std::io;
use std::path::{Path, PathBuf};

use crate::foreign::changed_as_text;
use crate::{Foreign, Format};

/// Tells why a dump could not be opened or read.
///
/// The path is the one that was given, or `-` for standard input and other readers without a name. It is shown as it
/// is: whoever prints it to a terminal escapes control characters.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused to open the input or to read its first bytes; the source says why.
    #[error("cannot open: {}", path.display())]
    Io {
        /// The input.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The input is of a format that has no reader; the message says how to convert it.
    #[error("{}", format.refusal(path))]
    Unsupported {
        /// The input.
        path: PathBuf,
        /// What its first bytes say it is.
        format: Format,
    },
    /// The input holds no bytes, or a byte order mark and nothing else.
    #[error("empty input: {}", path.display())]
    Empty {
        /// The input.
        path: PathBuf,
    },
    /// The input is no dump: nothing in it is, or it is something else.
    #[error("{}", Foreign::refusal_of(*looks, path))]
    NotADump {
        /// The input.
        path: PathBuf,
        /// What it looks like, if that can be told.
        looks: Option<Foreign>,
    },
    /// The input is a directory, and not one that `pg_dump -Fd` wrote.
    #[error("a directory without `toc.dat`, not a dump: {}", path.display())]
    IsDirectory {
        /// The input.
        path: PathBuf,
    },
    /// The input could be opened, but the system refused to read on; the source says why.
    #[error("cannot read on at byte {at}: {}", path.display())]
    Read {
        /// The input, or the file inside it.
        path: PathBuf,
        /// The byte offset, counted from 0.
        at: u64,
        /// The system's reason.
        source: io::Error,
    },
    /// The input is not what its format asks for: it was cut, changed, or put together wrongly.
    #[error("{what}, at byte {at}: {}", path.display())]
    Damaged {
        /// The input, or the file inside it.
        path: PathBuf,
        /// The byte offset, counted from 0. Inside a compressed file, the offset in what it unpacks to, unless the
        /// compression itself is damaged.
        at: u64,
        /// What is wrong.
        what: String,
    },
    /// The table of contents is packed and takes more memory than its packed bytes account for; see [`Room`](crate::Room).
    #[error("the table of contents unpacks to far more than its size accounts for, unpack it first, at byte {at}: {}", path.display())]
    Inflated {
        /// The input, or the file inside it.
        path: PathBuf,
        /// The byte offset in what it unpacks to, counted from 0.
        at: u64,
    },
    /// An archive of a version that no reader here knows.
    #[error("archive version {}.{} is {}: {}", version.0, version.1, Error::version_advice(*version), path.display())]
    Version {
        /// The input.
        path: PathBuf,
        /// Major, minor and revision number of the archive format.
        version: (u8, u8, u8),
    },
    /// The data of a stream was asked for a second time.
    #[error("a stream can be read only once: {}", path.display())]
    Spent {
        /// The input.
        path: PathBuf,
    },
    /// The visitor of an archive's data gave up; this is its own error.
    #[error(transparent)]
    Visitor(io::Error),
}

impl Error {
    /// Says whether the input is no dump at all, rather than a damaged one or one that cannot be read here.
    pub fn is_no_dump(&self) -> bool {
        match self {
            Error::NotADump { .. } | Error::Empty { .. } | Error::IsDirectory { .. } => true,
            Error::Unsupported { format, .. } => format.is_no_dump(),
            _ => false,
        }
    }

    /// Says what became of an archive whose first bytes show that it was taken for text, where that explains damage.
    pub(crate) fn explained(mut self, head: &[u8]) -> Error {
        let Some(why) = changed_as_text(head) else { return self };
        match &mut self {
            Error::Damaged { what, .. } => *what = format!("{why}: {what}"),
            // The version stands right behind the first bytes.
            Error::Version { path, .. } => return Error::damaged(path, 5, why),
            _ => {}
        }
        self
    }

    pub(crate) fn damaged(path: &Path, at: u64, what: impl Into<String>) -> Error {
        Error::Damaged { path: path.to_path_buf(), at, what: what.into() }
    }

    /// Says in what the damage is, if it does not say so itself.
    pub(crate) fn within(mut self, name: &str) -> Error {
        if let Error::Damaged { what, .. } = &mut self
            && !what.contains(name)
        {
            *what = format!("{what}: {name}");
        }
        self
    }

    /// Takes the error out that [`Error::into_io`] put in, or makes one of the system's.
    pub(crate) fn from_io(error: io::Error, path: &Path, at: u64) -> Error {
        let system = |source| Error::Read { path: path.to_path_buf(), at, source };
        if !error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
            return system(error);
        }
        let kind = error.kind();
        match error.into_inner().map(|inner| inner.downcast::<Error>()) {
            Some(Ok(inner)) => *inner,
            Some(Err(inner)) => system(io::Error::new(kind, inner)),
            None => system(kind.into()),
        }
    }

    /// Makes an error that can go through readers.
    pub(crate) fn into_io(self) -> io::Error {
        let kind = match &self {
            Error::Io { source, .. } | Error::Read { source, .. } => source.kind(),
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }

    fn version_advice(version: (u8, u8, u8)) -> &'static str {
        if version < crate::header::OLDEST {
            "older than PostgreSQL 8.0 and not supported, convert it with `pg_restore -f -`"
        } else {
            "newer than this program, look for an update"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let unsupported = |path: &str, format| Error::Unsupported { path: path.into(), format }.to_string();
        assert_eq!(
            unsupported("a.fc", Format::Custom { version: Some((1, 14)) }),
            "custom-format archive (1.14): convert it with `pg_restore -f - a.fc`"
        );
        assert_eq!(
            unsupported("-", Format::Custom { version: None }),
            "custom-format archive: convert it with `pg_restore -f -`"
        );
        assert_eq!(
            unsupported("it's.gz", Format::Gzip),
            r"gzip: decompress with `zcat 'it'\''s.gz' | pgdump-... -`"
        );
        assert_eq!(unsupported("-", Format::Zstd), "zstd: decompress with `zstd -dc | pgdump-... -`");
        assert_eq!(
            unsupported("a.sql", Format::Utf16Le),
            "a.sql is not a PostgreSQL dump (it looks like UTF-16LE text): dump again with `pg_dump -f` instead of `>`, or convert it with \
             `iconv -f UTF-16LE -t UTF-8 a.sql | pgdump-... -`"
        );
        let path = Path::new("a.sql").to_path_buf();
        assert_eq!(Error::Empty { path: path.clone() }.to_string(), "empty input: a.sql");
        let source = io::Error::other("refused");
        assert_eq!(Error::Io { path, source }.to_string(), "cannot open: a.sql");
    }
}
