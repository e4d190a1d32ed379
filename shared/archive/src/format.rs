//! What a file is, told by its first bytes.

use std::fmt;
use std::path::Path;

use crate::decompress::{Compression, is_skippable};
use crate::directory;
use crate::foreign::Foreign;

/// The UTF-8 byte order mark.
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// Names the format of a file that may hold a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text, as `pg_dump` and `pg_dumpall` write by default; no encoding is checked.
    Plain,
    /// Text behind a UTF-8 byte order mark, as some Windows editors save it.
    PlainUtf8Bom,
    /// Text in little-endian UTF-16, as the `>` of Windows PowerShell writes it.
    Utf16Le,
    /// Text in big-endian UTF-16.
    Utf16Be,
    /// A file that `pg_dump -Fc` wrote.
    Custom {
        /// Major and minor version of the archive format, or nothing if the file is too short to hold them.
        version: Option<(u8, u8)>,
    },
    /// A tar file, such as `pg_dump -Ft` writes.
    Tar,
    /// A directory that `pg_dump -Fd` wrote: one with a `toc.dat`. Never the answer of [`Format::detect`].
    Directory,
    /// A folder that `pgdump-split` wrote: one with a `pgdumpkit.json`. Never the answer of [`Format::detect`].
    Tree,
    /// A gzip file.
    Gzip,
    /// A zstd frame.
    Zstd,
    /// An LZ4 frame.
    Lz4,
    /// A bzip2 file.
    Bzip2,
    /// An xz file.
    Xz,
    /// A zip file.
    Zip,
    /// Something else that has a name.
    Foreign(Foreign),
    /// Something with NUL bytes that is none of the others; PostgreSQL's text never holds one.
    Binary,
}

impl Format {
    /// The number of first bytes that [`Format::detect`] should see; a shorter file is given whole.
    pub const HEAD: usize = 512;

    /// Tells the format of a file by its first bytes.
    ///
    /// No bytes at all are [`Format::Plain`]. Magic numbers: `pg_backup_archiver.c` of PostgreSQL for custom
    /// archives, POSIX for tar (`ustar` at offset 257), the formats' own specifications for the compressed ones.
    ///
    /// ```
    /// use archive::Format;
    ///
    /// assert_eq!(Format::detect(b"--\n-- PostgreSQL database dump\n--\n"), Format::Plain);
    /// assert_eq!(Format::detect(b"PGDMP\x01\x0e\x00"), Format::Custom { version: Some((1, 14)) });
    /// ```
    pub fn detect(head: &[u8]) -> Format {
        const MAGIC: [(&[u8], Format); 6] = [
            (b"\x1f\x8b", Format::Gzip),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x04\x22\x4d\x18", Format::Lz4),
            (b"\xfd7zXZ\0", Format::Xz),
            (b"PK\x03\x04", Format::Zip),
            (b"\xfe\xff", Format::Utf16Be),
        ];
        if let Some(rest) = head.strip_prefix(b"PGDMP") {
            let version = rest.first().copied().zip(rest.get(1).copied());
            return Format::Custom { version };
        }
        if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
            return *format;
        }
        if let Some(foreign) = Foreign::by_magic(head) {
            return Format::Foreign(foreign);
        }
        if is_skippable(head) {
            // Such frames belong to Zstandard and LZ4. The one behind tells, if it is in sight; pzstd begins with one.
            let size =
                head.get(4..).and_then(|rest| rest.first_chunk()).map(|size| u32::from_le_bytes(*size));
            let next = size.and_then(|size| head.get(8_usize.saturating_add(size as usize)..));
            let lz4 = next.is_some_and(|next| next.starts_with(Compression::Lz4.magic()));
            return if lz4 { Format::Lz4 } else { Format::Zstd };
        }
        // The level is asked for too: three letters alone could begin a text.
        if head.starts_with(b"BZh") && head.get(3).is_some_and(|level| (b'1'..=b'9').contains(level)) {
            return Format::Bzip2;
        }
        // With two NUL bytes behind it the same mark means UTF-32.
        if head.starts_with(b"\xff\xfe") && !head.starts_with(b"\xff\xfe\0\0") {
            let archive = head[2..].starts_with(b"P\0G\0D\0M\0P\0");
            return if archive { Format::Foreign(Foreign::Utf16Archive) } else { Format::Utf16Le };
        }
        if head.get(257..262) == Some(b"ustar") {
            return Format::Tar;
        }
        if !head.contains(&0) {
            return if head.starts_with(UTF8_BOM) { Format::PlainUtf8Bom } else { Format::Plain };
        }
        if let Some(at) = memchr::memmem::find(head, b"PGDMP\x01") {
            return Format::Foreign(Foreign::ArchiveBehind(at));
        }
        // A dump starts with ASCII, so half of its bytes are NUL in UTF-16, mark or not.
        let (pairs, _) = head[..head.len().min(64)].as_chunks::<2>();
        match pairs {
            [] | [_] => Format::Binary,
            _ if pairs.iter().all(|[low, high]| *low != 0 && *high == 0) => Format::Utf16Le,
            _ if pairs.iter().all(|[high, low]| *low != 0 && *high == 0) => Format::Utf16Be,
            _ => Format::Binary,
        }
    }

    /// Tells the format of a directory by the names in it, or nothing if it holds no dump.
    ///
    /// A tree is told before an archive. `pg_dump` never compresses `toc.dat`, but `pg_restore` reads one that was
    /// compressed by hand.
    pub fn detect_directory(path: &Path) -> Option<Format> {
        if path.join("pgdumpkit.json").is_file() {
            Some(Format::Tree)
        } else {
            directory::is_archive(path).then_some(Format::Directory)
        }
    }

    /// Returns the compression, for formats that are nothing else.
    pub(crate) fn compression(self) -> Option<Compression> {
        match self {
            Format::Gzip => Some(Compression::Gzip),
            Format::Lz4 => Some(Compression::Lz4),
            Format::Zstd => Some(Compression::Zstd),
            _ => None,
        }
    }

    /// Returns the offset of the first byte of text, for formats that [`crate::Plain`] reads.
    pub(crate) fn text_start(self) -> Option<u64> {
        match self {
            Format::Plain => Some(0),
            Format::PlainUtf8Bom => Some(UTF8_BOM.len() as u64),
            _ => None,
        }
    }

    /// Says whether such a file is no dump, whatever is done to it: or one that nothing restores as it is.
    pub(crate) fn is_no_dump(self) -> bool {
        matches!(self, Format::Zip | Format::Utf16Le | Format::Utf16Be | Format::Binary | Format::Foreign(_))
    }

    /// Says why a file of this format is not read, and what to do with it.
    pub(crate) fn refusal(self, path: &Path) -> String {
        match self {
            Format::Foreign(foreign) => foreign.refusal(path),
            Format::Binary => not_a_dump(path, Some("binary data, or a damaged one")),
            _ if self.is_no_dump() => format!("{}: {}", not_a_dump(path, Some(self)), self.advice(path)),
            _ => format!("{self}: {}", self.advice(path)),
        }
    }

    /// Says what to do with a file of this format that cannot be read as it is.
    fn advice(self, path: &Path) -> String {
        let name = path.display().to_string();
        // Commands read standard input when they are given no file.
        let operand = if name == "-" { String::new() } else { format!(" {}", shell_word(&name)) };
        let decompress = |command: &str| format!("decompress with `{command}{operand} | pgdump-... -`");
        match self {
            Format::Plain | Format::PlainUtf8Bom => format!("can be read as it is: {name}"),
            Format::Utf16Le | Format::Utf16Be => {
                let encoding = if self == Format::Utf16Le { "UTF-16LE" } else { "UTF-16BE" };
                format!(
                    "dump again with `pg_dump -f` instead of `>`, or convert it with \
                     `iconv -f {encoding} -t UTF-8{operand} | pgdump-... -`"
                )
            }
            Format::Custom { .. } | Format::Tar | Format::Directory => {
                format!("convert it with `pg_restore -f -{operand}`")
            }
            Format::Tree => format!("put it together with `pgdump-join{operand}`"),
            Format::Gzip => decompress("zcat"),
            Format::Zstd => decompress("zstd -dc"),
            Format::Lz4 => decompress("lz4 -dc"),
            Format::Bzip2 => decompress("bzcat"),
            Format::Xz => decompress("xzcat"),
            Format::Zip => decompress("funzip"),
            // Told without advice.
            Format::Binary | Format::Foreign(_) => name,
        }
    }
}

/// Shows the format's name, and for a custom archive its version: `custom-format archive (1.14)`.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Plain => "plain text",
            Format::PlainUtf8Bom => "plain text with a byte order mark",
            Format::Utf16Le => "UTF-16LE text",
            Format::Utf16Be => "UTF-16BE text",
            Format::Custom { version: None } => "custom-format archive",
            Format::Custom { version: Some((major, minor)) } => {
                return write!(f, "custom-format archive ({major}.{minor})");
            }
            Format::Tar => "tar archive",
            Format::Directory => "directory-format archive",
            Format::Tree => "tree of pgdump-split",
            Format::Gzip => "gzip",
            Format::Zstd => "zstd",
            Format::Lz4 => "lz4",
            Format::Bzip2 => "bzip2",
            Format::Xz => "xz",
            Format::Zip => "a zip file",
            Format::Foreign(foreign) => return foreign.fmt(f),
            Format::Binary => "binary data",
        })
    }
}

/// Says that a file is no dump, and what it looks like.
pub(crate) fn not_a_dump(path: &Path, looks: Option<impl fmt::Display>) -> String {
    let name = match path == Path::new("-") {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    };
    let looks = looks.map(|looks| format!(" (it looks like {looks})")).unwrap_or_default();
    format!("{name} is not a PostgreSQL dump{looks}")
}

/// Quotes a file name for a POSIX shell if it needs quotes, so that a command can be pasted.
fn shell_word(name: &str) -> String {
    let bare = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(bare) {
        return name.to_owned();
    }
    // A leading dash would be read as an option, quoted or not.
    let prefix = if name.starts_with('-') { "./" } else { "" };
    format!("'{prefix}{}'", name.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detection_table() {
        let mut tar = vec![0; 512];
        tar[..7].copy_from_slice(b"toc.dat");
        tar[257..262].copy_from_slice(b"ustar");
        let table: &[(&[u8], Format)] = &[
            (b"", Format::Plain),
            (b"-", Format::Plain),
            (b"--\n-- PostgreSQL database dump\n", Format::Plain),
            (b"--\n-- caf\xe9, LATIN1\n", Format::Plain),
            (b"BZhello", Format::Plain),
            (b"PK\n", Format::Plain),
            (b"PGDM", Format::Plain),
            (b"\xef\xbb\xbf--\n", Format::PlainUtf8Bom),
            (b"\xef\xbb\xbf", Format::PlainUtf8Bom),
            (b"\xef\xbb\xbfa\0b", Format::Binary),
            (b"Password: \r\nPGDMP\x01\x0e\0", Format::Foreign(Foreign::ArchiveBehind(12))),
            (b"\xff\xfe-\0-\0", Format::Utf16Le),
            (b"\xff\xfe", Format::Utf16Le),
            (b"\xff\xfe\0\0-\0\0\0", Format::Binary),
            (b"\xfe\xff\0-\0-", Format::Utf16Be),
            (b"-\0-\0\r\0\n\0-", Format::Utf16Le),
            (b"\0-\0-\0\r\0\n", Format::Utf16Be),
            (b"PGDMP\x01\x10\0\x04\x08", Format::Custom { version: Some((1, 16)) }),
            (b"PGDMP\x01", Format::Custom { version: None }),
            (b"PGDMP", Format::Custom { version: None }),
            (&tar, Format::Tar),
            (b"\x1f\x8b\x08\0", Format::Gzip),
            (b"\x28\xb5\x2f\xfd\x24", Format::Zstd),
            (b"\x04\x22\x4d\x18\x64", Format::Lz4),
            (b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x5f\x2a\x4d\x18\x01\0\0\0a\x04\x22\x4d\x18", Format::Lz4),
            (b"\x5f\x2a\x4d\x18\xff\xff\xff\xff", Format::Zstd),
            (b"\x5f\x2a\x4d\x18", Format::Zstd),
            (b"BZh91AY", Format::Bzip2),
            (b"\xfd7zXZ\0\0", Format::Xz),
            (b"PK\x03\x04\x14", Format::Zip),
            (b"-- text\0with NUL", Format::Binary),
            (b"\0", Format::Binary),
            (b"a\0", Format::Binary),
            (&[0; 512], Format::Binary),
        ];
        for (head, format) in table {
            assert_eq!(Format::detect(head), *format, "{head:?}");
        }
    }

    #[test]
    fn only_text_is_readable() {
        assert_eq!(Format::Plain.text_start(), Some(0));
        assert_eq!(Format::PlainUtf8Bom.text_start(), Some(3));
        assert_eq!(Format::Utf16Le.text_start(), None);
        assert_eq!(Format::Gzip.text_start(), None);
    }

    #[test]
    fn shell_words() {
        assert_eq!(shell_word("/a/b-1.sql"), "/a/b-1.sql");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("-f"), "'./-f'");
        assert_eq!(shell_word("$(x)`y`"), "'$(x)`y`'");
    }
}
