//! Line numbers, counted when an error message needs one.

use std::fs::File;
use std::io::{self, Read};
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
    let mut head = File::open(path)?.take(offset);
    let mut buffer = vec![0; 128 << 10];
    let mut line = 1;
    loop {
        match head.read(&mut buffer) {
            Ok(0) => return Ok(line),
            Ok(read) => line += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64,
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
