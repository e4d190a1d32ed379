//! An open plain dump.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::find::{self, Searcher, Tuning};
use crate::fold;
use crate::{Error, Format, Room, Stop};

/// The path that stands for standard input in messages.
pub(crate) const NAMELESS: &str = "-";

/// Tells where [`Plain::find`] found what it looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The first match starts at this byte offset of the file, counted from 0.
    At(u64),
    /// There is no match up to the end of the file.
    Missing,
    /// The input is no regular file: it can only be read from front to back.
    CannotSeek,
}

/// Reads a plain dump from a regular file, a pipe, or any other reader.
///
/// Offsets are bytes from the start of the input, counted from 0. A UTF-8 byte order mark at the start is skipped but
/// counted, so such a dump starts at offset 3. Reads are not buffered: give [`Read::read`] a large buffer.
pub struct Plain {
    source: Source,
    /// Where the text starts, behind a byte order mark.
    start: u64,
    offset: u64,
    room: Room,
    stop: Stop,
}

enum Source {
    File { file: File, len: u64, searcher: Searcher },
    Stream { head: io::Cursor<Vec<u8>>, reader: Box<dyn Read + Send> },
}

impl Plain {
    /// Opens the plain dump at `path`.
    ///
    /// A path that is not a regular file, such as a FIFO or `/dev/stdin`, is read as a stream.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Io`] if the file cannot be opened, [`Error::IsDirectory`] or [`Error::Empty`] if that is
    /// what it is, and [`Error::Unsupported`] if its content is anything but plain text.
    pub fn open(path: &Path) -> Result<Plain, Error> {
        Plain::open_with(path, Tuning::measured())
    }

    fn open_with(path: &Path, tuning: Tuning) -> Result<Plain, Error> {
        let io_error = |source| Error::Io { path: path.to_path_buf(), source };
        // Asked before opening: some systems refuse to open a directory, with a reason that does not tell.
        if fs::metadata(path).map_err(io_error)?.is_dir() {
            return Err(directory(path));
        }
        let mut file = File::open(path).map_err(io_error)?;
        let metadata = file.metadata().map_err(io_error)?;
        if !metadata.is_file() || is_descriptor(path) {
            return Plain::from_stream(Box::new(file), path, Room::default());
        }
        let mut head = [0; Format::HEAD];
        let filled = find::fill(&mut file, &mut head).map_err(io_error)?;
        let start = text_start(&head[..filled], path)?;
        file.seek(SeekFrom::Start(start)).map_err(io_error)?;
        let len = metadata.len();
        let searcher = Searcher::open(path, len, tuning).map_err(io_error)?;
        Ok(Plain {
            source: Source::File { file, len, searcher },
            start,
            offset: start,
            room: Room::default(),
            stop: Stop::default(),
        })
    }

    /// Opens standard input, whose path in errors is `-`.
    ///
    /// Waits for the first 512 bytes or the end of the input.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Plain::open`], except [`Error::IsDirectory`].
    pub fn stdin() -> Result<Plain, Error> {
        Plain::from_reader(Box::new(io::stdin()))
    }

    /// Opens a dump that comes out of a reader, whose path in errors is `-`.
    ///
    /// Reads up to 512 bytes at once, to tell the format.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Plain::open`], except [`Error::IsDirectory`].
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// let mut dump = archive::Plain::from_reader(Box::new(&b"\xef\xbb\xbfSELECT 1;\n"[..]))?;
    /// assert_eq!(dump.offset(), 3);
    /// let mut text = String::new();
    /// dump.read_to_string(&mut text)?;
    /// assert_eq!(text, "SELECT 1;\n");
    /// assert_eq!(dump.offset(), 13);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_reader(reader: Box<dyn Read + Send>) -> Result<Plain, Error> {
        Plain::from_stream(reader, Path::new(NAMELESS), Room::default())
    }

    pub(crate) fn from_stream(
        mut reader: Box<dyn Read + Send>,
        path: &Path,
        room: Room,
    ) -> Result<Plain, Error> {
        let mut head = vec![0; Format::HEAD];
        let filled = find::fill(&mut reader, &mut head).map_err(|error| Error::from_io(error, path, 0))?;
        head.truncate(filled);
        let start = text_start(&head, path)?;
        let mut head = io::Cursor::new(head);
        head.set_position(start);
        Ok(Plain {
            source: Source::Stream { head, reader },
            start,
            offset: start,
            room,
            stop: Stop::default(),
        })
    }

    /// Returns the length of a regular file in bytes when it was opened, a byte order mark included.
    ///
    /// Nothing is known about the length of any other input.
    #[expect(clippy::len_without_is_empty, reason = "an empty input cannot be opened")]
    pub fn len(&self) -> Option<u64> {
        match self.source {
            Source::File { len, .. } => Some(len),
            Source::Stream { .. } => None,
        }
    }

    /// Lets another thread end the reading and searching of this dump.
    pub fn stop_at(&mut self, stop: &Stop) {
        self.stop = stop.clone();
        if let Source::File { searcher, .. } = &mut self.source {
            searcher.workers_mut().iter_mut().for_each(|worker| worker.stop = stop.clone());
        }
    }

    /// Returns how much memory may be taken for what is kept of this dump.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Returns the offset of the byte that the next read starts with.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes to a byte offset of a regular file, so that the next read starts there.
    ///
    /// An offset inside the byte order mark leads behind it, so 0 is always the start of the text. One behind the
    /// end of the file is allowed: reads return no bytes there.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`io::ErrorKind::Unsupported`] if the input is no regular file, or the system's.
    pub fn seek(&mut self, offset: u64) -> io::Result<()> {
        match &mut self.source {
            Source::File { file, .. } => {
                self.offset = file.seek(SeekFrom::Start(offset.max(self.start)))?;
                Ok(())
            }
            Source::Stream { .. } => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "not a regular file, cannot seek"))
            }
        }
    }

    /// Finds the smallest offset at or after `from` where `needle` starts, up to the present end of the file.
    ///
    /// Does not move the position of the next read. The answer depends on the file alone: far matches are looked
    /// for by several threads, but an earlier one always wins. Memory is bounded by about 1 MiB and eight times the
    /// length of the needle. An empty needle is found at `from` itself, unless that is behind the end.
    ///
    /// # Errors
    ///
    /// Returns the system's error if any thread could not read a part of the file before the first match.
    pub fn find(&mut self, needle: &[u8], from: u64) -> io::Result<Found> {
        let Source::File { file, searcher, .. } = &mut self.source else { return Ok(Found::CannotSeek) };
        // A file that is still being written may have grown.
        let len = file.metadata()?.len();
        let found = searcher.find(needle, from.max(self.start), len)?;
        Ok(found.map_or(Found::Missing, Found::At))
    }
}

impl Plain {
    /// Folds the lines from `from` on, each without its line break, up to the first one that starts with `end`, and
    /// returns the values of the blocks of the file in their order, and where that line starts.
    ///
    /// `None` if the input is no regular file, a line is longer than 64 MiB, or no line starts with `end`; the line at `from` itself never does. Does
    /// not move the position of the next read. Blocks are folded by several threads; which line goes into which value
    /// depends on the file alone. Memory is bounded by the longest of these lines and a value for every 128 KiB.
    ///
    /// ```
    /// let dir = tempfile::tempdir()?;
    /// let path = dir.path().join("dump.sql");
    /// std::fs::write(&path, "1\n22\n\\.\n")?;
    /// let mut dump = archive::Plain::open(&path)?;
    /// let (sums, end) = dump.fold_lines(0, b"\\.", &|sum: &mut usize, line| *sum += line.len())?.unwrap();
    /// assert_eq!((sums.iter().sum::<usize>(), end), (3, 5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the system's error if any thread could not read a part of the file before that line.
    pub fn fold_lines<T, F>(&mut self, from: u64, end: &[u8], line: &F) -> io::Result<Option<(Vec<T>, u64)>>
    where
        T: Default + Send,
        F: Fn(&mut T, &[u8]) + Sync,
    {
        let Source::File { file, searcher, .. } = &mut self.source else { return Ok(None) };
        let len = file.metadata()?.len();
        match fold::fold(searcher, from.max(self.start), len, end, line) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(None),
            folded => folded,
        }
    }
}

/// Reads from the position on, without a buffer of its own.
impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check()?;
        let read = match &mut self.source {
            Source::File { file, .. } => file.read(buffer)?,
            Source::Stream { head, reader } => match head.read(buffer)? {
                0 => reader.read(buffer)?,
                read => read,
            },
        };
        self.offset += read as u64;
        Ok(read)
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain")
            .field("len", &self.len())
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// Returns where the text starts, or the error that says why these are not the first bytes of a plain dump.
fn text_start(head: &[u8], path: &Path) -> Result<u64, Error> {
    let format = Format::detect(head);
    match format.text_start() {
        None => Err(Error::Unsupported { path: path.to_path_buf(), format }),
        Some(start) if start == head.len() as u64 => Err(Error::Empty { path: path.to_path_buf() }),
        Some(start) => Ok(start),
    }
}

/// Returns the error for a directory, which depends on whether it holds an archive.
fn directory(path: &Path) -> Error {
    let path = path.to_path_buf();
    match Format::detect_directory(&path) {
        Some(format) => Error::Unsupported { path, format },
        None => Error::IsDirectory { path },
    }
}

/// Returns whether opening the path anew may give a handle that shares its position with others.
///
/// So do `/dev/stdin` and `/dev/fd/N` on the BSDs and macOS, even when a regular file is behind them. Files under
/// `/proc` claim to be regular, but have no length.
pub(crate) fn is_descriptor(path: &Path) -> bool {
    let special = |path: &Path| {
        path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc")
    };
    special(path) || fs::canonicalize(path).is_ok_and(|real: PathBuf| special(&real))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hands out one byte at a time, as the slowest pipe would.
    struct Dribble(io::Cursor<Vec<u8>>);

    impl Read for Dribble {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    fn temp(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), content).unwrap();
        file
    }

    fn tiny(block: usize, threads: usize) -> Tuning {
        Tuning { first: 1, block, ahead: 2 * block as u64, threads }
    }

    fn naive(content: &[u8], needle: &[u8], from: usize) -> Found {
        (from..content.len() + 1)
            .find(|at| content[*at..].starts_with(needle))
            .map_or(Found::Missing, |at| Found::At(at as u64))
    }

    #[test]
    fn reads_a_file() {
        let file = temp(b"SELECT 1;\n");
        let mut dump = Plain::open(file.path()).unwrap();
        assert_eq!((dump.len(), dump.offset()), (Some(10), 0));
        let mut buffer = [0; 6];
        dump.read_exact(&mut buffer).unwrap();
        assert_eq!((&buffer, dump.offset()), (b"SELECT", 6));
        assert_eq!(dump.find(b"1", 0).unwrap(), Found::At(7));
        assert_eq!(dump.offset(), 6, "a search leaves the position alone");
        let mut rest = String::new();
        dump.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), dump.offset()), (" 1;\n", 10));
        dump.seek(7).unwrap();
        dump.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, " 1;\n1;\n");
        dump.seek(99).unwrap();
        assert_eq!((dump.read(&mut buffer).unwrap(), dump.offset()), (0, 99));
    }

    #[test]
    fn skips_but_counts_a_byte_order_mark() {
        let file = temp(b"\xef\xbb\xbfSELECT 1;\n");
        let mut dump = Plain::open(file.path()).unwrap();
        assert_eq!((dump.len(), dump.offset()), (Some(13), 3));
        assert_eq!(dump.find(b"SELECT", 0).unwrap(), Found::At(3));
        assert_eq!(dump.find(b"\xef\xbb\xbf", 0).unwrap(), Found::Missing);
        let mut text = String::new();
        dump.read_to_string(&mut text).unwrap();
        dump.seek(0).unwrap();
        assert_eq!(dump.offset(), 3);
        dump.read_to_string(&mut text).unwrap();
        assert_eq!(text, "SELECT 1;\nSELECT 1;\n");
    }

    #[test]
    fn reads_a_stream_byte_by_byte() {
        for mark in [&b""[..], b"\xef\xbb\xbf"] {
            let text = "INSERT INTO t VALUES (1);\n".repeat(100);
            let content = [mark, text.as_bytes()].concat();
            let len = content.len() as u64;
            let mut dump = Plain::from_reader(Box::new(Dribble(io::Cursor::new(content)))).unwrap();
            assert_eq!((dump.len(), dump.offset()), (None, mark.len() as u64));
            assert_eq!(dump.find(b"t", 0).unwrap(), Found::CannotSeek);
            assert_eq!(dump.seek(0).unwrap_err().kind(), io::ErrorKind::Unsupported);
            let mut read = String::new();
            dump.read_to_string(&mut read).unwrap();
            assert_eq!((read, dump.offset()), (text, len));
        }
    }

    #[test]
    fn refuses_what_is_no_plain_dump() {
        let dir = tempfile::tempdir().unwrap();
        let open = |content: &[u8]| Plain::open(temp(content).path()).unwrap_err();
        assert!(matches!(open(b""), Error::Empty { .. }));
        assert!(matches!(open(b"\xef\xbb\xbf"), Error::Empty { .. }));
        assert!(matches!(open(b"\x1f\x8b\x08"), Error::Unsupported { format: Format::Gzip, .. }));
        assert!(matches!(Plain::open(&dir.path().join("none")).unwrap_err(), Error::Io { .. }));
        assert!(matches!(Plain::open(dir.path()).unwrap_err(), Error::IsDirectory { .. }));
        fs::write(dir.path().join("toc.dat"), "PGDMP").unwrap();
        let error = Plain::open(dir.path()).unwrap_err();
        assert!(matches!(error, Error::Unsupported { format: Format::Directory, .. }));

        let read = |content: &'static [u8]| {
            Plain::from_reader(Box::new(Dribble(io::Cursor::new(content.to_vec())))).unwrap_err()
        };
        assert!(matches!(read(b""), Error::Empty { .. }));
        assert!(matches!(
            read(b"PGDMP\x01\x0e\x00"),
            Error::Unsupported { format: Format::Custom { version: Some((1, 14)) }, .. }
        ));
    }

    /// The lines from `from` on, joined, and where the first one that starts with a dot starts; the naive way.
    fn lines_until_dot(content: &[u8], from: usize) -> Option<(Vec<u8>, u64)> {
        let (mut at, mut joined) = (from, Vec::new());
        while at < content.len() {
            if at != from && content[at] == b'.' {
                return Some((joined, at as u64));
            }
            let end =
                content[at..].iter().position(|byte| *byte == b'\n').map_or(content.len(), |end| at + end);
            joined.extend_from_slice(&content[at..end]);
            joined.push(b'|');
            at = end + 1;
        }
        None
    }

    proptest! {
        #[test]
        fn lines_are_folded_once_each(
            lines in prop::collection::vec("[ab.]{0,12}", 1..60),
            from in 0..400_usize,
            block in 1..40_usize,
            threads in 1..4_usize,
        ) {
            let content = lines.join("\n").into_bytes();
            prop_assume!(!content.is_empty());
            // A fold begins where a line does.
            let from = content[..from.min(content.len())].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let file = temp(&content);
            let mut dump = Plain::open_with(file.path(), tiny(block, threads)).unwrap();
            let push = |all: &mut Vec<u8>, line: &[u8]| {
                all.extend_from_slice(line);
                all.push(b'|');
            };
            let folded = dump.fold_lines(from as u64, b".", &push).unwrap();
            let folded = folded.map(|(blocks, end)| (blocks.concat(), end));
            prop_assert_eq!(folded, lines_until_dot(&content, from));
        }
    }

    #[test]
    fn descriptors_are_streams() {
        assert!(is_descriptor(Path::new("/dev/stdin")));
        assert!(is_descriptor(Path::new("/dev/fd/3")));
        assert!(is_descriptor(Path::new("/proc/self/fd/0")));
        assert!(!is_descriptor(Path::new("/dev/shm/dump.sql")));
        assert!(!is_descriptor(temp(b"x").path()));
    }

    /// Guards the overlap of blocks: every position of a match relative to a border.
    #[test]
    fn finds_across_block_borders() {
        for at in 0..60 {
            let mut content = vec![b'x'; 64];
            content[at..at + 4].copy_from_slice(b"\n\\.\n");
            let file = temp(&content);
            for (block, threads) in [(1, 3), (2, 2), (3, 4), (7, 2), (64, 2)] {
                let mut dump = Plain::open_with(file.path(), tiny(block, threads)).unwrap();
                let at = at as u64;
                assert_eq!(dump.find(b"\n\\.\n", 0).unwrap(), Found::At(at));
                assert_eq!(dump.find(b"\n\\.\n", at).unwrap(), Found::At(at));
                assert_eq!(dump.find(b"\n\\.\n", at + 1).unwrap(), Found::Missing);
            }
        }
    }

    /// Guards the order of outcomes: many matches, many threads, always the first.
    #[test]
    fn the_first_match_wins() {
        let mut content = vec![b'x'; 1 << 16];
        content[20_000..].fill(b'y');
        let file = temp(&content);
        let mut dump = Plain::open_with(file.path(), tiny(64, 8)).unwrap();
        for _ in 0..50 {
            assert_eq!(dump.find(b"y", 0).unwrap(), Found::At(20_000));
            assert_eq!(dump.find(b"y", 30_001).unwrap(), Found::At(30_001));
        }
    }

    #[test]
    fn finds_in_a_file_that_grows_or_shrinks() {
        let file = temp(b"abc");
        let mut dump = Plain::open_with(file.path(), tiny(2, 2)).unwrap();
        fs::write(file.path(), "abcabcabcd").unwrap();
        assert_eq!(dump.find(b"d", 0).unwrap(), Found::At(9));
        fs::write(file.path(), "a").unwrap();
        assert_eq!(dump.find(b"b", 0).unwrap(), Found::Missing);
        assert_eq!(dump.find(b"a", u64::MAX).unwrap(), Found::Missing);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn find_is_the_naive_search(
            content in proptest::collection::vec(b'a'..=b'c', 1..300),
            needle in proptest::collection::vec(b'a'..=b'c', 0..6),
            from in 0_usize..320,
            block in 1_usize..40,
            threads in 1_usize..5,
        ) {
            let file = temp(&content);
            let mut dump = Plain::open_with(file.path(), tiny(block, threads)).unwrap();
            let expected = naive(&content, &needle, from);
            prop_assert_eq!(dump.find(&needle, from as u64).unwrap(), expected);
            prop_assert_eq!(dump.find(&needle, from as u64).unwrap(), expected);
        }

        #[test]
        fn reads_are_the_input(
            content in proptest::collection::vec(1_u8..128, 1..2000),
            sizes in proptest::collection::vec(1_usize..700, 1..8),
        ) {
            let file = temp(&content);
            let from_file = Plain::open(file.path());
            let from_reader = Plain::from_reader(Box::new(io::Cursor::new(content.clone())));
            for dump in [from_file, from_reader] {
                // Random bytes may happen to be a magic number.
                let Ok(mut dump) = dump else { continue };
                let mut seen = Vec::new();
                for size in sizes.iter().cycle() {
                    let mut buffer = vec![0; *size];
                    let read = dump.read(&mut buffer).unwrap();
                    seen.extend_from_slice(&buffer[..read]);
                    prop_assert_eq!(dump.offset(), seen.len() as u64);
                    if read == 0 {
                        break;
                    }
                }
                prop_assert_eq!(&seen, &content);
            }
        }
    }
}
