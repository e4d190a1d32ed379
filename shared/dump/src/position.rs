//! Where in its input a thing stands.

use std::fmt;

/// Says where in the input a thing begins.
///
/// ```
/// let at = dump::Position { byte: 41, line: Some(3) };
/// assert_eq!(at.to_string(), "line 3, byte 41");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// Offset in bytes from the beginning of the input; the first byte is 0.
    pub byte: u64,
    /// Number of the line; the first line is 1. `None` behind data that was jumped over without
    /// counting its lines; whoever holds the file can count them when the number is wanted.
    pub line: Option<u64>,
}

impl Position {
    /// The first byte of an input.
    pub const START: Position = Position { byte: 0, line: Some(1) };

    /// Returns the position behind `text`, which begins here.
    pub fn after(self, text: &[u8]) -> Position {
        let newlines = memchr::memchr_iter(b'\n', text).count() as u64;
        Position { byte: self.byte + text.len() as u64, line: self.line.map(|line| line + newlines) }
    }

    /// Returns the position `bytes` further on when the number of lines between is not known.
    pub fn beyond(self, bytes: u64) -> Position {
        Position { byte: self.byte + bytes, line: None }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}, byte {}", self.byte),
            None => write!(f, "byte {}", self.byte),
        }
    }
}
