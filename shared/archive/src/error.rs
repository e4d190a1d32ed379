//! Why a dump could not be opened.

use std::io;
use std::path::PathBuf;

use crate::Format;

/// Tells why a dump could not be opened.
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
    #[error("{format}: {}", format.advice(path))]
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
    /// The input is a directory, and not one that `pg_dump -Fd` wrote.
    #[error("a directory without `toc.dat`, not a dump: {}", path.display())]
    IsDirectory {
        /// The input.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
            "UTF-16LE text: dump again with `pg_dump -f` instead of `>`, or convert it with \
             `iconv -f UTF-16LE -t UTF-8 a.sql | pgdump-... -`"
        );
        let path = Path::new("a.sql").to_path_buf();
        assert_eq!(Error::Empty { path: path.clone() }.to_string(), "empty input: a.sql");
        let source = io::Error::other("refused");
        assert_eq!(Error::Io { path, source }.to_string(), "cannot open: a.sql");
    }
}
