//! What the event reader needs of whatever holds the bytes.

use std::io::{self, Read};

use crate::Content;

/// Gives the bytes of a plain dump, in order, and may know how to jump.
///
/// Only [`read`](Source::read) is required. A source over a regular file should find and seek, so that
/// COPY data nobody asked for costs a search and not a copy.
pub trait Source {
    /// Reads up to `buf.len()` bytes; 0 means the end of the input.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Returns where the text begins, in bytes from the beginning of the input: behind a byte order mark, which no read
    /// gives. Asked once, before anything is read.
    fn start(&self) -> u64 {
        0
    }

    /// Returns the smallest offset, from `from` on, at which `needle` stands.
    fn find(&mut self, needle: &[u8], from: u64) -> io::Result<Found> {
        let _ = (needle, from);
        Ok(Found::CannotSeek)
    }

    /// Counts and hashes the rows of COPY that begin at `from`, up to a line that begins with `\.`, and returns where
    /// that line begins; `None` where this source cannot do so by itself, or there is no such line.
    ///
    /// Does not move the position of the next read.
    fn count(&mut self, from: u64) -> io::Result<Option<(Content, u64)>> {
        let _ = from;
        Ok(None)
    }

    /// Returns how many bytes of memory may be taken now for what is kept of the input, such as a statement: the more of
    /// an input was read that is packed, the more.
    fn room(&self) -> u64 {
        u64::MAX
    }

    /// Makes `offset` (bytes from the beginning of the input) the next byte to be read.
    fn seek(&mut self, offset: u64) -> io::Result<()> {
        let _ = offset;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Says what a search in a [`Source`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The needle begins at this offset, in bytes from the beginning of the input.
    At(u64),
    /// There is none up to the end of the input.
    Missing,
    /// This source can only be read in order.
    CannotSeek,
}

/// Makes a [`Source`] of any reader; it cannot jump.
///
/// ```
/// use dump::{Event, Events, Stream};
/// let mut events = Events::new(Stream(&b"SELECT 1;"[..]));
/// assert!(matches!(events.next()?, Some(Event::Statement(_))));
/// # Ok::<(), dump::Error>(())
/// ```
#[derive(Debug)]
pub struct Stream<R>(pub R);

impl<R: Read> Source for Stream<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}
