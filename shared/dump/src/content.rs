//! What the rows of a table come to: how many, how long, and a hash that does not depend on their order.

use std::fmt;

use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// The count, length and hash of a multiset of rows.
///
/// Each row is a line of `COPY` text without its line break. The hash is the sum, modulo 2^128, of the rows' XXH3-128
/// hashes (seed 0): the order of the rows makes no difference, and a row that is there twice is not a row that is
/// absent. It guards against damage, not against somebody who makes rows up to fit.
///
/// ```
/// use dump::Content;
/// let (mut one, mut two) = (Content::default(), Content::default());
/// one.add_lines(b"1\tone\n2\ttwo\n");
/// two.add_lines(b"2\ttwo\n");
/// two.add_lines(b"1\tone\n");
/// assert_eq!(one, two);
/// two.add_lines(b"1\tone\n");
/// assert_ne!(one.hash, two.hash);
/// assert_eq!((two.rows, two.bytes), (3, 18));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Content {
    /// Number of rows.
    pub rows: u64,
    /// Their bytes as `COPY` text, line breaks without carriage returns included.
    pub bytes: u64,
    /// The sum of the rows' hashes.
    pub hash: u128,
}

impl Content {
    /// Adds whole lines of `COPY` text, each with its line break.
    pub fn add_lines(&mut self, lines: &[u8]) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            self.add_row(&lines[start..end]);
            start = end + 1;
        }
    }

    /// Adds one row without its line break; the carriage return of a file from Windows is part of the line break,
    /// since `COPY` text escapes those of values.
    pub fn add_row(&mut self, row: &[u8]) {
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        self.rows += 1;
        self.bytes += row.len() as u64 + 1;
        self.hash = self.hash.wrapping_add(xxh3_128(row));
    }

    /// The content of one row that was hashed piece by piece, without its line break.
    pub(crate) fn of_row(row: &ByteHasher) -> Content {
        let (len, hash) = row.finish();
        Content { rows: 1, bytes: len + 1, hash }
    }

    /// Adds all rows of another.
    pub fn add(&mut self, other: &Content) {
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.hash = self.hash.wrapping_add(other.hash);
    }
}

/// Shows the hash as 32 hexadecimal digits.
impl fmt::LowerHex for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.hash)
    }
}

/// Hashes bytes in their order, such as those of a large object.
///
/// ```
/// let mut hasher = dump::ByteHasher::default();
/// hasher.add(b"ab");
/// hasher.add(b"c");
/// let mut again = dump::ByteHasher::default();
/// again.add(b"abc");
/// assert_eq!(hasher.finish(), again.finish());
/// ```
#[derive(Clone, Default)]
pub struct ByteHasher {
    len: u64,
    hasher: Xxh3Default,
}

impl ByteHasher {
    /// Adds bytes behind those added before.
    pub fn add(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    /// Returns the number of bytes and their XXH3-128 hash (seed 0).
    pub fn finish(&self) -> (u64, u128) {
        (self.len, self.hasher.digest128())
    }
}

impl fmt::Debug for ByteHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteHasher").field("len", &self.len).finish_non_exhaustive()
    }
}
