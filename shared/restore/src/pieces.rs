//! The rows of a COPY, a piece at a time.

use std::io::{self, Read};

use crate::rows::{CHUNK, read_more};

/// Reads rows up to the end of the first that makes a piece long enough. A long row is never in memory as a whole.
pub(crate) struct Pieces<'d> {
    data: &'d mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    /// How many bytes of the piece are to come before it may end.
    left: u64,
    /// Whether the last byte handed out is a backslash that makes a line break a value's.
    escaped: bool,
    done: bool,
}

impl<'d> Pieces<'d> {
    pub fn new(data: &'d mut dyn Read) -> Pieces<'d> {
        Pieces { data, buffer: Vec::with_capacity(CHUNK), start: 0, left: 0, escaped: false, done: false }
    }

    /// Begins a piece of about so many bytes; says whether there is anything left for it.
    pub fn begin(&mut self, bytes: u64) -> io::Result<bool> {
        (self.left, self.done) = (bytes, false);
        self.fill()
    }

    /// Makes sure that something is in the buffer; says whether anything is.
    fn fill(&mut self) -> io::Result<bool> {
        if self.start < self.buffer.len() {
            return Ok(true);
        }
        self.start = 0;
        self.buffer.clear();
        read_more(self.data, &mut self.buffer)
    }

    /// The length of what ends with the first row end in the buffer from `from` on.
    fn row_end(&self, from: usize) -> Option<usize> {
        let rest = &self.buffer[self.start..];
        memchr::memchr_iter(b'\n', &rest[from..])
            .map(|at| from + at)
            .find(|at| {
                let backslashes = rest[..*at].iter().rev().take_while(|byte| **byte == b'\\').count();
                let before = self.escaped && backslashes == *at;
                (backslashes + usize::from(before)).is_multiple_of(2)
            })
            .map(|at| at + 1)
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.done || !self.fill()? {
            return Ok(0);
        }
        let rest = self.buffer.len() - self.start;
        let mut len = rest.min(out.len());
        let from = usize::try_from(self.left).unwrap_or(usize::MAX).saturating_sub(1);
        if from < len
            && let Some(end) = self.row_end(from).filter(|end| *end <= len)
        {
            (len, self.done) = (end, true);
        }
        let taken = &self.buffer[self.start..self.start + len];
        out[..len].copy_from_slice(taken);
        let backslashes = taken.iter().rev().take_while(|byte| **byte == b'\\').count();
        self.escaped = (backslashes + usize::from(self.escaped && backslashes == len)) % 2 == 1;
        self.left = self.left.saturating_sub(len as u64);
        self.start += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::Dribble;

    #[test]
    fn pieces_end_where_rows_do() {
        let text = b"1\tone\n2\ttw\\\no\n3\t\\\\\n4\t\\\\\\\n5\n";
        for chunk in 1..text.len() + 1 {
            for (bytes, expected) in [
                (1, &["1\tone\n", "2\ttw\\\no\n", "3\t\\\\\n", "4\t\\\\\\\n5\n"][..]),
                (7, &["1\tone\n2\ttw\\\no\n", "3\t\\\\\n4\t\\\\\\\n5\n"]),
                (u64::MAX, &["1\tone\n2\ttw\\\no\n3\t\\\\\n4\t\\\\\\\n5\n"]),
            ] {
                let mut data = Dribble(text, chunk);
                let mut pieces = Pieces::new(&mut data);
                let mut found = Vec::new();
                while pieces.begin(bytes).unwrap() {
                    let mut piece = String::new();
                    pieces.read_to_string(&mut piece).unwrap();
                    found.push(piece);
                }
                assert_eq!(found, expected, "{chunk} {bytes}");
            }
        }
    }
}
