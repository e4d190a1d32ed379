//! Line numbers, counted when an error message needs one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// Returns the line that holds the byte at `offset` of a file, by counting the newlines before it.
///
/// Lines count from 1, offsets from 0; a newline belongs to the line it ends. An offset behind the end of the file
/// gives the last line. Readers skip blocks without looking at their lines, so this reads the file once more, from
/// its start to the offset, in constant memory.
///
/// # Errors
///
/// Returns the system's error if the file cannot be opened or read.
pub fn line_of(path: &Path, offset: u64) -> io::Result<u64> {
    Ok(1 + newlines(path, 0..offset)?)
}

/// Returns how many newlines stand in a range of bytes of a file, for whoever asks for one line after the other.
///
/// # Errors
///
/// Returns the system's error if the file cannot be opened or read.
pub fn newlines(path: &Path, range: Range<u64>) -> io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut file = file.take(range.end.saturating_sub(range.start));
    let mut buffer = vec![0; 128 << 10];
    let mut newlines = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(newlines),
            Ok(read) => newlines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a\nbc\n\nd").unwrap();
        let lines: Vec<u64> = (0..9).map(|offset| line_of(file.path(), offset).unwrap()).collect();
        assert_eq!(lines, [1, 1, 2, 2, 2, 3, 4, 4, 4]);
        assert_eq!(line_of(file.path(), u64::MAX).unwrap(), 4);
        assert_eq!(newlines(file.path(), 2..6).unwrap(), 2);
    }

    #[test]
    fn counts_past_one_buffer() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "row\n".repeat(100_000)).unwrap();
        assert_eq!(line_of(file.path(), 399_999).unwrap(), 100_000);
        assert_eq!(line_of(file.path(), 400_000).unwrap(), 100_001);
    }

    #[test]
    fn missing_file() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(line_of(&dir.path().join("none"), 1).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
