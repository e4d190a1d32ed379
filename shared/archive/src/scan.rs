//! A file or stream that is read from front to back, with its position and a way to skip.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{Error, Room};

/// Bytes read at once: large for rows that are five bytes apart from their neighbours, small for the caches.
const BUFFER: usize = 256 << 10;

/// Reads bytes and counts them. Offsets are those of the file or stream, counted from 0.
pub(crate) struct Scan {
    source: Source,
    path: PathBuf,
    buffer: Vec<u8>,
    /// The bytes of the buffer that are not taken yet.
    start: usize,
    end: usize,
    /// The offset of the byte at `start`.
    offset: u64,
    room: Room,
}

enum Source {
    File(Positioned),
    Stream(Box<dyn Read + Send>),
}

/// A regular file that any number of threads read through one handle.
#[derive(Clone)]
pub(crate) struct Positioned {
    file: Arc<File>,
    /// The file's length in bytes when it was opened.
    pub(crate) len: u64,
}

impl Positioned {
    pub(crate) fn new(file: File) -> io::Result<Positioned> {
        let len = file.metadata()?.len();
        Ok(Positioned { file: Arc::new(file), len })
    }

    #[cfg(unix)]
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&*self.file, buffer, offset)
    }

    #[cfg(windows)]
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, offset)
    }
}

impl Scan {
    /// Starts at an offset of a file.
    pub(crate) fn file(file: &Positioned, path: &Path, offset: u64) -> Scan {
        Scan::new(Source::File(file.clone()), path, offset, Room::default())
    }

    /// Starts at the beginning of what a reader gives, of which memory may hold as much as there is room for.
    pub(crate) fn stream(reader: Box<dyn Read + Send>, path: &Path, room: Room) -> Scan {
        Scan::new(Source::Stream(reader), path, 0, room)
    }

    fn new(source: Source, path: &Path, offset: u64, room: Room) -> Scan {
        Scan { source, path: path.to_path_buf(), buffer: Vec::new(), start: 0, end: 0, offset, room }
    }

    /// Returns how much memory may be taken for what is kept of the input.
    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the file, unless this is a stream.
    pub(crate) fn positioned(&self) -> Option<&Positioned> {
        match &self.source {
            Source::File(file) => Some(file),
            Source::Stream(_) => None,
        }
    }

    /// Returns an error about the byte at `at`.
    pub(crate) fn damaged(&self, at: u64, what: impl Into<String>) -> Error {
        Error::damaged(&self.path, at, what)
    }

    /// Returns the bytes that are at hand, after reading some if there are none; no bytes mean the end.
    pub(crate) fn fill(&mut self) -> Result<&[u8], Error> {
        if self.start == self.end {
            self.more()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Reads once, behind the bytes at hand, and returns whether that gave any.
    fn more(&mut self) -> Result<bool, Error> {
        if self.buffer.is_empty() {
            // Made of zeros that the system gives, so a file with a few bytes does not pay for all of it.
            self.buffer = vec![0; BUFFER];
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let at = self.offset + self.end as u64;
        let space = &mut self.buffer[self.end..];
        loop {
            let read = match &mut self.source {
                Source::File(file) => file.read_at(space, at),
                Source::Stream(reader) => reader.read(space),
            };
            match read {
                Ok(read) => {
                    self.end += read;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::from_io(error, &self.path, at)),
            }
        }
    }

    /// Returns at least `size` bytes without taking them, fewer only at the end; `size` must be small.
    pub(crate) fn peek(&mut self, size: usize) -> Result<&[u8], Error> {
        while self.end - self.start < size && self.more()? {}
        Ok(&self.buffer[self.start..self.end])
    }

    /// Takes bytes that [`Scan::fill`] or [`Scan::peek`] gave.
    pub(crate) fn take(&mut self, size: usize) {
        let size = size.min(self.end - self.start);
        self.start += size;
        self.offset += size as u64;
    }

    /// Takes one byte, or nothing at the end.
    pub(crate) fn byte_or_end(&mut self) -> Result<Option<u8>, Error> {
        let byte = self.fill()?.first().copied();
        self.take(1);
        Ok(byte)
    }

    /// Takes one byte.
    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        let at = self.offset;
        self.byte_or_end()?.ok_or_else(|| self.ends_early(at))
    }

    /// Takes as many bytes as the array has.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let at = self.offset;
        let array = self.peek(N)?.first_chunk().copied();
        let array = array.ok_or_else(|| self.ends_early(at))?;
        self.take(N);
        Ok(array)
    }

    /// Takes `size` bytes. Memory grows with the bytes that are there, not with what the size claims.
    pub(crate) fn bytes(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        let at = self.offset;
        let mut bytes = Vec::new();
        let mut left = size;
        while left > 0 {
            let here = self.fill()?;
            let step = (here.len() as u64).min(left) as usize;
            bytes.extend_from_slice(&here[..step]);
            if step == 0 {
                return Err(self.ends_early(at));
            }
            self.take(step);
            left -= step as u64;
        }
        Ok(bytes)
    }

    /// Skips bytes, which must be there.
    pub(crate) fn skip(&mut self, size: u64) -> Result<(), Error> {
        let at = self.offset;
        let mut left = size;
        loop {
            let here = ((self.end - self.start) as u64).min(left);
            self.take(here as usize);
            left -= here;
            if left == 0 {
                return Ok(());
            }
            if let Source::File(file) = &self.source {
                // Only up to the end: the first byte behind it must not exist.
                let Some(target) = self.offset.checked_add(left).filter(|target| *target <= file.len) else {
                    return Err(self.ends_early(at));
                };
                self.offset = target;
                (self.start, self.end) = (0, 0);
                return Ok(());
            }
            if !self.more()? {
                return Err(self.ends_early(at));
            }
        }
    }

    /// Goes to another place of a file.
    pub(crate) fn seek(&mut self, offset: u64) {
        (self.start, self.end, self.offset) = (0, 0, offset);
    }

    /// Returns the error for an end inside something that starts at `at`.
    pub(crate) fn ends_early(&self, at: u64) -> Error {
        self.damaged(at, "the data ends early")
    }
}

impl Read for Scan {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A large read needs no copy.
        if self.start == self.end && buffer.len() >= BUFFER {
            let read = match &mut self.source {
                Source::File(file) => file.read_at(buffer, self.offset)?,
                Source::Stream(reader) => reader.read(buffer)?,
            };
            self.offset += read as u64;
            return Ok(read);
        }
        let here = self.fill().map_err(Error::into_io)?;
        let read = here.len().min(buffer.len());
        buffer[..read].copy_from_slice(&here[..read]);
        self.take(read);
        Ok(read)
    }
}

impl BufRead for Scan {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill().map_err(Error::into_io)
    }

    fn consume(&mut self, amount: usize) {
        self.take(amount);
    }
}
