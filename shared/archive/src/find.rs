//! The search for a byte string in a regular file, by several threads through handles of their own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use memchr::memmem::Finder;

use crate::Stop;

/// The sizes a search works with; tests shrink them to cross many block borders in little data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    /// Bytes read at once at the start of a search.
    pub(crate) first: usize,
    /// Bytes read at once when the search goes on.
    pub(crate) block: usize,
    /// Bytes searched on the calling thread alone before others are started.
    pub(crate) ahead: u64,
    /// Threads at most, the calling one included.
    pub(crate) threads: usize,
}

impl Tuning {
    /// Returns the sizes that were fastest on page-cached dumps.
    ///
    /// A block is read into the same buffer again and again, so it has to stay in the L2 cache of one core. The
    /// first reads are smaller: most tables are, and what is read behind their end is wasted. To start and join a
    /// thread costs about what it takes to search 1 MiB; behind 4 MiB searched alone that is lost in the rest.
    pub(crate) fn measured() -> Tuning {
        let threads = thread::available_parallelism().map_or(1, |n| n.get()).min(8);
        Tuning { first: 16 << 10, block: 128 << 10, ahead: 4 << 20, threads }
    }
}

/// The handles and buffers of a search, kept from one call to the next.
#[derive(Debug)]
pub(crate) struct Searcher {
    workers: Vec<Worker>,
    tuning: Tuning,
}

impl Searcher {
    /// Opens the handles for a file of `len` bytes: one, or one per thread if the file is long enough for them.
    ///
    /// All are opened now and none later, because another file may take over the name while this one is read.
    /// Handles the system refuses are done without, except the first.
    pub(crate) fn open(path: &Path, len: u64, tuning: Tuning) -> io::Result<Searcher> {
        let mut workers = vec![Worker::open(path)?];
        if len > tuning.ahead {
            workers.extend((1..tuning.threads).map_while(|_| Worker::open(path).ok()));
        }
        Ok(Searcher { workers, tuning })
    }

    pub(crate) fn tuning(&self) -> Tuning {
        self.tuning
    }

    pub(crate) fn workers_mut(&mut self) -> &mut [Worker] {
        &mut self.workers
    }

    /// Returns the smallest offset at or after `from` where `needle` starts, in a file of `len` bytes.
    pub(crate) fn find(&mut self, needle: &[u8], from: u64, len: u64) -> io::Result<Option<u64>> {
        if needle.is_empty() {
            return Ok((from <= len).then_some(from));
        }
        let finder = Finder::new(needle);
        let Some((first, others)) = self.workers.split_first_mut() else { return Ok(None) };

        // Most tables are small: they must not pay for threads.
        let ahead_end = if others.is_empty() { len } else { len.min(from.saturating_add(self.tuning.ahead)) };
        let mut start = from;
        let mut block = self.tuning.first;
        while start < ahead_end {
            let last = block >= self.tuning.block;
            let end = if last { ahead_end } else { ahead_end.min(start.saturating_add(block as u64)) };
            let alone = Hunt::new(start, end, block);
            if let Some(offset) = smallest(first.hunt(&finder, &alone))? {
                return Ok(Some(offset));
            }
            start = end;
            block = self.tuning.block.min(block.saturating_mul(2));
        }
        if ahead_end >= len {
            return Ok(None);
        }

        let shared = Hunt::new(ahead_end, len, self.tuning.block);
        let outcomes = thread::scope(|scope| {
            let finder = &finder;
            let shared = &shared;
            let mut started = Vec::with_capacity(others.len());
            for other in others {
                // A thread the system refuses is done without: the others claim its blocks.
                match thread::Builder::new().spawn_scoped(scope, move || other.hunt(finder, shared)) {
                    Ok(handle) => started.push(handle),
                    Err(_) => break,
                }
            }
            let mut outcomes = vec![first.hunt(finder, shared)];
            for handle in started {
                outcomes.push(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            outcomes
        });
        smallest(outcomes.into_iter().flatten())
    }
}

/// A stretch of the file that several workers search together, block by block.
#[derive(Debug)]
struct Hunt {
    /// Where the next block nobody has claimed yet starts.
    next: AtomicU64,
    /// No needle may start here or later.
    end: u64,
    block: usize,
    /// The smallest offset that ended a worker's hunt: blocks behind it need no search.
    settled: AtomicU64,
}

impl Hunt {
    fn new(start: u64, end: u64, block: usize) -> Hunt {
        Hunt { next: AtomicU64::new(start), end, block, settled: AtomicU64::new(u64::MAX) }
    }

    /// Claims the next block in the order of the file, or nothing if the rest cannot matter any more.
    fn claim(&self) -> Option<(u64, usize)> {
        let start = self.next.fetch_add(self.block as u64, Ordering::Relaxed);
        if start >= self.end || start > self.settled.load(Ordering::Relaxed) {
            return None;
        }
        let size = usize::try_from(self.end - start).map_or(self.block, |rest| rest.min(self.block));
        Some((start, size))
    }
}

/// What ended a worker's hunt: a hit at an offset, or an error in the block that starts at one.
#[derive(Debug)]
struct Outcome {
    offset: u64,
    error: Option<io::Error>,
}

/// Returns the outcome that a search from front to back would have come to first.
///
/// A hit starts inside the block it was found in and blocks do not share starts, so no two offsets are equal.
/// An error behind the first hit is none: whether anybody read that far is up to the timing of the threads.
fn smallest(outcomes: impl IntoIterator<Item = Outcome>) -> io::Result<Option<u64>> {
    match outcomes.into_iter().min_by_key(|outcome| outcome.offset) {
        None => Ok(None),
        Some(Outcome { offset, error: None }) => Ok(Some(offset)),
        Some(Outcome { error: Some(error), .. }) => Err(error),
    }
}

/// One handle on the file, with a position of its own, and the buffer it is read into.
#[derive(Debug)]
pub(crate) struct Worker {
    file: File,
    buffer: Vec<u8>,
    pub(crate) stop: Stop,
}

impl Worker {
    fn open(path: &Path) -> io::Result<Worker> {
        Ok(Worker { file: File::open(path)?, buffer: Vec::new(), stop: Stop::default() })
    }

    /// Searches the blocks it can claim, until there is a hit, an error, or nothing left.
    ///
    /// Blocks are claimed in order and a claimed block is always finished if it starts before the smallest hit:
    /// this makes the smallest outcome of all workers the same on every run.
    fn hunt(&mut self, finder: &Finder<'_>, hunt: &Hunt) -> Option<Outcome> {
        // A needle that starts in a block may end in the next one.
        let overlap = finder.needle().len().saturating_sub(1);
        while let Some((start, size)) = hunt.claim() {
            let outcome = match self.load(start, size + overlap) {
                Ok(bytes) => match finder.find(bytes) {
                    Some(at) => Outcome { offset: start + at as u64, error: None },
                    None => continue,
                },
                Err(error) => Outcome { offset: start, error: Some(error) },
            };
            hunt.settled.fetch_min(outcome.offset, Ordering::Relaxed);
            return Some(outcome);
        }
        None
    }

    /// Reads `size` bytes from `start`, fewer only at the end of the file.
    pub(crate) fn load(&mut self, start: u64, size: usize) -> io::Result<&[u8]> {
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
        self.stop.check()?;
        self.file.seek(SeekFrom::Start(start))?;
        let filled = fill(&mut self.file, &mut self.buffer[..size])?;
        Ok(&self.buffer[..filled])
    }
}

/// Reads until the buffer is full or the input ends, and returns the number of bytes read.
pub(crate) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(offset: u64) -> Outcome {
        Outcome { offset, error: None }
    }

    fn failure(offset: u64) -> Outcome {
        Outcome { offset, error: Some(io::Error::other(format!("block {offset}"))) }
    }

    #[test]
    fn the_smallest_outcome_counts() {
        assert_eq!(smallest([]).unwrap(), None);
        assert_eq!(smallest([hit(9), hit(4), hit(7)]).unwrap(), Some(4));
        assert_eq!(smallest([failure(8), hit(4)]).unwrap(), Some(4));
        assert_eq!(smallest([failure(8), hit(9), failure(6)]).unwrap_err().to_string(), "block 6");
    }

    #[test]
    fn claims_stop_behind_a_hit() {
        let hunt = Hunt::new(10, 100, 16);
        assert_eq!(hunt.claim(), Some((10, 16)));
        hunt.settled.fetch_min(30, Ordering::Relaxed);
        assert_eq!(
            hunt.claim(),
            Some((26, 16)),
            "a block that starts before the hit may hold an earlier one"
        );
        assert_eq!(hunt.claim(), None);
    }

    #[test]
    fn the_last_claim_ends_with_the_stretch() {
        let hunt = Hunt::new(90, 100, 16);
        assert_eq!(hunt.claim(), Some((90, 10)));
        assert_eq!(hunt.claim(), None);
    }

    #[test]
    fn an_unreadable_block_is_an_error() {
        // A handle that was opened for writing only fails on the first read.
        let file = tempfile::NamedTempFile::new().unwrap();
        let handle = || File::options().write(true).open(file.path()).unwrap();
        let workers =
            (0..3).map(|_| Worker { file: handle(), buffer: Vec::new(), stop: Stop::default() }).collect();
        let tuning = Tuning { first: 4, block: 4, ahead: 0, threads: 3 };
        let mut searcher = Searcher { workers, tuning };
        assert!(searcher.find(b"x", 0, 100).is_err());
    }

    #[test]
    fn fill_retries_and_stops_at_the_end() {
        struct Interrupted(u32);
        impl Read for Interrupted {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 | 3 => Err(io::ErrorKind::Interrupted.into()),
                    2 | 4 => {
                        buffer[0] = b'x';
                        Ok(1)
                    }
                    _ => Ok(0),
                }
            }
        }
        let mut buffer = [0; 5];
        assert_eq!(fill(&mut Interrupted(0), &mut buffer).unwrap(), 2);
        assert_eq!(&buffer, b"xx\0\0\0");
    }
}
